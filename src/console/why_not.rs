//! Why a command is disabled: the only place that decides it.

use super::{
    command::{Command, Id, Scope},
    gates,
    pages::is_own,
    steps::{before_it_begins, is_armed, is_open, is_over, is_under_way},
    ui::{At, Ui},
};
use base::step::{StepState, Way};
use engine::{PACE, run::StepView};

/// Why a command is disabled; `None` if it is not.
#[must_use]
pub fn why_not(id: Id, ui: &Ui) -> Option<String> {
    let say = |why: &str| Some(why.to_owned());
    let list = ui.focused().is_some();
    match id {
        Id::Down | Id::Up | Id::First | Id::Last | Id::PageDown | Id::PageUp => match ui.at {
            At::Page(0) | At::Detail => None,
            At::Page(_) if list => None,
            At::Page(_) => say("this page has no list"),
        },
        Id::Copy if !list && ui.at != At::Detail => say("there is nothing to copy here: select a row first"),
        Id::Export if !list => say("there is no list here"),
        Id::Filter | Id::Sort | Id::Reverse | Id::Wide | Id::Maximise | Id::Columns if !list => {
            say("there is no list here")
        }
        Id::Reverse if ui.sort().is_none() => say("the list is in its own order: :sort sorts it"),
        Id::NextTable | Id::PreviousTable if ui.at != At::Page(0) && ui.table_count() < 2 => {
            say("this page has only one list")
        }
        Id::ScrollLeft | Id::ScrollRight if !ui.lists.wide => say("columns are not wide: :wide widens them"),
        Id::ScrollLeft if ui.lists.scroll == 0 => say("this is the left end"),
        Id::FieldsDown | Id::FieldsUp if ui.at != At::Detail => say("no detail is open"),
        Id::FieldsDown | Id::FieldsUp if ui.is_maximised() => say("a table has all the room: :maximise restores it"),
        Id::FieldsDown if ui.opened.top >= ui.opened.last => say("this is the end of the details"),
        Id::FieldsUp if ui.opened.top == 0 => say("this is the start of the details"),
        Id::Repeat if ui.history.last.is_none() => say("nothing was chosen in the palette yet: :palette opens it"),
        Id::Open => why_not_open(ui),
        Id::Back if ui.at == At::Page(0) => say("this is the overview"),
        Id::Faster if ui.latest().pace >= PACE.1 => say("collectors already poll at the maximum rate"),
        Id::Slower if ui.latest().pace <= PACE.0 => say("collectors already poll at the minimum rate"),
        id if matches!(Command::of(id).scope, Scope::Run | Scope::Step) => why_not_run(id, ui),
        Id::TimeFaster | Id::TimeSlower | Id::TimeStops if ui.latest().speed.is_none() => {
            say("only simulated time can be changed")
        }
        Id::TimeSlower if ui.latest().speed == Some(0.0) => say("simulated time is paused"),
        Id::Zone => ui.zones.why_not().map(str::to_owned),
        Id::Theme if ui.themes.names.len() < 2 => say("there is only one theme"),
        _ => None,
    }
}

fn why_not_run(id: Id, ui: &Ui) -> Option<String> {
    let say = |why: &str| Some(why.to_owned());
    let Some(run) = &ui.latest().run else { return say("the plan has no runbook") };
    if id == Id::NextStep {
        return None;
    }
    if run.operator.is_none() {
        return say("this console is read only");
    }
    if id == Id::Release && !run.releasable {
        return say("the run is not held");
    }
    if matches!(id, Id::Hold | Id::Release | Id::Remark) {
        return None;
    }
    if id == Id::Approve {
        return run.proposal.is_none().then(|| "there is no proposal".to_owned());
    }
    let Some(step) = ui.acted_on() else { return say("choose a step in the Runbook first: :next-step goes there") };
    // On the overview the step is not on screen: only what shows it first is possible there.
    if ui.step().is_none()
        && ui.preview_below().is_none()
        && matches!(id, Id::Again | Id::Arm | Id::Adopt | Id::CallOff)
    {
        return Some(format!("{}: :next-step selects the step first", step.id));
    }
    let before = before_it_begins(step);
    let is = |what: &str| Some(format!("{} is {}: {what}", step.id, step.word));
    match id {
        Id::MarkDone if step.manual.is_none() => say("this is not a manual step"),
        Id::MarkDone if step.state != StepState::Ready => Some(not_ready(step)),
        Id::Skip if !before || step.way == Way::Back => is("only a step that was not started can be skipped"),
        Id::Preview | Id::Arm | Id::Execute if step.manual.is_some() && !step.shown => {
            say("this is a manual step: :attest marks it done")
        }
        Id::Preview if is_over(step) => is("there is nothing to preview, :again retries it"),
        Id::Preview if !(before || is_under_way(step) && step.preview.is_some()) => is("there is nothing to preview"),
        Id::Resolve if step.unknown.is_none() => say("this step has no UNKNOWN operation"),
        Id::RollBack if step.state == StepState::Running => is(":abandon aborts it; then it can be rolled back"),
        Id::RollBack if step.irreversible => say("this is a point of no return"),
        Id::RollBack if step.way == Way::Back && is_under_way(step) => is("its rollback is under way"),
        Id::RollBack if step.exposed.is_some() => is("its cleanup is not finished, :again previews how to finish it"),
        Id::RollBack if ends_as_before(step) => say("there is nothing to roll back"),
        Id::RollBack if !step.has_back => say("there is nothing to roll back"),
        Id::Arm if is_armed(step) => say("it is already armed"),
        Id::Arm | Id::Execute if step.state == StepState::Ready => is("not previewed, :preview previews it"),
        Id::Arm if step.state != StepState::Previewed => is("only a previewed step can be armed, :preview shows it"),
        Id::Execute if !is_armed(step) => is("only an armed step can be executed"),
        Id::CallOff if !is_open(step) => is("nothing is previewed or armed"),
        Id::Again if step.state == StepState::Failed && !is_over(step) => is(":roll-back previews the rollback again"),
        Id::Again if before || is_under_way(step) => is("only a step that has ended can be retried"),
        Id::Again if !is_over(step) => {
            is("only a step that failed, was cancelled, skipped or rolled back can be retried")
        }
        Id::Adopt if step.manual.is_some() => say("this is a manual step: :attest marks it done"),
        Id::Adopt if is_under_way(step) || step.state == StepState::Done || step.way == Way::Back => {
            is("only a step that was not started, or has ended, can be adopted")
        }
        Id::Abandon if step.state != StepState::Running => is("only a running attempt can be aborted"),
        _ => None,
    }
}

/// Whether the step has ended and left the estate as it was.
const fn ends_as_before(step: &StepView) -> bool {
    matches!(step.state, StepState::RolledBack | StepState::Skipped | StepState::Cancelled)
}

/// Why a manual step cannot be marked done yet: asked before anything is written about it.
fn not_ready(step: &StepView) -> String {
    let needs = (!step.lacks.is_empty()).then(|| format!("it needs {}", step.lacks.join(", ")));
    let why = needs.or_else(|| step.obstacles.first().map(|it| it.why.clone()));
    let why = why.unwrap_or_else(|| "only a step that is READY can be marked done".to_owned());
    format!("{} is {}: {why}", step.id, step.word)
}

fn why_not_open(ui: &Ui) -> Option<String> {
    match ui.at {
        // Of the tables of a detail only a step's gates lead to more.
        At::Detail if ui.focused().is_none_or(|table| table.id != gates::TABLE) => {
            Some("a detail is open already: :back closes it".into())
        }
        At::Detail if ui.is_frozen() => {
            Some("the screen is frozen and has no details of this gate: :freeze unfreezes it".into())
        }
        At::Detail => {
            let is_gate = ui.step().zip(ui.selected()).is_some_and(|(step, row)| gates::is_gate(step, row));
            (!is_gate).then(|| "select a gate: its signal opens".into())
        }
        At::Page(0) => {
            let behind =
                ui.view_model().answers.get(ui.tiles.selected).and_then(|answer| ui.view_model().behind(answer));
            behind.is_none().then(|| "the plan has nothing for this tile".into())
        }
        At::Page(_) if ui.selected().is_none() => Some("no row is selected".into()),
        At::Page(_) if ui.is_frozen() && ui.panel().is_none_or(|p| !is_own(p.id)) => {
            Some("the screen is frozen and has no details of this row: :freeze unfreezes it".into())
        }
        At::Page(_) => None,
    }
}

#[cfg(test)]
mod tests;
