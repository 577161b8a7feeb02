//! Rows of several lines: where there is room below the last row, long texts are wrapped rather than cut.

use super::{
    columns::Place,
    text::{fit, fit_middle, wrap},
};
use crate::{drawing::Drawing, rows::Content};
use base::view::{Align, Cell, Key, Row, Table};

/// The lines of a cell's text in a column of this width, at most `most`; the last one is cut if there are more.
pub(super) fn lines(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines = wrap(text, width);
    if lines.len() > most.max(1) {
        let rest = lines.split_off(most.max(1) - 1).join(" ");
        lines.push(cut(&rest, width));
    }
    lines
}

/// A text that is cut if it does not fit. The end of a path is as informative as its beginning.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.contains('/') { fit_middle(text, width) } else { fit(text, width).into_owned() }
}

/// Cells that a cell's text has in its column: without the room of the glyphs.
pub(super) fn room(place: Place, contents: &[Content]) -> usize {
    let glyphs = contents.get(place.column).is_some_and(|c| c.glyphs);
    usize::from(place.width).saturating_sub(if glyphs { 2 } else { 0 })
}

/// Whether a cell can be wrapped: a number that is cut would be another number, and is never split.
pub(super) fn can_wrap(cell: &Cell, align: Align) -> bool {
    align == Align::Left && !matches!(cell.key, Key::Spark(_))
}

/// Lines that each of these rows would take.
fn wanted<'r>(
    table: &Table,
    rows: impl Iterator<Item = &'r Row>,
    (places, contents): (&[Place], &[Content]),
    look: &Drawing<'_>,
) -> Vec<usize> {
    let cell = |row: &Row, p: &Place| {
        let cell = row.cells.get(p.column).filter(|cell| can_wrap(cell, table.columns[p.column].align))?;
        Some(wrap(&look.spell(&cell.text), room(*p, contents)).len())
    };
    rows.map(|row| places.iter().filter_map(|p| cell(row, p)).max().unwrap_or(1).max(1)).collect()
}

/// Lines of each of these rows if all have `room` lines together: as many as they want, or at most as many as leave room for all.
pub(super) fn heights<'r>(
    table: &Table,
    rows: impl Iterator<Item = &'r Row>,
    columns: (&[Place], &[Content]),
    look: &Drawing<'_>,
    room: usize,
) -> Vec<usize> {
    let wanted = wanted(table, rows, columns, look);
    let all = |most: usize| wanted.iter().map(|lines| (*lines).min(most)).sum::<usize>();
    let tallest = wanted.iter().copied().max().unwrap_or(1);
    let most = (1..=tallest).rev().find(|most| all(*most) <= room).unwrap_or(1);
    wanted.iter().map(|lines| (*lines).min(most)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_more_lines_is_cut_in_the_last_one() {
        assert_eq!(lines("one two three four", 7, 9), ["one two", "three", "four"]);
        assert_eq!(lines("one two three four", 7, 2), ["one two", "three …"]);
        assert_eq!(lines("one two three four", 7, 1), ["one tw…"]);
        assert_eq!(lines("", 7, 2), [""; 0]);
    }
}
