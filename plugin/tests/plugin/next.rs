//! The command to type next goes to the same cluster by the same way, and is written in one place.

use std::path::{Path, PathBuf};
use std::process::Command;

use kubectl_ray::cli;
use kubectl_ray::connect::Next;
use kubectl_ray::connect::flags::ConnectionFlags;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Where commands are made.
const EXCEPT: [&str; 1] = ["connect/next.rs"];
/// Attributes that clap makes help of.
const HELP: [&str; 3] = ["doc", "command", "arg"];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            found.push(path);
        }
    }
}

/// The string literals of code that may be printed: neither help texts nor tests.
fn literals(code: TokenStream, found: &mut Vec<String>) {
    let mut tokens = code.into_iter().peekable();
    let mut attribute = false;
    let mut help = false;
    let mut tests = false;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) => {
                attribute = punct.as_char() == '#' || attribute && punct.as_char() == '!';
                help &= punct.as_char() != ';';
            }
            TokenTree::Ident(ident) => {
                help |= ident == "const"
                    && matches!(tokens.peek(), Some(TokenTree::Ident(name)) if name == "EXAMPLES");
                tests = ident == "tests";
                attribute = false;
            }
            TokenTree::Group(group) => {
                // Doc comments are attributes, as the messages of errors are.
                let is_help = attribute
                    && group.delimiter() == Delimiter::Bracket
                    && matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(name)) if HELP.contains(&name.to_string().as_str()));
                if !is_help && !tests {
                    literals(group.stream(), found);
                }
                (attribute, tests) = (false, false);
            }
            TokenTree::Literal(literal) => {
                if !help {
                    found.push(literal.to_string());
                }
            }
        }
    }
}

#[test]
fn no_message_has_a_command_of_its_own() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 100, "{}", files.len());
    let mut written = Vec::new();
    let is_looked_at = |file: &&PathBuf| !EXCEPT.iter().any(|except| file.ends_with(except));
    for file in files.iter().filter(is_looked_at) {
        let code: TokenStream = std::fs::read_to_string(file).unwrap().parse().unwrap();
        let mut found = Vec::new();
        literals(code, &mut found);
        let commands = found.iter().filter(|text| text.contains("kubectl "));
        written.extend(commands.map(|text| format!("{}: {text}", file.display())));
    }
    assert!(
        written.is_empty(),
        "commands without connection flags; make them with connect::Next:\n{}",
        written.join("\n")
    );
}

/// The words that a shell makes of a line.
fn words(line: &str) -> Vec<String> {
    let script = format!("printf '%s\\n' {line}");
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{line}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn parsed(words: &[String]) -> ConnectionFlags {
    let argv = ["kubectl-ray".into(), "serve".into()];
    let argv = argv.into_iter().chain(words.iter().map(Into::into));
    let cli::Command::Serve(serve) = cli::parse(argv.collect()).unwrap().command else {
        panic!("{words:?}")
    };
    serve.connection
}

#[test]
fn a_command_typed_as_told_has_every_flag_that_was_given() {
    for given in [
        "",
        "-n team",
        "--context 'my context' --kubeconfig ~x/a.yaml --cluster c --user ada",
        "--server https://host:6443 --tls-server-name other --insecure-skip-tls-verify",
        "--insecure-skip-tls-verify=false --certificate-authority ca.pem",
        "--client-certificate 'c $HOME.pem' --client-key \"it's.pem\"",
        "--as ada --as-group a --as-group 'b c' --as-uid 7",
        "--request-timeout 0 --via proxy",
        "--request-timeout 1500ms --via port-forward",
        "--address http://127.0.0.1:8265/ray -n '`id`'",
    ] {
        let flags = words(given);
        let typed = [vec!["get".to_owned(), "x".to_owned()], flags].concat();
        let flags = parsed(&typed);
        let command = Next::of(&flags).serve("get", &["x"], "-o name");
        let again = words(command.strip_prefix("kubectl ray serve ").unwrap());
        assert_eq!(
            format!("{:?}", parsed(&again)),
            format!("{flags:?}"),
            "{command}"
        );
    }
}
