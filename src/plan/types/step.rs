//! The runbook: phases of steps; the needs, action and completion conditions of each.

use std::{collections::HashSet, time::Duration};

use serde::Serialize;

use super::Condition;
use base::side::{Side, Sides};

/// Phases, and what applies to all of them.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Runbook {
    /// In order. Empty in a plan that only observes.
    pub phases: Vec<PhasePlan>,
    /// Conditions that must hold throughout the run; while one is not green, no step may begin.
    pub invariants: Vec<Named>,
    /// Conditions that make the screen show ROLL BACK when they hold, and stop every step forward. Rollback is proposed; a person decides.
    pub aborts: Vec<Named>,
    /// The people whose approvals count.
    pub approvers: Vec<Approver>,
}

impl Runbook {
    /// All steps, in order, each with its phase.
    pub fn steps(&self) -> impl Iterator<Item = (&PhasePlan, &StepPlan)> {
        self.phases.iter().flat_map(|phase| phase.steps.iter().map(move |step| (phase, step)))
    }

    /// One step.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&StepPlan> {
        self.steps().map(|(_, step)| step).find(|step| step.id == id)
    }

    /// The approver of this name.
    ///
    /// # Errors
    /// If none has it, in words.
    pub fn approver(&self, name: &str) -> Result<&Approver, String> {
        self.approvers.iter().find(|it| it.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.approvers.iter().map(|it| it.name.as_str()).collect();
            format!("{name} is not an approver of this plan: {}", names.join(", "))
        })
    }

    /// The ids of all signals that its gates judge, including those that give the traffic.
    #[must_use]
    pub fn metrics(&self) -> HashSet<&'static str> {
        let steps = self.steps().flat_map(|(_, step)| [&step.gates, &step.verify, &step.rollback_gates]);
        let named = self.invariants.iter().chain(&self.aborts).map(|named| &named.when);
        let gates = steps.chain(named).flat_map(Condition::gates);
        gates.flat_map(|gate| [Some(gate.metric.id), gate.min_volume.as_ref().map(|v| v.metric.id)]).flatten().collect()
    }
}

/// A condition with a name.
#[derive(Debug, Clone, Serialize)]
pub struct Named {
    /// Unique among its kind.
    pub id: String,
    /// Its meaning, for the screen.
    pub title: String,
    /// The condition.
    pub when: Condition,
}

/// A person whose approval counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approver {
    /// The name of one person, whatever keys they have.
    pub name: String,
    /// An ssh public key, as in `authorized_keys`. None: approvals by that name cannot be verified, and the screen says so.
    pub key: Option<String>,
}

/// One phase.
#[derive(Debug, Clone, Serialize)]
pub struct PhasePlan {
    /// Unique.
    pub id: String,
    /// For display.
    pub title: String,
    /// In order.
    pub steps: Vec<StepPlan>,
}

/// One step.
#[derive(Debug, Clone, Serialize)]
pub struct StepPlan {
    /// Unique in the plan.
    pub id: String,
    /// For display.
    pub title: String,
    /// Steps that have to be done first, by id. By default: the step before it; the first step of a phase needs the last of the phase
    /// before.
    pub needs: Vec<String>,
    /// Gates that must be green before it begins and at the moment it is sent.
    pub gates: Condition,
    /// Its action.
    pub action: Action,
    /// Its confirmation.
    pub confirm: Confirm,
    /// The number of different people who have to approve its preview.
    pub approvals: u8,
    /// The time limit of each of its requests; after it the outcome is indeterminate.
    pub timeout: Duration,
    /// The least settle time after everything is applied; the action may require more (a TTL).
    pub settle: Duration,
    /// Gates that must be green once it has settled; red: it has failed.
    pub verify: Condition,
    /// The time limit of the verification; after it the operations are verified again.
    pub verify_within: Duration,
    /// How long it then has to stay green.
    pub bake: Duration,
    /// Gates that must be green before rollback: data safety only.
    pub rollback_gates: Condition,
    /// Rollback is not possible: a point of no return.
    pub irreversible: bool,
}

/// The confirmation of a step: in proportion to the damage it can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirm {
    /// Enter.
    Enter,
    /// The operator types its id.
    Name,
    /// The operator types its id, then seconds are counted down; any key cancels.
    Countdown,
}

/// The action of a step. It is a goal, not a command: the requests are derived from the observed state at preview.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A person does something outside the program and confirms it.
    Manual {
        /// What to do.
        what: String,
    },
    /// A replica set's primary is moved to a member of this side.
    MovePrimary {
        /// The set's name.
        set: String,
        /// The side of the new primary.
        to: Side,
    },
    /// Hosts outside the set become target members: hidden, without votes, with priority 0.
    AddMembers {
        /// The set's name.
        set: String,
    },
    /// A side's hidden members become visible to readers.
    Unhide {
        /// The set's name.
        set: String,
        /// The side of the members.
        side: Side,
    },
    /// The number of voting members of each side; one vote per reconfig.
    SetVotes {
        /// The set's name.
        set: String,
        /// The number.
        votes: Sides<u8>,
        /// How long the primary's own site may be without a majority, together with a third site: a named exception. None: never.
        split_for: Option<Duration>,
    },
    /// The priority of all of a side's voting members.
    SetPriorities {
        /// The set's name.
        set: String,
        /// The priorities.
        priorities: Sides<u16>,
    },
    /// A side's members, except the primary, do not stand for election for some time.
    Freeze {
        /// The set's name.
        set: String,
        /// The side of the members.
        side: Side,
        /// The number of seconds; zero: they may stand again.
        secs: u32,
    },
    /// All of a side's members are removed from the set, their votes first.
    RemoveMembers {
        /// The set's name.
        set: String,
        /// The side of the members.
        side: Side,
    },
    /// The weights of a weighted DNS name are set.
    SetWeights {
        /// The name, as in the plan.
        name: String,
        /// The weight of each side's record set.
        weights: Sides<u8>,
    },
    /// The time to live of a weighted DNS name is set.
    SetTtl {
        /// The name, as in the plan.
        name: String,
        /// Seconds.
        ttl: u32,
    },
    /// The weights of a weighted DNS name are set, whatever is there: the emergency, which has no precondition.
    EmergencyWeights {
        /// The name, as in the plan.
        name: String,
        /// The weight of each side's record set.
        weights: Sides<u8>,
    },
    /// The desired capacity and minimum of all Auto Scaling groups of a role on a side are set.
    SetCapacity {
        /// The role.
        role: String,
        /// The side of the groups.
        side: Side,
        /// Desired instances, of all groups together; divided equally.
        desired: u32,
    },
    /// All instances of a role on a side are stopped or started, in batches.
    Power {
        /// The role.
        role: String,
        /// The side of the instances.
        side: Side,
        /// Started; else stopped.
        on: bool,
        /// Requests in flight at once.
        width: u16,
        /// With more failed requests than this, no further batch is sent.
        max_failed: u16,
    },
    /// Processes of a role's Auto Scaling groups on a side are suspended or resumed.
    Processes {
        /// The role.
        role: String,
        /// The side of the groups.
        side: Side,
        /// Their names in Auto Scaling.
        processes: Vec<String>,
        /// Suspended; else resumed.
        suspend: bool,
    },
    /// The running instances of a role on a side are registered in its target groups, or deregistered, in batches.
    Targets {
        /// The role.
        role: String,
        /// The side of the instances.
        side: Side,
        /// Registered; else deregistered.
        on: bool,
        /// Requests in flight at once.
        width: u16,
        /// With more failed requests than this, no further batch is sent.
        max_failed: u16,
    },
    /// A person or Terraform builds the missing instances of a role on a side; what is missing, and how to build it, is shown and never
    /// sent.
    Build {
        /// The role.
        role: String,
        /// The side.
        side: Side,
    },
    /// A consumer group's offsets are set on the other cluster to its present position.
    CommitOffsets {
        /// The pair of clusters.
        pair: String,
        /// The group.
        group: String,
        /// The side on which they are set.
        to: Side,
    },
}

impl Action {
    /// The thing that it changes: its labels and their values, the last of which distinguishes it from others of its kind. Empty for a
    /// manual action, whose thing is not known.
    #[must_use]
    pub fn about(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Manual { .. } => Vec::new(),
            Self::MovePrimary { set, .. }
            | Self::AddMembers { set }
            | Self::Unhide { set, .. }
            | Self::SetVotes { set, .. }
            | Self::SetPriorities { set, .. }
            | Self::Freeze { set, .. }
            | Self::RemoveMembers { set, .. } => vec![("set", set)],
            Self::SetWeights { name, .. } | Self::SetTtl { name, .. } | Self::EmergencyWeights { name, .. } => {
                vec![("name", name)]
            }
            Self::SetCapacity { role, .. }
            | Self::Power { role, .. }
            | Self::Processes { role, .. }
            | Self::Targets { role, .. }
            | Self::Build { role, .. } => vec![("role", role)],
            Self::CommitOffsets { pair, group, .. } => vec![("pair", pair), ("group", group)],
        }
    }

    /// Whether it names the thing that a series with these labels is of.
    pub fn is_about<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        let about = self.about();
        !about.is_empty() && about.into_iter().all(|(name, value)| label(name) == Some(value))
    }

    /// The least number of approvals that this action requires.
    #[must_use]
    pub const fn approvals(&self) -> u8 {
        matches!(self, Self::SetVotes { split_for: Some(_), .. }) as u8
    }

    /// Whether users come to the target because of it.
    #[must_use]
    pub const fn brings_users(&self) -> bool {
        matches!(self, Self::SetWeights { weights, .. } if weights.target > 0)
    }

    /// What a person does outside the program, for an action of which nothing is ever sent.
    #[must_use]
    pub fn by_hand(&self) -> Option<String> {
        match self {
            Self::Manual { what } => Some(what.clone()),
            Self::Build { role, side } => Some(format!(
                "build what is missing of {role} on the {side}, with Terraform or manually: the preview shows what is missing, and the commands"
            )),
            _ => None,
        }
    }
}
