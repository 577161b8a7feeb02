//! Simulated instances and Auto Scaling groups: how instances boot, drain and stop, and how a group maintains its capacity.

use std::{collections::BTreeSet, time::Duration};

use super::super::facts::{Check, Instance, InstanceState, Name, Status, Target, TargetHealth};
use base::now::Now;
use plan::{Plan, Role};

/// A target that is deregistered gets no new requests for this long before its instance is terminated.
const DRAIN: Duration = Duration::from_secs(30);
/// Time from then until the instance is gone.
const SHUT_DOWN: Duration = Duration::from_secs(40);
/// A target that is registered again is healthy after this long.
const INITIAL: Duration = Duration::from_secs(20);
/// A stop takes this long.
const STOP: Duration = Duration::from_secs(30);
/// A group that replaces unhealthy instances does so this long after the checks should have passed.
const GRACE: Duration = Duration::from_secs(60);
/// One of this many instances that a group launches never becomes healthy, and is replaced.
const FAILS: u64 = 20;
/// A group launches its instances one after the other, this far apart.
const APART: Duration = Duration::from_millis(500);

/// One simulated instance, and the times of its transitions.
pub(super) struct Host {
    pub(super) instance: Instance,
    /// Its Auto Scaling group.
    pub(super) group: Option<Name>,
    /// Launched this long after the start; none: it existed before.
    pub(super) launched: Option<Duration>,
    /// Time from the launch until it runs, until its checks pass, until it serves.
    pub(super) runs: Duration,
    pub(super) checked: Duration,
    pub(super) serves: Duration,
    pub(super) fails: bool,
    /// It has begun to boot: from then on it is fixed whether it becomes healthy.
    pub(super) booted: bool,
    /// Removed at this time after the start.
    pub(super) leaves: Option<Duration>,
    /// Stopped at this time after the start.
    pub(super) stopped: Option<Duration>,
    /// The last order for it at a target group: registered or not, and when.
    pub(super) orders: Vec<(Name, bool, Duration)>,
}

impl Host {
    /// The roles that select it.
    pub(super) fn roles<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = &'a Role> {
        self.instance.roles.iter().filter_map(|role| plan.fleet.get(usize::from(*role)))
    }

    pub(super) fn of_role(&self, plan: &Plan, name: &str) -> bool {
        self.roles(plan).any(|role| role.name == name)
    }

    /// How long it has existed at `at` after the start; none before it is launched.
    pub(super) fn age(&self, at: Duration) -> Option<Duration> {
        match self.launched {
            None => Some(Duration::MAX),
            Some(launched) => at.checked_sub(launched),
        }
    }

    /// Begins to boot at its time; it fails if its role is one whose instances never become healthy.
    pub(super) fn boot(&mut self, sick: &BTreeSet<u16>, at: Duration) {
        if !self.booted && self.age(at).is_some() {
            self.booted = true;
            self.fails |= self.instance.roles.iter().any(|role| sick.contains(role));
        }
    }

    /// Its state; none before it is launched and after it is gone.
    pub(super) fn state(&self, at: Duration) -> Option<InstanceState> {
        let age = self.age(at)?;
        if let Some(leaving) = self.leaves.and_then(|l| at.checked_sub(l)) {
            return match leaving {
                _ if leaving < DRAIN => Some(InstanceState::Running),
                _ if leaving < DRAIN + SHUT_DOWN => Some(InstanceState::ShuttingDown),
                _ => None,
            };
        }
        if let Some(stopping) = self.stopped.and_then(|s| at.checked_sub(s)) {
            return Some(if stopping < STOP { InstanceState::Stopping } else { InstanceState::Stopped });
        }
        Some(if age < self.runs { InstanceState::Pending } else { InstanceState::Running })
    }

    pub(super) fn row(&self, started: Now, at: Duration) -> Option<Instance> {
        let state = self.state(at)?;
        let since = self.launched.map_or(-86_400 * 30, |l| i64::try_from(l.as_secs()).unwrap_or(0));
        let launched = started.wall.checked_add(jiff::SignedDuration::from_secs(since)).ok();
        Some(Instance { state, launched, ..self.instance.clone() })
    }

    pub(super) fn status(&self, at: Duration) -> Option<Status> {
        let state = self.state(at)?;
        let age = self.age(at)?;
        let check = match age {
            _ if state != InstanceState::Running => Check::Unknown,
            _ if age < self.checked => Check::Initializing,
            _ if self.fails => Check::Impaired,
            _ => Check::Ok,
        };
        Some(Status { id: self.instance.id.clone(), check, event: None })
    }

    pub(super) fn target(&self, at: Duration) -> Option<Target> {
        let state = self.state(at)?;
        let age = self.age(at).filter(|age| *age >= self.runs)?;
        let health = match age {
            _ if state == InstanceState::ShuttingDown => return None,
            _ if self.leaves.is_some_and(|l| l <= at) => TargetHealth::Draining,
            // The load balancer still lists them but does not check them.
            _ if state != InstanceState::Running => TargetHealth::Unused,
            _ if age < self.serves => TargetHealth::Initial,
            _ if self.fails => TargetHealth::Unhealthy,
            _ => TargetHealth::Healthy,
        };
        Some(Target { id: self.instance.id.clone(), port: Some(80), health })
    }

    /// The same for this target group, which may have deregistered or registered it since.
    pub(super) fn target_in(&self, group: &str, at: Duration) -> Option<Target> {
        let target = self.target(at)?;
        let Some((_, on, since)) = self.orders.iter().find(|(name, ..)| **name == *group) else { return Some(target) };
        let health = match (on, at.saturating_sub(*since)) {
            (false, age) if age < DRAIN => TargetHealth::Draining,
            (false, _) => return None,
            (true, age) if age < INITIAL => TargetHealth::Initial,
            (true, _) => target.health,
        };
        Some(Target { health, ..target })
    }

    /// Registers it in a target group or deregisters it. A repeated order changes nothing.
    pub(super) fn order(&mut self, group: &Name, on: bool, at: Duration) {
        let known = self.orders.iter().find(|(name, ..)| name == group).map(|(_, on, _)| *on);
        if known.unwrap_or(true) != on {
            self.orders.retain(|(name, ..)| name != group);
            self.orders.push((group.clone(), on, at));
        }
    }

    /// Its group counts it, launching or running.
    pub(super) fn counts(&self, at: Duration) -> bool {
        self.leaves.is_none_or(|l| l > at)
    }

    /// Its group reports it as in service.
    pub(super) fn healthy(&self, at: Duration) -> bool {
        self.counts(at) && self.state(at) == Some(InstanceState::Running) && !self.fails
    }

    /// Gets traffic.
    pub(super) fn in_service(&self, at: Duration) -> bool {
        let taken = |(_, on, since): &(Name, bool, Duration)| *on && at.saturating_sub(*since) >= INITIAL;
        self.target(at).is_some_and(|t| t.health == TargetHealth::Healthy) && self.orders.iter().all(taken)
    }
}

/// The time of a new instance until it runs, until its checks pass, until it serves.
fn times(random: &mut fastrand::Rng) -> [Duration; 3] {
    let mut seconds = |range: std::ops::Range<u64>| Duration::from_secs(random.u64(range));
    let runs = seconds(20..45);
    let checked = runs + seconds(60..150);
    [runs, checked, checked + seconds(10..60)]
}

/// An Auto Scaling group.
pub(super) struct Asg {
    pub(super) name: Name,
    pub(super) desired: u32,
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) zones: Vec<Name>,
    /// Processes that are suspended.
    pub(super) suspended: Vec<Name>,
    /// Once its capacity is set, by whomever, it also replaces failing instances. Until then its health check is EC2's own, which a
    /// simulated failure does not trigger.
    pub(super) checks_elb: bool,
}

impl Asg {
    /// Launches and removes instances until it has the desired number; replaces failing ones.
    pub(super) fn keep(&self, hosts: &mut Vec<Host>, at: Duration, random: &mut fastrand::Rng) {
        if !self.checks_elb {
            return;
        }
        for host in hosts.iter_mut().filter(|h| h.group.as_ref() == Some(&self.name)) {
            let due = host.age(at).is_some_and(|age| age >= host.checked.saturating_add(GRACE));
            if host.fails && due && host.leaves.is_none() {
                host.leaves = Some(at);
            }
        }
        let own: Vec<usize> =
            (0..hosts.len()).filter(|&i| hosts[i].group.as_ref() == Some(&self.name) && hosts[i].counts(at)).collect();
        let (have, want) = (own.len(), self.desired as usize);
        // The youngest are removed first: an instance that is not launched yet is never launched.
        for &i in own.iter().rev().take(have.saturating_sub(want)) {
            let unborn = hosts[i].age(at).is_none();
            hosts[i].leaves = Some(if unborn { Duration::ZERO } else { at });
        }
        let Some(model) = hosts.iter().find(|h| h.group.as_ref() == Some(&self.name)).map(|h| h.instance.clone())
        else {
            return;
        };
        for n in 0..want.saturating_sub(have) {
            let [runs, checked, serves] = times(random);
            let zone = self.zones.get(n % self.zones.len().max(1)).unwrap_or(&model.zone).clone();
            hosts.push(Host {
                instance: Instance {
                    id: format!("i-0{:016x}", random.u64(..)).as_str().into(),
                    address: Some(format!("10.9.{}.{}", hosts.len() / 250 % 250, hosts.len() % 250).as_str().into()),
                    zone,
                    ..model.clone()
                },
                group: Some(self.name.clone()),
                launched: Some(at + APART * u32::try_from(n).unwrap_or(0)),
                runs,
                checked,
                serves,
                fails: random.u64(..FAILS) == 0,
                booted: false,
                leaves: None,
                stopped: None,
                orders: Vec::new(),
            });
        }
    }
}
