//! The mouse, if the operator has enabled it.
//!
//! Drawing code records what a click on an area means; nothing is derived from coordinates a second time. A click can
//! only mean a [`Spot`]: switch the view, select, sort, open. No spot gives an order, and while a dialog is open
//! nothing can be clicked: an accidental click changes no server.

use ratatui::layout::Position;

use super::{
    act::Handled,
    command::Id,
    drawn::Spot,
    entry::{Dialog, Entry, Palette},
    order::Sort,
    palette::found,
    ui::{At, Ui},
};
use base::view::Align;

/// A mouse action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gesture {
    /// The first button was pressed.
    Click,
    /// The wheel was turned down.
    Down,
    /// The wheel was turned up.
    Up,
}

/// A mouse action and its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    /// The action.
    pub gesture: Gesture,
    /// Column and line on screen.
    pub at: Position,
}

/// Rows or lines for one step of the wheel.
const WHEEL: usize = 3;

/// Handles a mouse action.
pub(super) fn touch(ui: &mut Ui, touch: Touch) -> Handled {
    match touch.gesture {
        Gesture::Click => click(ui, touch.at),
        Gesture::Down => wheel(ui, touch.at, |at| at.saturating_add(WHEEL)),
        Gesture::Up => wheel(ui, touch.at, |at| at.saturating_sub(WHEEL)),
    }
    .unwrap_or(Handled::NOTHING)
}

fn spot(ui: &Ui, at: Position) -> Option<Spot> {
    ui.terminal.spots.iter().rev().find(|(area, _)| area.contains(at)).map(|(_, spot)| spot.clone())
}

fn click(ui: &mut Ui, at: Position) -> Option<Handled> {
    match ui.entry {
        Entry::Commands => {}
        // As with Enter, the filter is kept.
        Entry::Filter(_) => ui.entry = Entry::Commands,
        Entry::Help(..) | Entry::Messages(_) | Entry::Palette(_) | Entry::Dialog(_) => {
            ui.report("clicks do nothing here: press a key, Esc closes".to_owned());
            return None;
        }
    }
    let spot = spot(ui, at)?;
    // The view may change now: the areas are invalid until the next drawing.
    ui.terminal.spots.clear();
    match spot {
        Spot::Page(page) => return Some(Handled::Command(Id::Page, page)),
        Spot::Tile(tile) if ui.tiles.selected == tile => return Some(Handled::Command(Id::Open, 0)),
        Spot::Tile(tile) => ui.tiles.selected = tile.min(ui.view_model().answers.len().saturating_sub(1)),
        Spot::Table(table) => focus(ui, table),
        Spot::Heading(table, column) => {
            focus(ui, table);
            let align = ui.focused()?.columns.get(column)?.align;
            let sort = match ui.sort().filter(|sort| sort.column == column) {
                Some(sort) => Sort { descending: !sort.descending, ..sort },
                None => Sort { column, descending: align == Align::Right },
            };
            ui.sort_by(Some(sort));
        }
        Spot::Row(table, row) => {
            if ui.focus() == table && ui.selected() == Some(row.as_str()) {
                return Some(Handled::Command(Id::Open, 0));
            }
            focus(ui, table);
            let shown = ui.focused()?;
            let is = |at: &usize| shown.rows.get(*at).is_some_and(|r| r.id == row);
            let index = ui.table_ui(shown.id)?.rows.order.iter().position(is)?;
            ui.select(index);
        }
        Spot::Fields => {}
    }
    None
}

/// Scrolls what is under the pointer, or the open dialog.
fn wheel(ui: &mut Ui, at: Position, turned: impl Fn(usize) -> usize) -> Option<Handled> {
    match &mut ui.entry {
        Entry::Help(_, top) | Entry::Messages(top) | Entry::Dialog(Dialog::Preview(_, top)) => *top = turned(*top),
        Entry::Palette(palette) => {
            let turned = Palette { at: turned(palette.at), ..palette.clone() };
            let last = found(ui, &turned).len().saturating_sub(1);
            ui.entry = Entry::Palette(Palette { at: turned.at.min(last), name: String::new(), ..turned });
        }
        Entry::Dialog(_) => {}
        Entry::Commands | Entry::Filter(_) => match spot(ui, at)? {
            Spot::Fields => ui.opened.top = turned(ui.opened.top).min(ui.opened.last),
            Spot::Table(table) | Spot::Heading(table, _) | Spot::Row(table, _) => {
                focus(ui, table);
                let id = ui.focused()?.id;
                let index = ui.table_ui(id)?.index;
                ui.select(turned(index));
            }
            Spot::Tile(_) => {
                let id = if turned(WHEEL) > WHEEL { Id::Down } else { Id::Up };
                return Some(Handled::Command(id, 0));
            }
            Spot::Page(_) => {}
        },
    }
    None
}

/// Focuses a table of this place.
fn focus(ui: &mut Ui, table: usize) {
    if ui.at != At::Page(0) {
        ui.focus_on(table);
    }
}
