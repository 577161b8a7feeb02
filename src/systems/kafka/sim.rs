//! How it behaves in a simulated estate.

use std::sync::Arc;

use super::{Ask, Facts, State};
use crate::{
    core::{estate::seen::Fault, now::Now},
    plan::Plan,
    systems::Simulated,
};

/// The imitated servers.
pub struct Sim;

impl Simulated for State {
    type Sim = Sim;

    fn simulate(_: &Arc<Plan>, _: u64) -> Sim {
        Sim
    }

    fn advance(_: &mut Sim, _: Now) {}

    fn answer(_: &mut Sim, ask: &Ask, _: Now) -> Result<Facts, Fault> {
        match *ask {}
    }
}
