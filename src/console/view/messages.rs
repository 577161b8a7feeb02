//! The log of messages: the latest first, each with its time, wrapped in full.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::drawing::Drawing;
use crate::{
    messages::{About, Message, glyph},
    theme::Role,
    ui::Ui,
    widget::text::{put_all, put_right, wrap},
};
use base::view::Tone;

/// Cells for the time, which may have a date.
const TIME: usize = 21;
/// Cells for what a message is about.
const ABOUT: usize = 12;

/// Draws it; returns the first line that could be shown, and how many there is room for.
pub(super) fn draw(area: Rect, buf: &mut Buffer, ui: &Ui, top: usize, look: &Drawing<'_>) -> (usize, usize) {
    let title = look.theme.style(Role::Title);
    put_all(Rect { height: 1, ..area }, buf, [(" Messages of this console, the latest first", title)]);
    let area = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let room = usize::from(area.width).saturating_sub(TIME + ABOUT + 2);
    let messages = ui.messages.latest(ui.view_model().is_masked());
    let lines: Vec<Vec<(String, Style)>> = messages.flat_map(|message| lines(message, room, look)).collect();
    let height = usize::from(area.height);
    let top = top.min(lines.len().saturating_sub(height));
    if lines.is_empty() {
        put_all(Rect { height: 1, ..area }, buf, [("  none yet", look.theme.style(Role::Muted))]);
    }
    for (y, line) in (area.y..area.bottom()).zip(lines.iter().skip(top)) {
        put_all(Rect { y, height: 1, ..area }, buf, line.iter().map(|(text, style)| (text.as_str(), *style)));
    }
    if lines.len() > height {
        let shown = format!(" lines {}–{} of {}: ↑ ↓ PgUp PgDn ", top + 1, top + height, lines.len());
        put_right(Rect { y: area.y.saturating_sub(1), height: 1, ..area }, buf, &shown, look.theme.style(Role::Key));
    }
    (top, height)
}

fn lines(message: &Message, room: usize, look: &Drawing<'_>) -> Vec<Vec<(String, Style)>> {
    let muted = look.theme.style(Role::Muted);
    let role = if message.about == About::Verdict { Role::Title } else { Role::Text };
    // The glyph says what the colour says.
    let word = format!("{} {}", glyph(message.tone), message.about.word());
    let tone = if message.tone == Tone::Plain { muted } else { look.theme.tone(message.tone) };
    let text = wrap(&look.spell(&message.text), room);
    let head = |n: usize, text: String| if n == 0 { text } else { String::new() };
    let line = |(n, text): (usize, String)| {
        let (time, word) = (head(n, look.clock.second(message.at)), head(n, word.clone()));
        vec![(format!(" {time:<TIME$}"), muted), (format!("{word:<ABOUT$}"), tone), (text, look.theme.style(role))]
    };
    text.into_iter().enumerate().map(line).collect()
}
