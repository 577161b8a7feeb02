//! The overview: the questions of a war room as large tiles.

use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr as _;

use super::Look;
use crate::{
    console::{
        mouse::Spot,
        theme::Role,
        ui::{Drawn, Ui},
        widget::{
            big,
            text::{put, put_all, put_right, sparkline, words, wrap},
        },
    },
    view::{Cell, Tile, Tone},
};

/// Draws the tiles.
pub(super) fn draw(area: Rect, buf: &mut Buffer, ui: &Ui, look: &Look<'_>, drawn: &mut Drawn) {
    let tiles = &ui.picture().tiles;
    let columns: u16 = match area.width {
        0..60 => 1,
        60..100 => 2,
        100..160 => 3,
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
        let cell = cell.intersection(area);
        draw_tile(cell, buf, tile, i == ui.tile, look);
        drawn.spots.push((cell, Spot::Tile(i)));
    }
    drawn.tile_columns = Some(usize::from(columns));
}

fn draw_tile(area: Rect, buf: &mut Buffer, tile: &Tile, selected: bool, look: &Look<'_>) {
    let theme = look.theme;
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let line = |y: u16| Rect { y: inner.y + y, height: 1, ..inner };
    let tone = theme.tone(tile.value.tone);
    let title = Rect { height: 1, ..area };
    let rule = if selected { "━" } else { "─" };
    let border = theme.style(if selected { Role::Key } else { Role::Border });
    let reach = area.width.saturating_sub(1);
    put(Rect { width: reach, ..title }, buf, &rule.repeat(usize::from(reach)), border);
    let name = format!("{}{} ", if selected { "▸ " } else { " " }, tile.title);
    let style =
        if selected { theme.style(Role::Title).patch(theme.style(Role::Selected)) } else { theme.style(Role::Title) };
    put(Rect { x: title.x + 1, width: title.width.saturating_sub(2), ..title }, buf, &name, style);

    let side_lines = side_lines(tile, usize::from(inner.width));
    let sides = u16::try_from(side_lines.len()).unwrap_or(1);
    let has_spark = tile.spark.iter().filter(|v| v.is_finite()).count() > 1;
    // On a line of its own where there is room for it, else to the right of the value.
    let spark = u16::from(has_spark && area.height > 2 + sides + 1);
    let text = words(&tile.value);
    let said = look.spell(&tile.note);
    let note = wrap(&said, usize::from(inner.width));
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
        let used = put(line(y), buf, &text, theme.style(Role::Title).patch(tone));
        let room = inner.width.saturating_sub(used + 2);
        if area.height <= 2 + sides {
            // The note has no line of its own.
            let beside = Rect { x: inner.x + used + 2, width: room, ..line(y) };
            put(beside.intersection(inner), buf, &said, theme.style(Role::Muted));
        } else if has_spark && spark == 0 && room >= 8 {
            let curve = sparkline(&tile.spark, usize::from(room.min(16)));
            put_right(line(y), buf, &curve, theme.style(Role::Chart));
        }
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
    for tile_sides in side_lines {
        if y < area.height {
            side_line(line(y), buf, tile_sides, look);
            y += 1;
        }
    }
    if spark > 0 && y < area.height {
        put(line(y), buf, &sparkline(&tile.spark, usize::from(inner.width)), theme.style(Role::Chart));
    }
}

type SideCell = (std::borrow::Cow<'static, str>, Cell);

/// The sides on one line where they fit, else one a line.
fn side_lines(tile: &Tile, width: usize) -> Vec<&[SideCell]> {
    let one: usize = tile.sides.iter().map(|(label, cell)| label.width() + words(cell).trim_start().width() + 3).sum();
    match tile.sides.len() {
        0 => Vec::new(),
        _ if one <= width + 2 => vec![&tile.sides],
        _ => tile.sides.chunks(1).collect(),
    }
}

fn side_line(line: Rect, buf: &mut Buffer, sides: &[SideCell], look: &Look<'_>) {
    let theme = look.theme;
    let mut x = 0;
    for (label, cell) in sides {
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
