//! One GET, as small as can be.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

/// No answer of these tests takes so long.
const SILENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: String,
}

/// What `http://HOST:PORT/PATH` answers; of HTTP/1.0, so that the end of the answer is the end of
/// the connection.
pub fn get(url: &str) -> Result<Answer, String> {
    let rest = url.strip_prefix("http://").ok_or("not http://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let answer = || {
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(SILENCE))?;
        write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = answer().map_err(|error: std::io::Error| format!("{url}: {error}"))?;
    let parts = text.split_once("\r\n\r\n");
    let (head, body) = parts.ok_or_else(|| format!("{url} answered {text:?}"))?;
    let (first, headers) = head.split_once("\r\n").unwrap_or((head, ""));
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok(Answer {
        status: status.ok_or_else(|| format!("{url} answered {first:?}"))?,
        headers: headers.to_owned(),
        body: body.to_owned(),
    })
}
