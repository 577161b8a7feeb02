//! Names or patterns of names: a plan refers to one topic or to all topics that match.

use std::{collections::HashSet, fmt, ops::Deref};

use regex::{Regex, RegexBuilder};
use serde::{Serialize, Serializer};

/// The most bytes of one compiled expression: a plan may contain thousands.
const SIZE: usize = 1 << 20;

/// A name (`orders`), a glob (`orders.*`, `ip-10-?-*`) or a regular expression between slashes (`/^orders\.\d+$/`).
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    form: Form,
}

/// What is wrong with a regular expression. Its text is the last line of the compiler's message, which has a drawing before that.
#[derive(Debug, Clone)]
pub struct PatternError(regex::Error);

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        f.write_str(text.lines().last().unwrap_or("not a pattern").trim().trim_start_matches("error: "))
    }
}

impl std::error::Error for PatternError {}

#[derive(Debug, Clone)]
enum Form {
    Name,
    /// The text before and after its one star. Such globs decide the side of every host, very often.
    Ends(String, String),
    /// Any other glob, as written.
    Glob,
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
    /// If the regular expression is not valid.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let source = if let Some(inner) = text.strip_prefix('/').and_then(|t| t.strip_suffix('/')) {
            inner.to_owned()
        } else if let Some((before, after)) = text.split_once('*').filter(|_| !text.contains('?'))
            && !after.contains('*')
        {
            return Ok(Self { text: text.to_owned(), form: Form::Ends(before.to_owned(), after.to_owned()) });
        } else if text.contains(['*', '?']) {
            return Ok(Self { text: text.to_owned(), form: Form::Glob });
        } else {
            return Ok(Self { text: text.to_owned(), form: Form::Name });
        };
        let regex = RegexBuilder::new(&source).size_limit(SIZE).build().map_err(PatternError)?;
        Ok(Self { text: text.to_owned(), form: Form::Regex(regex) })
    }

    /// Whether the pattern matches a name.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        match &self.form {
            Form::Name => self.text == name,
            Form::Ends(before, after) => {
                name.strip_prefix(before.as_str()).is_some_and(|rest| rest.ends_with(after.as_str()))
            }
            Form::Glob => fits(&self.text, name),
            Form::Regex(regex) => regex.is_match(name),
        }
    }

    /// The name itself, where the pattern is just a name.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        matches!(self.form, Form::Name).then_some(self.text.as_str())
    }
}

/// Whether a glob matches: `*` is any text, `?` is one character. A star takes more only where the rest does not match, and only the last
/// star does: the time is at most the product of both lengths.
fn fits(glob: &str, name: &str) -> bool {
    let (mut glob, mut name) = (glob.chars(), name.chars());
    let mut last_star = None;
    loop {
        let (mut next_glob, mut next_name) = (glob.clone(), name.clone());
        match (next_glob.next(), next_name.next()) {
            (Some('*'), _) => {
                glob = next_glob;
                last_star = Some((glob.clone(), name.clone()));
                continue;
            }
            (None, None) => return true,
            (Some(g), Some(n)) if g == '?' || g == n => {
                (glob, name) = (next_glob, next_name);
                continue;
            }
            _ => {}
        }
        let Some((after, from)) = &mut last_star else { return false };
        if from.next().is_none() {
            return false;
        }
        (glob, name) = (after.clone(), from.clone());
    }
}

/// Several patterns, in the order of the plan. The look-up of a plain name takes the same time for thousands of names as for one.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    list: Vec<Pattern>,
    names: HashSet<String>,
    /// Those that are not plain names, by their place.
    others: Vec<usize>,
}

impl Patterns {
    /// Whether one of them matches a name.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.has_name(name) || self.others.iter().any(|at| self.list[*at].matches(name))
    }

    /// Whether one of them is exactly this name, and not only a pattern that matches it.
    #[must_use]
    pub fn has_name(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

impl From<Vec<Pattern>> for Patterns {
    fn from(list: Vec<Pattern>) -> Self {
        let names = list.iter().filter_map(|p| p.literal().map(str::to_owned)).collect();
        let others = (0..list.len()).filter(|at| list[*at].literal().is_none()).collect();
        Self { list, names, others }
    }
}

impl Deref for Patterns {
    type Target = [Pattern];

    fn deref(&self) -> &[Pattern] {
        &self.list
    }
}

impl<'a> IntoIterator for &'a Patterns {
    type Item = &'a Pattern;
    type IntoIter = std::slice::Iter<'a, Pattern>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Serialize for Patterns {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.list.serialize(s)
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
            ("*ab*ab", "xabab", "xabxa"),
            ("?é*", "xé", "é"),
            ("/^o[0-9]$/", "o1", "o"),
        ] {
            let read = Pattern::parse(pattern).expect("a pattern");
            assert!(read.matches(yes) && !read.matches(no), "{pattern}");
        }
    }

    #[test]
    fn a_name_is_found_among_many_and_a_pattern_behind_them() {
        let many: Vec<Pattern> = (0..50_000)
            .map(|n| format!("group-{n}"))
            .chain(["*-eu".to_owned(), "/^x[0-9]$/".to_owned()])
            .map(|text| Pattern::parse(&text).expect("a pattern"))
            .collect();
        let many = Patterns::from(many);
        assert!((0..50_000).all(|n| many.matches(&format!("group-{n}"))));
        assert!(many.matches("a-eu") && many.matches("x1") && !many.matches("group-50000") && !many.matches("x"));
        assert_eq!(many.len(), 50_002);
    }

    #[test]
    fn an_expression_that_grows_without_bound_is_refused() {
        assert!(Pattern::parse(&format!("/{}/", "(a{100}){100}".repeat(20))).is_err());
    }
}
