//! The order of a table's rows.
//!
//! 100,000 rows are sorted again with every observation, so each cell is read once: a key for each row holds what
//! nearly always decides, a number or the beginning of a text. Sorting starts from the previous order, which is nearly
//! right while the sort key is the same. Rows with equal keys keep the table's own order in both directions.

use std::cmp::{Ordering, Reverse};

use base::view::{Align, Key, Table};

/// A sort order other than the table's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The column.
    pub column: usize,
    /// Largest first.
    pub descending: bool,
}

impl Sort {
    /// The next order when cycling: the table's own, then each column, numbers largest first.
    #[must_use]
    pub fn next(now: Option<Self>, table: &Table) -> Option<Self> {
        let after = now.map_or(0, |s| s.column + 1);
        let (column, by) = table.columns.iter().enumerate().skip(after).find(|(_, c)| !c.spark)?;
        Some(Self { column, descending: by.align == Align::Right })
    }
}

/// The sort key of a cell, which nearly always decides. Numbers come before texts, and missing values come last in
/// both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Brief {
    Number(u64),
    Text(u128),
    None,
}

/// The bits of a number, comparable as integers.
const fn bits(number: f64) -> u64 {
    let bits = number.to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// The first bytes of a text as a comparable number.
fn head(text: &str) -> u128 {
    let mut head = [0; 16];
    let length = text.len().min(16);
    head[..length].copy_from_slice(&text.as_bytes()[..length]);
    u128::from_be_bytes(head)
}

fn brief(table: &Table, row: usize, sort: Sort) -> Brief {
    let turn = sort.descending;
    let number = |n: f64| Brief::Number(if turn { !bits(n) } else { bits(n) });
    match table.rows[row].cells.get(sort.column) {
        Some(cell) => match cell.key {
            Key::Number(n) => number(n),
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            Key::Instant(at) => number(at.as_millisecond() as f64),
            Key::Text => Brief::Text(if turn { !head(&cell.text) } else { head(&cell.text) }),
            Key::None | Key::Spark(_) => Brief::None,
        },
        None => Brief::None,
    }
}

/// Sorts rows; `before` is the previous order of the rows that existed then.
pub(super) fn sort(table: &Table, rows: Vec<usize>, sort: Sort, before: &[usize]) -> Vec<usize> {
    let text = |row: usize| table.rows[row].cells.get(sort.column).map_or("", |c| c.text.as_ref());
    let compare = |a: &(Brief, usize), b: &(Brief, usize)| {
        let by_text = || match a.0 {
            Brief::Text(_) if sort.descending => Reverse(text(a.1)).cmp(&Reverse(text(b.1))),
            Brief::Text(_) => text(a.1).cmp(text(b.1)),
            _ => Ordering::Equal,
        };
        a.0.cmp(&b.0).then_with(by_text).then(a.1.cmp(&b.1))
    };
    let mut keyed: Vec<(Brief, usize)> =
        started(table.rows.len(), rows, before).into_iter().map(|row| (brief(table, row, sort), row)).collect();
    // The stable sort benefits from rows already in order; comparing row numbers makes the result independent of the
    // initial order.
    keyed.sort_by(compare);
    keyed.into_iter().map(|(_, row)| row).collect()
}

/// The rows in their previous order, then the new ones.
fn started(all: usize, rows: Vec<usize>, before: &[usize]) -> Vec<usize> {
    if before.is_empty() {
        return rows;
    }
    let mut wanted = vec![false; all];
    rows.iter().for_each(|&row| wanted[row] = true);
    let mut out = Vec::with_capacity(rows.len());
    out.extend(before.iter().copied().filter(|&row| wanted.get_mut(row).is_some_and(std::mem::take)));
    out.extend(rows.into_iter().filter(|&row| wanted[row]));
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use base::view::{Cell, Column, Row};

    fn cell() -> impl Strategy<Value = Cell> {
        prop_oneof![
            Just(Cell::none()),
            (-3_i8..3).prop_map(|n| Cell::number(f64::from(n), n.to_string())),
            Just(Cell::number(-0.5, "-0.5")),
            "[ab]{0,3}".prop_map(Cell::text),
            "the same sixteen[ab]{0,2}".prop_map(Cell::text),
        ]
    }

    fn table(cells: Vec<Cell>) -> Table {
        let rows = cells.into_iter().enumerate().map(|(i, c)| Row::new(i.to_string(), [c]));
        let columns = vec![Column::text("c", "c", 1)];
        Table { id: "t", title: "t".into(), columns, rows: rows.collect(), empty: "" }
    }

    /// The straightforward implementation, not optimised.
    fn slow(table: &Table, sort: Sort) -> Vec<usize> {
        let turn = |o: Ordering| if sort.descending { o.reverse() } else { o };
        let mut rows: Vec<usize> = (0..table.rows.len()).collect();
        rows.sort_by(|&a, &b| {
            let (x, y) = (&table.rows[a].cells[0], &table.rows[b].cells[0]);
            match (&x.key, &y.key) {
                (Key::None, Key::None) => Ordering::Equal,
                (Key::None, _) => Ordering::Greater,
                (_, Key::None) => Ordering::Less,
                (Key::Number(p), Key::Number(q)) => turn(p.total_cmp(q)),
                (Key::Number(_), Key::Text) => Ordering::Less,
                (Key::Text, Key::Number(_)) => Ordering::Greater,
                (Key::Text, Key::Text) => turn(x.text.cmp(&y.text)),
                (Key::Spark(_) | Key::Instant(_), _) | (_, Key::Spark(_) | Key::Instant(_)) => {
                    unreachable!("none is made above")
                }
            }
        });
        rows
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn rows_are_in_order_whatever_the_order_was_before(
            cells in prop::collection::vec(cell(), 0..30),
            descending: bool,
            before in prop::collection::vec(0_usize..40, 0..40),
        ) {
            let (table, way) = (table(cells), Sort { column: 0, descending });
            let all = (0..table.rows.len()).collect();
            prop_assert_eq!(sort(&table, all, way, &before), slow(&table, way));
        }
    }

    #[test]
    fn rows_of_equal_keys_stay_as_they_were_whichever_way() {
        let table = table(vec![Cell::count(1), Cell::count(2), Cell::count(1), Cell::count(2)]);
        let order = |descending| sort(&table, (0..4).collect(), Sort { column: 0, descending }, &[]);
        assert_eq!(order(false), [0, 2, 1, 3]);
        assert_eq!(order(true), [1, 3, 0, 2]);
    }

    #[test]
    fn cycling_goes_through_the_columns_and_back_to_the_tables_own_order() {
        let mut table = table(Vec::new());
        table.columns.push(Column::spark("lately", "lately"));
        table.columns.push(Column::number("lag", "lag", 1));
        let first = Sort::next(None, &table);
        assert_eq!(first, Some(Sort { column: 0, descending: false }));
        let second = Sort::next(first, &table);
        assert_eq!(second, Some(Sort { column: 2, descending: true }), "bars have no order");
        assert_eq!(Sort::next(second, &table), None);
    }
}
