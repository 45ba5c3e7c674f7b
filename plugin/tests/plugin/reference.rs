//! The reference pages of the documentation that follow from the program: what it takes is what they
//! say. `UPDATE_GOLDEN=1 cargo test -p kubectl-ray reference` writes them anew.

use std::fmt::Write;

use clap::{Arg, ArgAction, Command, CommandFactory};
use kubectl_ray::check::schema::{FIELDS, Field, NEWEST, OLDEST, Object, Type};
use kubectl_ray::check::validate::expected;
use kubectl_ray::cli::Cli;

use crate::support::assert_page;

/// Headings of the flags that all commands have.
const OF_ALL: [&str; 2] = ["Connection", "Output"];

#[test]
fn every_command_is_in_the_reference() {
    let mut root = Cli::command();
    root.build();
    let serve = root.find_subcommand("serve").unwrap();
    let mut page = "# Commands

Every command takes the [connection flags](#connection-flags) and the [output flags](#output-flags), before or after its
name. Results go to standard output; progress, warnings and errors go to standard error. What the exit codes mean is in
[Environment](environment.md#exit-codes).

| command | purpose |
| --- | --- |
"
    .to_owned();
    let commands: Vec<&Command> = serve
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .collect();
    for command in &commands {
        let name = command.get_name();
        let about = command.get_about().unwrap_or_default();
        writeln!(page, "| [`{name}`](#kubectl-ray-serve-{name}) | {about} |").unwrap();
    }
    for command in &commands {
        describe(&mut page, command);
    }
    for heading in OF_ALL {
        writeln!(page, "\n## {heading} flags").unwrap();
        let flags = serve
            .get_arguments()
            .filter(|arg| arg.get_help_heading() == Some(heading));
        arguments(&mut page, flags);
    }
    assert_page("reference/commands.md", &page);
}

fn describe(page: &mut String, command: &Command) {
    let name = format!("kubectl ray serve {}", command.get_name());
    let about = command.get_about().unwrap_or_default();
    writeln!(page, "\n## {name}\n\n{about}.\n").unwrap();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    writeln!(page, "```text\n{usage}\n```").unwrap();
    let aliases: Vec<_> = command.get_visible_aliases().collect();
    if !aliases.is_empty() {
        writeln!(page, "\nAlias: `{}`.", aliases.join("`, `")).unwrap();
    }
    let own = command.get_arguments().filter(|arg| {
        let is_of_all = arg
            .get_help_heading()
            .is_some_and(|heading| OF_ALL.contains(&heading));
        !is_of_all && !arg.is_hide_set() && arg.get_id() != "help"
    });
    arguments(page, own);
    if let Some(more) = command.get_after_help() {
        let more = more.to_string();
        let (examples, words) =
            more.strip_prefix("Examples:\n")
                .map_or(("", more.as_str()), |rest| {
                    // The last example ends where a paragraph is not indented any more.
                    let end = rest.find("\n\n").map_or(rest.len(), |_| {
                        let mut end = rest.len();
                        let mut at = 0;
                        for paragraph in rest.split("\n\n") {
                            if !paragraph.starts_with(' ') {
                                end = at;
                                break;
                            }
                            at += paragraph.len() + 2;
                        }
                        end
                    });
                    rest.split_at(end)
                });
        if !examples.is_empty() {
            let lines: Vec<&str> = examples
                .trim_end()
                .lines()
                .map(|line| line.strip_prefix("  ").unwrap_or(line))
                .collect();
            writeln!(page, "\n```shell\n{}\n```", lines.join("\n")).unwrap();
        }
        if !words.trim().is_empty() {
            writeln!(page, "\n{}", words.trim()).unwrap();
        }
    }
}

fn arguments<'a>(page: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    let arguments: Vec<&Arg> = arguments.collect();
    if arguments.is_empty() {
        return;
    }
    page.push('\n');
    for arg in arguments {
        let help = arg.get_help().unwrap_or_default();
        writeln!(page, "- {}: {help}.", spelled(arg)).unwrap();
        let long = arg.get_long_help().map(ToString::to_string);
        let long = long.unwrap_or_default();
        for paragraph in long.split("\n\n").skip(1) {
            writeln!(page, "\n  {}", paragraph.replace('\n', " ").trim()).unwrap();
        }
        let values = arg.get_possible_values();
        let shown: Vec<String> = values
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        if !shown.is_empty() {
            writeln!(page, "  One of {}.", shown.join(", ")).unwrap();
        }
        let defaults = arg.get_default_values();
        if let [default] = defaults
            && !matches!(arg.get_action(), ArgAction::SetTrue)
            && !arg.is_hide_default_value_set()
        {
            writeln!(page, "  Default: `{}`.", default.to_string_lossy()).unwrap();
        }
    }
}

/// `-f`, `--filename FILE`
fn spelled(arg: &Arg) -> String {
    let names: Vec<String> = arg
        .get_value_names()
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect();
    if arg.is_positional() {
        return format!("`{}`", names.join(" "));
    }
    let value = match arg.get_num_args() {
        _ if !arg.get_action().takes_values() => String::new(),
        Some(range) if range.min_values() == 0 && arg.is_require_equals_set() => {
            format!("[={}]", names.join(" "))
        }
        Some(range) if range.min_values() == 0 => format!(" [{}]", names.join(" ")),
        _ => format!(" {}", names.join(" ")),
    };
    let short = arg.get_short().map(|short| format!("`-{short}`, "));
    let long = arg.get_long().unwrap_or_default();
    format!("{}`--{long}{value}`", short.unwrap_or_default())
}

#[test]
fn every_field_of_a_serve_config_is_in_the_reference() {
    let mut page = format!(
        "# Fields of a Serve config

These are the fields that `validate`, `submit` and `diff` know, from Ray {OLDEST} to {NEWEST}. They were read from Ray's
releases, and tests compare them with what those releases define. An unknown field is an error where Ray refuses it, and
where Ray ignores it without a word.
"
    );
    let mut seen: Vec<Object> = Vec::new();
    for field in FIELDS {
        if !seen.contains(&field.of) {
            seen.push(field.of);
        }
    }
    for of in seen {
        writeln!(page, "\n## {}\n", heading(of)).unwrap();
        page.push_str("| field | takes | Ray | |\n| --- | --- | --- | --- |\n");
        for field in FIELDS.iter().filter(|field| field.of == of) {
            writeln!(
                page,
                "| `{}` | {} | {} | {} |",
                field.name,
                takes(field),
                versions(field),
                notes(field)
            )
            .unwrap();
        }
    }
    assert_page("reference/serve-config.md", &page);
}

fn heading(of: Object) -> String {
    let noun = of.noun();
    let noun = ["the ", "an ", "a "]
        .iter()
        .find_map(|article| noun.strip_prefix(article))
        .unwrap_or(noun);
    let mut letters = noun.chars();
    match letters.next() {
        Some(first) if !noun.contains('_') => {
            format!("{}{}", first.to_uppercase(), letters.as_str())
        }
        _ => format!("`{noun}`"),
    }
}

fn anchor(of: Object) -> String {
    heading(of)
        .trim_matches('`')
        .to_lowercase()
        .replace(' ', "-")
}

fn takes(field: &Field) -> String {
    let link = |of: Object| format!("[{}](#{})", heading(of), anchor(of));
    let takes = match field.is {
        Type::Object(of) => link(of),
        Type::Objects(of) => format!("a list of {}", link(of)),
        is => expected(is),
    };
    if field.nullable {
        format!("{takes}, or null")
    } else {
        takes
    }
}

fn versions(field: &Field) -> String {
    let since = (field.since > OLDEST).then(|| format!("since {}", field.since));
    let until = field.until.map(|until| format!("before {until}"));
    let both: Vec<String> = since.into_iter().chain(until).collect();
    if both.is_empty() {
        "all".to_owned()
    } else {
        both.join(", ")
    }
}

fn notes(field: &Field) -> String {
    let required = field.required.then(|| "required".to_owned());
    let renamed = field.renamed.map(|name| format!("now `{name}`"));
    let advice = field.instead.or(field.refused).map(str::to_owned);
    let notes: Vec<String> = required.into_iter().chain(renamed).chain(advice).collect();
    notes.join("; ")
}
