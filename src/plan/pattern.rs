//! Names or patterns of names: how a plan says "this topic" or "all topics like this".

use std::fmt;

use regex::Regex;
use serde::{Serialize, Serializer};

/// A name (`orders`), a glob (`orders.*`, `ip-10-?-*`) or a regular expression between slashes (`/^orders\.\d+$/`).
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    regex: Option<Regex>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with the regular expression, in one line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let source = if let Some(inner) = text.strip_prefix('/').and_then(|t| t.strip_suffix('/')) {
            inner.to_owned()
        } else if text.contains(['*', '?']) {
            let body: String = text
                .chars()
                .map(|c| match c {
                    '*' => ".*".to_owned(),
                    '?' => ".".to_owned(),
                    c => regex::escape(c.encode_utf8(&mut [0; 4])),
                })
                .collect();
            format!("^{body}$")
        } else {
            return Ok(Self { text: text.to_owned(), regex: None });
        };
        let regex = Regex::new(&source).map_err(|e| {
            e.to_string().lines().last().unwrap_or("not a pattern").trim().trim_start_matches("error: ").to_owned()
        })?;
        Ok(Self { text: text.to_owned(), regex: Some(regex) })
    }

    /// Whether a name is meant.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.regex.as_ref().map_or_else(|| self.text == name, |r| r.is_match(name))
    }

    /// The name itself, where the pattern is just one.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        self.regex.is_none().then_some(self.text.as_str())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.text)
    }
}
