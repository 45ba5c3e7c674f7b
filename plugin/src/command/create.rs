//! `create`: a RayCluster that is ready to serve, made without the webhook.

use clap::ValueEnum;
use kuberay::names;
use kuberay::resource::QUALIFIED;
use ray_serve_client::api::version::RayVersion;
use serde_json::Value;

use super::poll;
use super::session::Session;
use crate::check::schema::NEWEST;
use crate::connect::api::Api;
use crate::connect::flags::{ConnectionFlags, Limit, parse_limit};
use crate::connect::image::ray_version;
use crate::connect::new::{NewCluster, Requests, Workers};
use crate::connect::quantity::{Quantity, parse_cpu, parse_memory};
use crate::connect::{ClusterName, SUBMIT, raycluster};
use crate::error::Failure;
use crate::output::Ui;

const EXAMPLES: &str = "\
Examples:
  # A cluster of a head and one worker, ready to serve when the command returns
  kubectl ray serve create test-cluster --wait

  # A small one, for a machine with little room
  kubectl ray serve create test-cluster --cpu 1 --memory 2Gi --requests cpu=200m,memory=1Gi --workers 0

  # GPUs on the workers, and Ray's autoscaler adds as many as needed
  kubectl ray serve create gpu-cluster --image rayproject/ray:2.60.0-gpu --cpu 8 --memory 32Gi --gpu 1 --autoscale --max-workers 4

  # For git, or to add what has no flag
  kubectl ray serve create test-cluster --dry-run=client -o yaml > raycluster.yaml

Delete the cluster with kubectl delete raycluster test-cluster.";

const IMAGES: &str = "rayproject/ray";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the new RayCluster
    #[arg(value_name = "CLUSTER", value_parser = parse_name)]
    raycluster: ClusterName,
    /// Version of Ray, such as 2.60.0; by default that of the image's tag, or the newest this plugin knows
    #[arg(long, value_name = "VERSION")]
    ray_version: Option<RayVersion>,
    /// Image with Ray, for the head and the workers; by default rayproject/ray of that version
    #[arg(long)]
    image: Option<String>,
    /// CPUs of the head and of each worker
    #[arg(long, default_value = "2", value_parser = parse_cpu)]
    cpu: Quantity,
    /// Memory of the head and of each worker
    #[arg(long, default_value = "4Gi", value_parser = parse_memory)]
    memory: Quantity,
    /// Resource requests, such as cpu=200m,memory=1Gi, if they are to be lower than the limits
    #[arg(long, value_name = "RESOURCE=AMOUNT", value_parser = parse_requests)]
    requests: Option<Requests>,
    /// GPUs of each worker
    #[arg(long, default_value_t = 0)]
    gpu: u32,
    /// Workers to start with
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    workers: u32,
    /// Lower limit for the number of workers
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    min_workers: u32,
    /// Upper limit for the number of workers; by default 5, or --workers if that is more
    #[arg(long, value_name = "COUNT")]
    max_workers: Option<u32>,
    /// Let Ray's autoscaler choose the number of workers
    #[arg(long)]
    autoscale: bool,
    /// Only print what would be created (client), let the API server check it without keeping it (server), or create it (none)
    #[arg(
        long,
        value_enum,
        value_name = "MODE",
        default_value_t,
        default_missing_value = "client",
        num_args = 0..=1,
        require_equals = true
    )]
    dry_run: DryRunBy,
    /// Print the RayCluster
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
    /// Wait until the head answers
    #[arg(long)]
    wait: bool,
    /// How long --wait waits, such as 90s or 10m; 0 waits forever
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse_limit)]
    timeout: Limit,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum DryRunBy {
    #[default]
    None,
    Client,
    Server,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Yaml,
    Json,
    Name,
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    if connection.address.is_some() {
        return Err(Failure::Usage(
            "create makes an object in Kubernetes: it cannot go through --address".to_owned(),
        ));
    }
    let cluster = new_cluster(args, connection)?;
    tell_version(args, image(args).1, ui);
    let manifest = cluster.manifest();
    if args.dry_run == DryRunBy::Client {
        return print(args, &manifest, ui);
    }
    let api = Api::connect(connection)?;
    let dry_run = args.dry_run == DryRunBy::Server;
    let created = raycluster::create(&api, &args.raycluster, &manifest, dry_run).await?;
    for warning in &created.warnings {
        ui.warning(warning);
    }
    print(args, &created.object, ui)?;
    if args.wait && args.dry_run == DryRunBy::None {
        return wait(args, connection, ui).await;
    }
    Ok(())
}

async fn wait(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let name = &args.raycluster;
    let session = Session::new(connection, name, ui, args.timeout, false)?;
    let mut session = session.patient(true);
    let answered = poll::interruptible(session.look()).await;
    session.progress.clear();
    match answered {
        Ok(_) => {
            let next = session.next();
            let submit = next.serve("submit", &[&name.to_string()], SUBMIT);
            ui.note(&format!("raycluster/{name} is ready to serve: {submit}"));
            Ok(())
        }
        Err(failure) => {
            if matches!(failure, Failure::Interrupted) {
                ui.note(&format!(
                    "Stopped waiting; raycluster/{name} is created and starts."
                ));
            }
            Err(failure)
        }
    }
}

fn print(args: &Args, object: &Value, ui: &Ui) -> Result<(), Failure> {
    let name = format!("{QUALIFIED}/{}", args.raycluster);
    match args.output {
        Some(Format::Yaml) => ui.yaml(object),
        Some(Format::Json) => ui.json(object),
        Some(Format::Name) => ui.line(&name),
        None => ui.line(&match args.dry_run {
            DryRunBy::None => format!("{name} created"),
            DryRunBy::Client => format!("{name} created (dry run)"),
            DryRunBy::Server => format!("{name} created (server dry run)"),
        }),
    }
}

fn new_cluster(args: &Args, connection: &ConnectionFlags) -> Result<NewCluster, Failure> {
    let workers = workers(args)?;
    let requests = args.requests.clone().unwrap_or_default();
    fits("cpu", requests.cpu.as_ref(), &args.cpu)?;
    fits("memory", requests.memory.as_ref(), &args.memory)?;
    let (image, ray_version) = image(args);
    Ok(NewCluster {
        name: args.raycluster.to_string(),
        namespace: connection.namespace.clone(),
        ray_version: ray_version.map(|version| version.to_string()),
        image,
        cpu: args.cpu.clone(),
        memory: args.memory.clone(),
        requests,
        gpu: args.gpu,
        workers,
    })
}

/// The image and the version of Ray in it, which the operator wants to know to probe and to scale.
fn image(args: &Args) -> (String, Option<RayVersion>) {
    match (&args.image, args.ray_version) {
        (Some(image), Some(version)) => (image.clone(), Some(version)),
        (Some(image), None) => (image.clone(), ray_version(image)),
        (None, version) => {
            let version = version.unwrap_or(NEWEST);
            (format!("{IMAGES}:{version}"), Some(version))
        }
    }
}

/// A version that nobody gave is a guess, and so is none.
fn tell_version(args: &Args, version: Option<RayVersion>, ui: &Ui) {
    let Some(image) = args.image.as_ref().filter(|_| args.ray_version.is_none()) else {
        return;
    };
    ui.note(&match version {
        Some(version) => {
            format!("rayVersion {version} is what {image} seems to hold; --ray-version sets another")
        }
        None => format!(
            "rayVersion is left out, as {image} does not say which Ray is in it; --ray-version sets it"
        ),
    });
}

fn workers(args: &Args) -> Result<Workers, Failure> {
    const MOST: u32 = 5;
    let (replicas, min) = (args.workers, args.min_workers);
    let max = args.max_workers.unwrap_or(MOST.max(replicas).max(min));
    if (min..=max).contains(&replicas) {
        return Ok(Workers {
            replicas,
            min,
            max,
            autoscale: args.autoscale,
        });
    }
    Err(Failure::Usage(format!(
        "--workers {replicas} is not between --min-workers {min} and --max-workers {max}"
    )))
}

fn fits(what: &str, request: Option<&Quantity>, limit: &Quantity) -> Result<(), Failure> {
    match request {
        Some(request) if request.value > limit.value => Err(Failure::Usage(format!(
            "--requests {what}={request} is more than --{what} {limit}"
        ))),
        _ => Ok(()),
    }
}

/// `KubeRay` stops without a word at other names.
fn parse_name(text: &str) -> Result<ClusterName, String> {
    let name: ClusterName = text.parse()?;
    match names::fault(&name.to_string()) {
        Some(fault) => Err(fault.to_string()),
        None => Ok(name),
    }
}

fn parse_requests(text: &str) -> Result<Requests, String> {
    let mut requests = Requests::default();
    for entry in text.split(',').filter(|entry| !entry.is_empty()) {
        match entry.split_once('=') {
            Some(("cpu", amount)) => requests.cpu = Some(parse_cpu(amount)?),
            Some(("memory", amount)) => requests.memory = Some(parse_memory(amount)?),
            _ => return Err("expected cpu=AMOUNT,memory=AMOUNT".to_owned()),
        }
    }
    Ok(requests)
}
