//! TOML text to a tree with spans; a syntax error does not hide the next one.

use toml::de::{DeTable, DeValue, Error};

use super::diag::{Code, Diagnosis, Faults};

/// Advice for common errors, by a part of the parser's message.
const HINTS: [(&str, &str); 6] = [
    ("string values must be quoted", "a value must follow the =, and text must be in quotes: key = \"text\""),
    ("basic string, expected `\"`", "the text is not closed: put a \" at its end"),
    ("literal string, expected `'`", "the text is not closed: put a ' at its end"),
    ("escape", "in \"…\" a backslash begins an escape: write \\\\, or put the text in '…'"),
    ("unclosed", "something that was opened above is not closed: look for a missing ], } or quote"),
    ("extend value", "a value is there already: write the table in one place only"),
];

/// Reads as much of the text as possible.
pub fn parse<'t>(text: &'t str, faults: &mut Faults) -> DeTable<'t> {
    let (table, mut errors) = DeTable::parse_recoverable(text);
    // One mistake causes several errors on its line: the first place is the right one, and of the errors there the innermost comes last.
    let start = |error: &Error| error.span().map_or(text.len(), |s| s.start);
    errors.reverse();
    errors.sort_by_key(start);
    errors.dedup_by_key(|error| line(text, start(error)));
    for error in errors {
        let span = error.span().unwrap_or(text.len()..text.len());
        let message = error.message();
        if message == "duplicate key" {
            let detail = "this key, or this table, was given before";
            faults.push(Diagnosis::error(Code::Duplicate, &span, detail).hint("keep one of the two"));
            continue;
        }
        let fault = Diagnosis::error(Code::Syntax, &span, format!("not TOML here: {message}"));
        faults.push(match HINTS.iter().find(|(part, _)| message.contains(part)) {
            Some((_, hint)) => fault.hint(*hint),
            None => fault,
        });
    }
    table.into_inner()
}

/// The line of a place in the text, from 0.
fn line(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count()
}

/// A value's type, in words.
pub fn type_word(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(array) if array.is_empty() => "an empty list",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// After syntax errors (the first `broken` faults), keeps only the faults that do not follow from them: a key reported as missing may be on
/// a broken line, and a value on one is not what was meant.
pub fn keep_certain(text: &str, faults: &mut Faults, broken: usize) {
    let lines: Vec<usize> = faults.list.iter().take(broken).map(|d| line(text, d.span.start)).collect();
    let mut index = 0;
    faults.list.retain(|d| {
        index += 1;
        let follows = matches!(d.code, Code::MissingKey | Code::Schema)
            || d.span == (0..0)
            || lines.contains(&line(text, d.span.start));
        index <= broken || !follows
    });
}
