//! Maps places inside a scalar's text to the file around it: a `RayService` holds its Serve config
//! as text, in a block or in quotes.

use std::iter::{self, Peekable};
use std::str::Chars;

use super::Place;

/// The place in the file of each character of a scalar.
#[derive(Debug)]
pub struct TextMap {
    /// By line of the scalar's text: line and column of its characters, and of its end.
    lines: Vec<Vec<(usize, usize)>>,
}

impl TextMap {
    /// The map of the scalar at `at` in `file`. None unless reading the file there gives `text`,
    /// since every place would be a guess.
    pub fn of(file: &str, at: Place, text: &str) -> Option<Self> {
        let lines: Vec<&str> = file
            .split('\n')
            .map(|line| line.trim_end_matches('\r'))
            .collect();
        // A block's place is its first line that is not blank, which may begin with a quote.
        quoted(&lines, at, text).or_else(|| block(&lines, at.line, text))
    }

    /// The map of text that is in the file as it stands, from `at` on.
    pub fn plain(text: &str, at: Place) -> Self {
        let lines = (at.line..).zip(text.split('\n')).map(|(number, line)| {
            let first = if number == at.line { at.column } else { 1 };
            let places = first..=first + line.chars().count();
            places.map(|column| (number, column)).collect()
        });
        Self {
            lines: lines.collect(),
        }
    }

    /// The place in the file of a place in the scalar's text.
    pub fn place(&self, at: Place) -> Option<Place> {
        let line = self.lines.get(at.line.checked_sub(1)?)?;
        let end = line.len().checked_sub(1)?;
        let from = at.column.checked_sub(1)?.min(end);
        let (first, last) = (line.get(from)?, line.get((from + at.length).min(end))?);
        Some(Place {
            line: first.0,
            column: first.1,
            length: if first.0 == last.0 {
                last.1 - first.1
            } else {
                0
            },
        })
    }
}

/// Matches characters of the file with the characters of the text they produce.
struct Matching<'a> {
    text: Chars<'a>,
    lines: Vec<Vec<(usize, usize)>>,
}

impl<'a> Matching<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text: text.chars(),
            lines: vec![Vec::new()],
        }
    }

    fn next(&self) -> Option<char> {
        self.text.clone().next()
    }

    /// Records `place` for the next character of the text.
    fn take(&mut self, place: (usize, usize)) -> Option<char> {
        let taken = self.text.next()?;
        self.lines.last_mut()?.push(place);
        if taken == '\n' {
            self.lines.push(Vec::new());
        }
        Some(taken)
    }

    fn take_same(&mut self, written: char, place: (usize, usize)) -> Option<()> {
        (self.take(place)? == written).then_some(())
    }

    fn end(mut self, place: (usize, usize)) -> Option<TextMap> {
        if self.next().is_some() {
            return None;
        }
        self.lines.last_mut()?.push(place);
        Some(TextMap { lines: self.lines })
    }
}

/// The map of a block; `first`, counted from 1, is its first line that is not blank.
fn block(lines: &[&str], first: usize, text: &str) -> Option<TextMap> {
    let blank = text
        .lines()
        .take_while(|line| line.trim().is_empty())
        .count();
    let header = first.checked_sub(blank + 1)?;
    let indentation = |line: &str| line.chars().take_while(|c| *c == ' ').count();
    // Indentation beyond the block's own belongs to the text.
    let own = indentation(text.lines().nth(blank)?);
    let indent = indentation(lines.get(first - 1)?).checked_sub(own)?;
    let content = lines.get(header..)?;
    let mut matching = Matching::new(text);
    let mut end = (header, 1);
    for (number, line) in (header + 1..).zip(content) {
        if matching.next().is_none() {
            break;
        }
        for (column, c) in (1..).zip(line.chars()).skip(indent) {
            matching.take_same(c, (number, column))?;
        }
        end = (number, line.chars().count() + 1);
        // A folded line break is a space or nothing.
        if let Some('\n' | ' ') = matching.next() {
            matching.take(end)?;
        }
    }
    matching.end(end)
}

/// The map of a quoted scalar.
fn quoted(lines: &[&str], at: Place, text: &str) -> Option<TextMap> {
    let lines = (at.line..).zip(lines.get(at.line.checked_sub(1)?..)?);
    let written = lines.flat_map(|(number, line)| {
        let line = line.chars().chain(iter::once('\n'));
        (1..)
            .zip(line)
            .map(move |(column, c)| (c, (number, column)))
    });
    let mut written = written.skip(at.column.checked_sub(1)?).peekable();
    let (quote, _) = written.next_if(|(c, _)| matches!(c, '"' | '\''))?;
    let mut matching = Matching::new(text);
    loop {
        let (c, place) = written.next()?;
        match c {
            ' ' | '\t' | '\n' => {
                let mut blanks = vec![(c, place)];
                blanks.extend(iter::from_fn(|| {
                    written.next_if(|(c, _)| matches!(c, ' ' | '\t' | '\n'))
                }));
                // Blanks around a line break are dropped.
                match blanks.iter().filter(|(c, _)| *c == '\n').count() {
                    0 => blanks
                        .into_iter()
                        .try_for_each(|(c, place)| matching.take_same(c, place))?,
                    1 => matching.take_same(' ', place)?,
                    breaks => (1..breaks).try_for_each(|_| matching.take_same('\n', place))?,
                }
            }
            '\\' if quote == '"' => escape(&mut written, &mut matching, place)?,
            '\'' if quote == c && written.next_if(|(next, _)| *next == quote).is_some() => {
                matching.take_same(c, place)?;
            }
            _ if c == quote => return matching.end(place),
            _ => matching.take_same(c, place)?,
        }
    }
}

/// Skips an escape sequence after its backslash.
fn escape(
    written: &mut Peekable<impl Iterator<Item = (char, (usize, usize))>>,
    matching: &mut Matching,
    place: (usize, usize),
) -> Option<()> {
    let (kind, _) = written.next()?;
    let digits = match kind {
        '\n' => {
            while written.next_if(|(c, _)| matches!(c, ' ' | '\t')).is_some() {}
            return Some(());
        }
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    let code: String = written.take(digits).map(|(digit, _)| digit).collect();
    // JSON writes a character beyond U+FFFF as two escapes.
    let is_half = u32::from_str_radix(&code, 16).is_ok_and(|code| (0xD800..0xDC00).contains(&code));
    if kind == 'u' && is_half {
        written.take(r"\u0000".len()).for_each(drop);
    }
    matching.take(place).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;
    use crate::yaml::positions::{Node, Step};

    /// Where each word of the text of `c` is in the file.
    fn words(file: &str) -> Option<Vec<(String, Place)>> {
        let value = yaml::parse(file).unwrap();
        let text = value["c"].as_str().unwrap();
        let root = Node::read(file).unwrap();
        let at = root.find(&[Step::Key("c".to_owned())]).node.value;
        let map = TextMap::of(file, at, text)?;
        let mut words = Vec::new();
        for (number, line) in (1..).zip(text.split('\n')) {
            for word in line.split_whitespace() {
                let offset = word.as_ptr() as usize - line.as_ptr() as usize;
                let place = Place {
                    line: number,
                    column: line[..offset].chars().count() + 1,
                    length: word.chars().count(),
                };
                words.push((word.to_owned(), map.place(place).unwrap()));
            }
        }
        Some(words)
    }

    #[test]
    fn each_word_is_found_where_it_is_written() {
        for file in [
            "b: 1\nc: |\n  one: two\n\n  three:\n    - four\n",
            "c: |-\n  one: two\n   \n    three:\nd: 1\n",
            "c: |+ # text\n\n  one: two\n\n\nd: 1\n",
            "a: {}\nc: |2\n    one:\n   two\n",
            "c: >\n  one: two\n  three\n\n  four:\n    five\n    six\n  seven\n",
            "c: >-\n\n  one\n\n\n  two\n",
            "c: 'one: two'\n",
            "c: 'one: two\n\n  three:  \n\n\n  four five'\n",
            "c: \"one: two\"\n",
            "c: \"one:\\n  - two\\n  - three\\n\"\n",
            "c: \"one:\\n\\\n   \\ two: four\\n\\\n   three\"\n",
            "c: \"one  \n   two\n\n  three\\tfour\"\n",
            "{\"b\": 1, \"c\": \"one: two\\n\\u00e4 \\ud83d\\ude00 three\\n\"}",
            "c: |\r\n  one: two\r\n  three\r\n",
            "c: &x !!str |\n ö: two\n three\n",
        ] {
            let lines: Vec<&str> = file.lines().collect();
            let words = words(file).unwrap_or_else(|| panic!("{file:?} has no map"));
            assert!(!words.is_empty());
            for (word, place) in words {
                if !word.is_ascii() {
                    continue;
                }
                let line = lines[place.line - 1].chars().skip(place.column - 1);
                let found: String = line.take(place.length).collect();
                assert_eq!(found, word, "{file:?}: {place:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_back_has_no_map() {
        let place = Place {
            line: 1,
            column: 4,
            length: 1,
        };
        for (file, text) in [
            ("c: plain\n", "plain"),
            ("c: 'one'\n", "one "),
            ("c: \"one", "one"),
            ("c: \"one\\", "one"),
            ("c:", "one"),
            ("", "one"),
        ] {
            assert!(TextMap::of(file, place, text).is_none(), "{file:?}");
        }
        let place = Place { line: 2, ..place };
        for text in ["two\n", "one\ntwo\n", "\n\none"] {
            assert!(
                TextMap::of("c: |\n   one\n", place, text).is_none(),
                "{text:?}"
            );
        }
    }
}
