//! Shared by the tests: recorded answers, golden files, and the plugin as a user starts it.
pub(crate) mod kubernetes;
pub(crate) mod live;
pub(crate) mod page;
pub(crate) mod scalars;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A time limit that is to be reached, where something has to happen before it does. A machine may
/// stand still for ten seconds meanwhile.
pub(crate) const PATIENCE: &str = "12s";

pub(crate) const RAY_VERSIONS: [&str; 2] = ["2.8.0", "2.60.0"];

/// What a Ray of this version puts into an answer that is a log: a header, and what stands before the log.
pub(crate) fn log_dialect(ray: &str) -> (&'static str, &'static str) {
    match ray {
        "2.8.0" => ("X-Old: 1", "1"),
        _ => ("Content-Disposition: attachment; filename=\"file.txt\"", ""),
    }
}

/// Whether corpora are to run whole: see `cargo cluster test --long`.
pub(crate) fn is_long() -> bool {
    std::env::var_os("KUBECTL_RAY_LONG").is_some()
}

fn crate_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn fixtures() -> PathBuf {
    crate_dir().join("../tests/fixtures")
}

/// A recorded exchange with Ray: status and body of the answer.
pub(crate) fn recorded(ray: &str, name: &str) -> (u16, String) {
    let path = fixtures().join(format!("ray/{ray}/{name}.json"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let exchange: Value = serde_json::from_str(&text).unwrap();
    let response = &exchange["response"];
    let body = match &response["body"] {
        Value::String(text) => text.clone(),
        json => json.to_string(),
    };
    (
        u16::try_from(response["status"].as_u64().unwrap()).unwrap(),
        body,
    )
}

/// Compares with a golden file; `UPDATE_GOLDEN=1` writes it instead.
pub(crate) fn assert_golden(name: &str, actual: &str) {
    assert_file(&crate_dir().join("tests/golden").join(name), actual);
}

/// A page of the documentation that follows from the program.
pub(crate) fn assert_page(name: &str, actual: &str) {
    assert_file(&crate_dir().join("../docs").join(name), actual);
}

fn assert_file(path: &Path, actual: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, actual).unwrap();
        return;
    }
    let expected =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(
        actual == expected,
        "{} differs (UPDATE_GOLDEN=1 writes what was meant); got:\n{actual}",
        path.display()
    );
}

/// Variables that ask for colours, or for none.
const COLOURS: [&str; 4] = ["NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE"];

/// Variables that say which characters may be drawn with; all output is compared in UTF-8.
pub(crate) const LOCALE: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];
const UTF_8: &str = "C.UTF-8";

/// The plugin as a user starts it, free of this machine's own configuration.
pub(crate) fn plugin(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-ray"));
    for variable in [
        "KUBECONFIG",
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "RAY_AUTH_TOKEN",
        "KUBERNETES_SERVICE_HOST",
    ] {
        command.env_remove(variable);
    }
    for variable in COLOURS {
        command.env_remove(variable);
    }
    command
        .env("HOME", "/nonexistent")
        .env(LOCALE[0], UTF_8)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.args(arguments);
    command
}

pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Run {
    /// With a name for a file that has another one each time, such as in commands to type next.
    pub(crate) fn naming(self, file: &str, name: &str) -> Self {
        Self {
            code: self.code,
            stdout: self.stdout.replace(file, name),
            stderr: self.stderr.replace(file, name),
        }
    }
}

pub(crate) fn run(arguments: &[&str]) -> Run {
    plugin(arguments).output().unwrap().into()
}

/// One sentence on stderr and its hint, if it has one; nothing on stdout, exit code 1.
pub(crate) fn assert_fails(run: &Run, sentence: &str) {
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(1), ""),
        "{}",
        run.stderr
    );
    assert_eq!(run.stderr.trim_end(), format!("error: {sentence}"));
    assert!(!run.stderr.contains("Traceback"), "{}", run.stderr);
}

/// What stderr ends with: the last error, with its hint.
pub(crate) fn last_error(run: &Run) -> &str {
    let at = run
        .stderr
        .rfind("\nerror: ")
        .map_or(0, |newline| newline + 1);
    run.stderr[at..].trim_end()
}

pub(crate) const CONFIG: &str =
    "applications:\n- {name: fruit_app, import_path: fruit.deployment_graph}\n";

/// `submit` with `config` on standard input, still running.
pub(crate) fn submitting(url: &str, config: &str, flags: &[&str]) -> Child {
    let mut arguments = vec!["serve", "submit", "x", "-f", "-", "--address", url];
    arguments.extend(flags);
    let mut child = plugin(&arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(config.as_bytes()).unwrap();
    child
}

pub(crate) fn submit(url: &str, config: &str, flags: &[&str]) -> Run {
    let child = submitting(url, config, flags);
    child.wait_with_output().unwrap().into()
}

/// What `words` show, and their exit code, on a terminal of their own, which `script` of every Linux
/// gives; a person types `typed`.
pub(crate) fn on_a_terminal(words: &[&str], typed: &str) -> (Option<i32>, String) {
    let quoted = words.iter().map(|word| format!("'{word}'"));
    let line = quoted.collect::<Vec<_>>().join(" ");
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--flush", "--command"]);
    let program = env!("CARGO_BIN_EXE_kubectl-ray");
    command.arg(format!("{program} {line}")).arg("/dev/null");
    command.env("TERM", "xterm").env("HOME", "/nonexistent");
    command.env(LOCALE[0], UTF_8);
    command.env_remove("KUBECONFIG");
    for variable in COLOURS {
        command.env_remove(variable);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(typed.as_bytes()).unwrap();
    // Kept open: a terminal whose keyboard is gone hangs up.
    let output = child.wait_with_output().unwrap();
    drop(keyboard);
    let shown = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), shown)
}
