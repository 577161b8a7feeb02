//! Collectors in the estate: endpoint, query, interval and health of each.

use std::time::Duration;

use serde::Serialize;

use super::observed::{Fault, FaultKind, Freshness, Stamp};
use crate::{now::Now, side::Side};

/// Index of a collector in the estate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct CollectorIx(pub u32);

/// One endpoint × one query. `A` is the system's typed query.
#[derive(Debug, Clone, Serialize)]
pub struct CollectorSpec<A> {
    /// Unique and stable: `mongo/orders/db1:27017/status`.
    pub id: String,
    /// The side that it observes; none if it belongs to no side.
    pub side: Option<Side>,
    /// The name of the queried server for display.
    pub endpoint: String,
    /// The calls it makes, by the names of their permissions (`replSetGetStatus`, `ec2:DescribeInstances`).
    pub calls: &'static [&'static str],
    /// The interval between two queries.
    pub interval: Duration,
    /// The time-out of one answer.
    pub timeout: Duration,
    /// The query.
    #[serde(rename = "ask")]
    pub query: A,
}

/// The state of a collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CollectorState {
    /// Answers in time.
    #[serde(rename = "live")]
    Fresh,
    /// It has neither answered nor failed yet.
    #[serde(rename = "starting")]
    Pending,
    /// The last answer is too old, or the last attempt failed.
    Stale,
    /// No usable answer for so long that its values are unknown.
    #[serde(rename = "blind")]
    Unknown,
}

/// Statistics of a collector's queries.
#[derive(Debug, Clone, Serialize)]
pub struct Health {
    /// When the collector was started.
    pub started: Now,
    /// When it last answered.
    pub ok_at: Option<Now>,
    /// When the last answer or fault came.
    pub heard_at: Option<Now>,
    /// Duration of the last attempt.
    pub took: Duration,
    /// Why the last attempt failed; none if it succeeded.
    pub fault: Option<Fault>,
    /// Answers so far.
    pub answers: u64,
    /// Failures so far.
    pub failures: u64,
    /// How often the server throttled it.
    pub throttled: u64,
}

impl Health {
    /// A collector that has just started.
    #[must_use]
    pub const fn new(started: Now) -> Self {
        Self {
            started,
            ok_at: None,
            heard_at: None,
            took: Duration::ZERO,
            fault: None,
            answers: 0,
            failures: 0,
            throttled: 0,
        }
    }

    /// It answered.
    pub fn answered(&mut self, at: Now, took: Duration) {
        self.ok_at = Some(at);
        self.heard_at = Some(at);
        self.took = took;
        self.fault = None;
        self.answers += 1;
    }

    /// It failed.
    pub fn failed(&mut self, at: Now, took: Duration, fault: &Fault) {
        self.heard_at = Some(at);
        self.took = took;
        self.failures += 1;
        if fault.kind == FaultKind::Throttled {
            self.throttled += 1;
        }
        self.fault = Some(fault.clone());
    }

    /// The same rule as for a reading, applied to the collector as a whole.
    #[must_use]
    pub fn state(&self, now: Now, fresh: Freshness) -> CollectorState {
        let silent_for = now.since(self.ok_at.unwrap_or(self.started));
        match (self.ok_at, &self.fault) {
            (None, None) if silent_for <= fresh.blind => CollectorState::Pending,
            (None, _) => CollectorState::Unknown,
            (Some(_), _) if silent_for > fresh.blind => CollectorState::Unknown,
            (Some(_), Some(_)) => CollectorState::Stale,
            (Some(_), None) if silent_for > fresh.stale => CollectorState::Stale,
            (Some(_), None) => CollectorState::Fresh,
        }
    }
}

/// A collector in the estate.
#[derive(Debug, Clone)]
pub struct Collector<A> {
    /// Its specification.
    pub spec: CollectorSpec<A>,
    /// Its health.
    pub health: Health,
}

impl<A> Collector<A> {
    /// How long its answers stay valid when it polls at `pace` times the plan's rate.
    pub fn fresh(&self, pace: f64) -> Freshness {
        Freshness::of_interval(self.spec.interval.div_f64(pace))
    }

    /// The stamp for an answer that came at `at`.
    pub fn stamp(&self, at: Now, pace: f64) -> Stamp {
        Stamp { at, fresh: self.fresh(pace) }
    }
}

impl<A> CollectorSpec<A> {
    /// Server and call, as named in faults.
    pub fn what(&self) -> String {
        format!("{}: {}", self.endpoint, self.calls.join(", "))
    }

    /// The same with another query.
    pub fn map<B>(self, f: impl FnOnce(A) -> B) -> CollectorSpec<B> {
        let Self { id, side, endpoint, calls, interval, timeout, query: ask } = self;
        CollectorSpec { id, side, endpoint, calls, interval, timeout, query: f(ask) }
    }
}

/// What a collector sends: a query or a probe.
#[derive(Debug, Clone)]
pub enum Question<Q, P> {
    /// A query.
    Query(Q),
    /// A probe: it has to touch the server to measure something.
    Probe(P),
}
