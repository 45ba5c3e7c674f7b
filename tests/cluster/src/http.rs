//! The HTTP requests the cluster needs of its own: what does a health endpoint answer, and what do metrics say?

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
    let mut start = [0; 64];
    let length = ask(address, path)?.read(&mut start).ok()?;
    let text = String::from_utf8_lossy(&start[..length]).into_owned();
    of_answer(&text)
}

/// The body of an answer that is 200.
pub fn body(address: &str, path: &str) -> Option<String> {
    let mut text = String::new();
    ask(address, path)?.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    (of_answer(head)? == 200).then(|| body.to_owned())
}

/// Without keep-alive and without chunks.
fn ask(address: &str, path: &str) -> Option<TcpStream> {
    let address: SocketAddr = address.parse().ok()?;
    let mut stream = TcpStream::connect_timeout(&address, LIMIT).ok()?;
    stream.set_read_timeout(Some(LIMIT)).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    Some(stream)
}

fn of_answer(text: &str) -> Option<u16> {
    text.split_whitespace().nth(1)?.parse().ok()
}
