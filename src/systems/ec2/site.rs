//! One side's fleet: its readings, and what is derived from them together.
//!
//! Tallies are computed once for each observation, not for each view. A view joins all readings that a number depends on, so that the
//! number is only as fresh as the worst of them.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{
    counts::{Checked, Counts, Statuses, Tally},
    facts::{Check, Group, Images, Instance, InstanceState, Name, Observation, Question, Status, TargetGroup},
    life::{Lives, Phase},
    serving::{Serving, ServingIndex},
};
use base::{
    history::{Drain, Ring, Slope},
    now::Now,
    observed::{Fault, FaultKind, Observed, Reading, Stamp},
    side::{Side, Sides},
};
use plan::{Plan, Role};

/// The recent changes of one role on one side.
#[derive(Debug, Clone, Default)]
pub struct Trend {
    /// Running instances.
    pub running: Slope,
    /// Wanted instances that do not serve yet.
    pub gap: Slope,
    /// Serving instances.
    pub serving: Ring,
    /// When a value was last taken, of the running and of the serving ones.
    taken: [Option<Duration>; 2],
}

/// Whether a value is due: one for each interval, although several observations come in each.
pub(super) fn due(last: &mut Option<Duration>, at: Now, interval: Duration) -> bool {
    let due = last.is_none_or(|last| at.boot.saturating_sub(last) >= interval / 2);
    if due {
        *last = Some(at.boot);
    }
    due
}

/// One side's fleet.
#[derive(Debug)]
pub struct Site {
    pub(super) plan: Arc<Plan>,
    pub(super) side: Side,
    pub(super) instances: Reading<Vec<Instance>>,
    pub(super) status: Reading<Statuses>,
    pub(super) images: Reading<Images>,
    pub(super) targets: Reading<Vec<TargetGroup>>,
    pub(super) groups: Reading<Vec<Group>>,
    pub(super) lives: Lives,
    /// One for each role. An instance that two roles select is in both.
    pub(super) tallies: Vec<Tally>,
    /// All instances, each once, however many roles select it.
    pub(super) whole: Tally,
    pub(super) trends: Vec<Trend>,
}

/// Takes an observation; returns whether it differs from the last one.
fn put<T: PartialEq>(reading: &mut Reading<T>, answer: T, stamp: Stamp) -> bool {
    let known = reading.last().is_some_and(|(last, _)| *last == answer);
    if known {
        reading.again(stamp);
    } else {
        reading.set(answer, stamp);
    }
    !known
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
            whole: Tally::default(),
            trends: vec![Trend::default(); roles],
        }
    }

    /// Returns whether it differs from the previous one.
    pub(super) fn apply(&mut self, observation: Observation, stamp: Stamp) -> bool {
        let news = match observation {
            Observation::Instances(mut rows) => {
                rows.sort_by(|a, b| a.id.cmp(&b.id));
                // The same instance comes once for each role that selects it, and can be on two pages while the fleet changes.
                rows.dedup_by(|later, earlier| {
                    let same = later.id == earlier.id;
                    if same {
                        let both: BTreeSet<u16> = later.roles.iter().chain(&*earlier.roles).copied().collect();
                        earlier.roles = both.into_iter().collect();
                    }
                    same
                });
                put(&mut self.instances, rows, stamp)
            }
            Observation::Status(mut rows) => {
                rows.sort_by(|a, b| a.id.cmp(&b.id));
                // As above; the later row replaces the earlier one.
                rows.dedup_by(|later, earlier| {
                    let same = later.id == earlier.id;
                    if same {
                        std::mem::swap(later, earlier);
                    }
                    same
                });
                let known = self.status.last().is_some_and(|(last, _)| last.says(&rows));
                if known {
                    self.status.again(stamp);
                } else {
                    let fresh = self.join_status(rows);
                    self.status.set(fresh, stamp);
                }
                !known
            }
            Observation::Images(images) => return put(&mut self.images, images, stamp),
            Observation::Targets(groups) => put(&mut self.targets, groups, stamp),
            Observation::Groups(groups) => put(&mut self.groups, groups, stamp),
        };
        if news {
            self.tally();
        }
        self.follow(stamp.at);
        news
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

    /// Computes the tallies again, from the last value of each reading.
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
                unfit: index.unfit.clone(),
                ..Tally::default()
            })
            .collect();
        let mut whole = Tally::default();
        self.lives.begin(self.settled());
        for instance in instances {
            let checked = status.and_then(|s| s.by_id.get(&instance.id));
            let passed = checked.is_some_and(Checked::passed);
            // An instance that serves in one of its roles serves, whatever the criteria of its other roles.
            let mut anywhere = false;
            for role in instance.roles.iter().copied().map(usize::from) {
                let (Some(tally), Some(index)) = (tallies.get_mut(role), roles.get(role)) else { continue };
                let serves = instance.state == InstanceState::Running && index.serves(instance, passed);
                anywhere |= serves;
                tally.add(instance, checked, serves);
            }
            self.lives.see(&instance.id, Phase::of(instance.state, passed, anywhere));
            whole.add(instance, checked, anywhere);
        }
        (self.tallies, self.whole) = (tallies, whole);
    }

    /// Whether everything that an instance's phase depends on has been read. Before that, an apparent change is only a first observation.
    fn settled(&self) -> bool {
        let named =
            |of: fn(&Role) -> &Sides<Vec<String>>| self.plan.fleet.iter().any(|r| !of(r).get(self.side).is_empty());
        self.instances.last().is_some()
            && self.status.last().is_some_and(|(s, _)| s.twice)
            && (self.targets.last().is_some() || !named(|r| &r.target_groups))
            && (self.groups.last().is_some() || !named(|r| &r.auto_scaling_groups))
    }

    /// Records the fresh values in the history.
    fn follow(&mut self, at: Now) {
        self.lives.end(at);
        for role in 0..self.plan.fleet.len() {
            let wanted = f64::from(self.wanted(role));
            let running = self.running(role, at).fresh();
            let serving = self.in_service(role, at).fresh();
            let trend = &mut self.trends[role];
            let [ran, served] = &mut trend.taken;
            if let Some(n) = running
                && due(ran, at, self.plan.intervals.ec2)
            {
                trend.running.push(at.boot, f64::from(n));
            }
            if let Some(n) = serving
                && due(served, at, self.plan.intervals.ec2)
            {
                trend.gap.push(at.boot, (wanted - f64::from(n)).max(0.0));
                trend.serving.push(at.boot, f64::from(n));
            }
        }
    }

    /// The plan's number of instances of a role on this side.
    #[must_use]
    pub fn wanted(&self, role: usize) -> u32 {
        *self.plan.fleet[role].wanted.get(self.side)
    }

    /// A value that depends on the list of instances alone.
    pub fn counted<T>(&self, role: usize, now: Now, of: impl FnOnce(&Tally) -> T) -> Observed<T> {
        self.instances.at(now).map(|_| of(&self.tallies[role]))
    }

    /// The same for all instances together, each counted once.
    pub fn all<T>(&self, now: Now, of: impl FnOnce(&Tally) -> T) -> Observed<T> {
        self.instances.at(now).map(|_| of(&self.whole))
    }

    /// Running instances of a role.
    #[must_use]
    pub fn running(&self, role: usize, now: Now) -> Observed<u32> {
        self.counted(role, now, |t| t.all.running)
    }

    /// vCPUs of the running instances; no reading while the vCPUs of any one of them are unknown.
    #[must_use]
    pub fn vcpus(&self, role: usize, now: Now) -> Observed<u32> {
        self.counted(role, now, |t| t.all).and_then(|c| match c.vcpus_unknown {
            0 => Ok(c.vcpus),
            n => Err(Fault::new(FaultKind::Malformed, format!("EC2 does not say the vCPUs of {n} running instances"))),
        })
    }

    /// A value that depends on instances and on two reads of their status.
    pub fn checked<T>(&self, role: usize, now: Now, of: impl FnOnce(&Tally) -> T) -> Observed<T> {
        self.twice(now).map(|()| of(&self.tallies[role]))
    }

    /// The same for all instances together, each counted once.
    pub fn all_checked<T>(&self, now: Now, of: impl FnOnce(&Tally) -> T) -> Observed<T> {
        self.twice(now).map(|()| of(&self.whole))
    }

    fn twice(&self, now: Now) -> Observed<()> {
        match self.instances.at(now).zip(self.status.at(now)) {
            Observed::Fresh((_, s), _) | Observed::Stale((_, s), _) if !s.twice => Observed::Pending,
            both => both.map(drop),
        }
    }

    /// A value that depends on instances and on the criterion by which they serve.
    pub fn served<T>(&self, role: usize, now: Now, of: impl FnOnce(&Tally) -> T) -> Observed<T> {
        let instances = self.instances.at(now);
        let tally = &self.tallies[role];
        let region = &self.plan.sites.get(self.side).region;
        let found = |()| match (tally.missing.as_slice(), tally.unfit.as_slice()) {
            ([], []) => Ok(tally),
            ([], unfit) => {
                let each: Vec<String> = unfit.iter().map(|(name, why)| format!("{name} ({why})")).collect();
                let text = format!(
                    "{region}: no instance serves in {}; take it out of the role's target_groups",
                    each.join(", ")
                );
                Err(Fault::new(FaultKind::Unsupported, text))
            }
            (names, _) => Err(Fault::new(FaultKind::NotFound, format!("{region} has no {}", names.join(", ")))),
        };
        match Serving::of(&self.plan.fleet[role], self.side) {
            Serving::Targets => instances.zip(self.targets.at(now)).map(drop).and_then(found).map(of),
            Serving::Groups => instances.zip(self.groups.at(now)).map(drop).and_then(found).map(of),
            Serving::Checks => self.checked(role, now, of),
        }
    }

    /// Serving instances of a role.
    #[must_use]
    pub fn in_service(&self, role: usize, now: Now) -> Observed<u32> {
        self.served(role, now, |t| t.all.in_service)
    }

    /// Zones in which no instance of a role serves. The expected zones are those of its Auto Scaling groups, else all zones of this side's
    /// instances.
    #[must_use]
    pub fn zones_empty(&self, role: usize, now: Now) -> Observed<u32> {
        let empty =
            |t: &Tally| u32::try_from(t.zones.values().filter(|c| c.in_service == 0).count()).unwrap_or(u32::MAX);
        let named = !self.plan.fleet[role].auto_scaling_groups.get(self.side).is_empty();
        let served = self.served(role, now, empty);
        if named { served.zip(self.groups.at(now)).map(|(n, _)| n) } else { served }
    }

    /// Serving ÷ wanted, at most 1; none where the plan wants no instance.
    #[must_use]
    pub fn ready(&self, role: usize, now: Now) -> Option<Observed<f64>> {
        let wanted = f64::from(self.wanted(role));
        (wanted > 0.0).then(|| self.in_service(role, now).map(|n| (f64::from(n) / wanted).min(1.0)))
    }

    /// When a role will have the wanted number, at the rate of the last minutes.
    #[must_use]
    pub fn eta(&self, role: usize, now: Now) -> Observed<Drain> {
        let wanted = self.wanted(role);
        self.in_service(role, now).map(|n| self.trends[role].gap.drain(f64::from(wanted.saturating_sub(n))))
    }
}
