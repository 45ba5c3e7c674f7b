//! The files of directories that are no Serve configs, in one line.

use super::validate::count;
use crate::check::contents::Stranger;

/// More files than this are only counted.
const FEW: usize = 5;
/// As many objects of a file are named.
const OBJECTS: usize = 2;

#[derive(Default)]
pub struct Skipped(Vec<(String, Stranger)>);

impl Skipped {
    pub fn add(&mut self, file: String, what: Stranger) {
        self.0.push((file, what));
    }

    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Names the files where they are few or `all` is asked for.
    pub fn line(&self, all: bool) -> Option<String> {
        let noun = match self.0.len() {
            0 => return None,
            1 => "Skipped 1 file that is no Serve config".to_owned(),
            files => format!("Skipped {files} files that are no Serve configs"),
        };
        Some(if all || self.0.len() <= FEW {
            let names: Vec<String> = self.0.iter().map(named).collect();
            format!("{noun}: {}", names.join(", "))
        } else {
            format!("{noun}: {}; --verbose names them", self.kinds())
        })
    }

    /// `2 Kubernetes manifests, 1 template`
    pub fn kinds(&self) -> String {
        let of = |is: fn(&Stranger) -> bool| self.0.iter().filter(|(_, what)| is(what)).count();
        let kinds = [
            (
                of(|what| matches!(what, Stranger::Kubernetes(_))),
                "Kubernetes manifest",
            ),
            (of(|what| *what == Stranger::Template), "template"),
            (of(|what| *what == Stranger::Empty), "empty file"),
            (
                of(|what| *what == Stranger::Unreadable),
                "file in neither YAML nor JSON",
            ),
            (of(|what| *what == Stranger::Other), "other file"),
        ];
        let found = kinds.iter().filter(|(number, _)| *number > 0);
        let found: Vec<String> = found
            .map(|(number, kind)| match kind.split_once(' ') {
                // The noun is what there are several of.
                Some(("file", rest)) => format!("{} {rest}", count(*number, "file")),
                _ => count(*number, kind),
            })
            .collect();
        found.join(", ")
    }
}

fn named((file, what): &(String, Stranger)) -> String {
    match what {
        Stranger::Kubernetes(objects) if objects.len() > OBJECTS => {
            format!("{file} ({} Kubernetes objects)", objects.len())
        }
        Stranger::Kubernetes(objects) => format!("{file} ({})", objects.join(" and ")),
        Stranger::Template => format!("{file} (a template)"),
        Stranger::Empty => format!("{file} (empty)"),
        Stranger::Unreadable => format!("{file} (neither YAML nor JSON)"),
        Stranger::Other => file.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_files_are_named_and_many_are_counted() {
        let mut skipped = Skipped::default();
        assert_eq!(skipped.line(true), None);
        let service = Stranger::Kubernetes(vec!["service/a".to_owned()]);
        skipped.add("a.yaml".to_owned(), service.clone());
        assert_eq!(
            skipped.line(false).unwrap(),
            "Skipped 1 file that is no Serve config: a.yaml (service/a)"
        );
        skipped.add("b.yaml".to_owned(), Stranger::Template);
        skipped.add("c.yaml".to_owned(), Stranger::Other);
        skipped.add("d.json".to_owned(), Stranger::Unreadable);
        skipped.add("e.yaml".to_owned(), Stranger::Empty);
        let named = "Skipped 5 files that are no Serve configs: a.yaml (service/a), b.yaml (a template), \
                     c.yaml, d.json (neither YAML nor JSON), e.yaml (empty)";
        assert_eq!(skipped.line(false).unwrap(), named);
        skipped.add("f.yaml".to_owned(), service);
        skipped.add("g.json".to_owned(), Stranger::Unreadable);
        assert_eq!(
            skipped.line(false).unwrap(),
            "Skipped 7 files that are no Serve configs: 2 Kubernetes manifests, 1 template, 1 empty file, \
             2 files in neither YAML nor JSON, 1 other file; --verbose names them"
        );
        assert!(
            skipped
                .line(true)
                .unwrap()
                .ends_with("g.json (neither YAML nor JSON)")
        );
    }
}
