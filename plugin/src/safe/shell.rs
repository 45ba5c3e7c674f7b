//! Quotes words for a shell; plain ones stay as they are.

use std::borrow::Cow;

use ray_serve_client::text::{escape, is_harmless};

/// Whether bash, zsh, fish and PowerShell read `word` literally, wherever it is inserted.
///
/// The first character can have a special meaning: an option (`-`), a program's path (zsh's `=`),
/// the shell's process (fish's `%self`), a splatted variable (PowerShell's `@`).
pub fn is_plain_word(word: &str) -> bool {
    !word.is_empty()
        && !word.starts_with(['-', '=', '%', '@', '+', ','])
        && word.chars().all(is_plain)
}

/// Whether `text` is words that every shell reads literally.
pub fn is_plain_text(text: &str) -> bool {
    text.split(' ').all(is_plain_word)
}

fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || "._:/@%+,=-".contains(character)
}

/// Quotes `word` for a command in a message.
///
/// A leading `-` stays: quotes do not keep a program from reading an option.
pub fn shell_word(word: &str) -> Cow<'_, str> {
    if is_plain_word(word.trim_start_matches('-')) {
        return word.into();
    }
    if word.chars().all(is_harmless) {
        return format!("'{}'", word.replace('\'', r"'\''")).into();
    }
    // `$'…'`, in which bash and zsh spell invisible characters; it is harmless to a terminal as
    // well.
    let quoted = word.chars().map(|character| match character {
        '\'' | '\\' => format!("\\{character}"),
        _ if is_harmless(character) => character.into(),
        _ => escape(character),
    });
    format!("$'{}'", quoted.collect::<String>()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_shell_reads_something_into_all_but_a_few_characters() {
        for character in
            "`$;&|<>()[]{}*?!'\"\\#~ ^\n\r\t\0\u{1b}\u{7f}\u{9b}\u{202e}\u{200b}ä\u{a0}".chars()
        {
            for word in [
                format!("{character}a"),
                format!("a{character}b"),
                format!("a{character}"),
            ] {
                assert!(!is_plain_word(&word), "{word:?}");
            }
        }
        for word in ["", "-rf", "--all", "=ls", "%self", "@args", "+x"] {
            assert!(!is_plain_word(word), "{word:?}");
        }
        for word in [
            "fruit_app",
            "/calc",
            "a.b:c@d%e+f,g=h-i",
            "arn:aws:eks:eu-1:1:cluster/x",
        ] {
            assert!(is_plain_word(word), "{word:?}");
        }
        assert!(is_plain_text("Ray 2.60.0") && !is_plain_text("Ray $(x)"));
    }

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        let words = [
            "fruit_app",
            "-n",
            "",
            "two words",
            "it's",
            "$(touch x)",
            "`x`",
            "a\nb",
            "a\\b\t'\u{202e}",
            "*",
            "~",
            "größer",
            "!!",
            "$'x'",
            "=ls",
        ];
        for word in words {
            let typed = format!("printf %s {}", shell_word(word));
            assert!(typed.chars().all(is_harmless), "{typed:?}");
            let ran = Command::new("bash")
                .env("LC_ALL", "C.UTF-8")
                .args(["-c", &typed])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(ran.stdout).unwrap(), word, "{typed}");
        }
        assert_eq!(shell_word("fruit_app"), "fruit_app");
        assert_eq!(shell_word("-n"), "-n");
    }
}
