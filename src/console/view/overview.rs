//! The overview: the ten answers, each always in the same place.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `shape` | the layout table: the place of each answer by screen size, the room it needs, how it shrinks |
//! | `figure` | which part of a value is drawn large |
//! | `phrase` | the words of an answer: both sides, trend, owner, since when |
//! | `tile`, `line` | an answer with room for a figure, and without |
//! | `verdict`, `next` | the first answer, and the next steps if there is room |

mod figure;
mod line;
mod next;
mod phrase;
mod shape;
mod tile;
mod verdict;

use ratatui::{buffer::Buffer, layout::Rect};

use self::shape::Form;
use crate::drawing::Drawing;
use crate::{
    drawn::{Drawn, Spot},
    ui::Ui,
};

/// Draws the answers.
pub(super) fn draw(area: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>, drawn: &mut Drawn) {
    let arranged = shape::arrange(area, ui.tiles.selected);
    let silent = ui.silent_for();
    for place in &arranged.places {
        let Some(answer) = ui.view_model().answers.get(place.answer) else { continue };
        let aged = silent.map(|silent| answer.aged(silent));
        let answer = aged.as_ref().unwrap_or(answer);
        let selected = place.answer == ui.tiles.selected;
        drawn.spots.push((place.area, Spot::Tile(place.answer)));
        match (place.answer, place.form) {
            (0, form) => verdict::draw(place.area, buf, form, selected, ui, look),
            (_, Form::Tile) => tile::draw(place, buf, answer, selected, look),
            (_, Form::Line) => line::draw(place.area, buf, answer, selected, look),
        }
    }
    if let Some(side) = arranged.beside {
        next::draw(side, buf, ui, look);
    }
    drawn.tile_columns = Some(arranged.columns);
}
