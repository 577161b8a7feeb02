//! What is next, if there is room beside the answers: what blocks the next step, the steps after it, the last records.

use ratatui::{buffer::Buffer, layout::Rect};

use super::tile::rule;
use crate::{
    drawing::Drawing,
    runbook::tone,
    theme::Role,
    ui::Ui,
    widget::flow::{Atom, flow},
};
use base::view::Tone;
use engine::run::{RunView, StepView, Turn};

pub fn draw(area: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>) {
    let Some(run) = &ui.view_model().snapshot.run else { return };
    let parts = [("Next", upcoming(run, ui.silent_for().is_some(), look), 3), ("Last done", done(run, look), 2)];
    let all: u16 = parts.iter().map(|(.., weight)| weight).sum();
    let mut top = area.y;
    for (name, items, weight) in parts {
        let height = if top == area.y { area.height * weight / all } else { area.bottom() - top };
        let part = Rect { y: top, height, ..area };
        rule(part, buf, name, false, look);
        list(Rect { x: part.x + 1, y: part.y + 1, width: part.width - 2, height: height - 1 }, buf, &items, look);
        top += height;
    }
}

/// Each item in as many lines as it needs, three at most; items without room are counted.
fn list(area: Rect, buf: &mut Buffer, items: &[Vec<Atom>], look: &Drawing<'_>) {
    let muted = look.theme.style(Role::Muted);
    let mut y = area.y;
    for (n, item) in items.iter().enumerate() {
        let last = y + 1 >= area.bottom() && n + 1 < items.len();
        if last || y >= area.bottom() {
            let more: Vec<Atom> = Atom::words(&format!("… {} more", items.len() - n), muted).collect();
            flow(&[Rect { y: area.bottom() - 1, height: 1, ..area }], buf, &more, muted);
            return;
        }
        let bottom = area.bottom() - u16::from(n + 1 < items.len());
        // Continuation lines are indented.
        let indent = |n: u16| Rect { x: area.x + 2 * n.min(1), y: y + n, height: 1, width: area.width - 2 * n.min(1) };
        let lines: Vec<Rect> = (0..bottom.min(y + 3) - y).map(indent).collect();
        let (used, _) = flow(&lines, buf, item, muted);
        y += u16::try_from(used).unwrap_or(1);
    }
}

/// The next step with what blocks it, then the steps after it.
fn upcoming(run: &RunView, silent: bool, look: &Drawing<'_>) -> Vec<Vec<Atom>> {
    let Some(next) = run.next() else { return Vec::new() };
    let level = |level| if silent { Tone::Stale } else { Tone::of(level) };
    let mut out = vec![step(next, silent, look)];
    let gates = next.gates.iter().filter(|gate| gate.turn == Turn::Now);
    out.extend(gates.map(|gate| reason(level(gate.reason.level), &gate.reason.what, look)));
    out.extend(next.lacks.iter().map(|id| reason(Tone::Warn, &format!("needs {id}"), look)));
    let after = run.steps.iter().skip_while(|s| s.id != next.id).skip(1);
    out.extend(after.map(|s| step(s, silent, look)));
    out
}

/// A step: its id, its state, its title. `silent`: the engine is silent, so the state is stale.
pub fn step(step: &StepView, silent: bool, look: &Drawing<'_>) -> Vec<Atom> {
    let style = |role| look.theme.style(role);
    let tone = if silent { Tone::Stale } else { tone(step) };
    let state = format!("{} {}", tone.glyph(false), step.word);
    let mut out = vec![
        Atom::of(vec![(step.id.clone(), style(Role::Title))]),
        Atom::of(vec![(state.trim_start().to_owned(), look.theme.tone(tone))]),
    ];
    out.extend(Atom::words(&step.title, style(Role::Muted)));
    out
}

fn reason(tone: Tone, what: &str, look: &Drawing<'_>) -> Vec<Atom> {
    let sign = Atom::of(vec![(format!("  {}", tone.glyph(false)), look.theme.tone(tone))]);
    std::iter::once(sign).chain(Atom::words(what, look.theme.style(Role::Text))).collect()
}

/// The last records, the newest first.
fn done(run: &RunView, look: &Drawing<'_>) -> Vec<Vec<Atom>> {
    let style = |role| look.theme.style(role);
    let line = |line: &engine::run::JournalLine| {
        let mut out = vec![Atom::of(vec![(look.clock.second(line.wall), style(Role::Muted))])];
        out.extend((!line.step.is_empty()).then(|| Atom::of(vec![(line.step.clone(), style(Role::Title))])));
        out.extend(Atom::words(&line.what, style(Role::Text)));
        out
    };
    run.journal.iter().rev().map(line).collect()
}
