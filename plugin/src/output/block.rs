//! Lines on a terminal that are drawn again in their place, without a moment in which they are blank.

// A line that wraps would be two to erase, should the terminal count its columns otherwise.
const NO_WRAP: &str = "\u{1b}[?7l";
const WRAP: &str = "\u{1b}[?7h";
const CLEAR_REST_OF_LINE: &str = "\u{1b}[K";
const CLEAR_BELOW: &str = "\u{1b}[J";

#[derive(Debug, Default)]
pub(super) struct Block {
    drawn: usize,
}

impl Block {
    /// The text that draws `lines` over the last ones. It is to be written at once.
    pub(super) fn over(&mut self, lines: &[String]) -> String {
        let mut text = self.up();
        text.push_str(NO_WRAP);
        for line in lines {
            text.push_str(&format!("{line}{CLEAR_REST_OF_LINE}\n"));
        }
        text.push_str(CLEAR_BELOW);
        text.push_str(WRAP);
        self.drawn = lines.len();
        text
    }

    /// The text that takes the lines away.
    pub(super) fn erased(&mut self) -> String {
        let mut text = self.up();
        if self.drawn > 0 {
            text.push_str(CLEAR_BELOW);
        }
        self.drawn = 0;
        text
    }

    /// Lets the lines stand: what is drawn next comes below them.
    pub(super) fn leave(&mut self) {
        self.drawn = 0;
    }

    fn up(&self) -> String {
        match self.drawn {
            0 => String::new(),
            drawn => format!("\u{1b}[{drawn}A\r"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_drawn_over_the_last_ones_unless_these_stand() {
        let mut block = Block::default();
        let one = ["a".to_owned()];
        let first = "\u{1b}[?7la\u{1b}[K\n\u{1b}[J\u{1b}[?7h";
        assert_eq!(block.over(&one), first);
        assert_eq!(block.over(&one), format!("\u{1b}[1A\r{first}"));
        assert_eq!(block.erased(), "\u{1b}[1A\r\u{1b}[J");
        assert_eq!(block.erased(), "");
        assert_eq!(block.over(&one), first);
        block.leave();
        assert_eq!(block.over(&one), first);
    }
}
