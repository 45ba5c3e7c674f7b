//! What becomes of each `runtime_env`.

use serde_json::json;

use super::*;
use crate::hint::Hint;

/// Holds each file it is asked for.
#[derive(Default)]
struct Fake {
    asked: Vec<Origin>,
    warnings: Vec<String>,
}

impl Machine for Fake {
    fn package(&mut self, source: Source, origin: &Origin) -> Result<String, Failure> {
        self.asked.push(origin.clone());
        let name = if source.role == Role::PyModule {
            "+name"
        } else {
            ""
        };
        let path = source.path.display();
        Ok(format!("gcs://{path}{name}{}", source.excludes.concat()))
    }

    fn read(&mut self, file: &Path, origin: &Origin) -> Result<String, Failure> {
        self.asked.push(origin.clone());
        Ok(format!("# {}\nnumpy\n-r base.txt\n", file.display()))
    }

    fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }
}

/// Each directory's URI is its path and what is special about it.
fn apply_to(
    applications: &Value,
    working_dir: &[&str],
    py_modules: &[&str],
) -> Result<(Value, Vec<String>), String> {
    let config = json!({ "applications": applications }).to_string();
    let mut config = ServeConfig::new(crate::yaml::parse(&config).unwrap()).unwrap();
    let flags = PackageFlags {
        working_dir: working_dir
            .iter()
            .map(|flag| flag.parse().unwrap())
            .collect(),
        py_modules: py_modules
            .iter()
            .map(|flag| flag.parse().unwrap())
            .collect(),
    };
    let mut machine = Fake::default();
    let mut directories = Directories::default();
    for (name, application) in config.applications() {
        let is_fetched = application["url"].is_string();
        directories.put(name, (!is_fetched).then(|| Path::new("conf")));
    }
    let notes =
        apply(&mut config, &flags, &directories, &mut machine).map_err(|failure| match failure
            .hint()
        {
            Some(hint) => format!("{failure}\nhint: {hint}"),
            None => failure.to_string(),
        })?;
    let config: Value = serde_json::from_str(&config.to_json()).unwrap();
    Ok((config["applications"].clone(), notes))
}

#[test]
fn a_directory_is_for_applications_that_have_none() {
    let applications = json!([
        {"name": "none"},
        {"name": "null", "runtime_env": null},
        {"name": "env", "runtime_env": {"pip": ["x"], "working_dir": null}},
        {"name": "remote", "runtime_env": {"working_dir": "https://x/y.zip"}},
        {"name": "local", "runtime_env": {"working_dir": "../local"}},
        {"name": "wrong", "runtime_env": 3},
    ]);
    let (applications, notes) = apply_to(&applications, &["src"], &[]).unwrap();
    assert_eq!(
        applications,
        json!([
            {"name": "none", "runtime_env": {"working_dir": "gcs://src"}},
            {"name": "null", "runtime_env": {"working_dir": "gcs://src"}},
            {"name": "env", "runtime_env": {"pip": ["x"], "working_dir": "gcs://src"}},
            {"name": "remote", "runtime_env": {"working_dir": "https://x/y.zip"}},
            {"name": "local", "runtime_env": {"working_dir": "gcs://conf/../local"}},
            {"name": "wrong", "runtime_env": 3},
        ])
    );
    assert_eq!(
        notes,
        [
            "application/remote keeps its own working_dir https://x/y.zip; --working-dir remote=src replaces it"
        ]
    );
}

#[test]
fn one_application_can_be_meant() {
    let applications = json!([
        {"name": "a", "runtime_env": {"working_dir": "https://x/y.zip"}},
        {"name": "b"},
        {"import_path": "c:d"},
    ]);
    let flags = ["a=src", "rest", "default=s3://b/c.zip"];
    let (applications, notes) = apply_to(&applications, &flags, &[]).unwrap();
    assert_eq!(
        applications,
        json!([
            {"name": "a", "runtime_env": {"working_dir": "gcs://src"}},
            {"name": "b", "runtime_env": {"working_dir": "gcs://rest"}},
            {"import_path": "c:d", "runtime_env": {"working_dir": "s3://b/c.zip"}},
        ])
    );
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn a_flag_without_effect_is_an_error() {
    let remote = json!([{"name": "a", "runtime_env": {"working_dir": "s3://b/c.zip"}}]);
    assert_eq!(
        apply_to(&remote, &["src"], &[]).unwrap_err(),
        "--working-dir src changes nothing: application/a keeps its own working_dir s3://b/c.zip\n\
         hint: --working-dir a=src replaces it"
    );
    assert_eq!(
        apply_to(&remote, &["b=src"], &[]).unwrap_err(),
        "--working-dir b=...: the Serve config has no application b, only a"
    );
}

#[test]
fn a_url_is_told_without_its_secrets() {
    let remote = "https://ada:s3cret@x/y.zip?signature=s3cret";
    let applications =
        json!([{"name": "a"}, {"name": "b", "runtime_env": {"working_dir": remote}}]);
    let (_, notes) = apply_to(&applications, &["src"], &[]).unwrap();
    assert_eq!(
        notes,
        [
            "application/b keeps its own working_dir https://******@x/y.zip?...; --working-dir b=src replaces it"
        ]
    );
}

#[test]
fn modules_are_added_and_local_ones_replaced() {
    let applications = json!([
        {"name": "a"},
        {"name": "b", "runtime_env": {
            "py_modules": ["s3://x/y.zip", "lib"], "working_dir": ".", "excludes": ["*.md"],
        }},
    ]);
    let (applications, _) = apply_to(&applications, &[], &["more"]).unwrap();
    assert_eq!(
        applications,
        json!([
            {"name": "a", "runtime_env": {"py_modules": ["gcs://more+name"]}},
            {"name": "b", "runtime_env": {
                "py_modules": ["s3://x/y.zip", "gcs://conf/lib+name*.md", "gcs://more+name*.md"],
                "working_dir": "gcs://conf/.*.md",
            }},
        ])
    );
}

#[test]
fn what_needs_nothing_stays_as_it_was() {
    let applications = json!([{"name": "a"}, {"name": "b", "runtime_env": {}}]);
    let (after, _) = apply_to(&applications, &["b=s3://b/c.zip"], &[]).unwrap();
    assert_eq!(after[0], applications[0]);
}

#[test]
fn deployments_have_code_of_their_own() {
    let env = |env: Value| json!([{"name": "a", "deployments": [{"name": "d", "ray_actor_options": {"runtime_env": env}}]}]);
    let local = env(json!({"working_dir": "d", "py_modules": ["m"]}));
    let (applications, _) = apply_to(&local, &["src"], &[]).unwrap();
    assert_eq!(
        applications[0]["deployments"],
        env(json!({"working_dir": "gcs://conf/d", "py_modules": ["gcs://conf/m+name"]}))[0]["deployments"]
    );
    let none = env(json!({"env_vars": {}}));
    let (applications, _) = apply_to(&none, &["src"], &[]).unwrap();
    assert_eq!(applications[0]["deployments"], none[0]["deployments"]);
}

#[test]
fn a_config_from_a_url_names_no_path_of_this_machine() {
    let whose =
        json!([{"name": "a", "url": "https://x/a.yaml", "runtime_env": {"working_dir": "src"}}]);
    let refused = apply_to(&whose, &[], &["mod"]).unwrap_err();
    assert_eq!(
        refused,
        "working_dir \"src\" of application/a is a path, and the config comes from a URL\n\
         hint: --working-dir a=PATH uploads what is here"
    );
    assert!(apply_to(&whose, &["a=src"], &[]).is_ok());
    let pip = json!([{"name": "a", "url": "https://x/a.yaml", "runtime_env": {"pip": "requirements.txt"}}]);
    let refused = apply_to(&pip, &["a=src"], &[]).unwrap_err();
    assert!(
        refused.contains("list its packages under pip instead"),
        "{refused}"
    );
}
