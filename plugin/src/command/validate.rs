//! `validate`: mistakes in Serve configs, found without a cluster.

use ray_serve_client::api::version::RayVersion;

use super::config_file::{Found, find, tell_others};
use super::files::FilesArgs;
use super::skipped::Skipped;
use crate::check::schema::{NEWEST, OLDEST};
use crate::check::source::Source;
use crate::check::validate::{Findings, Target, between, check};
use crate::connect::flags::ConnectionFlags;
use crate::error::Failure;
use crate::hint;
use crate::input::FileName;
use crate::output::Ui;

const EXAMPLES: &str = "\
Examples:
  # Look for mistakes in a Serve config before it is submitted
  kubectl ray serve validate -f serve_config.yaml

  # For the Ray of an older cluster
  kubectl ray serve validate -f serve_config.yaml --ray-version 2.9.0

  # All configs of a directory, in CI: warnings fail too
  kubectl ray serve validate -f configs/ -R --strict

The command also checks the serveConfigV2 of a RayService and Serve configs in a ConfigMap. In a
directory it checks the Serve configs, and names the files that it skips in one line. Files that are
named one by one are also checked against each other, as submit joins them: an application name or a
route that two of them have is an error. The command contacts no cluster, so connection flags have no
effect, but for --request-timeout on a URL; submit checks the same for the Ray of its cluster.

Exit code: 0 without errors, 1 with errors or when there was nothing to check, 2 for wrong usage.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    files: FilesArgs,
    /// Version of Ray to check for; by default the newest this plugin knows
    #[arg(long, value_name = "VERSION", default_value_t = NEWEST)]
    ray_version: RayVersion,
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
    /// Name all skipped files, however many; -v does the same here, where there is nothing to trace
    #[arg(long)]
    verbose: bool,
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let mut sound = true;
    let mut skipped = Skipped::default();
    let mut unchecked = Vec::new();
    let mut named = Vec::new();
    for file in &args.files.filename {
        let here = look(args, file, connection, ui).await?;
        sound &= here.sound;
        if here.configs.is_empty() {
            unchecked.push(format!(
                "nothing was checked in {file}: no Serve config, but {}",
                here.skipped.kinds()
            ));
        }
        skipped.append(here.skipped);
        // A directory may hold the configs of many clusters, and a file too.
        if let (false, [_]) = (file.is_directory(), &here.configs[..]) {
            named.extend(here.configs);
        }
    }
    for (source, findings) in named.iter().zip(between(&named)) {
        ui.findings(source, &findings);
        sound &= findings.errors() == 0;
    }
    if let Some(line) = skipped.line(args.verbose || connection.verbosity > 0) {
        ui.note(&line);
    }
    if args.ray_version < OLDEST {
        ui.note(&format!(
            "Ray {} is older than the oldest this plugin knows, {OLDEST}.",
            args.ray_version
        ));
    }
    for problem in &unchecked {
        ui.error(problem);
        ui.hint(hint::deeper(args.files.recursive).as_deref());
    }
    if sound && unchecked.is_empty() {
        Ok(())
    } else {
        Err(Failure::Told)
    }
}

/// What came of one file or directory.
struct Looked {
    configs: Vec<Source>,
    sound: bool,
    skipped: Skipped,
}

async fn look(
    args: &Args,
    file: &FileName,
    connection: &ConnectionFlags,
    ui: &Ui,
) -> Result<Looked, Failure> {
    let Found { contents, skipped } = find(file, args.files.recursive, connection).await?;
    let mut looked = Looked {
        configs: Vec::new(),
        sound: true,
        skipped,
    };
    for (contents, _) in contents {
        for source in &contents.configs {
            looked.sound &= judge(args, source, ui)?;
        }
        if !file.is_directory() {
            tell_others(&contents.configs, &contents.others, ui);
        }
        looked.configs.extend(contents.configs);
    }
    Ok(looked)
}

/// Shows what is wrong with a config, and tells whether it may be sent.
fn judge(args: &Args, source: &Source, ui: &Ui) -> Result<bool, Failure> {
    let target = Target {
        ray: Some(args.ray_version),
        uploads_code: false,
    };
    let findings = check(source, &target);
    let findings = if args.strict {
        findings.strict()
    } else {
        findings
    };
    ui.findings(source, &findings);
    ui.line(&result(source, &findings, args.ray_version))?;
    Ok(findings.errors() == 0)
}

fn result(source: &Source, findings: &Findings, ray: RayVersion) -> String {
    let name = source.title();
    let found = summary(findings);
    match applications(source) {
        Some(applications) => format!("{name}: {applications}, {found} (Ray {ray})"),
        None => format!("{name}: {found} (Ray {ray})"),
    }
}

fn applications(source: &Source) -> Option<String> {
    let body = source.body.as_ref().ok()?;
    let applications = body.get("applications")?.as_array()?;
    Some(count(applications.len(), "application"))
}

/// `no errors`, `2 errors, 1 warning`
fn summary(findings: &Findings) -> String {
    let errors = match findings.errors() {
        0 => "no errors".to_owned(),
        errors => count(errors, "error"),
    };
    match findings.warnings() {
        0 => errors,
        warnings => format!("{errors}, {}", count(warnings, "warning")),
    }
}

pub fn count(number: usize, of: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {of}{s}")
}
