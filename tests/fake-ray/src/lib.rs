//! A Ray dashboard for tests, which does what a test tells it, faults included.

pub mod ray;
pub mod server;
