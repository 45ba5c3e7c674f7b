//! `dashboard`: Ray's dashboard in the user's browser.
//!
//! A listener of this machine, and a fresh stream for each of its connections: so the address stays
//! the same when the head becomes another pod.

mod relay;

use std::collections::HashSet;
use std::process::{Command, Stdio};
use std::rc::Rc;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncWriteExt, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

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
    ui.line(&url)?;
    ui.note(&format!(
        "This is {}. Ctrl-C ends it.",
        dashboard.describe()
    ));
    if args.open {
        show(&url, ui);
    }
    let door = Rc::new(Door {
        dashboard: Mutex::new(dashboard),
        told: Mutex::default(),
        ui,
    });
    let mut visits = futures::stream::FuturesUnordered::new();
    loop {
        tokio::select! {
            visitor = listener.accept() => match visitor {
                Ok((visitor, _)) => visits.push(Rc::clone(&door).serve(visitor)),
                // The visitor went, or there are too many: the next one may be luckier.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
            },
            Some(()) = futures::StreamExt::next(&mut visits) => {}
            _ = tokio::signal::ctrl_c() => return Ok(()),
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
    dashboard: Mutex<Dashboard>,
    /// Reasons why there was no dashboard, since there was one.
    told: Mutex<HashSet<String>>,
    ui: &'a Ui,
}

impl Door<'_> {
    async fn serve(self: Rc<Self>, mut visitor: TcpStream) {
        let _ = visitor.set_nodelay(true);
        let result = match self.open().await {
            Ok(opened) if opened.route.proxy.is_some() => {
                return relay::serve(visitor, opened, &self).await;
            }
            Ok(opened) => self.forward(&mut visitor, opened).await,
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            let why = error.to_string();
            // A visitor who has gone needs no answer.
            let _ = visitor.write_all(sorry(&why).as_bytes()).await;
            let _ = visitor.shutdown().await;
            self.failed(why).await;
        }
    }

    async fn failed(&self, why: String) {
        self.dashboard.lock().await.forget();
        if self.told.lock().await.insert(why.clone()) {
            self.ui
                .note(&format!("{why}; the page works again when it does"));
        }
    }

    async fn worked(&self) {
        self.told.lock().await.clear();
    }

    async fn open(&self) -> Result<Opened, cluster::Error> {
        let mut dashboard = self.dashboard.lock().await;
        match dashboard.open().await {
            Ok(opened) => Ok(opened),
            // What was found earlier may be gone: look anew, once.
            Err(error) if error.may_pass() => {
                dashboard.forget();
                dashboard.open().await
            }
            Err(error) => Err(error),
        }
    }

    /// Gives an error where nothing was there to forward to.
    async fn forward(&self, visitor: &mut TcpStream, opened: Opened) -> Result<(), cluster::Error> {
        let (mut from_head, mut to_head) = split(TokioIo::new(opened.stream));
        let (mut from_visitor, mut to_visitor) = visitor.split();
        // Whoever ends first ends both: HTTP has no half of a conversation.
        let left = tokio::select! {
            _ = copy(&mut from_head, &mut to_visitor) => false,
            asked = copy(&mut from_visitor, &mut to_head) => asked.is_ok(),
        };
        let reason = match opened.fault {
            Some(fault) if !left => fault.explain().await,
            _ => None,
        };
        if let Some(error @ cluster::Error::NotListening { .. }) = reason {
            return Err(error);
        }
        self.worked().await;
        Ok(())
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
