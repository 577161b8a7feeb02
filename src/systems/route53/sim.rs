//! The simulated DNS: the plan's names, answered by weight, with caches whose entries expire.
//!
//! All traffic starts at the source. Weights change only by requests: the zone accepts a change at once or refuses it (`sim/zone.rs`), the
//! servers take it over one by one, caches keep the old answer for its time to live, and users follow the caches.

mod inject;
#[cfg(test)]
mod tests;
mod writes;
mod zone;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use fastrand::Rng;

use self::zone::{PROPAGATION, Reach, Version, Zone};
use super::{
    Observation, Query, State,
    batch::{Edit, Item, Weighted},
    facts::{Alias, Answer, Batch, ChangeObservation, Listing, Question, Role, ZoneObservation, normal},
    weighted::side_of,
};
use crate::{SharedConditions, Simulated};
use crate::{
    rehearsal::{Found, Rehearsed},
    route53::FaultInjection,
};
use base::{
    now::Now,
    observed::{Fault, FaultKind},
    side::Side,
};
use plan::{DnsName, Plan, RecordType};

/// Time to live of the simulated records.
const TTL: u32 = 60;
/// The port of the users' resolvers.
const PORT: u16 = 53;

/// The simulated zones and servers.
pub struct Sim {
    plan: Arc<Plan>,
    random: Rng,
    now: Duration,
    zones: HashMap<String, Zone>,
    /// Authoritative servers that took over no change for some time: from when, and until when.
    stuck: HashMap<IpAddr, (Duration, Option<Duration>)>,
    /// When each change was sent, by its id.
    changes: HashMap<String, Now>,
    /// Tags of all batches that were carried out.
    log: Vec<String>,
    /// When each server was last queried, and the entry that a resolver caches, with its expiry.
    asked: HashMap<String, (Duration, Option<(Side, Duration)>)>,
}

/// Each server takes over a change with its own delay.
fn late(port: u16) -> Duration {
    PROPAGATION.mul_f64(f64::from(u32::from(port) * 7 % 10) / 10.0)
}

/// A name's records at a server: the side of each, and its weight in the answers. Only healthy records are answered, by their weights; if
/// no healthy one has a weight, all healthy ones are answered equally; if none is healthy, all count as healthy. ("How Amazon Route 53
/// chooses records when health checking is configured".)
fn odds(name: &DnsName, version: &Version) -> Vec<(Side, u32)> {
    let own = normal(&name.name);
    let records = version.records.iter().filter(|r| r.record_type == name.record_type && r.name == own);
    let all: Vec<(&Weighted, Side)> = records.filter_map(|r| Some((r, side_of(name, &r.record())?))).collect();
    let none_well = all.iter().all(|(r, side)| !version.well(r, *side));
    let chosen = all.into_iter().filter(|(r, side)| none_well || version.well(r, *side));
    let mut odds: Vec<(Side, u32)> = chosen.map(|(r, side)| (side, u32::from(r.weight))).collect();
    if odds.iter().all(|o| o.1 == 0) {
        odds.iter_mut().for_each(|o| o.1 = 1);
    }
    odds
}

/// The target's share of a server's answers to users. A client keeps an answer for its time to live, and these answers expire at any
/// moment: the received share is the mean of the answers over that time.
fn answered(name: &DnsName, zone: &Zone, now: Duration, reach: Reach) -> f64 {
    let shares = zone.during(Duration::from_secs(TTL.into()), now, reach).map(|(version, share)| {
        let odds = odds(name, version);
        let sum = |only: Option<Side>| odds.iter().filter(|o| only.is_none_or(|s| s == o.0)).map(|o| o.1).sum::<u32>();
        share * f64::from(sum(Some(Side::Target))) / f64::from(sum(None).max(1))
    });
    shares.sum()
}

fn draw(random: &mut Rng, odds: &[(Side, u32)]) -> Side {
    let mut at = random.u32(0..odds.iter().map(|o| o.1).sum::<u32>().max(1));
    for (side, weight) in odds {
        if at < *weight {
            return *side;
        }
        at -= weight;
    }
    Side::Source
}

impl Sim {
    /// When an authoritative server takes over changes.
    fn reach(&self, server: SocketAddr) -> Reach {
        Reach { late: late(server.port()), stuck: self.stuck.get(&server.ip()).copied() }
    }

    /// The same for the servers that a resolver may query, each equally often. As long as none was stuck, one stands for all.
    fn reaches(&self, name: &DnsName, port: u16) -> Vec<Reach> {
        let any = Reach { late: late(port), stuck: None };
        let stuck: Vec<_> = name.servers.iter().map(|s| self.stuck.get(&s.ip()).copied()).collect();
        if stuck.iter().all(Option::is_none) {
            return vec![any];
        }
        stuck.into_iter().map(|stuck| Reach { stuck, ..any }).collect()
    }

    /// The target's share of a name's requests.
    fn received(&self, name: &DnsName, now: Duration) -> Option<f64> {
        let zone = self.zones.get(&name.zone)?;
        let reaches = self.reaches(name, PORT);
        #[expect(clippy::cast_precision_loss, reason = "a handful of servers")]
        let servers = reaches.len() as f64;
        Some(reaches.into_iter().map(|reach| answered(name, zone, now, reach)).sum::<f64>() / servers)
    }

    fn served(&mut self, q: &Question) -> Result<Batch, Fault> {
        let plan = self.plan.clone();
        let name = plan.dns.get(q.index).ok_or_else(|| Fault::new(FaultKind::NotFound, "no such name"))?;
        let key = format!("{} {} {}", q.index, q.server, q.role.word());
        let (last, mut held) = self.asked.get(&key).copied().unwrap_or((self.now, None));
        let span = self.now.saturating_sub(last).clamp(Duration::from_secs(1), Duration::from_secs(60));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a minute's questions")]
        let asked = (f64::from(q.rate.get()) * span.as_secs_f64()) as u32;
        let zone = self.zones.get(&name.zone).ok_or_else(|| Fault::new(FaultKind::NotFound, "no such zone"))?;
        let reaches = match q.role {
            Role::Authoritative => vec![self.reach(q.server)],
            Role::Resolver => self.reaches(name, q.server.port()),
        };
        let versions: Vec<&Version> = reaches.into_iter().map(|reach| zone.served(self.now, reach)).collect();
        let all: Vec<_> = versions.iter().map(|version| odds(name, version)).collect();
        let epoch = (q.role == Role::Authoritative)
            .then(|| versions.first().and_then(|v| v.epoch(&q.wanted.name)).unwrap_or(0));
        let random = &mut self.random;
        let mut counts = HashMap::<(Side, u32), u32>::new();
        let answered = (0..asked).filter(|_| random.f64() > 0.002).count();
        for _ in 0..answered {
            let mut draw = || match all.as_slice() {
                [odds] => draw(random, odds),
                several => {
                    let at = random.usize(..several.len());
                    draw(random, &several[at])
                }
            };
            let (side, ttl) = match q.role {
                Role::Authoritative => (draw(), TTL),
                Role::Resolver => {
                    let (side, until) = match held {
                        Some((side, until)) if until > self.now => (side, until),
                        _ => (draw(), self.now + Duration::from_secs(TTL.into())),
                    };
                    held = Some((side, until));
                    #[expect(clippy::cast_possible_truncation, reason = "at most the TTL")]
                    let left = (until - self.now).as_secs() as u32;
                    (side, left)
                }
            };
            *counts.entry((side, ttl)).or_default() += 1;
        }
        self.asked.insert(key, (self.now, held));
        let mut answers: Vec<_> = counts
            .into_iter()
            .map(|((side, ttl), n)| {
                let values = [answer(name, side)].into();
                Answer { values, ttl, authority: q.role == Role::Authoritative, n }
            })
            .collect();
        answers.sort_by(|a, b| a.values.cmp(&b.values));
        Ok(Batch { asked, answers, trouble: None, rtt: Duration::from_micros(self.random.u64(900..4_000)), epoch })
    }
}

/// A name whose answers the plan has to list is an alias: its records have no values.
fn is_alias(name: &DnsName) -> bool {
    Side::BOTH.iter().any(|side| !name.answers.get(*side).is_empty())
}

/// The answer for a side.
fn answer(name: &DnsName, side: Side) -> String {
    // The first address of the network, or the name, that the plan gives.
    if let Some(first) = name.answers.get(side).first() {
        let text = first.split('/').next().unwrap_or(first);
        return super::facts::normal_value(text);
    }
    match (name.record_type, side) {
        (RecordType::A, Side::Source) => "192.0.2.10".to_owned(),
        (RecordType::A, Side::Target) => "198.51.100.10".to_owned(),
        (RecordType::Aaaa, Side::Source) => "2001:db8:1::10".to_owned(),
        (RecordType::Aaaa, Side::Target) => "2001:db8:2::10".to_owned(),
        (RecordType::Cname, side) => format!("lb.{side}.example.test."),
    }
}

fn record(name: &DnsName, side: Side, set_id: &str, weight: u8) -> Weighted {
    let alias = is_alias(name);
    Weighted {
        name: normal(&name.name),
        record_type: name.record_type,
        set_id: set_id.to_owned(),
        weight,
        ttl: (!alias).then_some(TTL),
        values: if alias { Vec::new() } else { vec![answer(name, side)] },
        alias: alias.then(|| Alias {
            target: format!("dualstack.{set_id}.elb.example.test."),
            zone: "Z0SIMULATEDELB".to_owned(),
            evaluate_health: true,
        }),
        health_check: None,
    }
}

/// All traffic at the source; the first set identifier of a side has its whole weight.
fn begin(name: &DnsName) -> impl Iterator<Item = Weighted> {
    Side::BOTH.into_iter().flat_map(move |side| {
        let all = if side == Side::Source { 100 } else { 0 };
        let each = std::iter::once(all).chain(std::iter::repeat(0));
        name.set_identifiers.get(side).iter().zip(each).map(move |(id, weight)| record(name, side, id, weight))
    })
}

impl Simulated for State {
    type Sim = Sim;

    fn rehearse(plan: &mut Plan, found: &Found<'_>, out: &mut Rehearsed) {
        for name in &plan.dns {
            let share =
                found.all("dns.name.configured_share").find(|r| r.is("name", &name.name) && r.is("side", "target"));
            let Some(share) = share.and_then(|r| r.value) else {
                out.unknown.push(format!("weights of {}", name.name));
                continue;
            };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 100")]
            let target = (share.clamp(0.0, 1.0) * 100.0).round() as u8;
            for (side, to) in [(Side::Target, target), (Side::Source, 100 - target)] {
                let weigh = FaultInjection::Weigh { name: name.name.clone(), side, to };
                out.events.push(crate::FaultInjection::Route53(weigh));
            }
        }
    }

    fn simulate(plan: &Arc<Plan>, seed: u64) -> Sim {
        let mut zones = HashMap::<String, Vec<Weighted>>::new();
        for name in &plan.dns {
            zones.entry(name.zone.clone()).or_default().extend(begin(name));
        }
        Sim {
            plan: plan.clone(),
            random: Rng::with_seed(seed ^ 0x53),
            now: Duration::ZERO,
            zones: zones.into_iter().map(|(id, records)| (id, Zone::new(records))).collect(),
            stuck: HashMap::new(),
            changes: HashMap::new(),
            log: Vec::new(),
            asked: HashMap::new(),
        }
    }

    fn advance(sim: &mut Sim, now: Now) {
        sim.now = now.boot;
    }

    /// The users' distribution. Every name has equally many users.
    fn publish(sim: &Sim, now: Now, conditions: &mut SharedConditions) {
        let shares: Vec<f64> = sim.plan.dns.iter().filter_map(|n| sim.received(n, now.boot)).collect();
        #[expect(clippy::cast_precision_loss, reason = "a handful of names")]
        let names = shares.len() as f64;
        conditions.on_target = (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / names);
    }

    fn answer(sim: &mut Sim, query: &Query, now: Now) -> Result<Observation, Fault> {
        Ok(match query {
            Query::Records(q) => {
                let text = || format!("NoSuchHostedZone: {}", q.zone);
                let zone = sim.zones.get(&*q.zone).ok_or_else(|| Fault::new(FaultKind::NotFound, text()))?;
                let Version { records, epochs, .. } = zone.latest();
                let wanted =
                    |r: &&Weighted| q.wanted.iter().any(|w| w.name == r.name && w.record_type == r.record_type);
                Observation::Records(Listing {
                    records: records.iter().filter(wanted).map(Weighted::record).collect(),
                    epochs: epochs.clone(),
                })
            }
            Query::Zone(_) => Observation::Zone(ZoneObservation {
                name: "example.test.".to_owned(),
                private: false,
                servers: vec!["ns-1.example.test".to_owned(), "ns-2.example.test".to_owned()],
            }),
            Query::Change(id) => {
                let text = || format!("NoSuchChange: {id}");
                let sent = sim.changes.get(&**id).ok_or_else(|| Fault::new(FaultKind::NotFound, text()))?;
                Observation::Change(ChangeObservation { insync: now.since(*sent) > PROPAGATION, submitted: sent.wall })
            }
            Query::Served(q) => Observation::Served(sim.served(q)?),
        })
    }
}
