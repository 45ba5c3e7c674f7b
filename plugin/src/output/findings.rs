//! Findings about a file, as compilers show them: the message, the place, and the line.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::Style;
use crate::check::schema;
use crate::check::source::Source;
use crate::check::validate::{Finding, Findings, Severity};
use crate::safe::{is_harmless, name, one_line};
use crate::userinfo::hidden;
use crate::yaml::positions::Place;

/// More than this is no help any more.
const MOST: usize = 50;
/// Longer lines, such as JSON on one line, are cut around the place.
const WIDTH: usize = 120;
const HIDDEN: char = '*';

pub fn render(source: &Source, findings: &Findings, style: Style) -> String {
    let renderer = if style.colours {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(WIDTH);
    let lines: Vec<&str> = source.text.lines().collect();
    let mut text = String::new();
    for finding in findings.iter().take(MOST) {
        text += &one(&renderer, &name(&source.name), &lines, findings, finding);
        text += "\n\n";
    }
    let more = findings.iter().count().saturating_sub(MOST);
    if more > 0 {
        text += &format!("{} and {more} more\n\n", style.glyphs.ellipsis());
    }
    text
}

fn one(
    renderer: &Renderer,
    name: &str,
    lines: &[&str],
    findings: &Findings,
    finding: &Finding,
) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(one_line(&hidden(&finding.message, HIDDEN)));
    let line = finding
        .place
        .and_then(|place| Some((place, *lines.get(place.line.checked_sub(1)?)?)));
    let Some((place, line)) = line else {
        return renderer.render(&[title.element(Origin::path(name))]);
    };
    let line = if findings.is_unread {
        skeleton(line, place)
    } else {
        shown(line, place.line, &findings.secrets)
    };
    let span = span(&line, place);
    let snippet = Snippet::source(line)
        .line_start(place.line)
        .path(name)
        .annotation(AnnotationKind::Primary.span(span));
    renderer.render(&[title.element(snippet)])
}

/// The line without its secrets, and with nothing in it that a terminal obeys.
fn shown(line: &str, number: usize, secrets: &[Place]) -> String {
    let here: Vec<&Place> = secrets.iter().filter(|one| one.line == number).collect();
    let is_secret = |column: usize| {
        here.iter().any(|secret| {
            column >= secret.column
                && (secret.length == 0 || column < secret.column + secret.length)
        })
    };
    let line = line.trim_start_matches('\u{feff}');
    let line = hidden(line, HIDDEN);
    (1..)
        .zip(line.chars())
        .map(|(column, c)| match c {
            _ if is_secret(column) => HIDDEN,
            '\t' => c,
            c if !is_harmless(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// The fields of a Serve config in a line, and nothing else: where YAML is broken, any of the rest may
/// be a secret, or the end of one that began lines above.
///
/// What a finding points at as a whole is a field too, if a misspelt one.
fn skeleton(line: &str, place: Place) -> String {
    let characters: Vec<char> = line.trim_start_matches('\u{feff}').chars().collect();
    let is_word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let pointed = place.column.saturating_sub(1)..place.column.saturating_sub(1) + place.length;
    let mut shown = String::new();
    let mut at = 0;
    let mut begins = true;
    while at < characters.len() {
        let length = characters[at..].iter().take_while(|c| is_word(c)).count();
        let word: String = characters[at..at + length].iter().collect();
        match characters[at] {
            c if place.length > 1 && (pointed.contains(&at) || at == pointed.end && c == ':') => {
                shown.push(if is_harmless(c) {
                    c
                } else {
                    char::REPLACEMENT_CHARACTER
                });
            }
            _ if length > 0 => {
                let ends = characters.get(at + length) == Some(&':');
                if ends && schema::FIELDS.iter().any(|field| field.name == word) {
                    shown.push_str(&word);
                    shown.push(':');
                    at += length + 1;
                    continue;
                }
                shown.extend(std::iter::repeat_n(HIDDEN, length));
                begins = false;
                at += length;
                continue;
            }
            ' ' | '\t' => shown.push(characters[at]),
            '-' if begins => shown.push('-'),
            _ => {
                shown.push(HIDDEN);
                begins = false;
            }
        }
        at += 1;
    }
    shown
}

/// The bytes of a place in its line.
fn span(line: &str, place: Place) -> std::ops::Range<usize> {
    let offset = |column: usize| {
        line.char_indices()
            .nth(column)
            .map_or(line.len(), |(offset, _)| offset)
    };
    let start = place.column.saturating_sub(1);
    offset(start)..offset(start.saturating_add(place.length.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::validate::{Target, check};

    fn rendered(text: &str, style: Style) -> String {
        let source = Source::new("x.yaml".to_owned(), text.as_bytes().to_vec());
        render(&source, &check(&source, &Target::default()), style)
    }

    #[test]
    fn a_finding_shows_its_line_and_points_into_it() {
        let text = "applications:\n- name: ä\n  import_path: m:x\n  numReplicas: 2\n";
        assert_eq!(
            rendered(text, Style::PLAIN),
            "\
error: unknown field \"numReplicas\" in an application, which Ray ignores: did you mean \"num_replicas\", in an entry of \"deployments\"?
 --> x.yaml:4:3
  |
4 |   numReplicas: 2
  |   ^^^^^^^^^^^

"
        );
        assert!(rendered(text, Style::COLOURED).contains("\u{1b}["));
    }

    #[test]
    fn what_cannot_be_read_has_a_place_too() {
        let said = rendered("applications: [\n", Style::PLAIN);
        assert!(
            said.contains(" --> x.yaml:1:15\n") && said.contains('^'),
            "{said}"
        );
        let said = rendered("- a\n", Style::PLAIN);
        assert!(said.contains("--> x.yaml\n"), "{said}");
    }

    #[test]
    fn secrets_and_escapes_of_the_file_are_not_shown() {
        let text = "applications: [{name: a, import_path: m:x, runtime_env: {env_vars: {KEY: s3cret, N: 5123}, working_dir: ./x}}]\n";
        let said = rendered(text, Style::PLAIN);
        assert!(
            said.contains("working_dir \"./x\"") && said.contains("N in env_vars"),
            "{said}"
        );
        assert!(!said.contains("s3cret") && !said.contains("5123"), "{said}");
        let text = "http_options: {ssl_keyfile_password: [s3cret]}\napplications: []\n";
        let said = rendered(text, Style::PLAIN);
        assert!(
            !said.contains("s3cret") && said.contains("******"),
            "{said}"
        );
        let text = "applications: []\n\"\\e[31mx\": 1\n";
        let said = rendered(text, Style::PLAIN);
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }

    /// A password is what breaks YAML, and a typist what breaks the rest.
    #[test]
    fn no_mistake_prints_the_secret_it_is_in() {
        let field = ["env_vars", "env_var", "envVars", "environment", "env"];
        let begin = "applications:\n- name: a\n  import_path: m:x\n  runtime_env:\n";
        let of_secret: [&dyn Fn(&str) -> String; 22] = [
            &|s| s.to_owned(),
            &|s| format!("@{s}"),
            &|s| format!("%{s}"),
            &|s| format!("*{s}"),
            &|s| format!("&{s}"),
            &|s| format!("!{s}"),
            &|s| format!("!!{s} x"),
            &|s| format!("`{s}`"),
            &|s| format!("a: {s}"),
            &|s| format!("{s}: a"),
            &|s| format!("\"{s}"),
            &|s| format!("'{s}' {s}"),
            &|s| format!("\"\\q{s}\""),
            &|s| format!("[{s}"),
            &|s| format!("{{{s}"),
            &|s| format!("{s}]"),
            &|s| format!("\"one\n        {s}: @x\n       two {s}\""),
            &|s| format!("|\n        one\n        {s}\n      {s}: x"),
            &|s| format!(">-\n        {s}\n\t{s}"),
            &|s| format!("one\n        {s}\n        : {s}"),
            &|s| format!("{{{s}: 1, {s}: 2}}"),
            &|s| format!("!!float {s}"),
        ];
        let after = [
            "",
            "\n      KEY: again",
            "\n      B: 1\n    pips: x",
            "\n\tB: x",
            "\n      C: *c",
            "\n  num_replica: 2",
        ];
        let mut told = 0;
        for (number, secret) in ["s3cretw0rd", "Tr0ub4dor", "hunter22"].iter().enumerate() {
            for field in field {
                for of_secret in of_secret {
                    for after in after {
                        let value = of_secret(secret);
                        for text in [
                            format!("{begin}    {field}:\n      KEY: {value}{after}\n"),
                            format!("{begin}    {field}: {{KEY: {value}, N: 1{after}}}\n"),
                            format!(
                                "{begin}    {field}: {{KEY: {value}}}, colour: 1\n  colour: 2\n"
                            ),
                        ] {
                            let said = rendered(&text, Style::PLAIN);
                            assert!(!said.contains(secret), "{number}: {text}\n{said}");
                            told += usize::from(!said.is_empty());
                        }
                    }
                }
            }
        }
        assert!(told > 3000, "{told}");
        // On several lines, and then a mistake that is placed at its end.
        for value in [
            "\"one\n       s3cret\"",
            "one\n       s3cret",
            "'one\n\n       s3cret'",
        ] {
            let text = format!("{begin}    {{env_vars: {{K: {value}}}, pips: 2}}\n");
            let said = rendered(&text, Style::PLAIN);
            assert!(said.contains("pips") && !said.contains("s3cret"), "{said}");
        }
        let said = rendered(
            "applications:\n- name: a\n  import_path: @x\n",
            Style::PLAIN,
        );
        assert!(said.contains("3 |   import_path: **\n"), "{said}");
    }

    /// A finding repeats a URL, and shows the line that it is in, or another in the same line.
    #[test]
    fn no_finding_prints_the_secrets_of_a_url() {
        for url in [
            "ftp://ada:s3cret@host/x.zip",
            "s3://ada:s3cret@bucket/code",
            "https://host/code?signature=s3cret",
            "https://host/code.zip?signature=s3cret#s3cret",
        ] {
            for env in [
                format!("working_dir: '{url}', pips: [x]"),
                format!("working_dir: {url}, pips: [x]"),
                format!("py_modules: ['{url}'], pips: [x]"),
                format!("py_modules: '{url}'"),
            ] {
                let text = format!(
                    "applications: [{{name: a, import_path: m:x, runtime_env: {{{env}}}}}]\n"
                );
                let said = rendered(&text, Style::PLAIN);
                let (scheme, _) = url.split_once(':').expect("a URL");
                assert!(said.contains(&format!("{scheme}://")), "{said}");
                assert!(!said.contains("s3cret"), "{said}");
            }
        }
    }

    #[test]
    fn long_lines_and_long_lists_are_cut() {
        let text = format!(
            "{{\"applications\": [], \"a\": \"{}\", \"colour\": 1}}",
            "x".repeat(9000)
        );
        let said = rendered(&text, Style::PLAIN);
        assert!(
            said.contains("\"colour\": 1") && said.len() < 1500,
            "{said}"
        );
        let text = format!(
            "applications: []\n{}",
            (0..60)
                .map(|n| format!("colour{n}: 1\n"))
                .collect::<String>()
        );
        let said = rendered(&text, Style::PLAIN);
        assert!(said.ends_with("… and 10 more\n\n"), "{said}");
    }
}
