//! Kubeconfigs of every shape, held against kubectl: where it asks an API server, the plugin asks the
//! same one as the same user.

mod shapes;

use std::{fs, process::Command};

use e2e::{Recorder, base64, lab_as_it_is};
use serde_json::{Value, json};
use tempfile::TempDir;

struct Lab {
    directory: TempDir,
    server: Recorder,
    kubectl: fn(&str) -> Command,
}

/// Who was asked by whom; nothing where nobody was.
type Seen = Option<Vec<String>>;

#[derive(Debug)]
struct Compared {
    name: String,
    kubectl: Seen,
    plugin: Seen,
    /// By the plugin.
    said: String,
}

impl Compared {
    fn agrees(&self) -> bool {
        self.kubectl == self.plugin
    }

    /// The plugin takes what kubectl refuses.
    fn is_lenient(&self) -> bool {
        self.kubectl.is_none()
    }
}

impl Lab {
    fn new() -> Self {
        let lab = Self {
            directory: TempDir::new().unwrap(),
            server: Recorder::start(),
            kubectl: |program| lab_as_it_is().prepared.command(program),
        };
        lab.write("ca.crt", &lab.server.certificate());
        lab.write("tls.crt", &lab.server.certificate());
        lab.write("tls.key", &lab.server.key());
        lab.write("token", "from-a-file");
        lab.write("token-with-line-end", "from-a-file\n");
        let credential = json!({
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": {"token": "from-a-plugin"},
        });
        // It gives the variable A back as a part of the token.
        let script = credential.to_string().replace("plugin", "plugin-$A$1");
        lab.write("login", &format!("#!/bin/sh\ncat <<END\n{script}\nEND\n"));
        let login = lab.directory.path().join("login");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(login, mode).unwrap();
        lab
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.directory.path().join(name), content).unwrap();
    }

    /// A kubeconfig whose context in use is `main`.
    fn base(&self) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "preferences": {},
            "current-context": "main",
            "clusters": [{"name": "main", "cluster": {
                "server": self.server.url(),
                "certificate-authority-data": base64(&self.server.certificate()),
            }}],
            "contexts": [{"name": "main", "context": {"cluster": "main", "user": "main", "namespace": "team"}}],
            "users": [{"name": "main", "user": {"token": "t0ken"}}],
        })
    }

    fn with_user(&self, user: Value) -> Value {
        let mut config = self.base();
        config["users"][0]["user"] = user;
        config
    }

    fn compare(&self, name: &str, content: &str) -> Compared {
        self.write("config", content);
        self.compare_files(name, &["config"])
    }

    fn compare_files(&self, name: &str, files: &[&str]) -> Compared {
        let paths: Vec<String> = files
            .iter()
            .map(|file| self.directory.path().join(file).display().to_string())
            .collect();
        let run = |program: &str, arguments: &[&str]| {
            let mut command = (self.kubectl)(program);
            command.env("KUBECONFIG", paths.join(":")).args(arguments);
            command.env_remove("KUBERNETES_MASTER");
            let output = command.current_dir("/").output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            (self.server.last(), said)
        };
        let (kubectl, _) = run("kubectl", &["get", "--raw", "/probe"]);
        let limit = "--request-timeout=10s";
        let (plugin, said) = run("kubectl-ray", &["serve", "get", "x", limit]);
        if plugin.is_none() {
            let error = said.split("\nhint: ").next().unwrap_or_default();
            assert_eq!(error.trim_end().lines().count(), 1, "{name}: {said}");
        }
        let compared = Compared {
            name: name.to_owned(),
            kubectl,
            plugin,
            said,
        };
        if !compared.agrees() && !compared.is_lenient() {
            // The table goes on, and is long.
            eprintln!("{compared:#?}\n{}", compared.said);
        }
        compared
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn what_kubectl_takes_is_taken_with_the_same_server_and_user() {
    let lab = Lab::new();
    let mut all = shapes::small(&lab);
    if cluster::test::is_long() {
        all.extend(shapes::whole(&lab));
    }
    let taken = all.iter().filter(|one| one.kubectl.is_some()).count();
    let lenient = all.iter().filter(|one| !one.agrees() && one.is_lenient());
    let lenient: Vec<&str> = lenient.map(|one| one.name.as_str()).collect();
    println!(
        "{} kubeconfigs, {taken} taken by kubectl, {} by the plugin alone:\n{}",
        all.len(),
        lenient.len(),
        lenient.join("\n")
    );
    let wrong: Vec<&Compared> = all
        .iter()
        .filter(|one| !one.agrees() && !one.is_lenient())
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // A table of nothing but refusals would prove nothing.
    assert!(taken > 40, "{taken} of {}", all.len());
}
