//! Keys while text is being written: a line of a dialog, a filter, a search in help.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    act::Handled,
    command::{Command, Id},
    entry::Entry,
    key::Key,
    ui::Ui,
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
pub(super) fn always(ui: &Ui, key: &KeyEvent) -> Option<Handled> {
    let key = Key::of(key).filter(|key| matches!(key, Key::Ctrl('c' | 'z')))?;
    let (command, nth) = ui.keys.command(key).filter(|(command, _)| matches!(command.id, Id::Quit | Id::Suspend))?;
    Some(Handled::Command(command.id, nth))
}

/// A key while the filter is being written.
pub(super) fn filter_key(ui: &mut Ui, key: &KeyEvent, before: String) -> Handled {
    if let Some(command) = always(ui, key) {
        return command;
    }
    match key.code {
        KeyCode::Enter => {
            let text = ui.filter().to_owned();
            ui.history.filters.add(&text);
            ui.entry = Entry::Commands;
        }
        KeyCode::Esc => {
            ui.history.filters.leave();
            ui.entry = Entry::Commands;
            ui.filter_by(before);
        }
        KeyCode::Backspace if ui.filter().is_empty() => {
            ui.history.filters.leave();
            ui.entry = Entry::Commands;
        }
        KeyCode::Up | KeyCode::Down => {
            let written = ui.filter().to_owned();
            let filters = &mut ui.history.filters;
            let text = if key.code == KeyCode::Up { filters.older(&written) } else { filters.newer() };
            if let Some(text) = text {
                ui.filter_by(text);
            }
        }
        _ => {
            let mut text = ui.filter().to_owned();
            if write(&mut text, key) {
                ui.history.filters.leave();
                ui.filter_by(text);
            }
        }
    }
    Handled::NOTHING
}

/// A key while the log of messages is open.
pub(super) fn messages_key(ui: &mut Ui, key: &KeyEvent, top: usize) -> Handled {
    if let Some(command) = always(ui, key) {
        return command;
    }
    let command = Key::of(key).and_then(|key| ui.keys.command(key)).map(|(command, nth)| (command.id, nth));
    if let Some((Id::Page, nth)) = command {
        ui.entry = Entry::Commands;
        return Handled::Command(Id::Page, nth);
    }
    let own = command.is_some_and(|(id, _)| id == Id::Messages);
    ui.entry = match key.code {
        _ if own => Entry::Commands,
        KeyCode::Esc | KeyCode::Enter => Entry::Commands,
        KeyCode::Down | KeyCode::Char('j') => Entry::Messages(top + 1),
        KeyCode::Up | KeyCode::Char('k') => Entry::Messages(top.saturating_sub(1)),
        KeyCode::PageDown => Entry::Messages(top + ui.terminal.text_room.max(1)),
        KeyCode::PageUp => Entry::Messages(top.saturating_sub(ui.terminal.text_room.max(1))),
        _ => {
            if let Some((id, _)) = command {
                ui.report(format!("{}: Esc closes the messages first", Command::of(id).title));
            }
            Entry::Messages(top)
        }
    };
    Handled::NOTHING
}

/// A key while help is open.
pub(super) fn help_key(ui: &mut Ui, key: &KeyEvent, mut search: String, top: usize) -> Handled {
    if let Some(command) = always(ui, key) {
        return command;
    }
    ui.entry = match key.code {
        KeyCode::Esc | KeyCode::Enter => Entry::return_to(ui.help_over.take()),
        KeyCode::Char('?') if search.is_empty() => Entry::return_to(ui.help_over.take()),
        KeyCode::Down => Entry::Help(search, top + 1),
        KeyCode::Up => Entry::Help(search, top.saturating_sub(1)),
        KeyCode::PageDown => Entry::Help(search, top + ui.terminal.text_room.max(1)),
        KeyCode::PageUp => Entry::Help(search, top.saturating_sub(ui.terminal.text_room.max(1))),
        _ => {
            write(&mut search, key);
            Entry::Help(search, 0)
        }
    };
    Handled::NOTHING
}
