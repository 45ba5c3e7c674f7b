//! The documentation holds together: the site's table of contents has every page, every link leads
//! somewhere, and every picture has words for those who do not see it.

#[allow(dead_code, reason = "this test asks nothing of cargo")]
mod workspace;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use workspace::root;

/// All Markdown files below `dir`.
fn pages_of(dir: &Path) -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages.extend(pages_of(&path));
        } else if path.extension().is_some_and(|ending| ending == "md") {
            pages.push(path);
        }
    }
    pages
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines that are text, without blocks of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        is_code ^= fence;
        !is_code && !fence
    })
}

/// `(words, target)` of every link and picture; a picture's words begin with `!`.
fn links(text: &str) -> Vec<(String, String)> {
    let prose = prose(text).collect::<Vec<_>>().join("\n");
    let mut links = Vec::new();
    for (at, _) in prose.match_indices("](") {
        let words = &prose[..at];
        // Of nested brackets, as a picture that is a link has them, the inner ones.
        let begin = words.rfind('[').expect("a bracket");
        let picture = if words[..begin].ends_with('!') {
            "!"
        } else {
            ""
        };
        let rest = &prose[at + 2..];
        let target = rest.split([')', ' ']).next().unwrap_or_default();
        links.push((
            format!("{picture}{}", &words[begin + 1..]),
            target.to_owned(),
        ));
    }
    links
}

/// The anchors of a page's headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter_map(|line| {
        let heading = line.trim_start_matches('#');
        (heading.len() < line.len()).then(|| heading.trim())
    });
    headings
        .map(|heading| {
            let kept = heading
                .chars()
                .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
            kept.collect::<String>().to_lowercase().replace(' ', "-")
        })
        .collect()
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let docs = root().join("docs");
    let contents = docs.join("SUMMARY.md");
    let listed: Vec<PathBuf> = links(&read(&contents))
        .into_iter()
        .map(|(_, target)| docs.join(target))
        .collect();
    let once: BTreeSet<&PathBuf> = listed.iter().collect();
    assert_eq!(once.len(), listed.len(), "a page is listed twice");
    for page in pages_of(&docs).iter().filter(|page| **page != contents) {
        assert!(once.contains(page), "{} is not listed", page.display());
    }
    for page in listed {
        assert!(page.exists(), "{} is listed and missing", page.display());
    }
}

#[test]
fn links_lead_somewhere_and_pictures_have_words() {
    let root = root();
    let mut all = pages_of(&root.join("docs"));
    for name in [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
    ] {
        all.push(root.join(name));
    }
    let mut faults = Vec::new();
    for page in &all {
        let text = read(page);
        for (words, target) in links(&text) {
            let mut fault = |what: &str| {
                let page = page.strip_prefix(&root).unwrap().display();
                faults.push(format!("{page}: [{words}]({target}) {what}"));
            };
            if words == "!" {
                fault("has no words");
            }
            if ["https://", "http://", "mailto:"]
                .iter()
                .any(|scheme| target.starts_with(scheme))
            {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file = if path.is_empty() {
                page.clone()
            } else {
                page.parent().unwrap().join(path)
            };
            if !file.exists() {
                fault("leads nowhere");
            } else if !anchor.is_empty() && !anchors(&read(&file)).contains(anchor) {
                fault("leads to no heading");
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Somebody who reads nothing else has to know these; an audit asked for each of them.
#[test]
fn what_a_reader_must_not_miss_is_said() {
    for (file, sentence) in [
        (
            "docs/use/rights.md",
            "The right to use the plugin is the right to run code.",
        ),
        (
            "examples/role.yaml",
            "pods/portforward means: run any code in the head",
        ),
        (
            "docs/use/local-code.md",
            "The names of packages are predictable",
        ),
        ("Dockerfile", "name the base by its digest"),
        ("SECURITY.md", "### 10. What is not promised"),
        (
            ".github/workflows/advisories.yml",
            "cargo deny --locked check advisories",
        ),
    ] {
        let text = read(&root().join(file));
        let words: Vec<&str> = text
            .split_whitespace()
            .filter(|word| *word != "#")
            .collect();
        assert!(
            words.join(" ").contains(sentence),
            "{file} does not say: {sentence}"
        );
    }
}

/// A page that shows an older version, or a chart that installs one, is of another release.
#[test]
fn programs_chart_and_pages_have_one_version() {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    let chart = read(&root().join("charts/ray-serve-webhook/Chart.yaml"));
    for field in ["version", "appVersion"] {
        let line = format!("{field}: {VERSION}");
        assert!(chart.lines().any(|own| own == line), "no {line}");
    }
    let mut pages = pages_of(&root().join("docs"));
    pages.extend(["README.md", "Dockerfile"].map(|file| root().join(file)));
    let mut shown = 0;
    for page in pages {
        let text = read(&page);
        for name in ["Client: ", "Webhook: ", "ray-serve-webhook:"] {
            let rests = text.split(name).skip(1);
            let is_version = |c: char| c.is_ascii_digit() || c == '.';
            let versions =
                rests.map(|rest| &rest[..rest.find(|c| !is_version(c)).unwrap_or(rest.len())]);
            for version in versions.filter(|version| version.split('.').count() == 3) {
                assert_eq!(version, VERSION, "{}", page.display());
                shown += 1;
            }
        }
    }
    assert!(shown >= 5, "{shown}");
}

#[test]
fn what_is_a_link_and_what_a_heading() {
    let text =
        "# A `b`, c-d!\n\n[x](y.md#z) ![](p.svg) ![alt](q.svg)\n```\n[not](one)\n# nor\n```\n";
    let link = |words: &str, target: &str| (words.to_owned(), target.to_owned());
    assert_eq!(
        links(text),
        [
            link("x", "y.md#z"),
            link("!", "p.svg"),
            link("!alt", "q.svg")
        ]
    );
    assert_eq!(anchors(text), BTreeSet::from(["a-b-c-d".to_owned()]));
}
