//! `validate`, `submit` and `diff` on files that are not simply a Serve config: manifests that hold
//! one, and directories that hold anything.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use fake_ray::{Reply, Server, deploy, state};
use serde_json::{Value, json};

use crate::support::{Run, assert_fails, assert_golden, fixtures, plugin};

fn validate(dir: &Path, arguments: &[&str]) -> Run {
    let mut command = plugin(&["serve", "validate"]);
    command.args(arguments).current_dir(dir);
    command.output().unwrap().into()
}

fn held() -> std::path::PathBuf {
    fixtures().join("serve/held")
}

/// Each finding in a manifest is shown where it is written in it.
#[test]
fn configs_in_manifests_are_checked_where_they_stand() {
    let mut files: Vec<String> = fs::read_dir(held())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let mut told = String::new();
    for file in files {
        let run = validate(&held(), &["-f", &file]);
        assert_eq!(run.code, Some(1), "{file}: {}", run.stderr);
        let _ = writeln!(told, "# {file}\n{}{}", run.stderr, run.stdout);
    }
    assert!(!told.contains("s3cret") && !told.contains("5123"), "{told}");
    assert_golden("validate/held.txt", &told);
}

/// A cluster that takes what is sent, and what it was sent.
fn submitted(dir: &Path, file: &str) -> (Run, Vec<Value>) {
    let mut state = state(&json!({}));
    let server = Server::start(move |request| {
        if request.method == "GET" {
            return Reply::ok(state.clone());
        }
        state = deploy(&state, &request.body);
        Reply::ok("")
    });
    let url = server.url();
    let mut command = plugin(&["serve", "submit", "x", "--address", &url, "-f", file]);
    let run = command.current_dir(dir).output().unwrap().into();
    let sent = server
        .requests()
        .into_iter()
        .filter(|one| one.method == "PUT");
    let sent = sent.map(|one| serde_json::from_str(&one.body).unwrap());
    (run, sent.collect())
}

const SERVICE: &str = "\
apiVersion: ray.io/v1
kind: RayService
metadata: {name: depot}
spec:
  serveConfigV2: |
    applications:
    - {name: depot, import_path: 'depot:app'}
";

#[test]
fn submit_and_diff_take_the_config_of_a_ray_service() {
    let dir = tempfile::tempdir().unwrap();
    let beside = "---\napiVersion: v1\nkind: Service\nmetadata: {name: depot}\n";
    fs::write(dir.path().join("x.yaml"), format!("{SERVICE}{beside}")).unwrap();
    let (run, sent) = submitted(dir.path(), "x.yaml");
    assert_eq!(
        (run.code, run.stderr.as_str(), run.stdout.as_str()),
        (
            Some(0),
            "x.yaml: spec.serveConfigV2 of rayservice/depot is read, and not service/depot\n",
            "application/depot created\n"
        )
    );
    let body = json!({"applications": [{"name": "depot", "import_path": "depot:app"}]});
    assert_eq!(sent, [body]);

    let server = Server::with_state(state(&json!({})));
    let url = server.url();
    let mut command = plugin(&["serve", "diff", "x", "--address", &url, "-f", "x.yaml"]);
    let run: Run = command.current_dir(dir.path()).output().unwrap().into();
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(
        run.stdout.contains("+import_path: depot:app"),
        "{}",
        run.stdout
    );
}

#[test]
fn submit_does_not_choose_between_configs() {
    let dir = tempfile::tempdir().unwrap();
    let two = format!("{SERVICE}---\n{}", SERVICE.replace("depot", "second"));
    fs::write(dir.path().join("two.yaml"), two).unwrap();
    let (run, sent) = submitted(dir.path(), "two.yaml");
    assert_fails(
        &run,
        "two.yaml holds 2 Serve configs where one is expected: \
         spec.serveConfigV2 of rayservice/depot (line 6) and spec.serveConfigV2 of rayservice/second (line 14)",
    );
    assert!(sent.is_empty());
    let both = validate(dir.path(), &["-f", "two.yaml"]);
    assert_eq!(both.code, Some(0), "{}", both.stderr);
    assert_eq!(both.stdout.lines().count(), 2);

    let wrong = SERVICE.replace("import_path", "importPath");
    fs::write(dir.path().join("wrong.yaml"), wrong).unwrap();
    let (run, sent) = submitted(dir.path(), "wrong.yaml");
    assert!(run.stderr.contains("--> wrong.yaml:7:21"), "{}", run.stderr);
    assert!(
        run.stderr.ends_with(
            "error: 2 errors in wrong.yaml, spec.serveConfigV2 of rayservice/depot: nothing was sent\nhint: --validate=ignore sends it as it is\n"
        ),
        "{}",
        run.stderr
    );
    assert!(sent.is_empty());
}

/// What a repository holds beside its Serve configs.
const STRANGERS: &[(&str, &str)] = &[
    (
        "Chart.yaml",
        "apiVersion: v2\nname: shelf\nversion: 0.3.1\n",
    ),
    (
        "values.yaml",
        "workers: [cpu]\napplications: [episode-1, heat-map]\n",
    ),
    (
        "ray/values-prod.yaml",
        "image: ray\napplications:\n- {name: a, import_path: 'm:x'}\n",
    ),
    (
        "more/values.yaml",
        "applications: {fruit: {enabled: true}}\n",
    ),
    (
        ".github/workflows/check.yml",
        "name: check\non: [push]\njobs: {check: {env: {A: '${{ secrets.B }}'}}}\n",
    ),
    (
        "templates/cluster.yaml",
        "kind: RayCluster\nmetadata:\n  name: {{ .Release.Name }}\n  {{- with .Values.x }}\n  {{- end }}\n",
    ),
    (
        "templates/service.yaml",
        "apiVersion: ray.io/v1\nkind: RayService\nmetadata: {name: a}\nspec:\n  serveConfigV2: |\n    {{- toYaml .Values.config | nindent 4 }}\n",
    ),
    (
        "templates/serve_config.yaml",
        "applications:\n{{- range .Values.applications }}\n- import_path: {{ . }}\n{{- end }}\n",
    ),
    ("package.json", "{\"name\": \"x\", \"dependencies\": {}}"),
    (
        "tsconfig.json",
        "{\n  // strict\n  \"compilerOptions\": {\"strict\": true,},\n}\n",
    ),
    ("docker-compose.yml", "services: {web: {image: x}}\n"),
    (
        "mkdocs.yml",
        "site_name: docs\nplugins: [!!python/name:a.b]\n",
    ),
    ("kustomization.yaml", "resources: [a.yaml]\n"),
    (
        "cloud.yaml",
        "AWSTemplateFormatVersion: '2010-09-09'\nResources: {A: !Ref B}\n",
    ),
    ("playbook.yml", "- hosts: all\n  tasks: []\n"),
    (
        "manifest.yml",
        "applications:\n- {name: a, memory: 512M, instances: 2}\n",
    ),
    (
        "argo.yaml",
        "applications:\n- {name: a, namespace: argocd, source: {path: x}}\n",
    ),
    ("empty.yaml", ""),
    ("comment.yaml", "# nothing yet\n"),
    ("two.yaml", "a: 1\n---\nb: 2\n"),
    ("broken.yaml", "a: [\n"),
    ("latin.yaml", "a: \u{e9}\n"),
    (
        "k8s/service.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
    ),
    (
        "k8s/patch.yaml",
        "apiVersion: ray.io/v1\nkind: RayService\nmetadata: {name: a}\nspec: {rayClusterConfig: {}}\n",
    ),
    (
        "k8s/both.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\n",
    ),
];

fn write(dir: &Path, file: &str, text: &str) {
    let path = dir.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn of_a_directory_only_serve_configs_are_judged() {
    let dir = tempfile::tempdir().unwrap();
    for (file, text) in STRANGERS {
        write(dir.path(), file, text);
    }
    let nothing = validate(dir.path(), &["-f", ".", "-R"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(1), ""));
    assert_eq!(
        nothing.stderr,
        "Skipped 25 files that are no Serve configs: 3 Kubernetes manifests, 3 templates, 2 empty files, \
         1 file in neither YAML nor JSON, 16 other files; --verbose names them\n\
         error: nothing was checked in .: no Serve config, but 3 Kubernetes manifests, 3 templates, 2 empty files, \
         1 file in neither YAML nor JSON, 16 other files\n"
    );

    write(
        dir.path(),
        "serve/config.yaml",
        "applications: [{import_path: 'm:x'}]\n",
    );
    write(dir.path(), "serve/service.yaml", SERVICE);
    let all = validate(dir.path(), &["-f", ".", "-R", "-v", "--strict"]);
    assert_eq!(all.code, Some(0), "{}", all.stderr);
    assert_eq!(
        all.stdout,
        "./serve/config.yaml: 1 application, no errors (Ray 2.60.0)\n\
         ./serve/service.yaml, spec.serveConfigV2 of rayservice/depot: 1 application, no errors (Ray 2.60.0)\n"
    );
    assert_eq!(all.stderr.lines().count(), 1, "{}", all.stderr);
    for (file, _) in STRANGERS {
        assert!(
            all.stderr.contains(&format!("./{file}")),
            "{file}: {}",
            all.stderr
        );
    }
    // A file that is named is meant.
    for (file, _) in STRANGERS {
        let run = validate(dir.path(), &["-f", file]);
        assert_eq!(run.code, Some(1), "{file}");
        assert!(run.stderr.starts_with("error: "), "{file}: {}", run.stderr);
        assert!(!run.stderr.contains("delete"), "{file}: {}", run.stderr);
    }
}

#[test]
fn a_broken_serve_config_in_a_directory_is_an_error() {
    for text in [
        "applications:\n- name: a\n import_path: m:x\n",
        "applications: [{name: a, importPath: 'm:x'}]\n",
        "applications: [{name: a}]\n",
        "applications:\n",
        "application: [{import_path: 'm:x'}]\n",
        "import_path: m:x\n",
        "- import_path: m:x\n",
        "http_options: {port: 8000}\n",
        "applications: {a: {import_path: 'm:x'}}\n",
        "applications: [{import_path: 'm:x'}]\n---\napplications: []\n",
        "kind: RayService\nspec:\n  serveConfigV2: |\n a: b\n",
        "apiVersion: ray.io/v1\nkind: RayService\nspec: {serveConfigV2: {applications: []}}\n",
        "apiVersion: ray.io/v1\nkind: RayService\nspec: {serveConfig: {}}\n",
    ] {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "some.yaml", text);
        let run = validate(dir.path(), &["-f", "."]);
        assert_eq!(run.code, Some(1), "{text}");
        assert!(
            run.stdout.ends_with("1 error (Ray 2.60.0)\n") || run.stdout.contains("2 errors"),
            "{text}: {}{}",
            run.stdout,
            run.stderr
        );
        assert!(!run.stderr.contains("Skipped"), "{text}: {}", run.stderr);
    }
}

#[test]
fn each_directory_has_to_hold_something_to_check() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "good/a.yaml", "applications: []\n");
    write(dir.path(), "bad/b.yaml", "a: b\n");
    let run = validate(dir.path(), &["-f", "bad", "-f", "good"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.stdout,
        "good/a.yaml: 0 applications, no errors (Ray 2.60.0)\n"
    );
    assert_eq!(
        run.stderr,
        "Skipped 1 file that is no Serve config: bad/b.yaml\n\
         error: nothing was checked in bad: no Serve config, but 1 other file\n\
         hint: -R also looks into its directories\n"
    );
}
