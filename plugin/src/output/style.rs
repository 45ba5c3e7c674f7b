//! Colours: on a terminal that shows them and for a user who wants them, and nowhere else.

use super::glyphs::Glyphs;
use ray_serve_client::state::details::{HEALTHY, RUNNING, has_failed};

/// What a text says about the thing it is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Good,
    /// On its way, or of a state this program has never heard of.
    Moving,
    Bad,
    Strong,
    Faint,
}

impl Tone {
    /// Of an application's, deployment's, replica's or proxy's state, in Ray's words.
    pub fn of_state(state: &str) -> Self {
        if state == RUNNING || state == HEALTHY {
            Self::Good
        } else if has_failed(state) {
            Self::Bad
        } else {
            Self::Moving
        }
    }

    /// The parameters of SGR, which terminals of all sorts have in common.
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "32",
            Self::Moving => "33",
            Self::Bad => "31",
            Self::Strong => "1",
            Self::Faint => "2",
        }
    }
}

/// Colours to tell things of one kind apart: none of them says good or bad.
const APART: [&str; 6] = ["36", "35", "34", "96", "95", "94"];

/// Whether one output shows colours, and what lines are drawn with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    pub(super) colours: bool,
    pub(super) glyphs: Glyphs,
}

impl Style {
    pub const PLAIN: Self = Self::new(false, Glyphs::Unicode);
    pub const COLOURED: Self = Self::new(true, Glyphs::Unicode);

    pub(super) const fn new(colours: bool, glyphs: Glyphs) -> Self {
        Self { colours, glyphs }
    }

    /// `text` in the tone's colour. Whatever came from Ray is cleaned before: this adds escapes.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colours || tone == Tone::Plain || text.is_empty() {
            return text.to_owned();
        }
        Self::escape(tone.code(), text)
    }

    /// `text` as the `nth` of several that are to be told apart.
    pub fn paint_nth(self, nth: usize, text: &str) -> String {
        if !self.colours || text.is_empty() {
            return text.to_owned();
        }
        Self::escape(APART[nth % APART.len()], text)
    }

    fn escape(code: &str, text: &str) -> String {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_output_gets_the_text_alone() {
        assert_eq!(Style::PLAIN.paint(Tone::Bad, "x"), "x");
        assert_eq!(Style::COLOURED.paint(Tone::Plain, "x"), "x");
        assert_eq!(Style::COLOURED.paint(Tone::Bad, ""), "");
        assert_eq!(
            Style::COLOURED.paint(Tone::Bad, "x"),
            "\u{1b}[31mx\u{1b}[0m"
        );
    }

    #[test]
    fn neighbours_are_told_apart_on_a_terminal() {
        let of = |style: Style| [0, 1, 6].map(|nth| style.paint_nth(nth, "x"));
        let [first, second, seventh] = of(Style::COLOURED);
        assert!(first != second && first == seventh);
        assert_eq!(of(Style::PLAIN), ["x", "x", "x"]);
    }

    #[test]
    fn a_state_nobody_has_heard_of_is_neither_good_nor_bad() {
        assert_eq!(Tone::of_state("RUNNING"), Tone::Good);
        assert_eq!(Tone::of_state("DEPLOY_FAILED"), Tone::Bad);
        assert_eq!(Tone::of_state("PAUSED"), Tone::Moving);
    }
}
