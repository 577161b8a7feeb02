//! The simulated fleet: the source as the plan wants it, the target filling up, a few instances that never become healthy, copied images.
//! Everything follows from plan, seed, time and requests: a group whose capacity is set launches, replaces and removes instances
//! (`sim/fleet.rs`). Its capacity for the users' traffic is in `sim/serve.rs`.

mod fleet;
mod inject;
mod serve;
#[cfg(test)]
mod tests;
mod writes;

use std::{cell::Cell, collections::BTreeSet, sync::Arc, time::Duration};

use self::fleet::{Asg, Host};
use super::{
    Observation, Query, Question, State,
    facts::{Group, Image, Images, Instance, InstanceState, Name, Names, Target, TargetGroup, TargetKind, names},
};
use crate::rehearsal::{Found, Rehearsed};
use crate::{SharedConditions, Simulated};
use base::{
    now::Now,
    observed::Fault,
    side::{Side, Sides},
};
use plan::{Plan, Role};

/// Zones of a region.
const ZONES: usize = 3;
/// The target is complete after about this long.
const BUILD_OUT: Duration = Duration::from_secs(15 * 60);
/// Share of the target that exists from the start.
const HEAD_START: f64 = 0.2;
/// One of this many instances fails its checks for ever.
const FAILS: u64 = 200;

/// The simulated regions.
pub struct Sim {
    plan: Arc<Plan>,
    hosts: Sides<Vec<Host>>,
    groups: Sides<Vec<Asg>>,
    /// Roles, by index, whose booting instances never become healthy.
    sick: Sides<BTreeSet<u16>>,
    started: Option<Now>,
    random: fastrand::Rng,
    /// Tags of all requests that were carried out.
    log: Vec<String>,
    /// The capacity of each side when it was last counted, and the time of that.
    serves: Cell<Option<(Duration, Sides<f64>)>>,
}

/// The image that a role's instances run from.
fn image_id(role: usize, side: Side) -> String {
    let of = if side == Side::Source { 0x0a11_0000_u64 } else { 0x0b22_0000 };
    format!("ami-0{:016x}", (of << 24) + role as u64 * 0x1_0001)
}

fn hosts(plan: &Plan, side: Side, random: &mut fastrand::Rng) -> Vec<Host> {
    let region = &plan.sites.get(side).region;
    let mut shared = Names::default();
    let mut out = Vec::new();
    for (index, role) in plan.fleet.iter().enumerate() {
        let kind = ["m7g.xlarge", "c7g.2xlarge", "r7g.large", "c7g.4xlarge"][index % 4];
        let vcpus = [4, 8, 2, 16][index % 4];
        let pace = random.f64() * 0.5 + 0.5;
        let wanted = *role.wanted.get(side);
        for n in 0..wanted {
            let share = f64::from(n) / f64::from(wanted);
            let launched = (side == Side::Target && share >= HEAD_START)
                .then(|| BUILD_OUT.mul_f64((share - HEAD_START) * pace + random.f64() * 0.02));
            let zone = (b'a' + u8::try_from(n as usize % ZONES).unwrap_or(0)) as char;
            let groups = role.auto_scaling_groups.get(side);
            let group = groups.get(n as usize % groups.len().max(1)).map(|g| shared.get(g));
            let seconds = |range: std::ops::Range<u64>, r: &mut fastrand::Rng| Duration::from_secs(r.u64(range));
            let runs = seconds(20..45, random);
            let checked = runs + seconds(60..150, random);
            out.push(Host {
                instance: Instance {
                    id: format!("i-0{:016x}", random.u64(..)).as_str().into(),
                    roles: [u16::try_from(index).unwrap_or(u16::MAX)].into(),
                    zone: shared.get(&format!("{region}{zone}")),
                    kind: shared.get(kind),
                    image: shared.get(&image_id(index, side)),
                    address: Some(format!("10.{}.{}.{}", 1 + side as u8, n / 250, n % 250).as_str().into()),
                    state: InstanceState::Running,
                    vcpus: Some(vcpus),
                    launched: None,
                },
                group,
                launched,
                leaves: None,
                stopped: None,
                orders: Vec::new(),
                runs,
                checked,
                serves: checked + seconds(10..60, random),
                fails: random.u64(..FAILS) == 0,
                booted: false,
            });
        }
    }
    out
}

impl Sim {
    fn images(&self, side: Side) -> Images {
        let of = |side| (0..self.plan.fleet.len()).map(move |role| Name::from(image_id(role, side).as_str()));
        let last = self.plan.fleet.len().saturating_sub(1);
        let found = of(side).zip(of(Side::Source)).enumerate().map(|(role, (id, source))| {
            let name = format!("{}-2026.11.{}", self.plan.fleet[role].name, 10 + role);
            // The last role's image was built by hand.
            let tagged = side == Side::Target && (role < last || last < 2);
            Image {
                id,
                name: name.as_str().into(),
                state: "available".into(),
                source: tagged.then_some(source),
                created: Some("2026-11-10T08:00:00.000Z".into()),
            }
        });
        Images { asked: of(side).collect(), found: found.collect() }
    }

    /// The hosts of the roles that name a group.
    fn of_group<'a>(
        &'a self,
        side: Side,
        name: &'a str,
        list: fn(&Role) -> &Sides<Vec<String>>,
    ) -> impl Iterator<Item = &'a Host> {
        self.hosts
            .get(side)
            .iter()
            .filter(move |h| h.roles(&self.plan).any(|role| list(role).get(side).iter().any(|n| n == name)))
    }

    /// The targets of a group.
    fn targets(&self, side: Side, group: &str, at: Duration) -> Vec<Target> {
        self.of_group(side, group, |r| &r.target_groups).filter_map(|h| h.target_in(group, at)).collect()
    }

    fn group(&self, side: Side, group: &Asg, at: Duration) -> Group {
        let own = self.hosts.get(side).iter().filter(|h| h.group.as_ref() == Some(&group.name));
        let there = own.filter(|h| h.state(at).is_some_and(|s| s != InstanceState::ShuttingDown));
        Group {
            name: group.name.clone(),
            desired: group.desired,
            min: group.min,
            max: group.max,
            zones: group.zones.clone(),
            suspended: group.suspended.clone(),
            members: there.map(|h| (h.instance.id.clone(), h.healthy(at))).collect(),
        }
    }

    fn since(&self, now: Now) -> Duration {
        now.since(self.started.unwrap_or(now))
    }
}

/// The plan's groups of one side: each has the desired capacity of the plan, and a maximum a quarter above it.
fn groups(plan: &Plan, side: Side, hosts: &[Host]) -> Vec<Asg> {
    let of = names(plan, |r| r.auto_scaling_groups.get(side).as_slice());
    let group = |name: String| {
        let own: Vec<&Host> = hosts.iter().filter(|h| h.group.as_deref() == Some(&*name)).collect();
        let desired = u32::try_from(own.len()).unwrap_or(u32::MAX);
        let zones: BTreeSet<Name> = own.iter().map(|h| h.instance.zone.clone()).collect();
        Asg {
            name: name.as_str().into(),
            desired,
            min: desired / 2,
            max: desired + desired / 4,
            zones: zones.into_iter().collect(),
            suspended: if side == Side::Target { vec!["AZRebalance".into()] } else { Vec::new() },
            checks_elb: false,
        }
    };
    of.into_iter().map(group).collect()
}

impl Simulated for State {
    type Sim = Sim;

    fn rehearse(plan: &mut Plan, found: &Found<'_>, out: &mut Rehearsed) {
        for role in &mut plan.fleet {
            let running = found.all("fleet.role.running").find(|r| r.is("role", &role.name) && r.is("side", "source"));
            match running.and_then(|r| r.value) {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "instances are few")]
                Some(n) if n >= 0.0 => role.wanted.source = n as u32,
                _ => out.unknown.push(format!("instances of {}", role.name)),
            }
        }
    }

    fn simulate(plan: &Arc<Plan>, seed: u64) -> Sim {
        let mut random = fastrand::Rng::with_seed(seed ^ 0xec2);
        let hosts = Sides::from_fn(|side| hosts(plan, side, &mut random));
        let groups = Sides::from_fn(|side| groups(plan, side, hosts.get(side)));
        let random = fastrand::Rng::with_seed(seed ^ 0xec3);
        Sim {
            plan: plan.clone(),
            hosts,
            groups,
            sick: Sides::default(),
            started: None,
            random,
            log: Vec::new(),
            serves: Cell::default(),
        }
    }

    fn advance(sim: &mut Sim, now: Now) {
        sim.started.get_or_insert(now);
        let at = sim.since(now);
        for side in Side::BOTH {
            for group in sim.groups.get(side) {
                group.keep(sim.hosts.get_mut(side), at, &mut sim.random);
            }
            let sick = sim.sick.get(side);
            sim.hosts.get_mut(side).iter_mut().for_each(|host| host.boot(sick, at));
        }
    }

    fn publish(sim: &Sim, now: Now, conditions: &mut SharedConditions) {
        conditions.capacity = sim.capacity(sim.since(now));
    }

    fn answer(sim: &mut Sim, query: &Query, now: Now) -> Result<Observation, Fault> {
        let sim = &*sim;
        let side = query.side;
        let started = sim.started.unwrap_or(now);
        let at = now.since(started);
        let hosts = sim.hosts.get(side);
        let facts = match query.what {
            Question::Instances => Observation::Instances(hosts.iter().filter_map(|h| h.row(started, at)).collect()),
            Question::Status => Observation::Status(hosts.iter().filter_map(|h| h.status(at)).collect()),
            Question::Images => Observation::Images(sim.images(side)),
            Question::Targets => {
                let of = names(&sim.plan, |r| r.target_groups.get(side).as_slice());
                let group = |name: String| TargetGroup {
                    targets: Some(sim.targets(side, &name, at)),
                    kind: TargetKind::Instance,
                    named: name.as_str().into(),
                };
                Observation::Targets(of.into_iter().map(group).collect())
            }
            Question::Groups => {
                Observation::Groups(sim.groups.get(side).iter().map(|group| sim.group(side, group, at)).collect())
            }
        };
        facts.checked(&sim.plan, *query)
    }
}
