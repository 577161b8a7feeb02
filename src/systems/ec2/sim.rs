//! How a fleet behaves in a simulated estate: the source as the plan wants it, the target filling up, a few instances that never get
//! well, copied images. All of it follows from plan, seed and time alone.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    Ask, Facts, Question, State,
    facts::{
        Check, Group, Image, Images, Instance, InstanceState, Name, Names, Status, Target, TargetGroup, TargetHealth,
        names,
    },
};
use crate::{
    core::{estate::seen::Fault, now::Now},
    plan::{Plan, Role, Side, Sides},
    systems::Simulated,
};

/// Zones a region has.
const ZONES: usize = 3;
/// The target is filled up within about this long.
const BUILD_OUT: Duration = Duration::from_secs(15 * 60);
/// Share of the target that is there from the start.
const HEAD_START: f64 = 0.2;
/// One of so many instances fails its checks for ever.
const FAILS: u64 = 200;

/// The imitated regions.
pub struct Sim {
    plan: Arc<Plan>,
    hosts: Sides<Vec<Host>>,
    started: Option<Now>,
}

/// One imitated instance: what it is, and when it gets how far.
struct Host {
    instance: Instance,
    /// Launched this long after the start; none = it was there before.
    launched: Option<Duration>,
    /// From the launch until it runs, until its checks pass, until it serves.
    runs: Duration,
    checked: Duration,
    serves: Duration,
    fails: bool,
}

impl Host {
    /// How long it has been there at `at` after the start; none before it is launched.
    fn age(&self, at: Duration) -> Option<Duration> {
        match self.launched {
            None => Some(Duration::MAX),
            Some(launched) => at.checked_sub(launched),
        }
    }

    fn row(&self, started: Now, at: Duration) -> Option<Instance> {
        let age = self.age(at)?;
        let state = if age < self.runs { InstanceState::Pending } else { InstanceState::Running };
        let since = self.launched.map_or(-86_400 * 30, |l| i64::try_from(l.as_secs()).unwrap_or(0));
        let launched = started.wall.checked_add(jiff::SignedDuration::from_secs(since)).ok();
        Some(Instance { state, launched, ..self.instance.clone() })
    }

    fn status(&self, at: Duration) -> Option<Status> {
        let age = self.age(at)?;
        let check = match age {
            _ if age < self.runs => Check::Unknown,
            _ if age < self.checked => Check::Initializing,
            _ if self.fails => Check::Impaired,
            _ => Check::Ok,
        };
        Some(Status { id: self.instance.id.clone(), check, event: None })
    }

    fn target(&self, at: Duration) -> Option<Target> {
        let age = self.age(at).filter(|age| *age >= self.runs)?;
        let health = match age {
            _ if age < self.serves => TargetHealth::Initial,
            _ if self.fails => TargetHealth::Unhealthy,
            _ => TargetHealth::Healthy,
        };
        Some(Target { id: self.instance.id.clone(), health })
    }
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
            let seconds = |range: std::ops::Range<u64>, r: &mut fastrand::Rng| Duration::from_secs(r.u64(range));
            let runs = seconds(20..45, random);
            let checked = runs + seconds(60..150, random);
            out.push(Host {
                instance: Instance {
                    id: format!("i-0{:016x}", random.u64(..)).as_str().into(),
                    role: u16::try_from(index).unwrap_or(u16::MAX),
                    zone: shared.get(&format!("{region}{zone}")),
                    kind: shared.get(kind),
                    image: shared.get(&image_id(index, side)),
                    address: Some(format!("10.{}.{}.{}", 1 + side as u8, n / 250, n % 250).as_str().into()),
                    state: InstanceState::Running,
                    vcpus: Some(vcpus),
                    launched: None,
                },
                launched,
                runs,
                checked,
                serves: checked + seconds(10..60, random),
                fails: random.u64(..FAILS) == 0,
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
            // Somebody built the last role's image by hand.
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
            .filter(move |h| list(&self.plan.fleet[usize::from(h.instance.role)]).get(side).iter().any(|n| n == name))
    }

    fn group(&self, side: Side, name: String, at: Duration) -> Group {
        let mut zones = BTreeMap::new();
        let mut members = Vec::new();
        let mut desired = 0;
        for host in self.of_group(side, &name, |r| &r.auto_scaling_groups) {
            zones.insert(host.instance.zone.clone(), ());
            if let Some(age) = host.age(at) {
                desired += 1;
                members.push((host.instance.id.clone(), age >= host.runs && !host.fails));
            }
        }
        // A group launches ahead of its instances.
        let most = u32::try_from(self.of_group(side, &name, |r| &r.auto_scaling_groups).count()).unwrap_or(u32::MAX);
        Group {
            desired: (desired + 10).min(most),
            min: desired / 2,
            max: most + most / 4,
            zones: zones.into_keys().collect(),
            suspended: if side == Side::Target { vec!["AZRebalance".into()] } else { Vec::new() },
            members,
            name: name.as_str().into(),
        }
    }
}

impl Simulated for State {
    type Sim = Sim;

    fn simulate(plan: &Arc<Plan>, seed: u64) -> Sim {
        let mut random = fastrand::Rng::with_seed(seed ^ 0xec2);
        let hosts = Sides::from_fn(|side| hosts(plan, side, &mut random));
        Sim { plan: plan.clone(), hosts, started: None }
    }

    fn advance(sim: &mut Sim, now: Now) {
        sim.started.get_or_insert(now);
    }

    fn answer(sim: &mut Sim, ask: &Ask, now: Now) -> Result<Facts, Fault> {
        let sim = &*sim;
        let side = ask.side;
        let started = sim.started.unwrap_or(now);
        let at = now.since(started);
        let hosts = sim.hosts.get(side);
        let facts = match ask.what {
            Question::Instances => Facts::Instances(hosts.iter().filter_map(|h| h.row(started, at)).collect()),
            Question::Status => Facts::Status(hosts.iter().filter_map(|h| h.status(at)).collect()),
            Question::Images => Facts::Images(sim.images(side)),
            Question::Targets => {
                let of = names(&sim.plan, |r| r.target_groups.get(side).as_slice());
                let group = |name: String| TargetGroup {
                    targets: Some(sim.of_group(side, &name, |r| &r.target_groups).filter_map(|h| h.target(at)).collect()),
                    named: name.as_str().into(),
                };
                Facts::Targets(of.into_iter().map(group).collect())
            }
            Question::Groups => {
                let of = names(&sim.plan, |r| r.auto_scaling_groups.get(side).as_slice());
                Facts::Groups(of.into_iter().map(|name| sim.group(side, name, at)).collect())
            }
        };
        facts.checked(&sim.plan, *ask)
    }
}
