//! State of one table: selected row, order, filter, and the resulting rows.

use super::{choices::TableChoice, order::Sort, rows::Rows};
use base::view::{Row, Table};

/// A table, by the id of its place (a page's panel, or `detail`) and its own.
pub type TableKey = (&'static str, &'static str);

/// The state of one table.
#[derive(Debug, Default)]
pub struct TableUi {
    /// Id of the selected row.
    pub selected: Option<String>,
    /// Its position among the rows shown; kept when the row is gone.
    pub index: usize,
    /// Its position in the table, tried first in the next view model.
    row: usize,
    /// First row on screen.
    pub top: usize,
    /// Rows on screen.
    pub height: usize,
    /// Order.
    pub sort: Option<Sort>,
    /// Ids of the columns that the operator has hidden.
    pub hidden: Vec<&'static str>,
    /// Filter of the place, as these rows have it or will have it.
    pub filter: String,
    /// The rows shown.
    pub rows: Rows,
    /// The rows are not yet those of the filter and the order.
    pub waits: bool,
}

impl TableUi {
    /// The state of a table that was not on screen before, with what was chosen for it earlier. Columns that it does not have are left out.
    pub(super) fn chosen(table: &Table, choice: Option<&TableChoice>) -> Self {
        let Some(choice) = choice else { return Self::default() };
        let sort = choice.sort.as_ref().and_then(|(id, descending)| {
            let column = table.columns.iter().position(|c| c.id == id && !c.spark)?;
            Some(Sort { column, descending: *descending })
        });
        let hides = |id: &str| choice.hidden.iter().any(|hidden| hidden == id);
        let hidden = table.columns.iter().skip(1).map(|c| c.id).filter(|id| hides(id)).collect();
        Self { sort, hidden, ..Self::default() }
    }

    /// What is chosen for the table.
    pub(super) fn choice(&self, table: &Table) -> TableChoice {
        let column = |sort: Sort| Some((table.columns.get(sort.column)?.id.to_owned(), sort.descending));
        TableChoice {
            sort: self.sort.and_then(column),
            hidden: self.hidden.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    /// The rows on screen.
    pub fn shown<'a>(&'a self, table: &'a Table) -> impl Iterator<Item = &'a Row> {
        self.rows.order.iter().skip(self.top).take(self.height).filter_map(|&row| table.rows.get(row))
    }

    /// Keeps the selection on its row wherever that has moved; if the row is gone, on its former position.
    pub(super) fn keep_selection(&mut self, table: &Table) {
        let wanted = self.selected.as_deref();
        let is = |row: usize| table.rows.get(row).is_some_and(|r| Some(r.id.as_str()) == wanted);
        // The table is searched only if the row has moved.
        let row = match wanted {
            None => None,
            Some(_) if is(self.row) => Some(self.row),
            Some(_) => (0..table.rows.len()).find(|&row| is(row)),
        };
        let order = &self.rows.order;
        let shown = |row: usize| match order.get(self.index) {
            Some(&there) if there == row => Some(self.index),
            _ => order.iter().position(|&r| r == row),
        };
        let index = row.and_then(shown).unwrap_or_else(|| self.index.min(order.len().saturating_sub(1)));
        self.point(table, index);
    }

    /// Selects the row at `index` among those shown.
    pub(super) fn point(&mut self, table: &Table, index: usize) {
        let there = self.rows.order.get(index).and_then(|&row| Some((row, table.rows.get(row)?.id.as_str())));
        self.index = index;
        self.row = there.map_or(self.row, |(row, _)| row);
        if there.map(|(_, id)| id) != self.selected.as_deref() {
            self.selected = there.map(|(_, id)| id.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::view::{Cell, Column};

    fn table(ids: &[(&str, u64)]) -> Table {
        let row = |(id, n): &(&str, u64)| Row::new(*id, [Cell::count(*n)]);
        let columns = vec![Column::number("n", "n", 1)];
        Table { id: "t", title: "t".into(), columns, rows: ids.iter().map(row).collect(), empty: "" }
    }

    fn draw(at: &mut TableUi, table: &Table) {
        at.rows = Rows::of(table, &[], &at.filter, at.sort, Some(&at.rows));
        at.keep_selection(table);
    }

    fn selected(at: &TableUi) -> (usize, Option<&str>) {
        (at.index, at.selected.as_deref())
    }

    #[test]
    fn the_selection_follows_its_row_wherever_it_goes() {
        let sort = Some(Sort { column: 0, descending: true });
        let mut at = TableUi { sort, ..TableUi::default() };
        let first = table(&[("a", 1), ("b", 2), ("c", 3)]);
        draw(&mut at, &first);
        assert_eq!(selected(&at), (0, Some("c")));
        at.point(&first, 1);
        assert_eq!(selected(&at), (1, Some("b")));
        draw(&mut at, &table(&[("a", 1), ("b", 9), ("c", 3)]));
        assert_eq!(selected(&at), (0, Some("b")), "its value changed, and with it its place");
        draw(&mut at, &table(&[("0", 99), ("a", 1), ("c", 3), ("b", 2)]));
        assert_eq!(selected(&at), (2, Some("b")), "its place in the table changed, too");
        at.sort = None;
        draw(&mut at, &table(&[("0", 99), ("a", 1), ("c", 3), ("b", 2)]));
        assert_eq!(selected(&at), (3, Some("b")));
    }

    #[test]
    fn where_the_selected_row_vanishes_its_neighbour_is_selected() {
        let mut at = TableUi::default();
        let first = table(&[("a", 1), ("b", 2), ("c", 3)]);
        draw(&mut at, &first);
        at.point(&first, 1);
        draw(&mut at, &table(&[("a", 1), ("c", 3)]));
        assert_eq!(selected(&at), (1, Some("c")));
        draw(&mut at, &table(&[("a", 1)]));
        assert_eq!(selected(&at), (0, Some("a")));
        draw(&mut at, &table(&[]));
        assert_eq!(selected(&at), (0, None));
        draw(&mut at, &first);
        assert_eq!(selected(&at), (0, Some("a")));
    }

    #[test]
    fn a_row_that_a_filter_hides_gives_the_selection_to_one_that_is_shown() {
        let mut at = TableUi::default();
        let table = table(&[("a", 1), ("b", 2), ("c", 3)]);
        draw(&mut at, &table);
        at.point(&table, 1);
        at.filter = "n:>2".to_owned();
        draw(&mut at, &table);
        assert_eq!(selected(&at), (0, Some("c")));
    }
}
