//! The endpoints, a file for each kind.

pub mod applications;
pub mod packages;
pub mod routes;
pub mod version;

pub use applications::Applications;
pub use version::RayVersion;
