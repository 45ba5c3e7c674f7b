//! Puts the content of local requirements files into the config: Ray reads such files where a job
//! is submitted, but a Serve config is read on the cluster, which lacks them.

use std::io::{self, Read};
use std::path::Path;

use serde_json::{Map, Value};

use super::open;
use crate::yaml;

/// More than any list of packages has.
const MAX: u64 = 1024 * 1024;

/// Reads a file, without following links.
pub(super) fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = open::file(file)?.take(MAX + 1).read_to_string(&mut text)?;
    if read as u64 > MAX {
        return Err(io::Error::other("it is too large for a list of packages"));
    }
    Ok(text)
}

/// A field of a `runtime_env` that names a file of this machine.
pub(super) struct Named {
    /// `pip`, or `packages` of a `pip` mapping.
    pub(super) field: &'static str,
    pub(super) file: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    List,
    Packages,
    Conda,
}

/// Whether the path is local; an absolute one belongs to the image.
fn is_local(place: &str) -> bool {
    !place.starts_with('/') && !place.contains("://")
}

pub(super) fn named(env: &Map<String, Value>) -> Vec<Named> {
    let mut named = Vec::new();
    for field in ["pip", "uv"] {
        match env.get(field) {
            Some(Value::String(file)) => named.push(Named {
                field,
                file: file.clone(),
                kind: Kind::List,
            }),
            // Ray accepts no file for uv's `packages`.
            Some(Value::Object(own)) if field == "pip" => {
                if let Some(Value::String(file)) = own.get("packages") {
                    named.push(Named {
                        field,
                        file: file.clone(),
                        kind: Kind::Packages,
                    });
                }
            }
            _ => {}
        }
    }
    let is_yaml = |file: &str| {
        [".yml", ".yaml"]
            .iter()
            .any(|ending| file.ends_with(ending))
    };
    if let Some(Value::String(file)) = env.get("conda")
        && is_yaml(file)
    {
        named.push(Named {
            field: "conda",
            file: file.clone(),
            kind: Kind::Conda,
        });
    }
    named.retain(|named| is_local(&named.file));
    named
}

impl Named {
    /// Replaces the field by the file's content, and returns the lines that Ray will not find.
    pub(super) fn put(
        &self,
        text: &str,
        env: &mut Map<String, Value>,
    ) -> Result<Vec<String>, String> {
        if self.kind == Kind::Conda {
            let value = yaml::parse(text).map_err(|error| error.to_string())?;
            if !value.is_object() {
                return Err("a mapping is expected, as conda has it".to_owned());
            }
            env.insert(self.field.to_owned(), value);
            return Ok(Vec::new());
        }
        let (lines, local) = lines(text);
        let lines = Value::from(lines);
        match (self.kind, env.get_mut(self.field)) {
            (Kind::Packages, Some(Value::Object(own))) => {
                own.insert("packages".to_owned(), lines);
            }
            _ => {
                env.insert(self.field.to_owned(), lines);
            }
        }
        Ok(local)
    }
}

/// Each package once, as Ray lists them, and the lines that name files of this machine.
fn lines(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut lines, mut local) = (Vec::<String>::new(), Vec::new());
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || lines.iter().any(|other| other == line) {
            continue;
        }
        if names_a_file(line) {
            local.push(line.to_owned());
        }
        lines.push(line.to_owned());
    }
    (lines, local)
}

fn names_a_file(line: &str) -> bool {
    let options = [
        "--requirement",
        "--constraint",
        "--editable",
        "-r",
        "-c",
        "-e",
    ];
    let value = options.iter().find_map(|option| line.strip_prefix(option));
    value.map_or(line.starts_with('.'), |value| !value.contains("://"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn put(env: &Value, text: &str) -> Result<(Value, Vec<String>), String> {
        let mut env = env.as_object().unwrap().clone();
        let mut local = Vec::new();
        for named in named(&env) {
            local.extend(named.put(text, &mut env)?);
        }
        Ok((env.into(), local))
    }

    #[test]
    fn files_become_what_is_in_them() {
        let text = "\u{feff}# ours\r\nnumpy==1.26 # why\r\n\r\nrequests\r\nrequests\n";
        let list = json!(["numpy==1.26 # why", "requests"]);
        for (env, expected) in [
            (json!({"pip": "requirements.txt"}), json!({"pip": list})),
            (json!({"uv": "requirements.txt"}), json!({"uv": list})),
            (
                json!({"pip": {"packages": "./r.txt", "pip_check": true}}),
                json!({"pip": {"packages": list, "pip_check": true}}),
            ),
        ] {
            assert_eq!(put(&env, text).unwrap(), (expected, Vec::new()));
        }
        let conda = put(&json!({"conda": "env.yml"}), "dependencies: [pip]\n").unwrap();
        assert_eq!(conda.0, json!({"conda": {"dependencies": ["pip"]}}));
        put(&json!({"conda": "env.yml"}), "- pip\n").unwrap_err();
    }

    #[test]
    fn what_is_no_file_of_this_machine_stays() {
        for env in [
            json!({"pip": ["a"], "uv": {"packages": ["b"]}, "conda": "pytorch_p36"}),
            json!({"pip": "/app/requirements.txt", "conda": "/app/env.yml"}),
        ] {
            assert_eq!(put(&env, "x").unwrap().0, env);
        }
    }

    #[test]
    fn lines_that_name_files_are_told() {
        let (_, local) = put(
            &json!({"pip": "r.txt"}),
            "-r base.txt\n--constraint=c.txt\n-e .\n./x.whl\n-r https://x/y.txt\n--index-url https://x\nnumpy\n",
        )
        .unwrap();
        assert_eq!(
            local,
            ["-r base.txt", "--constraint=c.txt", "-e .", "./x.whl"]
        );
    }
}
