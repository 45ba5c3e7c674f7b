//! The serving certificate: from files that somebody else keeps, or from an authority of our own.

pub mod authority;
pub mod ca_bundle;
pub mod ca_secret;
pub mod files;
pub mod self_managed;
pub mod tls;
pub mod validity;
