//! How it behaves in a simulated estate: the plan's names, answered by weight, with caches that age.
//!
//! It begins with all traffic in the source. What the plan wants is configured a little later, so that a change is seen on its way:
//! the servers take it over one by one, caches keep the old answer for its time to live.

use std::{collections::HashMap, sync::Arc, time::Duration};

use fastrand::Rng;

use super::{
    Ask, Facts, State,
    facts::{Alias, Answer, Batch, ChangeFacts, Question, Record, Role, Routing, ZoneFacts, normal},
};
use crate::{
    core::{
        estate::seen::{Fault, FaultKind},
        now::Now,
    },
    plan::{DnsName, Plan, RecordType, Side, Sides},
    systems::Simulated,
};

/// When the plan's weights are configured, from the first look on.
const CHANGE_AT: Duration = Duration::from_secs(45);
/// The slowest of Route 53's servers has a change after this long.
const PROPAGATION: Duration = Duration::from_secs(20);
/// Time to live of the simulated records.
const TTL: u32 = 60;

/// The imitated zones and servers.
pub struct Sim {
    plan: Arc<Plan>,
    random: Rng,
    started: Option<Now>,
    now: Duration,
    /// When each server was asked last, and what a resolver holds until when.
    asked: HashMap<String, (Duration, Option<(Side, Duration)>)>,
}

impl Sim {
    fn since(&self) -> Duration {
        self.now.saturating_sub(self.started.map_or(self.now, |s| s.boot))
    }

    fn weights(name: &DnsName, after: Duration) -> Sides<u8> {
        let old = Sides { source: 100, target: 0 };
        if after < CHANGE_AT { old } else { name.planned.unwrap_or(old) }
    }

    fn draw(&mut self, weights: Sides<u8>) -> Side {
        let (source, target) = (u32::from(weights.source), u32::from(weights.target));
        let sum = source + target;
        // All zero is an equal split.
        let (source, sum) = if sum == 0 { (1, 2) } else { (source, sum) };
        if self.random.u32(0..sum) < source { Side::Source } else { Side::Target }
    }

    fn served(&mut self, q: &Question) -> Result<Batch, Fault> {
        let plan = self.plan.clone();
        let name = plan.dns.get(q.index).ok_or_else(|| Fault::new(FaultKind::NotFound, "no such name"))?;
        let key = format!("{} {} {}", q.index, q.server, q.role.word());
        let (last, mut held) = self.asked.get(&key).copied().unwrap_or((self.now, None));
        let span = self.now.saturating_sub(last).clamp(Duration::from_secs(1), Duration::from_secs(60));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a minute's questions")]
        let asked = (f64::from(q.rate.get()) * span.as_secs_f64()) as u32;
        // Each server takes a change over in its own time.
        let late = PROPAGATION.mul_f64(f64::from(u32::from(q.server.port()) * 7 % 10) / 10.0);
        let weights = Self::weights(name, self.since().saturating_sub(late));
        let mut counts = HashMap::<(Side, u32), u32>::new();
        let answered = (0..asked).filter(|_| self.random.f64() > 0.002).count();
        for _ in 0..answered {
            let (side, ttl) = match q.role {
                Role::Authoritative => (self.draw(weights), TTL),
                Role::Resolver => {
                    let (side, until) = match held {
                        Some((side, until)) if until > self.now => (side, until),
                        _ => (self.draw(weights), self.now + Duration::from_secs(TTL.into())),
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
        Ok(Batch { asked, answers, trouble: None, rtt: Duration::from_micros(self.random.u64(900..4_000)) })
    }
}

/// A name whose answers the plan has to describe is an alias: its records have no values.
fn is_alias(name: &DnsName) -> bool {
    Side::BOTH.iter().any(|side| !name.answers.get(*side).is_empty())
}

/// What is answered for a side.
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

fn record(name: &DnsName, side: Side, set_id: &str, weight: u8) -> Record {
    let alias = is_alias(name);
    Record {
        name: normal(&name.name),
        record_type: name.record_type,
        set_id: Some(set_id.to_owned()),
        routing: Routing::Weighted(weight),
        ttl: (!alias).then_some(TTL),
        values: if alias { Vec::new() } else { vec![answer(name, side)] },
        alias: alias
            .then(|| Alias { target: format!("dualstack.{set_id}.elb.example.test."), evaluate_health: true }),
        health_check: None,
    }
}

impl Simulated for State {
    type Sim = Sim;

    fn simulate(plan: &Arc<Plan>, seed: u64) -> Sim {
        let random = Rng::with_seed(seed ^ 0x53);
        Sim { plan: plan.clone(), random, started: None, now: Duration::ZERO, asked: HashMap::new() }
    }

    fn advance(sim: &mut Sim, now: Now) {
        sim.started.get_or_insert(now);
        sim.now = now.boot;
    }

    fn answer(sim: &mut Sim, ask: &Ask, now: Now) -> Result<Facts, Fault> {
        Ok(match ask {
            Ask::Records(q) => {
                let mut records = Vec::new();
                for name in sim.plan.dns.iter().filter(|n| *n.zone == *q.zone) {
                    let weights = Sim::weights(name, sim.since());
                    for side in Side::BOTH {
                        // The plan's weight is the side's: the first set identifier has all of it.
                        let each = std::iter::once(*weights.get(side)).chain(std::iter::repeat(0));
                        let ids = name.set_identifiers.get(side).iter().zip(each);
                        records.extend(ids.map(|(id, weight)| record(name, side, id, weight)));
                    }
                }
                Facts::Records(records)
            }
            Ask::Zone(_) => Facts::Zone(ZoneFacts {
                name: "example.test.".to_owned(),
                private: false,
                servers: vec!["ns-1.example.test".to_owned(), "ns-2.example.test".to_owned()],
            }),
            Ask::Change(_) => {
                Facts::Change(ChangeFacts { insync: sim.since() > CHANGE_AT + PROPAGATION, submitted: now.wall })
            }
            Ask::Served(q) => Facts::Served(sim.served(q)?),
        })
    }
}
