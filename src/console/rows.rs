//! Which rows of a table are shown, in which order, and how wide its columns want to be.
//!
//! Made when a picture, a filter or an order changes, never while drawing: drawing only looks at the rows it shows.

use std::cmp::Ordering;

use unicode_width::UnicodeWidthStr as _;

use super::filter::Filter;
use crate::view::{Align, Key, Row, Table, Tone};

/// An order other than the table's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// By this column.
    pub column: usize,
    /// Largest first.
    pub descending: bool,
}

impl Sort {
    /// The order after this one when cycling: the table's own, then by each column, numbers largest first.
    #[must_use]
    pub fn next(now: Option<Self>, table: &Table) -> Option<Self> {
        let column = now.map_or(0, |s| s.column + 1);
        let descending = table.columns.get(column)?.align == Align::Right;
        Some(Self { column, descending })
    }
}

/// How a column's content is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Content {
    /// Cells that its widest content takes, heading included.
    pub width: u16,
    /// Whether its cells begin with a glyph.
    pub glyphs: bool,
}

/// The rows of one table as they are shown.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Indexes into the table's rows.
    pub order: Vec<usize>,
    /// Its columns' contents.
    pub columns: Vec<Content>,
    /// What is wrong with the filter; then all rows are shown.
    pub error: Option<String>,
}

impl Rows {
    /// Made for a table; `before` keeps columns as wide as they have been, so that they do not twitch.
    #[must_use]
    pub fn of(table: &Table, filter: &str, sort: Option<Sort>, before: Option<&Self>) -> Self {
        let (filter, error) = match Filter::parse(filter, &table.columns) {
            Ok(filter) => (filter, None),
            Err(why) => (Filter::default(), Some(why)),
        };
        let mut order = filter.rows(table);
        if let Some(sort) = sort {
            order.sort_by(|&a, &b| compare(&table.rows[a], &table.rows[b], sort));
        }
        Self { order, columns: contents(table, before), error }
    }
}

fn contents(table: &Table, before: Option<&Rows>) -> Vec<Content> {
    let content = |(i, column): (usize, &crate::view::Column)| {
        let cells = || table.rows.iter().filter_map(move |r| r.cells.get(i));
        let glyphs = cells().any(|c| has_glyph(c.tone));
        let room = |c: &crate::view::Cell| c.text.width() + if glyphs { 2 } else { 0 };
        let widest = cells().map(room).max().unwrap_or(0).max(column.title.width());
        let was = before.and_then(|b| b.columns.get(i)).copied().unwrap_or_default();
        Content { width: u16::try_from(widest).unwrap_or(u16::MAX).max(was.width), glyphs: glyphs || was.glyphs }
    };
    table.columns.iter().enumerate().map(content).collect()
}

/// Whether a tone is drawn with a glyph.
#[must_use]
pub fn has_glyph(tone: Tone) -> bool {
    tone.glyph(false) != " "
}

/// What has no value comes last, whichever way.
fn compare(a: &Row, b: &Row, sort: Sort) -> Ordering {
    let (Some(x), Some(y)) = (a.cells.get(sort.column), b.cells.get(sort.column)) else { return Ordering::Equal };
    let turn = |o: Ordering| if sort.descending { o.reverse() } else { o };
    match (&x.key, &y.key) {
        (Key::None, Key::None) => Ordering::Equal,
        (Key::None, _) => Ordering::Greater,
        (_, Key::None) => Ordering::Less,
        (Key::Number(p), Key::Number(q)) => turn(p.total_cmp(q)),
        _ => turn(x.text.cmp(&y.text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Cell, Column};

    fn table() -> Table {
        let row = |id: &str, lag: Cell| Row { id: id.into(), cells: vec![Cell::text(id.to_owned()), lag] };
        Table {
            id: "t",
            title: "t".into(),
            columns: vec![Column::text("id", "id", 1), Column::number("lag", "lag", 1)],
            rows: vec![
                row("b", Cell::count(7)),
                row("a", Cell::none()),
                row("c", Cell::number(1000.0, "1000").tone(Tone::Bad)),
            ],
            empty: "",
        }
    }

    #[test]
    fn what_is_not_known_sorts_last_whichever_way() {
        let order = |descending| Rows::of(&table(), "", Some(Sort { column: 1, descending }), None).order;
        assert_eq!(order(true), [2, 0, 1]);
        assert_eq!(order(false), [0, 2, 1]);
    }

    #[test]
    fn cycling_goes_through_the_columns_and_back_to_the_tables_own_order() {
        let table = table();
        let first = Sort::next(None, &table);
        assert_eq!(first, Some(Sort { column: 0, descending: false }));
        let second = Sort::next(first, &table);
        assert_eq!(second, Some(Sort { column: 1, descending: true }));
        assert_eq!(Sort::next(second, &table), None);
    }

    #[test]
    fn a_bad_filter_hides_nothing_and_columns_never_shrink_back() {
        let mut table = table();
        let wide = Rows::of(&table, "nothing:", None, None);
        assert_eq!((wide.order.len(), wide.error.is_some()), (3, true));
        assert_eq!(wide.columns[1], Content { width: 6, glyphs: true });
        table.rows.truncate(1);
        assert_eq!(Rows::of(&table, "", None, Some(&wide)).columns[1], wide.columns[1]);
        assert_eq!(Rows::of(&table, "", None, None).columns[1], Content { width: 3, glyphs: false });
    }
}
