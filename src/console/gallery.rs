//! Where pictures are made, with the rows that the operator is looking at, and where what they took is given back.
//!
//! A hundred thousand rows take tens of milliseconds to filter and to sort, and as long to give back: that must not stand between a key
//! and the screen whenever readings come. So a thread of its own does both, and the console only swaps one picture for the next. What a
//! key itself changes – a filter, an order – is worked out at once, where the key is. Rows that were made for another filter or place
//! than the one that is wanted by now are not used.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::{mask::Mask, order::Sort, picture::Picture, rows::Rows, ui::Ui};
use crate::{core::snapshot::Snapshot, view::Table};

/// How one table is looked at.
#[derive(Debug, Clone)]
struct Wanted {
    table: &'static str,
    filter: String,
    sort: Option<Sort>,
    before: Rows,
}

/// How the place is looked at where the operator is: for whom rows are made beforehand.
#[derive(Debug, Clone, Default)]
pub struct Looking {
    /// The panel's id; none at the overview.
    panel: Option<&'static str>,
    /// A row's detail is open.
    detail: bool,
    tables: Vec<Wanted>,
}

impl Looking {
    /// As it is now.
    #[must_use]
    pub fn of(ui: &Ui) -> Self {
        let wanted = |table: &Table| {
            let at = ui.table_ui(table.id)?;
            Some(Wanted { table: table.id, filter: at.filter.clone(), sort: at.sort, before: at.rows.clone() })
        };
        Self {
            panel: ui.panel().map(|p| p.id),
            detail: ui.opened().is_some(),
            tables: ui.shown_tables().iter().filter_map(wanted).collect(),
        }
    }
}

/// Rows that were made beforehand.
#[derive(Debug, Default)]
pub struct Prepared(Vec<(Wanted, usize, Rows)>);

impl Prepared {
    /// Made for a picture.
    #[must_use]
    pub fn of(picture: &Picture, looking: Looking) -> Self {
        let page = looking.panel.and_then(|id| picture.page(id)).map(|page| &picture.pages[page].panel);
        let tables: &[Table] = match (looking.detail, &picture.detail, page) {
            (true, Some((_, detail)), _) => &detail.tables,
            (false, _, Some(panel)) => &panel.tables,
            _ => &[],
        };
        let make = |wanted: Wanted| {
            let table = tables.iter().find(|t| t.id == wanted.table)?;
            let rows = Rows::of(table, &wanted.filter, wanted.sort, Some(&wanted.before));
            Some((wanted, address(table), rows))
        };
        Self(looking.tables.into_iter().filter_map(make).collect())
    }

    /// The rows of this very table, if they were made for this filter and this order.
    pub(super) fn take(&mut self, table: &Table, filter: &str, sort: Option<Sort>) -> Option<Rows> {
        let meant = |(w, at, _): &(Wanted, usize, Rows)| *at == address(table) && w.filter == filter && w.sort == sort;
        let at = self.0.iter().position(meant)?;
        Some(self.0.swap_remove(at).2)
    }
}

/// A table is itself alone: another picture's has other rows, whatever its id. The picture lives as long as this is asked for.
fn address(table: &Table) -> usize {
    std::ptr::from_ref(table).addr()
}

/// The mask, which the thread needs for pictures and the console for what is typed under it.
pub type Veil = Arc<Mutex<Mask>>;

/// The mask itself. A panic of whoever had it leaves it no worse: pseudonyms are only added.
pub fn lifted(veil: &Veil) -> MutexGuard<'_, Mask> {
    veil.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the thread is asked for.
enum Task {
    Make(Arc<Snapshot>, Looking, Option<Veil>, TimeZone),
    Forget(Arc<Picture>),
}

/// The thread.
#[derive(Debug, Clone)]
pub struct Gallery(std::sync::mpsc::Sender<Task>);

/// A picture with what was made beforehand.
pub type Made = (Arc<Picture>, Prepared);

impl Gallery {
    /// Starts it; what is made comes through the receiver.
    ///
    /// # Errors
    /// If there can be no more threads.
    pub fn open() -> std::io::Result<(Self, mpsc::UnboundedReceiver<Made>)> {
        let (tasks, queue) = std::sync::mpsc::channel();
        let (made, pictures) = mpsc::unbounded_channel();
        thread::Builder::new().name(super::terminal::THREAD.to_owned() + " pictures").spawn(move || {
            // Keys are answered first: this thread yields to the console's own. On Linux that is a thread's property.
            let _ = rustix::process::nice(5);
            for task in queue {
                match task {
                    Task::Make(snapshot, looking, veil, zone) => {
                        let picture = Picture::masked(snapshot, veil.as_ref().map(lifted).as_deref_mut(), &zone);
                        let prepared = Prepared::of(&picture, looking);
                        if made.send((Arc::new(picture), prepared)).is_err() {
                            return;
                        }
                    }
                    Task::Forget(old) => drop(old),
                }
            }
        })?;
        Ok((Self(tasks), pictures))
    }

    /// Asks for a picture in this zone; without the names in it, where there is a mask.
    pub fn make(&self, snapshot: Arc<Snapshot>, looking: Looking, veil: Option<Veil>, zone: TimeZone) {
        drop(self.0.send(Task::Make(snapshot, looking, veil, zone)));
    }

    /// A picture is over.
    pub fn forget(&self, old: Arc<Picture>) {
        drop(self.0.send(Task::Forget(old)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Cell, Column, Row};

    fn table() -> Table {
        let row = |n: u64| Row { id: n.to_string(), cells: vec![Cell::count(n)] };
        let columns = vec![Column::number("n", "n", 1)];
        Table { id: "t", title: "t".into(), columns, rows: (0..3).map(row).collect(), empty: "" }
    }

    #[test]
    fn rows_of_another_table_filter_or_order_are_not_used() {
        let (table, other) = (table(), table());
        let prepared = || {
            let wanted = Wanted { table: "t", filter: "n:>0".to_owned(), sort: None, before: Rows::default() };
            let rows = Rows::of(&table, &wanted.filter, wanted.sort, None);
            Prepared(vec![(wanted, address(&table), rows)])
        };
        let sort = Some(Sort { column: 0, descending: true });
        assert!(prepared().take(&table, "n:>1", None).is_none(), "the filter was changed meanwhile");
        assert!(prepared().take(&table, "n:>0", sort).is_none(), "the order was");
        assert!(prepared().take(&other, "n:>0", None).is_none(), "another picture came first");
        let mut right = prepared();
        assert_eq!(right.take(&table, "n:>0", None).map(|r| r.order), Some(vec![1, 2]));
        assert!(right.take(&table, "n:>0", None).is_none(), "it is there once");
    }
}
