//! The state of a cluster between observations: per topic ends over time and a rate, per pair a slope, per group and topic rings.
//!
//! Names are interned: a pair is identified by eight bytes. Nothing here is displayed directly: it has no age; the figures computed from
//! it in `figures.rs` do.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    mem::size_of,
    sync::Arc,
    time::Duration,
};

use super::{
    facts::{Commit, Group, Offset, Snapshot, Topic},
    figures::Figures,
    times::{EndTimes, LagTime, Row},
};
use base::{
    history::{Ring, Slope},
    now::Now,
};

/// All state of one cluster.
#[derive(Debug, Default)]
pub(super) struct Memory {
    ids: HashMap<Arc<str>, u32>,
    /// By id. An id is used once: the id of a removed topic is not used for another.
    topics: BTreeMap<u32, TopicMemory>,
    next: u32,
    /// Number of observations so far with a complete list of groups.
    whole: u32,
    pub(super) groups: HashMap<Arc<str>, GroupMemory>,
    /// Their names, in order.
    pub(super) group_names: Vec<Arc<str>>,
}

/// The state of a topic.
#[derive(Debug)]
pub(super) struct TopicMemory {
    name: Arc<str>,
    ends: EndTimes,
    /// For each partition the last end, and how many observations since then had the same end and no open transaction.
    still: Vec<(Offset, u32)>,
    produced: Produced,
    /// Whether the last observation of all its partitions equals the one before.
    stands: bool,
    /// Messages a second, at each observation.
    pub(super) rate: Ring,
    /// When it was last observed.
    pub(super) seen: Now,
    /// Complete observations since then that did not contain it.
    missed: u32,
}

/// The state of a group.
#[derive(Debug)]
pub(super) struct GroupMemory {
    /// In the order of the last observation's commits.
    pairs: Vec<(PairKey, Slope)>,
    /// The trend of its total lag.
    pub(super) slope: Slope,
    /// Its total lag, in messages, at each observation in which it was known.
    pub(super) lag: Ring,
    /// Its worst lag in seconds, where it was known exactly.
    pub(super) seconds: Ring,
    /// When it was last observed.
    pub(super) seen: Now,
    /// Complete observations since then that did not contain it.
    pub(super) missed: u32,
    /// Its index in the observation.
    pub(super) place: usize,
}

/// A partition of a topic, in eight bytes: interned topic, then partition.
type PairKey = u64;

/// Sums of a topic's ends over the last observations. Integers: a producer that writes one record a minute must be visible next to
/// billions of old records.
#[derive(Debug, Default)]
struct Produced(VecDeque<(Duration, i64)>);

/// Complete observations without a topic or a group after which it counts as deleted: one alone may come from a broker with old metadata.
const MISSED: u32 = 2;

/// Observations over which a rate is computed: long enough to be steady, short enough to show a freeze within half a minute.
const RATE_OVER: usize = 7;

impl Produced {
    fn push(&mut self, boot: Duration, sum: i64) {
        if self.0.back().is_some_and(|&(_, last)| sum < last) {
            // Created again, or truncated: the difference has no meaning.
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
    /// Takes the ends of one observation; `before`: the one before it, if it has the same topics.
    pub(super) fn take_ends(&mut self, facts: &Snapshot, before: Option<&Snapshot>, at: Now) {
        if facts.partial.is_none() {
            self.whole = self.whole.saturating_add(1);
            self.topics.values_mut().for_each(|memory| memory.missed = memory.missed.saturating_add(1));
        }
        for topic in &facts.topics {
            let id = self.intern(&topic.name, at);
            let Some(memory) = self.topics.get_mut(&id) else { continue };
            (memory.seen, memory.missed) = (at, 0);
            let ends = facts.ends_of(topic);
            memory.still.resize(ends.len(), (Offset::UNKNOWN, 0));
            for (((last, polls), end), slot) in memory.still.iter_mut().zip(ends).zip(topic.slots.clone()) {
                // A producer with an open transaction has not stopped, however long no record arrives.
                let quiet = end.known().is_some() && end == last && facts.open(slot) == Some(0);
                *polls = if quiet { polls.saturating_add(1) } else { 0 };
                *last = *end;
            }
            memory.stands =
                memory.ends.push(at.boot, ends) && before.is_some_and(|before| before.bounds_like(facts, topic));
            let sum: Option<i64> = ends.iter().map(|end| end.known()).sum();
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
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        self.ids.insert(name.clone(), id);
        let new = TopicMemory {
            name: name.clone(),
            ends: EndTimes::default(),
            still: Vec::new(),
            produced: Produced::default(),
            stands: false,
            rate: Ring::default(),
            seen: at,
            missed: 0,
        };
        self.topics.insert(id, new);
        id
    }

    /// The state of a topic.
    pub(super) fn topic(&self, name: &str) -> Option<&TopicMemory> {
        self.ids.get(name).and_then(|id| self.topics.get(id))
    }

    /// Present and former topics: name, and when last observed.
    pub(super) fn topics(&self) -> impl Iterator<Item = (&Arc<str>, Now)> {
        self.topics.values().map(|t| (&t.name, t.seen))
    }

    /// Topics that several complete observations no longer contained.
    pub(super) fn missed_topics(&self) -> impl Iterator<Item = &Arc<str>> {
        self.topics.values().filter(|t| t.missed >= MISSED).map(|t| &t.name)
    }

    /// Groups that several complete observations no longer contained.
    pub(super) fn missed_groups(&self) -> impl Iterator<Item = &Arc<str>> {
        self.groups.iter().filter(|(_, g)| g.missed >= MISSED).map(|(name, _)| name)
    }

    /// Whether a topic is known not to exist, and is not only missing in one observation.
    pub(super) fn lacks_topic(&self, name: &str) -> bool {
        self.topic(name).map_or(self.whole, |t| t.missed) >= MISSED
    }

    /// The same for a group.
    pub(super) fn lacks_group(&self, name: &str) -> bool {
        self.groups.get(name).map_or(self.whole, |g| g.missed) >= MISSED
    }

    /// Removes a topic.
    pub(super) fn forget_topic(&mut self, name: &str) {
        if let Some(id) = self.ids.remove(name) {
            self.topics.remove(&id);
        }
    }

    /// Removes a group.
    pub(super) fn forget_group(&mut self, name: &str) {
        if self.groups.remove(name).is_some() {
            self.group_names.retain(|known| **known != *name);
        }
    }

    /// The state of the topics of an observation.
    pub(super) fn tables<'a>(&'a self, facts: &'a Snapshot) -> Tables<'a> {
        let table = |topic: &'a Topic| {
            let id = self.ids.get(&topic.name).copied();
            Table { topic, id, memory: id.and_then(|id| self.topics.get(&id)) }
        };
        Tables(facts.topics.iter().map(table).collect())
    }
}

/// The state of the topics of an observation, in its order.
pub(super) struct Tables<'a>(Vec<Table<'a>>);

impl<'a> Tables<'a> {
    /// The topic of a slot.
    pub(super) fn of(&self, slot: u32) -> Option<&Table<'a>> {
        self.0.get(self.0.partition_point(|table| table.topic.slots.end <= slot))
    }

    /// A group's commits, topic by topic.
    pub(super) fn split<'c>(&self, commits: &'c [Commit]) -> impl Iterator<Item = (Option<&Table<'a>>, &'c [Commit])> {
        let mut rest = commits;
        std::iter::from_fn(move || {
            let table = self.of(rest.first()?.slot);
            // Commits without a topic come last, as one part.
            let end = table.map_or(rest.len(), |t| rest.partition_point(|commit| commit.slot < t.topic.slots.end));
            let (own, others) = rest.split_at(end.max(1));
            rest = others;
            Some((table, own))
        })
    }

    /// Whether all topics of these commits are unchanged since the observation before.
    pub(super) fn stand(&self, commits: &[Commit]) -> bool {
        self.split(commits).all(|(table, _)| table.and_then(|t| t.memory).is_some_and(|memory| memory.stands))
    }
}

/// The state of one topic.
pub(super) struct Table<'a> {
    pub(super) topic: &'a Topic,
    id: Option<u32>,
    memory: Option<&'a TopicMemory>,
}

impl Table<'_> {
    /// The age of the first record behind an offset of one of its slots.
    pub(super) fn time(&self, slot: u32, offset: i64, boot: Duration) -> LagTime {
        let Some(memory) = self.memory else { return LagTime::AtLeast(Duration::ZERO) };
        let partition = self.partition(slot);
        let age = memory.ends.age_of(partition, offset, boot);
        age.map_or_else(|| LagTime::AtLeast(memory.ends.reach(partition, boot)), LagTime::Exactly)
    }

    /// The ends observed at `time` before `boot`: a record behind them is younger.
    pub(super) fn bar(&self, boot: Duration, time: LagTime) -> Option<&Row> {
        self.memory.and_then(|memory| memory.ends.after(boot.saturating_sub(time.least())))
    }

    /// The partition of one of its slots.
    pub(super) const fn partition(&self, slot: u32) -> usize {
        slot.saturating_sub(self.topic.slots.start) as usize
    }

    /// The key of one of its slots.
    pub(super) fn key(&self, slot: u32) -> Option<PairKey> {
        Some((u64::from(self.id?) << 32) | u64::from(slot.checked_sub(self.topic.slots.start)?))
    }
}

impl TopicMemory {
    /// For how many consecutive observations no partition's end has changed and no transaction was open.
    pub(super) fn still(&self) -> u32 {
        self.still.iter().map(|(_, polls)| *polls).min().unwrap_or(0)
    }

    /// Partitions whose end has changed since the observation before, or that have an open transaction.
    pub(super) fn moving(&self) -> impl Iterator<Item = usize> {
        self.still.iter().enumerate().filter(|(_, (end, polls))| end.known().is_some() && *polls == 0).map(|(p, _)| p)
    }

    /// The ends of its partitions as last read before `boot`.
    pub(super) fn ends_before(&self, boot: Duration) -> Option<Vec<i64>> {
        self.ends.before(boot)
    }

    /// Messages a second over the last observations; none before the second one.
    pub(super) fn per_second(&self) -> Option<f64> {
        self.produced.per_second()
    }
}

impl GroupMemory {
    pub(super) fn new(at: Now) -> Self {
        Self {
            pairs: Vec::new(),
            slope: Slope::default(),
            lag: Ring::default(),
            seconds: Ring::default(),
            seen: at,
            missed: 0,
            place: 0,
        }
    }

    /// Takes one observation: the known lag of each pair, and the figures computed from all of them. Pairs that the observation no longer
    /// contains are removed.
    pub(super) fn take(&mut self, facts: &Snapshot, group: &Group, tables: &Tables<'_>, figures: Figures, at: Now) {
        let (mut old, mut n) = (HashMap::new(), 0);
        for (table, commits) in tables.split(facts.commits_of(group)) {
            for commit in commits.iter().filter(|commit| commit.offset != Offset::NEVER) {
                let Some(key) = table.and_then(|t| t.key(commit.slot)) else { continue };
                if self.pairs.get(n).is_none_or(|(known, _)| *known != key) {
                    // From here on the pairs differ from the last observation's: rare.
                    old.extend(self.pairs.drain(n..));
                    self.pairs.reserve_exact(facts.commits_of(group).len() - n);
                    self.pairs.push((key, old.remove(&key).unwrap_or_default()));
                }
                if let (Some(lag), Some((_, slope))) = (facts.lag(commit.slot, commit.offset), self.pairs.get_mut(n)) {
                    #[expect(clippy::cast_precision_loss, reason = "a slope")]
                    slope.push(at.boot, lag as f64);
                }
                n += 1;
            }
        }
        self.pairs.truncate(n);
        (self.seen, self.missed) = (at, 0);
        if group.fault.is_none() && figures.unknown == 0 && n > 0 {
            self.slope.push(at.boot, figures.curve());
            self.lag.push(at.boot, figures.curve());
            if let LagTime::Exactly(d) = figures.time {
                self.seconds.push(at.boot, d.as_secs_f64());
            }
        }
    }

    /// The trend of the lag of each pair, in the order of the last observation's commits; none for a pair without a commit.
    pub(super) fn slopes(&self) -> impl Iterator<Item = (PairKey, &Slope)> {
        self.pairs.iter().map(|(key, slope)| (*key, slope))
    }
}

/// Memory of one pair in bytes, for the benchmark's sum.
pub(super) const PAIR_BYTES: usize = size_of::<(PairKey, Slope)>();

impl Memory {
    /// Bytes kept, without allocator overhead.
    pub(super) fn bytes(&self) -> usize {
        let pairs: usize =
            self.groups.values().map(|g| g.pairs.capacity() * PAIR_BYTES + size_of::<GroupMemory>()).sum();
        let ends: usize = self.topics.values().map(|t| t.ends.bytes()).sum();
        pairs + ends + self.topics.len() * size_of::<TopicMemory>()
    }
}
