//! Where everything lives: the cluster's state in this checkout, built things in the user's cache.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// Directories and files of one checkout's cluster.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The repository.
    pub root: PathBuf,
    /// `target/cluster`: all state, removed by `down --wipe`.
    pub state: PathBuf,
    /// Built once per version for every checkout of this user.
    pub cache: PathBuf,
}

impl Layout {
    pub fn new() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .context("the cluster crate is not two directories below the repository")?
            .to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => root.join(dir),
            None => root.join("target"),
        };
        let cache = match (env::var_os("XDG_CACHE_HOME"), env::var_os("HOME")) {
            (Some(dir), _) if Path::new(&dir).is_absolute() => PathBuf::from(dir),
            (_, Some(home)) => PathBuf::from(home).join(".cache"),
            _ => anyhow::bail!(
                "neither XDG_CACHE_HOME nor HOME is set: set one, built binaries and images go there"
            ),
        };
        Ok(Self {
            root,
            state: target.join("cluster"),
            cache: cache.join("kubectl-ray"),
        })
    }

    /// Of the cluster that runs on this machine, whichever checkout started it.
    pub fn of_running() -> Result<Self> {
        let layout = Self::new()?;
        let marker = layout.marker();
        let state = fs::read_to_string(&marker)
            .with_context(|| format!("no cluster runs here: cannot read {}", marker.display()))?;
        Ok(Self {
            state: state.trim().into(),
            ..layout
        })
    }

    /// Commands of this cluster, as links into the cache; put it first on PATH.
    pub fn bin(&self) -> PathBuf {
        self.state.join("bin")
    }

    pub fn command(&self, name: &str) -> PathBuf {
        self.bin().join(name)
    }

    /// PATH with this cluster's commands first, and the administrator's directories at the end.
    pub fn path(&self) -> OsString {
        let path = env::var_os("PATH").unwrap_or_default();
        let dirs = std::iter::once(self.bin())
            .chain(env::split_paths(&path))
            .chain(["/usr/sbin".into(), "/sbin".into()]);
        env::join_paths(dirs).unwrap_or(path)
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.state.join("kubeconfig")
    }

    /// The kubeconfig of a user without any right, for RBAC tests.
    pub fn kubeconfig_dev(&self) -> PathBuf {
        self.state.join("kubeconfig-dev")
    }

    pub fn pki(&self, name: &str) -> PathBuf {
        self.state.join("pki").join(name)
    }

    pub fn log(&self, component: &str) -> PathBuf {
        self.state.join("log").join(component)
    }

    pub fn pid(&self, component: &str) -> PathBuf {
        self.state.join("pid").join(component)
    }

    /// What containerd and kubelet write: sockets, images, pods, mounts.
    pub fn run(&self, name: &str) -> PathBuf {
        self.state.join("run").join(name)
    }

    pub fn containerd_socket(&self) -> PathBuf {
        self.run("containerd.sock")
    }

    /// The cluster's own configuration files.
    pub fn config(&self, name: &str) -> PathBuf {
        self.state.join("config").join(name)
    }

    pub fn image(&self, name: &str) -> PathBuf {
        self.cache.join("images").join(name)
    }

    /// Names the state directory of the cluster that runs, or died, on this machine: there can be
    /// one, since ports and the pod bridge are the machine's.
    pub fn marker(&self) -> PathBuf {
        self.cache.join("running")
    }

    pub fn create_directories(&self) -> Result<()> {
        for dir in ["pki", "log", "pid", "run", "config/cni", "bin"] {
            create_dir(&self.state.join(dir))?;
        }
        create_dir(&self.cache.join("images"))?;
        create_dir(&self.cache.join("go"))
    }
}

pub fn create_dir(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))
}

pub fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// Makes `link` point to `target`, whatever it was before.
pub fn link(target: &Path, link: &Path) -> Result<()> {
    match fs::remove_file(link) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(e).with_context(|| format!("cannot replace {}", link.display()));
        }
        _ => {}
    }
    std::os::unix::fs::symlink(target, link)
        .with_context(|| format!("cannot link {} to {}", link.display(), target.display()))
}
