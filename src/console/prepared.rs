//! Rows that are computed in advance for a view model: of the tables on screen, with their filters and orders.
//!
//! Rows of another view model than the one that is shown are not used. Rows for another filter or order are shown until
//! the requested ones arrive.

use super::{order::Sort, rows::Rows, view_model::ViewModel};
use base::view::Table;
use engine::snapshot::DetailKey;

/// Filter and order of one table.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub table: &'static str,
    pub filter: String,
    pub sort: Option<Sort>,
    pub before: Rows,
}

/// The tables on screen, with their filters and orders: the rows to prepare.
#[derive(Debug, Clone, Default)]
pub struct Looking {
    /// The panel's id; none at the overview.
    pub(super) panel: Option<&'static str>,
    /// The row whose detail is open.
    pub(super) detail: Option<DetailKey>,
    pub(super) tables: Vec<Wanted>,
}

/// Rows computed in advance.
#[derive(Debug, Default)]
pub struct Prepared(Vec<(Wanted, usize, Rows)>);

impl Prepared {
    /// Computes the rows for a view model.
    #[must_use]
    pub fn of(view_model: &ViewModel, looking: Looking) -> Self {
        let page = looking.panel.and_then(|id| view_model.page(id)).map(|page| &view_model.pages[page].panel);
        let tables: &[Table] = match &looking.detail {
            Some(key) => view_model.detail(key).map_or(&[][..], |detail| &detail.tables),
            None => page.map_or(&[][..], |panel| &panel.tables),
        };
        let make = |wanted: Wanted| {
            let table = tables.iter().find(|t| t.id == wanted.table)?;
            let rows = Rows::of(table, tables, &wanted.filter, wanted.sort, Some(&wanted.before));
            Some((wanted, address(table), rows))
        };
        Self(looking.tables.into_iter().filter_map(make).collect())
    }

    /// The rows of this table, and whether they were made for this filter and this order.
    pub(super) fn take(&mut self, table: &Table, filter: &str, sort: Option<Sort>) -> Option<(Rows, bool)> {
        let at = self.0.iter().position(|(_, at, _)| *at == address(table))?;
        let (wanted, _, rows) = self.0.swap_remove(at);
        Some((rows, wanted.filter == filter && wanted.sort == sort))
    }
}

/// Number of rows above which filtering and sorting run on the worker: about two milliseconds.
const LONG: usize = 5_000;

/// Whether filtering and sorting this table takes too long for the console's thread.
pub(super) fn is_long(table: &Table, filter: &str, sort: Option<Sort>) -> bool {
    table.rows.len() > LONG && (!filter.is_empty() || sort.is_some())
}

/// Identity of a table: the table of another view model has other rows under the same id. The view model outlives its
/// use.
fn address(table: &Table) -> usize {
    std::ptr::from_ref(table).addr()
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;
    use base::{
        now::Now,
        view::{Cell, Column, Group, Panel, Row},
    };
    use drive::sim::SimDrive;
    use engine::snapshot::Snapshot;

    use crate::{
        Mode,
        ui::Ui,
        update::{UiEvent, update},
    };

    fn table() -> Table {
        long(3)
    }

    fn long(rows: u64) -> Table {
        let row = |n: u64| Row::new(n.to_string(), [Cell::count(n)]);
        let columns = vec![Column::number("n", "n", 1)];
        Table { id: "t", title: "t".into(), columns, rows: (0..rows).map(row).collect(), empty: "" }
    }

    /// A view model whose first page has only this table.
    fn view_model(table: Table) -> Arc<ViewModel> {
        let (plan, _) = systems::parse_plan("small.toml".as_ref(), include_str!("../../demo/small.toml"))
            .unwrap_or_else(|e| panic!("{e}"));
        let start = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T01:00:00Z".parse().unwrap() };
        let snapshot = SimDrive::new(Arc::new(plan), 1, start).snapshot();
        let panel =
            Panel { id: "p", title: "P", group: Group::Data, summary: Vec::new(), tables: vec![table], oldest: None };
        Arc::new(ViewModel::of(Arc::new(Snapshot { panels: vec![Arc::new(panel)], ..snapshot })))
    }

    fn press(ui: &mut Ui, keys: &str) {
        for c in keys.chars() {
            let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
            update(ui, UiEvent::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
    }

    fn order(ui: &Ui) -> (&[usize], bool) {
        let at = ui.table_ui("t").expect("it is looked at");
        (&at.rows.order, at.waits)
    }

    /// Does what the worker does on request.
    fn arranged(ui: &mut Ui) {
        let view_model = ui.waits().expect("rows are wanted");
        let prepared = Prepared::of(&view_model, ui.looking());
        update(ui, UiEvent::Rows(prepared));
    }

    #[test]
    fn a_long_tables_rows_come_after_the_key_and_a_short_ones_with_it() {
        let rows = LONG as u64 + 3;
        for (rows, beside) in [(10, false), (rows, true)] {
            let first = view_model(long(rows));
            let mut ui = Ui::new(first.clone(), first.snapshot.now, Mode::Watch);
            ui.use_worker();
            press(&mut ui, "2");
            assert_eq!((order(&ui).0.len() as u64, ui.waits().is_some()), (rows, false), "nothing is asked of them");
            press(&mut ui, "/n:<4\n");
            assert_eq!((order(&ui).1, ui.waits().is_some()), (beside, beside));
            if beside {
                assert_eq!(order(&ui).0.len() as u64, rows, "as they were until then");
                arranged(&mut ui);
            }
            assert_eq!(order(&ui), (&[0, 1, 2, 3][..], false));
            press(&mut ui, "sS");
            if beside {
                arranged(&mut ui);
            }
            assert_eq!(order(&ui), (&[0, 1, 2, 3][..], false), "{:?}", ui.sort());
            assert!(ui.waits().is_none());
        }
    }

    #[test]
    fn rows_that_come_for_what_is_no_longer_wanted_are_asked_for_again() {
        let rows = LONG as u64 + 3;
        let first = view_model(long(rows));
        let mut ui = Ui::new(first.clone(), first.snapshot.now, Mode::Watch);
        ui.use_worker();
        press(&mut ui, "2/n:<4");
        let (asked, looking) = (ui.waits().expect("wanted"), ui.looking());
        press(&mut ui, "2");
        let late = Prepared::of(&asked, looking.clone());
        update(&mut ui, UiEvent::Rows(late));
        assert_eq!(order(&ui), (&[0, 1, 2, 3][..], true), "better than none of it");
        // The next view model arrives, made for the filter and order of that time.
        let next = view_model(long(rows + 1));
        let prepared = Prepared::of(&next, looking);
        update(&mut ui, UiEvent::ViewModel(next.clone(), prepared));
        assert_eq!(order(&ui), (&[0, 1, 2, 3][..], true));
        let late = Prepared::of(&asked, ui.looking());
        update(&mut ui, UiEvent::Rows(late));
        assert!(order(&ui).1, "of the view model before");
        arranged(&mut ui);
        assert_eq!((order(&ui).0.len(), ui.waits().is_some()), (42, false));
        press(&mut ui, "\n1");
        assert!(ui.waits().is_none(), "nothing is looked at");
        press(&mut ui, "2");
        assert_eq!((order(&ui).0.len(), order(&ui).1), (42, false), "they are still there");
    }

    #[test]
    fn rows_of_another_view_model_are_not_used_and_those_of_another_filter_or_order_are_told_apart() {
        let (table, other) = (table(), table());
        let prepared = || {
            let wanted = Wanted { table: "t", filter: "n:>0".to_owned(), sort: None, before: Rows::default() };
            let rows = Rows::of(&table, &[], &wanted.filter, wanted.sort, None);
            Prepared(vec![(wanted, address(&table), rows)])
        };
        let order = |(rows, exact): (Rows, bool)| (rows.order, exact);
        let sort = Some(Sort { column: 0, descending: true });
        assert_eq!(prepared().take(&table, "n:>1", None).map(order), Some((vec![1, 2], false)), "another filter");
        assert_eq!(prepared().take(&table, "n:>0", sort).map(order), Some((vec![1, 2], false)), "another order");
        assert!(prepared().take(&other, "n:>0", None).is_none(), "another view model came first");
        let mut right = prepared();
        assert_eq!(right.take(&table, "n:>0", None).map(order), Some((vec![1, 2], true)));
        assert!(right.take(&table, "n:>0", None).is_none(), "it is there once");
    }
}
