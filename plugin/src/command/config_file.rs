//! The Serve config that a command reads and sends, and what is checked of it before.

use std::path::PathBuf;

use clap::ValueEnum;
use ray_serve_client::ServeConfig;

use super::files::FilesArgs;
use super::skipped::Skipped;
use super::validate::count;
use crate::check::contents::Contents;
use crate::check::schema::NEWEST;
use crate::check::source::Source;
use crate::check::validate::{Findings, Target, between, check};
use crate::connect::client::{Client, ray_version};
use crate::connect::flags::ConnectionFlags;
use crate::error::Failure;
use crate::hint;
use crate::input::{self, FileName};
use crate::output::Ui;
use crate::package::{self, Directories, PackageFlags, Packages, Packing};

/// A Serve config that is ready to be sent, as far as that is known without its cluster.
pub struct Ready {
    pub sources: Vec<Source>,
    /// The applications of all sources, with the names that their code will have on the cluster.
    pub config: ServeConfig,
    pub packages: Packages,
}

impl Ready {
    /// The file that an application is in, or all files for one that is in none and so is removed.
    pub fn files_of(&self, application: &str) -> String {
        let names = |source: &&Source| {
            let config = source.config();
            config.is_ok_and(|config| config.applications().any(|(name, _)| name == application))
        };
        match self.sources.iter().find(names) {
            Some(source) => source.name.clone(),
            None => titles(&self.sources, |source| source.name.clone()),
        }
    }
}

/// Reads the configs of files, checks them for every Ray, joins them and packs their code.
pub async fn prepare(
    files: &FilesArgs,
    connection: &ConnectionFlags,
    check: &CheckFlags,
    code: &PackageFlags,
    lists_files: bool,
    ui: &Ui,
) -> Result<Ready, Failure> {
    let mut sources = Vec::new();
    let mut directories = Directories::default();
    for file in &files.filename {
        for input in read(file, files.recursive, connection, ui).await? {
            let (source, directory) = input;
            if let Ok(config) = source.config() {
                for (application, _) in config.applications() {
                    directories.put(application, directory.as_deref());
                }
            }
            sources.push(source);
        }
    }
    check.before(&sources, code.are_given(), ui)?;
    let mut config = join(&sources, ui)?;
    let packing = Packing {
        strict: check.strict,
        lists_files,
    };
    let packages = package::pack(&mut config, code, &directories, packing, ui)?;
    Ok(Ready {
        sources,
        config,
        packages,
    })
}

/// The configs that `file` stands for, each with the directory that its paths lead from; names what
/// else is there.
async fn read(
    file: &FileName,
    recursive: bool,
    connection: &ConnectionFlags,
    ui: &Ui,
) -> Result<Vec<(Source, Option<PathBuf>)>, Failure> {
    let Found { contents, skipped } = find(file, recursive, connection).await?;
    if contents.is_empty() {
        return Err(Failure::Failed(format!(
            "no Serve config is in {file}, but {}",
            skipped.kinds()
        ))
        .with_hint_if(hint::deeper(recursive)));
    }
    let mut configs = Vec::new();
    for (contents, directory) in contents {
        let (source, others) = contents.one()?;
        if !file.is_directory() {
            tell_others(std::slice::from_ref(&source), &others, ui);
        }
        configs.push((source, directory));
    }
    if let Some(line) = skipped.line(true) {
        ui.note(&line);
    }
    Ok(configs)
}

/// What is in the files that one `-f` stands for.
pub struct Found {
    /// Of each file that is meant, with the directory that its paths lead from.
    pub contents: Vec<(Contents, Option<PathBuf>)>,
    /// Files of a directory that are something else.
    pub skipped: Skipped,
}

/// Reads what `file` stands for: it is meant if it is named, while a directory may hold anything.
pub async fn find(
    file: &FileName,
    recursive: bool,
    connection: &ConnectionFlags,
) -> Result<Found, Failure> {
    let mut found = Found {
        contents: Vec::new(),
        skipped: Skipped::default(),
    };
    for input in input::read(file, recursive, connection).await? {
        let (name, directory) = (input.name.clone(), input.directory.clone());
        let contents = if file.is_directory() {
            Contents::of_found(input)
        } else {
            Ok(Contents::of_named(input))
        };
        match contents {
            Ok(contents) => found.contents.push((contents, directory)),
            Err(stranger) => found.skipped.add(name, stranger),
        }
    }
    Ok(found)
}

/// The one config that all sources make, unless they contradict each other.
fn join(sources: &[Source], ui: &Ui) -> Result<ServeConfig, Failure> {
    let configs: Vec<ServeConfig> = sources
        .iter()
        .map(Source::config)
        .collect::<Result<_, _>>()?;
    let found = between(sources);
    for (source, findings) in sources.iter().zip(&found) {
        ui.findings(source, findings);
    }
    let errors: usize = found.iter().map(Findings::errors).sum();
    let joined = ServeConfig::joined(configs);
    match joined {
        Some(config) if errors == 0 => Ok(config),
        _ => Err(Failure::Failed(format!(
            "{} between files: nothing was sent",
            count(errors, "conflict")
        ))),
    }
}

fn titles(sources: &[Source], title: impl Fn(&Source) -> String) -> String {
    /// Names in one message; nobody reads more.
    const NAMED: usize = 3;
    let named: Vec<String> = sources.iter().take(NAMED).map(title).collect();
    match sources.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {}", named.join(", "), count(more, "other file")),
    }
}

/// One line about what a file holds beside its configs.
pub fn tell_others(configs: &[Source], others: &[String], ui: &Ui) {
    let holders: Vec<&str> = configs.iter().filter_map(Source::holder).collect();
    let [first, ..] = configs else { return };
    if !holders.is_empty() && !others.is_empty() {
        let are = if holders.len() == 1 { "is" } else { "are" };
        ui.note(&format!(
            "{}: {} {are} read, and not {}",
            first.name,
            holders.join(" and "),
            others.join(", ")
        ));
    }
}

/// How a command that sends a config checks it before.
#[derive(Debug, clap::Args)]
pub struct CheckFlags {
    /// Check the Serve config: refuse to send one with errors (strict), only report them (warn), or do not
    /// check it (ignore)
    #[arg(
        long,
        value_enum,
        value_name = "MODE",
        default_value = "strict",
        default_missing_value = "strict",
        num_args = 0..=1,
        require_equals = true
    )]
    validate: Validate,
    /// Also refuse to send a Serve config with warnings, or code with a file that looks like credentials
    #[arg(long, conflicts_with = "no_validate")]
    strict: bool,
    /// The same as --validate=ignore
    #[arg(long, hide = true)]
    no_validate: bool,
}

/// kubectl's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Validate {
    #[value(alias = "true")]
    Strict,
    Warn,
    #[value(alias = "false")]
    Ignore,
}

impl CheckFlags {
    fn mode(&self) -> Validate {
        if self.no_validate {
            Validate::Ignore
        } else {
            self.validate
        }
    }

    /// Before anything is asked of a cluster: what is wrong with the configs for every Ray.
    fn before(&self, sources: &[Source], uploads_code: bool, ui: &Ui) -> Result<(), Failure> {
        // What is only told is told once, for the cluster's Ray.
        if self.mode() != Validate::Strict {
            return Ok(());
        }
        let any = Target {
            ray: None,
            uploads_code,
        };
        self.refuse(sources, |source| check(source, &any).without_warnings(), ui)
    }

    /// For the cluster's Ray; the newest where it does not say which it is.
    pub async fn on(
        &self,
        client: &mut Client,
        sources: &[Source],
        uploads_code: bool,
        ui: &Ui,
    ) -> Result<(), Failure> {
        if self.mode() == Validate::Ignore {
            return Ok(());
        }
        let target = Target {
            ray: Some(ray_version(client).await?.unwrap_or(NEWEST)),
            uploads_code,
        };
        let find = |source: &Source| match check(source, &target) {
            findings if self.strict => findings.strict(),
            findings => findings,
        };
        self.refuse(sources, find, ui)
    }

    fn refuse(
        &self,
        sources: &[Source],
        find: impl Fn(&Source) -> Findings,
        ui: &Ui,
    ) -> Result<(), Failure> {
        let mut wrong = Vec::new();
        for source in sources {
            let findings = find(source);
            ui.findings(source, &findings);
            if findings.errors() > 0 {
                let errors = count(findings.errors(), "error");
                wrong.push(format!("{errors} in {}", source.title()));
            }
        }
        if wrong.is_empty() || self.mode() == Validate::Warn {
            return Ok(());
        }
        let strict = if self.strict { " (--strict)" } else { "" };
        let can_be_sent = sources.iter().all(|source| source.config().is_ok());
        let anyway = can_be_sent.then(|| "--validate=ignore sends it as it is".to_owned());
        Err(
            Failure::Failed(format!("{}{strict}: nothing was sent", wrong.join(", ")))
                .with_hint_if(anyway),
        )
    }
}
