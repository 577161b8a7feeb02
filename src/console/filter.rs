//! Filters for a table's rows: a list of words that must all hold.
//!
//! | word | keeps rows |
//! | --- | --- |
//! | `text` | that contain the text in any cell, ignoring case |
//! | `"two words"` | the same; blanks and special characters are literal |
//! | `/regex/` | with a cell that matches the expression |
//! | `col:word` | whose cell in the column holds the word; the column by its id or its heading. A heading that several columns have means any of them; `group.col:word` means the one of that group |
//! | `col:>100` | whose number is greater (`>` `>=` `<` `<=` `=` `!=`); units as in a plan: `5k` `30s` `1GiB` `90%`; never unknown values |
//! | `col:=word` | whose text in the column is exactly that (`!=`: anything else) |
//! | `!word` | for which the word does not hold |
//!
//! A filter applies to all tables of its place. A word whose column only another table of the place has does not apply to this one: a filter
//! of one table must not empty those beside it. A column that no table has is an error.
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
pub struct Filter {
    words: Vec<Word>,
    missing: Vec<String>,
}

#[derive(Debug, Clone)]
struct Word {
    not: bool,
    columns: Columns,
    test: Test,
}

/// The columns that a word applies to.
#[derive(Debug, Clone)]
enum Columns {
    All,
    /// Those that have the name: several if it is a heading in more than one group.
    Named(Vec<usize>),
}

/// What a word is for one table.
enum Parsed {
    Word(Word),
    /// Only other tables of the place have its column.
    Missing(String),
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
    /// Parses a filter for a table with these columns. `place`: all tables of its place.
    ///
    /// # Errors
    /// A message of one line: which word is wrong, and why.
    pub fn parse(text: &str, columns: &[Column], place: &[Table]) -> Result<Self, String> {
        let mut out = Self::default();
        for word in words(text) {
            match Word::parse(&word, columns, place).map_err(|why| format!("{}: {why}", word.shown))? {
                Parsed::Word(word) => out.words.push(word),
                Parsed::Missing(name) if out.missing.contains(&name) => {}
                Parsed::Missing(name) => out.missing.push(name),
            }
        }
        Ok(out)
    }

    /// Names of columns that only other tables of the place have: those words do not apply.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Whether no word applies.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether a row passes.
    #[must_use]
    pub fn keeps(&self, row: &Row) -> bool {
        self.words.iter().all(|word| word.not != word.holds(row))
    }

    /// Indexes of the rows that pass.
    #[must_use]
    pub fn rows(&self, table: &Table) -> Vec<usize> {
        if self.words.is_empty() {
            return (0..table.rows.len()).collect();
        }
        table.rows.iter().enumerate().filter(|(_, r)| self.keeps(r)).map(|(i, _)| i).collect()
    }
}

impl Word {
    fn parse(word: &words::Written, columns: &[Column], place: &[Table]) -> Result<Parsed, String> {
        let (found, test) = match &word.column {
            None => (Columns::All, word.test.clone()),
            Some(name) => match named(name, columns, place)? {
                Found::Columns(found) => (Columns::Named(found), word.test.clone()),
                Found::Elsewhere => {
                    Test::parse(&word.test, true)?;
                    return Ok(Parsed::Missing(name.clone()));
                }
                // `db1:27017` is a text unless a table has a column `db1`; a comparison is never an address.
                Found::Nowhere if is_address(name, &word.test) => (Columns::All, word.whole()),
                Found::Nowhere => return Err(format!("no column `{name}`; there is {}", list(columns, |_| true))),
            },
        };
        let test = Test::parse(&test, matches!(found, Columns::Named(_)))?;
        Ok(Parsed::Word(Self { not: word.not, columns: found, test }))
    }

    fn holds(&self, row: &Row) -> bool {
        let holds = |i: &usize| row.cells.get(*i).is_some_and(|c| self.test.holds(c));
        match &self.columns {
            // Of several columns none may have the value.
            Columns::Named(found) if self.test.differs() => found.iter().all(holds),
            Columns::Named(found) => found.iter().any(holds),
            Columns::All => row.cells.iter().any(|c| self.test.holds(c)),
        }
    }
}

/// Whether a word with a colon looks more like a host's address than like a column and a value.
fn is_address(name: &str, value: &Text) -> bool {
    let Text::Plain(value) = value else { return name.contains('.') };
    let compares = COMPARE.iter().any(|(sign, _)| value.starts_with(sign));
    !compares && (name.contains('.') || value.parse::<u16>().is_ok())
}

/// Where the columns of a name are.
enum Found {
    Columns(Vec<usize>),
    /// Only in other tables of the place.
    Elsewhere,
    Nowhere,
}

/// Finds columns by id, by heading, with or without the group, or by a unique prefix. A heading may be that of several columns. What is a
/// prefix here and a name in another table means the other table's column.
///
/// # Errors
/// If it is a prefix of several.
fn named(name: &str, columns: &[Column], place: &[Table]) -> Result<Found, String> {
    let name = name.to_lowercase();
    if let Some(i) = columns.iter().position(|c| c.id == name) {
        return Ok(Found::Columns(vec![i]));
    }
    let (group, rest) = name.split_once('.').map_or((None, name.as_str()), |(group, rest)| (Some(group), rest));
    let within = |c: &Column| {
        let has = |group: &str| c.group.split_whitespace().any(|w| w.to_lowercase() == group);
        // The cells of a sparkline have no text.
        !c.spark && group.is_none_or(has)
    };
    let is = |c: &Column| within(c) && (c.id == rest || c.title.to_lowercase() == rest);
    let begins = |c: &Column| within(c) && (c.id.starts_with(rest) || c.title.to_lowercase().starts_with(rest));
    for meant in [&is as &dyn Fn(&Column) -> bool, &begins] {
        let found: Vec<usize> = columns.iter().enumerate().filter(|(_, c)| meant(c)).map(|(i, _)| i).collect();
        if found.len() > 1 && !columns.iter().any(is) {
            return Err(format!("several columns are `{name}`: {}", list(columns, meant)));
        }
        if !found.is_empty() {
            return Ok(Found::Columns(found));
        }
        if place.iter().flat_map(|table| &table.columns).any(|c| c.id == name || meant(c)) {
            return Ok(Found::Elsewhere);
        }
    }
    Ok(Found::Nowhere)
}

/// Names of columns.
fn list(columns: &[Column], which: impl Fn(&Column) -> bool) -> String {
    columns.iter().filter(|c| which(c)).map(|c| called(c, columns)).collect::<Vec<_>>().join(", ")
}

/// What a column is called wherever it is chosen: its heading, after that of its group where there is one. Its id where it has no heading, or
/// not one of its own.
pub(super) fn called(column: &Column, columns: &[Column]) -> String {
    let group = |c: &Column| c.group.split_whitespace().next().unwrap_or_default().to_owned();
    let name = |c: &Column| (group(c), if c.title.is_empty() { c.id.to_owned() } else { c.title.to_lowercase() });
    let own = columns.iter().filter(|c| name(c) == name(column)).count() < 2;
    let (group, title) = if own { name(column) } else { (group(column), column.id.to_owned()) };
    if group.is_empty() { title } else { format!("{group}.{title}") }
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

    /// Whether it holds for what has another value.
    const fn differs(&self) -> bool {
        matches!(self, Self::Number(Compare::Differs, ..) | Self::Whole(false, _))
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
