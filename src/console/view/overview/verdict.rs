//! The first answer: GO, HOLD or ROLL BACK, its reason in full, and the next step.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{line::mark, next::step, shape::Form, tile::rule};
use crate::{
    drawing::Drawing,
    theme::Role,
    ui::Ui,
    view::head::verdict_shown,
    widget::{
        big::{self, Size},
        flow::{Atom, fits, flow},
        text::put,
    },
};
use base::view::Tone;
use engine::run::RunView;

pub fn draw(area: Rect, buf: &mut Buffer, form: Form, selected: bool, ui: &Ui, look: &Drawing<'_>) {
    let style = |role| look.theme.style(role);
    let (word, glyph, role, why) = verdict_shown(ui);
    let inner = Rect { x: area.x + 2, width: area.width.saturating_sub(3), ..area };
    let room = match form {
        Form::Line => {
            mark(area, buf, selected, look);
            inner
        }
        Form::Tile => {
            rule(area, buf, "GO, HOLD or ROLL BACK, and why", selected, look);
            let block = Rect { x: area.x + 1, y: area.y + 1, width: inner.width, height: area.height - 1 };
            let tone = match role {
                Role::RollBack => Tone::Bad,
                Role::Hold => Tone::Warn,
                _ => Tone::Good,
            };
            let large_style = style(Role::Title).patch(look.theme.tone(tone));
            let used = large(block, buf, glyph, word.trim(), large_style, look);
            Rect { x: block.x + used, width: inner.width.saturating_sub(used + 1), ..block }
        }
    };
    let lines: Vec<Rect> = (room.y..room.bottom()).map(|y| Rect { y, height: 1, ..room }).collect();
    let why: Vec<Atom> = Atom::words(&look.spell(&why), style(Role::Title)).collect();
    let next: Vec<Atom> =
        ui.latest().run.as_ref().map_or_else(Vec::new, |run| next(run, ui.silent_for().is_some(), look));
    // The next step gets the last line, unless the reason needs it.
    let (last, others) = lines.split_last().map_or((None, &[][..]), |(last, others)| (Some(*last), others));
    if next.is_empty() || !fits(others, &why) {
        flow(&lines, buf, &why, style(Role::Muted));
    } else {
        flow(others, buf, &why, style(Role::Muted));
        flow(last.as_slice(), buf, &next, style(Role::Muted));
    }
}

/// Draws the word large; returns the columns that it takes. On the screen's background: half-block letters are hard to
/// read on a coloured one.
fn large(area: Rect, buf: &mut Buffer, glyph: &str, word: &str, style: Style, look: &Drawing<'_>) -> u16 {
    // As wide as the widest of the usual words, so that the reason keeps its place.
    let longest = if word.len() > "ROLL BACK".len() { word } else { "ROLL BACK" };
    let widest = |size: Size| big::width(longest, size, look.ascii).map(|width| width + 6);
    let fits = |size: &Size| {
        size.height(look.ascii) <= area.height && widest(*size).is_some_and(|width| width <= area.width / 2)
    };
    let size = [Size::Huge, Size::Large].into_iter().find(fits);
    let width = size.and_then(widest).unwrap_or(16).min(area.width / 2);
    let top = Rect { height: 1, width, ..area };
    put(top, buf, glyph, style);
    let room = Rect { x: area.x + 2, width: width.saturating_sub(2), ..area };
    match size {
        Some(size) => big::draw(room, buf, word, size, look.ascii, style),
        None => {
            put(Rect { height: 1, ..room }, buf, word, style);
        }
    }
    width
}

/// The next step, and the progress of the run.
fn next(run: &RunView, silent: bool, look: &Drawing<'_>) -> Vec<Atom> {
    let muted = look.theme.style(Role::Muted);
    let waits = run.proposal.as_ref().map(|it| {
        let text = format!("{} 1 proposal waits for approval ({}): :second approves", Tone::Warn.glyph(false), it.step);
        Atom::words(&look.spell(&text), look.theme.tone(Tone::Warn)).collect::<Vec<_>>()
    });
    // It waits for a person: the next step has its own line below.
    if let Some(waits) = waits {
        return waits;
    }
    let Some(next) = run.next() else { return Atom::words("every step is done", muted).collect() };
    let at = run.steps.iter().position(|s| s.id == next.id).map_or(0, |at| at + 1);
    Atom::words(&format!("step {at} of {}:", run.steps.len()), muted).chain(step(next, silent, look)).collect()
}
