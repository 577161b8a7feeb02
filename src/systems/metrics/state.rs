//! The readings of each query, their validity, and the signals.

use std::{sync::Arc, time::Duration};

use indexmap::IndexMap;

use super::{
    baseline::baseline,
    facts::{CloudWatchQuery, Observation, Query, Value},
    view,
};
use crate::System;
use base::{
    collector::CollectorSpec,
    domain::{self, Domain, Named},
    history::{Ring, Slope, Trend},
    now::{Age, Now, short},
    observed::{Fault, FaultKind, Freshness, Observed, Reading, Stamp},
    side::{Side, Sides},
    signal::{CurvePanel, Keep, MAX, SIDES, Samples, SignalDef, Unit},
    view::{Detail, Panel, Tile},
    watched::Watched,
};
use plan::{HealthKind, HealthQuery, MetricQuery, Plan, things};

/// What its labels may be.
const LABELS: &[Named] = &[("query", Domain::Of(&things::QUERIES)), ("side", domain::SIDE)];

pub(super) static VALUE: SignalDef = SignalDef::new(
    ("health.query.value", Unit::AsNamed, &["query", "side"]),
    (-MAX, MAX),
    "metrics",
    "value",
    "The value of a health query of the plan. An error rate or a latency without requests is no value.",
)
.domains(LABELS)
.titled("query")
.users("query", "kind", &["errors", "latency"])
.keep(Keep::All)
.curve(CurvePanel::Health, Some(1), SIDES);

static BASELINE: SignalDef = SignalDef::new(
    ("health.query.baseline", Unit::AsNamed, &["query", "side"]),
    (-MAX, MAX),
    "metrics",
    "baseline",
    "Median of the query's values of the last hour without the last five minutes; not given before there are ten.",
)
.domains(LABELS);

/// The state of all queries.
#[derive(Debug)]
pub struct State {
    pub(super) plan: Arc<Plan>,
    /// One for each query of the plan, in its order.
    known: Vec<Sides<Known>>,
}

/// The state of one query on one side.
#[derive(Debug, Default)]
pub(super) struct Known {
    reading: Reading<Value>,
    pub ring: Ring,
    slope: Slope,
}

impl Known {
    fn set(&mut self, value: Value, stamp: Stamp) {
        let stamp = match dated(value, stamp) {
            Ok(stamp) => stamp,
            Err(words) => return self.reading.fail(&Fault::new(FaultKind::Malformed, words)),
        };
        // The same period again is not a new value.
        if self.reading.last().is_none_or(|(old, _)| value.of.is_none() || old.of != value.of) {
            self.ring.push(stamp.at.boot, value.value);
            self.slope.push(stamp.at.boot, value.value);
        }
        self.reading.set(value, stamp);
    }
}

/// The tolerated difference between clocks.
const SKEW: Duration = Duration::from_secs(60);

/// The stamp of a value that has a period: its age counts from the period's end, and it stays valid for as many additional periods as a
/// reading does for intervals, because no newer value is available earlier.
///
/// # Errors
/// If the period ends more than `SKEW` in the future, or the value is an instant value (a period without length) older than `SKEW`: a cache
/// answers for the server, or clocks differ.
fn dated(value: Value, stamp: Stamp) -> Result<Stamp, String> {
    let Some(of) = value.of else { return Ok(stamp) };
    let late = stamp.at.wall.duration_since(of.end);
    let late = match Duration::try_from(late) {
        Ok(late) => late,
        Err(_) if late.unsigned_abs() <= SKEW => Duration::ZERO,
        Err(_) => return Err("the value has a time in the future: set the clocks".to_owned()),
    };
    if of.length.is_zero() {
        let words = || format!("the value is of {} ago: a cache in between, or different clocks", short(late));
        return if late <= SKEW { Ok(stamp) } else { Err(words()) };
    }
    let own = Freshness::of_interval(of.length);
    let fresh = Freshness { stale: stamp.fresh.stale + own.stale, blind: stamp.fresh.blind + own.blind };
    // A period that ended before this machine's boot is too old in any case.
    let boot = stamp.at.boot.saturating_sub(late);
    Ok(Stamp { at: Now { boot, wall: of.end.min(stamp.at.wall) }, fresh })
}

impl State {
    /// Whether the plan sends this query to this side.
    pub(super) fn asked(&self, query: usize, side: Side) -> bool {
        self.plan.health.get(query).is_some_and(|q| q.queries.get(side).is_some())
    }

    /// The labels of every query on every side that it is sent to, from the plan.
    fn due(&self) -> Vec<Vec<String>> {
        let each = self.plan.health.iter().enumerate().flat_map(|(at, q)| Side::BOTH.map(|side| (at, q, side)));
        let asked = each.filter(|(at, _, side)| self.asked(*at, *side));
        asked.map(|(_, q, side)| vec![q.name.clone(), side.word().to_owned()]).collect()
    }

    /// The usable value; none where the query is not sent to this side.
    ///
    /// A query that names a volume is a ratio of requests: while there are none, or their number is not known, it has no value.
    pub(super) fn value(&self, query: usize, side: Side, now: Now) -> Option<Observed<f64>> {
        if !self.asked(query, side) {
            return None;
        }
        let own = self.reading(query, side, now).map(|v| v.value);
        let Some(volume) = self.plan.health[query].volume.as_deref() else { return Some(own) };
        if let Some(requests) =
            self.volume(query, side, now).and_then(Observed::fresh).filter(|requests| *requests <= 0.0)
        {
            let text = format!("{volume} is {requests}: without requests, a ratio has no value");
            return Some(Observed::Unknown(Fault::new(FaultKind::NoTraffic, text)));
        }
        let unasked = || Fault::new(FaultKind::NotFound, format!("volume query {volume} is not configured for {side}"));
        let requests = self.volume(query, side, now).unwrap_or_else(|| Observed::Unknown(unasked()));
        Some(own.zip(requests).map(|(value, _)| value))
    }

    /// The requests of which a query is a ratio; none where it names none, or they are not queried on this side.
    fn volume(&self, query: usize, side: Side, now: Now) -> Option<Observed<f64>> {
        let volume = self.plan.health.get(query)?.volume.as_deref()?;
        let at = self.plan.health.iter().position(|q| q.name == volume).filter(|at| self.asked(*at, side))?;
        Some(self.reading(at, side, now).map(|v| v.value))
    }

    /// Whether the side is known to get no requests for the ratio: then it has no value, and none is expected.
    pub(super) fn is_idle(&self, query: usize, side: Side, now: Now) -> bool {
        self.volume(query, side, now).and_then(Observed::fresh).is_some_and(|requests| requests <= 0.0)
    }

    /// Whether a side has not been used yet: neither CloudWatch nor Prometheus counts requests before the first, so there is no number
    /// instead of a zero. This applies only to a query of requests that the server answered without a value, on a side that has had no
    /// value since the program started. If the other side is queried too, it must have a value: the users are on one side, and a query
    /// without a result on both sides is misspelt.
    fn is_unused(&self, query: usize, side: Side, now: Now) -> bool {
        let Some(health) = self.plan.health.get(query) else { return false };
        let counts = health.kind == HealthKind::Requests
            || self.plan.health.iter().any(|q| q.volume.as_deref() == Some(&health.name));
        let reading = self.known(query, side).map(|known| &known.reading);
        let none = reading.is_some_and(|reading| {
            reading.last().is_none() && reading.fault().is_some_and(|f| f.kind == FaultKind::Empty)
        });
        let other = side.other();
        counts && none && (!self.asked(query, other) || self.reading(query, other, now).is_fresh())
    }

    /// Whether a missing value of a query on a side is expected: the side is known to get no requests, or has not been used yet, and there
    /// is no other fault.
    fn is_missed_by_nobody(&self, query: usize, side: Side, value: &Observed<f64>, now: Now) -> bool {
        let Observed::Unknown(fault) = value else { return false };
        let volume = self.plan.health.get(query).and_then(|q| q.volume.as_deref());
        let counted = volume.map_or(Some(query), |volume| self.plan.health.iter().position(|q| q.name == volume));
        let unused = || counted.is_some_and(|counted| self.is_unused(counted, side, now));
        fault.kind == FaultKind::NoTraffic || (fault.kind == FaultKind::Empty && unused())
    }

    /// The reading itself, regardless of its volume.
    pub(super) fn reading(&self, query: usize, side: Side, now: Now) -> Observed<Value> {
        self.known(query, side).map_or(Observed::Pending, |k| k.reading.at(now).cloned())
    }

    /// The usual value, as fresh as the reading that it is compared with.
    pub(super) fn usual(&self, query: usize, side: Side, now: Now) -> Option<Observed<f64>> {
        let usual = baseline(&self.known(query, side)?.ring, now.boot)?;
        self.value(query, side, now).map(|seen| seen.map(|_| usual))
    }

    pub(super) fn known(&self, query: usize, side: Side) -> Option<&Known> {
        self.known.get(query).map(|k| k.get(side))
    }

    /// Units per second, and the direction.
    pub(super) fn trend(&self, query: usize, side: Side) -> Option<(f64, Trend)> {
        let slope = self.known(query, side)?.slope;
        slope.per_second().zip(slope.trend())
    }

    fn known_mut(&mut self, query: usize, side: Side) -> Option<&mut Known> {
        self.known.get_mut(query).map(|k| k.get_mut(side))
    }
}

/// Checks a value against the range of the query's unit; anything else is a malformed reading.
fn allowed(query: &HealthQuery, value: Value) -> Result<Value, Fault> {
    let fault = |kind, words: &str| Fault::new(kind, format!("{}: {words}", query.name));
    if value.value.is_nan() {
        return Err(fault(FaultKind::Empty, "NaN: a ratio of zero requests"));
    }
    let low = if query.kind == HealthKind::Other { f64::MIN } else { 0.0 };
    let high = if query.unit == Unit::Ratio && query.kind == HealthKind::Errors { 1.0 } else { f64::MAX };
    // A ratio of two rates may exceed 1 by a rounding error.
    if value.value < low || value.value > high * (1.0 + 1e-9) || value.value.is_infinite() {
        return Err(fault(FaultKind::Malformed, &format!("{} cannot be in this unit", value.value)));
    }
    Ok(Value { value: value.value.min(high), ..value })
}

fn collectors(plan: &Arc<Plan>) -> Vec<CollectorSpec<Query>> {
    let interval = plan.intervals.health;
    let timeout = interval.clamp(Duration::from_secs(3), Duration::from_secs(10));
    let mut out = Vec::new();
    for side in Side::BOTH {
        let mut batch = Vec::new();
        for (query, health) in plan.health.iter().enumerate() {
            match health.queries.get(side) {
                Some(MetricQuery::Prometheus { url, expr, bearer }) => out.push(CollectorSpec {
                    id: format!("metrics/{}/{side}", health.name),
                    side: Some(side),
                    endpoint: url.clone(),
                    calls: &["GET /api/v1/query"],
                    interval,
                    timeout,
                    query: Query::Prometheus {
                        query,
                        side,
                        url: url.as_str().into(),
                        expr: expr.as_str().into(),
                        bearer: bearer.clone(),
                    },
                }),
                Some(MetricQuery::CloudWatch { namespace, metric, stat, dimensions, period, scale }) => {
                    batch.push(CloudWatchQuery {
                        query,
                        namespace: namespace.clone(),
                        metric: metric.clone(),
                        stat: stat.clone(),
                        dimensions: dimensions.clone(),
                        period: *period,
                        scale: *scale,
                    });
                }
                None => {}
            }
        }
        if !batch.is_empty() {
            let site = plan.sites.get(side);
            out.push(CollectorSpec {
                id: format!("metrics/cloudwatch/{side}"),
                side: Some(side),
                endpoint: endpoint(&site.access.endpoints).unwrap_or_else(|| site.region.clone()),
                calls: &["cloudwatch:GetMetricData"],
                interval,
                timeout,
                query: Query::CloudWatch { side, queries: batch.into() },
            });
        }
    }
    out
}

fn endpoint(endpoints: &IndexMap<String, String>) -> Option<String> {
    endpoints.get("cloudwatch").or_else(|| endpoints.get("all")).cloned()
}

impl System for State {
    const ID: &'static str = "metrics";
    const TITLE: &'static str = "Health";
    const SIGNALS: &'static [&'static SignalDef] = &[&VALUE, &BASELINE];
    type Query = Query;
    type Observation = Observation;

    fn new(plan: &Arc<Plan>) -> (Self, Vec<CollectorSpec<Query>>) {
        let known = plan.health.iter().map(|_| Sides::default()).collect();
        (Self { plan: plan.clone(), known }, collectors(plan))
    }

    fn apply(&mut self, query: &Query, observation: Observation, stamp: Stamp) -> Vec<CollectorSpec<Query>> {
        let (side, answers) = match (query, observation) {
            (Query::Prometheus { query, side, .. }, Observation::One(value)) => (*side, vec![(*query, Ok(value))]),
            (Query::CloudWatch { side, .. } | Query::Prometheus { side, .. }, Observation::Many(answers)) => {
                (*side, answers)
            }
            // An observation of another query: ignored.
            _ => return Vec::new(),
        };
        for (query, answer) in answers {
            let Some(health) = self.plan.health.get(query) else { continue };
            let answer = answer.and_then(|value| allowed(health, value));
            if let Some(known) = self.known_mut(query, side) {
                match answer {
                    Ok(value) => known.set(value, stamp),
                    Err(fault) => known.reading.fail(&fault),
                }
            }
        }
        Vec::new()
    }

    fn fail(&mut self, query: &Query, fault: &Fault, _: Now) {
        let (side, queries) = match query {
            Query::Prometheus { query, side, .. } => (*side, vec![*query]),
            Query::CloudWatch { side, queries } => (*side, queries.iter().map(|q| q.query).collect()),
        };
        for query in queries {
            if let Some(known) = self.known_mut(query, side) {
                known.reading.fail(fault);
            }
        }
    }

    fn measure(&self, now: Now, out: &mut Samples) {
        for def in Self::SIGNALS {
            out.due(def, &[], || Observed::Fresh(self.due(), Age::default()));
        }
        for (i, health) in self.plan.health.iter().enumerate() {
            for side in Side::BOTH {
                let labels = [health.name.as_str(), side.word()];
                if let Some(value) = self.value(i, side, now) {
                    out.put(&VALUE, &labels, value);
                }
                if let Some(usual) = self.usual(i, side, now) {
                    out.put(&BASELINE, &labels, usual);
                }
            }
        }
    }

    /// A ratio of no requests has no value, and none is expected; the same holds for the number of requests of a side that is not used yet.
    /// For a gate both are unknown.
    fn watched(&self, now: Now) -> Vec<Watched> {
        let each = self.plan.health.iter().enumerate().flat_map(|(at, q)| Side::BOTH.map(|side| (at, q, side)));
        let known = |(at, query, side): (usize, &HealthQuery, Side)| {
            let value = self.value(at, side, now)?;
            (!self.is_missed_by_nobody(at, side, &value, now))
                .then(|| Watched::new(format!("health query {}, {side}", query.name), value))
        };
        each.filter_map(known).collect()
    }

    fn panel(&self, now: Now) -> Panel {
        view::panel(self, now)
    }

    fn tiles(&self, now: Now) -> Vec<Tile> {
        view::tiles(self, now)
    }

    fn detail(&self, _: &str, row: &str, now: Now) -> Option<Detail> {
        view::detail(self, row, now)
    }
}

#[cfg(test)]
mod tests;
