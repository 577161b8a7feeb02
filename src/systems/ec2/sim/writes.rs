//! How the simulated regions carry out requests, and what a read returns afterwards.

use std::time::Duration;

use super::{
    super::{
        facts::{InstanceState, Name},
        judge,
        ops::{Call, Place, Version},
        state::State,
    },
    Sim,
};
use crate::{Simulated, ec2::FaultInjection, planner::SimulateWrites};
use base::{
    now::Now,
    operation::{SendOutcome, Verified},
    side::Side,
};
use plan::Action;

impl SimulateWrites for State {
    type Injection = FaultInjection;

    fn write(sim: &mut Sim, tag: &str, call: &Call, _: Option<&Version>, now: Now) -> SendOutcome<Version> {
        Self::advance(sim, now);
        let at = sim.since(now);
        let done = match call {
            Call::Capacity { side, group, desired, min } => sim.update(*side, group, *desired, *min),
            Call::Power { side, on, instances } => sim.power(*side, *on, instances, at),
            Call::Processes { side, group, processes, suspend } => sim.switch(*side, group, processes, *suspend),
            Call::Targets { side, group, on, targets } => sim.register(*side, group, *on, targets, at),
            Call::InService { .. } | Call::Traffic { .. } => Err("a wait is not sent".to_owned()),
        };
        match done {
            Err(detail) => SendOutcome::refused(detail),
            Ok(()) => {
                sim.log.push(tag.to_owned());
                Self::advance(sim, now);
                SendOutcome::accepted("200 OK")
            }
        }
    }

    fn verify(sim: &mut Sim, _: &str, call: &Call, precondition: Option<&Version>, now: Now) -> Verified<Version> {
        Self::advance(sim, now);
        let at = sim.since(now);
        let asg = |side: Side, name: &str| sim.groups.get(side).iter().find(|g| *g.name == *name);
        match call {
            Call::Capacity { side, group, desired, min } => {
                judge::capacity(group, asg(*side, group).map(|g| (g.desired, g.min)), (*desired, *min), precondition)
            }
            Call::InService { side, role, least } => {
                let of = |h: &&super::Host| h.of_role(&sim.plan, role);
                let serving = sim.hosts.get(*side).iter().filter(of).filter(|h| h.in_service(at)).count();
                judge::in_service(u32::try_from(serving).unwrap_or(u32::MAX), *least)
            }
            Call::Power { side, on, instances } => {
                let hosts = sim.hosts.get(*side);
                judge::power(*on, instances, |id| {
                    hosts.iter().find(|h| *h.instance.id == *id).and_then(|h| h.state(at))
                })
            }
            Call::Processes { side, group, processes, suspend } => {
                judge::processes(group, asg(*side, group).map(|g| &*g.suspended), processes, *suspend)
            }
            Call::Targets { side, group, on, targets } => {
                judge::targets(group, Some(&sim.targets(*side, group, at)), targets, *on)
            }
            Call::Traffic { side, group, on, targets } => {
                judge::traffic(group, Some(&sim.targets(*side, group, at)), targets, *on)
            }
        }
    }

    fn log(sim: &Sim) -> &[String] {
        &sim.log
    }

    /// An external change: a group is set to another size, an instance is terminated, suspended processes are resumed.
    fn external_change(sim: &mut Sim, action: &Action, now: Now) {
        Self::advance(sim, now);
        let at = sim.since(now);
        let plan = sim.plan.clone();
        match action {
            Action::SetCapacity { role, side, desired } => {
                let names =
                    plan.fleet.iter().filter(|r| r.name == *role).flat_map(|r| r.auto_scaling_groups.get(*side));
                let first = names.into_iter().next();
                if let Some(group) =
                    sim.groups.get_mut(*side).iter_mut().find(|g| Some(&*g.name) == first.map(String::as_str))
                {
                    let other = |n: &u32| *n != group.desired && *n != *desired;
                    group.desired = (1..).map(|less| group.max.saturating_sub(less)).find(other).unwrap_or(0);
                    group.min = group.min.min(group.desired);
                    group.checks_elb = true;
                }
            }
            Action::Processes { role, side, processes, suspend } => {
                let names =
                    plan.fleet.iter().filter(|r| r.name == *role).flat_map(|r| r.auto_scaling_groups.get(*side));
                if let (Some(group), Some(first)) = (names.into_iter().next(), processes.first()) {
                    // What does not exist cannot be switched.
                    let _ = sim.switch(*side, group, std::slice::from_ref(first), !suspend);
                }
            }
            Action::Power { role, side, .. } | Action::Targets { role, side, .. } => {
                let of = |h: &&mut super::Host| h.of_role(&plan, role) && h.state(at).is_some();
                if let Some(host) = sim.hosts.get_mut(*side).iter_mut().find(of) {
                    host.leaves = Some(Duration::ZERO);
                }
            }
            _ => {}
        }
        Self::advance(sim, now);
    }

    fn inject(sim: &mut Sim, what: &FaultInjection, now: Now) -> Result<(), String> {
        Self::advance(sim, now);
        sim.inject(what)?;
        Self::advance(sim, now);
        Ok(())
    }
}

impl Sim {
    fn update(&mut self, side: Side, name: &str, desired: u32, min: u32) -> Result<(), String> {
        let Some(group) = self.groups.get_mut(side).iter_mut().find(|g| *g.name == *name) else {
            return Err(format!("ValidationError: AutoScalingGroup name not found - {name}"));
        };
        if desired > group.max || desired < min {
            return Err(format!(
                "ValidationError: Desired capacity:{desired} must be between the specified min size:{min} and max size:{}",
                group.max
            ));
        }
        (group.desired, group.min, group.checks_elb) = (desired, min, true);
        Ok(())
    }

    /// All of a request's instances or none: EC2 checks each before it changes any.
    fn power(&mut self, side: Side, on: bool, ids: &[String], at: Duration) -> Result<(), String> {
        let hosts = self.hosts.get_mut(side);
        for id in ids {
            let state = hosts.iter().find(|h| *h.instance.id == **id).and_then(|h| h.state(at));
            match (state, on) {
                (None, _) => return Err(format!("InvalidInstanceID.NotFound: The instance ID '{id}' does not exist")),
                (Some(InstanceState::ShuttingDown), _)
                | (Some(InstanceState::Stopping), true)
                | (Some(InstanceState::Pending), false) => {
                    return Err(format!(
                        "IncorrectInstanceState: The instance '{id}' is not in a state from which it can be changed"
                    ));
                }
                _ => {}
            }
        }
        for host in hosts.iter_mut().filter(|h| ids.iter().any(|id| **id == *h.instance.id)) {
            match (host.stopped, on) {
                (Some(_), true) => (host.stopped, host.launched, host.booted) = (None, Some(at), false),
                (None, false) => host.stopped = Some(at),
                _ => {}
            }
        }
        Ok(())
    }

    fn switch(&mut self, side: Side, name: &str, processes: &[String], suspend: bool) -> Result<(), String> {
        let Some(group) = self.groups.get_mut(side).iter_mut().find(|g| *g.name == *name) else {
            return Err(format!("ValidationError: AutoScalingGroup name not found - {name}"));
        };
        group.suspended.retain(|s| processes.iter().all(|p| **p != **s));
        if suspend {
            group.suspended.extend(processes.iter().map(|p| Name::from(p.as_str())));
        }
        Ok(())
    }

    /// All of a request's targets or none; a target that is not registered may still be deregistered.
    fn register(&mut self, side: Side, group: &str, on: bool, targets: &[Place], at: Duration) -> Result<(), String> {
        let name = Name::from(group);
        let hosts = self.hosts.get_mut(side);
        let runs =
            |id: &str| hosts.iter().any(|h| *h.instance.id == *id && h.state(at) == Some(InstanceState::Running));
        if let Some(place) = targets.iter().find(|p| on && !runs(&p.id)) {
            return Err(format!(
                "InvalidTarget: the following targets are not in a running state and cannot be registered: '{}'",
                place.id
            ));
        }
        for host in hosts.iter_mut().filter(|h| targets.iter().any(|p| *p.id == *h.instance.id)) {
            host.order(&name, on, at);
        }
        Ok(())
    }
}
