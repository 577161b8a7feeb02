//! An answer with a figure: title and state, the figure, the words, the curve.

use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr as _;

use super::{
    figure::figure,
    phrase::{Curve, answer_shown, trend},
    shape::{Place, size},
};
use crate::{
    answers::Answer,
    drawing::Drawing,
    theme::Role,
    widget::{
        big::{self, Size},
        flow::flow,
        text::{put, put_right, sparkline, words},
    },
};
use base::view::{Tile, Tone};

pub fn draw(place: &Place, buf: &mut Buffer, answer: &Answer, selected: bool, look: &Drawing<'_>) {
    let area = place.area;
    let style = |role| look.theme.style(role);
    let tone = answer.tone();
    let state = if matches!(tone, Tone::Plain | Tone::Muted) {
        String::new()
    } else {
        format!(" {} {} ", tone.glyph(false), tone.word())
    };
    rule(area, buf, answer.question.title, selected, look);
    let title = Rect { width: area.width.saturating_sub(2), height: 1, ..area };
    put_right(title, buf, &state, look.theme.tone(tone));

    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let bottom = area.bottom();
    let mut y = area.y + 1;
    if let Some(tile) = &answer.main {
        // A blank line if there is room for it.
        y += u16::from(area.height >= 12);
        y += value(Rect { y, height: bottom - y, ..inner }, buf, tile, size(place, inner.width - 2, look.ascii), look);
    }
    let spark = answer.main.as_ref().map_or(&[][..], |tile| tile.curve());
    let known = spark.iter().filter(|v| v.is_finite()).count();
    let curve = known > 1 && bottom - y >= 5;
    let lines: Vec<Rect> = (y..bottom - u16::from(curve)).map(|y| Rect { y, height: 1, ..inner }).collect();
    flow(&lines, buf, &answer_shown(answer, Curve::Apart, look), style(Role::Muted));
    if curve {
        let line = Rect { y: bottom - 1, height: 1, ..inner };
        let word = trend(spark).map_or_else(String::new, |(arrow, word)| format!(" {arrow} {word}"));
        let used = put_right(line, buf, &word, style(Role::Muted));
        let room = Rect { width: line.width - used, ..line };
        put(room, buf, &sparkline(spark, usize::from(room.width)), style(Role::Chart));
    }
}

/// The line above an answer, with its name.
pub fn rule(area: Rect, buf: &mut Buffer, name: &str, selected: bool, look: &Drawing<'_>) {
    let (rule, role) = if selected { ("━", Role::Key) } else { ("─", Role::Border) };
    let reach = area.width.saturating_sub(1);
    let line = Rect { width: reach, height: 1, ..area };
    put(line, buf, &rule.repeat(usize::from(reach)), look.theme.style(role));
    let title = look.theme.style(Role::Title);
    let style = if selected { title.patch(look.theme.style(Role::Selected)) } else { title };
    let name = format!("{}{name} ", if selected { "▸ " } else { " " });
    put(Rect { x: line.x + 1, width: reach.saturating_sub(1), ..line }, buf, &name, style);
}

/// Draws the value as large as possible; returns the lines that it takes.
fn value(area: Rect, buf: &mut Buffer, tile: &Tile, size: Option<Size>, look: &Drawing<'_>) -> u16 {
    let tone = tile.value.tone;
    let style = look.theme.style(Role::Title).patch(look.theme.tone(tone));
    let text = figure(&tile.value.text);
    // A value that is not known now is never the largest thing on screen.
    let known = !matches!(tone, Tone::Stale | Tone::Blind);
    let sizes = [size.filter(|_| known), size.and(Some(Size::Large))];
    let fits = |text: &str, s: Size| big::width(text, s, look.ascii).is_some_and(|w| w + 2 <= area.width);
    let set = |text: &str| sizes.into_iter().flatten().find(|s| fits(text, *s));
    // If a fault's word is too long for that, it is written below.
    let word = if tone == Tone::Blind { tone.word() } else { &text };
    let Some((text, set)) = [text.as_str(), word].into_iter().find_map(|text| Some((text, set(text)?))) else {
        put(Rect { height: 1, ..area }, buf, &words(&tile.value), style);
        return size.map_or(1, |size| size.height(look.ascii));
    };
    // What is below keeps its place, whatever the figure's size.
    let high = size.map_or(0, |size| size.height(look.ascii));
    let top = area.y + high - set.height(look.ascii);
    let mut x = area.x;
    if !matches!(tone, Tone::Plain | Tone::Muted) {
        x += 2;
        put(Rect { y: top, height: 1, ..area }, buf, tone.glyph(false), style);
    }
    let room = Rect { x, y: top, width: area.right() - x, height: set.height(look.ascii) };
    big::draw(room, buf, text, set, look.ascii, style);
    // The rest of the value is written beside the figure.
    let used = x - area.x + big::width(text, set, look.ascii).unwrap_or(0) + 2;
    let left = Rect { x: area.x + used, y: area.y + high - 1, height: 1, width: area.width.saturating_sub(used) };
    if let Some(off) = tile.value.text.find('±').map(|at| &tile.value.text[at..])
        && off.width() <= usize::from(left.width)
    {
        put(left, buf, off, look.theme.style(Role::Muted));
    }
    high
}
