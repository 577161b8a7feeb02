//! How the simulated clusters accept commits, and their verification.

use super::{
    super::{
        ops::{Call, TopicOffsets, Version, judge},
        state::State,
    },
    Sim, SimPair, whole,
};
use crate::{Simulated, kafka::FaultInjection, planner::SimulateWrites};
use base::{
    now::Now,
    operation::{SendOutcome, Verified},
    side::Side,
};
use plan::Action;

impl SimulateWrites for State {
    type Injection = FaultInjection;

    fn write(sim: &mut Sim, tag: &str, call: &Call, _: Option<&Version>, now: Now) -> SendOutcome<Version> {
        Self::advance(sim, now);
        let Call::Commit { pair, side, group, offsets } = call;
        let done = match sim.pairs.iter_mut().find(|p| p.plan.name == *pair) {
            Some(pair) => pair.commit(*side, group, offsets),
            None => Err(format!("no pair {pair}")),
        };
        match done {
            Err(detail) => SendOutcome::refused(detail),
            Ok(()) => {
                sim.log.push(tag.to_owned());
                SendOutcome::accepted("no error on any partition")
            }
        }
    }

    /// A commit has no tag: it is verified by its values.
    fn verify(sim: &mut Sim, _: &str, call: &Call, precondition: Option<&Version>, now: Now) -> Verified<Version> {
        Self::advance(sim, now);
        let Call::Commit { pair, side, group, offsets } = call;
        let pair = sim.pairs.iter().find(|p| p.plan.name == *pair);
        let there = pair.and_then(|p| offsets.iter().map(|t| p.committed(*side, group, t)).collect::<Option<Vec<_>>>());
        match there {
            Some(there) => judge(group, &there, offsets, precondition, false),
            None => Verified::unobservable(format!("group {group} or a topic of it is not there")),
        }
    }

    fn log(sim: &Sim) -> &[String] {
        &sim.log
    }

    /// An external change: sets the group's first partition back by a few records.
    fn external_change(sim: &mut Sim, action: &Action, now: Now) {
        Self::advance(sim, now);
        let Action::CommitOffsets { pair, group, to } = action else { return };
        if let Some(pair) = sim.pairs.iter_mut().find(|p| p.plan.name == *pair) {
            pair.meddle(*to, group);
        }
    }

    fn inject(sim: &mut Sim, what: &FaultInjection, now: Now) -> Result<(), String> {
        Self::advance(sim, now);
        sim.inject(what)
    }
}

impl SimPair {
    /// The index of a group, and of a topic among its own.
    fn find(&self, side: Side, group: &str, topic: &str) -> Option<(usize, usize)> {
        let group_at = self.groups.iter().position(|g| *g.name == *group)?;
        let own = &self.groups[group_at].topics;
        let at = own.iter().position(|&t| self.topics[t].names.get(side) == topic)?;
        Some((group_at, at))
    }

    /// Takes a commit of all of a group's partitions at once.
    fn commit(&mut self, side: Side, group: &str, offsets: &[TopicOffsets]) -> Result<(), String> {
        let mut all = Vec::new();
        let mut found = None;
        for topic in offsets {
            let Some((at, place)) = self.find(side, group, &topic.topic) else {
                return Err(format!("UNKNOWN_TOPIC_OR_PARTITION: {} of group {group}", topic.topic));
            };
            found = Some(at);
            for &(partition, offset) in &topic.offsets {
                #[expect(clippy::cast_precision_loss, reason = "offsets of a simulated log stay far below 2^52")]
                all.push((place, partition as usize, offset as f64));
            }
        }
        let Some(at) = found else { return Err("INVALID_REQUEST: no partition".to_owned()) };
        self.groups[at].commit(&self.topics, side, &all, self.lived)
    }

    /// A group's commits on the same partitions.
    fn committed(&self, side: Side, group: &str, of: &TopicOffsets) -> Option<TopicOffsets> {
        let (at, place) = self.find(side, group, &of.topic)?;
        let group = &self.groups[at];
        let all = group.offsets(place, &self.topics[group.topics[place]], side);
        let one = |&(p, _): &(u32, i64)| Some((p, whole(*all.get(p as usize)?)));
        Some(TopicOffsets { topic: of.topic.clone(), offsets: of.offsets.iter().map(one).collect::<Option<Vec<_>>>()? })
    }

    fn meddle(&mut self, side: Side, group: &str) {
        let Some(at) = self.groups.iter().position(|g| *g.name == *group) else { return };
        let Some(&topic) = self.groups[at].topics.first() else { return };
        let first = self.groups[at].offsets(0, &self.topics[topic], side).first().copied().unwrap_or(0.0);
        // While it has members there, the broker refuses this, too.
        let _ = self.groups[at].commit(&self.topics, side, &[(0, 0, (first - 13.0).max(0.0))], self.lived);
    }
}
