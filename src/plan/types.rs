//! What a plan says, once it has been read and found free of faults: plain data, names resolved, units applied.
//!
//! Nothing here parses, and nothing here holds a secret: [`Secret`] only says where one is to be found.

use serde::{Deserialize, Serialize};

mod dns;
mod fleet;
mod gate;
mod health;
mod kafka;
mod pace;
mod replica_set;
mod sites;
mod step;

pub use self::{
    dns::{DnsName, RecordType},
    fleet::Role,
    gate::{Agg, Compare, Condition, Gate, Volume, WINDOW},
    health::{HealthKind, HealthQuery, HealthUnit, MetricQuery},
    kafka::{Isolation, KafkaCluster, KafkaPair, Mirror, Property},
    pace::{Budgets, Intervals, Window},
    replica_set::{Canary, Login, MemberRule, ReplicaSet},
    sites::{Access, AwsCredentials, Site},
    step::{Action, Approver, Confirm, Named, PhasePlan, Runbook, StepPlan},
};

/// One of the two sides of the move. Every panel, signal and credential is of one side or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Where the platform runs before the move.
    Source,
    /// Where it runs after it.
    Target,
}

impl Side {
    /// Both sides, source first: the order of every table.
    pub const BOTH: [Self; 2] = [Self::Source, Self::Target];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Source => Self::Target,
            Self::Target => Self::Source,
        }
    }

    /// `source` or `target`: the word used in plan files, labels and on screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

/// One value a side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sides<T> {
    /// The source's.
    pub source: T,
    /// The target's.
    pub target: T,
}

impl<T> Sides<T> {
    /// The value of one side.
    pub const fn get(&self, side: Side) -> &T {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }

    /// The value of one side, to be changed.
    pub const fn get_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Source => &mut self.source,
            Side::Target => &mut self.target,
        }
    }

    /// One value made for each side.
    pub fn from_fn(mut make: impl FnMut(Side) -> T) -> Self {
        Self { source: make(Side::Source), target: make(Side::Target) }
    }
}

/// A plan: what is to be watched and moved, by whom, how often, within which budgets.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// What the move is called; on screen and in reports.
    pub name: String,
    /// The two sites.
    pub sites: Sides<Site>,
    /// MongoDB replica sets, in the plan's order.
    pub replica_sets: Vec<ReplicaSet>,
    /// Pairs of Kafka clusters.
    pub kafka: Vec<KafkaPair>,
    /// Fleet roles.
    pub fleet: Vec<Role>,
    /// Weighted DNS names.
    pub dns: Vec<DnsName>,
    /// How Route 53 itself is reached (a global service: of no side).
    pub route53: Access,
    /// Named health queries.
    pub health: Vec<HealthQuery>,
    /// How often each system is asked.
    pub intervals: Intervals,
    /// What the move may cost.
    pub budgets: Budgets,
    /// What is to be done, step by step.
    pub runbook: Runbook,
}
