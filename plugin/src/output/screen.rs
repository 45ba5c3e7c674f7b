//! What a command that watches draws on the terminal, again and again in its place.

use super::Ui;
use super::block::Block;
use super::glyphs::Glyphs;
use crate::error::Failure;

/// Of a terminal that does not tell.
const ROWS: usize = 24;

#[derive(Default)]
pub struct Screen {
    block: Block,
}

impl Screen {
    /// Replaces the block by `text`. What is longer than the terminal cannot be erased any more, so
    /// that it ends with how much more there is.
    pub fn draw(&mut self, text: &str, ui: &Ui) -> Result<(), Failure> {
        let rows = terminal_size::terminal_size_of(std::io::stdout())
            .map_or(ROWS, |(_, height)| usize::from(height.0));
        let lines = cut(text, rows.saturating_sub(1).max(1), ui.style().glyphs);
        ui.data(self.block.over(&lines).as_bytes())
    }

    /// Lets the block stand: what is drawn next comes below it, and below what others wrote.
    pub fn leave(&mut self) {
        self.block.leave();
    }
}

fn cut(text: &str, rows: usize, glyphs: Glyphs) -> Vec<String> {
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.len() <= rows {
        return lines;
    }
    let shown = rows.saturating_sub(1);
    let mut cut = lines[..shown].to_vec();
    let more = lines.len() - shown;
    cut.push(format!("{} {more} more lines", glyphs.ellipsis()));
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_drawn_than_can_be_erased() {
        let cut = |text, rows| cut(text, rows, Glyphs::Unicode);
        assert_eq!(cut("a\nb\nc\n", 3), ["a", "b", "c"]);
        assert_eq!(cut("a\nb\nc\nd\n", 3), ["a", "b", "… 2 more lines"]);
        assert_eq!(cut("a\nb\n", 1), ["… 2 more lines"]);
        assert_eq!(super::cut("a\nb\n", 1, Glyphs::Ascii), ["... 2 more lines"]);
    }
}
