//! What a scenario can inject into the simulation of this system: values that do not follow the estate.

use crate::injection::{OF_SIDE, Parameters, injections};
use base::side::Side;
use plan::spec::{
    Kind::Quantity,
    tables::{NAME, may, must},
};
use plan::{lower::runbook::quantity, things};

/// One injected fault. Each lasts until another one changes it.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultInjection {
    /// A health query gives this value regardless of other conditions; none: it follows the conditions again.
    Reads {
        /// The query, as named in `[[health]]`.
        query: String,
        /// The side.
        side: Side,
        /// The value, in the query's unit.
        value: Option<f64>,
    },
}

injections! { FaultInjection:
    "reads", "A health query gives a value, whatever else happens.",
        [must("query", NAME, "The query."), OF_SIDE, may("value", Quantity, "In the query's unit; none: it follows what happens again.")],
        reads;
}

fn reads(it: &mut Parameters<'_>) -> Option<FaultInjection> {
    let query = it.thing("query", &things::QUERIES)?;
    let unit = it.plan.health.iter().find(|h| h.name == query)?.unit;
    let value = match it.table.at::<plan::tree::Quantity>("value") {
        None => None,
        Some(value) => Some(quantity::read(&value, unit, (0.0, f64::MAX), &query, it.faults)?),
    };
    Some(FaultInjection::Reads { query, side: it.side("side")?, value })
}
