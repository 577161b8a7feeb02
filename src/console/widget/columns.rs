//! Which columns of a table fit on a screen, and their positions. Arithmetic only: nothing is drawn here.

use crate::rows::Content;
use base::view::Column;

/// A column's position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Index of the column.
    pub column: usize,
    /// Its first cell, from the table's left edge.
    pub x: u16,
    /// Its width in cells.
    pub width: u16,
}

/// Cells between columns of two groups: a line with a blank on both sides.
pub const GROUP_GAP: u16 = 3;

/// The available room.
#[derive(Debug, Clone, Copy)]
pub struct Room<'h> {
    /// Width in cells.
    pub width: u16,
    /// All columns in full; the rest is reached by scrolling.
    pub wide: bool,
    /// Columns scrolled away, when wide; the first one always stays.
    pub scroll: usize,
    /// Ids of the columns that the operator has hidden; the first column is always shown.
    pub hidden: &'h [&'static str],
}

/// Places the columns: low-priority ones are dropped first, then growing ones are narrowed, then all. `seen`: the contents of the rows on
/// screen. If there is not room for all, what is on screen is shown before room is kept for what is not.
#[must_use]
pub fn place(columns: &[Column], contents: &[Content], seen: &[Content], room: Room<'_>) -> Vec<Place> {
    let seen = |i: usize| seen.get(i).map_or(0, |c| c.width).max(1);
    let want = |i: usize| contents.get(i).map_or(0, |c| c.width).max(1);
    // The first column identifies the row: it is cut last.
    let min = |i: usize| if i == 0 { columns[i].min.max(room.width / 4) } else { columns[i].min };
    let least = |i: usize| if columns[i].grow > 0 { min(i).min(want(i)) } else { want(i) };
    let mut shown: Vec<usize> =
        (0..columns.len()).filter(|&i| i == 0 || !room.hidden.contains(&columns[i].id)).collect();
    if room.wide {
        let away = room.scroll.min(shown.len().saturating_sub(2));
        shown.drain(1.min(shown.len())..(1 + away).min(shown.len()));
        let widths = shown.iter().map(|&i| want(i)).collect();
        return clip(columns, &shown, widths, room.width);
    }
    let gap = gap(room.width);
    let total = |shown: &[usize], widths: &[u16]| {
        let gaps: u16 = shown.windows(2).map(|w| gap_between(columns, w[0], w[1], gap)).sum();
        widths.iter().sum::<u16>() + gaps
    };
    let mut widths: Vec<u16> = shown.iter().map(|&i| least(i)).collect();
    while total(&shown, &widths) > room.width {
        let dropped = shown.iter().enumerate().filter(|(_, c)| columns[**c].priority > 0);
        let Some((_, &last)) = dropped.max_by_key(|(_, c)| columns[**c].priority) else { break };
        shown.retain(|&c| !goes_with(&columns[c], &columns[last]));
        widths = shown.iter().map(|&i| least(i)).collect();
    }
    while total(&shown, &widths) > room.width {
        let spare = |(at, w): (usize, u16)| w.saturating_sub(columns[shown[at]].min);
        let widest = (0..shown.len()).max_by_key(|&at| spare((at, widths[at])));
        match widest.filter(|&at| spare((at, widths[at])) > 0) {
            Some(at) => widths[at] -= 1,
            None => break,
        }
    }
    // What no row on screen needs is spare.
    for (at, &i) in shown.iter().enumerate().filter(|(_, i)| columns[**i].grow == 0) {
        widths[at] = widths[at].min(seen(i).max(columns[i].min));
    }
    let mut left = room.width.saturating_sub(total(&shown, &widths));
    grow(&mut left, &mut widths, |at| (columns[shown[at]].grow, seen(shown[at])));
    // A column that does not grow keeps its width while rows are scrolled, if there is room.
    for (at, &i) in shown.iter().enumerate().filter(|(_, i)| columns[**i].grow == 0) {
        let more = left.min(want(i).saturating_sub(widths[at]));
        widths[at] += more;
        left -= more;
    }
    grow(&mut left, &mut widths, |at| (columns[shown[at]].grow, want(shown[at])));
    clip(columns, &shown, widths, room.width)
}

/// Gives one cell at a time to the column that is owed most, never more than it wants. `wants`: a column's share, and its content's width.
fn grow(left: &mut u16, widths: &mut [u16], wants: impl Fn(usize) -> (u16, u16)) {
    while *left > 0 {
        let owed = |at: usize| {
            let (share, want) = wants(at);
            (share > 0 && widths[at] < want).then(|| u32::from(widths[at]) * 100 / u32::from(share))
        };
        let Some(at) = (0..widths.len()).filter(|&at| owed(at).is_some()).min_by_key(|&at| owed(at)) else { return };
        widths[at] += 1;
        *left -= 1;
    }
}

/// Half a pair is useless: a column is dropped with those of the same weight that have its title on the other side, or
/// its group.
fn goes_with(column: &Column, gone: &Column) -> bool {
    let same = |a: &str, b: &str| !a.is_empty() && a == b;
    let pair = same(&column.group, &gone.group) || (!column.group.is_empty() && column.title == gone.title);
    column.id == gone.id || (column.priority == gone.priority && pair)
}

const fn gap(width: u16) -> u16 {
    if width < 100 { 1 } else { 2 }
}

fn gap_between(columns: &[Column], a: usize, b: usize, gap: u16) -> u16 {
    if columns[a].group == columns[b].group { gap } else { GROUP_GAP }
}

fn clip(columns: &[Column], shown: &[usize], widths: Vec<u16>, room: u16) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for (&column, width) in shown.iter().zip(widths) {
        let x = places.last().map_or(0, |p| p.x + p.width + gap_between(columns, p.column, column, gap(room)));
        if x >= room || (x + width > room && width - (x + width - room) < columns[column].min && !places.is_empty()) {
            break;
        }
        places.push(Place { column, x, width: width.min(room - x) });
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<Column> {
        vec![
            Column::text("host", "host", 4).grow(1),
            Column::number("a", "a", 4).of("source"),
            Column::number("b", "b", 4).of("source").drop(2),
            Column::number("c", "c", 4).of("target").drop(1),
        ]
    }

    fn at(width: u16, wide: bool, scroll: usize) -> Vec<(usize, u16, u16)> {
        let contents = [20, 5, 5, 5].map(|width| Content { width, glyphs: false });
        let places = place(&columns(), &contents, &contents, Room { width, wide, scroll, hidden: &[] });
        places.iter().map(|p| (p.column, p.x, p.width)).collect()
    }

    #[test]
    fn with_room_everything_is_as_wide_as_its_content() {
        assert_eq!(at(80, false, 0), [(0, 0, 20), (1, 23, 5), (2, 29, 5), (3, 37, 5)]);
    }

    #[test]
    fn on_a_narrow_screen_first_the_growing_then_the_least_important_goes() {
        assert_eq!(at(30, false, 0), [(0, 0, 8), (1, 11, 5), (2, 17, 5), (3, 25, 5)]);
        assert_eq!(at(21, false, 0), [(0, 0, 5), (1, 8, 5), (3, 16, 5)]);
        assert_eq!(at(14, false, 0), [(0, 0, 6), (1, 9, 5)]);
        assert_eq!(at(11, false, 0), [(0, 0, 4), (1, 7, 4)]);
    }

    #[test]
    fn what_belongs_together_goes_together() {
        let columns = [
            Column::text("host", "host", 4),
            Column::number("a", "lag", 4).of("source").drop(1),
            Column::number("b", "lag", 4).of("target").drop(1),
            Column::number("c", "age", 4),
        ];
        let contents = [5; 4].map(|width| Content { width, glyphs: false });
        let shown = |width| {
            let places = place(&columns, &contents, &contents, Room { width, wide: false, scroll: 0, hidden: &[] });
            places.iter().map(|p| p.column).collect::<Vec<_>>()
        };
        assert_eq!(shown(29), [0, 1, 2, 3]);
        assert_eq!(shown(28), [0, 3]);
    }

    #[test]
    fn what_is_on_screen_has_room_before_what_is_not() {
        let columns = [
            Column::text("host", "host", 4).grow(1),
            Column::text("trend", "trend", 5),
            Column::text("calls", "calls", 5).grow(1),
        ];
        let of = |widths: [u16; 3]| widths.map(|width| Content { width, glyphs: false });
        let widths = |seen: [u16; 3], width| {
            let places =
                place(&columns, &of([30, 14, 20]), &of(seen), Room { width, wide: false, scroll: 0, hidden: &[] });
            places.iter().map(|p| p.width).collect::<Vec<_>>()
        };
        assert_eq!(widths([20, 5, 5], 66), [30, 14, 20], "all of it fits");
        assert_eq!(widths([30, 5, 5], 50), [30, 13, 5]);
        assert_eq!(widths([20, 14, 20], 60), [24, 14, 20]);
    }

    #[test]
    fn a_hidden_column_gives_its_room_to_the_others() {
        let contents = [20, 5, 5, 5].map(|width| Content { width, glyphs: false });
        let shown = |width, wide, scroll| {
            let places = place(&columns(), &contents, &contents, Room { width, wide, scroll, hidden: &["host", "a"] });
            places.iter().map(|p| (p.column, p.x, p.width)).collect::<Vec<_>>()
        };
        assert_eq!(shown(80, false, 0), [(0, 0, 20), (2, 23, 5), (3, 31, 5)]);
        assert_eq!(shown(30, true, 9), [(0, 0, 20), (3, 23, 5)]);
    }

    #[test]
    fn wide_columns_scroll_and_the_first_stays() {
        assert_eq!(at(30, true, 0), [(0, 0, 20), (1, 23, 5)]);
        assert_eq!(at(30, true, 2), [(0, 0, 20), (3, 23, 5)]);
    }
}
