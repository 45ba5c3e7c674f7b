//! Things in things, each with its state: drawn for somebody who looks, or a line for each that
//! changed for somebody who reads along.

use std::collections::BTreeMap;

use super::glyphs::Glyphs;
use super::style::{Style, Tone};
use crate::safe::{name, one_line};

const GAP: usize = 3;

/// A thing, its state in a word, and more about it.
#[derive(Debug, Clone, Default)]
pub struct Node {
    label: String,
    state: String,
    tone: Tone,
    detail: String,
    aging: String,
    children: Vec<Node>,
}

impl Node {
    /// `label` has the name of the thing in it.
    pub fn new(label: &str) -> Self {
        Self {
            label: name(label),
            ..Self::default()
        }
    }

    pub fn state(self, state: &str, tone: Tone) -> Self {
        Self {
            state: one_line(state),
            tone,
            ..self
        }
    }

    pub fn detail(self, detail: &str) -> Self {
        Self {
            detail: one_line(detail),
            ..self
        }
    }

    /// Joins the detail where it is drawn; its passing is no change.
    pub fn aging(self, aging: &str) -> Self {
        Self {
            aging: one_line(aging),
            ..self
        }
    }

    pub fn children(self, children: Vec<Self>) -> Self {
        Self { children, ..self }
    }

    fn drawn_detail(&self) -> String {
        match (self.detail.is_empty(), self.aging.is_empty()) {
            (false, false) => format!("{}, {}", self.detail, self.aging),
            _ => format!("{}{}", self.detail, self.aging),
        }
    }
}

/// A node where it stands.
struct Row<'a> {
    branches: String,
    node: &'a Node,
}

impl Row<'_> {
    fn width(&self) -> usize {
        self.branches.chars().count() + self.node.label.chars().count()
    }
}

/// The trees below each other, their states and details in columns.
pub fn draw(trees: &[Node], style: Style) -> String {
    let mut rows = Vec::new();
    for tree in trees {
        lay_out(tree, "", "", style.glyphs, &mut rows);
    }
    let labels = rows.iter().map(Row::width).max().unwrap_or(0);
    let states = rows.iter().map(|row| row.node.state.chars().count());
    let states = states.max().unwrap_or(0);
    let mut text = String::new();
    for row in &rows {
        let Row { branches, node } = row;
        let tone = if branches.is_empty() {
            Tone::Strong
        } else {
            Tone::Plain
        };
        let mut line = style.paint(Tone::Faint, branches) + &style.paint(tone, &node.label);
        let detail = node.drawn_detail();
        let mut owed = labels - row.width() + GAP;
        if !node.state.is_empty() {
            line.push_str(&" ".repeat(owed));
            line.push_str(&style.paint(node.tone, &node.state));
            owed = GAP;
        }
        if !detail.is_empty() {
            owed += states - node.state.chars().count();
            owed += if node.state.is_empty() && states > 0 {
                GAP
            } else {
                0
            };
            line.push_str(&" ".repeat(owed));
            line.push_str(&detail);
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn lay_out<'a>(
    node: &'a Node,
    branches: &str,
    below: &str,
    glyphs: Glyphs,
    rows: &mut Vec<Row<'a>>,
) {
    rows.push(Row {
        branches: branches.to_owned(),
        node,
    });
    let last = node.children.len().saturating_sub(1);
    for (index, child) in node.children.iter().enumerate() {
        let (branch, rest) = if index == last {
            (glyphs.last_branch(), "   ")
        } else {
            (glyphs.branch(), glyphs.trunk())
        };
        lay_out(
            child,
            &format!("{below}{branch}"),
            &format!("{below}{rest}"),
            glyphs,
            rows,
        );
    }
}

/// What was last told of each node, by its path.
#[derive(Default)]
pub struct Told(BTreeMap<String, String>);

impl Told {
    /// A line for each node that says something new, and for each that is gone.
    pub fn changes(&mut self, trees: &[Node]) -> Vec<String> {
        let (mut lines, missing) = self.news(trees);
        let mut gone: Vec<String> = Vec::new();
        for path in missing.into_keys() {
            // What was in it went with it.
            if !gone
                .iter()
                .any(|above| path.starts_with(&format!("{above} ")))
            {
                lines.push(format!("{path}: gone"));
                gone.push(path);
            }
        }
        lines
    }

    /// The same where not all is known: a node that is missing may be there still.
    pub fn changes_of_some(&mut self, trees: &[Node]) -> Vec<String> {
        let (lines, missing) = self.news(trees);
        self.0.extend(missing);
        lines
    }

    fn news(&mut self, trees: &[Node]) -> (Vec<String>, BTreeMap<String, String>) {
        let mut now = Vec::new();
        for tree in trees {
            collect(tree, "", &mut now);
        }
        let mut before = std::mem::take(&mut self.0);
        let mut lines = Vec::new();
        for (path, says) in now {
            if before.remove(&path).as_ref() != Some(&says) {
                lines.push(if says.is_empty() {
                    path.clone()
                } else {
                    format!("{path}: {says}")
                });
            }
            self.0.insert(path, says);
        }
        (lines, before)
    }
}

fn collect(node: &Node, above: &str, found: &mut Vec<(String, String)>) {
    let path = if above.is_empty() {
        node.label.clone()
    } else {
        format!("{above} {}", node.label)
    };
    let says = [node.state.as_str(), node.detail.as_str()];
    let says = says
        .map(str::trim)
        .into_iter()
        .filter(|part| !part.is_empty());
    found.push((path.clone(), says.collect::<Vec<_>>().join(", ")));
    for child in &node.children {
        collect(child, &path, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(state: &str, age: &str) -> Vec<Node> {
        let replicas = vec![
            Node::new("r1").state("RUNNING", Tone::Good).aging(age),
            Node::new("r2").state("RUNNING", Tone::Good),
        ];
        vec![
            Node::new("application/a")
                .state(state, Tone::Moving)
                .detail("/a")
                .aging(age)
                .children(vec![
                    Node::new("d")
                        .state("HEALTHY", Tone::Good)
                        .children(replicas),
                    Node::new("e"),
                ]),
            Node::new("proxies").detail("none"),
        ]
    }

    #[test]
    fn states_and_details_stand_below_each_other() {
        assert_eq!(
            draw(&tree("DEPLOYING", "3s ago"), Style::PLAIN),
            "application/a   DEPLOYING   /a, 3s ago\n\
             ├─ d            HEALTHY\n\
             │  ├─ r1        RUNNING     3s ago\n\
             │  └─ r2        RUNNING\n\
             └─ e\n\
             proxies                     none\n"
        );
    }

    #[test]
    fn a_locale_without_lines_gets_letters_of_ascii() {
        let drawn = draw(&tree("DEPLOYING", "3s ago"), Style::PLAIN);
        let style = Style::new(false, Glyphs::Ascii);
        assert_eq!(
            draw(&tree("DEPLOYING", "3s ago"), style),
            "application/a   DEPLOYING   /a, 3s ago\n\
             |- d            HEALTHY\n\
             |  |- r1        RUNNING     3s ago\n\
             |  `- r2        RUNNING\n\
             `- e\n\
             proxies                     none\n"
        );
        let widths = |text: &str| text.lines().map(|line| line.chars().count()).sum::<usize>();
        assert_eq!(
            widths(&draw(&tree("DEPLOYING", "3s ago"), style)),
            widths(&drawn)
        );
    }

    #[test]
    fn only_what_changed_is_told() {
        let mut told = Told::default();
        assert_eq!(
            told.changes(&tree("DEPLOYING", "1s ago")),
            [
                "application/a: DEPLOYING, /a",
                "application/a d: HEALTHY",
                "application/a d r1: RUNNING",
                "application/a d r2: RUNNING",
                "application/a e",
                "proxies: none",
            ]
        );
        assert!(told.changes(&tree("DEPLOYING", "2s ago")).is_empty());
        let mut next = tree("RUNNING", "3s ago");
        next.pop();
        assert_eq!(
            told.changes_of_some(&next),
            ["application/a: RUNNING, /a"],
            "proxies may be there still"
        );
        assert_eq!(told.changes(&next), ["proxies: gone"]);
        assert_eq!(told.changes(&[]), ["application/a: gone"]);
    }
}
