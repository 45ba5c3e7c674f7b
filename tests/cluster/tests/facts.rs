//! Facts about KubeRay stand in `crates/kuberay` and nowhere else: no other source spells its ports,
//! labels and names of services. Tests do, so that they do not follow a fact that is wrong.

mod sources;
#[allow(dead_code, reason = "this test asks nothing of cargo")]
mod workspace;

use std::{fs, path::Path};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use sources::files;
use workspace::root;

/// What is searched for in texts and numbers, and the file that has it.
const FACTS: [(&str, &str); 7] = [
    ("ray.io/", "crates/kuberay/src/{labels,resource}.rs"),
    ("raycluster.ray.io", "crates/kuberay/src/resource.rs"),
    ("-head-svc", "crates/kuberay/src/names.rs"),
    ("-serve-svc", "crates/kuberay/src/names.rs"),
    ("8265", "crates/kuberay/src/ports.rs"),
    ("52365", "crates/kuberay/src/ports.rs"),
    ("10001", "crates/kuberay/src/ports.rs"),
];

const SOURCES: [&str; 5] = [
    "controller/src",
    "plugin/src",
    "webhook/src",
    "crates/inject/src",
    "crates/serve/src",
];

/// Constants that are printed as they are: commands as a user types them.
const FOR_USERS: &str = "EXAMPLES";

#[test]
fn no_other_crate_spells_a_fact_about_kuberay() {
    let mut found = Vec::new();
    for source in SOURCES {
        let files = files(&root().join(source));
        assert!(files.len() > 10, "{source}");
        for file in files {
            for literal in literals_of(&file) {
                let file = file.strip_prefix(root()).unwrap().display();
                let facts = FACTS.iter().filter(|(fact, _)| holds(&literal, fact));
                found.extend(facts.map(|(_, home)| format!("{file}: {literal} is in {home}")));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_fact_is_there_once() {
    let all = files(&root().join("crates/kuberay/src"));
    let literals: Vec<String> = all.iter().flat_map(|file| literals_of(file)).collect();
    for fact in ["-head-svc", "-serve-svc", "8265", "52365", "10001", "6379"] {
        let found: Vec<_> = literals.iter().filter(|text| holds(text, fact)).collect();
        assert_eq!(found.len(), 1, "{fact}: {found:?}");
    }
}

/// Texts that are printed must be readable in any locale; what is drawn follows it.
#[test]
fn what_is_printed_is_ascii_but_for_glyphs() {
    let sources = ["plugin/src", "crates/serve/src"].into_iter();
    for file in sources.flat_map(|source| files(&root().join(source))) {
        let path = file.strip_prefix(root()).unwrap().display().to_string();
        if path.contains("tests") || path.ends_with("output/glyphs.rs") {
            continue;
        }
        for literal in literals_of(&file) {
            assert!(literal.is_ascii(), "{path}: {literal} is not in ASCII");
        }
    }
}

/// A user looks for what a program reads of the environment on one page.
#[test]
fn each_variable_is_on_the_page_of_the_environment() {
    let page = fs::read_to_string(root().join("docs/reference/environment.md")).unwrap();
    let mut missing = Vec::new();
    let mut known = 0;
    for file in ["plugin/src", "webhook/src"]
        .map(|source| files(&root().join(source)))
        .concat()
    {
        let code = fs::read_to_string(&file).unwrap();
        let reads = ["env::var", "env = \""]
            .iter()
            .any(|call| code.contains(call));
        for literal in literals_of(&file) {
            let name = literal.trim_matches('"');
            let is_name = name.len() > 3
                && name.contains('_')
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
                && (reads || name.starts_with("RAY_") || name.starts_with("KUBE"));
            if is_name && !page.contains(&format!("`{name}`")) {
                missing.push(format!("{}: {name}", file.display()));
            }
            known += usize::from(is_name);
        }
    }
    assert!(known > 25, "{known}");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn literals_are_found_and_tests_and_comments_are_not() {
    let code = r#"
        //! Port 8265.
        /// The `-head-svc`.
        const A: &str = "a"; // 8265
        const EXAMPLES: &str = "--port 8265";
        #[error("{0} of ray.io/v1")]
        fn b() -> u16 { format!(r"b-{}", 8_265u16); vec![b"c", 10001] }
        #[cfg(test)]
        mod tests { const D: u16 = 8265; }
    "#;
    let mut found = Vec::new();
    literals(code.parse().unwrap(), &mut found);
    let expected = [
        "\"a\"",
        "\"{0} of ray.io/v1\"",
        "r\"b-{}\"",
        "8265u16",
        "b\"c\"",
        "10001",
    ];
    assert_eq!(found, expected);
    assert!(holds("8265u16", "8265") && holds("\"127.0.0.1:8265\"", "8265"));
    assert!(!holds("18265", "8265") && !holds("\"82651\"", "8265"));
}

/// Whether a literal has the fact in it; digits of a longer number do not count.
fn holds(literal: &str, fact: &str) -> bool {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let is_number = fact.bytes().all(|byte| byte.is_ascii_digit());
    literal.match_indices(fact).any(|(at, _)| {
        let before = literal[..at].chars().next_back();
        let after = literal[at + fact.len()..].chars().next();
        !(is_number && (is_digit(before) || is_digit(after)))
    })
}

fn literals_of(file: &Path) -> Vec<String> {
    let code = fs::read_to_string(file).unwrap().parse().unwrap();
    let mut found = Vec::new();
    literals(code, &mut found);
    found
}

/// The literals of the code that runs, numbers without their underscores.
fn literals(code: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = code.into_iter().collect();
    let word = |at: usize| match tokens.get(at) {
        Some(TokenTree::Ident(ident)) => ident.to_string(),
        _ => String::new(),
    };
    let mut at = 0;
    while at < tokens.len() {
        if word(at) == "mod" && word(at + 1) == "tests" {
            at += 3;
            continue;
        }
        if word(at) == "const" && word(at + 1) == FOR_USERS {
            let is_end =
                |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ';');
            at += tokens[at..].iter().position(is_end).unwrap_or(1);
            continue;
        }
        match &tokens[at] {
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                let is_number = text.starts_with(|c: char| c.is_ascii_digit());
                found.push(if is_number {
                    text.replace('_', "")
                } else {
                    text
                });
            }
            TokenTree::Group(group) if !is_comment(group.delimiter(), group.stream()) => {
                literals(group.stream(), found);
            }
            _ => {}
        }
        at += 1;
    }
}

/// Comments of items come as attributes: `#[doc = "…"]`.
fn is_comment(delimiter: Delimiter, inner: TokenStream) -> bool {
    let first = inner.into_iter().next();
    delimiter == Delimiter::Bracket
        && matches!(first, Some(TokenTree::Ident(ident)) if ident == "doc")
}
