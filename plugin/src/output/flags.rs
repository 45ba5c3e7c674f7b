//! Flags about how output looks, which every command of `serve` has, and the variables that other
//! programs share.

use std::ffi::OsString;

use clap::{Args, ColorChoice, ValueEnum};

const COLOR: &str = "--color";

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputFlags {
    /// When to use colours; auto means on a terminal. Overrides $NO_COLOR, $FORCE_COLOR and
    /// $CLICOLOR_FORCE
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    pub color: Option<When>,
    /// How to show progress: auto redraws it on a terminal; plain prints lines only, for screen readers
    /// and logs
    #[arg(long, global = true, value_enum, value_name = "STYLE", default_value_t)]
    pub progress: Redrawing,
}

/// Whether what is watched is redrawn in its place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Redrawing {
    #[default]
    Auto,
    Plain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

impl When {
    /// What a user says with variables for all programs: <https://no-color.org>,
    /// <https://bixense.com/clicolors>, <https://force-color.org>.
    pub fn of_environment() -> Self {
        Self::of(|name| std::env::var_os(name))
    }

    /// A variable that is set to nothing counts as unset.
    fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let is_on = |name: &str| set(name).is_some_and(|value| value != "0");
        if set("NO_COLOR").is_some() {
            Self::Never
        } else if is_on("FORCE_COLOR") || is_on("CLICOLOR_FORCE") {
            Self::Always
        } else if set("CLICOLOR").is_some_and(|value| value == "0") {
            Self::Never
        } else {
            Self::Auto
        }
    }

    /// Whether there are colours on an output that shows escapes, or does not.
    pub(super) fn is_on(self, shows_escapes: bool) -> bool {
        match self {
            Self::Auto => shows_escapes,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// The colours of help and of usage errors, which are printed before the flags are known.
pub fn colours_of_help(argv: &[OsString]) -> ColorChoice {
    match said_in(argv).unwrap_or_else(When::of_environment) {
        When::Auto => ColorChoice::Auto,
        When::Always => ColorChoice::Always,
        When::Never => ColorChoice::Never,
    }
}

/// The last `--color WHEN` or `--color=WHEN`.
fn said_in(argv: &[OsString]) -> Option<When> {
    let words = argv.iter().map(|word| word.to_string_lossy());
    let words: Vec<_> = words.take_while(|word| word != "--").collect();
    let values = words.iter().enumerate().filter_map(|(at, word)| {
        let rest = word.strip_prefix(COLOR)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value),
            None if rest.is_empty() => words.get(at + 1).map(AsRef::as_ref),
            None => None,
        }
    });
    values
        .filter_map(|value| When::from_str(value, false).ok())
        .next_back()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    fn of(variables: &[(&str, &str)]) -> When {
        When::of(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsStr::new(value).to_owned())
        })
    }

    #[test]
    fn variables_say_what_their_authors_meant() {
        for (variables, expected) in [
            (&[][..], When::Auto),
            (&[("NO_COLOR", "1")], When::Never),
            (&[("NO_COLOR", "0")], When::Never),
            (&[("NO_COLOR", "")], When::Auto),
            (&[("FORCE_COLOR", "1")], When::Always),
            (&[("FORCE_COLOR", "3")], When::Always),
            (&[("FORCE_COLOR", "")], When::Auto),
            (&[("FORCE_COLOR", "0")], When::Auto),
            (&[("CLICOLOR_FORCE", "1")], When::Always),
            (&[("CLICOLOR_FORCE", "0")], When::Auto),
            (&[("CLICOLOR", "0")], When::Never),
            (&[("CLICOLOR", "1")], When::Auto),
            (&[("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")], When::Always),
            (&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], When::Never),
        ] {
            assert_eq!(of(variables), expected, "{variables:?}");
        }
    }

    #[test]
    fn the_flag_is_found_before_the_others_are_read() {
        let said = |line: &str| said_in(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(said("serve get --color=never -h"), Some(When::Never));
        assert_eq!(said("serve --color always get"), Some(When::Always));
        assert_eq!(said("--color=never --color=auto"), Some(When::Auto));
        for line in [
            "serve get",
            "get --color",
            "get --color=x",
            "-- --color=never",
            "--colors=never",
        ] {
            assert_eq!(said(line), None, "{line}");
        }
    }
}
