//! Commands in a page of documentation, and what the page says they print.

/// A `console` block: each command after `$ `, its further lines after `> `, and then its output.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    pub command: String,
    /// Lines that are printed, in this order; others may come wherever `…` stands for them.
    pub output: Vec<String>,
}

/// What a tutorial's reader does, up to the part about what can go wrong.
pub fn console(page: &str) -> Vec<Step> {
    let (page, _) = page
        .split_once("\n## If something goes wrong\n")
        .expect("a part about what can go wrong");
    let mut steps: Vec<Step> = Vec::new();
    let mut is_console = false;
    for line in page.lines() {
        if let Some(language) = line.strip_prefix("```") {
            is_console = language == "console";
            continue;
        }
        if !is_console {
            continue;
        }
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step {
                command: command.to_owned(),
                output: Vec::new(),
            });
        } else if let Some(more) = line.strip_prefix('>') {
            let step = steps.last_mut().expect("a command before its second line");
            step.command.push('\n');
            step.command
                .push_str(more.strip_prefix(' ').unwrap_or(more));
        } else if !line.is_empty() && !line.starts_with("# ") {
            let step = steps.last_mut().expect("a command before its output");
            step.output.push(line.to_owned());
        }
    }
    steps
}

impl Step {
    /// What of the page is not true of this output.
    pub fn differs(&self, printed: &str) -> Option<String> {
        let mut printed = printed.lines().filter(|line| !line.is_empty());
        let mut skips = false;
        for line in &self.output {
            if line == "…" {
                skips = true;
                continue;
            }
            let found = if skips {
                printed.any(|other| other == line)
            } else {
                printed.next() == Some(line)
            };
            if !found {
                return Some(format!("{line:?} is not printed where the page says"));
            }
            skips = false;
        }
        match printed.next() {
            Some(line) if !skips => Some(format!("{line:?} is printed and not on the page")),
            _ => None,
        }
    }
}

/// With the age that pages show, whatever it is.
pub fn of_nine_seconds(said: &str) -> String {
    let lines = said.lines().map(
        |line| match line.trim_end_matches(" ago").rsplit_once(' ') {
            Some((before, _)) if line.ends_with(" ago") => format!("{before} 9s ago"),
            _ => line.to_owned(),
        },
    );
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_s_commands_and_their_output() {
        let page = "# A\n\n```console\n# why\n$ one \\\n>   two\n>\n> three\nout\n…\nlast\n```\n\nWords.\n\n```yaml\na: 1\n```\n\n\
                    ```console\n$ four\n```\n\n## If something goes wrong\n\n```console\n$ five\n```\n";
        let steps = console(page);
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[0].command, "one \\\n  two\n\nthree");
        let differs = |printed: &str| steps[0].differs(printed).is_some();
        assert!(!differs("out\nx\ny\nlast\n"));
        assert!(!differs("out\nlast\n"));
        assert!(differs("x\nout\nlast\n") && differs("out\n") && differs("out\nlast\nx\n"));
        assert!(steps[1].differs("x").is_some() && steps[1].differs("\n").is_none());
    }
}
