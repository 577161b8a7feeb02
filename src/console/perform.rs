//! What each command does. Every command has an arm in [`perform`]: the compiler names a new one that has none.

use super::{
    act::{Act, Handled},
    choices::Changes,
    command::{Command, Id},
    dialog,
    entry::{Asked, COLUMN, COPY, Dialog, Entry, Palette, Prompt},
    order::Sort,
    palette,
    steps::{before_it_begins, is_under_way},
    travel::{Move, back, next_page, next_step, open, previous_page, to_page, travel},
    ui::Ui,
    why_not::why_not,
};
use base::step::Way;
use engine::{EngineCommand, run::Order};

/// Runs a command, or shows why it is disabled. `nth`: which of its keys was pressed.
pub(super) fn perform(ui: &mut Ui, id: Id, nth: usize) -> Vec<Act> {
    if let Some(why) = why_not(id, ui) {
        ui.report(format!("{}: {why}", Command::of(id).title));
        ui.refused = id.asks_for_words().then_some(ui.now);
        return Vec::new();
    }
    match id {
        Id::Page => to_page(ui, nth),
        Id::NextPage => next_page(ui),
        Id::PreviousPage => previous_page(ui),
        Id::Open => open(ui),
        Id::Back => back(ui),
        Id::NextStep => next_step(ui),
        Id::Down => select(ui, Move::Down),
        Id::Up => select(ui, Move::Up),
        Id::PageDown => select(ui, Move::PageDown),
        Id::PageUp => select(ui, Move::PageUp),
        Id::First => select(ui, Move::First),
        Id::Last => select(ui, Move::Last),
        Id::NextTable => select(ui, Move::NextTable),
        Id::PreviousTable => select(ui, Move::PreviousTable),
        Id::Filter => enter(ui, Entry::Filter(ui.filter().to_owned())),
        Id::Sort => sort(ui, |ui| Sort::next(ui.sort(), ui.focused()?)),
        Id::Reverse => sort(ui, |ui| ui.sort().map(|sort| Sort { descending: !sort.descending, ..sort })),
        Id::Copy => enter(ui, Entry::Palette(Palette { text: COPY.to_owned(), ..Palette::default() })),
        Id::Export => ask(ui, Asked::Export, String::new()),
        Id::Wide => widen(ui),
        Id::Maximise => maximise(ui),
        Id::Columns => enter(ui, Entry::Palette(Palette { text: COLUMN.to_owned(), ..Palette::default() })),
        Id::ScrollLeft => scroll(ui, -1),
        Id::ScrollRight => scroll(ui, 1),
        Id::FieldsDown => scroll_fields(ui, 1),
        Id::FieldsUp => scroll_fields(ui, -1),
        Id::Help => help(ui),
        Id::Messages => enter(ui, Entry::Messages(0)),
        Id::Palette => enter(ui, Entry::Palette(Palette::default())),
        Id::Repeat => repeat(ui),
        Id::Freeze => freeze(ui),
        Id::Faster => vec![Act::Send(EngineCommand::Pace(ui.latest().pace * 2.0))],
        Id::Slower => vec![Act::Send(EngineCommand::Pace(ui.latest().pace / 2.0))],
        Id::TimeFaster => vec![Act::Speed(if speed(ui) > 0.0 { speed(ui) * 2.0 } else { 1.0 })],
        Id::TimeSlower => vec![Act::Speed(speed(ui) / 2.0)],
        Id::TimeStops => pause(ui),
        Id::Theme => next_theme(ui),
        Id::Mask => vec![Act::Mask],
        Id::Zone => switch_zone(ui),
        Id::Mouse => switch_mouse(ui),
        Id::Redraw => vec![Act::Redraw],
        Id::Suspend => vec![Act::Suspend],
        Id::Quit => dialog::leave(ui),
        Id::Preview => preview(ui, Order::Preview),
        // A rollback that is chosen already is previewed anew.
        Id::RollBack if ui.acted_on().is_some_and(|step| step.way == Way::Back && before_it_begins(step)) => {
            preview(ui, Order::Preview)
        }
        Id::RollBack => preview(ui, Order::RollBack),
        Id::Execute => dialog::confirm(ui, &step(ui)),
        Id::Arm => vec![Act::Order(Order::Arm(step(ui)))],
        Id::CallOff => vec![Act::Order(Order::Cancel(step(ui)))],
        Id::Again => vec![Act::Order(Order::Again(step(ui)))],
        Id::Abandon => ask(ui, Asked::Abandon, step(ui)),
        Id::Adopt => vec![Act::Order(Order::Adopt(step(ui)))],
        Id::Release => ask(ui, Asked::Release, String::new()),
        Id::Hold => ask(ui, Asked::Hold, String::new()),
        Id::Remark => ask(ui, Asked::Remark, String::new()),
        Id::Approve => ask(ui, Asked::Agree, String::new()),
        Id::MarkDone => ask(ui, Asked::MarkDone, step(ui)),
        Id::Waive => ask(ui, Asked::Waive, step(ui)),
        Id::Skip => ask(ui, Asked::Skip, step(ui)),
        Id::Resolve => ask(ui, Asked::Resolve, step(ui)),
    }
}

fn repeat(ui: &mut Ui) -> Vec<Act> {
    match palette::repeat(ui) {
        Handled::Done(acts) => acts,
        Handled::Command(id, nth) => perform(ui, id, nth),
    }
}

fn help(ui: &mut Ui) -> Vec<Act> {
    ui.help_over = None;
    enter(ui, Entry::Help(String::new(), 0))
}

fn select(ui: &mut Ui, movement: Move) -> Vec<Act> {
    travel(ui, movement);
    Vec::new()
}

fn enter(ui: &mut Ui, entry: Entry) -> Vec<Act> {
    ui.entry = entry;
    Vec::new()
}

fn sort(ui: &mut Ui, next: impl Fn(&Ui) -> Option<Sort>) -> Vec<Act> {
    let next = next(ui);
    ui.sort_by(next);
    Vec::new()
}

fn widen(ui: &mut Ui) -> Vec<Act> {
    ui.lists.wide = !ui.lists.wide;
    ui.lists.scroll = 0;
    ui.chosen.change(Changes { wide: Some(ui.lists.wide), ..Changes::default() });
    Vec::new()
}

fn maximise(ui: &mut Ui) -> Vec<Act> {
    ui.maximise();
    Vec::new()
}

/// Scrolls wide columns sideways.
fn scroll(ui: &mut Ui, by: isize) -> Vec<Act> {
    let last = ui.focused().map_or(0, |table| table.columns.len().saturating_sub(2 + ui.hidden_columns().len()));
    ui.lists.scroll = ui.lists.scroll.saturating_add_signed(by).min(last);
    Vec::new()
}

fn scroll_fields(ui: &mut Ui, by: isize) -> Vec<Act> {
    ui.opened.top = ui.opened.top.saturating_add_signed(by).min(ui.opened.last);
    Vec::new()
}

fn freeze(ui: &mut Ui) -> Vec<Act> {
    ui.freeze();
    ui.settle(true);
    Vec::new()
}

/// Speed of simulated time.
fn speed(ui: &Ui) -> f64 {
    ui.latest().speed.unwrap_or(1.0)
}

/// Pauses simulated time, or resumes it at the speed before.
fn pause(ui: &mut Ui) -> Vec<Act> {
    let speed = speed(ui);
    let goes_on = ui.before_it_stopped.take().unwrap_or(1.0);
    if speed > 0.0 {
        ui.before_it_stopped = Some(speed);
    }
    vec![Act::Speed(if speed > 0.0 { 0.0 } else { goes_on })]
}

fn next_theme(ui: &mut Ui) -> Vec<Act> {
    ui.themes.wanted = (ui.themes.wanted + 1) % ui.themes.names.len().max(1);
    vec![Act::Theme]
}

fn switch_zone(ui: &mut Ui) -> Vec<Act> {
    ui.zones.switch();
    vec![Act::Zone]
}

fn switch_mouse(ui: &mut Ui) -> Vec<Act> {
    ui.terminal.mouse = !ui.terminal.mouse;
    let detail = match ui.terminal.mouse {
        true => "mouse on: hold Shift to select text in most terminals; :mouse turns it off",
        false => "mouse off",
    };
    ui.inform(detail.to_owned());
    vec![Act::Mouse]
}

/// The id of the step that a command applies to.
fn step(ui: &Ui) -> String {
    ui.acted_on().map(|step| step.id.clone()).unwrap_or_default()
}

/// Opens the preview of the step, which the order makes.
fn preview(ui: &mut Ui, order: impl Fn(String) -> Order) -> Vec<Act> {
    // What is under way keeps the preview that it was begun with: it is shown, and none is made.
    let begun = ui.acted_on().is_some_and(is_under_way);
    let step = step(ui);
    ui.entry = Entry::Dialog(Dialog::Preview(step.clone(), 0));
    let order = order(step);
    if begun && matches!(order, Order::Preview(_)) { Vec::new() } else { vec![Act::Order(order)] }
}

/// Opens the line in which the operator writes what the order needs.
fn ask(ui: &mut Ui, asked: Asked, step: String) -> Vec<Act> {
    let unknown = || {
        let step = ui.acted_on()?;
        let ticket = step.unknown?;
        Some((ticket, step.ops.get(usize::from(ticket.op))?.what.clone()))
    };
    let about = if asked == Asked::Resolve { unknown() } else { None };
    let over = ui.preview_below();
    ui.entry = Entry::Dialog(Dialog::Prompt(Prompt { asked, step, text: String::new(), about, over }));
    Vec::new()
}
