//! What users write for Serve, read and judged before anything is sent: where it stands, whether Ray
//! can make something of it, and what it would change.

pub mod config;
pub mod contents;
pub mod difference;
pub mod holders;
pub mod likeness;
pub mod schema;
pub mod source;
pub mod spelling;
pub mod validate;
