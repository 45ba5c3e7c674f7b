//! Which code each application of a config is to have: what its `runtime_env` says, and the flags.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::flags::{Code, PackageFlags};
use super::tree::Source;
use crate::error::Failure;
use crate::serve::ServeConfig;

const RUNTIME_ENV: &str = "runtime_env";
const WORKING_DIR: &str = "working_dir";
const PY_MODULES: &str = "py_modules";
const EXCLUDES: &str = "excludes";

/// Gives the URI of the package that a directory becomes.
pub(super) type ToUri<'a> = dyn FnMut(Source) -> Result<String, Failure> + 'a;

/// Puts the flags into a config, and URIs where it names local directories, which are looked for from
/// `config_dir`. Gives what a user may not expect.
pub(super) fn apply(
    config: &mut ServeConfig,
    flags: &PackageFlags,
    config_dir: &Path,
    to_uri: &mut ToUri<'_>,
) -> Result<Vec<String>, Failure> {
    check_names(config, flags)?;
    let mut kept = Vec::new();
    let mut used = false;
    for (name, application) in config.applications_mut() {
        // Ray says best what is wrong with what is no mapping.
        if let Some(mut fields) = runtime_env(application) {
            let mut env = Env::new(&mut fields, config_dir, to_uri);
            if let Some(code) = flags.of(&name) {
                env.set_working_dir(code)?;
            } else if let Some(own) = env.working_dir()? {
                kept.push((name, own));
            } else if let (Some(code), false) = (flags.of_all(), env.has_working_dir()) {
                env.set_working_dir(code)?;
                used = true;
            }
            env.replace_py_modules(&flags.py_modules)?;
            if !fields.is_empty() {
                application[RUNTIME_ENV] = fields.into();
            }
        }
        for deployment in deployments(application) {
            if let Some(Value::Object(env)) =
                deployment.pointer_mut("/ray_actor_options/runtime_env")
            {
                let mut env = Env::new(env, config_dir, to_uri);
                env.working_dir()?;
                env.replace_py_modules(&[])?;
            }
        }
    }
    told(flags, used, &kept)
}

fn check_names(config: &ServeConfig, flags: &PackageFlags) -> Result<(), Failure> {
    for named in flags.names() {
        if !config.applications().any(|(name, _)| name == named) {
            let known: Vec<&str> = config.applications().map(|(name, _)| name).collect();
            return Err(Failure::Failed(format!(
                "--working-dir {named}=…: the Serve config has no application {named}, only {}",
                known.join(", ")
            )));
        }
    }
    Ok(())
}

/// What became of `--working-dir DIR` where applications say themselves where their code is.
fn told(
    flags: &PackageFlags,
    used: bool,
    kept: &[(String, String)],
) -> Result<Vec<String>, Failure> {
    let Some(code) = flags.of_all() else {
        return Ok(Vec::new());
    };
    let keeps = |(name, own): &(String, String)| {
        format!(
            "application/{name} keeps its own working_dir {own}; --working-dir {name}={code} replaces it"
        )
    };
    match kept.first() {
        Some(first) if !used => Err(Failure::Failed(format!(
            "--working-dir {code} changes nothing: {}",
            keeps(first)
        ))),
        _ => Ok(kept.iter().map(keeps).collect()),
    }
}

/// The application's own, or an empty one where it has none.
fn runtime_env(application: &Value) -> Option<Map<String, Value>> {
    match application.as_object()?.get(RUNTIME_ENV) {
        None | Some(Value::Null) => Some(Map::new()),
        Some(own) => own.as_object().cloned(),
    }
}

fn deployments(application: &mut Value) -> impl Iterator<Item = &mut Value> {
    let deployments = application.get_mut("deployments");
    deployments
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// One `runtime_env`, of an application or of a deployment.
struct Env<'a, 'b> {
    fields: &'a mut Map<String, Value>,
    excludes: Vec<String>,
    config_dir: &'a Path,
    to_uri: &'a mut ToUri<'b>,
}

impl<'a, 'b> Env<'a, 'b> {
    fn new(
        fields: &'a mut Map<String, Value>,
        config_dir: &'a Path,
        to_uri: &'a mut ToUri<'b>,
    ) -> Self {
        let patterns = fields.get(EXCLUDES).and_then(Value::as_array);
        let patterns = patterns.into_iter().flatten().filter_map(Value::as_str);
        Self {
            excludes: patterns.map(str::to_owned).collect(),
            fields,
            config_dir,
            to_uri,
        }
    }

    /// Uploads its own working_dir where that is a local directory. Gives the URI it has otherwise.
    fn working_dir(&mut self) -> Result<Option<String>, Failure> {
        let Some(Value::String(own)) = self.fields.get(WORKING_DIR) else {
            return Ok(None);
        };
        let own = own.clone();
        if is_uri(&own) {
            return Ok(Some(own));
        }
        let uri = self.upload(&self.config_dir.join(own), false)?;
        self.fields.insert(WORKING_DIR.to_owned(), uri.into());
        Ok(None)
    }

    fn has_working_dir(&self) -> bool {
        self.fields
            .get(WORKING_DIR)
            .is_some_and(|own| !own.is_null())
    }

    fn set_working_dir(&mut self, code: &Code) -> Result<(), Failure> {
        let uri = match code {
            Code::Uri(uri) => uri.clone(),
            Code::Directory(dir) => self.upload(dir, false)?,
        };
        self.fields.insert(WORKING_DIR.to_owned(), uri.into());
        Ok(())
    }

    /// Uploads the local ones of its own, and `more`.
    fn replace_py_modules(&mut self, more: &[PathBuf]) -> Result<(), Failure> {
        let mut modules = match self.fields.get(PY_MODULES) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(own)) => own.clone(),
            // Ray's to refuse.
            Some(_) => return Ok(()),
        };
        for module in &mut modules {
            if let Value::String(own) = module
                && !is_uri(own)
            {
                *module = self.upload(&self.config_dir.join(own), true)?.into();
            }
        }
        for dir in more {
            modules.push(self.upload(dir, true)?.into());
        }
        if !modules.is_empty() {
            self.fields.insert(PY_MODULES.to_owned(), modules.into());
        }
        Ok(())
    }

    fn upload(&mut self, dir: &Path, with_own_name: bool) -> Result<String, Failure> {
        let uri = (self.to_uri)(Source {
            dir: dir.to_owned(),
            excludes: self.excludes.clone(),
            with_own_name,
        })?;
        // Has had its effect: what is excluded is not there any more.
        self.fields.remove(EXCLUDES);
        Ok(uri)
    }
}

/// Ray takes for a path what has no scheme.
pub(super) fn is_uri(text: &str) -> bool {
    text.contains("://")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Each directory's URI is its path and what is special about it.
    fn apply_to(
        applications: &Value,
        working_dir: &[&str],
        py_modules: &[&str],
    ) -> Result<(Value, Vec<String>), String> {
        let config = json!({ "applications": applications }).to_string();
        let mut config = ServeConfig::parse(config.as_bytes()).unwrap();
        let flags = PackageFlags {
            working_dir: working_dir
                .iter()
                .map(|flag| flag.parse().unwrap())
                .collect(),
            py_modules: py_modules.iter().map(PathBuf::from).collect(),
        };
        let mut to_uri = |source: Source| {
            let name = if source.with_own_name { "+name" } else { "" };
            let dir = source.dir.display();
            Ok(format!("gcs://{dir}{name}{}", source.excludes.concat()))
        };
        let notes = apply(&mut config, &flags, Path::new("conf"), &mut to_uri)
            .map_err(|failure| failure.to_string())?;
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
            "--working-dir src changes nothing: application/a keeps its own working_dir s3://b/c.zip; \
             --working-dir a=src replaces it"
        );
        assert_eq!(
            apply_to(&remote, &["b=src"], &[]).unwrap_err(),
            "--working-dir b=…: the Serve config has no application b, only a"
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
}
