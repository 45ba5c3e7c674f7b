//! `dashboard`: Ray's dashboard in the user's browser.
//!
//! A listener of this machine, and streams to the head as its visitors need them: so the address
//! stays the same when the head becomes another pod.

mod cookies;
mod end_to_end;
mod guard;
mod relay;

use std::cell::RefCell;
use std::collections::HashSet;
use std::process::{Command, Stdio};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use ray_serve_client::Dial;
use ray_serve_client::http::Dialed;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use self::cookies::Cookies;
use self::guard::Guard;
use crate::connect::flags::ConnectionFlags;
use crate::connect::{self, ClusterName, Target};
use crate::error::Failure;
use crate::output::Ui;

const HERE: &str = "127.0.0.1";
#[cfg(target_os = "macos")]
const OPENER: &str = "open";
#[cfg(not(target_os = "macos"))]
const OPENER: &str = "xdg-open";

/// Before the next visitor, where the last one could not be let in.
const TOO_MANY: Duration = Duration::from_millis(100);

const EXAMPLES: &str = "\
Examples:
  # Print the address of a RayCluster's dashboard, and keep it there until Ctrl-C
  kubectl ray serve dashboard test-cluster

  # Open it in the browser, always at the same address
  kubectl ray serve dashboard test-cluster --port 8265 --open

While this runs, every user and program of this machine can reach the dashboard at that address,
and who reaches it can run code on the cluster: do not use it on a machine you share. (No
other command opens a port.) Web pages of other sites in your browser are refused. A cluster with
Ray tokens asks for its token in the browser.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the RayCluster
    #[arg(value_name = "CLUSTER")]
    raycluster: ClusterName,
    /// Port of 127.0.0.1 to listen on (default: a free one)
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Open it in the browser
    #[arg(long)]
    open: bool,
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let mut dashboard = Target::new(connection, &args.raycluster)?;
    // A missing cluster is told before anything listens.
    dashboard.find().await?;
    let listener = TcpListener::bind((HERE, args.port)).await;
    let listener = listener.map_err(|error| cannot_listen(args.port, &error))?;
    let address = listener.local_addr();
    let address = address.map_err(|error| cannot_listen(args.port, &error))?;
    let page = format!("{}/", dashboard.base_path());
    let url = format!("http://{address}{page}");
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
        guard: Guard::new(address, page),
        cookies: Cookies::of(&dashboard.identity()),
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
    Failure::Failed(format!("cannot listen on {HERE}:{port}: {error}"))
        .with_hint("take another --port, or none for a free one")
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
    guard: Guard,
    cookies: Cookies,
    /// As it was last found.
    dashboard: RefCell<Target>,
    /// Reasons why there was no dashboard, since there was one.
    told: RefCell<HashSet<String>>,
    ui: &'a Ui,
}

impl Door<'_> {
    async fn serve(&self, visitor: TcpStream) {
        let _ = visitor.set_nodelay(true);
        relay::serve(visitor, self).await;
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
    async fn open(&self) -> Result<Dialed, connect::Error> {
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
}
