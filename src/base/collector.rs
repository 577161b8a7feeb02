//! Sources as the estate knows them: what is asked of whom, how often, and how that is going.

use std::time::Duration;

use serde::Serialize;

use super::observed::{Fault, FaultKind, Freshness, Stamp};
use crate::{now::Now, side::Side};

/// Index of a source in the estate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct CollectorIx(pub u32);

/// One endpoint × one question. `A` is the system's typed question.
#[derive(Debug, Clone, Serialize)]
pub struct CollectorSpec<A> {
    /// Unique and stable: `mongo/orders/db1:27017/status`.
    pub id: String,
    /// Which side it looks at; none for what is of no side.
    pub side: Option<Side>,
    /// The server that is asked, as a person would name it.
    pub endpoint: String,
    /// The calls it makes, by the names permissions are granted under (`replSetGetStatus`, `ec2:DescribeInstances`).
    pub calls: &'static [&'static str],
    /// How often.
    pub interval: Duration,
    /// How long one answer may take.
    pub timeout: Duration,
    /// The question.
    #[serde(rename = "ask")]
    pub query: A,
}

/// How a source is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CollectorState {
    /// Answers in time.
    #[serde(rename = "live")]
    Fresh,
    /// Never answered yet, and not failed either.
    #[serde(rename = "starting")]
    Pending,
    /// The last answer is too old, or the last attempt failed.
    Stale,
    /// Nothing usable for so long that its values are gone.
    #[serde(rename = "blind")]
    Unknown,
}

/// What has become of a source's questions.
#[derive(Debug, Clone, Serialize)]
pub struct Health {
    /// When the source was started.
    pub started: Now,
    /// When it last answered.
    pub ok_at: Option<Now>,
    /// When it was last heard of, answer or fault.
    pub heard_at: Option<Now>,
    /// How long the last attempt took.
    pub took: Duration,
    /// Why the last attempt failed; none if it succeeded.
    pub fault: Option<Fault>,
    /// Answers so far.
    pub answers: u64,
    /// Failures so far.
    pub failures: u64,
    /// Times the server asked for fewer questions.
    pub throttled: u64,
}

impl Health {
    /// A source just started.
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

    /// The same judgement as a reading's, for the source as a whole.
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

/// A source in the estate.
#[derive(Debug, Clone)]
pub struct Collector<A> {
    /// What it is.
    pub spec: CollectorSpec<A>,
    /// How it is doing.
    pub health: Health,
}

impl<A> Collector<A> {
    /// For how long its answers are good when it is asked `pace` times as often as the plan says.
    pub fn fresh(&self, pace: f64) -> Freshness {
        Freshness::of_interval(self.spec.interval.div_f64(pace))
    }

    /// The stamp for an answer that came at `at`.
    pub fn stamp(&self, at: Now, pace: f64) -> Stamp {
        Stamp { at, fresh: self.fresh(pace) }
    }
}

impl<A> CollectorSpec<A> {
    /// Server and call, as faults name them.
    pub fn what(&self) -> String {
        format!("{}: {}", self.endpoint, self.calls.join(", "))
    }

    /// The same with another question.
    pub fn map<B>(self, f: impl FnOnce(A) -> B) -> CollectorSpec<B> {
        let Self { id, side, endpoint, calls, interval, timeout, query: ask } = self;
        CollectorSpec { id, side, endpoint, calls, interval, timeout, query: f(ask) }
    }
}

/// What a collector is about: it queries, or it probes.
#[derive(Debug, Clone)]
pub enum Question<Q, P> {
    /// It queries.
    Query(Q),
    /// It probes: it has to touch the server to learn something of it.
    Probe(P),
}
