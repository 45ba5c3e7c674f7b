//! What Ray says of Serve, read leniently.

pub mod camel_case;
pub mod details;
mod lenient;
pub mod selection;

pub use details::Details;
pub use selection::{Selection, UnknownApplications, bare};
