//! What is offered to somebody who types, with a mock API server and a mock dashboard: the answers
//! to kubectl, and the scripts of `completion` in a shell.

use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::process::Command;

use fake_ray::{Reply, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::kubernetes::{NAMESPACE, failure, kubeconfig};
use crate::support::{Run, plugin, run};

const SECRET: &str = "s3cret";

/// What kubectl is answered when the last of `words` is being typed: candidates and directive.
struct Offer {
    candidates: Vec<String>,
    directive: u8,
}

impl Offer {
    fn values(&self) -> Vec<&str> {
        let candidates = self.candidates.iter();
        candidates
            .map(|line| line.split('\t').next().unwrap())
            .collect()
    }
}

fn offer_as(name: &str, words: &[&str]) -> Offer {
    let run: Run = plugin(words)
        .arg0(format!("/somewhere/{name}"))
        .env("RAY_AUTH_TOKEN", SECRET)
        .output()
        .unwrap()
        .into();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{words:?}");
    assert!(!run.stdout.contains(SECRET), "{}", run.stdout);
    let mut candidates: Vec<String> = run.stdout.lines().map(str::to_owned).collect();
    let directive = candidates.pop().unwrap();
    Offer {
        candidates,
        directive: directive.strip_prefix(':').unwrap().parse().unwrap(),
    }
}

fn offer(words: &[&str]) -> Offer {
    offer_as("kubectl_complete-ray", words)
}

fn values(words: &[&str]) -> Vec<String> {
    let offer = offer(words);
    assert_eq!(offer.directive, 4, "no files: {words:?}");
    offer.values().into_iter().map(str::to_owned).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn commands_are_offered_with_what_they_do() {
    let offered = offer(&[""]);
    assert_eq!(
        offered.candidates[0],
        "serve\tDeploy, look at and remove Ray Serve applications on a RayCluster"
    );
    assert_eq!(values(&["serve", "sub"]), ["submit"]);
    assert_eq!(values(&["serve", "nothing"]), NONE);
    assert_eq!(offer(&[]).values(), offered.values());
    let beside_kuberays = offer_as("kubectl_complete-ray-serve", &["sub"]);
    assert_eq!(beside_kuberays.values(), ["submit"]);
    // A command of clap's that the program has not.
    assert!(!values(&["serve", ""]).contains(&"help".to_owned()));
    let offered = offer_as("kubectl_complete-ray-serve", &[""]);
    assert!(!offered.values().contains(&"help"));
}

#[test]
fn flags_are_offered_to_who_begins_one_and_those_that_were_given_not_again() {
    assert_eq!(values(&["serve", "config", "x", "--out"]), ["--output"]);
    assert_eq!(
        values(&["serve", "config", "x", "--names"]),
        ["--namespace"]
    );
    let flags = offer(&["serve", "get", "-"]);
    for flag in ["-o", "-w", "-n", "--no-headers", "--context", "-h"] {
        assert!(flags.values().contains(&flag), "{flag}");
    }
    for line in &flags.candidates {
        assert!(line.contains('\t'), "{line} is not described");
    }
    assert_eq!(values(&["serve", "get", "-o", "json", "--out"]), NONE);
    assert_eq!(values(&["serve", "-n", "a", "get", "--namesp"]), NONE);
    let again = ["serve", "get", "--as-group", "a", "--as-gr"];
    assert_eq!(values(&again), ["--as-group"]);
    // What does not go together is not offered either.
    assert_eq!(values(&["serve", "get", "x", "--all"]), NONE);
    assert_eq!(values(&["serve", "get", "--all"]), ["--all-namespaces"]);
}

#[test]
fn values_are_offered_in_each_way_to_write_them() {
    let formats = ["table", "wide", "json", "yaml", "name", "raw"];
    assert_eq!(values(&["serve", "get", "-o", ""]), formats);
    assert_eq!(values(&["serve", "get", "x", "-w", "-o", "y"]), ["yaml"]);
    assert_eq!(values(&["serve", "get", "--output=y"]), ["yaml"]);
    assert_eq!(values(&["serve", "get", "-o=y"]), ["yaml"]);
    assert_eq!(values(&["serve", "get", "-oy"]), ["-oyaml"]);
    let modes = ["none", "client"];
    assert_eq!(values(&["serve", "submit", "x", "--dry-run="]), modes);
    // Its value never is a word of its own.
    assert_eq!(values(&["serve", "submit", "x", "--dry-run", ""]), NONE);
    let shells = ["bash", "zsh", "fish", "powershell"];
    assert_eq!(values(&["completion", ""]), shells);
}

#[test]
fn the_shell_is_left_to_complete_paths() {
    for (words, candidates, directive) in [
        (&["serve", "submit", "x", "-f", ""][..], "json yaml yml", 8),
        (
            &["serve", "submit", "x", "--filename=a"],
            "json yaml yml",
            8,
        ),
        (&["serve", "submit", "x", "--working-dir", ""], "", 0),
        (&["serve", "submit", "x", "--py-modules", ""], "", 0),
        (&["serve", "get", "x", "--kubeconfig", ""], "", 0),
    ] {
        let offered = offer(words);
        assert_eq!(offered.values().join(" "), candidates, "{words:?}");
        assert_eq!(offered.directive, directive, "{words:?}");
    }
}

fn raycluster(name: &str, annotation: &str) -> Value {
    let annotations = json!({"ray.io/enable-serve-service": annotation});
    json!({"metadata": {"name": name, "annotations": annotations}, "spec": {"rayVersion": "2.60.0"}})
}

/// An API server with RayClusters and namespaces, and a kubeconfig with two contexts for it.
fn kubernetes() -> (Server, TempDir, String) {
    let server = Server::start(|request| {
        let items = if request.path.starts_with("/api/v1/namespaces?") {
            json!([{"metadata": {"name": "search"}}, {"metadata": {"name": "team"}}])
        } else if request.path.contains("/rayclusters?") {
            json!([
                raycluster("test-cluster", "true"),
                raycluster("tiny", "false"),
                raycluster("two", "true")
            ])
        } else {
            return failure(404, "not found");
        };
        Reply::ok(json!({ "items": items }).to_string())
    });
    let directory = TempDir::new().unwrap();
    let user = format!("{{token: {SECRET}}}");
    let file = |name: &str| kubeconfig(directory.path(), name, &server.url(), &user);
    let both = format!("{}:{}", file("one"), file("other"));
    (server, directory, both)
}

#[test]
fn annotated_clusters_are_offered_of_the_namespace_and_context_that_are_typed() {
    let (server, directory, _) = kubernetes();
    let config = directory.path().join("one").display().to_string();
    let typing = |verb: &str, flags: &[&str], word: &str| {
        let mut words = vec!["serve", "--kubeconfig", &config, verb];
        words.extend(flags);
        words.push(word);
        offer(&words).candidates
    };
    let all = ["test-cluster\tRay 2.60.0", "two\tRay 2.60.0"];
    assert_eq!(typing("get", &[], ""), all);
    assert_eq!(typing("submit", &["-n", "search"], "tw"), [all[1]]);
    assert_eq!(
        typing(
            "delete",
            &["--context", "one", "--as", "ada"],
            "raycluster/te"
        ),
        ["raycluster/test-cluster\tRay 2.60.0"]
    );
    let asked: Vec<String> = server
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    let lists = |namespace| {
        format!("/apis/ray.io/v1/namespaces/{namespace}/rayclusters?labelSelector=&limit=500")
    };
    assert_eq!(asked, [lists(NAMESPACE), lists("search"), lists(NAMESPACE)]);
    assert_eq!(server.requests()[2].header("impersonate-user"), Some("ada"));
    // None of these has a RayCluster to name.
    for flags in [
        &["-A"][..],
        &["--context", "unknown"],
        &["--address", "http://127.0.0.1:1"],
    ] {
        assert!(typing("get", flags, "").is_empty(), "{flags:?}");
    }
    assert!(typing("create", &[], "").is_empty());
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn names_of_the_kubeconfig_and_namespaces_are_offered() {
    let (_server, _directory, files) = kubernetes();
    let typing = |words: &[&str]| {
        let mut command = plugin(&[&["serve", "get"], words].concat());
        command
            .arg0("kubectl_complete-ray")
            .env("KUBECONFIG", &files);
        let run: Run = command.output().unwrap().into();
        assert!(run.stderr.is_empty() && !run.stdout.contains(SECRET));
        run.stdout
    };
    for flag in ["--context", "--cluster", "--user"] {
        assert_eq!(typing(&[flag, ""]), "one\nother\n:4\n", "{flag}");
    }
    assert_eq!(typing(&["--context=ot"]), "other\n:4\n");
    assert_eq!(typing(&["-n", ""]), "search\nteam\n:4\n");
    assert_eq!(
        typing(&["--context", "other", "--namespace=t"]),
        "team\n:4\n"
    );
}

fn serving() -> Server {
    let replica = |id: &str| json!({"replica_id": id, "state": "RUNNING"});
    let deployments =
        json!({"Stand": {"status": "HEALTHY", "replicas": [replica("r1"), replica("r2")]}});
    let application = |route: Value| json!({"status": "RUNNING", "route_prefix": route, "deployments": deployments});
    let broken = json!({"status": "DEPLOY_FAILED\nwith\tmore", "route_prefix": null});
    let applications = json!({"fruit": application(json!("/fruit")), "math": application(json!("/calc")), "broken": broken, "two\nlines": broken});
    Server::with_state(json!({ "applications": applications }).to_string())
}

fn on(server: &Server, words: &[&str]) -> Offer {
    let url = server.url();
    offer(&[&["serve", "--address", &url], words].concat())
}

#[test]
fn applications_are_offered_that_were_not_named_yet() {
    let server = serving();
    for verb in ["get", "delete", "config"] {
        let offered = on(&server, &[verb, "x", ""]);
        let broken = "broken\tDEPLOY_FAILED with more";
        assert_eq!(
            offered.candidates,
            [broken, "fruit\tRUNNING", "math\tRUNNING"]
        );
        let offered = on(&server, &[verb, "x", "fruit", "application/broken", ""]);
        assert_eq!(offered.values(), ["math"]);
        let offered = on(&server, &[verb, "x", "application/f"]);
        assert_eq!(offered.values(), ["application/fruit"]);
        assert_eq!(offered.directive, 4);
    }
    let token = server.requests()[0]
        .header("x-ray-authorization")
        .map(str::to_owned);
    assert_eq!(token, Some(format!("Bearer {SECRET}")));
}

/// Characters that one shell or another reads something into, or that a terminal does not show.
const HOSTILE: &str = "`$;&|<>()[]{}*?!'\"\\#~^ \n\r\t\0\u{7}\u{1b}\u{7f}\u{80}\u{9b}\u{9f}\u{ad}\u{200b}\u{200e}\u{202a}\u{202e}\u{2028}\u{2066}\u{2069}\u{feff}ä\u{a0}";

/// The names of everything that a head tells are its deployers' to choose.
#[test]
fn names_that_a_shell_reads_anything_into_are_not_offered() {
    let mut applications = serde_json::Map::new();
    let of = |name: &str, route: &str| {
        let replica = json!({"replica_id": format!("{name}#{name}"), "state": "RUNNING"});
        let deployments = json!({ name: {"status": name, "replicas": [replica]} });
        json!({"status": name, "route_prefix": route, "deployments": deployments})
    };
    for character in HOSTILE.chars() {
        for name in [
            format!("{character}a"),
            format!("a{character}b"),
            format!("a{character}"),
        ] {
            let application = of(&name, &format!("/{name}"));
            applications.insert(name, application);
        }
    }
    let deployments = applications
        .iter()
        .map(|(name, application)| (name.clone(), application["deployments"][name].clone()))
        .collect::<serde_json::Map<_, _>>();
    for name in ["-rf", "--all", "=ls", "%self", "@args", "$(touch${IFS}x)"] {
        applications.insert(name.to_owned(), of(name, name));
    }
    let plain = json!({"status": "$(x)", "route_prefix": "/ok", "deployments": deployments});
    applications.insert("plain".to_owned(), plain);
    let server = Server::with_state(json!({ "applications": applications }).to_string());
    for verb in ["get", "delete", "config"] {
        assert_eq!(
            on(&server, &[verb, "x", ""]).candidates,
            ["plain"],
            "{verb}"
        );
    }
    assert_eq!(on(&server, &["call", "x", ""]).candidates, ["/ok\tplain"]);
    assert_eq!(on(&server, &["logs", "x", ""]).candidates, ["plain"]);
    assert_eq!(on(&server, &["logs", "x", "plain/"]).values(), NONE);
    let typed = on(&server, &["logs", "x", "plain/a$b/"]);
    assert_eq!(typed.values(), NONE);
}

#[test]
fn paths_of_logs_and_requests_are_offered_step_by_step() {
    let server = serving();
    for (word, expected, directive) in [
        ("f", &["fruit"][..], 6),
        ("fruit/", &["fruit/Stand"], 6),
        ("fruit/Stand/", &["fruit/Stand/r1", "fruit/Stand/r2"], 4),
        ("application/fruit/S", &["application/fruit/Stand"], 6),
        ("none/", &[], 4),
    ] {
        let offered = on(&server, &["logs", "x", word]);
        assert_eq!(
            (offered.values(), offered.directive),
            (expected.to_vec(), directive),
            "{word}"
        );
    }
    let beside = on(&server, &["logs", "x", "--controller", ""]);
    assert_eq!(beside.values(), NONE);
    let offered = on(&server, &["call", "x", ""]);
    assert_eq!(offered.candidates, ["/fruit\tfruit", "/calc\tmath"]);
    assert_eq!(offered.directive, 6);
}

#[test]
fn where_nobody_answers_nothing_is_offered_and_nothing_hangs() {
    // Bound and dropped: nobody listens there.
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let closed = format!("http://{closed}");
    let silent = Server::start(|_| Reply::Silence);
    let refusing = Server::start(|_| failure(403, "no"));
    let garbage = Server::start(|_| Reply::ok("<html>"));
    for url in [&closed, &silent.url(), &refusing.url(), &garbage.url()] {
        // There is a limit all the same.
        let flags = ["serve", "--request-timeout", "0", "-s", url, "get"];
        assert_eq!(values(&[&flags[..], &[""]].concat()), NONE, "{url}");
        assert_eq!(values(&[&flags[..], &["x", ""]].concat()), NONE, "{url}");
        assert_eq!(
            values(&[
                "serve",
                "--request-timeout",
                "0",
                "--address",
                url,
                "get",
                "x",
                ""
            ]),
            NONE,
            "{url}"
        );
    }
    assert_eq!(values(&["serve", "--kubeconfig", "/none", "get", ""]), NONE);
    assert_eq!(values(&["serve", "get", ""]), NONE);
}

#[test]
fn a_credential_plugin_may_not_talk_to_the_user() {
    let (server, directory, _) = kubernetes();
    let script = directory.path().join("login");
    // It has a terminal only where kubectl itself gives it one.
    let text = "#!/bin/sh\necho 'Password:' >&2; read -r password\nsleep 4\n";
    std::fs::write(&script, text).unwrap();
    let user = format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: ['{}'], interactiveMode: IfAvailable}}}}",
        script.display()
    );
    let file = kubeconfig(directory.path(), "asks", &server.url(), &user);
    assert_eq!(values(&["serve", "--kubeconfig", &file, "get", ""]), NONE);
    assert!(server.requests().is_empty());
}

/// What bash would put in the place of the line's last word, by the program's own script.
fn in_bash(line: &str) -> Vec<String> {
    let program = line.split(' ').next().unwrap();
    let directory = TempDir::new().unwrap();
    let named = directory.path().join(program);
    symlink(env!("CARGO_BIN_EXE_kubectl-ray"), named).unwrap();
    let path = std::env::var("PATH").unwrap();
    let script = r#"
        source <("$2" completion bash)
        function=$(complete -p "$2" | sed 's/.* -F \([^ ]*\) .*/\1/')
        COMP_LINE=$1 COMP_POINT=${#1}; shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9
        "$function" "$1" "${!#}" "${@:$#-1:1}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let output = Command::new("bash")
        .args(["--norc", "-c", script, "bash", line])
        .args(split(line))
        .env("PATH", format!("{}:{path}", directory.path().display()))
        .env("HOME", "/nonexistent")
        .env_remove("KUBECONFIG")
        .output()
        .unwrap();
    let run = Run::from(output);
    assert_eq!(run.stderr, "");
    run.stdout.lines().map(str::to_owned).collect()
}

/// A line as bash gives it to completions: `=` and `:` are words.
fn split(line: &str) -> Vec<String> {
    let spaced = line.replace('=', " = ").replace(':', " : ");
    let mut words: Vec<String> = spaced.split_whitespace().map(str::to_owned).collect();
    if line.ends_with(' ') {
        words.push(String::new());
    }
    words
}

#[test]
fn the_script_completes_the_program_under_its_own_name() {
    assert_eq!(in_bash("kubectl-ray serve sub"), ["submit"]);
    assert_eq!(in_bash("kubectl-ray-serve sub"), ["submit"]);
    let server = serving();
    let url = server.url();
    let deleting = format!("delete x --address {url} fruit ");
    for program in ["kubectl-ray serve", "kubectl-ray-serve"] {
        let offered = in_bash(&format!("{program} {deleting}"));
        assert_eq!(offered, ["broken", "math"]);
    }
    assert_eq!(in_bash("kubectl-ray serve get --output=y"), ["yaml"]);
    // Flags only to who begins one.
    assert_eq!(in_bash("kubectl-ray serve create "), [""]);
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("serve_config.yaml");
    std::fs::write(&file, "").unwrap();
    let file = file.display().to_string();
    let begun = file.strip_suffix("ve_config.yaml").unwrap();
    let submitting = "kubectl-ray serve submit x";
    for flag in ["-f ", "--filename "] {
        assert_eq!(
            in_bash(&format!("{submitting} {flag}{begun}")),
            [file.as_str()]
        );
    }
}

#[test]
fn each_shell_of_kubectl_has_a_script() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        for words in [&["completion", shell][..], &["serve", "completion", shell]] {
            let script = run(words);
            assert_eq!((script.code, script.stderr.as_str()), (Some(0), ""));
            assert!(script.stdout.contains("kubectl-ray"), "{}", script.stdout);
        }
    }
    assert_eq!(run(&["completion", "tcsh"]).code, Some(2));
}
