//! `inject`: manifests in, manifests out, without Kubernetes.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kubectl_ray::manifest;
use ray_serve_inject::{Reason, Review};
use serde_json::{Value, json};

use crate::support::{Run, fixtures, plugin, run};

const LOST: &str = "Comments are lost where an object was written anew.\n";

pub(crate) fn cases(of: &str) -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(fixtures().join(of))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

pub(crate) fn inject(path: &Path, flags: &[&str]) -> Run {
    let mut arguments = vec!["serve", "inject", "-f", path.to_str().unwrap()];
    arguments.extend(flags);
    run(&arguments)
}

pub(crate) fn inject_text(text: &str, flags: &[&str]) -> Run {
    let mut child = plugin(&["serve", "inject", "-f", "-"])
        .args(flags)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap().into()
}

pub(crate) fn objects(text: &[u8]) -> Vec<Value> {
    let mut objects = Vec::new();
    for mut document in manifest::read(text).unwrap() {
        document.for_each_object(&mut |object| objects.push(object.take()));
    }
    objects
}

pub(crate) fn injected(object: &Value) -> Value {
    let mut object = object.clone();
    let outcome = ray_serve_inject::inject(&Review::create(&object.clone()));
    if outcome.reason == Reason::Injected {
        outcome.apply(&mut object);
        // What the API server writes is not for applying.
        object.as_object_mut().unwrap().shift_remove("status");
        let metadata = object["metadata"].as_object_mut().unwrap();
        for field in [
            "uid",
            "resourceVersion",
            "generation",
            "managedFields",
            "creationTimestamp",
        ] {
            metadata.shift_remove(field);
        }
        let annotations = metadata["annotations"].as_object_mut().unwrap();
        annotations.shift_remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    object
}

// === YAML ===

#[test]
fn what_comes_out_reads_as_what_went_in() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for case in cases("yaml") {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let (input, output) = (case.join("in.yaml"), case.join("out.yaml"));
        let run = inject(&input, &[]);
        assert_eq!(run.code, Some(0), "{name}: {}", run.stderr);
        if update {
            fs::write(&output, &run.stdout).unwrap();
            let read = Value::from(kubectl(&input));
            fs::write(case.join("kubectl.json"), format!("{read:#}\n")).unwrap();
        }
        assert_eq!(run.stdout, fs::read_to_string(&output).unwrap(), "{name}");

        let recorded = fs::read(case.join("kubectl.json")).unwrap();
        let recorded: Vec<Value> = serde_json::from_slice(&recorded).unwrap();
        assert_same(&objects(&fs::read(&input).unwrap()), &recorded, &name);
        let expected: Vec<Value> = recorded.iter().map(injected).collect();
        assert_same(&objects(run.stdout.as_bytes()), &expected, &name);
        if update {
            assert_same(&kubectl(&output), &expected, &name);
        }

        let again = inject(&output, &[]);
        assert_eq!(again.stdout, run.stdout, "{name}: a second run");
        let json = inject(&input, &["-o", "json"]);
        assert_same(&objects(json.stdout.as_bytes()), &expected, &name);
    }
}

/// The objects of a file as kubectl reads them. Removing a label that is not there needs no cluster
/// and changes nothing but that it leaves an empty map of labels.
fn kubectl(file: &Path) -> Vec<Value> {
    let output = Command::new("kubectl")
        .args(["label", "--local", "no-such-label-", "-o", "json", "-f"])
        .arg(file)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {error}", file.display());
    let text = String::from_utf8(output.stdout).unwrap();
    let start = text.find('{').unwrap();
    let objects = serde_json::Deserializer::from_str(&text[start..]).into_iter();
    objects
        .map(|object| {
            let mut object: Value = object.unwrap();
            let metadata = object["metadata"].as_object_mut().unwrap();
            if metadata["labels"] == json!({}) {
                metadata.remove("labels");
            }
            object
        })
        .collect()
}

#[track_caller]
pub(crate) fn assert_same(left: &[Value], right: &[Value], name: &str) {
    let same = left.len() == right.len() && left.iter().zip(right).all(|(a, b)| is_same(a, b));
    let show = |objects: &[Value]| format!("{:#}", Value::from(objects));
    assert!(same, "{name}:\n{}\n{}", show(left), show(right));
}

/// Numbers are equal by value: kubectl writes 1.0 as 1, and has no integers past 64 bits with sign.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => {
            a.as_f64() == b.as_f64()
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let same = |(key, a): (&String, &Value)| b.get(key).is_some_and(|b| is_same(a, b));
            a.len() == b.len() && a.iter().all(same)
        }
        (a, b) => a == b,
    }
}

// === The command ===

pub(crate) const CLUSTER: &str = r#"apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: x, annotations: {ray.io/enable-serve-service: "true"}}
spec: {headGroupSpec: {template: {spec: {containers: [{name: ray-head}]}}}}
"#;
pub(crate) const SERVICE: &str =
    "# ours\nkind: Service\napiVersion: v1\nmetadata: {name: z}   # z\n";

#[test]
fn each_object_is_reported_and_the_rest_keeps_its_comments() {
    let input = format!("{SERVICE}---\n# lost\n{CLUSTER}---\n{SERVICE}");
    let run = inject_text(&input, &[]);
    assert_eq!(run.code, Some(0));
    assert_eq!(
        run.stderr,
        format!("raycluster/x injected\n2 of kind service skipped: not RayClusters\n{LOST}")
    );
    assert!(
        run.stdout
            .starts_with(&format!("{SERVICE}---\napiVersion: ray.io/v1\n"))
    );
    assert!(run.stdout.ends_with(&format!("---\n{SERVICE}")));

    let ready = inject_text(&run.stdout, &[]);
    assert_eq!(ready.stdout, run.stdout);
    assert!(
        ready
            .stderr
            .contains("raycluster/x unchanged: already-ready\n")
    );
    assert!(!ready.stderr.contains(LOST));
}

#[test]
fn comments_lost_without_an_injection_are_said_too() {
    let run = inject_text("{kind: Service} # c\n", &[]);
    assert_eq!(run.stdout, "kind: Service\n");
    assert!(run.stderr.ends_with(LOST), "{}", run.stderr);
}

#[test]
fn json_is_the_object_or_a_list_and_patch_a_line_per_raycluster() {
    let run = inject_text(CLUSTER, &["-o", "json"]);
    let object: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(object["kind"], "RayCluster");
    let ports = &object["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]["ports"];
    assert_eq!(
        ports[0],
        json!({"name": "serve", "containerPort": 8000, "protocol": "TCP"})
    );
    assert_eq!(run.stderr, "raycluster/x injected\n");

    let three = format!(
        "{CLUSTER}---\n{SERVICE}---\nkind: List\nitems: [{{kind: RayCluster, apiVersion: ray.io/v1}}]\n"
    );
    let run = inject_text(&three, &["-o", "json"]);
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    let kinds: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["kind"])
        .collect();
    assert_eq!(list["kind"], "List");
    assert_eq!(kinds, ["RayCluster", "Service", "RayCluster"]);
    assert!(run.stderr.ends_with(LOST), "{}", run.stderr);

    let run = inject_text(&three, &["-o", "patch"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].starts_with(r#"[{"op":"add","#) && lines[1] == "[]",
        "{lines:?}"
    );
    assert!(!run.stderr.contains(LOST));
}

#[test]
fn a_raycluster_inside_another_object_is_injected_there() {
    let inner = "{apiVersion: ray.io/v1, kind: RayCluster, metadata: {name: x, annotations: {ray.io/enable-serve-service: 'true'}}, spec: {headGroupSpec: {template: {spec: {containers: [{name: ray-head}]}}}}}";
    for (holder, path) in [
        (
            format!(
                "kind: AppWrapper\nmetadata: {{name: h}}\nspec: {{components: [{{template: {inner}}}]}}\n"
            ),
            "/spec/components/0/template",
        ),
        (
            format!("kind: Template\nmetadata: {{name: h}}\nobjects: [{inner}]\n"),
            "/objects/0",
        ),
        (
            format!(
                "kind: ManifestWork\nmetadata: {{name: h}}\nspec: {{workload: {{manifests: [{inner}]}}}}\n"
            ),
            "/spec/workload/manifests/0",
        ),
        (
            format!(
                "kind: Object\nmetadata: {{name: h}}\nspec: {{forProvider: {{manifest: {inner}}}}}\n"
            ),
            "/spec/forProvider/manifest",
        ),
    ] {
        let run = inject_text(&holder, &[]);
        let kind = holder
            .lines()
            .next()
            .unwrap()
            .trim_start_matches("kind: ")
            .to_lowercase();
        assert_eq!(run.stderr, format!("raycluster/x in {kind}/h injected\n"));
        let object = &objects(run.stdout.as_bytes())[0];
        let ports = object.pointer(&format!(
            "{path}/spec/headGroupSpec/template/spec/containers/0/ports"
        ));
        assert_eq!(ports.unwrap()[0]["name"], "serve", "{holder}");
        assert!(
            inject_text(&run.stdout, &[])
                .stderr
                .contains("unchanged: already-ready")
        );
    }
    let text = format!(
        "kind: ConfigMap\nmetadata: {{name: m}}\ndata:\n  cluster.yaml: |\n{}",
        CLUSTER
            .lines()
            .map(|line| format!("    {line}\n"))
            .collect::<String>()
    );
    let run = inject_text(&text, &[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), text.as_str()));
    assert_eq!(
        run.stderr,
        "Warning: configmap/m: data.cluster.yaml holds a RayCluster as text, which was not looked at\n\
         configmap/m skipped: not a RayCluster\nNothing was injected: there is no RayCluster.\n"
    );
}

#[test]
fn no_kubernetes_is_asked() {
    let unusable = [
        "--kubeconfig",
        "/nonexistent",
        "--server",
        "https://127.0.0.1:1",
    ];
    let run = inject_text(CLUSTER, &unusable);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (Some(0), "raycluster/x injected\n")
    );
}

/// `rayVersion: 2.10` is a number to everybody, and stays what its author wrote.
#[test]
fn numbers_come_out_as_they_are_spelled() {
    let text = "apiVersion: ray.io/v1\nkind: RayCluster\nmetadata:\n  name: a\n  labels: {version: 1.20}\n  annotations: {ray.io/enable-serve-service: 'true'}\nspec:\n  rayVersion: 2.10\n  headGroupSpec: {rayStartParams: {num-cpus: 1.10}, template: {spec: {containers: [{name: ray-head}]}}}\n";
    let run = inject_text(text, &[]);
    for spelled in ["version: 1.20\n", "rayVersion: 2.10\n", "num-cpus: 1.10\n"] {
        assert!(run.stdout.contains(spelled), "{}", run.stdout);
    }
    let run = inject_text(text, &["-o", "json"]);
    assert!(
        run.stdout.contains("\"rayVersion\": 2.10"),
        "{}",
        run.stdout
    );
}
