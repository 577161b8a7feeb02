//! Offsets without a record at the end of the log: transaction markers, aborted records, gaps of compaction.
//!
//! They use offsets and are never read: a group that has read all records stays behind the end by that number, permanently. No request
//! distinguishes a marker from a record; the only way is to read from the group's position, as it would, and to check whether a record
//! comes before the end.
//!
//! That is done where nothing moves any more and little is left, once per position: the records between two offsets of a log without an
//! open transaction do not change. It uses a separate consumer with assigned partitions: it joins no group and commits nothing. It needs
//! READ on the topic; without it the lag stays as computed from the offsets, which is never too small, and the observation has the reason.
//!
//! The same is done behind the last offset sync of a mirror: offsets without a record there are not copied and not waited for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use rdkafka::{Message, Offset, TopicPartitionList, consumer::Consumer, error::KafkaError};

use super::{
    client::{Client, briefly},
    faults,
};
use crate::kafka::{
    facts::Snapshot,
    parity::{Copied, copied, names},
    state::bootstrap,
    syncs::Syncs,
};
use base::{observed::Fault, side::Side};
use plan::{Isolation, KafkaPair};

/// The most offsets before the end that are checked: a longer range counts as lag, whatever it consists of.
const MOST: i64 = 1000;

/// The most time that one snapshot may use for this.
const WITHIN: Duration = Duration::from_millis(400);

/// For how long a topic is not tried again after an error, for example without permission to read.
const PAUSE: Duration = Duration::from_secs(60);

/// The longest wait for a record.
const SLICE: Duration = Duration::from_millis(20);

/// What is known of the ends of the logs.
#[derive(Default)]
pub(super) struct Tails {
    client: Option<Client>,
    /// Topics that could not be read: until when they are not tried, and why.
    paused: BTreeMap<Arc<str>, (Instant, Fault)>,
    /// The topic that was tried last: the next try is for the one after it, however long each takes.
    tried: Option<Arc<str>>,
    /// Topics of the last snapshot, and how many partitions each has.
    layout: Vec<(Arc<str>, u32)>,
    /// Ends in the last snapshot, by slot.
    ends: Vec<Option<i64>>,
    /// Positions of groups in the last snapshot, and positions behind the mirrors' last offset syncs, in order.
    stood: Vec<(u32, i64)>,
    /// What was found, by slot.
    found: BTreeMap<u32, Found>,
}

/// What is known of a log that ends at `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Found {
    end: i64,
    /// From here to the end there is no record.
    hollow: i64,
    /// The last record that was read; none: −1.
    record: i64,
}

impl Found {
    const fn of(end: i64) -> Self {
        Self { end, hollow: end, record: -1 }
    }

    /// Whether it is known if there is a record from here on.
    const fn is_known_from(self, from: i64) -> bool {
        from >= self.hollow || from <= self.record
    }
}

/// A partition of a topic, and the range to read.
struct Tail {
    slot: u32,
    partition: i32,
    from: i64,
    end: i64,
}

impl Tails {
    /// Checks where a small lag is constant, and adds what is known to the snapshot.
    pub(super) fn check(
        &mut self,
        plan: &KafkaPair,
        side: Side,
        out: &mut Snapshot,
        stated: &Syncs,
        deadline: Instant,
    ) {
        let layout: Vec<(Arc<str>, u32)> = out.topics.iter().map(|t| (t.name.clone(), t.partitions())).collect();
        if layout != self.layout {
            (self.layout, self.ends, self.stood, self.found) = (layout, Vec::new(), Vec::new(), BTreeMap::new());
        }
        let ends: Vec<Option<i64>> = out.ends.iter().map(|end| end.known()).collect();
        let stand = self.standing(&ends, out, &unsaid(plan, side, out, stated));
        self.found.retain(|slot, found| ends.get(*slot as usize) == Some(&Some(found.end)));
        let until = (Instant::now() + WITHIN).min(briefly(deadline));
        let wanted = self.wanted(&stand, out);
        self.paused.retain(|_, (until, _)| *until > Instant::now());
        let asked: BTreeSet<Arc<str>> = wanted.iter().map(|(topic, _)| topic.clone()).collect();
        for (topic, tails) in self.turns(wanted) {
            if Instant::now() >= until {
                break;
            }
            if let Err(fault) = self.read(plan, side, &topic, &tails, until) {
                tracing::debug!("{fault}");
                self.client = None;
                self.paused.insert(topic.clone(), (Instant::now() + PAUSE, fault));
            }
            self.tried = Some(topic);
        }
        let unread = self.paused.iter().filter(|(topic, _)| asked.contains(*topic));
        out.unread = unread.map(|(topic, (_, fault))| (topic.clone(), fault.clone())).collect();
        out.hollow = self.found.iter().filter(|(_, f)| f.hollow < f.end).map(|(slot, f)| (*slot, f.hollow)).collect();
        self.ends = ends;
    }

    /// Topics that may be tried, starting behind the last one: a slow or unreadable topic does not block the others.
    fn turns<T>(&self, mut wanted: Vec<(Arc<str>, T)>) -> Vec<(Arc<str>, T)> {
        wanted.retain(|(topic, _)| !self.paused.contains_key(topic));
        let next = wanted.partition_point(|(topic, _)| self.tried.as_ref().is_some_and(|tried| topic <= tried));
        wanted.rotate_left(next);
        wanted
    }

    /// Positions of groups that are constant, a little before an end that is constant, and such positions without an offset sync: slots and
    /// offsets, in order.
    fn standing(&mut self, ends: &[Option<i64>], out: &Snapshot, unsaid: &[(u32, i64)]) -> Vec<(u32, i64)> {
        let quiet = |slot: u32| {
            let at = slot as usize;
            ends.get(at).copied().flatten().is_some() && ends.get(at) == self.ends.get(at) && out.open(slot) == Some(0)
        };
        let short = |slot: u32, offset| out.lag(slot, offset).is_some_and(|lag| (1..=MOST).contains(&lag));
        let place = |c: &crate::kafka::Commit| Some((c.slot, out.reads_from(c.slot, c.offset)?));
        let few = out.commits.iter().filter(|c| short(c.slot, c.offset));
        let behind =
            |&(slot, from): &(u32, i64)| out.end(slot).known().is_some_and(|end| (1..=MOST).contains(&(end - from)));
        let unsaid = unsaid.iter().copied().filter(behind);
        let mut now: Vec<(u32, i64)> = few.filter_map(place).chain(unsaid).collect();
        now.sort_unstable();
        now.dedup();
        let stand = now.iter().copied().filter(|at| quiet(at.0) && self.stood.binary_search(at).is_ok()).collect();
        self.stood = now;
        stand
    }

    /// The unknown ones of these: topic by topic, for each partition the position nearest to the end.
    fn wanted(&self, stand: &[(u32, i64)], out: &Snapshot) -> Vec<(Arc<str>, Vec<Tail>)> {
        let mut topics: Vec<(Arc<str>, Vec<Tail>)> = Vec::new();
        for of_slot in stand.chunk_by(|a, b| a.0 == b.0) {
            let Some(&(slot, _)) = of_slot.first() else { continue };
            let Some(((topic, partition), end)) = out.partition(slot).zip(out.end(slot).known()) else { continue };
            let known = self.found.get(&slot).copied().unwrap_or(Found::of(end));
            let next = of_slot.iter().rev().map(|(_, from)| *from).find(|from| !known.is_known_from(*from));
            let Some((from, partition)) = next.zip(i32::try_from(partition).ok()) else { continue };
            let tail = Tail { slot, partition, from, end };
            match topics.last_mut() {
                Some((name, tails)) if *name == topic.name => tails.push(tail),
                _ => topics.push((topic.name.clone(), vec![tail])),
            }
        }
        topics
    }

    /// Reads partitions of one topic to their ends, or to the first record. One topic at a time: the end event does not name its topic.
    fn read(&mut self, plan: &KafkaPair, side: Side, topic: &str, tails: &[Tail], until: Instant) -> Result<(), Fault> {
        let client = match &self.client {
            Some(client) => client,
            None => self.client.insert(reader(plan, side)?),
        };
        let mut places = TopicPartitionList::new();
        let place = |tail: &Tail| places.add_partition_offset(topic, tail.partition, Offset::Offset(tail.from));
        let read = tails.iter().try_for_each(place).and_then(|()| client.consumer().assign(&places));
        let read = read.and_then(|()| {
            let read = read_on(client, tails, until, &mut self.found);
            read.and(client.consumer().unassign())
        });
        read.map_err(|error| {
            let kind = faults::kind(error.rdkafka_error_code().map_or(0, |code| code as i32));
            let text = "that needs READ on the topic, and DESCRIBE on a group `landfall` that is never joined";
            Fault::new(
                kind,
                format!("{}: the end of {topic} could not be read: {error}; {text}", bootstrap(plan, side)),
            )
        })
    }
}

/// The first positions without an offset sync, of the topics that are copied from here.
fn unsaid(plan: &KafkaPair, side: Side, out: &Snapshot, stated: &Syncs) -> Vec<(u32, i64)> {
    let from_here = |topic: &str| {
        let way = copied(plan, &names(plan, side, topic));
        way == Copied::Both || way == Copied::From(side)
    };
    let topics = out.topics.iter().filter(|topic| from_here(&topic.name));
    let next = |topic: &str, partition| stated.last(topic, partition).map(|sync| sync.upstream + 1);
    topics.flat_map(|t| t.slots.clone().zip(0..).filter_map(move |(slot, p)| Some((slot, next(&t.name, p)?)))).collect()
}

/// A consumer that fetches little and does not wait for more data than there is.
fn reader(plan: &KafkaPair, side: Side) -> Result<Client, Fault> {
    let level = match plan.isolation {
        Isolation::ReadCommitted => "read_committed",
        Isolation::ReadUncommitted => "read_uncommitted",
    };
    let more = [
        ("isolation.level", level),
        ("auto.offset.reset", "error"),
        ("fetch.wait.max.ms", "10"),
        ("fetch.message.max.bytes", "65536"),
        ("queued.max.messages.kbytes", "1024"),
    ];
    Client::reading_with(&bootstrap(plan, side), &plan.clusters.get(side).read, &more)
}

fn read_on(
    client: &Client,
    tails: &[Tail],
    until: Instant,
    found: &mut BTreeMap<u32, Found>,
) -> Result<(), KafkaError> {
    let mut left: Vec<&Tail> = tails.iter().collect();
    while !left.is_empty() && Instant::now() < until {
        let (partition, record) = match client.consumer().poll(SLICE) {
            None => continue,
            Some(Ok(record)) => (record.partition(), Some(record.offset())),
            Some(Err(KafkaError::PartitionEOF(partition))) => (partition, None),
            Some(Err(error)) => return Err(error),
        };
        let Some(at) = left.iter().position(|tail| tail.partition == partition) else { continue };
        let tail = left.swap_remove(at);
        let known = found.entry(tail.slot).or_insert(Found::of(tail.end));
        match record.filter(|offset| *offset < tail.end) {
            Some(offset) => known.record = known.record.max(offset),
            // The end, or a record that was written since: before it there is none.
            None => known.hollow = known.hollow.min(tail.from),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::facts::{Commit, Offset, Topic};

    /// One topic of two partitions; a group's position on each.
    fn facts(ends: [i64; 2], commits: [i64; 2], stable: [i64; 2]) -> Snapshot {
        let commit = |(slot, raw)| Commit { slot, owner: Commit::NOBODY, offset: Offset::end(raw) };
        Snapshot {
            topics: vec![Topic { name: "orders".into(), slots: 0..2, fault: None }],
            ends: ends.map(Offset::end).to_vec(),
            stable: stable.map(Offset::end).to_vec(),
            starts: [0, 0].map(Offset::end).to_vec(),
            commits: (0..).zip(commits).map(commit).collect(),
            ..Snapshot::default()
        }
    }

    /// The positions that are constant in the second of two observations.
    fn standing_with(first: &Snapshot, second: &Snapshot, unsaid: &[(u32, i64)]) -> Vec<(u32, i64)> {
        let mut tails = Tails::default();
        let ends = |of: &Snapshot| of.ends.iter().map(|end| end.known()).collect::<Vec<_>>();
        assert!(tails.standing(&ends(first), first, unsaid).is_empty(), "nothing is read of what was seen once");
        tails.ends = ends(first);
        tails.standing(&ends(second), second, unsaid)
    }

    fn standing(first: &Snapshot, second: &Snapshot) -> Vec<(u32, i64)> {
        standing_with(first, second, &[])
    }

    /// Behind the last sync of a transactional topic there is the marker, though every group has read all.
    #[test]
    fn what_the_mirror_has_not_said_anything_of_is_read_like_a_lag() {
        let level = facts([11, 500], [11, 500], [11, 500]);
        assert_eq!(standing_with(&level, &level, &[(0, 10), (1, 500)]), [(0, 10)]);
        assert!(standing_with(&level, &facts([12, 500], [12, 500], [12, 500]), &[(0, 10)]).is_empty(), "the end moves");
    }

    #[test]
    fn one_topic_that_cannot_be_read_keeps_no_other_waiting() {
        let names =
            |all: Vec<(Arc<str>, ())>| all.into_iter().map(|(name, ())| name.to_string()).collect::<Vec<_>>().join(" ");
        let wanted = || ["a", "b", "c", "d"].map(|name| (Arc::from(name), ())).to_vec();
        let mut tails = Tails::default();
        assert_eq!(names(tails.turns(wanted())), "a b c d");
        tails.tried = Some("a".into());
        let denied = Fault::new(base::observed::FaultKind::Refused, "no");
        tails.paused.insert("a".into(), (Instant::now() + PAUSE, denied));
        assert_eq!(names(tails.turns(wanted())), "b c d");
        tails.tried = Some("b".into());
        assert_eq!(names(tails.turns(wanted())), "c d b", "b took all the time there was");
        tails.paused.clear();
        tails.tried = Some("d".into());
        assert_eq!(names(tails.turns(wanted())), "a b c d");
    }

    #[test]
    fn only_a_small_lag_that_stands_still_behind_no_transaction_is_read() {
        let level = facts([11, 500], [10, 500], [11, 500]);
        assert_eq!(standing(&level, &level), [(0, 10)]);
        assert!(standing(&level, &facts([12, 500], [10, 500], [12, 500])).is_empty(), "the end moves");
        assert!(standing(&facts([11, 500], [9, 500], [11, 500]), &level).is_empty(), "the group moves");
        let open = facts([11, 500], [10, 500], [10, 500]);
        assert!(standing(&open, &open).is_empty(), "a transaction is open");
        let long = facts([2000, 500], [10, 500], [2000, 500]);
        assert!(standing(&long, &long).is_empty(), "too much to be read");
    }

    #[test]
    fn what_was_found_decides_all_that_lies_before_a_record_or_behind_the_last() {
        let found = Found { end: 100, hollow: 97, record: 95 };
        let described: Vec<i64> = (90..=100).filter(|from| found.is_known_from(*from)).collect();
        assert_eq!(described, [90, 91, 92, 93, 94, 95, 97, 98, 99, 100], "of 96 only that is not known");
        assert!(!Found::of(100).is_known_from(99) && Found::of(100).is_known_from(100));
    }
}
