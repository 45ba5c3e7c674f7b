//! `logs`: what Ray tells in either dialect, merged, followed, and refused.

use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use fake_ray::{Reply, Request, Server, state};
use serde_json::{Value, json};

use crate::support::{RAY_VERSIONS, Run, assert_fails, log_dialect, plugin, recorded, run};

fn asks_for_state(request: &Request) -> bool {
    request.path.starts_with("/api/serve/applications/")
}

/// A dashboard with two applications, whose logs `log` gives by their path.
fn with_logs(ray: &'static str, log: impl Fn(&str) -> String + Send + 'static) -> Server {
    let applications = recorded(ray, "get_two_apps_running").1;
    let (header, status) = log_dialect(ray);
    Server::start(move |request| {
        if asks_for_state(request) {
            return Reply::ok(applications.clone());
        }
        Reply::With(header, 200, format!("{status}{}", log(&request.path)))
    })
}

fn logs(server: &Server, arguments: &[&str]) -> Run {
    let url = server.url();
    run(&[&["serve", "logs", "x", "--address", &url], arguments].concat())
}

fn asked(server: &Server) -> Vec<String> {
    let requests = server.requests().into_iter();
    requests
        .filter(|request| !asks_for_state(request))
        .map(|request| request.path)
        .collect()
}

#[test]
fn several_logs_are_one_in_the_order_of_time() {
    for ray in RAY_VERSIONS {
        let server = with_logs(ray, |path| {
            if path.contains("MangoStand") {
                "INFO 2026-11-23 13:00:01,000 m -- first\nINFO 2026-11-23 13:00:03,000 m -- third\n  of two lines\n".into()
            } else if path.contains("FruitMarket") {
                "INFO 2026-11-23 13:00:02,000 f -- second\n1 INFO 2026-11-23 13:00:04,000 f -- fourth".into()
            } else {
                String::new()
            }
        });
        let ran = logs(&server, &["fruit_app"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ray}");
        let lines: Vec<(&str, &str)> = ran
            .stdout
            .lines()
            .map(|line| line.split_once(' ').unwrap())
            .collect();
        let texts: Vec<&str> = lines.iter().map(|(_, text)| *text).collect();
        assert_eq!(
            texts,
            [
                "INFO 2026-11-23 13:00:01,000 m -- first",
                "INFO 2026-11-23 13:00:02,000 f -- second",
                "INFO 2026-11-23 13:00:03,000 m -- third",
                "  of two lines",
                "1 INFO 2026-11-23 13:00:04,000 f -- fourth",
            ],
            "{ray}"
        );
        let (mango, market) = (lines[0].0, lines[1].0);
        assert!(mango.starts_with("fruit_app/MangoStand/"), "{mango}");
        assert!(market.starts_with("fruit_app/FruitMarket/"), "{market}");
        let asked = asked(&server);
        assert_eq!(asked.len(), 4, "{asked:?}");
        for path in &asked {
            // Ray answers 500 where the slash is left.
            assert!(
                path.contains("filename=serve%2F") && path.ends_with("lines=10"),
                "{path}"
            );
        }

        // What a line begins with names its log.
        let ran = logs(&server, &[mango]);
        assert_eq!(
            ran.stdout,
            "INFO 2026-11-23 13:00:01,000 m -- first\nINFO 2026-11-23 13:00:03,000 m -- third\n  of two lines\n",
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn one_log_alone_is_given_as_it_is() {
    for ray in RAY_VERSIONS {
        let (_, body) = recorded(ray, "log_file_stripped");
        let text = body.strip_prefix('1').unwrap_or(&body).to_owned();
        let given = text.clone();
        let server = with_logs(ray, move |_| given.clone());
        let ran = logs(&server, &["--controller"]);
        assert_eq!((ran.code, &ran.stdout), (Some(0), &text), "{}", ran.stderr);
        let asked = asked(&server);
        assert!(
            asked[0].contains("filename=serve%2Fcontroller_") && asked[0].ends_with("lines=-1"),
            "{asked:?}"
        );
        // There may be a proxy on each node, so each line names its own.
        let ran = logs(&server, &["--proxy", "--tail", "3"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let lines = ran.stdout.lines().map(|line| {
            let (proxy, line) = line.split_once(' ').expect("a name before each line");
            assert!(proxy.starts_with("proxy/"), "{proxy}");
            format!("{line}\n")
        });
        assert_eq!(lines.collect::<String>(), text);
        let asked = self::asked(&server);
        assert!(
            asked[1].contains("filename=serve%2Fproxy_") && asked[1].ends_with("lines=3"),
            "{asked:?}"
        );
    }
}

#[test]
fn what_ray_refuses_is_told_in_both_dialects() {
    for (ray, name, sentence) in [
        (
            "2.8.0",
            "log_file_leading_slash",
            "Ray does not give the log of controller: File \"/serve/ServeComponentType.DEPLOYMENT_MangoStand_fruit_app#MangoStand#xwEZrK.log\" \
             not found on node a8bd6c5c1cdca984bb9d56a66fb9ec1b4d80dc572a442e90a35405ea",
        ),
        (
            "2.60.0",
            "log_file_missing",
            "the Ray dashboard at URL failed on the request for a log: A file is not found at: \
             /ray/session_2026-11-23_13-10-25_881527_19101/logs/serve/nosuch.log (500)",
        ),
    ] {
        let state = recorded(ray, "get_two_apps_running").1;
        let (status, body) = recorded(ray, name);
        let server = Server::start(move |request| {
            if asks_for_state(request) {
                return Reply::ok(state.clone());
            }
            Reply::Answer(status, body.clone())
        });
        let ran = logs(&server, &["--controller"]);
        let sentence = sentence.replace("URL", &format!("{}/", server.url()));
        assert_fails(&ran, &sentence);

        // One of several is no reason to keep the others back, but to say so.
        let ran = logs(&server, &["math_app"]);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        let (_, cause) = sentence.split_once(": ").unwrap();
        let lines: Vec<&str> = ran.stderr.lines().collect();
        assert_eq!(lines.len(), 4, "{}", ran.stderr);
        for line in lines {
            assert!(line.contains(cause), "{line}");
        }
    }
}

#[test]
fn what_is_not_there_is_named() {
    let server = with_logs("2.60.0", |_| String::new());
    assert_fails(
        &logs(&server, &["typo/D"]),
        "application/typo not found on raycluster/x: it has fruit_app, math_app",
    );
    assert_fails(
        &logs(&server, &["math_app/Typo"]),
        "deployment/Typo of application/math_app not found: it has Adder, Multiplier, Router, create_order",
    );
    for (wrong, why) in [
        (
            &["math_app", "--proxy"][..],
            "error: the argument '[APP[/DEPLOYMENT[/REPLICA]]]' cannot be used with '--proxy'",
        ),
        (
            &["--proxy", "--controller"],
            "error: the argument '--proxy' cannot be used with '--controller'",
        ),
        (
            &["--tail", "-2"],
            "error: invalid value '-2' for '--tail <N>': -2 is not in -1..=4294967295",
        ),
    ] {
        let ran = logs(&server, wrong);
        let first = ran.stderr.lines().next();
        assert_eq!((ran.code, first), (Some(2), Some(why)), "{}", ran.stderr);
    }
}

fn replicas(ids: &[&str]) -> String {
    let replicas: Vec<Value> = ids
        .iter()
        .map(|id| json!({"replica_id": id, "node_id": "n", "state": "RUNNING", "log_file_path": format!("/serve/{id}.log")}))
        .collect();
    state(
        &json!({"a": {"status": "RUNNING", "deployments": {"D": {"status": "HEALTHY", "replicas": replicas}}}}),
    )
}

#[test]
fn a_followed_log_goes_on_with_new_replicas_and_after_a_break() {
    for ray in RAY_VERSIONS {
        let (header, status) = log_dialect(ray);
        let running = Arc::new(Mutex::new(replicas(&["r1"])));
        let shown = Arc::clone(&running);
        let streams: Vec<(Sender<String>, Receiver<String>)> = (0..3).map(|_| channel()).collect();
        let (mut senders, receivers): (Vec<_>, Vec<_>) = streams.into_iter().unzip();
        let mut receivers = receivers.into_iter();
        let server = Server::start(move |request| {
            if asks_for_state(request) {
                return Reply::ok(shown.lock().unwrap().clone());
            }
            if request.path.starts_with("/api/v0/logs/file?") {
                return Reply::With(header, 200, format!("{status}one\ntwo\n"));
            }
            match receivers.next() {
                Some(pieces) => Reply::Stream(header, pieces),
                None => Reply::Answer(500, "too many streams".into()),
            }
        });
        let url = server.url();
        let mut child = plugin(&["serve", "logs", "x", "a", "-f", "--address", &url])
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut next = || output.next().unwrap().unwrap();

        // Each line is there before the next is written.
        let send = |sender: &Sender<String>, text: &str| {
            sender.send(format!("{status}{text}")).unwrap();
        };
        send(&senders[0], "one\n");
        assert_eq!(next(), "a/D/r1 one", "{ray}");
        send(&senders[0], "two\n");
        assert_eq!(next(), "a/D/r1 two", "{ray}");
        // It breaks; where it was is looked for, and the next stream begins with what was there.
        senders.remove(0);
        send(&senders[0], "one\ntwo\nthree\n");
        assert_eq!(next(), "a/D/r1 three", "{ray}");

        *running.lock().unwrap() = replicas(&["r1", "r2"]);
        send(&senders[1], "four\n");
        assert_eq!(next(), "a/D/r2 four", "{ray}");
        child.kill().unwrap();
        child.wait().unwrap();
        let asked: Vec<String> = asked(&server);
        let lines = asked
            .iter()
            .map(|path| path.split("&lines=").nth(1).unwrap());
        assert_eq!(
            lines.collect::<Vec<_>>(),
            [
                "10&interval=0.5",
                "200",
                "1008&interval=0.5",
                "-1&interval=0.5"
            ]
        );
    }
}
