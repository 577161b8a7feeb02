//! What a canary measures: how long a set accepted no writes, as an application on this host experiences it.
//!
//! A `hello` reply shows when a member reports that it accepts writes. Only a write shows whether writes succeed. A canary writes one
//! document repeatedly and counts:
//!
//! - a *gap* is the time from the acknowledgement of a write to that of the next one;
//! - a gap in which a write failed, or in which one was in progress for longer than four ticks (or four times the usual duration of a
//!   write, where that is longer), is an *outage*. Write downtime is the sum of the outages;
//! - delays of the console itself are part of neither: a missed turn, or a reply that was not read because the machine was busy. They are
//!   counted separately, as time not tried.
//!
//! So an outage is exact to one tick. It includes the time that the driver needs to notice and to find the new primary (for up to half
//! a second it avoids a member that has just refused a write): an application has that delay, too. For the same reason it includes a
//! broken link between this host and the set.
//!
//! Nothing here does I/O: the live side and the simulation feed the same record.

mod record;
mod view;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub(super) use self::{
    record::Record,
    view::{gap_cell, gap_fields},
};
use super::{facts::Query, set::Set};
use base::{collector::CollectorSpec, observed::Reading};
use plan::Canary;

/// Which members must have a write before it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Concern {
    /// The primary: w:1.
    One,
    /// A majority: w:majority.
    Majority,
}

impl Concern {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::One, Self::Majority];

    /// The name that the server and the signals use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Majority => "majority",
        }
    }

    /// The concerns with which a canary writes.
    pub(super) fn of(canary: &Canary) -> impl Iterator<Item = Self> {
        [Self::One].into_iter().chain(canary.majority.then_some(Self::Majority))
    }
}

/// One loop of writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Probe {
    /// The index of the set in the plan.
    pub set: usize,
    /// The acknowledgement that it waits for.
    pub concern: Concern,
}

/// What has been measured so far. Times are on the boot clock.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CanaryReading {
    /// When the last write was acknowledged, and its duration.
    pub acknowledged: Option<(Duration, Duration)>,
    /// Start of the current outage: no write has succeeded since.
    pub since: Option<Duration>,
    /// The server's error of the last write; none if it did not fail.
    pub why: Option<Arc<str>>,
    /// The last finished outage: its end and its duration.
    pub last: Option<(Duration, Duration)>,
    /// The longest gap of the last ten minutes, without the current one.
    pub longest: Duration,
    /// Sum of all finished outages.
    pub down: Duration,
    /// Number of outages, including the current one.
    pub outages: u32,
    /// Time not tried: neither up nor down.
    pub unseen: Duration,
    /// Acknowledged writes.
    pub writes: u64,
    /// Failed writes.
    pub failed: u64,
}

impl CanaryReading {
    /// Duration of the current outage.
    pub(super) fn gap(&self, boot: Duration) -> Duration {
        self.since.map_or(Duration::ZERO, |since| boot.saturating_sub(since))
    }

    /// Sum of all outages.
    pub(super) fn downtime(&self, boot: Duration) -> Duration {
        self.down + self.gap(boot)
    }

    /// The longest gap of the last ten minutes, including the current one.
    pub(super) fn longest(&self, boot: Duration) -> Duration {
        self.longest.max(self.gap(boot))
    }
}

/// A canary's readings, by write concern; empty before a session has taken control.
pub(super) type Canaries = BTreeMap<Concern, Reading<CanaryReading>>;

/// A measurement is published at least this often, or with each write where writes are rarer: as often as `hello` replies arrive.
const REPORTED: Duration = Duration::from_secs(1);
/// A write that is not acknowledged within this time has failed. Longer than a write to the other region and longer than a normal
/// election.
pub(super) const WRITE_WITHIN: Duration = Duration::from_secs(2);

impl Set {
    /// The canary's collectors, for a session that takes control: from now on there are measurements.
    pub(super) fn probes(&mut self) -> Vec<CollectorSpec<Probe>> {
        let plan = self.plan.clone();
        let Some(canary) = &plan.replica_sets[self.ix].canary else { return Vec::new() };
        let (set, name) = (self.ix, self.name.clone());
        let probe = |concern: Concern| CollectorSpec {
            id: format!("mongo/{name}/canary/{}", concern.word()),
            side: None,
            endpoint: format!("{name} (canary)"),
            calls: &["insert", "update"],
            interval: canary.every.max(REPORTED),
            timeout: WRITE_WITHIN,
            query: Probe { set, concern },
        };
        self.canaries = Concern::of(canary).map(|concern| (concern, Reading::default())).collect();
        Concern::of(canary).map(probe).collect()
    }

    /// The query whether the canary's login may write. Only `landfall check` sends it; a watching session does not use that login.
    pub(super) fn trial(&self) -> Option<CollectorSpec<Query>> {
        self.planned().canary.as_ref()?.login.as_ref()?;
        let every = self.plan.intervals.mongo;
        Some(CollectorSpec {
            id: format!("mongo/{}/canary/login", self.name),
            side: None,
            endpoint: self.name.clone(),
            calls: &["insert", "update"],
            interval: every,
            timeout: super::state::answer_within(every),
            query: Query::Grants { set: self.ix },
        })
    }
}
