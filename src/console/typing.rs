//! Keys while something is being written: a line of a dialog, a filter, a search in help.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    ui::{Entry, Ui},
    update::Act,
};

/// One line of text being written.
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

pub(super) fn filter_key(ui: &mut Ui, key: &KeyEvent, before: String) -> Vec<Act> {
    let set = |ui: &mut Ui, text: String| {
        if let Some(table) = ui.focused_ui() {
            table.filter = text;
        }
        ui.settle(true);
    };
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Enter => ui.entry = Entry::Commands,
        KeyCode::Esc => {
            ui.entry = Entry::Commands;
            set(ui, before);
        }
        KeyCode::Char('c') if ctrl => return vec![Act::Quit],
        KeyCode::Char('z') if ctrl => return vec![Act::Suspend],
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
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    ui.entry = match key.code {
        KeyCode::Esc | KeyCode::Enter => Entry::Commands,
        KeyCode::Char('?') if search.is_empty() => Entry::Commands,
        KeyCode::Char('c') if ctrl => return vec![Act::Quit],
        KeyCode::Char('z') if ctrl => return vec![Act::Suspend],
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
