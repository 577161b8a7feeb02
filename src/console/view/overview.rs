//! The overview: the questions of a war room as large tiles.

use ratatui::{buffer::Buffer, layout::Rect};

use super::Look;
use crate::{
    console::{
        theme::Role,
        ui::Ui,
        widget::{
            big,
            text::{put, put_all, sparkline, words, wrap},
        },
    },
    view::{Tile, Tone},
};

/// Draws the tiles; gives how many stand side by side.
pub(super) fn draw(area: Rect, buf: &mut Buffer, ui: &Ui, look: &Look<'_>) -> usize {
    let tiles = &ui.picture().tiles;
    let columns: u16 = match area.width {
        0..60 => 2,
        60..160 => 3,
        _ => 4,
    };
    let rows = u16::try_from(tiles.len()).unwrap_or(u16::MAX).div_ceil(columns).max(1);
    let height = (area.height / rows).clamp(4, 12);
    let fits = usize::from((area.height / height).max(1));
    // Where not all rows of tiles fit, the selected one stays on screen.
    let first = (ui.tile / usize::from(columns)).saturating_sub(fits - 1);
    let shown = tiles.iter().enumerate().skip(first * usize::from(columns)).take(fits * usize::from(columns));
    for (place, (i, tile)) in shown.enumerate() {
        let place = u16::try_from(place).unwrap_or(0);
        let left = area.width * (place % columns) / columns;
        let right = area.width * (place % columns + 1) / columns;
        let cell = Rect { x: area.x + left, y: area.y + place / columns * height, width: right - left, height };
        draw_tile(cell.intersection(area), buf, tile, i == ui.tile, look);
    }
    usize::from(columns)
}

fn draw_tile(area: Rect, buf: &mut Buffer, tile: &Tile, selected: bool, look: &Look<'_>) {
    let theme = look.theme;
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let line = |y: u16| Rect { y: inner.y + y, height: 1, ..inner };
    let tone = theme.tone(tile.value.tone);
    let title = Rect { height: 1, ..area };
    let rule = if selected { "━" } else { "─" };
    let border = theme.style(if selected { Role::Key } else { Role::Border });
    put(Rect { width: area.width.saturating_sub(1), ..title }, buf, &rule.repeat(usize::from(area.width)), border);
    let name = format!("{}{} ", if selected { "▸ " } else { " " }, tile.title);
    let style =
        if selected { theme.style(Role::Title).patch(theme.style(Role::Selected)) } else { theme.style(Role::Title) };
    put(Rect { x: title.x + 1, width: title.width.saturating_sub(2), ..title }, buf, &name, style);

    let sides = u16::from(!tile.sides.is_empty());
    let spark = u16::from(tile.spark.iter().filter(|v| v.is_finite()).count() > 1);
    let text = words(&tile.value);
    let note = wrap(&tile.note, usize::from(inner.width));
    let big = !look.ascii
        && area.height >= 1 + big::HEIGHT + 1 + sides + spark
        && big::width(&tile.value.text).is_some_and(|w| w + 2 <= inner.width);
    let mut y = 1;
    if big {
        let glyph = tile.value.tone.glyph(false);
        // One line of air above where there is room for it.
        y += u16::from(area.height >= 9);
        let shift = if matches!(tile.value.tone, Tone::Plain | Tone::Muted) {
            0
        } else {
            put(line(y), buf, &format!("{glyph} "), tone)
        };
        let figures = Rect { x: inner.x + shift, y: inner.y + y, width: inner.width - shift, height: big::HEIGHT };
        big::draw(figures, buf, &tile.value.text, tone);
        y += big::HEIGHT;
    } else {
        put(line(y), buf, &text, theme.style(Role::Title).patch(tone));
        y += 1;
    }
    let bottom = area.height.saturating_sub(sides + spark);
    let lines = usize::from(bottom.saturating_sub(y)).min(3);
    for (i, text) in note.iter().take(lines).enumerate() {
        // What does not fit is cut visibly.
        let text = if i + 1 == lines && note.len() > lines { format!("{text} …") } else { text.clone() };
        put(line(y), buf, &text, theme.style(Role::Muted));
        y += 1;
    }
    if sides > 0 && y < area.height {
        side_line(line(y), buf, tile, look);
        y += 1;
    }
    if spark > 0 && y < area.height {
        put(line(y), buf, &sparkline(&tile.spark, usize::from(inner.width)), theme.style(Role::Chart));
    }
}

fn side_line(line: Rect, buf: &mut Buffer, tile: &Tile, look: &Look<'_>) {
    let theme = look.theme;
    let mut x = 0;
    for (label, cell) in &tile.sides {
        let rest = Rect { x: line.x + x, width: line.width.saturating_sub(x), ..line };
        x += put_all(
            rest,
            buf,
            [
                (label.as_ref(), look.group(label)),
                (" ", theme.style(Role::Text)),
                (words(cell).trim_start(), theme.tone(cell.tone)),
                ("  ", theme.style(Role::Text)),
            ],
        );
    }
}
