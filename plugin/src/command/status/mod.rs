//! `status`: one RayCluster and its Serve at a glance, what is wrong, and the next command.

pub mod problems;
pub mod report;
pub mod traffic;
pub mod tree;
mod wait;

use std::time::{Duration, SystemTime};

use clap::ValueEnum;

use self::problems::{Problem, problems};
use self::report::Report;
use self::tree::trees;
use super::poll;
use super::reasons::Reasons;
use crate::connect::client::{AGENT, Client};
use crate::connect::flags::{ConnectionFlags, Limit, parse_limit};
use crate::connect::token::OwnToken;
use crate::connect::{Api, ClusterName, Target};
use crate::error::Failure;
use crate::output::{Node, Screen, Style, Told, Tone, Ui, draw, one_line};

const EXAMPLES: &str = "\
Examples:
  # Applications, deployments, replicas, proxies, the serve service, and what is wrong
  kubectl ray serve status test-cluster

  # The same, drawn again as it changes
  kubectl ray serve status test-cluster --watch

  # In a script: wait until all applications run
  kubectl ray serve status test-cluster --wait-for=running --timeout 5m

Exit code: 0 if the RayCluster could be inspected, whatever was found; with --wait-for, 0 when the
state was reached.";

const POLL: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the RayCluster
    #[arg(value_name = "CLUSTER")]
    raycluster: ClusterName,
    /// Keep watching: redraw on a terminal, print a line for each change elsewhere
    #[arg(short, long)]
    watch: bool,
    /// Wait for this state; exit with code 1 when it cannot be reached
    #[arg(long, value_enum, value_name = "STATE", conflicts_with = "watch")]
    wait_for: Option<State>,
    /// How long --wait-for waits, such as 90s or 10m; 0 waits forever
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse_limit)]
    timeout: Limit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    /// There are applications, all of them are running, and a proxy takes requests
    Running,
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let (api, mut client) = connect(connection, &args.raycluster)?;
    if args.watch {
        return watch(api.as_ref(), client, &args.raycluster, ui).await;
    }
    if let Some(State::Running) = args.wait_for {
        wait::until_running(&mut client, &args.raycluster, args.timeout, ui).await?;
        let looked = Box::pin(once(api.as_ref(), &mut client, &args.raycluster, ui));
        return poll::interruptible(looked).await;
    }
    once(api.as_ref(), &mut client, &args.raycluster, ui).await
}

async fn once(
    api: Option<&Api>,
    client: &mut Client,
    cluster: &ClusterName,
    ui: &Ui,
) -> Result<(), Failure> {
    let mut reasons = Reasons::default();
    let mut report = Report::look(api, client, &mut reasons, cluster).await?;
    report.ask_proxy(client).await;
    match (&report.kubernetes, report.serve) {
        // There is nothing else to show.
        (None, Err(error)) => return Err(error.into()),
        (_, serve) => report.serve = serve,
    }
    ui.data(show(&report, ui.style()).as_bytes())
}

fn connect(
    connection: &ConnectionFlags,
    cluster: &ClusterName,
) -> Result<(Option<Api>, Client), Failure> {
    let api = match connection.address {
        Some(_) => None,
        None => Some(Api::connect(connection)?),
    };
    let dashboard = match &api {
        Some(api) => Target::through(api.clone(), cluster, OwnToken::of_command(connection)),
        None => Target::new(connection, cluster)?,
    };
    Ok((
        api,
        Client::new(dashboard, connection.request_timeout.0, AGENT),
    ))
}

async fn watch(
    api: Option<&Api>,
    mut client: Client,
    cluster: &ClusterName,
    ui: &Ui,
) -> Result<(), Failure> {
    let mut screen = Screen::default();
    let mut told = Told::default();
    let mut reasons = Reasons::default();
    let ask = async || Ok(Report::look(api, &mut client, &mut reasons, cluster).await?);
    let show = |report: Report, was_away| {
        if was_away {
            screen.leave();
        }
        if ui.redraws() {
            return screen.draw(&show_on_screen(&report, ui.style()), ui);
        }
        let nodes = nodes(&report);
        // Without an answer applications are not gone, but unknown.
        let lines = match report.serve {
            Ok(_) => told.changes(&nodes),
            Err(_) => told.changes_of_some(&nodes),
        };
        lines.iter().try_for_each(|line| ui.line(line))
    };
    poll::watch(POLL, "The Kubernetes API server", ui, ask, show).await
}

pub fn show(report: &Report, style: Style) -> String {
    show_at(report, style, SystemTime::now())
}

pub fn show_at(report: &Report, style: Style, now: SystemTime) -> String {
    let picture = draw(&trees(report, now), style);
    format!("{picture}\n{}", verdict(report, style, now))
}

/// What is wrong comes first: a low terminal shows no more.
fn show_on_screen(report: &Report, style: Style) -> String {
    let now = SystemTime::now();
    let picture = draw(&trees(report, now), style);
    format!("{}\n{picture}", verdict(report, style, now))
}

fn verdict(report: &Report, style: Style, now: SystemTime) -> String {
    let problems = problems(report, now);
    if problems.is_empty() {
        let well = traffic::well(report).map_or_else(String::new, |well| format!(" {well}"));
        return format!("Nothing is wrong.{well}\n");
    }
    let mut text = style.paint(Tone::Strong, "What is wrong:");
    text.push('\n');
    for Problem { what, next } in &problems {
        let what = style.paint(Tone::Bad, &one_line(what));
        text.push_str(&format!("- {what}\n"));
        if let Some(next) = next {
            text.push_str(&format!("  next: {}\n", one_line(next)));
        }
    }
    text
}

/// The trees, and each problem as one of its own.
fn nodes(report: &Report) -> Vec<Node> {
    let now = SystemTime::now();
    let mut nodes = trees(report, now);
    nodes.extend(
        problems(report, now)
            .iter()
            .map(|problem| Node::new(&format!("problem: {}", problem.what))),
    );
    nodes
}
