//! What only a config's text shows, not its values: placeholders that nobody has filled in, and
//! unquoted text that Ray takes for something else than what it looks like.

use std::collections::BTreeMap;

use super::findings::{Finding, Findings, Severity};
use super::{ENV_VARS, KEY_PASSWORD};
use crate::check::schema::{self, Field, Type};
use crate::yaml::placeholder::Placeholder;
use crate::yaml::positions::written::{Role, Scalar};
use crate::yaml::positions::{Node, Place};
use crate::yaml::spelling;

/// What is below belongs to the application, which may mean what looks like a placeholder.
const OF_THE_APPLICATION: &[&str] = &["args", "user_config", ENV_VARS];
/// Here `${NAME}` is replaced on the cluster, by Ray or by the program that installs packages.
const REPLACES_VARIABLES: &[&str] = &[ENV_VARS, "pip", "uv", "conda"];

/// Adds what the text of the config gives reason to.
pub(super) fn look(findings: &mut Findings, root: &Node) {
    let mut remarks = BTreeMap::new();
    let mut placeholders = BTreeMap::new();
    root.for_each_written(&mut Vec::new(), &mut |scalar| {
        if let Some(remark) = placeholder(scalar) {
            placeholders.insert(scalar.place, remark);
        } else if let Some(remark) = surprise(scalar) {
            remarks.insert(scalar.place, remark);
        }
    });
    // What is wrong with a placeholder is that it is one.
    findings.reword(|place, message| {
        let (name, found): &(String, Placeholder) = placeholders.get(&place)?;
        Some(if message.contains("is expected") {
            format!("{message}; this is {}", found.remark())
        } else {
            has(name, *found)
        })
    });
    let mut placeholders = placeholders
        .into_iter()
        .map(|(place, (name, found))| (place, has(&name, found)))
        .collect();
    remarks.append(&mut placeholders);
    let told = findings.iter().filter_map(|finding| finding.place);
    for place in told.collect::<Vec<Place>>() {
        remarks.remove(&place);
    }
    findings.add(remarks.into_iter().map(|(place, message)| Finding {
        severity: Severity::Warning,
        message,
        place: Some(place),
    }));
}

fn placeholder(scalar: Scalar<'_>) -> Option<(String, Placeholder)> {
    let is_below = |fields: &[&str]| scalar.names.iter().any(|name| fields.contains(name));
    let text = &scalar.written.text;
    let found = if is_below(OF_THE_APPLICATION) {
        Placeholder::alone(text)
    } else {
        Placeholder::within(text)
    }?;
    let is_replaced = found == Placeholder::Variable && is_below(REPLACES_VARIABLES);
    if is_replaced || scalar.role == Role::Key {
        return None;
    }
    let name = scalar.names.last().unwrap_or(&"");
    Some(((*name).to_owned(), found))
}

fn has(name: &str, found: Placeholder) -> String {
    format!("\"{name}\" has {}", found.remark())
}

fn surprise(scalar: Scalar<'_>) -> Option<String> {
    let mut names = scalar.names.iter();
    let is_secret = names.any(|name| [ENV_VARS, KEY_PASSWORD].contains(name));
    let text = &scalar.written.text;
    if !scalar.written.is_plain || is_secret {
        return None;
    }
    // Where Ray takes a number, it makes one of text too.
    if takes_number(scalar.names) && spelling::is_text(text) {
        return None;
    }
    let (name, said) = match scalar.role {
        Role::Key => (text.as_str(), spelling::of_key(text)?),
        Role::Value => {
            let name = *scalar.names.last()?;
            (name, spelling::of_value(text, name)?)
        }
    };
    Some(format!("\"{name}\" is {said}"))
}

fn takes_number(names: &[&str]) -> bool {
    let is_own = !names.iter().any(|name| OF_THE_APPLICATION.contains(name));
    let is_number = |field: &&Field| {
        matches!(
            field.is,
            Type::Integer(_)
                | Type::Number(_)
                | Type::Code(_)
                | Type::Replicas
                | Type::QueueLength
                | Type::NumberMappings
        )
    };
    let fields = schema::FIELDS.iter().filter(is_number);
    let numbers: Vec<&str> = fields.map(|field| field.name).collect();
    let near = names.iter().rev().take(2);
    is_own && near.into_iter().any(|name| numbers.contains(name))
}

#[cfg(test)]
mod tests {
    use crate::check::source::Source;
    use crate::check::validate::{Severity, Target, check};

    fn said(config: &str) -> Vec<(Severity, String, usize)> {
        let source = Source::new("x".to_owned(), config.as_bytes().to_vec());
        let findings = check(&source, &Target::default());
        findings
            .iter()
            .map(|one| (one.severity, one.message.clone(), one.place.unwrap().line))
            .collect()
    }

    const BEGIN: &str = "applications:\n- name: a\n  import_path: m:x\n";

    #[test]
    fn placeholders_are_warned_about_and_explain_what_is_wrong() {
        for (line, severity, message) in [
            (
                "route_prefix: /${ROUTE}",
                Severity::Error,
                "\"route_prefix\" has a placeholder that nobody has filled in",
            ),
            (
                "route_prefix: $ROUTE",
                Severity::Error,
                "\"route_prefix\" has a placeholder",
            ),
            (
                "args: {model: \"${MODEL}\"}",
                Severity::Warning,
                "\"model\" has a placeholder",
            ),
            (
                "args: {model: ['{{ .Values.model }}']}",
                Severity::Warning,
                "render it first",
            ),
            (
                "deployments: [{name: d, num_replicas: \"${N}\"}]",
                Severity::Error,
                "where a whole number above 0 or auto is expected, such as 2; this is a placeholder that nobody",
            ),
            (
                "runtime_env: {working_dir: 's3://b/%SHA%.zip'}",
                Severity::Warning,
                "\"working_dir\" has a placeholder",
            ),
            (
                "runtime_env: {env_vars: {A: '{{ .a }}'}}",
                Severity::Warning,
                "\"A\" has a placeholder",
            ),
        ] {
            let said = said(&format!("{BEGIN}  {line}\n"));
            assert_eq!(said.len(), 1, "{line}: {said:?}");
            assert_eq!((said[0].0, said[0].2), (severity, 4), "{said:?}");
            assert!(said[0].1.contains(message), "{line}: {said:?}");
        }
        for (name, import_path) in [
            ("\"{{ .name }}\"", "m:x"),
            ("a", "${M}:app"),
            ("'${NAME}'", "m:x"),
        ] {
            let said = said(&format!(
                "applications: [{{name: {name}, import_path: '{import_path}'}}]"
            ));
            assert_eq!((said.len(), said[0].0), (1, Severity::Warning), "{said:?}");
        }
        for line in [
            "args: {prompt: 'Hi {{ user }}, ${price} $PATH'}",
            "args: {path: '${model.path}'}",
            "runtime_env: {env_vars: {PATH: '${PATH}'}, pip: ['a @ https://${TOKEN}@b/c.whl']}",
        ] {
            assert_eq!(said(&format!("{BEGIN}  {line}\n")), [], "{line}");
        }
    }

    #[test]
    fn unquoted_text_that_is_taken_for_a_number_is_warned_about() {
        for (line, message) in [
            (
                "args: {revision: 72225e2}",
                "\"revision\" is text to Ray, and the number 7222500.0 to Kubernetes",
            ),
            ("args: {at: [12:30]}", "\"at\" is the number 750"),
            (
                "args: {model_version: 2.10}",
                "\"model_version\" is the number 2.1 to Ray",
            ),
            ("args: {no: 1}", "\"no\" is the key \"false\" to Ray"),
        ] {
            let said = said(&format!("{BEGIN}  {line}\n"));
            assert_eq!(said.len(), 1, "{line}: {said:?}");
            assert_eq!((said[0].0, said[0].2), (Severity::Warning, 4), "{said:?}");
            assert!(said[0].1.starts_with(message), "{line}: {said:?}");
        }
        for line in [
            "args: {revision: '72225e2', at: '12:30', version: \"2.10\", built_from: 1234567}",
            "runtime_env: {env_vars: {PIN: 1e5}}",
            "deployments: [{name: d, ray_actor_options: {memory: 1e9}}]",
        ] {
            assert_eq!(said(&format!("{BEGIN}  {line}\n")), [], "{line}");
        }
        // What is an error already is told once.
        assert_eq!(said(&format!("{BEGIN}  route_prefix: 12:30\n")).len(), 1);
    }
}
