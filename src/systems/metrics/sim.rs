//! The simulated health values: constant traffic with noise. It arrives where the simulated estate routes it. Requests fail where capacity
//! is missing or writes are refused; they are slow where a side is overloaded or the data is far away.

use std::{collections::BTreeMap, sync::Arc};

use fastrand::Rng;

use super::{Observation, Query, State, Value};
use crate::{SharedConditions, Simulated};
use base::{now::Now, observed::Fault, side::Side, signal::Unit};
use plan::{HealthKind, MetricQuery, Plan};

/// Requests per second of both sides together.
const REQUESTS: f64 = 1_200.0;
/// Share of requests that always fails.
const FAILS: f64 = 0.002;
/// Share of requests that write.
const WRITES: f64 = 0.3;
/// The 99th percentile of the latency in seconds, without distance and load.
const TAKES: f64 = 0.118;
/// Seconds of a round trip to the other site.
const ROUND_TRIP: f64 = 0.066;
/// Above this load, requests queue.
const CROWDED: f64 = 0.8;
/// Age in seconds of the oldest message in a queue while all writes succeed.
const WAITS: f64 = 40.0;

/// The simulated servers.
pub struct Sim {
    plan: Arc<Plan>,
    random: Rng,
    /// The conditions that the other systems publish.
    conditions: SharedConditions,
    /// Values that a scenario sets, whatever the conditions.
    reads: BTreeMap<(usize, Side), f64>,
    /// The current noise of each value: it changes gradually.
    wander: BTreeMap<(usize, Side), f64>,
}

impl Sim {
    fn value(&mut self, query: usize, side: Side) -> f64 {
        let step = (self.random.f64() - 0.5) * 0.06;
        let wander = self.wander.entry((query, side)).or_insert(0.0);
        // Reverts to the middle, so that it stays within a few tenths.
        *wander = *wander * 0.95 + step;
        let noise = 1.0 + *wander;
        // The noise also changes while a value is set: later values are the same with and without it.
        if let Some(given) = self.reads.get(&(query, side)) {
            return *given;
        }
        let health = &self.plan.health[query];
        let base = match (health.kind, health.unit) {
            (HealthKind::Requests, _) => REQUESTS * self.share(side),
            (HealthKind::Errors, _) => return (self.errors(side) * noise).min(1.0),
            (HealthKind::Latency, _) => self.latency(side),
            (HealthKind::Other, Unit::Ratio) => 0.4,
            (HealthKind::Other, Unit::Seconds) => WAITS + self.conditions.unwritten.as_secs_f64(),
            (HealthKind::Other, _) => 40.0,
        };
        base * noise
    }

    /// The share of the traffic that arrives at a side.
    fn share(&self, side: Side) -> f64 {
        let target = self.conditions.on_target.unwrap_or(0.0);
        if side == Side::Target { target } else { 1.0 - target }
    }

    /// The load of a side; above 1 it cannot serve all requests.
    fn busy(&self, side: Side) -> f64 {
        match (self.conditions.capacity, self.share(side)) {
            (Some(capacity), share) if share > 0.0 => share / capacity.get(side),
            _ => 0.0,
        }
    }

    /// The share of a side's requests that fails.
    fn errors(&self, side: Side) -> f64 {
        let served = 1.0 / self.busy(side).max(1.0);
        1.0 - (1.0 - FAILS) * served * (1.0 - WRITES * self.conditions.refused)
    }

    /// The 99th percentile of the latency of a side, in seconds. It has an upper limit, because clients give up.
    fn latency(&self, side: Side) -> f64 {
        let crowd = ((self.busy(side) - CROWDED) / (1.0 - CROWDED)).clamp(0.0, 3.0);
        (TAKES + ROUND_TRIP * self.conditions.away.get(side)) * (1.0 + 3.0 * crowd * crowd)
    }

    /// Sets the value of a query on a side, or lets it follow the conditions again.
    ///
    /// # Errors
    /// No such query, or it is not sent to that side.
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
            conditions: SharedConditions::default(),
            reads: BTreeMap::new(),
            wander: BTreeMap::new(),
        }
    }

    fn advance(_: &mut Sim, _: Now) {}

    fn observe(sim: &mut Sim, conditions: &SharedConditions) {
        sim.conditions = *conditions;
    }

    fn answer(sim: &mut Sim, query: &Query, now: Now) -> Result<Observation, Fault> {
        Ok(match query {
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

/// CloudWatch's values belong to whole periods: the last one that has ended.
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
