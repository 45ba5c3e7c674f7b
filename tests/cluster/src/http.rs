//! The one HTTP request the cluster needs of its own: is a health endpoint 200?

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

const LIMIT: Duration = Duration::from_secs(2);

pub fn is_ok(address: &str, path: &str) -> bool {
    status_line(address, path).is_some_and(|line| line.contains(" 200 "))
}

fn status_line(address: &str, path: &str) -> Option<String> {
    let address: SocketAddr = address.parse().ok()?;
    let mut stream = TcpStream::connect_timeout(&address, LIMIT).ok()?;
    stream.set_read_timeout(Some(LIMIT)).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut start = [0; 64];
    let length = stream.read(&mut start).ok()?;
    let text = String::from_utf8_lossy(&start[..length]).into_owned();
    text.lines().next().map(str::to_owned)
}
