//! Ray Serve's REST API over any stream to a dashboard.
//!
//! Its user decides how to reach a dashboard ([`Dial`]): through a port-forward, the API server's
//! proxy, or a plain connection. Errors are facts; advice depends on the program, which gives it.
//!
//! ```text
//! http      requests on a stream that a Dial opened, and what can go wrong on the way
//! api       the endpoints: applications, packages, routes, version
//! state     what Ray says of Serve
//! config    what a user wants Serve to run
//! change    from the one to the other: plan, rollout, what somebody else changed meanwhile
//! causes    why something does not run
//! logs      what it wrote
//! ray_error Ray's own errors, shortened to what happened
//! text      text of a cluster, made harmless
//! ```

pub mod api;
pub mod causes;
pub mod change;
pub mod config;
pub mod http;
pub mod logs;
pub mod ray_error;
pub mod state;
pub mod text;

pub use crate::http::error::{self, Error};
pub use crate::http::{Client, Dial, DialError, Request};
pub use api::Applications;
pub use config::ServeConfig;
pub use state::{Details, Selection, UnknownApplications, bare};
