//! Nothing can be done to health queries; they are only read.

use super::State;
use crate::{
    core::{estate::seen::Seen, now::Now},
    plan::Action,
    scenario::Happening,
    systems::{
        Simulated,
        steer::{Drafted, Looked, Never, Obeys, Operation, Sent, Steered},
    },
};

impl Steered for State {
    type Call = Never;
    type Mark = Never;
    type Probe = Never;

    fn draft(&self, _: &Action, _: Now) -> Option<Drafted<Never, Never>> {
        None
    }

    fn back(&self, ops: &[Operation<Never, Never>], _: Now) -> Drafted<Never, Never> {
        match ops.first() {
            Some(op) => match op.call {},
            None => Err(Vec::new()),
        }
    }

    fn met(&self, _: &Action, _: Now) -> Option<Seen<bool>> {
        None
    }
}

impl Obeys for State {
    fn obey(_: &mut <Self as Simulated>::Sim, _: &str, call: &Never, _: Option<&Never>, _: Now) -> Sent<Never> {
        match *call {}
    }

    fn look(_: &mut <Self as Simulated>::Sim, _: &str, call: &Never, _: Option<&Never>, _: Now) -> Looked<Never> {
        match *call {}
    }

    fn log(_: &<Self as Simulated>::Sim) -> &[String] {
        &[]
    }

    fn stranger(_: &mut <Self as Simulated>::Sim, _: &Action, _: Now) {}

    fn happen(sim: &mut <Self as Simulated>::Sim, what: &Happening, _: Now) -> Result<(), String> {
        match what {
            Happening::Reads { query, side, value } => sim.read(query, *side, *value),
            _ => Ok(()),
        }
    }
}
