//! Text for a terminal: names, no two of which look alike, and messages.

use std::iter::Peekable;
use std::str::Chars;

use super::character::{escape, is_harmless, is_odd_space, joins};

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';

/// A name. Invisible characters are escaped, because without them it would look like another name.
pub fn name(text: &str) -> String {
    let shown = |character| {
        if is_harmless(character) && !is_odd_space(character) {
            String::from(character)
        } else {
            escape(character)
        }
    };
    text.chars().map(shown).collect()
}

/// A message of one or more lines; tabs and line ends stay.
///
/// Terminal sequences, such as colours, are dropped; other harmful characters are escaped.
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut last = '\n';
    while let Some(character) = characters.next() {
        match character {
            ESCAPE => skip_sequence(&mut characters),
            '\r' => {}
            '\n' | '\t' => clean.push(character),
            _ if is_harmless(character) => clean.push(character),
            _ if joins(character) && !last.is_ascii() => {
                clean.push(character);
                // No script uses two joiners in a row.
                last = '\n';
                continue;
            }
            _ => clean.push_str(&escape(character)),
        }
        last = if is_harmless(character) {
            character
        } else {
            '\n'
        };
    }
    clean
}

/// A message on one line.
pub fn one_line(text: &str) -> String {
    clean(text)
        .replace('\t', " ")
        .split('\n')
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Skips the rest of an escape sequence. An unterminated one is only its introducer; otherwise it
/// would hide all the text after it.
fn skip_sequence(characters: &mut Peekable<Chars<'_>>) {
    match characters.peek() {
        // CSI: colours and movements.
        Some('[') => {
            characters.next();
            while characters
                .next_if(|c| ('\u{20}'..='\u{3f}').contains(c))
                .is_some()
            {}
            characters.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
        }
        // OSC (titles, links, the clipboard), DCS, SOS, PM and APC: up to BEL or ESC \.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            characters.next();
            let mut ahead = characters.clone();
            while let Some(character) = ahead.next() {
                match character {
                    ESCAPE if ahead.next_if_eq(&'\\').is_some() => {}
                    BELL => {}
                    '\n' => return,
                    _ => continue,
                }
                *characters = ahead;
                return;
            }
        }
        // Two or three characters: modes and character sets.
        _ => {
            while characters
                .next_if(|c| ('\u{20}'..='\u{2f}').contains(c))
                .is_some()
            {}
            characters.next_if(|c| ('\u{30}'..='\u{7e}').contains(c));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_names_look_the_same() {
        for (hostile, shown) in [
            ("pay\u{200b}roll", "pay\\u200broll"),
            ("pay\u{1b}[0mroll", "pay\\x1b[0mroll"),
            ("pay\u{a0}roll", "pay\\xa0roll"),
            ("pay\nroll", "pay\\nroll"),
            ("\u{202e}llorpay", "\\u202ellorpay"),
            ("pay\u{fe0f}roll", "pay\\ufe0froll"),
            ("Größe 中 🍋", "Größe 中 🍋"),
        ] {
            assert_eq!(name(hostile), shown);
        }
    }

    #[test]
    fn sequences_go_and_take_nothing_along() {
        for (text, shown) in [
            ("\u{1b}[36mray::x\u{1b}[39m failed", "ray::x failed"),
            ("\u{1b}]0;title\u{7}a", "a"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}P1$r\u{1b}\\a\u{1b}(Bb\u{1b}7c", "abc"),
            (
                "a\u{1b}]52;c;eA== and what we say",
                "a52;c;eA== and what we say",
            ),
            ("a\u{1b}[31 and what we say", "and what we say"),
            ("a\u{1b}]0;x\nb\u{7}", "a0;x\nb\\x07"),
            ("\u{1b}", ""),
            ("a\u{1b}[", "a"),
            ("a\u{9b}31mb", "a\\x9b31mb"),
            ("a\tb\r\nc", "a\tb\nc"),
        ] {
            let cleaned = clean(text);
            assert!(cleaned.ends_with(shown), "{text:?}: {cleaned:?}");
            assert!(
                cleaned
                    .chars()
                    .all(|c| is_harmless(c) || "\n\t".contains(c))
            );
        }
    }

    #[test]
    fn what_takes_no_room_is_seen_but_where_scripts_and_emoji_need_it() {
        assert_eq!(clean("a\u{200d}b\u{202e}c"), "a\\u200db\\u202ec");
        let family = "⚠\u{fe0f} 👩\u{200d}🔧 می\u{200c}خواهم";
        assert_eq!(clean(family), family);
    }

    #[test]
    fn a_message_becomes_one_line() {
        assert_eq!(one_line("a \n\tb\r\n"), "a  b ");
    }
}
