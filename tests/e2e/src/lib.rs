//! What the tests on a real cluster share: running commands as a user would, and the objects they use.
//!
//! The webhook is installed once, and one RayCluster serves every test that needs Ray: a head takes
//! 2 GB and half a minute. Tests take what is shared through a lock; all of them are started at once.

mod api_server;
mod certificate;
mod chart;
mod connect_proxy;
mod console;
mod gateway;
pub mod http;
mod lab;
mod operator;
mod own;
mod recorder;
mod relay;
mod run;
mod serving;
mod shell;
mod stream;
mod turns;
mod watching;

pub use api_server::ApiServer;
pub use certificate::{Forward, der, service_name};
pub use chart::{CHART, Reinstall, documents, object};
pub use connect_proxy::ConnectProxy;
pub use console::{Step, console, of_nine_seconds};
pub use gateway::{Gateway, WebSockets};
pub use lab::{Lab, Namespace, WithWebhook, lab, lab_as_it_is};
pub use operator::since;
pub use own::{Alone, Own};
pub use recorder::{Recorder, base64};
pub use relay::Relay;
pub use run::{On, Ran, eventually};
pub use serving::{CLUSTER, Serving, serving, serving_anew, serving_kind};
pub use shell::shell;
pub use stream::Stream;
pub use turns::Change;
pub use watching::Watching;

/// The chart's release and its namespace, which the webhook leaves alone.
pub const RELEASE: &str = "ray-serve-webhook";
pub const WEBHOOK_NAMESPACE: &str = "ray-serve-system";
