//! What a key, a picture or a second does to where the operator is. Pure: what must be done outside comes back as [`Act`]s.

use std::sync::Arc;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    command::{Id, of_key},
    dialog::{self, Asked, Dialog, Prompt},
    picture::{Picture, is_own},
    rows::Sort,
    runbook::RUNBOOK,
    ui::{At, Entry, Ui},
    why_not::why_not,
};
use crate::core::{Command, run::Order, snapshot::DetailKey};

/// What can happen to the console.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// The core made a new picture.
    Picture(Arc<Picture>),
    /// A second passed.
    Second,
}

/// What must be done outside.
#[derive(Debug, PartialEq)]
pub enum Act {
    /// Tell the core.
    Send(Command),
    /// Give an order.
    Order(Order),
    /// Load the theme that is chosen now.
    Theme,
    /// Draw the whole screen anew.
    Redraw,
    /// Stop until SIGCONT.
    Suspend,
    /// Leave.
    Quit,
}

/// Takes one event.
pub fn update(ui: &mut Ui, event: Event) -> Vec<Act> {
    match event {
        Event::Second => dialog::passed(ui),
        Event::Picture(picture) => {
            ui.hear(picture);
            if !ui.is_frozen() {
                ui.settle(false);
            }
            dialog::passed(ui)
        }
        Event::Key(key) => {
            ui.message = None;
            match ui.entry.clone() {
                Entry::Commands => press(ui, &key),
                Entry::Filter(before) => filter_key(ui, &key, before),
                Entry::Help(search, top) => help_key(ui, &key, search, top),
                Entry::Dialog(open) => dialog::key(ui, &key, open),
            }
        }
    }
}

pub(super) fn press(ui: &mut Ui, key: &KeyEvent) -> Vec<Act> {
    let Some(command) = of_key(key) else { return Vec::new() };
    if let Some(why) = why_not(command.id, ui) {
        ui.message = Some(format!("{}: {why}", command.title));
        return Vec::new();
    }
    match command.id {
        Id::Page => {
            if let KeyCode::Char(c) = key.code {
                let page = c.to_digit(10).map_or(0, |d| d as usize).saturating_sub(1);
                if page > ui.picture().pages.len() {
                    ui.message = Some(format!("there is no page {c}"));
                    return Vec::new();
                }
                return go(ui, page);
            }
            Vec::new()
        }
        Id::NextPage => go(ui, (ui.page_number() + 1) % (ui.picture().pages.len() + 1)),
        Id::PreviousPage => {
            let n = ui.picture().pages.len() + 1;
            go(ui, (ui.page_number() + n - 1) % n)
        }
        Id::Open => open(ui),
        Id::Back => back(ui),
        Id::Filter => {
            ui.entry = Entry::Filter(ui.filter().to_owned());
            Vec::new()
        }
        Id::Sort | Id::Reverse => sort(ui, command.id),
        Id::Wide => {
            ui.wide = !ui.wide;
            ui.scroll = 0;
            Vec::new()
        }
        Id::ScrollLeft => {
            ui.scroll = ui.scroll.saturating_sub(1);
            Vec::new()
        }
        Id::ScrollRight => {
            ui.scroll = (ui.scroll + 1).min(ui.focused().map_or(0, |t| t.columns.len().saturating_sub(2)));
            Vec::new()
        }
        Id::Freeze => {
            ui.freeze();
            ui.settle(true);
            Vec::new()
        }
        Id::Faster => vec![Act::Send(Command::Pace(ui.latest().pace * 2.0))],
        Id::Slower => vec![Act::Send(Command::Pace(ui.latest().pace / 2.0))],
        Id::TimeFaster => vec![Act::Send(Command::Speed(if speed(ui) > 0.0 { speed(ui) * 2.0 } else { 1.0 }))],
        Id::TimeSlower => vec![Act::Send(Command::Speed(speed(ui) / 2.0))],
        Id::TimeStops => {
            let speed = speed(ui);
            let goes_on = ui.before_it_stopped.take().unwrap_or(1.0);
            if speed > 0.0 {
                ui.before_it_stopped = Some(speed);
            }
            vec![Act::Send(Command::Speed(if speed > 0.0 { 0.0 } else { goes_on }))]
        }
        Id::Theme => {
            ui.theme = (ui.theme + 1) % ui.themes.max(1);
            vec![Act::Theme]
        }
        Id::Help => {
            ui.entry = Entry::Help(String::new(), 0);
            Vec::new()
        }
        Id::Redraw => vec![Act::Redraw],
        Id::Suspend => vec![Act::Suspend],
        Id::Quit => vec![Act::Quit],
        Id::FactsDown => {
            ui.detail_top = (ui.detail_top + 1).min(ui.detail_last);
            Vec::new()
        }
        Id::FactsUp => {
            ui.detail_top = ui.detail_top.saturating_sub(1);
            Vec::new()
        }
        Id::Down | Id::Up | Id::PageDown | Id::PageUp | Id::First | Id::Last | Id::NextTable | Id::PreviousTable => {
            travel(ui, command.id);
            Vec::new()
        }
        steer => self::steer(ui, steer),
    }
}

/// How fast simulated time goes.
fn speed(ui: &Ui) -> f64 {
    ui.latest().speed.unwrap_or(1.0)
}

/// What is about the run.
fn steer(ui: &mut Ui, id: Id) -> Vec<Act> {
    let step = ui.step().map(|s| s.id.clone()).unwrap_or_default();
    let about = ui.step().and_then(|s| {
        let ticket = s.unknown?;
        Some((ticket, s.ops.get(usize::from(ticket.op))?.what.clone()))
    });
    let ask = |ui: &mut Ui, asked: Asked, step: String| {
        let about = about.clone().filter(|_| asked == Asked::Settle);
        ui.entry = Entry::Dialog(Dialog::Prompt(Prompt { asked, step, text: String::new(), about }));
        Vec::new()
    };
    match id {
        Id::NextStep => next_step(ui),
        Id::Preview => {
            ui.entry = Entry::Dialog(Dialog::Preview(step.clone(), 0));
            vec![Act::Order(Order::Preview(step))]
        }
        Id::Arm => vec![Act::Order(Order::Arm(step))],
        Id::Execute => dialog::confirm(ui, &step),
        Id::RollBack => {
            ui.entry = Entry::Dialog(Dialog::Preview(step.clone(), 0));
            vec![Act::Order(Order::RollBack(step.clone())), Act::Order(Order::Preview(step))]
        }
        Id::CallOff => vec![Act::Order(Order::Cancel(step))],
        Id::Again => vec![Act::Order(Order::Again(step))],
        Id::Abandon => vec![Act::Order(Order::Abandon(step))],
        Id::Adopt => vec![Act::Order(Order::Adopt(step))],
        Id::Release => vec![Act::Order(Order::Release)],
        Id::Hold => ask(ui, Asked::Hold, String::new()),
        Id::Remark => ask(ui, Asked::Remark, String::new()),
        Id::Attest => ask(ui, Asked::Attest, step),
        Id::Waive => ask(ui, Asked::Waive, step),
        Id::LeaveOut => ask(ui, Asked::Skip, step),
        Id::Settle => ask(ui, Asked::Settle, step),
        Id::Second => ask(ui, Asked::Second, String::new()),
        _ => Vec::new(),
    }
}

/// Goes to the runbook, to the step that is next.
fn next_step(ui: &mut Ui) -> Vec<Act> {
    let id = ui.picture().snapshot.run.as_ref().and_then(|run| Some(run.next()?.id.clone()));
    let Some(page) = ui.picture().page(RUNBOOK) else { return Vec::new() };
    let acts = go(ui, page + 1);
    let place = ui.focused().and_then(|t| Some((t.id, t.rows.iter().position(|r| Some(&r.id) == id.as_ref())?)));
    let hidden = |(table, row)| ui.table_ui(table).is_some_and(|t| !t.rows.order.contains(&row));
    if place.is_some_and(hidden) {
        // What is next is shown, whatever was looked for before.
        if let Some(table) = ui.focused_ui() {
            table.filter.clear();
        }
        ui.settle(true);
    }
    if let Some((table, row)) = place
        && let Some(at) = ui.table_ui(table).and_then(|t| t.rows.order.iter().position(|&r| r == row))
    {
        ui.select(at);
    }
    acts
}

/// Goes to a page; what was open is closed.
fn go(ui: &mut Ui, page: usize) -> Vec<Act> {
    let acts = close(ui);
    ui.at = At::Page(page);
    ui.scroll = 0;
    ui.settle(false);
    acts
}

fn close(ui: &mut Ui) -> Vec<Act> {
    match ui.opened.take() {
        Some(key) if !is_own(&key.panel) => vec![Act::Send(Command::Close)],
        _ => Vec::new(),
    }
}

fn open(ui: &mut Ui) -> Vec<Act> {
    if ui.at == At::Page(0) {
        let behind = ui.picture().tiles.get(ui.tile).and_then(|t| ui.picture().page(t.panel));
        return behind.map_or_else(Vec::new, |page| go(ui, page + 1));
    }
    let (Some(panel), Some(table), Some(row)) = (ui.panel(), ui.focused(), ui.selected()) else { return Vec::new() };
    let key = DetailKey { panel: panel.id.to_owned(), table: table.id.to_owned(), row: row.to_owned() };
    ui.page_below = ui.page_number();
    ui.opened = Some(key.clone());
    ui.at = At::Detail;
    ui.detail_top = 0;
    ui.heard_since_opened = 0;
    // Another row's tables may have the same ids: what was selected or filtered there is not meant here.
    let place = ui.place();
    ui.tables.retain(|(p, _), _| *p != place);
    ui.focus.remove(place);
    ui.settle(true);
    if is_own(&key.panel) { Vec::new() } else { vec![Act::Send(Command::Open(key))] }
}

fn back(ui: &mut Ui) -> Vec<Act> {
    if !ui.filter().is_empty() {
        if let Some(table) = ui.focused_ui() {
            table.filter.clear();
        }
        ui.settle(true);
        return Vec::new();
    }
    let page = if ui.at == At::Detail { ui.page_below } else { 0 };
    go(ui, page)
}

fn sort(ui: &mut Ui, id: Id) -> Vec<Act> {
    let Some(table) = ui.focused() else { return Vec::new() };
    let now = ui.sort();
    let next = match id {
        Id::Reverse => now.map(|s| Sort { descending: !s.descending, ..s }),
        _ => Sort::next(now, table),
    };
    if let Some(table) = ui.focused_ui() {
        table.sort = next;
        table.top = 0;
    }
    ui.settle(true);
    Vec::new()
}

/// Moves the selection.
fn travel(ui: &mut Ui, id: Id) {
    if ui.at == At::Page(0) {
        return travel_tiles(ui, id);
    }
    let focus = ui.focus();
    if let Id::NextTable | Id::PreviousTable = id {
        let n = ui.table_count().max(1);
        let next = if id == Id::NextTable { (focus + 1) % n } else { (focus + n - 1) % n };
        ui.focus.insert(ui.place(), next);
        return;
    }
    if ui.focused().is_none() {
        ui.detail_top = step(id, ui.detail_top, ui.detail_last, 10);
        return;
    }
    let Some(at) = ui.focused_ui() else { return };
    let (last, index, page) = (at.rows.order.len().saturating_sub(1), at.index, at.height.max(1));
    // A list flows on into the next one.
    match id {
        Id::Down if index >= last && focus + 1 < ui.table_count() => {
            ui.focus.insert(ui.place(), focus + 1);
            ui.select(0);
        }
        Id::Up if index == 0 && focus > 0 => {
            ui.focus.insert(ui.place(), focus - 1);
            ui.select(usize::MAX);
        }
        _ => ui.select(step(id, index, last, page)),
    }
}

fn travel_tiles(ui: &mut Ui, id: Id) {
    let last = ui.picture().tiles.len().saturating_sub(1);
    let columns = ui.tile_columns.max(1);
    let next = match id {
        Id::NextTable => ui.tile + 1,
        Id::PreviousTable => ui.tile.saturating_sub(1),
        Id::Down | Id::PageDown if ui.tile + columns <= last => ui.tile + columns,
        Id::Up | Id::PageUp => ui.tile.checked_sub(columns).unwrap_or(ui.tile),
        Id::First => 0,
        Id::Last => last,
        _ => ui.tile,
    };
    ui.tile = next.min(last);
}

fn step(id: Id, index: usize, last: usize, page: usize) -> usize {
    match id {
        Id::Down => index.saturating_add(1).min(last),
        Id::Up => index.saturating_sub(1),
        Id::PageDown => index.saturating_add(page).min(last),
        Id::PageUp => index.saturating_sub(page),
        Id::Last => last,
        _ => 0,
    }
}

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

fn filter_key(ui: &mut Ui, key: &KeyEvent, before: String) -> Vec<Act> {
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

fn help_key(ui: &mut Ui, key: &KeyEvent, mut search: String, top: usize) -> Vec<Act> {
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
