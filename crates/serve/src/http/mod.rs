//! Requests on streams that the caller opens.

pub mod body;
pub mod client;
mod connection;
pub mod dial;
pub mod error;
pub mod exchange;
pub mod observer;
pub mod request;
pub mod route;

pub use body::Content;
pub use client::Client;
pub use dial::{Dial, DialError, Dialed, Stream, WhyClosed};
pub use exchange::{Answer, Prepared, StreamedResponse};
pub use observer::{Observer, Outcome, Watch};
pub use request::{Call, Request};
pub use route::{Intermediary, Refusal, Route};
