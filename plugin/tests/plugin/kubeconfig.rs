//! Kubeconfigs as clouds and people leave them: what kubectl takes is taken. tests/e2e holds a larger
//! table against kubectl itself.

use std::path::Path;

use fake_ray::{Reply, Server};
use tempfile::TempDir;

use crate::support::{Run, assert_fails, plugin};

const USED: &str = "current-context: main
clusters: [{name: main, cluster: {server: 'SERVER'}}]
contexts: [{name: main, context: {cluster: main, user: main, namespace: team}}]
users: [{name: main, user: {token: t}}]
";

fn api_server() -> Server {
    Server::start(|_| Reply::Answer(404, "page not found".into()))
}

fn get(directory: &Path, content: &[u8]) -> (Run, String) {
    let file = directory.join("config").display().to_string();
    std::fs::write(&file, content).unwrap();
    let run = plugin(&["serve", "get", "x", "--kubeconfig", &file]).output();
    (run.unwrap().into(), file)
}

/// Makes the bytes of a file of its text.
type Way = Box<dyn Fn(&str) -> Vec<u8>>;

/// The namespace and the login that arrive.
#[track_caller]
fn arrived(content: impl Fn(&str) -> Vec<u8>) -> (String, Option<String>) {
    let server = api_server();
    let directory = TempDir::new().unwrap();
    let (run, _) = get(directory.path(), &content(&server.url()));
    let request = server.requests().into_iter().next();
    let request = request.unwrap_or_else(|| panic!("{}", run.stderr));
    let mut path = request.path.split('/');
    let namespace = path.find(|part| *part == "namespaces").and(path.next());
    (
        namespace.unwrap_or_default().to_owned(),
        request.header("authorization").map(str::to_owned),
    )
}

#[test]
fn entries_that_nobody_uses_may_be_anything() {
    for (list, entry) in [
        (
            "users",
            "{name: old, user: {auth-provider: {name: gcp, config: null}}}",
        ),
        (
            "users",
            "{name: old, user: {auth-provider: {name: gcp, config: {expiry: null}}}}",
        ),
        (
            "users",
            "{name: old, user: {exec: {command: x, env: [{name: A, value: null}]}}}",
        ),
        ("users", "{name: old, user: {exec: {interactiveMode: ''}}}"),
        (
            "users",
            "{name: old, user: {exec: {interactiveMode: Sometimes}}}",
        ),
        (
            "users",
            "{name: old, user: {exec: null, token: 5, extensions: [null, {name: x}]}}",
        ),
        ("users", "{name: old, user: null}"),
        ("users", "{user: {}}"),
        ("users", "null"),
        ("contexts", "{name: old, context: {cluster: null}}"),
        ("contexts", "{name: old, context: {user: x}}"),
        ("contexts", "{name: old}"),
        ("contexts", "null"),
        (
            "clusters",
            "{name: old, cluster: {extensions: [{name: x}]}}",
        ),
        (
            "clusters",
            "{name: old, cluster: {certificate-authority-data: '!!'}}",
        ),
        ("clusters", "null"),
    ] {
        let taken = arrived(|url| {
            let text = USED.replace("SERVER", url);
            let list = format!("{list}: [");
            text.replace(&list, &format!("{list}{entry}, "))
                .into_bytes()
        });
        assert_eq!(
            taken,
            ("team".to_owned(), Some("Bearer t".to_owned())),
            "{entry}"
        );
    }
}

#[test]
fn nulls_are_as_good_as_nothing() {
    for (from, to, namespace, login) in [
        (
            "users: [{name: main, user: {token: t}}]",
            "users: null",
            "team",
            None,
        ),
        ("users: [{name: main, user: {token: t}}]", "", "team", None),
        (
            "{token: t}",
            "{token: t, client-key-data: []}",
            "team",
            Some("t"),
        ),
        ("{token: t}", "null", "team", None),
        (
            "{token: t}",
            "{token: t, exec: null, auth-provider: null, username: ''}",
            "team",
            Some("t"),
        ),
        ("user: main, ", "user: '', ", "team", None),
        ("user: main, ", "user: null, ", "team", None),
        ("user: main, ", "user: nobody, ", "team", None),
        ("namespace: team", "namespace: null", "default", Some("t")),
        ("namespace: team", "namespace: ''", "default", Some("t")),
        (
            "current-context",
            "preferences: null\nextensions: [null]\ncurrent-context",
            "team",
            Some("t"),
        ),
        (
            "current-context",
            "kind: null\napiVersion: null\ncurrent-context",
            "team",
            Some("t"),
        ),
    ] {
        let taken = arrived(|url| USED.replace("SERVER", url).replace(from, to).into_bytes());
        let login = login.map(|token| format!("Bearer {token}"));
        assert_eq!(taken, (namespace.to_owned(), login), "{to}");
    }
}

#[test]
fn the_same_file_may_be_written_in_many_ways() {
    let wide = |text: &str, mark: u16, order: fn(u16) -> [u8; 2]| {
        let units = std::iter::once(mark).chain(text.encode_utf16());
        units.flat_map(order).collect::<Vec<u8>>()
    };
    let ways: [(&str, Way); 10] = [
        (
            "a key twice",
            Box::new(|text| text.replace("token: t", "token: first, token: t").into()),
        ),
        ("as it is", Box::new(|text| text.into())),
        (
            "CRLF and a mark",
            Box::new(|text| format!("\u{feff}{}", text.replace('\n', "\r\n")).into()),
        ),
        (
            "UTF-16 LE",
            Box::new(move |text| wide(text, 0xfeff, u16::to_le_bytes)),
        ),
        (
            "UTF-16 BE",
            Box::new(move |text| wide(text, 0xfeff, u16::to_be_bytes)),
        ),
        (
            "a document",
            Box::new(|text| format!("# old\n---\n{text}...\n").into()),
        ),
        (
            "one of two",
            Box::new(|text| format!("{text}---\n: [: nonsense\n").into()),
        ),
        (
            "with tabs",
            Box::new(|text| text.replace("{name", "{\tname").into()),
        ),
        (
            "a key in another case",
            Box::new(|text| format!("Users: 5\n{text}").into()),
        ),
        (
            "JSON",
            Box::new(|text| {
                let server = text.split('\'').nth(1).unwrap();
                serde_json::json!({
                    "current-context": "main",
                    "clusters": [{"name": "main", "cluster": {"server": server}}],
                    "contexts": [{"name": "main", "context": {"cluster": "main", "user": "main", "namespace": "team"}}],
                    "users": [{"name": "main", "user": {"token": "t"}}],
                })
                .to_string()
                .replace(',', ",\n\t")
                .into()
            }),
        ),
    ];
    for (name, way) in ways {
        let taken = arrived(|url| way(&USED.replace("SERVER", url)));
        assert_eq!(
            taken,
            ("team".to_owned(), Some("Bearer t".to_owned())),
            "{name}"
        );
    }
}

#[test]
fn what_is_used_and_cannot_be_is_told_in_one_sentence_without_the_value() {
    let directory = TempDir::new().unwrap();
    for (from, to, problem) in [
        (
            "{token: t}",
            "{token: 12345}",
            "token of user \"main\" is not text, which may have to be put in quotes",
        ),
        ("{token: t}", "[]", "user \"main\" is not a map"),
        (
            "{token: t}",
            "{exec: {command: x}}",
            "exec of user \"main\" has no apiVersion",
        ),
        (
            "{token: t}",
            "{client-key-data: s3cr*t}",
            "client-key-data of user \"main\" is not base64",
        ),
        (
            "{token: t}",
            "{exec: {apiVersion: a, command: x, env: 5}}",
            "env of exec of user \"main\" is not a list",
        ),
        (
            "users: [{name: main, user: {token: t}}]",
            "users: {}",
            "its users are no list",
        ),
        (
            "users: [",
            "users: [{name: main}, ",
            "it has two users \"main\"",
        ),
        (
            "current-context",
            "kind: RayCluster\ncurrent-context",
            "it is not a kubeconfig, whose kind is Config and apiVersion v1",
        ),
    ] {
        let content = USED
            .replace("SERVER", "http://127.0.0.1:1")
            .replace(from, to);
        let (run, file) = get(directory.path(), content.as_bytes());
        assert_fails(&run, &format!("cannot read kubeconfig {file}: {problem}"));
    }
    for content in [
        "[]",
        "text",
        "\t a: b: c",
        "a: [\n- ",
        "\u{0}",
        "users: &a [*a]",
    ] {
        let (run, file) = get(directory.path(), content.as_bytes());
        let begin = format!("error: cannot read kubeconfig {file}: ");
        assert!(
            run.stderr.starts_with(&begin),
            "{content:?}: {}",
            run.stderr
        );
        assert_eq!(run.stderr.lines().count(), 1, "{content:?}: {}", run.stderr);
    }
}

#[test]
fn of_several_files_the_first_that_says_it_counts_and_paths_are_relative_to_each() {
    let server = api_server();
    let directory = TempDir::new().unwrap();
    let write = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    write("two/token", "from-file\n");
    let list = [
        write(
            "one/config",
            "contexts: null\nusers:\ncurrent-context: ''\n",
        ),
        write("empty", ""),
        write(
            "two/config",
            "current-context: main\nusers: [{name: main, user: {tokenFile: token}}]\n",
        ),
        write(
            "three/config",
            &format!(
                "{}clusters: [{{name: main, cluster: {{server: '{}'}}}}]",
                "current-context: other\nusers: [{name: main, user: {token: t}}]\n\
                 contexts: [{name: main, context: {cluster: main, user: main}}]\n",
                server.url()
            ),
        ),
    ];
    let mut command = plugin(&["serve", "get", "x"]);
    let run = Run::from(command.env("KUBECONFIG", list.join(":")).output().unwrap());
    let requests = server.requests();
    assert_eq!(requests.len(), 2, "{}", run.stderr);
    assert_eq!(
        requests[0].header("authorization"),
        Some("Bearer from-file")
    );
}

#[test]
fn no_login_is_sent_in_the_clear_to_another_machine() {
    let proxy = Server::start(|_| Reply::Answer(404, "page not found".into()));
    for flags in [&["--token", "t"][..], &[]] {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("config").display().to_string();
        let server = format!("http://api.example:8080', proxy-url: '{}", proxy.url());
        std::fs::write(&file, USED.replace("SERVER", &server)).unwrap();
        let arguments = [&["serve", "get", "x", "--kubeconfig", &file], flags].concat();
        plugin(&arguments).output().unwrap();
    }
    let said = format!("{:?}", proxy.requests());
    assert!(
        said.contains("CONNECT") && !said.contains("Bearer"),
        "{said}"
    );
}

#[test]
fn whoever_is_to_be_impersonated_is_named() {
    let directory = TempDir::new().unwrap();
    let sentence =
        "groups, a UID or extras are to be impersonated, but no user\nhint: name one with --as";
    for user in [
        "{as-groups: [a]}",
        "{as-uid: a}",
        "{as-user-extra: {a: [b]}}",
    ] {
        let content = USED
            .replace("SERVER", "http://127.0.0.1:1")
            .replace("{token: t}", user);
        assert_fails(&get(directory.path(), content.as_bytes()).0, sentence);
    }
}
