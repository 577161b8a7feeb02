//! How an event changes the state of the user interface. Pure: side effects are returned as [`Act`]s.

use std::sync::Arc;

use ratatui::crossterm::event::KeyEvent;

use super::{
    act::Act,
    command::{Command, Id},
    dialog::{self, Asked, Dialog, Prompt},
    key::Key,
    mouse::{self, Touch},
    order::Sort,
    pages::{RUNBOOK, STEPS, is_own},
    palette::{self, Palette},
    prepared::Prepared,
    travel::travel,
    typing,
    ui::{At, Entry, Ui},
    view_model::ViewModel,
    why_not::why_not,
};
use engine::{EngineCommand, run::Order, snapshot::DetailKey};

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
    /// A second passed.
    Tick,
}

/// Handles one event.
pub fn update(ui: &mut Ui, event: UiEvent) -> Vec<Act> {
    match event {
        UiEvent::Tick => dialog::passed(ui),
        // The rows belong to one view model, and to a place that the operator may have left.
        UiEvent::ViewModel(view_model, prepared) => {
            ui.prepared = prepared;
            let acts = on_view_model(ui, view_model);
            ui.prepared = Prepared::default();
            acts
        }
        UiEvent::Rows(prepared) => {
            ui.prepared = prepared;
            ui.settle(true);
            ui.prepared = Prepared::default();
            Vec::new()
        }
        UiEvent::Touch(touch) => {
            ui.message = None;
            mouse::touch(ui, touch)
        }
        UiEvent::Key(key) => {
            ui.message = None;
            ui.spots.clear();
            match ui.entry.clone() {
                Entry::Commands => press(ui, &key),
                Entry::Filter(before) => typing::filter_key(ui, &key, before),
                Entry::Help(search, top) => typing::help_key(ui, &key, search, top),
                Entry::Palette(palette) => palette::key(ui, &key, palette),
                Entry::Dialog(open) => dialog::key(ui, &key, open),
            }
        }
        UiEvent::Paste(text) => {
            ui.message = None;
            typing::paste(ui, &text)
        }
    }
}

/// Handles a newer view model.
fn on_view_model(ui: &mut Ui, view_model: Arc<ViewModel>) -> Vec<Act> {
    // Suspended, asleep or hung: the operator has not seen the count-down run.
    if ui.silent_for().is_some() {
        dialog::call_off(ui, "cancelled: the screen was not updated for a while; nothing was sent");
    }
    let old = ui.show(view_model);
    if !ui.is_frozen() {
        ui.settle(false);
    }
    // Nothing refers to the old view model any more.
    ui.retire(old);
    dialog::passed(ui)
}

fn press(ui: &mut Ui, event: &KeyEvent) -> Vec<Act> {
    let Some(key) = Key::of(event) else { return Vec::new() };
    match ui.keys.command(key) {
        Some((command, nth)) => perform(ui, command.id, nth),
        None => {
            ui.message = Some(format!("{key} is not a command: :help lists all commands, :palette finds them by name"));
            Vec::new()
        }
    }
}

/// Runs a command, or shows why it is disabled. `nth`: which of its keys was pressed.
pub(super) fn perform(ui: &mut Ui, id: Id, nth: usize) -> Vec<Act> {
    if let Some(why) = why_not(id, ui) {
        ui.message = Some(format!("{}: {why}", Command::of(id).title));
        return Vec::new();
    }
    match id {
        Id::Page => match ui.view_model().page_of_key(nth, ui.page_number()) {
            Some(page) => go(ui, page),
            None => {
                ui.message = Some(format!("there is no page {}", nth + 1));
                Vec::new()
            }
        },
        Id::NextPage => go(ui, (ui.page_number() + 1) % (ui.view_model().pages.len() + 1)),
        Id::PreviousPage => {
            let n = ui.view_model().pages.len() + 1;
            go(ui, (ui.page_number() + n - 1) % n)
        }
        Id::Open => open(ui),
        Id::Back => back(ui),
        Id::Filter => {
            ui.entry = Entry::Filter(ui.filter().to_owned());
            Vec::new()
        }
        Id::Sort | Id::Reverse => sort(ui, id),
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
        Id::Faster => vec![Act::Send(EngineCommand::Pace(ui.latest().pace * 2.0))],
        Id::Slower => vec![Act::Send(EngineCommand::Pace(ui.latest().pace / 2.0))],
        Id::TimeFaster => {
            vec![Act::Speed(if speed(ui) > 0.0 { speed(ui) * 2.0 } else { 1.0 })]
        }
        Id::TimeSlower => vec![Act::Speed(speed(ui) / 2.0)],
        Id::TimeStops => {
            let speed = speed(ui);
            let goes_on = ui.before_it_stopped.take().unwrap_or(1.0);
            if speed > 0.0 {
                ui.before_it_stopped = Some(speed);
            }
            vec![Act::Speed(if speed > 0.0 { 0.0 } else { goes_on })]
        }
        Id::Theme => {
            ui.theme_wanted = (ui.theme_wanted + 1) % ui.themes.len().max(1);
            vec![Act::Theme]
        }
        Id::Mask => vec![Act::Mask],
        Id::Zone => {
            ui.zones.switch();
            vec![Act::Zone]
        }
        Id::Mouse => {
            ui.mouse = !ui.mouse;
            let detail = match ui.mouse {
                true => "mouse on: hold Shift to select text in most terminals; :mouse turns it off",
                false => "mouse off",
            };
            ui.message = Some(detail.to_owned());
            vec![Act::Mouse]
        }
        Id::Help => {
            ui.entry = Entry::Help(String::new(), 0);
            Vec::new()
        }
        Id::Redraw => vec![Act::Redraw],
        Id::Suspend => vec![Act::Suspend],
        Id::Palette => {
            ui.entry = Entry::Palette(Palette::default());
            Vec::new()
        }
        Id::Quit => dialog::leave(ui),
        Id::FieldsDown => {
            ui.detail_top = (ui.detail_top + 1).min(ui.detail_last);
            Vec::new()
        }
        Id::FieldsUp => {
            ui.detail_top = ui.detail_top.saturating_sub(1);
            Vec::new()
        }
        Id::Down | Id::Up | Id::PageDown | Id::PageUp | Id::First | Id::Last | Id::NextTable | Id::PreviousTable => {
            travel(ui, id);
            Vec::new()
        }
        run_order_command => self::run_order_command(ui, run_order_command),
    }
}

/// Speed of simulated time.
fn speed(ui: &Ui) -> f64 {
    ui.latest().speed.unwrap_or(1.0)
}

/// Runs a command of the run or of a step.
fn run_order_command(ui: &mut Ui, id: Id) -> Vec<Act> {
    let step = ui.step().map(|s| s.id.clone()).unwrap_or_default();
    let about = ui.step().and_then(|s| {
        let ticket = s.unknown?;
        Some((ticket, s.ops.get(usize::from(ticket.op))?.what.clone()))
    });
    let ask = |ui: &mut Ui, asked: Asked, step: String| {
        let about = about.clone().filter(|_| asked == Asked::Resolve);
        let over = dialog::over(ui);
        ui.entry = Entry::Dialog(Dialog::Prompt(Prompt { asked, step, text: String::new(), about, over }));
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
            vec![Act::Order(Order::RollBack(step))]
        }
        Id::CallOff => vec![Act::Order(Order::Cancel(step))],
        Id::Again => vec![Act::Order(Order::Again(step))],
        Id::Abandon => vec![Act::Order(Order::Abandon(step))],
        Id::Adopt => vec![Act::Order(Order::Adopt(step))],
        Id::Release => vec![Act::Order(Order::Release)],
        Id::Hold => ask(ui, Asked::Hold, String::new()),
        Id::Remark => ask(ui, Asked::Remark, String::new()),
        Id::MarkDone => ask(ui, Asked::MarkDone, step),
        Id::Waive => ask(ui, Asked::Waive, step),
        Id::Skip => ask(ui, Asked::Skip, step),
        Id::Resolve => ask(ui, Asked::Resolve, step),
        Id::Approve => ask(ui, Asked::Agree, String::new()),
        _ => Vec::new(),
    }
}

/// Goes to the next step in the runbook.
fn next_step(ui: &mut Ui) -> Vec<Act> {
    let id = ui.view_model().snapshot.run.as_ref().and_then(|run| Some(run.next()?.id.clone()));
    to_step(ui, id.as_deref())
}

/// Goes to a step in the runbook.
pub(super) fn to_step(ui: &mut Ui, id: Option<&str>) -> Vec<Act> {
    let Some(page) = ui.view_model().page(RUNBOOK) else { return Vec::new() };
    to_row(ui, page, id.map(|id| (STEPS, id.to_owned())).as_ref())
}

/// Goes to a page, and to a row of one of its tables.
fn to_row(ui: &mut Ui, page: usize, row: Option<&(&'static str, String)>) -> Vec<Act> {
    let acts = go(ui, page + 1);
    let Some((table, id)) = row else { return acts };
    if let Some(at) = ui.shown_tables().iter().position(|t| t.id == *table) {
        ui.focus.insert(ui.place(), at);
    }
    let place = ui.focused().and_then(|t| Some((t.id, t.rows.iter().position(|r| r.id == *id)?)));
    let hidden = |(table, row)| ui.table_ui(table).is_some_and(|t| !t.rows.order.contains(&row));
    if place.is_some_and(hidden) {
        // A filter must not hide the row.
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

/// Goes to a page; an open detail is closed.
pub(super) fn go(ui: &mut Ui, page: usize) -> Vec<Act> {
    let acts = close(ui);
    ui.at = At::Page(page);
    ui.scroll = 0;
    ui.settle(false);
    acts
}

fn close(ui: &mut Ui) -> Vec<Act> {
    match ui.opened.take() {
        Some(key) if !is_own(&key.panel) => vec![Act::Open(None)],
        _ => Vec::new(),
    }
}

fn open(ui: &mut Ui) -> Vec<Act> {
    if ui.at == At::Page(0) {
        let behind = ui.view_model().answers.get(ui.tile).and_then(|answer| ui.view_model().behind(answer));
        return behind.map_or_else(Vec::new, |(page, row)| to_row(ui, page, row.as_ref()));
    }
    let (Some(panel), Some(table), Some(row)) = (ui.panel(), ui.focused(), ui.selected()) else { return Vec::new() };
    let key = DetailKey { panel: panel.id.to_owned(), table: table.id.to_owned(), row: row.to_owned() };
    ui.page_below = ui.page_number();
    ui.opened = Some(key.clone());
    ui.at = At::Detail;
    ui.detail_top = 0;
    ui.since_opened = 0;
    // Another row's tables may have the same ids: selections and filters do not apply to them.
    let place = ui.place();
    ui.tables.retain(|(p, _), _| *p != place);
    ui.focus.remove(place);
    ui.settle(true);
    if is_own(&key.panel) { Vec::new() } else { vec![Act::Open(Some(key))] }
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
    sort_by(ui, next)
}

/// Sorts the focused table.
pub(super) fn sort_by(ui: &mut Ui, sort: Option<Sort>) -> Vec<Act> {
    if let Some(table) = ui.focused_ui() {
        table.sort = sort;
        table.top = 0;
    }
    ui.settle(true);
    Vec::new()
}
