//! How it behaves in a simulated estate: a steady traffic with noise, which arrives where the rest of that estate sends it.

use std::{collections::BTreeMap, sync::Arc};

use fastrand::Rng;

use super::{Ask, Facts, State, Value};
use crate::{
    core::{estate::seen::Fault, now::Now},
    plan::{HealthKind, HealthUnit, Plan, Query, Side},
    systems::{Simulated, World},
};

/// Requests a second of both sides together.
const REQUESTS: f64 = 1_200.0;

/// The imitated servers.
pub struct Sim {
    plan: Arc<Plan>,
    random: Rng,
    /// The target's share of the traffic.
    on_target: f64,
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
        let health = &self.plan.health[query];
        let share = if side == Side::Target { self.on_target } else { 1.0 - self.on_target };
        let base = match (health.kind, health.unit) {
            (HealthKind::Requests, _) => REQUESTS * share,
            (HealthKind::Errors, _) => 0.002,
            // The target's data is still far away.
            (HealthKind::Latency, _) => if side == Side::Target { 0.145 } else { 0.118 },
            (HealthKind::Other, HealthUnit::Ratio) => 0.4,
            (HealthKind::Other, _) => 40.0,
        };
        base * noise
    }
}

impl Simulated for State {
    type Sim = Sim;

    fn simulate(plan: &Arc<Plan>, seed: u64) -> Sim {
        let random = Rng::with_seed(seed ^ 0x90);
        Sim { plan: plan.clone(), random, on_target: 0.0, wander: BTreeMap::new() }
    }

    fn advance(_: &mut Sim, _: Now) {}

    fn hear(sim: &mut Sim, world: &World) {
        sim.on_target = world.on_target.unwrap_or(0.0);
    }

    fn answer(sim: &mut Sim, ask: &Ask, now: Now) -> Result<Facts, Fault> {
        Ok(match ask {
            Ask::Prometheus { query, side, .. } => Facts::One(Value { value: sim.value(*query, *side), of: None }),
            Ask::CloudWatch { side, queries } => Facts::Many(
                queries.iter().map(|q| (q.query, Ok(Value { value: sim.value(q.query, *side), of: period(sim, q.query, *side, now) }))).collect(),
            ),
        })
    }
}

/// CloudWatch's values are of whole periods: the last one that has ended.
fn period(sim: &Sim, query: usize, side: Side, now: Now) -> Option<super::facts::Period> {
    let Some(Query::CloudWatch { period, .. }) = sim.plan.health.get(query)?.queries.get(side) else { return None };
    let length = i64::try_from(period.as_secs()).ok().filter(|s| *s > 0)?;
    let end = jiff::Timestamp::from_second(now.wall.as_second().div_euclid(length) * length).ok()?;
    Some(super::facts::Period { end, length: *period })
}
