//! Colours: where a user wants them, and nowhere else.

use fake_ray::Server;

use crate::support::{Run, on_a_terminal, plugin, recorded};

const RED: &str = "\u{1b}[";

fn serving() -> Server {
    Server::with_state(recorded("2.60.0", "get_odd_apps").1)
}

fn is_coloured(url: &str, variables: &[(&str, &str)], flags: &[&str]) -> bool {
    let words = [&["serve", "get", "--address", url], flags].concat();
    let mut command = plugin(&words);
    command.envs(variables.iter().copied());
    let ran = Run::from(command.output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.stdout.contains(RED)
}

#[test]
fn the_flag_wins_over_the_variables_and_these_over_the_terminal() {
    let server = serving();
    let url = server.url();
    for (variables, flags, expected) in [
        (&[][..], &[][..], false),
        (&[], &["--color=always"], true),
        (&[], &["--color", "always"], true),
        (&[], &["--color=auto"], false),
        (&[("CLICOLOR_FORCE", "1")], &[], true),
        (&[("FORCE_COLOR", "1")], &[], true),
        (&[("FORCE_COLOR", "1")], &["--color=never"], false),
        (&[("FORCE_COLOR", "1")], &["--color=auto"], false),
        (&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], &[], false),
        (&[("NO_COLOR", "1")], &["--color=always"], true),
    ] {
        let coloured = is_coloured(&url, variables, flags);
        assert_eq!(coloured, expected, "{variables:?} {flags:?}");
    }
}

#[test]
fn on_a_terminal_there_are_colours_unless_they_are_refused() {
    let server = serving();
    let url = server.url();
    for (flags, expected) in [(&[][..], true), (&["--color=never"], false)] {
        let words = [&["serve", "get", "--address", &url], flags].concat();
        let (code, shown) = on_a_terminal(&words, "");
        assert_eq!(
            (code, shown.contains(RED)),
            (Some(0), expected),
            "{shown:?}"
        );
    }
}

/// What a pipe with colours is for: `less -R`, logs of CI. What is for programs stays as it is.
#[test]
fn colours_change_nothing_else_and_no_data_for_programs() {
    let server = serving();
    let url = server.url();
    let get = |flags: &[&str]| {
        let words = [&["serve", "get", "--address", &url], flags].concat();
        Run::from(plugin(&words).output().unwrap()).stdout
    };
    let mut coloured = get(&["--color=always"]);
    for code in ["0", "1", "2", "31", "32", "33"] {
        coloured = coloured.replace(&format!("{RED}{code}m"), "");
    }
    assert_eq!(coloured, get(&[]));
    for format in ["json", "yaml", "name", "raw"] {
        assert_eq!(get(&["-o", format, "--color=always"]), get(&["-o", format]));
    }
}

#[test]
fn errors_of_validate_and_help_follow_too() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("serve.yaml");
    std::fs::write(&file, "applications: [{name: a}]\n").unwrap();
    let file = file.to_str().unwrap();
    for (when, expected) in [("always", true), ("never", false), ("auto", false)] {
        let flag = format!("--color={when}");
        let judged = plugin(&["serve", "validate", "-f", file, &flag]).output();
        let judged = Run::from(judged.unwrap());
        assert_eq!(judged.stderr.contains(RED), expected, "{}", judged.stderr);
        for words in [
            &["serve", "get", "--help", &flag][..],
            &["serve", &flag, "get", "--help"],
            &["serve", &flag, "submit"],
        ] {
            let ran = Run::from(plugin(words).output().unwrap());
            let shown = ran.stdout + &ran.stderr;
            assert_eq!(shown.contains(RED), expected, "{words:?}: {shown}");
        }
    }
    let mut help = plugin(&["serve", "get", "--help"]);
    let help = help.env("FORCE_COLOR", "1").output().unwrap();
    assert!(Run::from(help).stdout.contains(RED));
    let wrong = plugin(&["serve", "get", "--color=sometimes"]).output();
    let wrong = Run::from(wrong.unwrap());
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("always"), "{}", wrong.stderr);
}
