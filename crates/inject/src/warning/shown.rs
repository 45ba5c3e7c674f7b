//! A user's own words in a warning: escaped, on one line, and short.

use std::fmt::{self, Write as _};

/// A user's value in quotes, on one line and short enough for any warning.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 15; // the longest name of a port
        f.write_char('"')?;
        write_short(self.0, SHOWN, f)?;
        f.write_char('"')
    }
}

/// A user's key of `rayStartParams`, on one line.
pub(crate) struct Short<'a>(pub(crate) &'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 27; // dashboard-agent-listen-port
        write_short(self.0, SHOWN, f)
    }
}

/// A user's number or boolean, of which a number may have any length.
pub(crate) struct Plain<'a>(pub(crate) &'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20; // -9223372036854775808
        write_short(self.0, SHOWN, f)
    }
}

fn write_short(text: &str, at_most: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut shown = 0;
    for c in text.chars() {
        let escaped = c.escape_debug();
        shown += escaped.clone().map(char::len_utf8).sum::<usize>();
        if shown > at_most {
            return f.write_char('…');
        }
        write!(f, "{escaped}")?;
    }
    Ok(())
}
