//! The kubeconfigs that are compared: a table of shapes, and each field with each value.

use std::{fs, path::Path};

use e2e::{Recorder, base64};
use serde_json::{Value, json};

use super::{Compared, Lab};

/// What may be in the place of a value.
fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(""),
        json!("x"),
        json!(5),
        json!(true),
        json!([]),
        json!([null]),
        json!(["a", "b"]),
        json!({}),
        json!({"a": null}),
        json!({"a": "b"}),
    ]
}

/// Fields that a user, a cluster and a context may have, with values that work.
fn users(directory: &Path, server: &Recorder) -> Vec<Value> {
    let exec = |more: Value| {
        let mut exec = json!({
            "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never", "command": "./login",
        });
        for (name, value) in more.as_object().unwrap() {
            exec[name] = value.clone();
        }
        json!({"exec": exec})
    };
    let absolute = directory.join("login").display().to_string();
    vec![
        json!({"token": "t0ken"}),
        json!({"username": "ada", "password": "pw"}),
        json!({"username": "ada"}),
        json!({"tokenFile": "token"}),
        json!({"tokenFile": "token-with-line-end"}),
        json!({"tokenFile": "token", "token": "t0ken"}),
        json!({"tokenFile": "missing", "token": "t0ken"}),
        json!({"client-certificate": "tls.crt", "client-key": "tls.key"}),
        json!({
            "client-certificate-data": base64(&server.certificate()),
            "client-key-data": base64(&server.key()),
        }),
        json!({"token": "t", "as": "ada", "as-uid": "7", "as-groups": ["a", "b"], "as-user-extra": {"x": ["y", "z"]}}),
        exec(json!({"args": ["1"], "env": [{"name": "A", "value": "2"}]})),
        exec(json!({"env": null, "args": null, "installHint": "x", "provideClusterInfo": true})),
        exec(json!({"env": [{"name": "A", "value": null}], "args": [null]})),
        exec(json!({"env": [{"name": "A"}], "command": absolute})),
        exec(
            json!({"apiVersion": "client.authentication.k8s.io/v1beta1", "interactiveMode": null}),
        ),
        json!({}),
        json!(null),
    ]
}

fn clusters(server: &Recorder) -> Vec<Value> {
    let url = server.url();
    let data = base64(&server.certificate());
    vec![
        json!({"server": url, "certificate-authority-data": data}),
        json!({"server": url, "certificate-authority": "ca.crt"}),
        json!({"server": url, "certificate-authority": "ca.crt", "certificate-authority-data": null}),
        json!({"server": url, "certificate-authority": "", "certificate-authority-data": data}),
        json!({"server": url, "insecure-skip-tls-verify": true}),
        json!({"server": format!("{url}/k8s/clusters/c-1"), "insecure-skip-tls-verify": true}),
        json!({"server": format!("{url}/"), "insecure-skip-tls-verify": true, "tls-server-name": "other.example"}),
        json!({
            "server": url, "certificate-authority-data": data, "proxy-url": "", "disable-compression": true,
            "extensions": [{"name": "x", "extension": {"a": null}}, null, {"name": "y"}],
        }),
        json!({"server": url}),
        json!({"certificate-authority-data": data}),
        json!({}),
    ]
}

/// `data` in lines, as `base64` prints it.
fn in_lines(data: &str) -> String {
    let lines: Vec<&str> = data
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    lines.join("\n")
}

pub(super) fn small(lab: &Lab) -> Vec<Compared> {
    let mut all = Vec::new();
    for user in users(lab.directory.path(), &lab.server) {
        let config = lab.with_user(user.clone());
        all.push(lab.compare(&format!("user {user}"), &config.to_string()));
    }
    for cluster in clusters(&lab.server) {
        let mut config = lab.base();
        config["clusters"][0]["cluster"] = cluster.clone();
        all.push(lab.compare(&format!("cluster {cluster}"), &config.to_string()));
    }
    all.extend(written_otherwise(lab));
    // What clouds leave behind, beside what is used.
    for user in [
        json!({"auth-provider": {"name": "gcp", "config": null}}),
        json!({"auth-provider": {"name": "gcp", "config": {"expiry": null}}}),
        json!({"exec": {"apiVersion": "x", "command": "x", "env": null, "args": null}}),
        json!({"exec": {"env": [{"name": "A", "value": null}], "interactiveMode": ""}}),
        json!({"exec": {"interactiveMode": "Sometimes"}}),
        json!({"client-certificate": "missing", "token": "x", "username": "y"}),
        json!({"extensions": [{"name": "x"}, null]}),
    ] {
        let mut config = lab.base();
        let users = config["users"].as_array_mut().unwrap();
        users.insert(0, json!({"name": "old", "user": user}));
        all.push(lab.compare(&format!("unused user {user}"), &config.to_string()));
    }
    all.extend(several_files(lab));
    all
}

/// The same file in other words, and with small changes.
fn written_otherwise(lab: &Lab) -> Vec<Compared> {
    let mut all = Vec::new();
    let text = lab.base().to_string();
    let data = base64(&lab.server.certificate());
    let lines = in_lines(&data);
    let mut written = |name: &str, content: &str| all.push(lab.compare(name, content));
    written(
        "data in lines",
        &text.replace(&data, &lines.replace('\n', "\\n")),
    );
    written(
        "data in CRLF lines",
        &text.replace(&data, &lines.replace('\n', "\\r\\n")),
    );
    written("data in folded lines", &text.replace(&data, &lines));
    written(
        "data behind a space",
        &text.replace(&data, &format!("{data} ")),
    );
    written(
        "a mark and CRLF",
        &format!("\u{feff}{}", text.replace(",\"", ",\r\n\"")),
    );
    written(
        "tabs",
        &text.replace(",\"", ",\t\n\t\"").replace(":{", ":\t{"),
    );
    written("a document", &format!("# x\n---\n{text}\n...\n"));
    written(
        "two documents",
        &format!("{text}\n---\ncurrent-context: other\n"),
    );
    written(
        "a broken second document",
        &format!("{text}\n---\n: [: x\n"),
    );
    written(
        "keys in another case",
        &text.replace("\"users\"", "\"Users\""),
    );
    written(
        "a field in another case",
        &text.replace("\"token\"", "\"Token\""),
    );
    written(
        "a key twice",
        &text.replace("\"token\":", "\"token\":\"first\",\"token\":"),
    );
    written(
        "an unknown field",
        &text.replace("\"token\":", "\"tokn\":5,\"token\":"),
    );
    written("empty", "");
    written("null", "null");
    written("a list", "[]");
    for (from, to) in [
        ("\"users\":[", "\"users\":[null,"),
        ("\"users\":[", "\"users\":[{\"name\":\"main\"},"),
        ("\"clusters\":[", "\"clusters\":[null,"),
        ("\"contexts\":[", "\"contexts\":[null,"),
        ("\"contexts\":[", "\"contexts\":[{\"name\":\"a\"},"),
        ("\"user\":\"main\"", "\"user\":\"nobody\""),
        ("\"user\":\"main\"", "\"user\":\"\""),
        ("\"cluster\":\"main\"", "\"cluster\":\"nowhere\""),
        ("\"cluster\":\"main\"", "\"cluster\":null"),
        (
            "\"current-context\":\"main\"",
            "\"current-context\":\"other\"",
        ),
        ("\"current-context\":\"main\"", "\"current-context\":null"),
        (
            "\"preferences\":{}",
            "\"preferences\":null,\"extensions\":null",
        ),
        ("\"kind\":\"Config\"", "\"kind\":null"),
        ("\"kind\":\"Config\"", "\"kind\":\"Pod\""),
        ("\"apiVersion\":\"v1\"", "\"apiVersion\":null"),
        ("\"apiVersion\":\"v1\"", "\"apiVersion\":\"v2\""),
        ("\"namespace\":\"team\"", "\"namespace\":null"),
    ] {
        assert!(text.contains(from), "{from}");
        written(&format!("{from} is {to}"), &text.replace(from, to));
    }
    all
}

fn several_files(lab: &Lab) -> Vec<Compared> {
    let mut first = lab.base();
    first["users"] = json!([{"name": "other", "user": {"token": "x"}}]);
    lab.write("first", &first.to_string());
    let mut second = lab.with_user(json!({"tokenFile": "token"}));
    second["current-context"] = "other".into();
    second["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1".into();
    fs::create_dir_all(lab.directory.path().join("below")).unwrap();
    lab.write("below/token", "from-below");
    lab.write("below/second", &second.to_string());
    lab.write("empty", "");
    let lists: [&[&str]; 5] = [
        &["first", "below/second"],
        &["empty", "missing", "first", "below/second"],
        &["below/second", "first"],
        &["first", "first"],
        &["missing"],
    ];
    let compared = lists.map(|files| lab.compare_files(&files.join(":"), files));
    compared.into()
}

/// Each field of what is used, and of what is not, with each value.
pub(super) fn whole(lab: &Lab) -> Vec<Compared> {
    let mut configs = vec![("", lab.base())];
    for user in users(lab.directory.path(), &lab.server) {
        configs.push(("/users/0/user", lab.with_user(user)));
    }
    for cluster in clusters(&lab.server) {
        let mut config = lab.base();
        config["clusters"][0]["cluster"] = cluster;
        configs.push(("/clusters/0/cluster", config));
    }
    let mut all = Vec::new();
    for (below, config) in &configs {
        let pointers = pointers(config).into_iter();
        for pointer in pointers.filter(|pointer| pointer.starts_with(below)) {
            for value in values() {
                let mut changed = config.clone();
                *changed.pointer_mut(&pointer).unwrap() = value.clone();
                let unused = beside(lab, &changed);
                for (how, content) in [("used", changed), ("unused", unused)] {
                    let name = format!("{how}: {pointer} is {value} in {config}");
                    all.push(lab.compare(&name, &content.to_string()));
                }
            }
        }
    }
    all
}

/// `changed` as what nobody uses, beside what works.
fn beside(lab: &Lab, changed: &Value) -> Value {
    let mut config = lab.base();
    for list in ["clusters", "contexts", "users"] {
        let kept = config[list].as_array_mut().unwrap();
        for entry in changed[list].as_array().into_iter().flatten() {
            let mut entry = entry.clone();
            if entry["name"] == "main" {
                entry["name"] = "old".into();
            }
            kept.push(entry);
        }
    }
    config
}

fn pointers(value: &Value) -> Vec<String> {
    let parts: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.replace('/', "~1"), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| (at.to_string(), item))
            .collect(),
        _ => Vec::new(),
    };
    let deeper = parts.into_iter().flat_map(|(name, value)| {
        let below = pointers(value).into_iter();
        let below = below.map({
            let name = name.clone();
            move |pointer| format!("/{name}{pointer}")
        });
        std::iter::once(format!("/{name}"))
            .chain(below)
            .collect::<Vec<_>>()
    });
    deeper.collect()
}
