//! From a `RayCluster`'s name to a stream to its dashboard.

pub mod address;
pub mod api;
pub mod client;
pub mod cluster_name;
pub mod connector;
pub mod created;
pub(crate) mod error;
pub mod events;
pub mod flags;
pub mod head;
pub mod image;
pub mod installed;
pub mod kubeconfig;
pub mod new;
pub mod next;
pub mod object_name;
pub mod obstacle;
pub mod proxy;
pub mod quantity;
pub mod raycluster;
pub mod serve_service;
pub mod service_proxy;
pub mod target;
pub mod token;
pub mod trace;
pub mod tunnel;

pub use api::{Api, Scope};
pub use cluster_name::ClusterName;
pub use error::Error;
pub use kuberay::RayCluster;
pub use next::{Next, SUBMIT, Spoken};
pub use target::Target;
