//! kubectl's `--watch`: the table once, then each row that says something new.

use std::collections::BTreeMap;

use super::style::Tone;
use super::table::{Cell, Look, Table, line};

/// The status of a row that is no longer there.
const GONE: &str = "<gone>";
const STATUS: &str = "STATUS";

pub struct Changes {
    /// Cells by which a row is known.
    key: usize,
    widths: Vec<usize>,
    seen: BTreeMap<Vec<String>, Vec<Cell>>,
    headed: bool,
}

impl Changes {
    /// `key` is how many of a row's first cells name what it is about.
    pub fn new(key: usize) -> Self {
        Self {
            key,
            widths: Vec::new(),
            seen: BTreeMap::new(),
            headed: false,
        }
    }

    /// The lines to print for `table`, which has the same columns each time.
    pub fn since_last(&mut self, table: &Table, look: Look) -> String {
        // Columns grow and never shrink, so that lines stay below each other.
        let widths = table.widths(look.no_headers);
        self.widths.resize(widths.len(), 0);
        for (kept, width) in self.widths.iter_mut().zip(widths) {
            *kept = (*kept).max(width);
        }
        let mut text = String::new();
        // As kubectl: no headings before there is a row.
        if !self.headed && !look.no_headers && !table.rows().is_empty() {
            text.push_str(&line(table.headings(), &self.widths, look.style));
            self.headed = true;
        }
        let mut before = std::mem::take(&mut self.seen);
        for row in table.rows() {
            let key: Vec<String> = row
                .iter()
                .take(self.key)
                .map(|cell| cell.text().to_owned())
                .collect();
            let is_news = before.remove(&key).is_none_or(|last| {
                last.len() != row.len()
                    || !last
                        .iter()
                        .zip(row)
                        .all(|(last, now)| last.says_the_same(now))
            });
            if is_news {
                text.push_str(&line(row, &self.widths, look.style));
            }
            self.seen.insert(key, row.clone());
        }
        let status = table
            .headings()
            .iter()
            .position(|heading| heading.text() == STATUS);
        for row in before.into_values() {
            let gone = row
                .into_iter()
                .enumerate()
                .map(|(column, cell)| match column {
                    column if column < self.key => cell,
                    column if Some(column) == status => Cell::new(GONE, Tone::Bad),
                    _ => "".into(),
                });
            text.push_str(&line(&gone.collect::<Vec<_>>(), &self.widths, look.style));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[[&str; 3]]) -> Table {
        let mut table = Table::new(&["NAME", "STATUS", "AGE"]);
        for [name, status, age] in rows {
            table.row(vec![(*name).into(), (*status).into(), Cell::aging(age)]);
        }
        table
    }

    #[test]
    fn a_row_is_told_again_when_it_says_something_new_and_when_it_goes() {
        let mut changes = Changes::new(1);
        let mut told = |rows: &[[&str; 3]]| changes.since_last(&table(rows), Look::default());
        assert_eq!(told(&[]), "");
        assert_eq!(
            told(&[["a", "DEPLOYING", "1s"], ["b", "RUNNING", "1s"]]),
            "NAME   STATUS      AGE\na      DEPLOYING   1s\nb      RUNNING     1s\n"
        );
        assert_eq!(
            told(&[["a", "DEPLOYING", "2s"], ["b", "RUNNING", "2s"]]),
            ""
        );
        assert_eq!(
            told(&[["a", "RUNNING", "3s"], ["b", "RUNNING", "3s"]]),
            "a      RUNNING     3s\n"
        );
        assert_eq!(told(&[["b", "RUNNING", "4s"]]), "a      <gone>\n");
        assert_eq!(told(&[["b", "RUNNING", "5s"]]), "");
        assert_eq!(
            told(&[["a", "RUNNING", "0s"], ["b", "RUNNING", "6s"]]),
            "a      RUNNING     0s\n"
        );
    }
}
