//! Decides which code each application of a config gets, from its `runtime_env` and the flags.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::directories::Directories;
use super::error::Error;
use super::flags::{Code, PackageFlags};
use super::requirements;
use super::source::{Origin, Role, Source};
use super::uri::{is_uri, shown};
use crate::error::Failure;
use ray_serve_client::ServeConfig;

const RUNTIME_ENV: &str = "runtime_env";
const WORKING_DIR: &str = "working_dir";
const PY_MODULES: &str = "py_modules";
const EXCLUDES: &str = "excludes";

/// Where code and lists of packages are.
pub(super) trait Machine {
    /// The URI of the package made from a directory or file.
    fn package(&mut self, source: Source, origin: &Origin) -> Result<String, Failure>;
    fn read(&mut self, file: &Path, origin: &Origin) -> Result<String, Failure>;
    fn warn(&mut self, warning: String);
}

/// Puts the flags into a config, and URIs where it names local directories and files, which are
/// looked for from the directory of each application's file. Returns what a user may not expect.
pub(super) fn apply(
    config: &mut ServeConfig,
    flags: &PackageFlags,
    directories: &Directories,
    machine: &mut dyn Machine,
) -> Result<Vec<String>, Failure> {
    check_names(config, flags)?;
    let mut kept = Vec::new();
    let mut used = false;
    for (name, application) in config.applications_mut() {
        let directory = directories.of(&name);
        // Ray reports best what is wrong with a value that is not a mapping.
        if let Some(mut fields) = runtime_env(application) {
            let whose = format!("application/{name}");
            let mut env = Env::new(&mut fields, &name, &whose, directory, machine);
            env.read_requirements()?;
            if let Some(code) = flags.of(&name) {
                env.set_working_dir(code)?;
            } else if let Some(own) = env.working_dir()? {
                kept.push((name.clone(), own));
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
            let of = deployment.get("name").and_then(Value::as_str);
            let whose = format!(
                "deployment/{} of application/{name}",
                of.unwrap_or_default()
            );
            if let Some(Value::Object(env)) =
                deployment.pointer_mut("/ray_actor_options/runtime_env")
            {
                let mut env = Env::new(env, &name, &whose, directory, machine);
                env.read_requirements()?;
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
                "--working-dir {named}=...: the Serve config has no application {named}, only {}",
                known.join(", ")
            )));
        }
    }
    Ok(())
}

/// What `--working-dir DIR` changed in applications whose config names their code already.
fn told(
    flags: &PackageFlags,
    used: bool,
    kept: &[(String, String)],
) -> Result<Vec<String>, Failure> {
    let Some(code) = flags.of_all() else {
        return Ok(Vec::new());
    };
    let keeps = |(name, own): &(String, String)| {
        (
            format!(
                "application/{name} keeps its own working_dir {}",
                shown(own)
            ),
            format!("--working-dir {name}={code} replaces it"),
        )
    };
    let mut kept = kept.iter().map(keeps).peekable();
    match kept.peek() {
        Some((keeps, hint)) if !used => Err(Failure::Failed(format!(
            "--working-dir {code} changes nothing: {keeps}"
        ))
        .with_hint(hint)),
        _ => Ok(kept
            .map(|(keeps, hint)| format!("{keeps}; {hint}"))
            .collect()),
    }
}

/// The application's `runtime_env`, created empty if it has none.
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

/// The `runtime_env` of an application or deployment.
struct Env<'a> {
    fields: &'a mut Map<String, Value>,
    excludes: Vec<String>,
    application: &'a str,
    /// Its name in messages.
    whose: &'a str,
    /// Where its paths lead from.
    directory: Option<&'a Path>,
    machine: &'a mut dyn Machine,
}

impl<'a> Env<'a> {
    fn new(
        fields: &'a mut Map<String, Value>,
        application: &'a str,
        whose: &'a str,
        directory: Option<&'a Path>,
        machine: &'a mut dyn Machine,
    ) -> Self {
        let patterns = fields.get(EXCLUDES).and_then(Value::as_array);
        let patterns = patterns.into_iter().flatten().filter_map(Value::as_str);
        Self {
            excludes: patterns.map(str::to_owned).collect(),
            fields,
            application,
            whose,
            directory,
            machine,
        }
    }

    /// Replaces local files of pip, uv and conda by what they list.
    fn read_requirements(&mut self) -> Result<(), Failure> {
        for named in requirements::named(self.fields) {
            let instead = format!("list its packages under {} instead", named.field);
            let (path, origin) = self.locate(named.field, &named.file, instead)?;
            let text = self.machine.read(&path, &origin)?;
            let local = named.put(&text, self.fields).map_err(|problem| {
                Failure::Failed(format!("cannot read {}: {problem}", path.display()))
            })?;
            for line in local {
                self.machine.warn(format!(
                    "\"{line}\" in {} of {} names a file of this machine, which is not on the cluster",
                    path.display(),
                    self.whose
                ));
            }
        }
        Ok(())
    }

    /// Uploads its `working_dir` if that is local; otherwise returns the URI it has.
    fn working_dir(&mut self) -> Result<Option<String>, Failure> {
        let Some(Value::String(own)) = self.fields.get(WORKING_DIR) else {
            return Ok(None);
        };
        let own = own.clone();
        if is_uri(&own) {
            return Ok(Some(own));
        }
        let flag = format!("--working-dir {}=", self.application);
        let uri = self.upload_own(WORKING_DIR, &own, &flag, Role::WorkingDir)?;
        self.fields.insert(WORKING_DIR.to_owned(), uri.into());
        Ok(None)
    }

    fn has_working_dir(&self) -> bool {
        self.fields
            .get(WORKING_DIR)
            .is_some_and(|own| !own.is_null())
    }

    fn set_working_dir(&mut self, code: &Code) -> Result<(), Failure> {
        let uri = self.uri(code, Role::WorkingDir)?;
        self.fields.insert(WORKING_DIR.to_owned(), uri.into());
        Ok(())
    }

    /// Uploads its local modules, and `more`.
    fn replace_py_modules(&mut self, more: &[Code]) -> Result<(), Failure> {
        let own = match self.fields.get(PY_MODULES) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(own)) => own.clone(),
            // Ray refuses it.
            Some(_) => return Ok(()),
        };
        let mut modules = Vec::new();
        for module in own {
            match module {
                Value::String(own) if !is_uri(&own) => {
                    let flag = "--py-modules ";
                    let uri = self.upload_own(PY_MODULES, &own, flag, Role::PyModule)?;
                    modules.push(uri.into());
                }
                other => modules.push(other),
            }
        }
        for code in more {
            let uri = Value::from(self.uri(code, Role::PyModule)?);
            // The config may name it too.
            if !modules.contains(&uri) {
                modules.push(uri);
            }
        }
        if !modules.is_empty() {
            self.fields.insert(PY_MODULES.to_owned(), modules.into());
        }
        Ok(())
    }

    fn uri(&mut self, code: &Code, role: Role) -> Result<String, Failure> {
        match code {
            Code::Uri(uri) => Ok(uri.clone()),
            Code::Local(path) => self.upload(path, role, &Origin::Flag),
        }
    }

    fn upload_own(
        &mut self,
        field: &str,
        own: &str,
        flag: &str,
        role: Role,
    ) -> Result<String, Failure> {
        let instead = match self.directory {
            Some(directory) => {
                let path = directory.join(own);
                format!("{flag}{} uploads it all the same", path.display())
            }
            None => format!("{flag}PATH uploads what is here"),
        };
        let (path, origin) = self.locate(field, own, instead)?;
        self.upload(&path, role, &origin)
    }

    /// A path in the config, and who named it.
    fn locate(
        &self,
        field: &str,
        own: &str,
        instead: String,
    ) -> Result<(PathBuf, Origin), Failure> {
        let what = format!("{field} \"{own}\" of {}", self.whose);
        let Some(directory) = self.directory else {
            return Err(Error::FromElsewhere { what, instead }.into());
        };
        let origin = Origin::Config {
            what,
            directory: directory.to_owned(),
            instead,
        };
        Ok((directory.join(own), origin))
    }

    fn upload(&mut self, path: &Path, role: Role, origin: &Origin) -> Result<String, Failure> {
        let source = Source {
            path: path.to_owned(),
            excludes: self.excludes.clone(),
            role,
        };
        let uri = self.machine.package(source, origin)?;
        // `excludes` has had its effect: the package does not contain those files.
        self.fields.remove(EXCLUDES);
        Ok(uri)
    }
}
