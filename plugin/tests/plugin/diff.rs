//! `diff`: what a submit would change, against a dashboard.

use std::fs;
use std::path::Path;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use fake_ray::Server;
use serde_json::json;

use crate::support::{Run, assert_golden, fixtures, plugin, recorded};

fn diff(server: &Server, file: &Path, flags: &[&str], external: Option<&str>) -> Run {
    let url = server.url();
    let mut command = plugin(&["serve", "diff", "x", "--address", &url, "-f"]);
    command.arg(file.file_name().unwrap()).args(flags);
    command.current_dir(file.parent().unwrap());
    command.env_remove("KUBECTL_EXTERNAL_DIFF");
    if let Some(program) = external {
        command.env("KUBECTL_EXTERNAL_DIFF", program);
    }
    command.output().unwrap().into()
}

/// Both applications of the fixture run.
fn running() -> Server {
    Server::with_state(recorded("2.60.0", "get_two_apps_running").1)
}

fn changed(dir: &Path) -> std::path::PathBuf {
    let text = fs::read_to_string(fixtures().join("serve/two_apps.yaml")).unwrap();
    let (fruit, _) = text.split_once("  - name: math_app").unwrap();
    let fruit = fruit.replace("price: 3", "price: 4");
    let file = dir.join("changed.yaml");
    let new = "  - {name: new, import_path: 'm:x', route_prefix: /new, runtime_env: {env_vars: {KEY: s3cret}}}\n";
    fs::write(&file, fruit + new).unwrap();
    file
}

#[test]
fn changed_new_and_removed_applications_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    let server = running();
    let run = diff(&server, &changed(dir.path()), &[], None);
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    assert_golden("diff/changed.diff", &run.stdout);
    assert!(!run.stdout.contains("s3cret"));
    let merged = diff(&server, &changed(dir.path()), &["--merge"], None);
    assert!(!merged.stdout.contains("math_app"), "{}", merged.stdout);
    let shown = diff(&server, &changed(dir.path()), &["--show-env"], None);
    assert!(
        shown.stdout.contains("+    KEY: s3cret"),
        "{}",
        shown.stdout
    );
    assert!(server.methods().iter().all(|method| method == "GET"));
}

#[test]
fn no_difference_is_exit_code_0_and_nothing_printed() {
    let run = diff(
        &running(),
        &fixtures().join("serve/two_apps.yaml"),
        &[],
        None,
    );
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (Some(0), "", "")
    );
}

#[test]
fn errors_are_told_from_differences_by_their_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let broken = dir.path().join("broken.yaml");
    fs::write(&broken, "applications: [{name: a, importpath: x}]\n").unwrap();
    let run = diff(&running(), &broken, &[], None);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(
        run.stderr.contains("did you mean \"import_path\"?"),
        "{}",
        run.stderr
    );
    let missing = diff(&running(), &dir.path().join("missing.yaml"), &[], None);
    assert_eq!(missing.code, Some(2), "{}", missing.stderr);
    let gone = Server::with_state(json!({"detail": "no Serve"}).to_string());
    let run = diff(&gone, &changed(dir.path()), &[], None);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
}

#[test]
fn a_program_of_the_user_s_own_compares_two_directories() {
    let dir = tempfile::tempdir().unwrap();
    let file = changed(dir.path());
    let program = dir.path().join("compare");
    let script = "#!/bin/sh\necho \"flag $1\"\nfor d in \"$2\" \"$3\"; do (cd \"$d\" && ls); done\nexit $EXIT\n";
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let line = format!("{} -y", program.display());
    for (exit, code) in [("1", 1), ("0", 1), ("2", 2)] {
        fs::write(&program, script.replace("$EXIT", exit)).unwrap();
        let run = diff(&running(), &file, &[], Some(&line));
        assert_eq!(run.code, Some(code), "{}", run.stderr);
        assert_eq!(
            run.stdout,
            "flag -y\napplication.fruit_app.yaml\napplication.math_app.yaml\napplication.fruit_app.yaml\napplication.new.yaml\n"
        );
    }
    let run = diff(&running(), &file, &[], Some("no-such-program"));
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(
        run.stderr
            .contains("KUBECTL_EXTERNAL_DIFF \"no-such-program\" failed"),
        "{}",
        run.stderr
    );
}

/// What others of the machine can read of the files while the program runs.
#[test]
fn the_compared_files_are_their_owner_s_alone_and_go_whatever_happens() {
    let dir = tempfile::tempdir().unwrap();
    let temporary = dir.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let file = changed(dir.path());
    let program = dir.path().join("compare");
    let show = "#!/bin/sh\nstat -c '%a' \"$1\" \"$2\" \"$1\"/* \"$2\"/*\nexit 1\n";
    let stay = "#!/bin/sh\necho \"$1\" >&2\nexec sleep 60\n";
    let left = || fs::read_dir(&temporary).unwrap().count();
    let start = |script: &str| {
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let url = running().url();
        let mut command = plugin(&["serve", "diff", "x", "--address", &url, "-f"]);
        command.arg(&file).env("TMPDIR", &temporary);
        command.env("KUBECTL_EXTERNAL_DIFF", &program);
        command.spawn().unwrap()
    };
    let run = Run::from(start(show).wait_with_output().unwrap());
    let modes: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(modes, ["700", "700", "600", "600", "600", "600"]);
    assert_eq!(left(), 0);
    for signal in ["INT", "TERM", "HUP"] {
        let mut child = start(stay);
        let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
        let directory = told.next().unwrap().unwrap();
        assert!(Path::new(&directory).is_dir() && left() == 2, "{directory}");
        let mut kill = Command::new("kill");
        kill.args(["-s", signal, &child.id().to_string()]);
        assert!(kill.status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{signal}");
        assert_eq!(left(), 0, "{signal}");
    }
}
