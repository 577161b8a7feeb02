//! How the imitated regions take requests, and what reading them tells afterwards.

use std::time::Duration;

use super::{
    super::{
        facts::InstanceState,
        ops::{Call, Mark},
        state::State,
    },
    Sim,
};
use crate::{
    core::{
        now::Now,
        step::Truth,
    },
    plan::{Action, Side},
    systems::{
        Simulated,
        steer::{Looked, Obeys, Sent},
    },
};

impl Obeys for State {
    fn obey(sim: &mut Sim, tag: &str, call: &Call, _: Option<&Mark>, now: Now) -> Sent<Mark> {
        Self::advance(sim, now);
        let at = sim.since(now);
        let done = match call {
            Call::Capacity { side, group, desired, min } => sim.update(*side, group, *desired, *min),
            Call::Power { side, on, instances } => sim.power(*side, *on, instances, at),
            Call::InService { .. } => Err("a wait is not sent".to_owned()),
        };
        match done {
            Err(said) => Sent::refused(said),
            Ok(()) => {
                sim.log.push(tag.to_owned());
                Self::advance(sim, now);
                Sent::yes("200 OK")
            }
        }
    }

    /// Nothing at these servers carries a tag: values tell.
    fn look(sim: &mut Sim, _: &str, call: &Call, expect: Option<&Mark>, now: Now) -> Looked<Mark> {
        Self::advance(sim, now);
        let at = sim.since(now);
        let (truth, said) = match (call, expect) {
            (Call::Capacity { side, group, desired, min }, Some(Mark::Capacity { desired: was, min: least })) => {
                match sim.groups.get(*side).iter().find(|g| *g.name == **group) {
                    None => (Truth::Dark, format!("no Auto Scaling group {group}")),
                    Some(g) => {
                        let there = (g.desired, g.min);
                        let truth = match there {
                            _ if there == (*desired, *min) => Truth::Applied,
                            _ if there == (*was, *least) => Truth::NotApplied,
                            _ => Truth::Conflict,
                        };
                        (truth, format!("{group}: desired {}, min {}", g.desired, g.min))
                    }
                }
            }
            (Call::InService { side, role, least }, _) => {
                let of = |h: &&super::Host| sim.plan.fleet[usize::from(h.instance.role)].name == *role;
                let serving = sim.hosts.get(*side).iter().filter(of).filter(|h| h.in_service(at)).count();
                let truth = if serving >= *least as usize { Truth::Applied } else { Truth::NotApplied };
                (truth, format!("{serving} of {least} in service"))
            }
            (Call::Power { side, on, instances }, _) => sim.powered(*side, *on, instances, at),
            (Call::Capacity { .. }, None) => (Truth::Dark, "what was there before is not known".to_owned()),
        };
        Looked { truth, mark: None, said }
    }

    fn log(sim: &Sim) -> &[String] {
        &sim.log
    }

    /// Somebody sets a group to another size, or terminates an instance.
    fn stranger(sim: &mut Sim, action: &Action, now: Now) {
        Self::advance(sim, now);
        let at = sim.since(now);
        let plan = sim.plan.clone();
        match action {
            Action::SetCapacity { role, side, desired } => {
                let names = plan.fleet.iter().filter(|r| r.name == *role).flat_map(|r| r.auto_scaling_groups.get(*side));
                let first = names.into_iter().next();
                if let Some(group) = sim.groups.get_mut(*side).iter_mut().find(|g| Some(&*g.name) == first.map(String::as_str)) {
                    let other = |n: &u32| *n != group.desired && *n != *desired;
                    group.desired = (1..).map(|less| group.max.saturating_sub(less)).find(other).unwrap_or(0);
                    group.min = group.min.min(group.desired);
                    group.minds = true;
                }
            }
            Action::Power { role, side, .. } => {
                let of = |h: &&mut super::Host| plan.fleet[usize::from(h.instance.role)].name == *role && h.state(at).is_some();
                if let Some(host) = sim.hosts.get_mut(*side).iter_mut().find(of) {
                    host.leaves = Some(Duration::ZERO);
                }
            }
            _ => {}
        }
        Self::advance(sim, now);
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
        (group.desired, group.min, group.minds) = (desired, min, true);
        Ok(())
    }

    /// All of a request's instances or none: EC2 looks at each before it touches any.
    fn power(&mut self, side: Side, on: bool, ids: &[String], at: Duration) -> Result<(), String> {
        let hosts = self.hosts.get_mut(side);
        for id in ids {
            let state = hosts.iter().find(|h| *h.instance.id == **id).and_then(|h| h.state(at));
            match (state, on) {
                (None, _) => return Err(format!("InvalidInstanceID.NotFound: The instance ID '{id}' does not exist")),
                (Some(InstanceState::ShuttingDown), _)
                | (Some(InstanceState::Stopping), true)
                | (Some(InstanceState::Pending), false) => {
                    return Err(format!("IncorrectInstanceState: The instance '{id}' is not in a state from which it can be changed"));
                }
                _ => {}
            }
        }
        for host in hosts.iter_mut().filter(|h| ids.iter().any(|id| **id == *h.instance.id)) {
            match (host.stopped, on) {
                (Some(_), true) => (host.stopped, host.launched) = (None, Some(at)),
                (None, false) => host.stopped = Some(at),
                _ => {}
            }
        }
        Ok(())
    }

    fn powered(&self, side: Side, on: bool, ids: &[String], at: Duration) -> (Truth, String) {
        let hosts = self.hosts.get(side);
        let state = |id: &String| hosts.iter().find(|h| *h.instance.id == **id).and_then(|h| h.state(at));
        let (mut ours, mut before, mut gone) = (0, 0, 0);
        for id in ids {
            match state(id) {
                Some(InstanceState::Pending | InstanceState::Running) if on => ours += 1,
                Some(InstanceState::Stopping | InstanceState::Stopped) if !on => ours += 1,
                None | Some(InstanceState::ShuttingDown) => gone += 1,
                _ => before += 1,
            }
        }
        let truth = match (ours, before, gone) {
            (_, 0, 0) => Truth::Applied,
            (0, _, 0) => Truth::NotApplied,
            _ => Truth::Conflict,
        };
        let word = if on { "running or starting" } else { "stopped or stopping" };
        (truth, format!("{ours} of {} {word}, {gone} not there any more", ids.len()))
    }
}
