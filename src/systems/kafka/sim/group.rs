//! A simulated consumer group: where it runs, its position on each cluster, and how it follows a commit to the other side.
//!
//! An operator runs the consumers and reacts to requests for the group. Once offsets are committed on a cluster, the consumers move there:
//! they stop on the one and start on the other a little later, from the commits. When a commit is refused because they still run there,
//! they are stopped. When offsets are set back below the hand-over, they move back.

use std::sync::Arc;

use super::{super::facts::GroupState, IN_FLIGHT, SYNC_EVERY, SimTopic, Step};
use base::side::{Side, Sides};

/// How long the consumers take to follow, in seconds.
const FOLLOW: f64 = 20.0;

pub(super) struct SimGroup {
    pub(super) name: Arc<str>,
    health: Health,
    /// Its consumption as a multiple of production, if set by a scenario.
    pub(super) given_pace: Option<f64>,
    pub(super) members: u16,
    /// Its topics, by index.
    pub(super) topics: Vec<usize>,
    stands: Sides<Stand>,
    /// Where its consumers run.
    runs: Option<Side>,
    /// When and where they will run next.
    next: Option<(f64, Option<Side>)>,
}

/// The position of a group on one cluster: per topic and partition.
enum Stand {
    /// This many records behind: consuming, or its commits are translated by the mirror.
    Behind(Vec<Vec<f64>>),
    /// At these offsets.
    At(Vec<Vec<f64>>),
}

/// The health of a group.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Health {
    /// Without lag, except for the records in flight.
    Level,
    /// Works off accumulated records.
    Draining,
    /// A few seconds behind, and consumes as much as is produced.
    Behind,
    /// Without lag, except for one partition that is consumed only as fast as it is written.
    Hot,
    /// Members join and leave.
    Rebalancing,
}

impl Health {
    /// Consumption of a group per second, as a multiple of production.
    const fn pace(self, partition: usize) -> f64 {
        match self {
            Self::Level | Self::Rebalancing => 1.2,
            Self::Draining => 1.35,
            Self::Behind => 1.0,
            Self::Hot if partition == 0 => 1.0,
            Self::Hot => 1.2,
        }
    }
}

pub(super) const HEALTHS: [Health; 6] =
    [Health::Level, Health::Draining, Health::Level, Health::Hot, Health::Rebalancing, Health::Behind];

impl SimGroup {
    pub(super) fn new(name: String, health: Health, topics: &[SimTopic], random: &mut fastrand::Rng) -> Self {
        let chosen: Vec<usize> = match topics.len() {
            0 => Vec::new(),
            n => {
                let first = random.usize(0..n);
                (0..n.min(2)).map(|i| (first + i) % n).collect()
            }
        };
        let each = |of: &dyn Fn(usize, f64) -> f64| -> Vec<Vec<f64>> {
            let lags =
                |t: &usize| topics[*t].shares.iter().enumerate().map(|(i, s)| of(i, topics[*t].rate * s)).collect();
            chosen.iter().map(lags).collect()
        };
        let source = each(&|i, rate| match health {
            Health::Draining => rate * 240.0,
            Health::Behind => rate * 5.0,
            Health::Hot if i == 0 => rate * 20.0,
            _ => rate * IN_FLIGHT,
        });
        let target = each(&|_, rate| rate * SYNC_EVERY);
        let stands = Sides { source: Stand::Behind(source), target: Stand::Behind(target) };
        let members = random.u16(2..=8);
        Self {
            name: name.into(),
            health,
            given_pace: None,
            members,
            topics: chosen,
            stands,
            runs: Some(Side::Source),
            next: None,
        }
    }

    pub(super) fn runs_on(&self, side: Side) -> bool {
        self.runs == Some(side)
    }

    /// Its commits on one of its topics, on one side.
    pub(super) fn offsets(&self, at: usize, topic: &SimTopic, side: Side) -> Vec<f64> {
        let ends = topic.ends.get(side);
        match self.stands.get(side) {
            Stand::Behind(lags) => {
                ends.iter().zip(&lags[at]).map(|(e, lag)| (e.floor() - lag.floor()).max(0.0)).collect()
            }
            Stand::At(offsets) => offsets[at].clone(),
        }
    }

    /// Its consumption per second on a side, as a multiple of the production on the side where its topic's producers write.
    fn pace(&self, side: Side, partition: usize) -> f64 {
        // On the target it is faster, to work off the records that it reads again.
        let fresh = if side == Side::Target { 0.3 } else { 0.0 };
        self.given_pace.unwrap_or_else(|| self.health.pace(partition) + fresh)
    }

    pub(super) fn advance(&mut self, topics: &[SimTopic], step: &Step) {
        if let Some((_, to)) = self.next.take_if(|(when, _)| *when <= step.lived) {
            self.go(to, topics);
        }
        if step.seconds > 0.0 {
            Side::BOTH.into_iter().for_each(|side| self.follow(side, topics, step));
        }
    }

    /// Updates its lag on a side, by the records added there and the records consumed or translated.
    fn follow(&mut self, side: Side, topics: &[SimTopic], step: &Step) {
        let paces: [f64; 64] = std::array::from_fn(|i| self.pace(side, i));
        let runs = self.runs_on(side);
        let Stand::Behind(all) = self.stands.get_mut(side) else { return };
        for (topic, lags) in self.topics.iter().zip(all) {
            let topic = &topics[*topic];
            let parts = topic.shares.iter().zip(topic.grown.get(side));
            for (i, (lag, (share, grown))) in lags.iter_mut().zip(parts).enumerate() {
                let rate = topic.rate * share * step.wave;
                *lag += grown;
                if runs {
                    let in_flight = if topic.grows(side) { rate * IN_FLIGHT } else { 0.0 };
                    *lag = (*lag - rate * paces[i.min(63)] * step.seconds).max(in_flight);
                } else if topic.written == Side::Source {
                    // The mirror translates what it copies, up to its last offset sync.
                    *lag = lag.min(topic.rate * share * step.sync_every);
                }
            }
        }
    }

    /// The consumers stop, and start elsewhere from the commits there.
    fn go(&mut self, to: Option<Side>, topics: &[SimTopic]) {
        if self.runs == to {
            return;
        }
        if let Some(from) = self.runs {
            *self.stands.get_mut(from) = Stand::At(self.all(topics, from));
        }
        if let Some(to) = to {
            let behind = self.all(topics, to).into_iter().zip(&self.topics).map(|(offsets, topic)| {
                let ends = topics[*topic].ends.get(to);
                ends.iter().zip(offsets).map(|(end, offset)| (end.floor() - offset).max(0.0)).collect()
            });
            *self.stands.get_mut(to) = Stand::Behind(behind.collect());
        }
        self.runs = to;
    }

    /// Its commits on all of its topics, on one side.
    fn all(&self, topics: &[SimTopic], side: Side) -> Vec<Vec<f64>> {
        self.topics.iter().enumerate().map(|(at, topic)| self.offsets(at, &topics[*topic], side)).collect()
    }

    /// Takes a commit on a cluster where no consumer runs: offsets by the index of the topic among its own, and by partition.
    ///
    /// # Errors
    /// While it has members there.
    pub(super) fn commit(
        &mut self,
        topics: &[SimTopic],
        side: Side,
        offsets: &[(usize, usize, f64)],
        lived: f64,
    ) -> Result<(), String> {
        if self.runs == Some(side) {
            self.next = Some((lived + FOLLOW, None));
            return Err(format!("NON_EMPTY_GROUP: the group {} is not empty", self.name));
        }
        let before = self.all(topics, side);
        let mut all = before.clone();
        for &(topic, partition, offset) in offsets {
            if let Some(there) = all.get_mut(topic).and_then(|t| t.get_mut(partition)) {
                *there = offset;
            }
        }
        let sum = |all: &[Vec<f64>]| all.iter().flatten().sum::<f64>();
        let to = if sum(&all) < sum(&before) { side.other() } else { side };
        *self.stands.get_mut(side) = Stand::At(all);
        self.next = Some((lived + FOLLOW, Some(to)));
        Ok(())
    }

    pub(super) fn at(&self, side: Side) -> (GroupState, Option<Vec<Arc<str>>>) {
        match self.health {
            _ if !self.runs_on(side) => (GroupState::Empty, Some(Vec::new())),
            Health::Rebalancing if side == Side::Source => (GroupState::Rebalancing, Some(self.member_names(side))),
            _ => (GroupState::Stable, Some(self.member_names(side))),
        }
    }

    fn member_names(&self, side: Side) -> Vec<Arc<str>> {
        let net = if side == Side::Source { "10.1" } else { "10.2" };
        (0..self.members).map(|i| format!("{}-{i}@{net}.4.{}", self.name, 20 + i).into()).collect()
    }
}
