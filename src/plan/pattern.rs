//! Names or patterns of names: how a plan says "this topic" or "all topics like this".

use std::fmt;

use regex::Regex;
use serde::{Serialize, Serializer};

/// A name (`orders`), a glob (`orders.*`, `ip-10-?-*`) or a regular expression between slashes (`/^orders\.\d+$/`).
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Name,
    /// What stands before and after its one star. Sides are told by such globs, of every host, again and again.
    Ends(String, String),
    Regex(Regex),
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
        } else if let Some((before, after)) = text.split_once('*').filter(|_| !text.contains('?'))
            && !after.contains('*')
        {
            return Ok(Self { text: text.to_owned(), form: Form::Ends(before.to_owned(), after.to_owned()) });
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
            return Ok(Self { text: text.to_owned(), form: Form::Name });
        };
        let regex = Regex::new(&source).map_err(|e| {
            e.to_string().lines().last().unwrap_or("not a pattern").trim().trim_start_matches("error: ").to_owned()
        })?;
        Ok(Self { text: text.to_owned(), form: Form::Regex(regex) })
    }

    /// Whether a name is meant.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        match &self.form {
            Form::Name => self.text == name,
            Form::Ends(before, after) => {
                name.strip_prefix(before.as_str()).is_some_and(|rest| rest.ends_with(after.as_str()))
            }
            Form::Regex(regex) => regex.is_match(name),
        }
    }

    /// The name itself, where the pattern is just one.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        matches!(self.form, Form::Name).then_some(self.text.as_str())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_globs_and_regular_expressions() {
        for (pattern, yes, no) in [
            ("orders", "orders", "orders-1"),
            ("*.vir:27017", "db-1.vir:27017", "db-1.ore:27017"),
            ("orders.*", "orders.eu", "orders"),
            ("a*a", "aba", "a"),
            ("ip-10-?-*", "ip-10-2-9", "ip-10-22"),
            ("a*b*c", "a1b2c", "a1c"),
            ("/^o[0-9]$/", "o1", "o"),
        ] {
            let read = Pattern::parse(pattern).expect("a pattern");
            assert!(read.matches(yes) && !read.matches(no), "{pattern}");
        }
    }
}
