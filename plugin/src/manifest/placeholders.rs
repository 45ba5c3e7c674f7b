//! Finds placeholders in a RayCluster that was never rendered; quotes make them valid YAML.

use serde_json::Value;

use crate::yaml::placeholder::Placeholder;

const NAMES: [&str; 3] = ["name", "generateName", "namespace"];

/// Fields where `$NAME` and `${NAME}` belong to the shell, and `{{ }}` may belong to a program.
const COMMANDS: &[&str] = &["command", "args", "env", "annotations"];
/// The operator builds a command from them.
const START_PARAMS: &str = "rayStartParams";

/// A sentence about a placeholder in the RayCluster's name, which is an error.
pub fn wrong_name(cluster: &Value) -> Option<String> {
    let metadata = &cluster["metadata"];
    let names = NAMES.into_iter();
    let mut wrong = names.filter_map(|field| {
        let found = Placeholder::within(metadata[field].as_str()?)?;
        Some(format!("its metadata.{field} has {}", found.remark()))
    });
    wrong.next()
}

/// A sentence for each other field that contains a placeholder.
pub fn remarks(cluster: &Value) -> Vec<String> {
    let mut remarks = Vec::new();
    look(
        &cluster["metadata"]["labels"],
        "metadata.labels",
        &mut remarks,
    );
    look(&cluster["spec"], "spec", &mut remarks);
    remarks
}

fn look(value: &Value, path: &str, remarks: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let is_param = path.contains(START_PARAMS);
            let found = Placeholder::within(text);
            if let Some(found) = found.filter(|found| !is_param || *found != Placeholder::Variable)
            {
                remarks.push(format!("{path} has {}", found.remark()));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                look(item, &format!("{path}[{index}]"), remarks);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                if !COMMANDS.contains(&name.as_str()) {
                    look(field, &format!("{path}.{name}"), remarks);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_wrong_and_the_rest_is_remarked_on() {
        for name in ["{{ .Values.name }}", "${NAME}", "a-$NAME", "%NAME%"] {
            let wrong = wrong_name(&json!({"metadata": {"name": name}})).unwrap();
            assert!(
                wrong.starts_with("its metadata.name has a placeholder"),
                "{wrong}"
            );
        }
        let cluster = json!({
            "metadata": {"name": "a", "labels": {"team": "{{ .Values.team }}"}, "annotations": {"a": "${A}"}},
            "spec": {
                "rayVersion": "$RAY",
                "headGroupSpec": {
                    "rayStartParams": {"node-ip-address": "$MY_POD_IP", "num-cpus": "{{ .cpus }}"},
                    "template": {"spec": {"containers": [{
                        "image": "rayproject/ray:${TAG}",
                        "command": ["sh", "-c", "echo $HOME ${A} {{ b }}"],
                        "args": ["$A"],
                        "env": [{"name": "A", "value": "${B}"}],
                    }]}},
                },
            },
        });
        assert_eq!(wrong_name(&cluster), None);
        let paths: Vec<String> = remarks(&cluster)
            .iter()
            .map(|remark| remark.split(' ').next().unwrap().to_owned())
            .collect();
        assert_eq!(
            paths,
            [
                "metadata.labels.team",
                "spec.rayVersion",
                "spec.headGroupSpec.rayStartParams.num-cpus",
                "spec.headGroupSpec.template.spec.containers[0].image",
            ]
        );
    }
}
