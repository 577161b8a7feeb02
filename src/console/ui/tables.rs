//! The tables of the place on screen: which are visible, which one is focused, and its filter, order and selected row.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use super::{At, Ui, settle::RowsOf};
use crate::{
    choices::Changes,
    order::Sort,
    table::{TableKey, TableUi},
    view_model::meant,
};
use base::view::Table;

/// Place of tables that belong to a detail.
const DETAIL: &str = "detail";

/// The tables.
#[derive(Debug, Default)]
pub struct Lists {
    /// All columns in full.
    pub wide: bool,
    /// Columns scrolled away to the left, when wide.
    pub scroll: usize,
    pub(super) tables: HashMap<TableKey, TableUi>,
    /// The focused table of each place.
    pub(super) focus: HashMap<&'static str, usize>,
    /// The filter of each place: it applies to all its tables.
    pub(super) filters: HashMap<&'static str, String>,
    /// The places whose focused table has all the room.
    pub(crate) maximised: HashSet<&'static str>,
    /// What the current rows were made of.
    pub(super) made_of: Option<RowsOf>,
    /// Whether the rows shown are not the requested ones; the event loop then requests them from the render worker.
    pub(super) waits: bool,
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
            At::Detail => self.opened.detail.as_ref().map_or(&[], |d| &d.tables),
            At::Page(_) => self.panel().map_or(&[], |p| &p.tables),
        }
    }

    /// Number of tables on screen.
    #[must_use]
    pub fn table_count(&self) -> usize {
        self.shown_tables().len()
    }

    /// Index of the focused table.
    #[must_use]
    pub fn focus(&self) -> usize {
        let wanted = self.lists.focus.get(self.place()).copied().unwrap_or(0);
        wanted.min(self.table_count().saturating_sub(1))
    }

    /// Focuses a table of this place.
    pub(crate) fn focus_on(&mut self, table: usize) {
        self.lists.focus.insert(self.place(), table);
    }

    /// The focused table.
    #[must_use]
    pub fn focused(&self) -> Option<&Table> {
        self.shown_tables().get(self.focus())
    }

    /// The state of a table of this place.
    #[must_use]
    pub fn table_ui(&self, table: &'static str) -> Option<&TableUi> {
        self.lists.tables.get(&(self.place(), table))
    }

    pub(crate) fn focused_ui(&mut self) -> Option<&mut TableUi> {
        let key = (self.place(), self.focused()?.id);
        Some(self.lists.tables.entry(key).or_default())
    }

    /// The focused table's order.
    #[must_use]
    pub fn sort(&self) -> Option<Sort> {
        self.table_ui(self.focused()?.id)?.sort
    }

    /// The filter of the tables on screen.
    #[must_use]
    pub fn filter(&self) -> &str {
        self.lists.filters.get(self.place()).map_or("", String::as_str)
    }

    /// Filters all tables on screen.
    pub(crate) fn filter_by(&mut self, filter: String) {
        self.lists.filters.insert(self.place(), filter);
        self.settle(true);
    }

    /// The error in the filter: for the focused table, or else for another one on screen.
    #[must_use]
    pub fn filter_error(&self) -> Option<&str> {
        let error = |table: &Table| self.table_ui(table.id)?.rows.error.as_deref();
        self.focused().and_then(error).or_else(|| self.shown_tables().iter().find_map(error))
    }

    /// Whether the focused table has all the room of its place.
    #[must_use]
    pub fn is_maximised(&self) -> bool {
        self.focused().is_some() && self.lists.maximised.contains(self.place())
    }

    /// Gives the focused table all the room, or gives the other tables theirs again.
    pub(crate) fn maximise(&mut self) {
        let place = self.place();
        if !self.lists.maximised.remove(place) {
            self.lists.maximised.insert(place);
        }
    }

    /// Sorts the focused table.
    pub(crate) fn sort_by(&mut self, sort: Option<Sort>) {
        if let Some(table) = self.focused_ui() {
            table.sort = sort;
            table.top = 0;
        }
        self.chose();
        self.settle(true);
    }

    /// Ids of the columns of the focused table that the operator has hidden.
    #[must_use]
    pub fn hidden_columns(&self) -> &[&'static str] {
        self.focused().and_then(|table| self.table_ui(table.id)).map_or(&[], |at| &at.hidden)
    }

    /// Hides a column of the focused table, or shows it again; without an id, shows all.
    pub(crate) fn hide_or_show(&mut self, column: Option<&'static str>) {
        if let Some(table) = self.focused_ui() {
            match column {
                None => table.hidden.clear(),
                Some(id) if table.hidden.contains(&id) => table.hidden.retain(|hidden| *hidden != id),
                Some(id) => table.hidden.push(id),
            }
        }
        self.lists.scroll = 0;
        self.chose();
    }

    /// What the names of the tables on screen begin with where choices are kept.
    pub(super) fn table_names(&self) -> String {
        let panel = self.panel().map_or("", |p| p.id);
        if self.at == At::Detail { format!("{panel}/{DETAIL}/") } else { format!("{panel}/") }
    }

    /// Keeps the order and the columns of the focused table for the next start.
    fn chose(&mut self) {
        let Some((table, at)) = self.focused().and_then(|table| Some((table, self.table_ui(table.id)?))) else {
            return;
        };
        let own = (format!("{}{}", self.table_names(), table.id), at.choice(table));
        self.chosen.change(Changes { tables: [own].into(), ..Changes::default() });
    }

    /// Id of the selected row of the focused table.
    #[must_use]
    pub fn selected(&self) -> Option<&str> {
        self.table_ui(self.focused()?.id)?.selected.as_deref()
    }

    /// Selects the row of the focused table at `index` among those shown, or the last.
    pub(crate) fn select(&mut self, index: usize) {
        let place = self.place();
        let Some(id) = self.focused().map(|t| t.id) else { return };
        let Some(mut at) = self.lists.tables.remove(&(place, id)) else { return };
        if let Some(table) = self.focused() {
            at.point(table, index.min(at.rows.order.len().saturating_sub(1)));
        }
        self.lists.tables.insert((place, id), at);
    }

    /// Fingerprint of what must be drawn at once of the rows on screen.
    pub(crate) fn rows_fingerprint(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        for table in self.shown_tables() {
            let Some(at) = self.table_ui(table.id) else { continue };
            // One row more or less is visible at the end of a list.
            (at.rows.order.len(), at.waits).hash(&mut hash);
            for row in at.shown(table) {
                row.id.hash(&mut hash);
                row.cells.iter().for_each(|c| meant(c, &mut hash));
            }
        }
        hash.finish()
    }
}
