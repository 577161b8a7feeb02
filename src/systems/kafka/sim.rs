//! How it behaves in a simulated estate: topics and groups as the plan names them, a steady stream of events, groups in different health.
//!
//! All of it follows from the plan, the seed and what is asked of it. Producers write to the source; copies follow a moment later; the
//! groups on the source consume, those on the target wait with translated commits, until somebody commits there (`sim/group.rs`).

mod group;
mod names;
mod obey;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use self::group::{HEALTHS, SimGroup};
use super::{
    State,
    facts::{Ask, Broker, Commit, Config, Facts, Group, Offset, Snapshot, Topic},
    parity,
    syncs::{Sync, Syncs},
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
    /// Tags of all requests that were carried out.
    log: Vec<String>,
}

struct SimPair {
    plan: KafkaPair,
    topics: Vec<SimTopic>,
    groups: Vec<SimGroup>,
    /// Seconds lived, for the day's wave.
    lived: f64,
    /// When the mirror wrote down offsets last, in seconds lived.
    synced: f64,
}

struct SimTopic {
    names: Sides<String>,
    mirrored: bool,
    /// Events a second at the peak, over all partitions.
    rate: f64,
    /// The hottest partition first: each takes a little less than the one before it.
    shares: Vec<f64>,
    ends: Sides<Vec<f64>>,
    /// How much larger a record's offset is on the source than its copy's on the target.
    shifts: Vec<f64>,
    /// What the mirror wrote down of each partition: the source's offsets, oldest first.
    syncs: Vec<Vec<f64>>,
}

/// Events a second at the peak, over all pairs: what a mid-sized ad platform writes.
const PEAK: f64 = 27_800.0;
/// Records in flight between a producer and a consumer that is level with it, in seconds.
const IN_FLIGHT: f64 = 0.4;
/// How far copies are behind their originals, in seconds.
const COPY_BEHIND: f64 = 1.5;
/// How often the mirror writes down offsets, in seconds, and how many of those it keeps.
const SYNC_EVERY: f64 = 60.0;
const SYNCS: u32 = 16;
/// How far translated commits on the target are behind the ends there, in seconds: the last offset sync.
const TRANSLATED_BEHIND: f64 = 60.0;

impl Simulated for State {
    type Sim = Sim;

    fn simulate(plan: &Arc<Plan>, seed: u64) -> Sim {
        let mut random = fastrand::Rng::with_seed(seed ^ 0x6b_6166_6b61);
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let share = PEAK / plan.kafka.len().max(1) as f64;
        Sim { pairs: plan.kafka.iter().map(|p| SimPair::new(p, share, &mut random)).collect(), last: None, log: Vec::new() }
    }

    fn advance(sim: &mut Sim, now: Now) {
        let span = sim.last.map_or(Duration::ZERO, |last| now.since(last));
        sim.last = Some(now);
        sim.pairs.iter_mut().for_each(|p| p.advance(span.as_secs_f64()));
    }

    fn answer(sim: &mut Sim, ask: &Ask, _: Now) -> Result<Facts, Fault> {
        let (Ask::Snapshot { pair, side } | Ask::Configs { pair, side } | Ask::Syncs { pair, side }) = *ask;
        let missing = || Fault::new(FaultKind::NotFound, format!("no pair {pair} in the plan"));
        let pair = sim.pairs.get(pair).ok_or_else(missing)?;
        Ok(match ask {
            Ask::Snapshot { .. } => Facts::Snapshot(pair.snapshot(side)),
            Ask::Configs { .. } => Facts::Configs(pair.configs(side)),
            Ask::Syncs { .. } => Facts::Syncs(pair.said(side)),
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
        Self { plan: plan.clone(), topics, groups, lived: 0.0, synced: 0.0 }
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
        if self.lived - self.synced >= SYNC_EVERY {
            self.synced = self.lived;
            self.topics.iter_mut().for_each(SimTopic::sync);
        }
        for group in &mut self.groups {
            group.advance(&self.topics, wave, seconds, self.lived);
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
            for (at, topic) in group.topics.iter().enumerate() {
                let Some(first) = first[*topic] else { continue };
                let offsets = group.offsets(at, &self.topics[*topic], side);
                out.commits.extend(offsets.into_iter().zip(first..).enumerate().map(|(i, (value, slot))| {
                    let owner = if group.runs_on(side) { owner(i, group.members) } else { Commit::NOBODY };
                    Commit { slot, owner, offset: offset(value) }
                }));
            }
            out.commits[start as usize..].sort_unstable_by_key(|c| c.slot);
            let (state, members) = group.at(side);
            let commits = start..count(out.commits.len());
            out.groups.push(Group { name: group.name.clone(), state, members, commits, orphans: Vec::new(), fault: None });
        }
        out
    }

    /// What the mirror to a side has written down.
    fn said(&self, side: Side) -> Syncs {
        let mut out = Syncs::of_topics(vec!["mm2-offset-syncs.internal".into()]);
        #[expect(clippy::cast_possible_truncation, reason = "the seconds of a simulation")]
        let lived = self.lived as i64;
        out.read = lived;
        // Records go to the target only; of the way back there are the mirror's heartbeats.
        for topic in self.topics.iter().filter(|t| side == Side::Target && t.mirrored) {
            for ((syncs, shift), partition) in topic.syncs.iter().zip(&topic.shifts).zip(0..) {
                for up in syncs {
                    let sync = Sync { upstream: whole(*up), downstream: whole(up - shift) };
                    out.take(&topic.names.source, partition, sync);
                }
            }
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
        let ends: Sides<Vec<f64>> = Sides::from_fn(|side| {
            let age = if side == Side::Source { 604_800.0 } else { 86_400.0 - COPY_BEHIND };
            shares.iter().map(|s| (rate * s * age * (0.9 + 0.2 * random.f64())).floor()).collect()
        });
        let behind = |share: &f64| rate * share * COPY_BEHIND;
        let shifts: Vec<f64> = (0..partitions)
            .map(|i| (ends.source[i] - behind(&shares[i]) - ends.target[i]).ceil())
            .collect();
        let mut topic = Self { names, mirrored, rate, shares, ends, shifts, syncs: vec![Vec::new(); partitions] };
        // What was written down before we look.
        for ago in (0..SYNCS).rev() {
            let ago = f64::from(ago) * SYNC_EVERY;
            for i in 0..partitions {
                let up = topic.ends.source[i] - behind(&topic.shares[i]) - topic.rate * topic.shares[i] * ago;
                topic.syncs[i].push(up.floor());
            }
        }
        topic
    }

    /// The mirror writes down where it is.
    fn sync(&mut self) {
        for (i, syncs) in self.syncs.iter_mut().enumerate() {
            if syncs.len() >= SYNCS as usize {
                syncs.remove(0);
            }
            syncs.push((self.ends.target[i] + self.shifts[i]).floor());
        }
    }
}

fn owner(partition: usize, members: u16) -> u16 {
    u16::try_from(partition % usize::from(members.max(1))).unwrap_or(Commit::NOBODY)
}

fn offset(value: f64) -> Offset {
    Offset::end(whole(value))
}

#[expect(clippy::cast_possible_truncation, reason = "offsets of a simulated log stay far below 2^52")]
fn whole(value: f64) -> i64 {
    value.floor() as i64
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
