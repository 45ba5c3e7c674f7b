//! The Serve config that a command reads and sends, and what is checked of it before.

use std::path::Path;

use clap::ValueEnum;
use ray_serve_client::ServeConfig;

use super::validate::count;
use crate::check::contents::Contents;
use crate::check::schema::NEWEST;
use crate::check::source::Source;
use crate::check::validate::{Findings, Target, check};
use crate::connect::client::{Client, ray_version};
use crate::error::Failure;
use crate::input::Input;
use crate::output::Ui;
use crate::package::{self, PackageFlags, Packages, Packing};

/// Reads the one config of a file, and names what else is in it.
pub fn read(file: &Path, ui: &Ui) -> Result<Source, Failure> {
    let (source, others) = Contents::of_named(Input::read(file)?).one()?;
    tell_others(std::slice::from_ref(&source), &others, ui);
    Ok(source)
}

/// A Serve config that is ready to be sent, as far as that is known without its cluster.
pub struct Ready {
    pub source: Source,
    /// With the names that its code will have on the cluster.
    pub config: ServeConfig,
    pub packages: Packages,
}

/// Reads a config, checks it for every Ray and packs its code.
pub fn prepare(
    file: &Path,
    check: &CheckFlags,
    code: &PackageFlags,
    lists_files: bool,
    ui: &Ui,
) -> Result<Ready, Failure> {
    let source = read(file, ui)?;
    check.before(&source, code.are_given(), ui)?;
    let mut config = source.config()?;
    let packing = Packing {
        strict: check.strict,
        lists_files,
    };
    let packages = package::pack(&mut config, code, file, packing, ui)?;
    Ok(Ready {
        source,
        config,
        packages,
    })
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
    /// Check the Serve config: refuse to send one with errors (strict), only tell them (warn), or do not
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

    /// Before anything is asked of a cluster: what is wrong with the config for every Ray.
    fn before(&self, source: &Source, uploads_code: bool, ui: &Ui) -> Result<(), Failure> {
        // What is only told is told once, for the cluster's Ray.
        if self.mode() != Validate::Strict {
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
        if self.mode() == Validate::Ignore {
            return Ok(());
        }
        let target = Target {
            ray: Some(ray_version(client).await?.unwrap_or(NEWEST)),
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
        if findings.errors() == 0 || self.mode() == Validate::Warn {
            return Ok(());
        }
        let strict = if self.strict { " (--strict)" } else { "" };
        let anyway = source.config().ok();
        let anyway = anyway.map(|_| "--validate=ignore sends it as it is".to_owned());
        Err(Failure::Failed(format!(
            "{} in {}{strict}: nothing was sent",
            count(findings.errors(), "error"),
            source.title()
        ))
        .with_hint_if(anyway))
    }
}
