//! Moves the selection: within a list, from list to list, over the tiles.

use super::{
    command::Id,
    ui::{At, Ui},
};

/// Moves the selection.
pub(super) fn travel(ui: &mut Ui, id: Id) {
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
    // At the end of a list the selection continues in the next one.
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
    let last = ui.view_model().answers.len().saturating_sub(1);
    let columns = ui.tile_columns.max(1);
    let next = match id {
        Id::NextTable => ui.tile + 1,
        Id::PreviousTable => ui.tile.saturating_sub(1),
        // The verdict is over all others.
        Id::Down | Id::PageDown if ui.tile == 0 => 1,
        Id::Down | Id::PageDown => ui.tile + columns,
        Id::Up | Id::PageUp => ui.tile.saturating_sub(columns),
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
