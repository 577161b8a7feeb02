//! One side's fleet: its readings, and what follows from them together.
//!
//! Tallies are made once an answer, not once a look; whoever looks joins the readings that a number hangs on, so that it is as good
//! as the worst of them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use super::{
    facts::{Check, Facts, Group, Images, Instance, InstanceState, Name, Question, Status, Target, TargetGroup, TargetHealth},
    life::{Lives, Phase},
};
use crate::{
    core::{
        estate::{
            history::{Drain, Ring, Slope},
            seen::{Fault, FaultKind, Reading, Seen, Stamp},
        },
        now::Now,
    },
    plan::{Plan, Role, Side},
};

/// What tells that an instance serves: the most telling thing that the plan names for the role on this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serving {
    /// Healthy in all target groups it is registered in, and registered in one at least.
    Targets,
    /// In service and healthy in an Auto Scaling group.
    Groups,
    /// Nothing is named: its checks have passed.
    Checks,
}

impl Serving {
    /// For a role on a side.
    #[must_use]
    pub fn of(role: &Role, side: Side) -> Self {
        if !role.target_groups.get(side).is_empty() {
            Self::Targets
        } else if !role.auto_scaling_groups.get(side).is_empty() {
            Self::Groups
        } else {
            Self::Checks
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Targets => "healthy in its target groups",
            Self::Groups => "in service in its Auto Scaling groups",
            Self::Checks => "running, checks passed twice (the plan names no group)",
        }
    }
}

/// How many instances are how far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Being launched.
    pub pending: u32,
    /// Running, whatever their checks say.
    pub running: u32,
    /// Being stopped or terminated.
    pub stopping: u32,
    /// Stopped.
    pub stopped: u32,
    /// Running, and the last two reads of their checks were both good.
    pub checks_ok: u32,
    /// Running with a failed check.
    pub impaired: u32,
    /// Running and serving.
    pub in_service: u32,
    /// Of the running ones.
    pub vcpus: u32,
    /// Running ones that nobody knows the vCPUs of.
    pub vcpus_unknown: u32,
}

/// What one role amounts to on one side.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// All zones together.
    pub all: Counts,
    /// By zone, empty ones among them.
    pub zones: BTreeMap<Name, Counts>,
    /// Images that its instances run from, and how many do.
    pub images: BTreeMap<Name, u32>,
    /// Groups that the plan names and the region does not have.
    pub missing: Vec<Name>,
}

/// How one role moves on one side.
#[derive(Debug, Clone, Default)]
pub struct Trend {
    /// Running instances.
    pub running: Slope,
    /// Wanted ones that do not serve yet.
    pub gap: Slope,
    /// Serving ones.
    pub serving: Ring,
}

/// Checks as last read, and whether they were good the time before.
#[derive(Debug, Clone)]
pub struct Checked {
    /// As last read.
    pub now: Check,
    /// Good the time before as well. Status is eventually consistent: one good read is none.
    pub before: bool,
    /// A maintenance event.
    pub event: Option<Name>,
}

impl Checked {
    /// Good twice in a row.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.now == Check::Ok && self.before
    }
}

/// All status checks of a region.
#[derive(Debug, Clone, Default)]
pub struct Statuses {
    /// By instance.
    pub by_id: HashMap<Name, Checked>,
    /// Whether there was a read before this one.
    pub twice: bool,
}

/// One side's fleet.
#[derive(Debug)]
pub struct Site {
    plan: Arc<Plan>,
    side: Side,
    pub(super) instances: Reading<Vec<Instance>>,
    pub(super) status: Reading<Statuses>,
    pub(super) images: Reading<Images>,
    pub(super) targets: Reading<Vec<TargetGroup>>,
    pub(super) groups: Reading<Vec<Group>>,
    pub(super) lives: Lives,
    pub(super) tallies: Vec<Tally>,
    pub(super) trends: Vec<Trend>,
}

impl Site {
    pub(super) fn new(plan: &Arc<Plan>, side: Side) -> Self {
        let roles = plan.fleet.len();
        Self {
            plan: plan.clone(),
            side,
            instances: Reading::default(),
            status: Reading::default(),
            images: Reading::default(),
            targets: Reading::default(),
            groups: Reading::default(),
            lives: Lives::default(),
            tallies: vec![Tally::default(); roles],
            trends: vec![Trend::default(); roles],
        }
    }

    pub(super) fn apply(&mut self, facts: Facts, stamp: Stamp) {
        match facts {
            Facts::Instances(mut rows) => {
                rows.sort_unstable_by(|a, b| a.id.cmp(&b.id));
                // The same instance can come on two pages while the fleet changes.
                rows.dedup_by(|a, b| a.id == b.id);
                self.instances.set(rows, stamp);
            }
            Facts::Status(rows) => {
                let fresh = self.join_status(rows);
                self.status.set(fresh, stamp);
            }
            Facts::Images(images) => return self.images.set(images, stamp),
            Facts::Targets(groups) => self.targets.set(groups, stamp),
            Facts::Groups(groups) => self.groups.set(groups, stamp),
        }
        self.tally();
        self.follow(stamp.at);
    }

    pub(super) fn fail(&mut self, what: Question, fault: &Fault) {
        match what {
            Question::Instances => self.instances.fail(fault),
            Question::Status => self.status.fail(fault),
            Question::Images => self.images.fail(fault),
            Question::Targets => self.targets.fail(fault),
            Question::Groups => self.groups.fail(fault),
        }
    }

    fn join_status(&self, rows: Vec<Status>) -> Statuses {
        let before = self.status.last().map(|(s, _)| s);
        let by_id = rows
            .into_iter()
            .map(|row| {
                let before = before.and_then(|s| s.by_id.get(&row.id)).is_some_and(|c| c.now == Check::Ok);
                (row.id, Checked { now: row.check, before, event: row.event })
            })
            .collect();
        Statuses { by_id, twice: before.is_some() }
    }

    /// Counts anew, from the last of each reading.
    fn tally(&mut self) {
        let Some((instances, _)) = self.instances.last() else { return };
        let status = self.status.last().map(|(s, _)| s);
        let targets = self.targets.last().map_or(&[][..], |(t, _)| t);
        let groups = self.groups.last().map_or(&[][..], |(g, _)| g);
        let roles: Vec<ServingIndex> =
            self.plan.fleet.iter().map(|role| ServingIndex::new(role, self.side, targets, groups)).collect();
        let zones: BTreeSet<&Name> = instances.iter().map(|i| &i.zone).collect();
        let mut tallies: Vec<Tally> = roles
            .iter()
            .map(|index| Tally {
                zones: index.zones(&zones).into_iter().map(|z| (z, Counts::default())).collect(),
                missing: index.missing.clone(),
                ..Tally::default()
            })
            .collect();
        self.lives.begin(self.settled());
        for instance in instances {
            let (Some(tally), Some(index)) =
                (tallies.get_mut(usize::from(instance.role)), roles.get(usize::from(instance.role)))
            else {
                continue;
            };
            let checked = status.and_then(|s| s.by_id.get(&instance.id));
            let passed = checked.is_some_and(Checked::passed);
            let serves = instance.state == InstanceState::Running && index.serves(instance, passed);
            self.lives.see(&instance.id, Phase::of(instance.state, passed, serves));
            *tally.images.entry(instance.image.clone()).or_default() += 1;
            let zone = tally.zones.entry(instance.zone.clone()).or_default();
            for counts in [&mut tally.all, zone] {
                counts.add(instance, checked, serves);
            }
        }
        self.tallies = tallies;
    }

    /// Whether all that an instance's phase hangs on has been read: before that, what looks like a change is only learning.
    fn settled(&self) -> bool {
        let named = |of: fn(&Role) -> &crate::plan::Sides<Vec<String>>| {
            self.plan.fleet.iter().any(|r| !of(r).get(self.side).is_empty())
        };
        self.instances.last().is_some()
            && self.status.last().is_some_and(|(s, _)| s.twice)
            && (self.targets.last().is_some() || !named(|r| &r.target_groups))
            && (self.groups.last().is_some() || !named(|r| &r.auto_scaling_groups))
    }

    /// Takes what is live into the history.
    fn follow(&mut self, at: Now) {
        self.lives.end(at);
        for role in 0..self.plan.fleet.len() {
            let wanted = f64::from(self.wanted(role));
            let running = self.running(role, at).live();
            let serving = self.in_service(role, at).live();
            let trend = &mut self.trends[role];
            if let Some(n) = running {
                trend.running.push(at.boot, f64::from(n));
            }
            if let Some(n) = serving {
                trend.gap.push(at.boot, (wanted - f64::from(n)).max(0.0));
                trend.serving.push(at.boot, f64::from(n));
            }
        }
    }

    /// What the plan wants of a role here.
    #[must_use]
    pub fn wanted(&self, role: usize) -> u32 {
        *self.plan.fleet[role].wanted.get(self.side)
    }

    /// What hangs on the list of instances alone.
    pub fn counted<T>(&self, role: usize, now: Now, of: impl FnOnce(&Tally) -> T) -> Seen<T> {
        self.instances.at(now).map(|_| of(&self.tallies[role]))
    }

    /// Running instances of a role.
    #[must_use]
    pub fn running(&self, role: usize, now: Now) -> Seen<u32> {
        self.counted(role, now, |t| t.all.running)
    }

    /// vCPUs of the running instances; no reading while those of a single one are unknown.
    #[must_use]
    pub fn vcpus(&self, role: usize, now: Now) -> Seen<u32> {
        self.counted(role, now, |t| t.all).and_then(|c| match c.vcpus_unknown {
            0 => Ok(c.vcpus),
            n => Err(Fault::new(FaultKind::Malformed, format!("EC2 does not say the vCPUs of {n} running instances"))),
        })
    }

    /// What hangs on instances and on two reads of their status.
    pub fn checked<T>(&self, role: usize, now: Now, of: impl FnOnce(&Tally) -> T) -> Seen<T> {
        match self.instances.at(now).zip(self.status.at(now)) {
            Seen::Live((_, s), _) | Seen::Stale((_, s), _) if !s.twice => Seen::Never,
            both => both.map(|_| of(&self.tallies[role])),
        }
    }

    /// What hangs on instances and on whatever tells that they serve.
    pub fn served<T>(&self, role: usize, now: Now, of: impl FnOnce(&Tally) -> T) -> Seen<T> {
        let instances = self.instances.at(now);
        let tally = &self.tallies[role];
        let found = |()| match tally.missing.as_slice() {
            [] => Ok(tally),
            names => Err(Fault::new(
                FaultKind::NotFound,
                format!("{} has no {}", self.plan.sites.get(self.side).region, names.join(", ")),
            )),
        };
        match Serving::of(&self.plan.fleet[role], self.side) {
            Serving::Targets => instances.zip(self.targets.at(now)).map(drop).and_then(found).map(of),
            Serving::Groups => instances.zip(self.groups.at(now)).map(drop).and_then(found).map(of),
            Serving::Checks => self.checked(role, now, of),
        }
    }

    /// Serving instances of a role.
    #[must_use]
    pub fn in_service(&self, role: usize, now: Now) -> Seen<u32> {
        self.served(role, now, |t| t.all.in_service)
    }

    /// Zones in which no instance of a role serves. Which zones there should be: those of its Auto Scaling groups, else all that any
    /// instance of this side is in.
    #[must_use]
    pub fn zones_empty(&self, role: usize, now: Now) -> Seen<u32> {
        let empty = |t: &Tally| u32::try_from(t.zones.values().filter(|c| c.in_service == 0).count()).unwrap_or(u32::MAX);
        let named = !self.plan.fleet[role].auto_scaling_groups.get(self.side).is_empty();
        let served = self.served(role, now, empty);
        if named { served.zip(self.groups.at(now)).map(|(n, _)| n) } else { served }
    }

    /// Serving ÷ wanted, at most 1; nothing where nothing is wanted.
    #[must_use]
    pub fn ready(&self, role: usize, now: Now) -> Option<Seen<f64>> {
        let wanted = f64::from(self.wanted(role));
        (wanted > 0.0).then(|| self.in_service(role, now).map(|n| (f64::from(n) / wanted).min(1.0)))
    }

    /// When a role will have what is wanted, at the pace of the last minutes.
    #[must_use]
    pub fn eta(&self, role: usize, now: Now) -> Seen<Drain> {
        let wanted = self.wanted(role);
        self.in_service(role, now).map(|n| self.trends[role].gap.drain(f64::from(wanted.saturating_sub(n))))
    }
}

impl Counts {
    fn add(&mut self, instance: &Instance, checked: Option<&Checked>, serves: bool) {
        match instance.state {
            InstanceState::Pending => self.pending += 1,
            InstanceState::Stopping | InstanceState::ShuttingDown => self.stopping += 1,
            InstanceState::Stopped => self.stopped += 1,
            InstanceState::Running => {
                self.running += 1;
                self.checks_ok += u32::from(checked.is_some_and(Checked::passed));
                self.impaired += u32::from(checked.is_some_and(|c| c.now == Check::Impaired));
                self.in_service += u32::from(serves);
                match instance.vcpus {
                    Some(n) => self.vcpus += u32::from(n),
                    None => self.vcpus_unknown += 1,
                }
            }
        }
    }
}

/// Who serves, of one role.
struct ServingIndex<'a> {
    how: Serving,
    /// By instance id or address: whether it is healthy wherever it is registered.
    healthy: HashMap<&'a str, bool>,
    /// Zones that its Auto Scaling groups launch in.
    group_zones: HashSet<&'a Name>,
    missing: Vec<Name>,
}

impl<'a> ServingIndex<'a> {
    fn new(role: &Role, side: Side, targets: &'a [TargetGroup], groups: &'a [Group]) -> Self {
        let how = Serving::of(role, side);
        let mut index = Self { how, healthy: HashMap::new(), group_zones: HashSet::new(), missing: Vec::new() };
        for name in role.auto_scaling_groups.get(side) {
            match groups.iter().find(|g| *g.name == **name) {
                Some(group) => {
                    index.group_zones.extend(&group.zones);
                    if how == Serving::Groups {
                        index.healthy.extend(group.members.iter().map(|(id, ok)| (&**id, *ok)));
                    }
                }
                None if how == Serving::Groups => index.missing.push(name.as_str().into()),
                None => {}
            }
        }
        for name in role.target_groups.get(side) {
            match targets.iter().find(|g| *g.named == **name).and_then(|g| g.targets.as_ref()) {
                Some(targets) => targets.iter().for_each(|t| index.register(t)),
                None => index.missing.push(name.as_str().into()),
            }
        }
        index
    }

    fn register(&mut self, target: &'a Target) {
        let ok = target.health == TargetHealth::Healthy;
        self.healthy.entry(&target.id).and_modify(|all| *all &= ok).or_insert(ok);
    }

    fn serves(&self, instance: &Instance, passed: bool) -> bool {
        let listed = |id: &str| self.healthy.get(id).copied();
        match self.how {
            Serving::Checks => passed,
            _ => listed(&instance.id).or_else(|| instance.address.as_deref().and_then(listed)).unwrap_or(false),
        }
    }

    fn zones(&self, seen: &BTreeSet<&Name>) -> Vec<Name> {
        if self.group_zones.is_empty() {
            seen.iter().map(|&z| z.clone()).collect()
        } else {
            self.group_zones.iter().map(|&z| z.clone()).collect()
        }
    }
}
