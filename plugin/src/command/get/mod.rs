//! `get`: the applications of one RayCluster, or a line for each RayCluster.

pub mod applications;
pub mod clusters;
mod heads;

use clap::ValueEnum;
use ray_serve_client::Selection;

use crate::connect::ClusterName;
use crate::connect::client::client;
use crate::connect::flags::ConnectionFlags;
use crate::error::Failure;
use crate::output::{Look, Ui};

const EXAMPLES: &str = "\
Examples:
  # The applications of RayCluster test-cluster
  kubectl ray serve get test-cluster

  # One of them, and each change of it
  kubectl ray serve get test-cluster fruit_app --watch

  # Every RayCluster that serves, in all namespaces
  kubectl ray serve get -A

  # Everything Ray knows about the applications, for a script
  kubectl ray serve get test-cluster -o json | jq -r '.applications[].status'

  # Of a Ray without Kubernetes
  kubectl ray serve get --address http://127.0.0.1:8265";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the RayCluster; omit it for one line for each RayCluster annotated
    /// ray.io/enable-serve-service: "true"
    #[arg(value_name = "CLUSTER")]
    raycluster: Option<ClusterName>,
    /// Names of applications (default: all)
    #[arg(value_name = "APP")]
    applications: Vec<String>,
    /// Output format; raw prints Ray's answer byte for byte
    #[arg(
        short,
        long,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        hide_possible_values = false
    )]
    output: Format,
    /// Keep watching; print each row that changes
    #[arg(short, long)]
    watch: bool,
    /// Don't print headers
    #[arg(long)]
    no_headers: bool,
    /// List RayClusters in all namespaces
    #[arg(short = 'A', long, conflicts_with = "raycluster")]
    all_namespaces: bool,
    /// List only RayClusters with these labels, such as team=search,stage!=test
    #[arg(
        short = 'l',
        long,
        value_name = "LABELS",
        conflicts_with = "raycluster"
    )]
    selector: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Table,
    Wide,
    Json,
    Yaml,
    Name,
    Raw,
}

impl Args {
    fn look(&self, ui: &Ui) -> Look {
        Look {
            style: ui.style(),
            no_headers: self.no_headers,
        }
    }

    fn selection(&self, cluster: &ClusterName) -> Selection<'_> {
        Selection::new(cluster, &self.applications)
    }

    /// What clap cannot tell.
    fn check(&self, connection: &ConnectionFlags) -> Result<(), Failure> {
        let usage =
            |problem: &str, hint: &str| Err(Failure::Usage(problem.to_owned()).with_hint(hint));
        if self.watch && !matches!(self.output, Format::Table | Format::Wide) {
            return usage("--watch prints rows", "use it with -o table or -o wide");
        }
        if self.output == Format::Raw && !self.applications.is_empty() {
            return usage(
                "-o raw is Ray's whole answer",
                "leave out the applications, or use -o json",
            );
        }
        let has_address = connection.address.is_some();
        if has_address && (self.all_namespaces || self.selector.is_some()) {
            return usage("--address is one Ray", "leave out -A and -l");
        }
        if self.raycluster.is_none() && !has_address && self.output == Format::Raw {
            return usage("-o raw is one head's answer", "name a RayCluster");
        }
        Ok(())
    }
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    args.check(connection)?;
    let local = connection.address.as_ref().map(|_| ClusterName::local());
    match args.raycluster.as_ref().or(local.as_ref()) {
        None if args.watch => clusters::watch(args, connection, ui).await,
        None => clusters::once(args, connection, ui).await,
        Some(cluster) => {
            let client = client(connection, cluster)?;
            if args.watch {
                applications::watch(args, cluster, client, ui).await
            } else {
                applications::once(args, cluster, client, ui).await
            }
        }
    }
}
