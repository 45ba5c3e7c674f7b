//! Findings about a file, as compilers show them: the message, the place, and the line.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::Style;
use crate::safe::{is_harmless, name, one_line};
use crate::serve::source::Source;
use crate::serve::validate::{Finding, Findings, Severity};
use crate::yaml::positions::Place;

/// More than this is no help any more.
const MOST: usize = 50;
/// Longer lines, such as JSON on one line, are cut around the place.
const WIDTH: usize = 120;
const HIDDEN: char = '*';

pub(super) fn render(source: &Source, findings: &Findings, style: Style) -> String {
    let renderer = if style == Style::COLOURED {
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
        text += &format!("… and {more} more\n\n");
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
    let title = level.primary_title(one_line(&finding.message));
    let line = finding
        .place
        .and_then(|place| Some((place, *lines.get(place.line.checked_sub(1)?)?)));
    let Some((place, line)) = line else {
        return renderer.render(&[title.element(Origin::path(name))]);
    };
    let line = shown(line, place.line, &findings.secrets);
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
    use crate::serve::validate::{Target, check};

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
