//! What is kept of a cluster between answers: ends against time and a rate a topic, a slope a pair, rings a group and a topic.
//!
//! Names are interned: a pair is known by eight bytes. Nothing here is for showing by itself: it has no age, the figures made of
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

/// All that is kept of one cluster.
#[derive(Debug, Default)]
pub(super) struct Memory {
    ids: HashMap<Arc<str>, u32>,
    /// By id. An id is given once: that of a topic which was forgotten is not another's.
    topics: BTreeMap<u32, TopicMemory>,
    next: u32,
    /// Answers so far that had all groups there are.
    whole: u32,
    pub(super) groups: HashMap<Arc<str>, GroupMemory>,
    /// Their names, in order.
    pub(super) group_names: Vec<Arc<str>>,
}

/// What is kept of a topic.
#[derive(Debug)]
pub(super) struct TopicMemory {
    name: Arc<str>,
    ends: EndTimes,
    /// Of each partition the last end, and how many answers after it said the same and that no transaction is open.
    still: Vec<(Offset, u32)>,
    produced: Produced,
    /// Whether the last answer said of all its partitions what the one before it did.
    stands: bool,
    /// Messages a second, at each answer.
    pub(super) rate: Ring,
    /// When it was last there.
    pub(super) seen: Now,
    /// Whole answers since then, in which it was not.
    missed: u32,
}

/// What is kept of a group.
#[derive(Debug)]
pub(super) struct GroupMemory {
    /// In the order of the last answer's commits.
    pairs: Vec<(PairKey, Slope)>,
    /// How its whole lag changes.
    pub(super) slope: Slope,
    /// Its whole lag, in messages, at each answer that knew it.
    pub(super) lag: Ring,
    /// Its worst lag in seconds, where it was known exactly.
    pub(super) seconds: Ring,
    /// When it was last there.
    pub(super) seen: Now,
    /// Whole answers since then, in which it was not.
    pub(super) missed: u32,
    /// Where in the answer.
    pub(super) place: usize,
}

/// A partition of a topic, in eight bytes: interned topic, then partition.
type PairKey = u64;

/// Sums of a topic's ends over the last answers. Whole numbers: a straggler that writes one record a minute must show beside
/// billions of old ones.
#[derive(Debug, Default)]
struct Produced(VecDeque<(Duration, i64)>);

/// Whole answers without a topic or a group after which it is gone: one alone may have been asked of a broker that did not know better.
const MISSED: u32 = 2;

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
    /// Takes the ends of one answer; `before`: the one before it, if it has the same topics.
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
                // Whoever has a transaction open has not stopped, however long nothing comes.
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

    /// What is kept of a topic.
    pub(super) fn topic(&self, name: &str) -> Option<&TopicMemory> {
        self.ids.get(name).and_then(|id| self.topics.get(id))
    }

    /// Topics that were there once: by name, and when last.
    pub(super) fn topics(&self) -> impl Iterator<Item = (&Arc<str>, Now)> {
        self.topics.values().map(|t| (&t.name, t.seen))
    }

    /// Topics that several whole answers did not have any more.
    pub(super) fn missed_topics(&self) -> impl Iterator<Item = &Arc<str>> {
        self.topics.values().filter(|t| t.missed >= MISSED).map(|t| &t.name)
    }

    /// Groups that several whole answers did not have any more.
    pub(super) fn missed_groups(&self) -> impl Iterator<Item = &Arc<str>> {
        self.groups.iter().filter(|(_, g)| g.missed >= MISSED).map(|(name, _)| name)
    }

    /// Whether it is known that a topic is not there, and not only not in one answer.
    pub(super) fn lacks_topic(&self, name: &str) -> bool {
        self.topic(name).map_or(self.whole, |t| t.missed) >= MISSED
    }

    /// The same of a group.
    pub(super) fn lacks_group(&self, name: &str) -> bool {
        self.groups.get(name).map_or(self.whole, |g| g.missed) >= MISSED
    }

    /// Forgets a topic.
    pub(super) fn forget_topic(&mut self, name: &str) {
        if let Some(id) = self.ids.remove(name) {
            self.topics.remove(&id);
        }
    }

    /// Forgets a group.
    pub(super) fn forget_group(&mut self, name: &str) {
        if self.groups.remove(name).is_some() {
            self.group_names.retain(|known| **known != *name);
        }
    }

    /// What is known of the topics of an answer.
    pub(super) fn tables<'a>(&'a self, facts: &'a Snapshot) -> Tables<'a> {
        let table = |topic: &'a Topic| {
            let id = self.ids.get(&topic.name).copied();
            Table { topic, id, memory: id.and_then(|id| self.topics.get(&id)) }
        };
        Tables(facts.topics.iter().map(table).collect())
    }
}

/// What is known of the topics of an answer, in its order.
pub(super) struct Tables<'a>(Vec<Table<'a>>);

impl<'a> Tables<'a> {
    /// The topic of a slot.
    pub(super) fn of(&self, slot: u32) -> Option<&Table<'a>> {
        self.0.get(self.0.partition_point(|table| table.topic.slots.end <= slot))
    }

    /// A group's commits, topic after topic.
    pub(super) fn split<'c>(&self, commits: &'c [Commit]) -> impl Iterator<Item = (Option<&Table<'a>>, &'c [Commit])> {
        let mut rest = commits;
        std::iter::from_fn(move || {
            let table = self.of(rest.first()?.slot);
            // What is of no topic comes last, and is all one.
            let end = table.map_or(rest.len(), |t| rest.partition_point(|commit| commit.slot < t.topic.slots.end));
            let (own, others) = rest.split_at(end.max(1));
            rest = others;
            Some((table, own))
        })
    }

    /// Whether nothing has changed since the answer before, of all topics of these commits.
    pub(super) fn stand(&self, commits: &[Commit]) -> bool {
        self.split(commits).all(|(table, _)| table.and_then(|t| t.memory).is_some_and(|memory| memory.stands))
    }
}

/// What is known of one topic.
pub(super) struct Table<'a> {
    pub(super) topic: &'a Topic,
    id: Option<u32>,
    memory: Option<&'a TopicMemory>,
}

impl Table<'_> {
    /// How old the first record behind an offset of one of its slots is.
    pub(super) fn time(&self, slot: u32, offset: i64, boot: Duration) -> LagTime {
        let Some(memory) = self.memory else { return LagTime::AtLeast(Duration::ZERO) };
        let partition = self.partition(slot);
        let age = memory.ends.age_of(partition, offset, boot);
        age.map_or_else(|| LagTime::AtLeast(memory.ends.reach(partition, boot)), LagTime::Exactly)
    }

    /// The ends that a record is younger than, if it lies behind them, than this time before `boot`.
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
    /// For how many answers one after the other no partition's end has changed and no transaction was open.
    pub(super) fn still(&self) -> u32 {
        self.still.iter().map(|(_, polls)| *polls).min().unwrap_or(0)
    }

    /// Partitions whose end is not what it was one answer ago, or that have a transaction open.
    pub(super) fn moving(&self) -> impl Iterator<Item = usize> {
        self.still.iter().enumerate().filter(|(_, (end, polls))| end.known().is_some() && *polls == 0).map(|(p, _)| p)
    }

    /// The ends of its partitions as they were read last before `boot`.
    pub(super) fn ends_before(&self, boot: Duration) -> Option<Vec<i64>> {
        self.ends.before(boot)
    }

    /// Messages a second over the last answers; none before the second.
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

    /// Takes one answer: the lag of each pair that is known, and the figures made of all of them. Pairs that are not in the answer any more
    /// are forgotten.
    pub(super) fn take(&mut self, facts: &Snapshot, group: &Group, tables: &Tables<'_>, figures: Figures, at: Now) {
        let (mut old, mut n) = (HashMap::new(), 0);
        for (table, commits) in tables.split(facts.commits_of(group)) {
            for commit in commits.iter().filter(|commit| commit.offset != Offset::NEVER) {
                let Some(key) = table.and_then(|t| t.key(commit.slot)) else { continue };
                if self.pairs.get(n).is_none_or(|(known, _)| *known != key) {
                    // From here on they are others than in the last answer: seldom.
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

    /// How the lag of each pair changes, in the order of the last answer's commits; of what was never committed there is none.
    pub(super) fn slopes(&self) -> impl Iterator<Item = (PairKey, &Slope)> {
        self.pairs.iter().map(|(key, slope)| (*key, slope))
    }
}

/// Bytes that one pair costs in memory, for the benchmark's sum.
pub(super) const PAIR_BYTES: usize = size_of::<(PairKey, Slope)>();

impl Memory {
    /// Bytes kept, without the allocator's own.
    pub(super) fn bytes(&self) -> usize {
        let pairs: usize =
            self.groups.values().map(|g| g.pairs.capacity() * PAIR_BYTES + size_of::<GroupMemory>()).sum();
        let ends: usize = self.topics.values().map(|t| t.ends.bytes()).sum();
        pairs + ends + self.topics.len() * size_of::<TopicMemory>()
    }
}
