//! What is offered to somebody who types: the answers to kubectl, with a mock dashboard.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;

use fake_ray::{Reply, Server};
use serde_json::{Value, json};

use crate::support::kubernetes::failure;
use crate::support::{Run, plugin};

pub(crate) const SECRET: &str = "s3cret";

/// What kubectl is answered when the last of `words` is being typed: candidates and directive.
pub(crate) struct Offer {
    pub(crate) candidates: Vec<String>,
    pub(crate) directive: u8,
}

impl Offer {
    pub(crate) fn values(&self) -> Vec<&str> {
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

pub(crate) fn offer(words: &[&str]) -> Offer {
    offer_as("kubectl_complete-ray", words)
}

pub(crate) fn values(words: &[&str]) -> Vec<String> {
    let offer = offer(words);
    assert_eq!(offer.directive, 4, "no files: {words:?}");
    offer.values().into_iter().map(str::to_owned).collect()
}

pub(crate) const NONE: [&str; 0] = [];

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

pub(crate) fn serving() -> Server {
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
