//! An HTTP server that does what a test tells it, faults included.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }
}

pub enum Reply {
    Answer(u16, String),
    /// One with a header of its own.
    With(&'static str, u16, String),
    /// One that is sent piece by piece, as they come, with a header of its own.
    Stream(&'static str, Receiver<String>),
    /// A WebSocket, on which each line comes back.
    Echo,
    /// Half of an answer, then the connection is closed.
    Cut,
    /// The connection is closed, without a word.
    Hangup,
    /// No answer at all until the client goes.
    Silence,
}

impl Reply {
    pub fn ok(body: impl Into<String>) -> Self {
        Self::Answer(200, body.into())
    }
}

pub struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// How fast what a request carries is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    /// After each mebibyte.
    pub pause: Duration,
    /// Mebibytes after which no more is read; none is no end.
    pub end: Option<usize>,
}

type Handler = dyn FnMut(&Request) -> Reply + Send;

impl Server {
    /// Answers on a free port of this machine for as long as the test process lives.
    pub fn start(handler: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        Self::of_ray("2.60.0", handler)
    }

    pub fn slow(pace: Pace, handler: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        Self::with("2.60.0", pace, handler)
    }

    /// What Serve is asked for is the handler's; which Ray this is, it is told aside.
    pub fn of_ray(
        version: &'static str,
        handler: impl FnMut(&Request) -> Reply + Send + 'static,
    ) -> Self {
        Self::with(version, Pace::default(), handler)
    }

    fn with(
        version: &'static str,
        pace: Pace,
        handler: impl FnMut(&Request) -> Reply + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let handler: Arc<Mutex<Box<Handler>>> = Arc::new(Mutex::new(Box::new(handler)));
        let log = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (handler, log) = (Arc::clone(&handler), Arc::clone(&log));
                thread::spawn(move || serve(&stream.unwrap(), version, pace, &handler, &log));
            }
        });
        Self { port, requests }
    }

    /// The same body for each GET of Serve's state, success for everything else.
    pub fn with_state(body: impl Into<String>) -> Self {
        let body = body.into();
        Self::start(move |request| {
            Reply::ok(if request.method == "GET" {
                body.clone()
            } else {
                String::new()
            })
        })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub fn methods(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .map(|request| request.method)
            .collect()
    }
}

fn serve(
    stream: &TcpStream,
    version: &str,
    pace: Pace,
    handler: &Mutex<Box<Handler>>,
    log: &Mutex<Vec<Request>>,
) {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(request) = read(&mut reader, pace) {
        let reply = if request.path.ends_with("/api/version") {
            Reply::ok(format!(r#"{{"version": "4", "ray_version": "{version}"}}"#))
        } else {
            log.lock().unwrap().push(request.clone());
            (handler.lock().unwrap())(&request)
        };
        match reply {
            Reply::Answer(status, body) => {
                let _ = write!(
                    writer,
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
            }
            Reply::With(header, status, body) => {
                let _ = write!(
                    writer,
                    "HTTP/1.1 {status} X\r\n{header}\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
            }
            Reply::Stream(header, pieces) => {
                let _ = write!(
                    writer,
                    "HTTP/1.1 200 OK\r\n{header}\r\nTransfer-Encoding: chunked\r\n\r\n"
                );
                for piece in pieces {
                    let _ = write!(writer, "{:x}\r\n{piece}\r\n", piece.len());
                }
                let _ = write!(writer, "0\r\n\r\n");
            }
            Reply::Echo => {
                let _ = write!(
                    writer,
                    "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
                );
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                    let _ = write!(writer, "{line}");
                    line.clear();
                }
                return;
            }
            Reply::Cut => {
                let _ = write!(
                    writer,
                    "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{{\"appli"
                );
                return;
            }
            Reply::Hangup => return,
            Reply::Silence => {
                let _ = reader.read(&mut [0]);
                return;
            }
        }
    }
}

fn read(reader: &mut impl BufRead, pace: Pace) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    for (index, piece) in body.chunks_mut(1 << 20).enumerate() {
        if index > 0 {
            thread::sleep(pace.pause);
        }
        if Some(index) == pace.end {
            thread::park();
        }
        reader.read_exact(piece).ok()?;
    }
    Some(Request {
        method,
        path,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
