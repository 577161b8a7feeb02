//! The Runbook page: its steps, and below them what blocks the selected one.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::drawing::Drawing;
use crate::{
    drawn::Drawn,
    gates::{self, Is},
    runbook::{is_far, op_word, tone},
    theme::Role,
    ui::Ui,
    widget::text::{put, put_all, wrap},
};
use base::{
    now::short,
    step::{Level, StepState, Way},
    view::Tone,
};
use engine::run::{ObstacleKind, OpLine, ProposalView, StepView, Turn};

pub(super) fn draw(area: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>, drawn: &mut Drawn) {
    let room = match area.height {
        0..16 => 0,
        16..30 => 6,
        _ => 12,
    };
    let Some(step) = ui.step().filter(|_| room > 0 && !ui.is_maximised()) else {
        return super::panel::draw(area, buf, ui, look, drawn);
    };
    let table = Rect { height: area.height - room, ..area };
    super::panel::draw(table, buf, ui, look, drawn);
    let proposal = ui.latest().run.as_ref().and_then(|run| run.proposal.as_ref()).filter(|it| it.step == step.id);
    let far = ui.latest().run.as_ref().is_some_and(|run| is_far(run, step));
    selected(Rect { y: table.bottom(), height: room, ..area }, buf, (step, proposal, far), look);
}

fn selected(
    area: Rect,
    buf: &mut Buffer,
    (step, proposal, far): (&StepView, Option<&ProposalView>, bool),
    look: &Drawing<'_>,
) {
    let theme = look.theme;
    put(Rect { height: 1, ..area }, buf, &"─".repeat(usize::from(area.width)), theme.style(Role::Border));
    let title = Rect { x: area.x + 1, width: area.width.saturating_sub(2), height: 1, ..area };
    let word = format!(" {} {} ", tone(step).glyph(false), step.word);
    put_all(
        title,
        buf,
        [
            (" ", theme.style(Role::Title)),
            (step.id.as_str(), theme.style(Role::Title)),
            (word.as_str(), theme.tone(tone(step))),
            // On a narrow screen the step's title has no column.
            (step.title.as_str(), theme.style(Role::Text)),
            (" ", theme.style(Role::Text)),
        ],
    );
    let width = usize::from(area.width).saturating_sub(4);
    let proposal = proposal.map(|it| (Tone::Warn, proposed(it)));
    let lines = proposal.into_iter().chain(what(step, far)).flat_map(|(tone, text)| {
        wrap(&look.spell(&text), width)
            .into_iter()
            .enumerate()
            .map(move |(i, part)| (if i == 0 { tone.glyph(false) } else { " " }, part, tone))
            .collect::<Vec<_>>()
    });
    for (y, (glyph, text, tone)) in (area.y + 1..area.bottom()).zip(lines) {
        let line = Rect { x: area.x, y, width: area.width, height: 1 };
        put_all(
            line,
            buf,
            [
                (" ", theme.style(Role::Text)),
                (glyph, theme.tone(tone)),
                (" ", theme.style(Role::Text)),
                (text.as_str(), theme.tone(tone)),
            ],
        );
    }
}

/// A proposal that waits for approval.
pub(super) fn proposed(it: &ProposalView) -> String {
    format!(
        "proposed by {}, {} of {} people: {}; approve with :second, or landfall approve … {} {}",
        it.by,
        it.people.len(),
        it.needs,
        it.what,
        it.step,
        it.digest.short()
    )
}

/// What matters about a step now, most important first.
fn what(step: &StepView, far: bool) -> Vec<(Tone, String)> {
    let mut out = exposure(step);
    out.extend(step.why_held().map(|why| (Tone::Warn, why)));
    if let Some(manual) = step.manual.as_ref().filter(|_| step.state != StepState::Attested) {
        out.push((Tone::Plain, format!("manual step: {manual}; :attest marks it done")));
    }
    out.extend(operations(step));
    out.extend(ended(step));
    out.extend(step.waivers.iter().map(|waiver| (Tone::Warn, format!("waived: {waiver}"))));
    if let Some(left) = step.waits {
        let text = match step.state {
            StepState::Armed => format!("armed for {} more: :execute starts it", short(left)),
            _ => format!("at least {} left", short(left)),
        };
        out.push((Tone::Busy, text));
    }
    if step.way == Way::Forward && !step.lacks.is_empty() {
        out.push((Tone::Muted, format!("needs {}", step.lacks.join(", "))));
    }
    out.extend(conditions(step, far));
    if out.is_empty() {
        out.push((Tone::Muted, step.title.clone()));
    }
    out
}

/// A cleanup that is not finished, and what finishes it.
fn exposure(step: &StepView) -> Vec<(Tone, String)> {
    let Some(since) = step.exposed else { return Vec::new() };
    if step.cleans_up() {
        return vec![(Tone::Busy, format!("EXPOSED for {}, until its cleanup is done", short(since)))];
    }
    let loss = "until then, the loss of one more member may leave the set without a primary";
    let mut out = vec![(Tone::Bad, format!("EXPOSED for {}: its cleanup is not finished; {loss}", short(since)))];
    if step.state == StepState::Failed {
        let how = ":again previews how to finish the cleanup now; :settle resolves it, after two people have repaired it manually";
        out.push((Tone::Bad, how.to_owned()));
    }
    out
}

/// The operations of the attempt, while they matter.
fn operations(step: &StepView) -> Vec<(Tone, String)> {
    if !matches!(step.state, StepState::Running | StepState::Failed | StepState::NotApplied | StepState::Settling) {
        return Vec::new();
    }
    let line = |op: &OpLine| {
        let (word, tone) = op_word(op);
        let message = if op.detail.is_empty() { String::new() } else { format!(" – {}", op.detail) };
        (tone, format!("{word}: {}{message}", op.what))
    };
    // What is under way first: below it there may be no room.
    let (under_way, others): (Vec<&OpLine>, Vec<&OpLine>) = step.ops.iter().partition(|op| op.state.in_flight());
    under_way.into_iter().chain(others).map(line).collect()
}

/// How the attempt ended if it did not succeed, and what is possible then.
fn ended(step: &StepView) -> Vec<(Tone, String)> {
    let failed = step.state == StepState::Failed;
    let found =
        step.found.as_ref().filter(|_| failed).map(|found| (tone(step), format!("verification failed: {found}")));
    if let Some(by) = step.replaced_by.as_ref().filter(|_| step.state != StepState::Done) {
        let next = if failed { ": :again retries" } else { "" };
        return found.into_iter().chain([(Tone::Warn, format!("replaced by {by}{next}"))]).collect();
    }
    let next = match (step.state, step.way) {
        (StepState::Failed, _) if step.exposed.is_some() => None,
        (StepState::Failed, _) if step.stopped => {
            Some((Tone::Warn, "stopped before it was complete: :again retries, :roll-back previews the rollback"))
        }
        (StepState::Failed, Way::Forward) => {
            Some((Tone::Bad, "failed: :roll-back previews the rollback, :again retries"))
        }
        (StepState::Failed, Way::Back) => Some((Tone::Bad, "the rollback failed: :roll-back previews it again")),
        (StepState::RolledBack, _) => Some((Tone::Warn, "rolled back: :again starts it again")),
        (StepState::NotApplied, Way::Forward) => Some((Tone::Warn, "not applied: :again retries")),
        (StepState::NotApplied, Way::Back) => {
            Some((Tone::Warn, "nothing was rolled back: :roll-back retries, :call-off keeps the step as it is"))
        }
        _ => None,
    };
    found.into_iter().chain(next.map(|(tone, text)| (tone, text.to_owned()))).collect()
}

/// What blocks the step, and the gates that are judged now with their time to green: arms under the fork where they meet. `far`: other
/// steps come first, so that nothing of it matters yet.
fn conditions(step: &StepView, far: bool) -> Vec<(Tone, String)> {
    let of = match step.state {
        StepState::Done | StepState::Attested | StepState::Skipped | StepState::RolledBack => return Vec::new(),
        StepState::Verifying | StepState::Baking => "verify",
        _ if step.way == Way::Back => "back",
        _ => "gate",
    };
    // Its gates follow, each in its place.
    let others = step.obstacles.iter().filter(|it| it.kind != ObstacleKind::Gate);
    let dim = |tone: Tone| if far { Tone::Muted } else { tone };
    let mut out: Vec<(Tone, String)> = others.map(|it| (dim(Tone::of(it.level)), it.why.clone())).collect();
    for branch in gates::branches(step, of).into_iter().filter(|branch| branch.turn == Turn::Now) {
        let indent = "  ".repeat(branch.depth);
        match branch.is {
            Is::Fork(fork) => {
                out.push((dim(gates::tone_of(fork)), format!("{indent}{} {}", fork.word(), fork.level.word())));
            }
            Is::Gate(reasons) => out.extend(reasons.iter().map(|reason| {
                let left = match reason.to_green {
                    Some(left) if reason.level != Level::Green => format!(", green in {}", short(left)),
                    _ => String::new(),
                };
                (dim(gates::tone(reason)), format!("{indent}{}{left}", reason.what))
            })),
        }
    }
    out
}
