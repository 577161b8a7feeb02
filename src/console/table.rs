//! How one table is looked at: which row is selected, in which order, through which filter. The rows are those that remain. And which tables
//! of the place where the operator is are meant.

use super::{
    dialog::Dialog,
    rows::{Rows, Sort},
    ui::{At, Drawn, Entry, Ui},
};
use crate::view::Table;

/// A table, by the id of its place (a page's panel, or `detail`) and its own.
pub type TableKey = (&'static str, &'static str);

/// Place of tables that belong to a detail.
const DETAIL: &str = "detail";

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

impl Ui {
    /// The place whose tables are on screen.
    #[must_use]
    pub fn place(&self) -> &'static str {
        match self.at {
            At::Detail => DETAIL,
            At::Page(_) => self.panel().map_or("", |p| p.id),
        }
    }

    /// The tables on screen.
    #[must_use]
    pub fn shown_tables(&self) -> &[Table] {
        match self.at {
            At::Detail => self.detail.as_ref().map_or(&[], |d| &d.tables),
            At::Page(_) => self.panel().map_or(&[], |p| &p.tables),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn table_count(&self) -> usize {
        self.shown_tables().len()
    }

    /// Index of the table that commands are about.
    #[must_use]
    pub fn focus(&self) -> usize {
        let wanted = self.focus.get(self.place()).copied().unwrap_or(0);
        wanted.min(self.table_count().saturating_sub(1))
    }

    /// The table that commands are about.
    #[must_use]
    pub fn focused(&self) -> Option<&Table> {
        self.shown_tables().get(self.focus())
    }

    /// How a table of this place is looked at.
    #[must_use]
    pub fn table_ui(&self, table: &'static str) -> Option<&TableUi> {
        self.tables.get(&(self.place(), table))
    }

    pub(super) fn focused_ui(&mut self) -> Option<&mut TableUi> {
        let key = (self.place(), self.focused()?.id);
        Some(self.tables.entry(key).or_default())
    }

    /// The focused table's order.
    #[must_use]
    pub fn sort(&self) -> Option<Sort> {
        self.table_ui(self.focused()?.id)?.sort
    }

    /// The focused table's filter.
    #[must_use]
    pub fn filter(&self) -> &str {
        self.focused().and_then(|t| self.table_ui(t.id)).map_or("", |t| &t.filter)
    }

    /// Id of the row that commands are about.
    #[must_use]
    pub fn selected(&self) -> Option<&str> {
        self.table_ui(self.focused()?.id)?.selected.as_deref()
    }

    /// Selects the focused table's row at `index` among those shown, or the last.
    pub(super) fn select(&mut self, index: usize) {
        let Some(table) = self.focused() else { return };
        let Some(at) = self.table_ui(table.id) else { return };
        let index = index.min(at.rows.order.len().saturating_sub(1));
        let id = at.rows.order.get(index).and_then(|&r| table.rows.get(r)).map(|r| r.id.clone());
        if let Some(at) = self.focused_ui() {
            (at.index, at.selected) = (index, id);
        }
    }

    /// Takes down how much of each table the last drawing had room for.
    pub fn drawn(&mut self, drawn: &Drawn) {
        self.tile_columns = drawn.tile_columns.unwrap_or(self.tile_columns);
        (self.detail_top, self.detail_last) = drawn.detail_top.unwrap_or((self.detail_top, self.detail_last));
        if let Entry::Help(_, top) = &mut self.entry {
            *top = drawn.help_top.unwrap_or(*top);
        }
        if let (Entry::Dialog(Dialog::Preview(_, top)), Some((first, room))) = (&mut self.entry, drawn.preview) {
            (*top, self.preview_room) = (first, room);
        }
        let place = self.place();
        for &(table, top, height) in &drawn.tables {
            let at = self.tables.entry((place, table)).or_default();
            (at.top, at.height) = (top, height);
        }
    }
}
