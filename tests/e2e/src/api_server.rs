//! A real API server of one test's own, beside the cluster's and on the same etcd: it can be ended
//! and started again, and everybody else keeps theirs.

use std::{
    fs::File,
    net::TcpListener,
    process::{Child, Stdio},
    time::Duration,
};

use cluster::{component::kube_apiserver, layout::Layout, process::Process};
use tempfile::NamedTempFile;

use crate::{eventually, lab};

/// It starts in seconds, unless others are busy or it has to start twice.
const START: Duration = Duration::from_secs(300);
const SIGTERM: i32 = 15;

pub struct ApiServer {
    port: u16,
    child: Child,
    log: NamedTempFile,
}

impl ApiServer {
    pub fn start() -> Self {
        // Bound and let go of: the next free port is not given out again soon.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let log = NamedTempFile::new().unwrap();
        let mut server = Self {
            port,
            child: spawn(port, &log),
            log,
        };
        server.await_ready();
        server
    }

    /// The flag that makes a command use it; its certificate and its users are the cluster's.
    pub fn flag(&self) -> String {
        format!("--server=https://127.0.0.1:{}", self.port)
    }

    /// As at an upgrade: what it is doing may end first.
    pub fn terminate(&mut self) {
        let pid = i32::try_from(self.child.id()).unwrap();
        if let Some(process) = Process::of(pid) {
            process.signal(SIGTERM);
        }
        eventually("its end", START, || {
            let ended = self.child.try_wait().unwrap();
            ended.map(drop).ok_or_else(|| "running".to_owned())
        });
    }

    /// As when its node dies.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub fn start_again(&mut self) {
        self.child = spawn(self.port, &self.log);
        self.await_ready();
    }

    /// One that gives up at its start is started again, as the kubelet does with a real one: on a busy
    /// machine its first look at the Services' addresses can take more than the minute it allows.
    fn await_ready(&mut self) {
        eventually("the second API server", START, || {
            if self.child.try_wait().unwrap().is_some() {
                self.child = spawn(self.port, &self.log);
            }
            let ran = lab().kubectl(&["get", "--raw", "/readyz", &self.flag()]);
            if ran.code == Some(0) {
                return Ok(());
            }
            let log = std::fs::read_to_string(self.log.path()).unwrap_or_default();
            let end: Vec<&str> = log.lines().rev().take(10).collect();
            Err(format!("{ran}\n{end:?}"))
        });
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(port: u16, log: &NamedTempFile) -> Child {
    let layout = Layout::of_running().unwrap_or_else(|e| panic!("{e:#}"));
    let log = File::options().append(true).open(log.path()).unwrap();
    let mut command = kube_apiserver::another(&layout, port);
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|e| panic!("cannot start {command:?}: {e}"))
}
