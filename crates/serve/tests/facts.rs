//! Errors of the client are facts: a program without flags, such as a controller, shows them too.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The command, and the variable that the plugin reads.
const ADVICE: [&str; 2] = ["kubectl", "RAY_AUTH_TOKEN"];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The literals of code that is not a test, messages in attributes among them, but no comments.
fn literals(code: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = code.into_iter().collect();
    let is_word = |at: usize, word: &str| matches!(tokens.get(at), Some(TokenTree::Ident(ident)) if ident == word);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Literal(literal) => found.push(literal.to_string()),
            TokenTree::Group(group) => {
                let is_tests =
                    at > 1 && is_word(at - 1, "tests") && group.delimiter() == Delimiter::Brace;
                let first = group.stream().into_iter().next();
                let is_comment = group.delimiter() == Delimiter::Bracket
                    && matches!(first, Some(TokenTree::Ident(ident)) if ident == "doc");
                if !is_tests && !is_comment {
                    literals(group.stream(), found);
                }
            }
            _ => {}
        }
    }
}

fn names_a_flag(text: &str) -> bool {
    let starts_a_word = |rest: &str| rest.starts_with(|first: char| first.is_ascii_lowercase());
    text.split("--").skip(1).any(starts_a_word)
}

#[test]
fn no_error_gives_advice_that_belongs_to_a_program() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    assert!(files.len() > 30, "{}", files.len());
    let mut texts = 0;
    let mut advice = Vec::new();
    for file in &files {
        let code: TokenStream = std::fs::read_to_string(file).unwrap().parse().unwrap();
        let mut found = Vec::new();
        literals(code, &mut found);
        texts += found.len();
        let gives_advice = |text: &&String| {
            ADVICE.iter().any(|advice| text.contains(advice)) || names_a_flag(text)
        };
        let found = found.iter().filter(gives_advice);
        advice.extend(found.map(|text| format!("{}: {text}", file.display())));
    }
    assert!(texts > 300, "{texts}");
    assert!(
        advice.is_empty(),
        "advice that belongs into the plugin's hint/:\n{}",
        advice.join("\n")
    );
}
