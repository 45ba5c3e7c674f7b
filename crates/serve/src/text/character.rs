//! Characters that do more than show themselves.

use unicode_general_category::{GeneralCategory, get_general_category};

/// Whether a terminal shows `character`, all of it and nothing else, in its place.
///
/// It does not for control characters (including C1, which some terminals obey), marks that change
/// the direction of text, line and paragraph separators, and characters of no width.
pub fn is_harmless(character: char) -> bool {
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    !matches!(
        get_general_category(character),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    ) && !is_invisible(character)
}

/// Unicode's other `Default_Ignorable_Code_Point`s, and the blank of Braille.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{34f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2065}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether `character` is a space that looks like an ordinary one.
pub fn is_odd_space(character: char) -> bool {
    character != ' ' && get_general_category(character) == GeneralCategory::SpaceSeparator
}

/// Whether `character` steers a terminal: it can move, colour, query, or change the direction of
/// text.
pub fn steers(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether `character` joins or varies the one before it, as in emoji, Persian and Hindi.
pub fn joins(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}')
}

/// Writes `character` as a Python escape, because most of these texts were Python strings.
pub fn escape(character: char) -> String {
    match (character, u32::from(character)) {
        ('\n', _) => "\\n".to_owned(),
        ('\r', _) => "\\r".to_owned(),
        ('\t', _) => "\\t".to_owned(),
        (_, code @ ..=0xff) => format!("\\x{code:02x}"),
        (_, code @ ..=0xffff) => format!("\\u{code:04x}"),
        (_, code) => format!("\\U{code:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_turns_or_hides_is_not_harmless() {
        let ranges = [
            ('\0', '\u{1f}'),
            ('\u{7f}', '\u{9f}'),
            ('\u{ad}', '\u{ad}'),
            ('\u{61c}', '\u{61c}'),
            ('\u{200b}', '\u{200f}'),
            ('\u{2028}', '\u{202e}'),
            ('\u{2060}', '\u{206f}'),
            ('\u{fe00}', '\u{fe0f}'),
            ('\u{feff}', '\u{feff}'),
            ('\u{e0001}', '\u{e007f}'),
        ];
        for (first, last) in ranges {
            for character in first..=last {
                assert!(!is_harmless(character), "{character:?}");
            }
        }
        for character in "azAZ09 ~`$;|<>\"'\\äßéñЖ中日한عא🍋→…│└─".chars() {
            assert!(is_harmless(character), "{character:?}");
        }
    }

    #[test]
    fn escapes_are_python_s() {
        let escaped = ['\n', '\u{1b}', '\u{9b}', '\u{202e}', '\u{e0041}'].map(escape);
        assert_eq!(escaped, ["\\n", "\\x1b", "\\x9b", "\\u202e", "\\U000e0041"]);
    }
}
