//! The forms: one function for each destination of a text.

use std::borrow::Cow;

use serde::Serialize;

use super::{acts, replaced, struck};

/// Line ends, and characters that are replaced by a blank.
const fn blank(c: char) -> bool {
    matches!(c, '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// An active character, shown by its number.
fn number(c: char, out: &mut String) {
    out.extend(c.escape_unicode());
}

/// One line for a terminal: line ends and tabs become blanks, every other active character is shown by its number (`\u{1b}`).
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    replaced(text, |c, out| if blank(c) { out.push(' ') } else { number(c, out) })
}

/// Several lines that the program itself has assembled: line ends and tabs are kept, no other active character is.
#[must_use]
pub fn block(text: &str) -> Cow<'_, str> {
    replaced(text, |c, out| if matches!(c, '\n' | '\t') { out.push(c) } else { number(c, out) })
}

/// The same with colours: an SGR sequence (`ESC [ … m`) is kept as well. For text that the program itself has coloured.
#[must_use]
pub fn styled(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return block(text);
    }
    let mut out = String::with_capacity(text.len());
    for (n, part) in text.split('\u{1b}').enumerate() {
        let end = part.find(|c: char| !matches!(c, '[' | ';' | ':' | '0'..='9')).unwrap_or(part.len());
        let colour = part.starts_with('[') && part[end..].starts_with('m') && !part[1..end].contains('[');
        if n > 0 {
            out.push_str(if colour { "\u{1b}" } else { "\\u{1b}" });
        }
        out.push_str(&block(part));
    }
    out.into()
}

/// Literal text within Markdown: no markup, no HTML, no end of a table's cell, no heading, list or rule.
#[must_use]
pub fn markdown(text: &str) -> String {
    let text = line(text);
    let mut out = String::with_capacity(text.len());
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mut before = ' ';
    let mut signs = text.char_indices().peekable();
    while let Some((at, c)) = signs.next() {
        let after = signs.peek().map_or(' ', |(_, c)| *c);
        let begins = at == 0 && matches!(c, '#' | '+' | '-' | '=');
        // `1. ` and `1) ` begin a list.
        let counts = at == digits && at > 0 && matches!(c, '.' | ')') && after == ' ';
        // Emphasis needs a character that can end it.
        let ends = c == '_' && !before.is_whitespace() && !after.is_alphanumeric();
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' | '\\' | '[' | ']' | '*' | '`' | '~' | '$' => out.extend(['\\', c]),
            c if begins || counts || ends => out.extend(['\\', c]),
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// Literal text within HTML or SVG, also between quotes.
#[must_use]
pub fn html(text: &str) -> String {
    let text = line(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The value of an OpenMetrics label, or a help text. A line end is escaped as the format requires, and so is kept.
#[must_use]
pub fn label(text: &str) -> String {
    let text = struck(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c if acts(c) => {
                out.push('\\');
                number(c, &mut out);
            }
            c => out.push(c),
        }
    }
    out
}

/// A JSON document over several lines. Every active character is escaped: the values are the same, and none of them reaches a terminal.
///
/// # Errors
/// If the value cannot be represented in JSON.
pub fn json(value: &impl Serialize) -> serde_json::Result<String> {
    let text = serde_json::to_string_pretty(value)?;
    // Outside of strings JSON has no active character but the line ends that the program itself adds; within strings they are escaped
    // already.
    let escaped = replaced(&text, |c, out| {
        if c == '\n' {
            return out.push(c);
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    });
    Ok(escaped.into_owned())
}
