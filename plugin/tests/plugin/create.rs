//! `create`: from flags to a RayCluster, without a cluster and against an API server that refuses.

use fake_ray::{Reply, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::kubernetes::{NAMESPACE, failure, kubeconfig};
use crate::support::{Run, assert_fails, assert_golden, run};

fn dry_run(flags: &[&str]) -> Run {
    let create = ["serve", "create", "test-cluster", "--dry-run=client"];
    run(&[&create, flags].concat())
}

fn create(server: &Server, flags: &[&str]) -> Run {
    let directory = TempDir::new().unwrap();
    let file = kubeconfig(directory.path(), "one", &server.url(), "{token: t}");
    let create = ["serve", "create", "test-cluster", "--kubeconfig", &file];
    run(&[&create, flags].concat())
}

const EVERYTHING: [&str; 21] = [
    "-n",
    "team",
    "--image",
    "registry.example.com:5000/rayproject/ray:2.9.3-py311-gpu",
    "--cpu",
    "8",
    "--memory",
    "32Gi",
    "--requests",
    "cpu=500m,memory=2Gi",
    "--gpu",
    "1",
    "--workers",
    "2",
    "--min-workers",
    "1",
    "--max-workers",
    "4",
    "--autoscale",
    "-o",
    "yaml",
];

#[test]
fn a_cluster_from_no_flags_and_from_all() {
    for (flags, golden) in [
        (&["-o", "yaml"][..], "create/default.yaml"),
        (&EVERYTHING, "create/everything.yaml"),
    ] {
        let run = dry_run(flags);
        assert_eq!(run.code, Some(0), "{golden}: {}", run.stderr);
        assert_golden(golden, &run.stdout);
    }
}

#[test]
fn the_webhook_finds_nothing_to_add() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("cluster.yaml");
    std::fs::write(&file, dry_run(&["-o", "yaml"]).stdout).unwrap();
    let inject = run(&["serve", "inject", "-f", &file.display().to_string()]);
    assert_eq!(inject.code, Some(0), "{}", inject.stderr);
    assert!(
        inject
            .stderr
            .starts_with("raycluster/test-cluster unchanged: already-ready\n"),
        "{}",
        inject.stderr
    );
}

#[test]
fn the_version_of_ray_is_the_image_s() {
    let spec = |flags: &[&str]| -> (Value, Value) {
        let run = dry_run(&[flags, &["-o", "json"]].concat());
        let cluster: Value = serde_json::from_str(&run.stdout).unwrap();
        let image = cluster.pointer("/spec/headGroupSpec/template/spec/containers/0/image");
        (
            cluster["spec"]["rayVersion"].clone(),
            image.unwrap().clone(),
        )
    };
    let cases: [(&[&str], Value, &str); 4] = [
        (
            &["--ray-version", "2.8.0"],
            json!("2.8.0"),
            "rayproject/ray:2.8.0",
        ),
        (
            &["--image", "r.io:5000/rayproject/ray:2.9.3-py310"],
            json!("2.9.3"),
            "r.io:5000/rayproject/ray:2.9.3-py310",
        ),
        (
            &["--image", "r.io:5000/x:0.10.1"],
            json!(null),
            "r.io:5000/x:0.10.1",
        ),
        (
            &["--image", "x:mine", "--ray-version", "2.40.0"],
            json!("2.40.0"),
            "x:mine",
        ),
    ];
    for (flags, version, image) in cases {
        assert_eq!(spec(flags), (version, json!(image)), "{flags:?}");
    }
    for (image, said) in [
        (
            "x:ray-2.49.0",
            "rayVersion 2.49.0 is what x:ray-2.49.0 seems to hold; --ray-version sets another\n",
        ),
        (
            "x:2026.9.1",
            "rayVersion is left out, as x:2026.9.1 does not say which Ray is in it; --ray-version sets it\n",
        ),
    ] {
        assert_eq!(dry_run(&["--image", image]).stderr, said);
        assert_eq!(
            dry_run(&["--image", image, "--ray-version", "2.50.0"]).stderr,
            ""
        );
    }
}

#[test]
fn what_is_created_is_what_the_dry_run_shows() {
    let server = Server::start(|request| Reply::Answer(201, request.body.clone()));
    let created = create(&server, &[]);
    assert_eq!(
        (
            created.code,
            created.stdout.as_str(),
            created.stderr.as_str()
        ),
        (Some(0), "raycluster.ray.io/test-cluster created\n", "")
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        requests[0].path,
        format!(
            "/apis/ray.io/v1/namespaces/{NAMESPACE}/rayclusters?fieldManager=kubectl-ray&fieldValidation=Strict"
        )
    );
    let sent: Value = serde_json::from_str(&requests[0].body).unwrap();
    let shown: Value = serde_json::from_str(&dry_run(&["-o", "json"]).stdout).unwrap();
    assert_eq!(sent, shown);

    let checked = create(&server, &["--dry-run=server"]);
    assert_eq!(
        checked.stdout,
        "raycluster.ray.io/test-cluster created (server dry run)\n"
    );
    assert!(server.requests()[1].path.ends_with("&dryRun=All"));
    assert_eq!(
        dry_run(&["-o", "name"]).stdout,
        "raycluster.ray.io/test-cluster\n"
    );
    assert_eq!(
        dry_run(&[]).stdout,
        "raycluster.ray.io/test-cluster created (dry run)\n"
    );
}

#[test]
fn managed_fields_are_not_for_reading() {
    let server = Server::start(|request| {
        let mut cluster: Value = serde_json::from_str(&request.body).unwrap();
        cluster["metadata"]["managedFields"] = json!([{"manager": "kubectl-ray"}]);
        Reply::Answer(201, cluster.to_string())
    });
    let run = create(&server, &["-o", "yaml"]);
    assert!(run.stdout.contains("rayVersion") && !run.stdout.contains("managedFields"));
}

#[test]
fn refusals_are_one_sentence() {
    let cases = [
        (
            409,
            "rayclusters.ray.io \"test-cluster\" already exists",
            "raycluster/test-cluster exists in namespace team already\nhint: submit to it, or take another name",
        ),
        (
            404,
            "the server could not find the requested resource",
            "this Kubernetes has no RayCluster resource (ray.io/v1)\nhint: install the KubeRay operator first",
        ),
        (
            404,
            "namespaces \"team\" not found",
            "the Kubernetes API server refused to create raycluster/test-cluster in namespace team: namespaces \"team\" not found (404)",
        ),
        (
            403,
            "rayclusters.ray.io is forbidden: User \"u\" cannot create resource \"rayclusters\"",
            "not allowed to create raycluster/test-cluster in namespace team: User \"u\" cannot create resource \"rayclusters\"",
        ),
    ];
    for (code, message, sentence) in cases {
        let server = Server::start(move |_| failure(code, message));
        assert_fails(&create(&server, &["--wait"]), sentence);
    }
}

#[test]
fn what_kuberay_or_kubernetes_would_refuse_later_is_refused_now() {
    let long = "a".repeat(54);
    let cases: [(&[&str], &str); 8] = [
        (&[&long], "54 characters, of which KubeRay takes 53"),
        (&["1a"], "a letter first"),
        (&["a.b"], "expected lower-case letters, digits and -"),
        (
            &["x", "--memory", "4"],
            "4 is 4 bytes; memory has a unit, such as 4Gi",
        ),
        (
            &["x", "--cpu", "2cpu"],
            "expected an amount such as 2, 500m, 1.5 or 4Gi",
        ),
        (
            &["x", "--workers", "6", "--max-workers", "4"],
            "--workers 6 is not between --min-workers 0 and --max-workers 4",
        ),
        (
            &["x", "--requests", "memory=5Gi"],
            "--requests memory=5Gi is more than --memory 4Gi",
        ),
        (&["x", "--address", "h:1"], "cannot go through --address"),
    ];
    for (arguments, said) in cases {
        let run = run(&[&["serve", "create", "--dry-run=client"], arguments].concat());
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}"
        );
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}
