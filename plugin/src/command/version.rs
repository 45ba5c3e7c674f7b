//! `version`: of this plugin, and of what it works with: the webhook, the operator, and Ray.

use clap::ValueEnum;
use ray_serve_client::Dial;
use serde_json::{Value, json};

use crate::connect::client::{AGENT, Client, ray_version};
use crate::connect::flags::ConnectionFlags;
use crate::connect::installed::{self, Installed, Program};
use crate::connect::token::OwnToken;
use crate::connect::{Api, ClusterName, Target};
use crate::error::Failure;
use crate::hint::in_one;
use crate::output::Ui;

const EXAMPLES: &str = "\
Examples:
  # This plugin, the webhook and the KubeRay operator
  kubectl ray serve version

  # The Ray of a RayCluster too
  kubectl ray serve version test-cluster

  # This plugin alone, without asking a cluster
  kubectl ray serve version --client

Versions of the webhook and the operator come from their Deployments, which takes the right to list
deployments in all namespaces. What cannot be found out is unknown, with the reason.

Exit code: 0 when the version of this plugin is printed, 1 when the Ray of CLUSTER is unknown.";

const UNKNOWN: &str = "unknown";

type Kind = fn(&Installed) -> &Vec<Program>;
const WEBHOOK: Kind = |installed| &installed.webhooks;
const OPERATOR: Kind = |installed| &installed.operators;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of a RayCluster whose Ray is asked for its version
    #[arg(value_name = "CLUSTER", conflicts_with = "client")]
    raycluster: Option<ClusterName>,
    #[command(flatten)]
    client: ClientArgs,
}

/// Of a version that needs no cluster.
#[derive(Debug, clap::Args)]
pub struct ClientArgs {
    /// Print the version of this plugin only
    #[arg(long)]
    client: bool,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Yaml,
}

/// What was found out besides; none of what was not asked for.
#[derive(Default)]
struct Versions {
    /// The webhook's and the operator's.
    installed: Option<Result<Installed, String>>,
    ray: Option<Ray>,
}

struct Ray {
    cluster: ClusterName,
    version: Result<String, Failure>,
}

/// Of this plugin alone.
pub fn client(args: &ClientArgs, ui: &Ui) -> Result<(), Failure> {
    match args.output {
        None => ui.line(&own()),
        Some(format) => print(format, &Versions::default(), ui),
    }
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    if args.client.client {
        return client(&args.client, ui);
    }
    let format = args.client.output;
    if format.is_none() {
        // Known whatever becomes of the rest, which takes longer.
        ui.line(&own())?;
    }
    let versions = Box::pin(ask(args, connection)).await;
    match format {
        None => {
            for line in lines(&versions) {
                ui.line(&line)?;
            }
        }
        Some(format) => print(format, &versions, ui)?,
    }
    match versions.ray {
        Some(ray) => ray.version.map(|_| ()),
        None => Ok(()),
    }
}

async fn ask(args: &Args, connection: &ConnectionFlags) -> Versions {
    let local = connection.address.as_ref().map(|_| ClusterName::local());
    let cluster = args.raycluster.as_ref().or(local.as_ref());
    if connection.address.is_some() {
        // A Ray without Kubernetes has no webhook and no operator.
        let target = cluster.map(|cluster| Target::new(connection, cluster));
        return Versions {
            installed: None,
            ray: ask_ray(cluster, target.transpose(), connection).await,
        };
    }
    let api = match Api::connect(connection) {
        Ok(api) => api,
        Err(error) => {
            let why = in_one(&error);
            return Versions {
                installed: Some(Err(why)),
                ray: ask_ray(cluster, Err(error), connection).await,
            };
        }
    };
    let target = cluster.map(|cluster| {
        let token = OwnToken::of_command(connection);
        Target::through(api.clone(), cluster, token)
    });
    let (installed, ray) = tokio::join!(
        installed::look(&api),
        ask_ray(cluster, Ok(target), connection)
    );
    Versions {
        installed: Some(installed.map_err(|error| in_one(&error))),
        ray,
    }
}

async fn ask_ray(
    cluster: Option<&ClusterName>,
    target: Result<Option<Target>, crate::connect::Error>,
    connection: &ConnectionFlags,
) -> Option<Ray> {
    let cluster = cluster?.clone();
    let version = match target {
        Err(error) => Err(error.into()),
        Ok(target) => {
            let mut client = Client::new(target?, connection.request_timeout.0, AGENT);
            match ray_version(&mut client).await {
                Ok(Some(version)) => Ok(version.to_string()),
                Ok(None) => Err(Failure::Failed(format!(
                    "{} does not tell its version",
                    client.dial().describe()
                ))),
                Err(error) => Err(error.into()),
            }
        }
    };
    Some(Ray { cluster, version })
}

fn own() -> String {
    format!("Client: {}", env!("CARGO_PKG_VERSION"))
}

fn lines(versions: &Versions) -> Vec<String> {
    let mut lines = Vec::new();
    for (what, of) in [("Webhook", WEBHOOK), ("Operator", OPERATOR)] {
        match versions.installed.as_ref().map(|all| all.as_ref().map(of)) {
            None => {}
            Some(Err(why)) => lines.push(format!("{what}: {UNKNOWN}: {why}")),
            Some(Ok(programs)) if programs.is_empty() => {
                lines.push(format!("{what}: no Deployment found"));
            }
            Some(Ok(programs)) => {
                let programs = programs.iter().map(told);
                lines.extend(programs.map(|program| format!("{what}: {program}")));
            }
        }
    }
    if let Some(Ray { cluster, version }) = &versions.ray {
        lines.push(match version {
            Ok(version) => format!("Ray: {version} (raycluster/{cluster})"),
            // Why is the error that follows.
            Err(_) => format!("Ray: {UNKNOWN}"),
        });
    }
    lines
}

/// `1.6.2 (deployment/kuberay-operator in namespace default)`
fn told(program: &Program) -> String {
    let Program {
        name, namespace, ..
    } = program;
    let version = program.version.as_deref().unwrap_or(UNKNOWN);
    let image = match &program.image {
        Some(image) if !program.is_tagged() => format!(", image {image}"),
        _ => String::new(),
    };
    format!("{version} (deployment/{name} in namespace {namespace}{image})")
}

fn print(format: Format, versions: &Versions, ui: &Ui) -> Result<(), Failure> {
    let document = document(versions);
    match format {
        Format::Json => ui.json(&document),
        Format::Yaml => ui.yaml(&document),
    }
}

/// For scripts; described by `schema/version.schema.json`.
fn document(versions: &Versions) -> Value {
    let deployments = |of: Kind| {
        let installed = versions.installed.as_ref()?.as_ref().map(of);
        Some(json!({"deployments": installed.ok(), "message": installed.err()}))
    };
    let ray = versions.ray.as_ref().map(|Ray { cluster, version }| {
        json!({
            "raycluster": cluster.as_str(),
            "version": version.as_ref().ok(),
            "message": version.as_ref().err().map(in_one),
        })
    });
    json!({
        "client": {"version": env!("CARGO_PKG_VERSION")},
        "webhook": deployments(WEBHOOK),
        "operator": deployments(OPERATOR),
        "ray": ray,
    })
}
