//! Panel, tiles and details as data.

use super::State;
use crate::{
    core::now::Now,
    systems::System,
    view::{Detail, Panel, Tile},
};

pub(super) fn panel(_: &State, _: Now) -> Panel {
    Panel { id: State::ID, title: State::TITLE, summary: Vec::new(), tables: Vec::new(), oldest: None }
}

pub(super) fn tiles(_: &State, _: Now) -> Vec<Tile> {
    Vec::new()
}

pub(super) fn detail(_: &State, _: &str, _: &str, _: Now) -> Option<Detail> {
    None
}
