//! The state of one cluster: the last observation, and the figures computed from it on arrival.

use std::{collections::BTreeMap, mem::size_of, sync::Arc, time::Duration};

use super::{
    facts::{Commit, Config, Group, GroupState, Offset, Snapshot},
    figures::Figures,
    memory::{GroupMemory, Memory, Tables},
};
use base::{
    history::{Drain, Ring, Slope},
    now::Now,
    observed::{Fault, FaultKind, Observed, Reading, Stamp},
};

/// One cluster.
#[derive(Debug, Default)]
pub(super) struct Cluster {
    latest: Reading<Latest>,
    pub(super) configs: Reading<BTreeMap<Arc<str>, Config>>,
    pub(super) memory: Memory,
    /// Number of observations so far whose commits differed from those of the one before.
    commits_version: u64,
}

/// The last observation, and what is computed from it.
#[derive(Debug)]
pub(super) struct Latest {
    pub(super) facts: Snapshot,
    figures: Vec<Figures>,
    /// When it was read.
    pub(super) at: Now,
    /// Unchanged where topics, groups and commits equal those of the observation before: results computed from those stay valid.
    pub(super) commits_version: u64,
}

impl Latest {
    /// The figures of the group at an index, if it is this group with the same commits as in this observation. Both have the same topics.
    fn committed(&self, place: usize, group: &Group, facts: &Snapshot) -> Option<&Figures> {
        let before = self.facts.groups.get(place).filter(|before| before.name == group.name)?;
        self.figures.get(place).filter(|_| self.facts.commits_of(before) == facts.commits_of(group))
    }
}

impl Cluster {
    /// Takes an observation.
    pub(super) fn apply(&mut self, facts: Snapshot, stamp: Stamp) {
        let at = stamp.at;
        let before = self.latest.last().map(|(before, _)| before).filter(|before| before.facts.has_topics_of(&facts));
        self.memory.take_ends(&facts, before.map(|before| &before.facts), at);
        let mut groups = std::mem::take(&mut self.memory.groups);
        if facts.partial.is_none() {
            groups.values_mut().for_each(|memory| memory.missed = memory.missed.saturating_add(1));
        }
        let tables = self.memory.tables(&facts);
        let mut again = before.is_some_and(|before| before.facts.groups.len() == facts.groups.len());
        let mut figures = Vec::with_capacity(facts.groups.len());
        for (place, group) in facts.groups.iter().enumerate() {
            let memory = groups.entry(group.name.clone()).or_insert_with(|| GroupMemory::new(at));
            let before = before.and_then(|before| Some((before.committed(place, group, &facts)?, before.at)));
            again &= before.is_some();
            let made = match before.filter(|_| tables.stand(facts.commits_of(group))) {
                Some((before, then)) => before.later(at.since(then)),
                None => Figures::of(&facts, group, &tables, at.boot),
            };
            memory.place = place;
            memory.take(&facts, group, &tables, made, at);
            figures.push(made);
        }
        self.commits_version += u64::from(!again);
        drop(tables);
        if groups.len() != self.memory.group_names.len() {
            self.memory.group_names = groups.keys().cloned().collect();
            self.memory.group_names.sort_unstable();
        }
        self.memory.groups = groups;
        self.latest.set(Latest { facts, figures, at, commits_version: self.commits_version }, stamp);
    }

    /// Records a failed query.
    pub(super) fn fail(&mut self, fault: &Fault) {
        self.latest.fail(fault);
    }

    /// The last observation, as it may be used now.
    pub(super) fn seen(&self, now: Now) -> Observed<&Latest> {
        self.latest.at(now)
    }

    /// A group in it. A missing group is no reading; the fault has the reason.
    pub(super) fn group(&self, name: &str, now: Now) -> Observed<GroupSeen<'_>> {
        self.seen(now).and_then(|latest| {
            let memory = self.memory.groups.get(name).ok_or_else(|| self.no_group(latest, name, now))?;
            // A group that has been deleted keeps its former index.
            let facts = latest.facts.groups.get(memory.place).filter(|group| *group.name == *name);
            let found = facts.zip(latest.figures.get(memory.place));
            let (facts, figures) = found.ok_or_else(|| self.no_group(latest, name, now))?;
            Ok(GroupSeen { latest, facts, figures, memory })
        })
    }

    /// The fault of a missing group. Only a complete observation shows that a group does not exist.
    fn no_group(&self, latest: &Latest, name: &str, now: Now) -> Fault {
        if let Some(fault) = &latest.facts.partial {
            return fault.clone();
        }
        Fault::new(FaultKind::NotFound, gone("group", name, self.memory.groups.get(name).map(|g| g.seen), now))
    }

    /// A topic in it. A missing topic is no reading; the fault has the reason.
    pub(super) fn topic(&self, name: &str, now: Now) -> Observed<TopicSeen<'_>> {
        self.seen(now).and_then(|latest| {
            let memory = self.memory.topic(name);
            match (latest.facts.topic(name), memory) {
                (Some(facts), Some(memory)) => Ok(TopicSeen { latest, facts, memory }),
                _ => Err(Fault::new(FaultKind::NotFound, gone("topic", name, memory.map(|m| m.seen), now))),
            }
        })
    }

    /// The stored history of a group: for curves, which have their own times.
    pub(super) fn memory_of(&self, group: &str) -> Option<&GroupMemory> {
        self.memory.groups.get(group)
    }

    /// Present and former groups, in order.
    pub(super) fn group_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.memory.group_names.iter()
    }

    /// Present and former topics.
    pub(super) fn topic_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.memory.topics().map(|(name, _)| name)
    }

    /// The stored history of the topics of an observation of this cluster.
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
        // Brokers omit what a login may not describe.
        || format!("{what} {name} does not exist, or this login may not describe it"),
        |at| format!("{what} {name} no longer exists, last seen {} ago", base::now::short(now.since(at))),
    )
}

/// An existing group.
#[derive(Clone, Copy)]
pub(super) struct GroupSeen<'a> {
    pub(super) latest: &'a Latest,
    pub(super) facts: &'a Group,
    figures: &'a Figures,
    pub(super) memory: &'a GroupMemory,
}

impl GroupSeen<'_> {
    /// The figures of its lag. A group with one unknown pair has no lag on which a decision may be based.
    ///
    /// # Errors
    /// Why they are not known.
    pub(super) fn figures(&self) -> Result<Figures, Fault> {
        if let Some(fault) = &self.facts.fault {
            return Err(fault.clone());
        }
        if let Some(orphan) = self.facts.orphans.first() {
            let text = format!("group {} has commits on {orphan}", self.facts.name);
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

    /// Whether it is known to have committed nothing on any watched topic.
    pub(super) fn has_nothing(&self) -> bool {
        self.facts.fault.is_none() && self.facts.orphans.is_empty() && self.facts.commits.is_empty()
    }

    /// Whether it has had no commit in any observation: then it has no lag, and never had one.
    pub(super) fn never_had_any(&self) -> bool {
        self.has_nothing() && self.memory.lag.iter().next().is_none()
    }

    /// The same for display: the known part, whatever is unknown.
    pub(super) const fn partial(&self) -> &Figures {
        self.figures
    }

    /// Records that were deleted from its logs before it read them.
    ///
    /// # Errors
    /// Why it is not known.
    pub(super) fn lost(&self) -> Result<i64, Fault> {
        let figures = self.figures()?;
        if figures.unbounded > 0 {
            let text = format!("the starts of {} logs of group {} are not known", figures.unbounded, self.facts.name);
            return Err(Fault::new(FaultKind::Malformed, text));
        }
        Ok(figures.lost)
    }

    /// Why it was not possible to check whether its lag consists of records; none if it was, or if no check is needed.
    pub(super) fn unread(&self) -> Option<&Fault> {
        let facts = &self.latest.facts;
        let behind =
            facts.commits_of(self.facts).iter().filter(|c| facts.lag(c.slot, c.offset).is_some_and(|lag| lag > 0));
        behind.filter_map(|c| facts.partition(c.slot)).find_map(|(topic, _)| facts.unread.get(&topic.name))
    }

    fn unknown_fault(&self) -> Fault {
        let (facts, name) = (&self.latest.facts, &self.facts.name);
        let unknown = || {
            facts
                .commits_of(self.facts)
                .iter()
                .filter(|c| c.offset != Offset::NEVER && facts.lag(c.slot, c.offset).is_none())
        };
        if let Some(fault) = unknown().find_map(|c| facts.partition(c.slot).and_then(|(t, _)| t.fault.clone())) {
            return fault;
        }
        let beyond =
            unknown().find_map(|c| Some((facts.partition(c.slot)?, c.offset.known()?, facts.end(c.slot).known()?)));
        let unbounded = unknown().find_map(|c| {
            let ((topic, partition), end) = (facts.partition(c.slot)?, facts.end(c.slot).known()?);
            (facts.start(c.slot).known().is_none() && c.offset.known()? < end)
                .then(|| format!("{}-{partition}", topic.name))
        });
        let text = match beyond {
            _ if unbounded.is_some() => {
                let place = unbounded.unwrap_or_default();
                format!(
                    "the start of {place} is not known, so neither is how much of it is left for group {name} to read"
                )
            }
            Some(((topic, partition), commit, end)) => format!(
                "group {name} stands at {commit} of {}-{partition}, which ends at {end}: the topic was recreated or truncated",
                topic.name
            ),
            None => {
                format!("{} partitions of group {name} have no known end, or no known commit", self.figures.unknown)
            }
        };
        Fault::new(FaultKind::Malformed, text)
    }

    /// The number of its members.
    ///
    /// # Errors
    /// If the cluster does not report it: the call that lists members does not see groups of the new protocol (KIP-848).
    pub(super) fn members(&self) -> Result<usize, Fault> {
        let text = || format!("the cluster does not report the members of group {}", self.facts.name);
        let members = self.facts.members.as_ref();
        members.map(Vec::len).ok_or_else(|| Fault::new(FaultKind::Unsupported, text()))
    }

    /// Whether it is Stable.
    ///
    /// # Errors
    /// If the cluster does not report its state.
    pub(super) fn stable(&self) -> Result<bool, Fault> {
        match self.facts.state {
            GroupState::Unknown => Err(self.facts.stateless()),
            state => Ok(state == GroupState::Stable),
        }
    }

    /// How its lag changes.
    pub(super) const fn slope(&self) -> &Slope {
        &self.memory.slope
    }

    /// When its lag will be zero.
    pub(super) fn drain(&self, figures: Figures) -> Drain {
        self.memory.slope.drain(figures.curve())
    }
}

/// An existing topic.
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
    /// If some partition's end is not known; `Empty` before the second observation.
    pub(super) fn rate(&self) -> Result<f64, Fault> {
        if let Some(fault) = &self.facts.fault {
            return Err(fault.clone());
        }
        if self.latest.facts.ends_of(self.facts).iter().any(|e| e.known().is_none()) {
            let text = format!("topic {} has partitions without a known end", self.facts.name);
            return Err(Fault::new(FaultKind::Malformed, text));
        }
        let text = || format!("topic {} has only one reading so far", self.facts.name);
        self.memory.per_second().ok_or_else(|| Fault::new(FaultKind::Empty, text()))
    }

    /// For how many consecutive observations no partition's end has changed and no transaction was open.
    ///
    /// # Errors
    /// If some partition's end, or last stable offset, is not known.
    pub(super) fn still(&self) -> Result<u32, Fault> {
        match self.rate() {
            Err(fault) if fault.kind != FaultKind::Empty => Err(fault),
            _ => self.open().map(|_| self.memory.still()),
        }
    }

    /// Records that open transactions hold back, over all partitions.
    ///
    /// # Errors
    /// If some partition's end, or last stable offset, is not known.
    pub(super) fn open(&self) -> Result<i64, Fault> {
        if let Some(fault) = &self.facts.fault {
            return Err(fault.clone());
        }
        let text = || format!("topic {} has partitions without a known last stable offset", self.facts.name);
        let open = |slot| self.latest.facts.open(slot).ok_or_else(|| Fault::new(FaultKind::Malformed, text()));
        self.facts.slots.clone().map(open).sum()
    }

    /// The records of one partition that open transactions hold back.
    pub(super) fn open_of(&self, partition: usize) -> Option<i64> {
        let slot = self.facts.slots.clone().nth(partition)?;
        self.latest.facts.open(slot)
    }

    /// The ends of its partitions as last read before `boot`; none if one is not known for that long.
    pub(super) fn ends_before(&self, boot: Duration) -> Option<Vec<i64>> {
        self.memory.ends_before(boot)
    }

    /// Partitions that receive records: the end has changed since the observation before, or a transaction is open.
    pub(super) fn moving(&self) -> impl Iterator<Item = usize> {
        self.memory.moving()
    }

    /// The rates so far.
    pub(super) const fn rates(&self) -> &Ring {
        &self.memory.rate
    }
}

#[cfg(test)]
mod tests;
