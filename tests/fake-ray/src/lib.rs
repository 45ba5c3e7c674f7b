//! A Ray dashboard for tests: it does what Serve does, except where a test says otherwise.
//!
//! ```text
//! server     HTTP as a test tells it, faults included
//! state      Serve's state as its dashboard gives it
//! scenario   what a dashboard answers: states by name, never by the number of a request
//! ray        a scenario behind a server, and what was sent to it
//! ```
//!
//! A test names *when* something happens (`after_put`, `show` once the program under test has said
//! something), so that a program that looks once more than before passes as it did.

mod ray;
mod scenario;
mod server;
mod state;

pub use ray::Ray;
pub use scenario::{ALWAYS, APPLICATIONS, On, PACKAGES, Scenario};
pub use server::{Pace, Reply, Request, Server};
pub use state::{IDLE, deploy, deploying, running, state};
