use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use super::config_file::{self, CheckFlags};
use crate::cluster::ClusterName;
use crate::cluster::flags::ConnectionFlags;
use crate::error::Failure;
use crate::output::{Side, Ui, unified};
use crate::package::{self, PackageFlags, Packing};
use crate::serve::difference::{Difference, differences};
use crate::serve::plan::Change;
use crate::serve::settings;

const EXAMPLES: &str = "\
Examples:
  # What submitting this file would change
  kubectl ray serve diff test-cluster -f serve_config.yaml

  # The same, side by side
  KUBECTL_EXTERNAL_DIFF=\"diff -y\" kubectl ray serve diff test-cluster -f serve_config.yaml

Applications that the file lacks are shown as removed, and what environment variables are set to is masked.
KUBECTL_EXTERNAL_DIFF names a program that is given two directories to compare, as for kubectl diff.

Exit code: 0 no differences, 1 differences, more than 1 an error.";

/// kubectl's own variable.
const EXTERNAL: &str = "KUBECTL_EXTERNAL_DIFF";
/// Exit codes above this are the program's errors.
const DIFFERENT: i32 = 1;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the RayCluster
    #[arg(value_name = "CLUSTER")]
    raycluster: ClusterName,
    /// Serve config in YAML or JSON; - reads standard input
    #[arg(short, long, value_name = "FILE")]
    filename: PathBuf,
    /// As submit --merge: applications that are not in the file stay
    #[arg(long)]
    merge: bool,
    #[command(flatten)]
    check: CheckFlags,
    #[command(flatten)]
    code: PackageFlags,
    /// Show what environment variables are set to, which may be secret
    #[arg(long)]
    show_env: bool,
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let differences = find(args, connection, ui)
        .await
        .map_err(Failure::instead_of_differences)?;
    if differences.is_empty() {
        return Ok(());
    }
    match external() {
        None => show(args, &differences, ui)?,
        Some(program) => {
            run_external(&program, &differences, ui).map_err(Failure::instead_of_differences)?;
        }
    }
    Err(Failure::Told)
}

async fn find(
    args: &Args,
    connection: &ConnectionFlags,
    ui: &Ui,
) -> Result<Vec<Difference>, Failure> {
    let source = config_file::read(&args.filename, ui)?;
    let uploads_code = args.code.are_given();
    args.check.before(&source, uploads_code, ui)?;
    let mut config = source.config()?;
    // Only zipped, to know what it would be called on the cluster.
    let packing = Packing {
        strict: args.check.is_strict(),
        ..Packing::default()
    };
    package::pack(&mut config, &args.code, &args.filename, packing, ui)?;
    let mut client = super::client(connection, &args.raycluster)?;
    let running = client.applications().await?;
    args.check
        .on(&mut client, &source, uploads_code, ui)
        .await?;
    for ignored in settings::ignored(&config, &running.raw) {
        ui.warning(&format!("{ignored}: a running Serve does not change it"));
    }
    let mut differences = differences(&config, &running.details, args.show_env);
    if args.merge {
        differences.retain(|one| one.change != Change::Removed);
    }
    Ok(differences)
}

fn show(args: &Args, differences: &[Difference], ui: &Ui) -> Result<(), Failure> {
    for Difference {
        application,
        before,
        after,
        ..
    } in differences
    {
        let diff = unified(
            Side {
                name: &format!(
                    "application/{application} on raycluster/{}",
                    args.raycluster
                ),
                text: before,
            },
            Side {
                name: &format!("application/{application} in {}", args.filename.display()),
                text: after,
            },
            ui.style(),
        );
        ui.data(diff.as_bytes())?;
    }
    Ok(())
}

fn external() -> Option<Vec<String>> {
    let line = std::env::var(EXTERNAL).ok()?;
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    (!words.is_empty()).then_some(words)
}

/// Gives the program both sides as directories with a file for each application.
fn run_external(program: &[String], differences: &[Difference], ui: &Ui) -> Result<(), Failure> {
    let name = program.join(" ");
    let failed = |why: &dyn std::fmt::Display| {
        Failure::Failed(format!("{EXTERNAL} \"{name}\" failed: {why}"))
    };
    let (live, merged) = (directory("LIVE-"), directory("MERGED-"));
    let (live, merged) = (
        live.map_err(|error| failed(&error))?,
        merged.map_err(|error| failed(&error))?,
    );
    for one in differences {
        for (side, text) in [(&live, &one.before), (&merged, &one.after)] {
            write(side.path(), &one.application, text).map_err(|error| failed(&error))?;
        }
    }
    let mut words = program.iter().map(OsString::from);
    let output = Command::new(words.next().unwrap_or_default())
        .args(words)
        .args([live.path(), merged.path()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(&error))?;
    ui.data(&output.stdout)?;
    match output.status.code() {
        Some(code) if code <= DIFFERENT => Ok(()),
        _ => Err(failed(&output.status)),
    }
}

fn directory(prefix: &str) -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix(prefix).tempdir()
}

fn write(side: &Path, application: &str, text: &str) -> io::Result<()> {
    // A name is Ray's, and may be a path.
    let file = format!("application.{}.yaml", application.replace(['/', '\\'], "_"));
    if text.is_empty() {
        return Ok(());
    }
    fs::write(side.join(file), text)
}
