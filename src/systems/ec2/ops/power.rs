//! A role's instances, stopped or started in batches.

use super::{Call, Draft, Drafted, Op, Version};
use crate::{
    ec2::{
        facts::{Instance, InstanceState, Name},
        state::State,
    },
    planner::{SIGNED, known, quoted},
};
use base::{
    now::Now,
    observed::{Fault, FaultKind, Observed},
    operation::{Change, Operation, Precondition},
    side::Side,
    step::{Kind, Limits},
    view::counted,
};
use plan::Action;

/// Instances in one request. EC2 accepts more; but a person can still check fifty that failed or are indeterminate.
const BATCH: usize = 50;
/// Limits of an inverse: a few requests at a time, and no more after one has failed.
const BACK: Limits = Limits { width: 4, max_failed: 0, max_unknown: 0 };

/// Whether an instance is in a state, or in transition to it.
const fn is(state: InstanceState, on: bool) -> bool {
    match state {
        InstanceState::Pending | InstanceState::Running => on,
        InstanceState::Stopping | InstanceState::Stopped => !on,
        InstanceState::ShuttingDown => false,
    }
}

impl State {
    /// The instances of a role that exist; those being terminated do not count.
    pub(super) fn of_role(&self, role: &str, side: Side, now: Now) -> Observed<Vec<&Instance>> {
        let index = match self.role(role) {
            Ok((index, _)) => index,
            Err(fault) => return Observed::Unknown(fault),
        };
        let there = move |i: &&Instance| {
            i.roles.iter().any(|r| usize::from(*r) == index) && i.state != InstanceState::ShuttingDown
        };
        self.sites.get(side).instances.at(now).map(|rows| rows.iter().filter(there).collect())
    }

    /// Whether all instances of a role run, or none does. Without any instance there is no result.
    pub(super) fn powered(&self, role: &str, side: Side, on: bool, now: Now) -> Observed<bool> {
        self.of_role(role, side, now).and_then(|rows| {
            if rows.is_empty() {
                return Err(none(role, side));
            }
            let settled = if on { InstanceState::Running } else { InstanceState::Stopped };
            Ok(rows.iter().all(|i| i.state == settled))
        })
    }

    pub(super) fn power(&self, role: &str, side: Side, on: bool, limits: Limits, now: Now) -> Drafted {
        let what = format!("instances of {role} on the {side}");
        let rows = known(self.of_role(role, side, now), &what).map_err(|f| vec![f])?;
        if rows.is_empty() {
            return Err(vec![none(role, side)]);
        }
        let others: Vec<Name> = rows.iter().filter(|i| !is(i.state, on)).map(|i| i.id.clone()).collect();
        let mut draft = self.batches(side, on, &others, limits, now)?;
        if draft.ops.is_empty() {
            return Ok(draft);
        }
        draft.diff.push(Change {
            thing: format!("{role} on the {side}"),
            from: format!("{} of {} {}", others.len(), rows.len(), word(!on)),
            to: format!("all {} {}", rows.len(), word(on)),
        });
        self.shared(role, side, on, &rows, &others, &mut draft);
        if !on {
            let groups = self.role(role).map_or(&[][..], |(_, r)| r.auto_scaling_groups.get(side).as_slice());
            if !groups.is_empty() {
                draft.notes.push(format!(
                    "{}: an Auto Scaling group replaces instances that are stopped; this step does not suspend its HealthCheck or ReplaceUnhealthy",
                    groups.join(", ")
                ));
            }
            draft
                .notes
                .push("instance store data is lost, and public addresses that are not elastic change".to_owned());
        }
        Ok(draft)
    }

    /// The other roles of these instances: tags and filters of two roles may select the same instances, and stopping one role stops them
    /// for both. If the other role is wanted there, and no step of the plan stops it, this is a fault.
    fn shared(
        &self,
        role: &str,
        side: Side,
        on: bool,
        rows: &[&Instance],
        ids: &[Name],
        draft: &mut Draft<Call, Version>,
    ) {
        for (index, other) in self.plan.fleet.iter().enumerate().filter(|(_, other)| other.name != *role) {
            let of_it = |i: &&&Instance| ids.contains(&i.id) && i.roles.iter().any(|r| usize::from(*r) == index);
            let n = rows.iter().filter(of_it).count();
            if n == 0 {
                continue;
            }
            let text = format!("{n} of these are also of {}", other.name);
            let wanted = *other.wanted.get(side);
            let planned = self.plan.runbook.phases.iter().flat_map(|phase| &phase.steps).any(|step| {
                matches!(&step.action, Action::Power { role, side: at, on: false, .. } if *role == other.name && *at == side)
            });
            if !on && wanted > 0 && !planned {
                draft.broken.push(format!(
                    "{text}, of which {wanted} are wanted on the {side}, and no step of the plan stops it"
                ));
            } else {
                draft.notes.push(text);
            }
        }
    }

    /// Starts what was stopped, or the reverse; instances that do not exist any more are reported.
    pub(super) fn power_back(&self, ops: &[Op], side: Side, on: bool, now: Now) -> Drafted {
        let what = format!("instances on the {side}");
        let rows = known(self.sites.get(side).instances.at(now), &what).map_err(|f| vec![f])?;
        let ids: Vec<&String> = ops
            .iter()
            .filter_map(|op| if let Call::Power { instances, .. } = &op.call { Some(instances) } else { None })
            .flatten()
            .collect();
        let row = |id: &str| rows.iter().find(|i| *i.id == *id && i.state != InstanceState::ShuttingDown);
        let gone: Vec<&str> = ids.iter().filter(|id| row(id).is_none()).map(|id| id.as_str()).collect();
        if !ids.is_empty() && gone.len() == ids.len() {
            let text = format!("none of the {} instances exists any more", ids.len());
            return Err(vec![Fault::new(FaultKind::NotFound, text)]);
        }
        let others: Vec<Name> =
            ids.iter().filter_map(|id| row(id)).filter(|i| !is(i.state, on)).map(|i| i.id.clone()).collect();
        let mut draft = self.batches(side, on, &others, BACK, now)?;
        if !gone.is_empty() {
            draft.notes.push(format!("no longer there, {}: {}", counted(gone.len(), "instance"), gone.join(", ")));
        }
        Ok(draft)
    }

    fn batches(&self, side: Side, on: bool, ids: &[Name], limits: Limits, now: Now) -> Drafted {
        let what = format!("instances on the {side}");
        let rows = known(self.sites.get(side).instances.at(now), &what).map_err(|f| vec![f])?;
        // EC2 starts only stopped instances and stops only running ones (IncorrectInstanceState).
        let between = |i: &&Instance| matches!(i.state, InstanceState::Pending | InstanceState::Stopping);
        let early: Vec<&str> = rows.iter().filter(between).filter(|i| ids.contains(&i.id)).map(|i| &*i.id).collect();
        if !early.is_empty() {
            let doing = if on { "stopping" } else { "starting" };
            let text = format!("still {doing}, {}: {}", counted(early.len(), "instance"), early.join(", "));
            return Err(vec![Fault::new(FaultKind::Unsupported, text)]);
        }
        let mut draft: Draft<Call, Version> = Draft { limits, ..Draft::nothing() };
        for batch in ids.chunks(BATCH) {
            draft.ops.push(self.batch(side, on, batch));
            draft.inverse.push(self.batch(side, !on, batch));
        }
        Ok(draft)
    }

    fn batch(&self, side: Side, on: bool, ids: &[Name]) -> Op {
        let instances: Vec<String> = ids.iter().map(|id| id.to_string()).collect();
        let (verb, call) = if on { ("start", "start-instances") } else { ("stop", "stop-instances") };
        Operation {
            what: match instances.as_slice() {
                [one] => format!("{verb} {one}"),
                [first, .., last] => format!("{verb} {} instances, {first} to {last}", instances.len()),
                [] => format!("{verb} nothing"),
            },
            command: format!(
                "aws ec2 {call} {} --instance-ids {}",
                self.flags(side),
                instances.iter().map(|id| quoted(id)).collect::<Vec<_>>().join(" ")
            ),
            call: Call::Power { side, on, instances },
            kind: Kind::Absolute,
            cleanup: false,
            precondition: Precondition::None,
            quarantine: SIGNED,
        }
    }
}

fn none(role: &str, side: Side) -> Fault {
    Fault::new(FaultKind::Empty, format!("no instance of {role} on the {side}"))
}

const fn word(on: bool) -> &'static str {
    if on { "running" } else { "stopped" }
}
