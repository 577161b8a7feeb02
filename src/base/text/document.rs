//! Printed output: documents that never contain a raw active character, however they were made.

use std::fmt;

use serde::Serialize;

use super::{block, json, line, styled};

/// A text that may be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document(String);

impl Document {
    /// A text of several lines that the program has assembled from its own words, or from values in one of the forms.
    #[must_use]
    pub fn block(text: &str) -> Self {
        Self(block(text).into_owned())
    }

    /// The same with the program's own colours.
    #[must_use]
    pub fn styled(text: &str) -> Self {
        Self(styled(text).into_owned())
    }

    /// A JSON document, with its line end.
    ///
    /// # Errors
    /// If the value cannot be represented in JSON.
    pub fn json(value: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self(json(value)? + "\n"))
    }

    /// The text to be printed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// Lines of text. Each call makes exactly one line, whatever its values contain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(String);

impl Lines {
    /// One line: `lines.put(format_args!("{name}: {why}"))`.
    pub fn put(&mut self, text: impl fmt::Display) {
        self.0.push_str(&line(&text.to_string()));
        self.0.push('\n');
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.0.push('\n');
    }

    /// Appends another document.
    pub fn append(&mut self, document: impl Into<Document>) {
        self.0.push_str(document.into().text());
    }

    /// The lines, each with a line end.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl<T: fmt::Display> FromIterator<T> for Lines {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut lines = Self::default();
        items.into_iter().for_each(|item| lines.put(item));
        lines
    }
}

impl From<Lines> for Document {
    fn from(lines: Lines) -> Self {
        Self(lines.0)
    }
}

/// One line.
impl From<fmt::Arguments<'_>> for Document {
    fn from(text: fmt::Arguments<'_>) -> Self {
        let mut lines = Lines::default();
        lines.put(text);
        lines.into()
    }
}
