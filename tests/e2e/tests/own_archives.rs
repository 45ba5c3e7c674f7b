//! Wheels and zips from this machine on a cluster, as they are.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::{eventually, serving};
use serde_json::{Value, json};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const APP: &str = r#"
import words
from ray import serve


@serve.deployment
class Say:
    def __call__(self, request):
        return {"word": words.WORD, "file": open("data.txt").read()}


app = Say.bind()
"#;

fn archive(path: &Path, entries: &[(&str, &str)]) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, text) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
}

/// Always of the same version, as it is while somebody works on it.
fn wheel(directory: &TempDir, word: &str) -> PathBuf {
    let path = directory.path().join("words-1.0-py3-none-any.whl");
    archive(
        &path,
        &[
            ("words/__init__.py", &format!("WORD = '{word}'\n")),
            (
                "words-1.0.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: words\nVersion: 1.0\n",
            ),
            (
                "words-1.0.dist-info/WHEEL",
                "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            ),
            ("words-1.0.dist-info/RECORD", ""),
        ],
    );
    path
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_wheel_and_a_zip_run_as_they_are() {
    let serving = serving();
    let scratch = TempDir::new().unwrap();
    let zip = scratch.path().join("say.zip");
    archive(&zip, &[("say.py", APP), ("data.txt", "some data")]);
    let config = json!({"applications": [{
        "name": "say", "route_prefix": "/say", "import_path": "say:app",
    }]})
    .to_string();
    let submit = |word: &str| {
        let wheel = wheel(&scratch, word).display().to_string();
        let zip = zip.display().to_string();
        let flags = ["--working-dir", &zip, "--py-modules", &wheel, "--wait"];
        serving.submit(&config, &flags).ok()
    };
    submit("first")
        .says("say.zip uploaded: 2 files")
        .says("words-1.0-py3-none-any.whl uploaded: 4 files");
    let said = || -> Value { serde_json::from_str(&serving.call("/say", "{}")).unwrap() };
    assert_eq!(said(), json!({"word": "first", "file": "some data"}));

    // Another wheel of the same name is another wheel.
    submit("second")
        .says("say.zip is on the cluster already")
        .says("words-1.0-py3-none-any.whl uploaded: 4 files");
    eventually("the second wheel", Duration::from_secs(60), || {
        let said = said();
        if said["word"] == "second" {
            Ok(())
        } else {
            Err(said.to_string())
        }
    });
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn what_the_repository_ignores_stays_here() {
    let serving = serving();
    let scratch = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = scratch.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(".git/HEAD", "ref: refs/heads/main\n");
    write(".gitignore", ".env\n*.onnx\n");
    write("app/.env", "TOKEN=secret\n");
    write("app/model.onnx", "weights");
    write(
        "app/listing.py",
        "import os\n\nfrom ray import serve\n\n\n@serve.deployment\nclass Listing:\n    def __call__(self, request):\n        \
         return sorted(os.listdir('.'))\n\n\napp = Listing.bind()\n",
    );
    let config = json!({"applications": [{
        "name": "listing", "route_prefix": "/listing", "import_path": "listing:app",
    }]})
    .to_string();
    let app = scratch.path().join("app").display().to_string();
    serving
        .submit(&config, &["--working-dir", &app, "--wait"])
        .ok()
        .says("app: 2 files (20 B)")
        .says("app uploaded: 1 file");
    let files: Vec<String> = serde_json::from_str(&serving.call("/listing", "{}")).unwrap();
    let files: Vec<&String> = files.iter().filter(|name| *name != "__pycache__").collect();
    assert_eq!(files, ["listing.py"]);
}
