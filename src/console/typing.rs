//! Keys while text is being written: a line of a dialog, a filter, a search in help.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    act::Act,
    command::Id,
    dialog::{self, Dialog, Prompt},
    key::Key,
    ui::{Entry, Ui},
};

/// Applies a key to a line of text.
pub(super) fn write(text: &mut String, key: &KeyEvent) -> bool {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('u') if ctrl => text.clear(),
        KeyCode::Char('w') if ctrl => {
            let kept = text.trim_end().rfind(char::is_whitespace).map_or(0, |i| i + 1);
            text.truncate(kept);
        }
        KeyCode::Char(c) if !ctrl && !key.modifiers.contains(KeyModifiers::ALT) => text.push(c),
        KeyCode::Backspace => return text.pop().is_some(),
        _ => return false,
    }
    true
}

/// Quit and suspend work whatever is being written: text contains no chords.
pub(super) fn always(ui: &mut Ui, key: &KeyEvent) -> Option<Vec<Act>> {
    let key = Key::of(key)?;
    let chord = matches!(key, Key::Ctrl('c' | 'z'));
    match ui.keys.command(key).filter(|_| chord).map(|(command, _)| command.id) {
        Some(Id::Quit) => Some(dialog::leave(ui)),
        Some(Id::Suspend) => Some(vec![Act::Suspend]),
        _ => None,
    }
}

/// Pasted text goes into the line that is being written. It is ignored if nothing is, or if a confirmation must be
/// typed; it never counts as keys.
pub(super) fn paste(ui: &mut Ui, text: &str) -> Vec<Act> {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    match ui.entry.clone() {
        Entry::Filter(_) => {
            let filter = format!("{}{text}", ui.filter());
            if let Some(table) = ui.focused_ui() {
                table.filter = filter;
            }
            ui.settle(true);
        }
        Entry::Help(search, _) => ui.entry = Entry::Help(search + &text, 0),
        Entry::Palette(palette) => ui.entry = Entry::Palette(palette.with(&text)),
        Entry::Dialog(Dialog::Prompt(prompt)) => {
            ui.entry = Entry::Dialog(Dialog::Prompt(Prompt { text: prompt.text + &text, ..prompt }));
        }
        Entry::Dialog(Dialog::Confirm(_)) if dialog::call_off(ui, "cancelled: nothing was sent") => {}
        Entry::Dialog(Dialog::Confirm(_)) => {
            ui.message = Some("type this name, do not paste it: it is the target of the change".to_owned());
        }
        Entry::Commands | Entry::Dialog(_) => {
            ui.message = Some("pasted text is not read as keys: nothing was done".to_owned());
        }
    }
    Vec::new()
}

pub(super) fn filter_key(ui: &mut Ui, key: &KeyEvent, before: String) -> Vec<Act> {
    let set = |ui: &mut Ui, text: String| {
        if let Some(table) = ui.focused_ui() {
            table.filter = text;
        }
        ui.settle(true);
    };
    if let Some(acts) = always(ui, key) {
        return acts;
    }
    match key.code {
        KeyCode::Enter => ui.entry = Entry::Commands,
        KeyCode::Esc => {
            ui.entry = Entry::Commands;
            set(ui, before);
        }
        KeyCode::Backspace if ui.filter().is_empty() => ui.entry = Entry::Commands,
        _ => {
            let mut text = ui.filter().to_owned();
            if write(&mut text, key) {
                set(ui, text);
            }
        }
    }
    Vec::new()
}

pub(super) fn help_key(ui: &mut Ui, key: &KeyEvent, mut search: String, top: usize) -> Vec<Act> {
    if let Some(acts) = always(ui, key) {
        return acts;
    }
    ui.entry = match key.code {
        KeyCode::Esc | KeyCode::Enter => Entry::Commands,
        KeyCode::Char('?') if search.is_empty() => Entry::Commands,
        KeyCode::Down => Entry::Help(search, top + 1),
        KeyCode::Up => Entry::Help(search, top.saturating_sub(1)),
        KeyCode::PageDown => Entry::Help(search, top + 10),
        KeyCode::PageUp => Entry::Help(search, top.saturating_sub(10)),
        _ => {
            write(&mut search, key);
            Entry::Help(search, 0)
        }
    };
    Vec::new()
}
