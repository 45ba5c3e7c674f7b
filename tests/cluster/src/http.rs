//! The one HTTP request the cluster needs of its own: what does a health endpoint answer?

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

const LIMIT: Duration = Duration::from_secs(2);

pub fn is_ok(address: &str, path: &str) -> bool {
    status(address, path) == Some(200)
}

/// The status of the answer, if there is one.
pub fn status(address: &str, path: &str) -> Option<u16> {
    let address: SocketAddr = address.parse().ok()?;
    let mut stream = TcpStream::connect_timeout(&address, LIMIT).ok()?;
    stream.set_read_timeout(Some(LIMIT)).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut start = [0; 64];
    let length = stream.read(&mut start).ok()?;
    let text = String::from_utf8_lossy(&start[..length]).into_owned();
    text.split_whitespace().nth(1)?.parse().ok()
}
