//! Registers a role's instances in its target groups or deregisters them, in batches; then waits until all are healthy, or drained.

use indexmap::IndexMap;

use super::{Call, Draft, Drafted, Op, Place};
use crate::{
    ec2::{
        facts::{Instance, InstanceState, TargetGroup, TargetHealth, TargetKind},
        judge::registered,
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

/// Targets in one request: as many as a person can still check.
const BATCH: usize = 50;
/// Limits of an inverse.
const BACK: Limits = Limits { width: 4, max_failed: 0, max_unknown: 0 };

/// An instance as a target of a group.
fn place(group: &TargetGroup, instance: &Instance) -> Result<Place, Fault> {
    let id = if group.kind == TargetKind::Address { instance.address.as_deref() } else { Some(&*instance.id) };
    let text = || format!("{}: has targets by address, and {} has none", group.named, instance.id);
    let id = id.ok_or_else(|| Fault::new(FaultKind::Unsupported, text()))?;
    Ok(Place { id: id.to_owned(), port: None })
}

fn is_target(instance: &Instance, id: &str) -> bool {
    *instance.id == *id || instance.address.as_deref() == Some(id)
}

fn target_group<'a>(groups: &'a [TargetGroup], name: &str, region: &str) -> Result<&'a TargetGroup, Fault> {
    let text = || format!("{region} has no target group {name}");
    let found = groups.iter().find(|g| *g.named == *name && g.targets.is_some());
    let found = found.ok_or_else(|| Fault::new(FaultKind::NotFound, text()))?;
    match found.kind.no_instances() {
        None => Ok(found),
        Some(why) => Err(Fault::new(FaultKind::Unsupported, format!("{name} in {region} takes no instances: {why}"))),
    }
}

impl State {
    /// The running instances of a role and its target groups.
    fn traffic(&self, role: &str, side: Side, now: Now) -> Observed<(Vec<&Instance>, Vec<&TargetGroup>)> {
        let plan = match self.role(role) {
            Ok((_, plan)) => plan,
            Err(fault) => return Observed::Unknown(fault),
        };
        let rows = self
            .of_role(role, side, now)
            .map(|rows| rows.into_iter().filter(|i| i.state == InstanceState::Running).collect::<Vec<_>>());
        let groups = self.sites.get(side).targets.at(now).and_then(|groups| {
            let named = plan.target_groups.get(side).iter();
            named.map(|name| target_group(groups, name, self.region(side))).collect::<Result<Vec<_>, _>>()
        });
        rows.zip(groups)
    }

    /// Whether all running instances of a role are healthy in all its groups, or in none at all.
    pub(super) fn in_traffic(&self, role: &str, side: Side, on: bool, now: Now) -> Observed<bool> {
        self.traffic(role, side, now).and_then(|(rows, groups)| {
            if rows.is_empty() || groups.is_empty() {
                let text = format!("no running instance, or no target group, of {role} on the {side}");
                return Err(Fault::new(FaultKind::Empty, text));
            }
            let satisfied = |group: &TargetGroup, row: &Instance| {
                let mut own = group.targets.iter().flatten().filter(|t| is_target(row, &t.id)).peekable();
                if on {
                    own.peek().is_some() && own.all(|t| t.health == TargetHealth::Healthy)
                } else {
                    own.peek().is_none()
                }
            };
            Ok(groups.iter().all(|group| rows.iter().all(|row| satisfied(group, row))))
        })
    }

    pub(super) fn targets(&self, role: &str, side: Side, on: bool, limits: Limits, now: Now) -> Drafted {
        let what = format!("instances of {role} and its target groups on the {side}");
        let (rows, groups) = known(self.traffic(role, side, now), &what).map_err(|f| vec![f])?;
        if rows.is_empty() {
            return Err(vec![Fault::new(FaultKind::Empty, format!("no running instance of {role} on the {side}"))]);
        }
        if groups.is_empty() {
            let text = format!("the plan has no target group of {role} on the {side}");
            return Err(vec![Fault::new(FaultKind::Unsupported, text)]);
        }
        let mut goals = Vec::new();
        for group in groups {
            let there = group.targets.as_deref().unwrap_or_default();
            let places: Vec<Place> = if on {
                let all =
                    rows.iter().map(|row| place(group, row)).collect::<Result<Vec<_>, _>>().map_err(|f| vec![f])?;
                // A target registered with another port is registered.
                all.into_iter().filter(|place| !registered(there, place)).collect()
            } else {
                let own = there.iter().filter(|t| t.health != TargetHealth::Draining);
                let own = own.filter(|t| rows.iter().any(|row| is_target(row, &t.id)));
                own.map(|t| Place { id: t.id.to_string(), port: t.port }).collect()
            };
            goals.push((group, places));
        }
        let mut draft = self.move_targets(side, on, &goals, limits);
        if !on && !draft.ops.is_empty() {
            let scaled = self.role(role).map_or(&[][..], |(_, r)| r.auto_scaling_groups.get(side).as_slice());
            if !scaled.is_empty() {
                draft.notes.push(format!(
                    "{}: registers new instances, unless AddToLoadBalancer is suspended",
                    scaled.join(", ")
                ));
            }
        }
        Ok(draft)
    }

    /// Registers what was deregistered, or the reverse; instances that do not run any more are reported.
    pub(super) fn targets_back(&self, ops: &[Op], side: Side, on: bool, now: Now) -> Drafted {
        let what = format!("instances and target groups on the {side}");
        let site = self.sites.get(side);
        let both = site.instances.at(now).zip(site.targets.at(now));
        let (rows, groups) = known(both, &what).map_err(|f| vec![f])?;
        let mut wanted = IndexMap::<&str, Vec<&Place>>::new();
        for op in ops {
            if let Call::Targets { group, targets, .. } = &op.call {
                wanted.entry(group).or_default().extend(targets);
            }
        }
        let (mut goals, mut gone) = (Vec::new(), Vec::new());
        for (name, places) in wanted {
            let group = target_group(groups, name, self.region(side)).map_err(|f| vec![f])?;
            let there = group.targets.as_deref().unwrap_or_default();
            let runs = |p: &Place| rows.iter().any(|i| i.state == InstanceState::Running && is_target(i, &p.id));
            let mut own = Vec::new();
            for place in places {
                if on && !runs(place) {
                    gone.push(place.id.as_str());
                } else if registered(there, place) != on {
                    own.push(place.clone());
                }
            }
            goals.push((group, own));
        }
        let mut draft = self.move_targets(side, on, &goals, BACK);
        if !gone.is_empty() {
            draft.notes.push(format!("{} no longer run and are skipped: {}", gone.len(), gone.join(", ")));
        }
        Ok(draft)
    }

    /// Batches first, then a wait for each group.
    fn move_targets(
        &self,
        side: Side,
        on: bool,
        goals: &[(&TargetGroup, Vec<Place>)],
        limits: Limits,
    ) -> Draft<Call, super::Version> {
        let mut draft = Draft { limits, ..Draft::nothing() };
        for (group, places) in goals.iter().filter(|(_, places)| !places.is_empty()) {
            let there = group.targets.iter().flatten().filter(|t| t.health != TargetHealth::Draining).count();
            let after = if on { there + places.len() } else { there.saturating_sub(places.len()) };
            draft.diff.push(Change {
                thing: group.named.to_string(),
                from: counted(there, "target"),
                to: counted(after, "target"),
            });
            if after == 0 {
                draft.notes.push(format!("{}: no target is left: its load balancer answers 503", group.named));
            }
            for batch in places.chunks(BATCH) {
                draft.ops.push(self.targets_op(side, &group.named, on, batch));
                draft.inverse.push(self.targets_op(side, &group.named, !on, batch));
            }
        }
        for (group, places) in goals.iter().filter(|(_, places)| !places.is_empty()) {
            draft.ops.push(wait(side, &group.named, on, places));
            draft.inverse.push(wait(side, &group.named, !on, places));
        }
        if !on && !draft.ops.is_empty() {
            draft.notes.push(
                "open requests have the group's deregistration delay to finish, 300 s if nothing else is set"
                    .to_owned(),
            );
        }
        draft
    }

    fn targets_op(&self, side: Side, group: &str, on: bool, targets: &[Place]) -> Op {
        let verb = if on { "register" } else { "deregister" };
        let word = |p: &Place| {
            let id = format!("Id={}", p.id);
            quoted(&p.port.map_or_else(|| id.clone(), |port| format!("{id},Port={port}")))
        };
        let list: Vec<String> = targets.iter().map(word).collect();
        Operation {
            what: match targets {
                [one] => format!("{verb} {} in {group}", one.id),
                [first, .., last] => {
                    format!("{verb} {} targets in {group}, {} to {}", targets.len(), first.id, last.id)
                }
                [] => format!("{verb} nothing"),
            },
            call: Call::Targets { side, group: group.to_owned(), on, targets: targets.to_vec() },
            kind: Kind::Absolute,
            cleanup: false,
            precondition: Precondition::None,
            quarantine: SIGNED,
            command: format!(
                "aws elbv2 {verb}-targets {} --target-group-arn {} --targets {}",
                self.flags(side),
                arn(&self.flags(side), group),
                list.join(" ")
            ),
        }
    }
}

/// A group's ARN; where the plan has its name, a command that finds the ARN.
fn arn(flags: &str, group: &str) -> String {
    if group.starts_with("arn:") {
        return quoted(group);
    }
    let group = quoted(group);
    format!(
        "\"$(aws elbv2 describe-target-groups {flags} --names {group} --query 'TargetGroups[0].TargetGroupArn' --output text)\""
    )
}

fn wait(side: Side, group: &str, on: bool, targets: &[Place]) -> Op {
    let word = if on { "healthy in" } else { "drained from" };
    Operation {
        what: format!("until {} targets are {word} {group}", targets.len()),
        call: Call::Traffic { side, group: group.to_owned(), on, targets: targets.to_vec() },
        kind: Kind::Wait,
        cleanup: false,
        precondition: Precondition::None,
        quarantine: SIGNED,
        command: String::new(),
    }
}
