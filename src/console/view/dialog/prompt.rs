//! Draws a line of text that is being written, and above it what it is about.

use ratatui::{buffer::Buffer, layout::Rect};

use super::frame;
use crate::drawing::Drawing;
use crate::{
    dialog,
    entry::{Asked, Prompt},
    theme::Role,
    ui::Ui,
    widget::text::{put, put_all, wrap},
};
use base::{
    digest::Digest,
    step::{Level, Way},
};
use engine::run::{StepView, Turn};
use plan::Approver;

/// What the person approves: the proposal or the preview, its effect, who signs, and how others approve from their
/// machines.
fn agreed(ui: &Ui, it: &Prompt) -> Vec<String> {
    let Some(run) = &ui.latest().run else { return Vec::new() };
    let elsewhere = |step: &str, digest: Digest| {
        format!("from another terminal: landfall approve JOURNAL {step} {} --as NAME [--key FILE]", digest.short())
    };
    let by = |people: &[String]| if people.is_empty() { "nobody".to_owned() } else { people.join(", ") };
    let who = || {
        let signs = |it: &Approver| if it.key.is_some() { format!("{} (signed)", it.name) } else { it.name.clone() };
        let names: Vec<String> = ui.latest().plan.runbook.approvers.iter().map(signs).collect();
        let who = if names.is_empty() { "anybody, each once".to_owned() } else { names.join(", ") };
        format!("who may approve: {who}")
    };
    match (it.asked, &run.proposal, ui.step_named(&it.step)) {
        (Asked::Agree, Some(proposed), _) => vec![
            format!("{}: {}", proposed.step, proposed.what),
            format!("so {}", proposed.consequence),
            format!(
                "proposed by {}; approved by {} of {}: {}; digest {}",
                proposed.by,
                proposed.people.len(),
                proposed.needs,
                by(&proposed.people),
                proposed.digest.short()
            ),
            who(),
            elsewhere(&proposed.step, proposed.digest),
        ],
        (Asked::Abandon, _, Some(step)) => {
            let yes = if dialog::takes_yes(ui, &step.id) { "y or " } else { "" };
            vec![
                format!(
                    "{} is {}: none of its other operations begins, its cleanup still finishes",
                    step.id, step.word
                ),
                format!("type {yes}{} to abort it", step.id),
            ]
        }
        (Asked::Waive, _, Some(step)) => not_green(step),
        (Asked::Approve, _, Some(step)) => {
            let Some((preview, digest)) = step.preview.as_ref().and_then(|p| Some((p, p.digest?))) else {
                return Vec::new();
            };
            let back = if step.way == Way::Back { "ROLLBACK of " } else { "" };
            let changes = preview.diff.iter().map(|c| format!("{} {} → {}", c.thing, c.from, c.to));
            let changes: Vec<String> = changes.take(3).collect();
            let more = preview.diff.len().saturating_sub(changes.len());
            let changes_word = if more == 1 { "change" } else { "changes" };
            let more = if more > 0 { format!("; and {more} more {changes_word}") } else { String::new() };
            let leads = if step.irreversible { "; POINT OF NO RETURN: no rollback" } else { "" };
            let (has, of, people) = &preview.approvals;
            vec![
                format!("{back}{}: {}", step.id, step.title),
                format!("result: {}{more}{leads}", changes.join("; ")),
                format!(
                    "previewed by {}; {has} of {of} approve: {}; digest {}",
                    run.operator.as_deref().unwrap_or("nobody"),
                    by(people),
                    digest.short()
                ),
                who(),
                elsewhere(&step.id, digest),
            ]
        }
        _ => Vec::new(),
    }
}

/// What there is to waive, and an example of what is typed.
fn not_green(step: &StepView) -> Vec<String> {
    let judged = step.gates.iter().filter(|gate| gate.turn == Turn::Now && gate.reason.level != Level::Green);
    let gates: Vec<String> = judged.map(|gate| format!("{}: {}", gate.reason.gate, gate.reason.what)).collect();
    let none = || vec!["every gate that is checked now is green".to_owned()];
    let mut out = if gates.is_empty() { none() } else { gates };
    let first = step.gates.iter().min_by_key(|gate| (gate.turn != Turn::Now, gate.reason.level == Level::Green));
    let gate = first.map_or("GATE", |gate| &gate.reason.gate);
    out.push(format!("for example: {gate}, 15, the metrics server is down; checked on the servers by hand"));
    out
}

pub(super) fn draw(area: Rect, buf: &mut Buffer, ui: &Ui, it: &Prompt, look: &Drawing<'_>) {
    let width = usize::from(area.width).saturating_sub(4);
    let about: Vec<String> = agreed(ui, it).iter().flat_map(|line| wrap(&look.spell(line), width)).collect();
    let above = u16::try_from(about.len()).unwrap_or(u16::MAX).min(area.height.saturating_sub(5));
    let height = (5 + above).min(area.height);
    let place = Rect { y: area.bottom() - height, height, ..area };
    let title = match &it.about {
        Some((_, what)) => format!("{}, {what}: {}", it.step, it.asked.label()),
        None if it.step.is_empty() => it.asked.label().to_owned(),
        None => format!("{}: {}", it.step, it.asked.label()),
    };
    let inner = frame(place, buf, &title, look);
    for (y, line) in (inner.y..inner.y + above).zip(&about) {
        put(Rect { y, height: 1, ..inner }, buf, &format!(" {line}"), look.theme.style(Role::Text));
    }
    let inner = Rect { y: inner.y + above, height: inner.height.saturating_sub(above), ..inner };
    let key = look.theme.style(Role::Key);
    put_all(inner, buf, [("> ", key), (it.text.as_str(), look.theme.style(Role::Title)), ("▏", key)]);
    put(Rect { y: inner.y + 2, height: 1, ..inner }, buf, it.asked.on_enter(), look.theme.style(Role::Muted));
}
