//! Which rows of a table are shown, in which order, and how wide its columns are.
//!
//! Computed when the view model, a filter or an order changes, never while drawing: drawing only reads the visible
//! rows. It runs between a key and the screen, so it must take only milliseconds for 100,000 rows (`benches/console`):
//! it creates no text, reads each cell at most once, and samples the widths of a long table; drawing widens a column
//! if it shows more ([`widened`]).

use super::{
    cells,
    filter::Filter,
    order::{self, Sort},
};
use base::view::{Cell, Column, Key, Row, SPARK, Table, Tone};

/// Properties of a column's content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Content {
    /// Cells that its widest content takes, heading included.
    pub width: u16,
    /// Whether its cells begin with a glyph.
    pub glyphs: bool,
}

impl Content {
    /// Includes the content of these cells. The width never shrinks.
    fn with<'a>(self, cells: impl Iterator<Item = &'a Cell>) -> Self {
        let (mut widest, mut glyphs) = (0, self.glyphs);
        for cell in cells {
            let width = match cell.key {
                Key::Spark(_) => SPARK,
                _ if cell.text.is_ascii() => cell.text.len(),
                _ => cells::width(&cell.text),
            };
            widest = widest.max(width);
            glyphs |= has_glyph(cell.tone);
        }
        // A glyph and a blank.
        let width = u16::try_from(widest + if glyphs { 2 } else { 0 }).unwrap_or(u16::MAX);
        Self { width: self.width.max(width), glyphs }
    }
}

/// The rows of one table as they are shown.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Indexes into the table's rows.
    pub order: Vec<usize>,
    /// Its columns' contents.
    pub columns: Vec<Content>,
    /// The error in the filter; the last valid filter then stays in effect.
    pub error: Option<String>,
    /// The current order.
    sort: Option<Sort>,
    /// The filter in effect, its text, and the number of columns it was parsed for.
    filter: Filter,
    text: String,
    of: usize,
}

/// Number of rows that are read for the column widths of a long table.
const SAMPLE: usize = 400;

impl Rows {
    /// Computes the rows of a table. `place`: all tables of its place, to which the filter applies. `before` keeps the columns at least as wide as they were, so that they do not
    /// jump, and provides what can be reused.
    #[must_use]
    pub fn of(table: &Table, place: &[Table], text: &str, sort: Option<Sort>, before: Option<&Self>) -> Self {
        let before = before.filter(|b| b.of == table.columns.len());
        let again = before.filter(|b| b.error.is_none() && b.text == text).map(|b| Ok(b.filter.clone()));
        let (filter, error) = match again.unwrap_or_else(|| Filter::parse(text, &table.columns, place)) {
            Ok(filter) => (filter, None),
            Err(why) => (before.map(|b| b.filter.clone()).unwrap_or_default(), Some(why)),
        };
        let kept = filter.rows(table);
        let order = match sort {
            Some(sort) => {
                let same = before.filter(|b| b.sort == Some(sort)).map_or(&[][..], |b| &b.order);
                order::sort(table, kept, sort, same)
            }
            None => kept,
        };
        let columns = contents(table, before);
        Self { order, columns, error, sort, filter, text: text.to_owned(), of: table.columns.len() }
    }
}

impl Rows {
    /// The filter in effect.
    #[must_use]
    pub const fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether they are rows of this table, made for this filter and this order.
    pub(super) fn are_of(&self, table: &Table, text: &str, sort: Option<Sort>) -> bool {
        self.of == table.columns.len() && self.text == text && self.sort == sort
    }

    /// The same, with columns at least as wide as before: those may have grown while these rows were made.
    #[must_use]
    pub fn no_narrower(mut self, before: &Self) -> Self {
        if self.of == before.of {
            for (now, was) in self.columns.iter_mut().zip(&before.columns) {
                *now = Content { width: now.width.max(was.width), glyphs: now.glyphs || was.glyphs };
            }
        }
        self
    }
}

fn contents(table: &Table, before: Option<&Rows>) -> Vec<Content> {
    let step = table.rows.len().div_ceil(SAMPLE).max(1);
    let content = |(i, column): (usize, &Column)| {
        let was = before.and_then(|b| b.columns.get(i)).copied().unwrap_or_default();
        let title = u16::try_from(cells::width(&column.title)).unwrap_or(u16::MAX);
        let cells = table.rows.iter().step_by(step).filter_map(|r| r.cells.get(i));
        Content { width: was.width.max(title), ..was }.with(cells)
    };
    table.columns.iter().enumerate().map(content).collect()
}

/// The contents of the columns in these rows, headings included.
#[must_use]
pub fn on_screen<'a>(table: &Table, contents: &[Content], rows: impl Iterator<Item = &'a Row> + Clone) -> Vec<Content> {
    let one = |(i, column): (usize, &Column)| {
        let title = u16::try_from(cells::width(&column.title)).unwrap_or(u16::MAX);
        let glyphs = contents.get(i).is_some_and(|c| c.glyphs);
        Content { width: title, glyphs }.with(rows.clone().filter_map(move |r| r.cells.get(i)))
    };
    table.columns.iter().enumerate().map(one).collect()
}

/// Widens the contents for those on screen, so that nothing there is cut because a sample missed it.
#[must_use]
pub fn widened(contents: &[Content], on_screen: &[Content]) -> Vec<Content> {
    let wider = |(all, seen): (&Content, &Content)| Content { width: all.width.max(seen.width), glyphs: seen.glyphs };
    contents.iter().zip(on_screen).map(wider).collect()
}

/// Whether a tone is drawn with a glyph.
#[must_use]
pub fn has_glyph(tone: Tone) -> bool {
    tone.glyph(false) != " "
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn table() -> Table {
        let row = |id: &str, lag: Cell| Row::new(id, [Cell::text(id.to_owned()), lag]);
        Table {
            id: "t",
            title: "t".into(),
            columns: vec![Column::text("id", "id", 1), Column::number("lag", "lag", 1)],
            rows: vec![
                row("b", Cell::count(7)),
                row("a", Cell::none()),
                row("c", Cell::number(1000.0, "1000").tone(Tone::Bad)),
            ]
            .into(),
            empty: "",
        }
    }

    #[test]
    fn what_is_not_known_sorts_last_whichever_way() {
        let order = |descending| Rows::of(&table(), &[], "", Some(Sort { column: 1, descending }), None).order;
        assert_eq!(order(true), [2, 0, 1]);
        assert_eq!(order(false), [0, 2, 1]);
    }

    #[test]
    fn a_filter_that_is_wrong_leaves_what_the_last_right_one_showed() {
        let mut table = table();
        let none = Rows::of(&table, &[], "nothing:", None, None);
        assert_eq!((none.order.len(), none.error.is_some()), (3, true), "there was none before");
        let right = Rows::of(&table, &[], "lag:>5", None, None);
        assert_eq!(right.order, [0, 2]);
        table.rows = table.rows[1..].into();
        let wrong = Rows::of(&table, &[], "lag:>5 lag:<", None, Some(&right));
        assert_eq!((&wrong.order[..], wrong.error.is_some()), (&[1][..], true), "of the rows that there are now");
        assert_eq!(Rows::of(&table, &[], "lag:>5 lag:<9", None, Some(&wrong)).order, [] as [usize; 0]);
        assert_eq!(Rows::of(&table, &[], "", None, Some(&wrong)).order.len(), 2);
    }

    #[test]
    fn columns_never_shrink_back() {
        let mut table = table();
        let wide = Rows::of(&table, &[], "", None, None);
        assert_eq!(wide.columns[1], Content { width: 6, glyphs: true });
        table.rows = table.rows[..1].into();
        assert_eq!(Rows::of(&table, &[], "", None, Some(&wide)).columns[1], wide.columns[1]);
        assert_eq!(Rows::of(&table, &[], "", None, None).columns[1], Content { width: 3, glyphs: false });
    }

    #[test]
    fn what_the_sample_of_a_long_table_missed_is_seen_when_it_is_shown() {
        let mut table = table();
        table.rows = (0..10 * SAMPLE).map(|i| Row::new(i.to_string(), [Cell::text("x")])).collect();
        let row = &mut Arc::make_mut(&mut table.rows)[1];
        Arc::make_mut(&mut row.cells)[0] = Cell::text("a longer one").tone(Tone::Good);
        let rows = Rows::of(&table, &[], "", None, None);
        assert_eq!(rows.columns[0], Content { width: 2, glyphs: false });
        let seen = on_screen(&table, &rows.columns, table.rows[..20].iter());
        let shown = widened(&rows.columns, &seen);
        assert_eq!(shown[0], Content { width: 14, glyphs: true });
    }
}
