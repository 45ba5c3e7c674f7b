//! `inject`: manifests made ready to serve, without a cluster.

use clap::ValueEnum;
use ray_serve_inject::{Outcome, Reason, Warning};

use super::files::FilesArgs;
use crate::connect::flags::ConnectionFlags;
use crate::error::Failure;
use crate::input::{self, Input};
use crate::manifest::neighbours::{self, Rename};
use crate::manifest::{self, Document, Visited, placeholders};
use crate::output::Ui;

const EXAMPLES: &str = "\
Examples:
  # Make the RayClusters of a file ready to serve where the webhook does not run
  kubectl ray serve inject -f raycluster.yaml | kubectl apply -f -

  # All manifests of a directory and of those in it
  kubectl ray serve inject -f manifests/ -R > injected.yaml

  # What would be changed
  kubectl ray serve inject -f raycluster.yaml -o patch

RayClusters without the annotation ray.io/enable-serve-service: \"true\", and all other objects, are
printed as they were read. A RayCluster inside another object (AppWrapper, ManifestWork) is injected
there. Fields that the API server writes (status, uid, ...) are left out of an injected RayCluster.
The command contacts no cluster, so connection flags have no effect, but for --request-timeout on a URL.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    files: FilesArgs,
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

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    // Everything is read before anything is printed: half of a manifest is not to be applied.
    let mut documents = Vec::new();
    let mut report = Report::default();
    for file in &args.files.filename {
        let is_directory = file.is_directory();
        for input in input::read(file, args.files.recursive, connection).await? {
            match manifest::read(&input.bytes) {
                Ok(read) if is_directory => {
                    let (objects, others): (Vec<_>, Vec<_>) = read.into_iter().partition(is_kept);
                    if !others.is_empty() || objects.is_empty() {
                        report.skip_file(&input.name, "no Kubernetes object");
                    }
                    documents.extend(objects);
                }
                Ok(read) => documents.extend(read),
                Err(error) => report.unreadable(&input, &error, is_directory)?,
            }
        }
    }
    inject_all(&mut documents, &mut report);
    if report.objects == 0 {
        for line in report.last_lines() {
            ui.note(&line);
        }
        return Err(Failure::Failed(
            "no Kubernetes objects are in what -f names".to_owned(),
        ));
    }
    if let Some(wrong) = report.wrong.take() {
        return Err(Failure::Failed(wrong));
    }
    let is_written = |document: &Document| document.text.is_some() && args.output != Format::Json;
    let comments_lost = documents
        .iter()
        .any(|document| document.has_comments && !is_written(document));
    match args.output {
        Format::Yaml => {
            // What was not touched is as somebody else wrote it.
            let mut text = ui.foreign();
            text.push(manifest::to_yaml(&documents).as_bytes())?;
            text.end()?;
        }
        Format::Json => ui.json_text(&manifest::to_json(documents))?,
        Format::Patch => ui.json_text(&report.patches.concat())?,
    }
    for line in report.lines.iter().chain(&report.last_lines()) {
        ui.note(line);
    }
    if comments_lost && args.output != Format::Patch {
        ui.note("Comments are lost where an object was written anew.");
    }
    Ok(())
}

/// Of a directory's documents only what could be a Kubernetes object: kubectl refuses the others.
fn is_kept(document: &Document) -> bool {
    document.object.is_null() || document.object["kind"].is_string()
}

fn inject_all(documents: &mut [Document], report: &mut Report) {
    let mut clusters = Vec::new();
    for document in documents.iter_mut() {
        document.inject(&mut |visited, outcome| {
            report.tell(&visited, outcome);
            if outcome.reason == Reason::Injected || outcome.reason == Reason::AlreadyReady {
                clusters.push((visited.object.clone(), renames(outcome)));
            }
        });
    }
    for document in documents {
        document.for_each_object(&mut |other| {
            for (cluster, renames) in &clusters {
                let name = manifest::name(cluster);
                let by_name: Vec<_> = renames
                    .iter()
                    .map(|(from, to)| Rename { from, to })
                    .collect();
                let said = neighbours::of_renames(cluster, &by_name, other);
                let said = said
                    .into_iter()
                    .chain(neighbours::in_the_way(cluster, other));
                report.warn_all(&name, said);
            }
        });
    }
}

/// Names of head ports, before and after.
fn renames(outcome: &Outcome) -> Vec<(String, &'static str)> {
    let renamed = outcome.warnings.iter().filter_map(|warning| match warning {
        Warning::PortRenamed {
            from: Some(from),
            to,
            ..
        } => Some((from.clone(), *to)),
        _ => None,
    });
    renamed.collect()
}

/// What was done with each object, in the order of the input.
#[derive(Default)]
struct Report {
    lines: Vec<String>,
    patches: Vec<String>,
    /// A RayCluster whose name cannot be one.
    wrong: Option<String>,
    objects: usize,
    /// `RayCluster`s that came to be or were ready.
    ready: usize,
    clusters: usize,
    /// Objects that are none of ours, by kind, in the order of the first of each.
    others: Vec<(String, Vec<String>)>,
    /// Files that were not read as manifests, by reason.
    files: Vec<(String, Vec<String>)>,
}

impl Report {
    fn tell(&mut self, visited: &Visited<'_>, outcome: &Outcome) {
        let object = visited.object;
        let name = match visited.holder {
            Some(holder) => format!("{} in {holder}", manifest::name(object)),
            None => manifest::name(object),
        };
        self.objects += 1;
        if outcome.reason == Reason::NotARayCluster {
            let (kind, _) = name.split_once('/').unwrap_or((&name, ""));
            if !visited.holds_clusters {
                add(&mut self.others, kind.to_owned(), name.clone());
            }
            if let Some(path) = manifest::as_text(object) {
                self.lines.push(format!(
                    "Warning: {name}: {} holds a RayCluster as text, which was not looked at",
                    path.trim_start_matches('.')
                ));
            }
        } else {
            self.clusters += 1;
            let is_ready = matches!(outcome.reason, Reason::Injected | Reason::AlreadyReady);
            self.ready += usize::from(is_ready);
            self.lines.push(match outcome.reason {
                Reason::Injected => format!("{name} injected"),
                reason => format!("{name} unchanged: {reason}"),
            });
        }
        self.warn_all(&name, outcome.warnings.iter().map(ToString::to_string));
        self.warn_all(&name, manifest::advice(object));
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

    fn warn_all(&mut self, name: &str, warnings: impl IntoIterator<Item = String>) {
        let warnings = warnings.into_iter();
        self.lines
            .extend(warnings.map(|warning| format!("Warning: {name}: {warning}")));
    }

    fn skip_file(&mut self, name: &str, reason: &str) {
        add(&mut self.files, reason.to_owned(), name.to_owned());
    }

    /// In a directory, what is not ours need not be readable: templates, workflows, settings.
    fn unreadable(
        &mut self,
        input: &Input,
        error: &manifest::Error,
        is_directory: bool,
    ) -> Result<(), Failure> {
        let name = &input.name;
        let text = String::from_utf8_lossy(&input.bytes);
        if is_directory && text.contains("{{") {
            self.skip_file(name, "a template, render it first");
            return Ok(());
        }
        let is_ours = text
            .lines()
            .any(|line| line.contains("kind") && line.contains("RayCluster"));
        if is_directory && !is_ours {
            self.skip_file(name, "no Kubernetes object");
            return Ok(());
        }
        Err(Failure::Failed(format!(
            "{name} is not a Kubernetes manifest: {error}"
        )))
    }

    /// What was left alone, in one line for each kind, and what it means that nothing was injected.
    fn last_lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .others
            .iter()
            .map(|(kind, names)| match &names[..] {
                [one] => format!("{one} skipped: not a RayCluster"),
                _ => format!("{} of kind {kind} skipped: not RayClusters", names.len()),
            })
            .collect();
        lines.extend(self.files.iter().map(|(reason, names)| match &names[..] {
            [first, second, more @ ..] if !more.is_empty() => {
                format!(
                    "{first}, {second} and {} more skipped: {reason}",
                    more.len()
                )
            }
            names => format!("{} skipped: {reason}", names.join(", ")),
        }));
        if self.clusters == 0 && self.objects > 0 {
            lines.push("Nothing was injected: there is no RayCluster.".to_owned());
        } else if self.ready == 0 && self.objects > 0 {
            lines.push("Nothing was injected.".to_owned());
        }
        lines
    }
}

fn add(groups: &mut Vec<(String, Vec<String>)>, group: String, name: String) {
    match groups.iter_mut().find(|(known, _)| *known == group) {
        Some((_, names)) => names.push(name),
        None => groups.push((group, vec![name])),
    }
}
