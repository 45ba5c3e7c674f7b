//! What is drawn with: lines and marks where the locale has them, ASCII elsewhere.

use clap::CommandFactory;
use fake_ray::Server;
use kubectl_ray::cli::Cli;

use crate::support::{LOCALE, Run, plugin, recorded};

fn status(locale: &[(&str, &str)]) -> String {
    let server = Server::with_state(recorded("2.60.0", "get_two_apps_running").1);
    let mut command = plugin(&["serve", "status", "--address", &server.url()]);
    for variable in LOCALE {
        command.env_remove(variable);
    }
    let ran = Run::from(command.envs(locale.iter().copied()).output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.stdout
}

#[test]
fn trees_have_lines_in_utf_8_and_ascii_elsewhere() {
    for locale in [
        &[("LC_ALL", "C.UTF-8")][..],
        &[("LANG", "de_DE.utf8")],
        &[("LC_ALL", ""), ("LC_CTYPE", "en_US.UTF-8"), ("LANG", "C")],
    ] {
        let drawn = status(locale);
        assert!(drawn.contains("├─ ") && drawn.contains("│  └─ "), "{drawn}");
    }
    for locale in [
        &[][..],
        &[("LANG", "C")],
        &[("LC_ALL", "C"), ("LANG", "C.UTF-8")],
        &[("LANG", "en_US.ISO-8859-1")],
    ] {
        let drawn = status(locale);
        assert!(drawn.contains("|- ") && drawn.contains("|  `- "), "{drawn}");
        assert!(drawn.is_ascii(), "{drawn}");
    }
}

#[test]
fn only_what_lines_are_drawn_with_differs() {
    let drawn = status(&[("LC_ALL", "C.UTF-8")]);
    let ascii = drawn
        .replace("├─", "|-")
        .replace("└─", "`-")
        .replace('│', "|");
    // Ages go on meanwhile.
    let without_digits = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    assert_eq!(without_digits(&status(&[])), without_digits(&ascii));
}

/// What others wrote is theirs, in whatever letters.
#[test]
fn names_and_documents_of_others_stay_as_they_are() {
    let state = recorded("2.60.0", "get_two_apps_running").1;
    let server = Server::with_state(state.replace("fruit_app", "größer"));
    let url = server.url();
    for words in [&["get"][..], &["get", "-o", "json"], &["status"]] {
        let words = [&["serve"], words, &["--address", &url]].concat();
        let output = plugin(&words).env("LC_ALL", "C").output().unwrap();
        let shown = Run::from(output).stdout;
        assert!(shown.contains("größer"), "{shown}");
    }
}

#[test]
fn what_is_left_out_is_marked_in_ascii_too() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("serve.yaml");
    let wrong = "- {name: a, import_path: m:x, wrong: 1}\n".repeat(60);
    std::fs::write(&file, format!("applications:\n{wrong}")).unwrap();
    let words = ["serve", "validate", "-f", file.to_str().unwrap()];
    for (locale, mark) in [("C", "... and "), ("C.UTF-8", "… and ")] {
        let ran = plugin(&words).env("LC_ALL", locale).output().unwrap();
        let ran = Run::from(ran);
        assert!(ran.stderr.contains(mark), "{}", ran.stderr);
        assert_eq!(ran.stderr.is_ascii(), locale == "C", "{}", ran.stderr);
    }
}

#[test]
fn every_help_text_is_ascii() {
    let mut root = Cli::command();
    root.build();
    let serve = root.find_subcommand_mut("serve").unwrap();
    for command in serve.get_subcommands_mut() {
        let help = command.render_long_help().to_string();
        assert!(help.is_ascii(), "{help}");
    }
}
