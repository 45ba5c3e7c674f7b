//! `-f` several times, with directories and URLs: what is sent as one config, and what cannot be.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use fake_ray::{Reply, Server, deploy, state};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Run, assert_fails, assert_golden, plugin};

fn application(name: &str) -> String {
    format!("- {{name: {name}, route_prefix: /{name}, import_path: '{name}:app'}}\n")
}

fn config(names: &[&str]) -> String {
    let applications: String = names.iter().map(|name| application(name)).collect();
    format!("applications:\n{applications}")
}

fn directory(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

/// A Ray that takes what is sent.
fn ray() -> Server {
    let mut state = state(&json!({}));
    Server::start(move |request| {
        if request.method == "GET" {
            return Reply::ok(state.clone());
        }
        if request.method == "PUT" && request.path.contains("applications") {
            state = deploy(&state, &request.body);
        }
        Reply::ok("")
    })
}

fn serve(command: &str, ray: &Server, dir: &Path, arguments: &[&str]) -> Run {
    let url = ray.url();
    let mut command = plugin(&["serve", command, "x", "--address", &url]);
    command.args(arguments).current_dir(dir);
    command.output().unwrap().into()
}

fn sent(ray: &Server) -> Vec<Value> {
    let puts = ray
        .requests()
        .into_iter()
        .filter(|one| one.method == "PUT" && one.path.contains("applications"));
    puts.map(|one| serde_json::from_str(&one.body).unwrap())
        .collect()
}

fn names(config: &Value) -> Vec<&str> {
    let applications = config["applications"].as_array().unwrap();
    let names = applications.iter().map(|one| one["name"].as_str().unwrap());
    names.collect()
}

#[test]
fn the_applications_of_all_files_are_submitted_together() {
    let dir = directory(&[
        (
            "base.yaml",
            "http_options: {port: 8000}\napplications: []\n",
        ),
        ("apps/b.yaml", &config(&["b", "c"])),
        (
            "apps/a.json",
            "{\"applications\": [{\"name\": \"a\", \"route_prefix\": \"/a\", \"import_path\": \"a:app\"}]}",
        ),
        (
            "apps/service.yaml",
            "kind: Service\napiVersion: v1\nmetadata: {name: s}\n",
        ),
        ("apps/deep/d.yaml", &config(&["d"])),
    ]);
    for (recursive, all) in [
        (&[][..], &["a", "b", "c"][..]),
        (&["-R"], &["a", "b", "c", "d"]),
    ] {
        let ray = ray();
        let files = ["-f", "base.yaml", "-f", "apps"];
        let run = serve("submit", &ray, dir.path(), &[&files, recursive].concat());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert_eq!(
            run.stderr,
            "Skipped 1 file that is no Serve config: apps/service.yaml (service/s)\n"
        );
        let lines: String = all
            .iter()
            .map(|name| format!("application/{name} created\n"))
            .collect();
        assert_eq!(run.stdout, lines);
        let sent = sent(&ray);
        assert_eq!(sent.len(), 1);
        assert_eq!(names(&sent[0]), all);
        assert_eq!(sent[0]["http_options"], json!({"port": 8000}));
    }
}

#[test]
fn diff_tells_the_file_of_each_application() {
    let dir = directory(&[("a.yaml", &config(&["a"])), ("b.yaml", &config(&["b"]))]);
    let ray = ray();
    serve("submit", &ray, dir.path(), &["-f", "a.yaml"]);
    let run = serve("diff", &ray, dir.path(), &["-f", "b.yaml", "-f", "a.yaml"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let sides = run.stdout.lines().filter(|line| line.starts_with("+++"));
    assert_eq!(
        sides.collect::<Vec<_>>(),
        ["+++ application/b in b.yaml"],
        "{}",
        run.stdout
    );
}

/// Each conflict is shown in the later file, with the place in the earlier one; nothing is sent.
#[test]
fn a_name_a_route_or_a_setting_twice_is_refused_with_both_places() {
    let dir = directory(&[
        (
            "one.yaml",
            "http_options: {port: 8000}\napplications:\n- name: fruit\n  route_prefix: /fruit\n  import_path: a:b\n",
        ),
        (
            "two.yaml",
            "http_options: {port: 9000}\napplications:\n- name: fruit\n  route_prefix: /other\n  import_path: a:b\n\
             - name: math\n  route_prefix: /fruit\n  import_path: a:b\n  runtime_env: {env_vars: {KEY: s3cret}}\n",
        ),
    ]);
    let files = ["-f", "one.yaml", "-f", "two.yaml"];
    let mut told = String::new();
    for (command, flags, code) in [
        ("submit", &[][..], 1),
        ("submit", &["--validate=ignore"], 1),
        ("diff", &[], 2),
    ] {
        let ray = ray();
        let run = serve(command, &ray, dir.path(), &[&files, flags].concat());
        assert_eq!((run.code, run.stdout.as_str()), (Some(code), ""));
        assert_eq!(sent(&ray), [] as [Value; 0]);
        if told.is_empty() {
            told.clone_from(&run.stderr);
        }
        assert_eq!(run.stderr, told);
    }
    assert!(!told.contains("s3cret"), "{told}");
    assert_golden("submit/conflicts.txt", &told);
    let mut command = plugin(&["serve", "validate"]);
    let run: Run = command
        .args(files)
        .current_dir(dir.path())
        .output()
        .unwrap()
        .into();
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .contains("application \"fruit\" is also in one.yaml:3"),
        "{}",
        run.stderr
    );
    // A directory may hold the configs of several clusters.
    let mut command = plugin(&["serve", "validate", "-f", "."]);
    let run: Run = command.current_dir(dir.path()).output().unwrap().into();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn a_directory_without_a_config_is_an_error() {
    let dir = directory(&[
        ("d/deep/a.yaml", &config(&["a"])),
        ("d/x.yaml", "replicas: 1\n"),
    ]);
    let run = serve("submit", &ray(), dir.path(), &["-f", "d"]);
    assert_fails(
        &run,
        "no Serve config is in d, but 1 other file\nhint: -R also looks into its directories",
    );
}

/// Paths lead from the file that names them, and out of its directory only where a flag does.
#[test]
fn each_config_names_code_in_its_own_directory() {
    let with = |name: &str, code: &str| {
        format!(
            "applications:\n- name: {name}\n  route_prefix: /{name}\n  import_path: main:app\n  runtime_env: {{working_dir: {code}}}\n"
        )
    };
    let dir = directory(&[
        ("one/serve.yaml", &with("one", "src")),
        ("one/src/main.py", "app = 1\n"),
        ("two/serve.yaml", &with("two", "src")),
        ("two/src/main.py", "app = 2\n"),
        ("out/serve.yaml", &with("out", "../one/src")),
        ("lib/lib.py", ""),
    ]);
    let submit = |files: &[&str]| {
        let ray = ray();
        let given: Vec<&str> = files.iter().flat_map(|file| ["-f", *file]).collect();
        let run = serve(
            "submit",
            &ray,
            dir.path(),
            &[&given[..], &["--py-modules", "lib"]].concat(),
        );
        (run, sent(&ray))
    };
    let (run, sent) = submit(&["one/serve.yaml", "two"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let uri = |index: usize| &sent[0]["applications"][index]["runtime_env"]["working_dir"];
    assert!(uri(0).as_str().unwrap().starts_with("gcs://"));
    assert_ne!(uri(0), uri(1));
    let (run, _) = submit(&["one/serve.yaml", "out"]);
    assert!(
        run.stderr.contains("leads out of out, where the config is"),
        "{}",
        run.stderr
    );
}

/// A web server with one file, and the certificate that one has to trust.
fn https(file: &str) -> (String, Vec<u8>) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "https://localhost:{}/serve.yaml",
        listener.local_addr().unwrap().port()
    );
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{file}",
        file.len()
    );
    thread::spawn(move || {
        for stream in listener.incoming() {
            let session = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(session, stream.unwrap());
            let mut lines = BufReader::new(&mut stream).lines();
            // A client that does not trust the certificate ends here.
            while lines
                .next()
                .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
            {}
            drop(lines);
            let _ = stream.write_all(answer.as_bytes());
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    (url, cert.pem().into_bytes())
}

#[test]
fn a_file_behind_https_is_submitted_if_its_server_is_trusted() {
    let (url, certificate) = https(&config(&["a"]));
    let dir = tempfile::tempdir().unwrap();
    let trusted = dir.path().join("ca.pem");
    fs::write(&trusted, certificate).unwrap();
    let ray = ray();
    let mut command = plugin(&["serve", "submit", "x", "--address", &ray.url(), "-f", &url]);
    let run: Run = command
        .env("SSL_CERT_FILE", &trusted)
        .output()
        .unwrap()
        .into();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.stdout, "application/a created\n");
    let run: Run = command.env_remove("SSL_CERT_FILE").output().unwrap().into();
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with(&format!("error: cannot read {url}: "))
            && run.stderr.contains("certificate"),
        "{}",
        run.stderr
    );
    assert_eq!(sent(&ray).len(), 1);
}

/// What a web server may answer instead of a config.
#[test]
fn what_is_no_file_is_told_by_the_url_without_its_secrets() {
    let web = Server::start(|request| match request.path.split('?').next().unwrap() {
        "/page" => Reply::With(
            "Content-Type: text/html; charset=utf-8",
            200,
            "<html>".to_owned(),
        ),
        "/endless" => Reply::ok("# \n".repeat(3 << 20)),
        "/silent" => Reply::Silence,
        "/cut" => Reply::Cut,
        _ => Reply::Answer(404, "nothing".to_owned()),
    });
    let host = web.url().replace("http://", "");
    let url = format!("http://ada:s3cret@{host}/missing?sig=s3cret");
    let traced = serve("submit", &ray(), Path::new("."), &["-f", &url, "-v=6"]);
    assert!(
        traced
            .stderr
            .starts_with(&format!("GET http://******@{host}/missing"))
            && traced.stderr.contains(" 404 Not Found in ")
            && !traced.stderr.contains("s3cret"),
        "{}",
        traced.stderr
    );
    for (path, said) in [
        ("missing", "the server answered 404 Not Found"),
        (
            "page",
            "it is a web page (text/html)\nhint: the address of a raw file is another one than that of the page \
             that shows it",
        ),
        ("endless", "it has more than 8 MiB"),
        (
            "silent",
            "the server did not answer in time\nhint: raise --request-timeout to wait longer",
        ),
    ] {
        let url = format!("http://ada:s3cret@{host}/{path}?sig=s3cret");
        let ray = ray();
        let flags = ["-f", &url, "--request-timeout", "3s"];
        let run = serve("submit", &ray, Path::new("."), &flags);
        assert_fails(
            &run,
            &format!("cannot read http://******@{host}/{path}: {said}"),
        );
        assert_eq!(sent(&ray), [] as [Value; 0]);
    }
    let url = format!("http://{host}/cut?sig=s3cret");
    let run = serve("submit", &ray(), Path::new("."), &["-f", &url]);
    assert!(
        run.code == Some(1)
            && run
                .stderr
                .starts_with(&format!("error: cannot read http://{host}/cut: ")),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("s3cret"), "{}", run.stderr);
}

#[test]
fn a_url_that_is_not_protected_is_refused_before_anything_is_asked() {
    let ray = ray();
    let run = serve(
        "submit",
        &ray,
        Path::new("."),
        &["-f", "http://example.com/a.yaml"],
    );
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("use https://"), "{}", run.stderr);
    assert!(ray.requests().is_empty());
}

#[test]
fn a_socks_proxy_is_one_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let greeted = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut version = [0];
        stream.read_exact(&mut version).map(|()| version[0])
    });
    // An address of documentation, which nobody answers at.
    let mut command = plugin(&["serve", "validate", "-f", "https://192.0.2.1/a.yaml"]);
    command.args(["--request-timeout", "10s"]);
    command.env("HTTPS_PROXY", format!("socks5://{address}"));
    let run: Run = command.output().unwrap().into();
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    // Ends the listener where the plugin went another way.
    drop(TcpStream::connect(address));
    assert_eq!(greeted.join().unwrap().ok(), Some(5), "{}", run.stderr);
}

/// As for the API server: by `HTTPS_PROXY`, with its login, unless `NO_PROXY` names the host.
#[test]
fn the_user_s_proxy_is_on_the_way() {
    let proxy = Server::start(|_| Reply::Answer(403, "no".to_owned()));
    let address = proxy.url().replace("http://", "http://ada:s3cret@");
    let get = |variables: &[(&str, &str)]| -> Run {
        let mut command = plugin(&["serve", "validate", "-f", "https://files.invalid/a.yaml"]);
        command.envs(variables.iter().copied());
        command.output().unwrap().into()
    };
    let run = get(&[("HTTPS_PROXY", &address)]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("error: cannot read https://files.invalid/a.yaml: ")
            && !run.stderr.contains("s3cret"),
        "{}",
        run.stderr
    );
    let asked = proxy.requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (asked[0].method.as_str(), asked[0].path.as_str()),
        ("CONNECT", "files.invalid:443")
    );
    assert_eq!(
        asked[0].header("proxy-authorization"),
        Some("Basic YWRhOnMzY3JldA==")
    );
    get(&[("HTTPS_PROXY", &address), ("NO_PROXY", ".invalid")]);
    assert_eq!(proxy.requests().len(), 1);
    let run = get(&[("HTTPS_PROXY", r"http://CORP\ada:s3cret@proxy:3128")]);
    assert!(
        run.code == Some(1)
            && run.stderr.contains("is not a valid HTTPS_PROXY address")
            && !run.stderr.contains("s3cret"),
        "{}",
        run.stderr
    );
}
