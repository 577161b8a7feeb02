//! How one table is looked at: which row is selected, in which order, through which filter. The rows are those that remain.

use super::rows::{Rows, Sort};
use crate::view::Table;

/// A table, by the id of its place (a page's panel, or `detail`) and its own.
pub type TableKey = (&'static str, &'static str);

/// How one table is looked at.
#[derive(Debug, Default)]
pub struct TableUi {
    /// Id of the selected row.
    pub selected: Option<String>,
    /// Where it stands among the rows shown; kept when the row is gone.
    pub index: usize,
    /// First row on screen.
    pub top: usize,
    /// Rows on screen.
    pub height: usize,
    /// Order.
    pub sort: Option<Sort>,
    /// Filter.
    pub filter: String,
    /// The rows shown.
    pub rows: Rows,
}

impl TableUi {
    /// The selection stays on its row wherever that has gone; if it is gone, on the place where it was.
    pub(super) fn keep_selection(&mut self, table: &Table) {
        let id = |i: usize| self.rows.order.get(i).and_then(|&r| table.rows.get(r)).map(|r| r.id.as_str());
        let there = self.selected.as_deref().and_then(|s| (0..self.rows.order.len()).find(|&i| id(i) == Some(s)));
        let index = there.unwrap_or_else(|| self.index.min(self.rows.order.len().saturating_sub(1)));
        self.selected = id(index).map(str::to_owned);
        self.index = index;
    }
}
