//! A client of an application: one connection at a time, one request at a time, no retries.

use std::{
    error::Error,
    io,
    net::SocketAddr,
    sync::Once,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};

use super::{
    cluster::ROUTE,
    count::{Kind, Sent},
};
use crate::progress::note;

type Failure = Box<dyn Error + Send + Sync>;

/// What is asked, of whom.
#[derive(Clone, Copy)]
pub(super) struct Question {
    pub(super) address: SocketAddr,
    /// How long the application takes for it.
    pub(super) sleep: Duration,
    /// How long the client waits for it, connecting included.
    pub(super) limit: Duration,
}

/// Sends it on a connection of its own.
pub(super) async fn ask_once(question: Question) -> Sent {
    Client::new(question).ask().await
}

/// Keeps its connection as long as that is of use.
pub(super) struct Client {
    question: Question,
    connection: Option<Connection>,
}

impl Client {
    pub(super) fn new(question: Question) -> Self {
        Self {
            question,
            connection: None,
        }
    }

    pub(super) async fn ask(&mut self) -> Sent {
        let began = Instant::now();
        let limit = self.question.limit;
        let kind = match timeout(limit, self.exchange()).await {
            Ok(Ok(status)) => of_status(status),
            Ok(Err(failure)) => {
                self.connection = None;
                of_failure(failure.as_ref())
            }
            Err(_) => {
                self.connection = None;
                Kind::Timeout
            }
        };
        Sent {
            began,
            ended: Instant::now(),
            kind,
        }
    }

    async fn exchange(&mut self) -> Result<StatusCode, Failure> {
        // One that the server has closed meanwhile is opened anew, as every client does.
        let connection = match self.connection.take() {
            Some(connection) if !connection.sender.is_closed() => connection,
            _ => Connection::open(self.question.address).await?,
        };
        self.connection.insert(connection).ask(self.question).await
    }
}

struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    task: JoinHandle<hyper::Result<()>>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(tcp)).await?;
        Ok(Self {
            sender,
            task: tokio::spawn(connection),
        })
    }

    async fn ask(&mut self, question: Question) -> Result<StatusCode, Failure> {
        let body = format!("{{\"sleep\": {}}}", question.sleep.as_millis());
        let request = Request::post(ROUTE)
            .header(header::HOST, question.address.to_string())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        Ok(status)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // A request that took too long would keep it open.
        self.task.abort();
    }
}

fn of_status(status: StatusCode) -> Kind {
    match status {
        StatusCode::OK => Kind::Ok,
        StatusCode::NOT_FOUND => Kind::NotFound,
        status if status.is_server_error() => Kind::Server,
        _ => Kind::Other,
    }
}

fn of_failure(failure: &(dyn Error + 'static)) -> Kind {
    let mut cause = Some(failure);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return of_io_error(error);
        }
        if let Some(error) = error.downcast_ref::<hyper::Error>()
            && (error.is_incomplete_message() || error.is_canceled() || error.is_closed())
        {
            return Kind::Reset;
        }
        cause = error.source();
    }
    other(failure)
}

fn of_io_error(error: &io::Error) -> Kind {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Kind::Refused,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected
        | io::ErrorKind::UnexpectedEof => Kind::Reset,
        io::ErrorKind::TimedOut => Kind::Timeout,
        _ => other(error),
    }
}

/// The first of them is told: a count says nothing about what it was.
fn other(error: &dyn Error) -> Kind {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| note(format!("a request failed in another way: {error}")));
    Kind::Other
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{SocketAddr, TcpListener},
        thread,
    };

    use super::*;

    /// Takes one connection after the other, and does with each what its place says.
    fn server(answers: &'static [Option<&'static str>]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 4096]);
                match answer {
                    Some(answer) => stream.write_all(answer.as_bytes()).unwrap(),
                    // Until the client has given up.
                    None => drop(stream.read(&mut [0; 4096])),
                }
            }
        });
        address
    }

    fn ask(address: SocketAddr, times: usize) -> Vec<Kind> {
        let question = Question {
            address,
            sleep: Duration::ZERO,
            limit: Duration::from_millis(500),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut client = Client::new(question);
            let mut kinds = Vec::new();
            for _ in 0..times {
                kinds.push(client.ask().await.kind);
            }
            kinds
        })
    }

    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    #[test]
    fn each_answer_has_its_kind_and_a_failure_opens_the_next_connection() {
        let answers = [
            (
                Some("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
                Kind::NotFound,
            ),
            (
                Some("HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
                Kind::Server,
            ),
            (
                Some("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
                Kind::Other,
            ),
            // The body never comes whole.
            (
                Some("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"),
                Kind::Reset,
            ),
            (Some(""), Kind::Reset),
            (None, Kind::Timeout),
            (Some(OK), Kind::Ok),
        ];
        let address = server(answers.map(|(answer, _)| answer).to_vec().leak());
        assert_eq!(ask(address, answers.len()), answers.map(|(_, kind)| kind));
    }

    #[test]
    fn nobody_there_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        assert_eq!(ask(address, 1), [Kind::Refused]);
    }
}
