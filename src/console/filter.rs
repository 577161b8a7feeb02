//! Filters for a table's rows: a list of words that must all hold.
//!
//! | word | keeps rows |
//! | --- | --- |
//! | `text` | that contain the text in any cell, ignoring case |
//! | `"two words"` | the same; blanks and special characters are literal |
//! | `/regex/` | with a cell that matches the expression |
//! | `col:word` | whose cell in the column holds the word; `group.col:word` if two groups have such a column |
//! | `col:>100` | whose number is greater (`>` `>=` `<` `<=` `=` `!=`); units as in a plan: `5k` `30s` `1GiB` `90%`; never unknown values |
//! | `col:=word` | whose text in the column is exactly that (`!=`: anything else) |
//! | `!word` | for which the word does not hold |
//!
//! A filter is evaluated for up to 100,000 rows on every key: it allocates nothing for a cell. Case is ignored for
//! ASCII, and for all letters if the filter itself contains non-ASCII letters.

mod words;

use regex::{Regex, RegexBuilder};

use self::words::{Text, words};
use base::view::{Cell, Column, Key, Row, Table};
use plan::lower::runbook::quantity;

/// A parsed filter.
#[derive(Debug, Clone, Default)]
pub struct Filter(Vec<Word>);

#[derive(Debug, Clone)]
struct Word {
    not: bool,
    column: Option<usize>,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    /// In lower case.
    Text(String),
    Regex(Regex),
    /// Also as it was written, for texts that look like numbers.
    Number(Compare, f64, String),
    /// `true`: the whole text; `false`: anything else.
    Whole(bool, String),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Compare {
    More,
    MoreOrEqual,
    Less,
    LessOrEqual,
    Equal,
    Differs,
}

/// Comparison operators, the longer first.
const COMPARE: [(&str, Compare); 6] = [
    (">=", Compare::MoreOrEqual),
    ("<=", Compare::LessOrEqual),
    ("!=", Compare::Differs),
    (">", Compare::More),
    ("<", Compare::Less),
    ("=", Compare::Equal),
];

impl Filter {
    /// Parses a filter for a table with these columns.
    ///
    /// # Errors
    /// A message of one line: which word is wrong, and why.
    pub fn parse(text: &str, columns: &[Column]) -> Result<Self, String> {
        let one = |w: &words::Written| Word::parse(w, columns).map_err(|why| format!("{}: {why}", w.shown));
        words(text).iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a row passes.
    #[must_use]
    pub fn keeps(&self, row: &Row) -> bool {
        self.0.iter().all(|word| word.not != word.holds(row))
    }

    /// Indexes of the rows that pass.
    #[must_use]
    pub fn rows(&self, table: &Table) -> Vec<usize> {
        if self.0.is_empty() {
            return (0..table.rows.len()).collect();
        }
        table.rows.iter().enumerate().filter(|(_, r)| self.keeps(r)).map(|(i, _)| i).collect()
    }
}

impl Word {
    fn parse(word: &words::Written, columns: &[Column]) -> Result<Self, String> {
        let (column, test) = match &word.column {
            None => (None, word.test.clone()),
            Some(name) => match column(name, columns)? {
                Some(i) => (Some(i), word.test.clone()),
                // `db1:27017` is a text unless the table has a column `db1`; a comparison is never an address.
                None if is_address(name, &word.test) => (None, word.whole()),
                None => return Err(format!("no column `{name}`; there is {}", list(columns, |_| true))),
            },
        };
        Ok(Self { not: word.not, column, test: Test::parse(&test, column.is_some())? })
    }

    fn holds(&self, row: &Row) -> bool {
        match self.column {
            Some(i) => row.cells.get(i).is_some_and(|c| self.test.holds(c)),
            None => row.cells.iter().any(|c| self.test.holds(c)),
        }
    }
}

/// Whether a word with a colon looks more like a host's address than like a column and a value.
fn is_address(name: &str, value: &Text) -> bool {
    let Text::Plain(value) = value else { return name.contains('.') };
    let compares = COMPARE.iter().any(|(sign, _)| value.starts_with(sign));
    !compares && (name.contains('.') || value.parse::<u16>().is_ok())
}

/// Finds a column by id, by title, with or without its group, or by a unique prefix of an id.
///
/// # Errors
/// If the name is ambiguous.
fn column(name: &str, columns: &[Column]) -> Result<Option<usize>, String> {
    let name = name.to_lowercase();
    if let Some(i) = columns.iter().position(|c| c.id == name) {
        return Ok(Some(i));
    }
    let (group, rest) = name.split_once('.').map_or((None, name.as_str()), |(group, rest)| (Some(group), rest));
    let within = |c: &Column| {
        let has = |group: &str| c.group.split_whitespace().any(|w| w.to_lowercase() == group);
        group.is_none_or(has)
    };
    let titled = |c: &Column| within(c) && (c.id == rest || c.title.to_lowercase() == rest);
    let begins = |c: &Column| within(c) && (c.id.starts_with(rest) || c.title.to_lowercase().starts_with(rest));
    for meant in [&titled as &dyn Fn(&Column) -> bool, &begins] {
        let mut found = columns.iter().enumerate().filter(|(_, c)| meant(c)).map(|(i, _)| i);
        match (found.next(), found.next()) {
            (Some(one), None) => return Ok(Some(one)),
            (Some(_), Some(_)) => return Err(format!("several columns are `{name}`: {}", list(columns, meant))),
            _ => {}
        }
    }
    Ok(None)
}

/// Ids of columns.
fn list(columns: &[Column], which: impl Fn(&Column) -> bool) -> String {
    columns.iter().filter(|c| which(c)).map(|c| c.id).collect::<Vec<_>>().join(" ")
}

impl Test {
    fn parse(text: &Text, of_column: bool) -> Result<Self, String> {
        let plain = match text {
            Text::Quoted(text) => return Ok(Self::Text(text.to_lowercase())),
            Text::Regex(expression) => {
                let built = RegexBuilder::new(expression).case_insensitive(true).size_limit(1 << 20).build();
                return built.map(Self::Regex).map_err(|e| {
                    let text = e.to_string();
                    let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                    format!("bad expression: {why}")
                });
            }
            Text::Plain(text) => text,
        };
        let compare = COMPARE.iter().find_map(|(sign, c)| Some((*c, plain.strip_prefix(sign)?)));
        let Some((compare, value)) = compare.filter(|_| of_column) else { return Ok(Self::Text(plain.to_lowercase())) };
        match (quantity::amount(value), compare) {
            (Some(number), _) => Ok(Self::Number(compare, number, value.to_lowercase())),
            (None, _) if value.is_empty() => Err("a number is missing".into()),
            (None, Compare::Equal | Compare::Differs) => {
                Ok(Self::Whole(compare == Compare::Equal, value.trim_matches('"').to_lowercase()))
            }
            (None, _) => {
                Err(format!("`{value}` is not a number; units are k M G, ms s m h d, B KiB MiB GiB, % and /s"))
            }
        }
    }

    fn holds(&self, cell: &Cell) -> bool {
        match (self, &cell.key) {
            (Self::Text(text), _) => contains(&cell.text, text),
            (Self::Regex(regex), _) => regex.is_match(&cell.text),
            (Self::Whole(..), Key::None | Key::Spark(_)) => false,
            (Self::Whole(is, text), _) => same(&cell.text, text) == *is,
            (Self::Number(compare, bound, _), Key::Number(value)) => match compare {
                Compare::More => value > bound,
                Compare::MoreOrEqual => value >= bound,
                Compare::Less => value < bound,
                Compare::LessOrEqual => value <= bound,
                Compare::Equal => (value - bound).abs() < f64::EPSILON,
                Compare::Differs => (value - bound).abs() >= f64::EPSILON,
            },
            (Self::Number(Compare::Equal, _, text), Key::Text) => same(&cell.text, text),
            (Self::Number(Compare::Differs, _, text), Key::Text) => !same(&cell.text, text),
            (Self::Number(..), _) => false,
        }
    }
}

/// Whether a text contains another, which is in lower case.
fn contains(text: &str, small: &str) -> bool {
    let Some((&first, rest)) = small.as_bytes().split_first() else { return true };
    if !small.is_ascii() {
        return text.to_lowercase().contains(small);
    }
    let text = text.as_bytes();
    let Some(last) = text.len().checked_sub(small.len()) else { return false };
    let begins = |at: usize| text[at].to_ascii_lowercase() == first;
    (0..=last).any(|at| begins(at) && text[at + 1..=at + rest.len()].eq_ignore_ascii_case(rest))
}

fn same(text: &str, small: &str) -> bool {
    if small.is_ascii() { text.eq_ignore_ascii_case(small) } else { text.to_lowercase() == small }
}

#[cfg(test)]
mod tests;
