//! Code from this machine on a cluster: the tutorial, and what can be in a package.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use e2e::{Alone, On, console, eventually, lab, serving, shell};
use serde_json::{Value, json};
use tempfile::TempDir;

fn write(directory: &TempDir, name: &str, text: &str) {
    let path = directory.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_tutorial_from_a_directory_to_an_application_is_true() {
    let lab = lab();
    let _alone = Alone::take();
    let space = lab.namespace("e2e-own-code");
    let scratch = TempDir::new().unwrap();
    let page = fs::read_to_string(lab.prepared.root.join("docs/tutorials/own-code.md")).unwrap();
    let steps = console(&page);
    assert!(steps.len() > 8, "{steps:?}");
    for step in steps {
        // Which admits what is created.
        let _webhook = lab.with_webhook();
        // This run's version of Ray, whose image is on the node.
        let version = format!("serve create --ray-version {} ", lab.prepared.ray);
        let command = step.command.replace("serve create ", &version);
        let ran = shell(lab, scratch.path(), &space.name, &command).ok();
        // The commands it gives name the namespace.
        let said = ran
            .stdout
            .replace(&format!("-n {}", space.name), "-n default");
        if let Some(difference) = step.differs(&said) {
            panic!("{difference}: {ran}");
        }
    }
}

const FACTS: &str = r#"
import os
import subprocess

import mylib
from ray import serve


@serve.deployment
class Facts:
    def __call__(self, request):
        return {
            "data": open("data.txt").read(),
            "script": subprocess.run(["sh", "script.sh"], capture_output=True, text=True).stdout,
            "executable": os.access("script.sh", os.X_OK),
            "module": mylib.NAME,
            "files": sorted(os.listdir(".")),
        }


app = Facts.bind()
"#;

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_application_finds_its_files_its_modules_and_nothing_that_is_ignored() {
    let serving = serving();
    let scratch = TempDir::new().unwrap();
    write(&scratch, "app/facts.py", FACTS);
    write(&scratch, "app/data.txt", "some data");
    write(&scratch, "app/script.sh", "#!/bin/sh\necho ran\n");
    let script = scratch.path().join("app/script.sh");
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
    write(&scratch, "app/secret.key", "no");
    write(&scratch, "app/notes.md", "no");
    write(&scratch, "app/.rayignore", "*.key\n");
    write(
        &scratch,
        "libs/mylib/__init__.py",
        "from .name import NAME\n",
    );
    write(&scratch, "libs/mylib/name.py", "NAME = 'mylib'\n");
    let config = json!({"applications": [{
        "name": "facts", "route_prefix": "/facts", "import_path": "facts:app",
        "runtime_env": {"excludes": ["*.md"]},
    }]})
    .to_string();
    let app = scratch.path().join("app").display().to_string();
    let module = scratch.path().join("libs/mylib").display().to_string();
    let flags = ["--working-dir", &app, "--py-modules", &module, "--wait"];
    serving
        .submit(&config, &flags)
        .ok()
        .says("app uploaded: 4 files");
    let facts: Value = serde_json::from_str(&serving.call("/facts", "{}")).unwrap();
    let expected = json!({
        "data": "some data", "script": "ran\n", "module": "mylib",
        // Ray 2.8 unpacks without it.
        "executable": !lab().has_ray_2_8(),
        "files": [".rayignore", "data.txt", "facts.py", "script.sh"],
    });
    let files = facts["files"].as_array().unwrap();
    let files: Vec<&Value> = files.iter().filter(|name| *name != "__pycache__").collect();
    assert_eq!(json!(files), expected["files"]);
    for key in ["data", "script", "executable", "module"] {
        assert_eq!(facts[key], expected[key]);
    }

    serving
        .submit(&config, &flags)
        .ok()
        .says("app is on the cluster already")
        .says("mylib is on the cluster already")
        // Ray 2.8 has added the working directory to the modules, and takes the same for a change.
        .says(if lab().has_ray_2_8() {
            "application/facts configured"
        } else {
            "application/facts unchanged"
        });

    write(&scratch, "libs/mylib/name.py", "NAME = 'another'\n");
    serving
        .submit(&config, &flags)
        .ok()
        .says("app is on the cluster already")
        .says("mylib uploaded: 2 files")
        .says_on(On::Stdout, "application/facts configured");
    eventually("the changed module", Duration::from_secs(60), || {
        let facts: Value = serde_json::from_str(&serving.call("/facts", "{}")).unwrap();
        if facts["module"] == "another" {
            Ok(())
        } else {
            Err(facts.to_string())
        }
    });
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_full_disk_is_one_sentence_and_nothing_is_sent() {
    let serving = serving();
    let scratch = TempDir::new().unwrap();
    write(&scratch, "hello/hello.py", "app = None\n");
    // Content that does not compress, more of it than the file system has.
    let noise = "head -c 1000000 /dev/urandom > hello/noise.bin; mkdir small";
    shell(lab(), scratch.path(), serving.namespace(), noise).ok();
    let config = json!({"applications": [{"name": "hello", "import_path": "hello:app"}]});
    write(&scratch, "config.json", &config.to_string());
    let submit = "mount -t tmpfs -o size=128k none small && TMPDIR=$PWD/small \
                  kubectl ray serve submit test-cluster -f config.json --working-dir hello";
    let alone = format!("unshare --mount sh -c '{submit}'");
    let ran = shell(lab(), scratch.path(), serving.namespace(), &alone);
    let small = scratch.path().canonicalize().unwrap().join("small");
    assert_eq!(ran.code, Some(1), "{ran}");
    assert_eq!(
        ran.stdout,
        format!(
            "error: cannot write a temporary file in {}: No space left on device (os error 28)\nhint: TMPDIR names another place\n",
            small.display()
        )
    );
    serving
        .ray_serve("get", &[])
        .ok()
        .says("No Serve applications");
}
