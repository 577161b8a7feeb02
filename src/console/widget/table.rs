//! A table: title line, groups, headings, and the visible rows.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    columns::{GROUP_GAP, Place, Room, place},
    lines,
    text::{fit, put, put_right, sparkline},
};
use crate::{
    command::Id,
    drawing::Drawing,
    rows::{Content, has_glyph, on_screen, widened},
    table::TableUi,
    theme::Role,
};
use base::view::{Align, Cell, Key, Table, Tone};

/// How to draw a table.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Whether it is focused.
    pub focused: bool,
    /// All columns in full.
    pub wide: bool,
    /// Columns scrolled away.
    pub scroll: usize,
    /// Number of tables of the same place that have no room.
    pub hidden: usize,
    /// Whether it has all the room.
    pub maximised: bool,
    /// Whether long texts are wrapped if there are lines left.
    pub wraps: bool,
}

/// Cells left of the first column, for the selection mark.
const GUTTER: u16 = 2;

/// Lines above the rows.
#[must_use]
pub fn head(table: &Table) -> u16 {
    2 + u16::from(has_groups(table))
}

/// Lines that the table needs.
#[must_use]
pub fn wanted(table: &Table, shown: usize) -> u16 {
    head(table) + u16::try_from(shown.max(1)).unwrap_or(u16::MAX - 8)
}

/// Lines that the table needs so that no text is cut, if all its rows are shown anyway.
#[must_use]
pub fn wanted_wrapped(table: &Table, ui: &TableUi, asked: Asked, width: u16, look: &Drawing<'_>) -> u16 {
    /// A table of more rows fills the screen.
    const MOST: usize = 100;
    if ui.rows.order.len() > MOST {
        return wanted(table, ui.rows.order.len());
    }
    let shown = || ui.rows.order.iter().filter_map(|&row| table.rows.get(row));
    let seen = on_screen(table, &ui.rows.columns, shown());
    let contents = widened(&ui.rows.columns, &seen);
    let room = Room { width: width.saturating_sub(GUTTER), wide: asked.wide, scroll: asked.scroll, hidden: &ui.hidden };
    let places = place(&table.columns, &contents, &seen, room);
    let lines = lines::heights(table, shown(), (&places, &contents), look, usize::MAX);
    wanted(table, lines.iter().sum())
}

fn has_groups(table: &Table) -> bool {
    table.columns.iter().any(|c| !c.group.is_empty())
}

/// Results of drawing.
#[derive(Debug)]
pub struct Found {
    /// The first row on screen.
    pub top: usize,
    /// Number of rows with room.
    pub height: usize,
    /// The columns' contents, if visible cells are wider than known before.
    pub columns: Option<Vec<Content>>,
    /// Areas of the column headings.
    pub headings: Vec<(Rect, usize)>,
    /// Areas of the rows, by their ids.
    pub rows: Vec<(Rect, String)>,
}

/// Draws it.
pub fn draw(area: Rect, buf: &mut Buffer, table: &Table, ui: &TableUi, asked: Asked, look: &Drawing<'_>) -> Found {
    let inner = Rect { x: area.x + GUTTER.min(area.width), width: area.width.saturating_sub(GUTTER), ..area };
    let scroll = if asked.focused { asked.scroll } else { 0 };
    let room = Room { width: inner.width, wide: asked.wide, scroll, hidden: &ui.hidden };
    let head = head(table).min(area.height);
    let height = usize::from(area.height - head);
    let top = top(ui, height);
    let shown = || ui.rows.order.iter().skip(top).take(height).filter_map(|&row| table.rows.get(row));
    let seen = on_screen(table, &ui.rows.columns, shown());
    let contents = widened(&ui.rows.columns, &seen);
    let places = place(&table.columns, &contents, &seen, room);
    let tall = match asked.wraps && ui.rows.order.len() <= height {
        true => lines::heights(table, shown(), (&places, &contents), look, height),
        false => Vec::new(),
    };
    rule(area, buf, table, ui, (top, height, places.len()), asked, look);
    let line = |y: u16| Rect { y: inner.y + y, height: 1, ..inner };
    let mut heads = Vec::new();
    if area.height >= head {
        if has_groups(table) {
            groups(line(1), buf, table, &places, look);
        }
        let titles = line(head - 1);
        headings(titles, buf, table, ui, &places, look);
        heads.extend(places.iter().map(|p| (Rect { x: titles.x + p.x, width: p.width, ..titles }, p.column)));
    }
    let body = Rect { y: area.y + head, height: area.height - head, ..area };
    let rows = rows(body, buf, table, ui, Body { top, places: &places, contents: &contents, tall: &tall }, asked, look);
    if ui.rows.order.is_empty() && height > 0 {
        let text = match () {
            () if table.rows.is_empty() => table.empty,
            () if ui.waits => "rows are on their way",
            () => "no row matches the filter",
        };
        put(Rect { x: inner.x, y: body.y, width: inner.width, height: 1 }, buf, text, look.theme.style(Role::Muted));
    }
    Found { top, height, columns: Some(contents).filter(|c| *c != ui.rows.columns), headings: heads, rows }
}

/// Where and how high the rows are.
struct Body<'b> {
    /// The first one on screen.
    top: usize,
    places: &'b [Place],
    contents: &'b [Content],
    /// Lines of each on screen; one line where there is no entry.
    tall: &'b [usize],
}

/// Draws the rows; returns their areas.
fn rows(
    body: Rect,
    buf: &mut Buffer,
    table: &Table,
    ui: &TableUi,
    at: Body<'_>,
    asked: Asked,
    look: &Drawing<'_>,
) -> Vec<(Rect, String)> {
    let (left, height) = (body.x + GUTTER.min(body.width), usize::from(body.height));
    let separators = separators(table, at.places);
    let mut drawn = Vec::new();
    let mut y = body.y;
    for (nth, (index, &row)) in ui.rows.order.iter().enumerate().skip(at.top).take(height).enumerate() {
        let Some(row) = table.rows.get(row) else { continue };
        let tall = at.tall.get(nth).map_or(1, |lines| u16::try_from(*lines).unwrap_or(1));
        let whole = Rect { y, height: tall, ..body };
        y += tall;
        drawn.push((whole, row.id.to_string()));
        if asked.focused && index == ui.index {
            buf.set_style(whole, look.theme.style(Role::Selected));
            put(whole, buf, "▸", look.theme.style(Role::Key));
        }
        for (x, y) in separators.iter().flat_map(|x| (whole.y..whole.bottom()).map(move |y| (x, y))) {
            put(Rect { x: left + x, y, width: 1, height: 1 }, buf, "│", look.theme.style(Role::Border));
        }
        for p in at.places {
            let Some(cell) = row.cells.get(p.column) else { continue };
            let glyphs = at.contents.get(p.column).is_some_and(|c| c.glyphs);
            let area = Rect { x: left + p.x, width: p.width, ..whole };
            draw_cell(area, buf, cell, table.columns[p.column].align, glyphs, look);
        }
    }
    drawn
}

/// The first visible row: keeps the selection visible with the least scrolling.
fn top(ui: &TableUi, height: usize) -> usize {
    let last = ui.rows.order.len().saturating_sub(height);
    let lowest = (ui.index + 1).saturating_sub(height);
    ui.top.clamp(lowest.min(ui.index), ui.index).min(last)
}

/// The title line: title, number of rows shown, filter and order.
fn rule(
    area: Rect,
    buf: &mut Buffer,
    table: &Table,
    ui: &TableUi,
    (top, height, columns): (usize, usize, usize),
    asked: Asked,
    look: &Drawing<'_>,
) {
    let line = Rect { height: 1.min(area.height), ..area };
    let border = look.theme.style(Role::Border);
    put(line, buf, &"─".repeat(usize::from(area.width)), border);
    let at = |x: u16| Rect { x: line.x + x, width: line.width.saturating_sub(x), ..line };
    let title = if asked.focused { Role::Title } else { Role::Heading };
    let mut x = 1 + put(at(1), buf, &format!(" {} ", table.title), look.theme.style(title));
    let shown = ui.rows.order.len();
    let mut facts = Vec::new();
    if asked.maximised {
        facts.push(format!("maximised: {} restores ", look.keys.word(Id::Maximise)));
    }
    facts.extend(filtered(table, ui));
    if let Some(sort) = ui.sort
        && let Some(column) = table.columns.get(sort.column)
    {
        facts.push(format!("by {} {}", heading(column), if sort.descending { "↓" } else { "↑" }));
    }
    let key = look.theme.style(Role::Key);
    for fact in facts {
        x += put(at(x), buf, &format!("{fact} "), key);
    }
    let mut right = Vec::new();
    let hidden = table.columns.len().saturating_sub(columns + ui.hidden.len());
    if hidden > 0 && asked.focused {
        let columns = if hidden == 1 { "column" } else { "columns" };
        right.push(format!("{hidden} {columns} more: {}", look.keys.word(Id::Wide)));
    }
    if !ui.hidden.is_empty() {
        right.push(format!("{} hidden: {}", ui.hidden.len(), look.keys.word(Id::Columns)));
    }
    if asked.hidden > 0 && asked.focused {
        let keys = [Id::PreviousTable, Id::NextTable].map(|id| look.keys.word(id)).join(" ");
        right.push(format!("{} more: {keys}", lists(asked.hidden)));
    }
    if shown > height && height > 0 {
        right.push(format!("{}–{} of {shown}", top + 1, (top + height).min(shown)));
    }
    let text = format!(" {} ", right.join(" · "));
    if !right.is_empty() && usize::from(x) + text.chars().count() + 2 < usize::from(area.width) {
        put_right(Rect { width: line.width - 1, ..line }, buf, &text, look.theme.style(Role::Muted));
    }
}

/// How many rows match the filter, and what of it does not apply to this table.
fn filtered(table: &Table, ui: &TableUi) -> Option<String> {
    let (rows, all, text) = (&ui.rows, table.rows.len(), &ui.filter);
    let shown = if ui.waits { "…".to_owned() } else { rows.order.len().to_string() };
    let missing = rows.filter().missing();
    let missing = || format!("no column {}", missing.join(", "));
    match rows.filter() {
        _ if text.is_empty() => None,
        _ if rows.error.is_some() => Some(format!("{shown} of {all} shown, ✖ error in {text}")),
        filter if filter.missing().is_empty() => Some(format!("{shown} of {all} match {text}")),
        filter if filter.is_empty() => Some(format!("all {all} shown, {}", missing())),
        _ => Some(format!("{shown} of {all} match {text}, {}", missing())),
    }
}

fn lists(n: usize) -> String {
    if n == 1 { "1 list".to_owned() } else { format!("{n} lists") }
}

/// A column's title, or its id if it has none.
fn heading(column: &base::view::Column) -> String {
    let title = if column.title.is_empty() { column.id } else { &column.title };
    if column.group.is_empty() { title.to_owned() } else { format!("{} {title}", column.group) }
}

/// Headings above groups of columns, as wide as the group.
fn groups(line: Rect, buf: &mut Buffer, table: &Table, places: &[Place], look: &Drawing<'_>) {
    for run in places.chunk_by(|a, b| table.columns[a.column].group == table.columns[b.column].group) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let group = &table.columns[first.column].group;
        if group.is_empty() {
            continue;
        }
        let area = Rect { x: line.x + first.x, width: last.x + last.width - first.x, ..line };
        let style = look.group(group);
        let used = put(area, buf, look.group_word(group, area.width), style);
        if used + 1 < area.width {
            let rest = Rect { x: area.x + used + 1, width: area.width - used - 1, ..area };
            put(rest, buf, &"─".repeat(usize::from(rest.width)), look.theme.style(Role::Border));
        }
    }
}

fn headings(line: Rect, buf: &mut Buffer, table: &Table, ui: &TableUi, places: &[Place], look: &Drawing<'_>) {
    for p in places {
        let column = &table.columns[p.column];
        let area = Rect { x: line.x + p.x, width: p.width, ..line };
        let sorted = ui.sort.is_some_and(|s| s.column == p.column);
        let style = look.theme.style(if sorted { Role::Key } else { Role::Heading });
        match column.align {
            Align::Left => put(area, buf, &column.title, style),
            Align::Right => put_right(area, buf, &fit(&column.title, usize::from(p.width)), style),
        };
    }
    for x in separators(table, places) {
        put(Rect { x: line.x + x, width: 1, ..line }, buf, "│", look.theme.style(Role::Border));
    }
}

/// Positions of the lines between groups.
fn separators(table: &Table, places: &[Place]) -> Vec<u16> {
    let between = |w: &[Place]| {
        let apart = table.columns[w[0].column].group != table.columns[w[1].column].group;
        apart.then(|| w[1].x - GROUP_GAP + 1)
    };
    places.windows(2).filter_map(between).collect()
}

fn draw_cell(area: Rect, buf: &mut Buffer, cell: &Cell, align: Align, glyphs: bool, look: &Drawing<'_>) {
    let style = look.theme.tone(cell.tone);
    if let Key::Spark(values) = &cell.key {
        let style = if cell.tone == Tone::Plain { look.theme.style(Role::Chart) } else { style };
        put(area, buf, &sparkline(values, usize::from(area.width)), style);
        return;
    }
    let width = usize::from(area.width);
    let glyph = if has_glyph(cell.tone) { cell.tone.glyph(false) } else { "" };
    let detail = look.spell(&cell.text);
    if area.height > 1 && lines::can_wrap(cell, align) {
        let indent = if glyphs { 2 } else { 0 };
        put(area, buf, glyph, style);
        let rest = Rect { x: area.x + indent, width: area.width.saturating_sub(indent), ..area };
        for (y, line) in (area.y..).zip(lines::lines(&detail, usize::from(rest.width), usize::from(area.height))) {
            put(Rect { y, height: 1, ..rest }, buf, &line, style);
        }
        return;
    }
    let text = match (align, glyph, glyphs) {
        (_, "", false) | (Align::Right, "", true) => detail.into_owned(),
        (Align::Left, "", true) => format!("  {detail}"),
        (..) => format!("{glyph} {detail}"),
    };
    match align {
        Align::Left => put(area, buf, &lines::cut(&text, width), style),
        Align::Right => {
            // A truncated number would be another number: it is shown whole or not at all.
            let cut = crate::cells::width(&text) > width;
            let number = matches!(cell.key, Key::Number(_));
            let text: &str = if cut && number { "…" } else { &text };
            put_right(area, buf, &fit(text, width), style)
        }
    };
}
