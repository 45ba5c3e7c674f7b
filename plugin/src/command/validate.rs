use std::path::PathBuf;

use serde_json::Value;

use crate::error::Failure;
use crate::input;
use crate::output::Ui;
use crate::serve::Client;
use crate::serve::config::{self, Error};
use crate::serve::schema::{NEWEST, OLDEST};
use crate::serve::source::Source;
use crate::serve::validate::{Findings, Target, check};
use crate::serve::version::RayVersion;
use crate::yaml::kubernetes;

const EXAMPLES: &str = "\
Examples:
  # Look for mistakes in a Serve config before it is submitted
  kubectl ray serve validate -f serve_config.yaml

  # For the Ray of an older cluster
  kubectl ray serve validate -f serve_config.yaml --ray-version 2.9.0

  # All configs of a directory, in CI: warnings fail too
  kubectl ray serve validate -f configs/ -R --strict

Nothing is asked of a cluster: connection flags have no effect. submit checks the same against the
Ray of its cluster.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Serve configs in YAML or JSON: a file, a directory, or - for standard input; may be repeated
    #[arg(short, long, value_name = "FILE", required = true)]
    filename: Vec<PathBuf>,
    /// Look into the directories of a directory too
    #[arg(short = 'R', long)]
    recursive: bool,
    /// The version of Ray to check for, by default the newest this plugin knows
    #[arg(long, value_name = "VERSION", default_value_t = NEWEST)]
    ray_version: RayVersion,
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
}

pub fn run(args: &Args, ui: &Ui) -> Result<(), Failure> {
    let mut sound = true;
    for path in &args.filename {
        let is_directory = path.is_dir();
        for file in input::files(path, args.recursive)? {
            let source = Source::read(&file)?;
            if is_directory && let Some(kind) = kubernetes_kind(&source) {
                ui.note(&format!("{} skipped: a Kubernetes {kind}", source.name));
                continue;
            }
            let findings = check(
                &source,
                &Target {
                    ray: Some(args.ray_version),
                    uploads_code: false,
                },
            );
            let findings = if args.strict {
                findings.strict()
            } else {
                findings
            };
            sound &= findings.errors() == 0;
            ui.findings(&source, &findings);
            ui.line(&result(&source, &findings, args.ray_version))?;
        }
    }
    if args.ray_version < OLDEST {
        ui.note(&format!(
            "Ray {} is older than the oldest this plugin knows, {OLDEST}.",
            args.ray_version
        ));
    }
    if sound { Ok(()) } else { Err(Failure::Told) }
}

/// Directories hold other manifests too, which are not asked about.
fn kubernetes_kind(source: &Source) -> Option<String> {
    let kind = |body: &Value| match config::top(body) {
        Err(Error::KubernetesObject(kind)) => Some(kind),
        _ => None,
    };
    if let Ok(body) = &source.body {
        return kind(body);
    }
    // A manifest may be several documents, which a Serve config is not.
    let documents = kubernetes::documents(&source.text).ok()?;
    documents.iter().find_map(|document| kind(&document.value))
}

fn result(source: &Source, findings: &Findings, ray: RayVersion) -> String {
    let name = &source.name;
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

fn count(number: usize, of: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {of}{s}")
}

/// How a command that sends a config checks it before.
#[derive(Debug, clap::Args)]
pub struct CheckFlags {
    /// Send nothing when there is so much as a warning about the Serve config, or a file in the
    /// uploaded code that looks like credentials
    #[arg(long, conflicts_with = "no_validate")]
    strict: bool,
    /// Send the Serve config as it is, whatever is wrong with it
    #[arg(long)]
    no_validate: bool,
}

impl CheckFlags {
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// Before anything is asked of a cluster: what is wrong with the config for every Ray.
    pub fn before(&self, source: &Source, uploads_code: bool, ui: &Ui) -> Result<(), Failure> {
        if self.no_validate {
            return Ok(());
        }
        let any = Target {
            ray: None,
            uploads_code,
        };
        self.refuse(source, &check(source, &any).without_warnings(), ui)
    }

    /// For the cluster's Ray; the newest where it does not say which it is.
    pub async fn on(
        &self,
        client: &mut Client,
        source: &Source,
        uploads_code: bool,
        ui: &Ui,
    ) -> Result<(), Failure> {
        if self.no_validate {
            return Ok(());
        }
        let target = Target {
            ray: Some(client.ray_version().await?.unwrap_or(NEWEST)),
            uploads_code,
        };
        let findings = check(source, &target);
        let findings = if self.strict {
            findings.strict()
        } else {
            findings
        };
        self.refuse(source, &findings, ui)
    }

    fn refuse(&self, source: &Source, findings: &Findings, ui: &Ui) -> Result<(), Failure> {
        ui.findings(source, findings);
        if findings.errors() == 0 {
            return Ok(());
        }
        let strict = if self.strict { " (--strict)" } else { "" };
        let anyway = match source.config() {
            Ok(_) => "; --no-validate sends it as it is",
            Err(_) => "",
        };
        Err(Failure::Failed(format!(
            "{} in {}{strict}: nothing was sent{anyway}",
            count(findings.errors(), "error"),
            source.name
        )))
    }
}
