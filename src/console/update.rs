//! How an event changes the state of the user interface. Pure: side effects are returned as [`Act`]s.

use std::{sync::Arc, time::Duration};

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    act::{Act, Handled},
    dialog,
    entry::{Asked, Dialog, Entry, Prompt},
    key::Key,
    mouse::{self, Touch},
    palette,
    perform::perform,
    prepared::Prepared,
    row_search::Hits,
    typing,
    ui::Ui,
    view_model::ViewModel,
};

/// An event of the console.
#[derive(Debug)]
pub enum UiEvent {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse was used.
    Touch(Touch),
    /// Text was pasted.
    Paste(String),
    /// A new view model, with the rows that were computed for it in advance: none where there is no render worker.
    ViewModel(Arc<ViewModel>, Prepared),
    /// Rows that were requested.
    Rows(Prepared),
    /// Rows that match the palette's text.
    Hits(Hits),
    /// A second passed.
    Tick,
}

/// Handles one event.
pub fn update(ui: &mut Ui, event: UiEvent) -> Vec<Act> {
    let acts = handle(ui, event);
    // The palette's text or the view model may have changed.
    ui.search_rows();
    acts
}

fn handle(ui: &mut Ui, event: UiEvent) -> Vec<Act> {
    match event {
        UiEvent::Tick => dialog::passed(ui),
        // The rows belong to one view model, and to a place that the operator may have left.
        UiEvent::ViewModel(view_model, prepared) => on_view_model(ui, view_model, prepared),
        UiEvent::Rows(prepared) => {
            ui.settle_with(prepared, true);
            Vec::new()
        }
        UiEvent::Hits(hits) => {
            ui.found_rows(hits);
            Vec::new()
        }
        UiEvent::Touch(touch) => {
            ui.messages.hide();
            let handled = mouse::touch(ui, touch);
            carry_on(ui, handled)
        }
        UiEvent::Key(key) if is_typed_ahead(ui, &key) => Vec::new(),
        UiEvent::Key(key) => {
            ui.messages.hide();
            ui.terminal.spots.clear();
            let handled = match ui.entry.clone() {
                Entry::Commands => press(ui, &key),
                Entry::Filter(before) => typing::filter_key(ui, &key, before),
                Entry::Help(search, top) => typing::help_key(ui, &key, search, top),
                Entry::Messages(top) => typing::messages_key(ui, &key, top),
                Entry::Palette(palette) => palette::key(ui, &key, palette),
                Entry::Dialog(open) => dialog::key(ui, &key, open),
            };
            carry_on(ui, handled)
        }
        UiEvent::Paste(text) => {
            ui.messages.hide();
            paste(ui, &text);
            Vec::new()
        }
    }
}

/// Runs the command that a key or a mouse action means.
fn carry_on(ui: &mut Ui, handled: Handled) -> Vec<Act> {
    match handled {
        Handled::Done(acts) => acts,
        Handled::Command(id, nth) => perform(ui, id, nth),
    }
}

/// Handles a newer view model.
fn on_view_model(ui: &mut Ui, view_model: Arc<ViewModel>, prepared: Prepared) -> Vec<Act> {
    // Suspended, asleep or hung: the operator has not seen the count-down run.
    if ui.silent_for().is_some() {
        dialog::call_off(ui, "cancelled: the screen was not updated for a while; nothing was sent");
    }
    let old = ui.show(view_model);
    if !ui.is_frozen() {
        ui.settle_with(prepared, false);
    }
    // Nothing refers to the old view model any more.
    ui.retire(old);
    dialog::passed(ui)
}

/// How soon a key follows the refusal of a command that would have asked for words, or another such key, to be one of those words: who
/// types on has not read the refusal, and the rest of a step's id is no command. Who has read it takes longer.
const TYPED_AHEAD: Duration = Duration::from_millis(400);

/// Whether this key was meant for a line that did not open. The refusal stays on screen.
fn is_typed_ahead(ui: &mut Ui, key: &KeyEvent) -> bool {
    let writes = matches!(key.code, KeyCode::Char(_) | KeyCode::Enter | KeyCode::Backspace)
        && (key.modifiers - KeyModifiers::SHIFT).is_empty();
    let ahead = writes && ui.refused.is_some_and(|at| ui.now.since(at) < TYPED_AHEAD);
    ui.refused = ahead.then_some(ui.now);
    ahead
}

/// A key while keys are commands.
fn press(ui: &mut Ui, event: &KeyEvent) -> Handled {
    let Some(key) = Key::of(event) else { return Handled::NOTHING };
    match ui.keys.command(key) {
        Some((command, nth)) => Handled::Command(command.id, nth),
        None => {
            ui.report(format!("{key} is not a command: :help lists all commands, :palette finds them by name"));
            Handled::NOTHING
        }
    }
}

/// Pasted text goes into the line that is being written. It is ignored if nothing is, or if a confirmation must be
/// typed; it never counts as keys.
fn paste(ui: &mut Ui, text: &str) {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    match ui.entry.clone() {
        Entry::Filter(_) => {
            ui.history.filters.leave();
            let filter = format!("{}{text}", ui.filter());
            ui.filter_by(filter);
        }
        Entry::Help(search, _) => ui.entry = Entry::Help(search + &text, 0),
        Entry::Palette(palette) => {
            ui.history.commands.leave();
            ui.entry = Entry::Palette(palette.with(&text));
        }
        Entry::Dialog(Dialog::Prompt(Prompt { asked: Asked::Abandon, .. })) => {
            ui.report("type it, do not paste it: the attempt of this step is aborted".to_owned());
        }
        Entry::Dialog(Dialog::Prompt(prompt)) => {
            ui.history.written.entry(prompt.asked).or_default().leave();
            ui.entry = Entry::Dialog(Dialog::Prompt(Prompt { text: prompt.text + &text, ..prompt }));
        }
        Entry::Dialog(Dialog::Confirm(_)) if dialog::call_off(ui, "cancelled: nothing was sent") => {}
        Entry::Dialog(Dialog::Confirm(_)) => {
            ui.report("type this id, do not paste it: it is the step that is executed".to_owned());
        }
        Entry::Commands | Entry::Messages(_) | Entry::Dialog(_) => {
            ui.report("pasted text is not read as keys: nothing was done".to_owned());
        }
    }
}
