//! The whole webhook, in this process or in one of its own, with a certificate in files.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use clap::Parser as _;
use ray_serve_webhook::Webhook;
use ray_serve_webhook::args::Args;
use ray_serve_webhook::certificate::tls;
use ray_serve_webhook::shutdown::{self, Trigger};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::task::JoinHandle;

use crate::support::SelfSigned;

/// The webhook's program: the one built with these tests, or one that `WEBHOOK_PROGRAM` names, such
/// as the release build that goes into the image.
pub(crate) fn program() -> OsString {
    let built = env!("CARGO_BIN_EXE_ray-serve-webhook");
    std::env::var_os("WEBHOOK_PROGRAM").unwrap_or_else(|| built.into())
}

pub(crate) struct Running {
    pub(crate) reviews: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) trusted: SelfSigned,
    pub(crate) trigger: Trigger,
    pub(crate) serving: JoinHandle<anyhow::Result<()>>,
    _files: TempDir,
}

pub(crate) async fn running(more: &[&str]) -> Running {
    tls::install_crypto_provider();
    let trusted = SelfSigned::new();
    let files = TempDir::new().expect("a directory");
    let arguments = arguments(files.path(), &trusted);
    let arguments = ["webhook"]
        .into_iter()
        .chain(arguments.iter().map(String::as_str))
        .chain(more.iter().copied());
    let (trigger, shutdown) = shutdown::channel();
    let webhook = Webhook::bind(Args::parse_from(arguments), shutdown)
        .await
        .expect("bound");
    Running {
        reviews: webhook.local_addr().expect("an address"),
        admin: webhook.admin_addr().expect("an address"),
        trusted,
        trigger,
        serving: tokio::spawn(webhook.serve()),
        _files: files,
    }
}

pub(crate) fn arguments(directory: &Path, pair: &SelfSigned) -> Vec<String> {
    let (certificate, key) = (directory.join("tls.crt"), directory.join("tls.key"));
    std::fs::write(&certificate, pair.certificate.pem()).expect("a file");
    std::fs::write(&key, pair.key.serialize_pem()).expect("a file");
    vec![
        "--listen=127.0.0.1:0".to_owned(),
        "--admin-listen=127.0.0.1:0".to_owned(),
        format!("--tls-cert={}", certificate.display()),
        format!("--tls-key={}", key.display()),
    ]
}

pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) reviews: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) trusted: SelfSigned,
    _files: TempDir,
}

impl Process {
    pub(crate) async fn start(more: &[&str]) -> Self {
        Self::run(Command::new(program()), more, |_| {}).await
    }

    pub(crate) async fn start_with_open_files(limit: u32) -> Self {
        let mut shell = Command::new("sh");
        let limited = format!("ulimit -n {limit} && exec \"$0\" \"$@\"");
        shell.arg("-c").arg(limited).arg(program());
        Self::run(shell, &[], |_| {}).await
    }

    /// `log` gets every line that the process logs.
    pub(crate) async fn run(
        mut command: Command,
        more: &[&str],
        log: impl Fn(String) + Send + 'static,
    ) -> Self {
        let trusted = SelfSigned::new();
        let files = TempDir::new().expect("a directory");
        let mut child = command
            .args(arguments(files.path(), &trusted))
            .args(more)
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let stderr = child.stderr.take().expect("piped");
        let stderr = tokio::process::ChildStderr::from_std(stderr).expect("a pipe");
        let mut lines = BufReader::new(stderr).lines();
        let mut addresses = Vec::new();
        while addresses.len() < 2 {
            let line = lines
                .next_line()
                .await
                .expect("read")
                .expect("a line before the end");
            let entry: serde_json::Value = serde_json::from_str(&line).expect("a JSON line");
            log(line);
            if entry["message"] == "listening" {
                addresses.push(
                    entry["address"]
                        .as_str()
                        .expect("text")
                        .parse()
                        .expect("an address"),
                );
            }
        }
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                log(line);
            }
        });
        Self {
            child,
            // The order in which they are bound.
            reviews: addresses[0],
            admin: addresses[1],
            trusted,
            _files: files,
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()
            .expect("kill");
        assert!(status.success());
    }

    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().expect("waited").code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// One of the figures the kernel keeps of its memory, in bytes.
    pub(crate) fn memory(&self, figure: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .expect("a running process");
        let kilobytes: usize = status
            .lines()
            .find_map(|line| {
                line.strip_prefix(figure)?
                    .strip_prefix(':')?
                    .strip_suffix("kB")
            })
            .and_then(|kilobytes| kilobytes.trim().parse().ok())
            .expect("a number");
        kilobytes << 10
    }
}
