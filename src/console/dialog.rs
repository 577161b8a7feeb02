//! The dialogs that open over a page before something is changed: the preview, the confirmation, whose strictness
//! depends on the risk, and a line of text. Pure. The initial focus is on the choice that does nothing.

mod prompt;

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use self::prompt::prompt_key;
pub use self::prompt::{Asked, Prompt};
use super::{
    act::Act,
    command::{Command, Id},
    key::Key,
    typing::{self, write},
    ui::{Entry, Ui},
    update::perform,
};
use base::{digest::Digest, now::Now, step::StepState};
use engine::run::{Order, StepView};
use plan::Confirm;

/// Length of a count-down.
pub const COUNTDOWN: Duration = Duration::from_secs(5);

/// The open dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialog {
    /// The preview of a step; the first line shown.
    Preview(String, usize),
    /// A confirmation.
    Confirm(Confirming),
    /// One line to write.
    Prompt(Prompt),
    /// Asks whether to quit while steps are running; the preview that was open.
    Leave(Option<String>),
}

/// A confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirming {
    /// The step.
    pub step: String,
    /// Digest of the preview that was shown.
    pub digest: Digest,
    /// Form of the confirmation.
    pub kind: Confirm,
    /// The text that must be typed.
    pub target: String,
    /// The text typed so far.
    pub typed: String,
    /// Whether Enter executes; else it closes.
    pub execute: bool,
    /// When the count-down began.
    pub counting: Option<Now>,
}

/// The step with this id.
pub(super) fn step<'u>(ui: &'u Ui, id: &str) -> Option<&'u StepView> {
    ui.latest().run.as_ref()?.steps.iter().find(|s| s.id == id)
}

/// Whether the step can have a preview.
#[must_use]
pub const fn before_it_begins(step: &StepView) -> bool {
    matches!(
        step.state,
        StepState::Pending | StepState::Blocked | StepState::Ready | StepState::Previewed | StepState::Armed
    )
}

/// Whether the step is running.
#[must_use]
pub const fn is_under_way(step: &StepView) -> bool {
    matches!(step.state, StepState::Running | StepState::Settling | StepState::Verifying | StepState::Baking)
}

/// Handles a key.
pub(super) fn key(ui: &mut Ui, key: &KeyEvent, dialog: Dialog) -> Vec<Act> {
    // Any key cancels a count-down and does nothing else.
    if call_off(ui, "cancelled: nothing was sent") {
        return Vec::new();
    }
    if let Some(acts) = typing::always(ui, key) {
        return acts;
    }
    match dialog {
        Dialog::Leave(over) => leave_key(ui, key, over),
        Dialog::Preview(id, top) => preview_key(ui, key, id, top),
        Dialog::Confirm(confirming) => confirm_key(ui, key, confirming),
        Dialog::Prompt(prompt) => prompt_key(ui, key, prompt),
    }
}

/// Cancels a count-down, if there is one, and shows the preview again.
pub(super) fn call_off(ui: &mut Ui, why: &str) -> bool {
    let Entry::Dialog(Dialog::Confirm(it)) = &ui.entry else { return false };
    let counting = it.counting.is_some();
    if counting {
        ui.entry = Entry::Dialog(Dialog::Preview(it.step.clone(), 0));
        ui.message = Some(why.to_owned());
    }
    counting
}

/// The step whose preview is under the dialog that opens now.
pub(super) fn over(ui: &Ui) -> Option<String> {
    match &ui.entry {
        Entry::Dialog(Dialog::Preview(id, _)) => Some(id.clone()),
        Entry::Dialog(Dialog::Confirm(it)) => Some(it.step.clone()),
        Entry::Dialog(Dialog::Prompt(Prompt { over, .. }) | Dialog::Leave(over)) => over.clone(),
        _ => None,
    }
}

/// Returns to the preview that was open before, if there was one.
fn return_to(over: Option<String>) -> Entry {
    over.map_or(Entry::Commands, |id| Entry::Dialog(Dialog::Preview(id, 0)))
}

fn preview_key(ui: &mut Ui, key: &KeyEvent, id: String, top: usize) -> Vec<Act> {
    let stay = |ui: &mut Ui, top: usize| {
        ui.entry = Entry::Dialog(Dialog::Preview(id.clone(), top));
        Vec::new()
    };
    let command = match key.code {
        KeyCode::Esc => Id::Back,
        _ => match Key::of(key).and_then(|key| ui.keys.command(key)) {
            Some((command, _)) => command.id,
            None => return Vec::new(),
        },
    };
    match command {
        Id::Back | Id::Quit => {
            ui.entry = Entry::Commands;
            // A step does not stay armed when its preview is closed.
            match step(ui, &id) {
                Some(s) if s.state == StepState::Armed => vec![Act::Order(Order::Preview(id))],
                _ => Vec::new(),
            }
        }
        Id::Down => stay(ui, top.saturating_add(1)),
        Id::Up => stay(ui, top.saturating_sub(1)),
        Id::PageDown => stay(ui, top.saturating_add(ui.preview_room.max(1))),
        Id::PageUp => stay(ui, top.saturating_sub(ui.preview_room.max(1))),
        Id::First => stay(ui, 0),
        Id::Last => stay(ui, usize::MAX),
        Id::Preview => vec![Act::Order(Order::Preview(id))],
        Id::Arm => vec![Act::Order(Order::Arm(id))],
        Id::Approve => {
            ui.entry = Entry::Dialog(Dialog::Prompt(Prompt {
                asked: Asked::Approve,
                step: id.clone(),
                text: String::new(),
                about: None,
                over: Some(id),
            }));
            Vec::new()
        }
        Id::Execute => confirm(ui, &id),
        other => elsewhere(ui, other, id),
    }
}

/// A key that the preview does not handle: hold, cancel and time control work everywhere; for others a message says
/// that they do not.
fn elsewhere(ui: &mut Ui, command: Id, id: String) -> Vec<Act> {
    match command {
        Id::Hold | Id::Remark => perform(ui, command, 0),
        Id::TimeFaster | Id::TimeSlower | Id::TimeStops => perform(ui, command, 0),
        Id::CallOff => {
            ui.entry = Entry::Commands;
            vec![Act::Order(Order::Cancel(id))]
        }
        _ => {
            ui.message = Some(format!("{}: Esc closes the preview first", Command::of(command).title));
            Vec::new()
        }
    }
}

/// Quits, or asks first if steps are running.
pub(super) fn leave(ui: &mut Ui) -> Vec<Act> {
    if under_way(ui).next().is_none() || matches!(ui.entry, Entry::Dialog(Dialog::Leave(_))) {
        return vec![Act::Quit];
    }
    ui.entry = Entry::Dialog(Dialog::Leave(over(ui)));
    Vec::new()
}

/// The running steps, if this console executes them.
pub fn under_way(ui: &Ui) -> impl Iterator<Item = &StepView> {
    let run = ui.latest().run.as_ref().filter(|run| run.operator.is_some());
    run.into_iter().flat_map(|run| &run.steps).filter(|s| is_under_way(s) || s.exposed.is_some())
}

fn leave_key(ui: &mut Ui, key: &KeyEvent, over: Option<String>) -> Vec<Act> {
    let quits = Key::of(key).and_then(|key| ui.keys.command(key)).is_some_and(|(c, _)| c.id == Id::Quit);
    match key.code {
        KeyCode::Enter => return vec![Act::Quit],
        _ if quits => return vec![Act::Quit],
        KeyCode::Esc => ui.entry = return_to(over),
        _ => ui.entry = Entry::Dialog(Dialog::Leave(over)),
    }
    Vec::new()
}

/// Opens the confirmation of the armed step.
pub(super) fn confirm(ui: &mut Ui, id: &str) -> Vec<Act> {
    let Some(found) = step(ui, id) else { return Vec::new() };
    if ui.latest().speed == Some(0.0) {
        ui.message = Some("simulated time is paused: :time-stops resumes it".to_owned());
        return Vec::new();
    }
    let armed = found.state == StepState::Armed;
    let preview = found.preview.as_ref().and_then(|p| Some((p.digest?, p.confirm, p.target.clone())));
    match preview.filter(|_| armed) {
        Some((digest, kind, target)) => {
            ui.entry = Entry::Dialog(Dialog::Confirm(Confirming {
                step: id.to_owned(),
                digest,
                kind,
                target,
                typed: String::new(),
                execute: false,
                counting: None,
            }));
        }
        None => ui.message = Some(format!("{id} is not armed: :arm arms the preview")),
    }
    Vec::new()
}

fn confirm_key(ui: &mut Ui, key: &KeyEvent, mut it: Confirming) -> Vec<Act> {
    let back = Entry::Dialog(Dialog::Preview(it.step.clone(), 0));
    match (key.code, it.kind) {
        (KeyCode::Esc, _) => ui.entry = back,
        (KeyCode::Tab | KeyCode::BackTab | KeyCode::Left | KeyCode::Right, _) => {
            it.execute = !it.execute;
            ui.entry = Entry::Dialog(Dialog::Confirm(it));
        }
        (KeyCode::Enter, Confirm::Enter) if !it.execute => ui.entry = back,
        (KeyCode::Enter, Confirm::Enter) => return execute(ui, it),
        (KeyCode::Enter, _) if it.typed != it.target => {
            ui.message = Some(format!("type {} to continue, Esc to cancel", it.target));
        }
        (KeyCode::Enter, Confirm::Name) => return execute(ui, it),
        (KeyCode::Enter, Confirm::Countdown) => {
            it.counting = Some(ui.latest().now);
            ui.entry = Entry::Dialog(Dialog::Confirm(it));
        }
        (_, Confirm::Enter) => {}
        _ => {
            write(&mut it.typed, key);
            ui.entry = Entry::Dialog(Dialog::Confirm(it));
        }
    }
    Vec::new()
}

/// Handles the passing of time: a count-down may be over. It uses the clock of the snapshot, so nothing is sent while
/// the engine is silent.
pub(super) fn passed(ui: &mut Ui) -> Vec<Act> {
    let Entry::Dialog(Dialog::Confirm(it)) = ui.entry.clone() else { return Vec::new() };
    // The step can no longer be executed: close the confirmation.
    if let Some(found) = step(ui, &it.step).filter(|step| step.state != StepState::Armed) {
        let why = found.obstacles.first().map_or_else(|| "preview it again".to_owned(), |(_, why)| why.clone());
        ui.message = Some(format!("{} is {} and no longer armed: {why}", it.step, found.word));
        ui.entry = Entry::Dialog(Dialog::Preview(it.step, 0));
        return Vec::new();
    }
    match it.counting {
        Some(since) if ui.latest().now.since(since) >= COUNTDOWN => execute(ui, it),
        _ => Vec::new(),
    }
}

fn execute(ui: &mut Ui, it: Confirming) -> Vec<Act> {
    ui.entry = Entry::Commands;
    vec![Act::Order(Order::Execute { step: it.step, digest: it.digest, typed: it.typed })]
}
