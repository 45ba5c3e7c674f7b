//! Logs as Ray gives them: which there are, how they are asked for, and their lines.

pub mod files;
pub mod lines;
pub mod request;
