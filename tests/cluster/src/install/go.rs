//! The cluster's commands, built once per version from published Go modules into the user's cache.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    command::{on_path, run, run_logged},
    layout::{Layout, create_dir, link, write},
    progress::step,
    versions::{CONTAINERD, COREDNS, ETCD, HELM, KUBERNETES},
};

/// How a module's commands are built.
enum Recipe {
    /// `go install package@version`.
    Install,
    /// A module of our own that requires it, because the published one has `replace` lines or is no command.
    Require,
}

/// Commands that come from one module.
struct Source {
    module: &'static str,
    version: String,
    recipe: Recipe,
    tags: &'static str,
    /// The command's name and its package.
    commands: Vec<(&'static str, String)>,
}

const ETCD_MAIN: &str = "etcd";
const KUBERAY_MODULE: &str = "github.com/ray-project/kuberay/ray-operator";
/// The operator's command, as it is linked into `bin`.
pub const OPERATOR: &str = "kuberay-operator";

/// A new component's command is one entry here.
fn sources(kuberay: &str) -> Vec<Source> {
    let kubernetes = |name: &'static str| (name, format!("k8s.io/kubernetes/cmd/{name}"));
    let containerd = |name: &'static str| {
        (
            name,
            format!("github.com/containerd/containerd/v2/cmd/{name}"),
        )
    };
    let install = |module, version: &str, name, package: &str| Source {
        module,
        version: version.into(),
        recipe: Recipe::Install,
        tags: "",
        commands: vec![(name, package.into())],
    };
    vec![
        Source {
            module: "k8s.io/kubernetes",
            version: KUBERNETES.into(),
            recipe: Recipe::Require,
            tags: "",
            commands: [
                "kubectl",
                "kube-apiserver",
                "kube-controller-manager",
                "kube-scheduler",
                "kube-proxy",
                "kubelet",
            ]
            .map(kubernetes)
            .into(),
        },
        Source {
            module: "go.etcd.io/etcd/server/v3",
            version: ETCD.into(),
            recipe: Recipe::Require,
            tags: "",
            commands: vec![(ETCD_MAIN, "go.etcd.io/etcd/server/v3/etcdmain".into())],
        },
        Source {
            module: "github.com/containerd/containerd/v2",
            version: CONTAINERD.into(),
            recipe: Recipe::Require,
            tags: "no_btrfs no_devmapper no_zfs",
            commands: ["containerd", "containerd-shim-runc-v2", "ctr"]
                .map(containerd)
                .into(),
        },
        operator(kuberay),
        install("helm.sh/helm/v3", HELM, "helm", "helm.sh/helm/v3/cmd/helm"),
        install(
            "github.com/coredns/coredns",
            COREDNS,
            "coredns",
            "github.com/coredns/coredns",
        ),
    ]
}

fn operator(version: &str) -> Source {
    Source {
        module: KUBERAY_MODULE,
        version: version.into(),
        recipe: Recipe::Require,
        tags: "",
        commands: vec![(OPERATOR, KUBERAY_MODULE.into())],
    }
}

/// Builds what is missing and links every command into `target/cluster/bin`.
pub fn install(layout: &Layout, kuberay: &str) -> Result<()> {
    let sources = sources(kuberay);
    let total: usize = sources.iter().map(|s| s.commands.len()).sum();
    let mut count = 0;
    for source in &sources {
        for (name, package) in &source.commands {
            count += 1;
            let binary = source.make(layout, name, package, (count, total))?;
            link(&binary, &layout.command(name))?;
        }
    }
    Ok(())
}

/// Builds these operators where they are missing, and leaves the one that is linked alone.
pub fn build_operators(layout: &Layout, versions: &[&str]) -> Result<()> {
    for (position, version) in versions.iter().enumerate() {
        let source = operator(version);
        for (name, package) in &source.commands {
            source.make(layout, name, package, (position + 1, versions.len()))?;
        }
    }
    Ok(())
}

/// The operator's custom resource definitions, as its module publishes them.
pub fn kuberay_crds(layout: &Layout, kuberay: &str) -> Result<PathBuf> {
    let copy = layout
        .cache
        .join("go")
        .join(format!("kuberay-crds-{kuberay}"));
    if !copy.exists() {
        let bases = module_dir(KUBERAY_MODULE, kuberay)?.join("config/crd/bases");
        let partial = copy.with_extension("partial");
        create_dir(&partial)?;
        for entry in
            fs::read_dir(&bases).with_context(|| format!("cannot read {}", bases.display()))?
        {
            let from = entry?.path();
            let name = from.file_name().context("a CRD without a file name")?;
            // Read and write: the module cache's files are read-only, and so would be a copy.
            write(&partial.join(name), fs::read(&from)?)?;
        }
        fs::rename(&partial, &copy)?;
    }
    Ok(copy)
}

impl Source {
    fn dir(&self, layout: &Layout) -> PathBuf {
        let name = self.module.replace('/', "_");
        layout
            .cache
            .join("go")
            .join(format!("{name}@{}", self.version))
    }

    /// The command's binary, built unless it was before.
    fn make(
        &self,
        layout: &Layout,
        name: &str,
        package: &str,
        count: (usize, usize),
    ) -> Result<PathBuf> {
        let binary = self.dir(layout).join(name);
        if !binary.exists() {
            self.build(layout, name, package, &binary, count)?;
        }
        Ok(binary)
    }

    fn build(
        &self,
        layout: &Layout,
        name: &str,
        package: &str,
        binary: &Path,
        (count, total): (usize, usize),
    ) -> Result<()> {
        if !on_path("go") {
            bail!(
                "cannot build {name} {}: Go is missing, install Go 1.26 or later",
                self.version
            );
        }
        let progress = step(format!(
            "building {name} {} from source ({count} of {total})",
            self.version
        ));
        let dir = self.dir(layout);
        create_dir(&dir)?;
        let log = layout.log("go-build");
        let partial = binary.with_extension("partial");
        let flags = format!("-s -w {}", self.stamp());
        match self.recipe {
            Recipe::Install => {
                let bin = tempfile::tempdir_in(&dir)?;
                run_logged(
                    go().env("GOBIN", bin.path())
                        .args(["install", "-trimpath", "-ldflags", &flags])
                        .arg(format!("{package}@v{}", self.version)),
                    &log,
                )?;
                fs::rename(bin.path().join(name), &partial)?;
            }
            Recipe::Require => {
                // One directory for all commands of a module: `go mod tidy` is done once.
                let work = dir.join("build");
                if !work.join("tidy").exists() {
                    self.write_module(&work, &log)?;
                }
                let package = if name == ETCD_MAIN { "." } else { package };
                run_logged(
                    go().current_dir(&work)
                        .env("GOFLAGS", "-mod=mod")
                        .args(["build", "-trimpath", "-ldflags", &flags])
                        .args(["-tags", self.tags])
                        .arg("-o")
                        .arg(&partial)
                        .arg(package),
                    &log,
                )?;
            }
        }
        fs::rename(&partial, binary)
            .with_context(|| format!("cannot write {}", binary.display()))?;
        progress.done();
        Ok(())
    }

    /// A module that requires this one and can build its commands.
    fn write_module(&self, work: &Path, log: &Path) -> Result<()> {
        create_dir(work)?;
        let published = module_dir(self.module, &self.version)?;
        let mut go_mod = format!(
            "module build\n\ngo 1.26\n\nrequire {} v{}\n",
            self.module, self.version
        );
        if self.module == "k8s.io/kubernetes" {
            // Kubernetes replaces its staging modules by directories, which only its own checkout
            // has; each is published too, under v0 with the same minor and patch.
            let staged = fs::read_to_string(published.join("go.mod"))?;
            let version = self.version.trim_start_matches("1.");
            for module in staged
                .lines()
                .filter_map(|line| line.trim().split_once(" => ./staging"))
                .map(|(module, _)| module.trim_start_matches("replace "))
            {
                go_mod += &format!("replace {module} => {module} v0.{version}\n");
            }
        }
        write(&work.join("go.mod"), go_mod)?;
        if self.commands.iter().any(|(name, _)| *name == ETCD_MAIN) {
            write(&work.join("main.go"), ETCD_PROGRAM)?;
        } else {
            let imports: String = self
                .commands
                .iter()
                .map(|(_, package)| format!("import _ \"{package}\"\n"))
                .collect();
            write(
                &work.join("tools.go"),
                format!("//go:build tools\n\npackage build\n\n{imports}"),
            )?;
        }
        if self.module == KUBERAY_MODULE {
            // Its tests need more modules than its command: its own sums are enough, no tidy.
            write(&work.join("go.sum"), fs::read(published.join("go.sum"))?)?;
        } else {
            run_logged(
                go().current_dir(work)
                    .env("GOFLAGS", "-mod=mod")
                    .args(["mod", "tidy"]),
                log,
            )?;
        }
        write(&work.join("tidy"), "")
    }

    /// Kubernetes' commands report the version that the linker wrote into them; the API server's
    /// is what clients and Helm see.
    fn stamp(&self) -> String {
        if self.module != "k8s.io/kubernetes" {
            return String::new();
        }
        let package = "k8s.io/component-base/version";
        let minor = self.version.split('.').nth(1).unwrap_or_default();
        format!(
            "-X {package}.gitVersion=v{} -X {package}.gitMajor=1 -X {package}.gitMinor={minor}",
            self.version
        )
    }
}

/// etcd's server module has no command of its own that can be built outside its repository.
const ETCD_PROGRAM: &str = r#"package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
"#;

fn go() -> Command {
    let mut command = Command::new("go");
    command.env("CGO_ENABLED", "0");
    command
}

/// Where Go keeps a published module, which it downloads if it must.
fn module_dir(module: &str, version: &str) -> Result<PathBuf> {
    let json = run(go().args(["mod", "download", "-json", &format!("{module}@v{version}")]))
        .with_context(|| format!("{module} {version} cannot be downloaded"))?;
    let value: serde_json::Value = serde_json::from_str(&json)?;
    let dir = value["Dir"]
        .as_str()
        .context("`go mod download` names no directory")?;
    Ok(dir.into())
}
