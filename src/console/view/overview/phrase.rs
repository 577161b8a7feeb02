//! The words of an answer in order of importance: its age if unknown, both sides, the trend, then the details, and at
//! last the second part.

use crate::{
    answers::Answer,
    drawing::Drawing,
    theme::Role,
    widget::{
        flow::Atom,
        text::{sparkline, words},
    },
};
use base::{
    history::{Slope, Trend},
    view::{Cell, Tile, Tone},
};

/// Cells of a curve among the words.
const CURVE: usize = 8;

/// Fewer readings than this have no trend.
const ENOUGH: usize = 6;

/// Where the curve of the recent values is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// Among the words.
    Drawn,
    /// Only its trend.
    Text,
    /// Not among the words.
    Apart,
}

/// The words.
pub fn answer_shown(answer: &Answer, curve: Curve, look: &Drawing<'_>) -> Vec<Atom> {
    let style = |role| look.theme.style(role);
    let Some(tile) = &answer.main else {
        return Atom::words(answer.question.missing, style(Role::Muted)).collect();
    };
    let mut out = Vec::new();
    let tone = tile.value.tone;
    let unknown = matches!(tone, Tone::Stale | Tone::Blind);
    if let Some(lost) = answer.lost.as_ref().filter(|_| unknown) {
        // A fault's own word says more than the word for unknown.
        let word = if tone == Tone::Blind { &tile.value.text } else { tone.word() };
        let text = format!("{} {word}, {lost}", tone.glyph(false));
        out.push(Atom::of(vec![(text, look.theme.tone(tone))]));
    }
    let note = fresh(Atom::words(&look.spell(&tile.note), style(Role::Muted)).collect());
    // If nothing else says what is unknown, the note comes first.
    let note_first = unknown && answer.lost.is_none();
    out.extend(note.iter().filter(|_| note_first).cloned());
    out.extend(fresh(sides(tile, look)));
    if curve != Curve::Apart
        && let Some((arrow, word)) = trend(tile.curve())
    {
        let bars = if curve == Curve::Drawn { sparkline(tile.curve(), CURVE) + " " } else { String::new() };
        out.push(Atom::of(vec![(bars, style(Role::Chart)), (format!("{arrow} {word}"), style(Role::Muted))]));
    }
    out.extend(note.into_iter().filter(|_| !note_first));
    if let Some((word, with)) = &answer.with {
        let label = format!("{word} ");
        let value = Atom::of(vec![(label, style(Role::Heading)), value(&with.value, look)]).fresh();
        out.push(value);
        out.extend(sides(with, look));
        out.extend(Atom::words(&look.spell(&with.note), style(Role::Muted)));
    }
    out
}

fn fresh(mut atoms: Vec<Atom>) -> Vec<Atom> {
    if let Some(first) = atoms.first_mut() {
        *first = first.clone().fresh();
    }
    atoms
}

fn value(cell: &Cell, look: &Drawing<'_>) -> (String, ratatui::style::Style) {
    (words(cell).trim_start().to_owned(), look.theme.tone(cell.tone))
}

/// Each side with its label, never broken.
fn sides(tile: &Tile, look: &Drawing<'_>) -> Vec<Atom> {
    let side = |(label, cell): &(std::borrow::Cow<'static, str>, Cell)| {
        Atom::of(vec![
            (format!("{label} "), look.group(label)),
            value(cell, look),
            (" ".to_owned(), look.theme.style(Role::Text)),
        ])
    };
    tile.sides.iter().map(side).collect()
}

/// The trend of the last few readings: the same as in the tables.
pub fn trend(values: &[f32]) -> Option<(&'static str, &'static str)> {
    let known = values.iter().filter(|v| v.is_finite()).count();
    Slope::through(values).trend().filter(|_| known >= ENOUGH).map(Trend::shown)
}

#[cfg(test)]
mod tests {
    use super::trend;

    #[test]
    fn a_trend_needs_a_few_values_and_more_than_noise() {
        assert_eq!(trend(&[1.0, 2.0, 3.0]), None);
        assert_eq!(trend(&[10.0, 10.1, 10.0, 10.1, 10.0, 10.2]), Some(("→", "steady")));
        assert_eq!(trend(&[1.0, 1.0, 2.0, 2.0, 3.0, 3.0]), Some(("↑", "rising")));
        assert_eq!(trend(&[3.0, f32::NAN, 3.0, 2.0, 1.0, 0.0, 0.0]), Some(("↓", "falling")));
        assert_eq!(trend(&[0.0; 9]), Some(("→", "steady")));
    }

    #[test]
    fn an_hour_that_grew_does_not_hide_that_the_last_readings_fall() {
        let mut lag: Vec<f32> = (0..54u8).map(|i| f32::from(i) * 100.0).collect();
        assert_eq!(trend(&lag), Some(("↑", "rising")));
        lag.extend((0..5u8).map(|i| 5200.0 - f32::from(i) * 100.0));
        assert_eq!(trend(&lag), Some(("↓", "falling")));
    }
}
