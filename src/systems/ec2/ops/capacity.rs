//! The capacity of a role's Auto Scaling groups.

use super::{Call, Draft, Drafted, Op, Version, find};
use crate::{
    ec2::{facts::Name, site::Site, state::State},
    planner::{SIGNED, known, quoted},
};
use base::{
    now::Now,
    observed::{Fault, FaultKind, Observed},
    operation::{Change, Operation, Precondition},
    side::Side,
    step::Kind,
    view::counted,
};
use plan::Role;

/// The desired state of a group.
struct Goal {
    group: String,
    desired: u32,
    min: u32,
}

/// The desired state of each of a role's groups: equal shares; the first groups get one more where the number does not divide.
fn shared(role: &Role, side: Side, desired: u32) -> Vec<Goal> {
    let groups = role.auto_scaling_groups.get(side);
    let n = u32::try_from(groups.len()).unwrap_or(u32::MAX).max(1);
    let share = |i: u32| desired / n + u32::from(i < desired % n);
    (0..).zip(groups).map(|(i, group)| Goal { group: group.clone(), desired: share(i), min: share(i) }).collect()
}

impl State {
    /// Whether a role's groups are set to this capacity, and as many instances serve.
    pub(super) fn has_capacity(&self, role: &str, side: Side, desired: u32, now: Now) -> Observed<bool> {
        let (index, plan) = match self.role(role) {
            Ok(found) => found,
            Err(fault) => return Observed::Unknown(fault),
        };
        let site = self.sites.get(side);
        let goals = shared(plan, side, desired);
        let set = site.groups.at(now).and_then(|groups| {
            let mut all = !goals.is_empty();
            for goal in &goals {
                let group = find(groups, &goal.group, self.region(side))?;
                all &= (group.desired, group.min) == (goal.desired, goal.min);
            }
            Ok(all)
        });
        set.zip(site.in_service(index, now)).map(|(set, n)| set && n >= desired)
    }

    pub(super) fn capacity(&self, role: &str, side: Side, desired: u32, now: Now) -> Drafted {
        let (index, plan) = self.role(role).map_err(|f| vec![f])?;
        let goals = shared(plan, side, desired);
        if goals.is_empty() {
            let text = format!("the plan has no Auto Scaling group of {role} on the {side}");
            return Err(vec![Fault::new(FaultKind::Unsupported, text)]);
        }
        let mut draft = self.set(side, &goals, now)?;
        let site = self.sites.get(side);
        let serving = self.wait(&mut draft, (index, role), side, desired, now)?;
        if draft.ops.is_empty() {
            return Ok(draft);
        }
        draft.notes.extend(warnings(site, &goals, role, desired));
        if !draft.inverse.is_empty() {
            // The rollback waits only for what it restores, which is at most the number that served; it waits for nothing where it removes
            // instances.
            let before = site.groups.last().map_or(0, |(all, _)| {
                all.iter().filter(|g| goals.iter().any(|w| *w.group == *g.name)).map(|g| g.desired).sum()
            });
            draft.inverse.push(in_service(role, side, serving.min(before)));
        }
        Ok(draft)
    }

    /// Adds a wait if too few serve or anything is changed; returns how many serve now.
    fn wait(
        &self,
        draft: &mut Draft<Call, Version>,
        (index, role): (usize, &str),
        side: Side,
        least: u32,
        now: Now,
    ) -> Result<u32, Vec<Fault>> {
        let serving = known(self.sites.get(side).in_service(index, now), &format!("{role} in service on the {side}"));
        let serving = serving.map_err(|f| vec![f])?;
        if !draft.ops.is_empty() || serving < least {
            draft.ops.push(in_service(role, side, least));
            draft.notes.push(format!("{serving} of {role} serve on the {side} now; then {least} have to"));
        }
        Ok(serving)
    }

    pub(super) fn capacity_back(&self, ops: &[Op], side: Side, now: Now) -> Drafted {
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

    /// One operation for each group that is not in the desired state.
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
            draft.inverse.push(self.update(side, &prior, (goal.desired, goal.min)));
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
            cleanup: false,
            precondition: Precondition::Observed(Version::Capacity { desired, min }),
            quarantine: SIGNED,
            command: format!(
                "aws autoscaling update-auto-scaling-group {} --auto-scaling-group-name {} --min-size {} --desired-capacity {}",
                self.flags(side),
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
        cleanup: false,
        precondition: Precondition::None,
        quarantine: SIGNED,
        command: String::new(),
    }
}

/// Warnings for the operator about a change of capacity.
fn warnings(site: &Site, goals: &[Goal], role: &str, desired: u32) -> Vec<String> {
    let mut out = Vec::new();
    let Some((groups, _)) = site.groups.last() else { return out };
    for goal in goals {
        let Some(group) = groups.iter().find(|g| *g.name == *goal.group) else { continue };
        let zones = group.zones.len();
        if (goal.desired as usize) < zones {
            out.push(format!(
                "{}: {} for {zones} zones: some are empty",
                goal.group,
                counted(goal.desired as usize, "instance")
            ));
        }
        let running = |process: &&&str| !group.suspended.iter().any(|s: &Name| **s == ***process);
        let free: Vec<&str> = ["AlarmNotification", "ScheduledActions"].iter().filter(running).copied().collect();
        if !free.is_empty() {
            out.push(format!(
                "{}: {} not suspended, so that a policy may change it again",
                goal.group,
                free.join(", ")
            ));
        }
        if goal.desired > group.desired {
            let more = goal.desired - group.desired;
            out.push(format!("{}: {more} launches; a quota is not a reservation, zones may lack capacity", goal.group));
        }
    }
    if desired == 0 {
        out.push(format!("no instance of {role} is left on that side"));
    }
    out
}
