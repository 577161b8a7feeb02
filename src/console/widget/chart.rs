//! A chart over time: one line for each side, the limits of gates, and the milestones of the run on its time axis.
//!
//! Readable without colour: the source's line is solid, the target's dashed, a third site's dotted, and the title has
//! the legend. A gap stays a gap. A line that ends before now ends with the glyph for stale.

mod axis;
mod dots;

use std::collections::BTreeMap;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::UnicodeWidthStr as _;

use self::{
    axis::{Scale, ago, value_scale},
    dots::Dots,
};
use super::text::{put, put_right};
use crate::{
    clock::Clock,
    marks::{Limit, Mark},
    theme::{Role, Theme},
};
use base::{
    side::Side,
    view::{Curve, Line, Tone},
};

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Plot<'a> {
    /// The lines.
    pub curve: &'a Curve,
    /// The limits beside them.
    pub limits: &'a [Limit],
    /// The milestones of the run.
    pub marks: &'a [Mark],
    /// Formats times; the axis ends at its present.
    pub clock: &'a Clock,
}

/// The shortest span of the axis, in seconds.
const SHORTEST: f64 = 60.0;

/// Draws it.
pub fn draw(area: Rect, buf: &mut Buffer, plot: Plot<'_>, theme: &Theme) {
    if area.is_empty() {
        return;
    }
    title(Rect { height: 1, ..area }, buf, plot.curve, theme);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let muted = theme.style(Role::Muted);
    let known = || plot.curve.lines.iter().flat_map(|l| &l.points).filter(|p| p.0.is_finite() && p.1.is_finite());
    let Some(first) = known().map(|p| p.0).min_by(f64::total_cmp) else {
        put(body, buf, "no samples yet", muted);
        return;
    };
    // If there is little room, the legend of the milestones is dropped first, then the line under the plot.
    let time = Scale { low: first.min(-SHORTEST), high: 0.0, ticks: Vec::new() };
    let turns = plot.marks.iter().any(|m| m.at >= time.low);
    let legend = u16::from(turns && body.height >= 7);
    let plain = body.height < 4;
    let rows = body.height.saturating_sub(legend + if plain { 1 } else { 2 });
    if rows == 0 {
        return;
    }
    let (low, high) = known().fold((f64::MAX, f64::MIN), |(l, h), p| (l.min(p.1), h.max(p.1)));
    let scale = value_scale((low, high), plot.limits, plot.curve.unit, rows);
    let gutter = scale.ticks.iter().map(|t| t.1.width()).max().unwrap_or(0);
    let gutter = u16::try_from(gutter).unwrap_or(0) + 1;
    if body.width < gutter + 8 {
        return;
    }
    let inner = Rect { x: body.x + gutter, width: body.width - gutter, height: rows, ..body };
    values(inner, gutter, buf, &scale, theme);
    let words = over(inner, buf, plot.limits, &scale, theme);
    lines(inner, buf, plot.curve, (&time, &scale), theme);
    // Words are at the left, over the oldest values, so that the newest are never hidden.
    for (row, words) in words {
        let line = Rect { x: inner.x + 1, y: inner.y + row, width: inner.width - 1, height: 1 };
        put(line, buf, &format!(" {words} "), theme.style(Role::Key));
    }
    if !plain {
        let line = Rect { y: inner.bottom(), height: 1, ..inner };
        put(line, buf, &"─".repeat(usize::from(line.width)), theme.style(Role::Border));
        marked(line, buf, plot.marks, &time, theme);
    }
    let under = Rect { y: inner.bottom() + u16::from(!plain), height: 1, ..inner };
    times(under, buf, &time, plot.clock, muted);
    if legend > 0 {
        labels(Rect { y: under.y + 1, x: body.x, width: body.width, height: 1 }, buf, &plot, time.low, theme);
    }
}

/// The title line, with the legend of the lines.
fn title(line: Rect, buf: &mut Buffer, curve: &Curve, theme: &Theme) {
    put(line, buf, &"─".repeat(usize::from(line.width)), theme.style(Role::Border));
    let rest = |x: u16| Rect { x: line.x + x, width: line.width.saturating_sub(x), ..line };
    let mut x = 1 + put(rest(1), buf, &format!(" {} ", curve.title), theme.style(Role::Title));
    let mut named: Vec<(&str, usize)> = Vec::new();
    for one in &curve.lines {
        match named.iter_mut().find(|(label, _)| *label == one.label) {
            Some((_, n)) => *n += 1,
            None => named.push((&one.label, 1)),
        }
    }
    for (label, n) in named {
        let Some(one) = curve.lines.iter().find(|l| l.label == label) else { continue };
        let sample = match one.side {
            Some(Side::Source) => "⠤⠤⠤",
            Some(Side::Target) => "⠤ ⠤",
            None => "⠄⠄⠄",
        };
        let count = if n > 1 { format!(" ×{n}") } else { String::new() };
        x += put(rest(x), buf, &format!(" {sample} {label}{count} "), style_of(one, theme));
    }
}

fn style_of(line: &Line, theme: &Theme) -> Style {
    line.side.map_or_else(|| theme.style(Role::Chart), |side| theme.side(side))
}

/// Round values at the left.
fn values(inner: Rect, gutter: u16, buf: &mut Buffer, scale: &Scale, theme: &Theme) {
    for y in 0..inner.height {
        let edge = Rect { x: inner.x - 1, y: inner.y + y, width: 1, height: 1 };
        put(edge, buf, "│", theme.style(Role::Border));
    }
    for (value, text) in &scale.ticks {
        let y = inner.y + scale.row(*value, inner.height);
        let place = Rect { x: inner.x - gutter, y, width: gutter - 1, height: 1 };
        put_right(place, buf, text, theme.style(Role::Muted));
        put(Rect { x: inner.x - 1, y, width: 1, height: 1 }, buf, "┤", theme.style(Role::Border));
    }
}

/// Draws the limits that are in the visible range. Returns the words for each row, including those of limits outside
/// it.
fn over(inner: Rect, buf: &mut Buffer, limits: &[Limit], scale: &Scale, theme: &Theme) -> BTreeMap<u16, String> {
    let mut words: BTreeMap<u16, String> = BTreeMap::new();
    for limit in limits {
        let (row, arrow) = match limit.value {
            v if v > scale.high => (0, "↑ "),
            v if v < scale.low => (inner.height - 1, "↓ "),
            v => (scale.row(v, inner.height), ""),
        };
        if arrow.is_empty() {
            let line = Rect { y: inner.y + row, height: 1, ..inner };
            put(line, buf, &"┄".repeat(usize::from(inner.width)), theme.style(Role::Key));
        }
        let detail = words.entry(row).or_default();
        // Two limits may share a row.
        let apart = if detail.is_empty() { "" } else { " · " };
        detail.push_str(&format!("{apart}{arrow}{}", limit.label));
    }
    words
}

/// Draws the lines; they cover what is under them only where they have dots.
fn lines(inner: Rect, buf: &mut Buffer, curve: &Curve, (time, scale): (&Scale, &Scale), theme: &Theme) {
    for line in &curve.lines {
        let mut dots = Dots::new(inner.width, inner.height);
        let at = |p: &(f64, f64)| dots::place(time.share(p.0), scale.share(p.1), inner.width, inner.height);
        for segment in segments(&line.points) {
            dots.path(segment.iter().map(at), line.side);
        }
        let style = style_of(line, theme);
        for (x, y, sign) in dots.signs() {
            buf[(inner.x + x, inner.y + y)].set_char(sign).set_style(style);
        }
        let gap = usual(&line.points, line.points.len().saturating_sub(1));
        let last = line.points.iter().rfind(|p| p.0.is_finite() && p.1.is_finite());
        // The sampling interval is known from the second sample on.
        if let Some(last) = last.filter(|p| line.points.len() > 1 && -p.0 > 3.0 * gap + 2.0) {
            let x = inner.x + time.column(last.0, inner.width);
            let y = inner.y + scale.row(last.1, inner.height);
            put(Rect { x, y, width: 1, height: 1 }, buf, Tone::Stale.glyph(false), theme.tone(Tone::Stale));
        }
    }
}

/// The glyphs of the milestones on the axis; if several share a cell, the last is shown.
fn marked(line: Rect, buf: &mut Buffer, marks: &[Mark], time: &Scale, theme: &Theme) {
    for mark in marks.iter().filter(|m| m.at >= time.low) {
        let (sign, _) = mark.sign();
        let x = line.x + time.column(mark.at, line.width);
        put(Rect { x, width: 1, ..line }, buf, sign, theme.style(Role::Key));
    }
}

/// The legend of the glyphs, newest first, as many as there is room for.
fn labels(line: Rect, buf: &mut Buffer, plot: &Plot<'_>, oldest: f64, theme: &Theme) {
    let mut x = 0;
    for mark in plot.marks.iter().rev().filter(|m| m.at >= oldest) {
        let (sign, word) = mark.sign();
        let what = if mark.what.is_empty() { String::new() } else { format!("{} ", mark.what) };
        let at = plot.clock.time_to_second(mark.at);
        let text = format!("{sign} {what}{word} {at} ({})", ago(mark.at));
        let apart = if x == 0 { 0 } else { 3 };
        let width = u16::try_from(text.width()).unwrap_or(u16::MAX);
        if x + apart + width > line.width && x > 0 {
            break;
        }
        x += apart;
        x += put(Rect { x: line.x + x, width: line.width - x, ..line }, buf, &text, theme.style(Role::Key));
    }
}

/// Round times under the axis, `now` at its end.
fn times(line: Rect, buf: &mut Buffer, time: &Scale, clock: &Clock, style: Style) {
    put_right(line, buf, "now", style);
    let mut free = line.width.saturating_sub(5);
    for (at, text) in axis::times(-time.low, line.width, clock) {
        let width = u16::try_from(text.width()).unwrap_or(u16::MAX);
        let x = time.column(at, line.width).saturating_sub(width / 2);
        if x + width <= free {
            put(Rect { x: line.x + x, width, ..line }, buf, &text, style);
            free = x.saturating_sub(2);
        }
    }
}

/// The usual distance in seconds between samples near the one at `at`. Older samples are kept at a coarser resolution,
/// so the distance depends on the place.
fn usual(points: &[(f64, f64)], at: usize) -> f64 {
    const AROUND: usize = 4;
    let near = &points[at.saturating_sub(AROUND)..(at + AROUND + 1).min(points.len())];
    let mut steps: Vec<f64> = near.windows(2).map(|w| w[1].0 - w[0].0).collect();
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or(1.0)
}

/// Splits a line at its gaps: no line is drawn over a time without samples, nor to a sample that is not a number.
fn segments(points: &[(f64, f64)]) -> Vec<&[(f64, f64)]> {
    let apart = |at: usize| {
        let (a, b) = (points[at - 1], points[at]);
        b.0 - a.0 > 3.0 * usual(points, at) || !a.1.is_finite() || !b.1.is_finite()
    };
    let mut ends: Vec<usize> = (1..points.len()).filter(|at| apart(*at)).collect();
    ends.push(points.len());
    let mut from = 0;
    let all = ends.into_iter().map(|to| &points[std::mem::replace(&mut from, to)..to]);
    all.filter(|s| s.iter().all(|p| p.1.is_finite())).collect()
}

#[cfg(test)]
mod tests;
