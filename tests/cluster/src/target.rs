//! The cluster that `demo` and `test` work on: this project's own, or an existing one.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::{
    command::{on_path, run, succeeds},
    image::webhook,
    install::programs::{self, Profile},
    layout::Layout,
    up,
    versions::{self, Versions},
};

/// Which cluster, as the command line says it.
#[derive(Args, Clone, Debug, Default)]
pub struct Target {
    #[command(flatten)]
    pub versions: Versions,
    /// Use an existing cluster (kind, k3d, minikube) instead; it needs the KubeRay operator
    #[arg(long, value_name = "FILE", conflicts_with = "kuberay")]
    pub kubeconfig: Option<PathBuf>,
    /// The webhook's image on the existing cluster's nodes
    #[arg(long, requires = "kubeconfig", value_name = "REPOSITORY:TAG")]
    pub webhook_image: Option<String>,
}

/// A cluster with both programs built and their images where the nodes find them.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub root: PathBuf,
    pub kubeconfig: PathBuf,
    pub path: OsString,
    pub ray: String,
    /// The operator's version; on an existing cluster, the one that is assumed.
    pub kuberay: String,
    /// What `helm install` needs to be told about the webhook's image; nothing on our own cluster.
    pub helm_image: Vec<String>,
}

// How a prepared cluster reaches the tests' process.
const KUBECONFIG: &str = "CLUSTER_KUBECONFIG";
const RAY: &str = "CLUSTER_RAY";
const KUBERAY: &str = "CLUSTER_KUBERAY";
const HELM_IMAGE: &str = "CLUSTER_HELM_IMAGE";

impl Target {
    pub fn prepare(&self, layout: &Layout) -> Result<Prepared> {
        self.prepare_as(layout, Profile::Tested)
    }

    /// With our own cluster's programs optimised like that.
    pub fn prepare_as(&self, layout: &Layout, profile: Profile) -> Result<Prepared> {
        match &self.kubeconfig {
            None => self.prepare_own(layout, profile),
            Some(kubeconfig) => self.prepare_existing(layout, kubeconfig),
        }
    }

    fn prepare_own(&self, layout: &Layout, profile: Profile) -> Result<Prepared> {
        up::up(layout, &self.versions)?;
        let binary = programs::build(layout, profile)?;
        up::import(layout, &webhook::make(layout, &binary)?)?;
        Ok(Prepared {
            root: layout.root.clone(),
            kubeconfig: layout.kubeconfig(),
            path: layout.path(),
            ray: self.versions.ray.clone(),
            kuberay: self.versions.kuberay.clone(),
            helm_image: Vec::new(),
        })
    }

    fn prepare_existing(&self, layout: &Layout, kubeconfig: &Path) -> Result<Prepared> {
        for tool in ["kubectl", "helm"] {
            ensure!(
                on_path(tool),
                "{tool} is not on PATH: an existing cluster is used with your own kubectl and helm"
            );
        }
        let kubeconfig = kubeconfig
            .canonicalize()
            .with_context(|| format!("cannot read {}", kubeconfig.display()))?;
        let kubectl = |arguments: &[&str]| {
            let mut command = Command::new("kubectl");
            command.args(arguments).env("KUBECONFIG", &kubeconfig);
            command
        };
        run(&mut kubectl(&["version", "--request-timeout=10s"]))
            .context("the existing cluster does not answer")?;
        if !succeeds(&mut kubectl(&["get", "crd", "rayclusters.ray.io"])) {
            bail!(
                "the existing cluster has no RayClusters: install the KubeRay operator first \
                 (helm install kuberay-operator kuberay/kuberay-operator)"
            );
        }
        let Some((repository, tag)) = self
            .webhook_image
            .as_deref()
            .and_then(|image| image.rsplit_once(':'))
        else {
            bail!(
                "say where the nodes find the webhook: build it with the Dockerfile, load it \
                 (kind load docker-image ...) and name it with --webhook-image REPOSITORY:TAG"
            );
        };
        layout.create_directories()?;
        programs::build(layout, Profile::Tested)?;
        Ok(Prepared {
            root: layout.root.clone(),
            kubeconfig,
            path: layout.path(),
            ray: self.versions.ray.clone(),
            kuberay: self.versions.kuberay.clone(),
            helm_image: vec![
                "--set".into(),
                format!("image.repository={repository},image.tag={tag}"),
            ],
        })
    }
}

impl Prepared {
    /// A command that finds this repository's and the cluster's programs, as the cluster's administrator.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .env("PATH", &self.path)
            // Trees are compared as most users see them.
            .env("LC_ALL", "C.UTF-8")
            .env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// Hands this cluster to a child that calls `from_env`.
    pub fn hand_over(&self, command: &mut Command) {
        command
            .env("PATH", &self.path)
            .env(KUBECONFIG, &self.kubeconfig)
            .env(RAY, &self.ray)
            .env(KUBERAY, &self.kuberay)
            .env(HELM_IMAGE, self.helm_image.join(" "));
    }

    /// The cluster that `cargo cluster test` prepared.
    pub fn from_env() -> Result<Self> {
        let layout = Layout::new()?;
        let kubeconfig = env::var_os(KUBECONFIG)
            .context("these tests need a cluster: run them with `cargo cluster test`")?;
        Ok(Self {
            root: layout.root,
            kubeconfig: kubeconfig.into(),
            path: env::var_os("PATH").unwrap_or_default(),
            ray: env::var(RAY).with_context(|| format!("{RAY} is not set"))?,
            kuberay: env::var(KUBERAY).unwrap_or_else(|_| versions::KUBERAY.to_owned()),
            helm_image: env::var(HELM_IMAGE)
                .unwrap_or_default()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
        })
    }
}
