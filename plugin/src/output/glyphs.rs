//! Lines and marks that are drawn, in what the user's locale can show.
//!
//! Terminals, pipes and files are alike: who reads a file has the locale of the command, most likely.

use std::ffi::OsString;

/// The variables that say which encoding text has; as POSIX has it, the first one that is not empty
/// counts.
const LOCALE: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Glyphs {
    #[default]
    Unicode,
    Ascii,
}

impl Glyphs {
    pub(super) fn of_locale() -> Self {
        Self::of(|name| std::env::var_os(name))
    }

    /// Without any of the variables the locale is C, which is ASCII.
    fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let mut set = LOCALE.into_iter().filter_map(variable);
        match set.find(|value| !value.is_empty()) {
            Some(locale) if is_utf8(&locale.to_string_lossy()) => Self::Unicode,
            _ => Self::Ascii,
        }
    }

    /// Leads to a part that others follow.
    pub(super) fn branch(self) -> &'static str {
        match self {
            Self::Unicode => "├─ ",
            Self::Ascii => "|- ",
        }
    }

    /// Leads to the last part.
    pub(super) fn last_branch(self) -> &'static str {
        match self {
            Self::Unicode => "└─ ",
            Self::Ascii => "`- ",
        }
    }

    /// Leads past a part's own parts.
    pub(super) fn trunk(self) -> &'static str {
        match self {
            Self::Unicode => "│  ",
            Self::Ascii => "|  ",
        }
    }

    /// Stands for what is left out.
    pub(super) fn ellipsis(self) -> &'static str {
        match self {
            Self::Unicode => "…",
            Self::Ascii => "...",
        }
    }
}

/// Of `language_TERRITORY.codeset@modifier`; macOS also has a locale that is a codeset alone.
fn is_utf8(locale: &str) -> bool {
    let (locale, _) = locale.split_once('@').unwrap_or((locale, ""));
    let codeset = locale
        .split_once('.')
        .map_or(locale, |(_, codeset)| codeset);
    ["utf-8", "utf8"].contains(&codeset.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_not_empty_counts() {
        use Glyphs::{Ascii, Unicode};
        for (all, ctype, lang, expected) in [
            ("", "", "", Ascii),
            ("", "", "C.UTF-8", Unicode),
            ("", "", "en_US.utf8", Unicode),
            ("", "", "de_DE.UTF-8@euro", Unicode),
            ("", "", "de_DE@euro", Ascii),
            ("", "", "en_US", Ascii),
            ("", "", "en_US.ISO-8859-1", Ascii),
            ("", "", "zh_CN.GB18030", Ascii),
            ("", "UTF-8", "C", Unicode),
            ("", "C", "en_US.UTF-8", Ascii),
            ("C.UTF-8", "C", "C", Unicode),
            ("POSIX", "C.UTF-8", "C.UTF-8", Ascii),
        ] {
            let found = Glyphs::of(|name| match name {
                "LC_ALL" => Some(all.into()),
                "LC_CTYPE" => Some(ctype.into()),
                "LANG" => Some(lang.into()),
                _ => None,
            });
            assert_eq!(found, expected, "{all:?} {ctype:?} {lang:?}");
        }
        assert_eq!(Glyphs::of(|_| None), Ascii);
    }
}
