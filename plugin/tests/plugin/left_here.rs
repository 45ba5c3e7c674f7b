//! What stays on this machine with `submit`, what a config cannot take from it, and what is said.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;
use tempfile::TempDir;

use crate::local_code::{archive, refused, runtime_env, with_env, works, write};
use crate::package::{calls, dashboard, project, submit};
use crate::support::{Run, assert_fails, plugin};

#[test]
fn a_config_names_nothing_outside_of_its_directory() {
    let elsewhere = TempDir::new().unwrap();
    write(elsewhere.path(), "lib/__init__.py", "");
    write(elsewhere.path(), "lib.zip", "");
    write(elsewhere.path(), "requirements.txt", "numpy\n");
    write(elsewhere.path(), "env.yml", "a: b\n");
    let at = elsewhere.path().canonicalize().unwrap();
    let dir = with_env(&json!({}));
    symlink(&at, dir.path().join("link")).unwrap();
    fs::create_dir(dir.path().join("conf")).unwrap();
    let absolute = at.join("lib").display().to_string();
    let zip = at.join("lib.zip").display().to_string();
    for env in [
        json!({"working_dir": absolute}),
        json!({"working_dir": zip}),
        json!({"py_modules": ["../mylib"]}),
        json!({"py_modules": ["../../../../../.."]}),
        json!({"py_modules": [absolute]}),
        json!({"py_modules": ["../link/lib"]}),
        json!({"pip": "../link/requirements.txt"}),
        json!({"pip": {"packages": "../link/requirements.txt"}}),
        json!({"conda": "../link/env.yml"}),
    ] {
        for config in [
            json!({"name": "a", "import_path": "a:b", "runtime_env": env}),
            json!({"name": "a", "import_path": "a:b", "deployments": [
                {"name": "d", "ray_actor_options": {"runtime_env": env}},
            ]}),
        ] {
            let config = json!({ "applications": [config] }).to_string();
            fs::write(dir.path().join("conf/config.yaml"), config).unwrap();
            let server = dashboard();
            let flags = [
                "-f",
                "conf/config.yaml",
                "--py-modules",
                "mylib/../src",
                "--address",
            ];
            let mut run = plugin(&["serve", "submit", "x"]);
            let run = run.args(flags).arg(server.url()).current_dir(dir.path());
            let run: Run = run.output().unwrap().into();
            assert_eq!(run.code, Some(1), "{env}: {}", run.stderr);
            assert!(
                run.stderr
                    .contains(" leads out of conf, where the config is, to /"),
                "{env}: {}",
                run.stderr
            );
            assert!(calls(&server).is_empty(), "{env}: {:?}", calls(&server));
        }
    }
}

#[test]
fn a_flag_that_names_it_allows_what_a_config_names_outside() {
    let dir = with_env(&json!({}));
    let config = json!({"applications": [
        {"name": "a", "import_path": "a:b", "route_prefix": "/a", "runtime_env": {"py_modules": ["../mylib"]}},
    ]});
    write(dir.path(), "conf/config.yaml", &config.to_string());
    let server = dashboard();
    let url = server.url();
    let submit = |more: &[&str]| -> Run {
        let mut run = plugin(&[
            "serve",
            "submit",
            "x",
            "-f",
            "conf/config.yaml",
            "--address",
            &url,
        ]);
        run.args(more)
            .current_dir(dir.path())
            .output()
            .unwrap()
            .into()
    };
    let run = submit(&["--working-dir", "src"]);
    let at = dir.path().canonicalize().unwrap().join("mylib");
    assert_fails(
        &run,
        &format!(
            "py_modules \"../mylib\" of application/a leads out of conf, where the config is, to {}\nhint: --py-modules \
             conf/../mylib uploads it all the same",
            at.display()
        ),
    );
    // As it says.
    works(&submit(&["--py-modules", "conf/../mylib"]));
    assert_eq!(
        runtime_env(&server)["py_modules"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn a_config_names_no_credentials() {
    for (name, env) in [
        (".ssh/config", json!({"working_dir": ".ssh"})),
        (".aws/sso/x", json!({"py_modules": [".aws/sso"]})),
        (".env", json!({"pip": ".env"})),
        ("id_rsa", json!({"pip": "id_rsa"})),
    ] {
        let dir = with_env(&env);
        write(dir.path(), name, "secret\n");
        let said = refused(&dir, &["--py-modules", "mylib"]);
        assert!(
            said.contains("of application/a looks like credentials\nhint: "),
            "{said}"
        );
        assert!(!said.contains("secret"), "{said}");
    }

    // A flag that names them has the last word.
    let dir = with_env(&json!({"py_modules": [".aws/sso"]}));
    write(dir.path(), ".aws/sso/x.py", "");
    let flags = ["--py-modules", ".aws/sso"];
    works(&submit(&dashboard(), dir.path(), &flags));
}

#[test]
fn credentials_are_named_and_refused_by_strict() {
    let dir = project(&json!([{"name": "a"}]));
    write(dir.path(), ".git/HEAD", "x");
    write(dir.path(), ".gitignore", ".env\n");
    for name in ["src/.env", "src/id_ed25519", "src/prod.pem"] {
        write(dir.path(), name, "secret");
    }
    let server = dashboard();
    let run = submit(&server, dir.path(), &["--working-dir", "src"]);
    works(&run);
    assert!(
        run.stderr.contains(
            "Warning: src holds what looks like credentials: id_ed25519, prod.pem; list them in src/.rayignore"
        ),
        "{}",
        run.stderr
    );
    assert!(!server.requests()[2].body.contains(".env"));
    let said = refused(&dir, &["--working-dir", "src", "--strict"]);
    assert!(
        said.contains("src holds what looks like credentials: id_ed25519, prod.pem: nothing was sent (--strict)"),
        "{said}"
    );
    archive(
        &dir.path().join("app.zip"),
        &[("app.py", ""), ("sub/.netrc", "x")],
    );
    let said = refused(&dir, &["--working-dir", "app.zip", "--strict"]);
    assert!(
        said.contains("app.zip holds what looks like credentials: sub/.netrc"),
        "{said}"
    );
}

#[test]
fn a_dry_run_lists_the_files() {
    let dir = project(&json!([{"name": "a"}]));
    write(dir.path(), "src/sub/b.txt", "12345");
    let server = dashboard();
    let run = submit(
        &server,
        dir.path(),
        &["--working-dir", "src", "--dry-run=client"],
    );
    works(&run);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(
        lines[0].starts_with("src: 2 files, 14 B (gcs://_ray_pkg_"),
        "{}",
        run.stdout
    );
    assert_eq!(
        lines[1..],
        [
            "  app.py (9 B)",
            "  sub/b.txt (5 B)",
            "application/a created (dry run)"
        ]
    );
    assert!(!calls(&server).iter().any(|call| call.starts_with("PUT")));
}

#[test]
fn what_gitignore_leaves_out_is_told_and_ray_s_variable_takes_it_along() {
    let dir = project(&json!([{"name": "a"}]));
    write(dir.path(), "src/models/tiny.onnx", "weights");
    write(dir.path(), "src/.gitignore", "*.onnx\n");
    let server = dashboard();
    let run = submit(&server, dir.path(), &["--working-dir", "src"]);
    let told = "src: models/tiny.onnx (7 B) is left out by src/.gitignore: !/models/tiny.onnx in src/.rayignore takes \
                it along\n";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    let url = server.url();
    let with = |value: &str| -> Run {
        let flags = [
            "-f",
            "config.yaml",
            "--working-dir",
            "src",
            "--address",
            &url,
        ];
        let mut run = plugin(&["serve", "submit", "x"]);
        run.args(flags)
            .env("RAY_RUNTIME_ENV_IGNORE_GITIGNORE", value)
            .current_dir(dir.path());
        run.output().unwrap().into()
    };
    let run = with("1");
    assert!(
        run.stderr.contains("src uploaded: 3 files"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("left out"), "{}", run.stderr);
    let run = with("true");
    assert!(
        run.stderr
            .contains("Warning: RAY_RUNTIME_ENV_IGNORE_GITIGNORE has an effect only where it is 1"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains(told), "{}", run.stderr);
}
