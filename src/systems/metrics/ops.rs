//! Health queries cannot be changed; they are only read.

use super::State;
use crate::{
    Simulated,
    metrics::FaultInjection,
    planner::{Never, Planner, SimulateWrites},
};
use base::{
    now::Now,
    observed::Observed,
    operation::{Drafted, Operation, SendOutcome, Verified},
};
use plan::Action;

impl Planner for State {
    type Call = Never;
    type Version = Never;
    type Probe = Never;

    fn draft(&self, _: &Action, _: Now) -> Option<Drafted<Never, Never>> {
        None
    }

    fn inverse(&self, ops: &[Operation<Never, Never>], _: Now) -> Drafted<Never, Never> {
        match ops.first() {
            Some(op) => match op.call {},
            None => Err(Vec::new()),
        }
    }

    fn is_satisfied(&self, _: &Action, _: Now) -> Option<Observed<bool>> {
        None
    }
}

impl SimulateWrites for State {
    type Injection = FaultInjection;

    fn write(_: &mut <Self as Simulated>::Sim, _: &str, call: &Never, _: Option<&Never>, _: Now) -> SendOutcome<Never> {
        match *call {}
    }

    fn verify(_: &mut <Self as Simulated>::Sim, _: &str, call: &Never, _: Option<&Never>, _: Now) -> Verified<Never> {
        match *call {}
    }

    fn log(_: &<Self as Simulated>::Sim) -> &[String] {
        &[]
    }

    fn external_change(_: &mut <Self as Simulated>::Sim, _: &Action, _: Now) {}

    fn inject(sim: &mut <Self as Simulated>::Sim, what: &FaultInjection, _: Now) -> Result<(), String> {
        let FaultInjection::Reads { query, side, value } = what;
        sim.read(query, *side, *value)
    }
}
