//! Chooses the next key of an operator with a wish for a step. Pure: it uses only the state of the console, so it
//! presses what the screen asks for, and detects when the screen asks for too much.

use crate::scenario::{Want, Wish};
use base::step::{StepState, Way};
use console::{
    command::Id,
    entry::{Asked, Confirming, Dialog, Entry, Prompt},
    key::Key,
    pages::RUNBOOK,
    player::Next,
    ui::Ui,
};
use engine::run::{RunView, StepView};
use plan::Confirm;

/// The text with which a manual step is marked done.
const LOOKED_AT: &str = "the channel";

/// An operator working on one step.
#[derive(Debug, Clone)]
pub struct Operator {
    wish: Wish,
    /// It was executed or marked done.
    started: bool,
}

impl Operator {
    /// An operator with this wish.
    #[must_use]
    pub const fn new(wish: Wish) -> Self {
        Self { wish, started: false }
    }

    /// The next key.
    pub fn next(&mut self, ui: &Ui) -> Next {
        let Some(run) = ui.latest().run.clone() else { return Next::Fail("the plan has no runbook".to_owned()) };
        let Some(step) = run.steps.iter().find(|s| s.id == self.wish.step) else {
            return Next::Fail(format!("there is no step {}", self.wish.step));
        };
        match &ui.entry {
            Entry::Commands => self.command(ui, &run, step),
            Entry::Dialog(Dialog::Preview(open, _)) => self.preview(ui, open, step),
            Entry::Dialog(Dialog::Confirm(it)) => self.confirm(it),
            Entry::Dialog(Dialog::Prompt(it)) => prompt(ui, &run, step, it),
            Entry::Filter(_)
            | Entry::Help(..)
            | Entry::Messages(_)
            | Entry::Palette(_)
            | Entry::Dialog(Dialog::Leave(_)) => Next::Press(Key::ESC),
        }
    }

    fn command(&mut self, ui: &Ui, run: &RunView, step: &StepView) -> Next {
        let back = self.wish.want == Want::Back;
        // A forward attempt left something: roll it back, whatever its state.
        let turn = back && step.way == Way::Forward && step.has_back;
        match step.state {
            StepState::Done | StepState::Attested if !back => return Next::Over,
            StepState::RolledBack if back && self.started => return Next::Over,
            StepState::Settling | StepState::Verifying | StepState::Baking if turn => {}
            StepState::Running | StepState::Settling | StepState::Verifying | StepState::Baking => {
                self.started = true;
                return if self.wish.want == Want::Started { Next::Over } else { Next::Wait };
            }
            StepState::Failed | StepState::NotApplied if self.started => {
                let message = step.ops.iter().rev().map(|op| op.detail.as_str()).find(|message| !message.is_empty());
                return Next::Fail(format!("{} is {}: {}", step.id, step.word, message.unwrap_or("no message")));
            }
            StepState::Skipped => return Next::Fail(format!("{} was skipped", step.id)),
            StepState::Pending | StepState::Blocked if !turn => {
                self.started = false;
                return Next::Wait;
            }
            _ => {}
        }
        // A second person must approve the proposal.
        if step.manual.is_some() && run.proposal.as_ref().is_some_and(|it| it.step == step.id) {
            return select(ui, run, &step.id).unwrap_or_else(|| command(ui, Id::Approve));
        }
        let key = match step.state {
            _ if turn => Id::RollBack,
            StepState::Ready if step.manual.is_some() && !step.shown => Id::MarkDone,
            StepState::Ready | StepState::Previewed | StepState::Armed => Id::Preview,
            _ if back => Id::RollBack,
            StepState::Failed | StepState::NotApplied | StepState::RolledBack | StepState::Cancelled => Id::Again,
            _ => return Next::Wait,
        };
        select(ui, run, &step.id).unwrap_or_else(|| command(ui, key))
    }

    fn preview(&mut self, ui: &Ui, open: &str, step: &StepView) -> Next {
        let way = if self.wish.want == Want::Back { Way::Back } else { Way::Forward };
        let shown = step.preview.as_ref().filter(|p| p.way == way && p.digest.is_some());
        let Some(preview) = shown.filter(|_| open == step.id) else { return Next::Press(Key::ESC) };
        match step.state {
            StepState::Armed => {
                // A quick step may be over before it is seen running.
                self.started = true;
                command(ui, Id::Execute)
            }
            StepState::Previewed if preview.approvals.0 < preview.approvals.1 => command(ui, Id::Approve),
            StepState::Previewed => command(ui, Id::Arm),
            // It has drifted, or a gate is no longer green.
            _ => Next::Press(Key::ESC),
        }
    }

    fn confirm(&mut self, it: &Confirming) -> Next {
        if it.counting.is_some() {
            return Next::Moment;
        }
        // One that has ended takes no text any more: the preview has drifted.
        if it.step != self.wish.step || it.ended.is_some() {
            return Next::Press(Key::ESC);
        }
        match it.kind {
            Confirm::Enter if !it.execute => Next::Press(Key::TAB),
            Confirm::Enter => Next::Press(Key::ENTER),
            Confirm::Name | Confirm::Countdown => typing(&it.typed, &it.target),
        }
    }
}

/// The next key for an open prompt.
fn prompt(ui: &Ui, run: &RunView, step: &StepView, it: &Prompt) -> Next {
    let approvers = ui.latest().plan.runbook.approvers.iter().map(|a| a.name.as_str());
    // Someone who has not approved yet and is not the operator.
    let other = |people: &[String]| {
        let mut free =
            approvers.clone().filter(|name| people.iter().all(|p| p != name) && run.operator.as_deref() != Some(name));
        free.next().unwrap_or_default().to_owned()
    };
    let text = match it.asked {
        Asked::MarkDone => LOOKED_AT.to_owned(),
        Asked::Approve => other(step.preview.as_ref().map_or(&[], |p| &p.approvals.2)),
        Asked::Agree => other(run.proposal.as_ref().map_or(&[], |m| &m.people)),
        _ => return Next::Press(Key::ESC),
    };
    if text.is_empty() {
        return Next::Fail(format!("{} needs more people than the plan has approvers", step.id));
    }
    typing(&it.text, &text)
}

/// The next key of a text that is typed, then Enter.
fn typing(typed: &str, text: &str) -> Next {
    match text.strip_prefix(typed).map(|rest| rest.chars().next()) {
        Some(Some(next)) => Next::Press(Key::Char(next)),
        Some(None) => Next::Press(Key::ENTER),
        None => Next::Press(Key::BACKSPACE),
    }
}

/// The key that moves the selection towards a step; `None` once it is selected.
fn select(ui: &Ui, run: &RunView, step: &str) -> Option<Next> {
    let on_page = ui.panel().is_some_and(|p| p.id == RUNBOOK);
    if ui.step().is_some_and(|s| s.id == step) {
        return None;
    }
    if run.due().is_some_and(|s| s.id == step) {
        return Some(command(ui, Id::NextStep));
    }
    if !on_page {
        return Some(page(ui));
    }
    if !ui.filter().is_empty() || ui.opened().is_some() {
        return Some(Next::Press(Key::ESC));
    }
    let place = |id: &str| run.steps.iter().position(|s| s.id == id);
    let (at, to) = (ui.selected().and_then(place).unwrap_or(0), place(step)?);
    Some(command(ui, if to > at { Id::Down } else { Id::Up }))
}

fn page(ui: &Ui) -> Next {
    let key = ui.view_model().page(RUNBOOK).and_then(|page| ui.keys.keys(Id::Page).get(page + 1));
    key.map_or_else(|| Next::Fail("there is no Runbook page".to_owned()), |key| Next::Press(*key))
}

/// The key of a command.
fn command(ui: &Ui, id: Id) -> Next {
    let key = ui.keys.keys(id).first();
    key.map_or_else(|| Next::Fail(format!("no key is {id:?}")), |key| Next::Press(*key))
}
