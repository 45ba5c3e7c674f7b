//! Code that `submit` takes as it is: wheels, zips, single modules, lists of packages.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use fake_ray::Server;
use serde_json::{Value, json};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::package::{PACKAGES, calls, dashboard, project, submit, submitted};
use crate::support::{Run, plugin};

const WHEEL: &str = "dist/words-1.0-py3-none-any.whl";

pub(crate) fn archive(path: &Path, entries: &[(&str, &str)]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut zip = ZipWriter::new(fs::File::create(path).unwrap());
    for (name, text) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
}

fn wheel(dir: &Path, text: &str) {
    archive(&dir.join(WHEEL), &[("words/__init__.py", text)]);
}

pub(crate) fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) fn runtime_env(server: &Server) -> Value {
    submitted(server)["applications"][0]["runtime_env"].clone()
}

fn is(uri: &str, ending: &str) -> bool {
    uri.ends_with(ending)
}

pub(crate) fn works(run: &Run) {
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

/// Refused, and nothing was asked of the cluster.
pub(crate) fn refused(dir: &TempDir, flags: &[&str]) -> String {
    let server = dashboard();
    let run = submit(&server, dir.path(), flags);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(calls(&server).is_empty(), "{:?}", calls(&server));
    run.stderr
}

pub(crate) fn with_env(env: &Value) -> TempDir {
    project(&json!([{"name": "a", "runtime_env": env}]))
}

#[test]
fn a_wheel_is_uploaded_as_it_is() {
    let dir = project(&json!([{"name": "a"}]));
    wheel(dir.path(), "W = 1\n");
    let server = dashboard();
    let run = submit(&server, dir.path(), &["--py-modules", WHEEL]);
    works(&run);
    let uri = runtime_env(&server)["py_modules"][0]
        .as_str()
        .unwrap()
        .to_owned();
    // As pip wants it, and another for another content.
    assert!(uri.starts_with("gcs://words-1.0-0"), "{uri}");
    assert!(uri.ends_with("-py3-none-any.whl"), "{uri}");
    assert!(
        run.stderr
            .starts_with(&format!("{WHEEL} uploaded: 1 file, ")),
        "{}",
        run.stderr
    );
    let upload = &server.requests()[2];
    assert_eq!(upload.path, uri.replace("gcs://", PACKAGES));
    let content = fs::read(dir.path().join(WHEEL)).unwrap();
    assert_eq!(upload.body, String::from_utf8_lossy(&content));

    wheel(dir.path(), "W = 2\n");
    works(&submit(&server, dir.path(), &["--py-modules", WHEEL]));
    assert_ne!(runtime_env(&server)["py_modules"][0], uri);
}

#[test]
fn a_zip_is_uploaded_as_it_is_and_its_one_directory_told() {
    let dir = project(&json!([{"name": "a"}]));
    archive(&dir.path().join("app.zip"), &[("app.py", "1")]);
    archive(
        &dir.path().join("deep.zip"),
        &[("app/app.py", "1"), ("app/b.py", "2")],
    );
    let server = dashboard();
    let run = submit(&server, dir.path(), &["--working-dir", "app.zip"]);
    works(&run);
    let uri = runtime_env(&server)["working_dir"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        uri.starts_with("gcs://_ray_pkg_") && is(&uri, ".zip"),
        "{uri}"
    );
    let content = fs::read(dir.path().join("app.zip")).unwrap();
    assert_eq!(server.requests()[2].body, String::from_utf8_lossy(&content));
    assert!(!run.stderr.contains("all of it is in"), "{}", run.stderr);
    let run = submit(&server, dir.path(), &["--working-dir", "deep.zip"]);
    assert!(
        run.stderr.contains("deep.zip: all of it is in app/")
            && run.stderr.contains("import_path begins with app"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_config_may_name_what_the_flags_may() {
    let dir = with_env(&json!({
        "working_dir": "app.zip", "py_modules": [WHEEL, "mylib", "one.py", "s3://x/y.zip"],
    }));
    wheel(dir.path(), "");
    archive(&dir.path().join("app.zip"), &[("app.py", "1")]);
    write(dir.path(), "one.py", "ONE = 1\n");
    let server = dashboard();
    let run = submit(&server, dir.path(), &["--py-modules", WHEEL]);
    works(&run);
    let env = runtime_env(&server);
    assert!(is(env["working_dir"].as_str().unwrap(), ".zip"));
    // The wheel once, though it is named twice.
    let modules: Vec<&str> = env["py_modules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|module| module.as_str().unwrap())
        .collect();
    assert_eq!(modules.len(), 4, "{modules:?}");
    assert!(is(modules[0], ".whl") && is(modules[2], ".zip"));
    let puts = server.requests();
    let one = puts
        .iter()
        .find(|put| put.method == "PUT" && put.body.contains("one.py"));
    assert!(one.is_some());
    // What a config names is told before it leaves.
    let shown = dir.path().canonicalize().unwrap().join("app.zip");
    let told = format!(
        "working_dir \"app.zip\" of application/a is {}\n",
        shown.display()
    );
    assert!(run.stderr.contains(&told), "{}", run.stderr);
}

#[test]
fn files_that_ray_would_not_take_are_refused_with_what_to_do() {
    let dir = project(&json!([{"name": "a"}]));
    wheel(dir.path(), "");
    archive(&dir.path().join("encrypted.jar"), &[("A.class", "")]);
    write(dir.path(), "src.tar.gz", "x");
    write(dir.path(), "words.whl", "x");
    write(dir.path(), "text.zip", "no zip at all");
    archive(&dir.path().join("words-1.whl"), &[("a", "")]);
    let cases = [
        (
            ["--working-dir", WHEEL],
            "is neither a directory nor a .zip, one of which a working_dir is\nhint: a wheel is for --py-modules dist/words",
        ),
        (
            ["--working-dir", "src/app.py"],
            "\nhint: name its directory, src",
        ),
        (
            ["--working-dir", "src.tar.gz"],
            "unpack it and name the directory",
        ),
        (
            ["--py-modules", "encrypted.jar"],
            "is neither a directory nor a .whl, .zip or .py file",
        ),
        (
            ["--working-dir", "text.zip"],
            "text.zip is not a zip archive that can be read",
        ),
        (
            ["--py-modules", "words.whl"],
            "words.whl is not a zip archive",
        ),
        (
            ["--py-modules", "words-1.whl"],
            "words-1.whl is not named as a wheel is",
        ),
    ];
    for (flags, sentence) in cases {
        let said = refused(&dir, &flags);
        assert!(said.contains(sentence), "{said}");
    }
    let big = fs::File::create(dir.path().join("big.zip")).unwrap();
    big.set_len(200 << 20).unwrap();
    let said = refused(&dir, &["--working-dir", "big.zip"]);
    assert!(
        said.contains("big.zip has 200.0 MiB, and Ray takes packages of less than 100 MiB"),
        "{said}"
    );
}

#[test]
fn a_directory_of_wheels_is_no_module() {
    let dir = project(&json!([{"name": "a"}]));
    wheel(dir.path(), "");
    let warning = format!(
        "Warning: dist/ holds wheels, which Python does not look into: --py-modules {WHEEL} installs one"
    );
    for flag in ["--py-modules", "--working-dir"] {
        let run = submit(&dashboard(), dir.path(), &[flag, "dist/"]);
        assert!(run.stderr.contains(&warning), "{}", run.stderr);
    }
}

#[test]
fn what_validate_advises_works() {
    for (env, flags) in [
        (
            json!({"working_dir": "app.zip"}),
            ["--working-dir", "app.zip"],
        ),
        (json!({"py_modules": [WHEEL]}), ["--py-modules", WHEEL]),
    ] {
        let dir = with_env(&env);
        wheel(dir.path(), "");
        archive(&dir.path().join("app.zip"), &[("app.py", "1")]);
        let mut validate = plugin(&["serve", "validate", "-f", "config.yaml"]);
        let run: Run = validate.current_dir(dir.path()).output().unwrap().into();
        let advice = format!("leave it out and submit with {} {}", flags[0], flags[1]);
        assert!(run.stderr.contains(&advice), "{}", run.stderr);
        let without = with_env(&json!({}));
        fs::copy(
            without.path().join("config.yaml"),
            dir.path().join("config.yaml"),
        )
        .unwrap();
        works(&submit(&dashboard(), dir.path(), &flags));
    }
}

#[test]
fn lists_of_packages_are_read_beside_the_config() {
    let dir = with_env(&json!({"pip": "requirements.txt"}));
    write(
        dir.path(),
        "requirements.txt",
        "# ours\nnumpy==1.26\n-r base.txt\n",
    );
    let server = dashboard();
    let run = submit(&server, dir.path(), &["--py-modules", "mylib"]);
    works(&run);
    assert_eq!(
        runtime_env(&server)["pip"],
        json!(["numpy==1.26", "-r base.txt"])
    );
    assert!(
        run.stderr.contains(
            "Warning: \"-r base.txt\" in requirements.txt of application/a names a file of this machine"
        ),
        "{}",
        run.stderr
    );
    assert!(
        !run.stderr.contains("looks for on the head"),
        "{}",
        run.stderr
    );
    // Without a flag nothing of this machine is read.
    let run = submit(&server, dir.path(), &[]);
    assert!(
        run.stderr.contains("looks for on the head"),
        "{}",
        run.stderr
    );
    assert_eq!(runtime_env(&server)["pip"], "requirements.txt");
    fs::remove_file(dir.path().join("requirements.txt")).unwrap();
    let said = refused(&dir, &["--py-modules", "mylib"]);
    assert!(
        said.contains("cannot read requirements.txt: No such file"),
        "{said}"
    );
}

#[test]
fn a_named_pipe_is_never_waited_for() {
    let dir = with_env(&json!({"pip": "requirements.txt"}));
    for name in ["requirements.txt", "app.zip"] {
        let path = dir.path().join(name);
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }
    for flags in [["--py-modules", "mylib"], ["--working-dir", "app.zip"]] {
        let said = refused(&dir, &flags);
        assert!(said.contains("it is not a regular file"), "{said}");
    }
}
