//! The table of all drills, in Markdown: it goes into the documentation as it is.

use std::fmt;

use super::column::Column;

/// A drill, and what came out of it in each column.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) says: &'static str,
    cells: Vec<(Column, String)>,
}

impl Row {
    pub(super) fn new(name: &'static str, says: &'static str) -> Self {
        Self {
            name,
            says,
            cells: Vec::new(),
        }
    }
}

pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

impl Table {
    pub(super) fn new(columns: &[Column], rows: impl IntoIterator<Item = Row>) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: rows.into_iter().collect(),
        }
    }

    /// Fills a cell of the row with this name.
    pub(super) fn set(&mut self, name: &str, column: Column, cell: impl fmt::Display) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.name == name) {
            row.cells.push((column, cell.to_string()));
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headings = self.columns.iter().map(|column| column.heading());
        line(f, "drill", headings)?;
        line(f, "---", self.columns.iter().map(|_| "---"))?;
        for row in &self.rows {
            let cells = self.columns.iter().map(|column| {
                let found = row.cells.iter().find(|(of, _)| of == column);
                found.map_or("-", |(_, cell)| cell)
            });
            line(f, &format!("`{}`: {}", row.name, row.says), cells)?;
        }
        Ok(())
    }
}

fn line<'a>(
    f: &mut fmt::Formatter<'_>,
    first: &str,
    cells: impl Iterator<Item = &'a str>,
) -> fmt::Result {
    write!(f, "| {first} |")?;
    for cell in cells {
        // Neither may end the cell: an error can have both.
        let cell = cell.replace('|', "\\|").replace('\n', "<br>");
        write!(f, " {cell} |")?;
    }
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_cell_for_each_column_in_whatever_order_they_came() {
        let rows = [Row::new("delete", "a worker"), Row::new("blind", "nobody")];
        let mut table = Table::new(&Column::ALL, rows);
        table.set("delete", Column::With, "0 of 6,000");
        table.set("delete", Column::Without, "9 of 6,000");
        table.set("blind", Column::With, "error: a | b\nc");
        assert_eq!(
            table.to_string(),
            "| drill | stock KubeRay | with the controller |\n\
             | --- | --- | --- |\n\
             | `delete`: a worker | 9 of 6,000 | 0 of 6,000 |\n\
             | `blind`: nobody | - | error: a \\| b<br>c |\n"
        );
    }
}
