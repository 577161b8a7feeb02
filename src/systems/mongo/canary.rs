//! What a canary feels: how long a set took no writes, as an application beside this console has it.
//!
//! The greetings tell when a member says that it accepts writes; whether writes get through, only a write can tell. A canary writes one
//! document, again and again, and counts:
//!
//! - a *gap* is the time from the acknowledgement of a write to that of the next one;
//! - a gap in which a write failed, or in which one was under way for longer than four ticks (or four times what a write usually takes,
//!   where that is longer), is an *outage*. Write downtime is the sum of the outages;
//! - what is the console's own is no part of either: a turn that was missed, or a reply that lay unread because the machine was busy. It is
//!   counted apart, as time in which it was not tried.
//!
//! So an outage is known to one tick. It holds what the driver needs to notice and to
//! find the new primary (it keeps away from a member that has just refused a write for up to half a second): an application pays that,
//! too. It also holds a link between here and the set that is cut, for the same reason.
//!
//! Nothing here does I/O: the live side and the simulation feed the same record.

mod record;
mod view;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub(super) use self::{
    record::Record,
    view::{felt_cell, felt_fields},
};
use super::{facts::Query, set::Set};
use base::{collector::CollectorSpec, observed::Reading};
use plan::Canary;

/// Who has to have a write before it is acknowledged.
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

    /// As the server and the signals call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Majority => "majority",
        }
    }

    /// Those that a canary writes with.
    pub(super) fn of(canary: &Canary) -> impl Iterator<Item = Self> {
        [Self::One].into_iter().chain(canary.majority.then_some(Self::Majority))
    }
}

/// One loop of writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Probe {
    /// The set's place in the plan.
    pub set: usize,
    /// What it waits for.
    pub concern: Concern,
}

/// What has been felt so far. Times are of the boot clock.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Felt {
    /// When the last write was acknowledged, and how long it took.
    pub acknowledged: Option<(Duration, Duration)>,
    /// No write has got through since: an outage that goes on.
    pub since: Option<Duration>,
    /// Why the last write failed, in the server's words; none if it did not.
    pub why: Option<Arc<str>>,
    /// The last outage that is over: when it ended, and how long it was.
    pub last: Option<(Duration, Duration)>,
    /// The longest gap of the last ten minutes; the one that goes on is not among them.
    pub longest: Duration,
    /// All outages that are over.
    pub down: Duration,
    /// Outages, the one that goes on among them.
    pub outages: u32,
    /// Time in which it could not be tried: neither up nor down.
    pub unseen: Duration,
    /// Writes that were acknowledged.
    pub writes: u64,
    /// Writes that were not.
    pub failed: u64,
}

impl Felt {
    /// How long the outage that goes on has lasted.
    pub(super) fn gap(&self, boot: Duration) -> Duration {
        self.since.map_or(Duration::ZERO, |since| boot.saturating_sub(since))
    }

    /// All outages.
    pub(super) fn downtime(&self, boot: Duration) -> Duration {
        self.down + self.gap(boot)
    }

    /// The longest gap of late, the one that goes on among them.
    pub(super) fn longest(&self, boot: Duration) -> Duration {
        self.longest.max(self.gap(boot))
    }
}

/// A canary's readings, by what it waits for; none of them before somebody was given the run.
pub(super) type Canaries = BTreeMap<Concern, Reading<Felt>>;

/// What is felt is told at least this often, where writes are not rarer: as the greetings are.
const TOLD: Duration = Duration::from_secs(1);
/// A write that is not acknowledged within this has failed. Longer than a write to the other region takes, and than an election that goes
/// well.
pub(super) const WRITE_WITHIN: Duration = Duration::from_secs(2);

impl Set {
    /// The canary's loops, for whoever is given the run: from now on there is something to feel.
    pub(super) fn probes(&mut self) -> Vec<CollectorSpec<Probe>> {
        let plan = self.plan.clone();
        let Some(canary) = &plan.replica_sets[self.ix].canary else { return Vec::new() };
        let (set, name) = (self.ix, self.name.clone());
        let probe = |concern: Concern| CollectorSpec {
            id: format!("mongo/{name}/canary/{}", concern.word()),
            side: None,
            endpoint: format!("{name} (canary)"),
            calls: &["insert", "update"],
            interval: canary.every.max(TOLD),
            timeout: WRITE_WITHIN,
            query: Probe { set, concern },
        };
        self.canaries = Concern::of(canary).map(|concern| (concern, Reading::default())).collect();
        Concern::of(canary).map(probe).collect()
    }

    /// Whether the canary's login may do what it has to, which only `landfall check` asks: nobody who watches touches that login.
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
