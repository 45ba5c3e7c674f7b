//! Types that `PyYAML` 6 gives to plain scalars: its table (`yaml/resolver.py`), row by row.

use std::sync::LazyLock;

use regex::Regex;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Bool,
    Float,
    Int,
    Merge,
    Null,
    Timestamp,
    Value,
    /// Only by its tag; no spelling gives this type.
    Binary,
}

impl Type {
    /// From the name of a standard YAML tag.
    pub(super) fn of_tag(name: &str) -> Option<Self> {
        Some(match name {
            "str" => Self::Text,
            "bool" => Self::Bool,
            "float" => Self::Float,
            "int" => Self::Int,
            "merge" => Self::Merge,
            "null" => Self::Null,
            "timestamp" => Self::Timestamp,
            "value" => Self::Value,
            "binary" => Self::Binary,
            _ => return None,
        })
    }
}

/// The first row that fits counts. `PyYAML` also lists each row's first characters, which only
/// makes it faster.
const TABLE: [(Type, &str); 7] = [
    (
        Type::Bool,
        r"yes|Yes|YES|no|No|NO
         |true|True|TRUE|false|False|FALSE
         |on|On|ON|off|Off|OFF",
    ),
    (
        Type::Float,
        r"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?
         |\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?
         |[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*
         |[-+]?\.(?:inf|Inf|INF)
         |\.(?:nan|NaN|NAN)",
    ),
    (
        Type::Int,
        r"[-+]?0b[0-1_]+
         |[-+]?0[0-7_]+
         |[-+]?(?:0|[1-9][0-9_]*)
         |[-+]?0x[0-9a-fA-F_]+
         |[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+",
    ),
    (Type::Merge, "<<"),
    (Type::Null, "~|null|Null|NULL|"),
    (
        Type::Timestamp,
        r"[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]
         |[0-9][0-9][0-9][0-9]-[0-9][0-9]?-[0-9][0-9]?
          (?:[Tt]|[\x20\t]+)[0-9][0-9]?
          :[0-9][0-9]:[0-9][0-9](?:\.[0-9]*)?
          (?:[\x20\t]*(?:Z|[-+][0-9][0-9]?(?::[0-9][0-9])?))?",
    ),
    (Type::Value, "="),
];

static RULES: LazyLock<Vec<(Type, Regex)>> = LazyLock::new(|| {
    let rule = |(of, pattern): (Type, &str)| {
        let regex = Regex::new(&format!("(?x)^(?:{pattern})$"));
        (of, regex.unwrap_or_else(|error| unreachable!("{error}")))
    };
    TABLE.into_iter().map(rule).collect()
});

/// The type of a plain scalar.
pub(crate) fn resolve(text: &str) -> Type {
    // Most scalars are words that no row can match; skip the regexes for them.
    let may_be_more = text
        .starts_with(|first: char| first.is_ascii_digit() || "yYnNtTfFoO-+.<~=".contains(first));
    if !may_be_more && !text.is_empty() {
        return Type::Text;
    }
    let fitting = RULES.iter().find(|(_, regex)| regex.is_match(text));
    fitting.map_or(Type::Text, |(of, _)| *of)
}
