//! What a plan says, once it has been read and found free of faults: plain data, names resolved, units applied.
//!
//! Nothing here parses, and nothing here holds a secret: [`Secret`] only says where one is to be found.

use base::side::Sides;
use serde::Serialize;

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
