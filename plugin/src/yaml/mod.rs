//! Reads and writes YAML; no other folder knows the YAML libraries.
//!
//! Two folders know one dialect each, proved on a corpus against the program it imitates; a third
//! knows where things are written:
//!
//! - [`pyyaml`]: Serve configs and conda files, as Ray's CLI reads them ([`parse`]);
//! - [`go_yaml`]: manifests and kubeconfigs, as kubectl reads them;
//! - [`positions`]: line and column of each value, for messages.
//!
//! The first two are dialects of one [`reader`] over granit-parser's events, because no YAML
//! library lets its callers choose how scalars are resolved. [`write`](mod@write) prints what both
//! read alike. `docs/reference/yaml.md` lists the differences.

pub mod go_yaml;
pub mod placeholder;
pub mod positions;
mod problem;
mod pyyaml;
mod reader;
mod scientific;
pub mod spelling;
mod write;

use serde_json::Value;
use thiserror::Error;

use pyyaml::PyYaml;
use reader::{Reader, Unreadable};
pub use write::to_string;

#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    #[error("line {line}, column {column}: {problem}")]
    Syntax {
        line: u64,
        column: u64,
        problem: String,
    },
    #[error("{0} YAML documents where one is expected")]
    SeveralDocuments(usize),
}

/// Reads the one document of a Serve config; an empty one is null.
pub fn parse(text: &str) -> Result<Value, Error> {
    let read = Reader::<PyYaml>::new(text).documents();
    let mut documents = read.map_err(|error| Error::new(text, error))?;
    // A trailing `---` starts another, empty document.
    documents.retain(|document| !document.is_null());
    match documents.len() {
        0 | 1 => Ok(documents.pop().unwrap_or_default()),
        several => Err(Error::SeveralDocuments(several)),
    }
}

impl Error {
    /// The error for `text`: that it is an unrendered template, if a placeholder made it
    /// unreadable.
    fn new(text: &str, unreadable: Unreadable) -> Self {
        let Unreadable {
            line,
            column,
            problem,
        } = unreadable;
        match placeholder::unrendered(text, line) {
            Some(found) => Self::Syntax {
                line: found.line,
                column: found.column,
                problem: found.what.sentence(),
            },
            None => Self::Syntax {
                line,
                column,
                problem,
            },
        }
    }
}

/// The problem with a list or mapping (`kind`) as a key.
fn no_key(kind: &str) -> String {
    format!("a {kind} is found where a key is expected, which is text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// One line that says what is wrong and where, whichever reader says it.
    pub(super) fn assert_placed<T: std::fmt::Debug>(
        text: &str,
        result: Result<T, Error>,
        place: (u64, u64),
        problem: &str,
    ) {
        match result {
            Err(Error::Syntax {
                line,
                column,
                problem: said,
            }) => {
                assert_eq!((line, column), place, "{text:?}: {said}");
                assert!(said.contains(problem) && !said.contains('\n'), "{said}");
            }
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn files_of_all_editors_are_read() {
        for text in [
            "\u{feff}a: 1\n",
            "a: 1\r\n",
            "---\na: 1\n...\n",
            "---\na: 1\n---\n",
            "{\"a\": 1}",
            "{\n\t\"a\": 1\n}",
        ] {
            assert_eq!(parse(text).unwrap(), json!({"a": 1}), "{text:?}");
        }
    }

    #[test]
    fn anchors_and_merge_keys_are_resolved_with_the_nearer_value_winning() {
        let merged = parse("base: &b {p: 1, q: 2}\nd: {<<: *b, q: 3}\nl: *b\n").unwrap();
        assert_eq!(merged["d"], json!({"p": 1, "q": 3}));
        assert_eq!(merged["l"], merged["base"]);
    }

    #[test]
    fn what_cannot_be_read_is_placed() {
        let cases = [
            ("a: [1, 2\n", 1, 4, "unclosed bracket"),
            ("a: 1\n b: 2\n", 2, 3, ""),
            ("a:\n\t- 1\n", 2, 2, "tabs"),
            ("a: 1\na: 2\n", 2, 1, "duplicate mapping key: a"),
            ("a: .nan\n", 1, 4, "JSON does not have"),
            ("a: *nowhere\n", 1, 4, ""),
        ];
        for (text, line, column, problem) in cases {
            assert_placed(text, parse(text), (line, column), problem);
        }
        assert_eq!(parse("a: 1\n---\nb: 2\n"), Err(Error::SeveralDocuments(2)));
    }

    #[test]
    fn a_bomb_of_aliases_is_refused_and_a_large_file_is_not() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..10 {
            let alias = format!("*a{}, ", level - 1).repeat(10);
            bomb.push_str(&format!(
                "a{level}: &a{level} [{}]\n",
                alias.trim_end_matches(", ")
            ));
        }
        assert!(parse(&bomb).is_err());

        let long = format!("[{}]", "1,".repeat(260_000));
        assert!(parse(&long).is_ok());
    }
}
