//! What may be changed: the capacity of a role's Auto Scaling groups, and whether a role's instances run.
//!
//! EC2 and Auto Scaling have nothing to compare with: every value that is sent is absolute, so that a second copy of a request changes
//! nothing, and a look tells our value, the one before, and anybody else's apart. MinSize goes along with the desired capacity, because
//! a scaling policy takes instances away when the traffic leaves. MaxSize is never changed.

mod power;
#[cfg(test)]
pub(super) mod tests;

use serde::{Deserialize, Serialize};

use super::{
    facts::{Group, Name},
    site::Site,
    state::State,
};
use crate::{
    core::{
        estate::seen::{Fault, FaultKind, Seen},
        now::Now,
        step::{Kind, Limits},
    },
    plan::{Action, Role, Side},
    systems::steer::{self, Change, Draft, Handle, Operation, SIGNED, Steered, known, quoted},
};

/// A request or a wait.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// One UpdateAutoScalingGroup.
    Capacity {
        /// Which region.
        side: Side,
        /// The group's name.
        group: String,
        /// Instances wanted.
        desired: u32,
        /// Never fewer than this.
        min: u32,
    },
    /// Until so many instances of a role serve.
    InService {
        /// Which region.
        side: Side,
        /// The role.
        role: String,
        /// At least this many.
        least: u32,
    },
    /// One StartInstances or StopInstances.
    Power {
        /// Which region.
        side: Side,
        /// Started; else stopped.
        on: bool,
        /// Instance ids, 50 at the most.
        instances: Vec<String>,
    },
}

/// What was observed before a call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A group's capacity.
    Capacity {
        /// Instances wanted.
        desired: u32,
        /// Never fewer than this.
        min: u32,
    },
}

type Op = Operation<Call, Mark>;
type Drafted = steer::Drafted<Call, Mark>;

/// A group, as it is to be.
struct Goal {
    group: String,
    desired: u32,
    min: u32,
}

impl Steered for State {
    type Call = Call;
    type Mark = Mark;

    fn draft(&self, action: &Action, now: Now) -> Option<Drafted> {
        match action {
            Action::SetCapacity { role, side, desired } => Some(self.capacity(role, *side, *desired, now)),
            Action::Power { role, side, on, width, max_failed } => {
                let limits = Limits { width: (*width).max(1), max_failed: *max_failed, max_unknown: 0 };
                Some(self.power(role, *side, *on, limits, now))
            }
            _ => None,
        }
    }

    fn back(&self, ops: &[Op], now: Now) -> Drafted {
        match ops.first().map(|op| &op.call) {
            None => Ok(Draft::nothing()),
            Some(Call::Power { side, on, .. }) => self.power_back(ops, *side, *on, now),
            Some(Call::Capacity { side, .. } | Call::InService { side, .. }) => self.capacity_back(ops, *side, now),
        }
    }

    fn met(&self, action: &Action, now: Now) -> Option<Seen<bool>> {
        match action {
            Action::SetCapacity { role, side, desired } => Some(match self.role(role) {
                Err(fault) => Seen::Blind(fault),
                Ok((index, plan)) => {
                    let site = self.sites.get(*side);
                    let goals = shared(plan, *side, *desired);
                    let set = site.groups.at(now).and_then(|groups| {
                        let mut all = !goals.is_empty();
                        for goal in &goals {
                            let group = find(groups, &goal.group, self.region(*side))?;
                            all &= (group.desired, group.min) == (goal.desired, goal.min);
                        }
                        Ok(all)
                    });
                    set.zip(site.in_service(index, now)).map(|(set, n)| set && n >= *desired)
                }
            }),
            Action::Power { role, side, on, .. } => Some(self.powered(role, *side, *on, now)),
            _ => None,
        }
    }
}

fn find<'a>(groups: &'a [Group], name: &str, region: &str) -> Result<&'a Group, Fault> {
    let text = || format!("{region} has no Auto Scaling group {name}");
    groups.iter().find(|g| *g.name == *name).ok_or_else(|| Fault::new(FaultKind::NotFound, text()))
}

/// What each of a role's groups is to have: shares as equal as can be, the first groups one more where it does not divide.
fn shared(role: &Role, side: Side, desired: u32) -> Vec<Goal> {
    let groups = role.auto_scaling_groups.get(side);
    let n = u32::try_from(groups.len()).unwrap_or(u32::MAX).max(1);
    let share = |i: u32| desired / n + u32::from(i < desired % n);
    (0..).zip(groups).map(|(i, group)| Goal { group: group.clone(), desired: share(i), min: share(i) }).collect()
}

impl State {
    pub(super) fn region(&self, side: Side) -> &str {
        &self.plan.sites.get(side).region
    }

    fn role(&self, name: &str) -> Result<(usize, &Role), Fault> {
        let at = self.plan.fleet.iter().enumerate().find(|(_, r)| r.name == name);
        at.ok_or_else(|| Fault::new(FaultKind::NotFound, format!("the plan has no role {name}")))
    }

    fn capacity(&self, role: &str, side: Side, desired: u32, now: Now) -> Drafted {
        let (index, plan) = self.role(role).map_err(|f| vec![f])?;
        let goals = shared(plan, side, desired);
        if goals.is_empty() {
            let text = format!("the plan names no Auto Scaling group of {role} on the {side}");
            return Err(vec![Fault::new(FaultKind::Unsupported, text)]);
        }
        let mut draft = self.set(side, &goals, now)?;
        let site = self.sites.get(side);
        self.wait(&mut draft, (index, role), side, desired, now)?;
        if draft.ops.is_empty() {
            return Ok(draft);
        }
        draft.notes.extend(warnings(site, &goals, role, desired));
        if !draft.back.is_empty() {
            // Going back waits for what it brings back, and for nothing where it takes away.
            let before = site.groups.last().map_or(0, |(all, _)| {
                all.iter().filter(|g| goals.iter().any(|w| *w.group == *g.name)).map(|g| g.desired).sum()
            });
            draft.back.push(in_service(role, side, before));
        }
        Ok(draft)
    }

    /// A wait, where too few serve, or anything is changed.
    fn wait(
        &self,
        draft: &mut Draft<Call, Mark>,
        (index, role): (usize, &str),
        side: Side,
        least: u32,
        now: Now,
    ) -> Result<(), Vec<Fault>> {
        let serving = known(self.sites.get(side).in_service(index, now), &format!("{role} in service on the {side}"));
        let serving = serving.map_err(|f| vec![f])?;
        if !draft.ops.is_empty() || serving < least {
            draft.ops.push(in_service(role, side, least));
            draft.notes.push(format!("{serving} of {role} serve on the {side} now; then {least} have to"));
        }
        Ok(())
    }

    fn capacity_back(&self, ops: &[Op], side: Side, now: Now) -> Drafted {
        let goals: Vec<Goal> = ops
            .iter()
            .filter_map(|op| match &op.call {
                Call::Capacity { group, desired, min, .. } => {
                    Some(Goal { group: group.clone(), desired: *desired, min: *min })
                }
                _ => None,
            })
            .collect();
        let mut draft = self.set(side, &goals, now)?;
        if let Some(Call::InService { role, least, .. }) = ops.last().map(|op| &op.call) {
            let (index, _) = self.role(role).map_err(|f| vec![f])?;
            self.wait(&mut draft, (index, role), side, *least, now)?;
        }
        Ok(draft)
    }

    /// One operation for each group that is not as it is to be.
    fn set(&self, side: Side, goals: &[Goal], now: Now) -> Drafted {
        let what = format!("Auto Scaling groups in {}", self.region(side));
        let groups = known(self.sites.get(side).groups.at(now), &what).map_err(|f| vec![f])?;
        let (mut draft, mut faults) = (Draft::nothing(), Vec::new());
        for goal in goals {
            let group = match find(groups, &goal.group, self.region(side)) {
                Ok(group) if goal.desired > group.max => {
                    let text = format!("{}: {} wanted, its MaxSize is {}", goal.group, goal.desired, group.max);
                    faults.push(Fault::new(FaultKind::Unsupported, text));
                    continue;
                }
                Ok(group) => group,
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            if (group.desired, group.min) == (goal.desired, goal.min) {
                continue;
            }
            draft.ops.push(self.update(side, goal, (group.desired, group.min)));
            let prior = Goal { group: goal.group.clone(), desired: group.desired, min: group.min };
            draft.back.push(self.update(side, &prior, (goal.desired, goal.min)));
            let line = |desired: u32, min: u32| format!("desired {desired}, min {min}");
            draft.diff.push(Change {
                thing: goal.group.clone(),
                from: line(group.desired, group.min),
                to: line(goal.desired, goal.min),
            });
        }
        if faults.is_empty() { Ok(draft) } else { Err(faults) }
    }

    fn update(&self, side: Side, goal: &Goal, (desired, min): (u32, u32)) -> Op {
        let Goal { group, .. } = goal;
        Operation {
            what: format!("{group}: desired {desired} → {}, min {min} → {}", goal.desired, goal.min),
            call: Call::Capacity { side, group: group.clone(), desired: goal.desired, min: goal.min },
            kind: Kind::Absolute,
            tail: false,
            expect: Handle::Seen(Mark::Capacity { desired, min }),
            quarantine: SIGNED,
            command: format!(
                "aws autoscaling update-auto-scaling-group --region {} --auto-scaling-group-name {} --min-size {} --desired-capacity {}",
                quoted(self.region(side)),
                quoted(group),
                goal.min,
                goal.desired
            ),
        }
    }
}

fn in_service(role: &str, side: Side, least: u32) -> Op {
    Operation {
        what: format!("until {least} of {role} serve on the {side}"),
        call: Call::InService { side, role: role.to_owned(), least },
        kind: Kind::Wait,
        tail: false,
        expect: Handle::None,
        quarantine: SIGNED,
        command: String::new(),
    }
}

/// What the operator should know of a change of capacity.
fn warnings(site: &Site, goals: &[Goal], role: &str, desired: u32) -> Vec<String> {
    let mut out = Vec::new();
    let Some((groups, _)) = site.groups.last() else { return out };
    for goal in goals {
        let Some(group) = groups.iter().find(|g| *g.name == *goal.group) else { continue };
        let zones = group.zones.len();
        if (goal.desired as usize) < zones {
            out.push(format!("{}: {} instances for {zones} zones: some are empty", goal.group, goal.desired));
        }
        let running = |process: &&&str| !group.suspended.iter().any(|s: &Name| **s == ***process);
        let free: Vec<&str> = ["AlarmNotification", "ScheduledActions"].iter().filter(running).copied().collect();
        if !free.is_empty() {
            out.push(format!("{}: {} not suspended, so that a policy may change it again", goal.group, free.join(", ")));
        }
        if goal.desired > group.desired {
            let more = goal.desired - group.desired;
            out.push(format!("{}: {more} launches; a quota is no reservation, zones may have no capacity", goal.group));
        }
    }
    if desired == 0 {
        out.push(format!("no instance of {role} is left there"));
    }
    out
}
