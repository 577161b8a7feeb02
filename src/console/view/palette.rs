//! Draws the palette: the offers, best first, over the lower part of the page.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::drawing::Drawing;
use crate::{
    command::Risk,
    entry::Palette,
    offer::Offer,
    palette::found,
    theme::Role,
    ui::Ui,
    widget::text::{put, put_all, put_right},
};
use base::view::{Tone, grouped};

/// Cells for the key and for the name.
const KEY: usize = 12;
const NAME: usize = 22;

pub(super) fn draw(area: Rect, buf: &mut Buffer, ui: &Ui, palette: &Palette, look: &Drawing<'_>) {
    let found = found(ui, palette);
    let wanted = u16::try_from(found.len().max(1)).unwrap_or(u16::MAX);
    let room = wanted.min(area.height.saturating_sub(4)).min(16);
    let height = room + 1;
    let area = Rect { y: area.bottom() - height, height, ..area };
    let style = |role| look.theme.style(role);
    for y in area.y..area.bottom() {
        put(Rect { y, height: 1, ..area }, buf, &" ".repeat(usize::from(area.width)), style(Role::Text));
    }
    let rule = Rect { height: 1, ..area };
    put(rule, buf, &"━".repeat(usize::from(area.width)), style(Role::Key));
    put(Rect { x: area.x + 2, ..rule }, buf, " Command ", style(Role::Title));
    let history = &ui.history.commands;
    let arrows = match () {
        () if history.is_browsing() => "↑ ↓ earlier ones · ^P ^N choose",
        () if palette.text.is_empty() && palette.over.is_none() && !history.is_empty() => "↑ earlier ones · ↓ choose",
        () => "↑ ↓ choose · Tab completes",
    };
    // Of many rows only the first are offered.
    let (rows, all) = ui.row_hits(&palette.text);
    let hidden = if palette.over.is_none() { all - rows.len() } else { 0 };
    let of = |n: usize| grouped(u64::try_from(n).unwrap_or(u64::MAX));
    let many = if hidden > 0 { format!(" of {}", of(found.len() + hidden)) } else { String::new() };
    let count = format!(" {}{many} found · {arrows} · Enter runs it · Esc closes ", found.len());
    put_right(Rect { width: rule.width - 2, ..rule }, buf, &count, style(Role::Muted));
    if found.is_empty() {
        let line = Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(2), height: 1 };
        put(line, buf, "no match", style(Role::Muted));
    }
    let at = palette.at.min(found.len().saturating_sub(1));
    let top = (at + 1).saturating_sub(usize::from(room));
    for (y, (nth, offer)) in (area.y + 1..area.bottom()).zip(found.iter().enumerate().skip(top)) {
        let line = Rect { y, height: 1, ..area };
        if nth == at {
            buf.set_style(line, style(Role::Selected));
            put(line, buf, "▸", style(Role::Key));
        }
        offered(Rect { x: line.x + 2, width: line.width.saturating_sub(2), ..line }, buf, offer, look);
    }
}

fn offered(line: Rect, buf: &mut Buffer, offer: &Offer, look: &Drawing<'_>) {
    let style = |role| look.theme.style(role);
    let possible = offer.why_not.is_none();
    let name = style(if possible { Role::Title } else { Role::Muted });
    let (key, title) = (format!("{:<KEY$}", offer.key), format!("{:<NAME$} ", offer.name));
    let (mark, risk) = match offer.risk {
        Risk::Looks => ("  ", style(Role::Muted)),
        Risk::Records => ("· ", style(Role::Muted)),
        Risk::Changes => ("▲ ", look.theme.tone(Tone::Warn)),
    };
    let used = put_all(line, buf, [(key.as_str(), style(Role::Key)), (title.as_str(), name), (mark, risk)]);
    let rest = Rect { x: line.x + used, width: line.width.saturating_sub(used), ..line };
    match &offer.why_not {
        Some(why) => put_all(rest, buf, [("not now: ", style(Role::Warn)), (&look.spell(why), style(Role::Muted))]),
        None => put(rest, buf, &look.spell(&offer.doc), style(Role::Muted)),
    };
}
