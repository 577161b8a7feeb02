//! How it behaves in a simulated estate: a steady traffic with noise, which arrives where the rest of that estate sends it, and which fares
//! as the rest of it is: errors where there is no room for it or writes are refused, late where it is crowded or the data is far away.

use std::{collections::BTreeMap, sync::Arc};

use fastrand::Rng;

use super::{Observation, Query, State, Value};
use crate::{SharedConditions, Simulated};
use base::{now::Now, observed::Fault, side::Side};
use plan::{HealthKind, HealthUnit, MetricQuery, Plan};

/// Requests a second of both sides together.
const REQUESTS: f64 = 1_200.0;
/// Share of them that fails whatever happens.
const FAILS: f64 = 0.002;
/// Share of them that writes.
const WRITES: f64 = 0.3;
/// Seconds that the slowest of a hundred takes where everything is near and nothing is crowded.
const TAKES: f64 = 0.118;
/// Seconds to the other site and back.
const ROUND_TRIP: f64 = 0.066;
/// Busier than this, requests wait for one another.
const CROWDED: f64 = 0.8;
/// Seconds that the oldest message waits in a queue while everything is written.
const WAITS: f64 = 40.0;

/// The imitated servers.
pub struct Sim {
    plan: Arc<Plan>,
    random: Rng,
    /// What the others do.
    world: SharedConditions,
    /// Values that a scenario gives, whatever the others do.
    reads: BTreeMap<(usize, Side), f64>,
    /// What noise has made of each value so far: it wanders rather than jumps.
    wander: BTreeMap<(usize, Side), f64>,
}

impl Sim {
    fn value(&mut self, query: usize, side: Side) -> f64 {
        let step = (self.random.f64() - 0.5) * 0.06;
        let wander = self.wander.entry((query, side)).or_insert(0.0);
        // Drawn back to the middle, so that it stays within a few tenths.
        *wander = *wander * 0.95 + step;
        let noise = 1.0 + *wander;
        // The noise goes on beneath a value that is given: what comes after it is the same with and without.
        if let Some(given) = self.reads.get(&(query, side)) {
            return *given;
        }
        let health = &self.plan.health[query];
        let base = match (health.kind, health.unit) {
            (HealthKind::Requests, _) => REQUESTS * self.share(side),
            (HealthKind::Errors, _) => return (self.errors(side) * noise).min(1.0),
            (HealthKind::Latency, _) => self.latency(side),
            (HealthKind::Other, HealthUnit::Ratio) => 0.4,
            (HealthKind::Other, HealthUnit::Seconds) => WAITS + self.world.unwritten.as_secs_f64(),
            (HealthKind::Other, _) => 40.0,
        };
        base * noise
    }

    /// The share of the traffic that arrives at a side.
    fn share(&self, side: Side) -> f64 {
        let target = self.world.on_target.unwrap_or(0.0);
        if side == Side::Target { target } else { 1.0 - target }
    }

    /// How busy a side is; above 1 there is no room for all that arrives.
    fn busy(&self, side: Side) -> f64 {
        match (self.world.capacity, self.share(side)) {
            (Some(capacity), share) if share > 0.0 => share / capacity.get(side),
            _ => 0.0,
        }
    }

    /// The share of a side's requests that fails.
    fn errors(&self, side: Side) -> f64 {
        let served = 1.0 / self.busy(side).max(1.0);
        1.0 - (1.0 - FAILS) * served * (1.0 - WRITES * self.world.refused)
    }

    /// Seconds that the slowest of a hundred requests of a side takes. What waits for too long gives up.
    fn latency(&self, side: Side) -> f64 {
        let crowd = ((self.busy(side) - CROWDED) / (1.0 - CROWDED)).clamp(0.0, 3.0);
        (TAKES + ROUND_TRIP * self.world.away.get(side)) * (1.0 + 3.0 * crowd * crowd)
    }

    /// A query gives this value on a side, or follows what happens again.
    ///
    /// # Errors
    /// No such query, or nobody asks it there.
    pub(super) fn read(&mut self, query: &str, side: Side, value: Option<f64>) -> Result<(), String> {
        let place = self.plan.health.iter().position(|q| q.name == query);
        let place = place.ok_or_else(|| format!("no health query {query} in the simulated estate"))?;
        if self.plan.health[place].queries.get(side).is_none() {
            return Err(format!("the health query {query} is not configured for the {side}"));
        }
        match value {
            Some(value) => self.reads.insert((place, side), value),
            None => self.reads.remove(&(place, side)),
        };
        Ok(())
    }
}

impl Simulated for State {
    type Sim = Sim;

    fn simulate(plan: &Arc<Plan>, seed: u64) -> Sim {
        let random = Rng::with_seed(seed ^ 0x90);
        Sim {
            plan: plan.clone(),
            random,
            world: SharedConditions::default(),
            reads: BTreeMap::new(),
            wander: BTreeMap::new(),
        }
    }

    fn advance(_: &mut Sim, _: Now) {}

    fn observe(sim: &mut Sim, world: &SharedConditions) {
        sim.world = *world;
    }

    fn answer(sim: &mut Sim, ask: &Query, now: Now) -> Result<Observation, Fault> {
        Ok(match ask {
            Query::Prometheus { query, side, .. } => {
                Observation::One(Value { value: sim.value(*query, *side), of: None })
            }
            Query::CloudWatch { side, queries } => Observation::Many(
                queries
                    .iter()
                    .map(|q| {
                        (q.query, Ok(Value { value: sim.value(q.query, *side), of: period(sim, q.query, *side, now) }))
                    })
                    .collect(),
            ),
        })
    }
}

/// CloudWatch's values are of whole periods: the last one that has ended.
fn period(sim: &Sim, query: usize, side: Side, now: Now) -> Option<super::facts::Period> {
    let Some(MetricQuery::CloudWatch { period, .. }) = sim.plan.health.get(query)?.queries.get(side) else {
        return None;
    };
    let length = i64::try_from(period.as_secs()).ok().filter(|s| *s > 0)?;
    let end = jiff::Timestamp::from_second(now.wall.as_second().div_euclid(length) * length).ok()?;
    Some(super::facts::Period { end, length: *period })
}

#[cfg(test)]
mod tests;
