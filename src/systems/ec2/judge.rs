//! The verification of a request, by the values that are there now: applied, unchanged, or in conflict. The same for the real regions and
//! the simulated ones. These servers keep no tag: only values can be compared.

use super::{
    facts::{InstanceState, Name, Target, TargetHealth},
    ops::{Place, Version},
};
use base::{operation::Verified, step::Truth};

type Outcome = Verified<Version>;

/// Verifies one group's capacity: `there` is the current one, `goal` the requested one, `was` the previous one.
pub(super) fn capacity(group: &str, there: Option<(u32, u32)>, goal: (u32, u32), was: Option<&Version>) -> Outcome {
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

/// The truth of a set of things, from the number that are as requested, as before, and no longer there.
fn of_many(ours: usize, before: usize, gone: usize) -> Truth {
    match (ours, before, gone) {
        (_, 0, 0) => Truth::Applied,
        (0, _, 0) => Truth::NotApplied,
        _ => Truth::Conflict,
    }
}

/// Verifies a start or stop of instances.
pub(super) fn power(on: bool, ids: &[String], state: impl Fn(&str) -> Option<InstanceState>) -> Outcome {
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
    let detail = format!("{ours} of {} {word}, {} no longer exist{named}", ids.len(), gone.len());
    Verified::new(of_many(ours, before, gone.len()), detail)
}

/// Verifies a wait for serving instances.
pub(super) fn in_service(serving: u32, least: u32) -> Outcome {
    let truth = if serving >= least { Truth::Applied } else { Truth::NotApplied };
    Verified::new(truth, format!("{serving} of {least} in service"))
}

/// Verifies a group's processes: `suspended` are those that are suspended, `asked` those that were to be suspended or resumed.
pub(super) fn processes(group: &str, suspended: Option<&[Name]>, asked: &[String], suspend: bool) -> Outcome {
    let Some(suspended) = suspended else { return Verified::unobservable(format!("no Auto Scaling group {group}")) };
    let ours = asked.iter().filter(|p| suspended.iter().any(|s| **s == ***p) == suspend).count();
    let list: Vec<&str> = suspended.iter().map(|s| &**s).collect();
    let detail = if list.is_empty() { "nothing".to_owned() } else { list.join(", ") };
    Verified::new(of_many(ours, asked.len() - ours, 0), format!("{group}: suspended: {detail}"))
}

/// A target's health where it is registered; the worst of its ports.
fn health(there: &[Target], place: &Place) -> Option<TargetHealth> {
    let own = there.iter().filter(|t| *t.id == *place.id && (place.port.is_none() || t.port == place.port));
    own.map(|t| t.health).max_by_key(|health| *health != TargetHealth::Healthy)
}

/// Whether a target is registered in a group and not draining.
pub(super) fn registered(there: &[Target], place: &Place) -> bool {
    health(there, place).is_some_and(|health| health != TargetHealth::Draining)
}

/// Verifies a registration or deregistration of targets. A draining target counts as deregistered: it gets no new requests.
pub(super) fn targets(group: &str, there: Option<&[Target]>, asked: &[Place], on: bool) -> Outcome {
    let Some(there) = there else { return Verified::unobservable(format!("no target group {group}")) };
    let ours = asked.iter().filter(|place| registered(there, place) == on).count();
    let word = if on { "registered" } else { "deregistered" };
    Verified::new(of_many(ours, asked.len() - ours, 0), format!("{group}: {ours} of {} {word}", asked.len()))
}

/// Verifies a wait for targets: all healthy, or all gone.
pub(super) fn traffic(group: &str, there: Option<&[Target]>, asked: &[Place], on: bool) -> Outcome {
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
