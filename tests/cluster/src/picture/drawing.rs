//! A terminal's screen as SVG.

use anstyle::{Ansi256Color, Color, RgbColor, Style};
use anstyle_svg::{Term, WIN10_CONSOLE};
use vt100::{Cell, Screen};

/// The command that was typed, and the screen below it.
pub(super) fn svg(line: &str, screen: &Screen) -> String {
    let prompt = Style::new().dimmed();
    let bold = Style::new().bold();
    let mut text = format!("{prompt}${prompt:#} {bold}{line}{bold:#}\n");
    let (rows, columns) = screen.size();
    let last = (0..rows.get())
        .rev()
        .find(|&row| row_of(screen, row, columns.get()).any(Cell::has_contents));
    for row in 0..last.map_or(0, |last| last + 1) {
        text.push_str(&styled(row_of(screen, row, columns.get())));
        text.push('\n');
    }
    Term::new()
        .palette(WIN10_CONSOLE)
        .fg_color(Color::Rgb(RgbColor(0xd4, 0xd4, 0xd4)))
        .bg_color(Color::Rgb(RgbColor(0x1e, 0x1e, 0x1e)))
        .render_svg(text.trim_end())
        // Its dimmed text has a contrast of 2.9:1; text needs 4.5:1.
        .replace("opacity: 0.4", "opacity: 0.7")
}

fn row_of(screen: &Screen, row: u16, columns: u16) -> impl Iterator<Item = &Cell> {
    (0..columns).filter_map(move |column| screen.cell(row, column))
}

fn styled<'a>(cells: impl Iterator<Item = &'a Cell>) -> String {
    let mut text = String::new();
    let mut now = Style::new();
    for cell in cells.filter(|cell| !cell.is_wide_continuation()) {
        let style = style(cell);
        if style != now {
            text.push_str(&format!("{now:#}{style}"));
            now = style;
        }
        text.push_str(if cell.has_contents() {
            cell.contents()
        } else {
            " "
        });
    }
    text.push_str(&format!("{now:#}"));
    text.trim_end().to_owned()
}

fn style(cell: &Cell) -> Style {
    let mut style = Style::new().fg_color(color(cell.fgcolor()));
    if cell.bold() {
        style = style.bold();
    }
    if cell.dim() {
        style = style.dimmed();
    }
    if cell.underline() {
        style = style.underline();
    }
    style
}

fn color(color: vt100::Color) -> Option<Color> {
    match color {
        vt100::Color::Default => None,
        vt100::Color::Idx(index) => {
            let indexed = Ansi256Color(index);
            Some(indexed.into_ansi().map_or(indexed.into(), Color::from))
        }
        vt100::Color::Rgb(red, green, blue) => Some(RgbColor(red, green, blue).into()),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use vt100::Parser;

    use super::*;

    #[test]
    fn a_picture_has_the_last_state_of_the_screen_in_its_colours() {
        let mut terminal =
            Parser::new(NonZeroU16::new(5).unwrap(), NonZeroU16::new(40).unwrap(), 0);
        terminal.process(
            b"a: \x1b[33mUPDATING\x1b[0m\r\n\x1b[1A\x1b[2Ka: \x1b[32mHEALTHY\x1b[0m <1>\r\n",
        );
        let svg = svg("kubectl x", terminal.screen());
        assert!(!svg.contains("UPDATING"), "{svg}");
        assert!(
            svg.contains("kubectl x") && svg.contains("&lt;1&gt;"),
            "{svg}"
        );
        assert!(svg.contains("fg-green\">HEALTHY<"), "{svg}");
        assert!(svg.contains(".dimmed { opacity: 0.7; }"), "{svg}");
    }
}
