//! Sends probes, on a plain TCP stream each.
//!
//! No HTTP client and no pool: each probe has to find out whether the proxy accepts connections, and
//! thousands of pods must cost no more than the bytes of their answers.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::answer::{self, LIMIT};
use super::{Ask, Foreign, Outcome};

/// Time for a connection and its answer.
pub const PATIENCE: Duration = Duration::from_secs(1);

const HEALTHZ: &str = "/-/healthz";
const ROUTES: &str = "/-/routes";
/// The smallest read: most answers fit into one.
const READ: usize = 1024;

#[derive(Debug, Clone, Copy)]
pub struct Prober {
    patience: Duration,
}

/// How one request ended, where it says something about the pod.
type Answered<T> = Result<T, Outcome>;

impl Prober {
    /// `patience` is for each request of a probe: [`PATIENCE`] everywhere but in tests.
    pub fn new(patience: Duration) -> Self {
        Self { patience }
    }

    /// Probes the proxy at an address. An error is our own: no socket could be had, and nothing is known
    /// about the pod.
    pub async fn probe(&self, address: SocketAddr, ask: Ask) -> io::Result<Outcome> {
        match self.healthz(address).await? {
            Ok(()) if ask == Ask::Healthz => return Ok(Outcome::Serves),
            Ok(()) => {}
            Err(outcome) => return Ok(outcome),
        }
        Ok(match self.routes(address).await? {
            Ok(true) => Outcome::Serves,
            Ok(false) => Outcome::NoRoutes,
            Err(outcome) => outcome,
        })
    }

    async fn healthz(&self, address: SocketAddr) -> io::Result<Answered<()>> {
        let read = |bytes: &[u8]| Ok(answer::status(bytes)?.map(of_status));
        Ok(self.ask(address, HEALTHZ, read).await?.and_then(|of| of))
    }

    async fn routes(&self, address: SocketAddr) -> io::Result<Answered<bool>> {
        let read = |bytes: &[u8]| match answer::status(bytes)?.map(of_status) {
            Some(Ok(())) => Ok(answer::has_routes(bytes)?.map(Ok)),
            other => Ok(other.map(|of| of.map(|()| false))),
        };
        Ok(self.ask(address, ROUTES, read).await?.and_then(|of| of))
    }

    async fn ask<T>(
        &self,
        address: SocketAddr,
        path: &str,
        read: impl Fn(&[u8]) -> Result<Option<T>, Foreign>,
    ) -> io::Result<Answered<T>> {
        let exchange = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            exchange(stream, address, path, read).await
        };
        match timeout(self.patience, exchange).await {
            Err(_) => Ok(Err(Outcome::Silent)),
            Ok(Err(error)) => of_error(error).map(Err),
            Ok(Ok(answered)) => Ok(answered),
        }
    }
}

/// One request and as much of its answer as `read` needs, on any stream: TLS may lie in between.
async fn exchange<T>(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    address: SocketAddr,
    path: &str,
    read: impl Fn(&[u8]) -> Result<Option<T>, Foreign>,
) -> io::Result<Answered<T>> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: ray-serve-controller\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::with_capacity(READ);
    loop {
        let came = match stream.read_buf(&mut bytes).await {
            Ok(came) => came,
            Err(error) if bytes.is_empty() => return Err(error),
            Err(_) => 0,
        };
        if bytes.is_empty() {
            return Ok(Err(Outcome::Refused));
        }
        match read(&bytes) {
            Err(foreign) => return Ok(Err(Outcome::Foreign(foreign))),
            Ok(Some(answer)) => return Ok(Ok(answer)),
            Ok(None) if came == 0 => return Ok(Err(Outcome::Foreign(Foreign::Incomplete))),
            Ok(None) if bytes.len() >= LIMIT => {
                return Ok(Err(Outcome::Foreign(Foreign::TooLarge)));
            }
            Ok(None) => bytes.reserve(READ),
        }
    }
}

fn of_status(status: u16) -> Answered<()> {
    match status {
        200 => Ok(()),
        503 => Err(Outcome::Leaving),
        other => Err(Outcome::Foreign(Foreign::Status(other))),
    }
}

/// What the failure of a stream says about the pod. Any other error is a lack of our own, such as that
/// of file descriptors, and must not count against the pod.
fn of_error(error: io::Error) -> io::Result<Outcome> {
    match error.kind() {
        ErrorKind::ConnectionRefused
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::NotConnected
        | ErrorKind::BrokenPipe => Ok(Outcome::Refused),
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            Ok(Outcome::Silent)
        }
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_of_the_way_to_a_pod_count_against_it() {
        for (kind, expected) in [
            (ErrorKind::ConnectionRefused, Some(Outcome::Refused)),
            (ErrorKind::ConnectionReset, Some(Outcome::Refused)),
            (ErrorKind::HostUnreachable, Some(Outcome::Silent)),
            (ErrorKind::NetworkUnreachable, Some(Outcome::Silent)),
            (ErrorKind::TimedOut, Some(Outcome::Silent)),
            // A local port, a file descriptor, or the permission for a socket is missing.
            (ErrorKind::AddrNotAvailable, None),
            (ErrorKind::PermissionDenied, None),
            (ErrorKind::Other, None),
        ] {
            assert_eq!(of_error(kind.into()).ok(), expected, "{kind:?}");
        }
    }
}
