//! What can be changed: the capacity of a role's Auto Scaling groups and which of their processes run, whether a role's instances run, and
//! whether they are in its target groups. What would have to be built is shown and never sent.
//!
//! EC2 and Auto Scaling offer no precondition. So every value that is sent is absolute: a second copy of a request changes nothing, and
//! verification tells our value, the previous one, and any other apart. MinSize is set together with the desired capacity, because a
//! scaling policy removes instances when the traffic leaves. MaxSize is never changed.

mod build;
mod capacity;
mod power;
mod processes;
mod targets;
#[cfg(test)]
pub(super) mod tests;

use serde::{Deserialize, Serialize};

use super::{facts::Group, state::State};
use crate::planner::{self, Planner, profile, quoted};
use base::{
    now::Now,
    observed::{Fault, FaultKind, Observed},
    operation::{Draft, Operation},
    side::Side,
    step::Limits,
};
use plan::{Action, Role};

/// A request or a wait.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// One UpdateAutoScalingGroup.
    Capacity {
        /// The side of the region.
        side: Side,
        /// The group's name.
        group: String,
        /// Desired instances.
        desired: u32,
        /// The minimum size.
        min: u32,
    },
    /// A wait until this many instances of a role serve.
    InService {
        /// The side of the region.
        side: Side,
        /// The role.
        role: String,
        /// The minimum number.
        least: u32,
    },
    /// One StartInstances or StopInstances.
    Power {
        /// The side of the region.
        side: Side,
        /// Started; else stopped.
        on: bool,
        /// Instance ids, at most 50.
        instances: Vec<String>,
    },
    /// One SuspendProcesses or ResumeProcesses.
    Processes {
        /// The side of the region.
        side: Side,
        /// The group's name.
        group: String,
        /// Their names in Auto Scaling; never empty, because an empty list means all.
        processes: Vec<String>,
        /// Suspended; else resumed.
        suspend: bool,
    },
    /// One RegisterTargets or DeregisterTargets.
    Targets {
        /// The side of the region.
        side: Side,
        /// The target group, as the plan names it.
        group: String,
        /// Registered; else deregistered.
        on: bool,
        /// The targets, at most 50.
        targets: Vec<Place>,
    },
    /// A wait until all of these are healthy in a target group, or gone from it.
    Traffic {
        /// The side of the region.
        side: Side,
        /// The target group, as the plan names it.
        group: String,
        /// Healthy; else gone.
        on: bool,
        /// The targets.
        targets: Vec<Place>,
    },
}

impl Call {
    /// The side of its region.
    #[cfg(feature = "aws")]
    pub(super) const fn side(&self) -> Side {
        match self {
            Self::Capacity { side, .. }
            | Self::InService { side, .. }
            | Self::Power { side, .. }
            | Self::Processes { side, .. }
            | Self::Targets { side, .. }
            | Self::Traffic { side, .. } => *side,
        }
    }
}

/// A target in a target group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Instance id or address.
    pub id: String,
    /// The port that it is registered with; none: the group's own.
    pub port: Option<u16>,
}

/// The observed state before a call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// A group's capacity.
    Capacity {
        /// Desired instances.
        desired: u32,
        /// The minimum size.
        min: u32,
    },
}

type Op = Operation<Call, Version>;
type Drafted = base::operation::Drafted<Call, Version>;

impl Planner for State {
    type Call = Call;
    type Version = Version;
    type Probe = planner::Never;

    fn draft(&self, action: &Action, now: Now) -> Option<Drafted> {
        match action {
            Action::SetCapacity { role, side, desired } => Some(self.capacity(role, *side, *desired, now)),
            Action::Power { role, side, on, width, max_failed } => {
                let limits = Limits { width: (*width).max(1), max_failed: *max_failed, max_unknown: 0 };
                Some(self.power(role, *side, *on, limits, now))
            }
            Action::Processes { role, side, processes, suspend } => {
                Some(self.processes(role, *side, processes, *suspend, now))
            }
            Action::Targets { role, side, on, width, max_failed } => {
                let limits = Limits { width: (*width).max(1), max_failed: *max_failed, max_unknown: 0 };
                Some(self.targets(role, *side, *on, limits, now))
            }
            Action::Build { role, side } => Some(self.missing(role, *side, now)),
            _ => None,
        }
    }

    fn inverse(&self, ops: &[Op], now: Now) -> Drafted {
        match ops.first().map(|op| &op.call) {
            None => Ok(Draft::nothing()),
            Some(Call::Power { side, on, .. }) => self.power_back(ops, *side, *on, now),
            Some(Call::Processes { .. }) => self.processes_back(ops, now),
            Some(Call::Targets { side, on, .. } | Call::Traffic { side, on, .. }) => {
                self.targets_back(ops, *side, *on, now)
            }
            Some(Call::Capacity { side, .. } | Call::InService { side, .. }) => self.capacity_back(ops, *side, now),
        }
    }

    fn is_satisfied(&self, action: &Action, now: Now) -> Option<Observed<bool>> {
        match action {
            Action::SetCapacity { role, side, desired } => Some(self.has_capacity(role, *side, *desired, now)),
            Action::Processes { role, side, processes, suspend } => {
                Some(self.has_processes(role, *side, processes, *suspend, now))
            }
            Action::Targets { role, side, on, .. } => Some(self.in_traffic(role, *side, *on, now)),
            Action::Power { role, side, on, .. } => Some(self.powered(role, *side, *on, now)),
            _ => None,
        }
    }
}

fn find<'a>(groups: &'a [Group], name: &str, region: &str) -> Result<&'a Group, Fault> {
    let text = || format!("{region} has no Auto Scaling group {name}");
    groups.iter().find(|g| *g.name == *name).ok_or_else(|| Fault::new(FaultKind::NotFound, text()))
}

impl State {
    pub(super) fn region(&self, side: Side) -> &str {
        &self.plan.sites.get(side).region
    }

    /// The region and the plan's writing profile, as flags of a printed command.
    pub(super) fn flags(&self, side: Side) -> String {
        let site = self.plan.sites.get(side);
        format!("--region {}{}", quoted(&site.region), profile(&site.access))
    }

    fn role(&self, name: &str) -> Result<(usize, &Role), Fault> {
        let at = self.plan.fleet.iter().enumerate().find(|(_, r)| r.name == name);
        at.ok_or_else(|| Fault::new(FaultKind::NotFound, format!("the plan has no role {name}")))
    }
}
