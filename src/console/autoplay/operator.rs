//! Which key an operator who wants something of a step presses next. Pure: it looks at where the console is and knows nothing else, so that
//! it presses what the screen asks for, and finds out when the screen asks for too much.

use crate::{
    console::{
        dialog::{Asked, Confirming, Dialog, Prompt},
        picture::Picture,
        runbook::RUNBOOK,
        ui::{Entry, Ui},
    },
    core::{
        run::{RunView, StepView},
        step::{Phase, Way},
    },
    plan::Confirm,
    scenario::{Press, Want, Wish},
};

/// What the operator does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Presses this.
    Press(Press),
    /// Looks on: there is nothing to do, and it may take long.
    Wait,
    /// Looks on for a moment: a count-down.
    Moment,
    /// Has what was wanted.
    Over,
    /// Cannot have it.
    Fail(String),
}

/// What a manual step is attested with.
const LOOKED_AT: &str = "the channel";

/// An operator at work on one step.
#[derive(Debug, Clone)]
pub struct Operator {
    wish: Wish,
    /// It was executed, or the word for it given.
    begun: bool,
}

impl Operator {
    /// Who wants this.
    #[must_use]
    pub const fn new(wish: Wish) -> Self {
        Self { wish, begun: false }
    }

    /// What to press next.
    pub fn next(&mut self, ui: &Ui) -> Next {
        let Some(run) = ui.latest().run.clone() else { return Next::Fail("the plan has no runbook".to_owned()) };
        let Some(step) = run.steps.iter().find(|s| s.id == self.wish.step) else {
            return Next::Fail(format!("there is no step {}", self.wish.step));
        };
        match &ui.entry {
            Entry::Commands => self.command(ui, &run, step),
            Entry::Dialog(Dialog::Preview(open, _)) => self.preview(open, step),
            Entry::Dialog(Dialog::Confirm(it)) => self.confirm(it),
            Entry::Dialog(Dialog::Prompt(it)) => prompt(ui, &run, step, it),
            Entry::Filter(_) | Entry::Help(..) => Next::Press(Press::Esc),
        }
    }

    fn command(&mut self, ui: &Ui, run: &RunView, step: &StepView) -> Next {
        let back = self.wish.want == Want::Back;
        // Of an attempt that left something, whatever is thought of doing next.
        let turn = back && step.way == Way::Forward && step.has_back;
        match step.state {
            Phase::Done | Phase::Attested if !back => return Next::Over,
            Phase::RolledBack if back && self.begun => return Next::Over,
            Phase::Settling | Phase::Verifying | Phase::Baking if turn => {}
            Phase::Running | Phase::Settling | Phase::Verifying | Phase::Baking => {
                self.begun = true;
                return if self.wish.want == Want::Begun { Next::Over } else { Next::Wait };
            }
            Phase::Failed | Phase::NotApplied if self.begun => {
                let said = step.ops.iter().rev().map(|op| op.said.as_str()).find(|said| !said.is_empty());
                return Next::Fail(format!("{} is {}: {}", step.id, step.word, said.unwrap_or("nothing was said")));
            }
            Phase::Skipped => return Next::Fail(format!("{} was left out", step.id)),
            Phase::Pending | Phase::Blocked if !turn => {
                self.begun = false;
                return Next::Wait;
            }
            _ => {}
        }
        // Somebody else has to agree to the word that was given.
        if step.manual.is_some() && run.motion.as_ref().is_some_and(|it| it.step == step.id) {
            return select(ui, run, &step.id).unwrap_or(Next::Press(Press::Char('A')));
        }
        let key = match step.state {
            _ if turn => 'b',
            Phase::Ready if step.manual.is_some() && !step.shown => 'y',
            Phase::Ready | Phase::Previewed | Phase::Armed => 'p',
            _ if back => 'b',
            Phase::Failed | Phase::NotApplied | Phase::RolledBack | Phase::Cancelled => 'r',
            _ => return Next::Wait,
        };
        select(ui, run, &step.id).unwrap_or(Next::Press(Press::Char(key)))
    }

    fn preview(&mut self, open: &str, step: &StepView) -> Next {
        let way = if self.wish.want == Want::Back { Way::Back } else { Way::Forward };
        let shown = step.preview.as_ref().filter(|p| p.way == way && p.digest.is_some());
        let Some(preview) = shown.filter(|_| open == step.id) else { return Next::Press(Press::Esc) };
        match step.state {
            Phase::Armed => {
                // What is quick is over before anybody has seen it run.
                self.begun = true;
                Next::Press(Press::Char('x'))
            }
            Phase::Previewed if preview.approvals.0 < preview.approvals.1 => Next::Press(Press::Char('A')),
            Phase::Previewed => Next::Press(Press::Char('a')),
            // It has drifted, or a gate is not green any more.
            _ => Next::Press(Press::Esc),
        }
    }

    fn confirm(&mut self, it: &Confirming) -> Next {
        if it.counting.is_some() {
            return Next::Moment;
        }
        if it.step != self.wish.step {
            return Next::Press(Press::Esc);
        }
        match it.kind {
            Confirm::Enter if !it.execute => Next::Press(Press::Tab),
            Confirm::Enter => Next::Press(Press::Enter),
            Confirm::Name | Confirm::Countdown => typing(&it.typed, &it.target),
        }
    }
}

/// One line that is asked for.
fn prompt(ui: &Ui, run: &RunView, step: &StepView, it: &Prompt) -> Next {
    let approvers = ui.latest().plan.runbook.approvers.iter().map(|a| a.name.as_str());
    // Whoever has not yet, and is not at the keyboard.
    let other = |people: &[String]| {
        let mut free =
            approvers.clone().filter(|name| people.iter().all(|p| p != name) && run.operator.as_deref() != Some(name));
        free.next().unwrap_or_default().to_owned()
    };
    let text = match it.asked {
        Asked::Attest => LOOKED_AT.to_owned(),
        Asked::Approve => other(step.preview.as_ref().map_or(&[], |p| &p.approvals.2)),
        Asked::Second => other(run.motion.as_ref().map_or(&[], |m| &m.people)),
        _ => return Next::Press(Press::Esc),
    };
    if text.is_empty() {
        return Next::Fail(format!("{} takes more people than the plan has approvers", step.id));
    }
    typing(&it.text, &text)
}

/// The next key of a text that is typed, and Enter at its end.
fn typing(typed: &str, text: &str) -> Next {
    match text.strip_prefix(typed).map(|rest| rest.chars().next()) {
        Some(Some(next)) => Next::Press(Press::Char(next)),
        Some(None) => Next::Press(Press::Enter),
        None => Next::Press(Press::Backspace),
    }
}

/// The key that brings the selection nearer to a step; none once it is there.
fn select(ui: &Ui, run: &RunView, step: &str) -> Option<Next> {
    let on_page = ui.panel().is_some_and(|p| p.id == RUNBOOK);
    if ui.step().is_some_and(|s| s.id == step) {
        return None;
    }
    if run.next().is_some_and(|s| s.id == step) {
        return Some(Next::Press(Press::Char('n')));
    }
    if !on_page {
        return Some(page(ui.picture()));
    }
    if !ui.filter().is_empty() || ui.opened().is_some() {
        return Some(Next::Press(Press::Esc));
    }
    let place = |id: &str| run.steps.iter().position(|s| s.id == id);
    let (at, to) = (ui.selected().and_then(place).unwrap_or(0), place(step)?);
    Some(Next::Press(Press::Char(if to > at { 'j' } else { 'k' })))
}

fn page(picture: &Picture) -> Next {
    let digit = picture.page(RUNBOOK).and_then(|page| char::from_digit(u32::try_from(page + 2).ok()?, 10));
    digit.map_or_else(|| Next::Fail("there is no Runbook page".to_owned()), |digit| Next::Press(Press::Char(digit)))
}
