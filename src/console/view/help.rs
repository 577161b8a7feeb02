//! Help: commands with their keys and why one is disabled, generated from the command table; symbols; the glossary.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::drawing::Drawing;
use crate::{
    command::COMMANDS,
    glossary::WORDS,
    theme::Role,
    ui::Ui,
    why_not::why_not,
    widget::text::{put_all, put_right, wrap},
};
use base::view::Tone;

type Line = Vec<(String, Style)>;

/// Draws it; returns the first line that could be shown, and how many there is room for.
pub(super) fn draw(
    area: Rect,
    buf: &mut Buffer,
    ui: &Ui,
    (search, top): (&str, usize),
    look: &Drawing<'_>,
) -> (usize, usize) {
    let room = usize::from(area.width).saturating_sub(KEYS + NAME + 3);
    let (commands, signs, words) = (commands(ui, search, room, look), signs(search, look), words(search, room, look));
    // A word that is asked for comes first.
    let is_word = WORDS.iter().any(|(word, _)| word.eq_ignore_ascii_case(search));
    let (first, last) = if is_word { (words, commands) } else { (commands, words) };
    let mut lines: Vec<Line> = first.into_iter().chain(signs).chain(last).collect();
    if lines.is_empty() {
        lines.push(vec![("  no command, symbol or word matches".to_owned(), look.theme.style(Role::Muted))]);
    }
    // The first line says which lines are shown, if there are more than fit.
    let counted = u16::from(lines.len() > usize::from(area.height));
    let counter = Rect { height: 1, ..area };
    let area = Rect { y: area.y + counted, height: area.height.saturating_sub(counted), ..area };
    let height = usize::from(area.height);
    let top = top.min(lines.len().saturating_sub(height));
    for (y, line) in (area.y..area.bottom()).zip(lines.iter().skip(top)) {
        put_all(Rect { y, height: 1, ..area }, buf, line.iter().map(|(t, s)| (t.as_str(), *s)));
    }
    if lines.len() > height {
        let shown = format!(" lines {}–{} of {}: ↑ ↓ PgUp PgDn ", top + 1, top + height, lines.len());
        put_right(counter, buf, &shown, look.theme.style(Role::Key));
    }
    (top, height)
}

fn heading(text: &str, look: &Drawing<'_>) -> Line {
    vec![(format!(" {text}"), look.theme.style(Role::Title))]
}

/// Cells for the keys and for the name.
const KEYS: usize = 14;
const NAME: usize = 15;

fn commands(ui: &Ui, search: &str, room: usize, look: &Drawing<'_>) -> Vec<Line> {
    let style = |role| look.theme.style(role);
    let search = search.to_lowercase();
    let mut lines = Vec::new();
    let mut scope = None;
    for c in COMMANDS {
        let keys = look.keys.words(c.id);
        let doc = look.spell(c.doc);
        if !format!("{keys} {} {doc}", c.name).to_lowercase().contains(&search) {
            continue;
        }
        if scope.replace(c.scope) != Some(c.scope) {
            lines.push(heading(c.scope.title(), look));
        }
        let why = why_not(c.id, ui).map_or_else(Vec::new, |why| {
            let why = look.spell(&why).into_owned();
            wrap(&format!("Not now: {why}."), room)
        });
        let doc = wrap(&doc, room).into_iter().map(|t| (t, style(Role::Muted)));
        for (i, text) in doc.chain(why.into_iter().map(|t| (t, style(Role::Warn)))).enumerate() {
            let (keys, name) = if i == 0 { (keys.as_str(), c.name) } else { ("", "") };
            lines.push(vec![
                (format!("  {keys:<KEYS$}"), style(Role::Key)),
                (format!("{name:<NAME$}"), style(Role::Text)),
                text,
            ]);
        }
    }
    lines
}

/// The glossary.
fn words(search: &str, room: usize, look: &Drawing<'_>) -> Vec<Line> {
    let style = |role| look.theme.style(role);
    let search = search.to_lowercase();
    let found = WORDS.iter().filter(|(word, doc)| format!("{word} {doc}").to_lowercase().contains(&search));
    let mut lines: Vec<Line> = Vec::new();
    for (word, doc) in found {
        for (i, text) in wrap(&look.spell(doc), room).into_iter().enumerate() {
            let word = if i == 0 { *word } else { "" };
            let width = KEYS + NAME;
            lines.push(vec![(format!("  {word:<width$}"), style(Role::Text)), (text, style(Role::Muted))]);
        }
    }
    if !lines.is_empty() {
        lines.splice(0..0, [Line::new(), heading("Words", look)]);
    }
    lines
}

fn signs(search: &str, look: &Drawing<'_>) -> Vec<Line> {
    const SIGNS: [(Tone, &str); 6] = [
        (Tone::Good, "good"),
        (Tone::Busy, "in progress: syncing, launching, rebalancing"),
        (Tone::Warn, "needs attention"),
        (Tone::Bad, "wrong"),
        (Tone::Stale, "stale: the last known value, too old to decide on"),
        (Tone::Blind, "unknown"),
    ];
    let mut lines = vec![Line::new(), heading("Symbols", look)];
    for (tone, word) in SIGNS.into_iter().filter(|(_, w)| w.contains(&search.to_lowercase())) {
        let style = look.theme.tone(tone);
        lines.push(vec![(format!("  {:<14}", tone.glyph(false)), style), (word.to_owned(), style)]);
    }
    if lines.len() == 2 { Vec::new() } else { lines }
}
