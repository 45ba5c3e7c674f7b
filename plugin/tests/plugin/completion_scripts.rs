//! The scripts of `completion`, in a shell.

use std::os::unix::fs::symlink;
use std::process::Command;

use tempfile::TempDir;

use crate::completion::serving;
use crate::support::{Run, run};

/// What bash would put in the place of the line's last word, by the program's own script.
fn in_bash(line: &str) -> Vec<String> {
    let program = line.split(' ').next().unwrap();
    let directory = TempDir::new().unwrap();
    let named = directory.path().join(program);
    symlink(env!("CARGO_BIN_EXE_kubectl-ray"), named).unwrap();
    let path = std::env::var("PATH").unwrap();
    let script = r#"
        source <("$2" completion bash)
        function=$(complete -p "$2" | sed 's/.* -F \([^ ]*\) .*/\1/')
        COMP_LINE=$1 COMP_POINT=${#1}; shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9
        "$function" "$1" "${!#}" "${@:$#-1:1}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let output = Command::new("bash")
        .args(["--norc", "-c", script, "bash", line])
        .args(split(line))
        .env("PATH", format!("{}:{path}", directory.path().display()))
        .env("HOME", "/nonexistent")
        .env_remove("KUBECONFIG")
        .output()
        .unwrap();
    let run = Run::from(output);
    assert_eq!(run.stderr, "");
    run.stdout.lines().map(str::to_owned).collect()
}

/// A line as bash gives it to completions: `=` and `:` are words.
fn split(line: &str) -> Vec<String> {
    let spaced = line.replace('=', " = ").replace(':', " : ");
    let mut words: Vec<String> = spaced.split_whitespace().map(str::to_owned).collect();
    if line.ends_with(' ') {
        words.push(String::new());
    }
    words
}

#[test]
fn the_script_completes_the_program_under_its_own_name() {
    assert_eq!(in_bash("kubectl-ray serve sub"), ["submit"]);
    assert_eq!(in_bash("kubectl-ray-serve sub"), ["submit"]);
    let server = serving();
    let url = server.url();
    let deleting = format!("delete x --address {url} fruit ");
    for program in ["kubectl-ray serve", "kubectl-ray-serve"] {
        let offered = in_bash(&format!("{program} {deleting}"));
        assert_eq!(offered, ["broken", "math"]);
    }
    assert_eq!(in_bash("kubectl-ray serve get --output=y"), ["yaml"]);
    // Flags only to who begins one.
    assert_eq!(in_bash("kubectl-ray serve create "), [""]);
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("serve_config.yaml");
    std::fs::write(&file, "").unwrap();
    let file = file.display().to_string();
    let begun = file.strip_suffix("ve_config.yaml").unwrap();
    let submitting = "kubectl-ray serve submit x";
    for flag in ["-f ", "--filename "] {
        assert_eq!(
            in_bash(&format!("{submitting} {flag}{begun}")),
            [file.as_str()]
        );
    }
}

#[test]
fn each_shell_of_kubectl_has_a_script() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        for words in [&["completion", shell][..], &["serve", "completion", shell]] {
            let script = run(words);
            assert_eq!((script.code, script.stderr.as_str()), (Some(0), ""));
            assert!(script.stdout.contains("kubectl-ray"), "{}", script.stdout);
        }
    }
    assert_eq!(run(&["completion", "tcsh"]).code, Some(2));
}
