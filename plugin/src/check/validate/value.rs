//! A value held against the type of its field.
//!
//! As Ray reads it: `"8000"` is a number to it, 1 is not text.

use ray_serve_client::api::version::RayVersion;
use ray_serve_client::config::kind;
use serde_json::{Map, Value};

use super::KEY_PASSWORD;
use super::example::{self, example};
use super::report::Report;
use crate::check::schema::{self, Field, Object, Range, Type};

/// The first version in which `num_replicas` may be `auto`, and is read strictly.
const AUTO: RayVersion = RayVersion::ray2(10);
const TEXT: &str = "text";
const LEVELS: &[&str] = &[
    "CRITICAL", "FATAL", "ERROR", "WARNING", "WARN", "INFO", "DEBUG", "NOTSET",
];
const LEVEL_STEP: u64 = 10;
const HIGHEST_LEVEL: u64 = 50;

pub(super) fn check(report: &mut Report, field: &Field, value: &Value) {
    match (field.is, value) {
        (
            Type::Texts | Type::Mappings | Type::TextMappings | Type::NumberMappings,
            Value::Array(items),
        ) => {
            for (index, item) in items.iter().enumerate() {
                report.in_item(index, |report| item_of(report, field, item));
            }
            return;
        }
        (Type::TextMapping, Value::Object(fields)) => {
            return each_field(report, field, fields, TEXT, Value::is_string);
        }
        _ => {}
    }
    match field.is {
        Type::Name if value.as_str() == Some("") => {
            report.error(format!(
                "\"{}\" is empty where a name is expected, such as {}",
                field.name,
                example(field)
            ));
        }
        Type::Route if value.is_string() => route(report, value.as_str().unwrap_or_default()),
        Type::ImportPath if value.is_string() => {
            import_path(report, value.as_str().unwrap_or_default());
        }
        Type::Replicas if is_auto(value) && report.ray().is_some_and(|ray| ray < AUTO) => {
            report.error(format!("num_replicas: auto needs Ray {AUTO} or later"));
        }
        _ if !fits(field.is, value, report.ray()) => is_not(report, field, value),
        _ => {}
    }
}

fn item_of(report: &mut Report, field: &Field, item: &Value) {
    match (field.is, item) {
        (Type::Texts, Value::String(_)) | (Type::Mappings, Value::Object(_)) => {}
        (Type::TextMappings, Value::Object(fields)) => {
            each_field(report, field, fields, TEXT, Value::is_string);
        }
        (Type::NumberMappings, Value::Object(fields)) => {
            each_field(report, field, fields, "a number", |value| {
                number_of(value).is_some()
            });
        }
        (Type::Texts, other) => has(report, field, other, TEXT),
        (_, other) => has(report, field, other, "a mapping"),
    }
}

fn each_field(
    report: &mut Report,
    field: &Field,
    fields: &Map<String, Value>,
    expected: &str,
    fits: impl Fn(&Value) -> bool,
) {
    for (name, value) in fields.iter().filter(|(_, value)| !fits(value)) {
        report.in_field(name, |report| has(report, field, value, expected));
    }
}

fn has(report: &mut Report, field: &Field, value: &Value, expected: &str) {
    let instead = match value {
        Value::Number(_) | Value::Bool(_) if expected == TEXT => ": put it in quotes".to_owned(),
        _ => format!(", such as {}", example(field)),
    };
    report.error(format!(
        "\"{}\" has {} where {expected} is expected{instead}",
        field.name,
        shown(value)
    ));
}

fn fits(is: Type, value: &Value, ray: Option<RayVersion>) -> bool {
    match is {
        Type::Text | Type::Name | Type::Route | Type::ImportPath => value.is_string(),
        Type::OneOf(several) => value.as_str().is_some_and(|text| several.contains(&text)),
        Type::OneOfInAnyCase(several) => value
            .as_str()
            .is_some_and(|text| several.iter().any(|one| one.eq_ignore_ascii_case(text))),
        Type::Boolean => is_boolean(value),
        Type::Integer(range) => integer_of(value).is_some_and(|number| range.holds(number)),
        Type::Number(range) => number_of(value).is_some_and(|number| range.holds(number)),
        Type::Code(codes) => value.as_u64().is_some_and(|code| codes.contains(&code)),
        Type::AnyMapping
        | Type::TextMapping
        | Type::Object(_)
        | Type::RuntimeEnv
        | Type::ControllerEnv => value.is_object(),
        Type::AnyList
        | Type::Texts
        | Type::Mappings
        | Type::TextMappings
        | Type::NumberMappings
        | Type::Objects(_) => value.is_array(),
        Type::Replicas if ray.is_some_and(|ray| ray < AUTO) => {
            integer_of(value).is_some_and(|number| number > 0.0)
        }
        Type::Replicas => is_auto(value) || value.as_u64().is_some_and(|number| number > 0),
        Type::QueueLength => value
            .as_i64()
            .is_some_and(|number| number == -1 || number > 0),
        Type::LogLevel => match value {
            Value::String(level) => LEVELS.contains(&level.as_str()),
            level => level
                .as_u64()
                .is_some_and(|level| level % LEVEL_STEP == 0 && level <= HIGHEST_LEVEL),
        },
    }
}

impl Range {
    fn holds(self, number: f64) -> bool {
        match self {
            Self::Any => true,
            Self::AtLeast(least) => number >= least,
            Self::Above(limit) => number > limit,
            Self::Between(least, most) => (least..=most).contains(&number),
            Self::UpTo(limit, most) => number > limit && number <= most,
        }
    }

    fn words(self) -> String {
        match self {
            Self::Any => String::new(),
            Self::AtLeast(least) => format!(" of at least {least}"),
            Self::Above(limit) => format!(" above {limit}"),
            Self::Between(least, most) => format!(" from {least} to {most}"),
            Self::UpTo(limit, most) => format!(" above {limit} and up to {most}"),
        }
    }
}

fn is_auto(replicas: &Value) -> bool {
    replicas.as_str() == Some("auto")
}

fn is_boolean(value: &Value) -> bool {
    const WORDS: &[&str] = &[
        "true", "false", "yes", "no", "on", "off", "t", "f", "y", "n", "1", "0",
    ];
    match value {
        Value::Bool(_) => true,
        Value::String(word) => WORDS.iter().any(|known| known.eq_ignore_ascii_case(word)),
        number => matches!(number.as_u64(), Some(0 | 1)),
    }
}

fn number_of(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A number as Ray reads it: `"2"` and `2.0` are 2.
pub(super) fn whole(value: &Value) -> Option<i64> {
    // Numbers of replicas that a float cannot hold are none.
    #[allow(clippy::cast_possible_truncation)]
    let whole = |number: f64| number as i64;
    value.as_i64().or_else(|| integer_of(value).map(whole))
}

/// A boolean as Ray reads it: `"yes"` and 1 are true.
pub(super) fn truth(value: &Value) -> Option<bool> {
    const TRUE: &[&str] = &["true", "yes", "on", "t", "y", "1"];
    let is_true = match value {
        Value::Bool(truth) => *truth,
        Value::String(word) => TRUE.iter().any(|known| known.eq_ignore_ascii_case(word)),
        number => number.as_u64() == Some(1),
    };
    is_boolean(value).then_some(is_true)
}

fn integer_of(value: &Value) -> Option<f64> {
    number_of(value).filter(|number| number.fract() == 0.0)
}

fn is_not(report: &mut Report, field: &Field, value: &Value) {
    let shown = if field.name == KEY_PASSWORD {
        kind(value).to_owned()
    } else {
        shown(value)
    };
    report.error(format!(
        "\"{}\" is {shown} where {} is expected{}",
        field.name,
        expected(field.is),
        instead(field, value)
    ));
}

/// What to write, where the expected alone does not say it.
fn instead(field: &Field, value: &Value) -> String {
    let is_text = matches!(
        field.is,
        Type::Text | Type::Name | Type::Route | Type::ImportPath
    );
    match (field.is, value) {
        (_, Value::String(text)) if fits_unquoted(field, text) => {
            ": leave out the quotes".to_owned()
        }
        (
            Type::OneOf(_)
            | Type::OneOfInAnyCase(_)
            | Type::LogLevel
            | Type::Boolean
            | Type::Code(_),
            _,
        ) => String::new(),
        (_, Value::Number(_) | Value::Bool(_)) if is_text => ": put it in quotes".to_owned(),
        (Type::Objects(inner), Value::Object(fields)) => listed(inner, fields),
        _ => format!(", such as {}", example(field)),
    }
}

fn fits_unquoted(field: &Field, text: &str) -> bool {
    text.parse::<i64>()
        .is_ok_and(|number| fits(field.is, &number.into(), None))
}

/// A mapping where a list of them is expected is its only item, or has names for keys.
fn listed(inner: Object, fields: &Map<String, Value>) -> String {
    let mut names = fields.keys();
    if names
        .clone()
        .any(|name| schema::field(inner, name).is_some())
    {
        return ": write \"- \" before its first field".to_owned();
    }
    match names.next() {
        Some(name) => format!(": write each as an item with its name in it, \"- name: {name}\""),
        None => format!(", such as [{}]", example::of_object(inner)),
    }
}

fn one_of(several: &[&str]) -> String {
    match several {
        [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => several.concat(),
    }
}

/// What such a field takes, as a sentence says it.
pub fn expected(is: Type) -> String {
    match is {
        Type::OneOf(several) | Type::OneOfInAnyCase(several) => one_of(several),
        Type::Integer(range) => format!("a whole number{}", range.words()),
        Type::Number(range) => format!("a number{}", range.words()),
        Type::LogLevel => one_of(LEVELS),
        Type::Code(codes) => {
            let codes: Vec<String> = codes.iter().map(u64::to_string).collect();
            codes.join(" or ")
        }
        Type::Text | Type::Name | Type::Route | Type::ImportPath => TEXT.into(),
        Type::Boolean => "true or false".into(),
        Type::AnyMapping
        | Type::TextMapping
        | Type::Object(_)
        | Type::RuntimeEnv
        | Type::ControllerEnv => "a mapping".into(),
        Type::AnyList
        | Type::Texts
        | Type::Mappings
        | Type::TextMappings
        | Type::NumberMappings
        | Type::Objects(_) => "a list".into(),
        Type::Replicas => "a whole number above 0 or auto".into(),
        Type::QueueLength => "a whole number above 0 (or -1 for no limit)".into(),
    }
}

/// A value as a sentence says it: small ones themselves, others by what they are.
pub(super) fn shown(value: &Value) -> String {
    const LONGEST: usize = 40;
    match value {
        Value::String(text) if text.chars().count() <= LONGEST => format!("{text:?}"),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        other => kind(other).to_owned(),
    }
}

fn route(report: &mut Report, route: &str) {
    let bare = route.trim_matches('/');
    let problem = if route.contains(['{', '}']) {
        "has a \"{\" or \"}\", and a route prefix has no wildcards".to_owned()
    } else if !route.starts_with('/') {
        format!("does not start with \"/\": did you mean \"/{bare}\"?")
    } else if route.len() > 1 && route.ends_with('/') {
        format!("ends with \"/\": did you mean \"/{bare}\"?")
    } else {
        return;
    };
    report.error(format!("route_prefix \"{route}\" {problem}"));
}

fn import_path(report: &mut Report, path: &str) {
    let split = path.split_once(':').or_else(|| path.rsplit_once('.'));
    match split {
        Some((module, name)) if !module.is_empty() && !name.is_empty() && !name.contains(':') => {
            let dotted = module.trim_end_matches(".py").replace(['/', '\\'], ".");
            if module != dotted {
                report.warning(format!(
                    "import_path \"{path}\" names a file where Python imports a module: did you mean \"{}:{name}\"?",
                    dotted.trim_matches('.')
                ));
            }
        }
        _ => report.error(format!(
            "import_path \"{path}\" is not of the form module:application, such as fruit:app"
        )),
    }
}
