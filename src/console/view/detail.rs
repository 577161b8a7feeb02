//! The detail of a row: its fields, its curves, its tables.

use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr as _;

use crate::drawing::Drawing;
use crate::{
    command::Id,
    drawn::{Drawn, Spot},
    marks,
    theme::Role,
    ui::Ui,
    widget::{
        chart::{self, Plot},
        table,
        text::{put, put_all, put_right, words, wrap},
    },
};
use base::view::{Cell, Detail, Table, Tone};
use engine::snapshot::Snapshot;

pub(super) fn draw(area: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>, drawn: &mut Drawn) {
    let theme = look.theme;
    let title = Rect { height: 1, ..area };
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let panel = ui.panel().map_or("", |p| p.title);
    // A row's id contains its real name: with the mask on it is not shown before the detail arrives.
    let asked = || ui.opened().filter(|_| !ui.view_model().is_masked()).map_or("", |k| k.row.as_str());
    let name = ui.detail().map_or_else(asked, |d| &d.title);
    put_all(
        title,
        buf,
        [
            (" ", theme.style(Role::Text)),
            (panel, theme.style(Role::Muted)),
            (" ▸ ", theme.style(Role::Key)),
            (name, theme.style(Role::Title)),
        ],
    );
    let Some(detail) = ui.detail() else {
        let (word, tone) = match ui.is_asking() {
            true => ("loading", Tone::Busy),
            false => ("no more details for this row", Tone::Blind),
        };
        let cell = words(&Cell::text(word).tone(tone));
        put(Rect { x: body.x + 2, width: body.width.saturating_sub(2), ..body }, buf, &cell, theme.tone(tone));
        return;
    };
    if ui.is_maximised() {
        return super::panel::tables(body, buf, ui, look, drawn);
    }
    let lines = field_lines(detail, usize::from(body.width), look);
    let kept = u16::from(super::foot::reported(ui).is_none());
    let (facts, curves, tables) = heights(body.height, kept, &lines, detail);
    let last = lines.len().saturating_sub(usize::from(facts));
    let top = ui.opened.top.min(last);
    drawn.detail_top = Some((top, last));
    drawn.spots.push((Rect { height: facts, ..body }, Spot::Fields));
    for (y, line) in (body.y..body.y + facts).zip(lines.iter().skip(top)) {
        let row = Rect { y, height: 1, ..body };
        put_all(row, buf, line.iter().map(|(text, style)| (text.as_str(), *style)));
    }
    if lines.len() > usize::from(facts) && facts > 0 {
        let keys = [Id::FieldsDown, Id::FieldsUp].map(|id| look.keys.word(id)).join(" ");
        let more = format!(" lines {}–{} of {}: {keys} ", top + 1, usize::from(facts) + top, lines.len());
        put_right(title, buf, &more, theme.style(Role::Key));
    }
    let place = Rect { y: body.y + facts, height: curves, ..body };
    draw_curves(place, buf, detail, &ui.view_model().snapshot, look);
    let place = Rect { y: body.y + facts + curves, height: tables, ..body };
    if tables > 0 {
        super::panel::tables(place, buf, ui, look, drawn);
    }
}

/// Lines for fields, curves and tables. Fields come first; curves need a few lines to be legible; tables scroll in the
/// rest. A short table that comes first is shown completely if that leaves the fields a third. `kept`: a line for a message.
fn heights(room: u16, kept: u16, lines: &[Line], detail: &Detail) -> (u16, u16, u16) {
    let facts = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let others = !detail.curves.is_empty() || !detail.tables.is_empty();
    let short = detail.tables.first().and_then(whole).unwrap_or(0);
    let half = (room / 2).min(room.saturating_sub(short).max(room / 3));
    let facts = if others { facts.min(half) } else { facts.min(room) };
    let left = room - facts;
    let curves = match (detail.curves.is_empty(), detail.tables.is_empty()) {
        (true, _) => 0,
        (false, true) => left.min(16),
        (false, false) if left < 14 => 0,
        (false, false) => (left / 2).min(12).min(left.saturating_sub(short)),
    };
    let curves = if curves < 5 { 0 } else { curves };
    if detail.tables.is_empty() {
        return (facts, curves, 0);
    }
    // Lines that no table needs are for fields that would have to be scrolled; one is left, so that a message hides no field.
    let wanted = detail.tables.iter().map(|t| table::wanted(t, t.rows.len())).fold(0, u16::saturating_add);
    let spare = (left - curves).saturating_sub(wanted.saturating_add(kept));
    let more = spare.min(u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(facts));
    (facts + more, curves, left - curves - more)
}

/// Lines of a table that is short enough to be shown completely.
pub(super) fn whole(table: &Table) -> Option<u16> {
    const SHORT: u16 = 14;
    Some(table::wanted(table, table.rows.len())).filter(|lines| *lines <= SHORT)
}

type Line = Vec<(String, ratatui::style::Style)>;

/// Fields in two columns if all fit in half the width, else one a line, long ones wrapped.
fn field_lines(detail: &Detail, width: usize, look: &Drawing<'_>) -> Vec<Line> {
    let (muted, theme) = (look.theme.style(Role::Muted), look.theme);
    let name_width = detail.fields.iter().map(|(n, _)| n.width()).max().unwrap_or(0);
    let message = |cell: &Cell| look.spell(&words(cell)).into_owned();
    let value_width = detail.fields.iter().map(|(_, c)| message(c).width()).max().unwrap_or(0);
    let name = |n: &str| format!("  {n}{}  ", " ".repeat(name_width - n.width()));
    let fact = |(n, cell): &(std::borrow::Cow<'static, str>, Cell)| {
        vec![(name(n), muted), (message(cell), theme.tone(cell.tone))]
    };
    let half = width / 2;
    if name_width + value_width + 5 <= half {
        let rows = detail.fields.len().div_ceil(2);
        let line = |i: usize| {
            let mut line = fact(&detail.fields[i]);
            if let Some(second) = detail.fields.get(i + rows) {
                let used: usize = line.iter().map(|(t, _)| t.width()).sum();
                line.push((" ".repeat(half - used), muted));
                line.extend(fact(second));
            }
            line
        };
        return (0..rows).map(line).collect();
    }
    let room = width.saturating_sub(name_width + 5).max(10);
    let wrapped = |f: &(std::borrow::Cow<'static, str>, Cell)| {
        let style = theme.tone(f.1.tone);
        let first = |i: usize| if i == 0 { name(&f.0) } else { name("") };
        wrap(&message(&f.1), room)
            .into_iter()
            .enumerate()
            .map(|(i, t)| vec![(first(i), muted), (t, style)])
            .collect::<Vec<_>>()
    };
    detail.fields.iter().flat_map(wrapped).collect()
}

fn draw_curves(area: Rect, buf: &mut Buffer, detail: &Detail, snapshot: &Snapshot, look: &Drawing<'_>) {
    if area.is_empty() {
        return;
    }
    let marks = marks::marks(snapshot);
    let all = u16::try_from(detail.curves.len()).unwrap_or(u16::MAX);
    let beside = all.clamp(1, (area.width / 38).max(1));
    // As many rows of curves as remain legible.
    let rows = all.div_ceil(beside).clamp(1, (area.height / 6).max(1));
    for (i, curve) in (0..beside * rows).zip(&detail.curves) {
        let (column, row) = (i % beside, i / beside);
        let (left, right) = (area.width * column / beside, area.width * (column + 1) / beside);
        let (top, bottom) = (area.height * row / rows, area.height * (row + 1) / rows);
        let width = right - left - u16::from(column + 1 < beside);
        let limits = marks::limits(&snapshot.plan, curve);
        let plot = Plot { curve, limits: &limits, marks: &marks, clock: look.clock };
        chart::draw(Rect { x: area.x + left, y: area.y + top, width, height: bottom - top }, buf, plot, look.theme);
    }
    let hidden = all.saturating_sub(beside * rows);
    if hidden > 0 {
        let more = format!(" {hidden} more charts on a larger screen ");
        put_right(Rect { height: 1, ..area }, buf, &more, look.theme.style(Role::Muted));
    }
}
