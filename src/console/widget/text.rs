//! Writes text into cells: truncated with an ellipsis, never beyond an edge.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::{
    cells::{self, is_single},
    rows::has_glyph,
};
use base::view::Cell;

/// The text, truncated with an ellipsis if it does not fit.
#[must_use]
pub fn fit(text: &str, width: usize) -> std::borrow::Cow<'_, str> {
    if cells::width(text) <= width {
        return text.into();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let w = c.width().unwrap_or(0);
        if used + w + 1 > width {
            break;
        }
        used += w;
        out.push(c);
    }
    if width > 0 {
        out.push('…');
    }
    out.into()
}

/// Writes into the first line of `area`; returns the cells used.
pub fn put(area: Rect, buf: &mut Buffer, text: &str, style: Style) -> u16 {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return 0;
    }
    let text = fit(text, usize::from(area.width));
    if text.chars().all(is_single) {
        let first = buf.index_of(area.x, area.y);
        let cells = &mut buf.content[first..first + usize::from(area.width)];
        return cells.iter_mut().zip(text.chars()).fold(0, |used, (cell, c)| {
            cell.set_char(c).set_style(style);
            used + 1
        });
    }
    let (x, _) = buf.set_stringn(area.x, area.y, &text, usize::from(area.width), style);
    x - area.x
}

/// Writes several texts one after the other; returns the cells used.
pub fn put_all<'a>(area: Rect, buf: &mut Buffer, parts: impl IntoIterator<Item = (&'a str, Style)>) -> u16 {
    let mut used = 0;
    for (text, style) in parts {
        let rest = Rect { x: area.x + used, width: area.width.saturating_sub(used), ..area };
        used += put(rest, buf, text, style);
    }
    used
}

/// Writes at the right end of the first line; returns the cells used.
pub fn put_right(area: Rect, buf: &mut Buffer, text: &str, style: Style) -> u16 {
    let width = u16::try_from(cells::width(text)).unwrap_or(u16::MAX).min(area.width);
    put(Rect { x: area.right() - width, width, ..area }, buf, text, style)
}

/// A cell of the view model in words: glyph and text.
#[must_use]
pub fn words(cell: &Cell) -> String {
    if has_glyph(cell.tone) { format!("{} {}", cell.tone.glyph(false), cell.text) } else { cell.text.to_string() }
}

/// Wraps text to lines of `width`, at blanks if possible.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace().flat_map(|word| pieces(word, width.max(2))) {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Splits a word into parts of at most `width`, which is at least one character.
fn pieces(word: &str, width: usize) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut from, mut used) = (0, 0);
    for (at, c) in word.char_indices() {
        let w = c.width().unwrap_or(0);
        if used + w > width {
            out.push(&word[from..at]);
            (from, used) = (at, 0);
        }
        used += w;
    }
    out.push(&word[from..]);
    out
}

/// The text, or its beginning and its end with an ellipsis between: for names that differ at the end.
#[must_use]
pub fn fit_middle(text: &str, width: usize) -> String {
    if cells::width(text) <= width {
        return text.to_owned();
    }
    let tail_room = (width / 3).max(12).min(width.saturating_sub(1));
    let (mut tail, mut used) = (text.len(), 0);
    for (at, c) in text.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > tail_room {
            break;
        }
        tail = at;
    }
    let head = fit(text, width - text[tail..].width());
    format!("{head}{}", &text[tail..])
}

/// A line of bars for values, newest at the right, scaled to the lowest and highest shown. Values that are not numbers
/// stay blank.
#[must_use]
pub fn sparkline(values: &[f32], width: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let shown = &values[values.len().saturating_sub(width)..];
    let known = || shown.iter().copied().filter(|v| v.is_finite());
    let (low, high) = known().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(v), h.max(v)));
    let bar = |v: f32| {
        if !v.is_finite() {
            return ' ';
        }
        let share = if high > low { (v - low) / (high - low) } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 7")]
        BARS[(share * 7.0).round() as usize]
    };
    shown.iter().map(|v| bar(*v)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_without_graphemes_looks_as_with_them() {
        let singles: Vec<char> = ('\0'..='\u{ffff}').filter(|c| is_single(*c)).collect();
        let area = Rect::new(0, 0, 9, 1);
        for text in singles.chunks(7).map(|chars| chars.iter().collect::<String>()) {
            let [mut here, mut there] = [(); 2].map(|()| Buffer::empty(area));
            assert_eq!(put(area, &mut here, &text, Style::new().bold()), u16::try_from(text.chars().count()).unwrap());
            there.set_string(0, 0, &text, Style::new().bold());
            assert_eq!(here, there);
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_visibly() {
        assert_eq!(fit("orders", 6), "orders");
        assert_eq!(fit("orders", 5), "orde…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("orders", 0), "");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("db1.example.net up", 6), ["db1.ex", "ample.", "net up"]);
        assert_eq!(fit_middle("db1.example.net: lag, seconds", 20), "db1.exa…lag, seconds");
        assert_eq!(fit_middle("abc", 1), "…");
    }

    #[test]
    fn a_sparkline_shows_the_newest_and_leaves_gaps() {
        assert_eq!(sparkline(&[9.0, 0.0, f32::NAN, 7.0], 3), "▁ █");
        assert_eq!(sparkline(&[3.0, 3.0], 10), "▁▁");
    }
}
