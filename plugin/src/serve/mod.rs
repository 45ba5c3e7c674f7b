//! The Serve REST API of a Ray dashboard: what is sent, what comes back, what it means.

mod bounded;
pub mod camel_case;
pub mod causes;
pub mod client;
pub mod config;
mod connection;
pub mod content;
mod dead_actors;
pub mod details;
mod error;
pub mod flow;
pub mod landed;
mod lenient;
pub mod log;
pub mod log_files;
pub mod log_lines;
pub mod merge;
mod packages;
pub mod plan;
pub mod ray_error;
mod redacted;
pub mod request;
pub mod rollout;
pub mod routes;
pub mod running_config;
mod selection;
pub mod settings;
mod state_api;
pub mod version;
pub mod version_before;

pub use client::Client;
pub use config::ServeConfig;
pub use details::Details;
pub use error::Error;
pub use request::Request;
pub use selection::{Selection, UnknownApplications, bare};
