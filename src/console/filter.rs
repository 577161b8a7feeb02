//! Filters over a table's rows: words that all must hold.
//!
//! | word | holds for rows |
//! | --- | --- |
//! | `text` | with the text in any cell, whatever its case |
//! | `/regex/` | with a cell that the expression matches |
//! | `col:word` | where the column's cell does that |
//! | `col:>100` | where the column's number is greater (`>` `>=` `<` `<=` `=`); no row whose value is not known |
//! | `!word` | where the word does not hold |

use regex::{Regex, RegexBuilder};

use crate::view::{Cell, Column, Key, Row, Table};

/// A filter, ready to be asked.
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
    Text(String),
    Regex(Regex),
    Number(Compare, f64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Compare {
    More,
    MoreOrEqual,
    Less,
    LessOrEqual,
    Equal,
}

/// What a comparison begins with, the longer first.
const COMPARE: [(&str, Compare); 5] = [
    (">=", Compare::MoreOrEqual),
    ("<=", Compare::LessOrEqual),
    (">", Compare::More),
    ("<", Compare::Less),
    ("=", Compare::Equal),
];

impl Filter {
    /// Reads a filter for a table with these columns.
    ///
    /// # Errors
    /// In one line, for the operator: a column that is not there, a bad expression, a number that is none.
    pub fn parse(text: &str, columns: &[Column]) -> Result<Self, String> {
        words(text).iter().map(|w| Word::parse(w, columns)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a row passes.
    #[must_use]
    pub fn keeps(&self, row: &Row) -> bool {
        self.0.iter().all(|word| word.not != word.holds(row))
    }

    /// Indexes of a table's rows that pass.
    #[must_use]
    pub fn rows(&self, table: &Table) -> Vec<usize> {
        table.rows.iter().enumerate().filter(|(_, r)| self.keeps(r)).map(|(i, _)| i).collect()
    }
}

/// Parts at blanks, but not inside `/…/`.
fn words(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let (mut regex, mut escaped) = (false, false);
    for c in text.chars() {
        let last = out.last_mut().map_or("", |w| w.as_str());
        if c == '/' && !escaped && (regex || matches!(last, "" | "!") || last.ends_with(':')) {
            regex = !regex;
        }
        escaped = c == '\\' && !escaped;
        match out.last_mut() {
            Some(word) if regex || !c.is_whitespace() => word.push(c),
            _ => out.push(String::new()),
        }
    }
    out.retain(|w| !w.is_empty());
    out
}

impl Word {
    fn parse(word: &str, columns: &[Column]) -> Result<Self, String> {
        let (not, rest) = word.strip_prefix('!').map_or((false, word), |r| (true, r));
        let named = rest.split_once(':').filter(|(name, _)| !name.is_empty() && !name.starts_with('/'));
        let (column, test) = match named {
            // `db1:27017` is text unless the table has such a column.
            Some((name, value)) => match column(name, columns) {
                Some(i) => (Some(i), value),
                None if name.contains('.') || value.parse::<u16>().is_ok() => (None, rest),
                None => {
                    let known: Vec<&str> = columns.iter().map(|c| c.id).collect();
                    return Err(format!("no column `{name}`; there is {}", known.join(" ")));
                }
            },
            None => (None, rest),
        };
        Ok(Self { not, column, test: Test::parse(test, column.is_some())? })
    }

    fn holds(&self, row: &Row) -> bool {
        match self.column {
            Some(i) => row.cells.get(i).is_some_and(|c| self.test.holds(c)),
            None => row.cells.iter().any(|c| self.test.holds(c)),
        }
    }
}

/// By id, or by the only id that begins so.
fn column(name: &str, columns: &[Column]) -> Option<usize> {
    let name = name.to_lowercase();
    let begins = |(_, c): &(usize, &Column)| c.id.starts_with(&name);
    columns.iter().position(|c| c.id == name).or_else(|| {
        let mut found = columns.iter().enumerate().filter(begins);
        found.next().filter(|_| found.next().is_none()).map(|(i, _)| i)
    })
}

impl Test {
    fn parse(text: &str, of_column: bool) -> Result<Self, String> {
        if let Some(expression) = text.strip_prefix('/') {
            let expression = expression.strip_suffix('/').unwrap_or(expression);
            let built = RegexBuilder::new(expression).case_insensitive(true).size_limit(1 << 20).build();
            return built.map(Self::Regex).map_err(|e| {
                let text = e.to_string();
                format!("bad expression: {}", text.lines().last().unwrap_or_default().trim_start_matches("error: "))
            });
        }
        let compare = COMPARE.iter().find_map(|(sign, c)| Some((*c, text.strip_prefix(sign)?)));
        match compare.filter(|_| of_column) {
            Some((compare, number)) => match number.parse() {
                Ok(number) => Ok(Self::Number(compare, number)),
                Err(_) if number.is_empty() => Err("a number is missing".into()),
                Err(_) => Err(format!("`{number}` is not a number")),
            },
            None => Ok(Self::Text(text.to_lowercase())),
        }
    }

    fn holds(&self, cell: &Cell) -> bool {
        match (self, &cell.key) {
            (Self::Text(text), _) => cell.text.to_lowercase().contains(text),
            (Self::Regex(regex), _) => regex.is_match(&cell.text),
            (Self::Number(compare, bound), Key::Number(value)) => match compare {
                Compare::More => value > bound,
                Compare::MoreOrEqual => value >= bound,
                Compare::Less => value < bound,
                Compare::LessOrEqual => value <= bound,
                Compare::Equal => (value - bound).abs() < f64::EPSILON,
            },
            (Self::Number(..), Key::None | Key::Text) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let row = |host: &str, lag: Cell| Row { id: host.into(), cells: vec![Cell::text(host.to_owned()), lag] };
        Table {
            id: "t",
            title: "t".into(),
            columns: vec![
                Column::text("host", "host", 4),
                Column::number("lag", "lag", 4),
                Column::text("lags", "", 1),
            ],
            rows: vec![
                row("db1:27017", Cell::count(5)),
                row("db2:27017", Cell::count(150)),
                row("DB3.ore:27018", Cell::none()),
            ],
            empty: "",
        }
    }

    fn kept(filter: &str) -> Vec<usize> {
        let table = table();
        Filter::parse(filter, &table.columns).unwrap().rows(&table)
    }

    #[test]
    fn words_must_all_hold() {
        assert_eq!(kept(""), [0, 1, 2]);
        assert_eq!(kept("db3"), [2]);
        assert_eq!(kept("27017 !db1"), [1]);
        assert_eq!(kept("db1:27017"), [0], "a port is not a column");
        assert_eq!(kept("ho:/db[13]/"), [0, 2]);
        assert_eq!(kept("!/^db1.*7$/"), [1, 2]);
        assert_eq!(kept("/db1 | db2/"), [] as [usize; 0], "blanks belong to an expression");
    }

    #[test]
    fn an_unknown_value_passes_no_comparison() {
        assert_eq!(kept("lag:>100"), [1]);
        assert_eq!(kept("lag:<=150"), [0, 1]);
        assert_eq!(kept("lag:>=0"), [0, 1]);
        assert_eq!(kept("lag:=5"), [0]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let columns = table().columns;
        let why = |text| Filter::parse(text, &columns).unwrap_err();
        assert_eq!(why("lg:>1"), "no column `lg`; there is host lag lags");
        assert_eq!(why("lag:>x"), "`x` is not a number");
        assert_eq!(why("lag:>"), "a number is missing");
        assert!(why("/(/").starts_with("bad expression: unclosed group"), "{}", why("/(/"));
    }
}
