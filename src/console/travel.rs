//! Where the operator is: moves the selection within a list, from list to list, over the tiles; goes from page to page, into a detail
//! and back.

use super::{
    act::Act,
    gates,
    pages::{RUNBOOK, STEPS, is_own},
    ui::{At, Ui},
};
use engine::{gate::GATES, snapshot::DetailKey};

/// A movement of the selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Down,
    Up,
    PageDown,
    PageUp,
    First,
    Last,
    NextTable,
    PreviousTable,
}

/// Moves the selection.
pub(super) fn travel(ui: &mut Ui, movement: Move) {
    if ui.at == At::Page(0) {
        return travel_tiles(ui, movement);
    }
    let (focus, tables) = (ui.focus(), ui.table_count());
    if let Move::NextTable | Move::PreviousTable = movement {
        let n = tables.max(1);
        let next = if movement == Move::NextTable { (focus + 1) % n } else { (focus + n - 1) % n };
        ui.focus_on(next);
        return;
    }
    if ui.focused().is_none() {
        ui.opened.top = moved(movement, ui.opened.top, ui.opened.last, 10);
        return;
    }
    let Some(at) = ui.focused_ui() else { return };
    let (last, index, page) = (at.rows.order.len().saturating_sub(1), at.index, at.height.max(1));
    // At the end of a list the selection continues in the next one, if that may be on screen.
    let goes_on = !ui.is_maximised();
    match movement {
        Move::Down if goes_on && index >= last && focus + 1 < tables => {
            ui.focus_on(focus + 1);
            ui.select(0);
        }
        Move::Up if goes_on && index == 0 && focus > 0 => {
            ui.focus_on(focus - 1);
            ui.select(usize::MAX);
        }
        _ => ui.select(moved(movement, index, last, page)),
    }
}

fn travel_tiles(ui: &mut Ui, movement: Move) {
    let last = ui.view_model().answers.len().saturating_sub(1);
    let columns = ui.tiles.columns.max(1);
    let next = match movement {
        Move::NextTable => ui.tiles.selected + 1,
        Move::PreviousTable => ui.tiles.selected.saturating_sub(1),
        // The verdict is over all others.
        Move::Down | Move::PageDown if ui.tiles.selected == 0 => 1,
        Move::Down | Move::PageDown => ui.tiles.selected + columns,
        Move::Up | Move::PageUp => ui.tiles.selected.saturating_sub(columns),
        Move::First => 0,
        Move::Last => last,
    };
    ui.tiles.selected = next.min(last);
}

/// An index after a movement within one list.
fn moved(movement: Move, index: usize, last: usize, page: usize) -> usize {
    match movement {
        Move::Down => index.saturating_add(1).min(last),
        Move::Up => index.saturating_sub(1),
        Move::PageDown => index.saturating_add(page).min(last),
        Move::PageUp => index.saturating_sub(page),
        Move::First => 0,
        Move::Last => last,
        Move::NextTable | Move::PreviousTable => index,
    }
}

/// Goes to a page; an open detail is closed.
pub(super) fn go(ui: &mut Ui, page: usize) -> Vec<Act> {
    let acts = close(ui);
    if page != ui.page_number() {
        ui.lists.maximised.clear();
    }
    ui.at = At::Page(page);
    ui.lists.scroll = 0;
    ui.settle(false);
    acts
}

/// Goes to the page of the `nth` page key, or to the next one of its group.
pub(super) fn to_page(ui: &mut Ui, nth: usize) -> Vec<Act> {
    match ui.view_model().page_of_key(nth, ui.page_number()) {
        Some(page) => go(ui, page),
        None => {
            ui.report(format!("there is no page {}", nth + 1));
            Vec::new()
        }
    }
}

/// Goes to the next page; after the last comes the first.
pub(super) fn next_page(ui: &mut Ui) -> Vec<Act> {
    let all = ui.view_model().pages.len() + 1;
    go(ui, (ui.page_number() + 1) % all)
}

/// Goes to the previous page; before the first is the last.
pub(super) fn previous_page(ui: &mut Ui) -> Vec<Act> {
    let all = ui.view_model().pages.len() + 1;
    go(ui, (ui.page_number() + all - 1) % all)
}

/// Goes to the next step in the runbook.
pub(super) fn next_step(ui: &mut Ui) -> Vec<Act> {
    let id = ui.view_model().snapshot.run.as_ref().and_then(|run| Some(run.due()?.id.clone()));
    to_step(ui, id.as_deref())
}

/// Goes to a step in the runbook.
pub(super) fn to_step(ui: &mut Ui, id: Option<&str>) -> Vec<Act> {
    let Some(page) = ui.view_model().page(RUNBOOK) else { return Vec::new() };
    to_row(ui, page, id.map(|id| (STEPS, id.to_owned())).as_ref())
}

/// Goes to a step in the runbook, and opens one of its gates.
pub(super) fn to_gate(ui: &mut Ui, step: &str, gate: &str) -> Vec<Act> {
    let mut acts = to_step(ui, Some(step));
    ui.open(DetailKey { panel: RUNBOOK.to_owned(), table: STEPS.to_owned(), row: step.to_owned() });
    let key = DetailKey { panel: GATES.to_owned(), table: step.to_owned(), row: gate.to_owned() };
    ui.open(key.clone());
    acts.extend(wanted(&key));
    acts
}

/// Goes to a page of the view model, and to a row of one of its tables.
pub(super) fn to_row(ui: &mut Ui, page: usize, row: Option<&(&'static str, String)>) -> Vec<Act> {
    let acts = go(ui, page + 1);
    let Some((table, id)) = row else { return acts };
    if let Some(at) = ui.shown_tables().iter().position(|t| t.id == *table) {
        ui.focus_on(at);
    }
    let place = ui.focused().and_then(|t| Some((t.id, t.rows.iter().position(|r| r.id == *id)?)));
    let hidden = |(table, row)| ui.table_ui(table).is_some_and(|t| !t.rows.order.contains(&row));
    if place.is_some_and(hidden) {
        // A filter must not hide the row.
        ui.filter_by(String::new());
    }
    if let Some((table, row)) = place
        && let Some(at) = ui.table_ui(table).and_then(|t| t.rows.order.iter().position(|&r| r == row))
    {
        ui.select(at);
    }
    acts
}

fn close(ui: &mut Ui) -> Vec<Act> {
    match ui.opened.key.take() {
        Some(key) if !is_own(&key.panel) => vec![Act::Open(None)],
        _ => Vec::new(),
    }
}

/// Opens the detail of the selected row, or what is behind the selected tile.
pub(super) fn open(ui: &mut Ui) -> Vec<Act> {
    if ui.at == At::Page(0) {
        let behind = ui.view_model().answers.get(ui.tiles.selected).and_then(|answer| ui.view_model().behind(answer));
        return behind.map_or_else(Vec::new, |(page, row)| to_row(ui, page, row.as_ref()));
    }
    let (Some(panel), Some(table), Some(row)) = (ui.panel(), ui.focused(), ui.selected()) else { return Vec::new() };
    // The gates of a step are the engine's: only it knows their past.
    let step = ui.opened().filter(|of| of.panel == RUNBOOK && ui.at == At::Detail && table.id == gates::TABLE);
    let key = match step {
        Some(step) => DetailKey { panel: GATES.to_owned(), table: step.row.clone(), row: row.to_owned() },
        None => DetailKey { panel: panel.id.to_owned(), table: table.id.to_owned(), row: row.to_owned() },
    };
    ui.open(key.clone());
    if is_own(&key.panel) { Vec::new() } else { wanted(&key) }
}

/// What has to be asked for so that the detail of a row comes.
fn wanted(key: &DetailKey) -> Vec<Act> {
    vec![Act::Open((!is_own(&key.panel)).then(|| key.clone()))]
}

/// Drops the filter, restores a maximised table, closes the detail, or goes to the overview.
pub(super) fn back(ui: &mut Ui) -> Vec<Act> {
    if !ui.filter().is_empty() {
        ui.filter_by(String::new());
        return Vec::new();
    }
    if ui.is_maximised() {
        ui.maximise();
        return Vec::new();
    }
    if ui.at == At::Detail
        && let Some(under) = ui.close_detail().cloned()
    {
        return wanted(&under);
    }
    let page = if ui.at == At::Detail { ui.opened.page_below } else { 0 };
    go(ui, page)
}
