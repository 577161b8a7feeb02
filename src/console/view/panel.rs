//! A page of one system: its head line and its tables, one below the other.

use ratatui::{buffer::Buffer, layout::Rect};

use super::detail;
use crate::drawing::Drawing;
use crate::{
    drawn::{Drawn, Spot},
    table::TableUi,
    theme::Role,
    ui::Ui,
    widget::{
        table::{self, Asked},
        text::{put, put_all, put_right, words},
    },
};
use base::{
    collector::CollectorState,
    view::{Tone, state_cell},
};

pub(super) fn draw(area: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>, drawn: &mut Drawn) {
    summary(Rect { height: 1, ..area }, buf, ui, look);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    tables(body, buf, ui, look, drawn);
    if ui.table_count() == 0 {
        let line = Rect { x: body.x + 2, y: body.y, width: body.width.saturating_sub(2), height: 1 };
        put(line, buf, "the plan has none of these", look.theme.style(Role::Muted));
    }
}

/// The page's summary line, and its age.
fn summary(line: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>) {
    let theme = look.theme;
    let Some(page) = ui.page_number().checked_sub(1).and_then(|i| ui.view_model().pages.get(i)) else { return };
    let age = page.panel.oldest.map(|a| format!("oldest {a}"));
    let (faulty, all) = page.collectors;
    let (text, style) = match page.worst {
        Some(worst) if worst != CollectorState::Fresh => {
            let (word, tone) = state_cell(worst);
            let age = age.map_or_else(String::new, |a| format!(" · {a}"));
            let text = format!(" {} {word}: {faulty} of {all} collectors not live{age} ", tone.glyph(false));
            // Stale and unknown values hold everything: they are highlighted like the verdict.
            (text, if worst == CollectorState::Pending { theme.tone(Tone::Busy) } else { theme.style(Role::Hold) })
        }
        Some(_) => (format!(" {} ", age.unwrap_or_default()), theme.style(Role::Muted)),
        None => (String::new(), theme.style(Role::Muted)),
    };
    let used = put_right(line, buf, &text, style);
    let room = line.width.saturating_sub(used + 1);
    let mut x = 1;
    for cell in &page.panel.summary {
        let rest = Rect { x: line.x + x, width: room.saturating_sub(x), ..line };
        x +=
            put_all(rest, buf, [(&*look.spell(&words(cell)), theme.tone(cell.tone)), ("   ", theme.style(Role::Text))]);
    }
}

/// A table with fewer rows than this is not shown beside others; the arrow keys reach it.
const LEAST_ROWS: u16 = 4;

/// Draws the tables of this place. Short ones get what they need; the others share the rest equally.
pub(super) fn tables(area: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>, drawn: &mut Drawn) {
    let tables = ui.shown_tables();
    let nothing = TableUi::default();
    let state = |i: usize| ui.table_ui(tables[i].id).unwrap_or(&nothing);
    let wanted: Vec<u16> = (0..tables.len()).map(|i| table::wanted(&tables[i], state(i).rows.order.len())).collect();
    let mut least: Vec<u16> = tables.iter().map(|t| table::head(t) + LEAST_ROWS).collect();
    if ui.opened().is_some() {
        // The first list of a detail is the most important one.
        least.iter_mut().zip(tables).take(1).for_each(|(least, table)| *least = detail::whole(table).unwrap_or(*least));
    }
    let mut heights: Vec<u16> = if ui.is_maximised() {
        (0..tables.len()).map(|i| if i == ui.focus() { area.height } else { 0 }).collect()
    } else {
        share(area.height, &wanted, &least, ui.focus())
    };
    let hidden = heights.iter().filter(|h| **h == 0).count();
    let asked = |i: usize| Asked {
        focused: i == ui.focus(),
        wide: ui.lists.wide,
        scroll: if i == ui.focus() { ui.lists.scroll } else { 0 },
        hidden,
        maximised: ui.is_maximised(),
        wraps: ui.opened().is_some(),
    };
    if ui.opened().is_some() {
        // What no row needs is for texts that would be cut.
        let mut left = area.height.saturating_sub(heights.iter().sum());
        for (i, height) in heights.iter_mut().enumerate().filter(|(_, height)| **height > 0) {
            let wanted = || table::wanted_wrapped(&tables[i], state(i), asked(i), area.width, look);
            let more = if left > 0 { left.min(wanted().saturating_sub(*height)) } else { 0 };
            *height += more;
            left -= more;
        }
    }
    let mut y = area.y;
    for (i, height) in heights.into_iter().enumerate().filter(|(_, h)| *h > 0) {
        let place = Rect { y, height, ..area };
        drawn.spots.push((place, Spot::Table(i)));
        let found = table::draw(place, buf, &tables[i], state(i), asked(i), look);
        drawn.tables.push((tables[i].id, found.top, found.height));
        drawn.columns.extend(found.columns.map(|columns| (tables[i].id, columns)));
        drawn.spots.extend(found.headings.into_iter().map(|(area, column)| (area, Spot::Heading(i, column))));
        drawn.spots.extend(found.rows.into_iter().map(|(area, row)| (area, Spot::Row(i, row))));
        y += height;
    }
}

/// Distributes lines: none gets more than it wants, the rest is shared equally. If the minimum of all does not fit,
/// those farthest from the focus get nothing.
fn share(room: u16, wanted: &[u16], least: &[u16], focus: usize) -> Vec<u16> {
    let floor = |i: usize| least[i].min(wanted[i]);
    let mut shown: Vec<usize> = (0..wanted.len()).collect();
    while shown.len() > 1 && shown.iter().map(|&i| floor(i)).sum::<u16>() > room {
        let away = if focus - shown[0] > shown[shown.len() - 1].saturating_sub(focus) { 0 } else { shown.len() - 1 };
        shown.remove(away);
    }
    let mut out = vec![0; wanted.len()];
    for &i in &shown {
        out[i] = floor(i).min(room);
    }
    let mut left = room.saturating_sub(out.iter().sum());
    while left > 0 {
        let Some(&i) = shown.iter().filter(|&&i| out[i] < wanted[i]).min_by_key(|&&i| out[i]) else { break };
        out[i] += 1;
        left -= 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn short_tables_get_what_they_need_and_long_ones_share() {
        assert_eq!(share(20, &[5, 40, 40], &[4, 4, 4], 0), [5, 8, 7]);
        assert_eq!(share(40, &[5, 10, 10], &[4, 4, 4], 0), [5, 10, 10]);
    }

    #[test]
    fn on_a_small_screen_the_focused_table_stays() {
        assert_eq!(share(8, &[40, 40, 40], &[4, 4, 4], 2), [0, 4, 4]);
        assert_eq!(share(8, &[40, 40, 40], &[4, 4, 4], 0), [4, 4, 0]);
        assert_eq!(share(3, &[40, 40], &[4, 4], 1), [0, 3]);
    }
}
