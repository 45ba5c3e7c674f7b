use std::path::PathBuf;

use clap::ValueEnum;
use ray_serve_inject::{Outcome, Reason};
use serde_json::Value;

use crate::error::Failure;
use crate::input::{self, Input};
use crate::manifest::{self, Document, placeholders};
use crate::output::Ui;

const EXAMPLES: &str = "\
Examples:
  # Make the RayClusters of a file ready to serve where the webhook does not run
  kubectl ray serve inject -f raycluster.yaml | kubectl apply -f -

  # All manifests of a directory and of those in it
  kubectl ray serve inject -f manifests/ -R > injected.yaml

  # What would be changed
  kubectl ray serve inject -f raycluster.yaml -o patch

RayClusters without the annotation ray.io/enable-serve-service: \"true\" and all other objects come out
as they went in. Nothing is asked of a cluster: connection flags have no effect.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Manifests in YAML or JSON: a file, a directory, or - for standard input; may be repeated
    #[arg(short, long, value_name = "FILE", required = true)]
    filename: Vec<PathBuf>,
    /// Look into the directories of a directory too
    #[arg(short = 'R', long)]
    recursive: bool,
    /// Output format; patch is one JSON Patch per RayCluster, each on a line
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Yaml,
    Json,
    Patch,
}

pub fn run(args: &Args, ui: &Ui) -> Result<(), Failure> {
    // Everything is read before anything is printed: half of a manifest is not to be applied.
    let mut documents = read(args)?;
    let mut report = Report::default();
    let mut comments_lost = false;
    for document in &mut documents {
        document.inject(&mut |object, outcome| report.tell(object, outcome));
        let is_kept = document.text.is_some() && args.output != Format::Json;
        comments_lost |= document.has_comments && !is_kept;
    }
    if report.lines.is_empty() {
        return Err(Failure::Failed(
            "no Kubernetes objects are in what -f names".to_owned(),
        ));
    }
    if let Some(wrong) = report.wrong {
        return Err(Failure::Failed(wrong));
    }
    match args.output {
        Format::Yaml => ui.data(manifest::to_yaml(&documents).as_bytes())?,
        Format::Json => ui.data(manifest::to_json(documents).as_bytes())?,
        Format::Patch => ui.data(report.patches.concat().as_bytes())?,
    }
    for line in &report.lines {
        ui.note(line);
    }
    if comments_lost && args.output != Format::Patch {
        ui.note("Comments are lost where an object was written anew.");
    }
    Ok(())
}

fn read(args: &Args) -> Result<Vec<Document>, Failure> {
    let mut documents = Vec::new();
    for path in &args.filename {
        for file in input::files(path, args.recursive)? {
            let Input { name, bytes } = Input::read(&file)?;
            let read = manifest::read(&bytes).map_err(|error| {
                Failure::Failed(format!("{name} is not a Kubernetes manifest: {error}"))
            })?;
            documents.extend(read);
        }
    }
    Ok(documents)
}

/// What was done with each object, in the order of the input.
#[derive(Default)]
struct Report {
    lines: Vec<String>,
    patches: Vec<String>,
    /// A RayCluster whose name cannot be one.
    wrong: Option<String>,
}

impl Report {
    fn tell(&mut self, object: &Value, outcome: &Outcome) {
        let name = manifest::name(object);
        self.lines.push(match outcome.reason {
            Reason::Injected => format!("{name} injected"),
            Reason::NotARayCluster => format!("{name} skipped: not a RayCluster"),
            reason => format!("{name} unchanged: {reason}"),
        });
        for warning in &outcome.warnings {
            self.lines.push(format!("Warning: {name}: {warning}"));
        }
        if outcome.reason != Reason::NotARayCluster {
            let wrong = placeholders::wrong_name(object);
            let wrong = wrong.map(|problem| format!("{name}: {problem}"));
            self.wrong = self.wrong.take().or(wrong);
            for remark in placeholders::remarks(object) {
                self.lines.push(format!("Warning: {name}: {remark}"));
            }
            let patch = serde_json::to_string(&outcome.patch);
            let patch = patch.unwrap_or_else(|error| unreachable!("a patch is JSON: {error}"));
            self.patches.push(patch + "\n");
        }
    }
}
