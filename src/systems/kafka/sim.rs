//! Behaviour in a simulated estate: topics and groups as named in the plan, a steady stream of events, groups in different health.
//!
//! All of it is derived from the plan, the seed, the requests and the scenario's fault injections. Producers write to the source until
//! they are moved; copies follow a moment later (`sim/topic.rs`); the groups on the source consume, those on the target have
//! translated commits, until offsets are committed there (`sim/group.rs`).

mod group;
mod inject;
mod names;
#[cfg(test)]
mod tests;
mod topic;
mod writes;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use self::{
    group::{HEALTHS, SimGroup},
    topic::SimTopic,
};
use super::{
    State,
    facts::{Broker, Commit, Config, Group, Observation, Offset, Query, Snapshot, Topic},
    syncs::Syncs,
};
use crate::Simulated;
use crate::rehearsal::{Found, Rehearsed};
use base::{
    now::Now,
    observed::{Fault, FaultKind},
    side::Side,
};
use plan::{Isolation, KafkaPair, Plan};

/// The simulated clusters.
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
    /// Simulated seconds, for the wave.
    lived: f64,
    /// When the mirror last wrote offset syncs, in simulated seconds, and its interval, in seconds.
    synced: f64,
    sync_every: f64,
    /// The offset syncs of the mirror to the target.
    syncs: Syncs,
}

/// One simulation step.
struct Step {
    /// Its duration, in seconds.
    seconds: f64,
    /// Simulated seconds at its end.
    lived: f64,
    /// The produced share of the peak.
    wave: f64,
    /// The mirror's interval of offset syncs, in seconds: translated commits are that far behind.
    sync_every: f64,
}

/// Events a second at the peak, over all pairs: what a mid-sized ad platform writes.
const PEAK: f64 = 27_800.0;
/// Records in flight between a producer and a consumer without lag, in seconds.
const IN_FLIGHT: f64 = 0.4;
/// How far copies are behind their originals, in seconds.
const COPY_BEHIND: f64 = 1.5;
/// The mirror's default interval of offset syncs, in seconds, and the number of syncs before the simulation starts.
const SYNC_EVERY: f64 = 60.0;
const SYNCS: u32 = 16;

impl Simulated for State {
    type Sim = Sim;

    fn rehearse(plan: &mut Plan, found: &Found<'_>, out: &mut Rehearsed) {
        for pair in &mut plan.kafka {
            let name = pair.name.clone();
            let mut named = |id, label, what: &str| {
                let names = found.names(id, &[("pair", &name), ("side", "source")], label);
                if names.is_empty() {
                    out.unknown.push(format!("{what} of {name}"));
                }
                names.iter().filter_map(|name| plan::Pattern::parse(name).ok()).collect::<Vec<_>>()
            };
            let groups = named("kafka.group.lag", "group", "groups");
            let topics = named("kafka.topic.partitions", "topic", "topics");
            if !groups.is_empty() && !topics.is_empty() {
                (pair.groups, pair.topics) = (groups.into(), topics.into());
            }
        }
    }

    fn simulate(plan: &Arc<Plan>, seed: u64) -> Sim {
        let mut random = fastrand::Rng::with_seed(seed ^ 0x6b_6166_6b61);
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let share = PEAK / plan.kafka.len().max(1) as f64;
        Sim {
            pairs: plan.kafka.iter().map(|p| SimPair::new(p, share, &mut random)).collect(),
            last: None,
            log: Vec::new(),
        }
    }

    fn advance(sim: &mut Sim, now: Now) {
        let span = sim.last.map_or(Duration::ZERO, |last| now.since(last));
        sim.last = Some(now);
        sim.pairs.iter_mut().for_each(|p| p.advance(span.as_secs_f64()));
    }

    fn answer(sim: &mut Sim, query: &Query, _: Now) -> Result<Observation, Fault> {
        let (Query::Snapshot { pair, side } | Query::Configs { pair, side } | Query::Syncs { pair, side }) = *query;
        let missing = || Fault::new(FaultKind::NotFound, format!("no pair {pair} in the plan"));
        let pair = sim.pairs.get(pair).ok_or_else(missing)?;
        Ok(match query {
            Query::Snapshot { .. } => Observation::Snapshot(pair.snapshot(side)),
            Query::Configs { .. } => Observation::Configs(pair.configs(side)),
            Query::Syncs { .. } => Observation::Syncs(pair.stated(side)),
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
        let mut syncs = offset_syncs();
        topics.iter().for_each(|t| t.history(&mut syncs));
        Self { plan: plan.clone(), topics, groups, lived: 0.0, synced: 0.0, sync_every: SYNC_EVERY, syncs }
    }

    /// Between 70 % and 100 % of the peak, in a wave of ten minutes.
    fn wave(&self) -> f64 {
        0.85 + 0.15 * (self.lived / 600.0 * std::f64::consts::TAU).sin()
    }

    fn advance(&mut self, seconds: f64) {
        self.lived += seconds;
        let step = Step { seconds, lived: self.lived, wave: self.wave(), sync_every: self.sync_every };
        self.topics.iter_mut().for_each(|t| t.advance(&step));
        if self.lived - self.synced >= self.sync_every {
            self.synced = self.lived;
            self.topics.iter().for_each(|t| t.sync(&mut self.syncs));
        }
        for group in &mut self.groups {
            group.advance(&self.topics, &step);
        }
    }

    fn snapshot(&self, side: Side) -> Snapshot {
        let mut order: Vec<usize> =
            (0..self.topics.len()).filter(|&i| side == Side::Source || self.topics[i].mirrored).collect();
        order.sort_by_key(|&i| self.topics[i].names.get(side));
        let mut out = Snapshot {
            controller: Some(1),
            brokers: (1..=3)
                .map(|id| Broker { id, address: format!("b-{id}.{}.{side}:9092", self.plan.name) })
                .collect(),
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
            out.starts.extend(topic.starts.get(side).iter().map(|&e| offset(e)));
            if self.plan.isolation == Isolation::ReadCommitted {
                out.stable.extend(topic.stable(side).iter().map(|&e| offset(e)));
            }
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
            out.groups.push(Group {
                name: group.name.clone(),
                state,
                members,
                commits,
                orphans: Vec::new(),
                fault: None,
            });
        }
        out
    }

    /// The offset syncs of the mirror to a side. Records are copied to the target only; the other direction has only the mirror's
    /// heartbeats.
    fn stated(&self, side: Side) -> Syncs {
        let mut out = if side == Side::Target { self.syncs.clone() } else { offset_syncs() };
        #[expect(clippy::cast_possible_truncation, reason = "the seconds of a simulation")]
        let lived = self.lived as i64;
        out.read = lived;
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

/// Without syncs yet, of the mirror's topic.
fn offset_syncs() -> Syncs {
    Syncs::of_topics(vec!["mm2-offset-syncs.internal".into()])
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
