//! Results on stdout, as kubectl prints them: upper-case headings, columns three spaces apart.

use std::fmt;

const GAP: &str = "   ";

pub struct Table(Vec<Vec<String>>);

impl Table {
    pub fn new(headings: &[&str]) -> Self {
        Self(vec![headings.iter().map(ToString::to_string).collect()])
    }

    /// A line with as many cells as there are headings.
    pub fn add(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.push(cells.into_iter().collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = Vec::new();
        for (column, cell) in self.0.iter().flat_map(|line| line.iter().enumerate()) {
            widths.resize(widths.len().max(column + 1), 0);
            widths[column] = cell.chars().count().max(widths[column]);
        }
        for line in &self.0 {
            let padded = line.iter().zip(&widths).map(|(c, w)| format!("{c:w$}"));
            let text = padded.collect::<Vec<_>>().join(GAP);
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn a_column_is_as_wide_as_its_widest_cell() {
        let mut table = Table::new(&["WHAT", "TIME"]);
        table.add(["one".into(), "20 ms".into()]);
        table.add(["another".into(), "3 µs".into()]);
        assert_eq!(
            table.to_string(),
            "WHAT      TIME\none       20 ms\nanother   3 µs\n"
        );
    }
}
