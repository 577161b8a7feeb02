//! One cluster as it is known: the last answer, and the figures made of it when it came.

use std::{
    collections::BTreeMap,
    mem::size_of,
    sync::Arc,
    time::Duration,
};

use super::{
    facts::{Commit, Config, Group, Offset, Snapshot},
    memory::{GroupMemory, Memory, Table, Tables, lag},
    times::LagTime,
};
use crate::core::{
    estate::{
        history::{Drain, Ring, Slope},
        seen::{Fault, FaultKind, Reading, Seen, Stamp},
    },
    now::Now,
};

/// One cluster.
#[derive(Debug, Default)]
pub(super) struct Cluster {
    latest: Reading<Latest>,
    pub(super) configs: Reading<BTreeMap<Arc<str>, Config>>,
    memory: Memory,
    answers: u64,
}

/// The last answer, and what follows from it.
#[derive(Debug)]
pub(super) struct Latest {
    pub(super) facts: Snapshot,
    figures: Vec<Figures>,
    /// When it was read.
    pub(super) at: Now,
    /// Which answer it is, counted from one: what was made of it holds until there is another.
    pub(super) number: u64,
}

/// What a group's commits and its topics' ends come to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures {
    /// Messages behind, over all pairs that are known.
    pub(super) lag: i64,
    /// Pairs whose lag is not known: no end, or a commit beyond it.
    pub(super) unknown: u32,
    /// Partitions of its topics that it never committed on.
    pub(super) never: u32,
    /// The oldest record not consumed.
    pub(super) time: LagTime,
    /// The pair that is furthest behind, by its slot and its lag.
    pub(super) hot: Option<(u32, i64)>,
}

impl Cluster {
    /// An answer came.
    pub(super) fn apply(&mut self, facts: Snapshot, stamp: Stamp) {
        let at = stamp.at;
        self.memory.take_ends(&facts, at);
        let mut groups = std::mem::take(&mut self.memory.groups);
        let tables = self.memory.tables(&facts);
        let mut figures = Vec::with_capacity(facts.groups.len());
        self.answers += 1;
        for (place, group) in facts.groups.iter().enumerate() {
            let memory = groups.entry(group.name.clone()).or_insert_with(|| GroupMemory::new(at));
            (memory.answer, memory.place) = (self.answers, place);
            figures.push(take_group(&facts, group, &tables, memory, at));
        }
        drop(tables);
        if groups.len() != self.memory.group_names.len() {
            self.memory.group_names = groups.keys().cloned().collect();
            self.memory.group_names.sort_unstable();
        }
        self.memory.groups = groups;
        self.latest.set(Latest { facts, figures, at, number: self.answers }, stamp);
    }

    /// A question failed.
    pub(super) fn fail(&mut self, fault: &Fault) {
        self.latest.fail(fault);
    }

    /// The last answer, as it may be used now.
    pub(super) fn seen(&self, now: Now) -> Seen<&Latest> {
        self.latest.at(now)
    }

    /// A group in it. A group that is not there is no reading, with the reason.
    pub(super) fn group(&self, name: &str, now: Now) -> Seen<GroupSeen<'_>> {
        self.seen(now).and_then(|latest| {
            let memory = self.memory.groups.get(name).filter(|memory| memory.answer == latest.number);
            let found = memory.and_then(|m| Some((m, latest.facts.groups.get(m.place)?, latest.figures.get(m.place)?)));
            let (memory, facts, figures) = found.ok_or_else(|| self.no_group(name, now))?;
            Ok(GroupSeen { latest, facts, figures, memory })
        })
    }

    fn no_group(&self, name: &str, now: Now) -> Fault {
        Fault::new(FaultKind::NotFound, gone("group", name, self.memory.groups.get(name).map(|g| g.seen), now))
    }

    /// A topic in it. A topic that is not there is no reading, with the reason.
    pub(super) fn topic(&self, name: &str, now: Now) -> Seen<TopicSeen<'_>> {
        self.seen(now).and_then(|latest| {
            let memory = self.memory.topic(name);
            match (latest.facts.topic(name), memory) {
                (Some(facts), Some(memory)) => Ok(TopicSeen { latest, facts, memory }),
                _ => Err(Fault::new(FaultKind::NotFound, gone("topic", name, memory.map(|m| m.seen), now))),
            }
        })
    }

    /// What is kept of a group: for curves, which carry their own times.
    pub(super) fn memory_of(&self, group: &str) -> Option<&GroupMemory> {
        self.memory.groups.get(group)
    }

    /// Groups that are or were there, in order.
    pub(super) fn group_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.memory.group_names.iter()
    }

    /// Topics that are or were there.
    pub(super) fn topic_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.memory.topics().map(|(name, _)| name)
    }

    /// What is known of the topics of an answer of this cluster.
    pub(super) fn tables<'a>(&'a self, latest: &'a Latest) -> Tables<'a> {
        self.memory.tables(&latest.facts)
    }

    /// Bytes kept.
    pub(super) fn bytes(&self) -> usize {
        let latest = self.latest.last().map_or(0, |(l, _)| {
            l.facts.commits.capacity() * size_of::<Commit>() + l.facts.ends.capacity() * size_of::<Offset>()
        });
        latest + self.memory.bytes()
    }
}

fn gone(what: &str, name: &str, seen: Option<Now>, now: Now) -> String {
    seen.map_or_else(
        // Brokers leave out what a login may not describe.
        || format!("{what} {name} does not exist there, or this login may not describe it"),
        |at| format!("{what} {name} is gone, last there {} ago", crate::core::now::short(now.since(at))),
    )
}

/// A group that is there.
#[derive(Clone, Copy)]
pub(super) struct GroupSeen<'a> {
    pub(super) latest: &'a Latest,
    pub(super) facts: &'a Group,
    figures: &'a Figures,
    pub(super) memory: &'a GroupMemory,
}

impl GroupSeen<'_> {
    /// What can be said of its lag. A group of which one pair is unknown has no lag that could be decided on.
    ///
    /// # Errors
    /// Why nothing can be said.
    pub(super) fn figures(&self) -> Result<Figures, Fault> {
        if let Some(fault) = &self.facts.fault {
            return Err(fault.clone());
        }
        if let Some(orphan) = self.facts.orphans.first() {
            let text = format!("group {} has commits on topic {orphan}, which is not there", self.facts.name);
            return Err(Fault::new(FaultKind::NotFound, text));
        }
        if self.facts.commits.is_empty() {
            let text = format!("group {} has no commit on any watched topic", self.facts.name);
            return Err(Fault::new(FaultKind::Empty, text));
        }
        if self.figures.unknown > 0 {
            return Err(self.unknown_fault());
        }
        Ok(*self.figures)
    }

    /// The same for showing: what is known of it, however much is not.
    pub(super) const fn partial(&self) -> &Figures {
        self.figures
    }

    fn unknown_fault(&self) -> Fault {
        let unknown = self.figures.unknown;
        let facts = &self.latest.facts;
        let of_topic = facts
            .commits_of(self.facts)
            .iter()
            .filter(|c| lag(c.offset, facts.end(c.slot)).is_none())
            .find_map(|c| facts.partition(c.slot).and_then(|(t, _)| t.fault.clone()));
        of_topic.unwrap_or_else(|| {
            let text = format!("{unknown} partitions of group {} have no end, or a commit beyond it", self.facts.name);
            Fault::new(FaultKind::Malformed, text)
        })
    }

    /// How many members it has.
    ///
    /// # Errors
    /// If the cluster does not tell: to a group of the new protocol (KIP-848) the call that lists members is blind.
    pub(super) fn members(&self) -> Result<usize, Fault> {
        let text = || format!("the cluster does not tell the members of group {}", self.facts.name);
        let members = self.facts.members.as_ref();
        members.map(Vec::len).ok_or_else(|| Fault::new(FaultKind::Unsupported, text()))
    }

    /// How its lag changes.
    pub(super) const fn slope(&self) -> &Slope {
        &self.memory.slope
    }

    /// When its lag is gone.
    pub(super) fn drain(&self, figures: Figures) -> Drain {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        self.memory.slope.drain(figures.lag as f64)
    }
}

/// A topic that is there.
#[derive(Clone, Copy)]
pub(super) struct TopicSeen<'a> {
    pub(super) latest: &'a Latest,
    pub(super) facts: &'a super::facts::Topic,
    memory: &'a super::memory::TopicMemory,
}

impl TopicSeen<'_> {
    /// Records written a second.
    ///
    /// # Errors
    /// If some partition's end is not known; `Empty` before the second answer.
    pub(super) fn rate(&self) -> Result<f64, Fault> {
        if let Some(fault) = &self.facts.fault {
            return Err(fault.clone());
        }
        if self.latest.facts.ends_of(self.facts).iter().any(|e| e.known().is_none()) {
            let text = format!("topic {} has partitions without a known end", self.facts.name);
            return Err(Fault::new(FaultKind::Malformed, text));
        }
        let text = || format!("topic {} was read only once so far", self.facts.name);
        self.memory.per_second().ok_or_else(|| Fault::new(FaultKind::Empty, text()))
    }

    /// For how many answers one after the other no partition's end has changed.
    ///
    /// # Errors
    /// If some partition's end is not known.
    pub(super) fn still(&self) -> Result<u32, Fault> {
        match self.rate() {
            Err(fault) if fault.kind != FaultKind::Empty => Err(fault),
            _ => Ok(self.memory.still()),
        }
    }

    /// The ends of its partitions as they were read last before `boot`; none if one is not known for that long.
    pub(super) fn ends_before(&self, boot: Duration) -> Option<Vec<i64>> {
        self.memory.ends_before(boot)
    }

    /// Partitions that are written to: whose end is not what it was one answer ago.
    pub(super) fn moving(&self) -> impl Iterator<Item = usize> {
        self.memory.moving()
    }

    /// The rates so far.
    pub(super) const fn rates(&self) -> &Ring {
        &self.memory.rate
    }
}

/// Makes a group's figures, and remembers what its curves need.
fn take_group(facts: &Snapshot, group: &Group, tables: &Tables<'_>, memory: &mut GroupMemory, at: Now) -> Figures {
    let commits = facts.commits_of(group);
    let mut figures = Figures::default();
    let mut lags = Vec::with_capacity(commits.len());
    let (mut committed, mut partitions) = (0_u32, 0_u32);
    // Topic after topic: a look-up for each of a hundred thousand commits is what a reading would cost.
    let mut table: Option<&Table<'_>> = None;
    // Of hundreds of partitions all but the worst are of no account: what was written after this is certainly none.
    let mut bar = None;
    for commit in commits {
        if table.is_none_or(|t| !t.topic.slots.contains(&commit.slot)) {
            table = tables.of(commit.slot);
            partitions += table.map_or(0, |t| t.topic.partitions());
            bar = table.and_then(|t| t.bar(at.boot, figures.time));
        }
        if commit.offset == Offset::NEVER {
            continue;
        }
        committed += 1;
        let lag = lag(commit.offset, facts.end(commit.slot));
        if let Some(key) = table.and_then(|t| t.key(commit.slot)) {
            lags.push((key, lag));
        }
        let (Some(lag), Some(offset)) = (lag, commit.offset.known()) else {
            figures.unknown += 1;
            continue;
        };
        figures.lag += lag;
        if lag > 0 {
            if !table.zip(bar).is_some_and(|(t, bar)| bar.is_before(t.partition(commit.slot), offset)) {
                let time = table.map_or(LagTime::AtLeast(Duration::ZERO), |t| t.time(commit.slot, offset, at.boot));
                figures.time = figures.time.worse(time);
                bar = table.and_then(|t| t.bar(at.boot, figures.time));
            }
            if figures.hot.is_none_or(|(_, most)| lag > most) {
                figures.hot = Some((commit.slot, lag));
            }
        }
    }
    figures.never = partitions.saturating_sub(committed);
    memory.take_lags(lags, at);
    memory.seen = at;
    if group.fault.is_none() && figures.unknown == 0 && committed > 0 {
        #[expect(clippy::cast_precision_loss, reason = "a curve")]
        let lag = figures.lag as f64;
        memory.slope.push(at.boot, lag);
        memory.lag.push(at.boot, lag);
        if let LagTime::Exactly(d) = figures.time {
            memory.seconds.push(at.boot, d.as_secs_f64());
        }
    }
    figures
}
