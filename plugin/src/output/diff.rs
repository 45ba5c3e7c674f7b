//! A unified diff, as `diff -u` writes it.

use similar::TextDiff;

use super::{Style, Tone};
use crate::safe::clean;

const CONTEXT: usize = 3;
/// The name of a side that has nothing.
const NOTHING: &str = "/dev/null";

/// One side of a diff.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

impl Side<'_> {
    fn header(&self) -> &str {
        if self.text.is_empty() {
            NOTHING
        } else {
            self.name
        }
    }
}

pub fn unified(before: Side<'_>, after: Side<'_>, style: Style) -> String {
    let diff = TextDiff::from_lines(before.text, after.text);
    let text = diff
        .unified_diff()
        .context_radius(CONTEXT)
        .header(before.header(), after.header())
        .to_string();
    text.lines()
        .map(|line| style.paint(tone(line), &clean(line)) + "\n")
        .collect()
}

fn tone(line: &str) -> Tone {
    match line.as_bytes() {
        [b'-', b'-', b'-', b' ', ..] | [b'+', b'+', b'+', b' ', ..] => Tone::Strong,
        [b'@', b'@', ..] => Tone::Faint,
        [b'-', ..] => Tone::Bad,
        [b'+', ..] => Tone::Good,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side<'a>(name: &'a str, text: &'a str) -> Side<'a> {
        Side { name, text }
    }

    #[test]
    fn a_diff_is_what_patch_reads() {
        let before = "a: 1\nb: 1\nc: 1\nd: 1\ne: 1\nf: 1\n";
        let after = before.replace("e: 1", "e: 2");
        let text = unified(side("old", before), side("new", &after), Style::PLAIN);
        assert_eq!(
            text,
            "--- old\n+++ new\n@@ -2,5 +2,5 @@\n b: 1\n c: 1\n d: 1\n-e: 1\n+e: 2\n f: 1\n"
        );
        let removed = unified(side("old", "a: 1\n"), side("new", ""), Style::PLAIN);
        assert_eq!(removed, "--- old\n+++ /dev/null\n@@ -1 +0,0 @@\n-a: 1\n");
    }

    #[test]
    fn lines_are_coloured_by_what_happens_to_them() {
        let text = unified(
            side("old", "a: 1\n"),
            side("new", "a: 2\n"),
            Style::COLOURED,
        );
        assert!(
            text.contains("\u{1b}[31m-a: 1\u{1b}[0m\n\u{1b}[32m+a: 2\u{1b}[0m\n"),
            "{text:?}"
        );
    }
}
