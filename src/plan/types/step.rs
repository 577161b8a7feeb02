//! The runbook: phases of steps, what each needs, does, and takes to be done.

use std::{collections::HashSet, time::Duration};

use serde::Serialize;

use super::Condition;
use base::side::{Side, Sides};

/// Phases and what holds for all of them.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Runbook {
    /// In order. Empty in a plan that only watches.
    pub phases: Vec<PhasePlan>,
    /// What must be true while the run goes on; not green: no step may begin.
    pub invariants: Vec<Named>,
    /// What makes the screen say ROLL BACK when it is true, and stops what goes forward. It proposes the way back; a person decides.
    pub aborts: Vec<Named>,
    /// Whose approvals count.
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

    /// The ids of all signals that its gates judge, those that say whether there is traffic at all included.
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
    /// Unique in its kind.
    pub id: String,
    /// What it means, for the screen.
    pub title: String,
    /// The condition.
    pub when: Condition,
}

/// Somebody whose approval counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approver {
    /// Who: one person, whatever keys they have.
    pub name: String,
    /// An ssh public key, as in `authorized_keys`. None: approvals by that name cannot be checked, and the screen says so.
    pub key: Option<String>,
}

/// One phase.
#[derive(Debug, Clone, Serialize)]
pub struct PhasePlan {
    /// Unique.
    pub id: String,
    /// For people.
    pub title: String,
    /// In order.
    pub steps: Vec<StepPlan>,
}

/// One step.
#[derive(Debug, Clone, Serialize)]
pub struct StepPlan {
    /// Unique in the plan.
    pub id: String,
    /// For people.
    pub title: String,
    /// Steps that have to be done first, by id. Where a plan says nothing: the step before it; the first of a phase needs the last of the
    /// phase before.
    pub needs: Vec<String>,
    /// What has to be green before it begins and at the moment it is sent.
    pub gates: Condition,
    /// What it does.
    pub action: Action,
    /// How it is confirmed.
    pub confirm: Confirm,
    /// How many different people have to approve its preview.
    pub approvals: u8,
    /// How long each of its requests may take until nobody knows what has become of it.
    pub timeout: Duration,
    /// How long has to pass once all is applied, at the least; the action may ask for more (a TTL).
    pub settle: Duration,
    /// What has to be green once it has settled; red is failed.
    pub verify: Condition,
    /// How long that may take until it is looked at again whether it is still there.
    pub verify_within: Duration,
    /// How long it then has to stay green.
    pub bake: Duration,
    /// What has to be green before it is taken back: data safety, nothing more.
    pub rollback_gates: Condition,
    /// There is no way back: a point of no return.
    pub irreversible: bool,
}

/// How a step is confirmed: in proportion to the damage it can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirm {
    /// Enter.
    Enter,
    /// Its target's name is typed.
    Name,
    /// Its target's name is typed, then seconds are counted down; any key calls it off.
    Countdown,
}

/// What a step does. A goal, not a command: what has to be sent for it follows from what is observed when it is previewed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Something a person does outside the program, and says so.
    Manual {
        /// What to do.
        what: String,
    },
    /// A replica set's primary is moved to a member of this side.
    MovePrimary {
        /// The set's name.
        set: String,
        /// Where to.
        to: Side,
    },
    /// Hosts that wait outside become target members of a set: hidden, without votes, with priority 0.
    AddMembers {
        /// The set's name.
        set: String,
    },
    /// A side's hidden members are offered to readers.
    Unhide {
        /// The set's name.
        set: String,
        /// Which side's.
        side: Side,
    },
    /// So many members of each side vote; one vote a reconfig.
    SetVotes {
        /// The set's name.
        set: String,
        /// How many.
        votes: Sides<u8>,
        /// For how long the primary's own site may be without a majority, together with a third site: a named exception. None: never.
        split_for: Option<Duration>,
    },
    /// The priority of all of a side's voting members.
    SetPriorities {
        /// The set's name.
        set: String,
        /// Which priority.
        priorities: Sides<u16>,
    },
    /// A side's members, but for the primary, do not stand for election for a while.
    Freeze {
        /// The set's name.
        set: String,
        /// Which side's.
        side: Side,
        /// For how many seconds; zero: they may stand again.
        secs: u32,
    },
    /// All of a side's members leave the set, their votes first.
    RemoveMembers {
        /// The set's name.
        set: String,
        /// Which side's.
        side: Side,
    },
    /// A weighted DNS name's weights are set.
    SetWeights {
        /// The name, as the plan has it.
        name: String,
        /// The weight of each side's record set.
        weights: Sides<u8>,
    },
    /// A weighted DNS name's time to live is set.
    SetTtl {
        /// The name, as the plan has it.
        name: String,
        /// Seconds.
        ttl: u32,
    },
    /// A weighted DNS name's weights are set whatever is there: the emergency, which compares with nothing.
    EmergencyWeights {
        /// The name, as the plan has it.
        name: String,
        /// The weight of each side's record set.
        weights: Sides<u8>,
    },
    /// An Auto Scaling group's desired capacity and minimum are set, for all groups of a role on a side.
    SetCapacity {
        /// The role.
        role: String,
        /// Which side's groups.
        side: Side,
        /// Instances wanted, of all groups together; shared out evenly.
        desired: u32,
    },
    /// All instances of a role on a side are stopped or started, in batches.
    Power {
        /// The role.
        role: String,
        /// Which side's instances.
        side: Side,
        /// Started; else stopped.
        on: bool,
        /// Requests in flight at once.
        width: u16,
        /// More failed ones than this, and no further batch is sent.
        max_failed: u16,
    },
    /// Processes of a role's Auto Scaling groups on a side are suspended or resumed.
    Processes {
        /// The role.
        role: String,
        /// Which side's groups.
        side: Side,
        /// Auto Scaling's names of them.
        processes: Vec<String>,
        /// Suspended; else resumed.
        suspend: bool,
    },
    /// The running instances of a role on a side are registered in its target groups, or deregistered, in batches.
    Targets {
        /// The role.
        role: String,
        /// Which side's instances.
        side: Side,
        /// Registered; else deregistered.
        on: bool,
        /// Requests in flight at once.
        width: u16,
        /// More failed ones than this, and no further batch is sent.
        max_failed: u16,
    },
    /// What is missing of a role on a side is built by a person or by Terraform; what is missing, and how, is shown and never sent.
    Build {
        /// The role.
        role: String,
        /// Which side.
        side: Side,
    },
    /// A consumer group's offsets are set on the other cluster to where it stands.
    CommitOffsets {
        /// The pair of clusters.
        pair: String,
        /// The group.
        group: String,
        /// On which side they are set.
        to: Side,
    },
}

impl Action {
    /// The replica set that it is about.
    #[must_use]
    pub fn set(&self) -> Option<&str> {
        match self {
            Self::MovePrimary { set, .. }
            | Self::AddMembers { set }
            | Self::Unhide { set, .. }
            | Self::SetVotes { set, .. }
            | Self::SetPriorities { set, .. }
            | Self::Freeze { set, .. }
            | Self::RemoveMembers { set, .. } => Some(set),
            _ => None,
        }
    }

    /// How many people have to approve it at the least, for what it is.
    #[must_use]
    pub const fn approvals(&self) -> u8 {
        matches!(self, Self::SetVotes { split_for: Some(_), .. }) as u8
    }

    /// What is typed to confirm it: the name of what it changes.
    #[must_use]
    pub fn target(&self) -> &str {
        if let Some(set) = self.set() {
            return set;
        }
        match self {
            Self::SetWeights { name, .. } | Self::SetTtl { name, .. } | Self::EmergencyWeights { name, .. } => name,
            Self::SetCapacity { role, .. }
            | Self::Power { role, .. }
            | Self::Processes { role, .. }
            | Self::Targets { role, .. } => role,
            Self::CommitOffsets { group, .. } => group,
            _ => "done",
        }
    }

    /// What a person does outside the program, where nothing of it is ever sent.
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
