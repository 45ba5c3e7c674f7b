//! `submit --working-dir` and `--py-modules`: local code on its way to a dashboard.

use std::fs;
use std::path::Path;

use fake_ray::{IDLE, Reply, Request, Server, deploy};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Run, assert_fails, last_error, plugin};

pub(crate) const PACKAGES: &str = "/api/packages/gcs/";

/// A directory with code, and a config beside it.
pub(crate) fn project(applications: &Value) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("src/app.py", "print(1)\n"),
        ("src/__pycache__/app.pyc", "no"),
        ("mylib/__init__.py", ""),
    ] {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut applications = applications.clone();
    for application in applications.as_array_mut().unwrap() {
        application["import_path"] = "app:app".into();
        application["route_prefix"] = format!("/{}", application["name"].as_str().unwrap()).into();
    }
    let config = json!({ "applications": applications });
    fs::write(dir.path().join("config.yaml"), config.to_string()).unwrap();
    dir
}

pub(crate) fn submit(server: &Server, dir: &Path, flags: &[&str]) -> Run {
    let url = server.url();
    let mut arguments = vec![
        "serve",
        "submit",
        "x",
        "-f",
        "config.yaml",
        "--address",
        &url,
    ];
    arguments.extend(flags);
    let output = plugin(&arguments).current_dir(dir).output();
    output.unwrap().into()
}

/// A dashboard that keeps packages as Ray does.
pub(crate) fn dashboard() -> Server {
    let mut kept = Vec::new();
    let mut state = IDLE.to_owned();
    Server::start(move |request| {
        let Some(name) = request.path.strip_prefix(PACKAGES) else {
            return serve(&mut state, request);
        };
        if request.method == "PUT" {
            kept.push(name.to_owned());
        } else if !kept.iter().any(|other| other == name) {
            return Reply::Answer(404, format!("Package gcs://{name} does not exist"));
        }
        Reply::ok("")
    })
}

pub(crate) fn serve(state: &mut String, request: &Request) -> Reply {
    if request.method == "GET" {
        return Reply::ok(state.clone());
    }
    *state = deploy(state, &request.body);
    Reply::ok("")
}

pub(crate) fn calls(server: &Server) -> Vec<String> {
    let requests = server.requests();
    let calls = requests.iter().map(|request| {
        let path = request.path.replace("/api/serve/applications/", "config");
        let path = match path.strip_prefix(PACKAGES) {
            Some(_) => "package".to_owned(),
            None => path,
        };
        format!("{} {path}", request.method)
    });
    calls.collect()
}

pub(crate) fn submitted(server: &Server) -> Value {
    let is_config =
        |request: &&Request| request.method == "PUT" && !request.path.starts_with(PACKAGES);
    let requests = server.requests();
    let config = requests
        .iter()
        .rfind(is_config)
        .expect("a submitted config");
    serde_json::from_str(&config.body).unwrap()
}

#[test]
fn code_is_uploaded_before_the_config_that_names_it() {
    let dir = project(&json!([{"name": "a", "import_path": "app:app"}]));
    let server = dashboard();
    let run = submit(&server, dir.path(), &["--working-dir", "src"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(0), "application/a created\n"),
        "{}",
        run.stderr
    );
    assert_eq!(
        calls(&server),
        [
            "GET config",
            "GET package",
            "PUT package",
            "GET package",
            "GET config",
            "GET package",
            "PUT config",
            "GET config"
        ]
    );
    let upload = &server.requests()[2];
    assert_eq!(
        upload.header("content-type"),
        Some("application/octet-stream")
    );
    assert!(upload.body.starts_with("PK") && upload.body.contains("app.py"));
    assert!(!upload.body.contains("__pycache__"));
    let uri = upload.path.replace(PACKAGES, "gcs://");
    assert_eq!(
        submitted(&server)["applications"][0]["runtime_env"],
        json!({"working_dir": uri})
    );
    assert_eq!(
        run.stderr,
        format!("src uploaded: 1 file, 121 B zipped ({uri})\n")
    );

    // Again, with nothing changed.
    let run = submit(&server, dir.path(), &["--working-dir", "src/"]);
    assert_eq!(
        run.stderr,
        format!("src/ is on the cluster already ({uri})\n")
    );
    assert_eq!(
        calls(&server)[8..],
        ["GET config", "GET package", "PUT config", "GET config"]
    );
}

#[test]
fn a_head_that_is_lost_while_it_is_told_gets_the_code_again() {
    let dir = project(&json!([{"name": "a"}]));
    let mut heads: Vec<Vec<String>> = vec![Vec::new()];
    let mut state = IDLE.to_owned();
    let server = Server::start(move |request| {
        let lost = heads.len() == 1;
        let kept = heads.last_mut().unwrap();
        match (&*request.method, request.path.strip_prefix(PACKAGES)) {
            ("PUT", Some(name)) => kept.push(name.to_owned()),
            (_, Some(name)) if !kept.iter().any(|other| other == name) => {
                return Reply::Answer(404, String::new());
            }
            (_, Some(_)) => {}
            ("PUT", None) if lost => {
                heads.push(Vec::new());
                return Reply::Cut;
            }
            (_, None) => return serve(&mut state, request),
        }
        Reply::ok("")
    });
    let run = submit(&server, dir.path(), &["--working-dir", "src", "--wait"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let all = calls(&server);
    let changes: Vec<&str> = all
        .iter()
        .map(String::as_str)
        .filter(|call| call.starts_with("PUT"))
        .collect();
    assert_eq!(
        changes,
        ["PUT package", "PUT config", "PUT package", "PUT config"]
    );
    assert_eq!(
        run.stderr.matches("src uploaded").count(),
        2,
        "{}",
        run.stderr
    );
}

#[test]
fn two_applications_share_a_package_and_modules_are_their_own() {
    let dir = project(&json!([{"name": "a"}, {"name": "b"}]));
    let server = dashboard();
    let flags = ["--working-dir", "src", "--py-modules", "mylib"];
    let run = submit(&server, dir.path(), &flags);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let puts = calls(&server)
        .iter()
        .filter(|call| *call == "PUT package")
        .count();
    assert_eq!(puts, 2);
    let config = submitted(&server);
    let env = &config["applications"][0]["runtime_env"];
    assert_eq!(&config["applications"][1]["runtime_env"], env);
    assert_eq!(env["py_modules"].as_array().unwrap().len(), 1);
    assert_ne!(env["py_modules"][0], env["working_dir"]);
    let requests = server.requests();
    let module = requests
        .iter()
        .find(|request| request.body.contains("__init__.py"));
    assert!(module.unwrap().body.contains("mylib/__init__.py"));
}

#[test]
fn without_a_flag_no_directory_leaves_this_machine() {
    let dir = project(&json!([{"name": "a", "runtime_env": {"working_dir": "src"}}]));
    let server = dashboard();
    let run = submit(&server, dir.path(), &[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    let why = "error: working_dir \"src\" is a path, and Ray takes URIs: leave it out and submit with --working-dir src\n";
    assert!(run.stderr.starts_with(why), "{}", run.stderr);
    assert_eq!(
        last_error(&run),
        "error: 1 error in config.yaml: nothing was sent\nhint: --validate=ignore sends it as it is"
    );
    assert!(!calls(&server).iter().any(|call| call.contains("package")));
    // With one, the config's own is looked for beside the config.
    let run = submit(&server, dir.path(), &["--py-modules", "mylib"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let working_dir = &submitted(&server)["applications"][0]["runtime_env"]["working_dir"];
    assert!(
        working_dir.as_str().unwrap().starts_with("gcs://_ray_pkg_"),
        "{working_dir}"
    );
}

#[test]
fn nothing_is_asked_of_the_cluster_for_code_that_cannot_be_packed() {
    let dir = project(&json!([{"name": "a"}]));
    fs::create_dir(dir.path().join("empty")).unwrap();
    let big = fs::File::create(dir.path().join("src/big.bin")).unwrap();
    big.set_len(2 << 30).unwrap();
    let server = dashboard();
    let cases = [
        (
            "gone",
            "cannot read gone: No such file or directory (os error 2)",
        ),
        ("empty", "nothing to upload in empty: it has no files"),
        (
            "src",
            "src holds 2.0 GiB, and Ray takes packages of less than 100 MiB zipped; the largest: big.bin (2.0 GiB)\n\
             hint: list what the application does not need in src/.rayignore",
        ),
    ];
    for (flag, sentence) in cases {
        assert_fails(
            &submit(&server, dir.path(), &["--working-dir", flag]),
            sentence,
        );
    }
    let run = submit(
        &server,
        dir.path(),
        &["--working-dir", "src", "--working-dir", "mylib"],
    );
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (
            Some(2),
            "error: --working-dir is both src and mylib for the same applications\nhint: APP=PATH is for one of them\n"
        )
    );
    assert!(calls(&server).is_empty());
}
