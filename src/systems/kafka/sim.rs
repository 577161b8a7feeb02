//! How it behaves in a simulated estate: topics and groups as the plan names them, a steady stream of events, groups in different health.
//!
//! All of it follows from the plan and the seed. Producers write to the source; copies follow a moment later; the groups on the source
//! consume, those on the target wait with translated commits.

mod names;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    State,
    facts::{Ask, Broker, Commit, Config, Facts, Group, GroupState, Offset, Snapshot, Topic},
    parity,
};
use crate::{
    core::{
        estate::seen::{Fault, FaultKind},
        now::Now,
    },
    plan::{KafkaPair, Plan, Side, Sides},
    systems::Simulated,
};

/// The imitated clusters.
pub struct Sim {
    pairs: Vec<SimPair>,
    last: Option<Now>,
}

struct SimPair {
    plan: KafkaPair,
    topics: Vec<SimTopic>,
    groups: Vec<SimGroup>,
    /// Seconds lived, for the day's wave.
    lived: f64,
}

struct SimTopic {
    names: Sides<String>,
    mirrored: bool,
    /// Events a second at the peak, over all partitions.
    rate: f64,
    /// The hottest partition first: each takes a little less than the one before it.
    shares: Vec<f64>,
    ends: Sides<Vec<f64>>,
}

struct SimGroup {
    name: Arc<str>,
    health: Health,
    members: u16,
    /// Its topics, by index.
    topics: Vec<usize>,
    /// Records behind, a partition of each of its topics.
    lags: Vec<Vec<f64>>,
}

/// How a group is doing.
#[derive(Clone, Copy, PartialEq)]
enum Health {
    /// Level with the producers, but for what is in flight.
    Level,
    /// Works off what piled up.
    Draining,
    /// Consumes less than is produced.
    Losing,
    /// Level, but for one partition that nobody gets ahead with.
    Hot,
    /// Members come and go.
    Rebalancing,
}

const HEALTHS: [Health; 6] =
    [Health::Level, Health::Draining, Health::Level, Health::Hot, Health::Rebalancing, Health::Losing];

/// Events a second at the peak, over all pairs: what a mid-sized ad platform writes.
const PEAK: f64 = 27_800.0;
/// Records in flight between a producer and a consumer that is level with it, in seconds.
const IN_FLIGHT: f64 = 0.4;
/// How far copies are behind their originals, in seconds.
const COPY_BEHIND: f64 = 1.5;
/// How far translated commits on the target are behind the ends there, in seconds: the last offset sync.
const TRANSLATED_BEHIND: f64 = 60.0;

impl Simulated for State {
    type Sim = Sim;

    fn simulate(plan: &Arc<Plan>, seed: u64) -> Sim {
        let mut random = fastrand::Rng::with_seed(seed ^ 0x6b_6166_6b61);
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let share = PEAK / plan.kafka.len().max(1) as f64;
        Sim { pairs: plan.kafka.iter().map(|p| SimPair::new(p, share, &mut random)).collect(), last: None }
    }

    fn advance(sim: &mut Sim, now: Now) {
        let span = sim.last.map_or(Duration::ZERO, |last| now.since(last));
        sim.last = Some(now);
        sim.pairs.iter_mut().for_each(|p| p.advance(span.as_secs_f64()));
    }

    fn answer(sim: &mut Sim, ask: &Ask, _: Now) -> Result<Facts, Fault> {
        let (Ask::Snapshot { pair, side } | Ask::Configs { pair, side }) = *ask;
        let missing = || Fault::new(FaultKind::NotFound, format!("no pair {pair} in the plan"));
        let pair = sim.pairs.get(pair).ok_or_else(missing)?;
        Ok(match ask {
            Ask::Snapshot { .. } => Facts::Snapshot(pair.snapshot(side)),
            Ask::Configs { .. } => Facts::Configs(pair.configs(side)),
        })
    }
}

impl SimPair {
    fn new(plan: &KafkaPair, peak: f64, random: &mut fastrand::Rng) -> Self {
        let topics = names::expand(&plan.topics, names::TOPIC_WORDS);
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let weights: Vec<f64> = (0..topics.len()).map(|i| 1.0 / (i + 1) as f64).collect();
        let sum: f64 = weights.iter().sum();
        let topics: Vec<SimTopic> = topics
            .into_iter()
            .zip(weights)
            .map(|(name, w)| SimTopic::new(plan, &name, peak * w / sum.max(1.0), random))
            .collect();
        let groups = names::expand(&plan.groups, names::GROUP_WORDS)
            .into_iter()
            .enumerate()
            .map(|(i, name)| SimGroup::new(name, HEALTHS[i % HEALTHS.len()], &topics, random))
            .collect();
        Self { plan: plan.clone(), topics, groups, lived: 0.0 }
    }

    /// Between 70 % and 100 % of the peak, in a wave of ten minutes.
    fn wave(&self) -> f64 {
        0.85 + 0.15 * (self.lived / 600.0 * std::f64::consts::TAU).sin()
    }

    fn advance(&mut self, seconds: f64) {
        self.lived += seconds;
        let wave = self.wave();
        for topic in &mut self.topics {
            let rate = topic.rate * wave;
            let SimTopic { ends, shares, mirrored, .. } = topic;
            for (end, share) in ends.source.iter_mut().zip(shares.iter()) {
                *end += rate * share * seconds;
            }
            if *mirrored {
                // Copies keep their distance from the originals; their offsets are numbers of their own.
                for (end, share) in ends.target.iter_mut().zip(shares.iter()) {
                    *end += rate * share * seconds;
                }
            }
        }
        for group in &mut self.groups {
            group.advance(&self.topics, wave, seconds);
        }
    }

    fn snapshot(&self, side: Side) -> Snapshot {
        let mut order: Vec<usize> =
            (0..self.topics.len()).filter(|&i| side == Side::Source || self.topics[i].mirrored).collect();
        order.sort_by_key(|&i| self.topics[i].names.get(side));
        let mut out = Snapshot {
            controller: Some(1),
            brokers: (1..=3).map(|id| Broker { id, address: format!("b-{id}.{}.{side}:9092", self.plan.name) }).collect(),
            topics_in_all: count(order.len()) + 2,
            groups_in_all: count(self.groups.len()) + 1,
            ..Snapshot::default()
        };
        let mut first = vec![None; self.topics.len()];
        for i in order {
            let topic = &self.topics[i];
            let start = count(out.ends.len());
            first[i] = Some(start);
            out.ends.extend(topic.ends.get(side).iter().map(|&e| offset(e)));
            let name = topic.names.get(side).as_str().into();
            out.topics.push(Topic { name, slots: start..count(out.ends.len()), fault: None });
        }
        let mut groups: Vec<&SimGroup> = self.groups.iter().collect();
        groups.sort_by_key(|g| g.name.clone());
        for group in groups {
            let start = count(out.commits.len());
            for (topic, lags) in group.topics.iter().zip(&group.lags) {
                let Some(first) = first[*topic] else { continue };
                let topic = &self.topics[*topic];
                let ends = topic.ends.get(side).iter().zip(&topic.shares);
                out.commits.extend(ends.zip(lags).zip(first..).enumerate().map(|(i, (((end, share), lag), slot))| {
                    let behind = match side {
                        Side::Source => *lag,
                        Side::Target => topic.rate * share * TRANSLATED_BEHIND,
                    };
                    let owner = if side == Side::Source { owner(i, group.members) } else { Commit::NOBODY };
                    Commit { slot, owner, offset: offset((end.floor() - behind.floor()).max(0.0)) }
                }));
            }
            out.commits[start as usize..].sort_unstable_by_key(|c| c.slot);
            let (state, members) = group.at(side);
            let commits = start..count(out.commits.len());
            out.groups.push(Group { name: group.name.clone(), state, members, commits, orphans: Vec::new(), fault: None });
        }
        out
    }

    fn configs(&self, side: Side) -> BTreeMap<Arc<str>, Config> {
        let values = [
            ("cleanup.policy", "delete"),
            ("max.message.bytes", "1048588"),
            ("message.timestamp.type", "CreateTime"),
            ("min.insync.replicas", "2"),
            ("retention.bytes", "-1"),
            ("retention.ms", "604800000"),
        ];
        let config = || Config(values.into_iter().map(|(k, v)| (k, v.to_owned())).collect());
        let there = self.topics.iter().filter(|t| side == Side::Source || t.mirrored);
        there.map(|t| (Arc::from(t.names.get(side).as_str()), config())).collect()
    }
}

impl SimTopic {
    fn new(plan: &KafkaPair, name: &str, rate: f64, random: &mut fastrand::Rng) -> Self {
        let names = parity::names(plan, Side::Source, name);
        let mirrored = parity::copied(plan, &names) != parity::Copied::No;
        let partitions = 6 * random.usize(1..=4);
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let weights: Vec<f64> = (0..partitions).map(|i| 1.0 / (1.0 + i as f64 * 0.05)).collect();
        let sum: f64 = weights.iter().sum();
        let shares: Vec<f64> = weights.iter().map(|w| w / sum).collect();
        // A week of records on the source, a day on the target, which was set up later.
        let ends = Sides::from_fn(|side| {
            let age = if side == Side::Source { 604_800.0 } else { 86_400.0 - COPY_BEHIND };
            shares.iter().map(|s| (rate * s * age * (0.9 + 0.2 * random.f64())).floor()).collect()
        });
        Self { names, mirrored, rate, shares, ends }
    }
}

impl SimGroup {
    fn new(name: String, health: Health, topics: &[SimTopic], random: &mut fastrand::Rng) -> Self {
        let chosen: Vec<usize> = match topics.len() {
            0 => Vec::new(),
            n => {
                let first = random.usize(0..n);
                (0..n.min(2)).map(|i| (first + i) % n).collect()
            }
        };
        let lags = chosen.iter().map(|&t| topics[t].shares.iter().enumerate().map(|(i, s)| {
            let rate = topics[t].rate * s;
            match health {
                Health::Draining => rate * 240.0,
                Health::Losing => rate * 30.0,
                Health::Hot if i == 0 => rate * 400.0,
                _ => rate * IN_FLIGHT,
            }
        }).collect()).collect();
        Self { name: name.into(), health, members: random.u16(2..=8), topics: chosen, lags }
    }

    fn advance(&mut self, topics: &[SimTopic], wave: f64, seconds: f64) {
        for (topic, lags) in self.topics.iter().zip(&mut self.lags) {
            let topic = &topics[*topic];
            for (i, (lag, share)) in lags.iter_mut().zip(&topic.shares).enumerate() {
                let rate = topic.rate * share * wave;
                // Consumed a second, as a multiple of what is produced.
                let pace = match self.health {
                    Health::Level | Health::Rebalancing => 1.2,
                    Health::Draining => 1.35,
                    Health::Losing => 0.97,
                    Health::Hot if i == 0 => 0.995,
                    Health::Hot => 1.2,
                };
                *lag = (*lag + rate * (1.0 - pace) * seconds).max(rate * IN_FLIGHT);
            }
        }
    }

    fn at(&self, side: Side) -> (GroupState, Option<Vec<Arc<str>>>) {
        match (side, self.health) {
            (Side::Target, _) => (GroupState::Empty, Some(Vec::new())),
            (Side::Source, Health::Rebalancing) => (GroupState::Rebalancing, Some(self.member_names())),
            (Side::Source, _) => (GroupState::Stable, Some(self.member_names())),
        }
    }

    fn member_names(&self) -> Vec<Arc<str>> {
        (0..self.members).map(|i| format!("{}-{i}@10.1.4.{}", self.name, 20 + i).into()).collect()
    }
}

fn owner(partition: usize, members: u16) -> u16 {
    u16::try_from(partition % usize::from(members.max(1))).unwrap_or(Commit::NOBODY)
}

#[expect(clippy::cast_possible_truncation, reason = "offsets of a simulated log stay far below 2^52")]
fn offset(value: f64) -> Offset {
    Offset::end(value.floor() as i64)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
