//! YAML in and out; the only file that knows the YAML library.
//!
//! In: what Ray's own CLI (`PyYAML`) makes of a file, so YAML 1.1: `yes` and `off` are booleans, `0644`
//! is octal, `<<` merges. Out: quoted so that YAML 1.1 and 1.2 readers get the same values back.
//!
//! serde-saphyr rather than `yaml_serde` (libyaml), because only it does all of: merge keys,
//! octal, refusing duplicate keys, and quoting of `yes`, `on` and `<<` on output.

use serde_json::Value;
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Options, options, ser_options};
use thiserror::Error;

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

/// One document; an empty one is null.
pub fn parse(text: &str) -> Result<Value, Error> {
    let mut value = document(text, false)?;
    let strict = document(text, true)?;
    keep_single_letters(&mut value, strict);
    Ok(value)
}

fn document(text: &str, strict_booleans: bool) -> Result<Value, Error> {
    let options: Options = options! {
        duplicate_keys: DuplicateKeyPolicy::Error,
        legacy_octal_numbers: true,
        strict_booleans: strict_booleans,
        with_snippet: false,
    };
    let documents: Vec<Value> =
        serde_saphyr::from_str_multiple_with_options::<Value, _>(text, options)
            .map_err(|error| syntax(&error))?;
    match documents.len() {
        0 | 1 => Ok(documents.into_iter().next().unwrap_or(Value::Null)),
        several => Err(Error::SeveralDocuments(several)),
    }
}

/// YAML 1.1 lists `y` and `n` as booleans, but `PyYAML` never read them so, and `axis: y` is common.
fn keep_single_letters(value: &mut Value, strict: Value) {
    match (value, strict) {
        (value @ Value::Bool(_), Value::String(text)) if text.len() == 1 => {
            *value = Value::String(text)
        }
        (Value::Array(items), Value::Array(strict)) => {
            for (item, strict) in items.iter_mut().zip(strict) {
                keep_single_letters(item, strict);
            }
        }
        (Value::Object(fields), Value::Object(strict)) => {
            for ((_, field), (_, strict)) in fields.iter_mut().zip(strict) {
                keep_single_letters(field, strict);
            }
        }
        _ => {}
    }
}

fn syntax(error: &serde_saphyr::Error) -> Error {
    let (line, column) = error
        .location()
        .map_or((1, 1), |location| (location.line(), location.column()));
    let text = error.without_snippet().to_string();
    let first = text.lines().next().unwrap_or_default();
    // The library names the place in its own way; ours is in the variant.
    let place = format!("line {line} column {column}: ");
    let problem = first
        .trim_start_matches("error: ")
        .trim_start_matches(&place);
    let problem = problem.trim_end_matches(&format!(" at line {line}, column {column}"));
    let problem = problem.trim_end_matches(", set DuplicateKeyPolicy in Options if acceptable");
    Error::Syntax {
        line,
        column,
        problem: problem.to_owned(),
    }
}

/// A document that every YAML reader takes for `value`.
pub fn to_string(value: &Value) -> String {
    let options = ser_options! { compact_list_indent: true, prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(value, options)
        .unwrap_or_else(|error| unreachable!("a JSON value is always valid YAML: {error}"))
}
