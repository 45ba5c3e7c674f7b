//! Whatever a head calls its things and says of them: nothing of it steers a terminal, and no name
//! looks like another.
//!
//! A corpus of hostile names, of which a part is tried each time and all with `KUBECTL_RAY_LONG=1`.

use std::fs;
use std::path::Path;

use fake_ray::{Reply, Server, state};
use kubectl_ray::safe::is_harmless;
use serde_json::{Map, Value, json};

use crate::support::kubernetes::failure;
use crate::support::{CONFIG, Run, log_dialect, on_a_terminal, plugin, recorded};

/// One of each kind: moves, colours, asks, turns, hides, ends lines.
const SOME: &[char] = &[
    '\0',
    '\u{7}',
    '\u{8}',
    '\t',
    '\n',
    '\r',
    '\u{1b}',
    '\u{7f}',
    '\u{80}',
    '\u{85}',
    '\u{9b}',
    '\u{9d}',
    '\u{9f}',
    '\u{ad}',
    '\u{34f}',
    '\u{61c}',
    '\u{200b}',
    '\u{200d}',
    '\u{200e}',
    '\u{2028}',
    '\u{2029}',
    '\u{202a}',
    '\u{202e}',
    '\u{2060}',
    '\u{2066}',
    '\u{2069}',
    '\u{3164}',
    '\u{fe0f}',
    '\u{feff}',
    '\u{fffb}',
    '\u{e0001}',
    '\u{e0041}',
];
/// What programs print to do more than show text.
const SEQUENCES: &[&str] = &[
    "\u{1b}[31m",
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]52;c;cm0gLXJm\u{7}",
    "\u{1b}]8;;http://evil\u{1b}\\",
    "\u{1b}P+q544e\u{1b}\\",
    "\u{1b}[6n",
    "\u{1b}c",
    "\u{9b}31m",
    "\u{1b}]",
    "\u{1b}[",
];

fn is_long() -> bool {
    std::env::var_os("KUBECTL_RAY_LONG").is_some()
}

/// Names with something hostile at each end and in the middle, some hundred at a time.
fn corpus() -> Vec<Vec<String>> {
    let all = (char::MIN..=char::MAX).filter(|character| !is_harmless(*character));
    let characters: Vec<char> = if is_long() {
        all.collect()
    } else {
        SOME.to_vec()
    };
    let characters = characters.iter().map(char::to_string);
    let sequences = SEQUENCES.iter().map(ToString::to_string);
    let names: Vec<String> = (characters.chain(sequences))
        .flat_map(|it| [format!("{it}pay"), format!("p{it}ay"), format!("pay{it}")])
        .chain(["pay".to_owned()])
        .collect();
    names.chunks(600).map(<[String]>::to_vec).collect()
}

/// A head on which `names` name everything, and say everything.
fn serving(names: &[String]) -> String {
    let mut applications = Map::new();
    for (index, name) in names.iter().enumerate() {
        let status = ["RUNNING", "DEPLOY_FAILED", "DEPLOYING", name][index % 4];
        let replica = json!({"replica_id": name, "state": name, "node_ip": name, "node_id": name});
        let deployment = json!({"status": name, "message": name, "replicas": [replica], "required_resources": {name: 1}});
        let application = json!({
            "status": status, "message": format!("it says {name}"), "route_prefix": format!("/{name}"),
            "docs_path": name, "source": name, "deployments": {name: deployment},
            "deployed_app_config": {"name": name, "import_path": name, "args": {name: name}},
        });
        applications.insert(name.clone(), application);
    }
    let mut told: Value = serde_json::from_str(&state(&applications.into())).unwrap();
    told["proxies"] = json!({"n": {"status": names[0], "node_ip": names[0]}});
    told["proxy_location"] = json!(names[0]);
    told.to_string()
}

/// What may be seen: text, and lines; of a terminal's also our own colours and redrawing.
#[track_caller]
fn assert_harmless(shown: &str, what: &str) {
    let mut rest = shown.to_owned();
    for ours in [
        "\u{1b}[?7l",
        "\u{1b}[?7h",
        "\u{1b}[K",
        "\u{1b}[J",
        "\u{1b}[0m",
        "\r\n",
    ] {
        rest = rest.replace(ours, "\n");
    }
    for colour in [1, 2, 31, 32, 33, 34, 35, 36, 94, 95, 96] {
        rest = rest.replace(&format!("\u{1b}[{colour}m"), "");
    }
    for rows in 1..100 {
        rest = rest.replace(&format!("\u{1b}[{rows}A\r"), "");
    }
    let hostile = rest
        .char_indices()
        .find(|(_, c)| !(*c == '\n' || is_harmless(*c)));
    if let Some((at, character)) = hostile {
        let near = rest[..at].chars().rev().take(80).collect::<Vec<_>>();
        let near: String = near.into_iter().rev().collect();
        panic!("{what} shows {character:?} after {near:?}");
    }
}

fn words_on<'a>(url: &'a str, words: &[&'a str]) -> Vec<&'a str> {
    [&["serve", "--address", url], words].concat()
}

#[test]
fn what_a_head_tells_is_harmless_in_every_output() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("serve.yaml");
    fs::write(&config, CONFIG).unwrap();
    let config = config.to_str().unwrap();
    for names in corpus() {
        let server = Server::with_state(serving(&names));
        let url = server.url();
        for words in [
            &["get", "x"][..],
            &["get", "x", "-o", "wide"],
            &["get", "x", "-o", "name"],
            &["get", "x", "-o", "json"],
            &["get", "x", "-o", "yaml"],
            &["get", "x", "no-such-app"],
            &["status", "x"],
            &["config", "x"],
            &["config", "x", "-o", "json"],
            &["diff", "x", "-f", config],
            &["delete", "x", "--dry-run=client"],
            &["submit", "x", "-f", config, "--dry-run=client"],
            &["call", "x", "/nowhere"],
            &["logs", "x", "no-such-app"],
        ] {
            let ran = Run::from(plugin(&words_on(&url, words)).output().unwrap());
            let said = ran.stdout + &ran.stderr;
            assert_harmless(&said, &format!("{words:?}"));
            assert!(said.len() > 20, "{words:?}: {said}");
        }
    }
}

#[test]
fn no_two_names_look_the_same() {
    for names in corpus() {
        let server = Server::with_state(serving(&names));
        let url = server.url();
        for (words, cell) in [
            (&["get", "x", "-o", "name"][..], "application/"),
            (&["get", "x", "--no-headers"], ""),
        ] {
            let ran = Run::from(plugin(&words_on(&url, words)).output().unwrap());
            let mut shown: Vec<&str> = (ran.stdout.lines())
                .filter_map(|line| line.strip_prefix(cell)?.split("   ").next())
                .collect();
            assert_eq!(shown.len(), names.len());
            shown.sort_unstable();
            shown.dedup();
            assert_eq!(shown.len(), names.len(), "{words:?}");
        }
    }
}

#[test]
fn a_terminal_is_steered_by_nobody_but_us() {
    let hostile = SEQUENCES.concat() + &SOME.iter().collect::<String>();
    let names = [hostile.clone(), "fruit_app".to_owned()];
    let server = Server::with_state(serving(&names));
    let url = server.url();
    for words in [
        &["get", "x"][..],
        &["get", "x", "-o", "raw"],
        &["get", "x", "-o", "json"],
        &["status", "x"],
        &["config", "x"],
    ] {
        let (_, shown) = on_a_terminal(&words_on(&url, words), "");
        assert!(shown.contains("fruit_app"), "{words:?}: {shown}");
        assert_harmless(&shown, &format!("{words:?}"));
    }
    let body = hostile.clone();
    let application = Server::start(move |_| Reply::ok(format!("one\n{body}\ttwo\n")));
    let port = application.port();
    let mut told: Value = serde_json::from_str(&serving(&names)).unwrap();
    told["http_options"] = json!({ "port": port });
    let dashboard = Server::with_state(told.to_string());
    let url = dashboard.url();
    let call = words_on(&url, &["call", "x", "/fruit_app", "-i"]);
    let (_, shown) = on_a_terminal(&call, "");
    assert!(shown.contains("\ttwo"), "{shown}");
    // What takes no room may be in the text of an answer; nothing that steers is.
    let visible = |c: char| !c.is_control() && !('\u{202a}'..='\u{202e}').contains(&c);
    assert!(
        shown.chars().all(|c| "\r\n\t".contains(c) || visible(c)),
        "{shown:?}"
    );
    let piped = plugin(&call).output().unwrap().stdout;
    assert!(piped.ends_with(format!("one\n{hostile}\ttwo\n").as_bytes()));
}

/// A program that is logged may print what it likes.
#[test]
fn lines_of_a_log_steer_no_terminal() {
    let hostile = SEQUENCES.concat() + &SOME.iter().collect::<String>();
    let log = format!("one {hostile}\ttwo\n");
    let applications = recorded("2.60.0", "get_two_apps_running").1;
    let (header, status) = log_dialect("2.60.0");
    let logged = log.clone();
    let server = Server::start(move |request| {
        if request.path.starts_with("/api/serve/applications/") {
            return Reply::ok(applications.clone());
        }
        Reply::With(header, 200, format!("{status}{logged}"))
    });
    let url = server.url();
    let logs = words_on(&url, &["logs", "x", "--controller"]);
    let (_, shown) = on_a_terminal(&logs, "");
    assert!(shown.contains("one "), "{shown}");
    assert_harmless(&shown.replace('\t', " "), "a log");
    let piped = plugin(&logs).output().unwrap().stdout;
    assert_eq!(piped, log.as_bytes());
}

/// Its errors come from whoever is at the address.
#[test]
fn errors_of_a_head_and_of_an_api_server_are_harmless() {
    let hostile = SEQUENCES.concat() + &SOME.iter().collect::<String>();
    let said = hostile.clone();
    let head = Server::start(move |_| Reply::Answer(500, format!("no {said}")));
    let garbage = hostile.clone();
    let other = Server::start(move |_| Reply::ok(garbage.clone()));
    for url in [head.url(), other.url()] {
        let ran = Run::from(plugin(&words_on(&url, &["get", "x"])).output().unwrap());
        assert_eq!(ran.stderr.lines().count(), 1, "{:?}", ran.stderr);
        assert_harmless(&ran.stderr, "an error");
    }
    let api = Server::start(move |_| failure(500, &hostile));
    let directory = tempfile::tempdir().unwrap();
    let user = "{token: t}";
    let file = crate::support::kubernetes::kubeconfig(directory.path(), "one", &api.url(), user);
    let ran = plugin(&["serve", "--kubeconfig", &file, "get"]).output();
    assert_harmless(&Run::from(ran.unwrap()).stderr, "an error of Kubernetes");
    assert!(Path::new(&file).exists());
}
