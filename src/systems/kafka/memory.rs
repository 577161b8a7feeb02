//! What is kept of a cluster between answers: an offset-time table a partition, a slope a pair, rings a group and a topic.
//!
//! Names are interned: a pair is known by eight bytes. Nothing here is for showing by itself: it has no age, the figures made of
//! it in `cluster.rs` do.

use std::{
    collections::{HashMap, VecDeque},
    mem::size_of,
    sync::Arc,
    time::Duration,
};

use super::facts::{Offset, Snapshot, Topic};
use crate::core::{
    estate::history::{OffsetTimes, Ring, Slope},
    now::Now,
};

/// All that is kept of one cluster.
#[derive(Debug, Default)]
pub(super) struct Memory {
    ids: HashMap<Arc<str>, u32>,
    topics: Vec<TopicMemory>,
    pub(super) groups: HashMap<Arc<str>, GroupMemory>,
}

/// What is kept of a topic.
#[derive(Debug)]
pub(super) struct TopicMemory {
    name: Arc<str>,
    parts: Vec<OffsetTimes>,
    /// Of each partition the last end, and how many answers after it said the same.
    still: Vec<(Offset, u32)>,
    produced: Produced,
    /// Messages a second, at each answer.
    pub(super) rate: Ring,
    /// When it was last there.
    pub(super) seen: Now,
}

/// What is kept of a group.
#[derive(Debug)]
pub(super) struct GroupMemory {
    pairs: Vec<(PairKey, Slope)>,
    /// How its whole lag changes.
    pub(super) slope: Slope,
    /// Its whole lag, in messages, at each answer that knew it.
    pub(super) lag: Ring,
    /// Its worst lag in seconds, where it was known exactly.
    pub(super) seconds: Ring,
    /// When it was last there.
    pub(super) seen: Now,
}

/// A partition of a topic, in eight bytes: interned topic, then partition.
type PairKey = u64;

/// Sums of a topic's ends over the last answers. Whole numbers: a straggler that writes one record a minute must show beside
/// billions of old ones.
#[derive(Debug, Default)]
struct Produced(VecDeque<(Duration, i64)>);

/// Answers over which a rate is taken: long enough to be steady, short enough to show a freeze within half a minute.
const RATE_OVER: usize = 7;

impl Produced {
    fn push(&mut self, boot: Duration, sum: i64) {
        if self.0.back().is_some_and(|&(_, last)| sum < last) {
            // Made anew, or cut: the difference means nothing.
            self.0.clear();
        }
        self.0.push_back((boot, sum));
        if self.0.len() > RATE_OVER {
            self.0.pop_front();
        }
    }

    fn per_second(&self) -> Option<f64> {
        let (&(t0, s0), &(t1, s1)) = (self.0.front()?, self.0.back()?);
        let span = t1.saturating_sub(t0).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        (span > 0.0).then(|| (s1 - s0) as f64 / span)
    }
}

impl Memory {
    /// Takes the ends of one answer.
    pub(super) fn take_ends(&mut self, facts: &Snapshot, at: Now) {
        for topic in &facts.topics {
            let id = self.intern(&topic.name, at);
            let Some(memory) = self.topics.get_mut(id as usize) else { continue };
            memory.seen = at;
            let ends = facts.ends_of(topic);
            memory.parts.resize_with(ends.len(), OffsetTimes::default);
            memory.still.resize(ends.len(), (Offset::UNKNOWN, 0));
            for ((last, polls), end) in memory.still.iter_mut().zip(ends) {
                *polls = if end.known().is_some() && end == last { polls.saturating_add(1) } else { 0 };
                *last = *end;
            }
            let mut sum = Some(0_i64);
            for (table, end) in memory.parts.iter_mut().zip(ends) {
                match end.known() {
                    Some(end) => {
                        table.push(at.boot, end);
                        sum = sum.map(|s| s + end);
                    }
                    None => sum = None,
                }
            }
            if let Some(sum) = sum.filter(|_| !ends.is_empty()) {
                memory.produced.push(at.boot, sum);
                if let Some(rate) = memory.produced.per_second() {
                    memory.rate.push(at.boot, rate);
                }
            }
        }
    }

    fn intern(&mut self, name: &Arc<str>, at: Now) -> u32 {
        if let Some(&id) = self.ids.get(name) {
            return id;
        }
        let id = u32::try_from(self.topics.len()).unwrap_or(u32::MAX);
        self.ids.insert(name.clone(), id);
        self.topics.push(TopicMemory {
            name: name.clone(),
            parts: Vec::new(),
            still: Vec::new(),
            produced: Produced::default(),
            rate: Ring::default(),
            seen: at,
        });
        id
    }

    /// What is kept of a topic.
    pub(super) fn topic(&self, name: &str) -> Option<&TopicMemory> {
        self.ids.get(name).and_then(|&id| self.topics.get(id as usize))
    }

    /// Topics that were there once: by name, and when last.
    pub(super) fn topics(&self) -> impl Iterator<Item = (&Arc<str>, Now)> {
        self.topics.iter().map(|t| (&t.name, t.seen))
    }

    /// Which offset-time table belongs to a slot, for every slot of the answer.
    pub(super) fn tables<'a>(&'a self, facts: &'a Snapshot) -> Tables<'a> {
        Tables { by_topic: facts.topics.iter().map(|t| (t, self.ids.get(&t.name).copied(), self.topic(&t.name))).collect() }
    }
}

/// Offset-time tables by slot.
pub(super) struct Tables<'a> {
    by_topic: Vec<(&'a Topic, Option<u32>, Option<&'a TopicMemory>)>,
}

impl<'a> Tables<'a> {
    fn at(&self, slot: u32) -> Option<&(&'a Topic, Option<u32>, Option<&'a TopicMemory>)> {
        self.by_topic.get(self.by_topic.partition_point(|(t, ..)| t.slots.end <= slot))
    }

    /// The table of one slot.
    pub(super) fn of(&self, slot: u32) -> Option<&'a OffsetTimes> {
        let (topic, _, memory) = self.at(slot)?;
        memory.as_ref()?.parts.get((slot - topic.slots.start) as usize)
    }

    /// The key of one slot.
    pub(super) fn key(&self, slot: u32) -> Option<PairKey> {
        let (topic, id, _) = self.at(slot)?;
        Some((u64::from((*id)?) << 32) | u64::from(slot - topic.slots.start))
    }
}

impl TopicMemory {
    /// For how many answers one after the other no partition's end has changed.
    pub(super) fn still(&self) -> u32 {
        self.still.iter().map(|(_, polls)| *polls).min().unwrap_or(0)
    }

    /// Partitions whose end is not what it was one answer ago.
    pub(super) fn moving(&self) -> impl Iterator<Item = usize> {
        self.still.iter().enumerate().filter(|(_, (end, polls))| end.known().is_some() && *polls == 0).map(|(p, _)| p)
    }

    /// The ends of its partitions as they were read last before `boot`.
    pub(super) fn ends_before(&self, boot: Duration) -> Option<Vec<i64>> {
        self.parts.iter().map(|table| table.end_before(boot)).collect()
    }

    /// Messages a second over the last answers; none before the second.
    pub(super) fn per_second(&self) -> Option<f64> {
        self.produced.per_second()
    }
}

impl GroupMemory {
    pub(super) fn new(at: Now) -> Self {
        Self { pairs: Vec::new(), slope: Slope::default(), lag: Ring::default(), seconds: Ring::default(), seen: at }
    }

    /// Takes the lags of one answer: one a pair, unknown ones left out. Pairs that are not in the answer any more are forgotten.
    pub(super) fn take_lags(&mut self, mut lags: Vec<(PairKey, Option<i64>)>, at: Now) {
        lags.sort_unstable_by_key(|(key, _)| *key);
        let mut old = std::mem::take(&mut self.pairs).into_iter().peekable();
        self.pairs.reserve_exact(lags.len());
        for (key, lag) in lags {
            while old.next_if(|(k, _)| *k < key).is_some() {}
            let mut slope = old.next_if(|(k, _)| *k == key).map(|(_, s)| s).unwrap_or_default();
            if let Some(lag) = lag {
                #[expect(clippy::cast_precision_loss, reason = "a slope")]
                slope.push(at.boot, lag as f64);
            }
            self.pairs.push((key, slope));
        }
    }

    /// How the lag of one pair changes.
    pub(super) fn pair(&self, key: PairKey) -> Option<&Slope> {
        self.pairs.binary_search_by_key(&key, |(k, _)| *k).ok().map(|i| &self.pairs[i].1)
    }
}

/// The lag of one pair: what is between its commit and the end. A commit beyond the end is no lag at all: the topic was made anew, or
/// the group reads uncommitted records while the plan counts to the last stable offset.
pub(super) fn lag(commit: Offset, end: Offset) -> Option<i64> {
    let (commit, end) = (commit.known()?, end.known()?);
    (commit <= end).then(|| end - commit)
}

/// Bytes that one pair costs in memory, for the benchmark's sum.
pub(super) const PAIR_BYTES: usize = size_of::<(PairKey, Slope)>();

impl Memory {
    /// Bytes kept, without the allocator's own.
    pub(super) fn bytes(&self) -> usize {
        let pairs: usize = self.groups.values().map(|g| g.pairs.capacity() * PAIR_BYTES + size_of::<GroupMemory>()).sum();
        let parts: usize = self.topics.iter().flat_map(|t| &t.parts).map(OffsetTimes::bytes).sum();
        pairs + parts + self.topics.len() * size_of::<TopicMemory>()
    }
}
