//! `dashboard`: Ray's dashboard in the user's browser.
//!
//! A listener of this machine, and a fresh stream for each of its connections: so the address stays
//! the same when the head becomes another pod.

mod relay;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::process::{Command, Stdio};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

use crate::cluster::flags::ConnectionFlags;
use crate::cluster::route::Opened;
use crate::cluster::{self, ClusterName, Dashboard};
use crate::error::Failure;
use crate::output::{Ui, one_line};

const HERE: &str = "127.0.0.1";
#[cfg(target_os = "macos")]
const OPENER: &str = "open";
#[cfg(not(target_os = "macos"))]
const OPENER: &str = "xdg-open";

/// For a visitor to read that there is no dashboard.
const LINGER: Duration = Duration::from_secs(1);
/// Before the next visitor, where the last one could not be let in.
const TOO_MANY: Duration = Duration::from_millis(100);

const EXAMPLES: &str = "\
Examples:
  # Print the address of a RayCluster's dashboard, and keep it there until Ctrl-C
  kubectl ray serve dashboard test-cluster

  # Show it in the browser, always at the same address
  kubectl ray serve dashboard test-cluster --port 8265 --open

While this runs, every user and program of this machine can reach the dashboard at that address,
and who reaches it can run code on the cluster: do not use it on a machine you share. (All other
commands listen to nothing.) A cluster with Ray tokens asks for its token in the browser.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the RayCluster
    #[arg(value_name = "CLUSTER")]
    raycluster: ClusterName,
    /// Port of 127.0.0.1 to listen on; without it, a free one
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Show it in the browser
    #[arg(long)]
    open: bool,
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let mut dashboard = Dashboard::new(connection, &args.raycluster)?;
    // A missing cluster is told before anything listens.
    dashboard.find().await?;
    let listener = TcpListener::bind((HERE, args.port)).await;
    let listener = listener.map_err(|error| cannot_listen(args.port, &error))?;
    let address = listener.local_addr();
    let address = address.map_err(|error| cannot_listen(args.port, &error))?;
    let url = format!("http://{address}{}/", dashboard.base_path());
    // Before the address is told: whoever reads it may end this at once.
    let interrupts = signal(SignalKind::interrupt());
    let mut interrupts =
        interrupts.map_err(|error| Failure::Failed(format!("cannot wait for Ctrl-C: {error}")))?;
    ui.line(&url)?;
    ui.note(&format!(
        "This is {}. Ctrl-C ends it.",
        dashboard.describe()
    ));
    if args.open {
        show(&url, ui);
    }
    let door = Door {
        dashboard: RefCell::new(dashboard),
        told: RefCell::default(),
        ui,
    };
    let mut visits = FuturesUnordered::new();
    loop {
        tokio::select! {
            visitor = listener.accept() => match visitor {
                Ok((visitor, _)) => visits.push(door.serve(visitor)),
                // The visitor went, or there are too many: the next one may be luckier.
                Err(_) => sleep(TOO_MANY).await,
            },
            Some(()) = visits.next() => {}
            _ = interrupts.recv() => return Ok(()),
        }
    }
}

fn cannot_listen(port: u16, error: &std::io::Error) -> Failure {
    Failure::Failed(format!(
        "cannot listen on {HERE}:{port}: {error}; take another --port, or none for a free one"
    ))
}

fn show(url: &str, ui: &Ui) {
    let browser = Command::new(OPENER)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = browser {
        ui.warning(&format!(
            "cannot open a browser with {OPENER} ({error}): open the address yourself"
        ));
    }
}

struct Door<'a> {
    /// As it was last found.
    dashboard: RefCell<Dashboard>,
    /// Reasons why there was no dashboard, since there was one.
    told: RefCell<HashSet<String>>,
    ui: &'a Ui,
}

impl Door<'_> {
    async fn serve(&self, mut visitor: TcpStream) {
        let _ = visitor.set_nodelay(true);
        let result = match self.open().await {
            Ok(opened) if opened.route.proxy.is_some() => {
                return relay::serve(visitor, opened, self).await;
            }
            Ok(opened) => self.forward(&mut visitor, opened).await,
            Err(error) => Err(error.to_string()),
        };
        let Err(why) = result else {
            self.worked();
            return;
        };
        self.failed(&why);
        // A visitor who has gone needs no answer.
        let _ = visitor.write_all(sorry(&why).as_bytes()).await;
        let _ = visitor.shutdown().await;
        // Closed with a part of the question unread, it would be reset, and the answer with it.
        let _ = timeout(LINGER, copy(&mut visitor, &mut sink())).await;
    }

    fn failed(&self, why: &str) {
        self.dashboard.borrow_mut().forget();
        if self.told.borrow_mut().insert(why.to_owned()) {
            self.ui
                .note(&format!("{why}; the page works again when it does"));
        }
    }

    fn worked(&self) {
        self.told.borrow_mut().clear();
    }

    /// Visitors do not wait for one another, so each looks for itself.
    async fn open(&self) -> Result<Opened, cluster::Error> {
        let mut dashboard = self.dashboard.borrow().clone();
        let was_known = dashboard.pod().is_some();
        let opened = match dashboard.open().await {
            // What was found earlier may be gone: look anew, once.
            Err(error) if was_known && error.may_pass() => {
                dashboard.forget();
                dashboard.open().await
            }
            other => other,
        };
        if opened.is_ok() {
            *self.dashboard.borrow_mut() = dashboard;
        }
        opened
    }

    /// Gives a reason where a visitor asked and got no answer at all.
    async fn forward(&self, visitor: &mut TcpStream, opened: Opened) -> Result<(), String> {
        let (mut from_head, mut to_head) = split(TokioIo::new(opened.stream));
        let (mut from_visitor, mut to_visitor) = visitor.split();
        let (asked, answered) = (Cell::new(false), Cell::new(false));
        // Whoever ends first ends both: HTTP has no half of a conversation.
        let left = tokio::select! {
            _ = pass_on(&mut from_head, &mut to_visitor, &answered) => false,
            ended = pass_on(&mut from_visitor, &mut to_head, &asked) => ended.is_ok(),
        };
        if left || answered.get() {
            return Ok(());
        }
        let reason = match opened.fault {
            Some(fault) => fault.explain().await,
            None => None,
        };
        match reason {
            Some(error) => Err(error.to_string()),
            None if asked.get() => Err(format!(
                "{} closed the connection without an answer",
                self.dashboard.borrow().describe()
            )),
            // A connection that nobody used.
            None => Ok(()),
        }
    }
}

async fn pass_on(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    any: &Cell<bool>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        any.set(true);
        to.write_all(&buffer[..read]).await?;
        to.flush().await?;
    }
}

/// What a browser shows, and tries again.
fn sorry(why: &str) -> String {
    let text = format!("{}\n", one_line(why));
    format!(
        "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain; charset=utf-8\r\nRefresh: 3\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    )
}
