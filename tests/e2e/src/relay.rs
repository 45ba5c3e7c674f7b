//! An API server that can go away and come back without anybody else losing theirs: a relay in
//! front of the real one, which a command is pointed at.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::Lab;

pub struct Relay {
    port: u16,
    server: String,
    /// The streams of every connection, to be cut.
    open: Arc<Mutex<Vec<TcpStream>>>,
    up: Arc<Mutex<bool>>,
    /// Bytes that may still come of answers before every connection is cut; 0 is no end.
    left: Arc<AtomicU64>,
}

impl Relay {
    /// In front of the API server of the lab's kubeconfig.
    pub fn to_api_server(lab: &Lab) -> Self {
        let view = ["config", "view", "--minify", "-o", "json"];
        let config = lab.kubectl(&view).ok().json();
        let url = config["clusters"][0]["cluster"]["server"].as_str().unwrap();
        let server = url.trim_start_matches("https://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Self {
            port: listener.local_addr().unwrap().port(),
            server: server.clone(),
            open: Arc::default(),
            up: Arc::new(Mutex::new(true)),
            left: Arc::default(),
        };
        let (open, up) = (Arc::clone(&relay.open), Arc::clone(&relay.up));
        let left = Arc::clone(&relay.left);
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let up = up.lock().unwrap();
                if *up && let Ok(server) = TcpStream::connect(&server) {
                    let streams = [client.try_clone(), server.try_clone()];
                    open.lock().unwrap().extend(streams.map(Result::unwrap));
                    copy(
                        client.try_clone().unwrap(),
                        server.try_clone().unwrap(),
                        |_| (),
                    );
                    let (left, open) = (Arc::clone(&left), Arc::clone(&open));
                    copy(server, client, move |bytes| answered(bytes, &left, &open));
                }
            }
        });
        relay
    }

    /// Flags that make a command use it.
    pub fn flags(&self) -> [String; 2] {
        let host = self.server.split(':').next().unwrap();
        [
            format!("--server=https://127.0.0.1:{}", self.port),
            format!("--tls-server-name={host}"),
        ]
    }

    /// Cuts every connection, and takes no more.
    pub fn go_down(&self) {
        *self.up.lock().unwrap() = false;
        cut(&self.open);
    }

    pub fn come_back(&self) {
        *self.up.lock().unwrap() = true;
    }

    /// Once so many bytes of answers have come through, cuts every connection, and takes new ones.
    pub fn cut_after(&self, bytes: u64) {
        self.left.store(bytes, Ordering::SeqCst);
    }

    /// Whether `cut_after` has come true.
    pub fn has_cut(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

fn cut(open: &Mutex<Vec<TcpStream>>) {
    for stream in open.lock().unwrap().drain(..) {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

fn answered(bytes: usize, left: &AtomicU64, open: &Mutex<Vec<TcpStream>>) {
    let before = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
        Some(left.saturating_sub(bytes as u64))
    });
    if before.is_ok_and(|before| before > 0 && before <= bytes as u64) {
        cut(open);
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, passed: impl Fn(usize) + Send + 'static) {
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
            passed(read);
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
