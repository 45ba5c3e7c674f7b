//! An API server that can go away and come back without anybody else losing theirs: a relay in
//! front of the real one, which a command is pointed at.

use std::{
    io,
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use crate::Lab;

pub struct Relay {
    port: u16,
    server: String,
    /// The streams of every connection, to be cut.
    open: Arc<Mutex<Vec<TcpStream>>>,
    up: Arc<Mutex<bool>>,
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
        };
        let (open, up) = (Arc::clone(&relay.open), Arc::clone(&relay.up));
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let up = up.lock().unwrap();
                if *up && let Ok(server) = TcpStream::connect(&server) {
                    let streams = [client.try_clone(), server.try_clone()];
                    open.lock().unwrap().extend(streams.map(Result::unwrap));
                    copy(client.try_clone().unwrap(), server.try_clone().unwrap());
                    copy(server, client);
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
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub fn come_back(&self) {
        *self.up.lock().unwrap() = true;
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
}
