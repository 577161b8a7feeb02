//! Updates rows, selections and the open detail for the current view model, filters and orders.

use std::sync::Arc;

use super::{At, Ui};
use crate::{
    prepared::{Looking, Prepared, Wanted, is_long},
    rows::Rows,
    table::TableUi,
    view_model::{ViewModel, own_detail},
};
use base::view::{Detail, Panel, Table};

/// The input of the current rows.
#[derive(Debug)]
pub(super) enum RowsOf {
    Panel(Arc<Panel>),
    Detail(Arc<Detail>),
}

impl RowsOf {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Panel(a), Self::Panel(b)) => Arc::ptr_eq(a, b),
            (Self::Detail(a), Self::Detail(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Ui {
    /// The tables on screen, with their filters and orders.
    #[must_use]
    pub fn looking(&self) -> Looking {
        let wanted = |table: &Table| {
            let at = self.table_ui(table.id)?;
            Some(Wanted { table: table.id, filter: at.filter.clone(), sort: at.sort, before: at.rows.clone() })
        };
        Looking {
            panel: self.panel().map(|p| p.id),
            detail: self.opened().cloned(),
            tables: self.shown_tables().iter().filter_map(wanted).collect(),
        }
    }

    /// The view model whose rows must be recomputed for the current filters and orders, if any.
    #[must_use]
    pub fn waits(&self) -> Option<Arc<ViewModel>> {
        self.lists.waits.then(|| self.models.shown().clone())
    }

    /// Updates rows and selections for the view model, the filters and the orders. `changed`: a filter or an order has
    /// changed.
    pub(crate) fn settle(&mut self, changed: bool) {
        self.settle_with(Prepared::default(), changed);
    }

    /// The same with rows that were computed in advance for the current view model.
    pub(crate) fn settle_with(&mut self, mut prepared: Prepared, changed: bool) {
        if let Some(key) = &self.opened.key {
            self.opened.detail = match own_detail(self.view_model(), &key.panel, &key.row) {
                Some(own) => own.map(Arc::new),
                None => self.view_model().detail(key).cloned(),
            };
        }
        self.tiles.selected = self.tiles.selected.min(self.view_model().answers.len().saturating_sub(1));
        let made = match self.at {
            At::Detail => self.opened.detail.clone().map(RowsOf::Detail),
            At::Page(_) => self.panel().cloned().map(RowsOf::Panel),
        };
        let Some(made) = made else {
            self.lists.waits = false;
            return;
        };
        let same = self.lists.made_of.as_ref().is_some_and(|m| m.same(&made));
        if same && !changed {
            return;
        }
        let place = self.place();
        let tables = match &made {
            RowsOf::Panel(p) => &p.tables,
            RowsOf::Detail(d) => &d.tables,
        };
        self.lists.waits = false;
        let (filter, names) = (self.filter().to_owned(), self.table_names());
        for table in tables {
            let earlier = || self.chosen.table(&format!("{names}{}", table.id));
            let new = || TableUi::chosen(table, earlier());
            let ui = self.lists.tables.entry((place, table.id)).or_insert_with(new);
            ui.filter.clone_from(&filter);
            let beside = self.models.has_worker && is_long(table, &ui.filter, ui.sort);
            let (rows, exact) = match prepared.take(table, &ui.filter, ui.sort) {
                Some((rows, exact)) if exact || beside => (rows, exact),
                _ if same && ui.rows.are_of(table, &ui.filter, ui.sort) => (std::mem::take(&mut ui.rows), true),
                _ if same && beside => (std::mem::take(&mut ui.rows), false),
                // The old rows belong to another table: show none for a moment instead of wrong ones.
                _ if beside => (Rows::default(), false),
                _ => (Rows::of(table, tables, &ui.filter, ui.sort, Some(&ui.rows)), true),
            };
            ui.rows = rows.no_narrower(&ui.rows);
            ui.waits = !exact;
            self.lists.waits |= ui.waits;
            if exact {
                ui.keep_selection(table);
            }
        }
        self.lists.made_of = Some(made);
    }
}
