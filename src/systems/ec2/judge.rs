//! What has become of a request, by what is there now: ours, as it was, or something else. The same for the real regions and the imitated
//! ones. Nothing at these servers carries a tag: values tell.

use super::{
    facts::{InstanceState, Name, Target, TargetHealth},
    ops::{Place, Version},
};
use base::{operation::Verified, step::Truth};

type Sight = Verified<Version>;

/// Of one group's capacity: what is there, what was asked for, what was there before.
pub(super) fn capacity(group: &str, there: Option<(u32, u32)>, goal: (u32, u32), was: Option<&Version>) -> Sight {
    let Some(there) = there else { return Verified::unobservable(format!("no Auto Scaling group {group}")) };
    let Some(Version::Capacity { desired, min }) = was else {
        return Verified::unobservable("the previous state is unknown");
    };
    let truth = match there {
        _ if there == goal => Truth::Applied,
        _ if there == (*desired, *min) => Truth::NotApplied,
        _ => Truth::Conflict,
    };
    let was = if truth == Truth::Conflict { format!(" (was desired {desired}, min {min})") } else { String::new() };
    Verified::new(truth, format!("{group}: desired {}, min {}{was}", there.0, there.1))
}

/// Of so many things that are as asked for, as before, or not there any more.
fn of_many(ours: usize, before: usize, gone: usize) -> Truth {
    match (ours, before, gone) {
        (_, 0, 0) => Truth::Applied,
        (0, _, 0) => Truth::NotApplied,
        _ => Truth::Conflict,
    }
}

/// Of instances that were to be started or stopped.
pub(super) fn power(on: bool, ids: &[String], state: impl Fn(&str) -> Option<InstanceState>) -> Sight {
    let (mut ours, mut before, mut gone) = (0, 0, Vec::new());
    for id in ids {
        match state(id) {
            Some(InstanceState::Pending | InstanceState::Running) if on => ours += 1,
            Some(InstanceState::Stopping | InstanceState::Stopped) if !on => ours += 1,
            None | Some(InstanceState::ShuttingDown) => gone.push(id.as_str()),
            _ => before += 1,
        }
    }
    let word = if on { "running or starting" } else { "stopped or stopping" };
    let named = if gone.is_empty() { String::new() } else { format!(": {}", gone.join(", ")) };
    let said = format!("{ours} of {} {word}, {} no longer exist{named}", ids.len(), gone.len());
    Verified::new(of_many(ours, before, gone.len()), said)
}

/// Of a wait for instances that serve.
pub(super) fn in_service(serving: u32, least: u32) -> Sight {
    let truth = if serving >= least { Truth::Applied } else { Truth::NotApplied };
    Verified::new(truth, format!("{serving} of {least} in service"))
}

/// Of a group's processes: those that are suspended, those that were to be suspended or resumed.
pub(super) fn processes(group: &str, suspended: Option<&[Name]>, asked: &[String], suspend: bool) -> Sight {
    let Some(suspended) = suspended else { return Verified::unobservable(format!("no Auto Scaling group {group}")) };
    let ours = asked.iter().filter(|p| suspended.iter().any(|s| **s == ***p) == suspend).count();
    let list: Vec<&str> = suspended.iter().map(|s| &**s).collect();
    let said = if list.is_empty() { "nothing".to_owned() } else { list.join(", ") };
    Verified::new(of_many(ours, asked.len() - ours, 0), format!("{group}: suspended: {said}"))
}

/// A target's health where it is registered; the worst of its ports.
fn health(there: &[Target], place: &Place) -> Option<TargetHealth> {
    let own = there.iter().filter(|t| *t.id == *place.id && (place.port.is_none() || t.port == place.port));
    own.map(|t| t.health).max_by_key(|health| *health != TargetHealth::Healthy)
}

/// Whether a target is in a group, not on its way out.
pub(super) fn registered(there: &[Target], place: &Place) -> bool {
    health(there, place).is_some_and(|health| health != TargetHealth::Draining)
}

/// Of targets that were to be registered or deregistered. What drains is deregistered: it gets no new requests.
pub(super) fn targets(group: &str, there: Option<&[Target]>, asked: &[Place], on: bool) -> Sight {
    let Some(there) = there else { return Verified::unobservable(format!("no target group {group}")) };
    let ours = asked.iter().filter(|place| registered(there, place) == on).count();
    let word = if on { "registered" } else { "deregistered" };
    Verified::new(of_many(ours, asked.len() - ours, 0), format!("{group}: {ours} of {} {word}", asked.len()))
}

/// Of a wait for targets: all healthy, or all gone.
pub(super) fn traffic(group: &str, there: Option<&[Target]>, asked: &[Place], on: bool) -> Sight {
    let Some(there) = there else { return Verified::unobservable(format!("no target group {group}")) };
    let done = |place: &&Place| match health(there, place) {
        None => !on,
        Some(health) => on && health == TargetHealth::Healthy,
    };
    let n = asked.iter().filter(done).count();
    let truth = if n == asked.len() { Truth::Applied } else { Truth::NotApplied };
    let word = if on { "healthy" } else { "drained" };
    Verified::new(truth, format!("{group}: {n} of {} {word}", asked.len()))
}
