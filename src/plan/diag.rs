//! The faults of a plan, as reported to its author: file, line, column, the line itself, and what to do.
//!
//! Nothing here decides what is a fault; everything that is shown passes through [`super::sensitive`] first.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::sensitive;
pub use super::span::Span;
use base::text as harmless;

/// The kind of a fault: stable words, suitable for a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// Not TOML.
    Syntax,
    /// The version of the format is missing or not supported.
    Schema,
    /// A word reserved for later versions.
    Reserved,
    /// A key that the format does not define there.
    UnknownKey,
    /// A required key is missing.
    MissingKey,
    /// A value of another type.
    WrongType,
    /// A value that cannot be parsed.
    BadValue,
    /// A quantity without its unit, or with one that does not fit.
    Unit,
    /// A quantity outside its limits.
    OutOfRange,
    /// A secret in clear text, where a reference is required.
    SecretInClear,
    /// Defined twice.
    Duplicate,
    /// A reference to something that does not exist.
    Dangling,
    /// Two statements that exclude each other, or one whose counterpart is missing.
    Conflict,
    /// Source and target are the same.
    SameSides,
    /// Reading and changing use one identity.
    SameAccess,
    /// A gate that waits for something that only happens after it.
    NeverGreen,
    /// A region that is not known to exist at AWS.
    Region,
    /// A step changes something for which the plan names no writing credentials.
    ReadOnly,
    /// Characters with too little contrast to their background.
    Contrast,
    /// Two things that look the same and have different meanings.
    Alike,
}

impl Code {
    /// As shown between brackets.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Schema => "schema",
            Self::Reserved => "reserved",
            Self::UnknownKey => "unknown-key",
            Self::MissingKey => "missing-key",
            Self::WrongType => "wrong-type",
            Self::BadValue => "bad-value",
            Self::Unit => "unit",
            Self::OutOfRange => "out-of-range",
            Self::SecretInClear => "secret-in-clear",
            Self::Duplicate => "duplicate",
            Self::Dangling => "dangling",
            Self::Conflict => "conflict",
            Self::SameSides => "same-sides",
            Self::SameAccess => "same-access",
            Self::NeverGreen => "never-green",
            Self::Region => "unknown-region",
            Self::ReadOnly => "read-only",
            Self::Contrast => "contrast",
            Self::Alike => "alike",
        }
    }
}

/// The severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The plan is refused.
    Error,
    /// The plan is accepted, but the operator should check this.
    Warning,
}

/// One fault, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Its severity.
    pub severity: Severity,
    /// Its kind.
    pub code: Code,
    /// Its place in the text, in bytes.
    pub span: Span,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The fault in one line. Never contains a secret.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The other place that is involved.
    pub first: Option<Span>,
}

impl Diagnosis {
    /// A fault. Line and column are computed when the report is made.
    pub fn error(code: Code, span: &Span, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            severity: Severity::Error,
            code,
            span: span.clone(),
            line: 0,
            column: 0,
            message,
            hint: None,
            first: None,
        }
    }

    /// A warning.
    pub fn warning(code: Code, span: &Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// Adds the place of the first definition; its line is appended to the message.
    pub fn first(self, span: &Span) -> Self {
        Self { first: Some(span.clone()), ..self }
    }

    /// Adds advice.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Collects faults.
#[derive(Debug, Default)]
pub struct Faults {
    /// In the order in which they were found.
    pub list: Vec<Diagnosis>,
    /// Places that must not be shown, in addition to those that [`sensitive`] finds.
    hidden: Vec<Span>,
}

impl Faults {
    /// Adds one.
    pub fn push(&mut self, diagnosis: Diagnosis) {
        self.list.push(diagnosis);
    }

    /// Hides a place wherever the text is shown.
    pub fn hide(&mut self, span: Span) {
        self.hidden.push(span);
    }
}

/// All faults of one plan, in the order of the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Report {
    path: PathBuf,
    text: String,
    list: Vec<Diagnosis>,
}

/// The most faults shown at once: a file that is no plan has one in every line.
const SHOWN: usize = 200;

impl Report {
    /// Sorts the faults and computes the line and column of each.
    pub fn new(path: &Path, text: &str, faults: Faults) -> Self {
        let mut list = faults.list;
        let starts = line_starts(text);
        for d in &mut list {
            d.message = harmless::line(&d.message).into_owned();
            d.hint = d.hint.take().map(|hint| harmless::block(&hint).into_owned());
            (d.span, d.line, d.column) = locate(text, &starts, &d.span);
            if let Some(first) = d.first.take() {
                d.message = format!("{}; first in line {}", d.message, locate(text, &starts, &first).1);
            }
        }
        // Also by message, so that equal faults of a ladder's rungs are adjacent and are reported once.
        list.sort_by(|a, b| {
            (a.span.start, a.severity, a.code, &a.message).cmp(&(b.span.start, b.severity, b.code, &b.message))
        });
        list.dedup();
        // The text is shown with faults only. The search for secrets takes milliseconds, before the first frame.
        let text = if list.is_empty() { String::new() } else { quiet(&sensitive::masked(text, &faults.hidden)) };
        Self { path: path.to_owned(), text, list }
    }

    /// The faults, in the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnosis> {
        self.list.iter()
    }

    /// Whether there are no faults.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The number of faults of one severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|d| d.severity == severity).count()
    }

    /// The path of the plan file, as given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The faults, one after the other, with the lines concerned; secrets are hidden. If there are very many, only the first.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let path = self.path.display().to_string();
        let path = harmless::line(&path);
        let shown = self.list.iter().take(SHOWN);
        let mut blocks: Vec<String> = shown.map(|d| renderer.render(&[self.group(d, &path)])).collect();
        if let Some(more @ 1..) = self.list.len().checked_sub(SHOWN) {
            blocks.push(format!("and {more} more: fix these first"));
        }
        blocks.join("\n\n")
    }

    fn group<'a>(&'a self, d: &'a Diagnosis, path: &'a str) -> Group<'a> {
        let level = match d.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let start = self.text[..d.span.start].rfind('\n').map_or(0, |i| i + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let snippet = Snippet::source(line)
            .line_start(d.line)
            .path(path)
            .annotation(AnnotationKind::Primary.span(d.span.start - start..d.span.end - start));
        let group = level.primary_title(d.message.as_str()).id(d.code.word()).element(snippet);
        match &d.hint {
            Some(hint) => group.element(Level::HELP.message(hint.as_str())),
            None => group,
        }
    }
}

/// The plan's text without characters that affect a terminal, of the same length in bytes, so that spans stay valid.
fn quiet(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    while let Some(c) = signs.next() {
        let ends = c == '\n' || c == '\t' || (c == '\r' && signs.peek() == Some(&'\n'));
        if harmless::acts(c) && !ends {
            out.extend(std::iter::repeat_n('?', c.len_utf8()));
        } else {
            out.push(c);
        }
    }
    out
}

/// Where each line begins.
fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// A span reduced to its first line and to whole characters, and its line and column.
fn locate(text: &str, starts: &[usize], span: &Span) -> (Span, usize, usize) {
    let whole = |mut i: usize| {
        i = i.min(text.len());
        while !text.is_char_boundary(i) {
            i -= 1;
        }
        i
    };
    let start = whole(span.start);
    let line = starts.partition_point(|at| *at <= start);
    let line_start = starts[line - 1];
    let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
    let line_end = line_end - usize::from(text[start..line_end].ends_with('\r'));
    let end = whole(span.end).clamp(start, line_end);
    let column = text[line_start..start].chars().count() + 1;
    (start..end, line, column)
}

impl<'a> IntoIterator for &'a Report {
    type Item = &'a Diagnosis;
    type IntoIter = std::slice::Iter<'a, Diagnosis>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// Without the text: debug output must not contain a secret.
impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report").field("path", &self.path).field("list", &self.list).finish_non_exhaustive()
    }
}
