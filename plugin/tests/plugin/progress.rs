//! `--progress=plain`: on a terminal, lines as in a pipe.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use fake_ray::{IDLE, Ray, Scenario, deploying, running, state};
use serde_json::{Value, json};

use crate::support::{CONFIG, PATIENCE, on_a_terminal, recorded};

/// What moves the cursor or takes lines away.
const REDRAWING: [&str; 3] = ["A\r", "\u{1b}[J", "\u{1b}[?7l"];

fn fruit(shown: fn(&Value) -> Value) -> String {
    state(&json!({"fruit_app": shown(&json!({"name": "fruit_app"}))}))
}

#[test]
fn a_wait_prints_a_line_for_each_change_and_redraws_nothing() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), CONFIG).unwrap();
    let file = file.path().to_str().unwrap();
    let wait = |flags: &[&str]| {
        let scenario = Scenario::of(IDLE).after_put(fruit(deploying));
        let ray = Ray::with(scenario.then_after(2, fruit(running)));
        let url = ray.url();
        let words = ["serve", "submit", "x", "-f", file, "--address", &url];
        let more = ["--wait", "--timeout", PATIENCE];
        let (code, shown) = on_a_terminal(&[&words[..], &more, flags].concat(), "");
        assert_eq!(code, Some(0), "{shown}");
        shown
    };
    let plain = "application/fruit_app created\r\n\
                 application/fruit_app: DEPLOYING\r\n\
                 application/fruit_app: RUNNING\r\n\
                 All applications of raycluster/x are running.\r\n";
    assert_eq!(wait(&["--progress=plain"]), plain);
    for flags in [&[][..], &["--progress=auto"]] {
        let shown = wait(flags);
        assert!(
            REDRAWING.iter().any(|escape| shown.contains(escape)),
            "{shown:?}"
        );
    }
}

#[test]
fn a_watch_prints_a_line_for_each_change_too() {
    let ray = Ray::with(recorded("2.60.0", "get_two_apps_running").1);
    let url = ray.url();
    let mut command = Command::new("script");
    let program = env!("CARGO_BIN_EXE_kubectl-ray");
    let line = format!("{program} serve status --address {url} --watch --progress plain");
    command.args(["--quiet", "--flush", "--command", &line, "/dev/null"]);
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut shown = BufReader::new(child.stdout.take().unwrap());
    let mut lines = String::new();
    while !lines.contains("math_app") {
        assert!(shown.read_line(&mut lines).unwrap() > 0, "{lines}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut rest = Vec::new();
    let _ = shown.read_to_end(&mut rest);
    assert!(
        lines.contains("application/fruit_app: RUNNING"),
        "{lines:?}"
    );
    for escape in REDRAWING {
        assert!(!lines.contains(escape), "{lines:?}");
    }
}
