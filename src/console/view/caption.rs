//! The script's caption and the keys it pressed last: a band above the last line.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::drawing::Drawing;
use crate::{
    theme::Role,
    ui::{Caption, Ui},
    widget::text::{put, put_all, wrap},
};

/// Number of lines on a screen of this width.
pub(super) fn height(ui: &Ui, width: u16) -> u16 {
    ui.caption.as_ref().map_or(0, |caption| u16::try_from(lines(caption, width).len()).unwrap_or(1) + 1)
}

pub(super) fn draw(area: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>) {
    let Some(caption) = &ui.caption else { return };
    let (rule, title, key) =
        (look.theme.style(Role::Muted), look.theme.style(Role::Title), look.theme.style(Role::Key));
    let line = |y| Rect { y: area.y + y, height: 1, ..area };
    put(line(0), buf, &"─".repeat(usize::from(area.width)), rule);
    let (done, all) = caption.progress;
    let keys = caption.keys.join(" ");
    let head = format!(" {done}/{all} ");
    put_all(
        line(0),
        buf,
        [
            ("─", rule),
            (head.as_str(), rule),
            (if keys.is_empty() { "" } else { " keys " }, rule),
            (keys.as_str(), key),
            (" ", rule),
        ],
    );
    for (n, text) in (1..).zip(lines(caption, area.width)) {
        put_all(line(n), buf, [(" ▸ ", key), (text.as_str(), title)]);
    }
}

/// The caption, wrapped at word boundaries.
fn lines(caption: &Caption, width: u16) -> Vec<String> {
    let mut lines = wrap(&caption.text, usize::from(width).saturating_sub(4));
    lines.truncate(3);
    lines
}
