//! TOML text to a tree with spans; a syntax error does not hide the next one.

use toml::de::{DeTable, DeValue};

use super::diag::{Code, Diagnosis, Faults};

/// Reads the text as far as it can be read.
pub(super) fn parse<'t>(text: &'t str, faults: &mut Faults) -> DeTable<'t> {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(text.len()..text.len());
        let message = error.message();
        faults.push(if message == "duplicate key" {
            Diagnosis::error(Code::Duplicate, &span, "this key was given before in the same table")
                .hint("keep one of the two")
        } else {
            Diagnosis::error(Code::Syntax, &span, format!("not TOML here: {message}"))
        });
    }
    table.into_inner()
}

/// A value's type, in words.
pub(super) fn type_word(value: &DeValue<'_>) -> &'static str {
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

/// After syntax errors (the first `broken` faults), only what does not follow from them: a key that seems missing may stand on a
/// broken line, and a value on one is not what was meant.
pub(super) fn keep_certain(text: &str, faults: &mut Faults, broken: usize) {
    let line = |at: usize| text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count();
    let lines: Vec<usize> = faults.0.iter().take(broken).map(|d| line(d.span.start)).collect();
    let mut index = 0;
    faults.0.retain(|d| {
        index += 1;
        let follows = matches!(d.code, Code::MissingKey | Code::Schema)
            || d.span == (0..0)
            || lines.contains(&line(d.span.start));
        index <= broken || !follows
    });
}
