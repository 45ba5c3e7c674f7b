//! The one thing that a client needs from its user: a way to a dashboard.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use secrecy::SecretString;

use super::route::Route;

/// Opens streams to one dashboard, however it is reached.
pub trait Dial {
    fn open(&mut self) -> impl Future<Output = Result<Dialed, DialError>>;

    /// Opens a stream to another port of the same machine.
    fn open_at(&mut self, port: u16) -> impl Future<Output = Result<Dialed, DialError>>;

    /// Forgets where the dashboard is, after a stream to it broke or did not open.
    fn forget(&mut self);

    /// Turns to the dashboard agent's port, the only one with Serve's REST API before Ray 2.8.
    /// Returns whether that port exists and was not tried yet.
    fn try_agent_port(&mut self) -> bool;

    /// The token that Ray asks for, once the dashboard was found.
    fn token(&self) -> Option<&SecretString>;

    /// The dashboard's name in a message.
    fn describe(&self) -> String;

    fn describe_at(&self, port: u16) -> String;
}

/// A fresh stream, what requests on it need, and a way to find out why it ended.
pub struct Dialed {
    pub stream: Stream,
    pub route: Route,
    pub why_closed: Option<WhyClosed>,
}

/// Completes soon after the stream has ended, with the reason if one was given.
pub type WhyClosed = Pin<Box<dyn Future<Output = Option<DialError>> + Send>>;

/// The dialer's error: why no stream could be opened, or why an open one ended.
#[derive(Debug)]
pub struct DialError {
    error: Box<dyn StdError + Send + Sync>,
    may_pass: bool,
    is_elsewhere: bool,
}

impl DialError {
    pub fn new(error: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            error: Box::new(error),
            may_pass: false,
            is_elsewhere: false,
        }
    }

    /// Says whether the same try may work a little later.
    pub fn passing(mut self, may_pass: bool) -> Self {
        self.may_pass = may_pass;
        self
    }

    /// Says whether it is only this port that nothing listens on.
    pub fn elsewhere(mut self, is_elsewhere: bool) -> Self {
        self.is_elsewhere = is_elsewhere;
        self
    }

    pub fn may_pass(&self) -> bool {
        self.may_pass
    }

    pub fn is_elsewhere(&self) -> bool {
        self.is_elsewhere
    }

    /// The dialer's own error.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.error.downcast_ref()
    }

    /// The dialer's own error, if it is an `E`.
    pub fn downcast<E: StdError + 'static>(self) -> Result<E, Self> {
        let Self {
            error,
            may_pass,
            is_elsewhere,
        } = self;
        error.downcast().map(|error| *error).map_err(|error| Self {
            error,
            may_pass,
            is_elsewhere,
        })
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(formatter)
    }
}

impl StdError for DialError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}

trait Io: Read + Write + Unpin + Send {}
impl<T: Read + Write + Unpin + Send> Io for T {}

/// Any kind of connection.
pub struct Stream(Box<dyn Io>);

impl Stream {
    pub fn new(io: impl Read + Write + Unpin + Send + 'static) -> Self {
        Self(Box::new(io))
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(context, data)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write_vectored(context, parts)
    }
}
