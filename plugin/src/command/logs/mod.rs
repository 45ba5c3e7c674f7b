//! `logs`: what Serve's processes wrote, as it is or as it comes.

mod follow;
mod place;
mod reading;
mod stream;

use ray_serve_client::logs::files::{Found, NotFound, Wanted};
use ray_serve_client::logs::request::{Tail, stamp};
use ray_serve_client::state::details::Details;

use self::reading::Reader;
use crate::connect::ClusterName;
use crate::connect::client::client;
use crate::connect::flags::ConnectionFlags;
use crate::error::Failure;
use crate::hint::Hint;
use crate::output::{Style, Ui};
use crate::safe::{self, clean};

/// As kubectl: the whole of one log, the end of each of several.
const OF_EACH: Tail = Tail::Lines(10);

const EXAMPLES: &str = "\
Examples:
  # The last lines of each replica of an application, in the order they were written
  kubectl ray serve logs test-cluster fruit_app

  # One deployment's replicas, as they log, across restarts of the head
  kubectl ray serve logs test-cluster fruit_app/MangoStand -f

  # All that one replica has logged; its name is what the others begin their lines with
  kubectl ray serve logs test-cluster fruit_app/MangoStand/e8ii0719

  # Why does nothing start? What the controller says
  kubectl ray serve logs test-cluster --controller --tail 50

These logs do not hold what an application prints with print(), which is in the output of its actor:
log with logging.getLogger(\"ray.serve\").";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the RayCluster
    #[arg(value_name = "CLUSTER")]
    raycluster: ClusterName,
    /// What to print the logs of (default: all replicas)
    #[arg(value_name = "APP[/DEPLOYMENT[/REPLICA]]", conflicts_with_all = ["controller", "proxy"])]
    target: Option<String>,
    /// Keep printing what is logged, also by replicas that start later
    #[arg(short, long)]
    follow: bool,
    /// Lines to print from the end of each log; -1 prints all. Default: all of one log, 10 of each of several
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-1..=i64::from(u32::MAX)))]
    tail: Option<i64>,
    /// Print the log of Serve's controller, which deploys and scales
    #[arg(long, conflicts_with = "proxy")]
    controller: bool,
    /// Print the logs of Serve's proxies, one on each node, which take the requests
    #[arg(long)]
    proxy: bool,
}

impl Args {
    fn wanted(&self) -> Wanted {
        if self.controller {
            Wanted::Controller
        } else if self.proxy {
            Wanted::Proxies
        } else {
            Wanted::Replicas(self.target.clone())
        }
    }

    fn tail(&self, is_one: bool) -> Tail {
        match self.tail.map(u32::try_from) {
            Some(Ok(lines)) => Tail::Lines(lines),
            Some(Err(_)) => Tail::All,
            None if is_one => Tail::All,
            None => OF_EACH,
        }
    }
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let client = client(connection, &args.raycluster)?;
    let mut reader = Reader {
        client,
        limit: connection.request_timeout.0,
    };
    if args.follow {
        follow::run(args, reader, ui).await
    } else {
        once(args, &mut reader, ui).await
    }
}

fn find(args: &Args, details: &Details) -> Result<Found, Failure> {
    let found = args.wanted().find(details, &args.raycluster);
    found.map_err(|error| match error {
        NotFound::Application(unknown) => unknown.into(),
        NotFound::Part(sentence) => Failure::Failed(sentence),
    })
}

fn nothing(args: &Args, details: &Details) -> String {
    let cluster = &args.raycluster;
    if details.applications.is_empty() && !(args.controller || args.proxy) {
        format!("No Serve applications running on raycluster/{cluster}.")
    } else {
        format!("No logs yet for this selection on raycluster/{cluster}.")
    }
}

async fn once(args: &Args, reader: &mut Reader, ui: &Ui) -> Result<(), Failure> {
    let details = reader.client.applications().await?.details;
    let found = find(args, &details)?;
    let tail = args.tail(found.is_one);
    let printer = Printer::new(ui, &found);
    for idle in &found.idle {
        ui.note(idle);
    }
    if found.logs.is_empty() && found.idle.is_empty() {
        ui.note(&nothing(args, &details));
    }
    if tail == Tail::Lines(0) {
        return Ok(());
    }
    if let [log] = found.logs.as_slice() {
        // May be long, and is the only one: printed as it comes.
        let print = |lines: &[Vec<u8>]| printer.lines(0, &log.name, lines);
        return reader.each(log, tail, print).await;
    }
    let mut read = Vec::new();
    let mut failed = false;
    for (nth, log) in found.logs.iter().enumerate() {
        match reader.all(log, tail).await {
            Ok(lines) => read.extend(stamped(nth, lines)),
            Err(failure) => {
                ui.warning(&failure.to_string());
                ui.hint(failure.hint().as_deref());
                failed = true;
            }
        }
    }
    read.sort_by(|one, other| one.stamp.cmp(&other.stamp));
    for line in read {
        match printer.lines(line.nth, &found.logs[line.nth].name, &[line.text]) {
            // What was told on stderr stays true where nobody reads on.
            Err(Failure::OutputClosed) if failed => break,
            done => done?,
        }
    }
    if failed { Err(Failure::Told) } else { Ok(()) }
}

struct Stamped {
    stamp: Vec<u8>,
    nth: usize,
    text: Vec<u8>,
}

/// Lines with the time they were written at; the lines of a traceback have that of the one before.
fn stamped(nth: usize, lines: Vec<Vec<u8>>) -> impl Iterator<Item = Stamped> {
    let mut latest = Vec::new();
    lines.into_iter().map(move |text| {
        if let Some(stamp) = stamp(&text) {
            latest = stamp.to_vec();
        }
        Stamped {
            stamp: latest.clone(),
            nth,
            text,
        }
    })
}

/// Prints lines of one log, or of several that are told apart by what they begin with.
struct Printer<'a> {
    ui: &'a Ui,
    style: Style,
    prefixes: bool,
}

impl<'a> Printer<'a> {
    fn new(ui: &'a Ui, found: &Found) -> Self {
        Self {
            ui,
            style: ui.style(),
            prefixes: !found.is_one,
        }
    }

    fn lines(&self, nth: usize, name: &str, lines: &[Vec<u8>]) -> Result<(), Failure> {
        let mut out = Vec::new();
        for line in lines {
            if self.prefixes {
                out.extend_from_slice(self.style.paint_nth(nth, &safe::name(name)).as_bytes());
                out.push(b' ');
            }
            // A terminal shows text; a file gets what was logged.
            if self.ui.is_terminal() {
                out.extend_from_slice(clean(&String::from_utf8_lossy(line)).as_bytes());
            } else {
                out.extend_from_slice(line);
            }
            out.push(b'\n');
        }
        if out.is_empty() {
            return Ok(());
        }
        self.ui.data(&out)
    }
}
