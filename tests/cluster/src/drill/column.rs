//! The two columns of the table, and how the chart is installed for each.

use std::fmt;

use anyhow::Result;
use clap::ValueEnum;

use crate::{
    command::run,
    demo::{NAMESPACE, RELEASE},
    progress::{note, step},
    target::Prepared,
};

/// With or without what keeps traffic on pods that answer; the webhook is there in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Column {
    /// KubeRay's own serve service
    Without,
    /// The controller keeps the serve service
    With,
}

impl Column {
    pub(super) const ALL: [Self; 2] = [Self::Without, Self::With];

    fn values(self) -> &'static [&'static str] {
        match self {
            Self::Without => &[
                "--set",
                "serveService.enabled=false,serveService.drain=false",
            ],
            Self::With => &[],
        }
    }

    pub(super) fn heading(self) -> &'static str {
        match self {
            Self::Without => "stock KubeRay",
            Self::With => "with the controller",
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Without => "without",
            Self::With => "with",
        })
    }
}

/// The installed chart, until this is dropped.
pub(super) struct Chart<'a>(&'a Prepared);

impl<'a> Chart<'a> {
    pub(super) fn install(prepared: &'a Prepared, column: Column) -> Result<Self> {
        let chart = Self(prepared);
        install(prepared, column)?;
        Ok(chart)
    }
}

impl Drop for Chart<'_> {
    fn drop(&mut self) {
        if let Err(error) = uninstall(self.0) {
            note(format!("cannot uninstall the chart: {error:#}"));
        }
    }
}

/// Installs the chart anew: what an earlier install left running could be another build.
pub(super) fn install(prepared: &Prepared, column: Column) -> Result<()> {
    uninstall(prepared)?;
    let progress = step(format!("installing the chart ({column} the controller)"));
    let chart = format!("charts/{RELEASE}");
    run(prepared
        .command("helm")
        .args(["install", RELEASE, &chart, "-n", NAMESPACE])
        .arg("--create-namespace")
        .args(column.values())
        .args(&prepared.helm_image))?;
    let deployments = ["get", "deployment", "-n", NAMESPACE, "-o", "name"];
    let deployments = run(prepared.command("kubectl").args(deployments))?;
    for deployment in deployments.lines() {
        run(prepared
            .command("kubectl")
            .args(["rollout", "status", "-n", NAMESPACE, deployment])
            .arg("--timeout=180s"))?;
    }
    progress.done();
    Ok(())
}

pub(super) fn uninstall(prepared: &Prepared) -> Result<()> {
    let arguments = ["uninstall", RELEASE, "-n", NAMESPACE];
    run(prepared
        .command("helm")
        .args(arguments)
        .args(["--wait", "--ignore-not-found"]))?;
    Ok(())
}
