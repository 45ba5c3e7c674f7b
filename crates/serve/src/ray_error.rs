//! Ray's error texts reduced to the sentence a user needs.
//!
//! Ray answers with text, never JSON: pydantic v2's report (Ray since about 2.10), the Python repr of
//! pydantic v1's (before), or a traceback.

use crate::text::clean;

/// The cause in `text`: of a validation report each field and what is wrong with it, of a traceback
/// its last line, of anything else its first.
pub fn cause(text: &str) -> String {
    let text = clean(text);
    let found = pydantic_v2(&text)
        .or_else(|| pydantic_v1(&text))
        .or_else(|| traceback(&text));
    found.unwrap_or_else(|| {
        text.lines()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or("no message")
            .to_owned()
    })
}

/// "1 validation error for Model", then per problem its place, indented its message, and a link.
fn pydantic_v2(text: &str) -> Option<String> {
    let mut lines = text.lines().skip_while(|line| !is_v2_heading(line));
    lines.next()?;
    let mut problems = Vec::new();
    let mut place = "";
    for line in lines {
        if !line.starts_with(' ') {
            place = line.trim();
            continue;
        }
        let line = line.trim();
        if line.starts_with("For further information") {
            continue;
        }
        let message = line.split(" [type=").next().unwrap_or(line);
        problems.push(problem(place, message.trim_start_matches("Value error, ")));
    }
    (!problems.is_empty()).then(|| problems.join("; "))
}

fn is_v2_heading(line: &str) -> bool {
    // In a traceback the exception's name comes first.
    line.contains("validation error for ") || line.contains("validation errors for ")
}

/// `ValidationError(model='M', errors=[{'loc': ('a', 0, 'b'), 'msg': '…', 'type': '…'}, …])`
fn pydantic_v1(text: &str) -> Option<String> {
    let errors = text.strip_prefix("ValidationError(")?;
    let mut problems = Vec::new();
    for entry in errors.split("{'loc': (").skip(1) {
        let Some((place, rest)) = entry.split_once("), 'msg': ") else {
            continue;
        };
        let place: Vec<&str> = place
            .split(',')
            .map(|part| part.trim().trim_matches('\''))
            .filter(|part| !part.is_empty() && *part != "__root__")
            .collect();
        problems.push((place.join("."), python_string(rest)));
    }
    // A later validator stumbling over what an earlier one rejected; alone it would be the cause.
    if problems.len() > 1 {
        problems.retain(|(place, message)| {
            !(place.is_empty() && message.contains("'NoneType' object is not"))
        });
    }
    let problems: Vec<String> = problems
        .iter()
        .map(|(place, message)| problem(place, message))
        .collect();
    (!problems.is_empty()).then(|| problems.join("; "))
}

/// The Python string literal at the start of `text`.
fn python_string(text: &str) -> String {
    let mut characters = text.chars();
    let Some(quote) = characters.next() else {
        return String::new();
    };
    let mut content = String::new();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n' | 't' | 'r') => content.push(' '),
                Some(escaped) => content.push(escaped),
                None => break,
            },
            character if character == quote => break,
            character => content.push(character),
        }
    }
    content
}

fn problem(place: &str, message: &str) -> String {
    if place.is_empty() {
        message.to_owned()
    } else {
        format!("{place}: {message}")
    }
}

/// The exception's line is the last one that is neither indented nor empty; where an actor raised it,
/// the first one below the places in its code.
fn traceback(text: &str) -> Option<String> {
    if is_of_an_actor(text) {
        let (_, below) = text.rsplit_once("\n  File \"")?;
        let line = below.lines().skip(1).find(|line| !line.starts_with(' '));
        return line.map(str::to_owned);
    }
    if !text.contains("Traceback (most recent call last)") {
        return None;
    }
    text.lines()
        .rfind(|line| !line.trim().is_empty() && !line.starts_with(' '))
        .map(str::to_owned)
}

/// What Serve's controller raised in the middle of its work, which Ray answers as if the request
/// were wrong.
pub fn is_of_an_actor(text: &str) -> bool {
    clean(text).starts_with("ray::")
}
