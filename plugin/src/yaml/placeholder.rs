//! Recognizes placeholders that a template engine should have replaced; no other file knows their
//! syntax.

use std::sync::LazyLock;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span, options};
use regex::Regex;

/// A placeholder, by the language it is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// `{{ .Values.name }}`: Helm, Go, Jinja.
    Braces,
    /// `{% if … %}`: Jinja.
    Statement,
    /// `${NAME}` and `$NAME`: the environment.
    Variable,
    /// `%NAME%` and `@NAME@`: hand-written scripts.
    Word,
}

/// A placeholder in a file; the place counts from 1, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) what: Placeholder,
    pub(super) line: u64,
    pub(super) column: u64,
}

const BRACES: &str = r"\{\{[^\n]*?\}\}";
const STATEMENT: &str = r"\{%[^\n]*?%\}";
const VARIABLE: &str =
    r"\$(?:\{[A-Za-z_][A-Za-z0-9_]*(?:[:?+=/#%^-][^}\n]*)?\}|[A-Z_][A-Z0-9_]*\b)";
const WORD: &str = r"%[A-Z_][A-Z0-9_]*%|@[A-Z_][A-Z0-9_]*@";

static ANYWHERE: LazyLock<Regex> = LazyLock::new(|| {
    compile(&format!(
        "(?<b>{BRACES})|(?<s>{STATEMENT})|(?<v>{VARIABLE})|(?<w>{WORD})"
    ))
});

/// Placeholders that make YAML unreadable, including those that span lines.
static UNREADABLE: LazyLock<Regex> = LazyLock::new(|| {
    compile(&format!(
        r"(?<b>\{{\{{)|(?<s>\{{%)|(?<v>\$\{{[A-Za-z_])|(?<w>{WORD})"
    ))
});

fn compile(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("{error}"))
}

fn first(regex: &Regex, text: &str) -> Option<(Placeholder, std::ops::Range<usize>)> {
    let captures = regex.captures(text)?;
    let of = [
        ("b", Placeholder::Braces),
        ("s", Placeholder::Statement),
        ("v", Placeholder::Variable),
        ("w", Placeholder::Word),
    ];
    of.into_iter()
        .find_map(|(name, what)| Some((what, captures.name(name)?.range())))
}

impl Placeholder {
    /// The first one in `text`.
    pub fn within(text: &str) -> Option<Self> {
        first(&ANYWHERE, text).map(|(what, _)| what)
    }

    /// `text`, where it is one placeholder and nothing else.
    pub fn alone(text: &str) -> Option<Self> {
        let text = text.trim();
        let (what, range) = first(&ANYWHERE, text)?;
        (range == (0..text.len())).then_some(what)
    }

    fn looks(self) -> &'static str {
        match self {
            Self::Braces => "{{ ... }}",
            Self::Statement => "{% ... %}",
            Self::Variable => "${...}",
            Self::Word => "%...%",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Braces => "render it first, for example with helm template",
            Self::Statement => "render it first, for example with Jinja",
            Self::Variable => "fill it in first, for example with envsubst",
            Self::Word => "fill it in first, with the script it is written for",
        }
    }

    /// The error for a file that such a placeholder makes unreadable.
    pub fn sentence(self) -> String {
        format!(
            "this is a template that has not been rendered ({}): {}",
            self.looks(),
            self.remedy()
        )
    }

    /// The warning about a value that contains such a placeholder.
    pub fn remark(self) -> String {
        format!("a placeholder that nobody has filled in: {}", self.remedy())
    }
}

/// The placeholder that makes `text` unreadable at line `line`, if one does.
pub(super) fn unrendered(text: &str, line: u64) -> Option<Found> {
    let last = usize::try_from(line).ok()?;
    let quoted = Quoted::of(text);
    (1..)
        .zip(text.lines())
        .take(last)
        .find_map(|(number, whole)| {
            let mut from = 0;
            while let Some((what, range)) = first(&UNREADABLE, &whole[from..]) {
                let column = whole[..from + range.start].chars().count() + 1;
                from += range.end;
                // The other kinds are plain text in most places, so they do not explain an error
                // further down.
                let breaks =
                    number == last || matches!(what, Placeholder::Braces | Placeholder::Statement);
                // The parser stopped before a comment that follows its error.
                let is_comment = number == last && whole[..from].contains(" #");
                if breaks && !is_comment && !quoted.covers(number, column) {
                    return Some(Found {
                        what,
                        line: number as u64,
                        column: column as u64,
                    });
                }
            }
            None
        })
}

/// Spans of quoted text, blocks and comments, in which placeholders are harmless.
struct Quoted(Vec<Span>);

impl Quoted {
    fn of(text: &str) -> Self {
        let options: Options = options! { max_buffered_comment_events: usize::MAX };
        let events = Parser::new_from_str_with_options(text, options);
        let read = events.map_while(Result::ok);
        let quoted = read.filter_map(|(event, span)| match event {
            Event::Comment(..) => Some(span),
            Event::Scalar(_, style, ..) => (style != ScalarStyle::Plain).then_some(span),
            _ => None,
        });
        Self(quoted.collect())
    }

    fn covers(&self, line: usize, column: usize) -> bool {
        let place = (line, column - 1);
        self.0.iter().any(|span| {
            let (start, end) = (&span.start, &span.end);
            (start.line(), start.col()) <= place && place < (end.line(), end.col())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::tests::assert_placed;
    use crate::yaml::{go_yaml, parse};

    #[test]
    fn placeholders_are_told_from_text() {
        for (text, what) in [
            ("{{ .Values.name }}", Placeholder::Braces),
            ("{{- .Values.name -}}", Placeholder::Braces),
            ("{% if a %}", Placeholder::Statement),
            ("${MODEL_ID}", Placeholder::Variable),
            ("${MODEL_ID:-llama}", Placeholder::Variable),
            ("${model}", Placeholder::Variable),
            ("$IMAGE", Placeholder::Variable),
            ("%REPLICAS%", Placeholder::Word),
            ("@REPLICAS@", Placeholder::Word),
        ] {
            assert_eq!(Placeholder::alone(text), Some(what), "{text}");
            let longer = format!("a/{text}:b");
            assert_eq!(Placeholder::within(&longer), Some(what), "{longer}");
            assert_eq!(Placeholder::alone(&longer), None);
        }
        for text in [
            "",
            "$",
            "$5",
            "$$",
            "5$",
            "${}",
            "${a.b}",
            "$(NAME)",
            "$name",
            "{a}",
            "{}",
            "100%",
            "%d%%",
            "a@b",
            "{{",
            "50% OFF %",
        ] {
            assert_eq!(Placeholder::within(text), None, "{text}");
        }
    }

    #[test]
    fn a_template_is_told_in_place_of_the_error_that_it_makes() {
        for (text, line, column) in [
            (
                "applications:\n{{- range .Values.apps }}\n- name: a\n{{- end }}\n",
                2,
                1,
            ),
            ("a: {{ .Values.a }}\n", 1, 4),
            ("a: b\nimport_path: {{ .Values.x }}\n", 2, 14),
            ("a: b\n{% for x in y %}\nc: d\n{% endfor %}\n", 2, 1),
            ("a: %REPLICAS%\n", 1, 4),
            ("a: @REPLICAS@\n", 1, 4),
            ("a: {b: ${C}}\n", 1, 8),
            ("{{ include \"x\" . }}\n", 1, 1),
            ("# {{ no }}\na: '{{ no }}'\nb: {{ yes }}\n", 3, 4),
            (
                "a: b:{{ .Values.tag }}\n{{- if .x }}\nc: d\n{{- end }}\n",
                1,
                6,
            ),
            ("a: {{ .x\n  }}\n", 1, 4),
        ] {
            let said = "a template that has not been rendered";
            assert_placed(text, parse(text), (line, column), said);
            assert_placed(text, go_yaml::documents(text), (line, column), said);
        }
    }

    #[test]
    fn a_mistake_beside_a_placeholder_stays_a_mistake() {
        for text in [
            "a: '{{ x }}'\nb: [1\n",
            "a: |\n  {% for x in y %}{{ x }}{% endfor %}\nb: [1\n",
            "# {{ x }}\na: [1 # {{ y }}\n",
            "a: ${B}\nb: [1\n",
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(!error.contains("template"), "{error}");
        }
    }
}
