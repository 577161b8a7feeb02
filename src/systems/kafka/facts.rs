//! Queries of a cluster and their observations, as plain columns: a hundred thousand pairs of group and partition are two vectors, not a
//! hundred thousand objects. No state and no decisions here.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::syncs::Syncs;
use base::{
    observed::{Fault, FaultKind},
    side::Side,
};

/// One cluster × one query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// Groups, their commits, and the ends of the watched topics.
    Snapshot {
        /// Index of the pair in the plan.
        pair: usize,
        /// Which of its clusters.
        side: Side,
    },
    /// The watched topics' configuration.
    Configs {
        /// Index of the pair in the plan.
        pair: usize,
        /// Which of its clusters.
        side: Side,
    },
    /// The offset syncs of the mirrors that copy to a cluster.
    Syncs {
        /// Index of the pair in the plan.
        pair: usize,
        /// The cluster to which they copy.
        side: Side,
    },
}

/// A reply to a query.
#[derive(Debug)]
pub enum Observation {
    /// To [`Query::Snapshot`].
    Snapshot(Snapshot),
    /// To [`Query::Configs`]: by topic; a topic that could not be read is omitted.
    Configs(BTreeMap<Arc<str>, Config>),
    /// To [`Query::Syncs`].
    Syncs(Syncs),
}

/// An offset, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offset(i64);

impl Offset {
    /// Not known.
    pub const UNKNOWN: Self = Self(-1001);
    /// The group never committed here.
    pub const NEVER: Self = Self(-1);

    /// The start or end of a log, as returned by a broker: every negative number is unknown. librdkafka returns −1001 *without* an error
    /// for partitions whose leader did not answer.
    #[must_use]
    pub const fn end(raw: i64) -> Self {
        if raw < 0 { Self::UNKNOWN } else { Self(raw) }
    }

    /// The offset, if there is one.
    #[must_use]
    pub const fn known(self) -> Option<i64> {
        if self.0 >= 0 { Some(self.0) } else { None }
    }
}

/// One cluster at one moment. Read in this order: the groups' states, the starts of the logs, commits, ends.
///
/// Commits are read before ends, so that a lag computed from both is never too small, and after the groups' states: the last commits of a
/// group that is reported as Empty are included. Starts only grow, and are read before commits: a commit before a start was already
/// overtaken by it, so that no record counts as lost that a group has read.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Id of the controller broker, if the cluster reports it.
    pub controller: Option<i32>,
    /// Its brokers, by id.
    pub brokers: Vec<Broker>,
    /// Groups in the whole cluster, watched or not.
    pub groups_in_all: u32,
    /// Why the list of groups is incomplete: a broker did not answer. Groups of the last complete list are included all the same.
    pub partial: Option<Fault>,
    /// Topics in the whole cluster, watched or not, internal ones included.
    pub topics_in_all: u32,
    /// Watched topics, by name.
    pub topics: Vec<Topic>,
    /// High watermarks of their partitions: topic by topic, partition by partition. An index here is a *slot*.
    pub ends: Vec<Offset>,
    /// Starts of the logs, by slot: earlier records were removed by retention, or deleted.
    pub starts: Vec<Offset>,
    /// Last stable offsets, by slot: records between it and the end cannot be read with `read_committed` yet, because of an open
    /// transaction. Read after the ends. Empty where the plan does not ask for them.
    pub stable: Vec<Offset>,
    /// By slot: from this offset to the end there is no record, only offsets without one (transaction markers, aborted records, gaps of
    /// compaction). Only for partitions where this was checked.
    pub hollow: BTreeMap<u32, i64>,
    /// Topics whose end of the log could not be checked, and why: a constant lag there may consist of markers alone.
    pub unread: BTreeMap<Arc<str>, Fault>,
    /// Watched groups, by name.
    pub groups: Vec<Group>,
    /// Their commits on watched topics: group by group, by slot.
    pub commits: Vec<Commit>,
}

/// One broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// Id.
    pub id: i32,
    /// `host:port`, as the cluster advertises it.
    pub address: String,
}

/// One watched topic.
#[derive(Debug)]
pub struct Topic {
    /// Name.
    pub name: Arc<str>,
    /// Slots of its partitions.
    pub slots: Range<u32>,
    /// Why some of it could not be read.
    pub fault: Option<Fault>,
}

impl Topic {
    /// How many partitions it has.
    #[must_use]
    pub const fn partitions(&self) -> u32 {
        self.slots.end - self.slots.start
    }
}

/// One watched group.
#[derive(Debug)]
pub struct Group {
    /// Name.
    pub name: Arc<str>,
    /// The state reported by its coordinator.
    pub state: GroupState,
    /// Its members, as `client id@host`; none where the cluster does not report them.
    pub members: Option<Vec<Arc<str>>>,
    /// Its rows in [`Snapshot::commits`].
    pub commits: Range<u32>,
    /// Commits on partitions that match the plan but do not exist (deleted, with the commits still there): one entry per topic.
    pub orphans: Vec<Orphan>,
    /// Why its commits could not be read; it then has none here.
    pub fault: Option<Fault>,
}

impl Group {
    /// Why its state is not known: the fault of the whole group, or that the cluster does not report it.
    #[must_use]
    pub fn stateless(&self) -> Fault {
        let text = || format!("the cluster does not report the state of group {}", self.name);
        self.fault.clone().unwrap_or_else(|| Fault::new(FaultKind::Unsupported, text()))
    }
}

/// A non-existing partition on which a group has a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition; one of several.
    pub partition: u32,
    /// How many partitions the topic has; none: the topic itself does not exist.
    pub of: Option<u32>,
}

impl std::fmt::Display for Orphan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.of {
            None => write!(f, "topic {}, which is not there", self.topic),
            Some(1) => {
                write!(f, "{}-{}, but the topic has only 1 partition: it was recreated", self.topic, self.partition)
            }
            Some(n) => {
                write!(f, "{}-{}, but the topic has only {n} partitions: it was recreated", self.topic, self.partition)
            }
        }
    }
}

/// A commit of one group on one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    /// The partition.
    pub slot: u32,
    /// Index of the member it is assigned to, or [`Commit::NOBODY`].
    pub owner: u16,
    /// The next record the group would read.
    pub offset: Offset,
}

impl Commit {
    /// No member has the partition.
    pub const NOBODY: u16 = u16::MAX;
}

/// State of a consumer group, by Kafka's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupState {
    /// Members with assignments, all consuming.
    Stable,
    /// Members join or leave.
    Rebalancing,
    /// No members. Groups whose consumers assign partitions by themselves have this state, too.
    Empty,
    /// The coordinator does not have it any more.
    Dead,
    /// The broker is too old to report it, or reports an unlisted state.
    Unknown,
}

impl GroupState {
    /// From a broker's name of a state: `PreparingRebalance`, `CompletingRebalance`, and KIP-848's `Assigning` and `Reconciling` all mean
    /// that the group does not consume yet.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "Stable" => Self::Stable,
            "PreparingRebalance" | "CompletingRebalance" | "AwaitingSync" | "Assigning" | "Reconciling" => {
                Self::Rebalancing
            }
            "Empty" => Self::Empty,
            "Dead" => Self::Dead,
            _ => Self::Unknown,
        }
    }

    /// The word on screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stable => "Stable",
            Self::Rebalancing => "Rebalancing",
            Self::Empty => "Empty",
            Self::Dead => "Dead",
            Self::Unknown => "unknown",
        }
    }
}

/// The part of a topic's configuration that has to be equal on both sides, as written by the broker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config(pub BTreeMap<&'static str, String>);

impl Config {
    /// The keys that are compared.
    pub const KEYS: [&'static str; 6] = [
        "cleanup.policy",
        "max.message.bytes",
        "message.timestamp.type",
        "min.insync.replicas",
        "retention.bytes",
        "retention.ms",
    ];
}

impl Snapshot {
    /// The topic and partition of a slot.
    #[must_use]
    pub fn partition(&self, slot: u32) -> Option<(&Topic, u32)> {
        let at = self.topics.partition_point(|t| t.slots.end <= slot);
        self.topics.get(at).map(|t| (t, slot - t.slots.start))
    }

    /// A group's commits.
    #[must_use]
    pub fn commits_of(&self, group: &Group) -> &[Commit] {
        self.commits.get(group.commits.start as usize..group.commits.end as usize).unwrap_or(&[])
    }

    /// A topic's ends.
    #[must_use]
    pub fn ends_of(&self, topic: &Topic) -> &[Offset] {
        self.ends.get(topic.slots.start as usize..topic.slots.end as usize).unwrap_or(&[])
    }

    /// Whether another observation of the same topics has the same values for a topic's partitions, except the ends.
    #[must_use]
    pub fn bounds_like(&self, other: &Self, topic: &Topic) -> bool {
        let own = topic.slots.start as usize..topic.slots.end as usize;
        self.starts.get(own.clone()) == other.starts.get(own.clone())
            && self.stable.get(own.clone()) == other.stable.get(own)
            && self.hollow.range(topic.slots.clone()).eq(other.hollow.range(topic.slots.clone()))
    }

    /// Whether another observation has the same topics: then a slot has the same meaning in both.
    #[must_use]
    pub fn has_topics_of(&self, other: &Self) -> bool {
        fn named(topic: &Topic) -> (&str, &Range<u32>) {
            (&topic.name, &topic.slots)
        }
        self.topics.iter().map(named).eq(other.topics.iter().map(named))
    }

    /// The end of one slot.
    #[must_use]
    pub fn end(&self, slot: u32) -> Offset {
        self.ends.get(slot as usize).copied().unwrap_or(Offset::UNKNOWN)
    }

    /// The start of one slot's log.
    #[must_use]
    pub fn start(&self, slot: u32) -> Offset {
        self.starts.get(slot as usize).copied().unwrap_or(Offset::UNKNOWN)
    }

    /// Records of one slot behind the last stable offset; none if that is not known. 0 where it is not queried.
    #[must_use]
    pub fn open(&self, slot: u32) -> Option<i64> {
        if self.stable.is_empty() {
            return Some(0);
        }
        let stable = self.stable.get(slot as usize).and_then(|stable| stable.known())?;
        Some((self.end(slot).known()? - stable).max(0))
    }

    /// The first offset that a group with the commit `commit` can still read: records before the start of the log have been deleted. None
    /// if it is not known; for a commit at or beyond the end it is the commit itself, whether the start is known or not.
    #[must_use]
    pub fn reads_from(&self, slot: u32, commit: Offset) -> Option<i64> {
        let commit = commit.known()?;
        match self.start(slot).known() {
            Some(start) => Some(commit.max(start)),
            None => self.end(slot).known().filter(|end| commit >= *end).map(|_| commit),
        }
    }

    /// Existing records that a group with the commit `commit` has not read, including those of open transactions, which it will have to
    /// read. None if it is not known, and for a commit beyond the end: the topic was created again.
    #[must_use]
    pub fn lag(&self, slot: u32, commit: Offset) -> Option<i64> {
        let (from, end) = (self.reads_from(slot, commit)?, self.end(slot).known()?);
        if commit.known()? > end {
            return None;
        }
        Some((self.last(slot)? - from).max(0))
    }

    /// The end of the records of one slot: its end, or the start of the known gap before it. None if the end is not known.
    #[must_use]
    pub fn last(&self, slot: u32) -> Option<i64> {
        let end = self.end(slot).known()?;
        Some(self.hollow.get(&slot).map_or(end, |hollow| end.min(*hollow)))
    }

    /// Offsets between a commit and the start of the log: those records were deleted unread.
    #[must_use]
    pub fn lost(&self, slot: u32, commit: Offset) -> Option<i64> {
        Some((self.start(slot).known()? - commit.known()?).max(0))
    }

    /// A group, by name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.binary_search_by(|g| (*g.name).cmp(name)).ok().map(|i| &self.groups[i])
    }

    /// A topic, by name.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.binary_search_by(|t| (*t.name).cmp(name)).ok().map(|i| &self.topics[i])
    }
}
