//! The contents of a plan that has been read and has no faults: plain data, names resolved, units applied.
//!
//! Nothing here parses, and nothing here contains a secret: [`Secret`] only gives the place of one.

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
    health::{HealthKind, HealthQuery, MetricQuery},
    kafka::{Isolation, KafkaCluster, KafkaPair, Mirror, Property},
    pace::{Budgets, IntervalSpec, Intervals, Window},
    replica_set::{Canary, Login, MemberRule, ReplicaSet},
    sites::{Access, AwsCredentials, Site},
    step::{Action, Approver, Confirm, Named, PhasePlan, Runbook, StepPlan},
};

/// A plan: what is observed and moved, by whom, at which intervals, within which budgets.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// The name of the move, on screen and in reports.
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
    /// Access to Route 53 (a global service: it belongs to no side).
    pub route53: Access,
    /// Named health queries.
    pub health: Vec<HealthQuery>,
    /// The interval of each system's queries.
    pub intervals: Intervals,
    /// The budgets of the move.
    pub budgets: Budgets,
    /// The steps to be carried out.
    pub runbook: Runbook,
}
