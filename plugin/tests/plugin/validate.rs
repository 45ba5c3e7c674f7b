//! `validate`: mistakes and what is said of them, and configs that have none.

use std::fmt::Write as _;
use std::fs;

use kubectl_ray::check::contents::Contents;
use kubectl_ray::check::validate::{Severity, Target, check};
use kubectl_ray::input::Input;
use kubectl_ray::yaml;

use fake_ray::{Reply, Server, deploy, state};
use serde_json::json;

use crate::support::{Run, assert_fails, assert_golden, fixtures, plugin, recorded, submit};

fn findings(text: &str, ray: &str) -> Vec<String> {
    let input = Input {
        name: "x".to_owned(),
        bytes: text.as_bytes().to_vec(),
        directory: None,
    };
    let (source, _) = Contents::of_named(input).one().unwrap();
    let target = Target {
        ray: ray.parse().ok(),
        uploads_code: false,
    };
    let findings = check(&source, &target);
    let lines = findings.iter().map(|finding| {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = finding.place.map_or(String::new(), |place| {
            format!("{}:{} ", place.line, place.column)
        });
        format!("{place}{severity}: {}", finding.message)
    });
    lines.collect()
}

/// One mistake a line, as part of an otherwise sound config.
fn config(line: &str) -> String {
    let (of, rest) = line.split_once(' ').unwrap();
    match of {
        "top" => format!("{rest}\napplications: []\n"),
        "file" => rest.replace("\\n", "\n"),
        "apps" => format!("applications: {rest}\n"),
        "app" => format!("applications: [{{name: a, import_path: 'm:x', {rest}}}]\n"),
        "dep" => format!(
            "applications: [{{name: a, import_path: 'm:x', deployments: [{{name: d, {rest}}}]}}]\n"
        ),
        other => panic!("{other}"),
    }
}

#[test]
fn each_mistake_is_told_in_a_sentence() {
    let cases = fs::read_to_string(fixtures().join("serve/mistakes.txt")).unwrap();
    let (mut told, mut ray) = (String::new(), String::new());
    let mut wrong = Vec::new();
    for line in cases
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(version) = line.strip_prefix("ray ") {
            version.clone_into(&mut ray);
            let _ = writeln!(told, "# Ray {ray}");
            continue;
        }
        let (mistake, is_sound) = match line.strip_suffix(" # sound") {
            Some(sound) => (sound, true),
            None => (line, false),
        };
        let found = findings(&config(mistake), &ray);
        let _ = writeln!(told, "\n{line}");
        for finding in &found {
            let _ = writeln!(told, "    {finding}");
        }
        if found.is_empty() != is_sound {
            wrong.push(format!("{ray}: {line}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_golden("validate/mistakes.txt", &told);
}

/// What a person sees of a file with several mistakes.
#[test]
fn all_findings_are_shown_with_their_lines() {
    let dir = tempfile::tempdir().unwrap();
    let text = "\
defaults: &defaults
  num_replica: 2
applications:
- name: fruit_app
  import_path: fruit.deployment_graph
  route_prefix: fruit/
  runtime_env:
    working_dir: ./src
    env_vars: {TOKEN: s3cret, PORT: 8000}
  deployments:
  - name: MangoStand
    <<: *defaults
    max_concurrent_queries: 5
  - name: PearStand
    <<: *defaults
    autoscaling_config: {min_replicas: 3, max_replicas: 2}
";
    fs::write(dir.path().join("serve_config.yaml"), text).unwrap();
    fs::write(
        dir.path().join("good.yaml"),
        "applications: [{import_path: 'm:x'}]\n",
    )
    .unwrap();
    fs::write(
        dir.path().join("service.yaml"),
        "apiVersion: ray.io/v1\nkind: RayService\n---\napiVersion: v1\nkind: Service\n",
    )
    .unwrap();
    let validate = |arguments: &[&str]| -> Run {
        let mut command = plugin(&["serve", "validate"]);
        command.args(arguments).current_dir(dir.path());
        command.output().unwrap().into()
    };
    let run = validate(&["-f", "serve_config.yaml"]);
    assert_eq!(run.code, Some(1));
    assert_golden(
        "validate/findings.txt",
        &format!("{}{}", run.stderr, run.stdout),
    );
    assert!(!run.stderr.contains("s3cret"));

    let old = validate(&["-f", "good.yaml", "--ray-version", "2.9"]);
    assert_eq!((old.code, old.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        old.stdout,
        "good.yaml: 1 application, no errors (Ray 2.9.0)\n"
    );
    let all = validate(&["-f", "."]);
    assert_eq!(all.code, Some(1));
    assert!(
        all.stderr.ends_with(
            "Skipped 1 file that is no Serve config: ./service.yaml (rayservice/<unnamed> and service/<unnamed>)\n"
        ),
        "{}",
        all.stderr
    );
    assert!(
        all.stdout
            .contains("./good.yaml: 1 application, no errors (Ray 2.60.0)\n")
    );
    let usage = validate(&["-f", "good.yaml", "--ray-version", "new"]);
    assert_eq!(usage.code, Some(2));
    assert!(
        usage.stderr.contains("not a version of Ray"),
        "{}",
        usage.stderr
    );
}

/// submit holds the file against the version that its cluster says it has.
#[test]
fn submit_checks_for_the_ray_of_the_cluster() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.yaml");
    fs::write(
        &file,
        "applications: [{import_path: 'm:x', deployments: [{name: d, max_ongoing_requests: 5}]}]\n",
    )
    .unwrap();
    let submit_to = |version: &'static str, flags: &[&str]| -> (Run, Vec<String>) {
        let mut state = state(&json!({}));
        let server = Server::of_ray(version, move |request| {
            if request.method == "GET" {
                return Reply::ok(state.clone());
            }
            state = deploy(&state, &request.body);
            Reply::ok("")
        });
        let url = server.url();
        let mut command = plugin(&["serve", "submit", "x", "--address", &url, "-f"]);
        let run = command.arg(&file).args(flags).output().unwrap().into();
        (run, server.methods())
    };
    let sent = |methods: &[String]| methods.iter().any(|method| method == "PUT");
    let (new, methods) = submit_to("2.60.0", &["--strict"]);
    assert_eq!((new.code, new.stderr.as_str()), (Some(0), ""));
    assert!(sent(&methods));
    let (old, methods) = submit_to("2.8.0", &[]);
    assert_eq!(old.code, Some(0));
    assert!(
        old.stderr
            .starts_with("warning: \"max_ongoing_requests\" needs Ray 2.10.0"),
        "{}",
        old.stderr
    );
    assert!(sent(&methods));
    let (strict, methods) = submit_to("2.8.0", &["--strict"]);
    assert_eq!((strict.code, strict.stdout.as_str()), (Some(1), ""));
    assert!(
        strict.stderr.contains("(--strict): nothing was sent"),
        "{}",
        strict.stderr
    );
    assert!(!sent(&methods));
    let (unchecked, methods) = submit_to("2.8.0", &["--validate=ignore"]);
    assert_eq!((unchecked.code, unchecked.stderr.as_str()), (Some(0), ""));
    assert!(sent(&methods));
}

/// No false alarm: what the documentation shows is right for the versions it is about.
#[test]
fn configs_of_the_documentation_are_sound() {
    let mut checked = 0;
    for entry in fs::read_dir(fixtures().join("serve/docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let versions = text
            .lines()
            .next()
            .unwrap()
            .strip_prefix("# ray: ")
            .unwrap();
        let json = yaml::parse(&text).unwrap().to_string();
        for ray in versions.split(' ') {
            assert_eq!(
                findings(&text, ray),
                [""; 0],
                "{}: Ray {ray}",
                path.display()
            );
            assert_eq!(
                findings(&json, ray),
                without_shared(&json),
                "{}",
                path.display()
            );
            checked += 1;
        }
    }
    // Each config with each Ray in its first line; one more or less is meant, or a file was not read.
    assert_eq!(checked, 46);
}

/// JSON has no anchors, and so no reason for a field that only carries one.
fn without_shared(json: &str) -> Vec<String> {
    let shared = json.contains("x-deployment");
    let told = "1:2 error: unknown field \"x-deployment\" in the Serve config, which Ray ignores";
    shared.then(|| told.to_owned()).into_iter().collect()
}

/// Ray answers 400 also where it has taken some applications over already.
#[test]
fn a_refusal_in_the_middle_of_the_work_is_told_from_one_before() {
    let (status, body) = recorded("2.60.0", "err_env_var_number");
    let server = Server::start(move |request| match request.method.as_str() {
        "GET" => Reply::ok(state(&json!({}))),
        _ => Reply::Answer(status, body.clone()),
    });
    let config = "applications: [{import_path: 'm:x', runtime_env: {env_vars: {N: 5}}}]";
    let run = submit(&server.url(), config, &["--validate=ignore"]);
    assert_fails(
        &run,
        &format!(
            "the Ray dashboard at {0}/ broke off the deployment at an application it cannot take, and may have taken others: \
             TypeError: runtime_env['env_vars'] must be of type Dict[str, str], but the value 5 is of type <class 'int'>\n\
             hint: see kubectl ray serve get x --address {0}",
            server.url()
        ),
    );
}
