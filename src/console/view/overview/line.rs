//! An answer in one line or a few: its name, its value, then the words, which continue below the value.

use ratatui::{buffer::Buffer, layout::Rect};

use super::phrase::{Curve, answer_shown};
use crate::{
    answers::Answer,
    drawing::Drawing,
    theme::Role,
    widget::{
        flow::flow,
        text::{put, words},
    },
};
use base::view::Tone;

/// Columns of the name, of the value.
const NAME: u16 = 19;
const VALUE: u16 = 15;

pub fn draw(area: Rect, buf: &mut Buffer, answer: &Answer, selected: bool, look: &Drawing<'_>) {
    let style = |role| look.theme.style(role);
    mark(area, buf, selected, look);
    let name = if selected { style(Role::Title).patch(style(Role::Selected)) } else { style(Role::Title) };
    let line = Rect { height: 1, ..area };
    put(
        Rect { x: line.x + 2, width: NAME.min(line.width.saturating_sub(2)), ..line },
        buf,
        answer.question.title,
        name,
    );
    let left = area.x + 2 + NAME;
    if left >= area.right() {
        return;
    }
    let rest = Rect { x: left, width: area.right() - left, ..line };
    let used = answer.main.as_ref().map_or(0, |tile| {
        let tone = match tile.value.tone {
            Tone::Plain => style(Role::Title),
            tone => style(Role::Title).patch(look.theme.tone(tone)),
        };
        put(rest, buf, &words(&tile.value), tone)
    });
    // The words say it if a part is worse than the value.
    let used = if answer.main.is_none() { 0 } else { VALUE.max(used + 2) };
    let first = Rect { x: left + used, width: rest.width.saturating_sub(used), ..line };
    let below = (line.y + 1..area.bottom()).map(|y| Rect { y, ..rest });
    let lines: Vec<Rect> = std::iter::once(first).chain(below).collect();
    let curve = if area.width >= 100 { Curve::Drawn } else { Curve::Text };
    flow(&lines, buf, &answer_shown(answer, curve, look), style(Role::Muted));
}

/// Marks the selected answer.
pub fn mark(area: Rect, buf: &mut Buffer, selected: bool, look: &Drawing<'_>) {
    for y in (area.y..area.bottom()).filter(|_| selected) {
        put(Rect { y, height: 1, ..area }, buf, "┃", look.theme.style(Role::Key));
    }
}
