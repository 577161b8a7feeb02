//! The dialogs that open over a page before something is changed: the preview, the confirmation, whose strictness
//! depends on the risk, and a line of text. Pure. The initial focus is on the choice that does nothing.

mod prompt;

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use self::prompt::prompt_key;
pub use self::prompt::takes_yes;
use super::{
    act::{Act, Handled},
    command::{Command, Id},
    entry::{Asked, COPY, Confirming, Dialog, Entry, Palette, Prompt},
    key::Key,
    steps::{before_it_begins, is_armed, is_open, is_under_way},
    typing::{self, write},
    ui::Ui,
    why_not::why_not,
};
use engine::run::{Order, StepView, names};
use plan::Confirm;

/// Length of a count-down.
pub const COUNTDOWN: Duration = Duration::from_secs(5);

/// Handles a key.
pub(super) fn key(ui: &mut Ui, key: &KeyEvent, dialog: Dialog) -> Handled {
    // Any key cancels a count-down and does nothing else.
    if call_off(ui, "cancelled: nothing was sent") {
        return Handled::NOTHING;
    }
    if let Some(command) = typing::always(ui, key) {
        return command;
    }
    Handled::Done(match dialog {
        Dialog::Leave(over) => leave_key(ui, key, over),
        Dialog::Preview(id, top) => return preview_key(ui, key, id, top),
        Dialog::Confirm(confirming) => confirm_key(ui, key, confirming),
        Dialog::Prompt(prompt) => prompt_key(ui, key, prompt),
    })
}

/// Cancels a count-down, if there is one, and shows the preview again.
pub(super) fn call_off(ui: &mut Ui, why: &str) -> bool {
    let Entry::Dialog(Dialog::Confirm(it)) = &ui.entry else { return false };
    let counting = it.counting.is_some();
    if counting {
        ui.entry = Entry::Dialog(Dialog::Preview(it.step.clone(), 0));
        ui.inform(why.to_owned());
    }
    counting
}

fn preview_key(ui: &mut Ui, key: &KeyEvent, id: String, top: usize) -> Handled {
    let stay = |ui: &mut Ui, top: usize| {
        ui.entry = Entry::Dialog(Dialog::Preview(id.clone(), top));
        Vec::new()
    };
    let command = match key.code {
        KeyCode::Esc => Id::Back,
        _ => match Key::of(key).and_then(|key| ui.keys.command(key)) {
            Some((command, _)) => command.id,
            None => return Handled::NOTHING,
        },
    };
    Handled::Done(match command {
        Id::Back | Id::Quit => close(ui, id),
        Id::Open => {
            let folded = ui.whole_preview.as_ref() != Some(&id);
            ui.whole_preview = folded.then(|| id.clone());
            stay(ui, 0)
        }
        Id::Down => stay(ui, top.saturating_add(1)),
        Id::Up => stay(ui, top.saturating_sub(1)),
        Id::PageDown => stay(ui, top.saturating_add(ui.terminal.text_room.max(1))),
        Id::PageUp => stay(ui, top.saturating_sub(ui.terminal.text_room.max(1))),
        Id::First => stay(ui, 0),
        Id::Last => stay(ui, usize::MAX),
        Id::Preview | Id::Arm | Id::Approve if refused(ui, command, &id) => Vec::new(),
        Id::Preview => {
            stay(ui, 0);
            vec![Act::Order(Order::Preview(id))]
        }
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
        Id::Copy => {
            ui.entry = Entry::Palette(Palette { text: COPY.to_owned(), over: Some(id), ..Palette::default() });
            Vec::new()
        }
        Id::CallOff => {
            ui.entry = Entry::Commands;
            vec![Act::Order(Order::Cancel(id))]
        }
        // The preview stays open below the help.
        Id::Help => {
            ui.help_over = Some(id);
            ui.entry = Entry::Help(String::new(), 0);
            Vec::new()
        }
        // Hold and time control work everywhere.
        Id::Hold | Id::Release | Id::Remark | Id::TimeFaster | Id::TimeSlower | Id::TimeStops => {
            return Handled::Command(command, 0);
        }
        _ => {
            ui.report(format!("{}: Esc closes the preview first", Command::of(command).title));
            Vec::new()
        }
    })
}

/// Closes the preview. A step does not stay armed when its preview is closed.
fn close(ui: &mut Ui, id: String) -> Vec<Act> {
    ui.entry = Entry::Commands;
    ui.whole_preview = None;
    match ui.step_named(&id) {
        Some(step) if is_armed(step) => {
            ui.inform(format!("{id} is no longer armed: its preview was closed"));
            vec![Act::Order(Order::Preview(id))]
        }
        _ => Vec::new(),
    }
}

/// Why a command is disabled while the preview of this step is open; `None` if it is not.
#[must_use]
pub fn why_not_here(ui: &Ui, id: Id, step: &StepView) -> Option<String> {
    let preview = step.preview.as_ref();
    match id {
        Id::Preview if !before_it_begins(step) => {
            Some(format!("{} is {}: its preview is as it was when it began", step.id, step.word))
        }
        Id::Approve if preview.and_then(|preview| preview.digest).is_none() => {
            Some("there is nothing to approve; :preview previews the step again".to_owned())
        }
        Id::Approve if !is_open(step) => Some(format!("{} is {}: there is nothing to approve", step.id, step.word)),
        Id::Approve => None,
        _ => why_not(id, ui),
    }
}

/// Says why a command is disabled in the open preview, if it is.
fn refused(ui: &mut Ui, id: Id, step: &str) -> bool {
    // Of a preview that cannot be armed the engine knows the reason: it is forbidden, or a gate is not green.
    let asks = |step: &&StepView| id != Id::Arm || !before_it_begins(step);
    let why = ui.step_named(step).filter(asks).and_then(|step| why_not_here(ui, id, step));
    let refused = why.is_some();
    if let Some(why) = why {
        ui.report(format!("{}: {why}", Command::of(id).title));
    }
    refused
}

/// Quits, or asks first if steps are running.
pub(super) fn leave(ui: &mut Ui) -> Vec<Act> {
    if under_way(ui).next().is_none() || matches!(ui.entry, Entry::Dialog(Dialog::Leave(_))) {
        return vec![Act::Quit];
    }
    ui.entry = Entry::Dialog(Dialog::Leave(ui.preview_below()));
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
        KeyCode::Esc => ui.entry = Entry::return_to(over),
        _ => ui.entry = Entry::Dialog(Dialog::Leave(over)),
    }
    Vec::new()
}

/// Opens the confirmation of the armed step.
pub(super) fn confirm(ui: &mut Ui, id: &str) -> Vec<Act> {
    let Some(step) = ui.step_named(id) else { return Vec::new() };
    if ui.latest().speed == Some(0.0) {
        ui.report("simulated time is paused: :time-stops resumes it".to_owned());
        return Vec::new();
    }
    let preview = step.preview.as_ref().filter(|_| is_armed(step));
    match preview.and_then(|p| Some((p.digest?, p.confirm, p.target.clone()))) {
        Some((digest, kind, target)) => {
            ui.entry = Entry::Dialog(Dialog::Confirm(Confirming {
                step: id.to_owned(),
                digest,
                kind,
                target,
                typed: String::new(),
                execute: false,
                counting: None,
                ended: None,
            }));
        }
        None => ui.report(format!("{id} is not armed: :arm arms the preview")),
    }
    Vec::new()
}

fn confirm_key(ui: &mut Ui, key: &KeyEvent, mut it: Confirming) -> Vec<Act> {
    let back = Entry::Dialog(Dialog::Preview(it.step.clone(), 0));
    match (key.code, it.kind) {
        (KeyCode::Esc, _) => ui.entry = back,
        (KeyCode::Enter, _) if it.ended.is_some() => ui.entry = back,
        _ if it.ended.is_some() => {}
        (KeyCode::Tab | KeyCode::BackTab | KeyCode::Left | KeyCode::Right, _) => {
            it.execute = !it.execute;
            ui.entry = Entry::Dialog(Dialog::Confirm(it));
        }
        (KeyCode::Enter, Confirm::Enter) if !it.execute => ui.entry = back,
        (KeyCode::Enter, Confirm::Enter) => return execute(ui, it),
        (KeyCode::Enter, _) if !names(&it.typed, &it.target) => {
            ui.report(format!("type {} to continue, Esc to cancel", it.target));
        }
        (KeyCode::Enter, Confirm::Name) => return execute(ui, it),
        (KeyCode::Enter, Confirm::Countdown) => {
            it.counting = Some(ui.latest().now);
            ui.entry = Entry::Dialog(Dialog::Confirm(it));
        }
        (_, Confirm::Enter) => {}
        // The confirmation closes where the preview is no longer valid: what was typed by then is not lost.
        (KeyCode::Up, _) => {
            it.typed = typed_before(ui, &it.step).unwrap_or(&it.typed).to_owned();
            ui.entry = Entry::Dialog(Dialog::Confirm(it));
        }
        _ => {
            write(&mut it.typed, key);
            ui.typed = Some((it.step.clone(), it.typed.clone()));
            ui.entry = Entry::Dialog(Dialog::Confirm(it));
        }
    }
    Vec::new()
}

/// Handles the passing of time: a count-down may be over. It uses the clock of the snapshot, so nothing is sent while
/// the engine is silent.
pub(super) fn passed(ui: &mut Ui) -> Vec<Act> {
    let Entry::Dialog(Dialog::Confirm(it)) = ui.entry.clone() else { return Vec::new() };
    if it.ended.is_some() {
        return Vec::new();
    }
    // The step can no longer be executed. The confirmation stays: the rest of a name that is being typed must not be taken for commands.
    if let Some(step) = ui.step_named(&it.step).filter(|step| !is_armed(step)) {
        let first = || step.obstacles.first().map_or_else(|| "preview it again".to_owned(), |it| it.why.clone());
        let why = step.disarmed.first().cloned().unwrap_or_else(first);
        let why = format!("{} is {} and no longer armed: {why}", it.step, step.word);
        ui.report(why.clone());
        ui.entry = Entry::Dialog(Dialog::Confirm(Confirming { ended: Some(why), counting: None, ..it }));
        return Vec::new();
    }
    match it.counting {
        Some(since) if ui.latest().now.since(since) >= COUNTDOWN => execute(ui, it),
        _ => Vec::new(),
    }
}

/// What was typed for this step in a confirmation that was closed without executing.
pub fn typed_before<'u>(ui: &'u Ui, step: &str) -> Option<&'u str> {
    ui.typed.as_ref().filter(|(of, _)| of == step).map(|(_, text)| text.as_str())
}

fn execute(ui: &mut Ui, it: Confirming) -> Vec<Act> {
    // The next confirmation is typed anew.
    ui.typed = None;
    ui.entry = Entry::Commands;
    vec![Act::Order(Order::Execute { step: it.step, digest: it.digest, typed: it.typed })]
}
