//! The change that is possible: a consumer group's offsets on one cluster, set to the group's position on the other.
//!
//! Offsets of two clusters cannot be compared. They are translated with the mirror's offset syncs: the last sync at or before the group's
//! commit gives the new offset of that record, and a later commit is translated to the offset just behind it, as in MirrorMaker 2's own
//! checkpoints (`OffsetSyncStore.translateDownstream`). So nothing is skipped, and the records between the sync and the commit are read
//! again. A partition without a sync that is old enough is a fault; its position is not estimated.
//!
//! AlterConsumerGroupOffsets has no precondition and needs a group without members. All partitions of a group are in one request, the
//! values are absolute, and a second copy of the request changes nothing.

mod judge;
mod places;
#[cfg(test)]
pub(super) mod tests;

use self::places::{Word, places, stated_to};
pub(super) use self::{
    judge::judge,
    places::{Place, first, own_topics, read_again, stands, straggling, unknown, unled},
};
pub(super) use crate::planner::known;

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{
    cluster::Latest,
    facts::{GroupState, Offset, Query, Snapshot},
    handover::describe,
    state::{Pair, State, bootstrap, servers},
};
use crate::planner::{self, Planner, quoted};
use base::{
    now::Now,
    observed::{Fault, FaultKind, Observed},
    operation::{Change, Draft, Operation, Precondition},
    side::Side,
    step::Kind,
    view::counted,
};
use plan::{Action, Property, Secret};

/// For how long a request may still arrive after it was not observed: librdkafka repeats an admin request until its own time-out
/// (5 s to find a broker and 15 s for the request, `live/writer.rs`), and the network and the coordinator may delay a copy.
const QUARANTINE: Duration = Duration::from_secs(90);

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// One AlterConsumerGroupOffsets.
    Commit {
        /// The pair of clusters.
        pair: String,
        /// On which of them.
        side: Side,
        /// The group.
        group: String,
        /// Its new offsets.
        offsets: Vec<TopicOffsets>,
    },
}

/// The commits before the change.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// The same partitions as in the call; −1 where there was no commit.
    Offsets(Vec<TopicOffsets>),
}

/// Offsets of one topic's partitions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TopicOffsets {
    /// The topic's name on that cluster.
    pub topic: String,
    /// Partition and next record to read.
    pub offsets: Vec<(u32, i64)>,
}

type Op = Operation<Call, Version>;
type Drafted = base::operation::Drafted<Call, Version>;

impl Planner for State {
    type Call = Call;
    type Version = Version;
    type Probe = planner::Never;

    fn decides(query: &Self::Query) -> bool {
        matches!(query, Query::Snapshot { .. } | Query::Syncs { .. })
    }

    fn draft(&self, action: &Action, now: Now) -> Option<Drafted> {
        let Action::CommitOffsets { pair, group, to } = action else { return None };
        Some(self.pair(pair).map_err(|f| vec![f]).and_then(|p| hand_over(p, group, *to, now)))
    }

    fn inverse(&self, ops: &[Op], now: Now) -> Drafted {
        let mut draft = Draft::nothing();
        let mut faults = Vec::new();
        for op in ops {
            let Call::Commit { pair, side, group, offsets } = &op.call;
            let set = self.pair(pair).map_err(|f| vec![f]).and_then(|pair| {
                let latest = seen(pair, *side, now).map_err(|f| vec![f])?;
                set(&mut draft, pair, *side, group, offsets, &latest.facts)
            });
            faults.extend(set.err().into_iter().flatten());
        }
        if faults.is_empty() { Ok(draft) } else { Err(faults) }
    }

    /// Whether the group is at least at the position of the hand-over: its consumers continue from there.
    fn is_satisfied(&self, action: &Action, now: Now) -> Option<Observed<bool>> {
        let Action::CommitOffsets { pair, group, to } = action else { return None };
        let pair = match self.pair(pair) {
            Ok(pair) => pair,
            Err(fault) => return Some(Observed::Unknown(fault)),
        };
        let both = pair.cluster(to.other()).seen(now).zip(pair.cluster(*to).seen(now));
        Some(both.zip(pair.announced(*to, now)).and_then(|((from, there), detail)| {
            let places = stands(pair, group, *to, (from, there, detail), now)?.map_err(first)?;
            Ok(places.iter().all(|p| p.reached))
        }))
    }

    /// Records that a group has not read on the former cluster are kept for the shortest retention of its topics there.
    fn rollback_window(&self, action: &Action, now: Now) -> Option<(&'static str, Observed<Duration>)> {
        let Action::CommitOffsets { pair, group, to } = action else { return None };
        let pair = match self.pair(pair) {
            Ok(pair) => pair,
            Err(fault) => return Some(("retention", Observed::Unknown(fault))),
        };
        let from = pair.cluster(to.other());
        let kept = from.seen(now).zip(from.configs.at(now)).and_then(|(latest, configs)| {
            let facts = &latest.facts;
            let own = facts.group(group).map_or(&[][..], |g| facts.commits_of(g));
            let mut shortest = None;
            for (topic, _) in own.iter().filter_map(|commit| facts.partition(commit.slot)) {
                let text = configs.get(&topic.name).and_then(|c| c.0.get("retention.ms"));
                let known = text.and_then(|t| t.parse::<i64>().ok());
                let unknown = || Fault::new(FaultKind::Malformed, format!("{}: retention.ms is not known", topic.name));
                // −1 means unlimited.
                if let Ok(millis) = u64::try_from(known.ok_or_else(unknown)?) {
                    shortest = Some(shortest.unwrap_or(u64::MAX).min(millis));
                }
            }
            Ok(shortest.map(Duration::from_millis))
        });
        match kept {
            Observed::Fresh(None, _) => None,
            kept => Some(("retention", kept.map(Option::unwrap_or_default))),
        }
    }
}

impl State {
    fn pair(&self, name: &str) -> Result<&Pair, Fault> {
        let text = || format!("the plan has no pair of clusters {name}");
        self.pairs.iter().find(|p| p.plan.name == name).ok_or_else(|| Fault::new(FaultKind::NotFound, text()))
    }
}

fn seen(pair: &Pair, side: Side, now: Now) -> Result<&Latest, Fault> {
    known(pair.cluster(side).seen(now), &format!("{} on the {side}", pair.plan.name))
}

/// A group's commit on a partition; −1 where there is none, −1001 where it is not known.
pub(super) fn committed(facts: &Snapshot, group: &str, slot: u32) -> i64 {
    let Some(group) = facts.group(group) else { return -1 };
    let own = facts.commits_of(group).iter().find(|c| c.slot == slot);
    own.map_or(-1, |c| if c.offset == Offset::NEVER { -1 } else { c.offset.known().unwrap_or(-1001) })
}

fn hand_over(pair: &Pair, group: &str, to: Side, now: Now) -> Drafted {
    let (from, there, detail) = match (seen(pair, to.other(), now), seen(pair, to, now), stated_to(pair, to, now)) {
        (Ok(from), Ok(there), Ok(detail)) => (from, there, detail),
        (from, there, detail) => return Err(from.err().into_iter().chain(there.err()).chain(detail.err()).collect()),
    };
    let word = Word::new(pair, to, detail, now).map_err(|fault| vec![fault])?;
    let places = places(pair, group, to, from, there, &word)?;
    let mut offsets: Vec<TopicOffsets> = Vec::new();
    for place in &places {
        match offsets.iter_mut().find(|t| t.topic == place.topic) {
            Some(topic) => topic.offsets.push((place.partition, place.offset)),
            None => offsets
                .push(TopicOffsets { topic: place.topic.clone(), offsets: vec![(place.partition, place.offset)] }),
        }
    }
    let mut draft = Draft::nothing();
    set(&mut draft, pair, to, group, &offsets, &there.facts)?;
    if !draft.ops.is_empty() {
        let again = read_again(&places);
        let sum: i64 = again.iter().map(|(_, n)| n).sum();
        let each = describe(again, |n| n.to_string());
        let each = if each.is_empty() { each } else { format!(" ({each})") };
        let records = if sum == 1 { "record is" } else { "records are" };
        draft.notes.push(format!(
            "at most {sum} {records} read again{each}: those between the mirror's last offset sync and the group's commit, of {}",
            counted(places.len(), "partition")
        ));
        let state = from.facts.group(group).map_or(GroupState::Unknown, |g| g.state);
        if state != GroupState::Empty {
            let text = format!(
                "{group} is {} on the {}: what it reads there after this is read again",
                state.word(),
                to.other()
            );
            draft.notes.push(text);
        }
        let written = straggling(pair, to.other(), &own_topics(from, group), 6, now);
        draft.notes.extend(written.map(|who| {
            format!("still written on the {}: {who}; after a freeze these producers were missed", to.other())
        }));
    }
    Ok(draft)
}

/// Adds the operation that sets a group's offsets, if they are not set already, and the inverse that restores the present ones.
fn set(
    draft: &mut Draft<Call, Version>,
    pair: &Pair,
    side: Side,
    group: &str,
    offsets: &[TopicOffsets],
    facts: &Snapshot,
) -> Result<(), Vec<Fault>> {
    // Only a complete observation shows that it has no commits.
    let missing = facts.group(group).is_none().then(|| facts.partial.clone()).flatten();
    let mut faults: Vec<Fault> = facts.group(group).and_then(|g| g.fault.clone()).or(missing).into_iter().collect();
    let mut prior = Vec::new();
    for topic in offsets {
        let Some(known) = facts.topic(&topic.topic) else {
            faults.push(Fault::new(FaultKind::NotFound, format!("no topic {} on the {side}", topic.topic)));
            continue;
        };
        let before = topic.offsets.iter().map(|&(p, _)| (p, committed(facts, group, known.slots.start + p)));
        let before = TopicOffsets { topic: topic.topic.clone(), offsets: before.collect() };
        if let Some((p, _)) = before.offsets.iter().find(|(_, offset)| *offset < -1) {
            faults
                .push(Fault::new(FaultKind::Malformed, format!("{}-{p}: {group}'s commit is not known", topic.topic)));
        }
        prior.push(before);
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    if prior == offsets {
        return Ok(());
    }
    for (old, new) in prior.iter().zip(offsets).filter(|(old, new)| old != new) {
        draft.diff.push(change(group, side, old, new, facts));
    }
    let state = facts.group(group).map_or(GroupState::Dead, |g| g.state);
    if !matches!(state, GroupState::Empty | GroupState::Dead) {
        draft.notes.push(format!("{group} is {} on the {side}: the broker refuses it until it is Empty", state.word()));
    }
    let never = prior.iter().flat_map(|t| &t.offsets).filter(|(_, offset)| *offset < 0).count();
    if never > 0 {
        draft.notes.push(format!(
            "{} had no commit on the {side}; the rollback does not remove the offsets set there",
            counted(never, "partition")
        ));
    }
    draft.notes.extend(before_start(group, side, offsets, facts));
    let kept = prior.iter().map(|t| {
        let offsets = t.offsets.iter().copied().filter(|(_, offset)| *offset >= 0).collect();
        TopicOffsets { topic: t.topic.clone(), offsets }
    });
    let kept: Vec<TopicOffsets> = kept.filter(|t| !t.offsets.is_empty()).collect();
    if !kept.is_empty() {
        // Of those partitions only, whatever else is set.
        let there = kept.iter().filter_map(|t| {
            let new = offsets.iter().find(|n| n.topic == t.topic)?;
            let own = |&&(p, _): &&(u32, i64)| t.offsets.iter().any(|(q, _)| *q == p);
            Some(TopicOffsets { topic: t.topic.clone(), offsets: new.offsets.iter().filter(own).copied().collect() })
        });
        draft.inverse.push(op(pair, side, group, kept.clone(), there.collect()));
    }
    draft.ops.push(op(pair, side, group, offsets.to_vec(), prior));
    if secured(properties(pair, side)) {
        draft.notes.push(format!(
            "the printed command takes its login from {LOGIN}: a file of Kafka's own properties, not of librdkafka's"
        ));
    }
    Ok(())
}

/// Offsets before the start of a log, because of retention since the commit. An inverse may set them, because the group was there before.
fn before_start(group: &str, side: Side, offsets: &[TopicOffsets], facts: &Snapshot) -> Option<String> {
    let each = offsets.iter().filter_map(|t| Some((t, facts.topic(&t.topic)?.slots.start)));
    let gone = each.flat_map(|(t, first)| {
        t.offsets.iter().filter_map(move |&(p, offset)| facts.lost(first + p, Offset::end(offset)))
    });
    let (partitions, records) = gone.filter(|lost| *lost > 0).fold((0, 0), |(n, sum), lost| (n + 1, sum + lost));
    (partitions > 0).then(|| {
        format!(
            "{partitions} partitions begin on the {side} behind where {group} is set to: {records} records were deleted there, and its consumers continue \
             by auto.offset.reset"
        )
    })
}

fn change(group: &str, side: Side, old: &TopicOffsets, new: &TopicOffsets, facts: &Snapshot) -> Change {
    let start = facts.topic(&new.topic).map_or(0, |t| t.slots.start);
    // Where there is no commit there is no lag.
    let behind = |list: &TopicOffsets| {
        let set = || list.offsets.iter().filter(|(_, offset)| *offset >= 0);
        let lag = |&(p, offset): &(u32, i64)| facts.lag(start + p, Offset::end(offset));
        let sum: Option<i64> = set().map(lag).sum();
        let sum = sum.map_or_else(|| "distance unknown".to_owned(), |sum| sum.to_string());
        match list.offsets.len() - set().count() {
            0 => format!("{sum} behind the end"),
            unset if unset == list.offsets.len() => "no commit".to_owned(),
            unset => format!("{sum} behind the end, {unset} without a commit"),
        }
    };
    let moved = old.offsets.iter().zip(&new.offsets).filter(|(old, new)| old != new).count();
    Change {
        thing: format!("{group} on {} ({side}), {moved} of {} partitions", new.topic, new.offsets.len()),
        from: behind(old),
        to: behind(new),
    }
}

fn op(pair: &Pair, side: Side, group: &str, offsets: Vec<TopicOffsets>, prior: Vec<TopicOffsets>) -> Op {
    let partitions: usize = offsets.iter().map(|t| t.offsets.len()).sum();
    Operation {
        what: format!("offsets of {group} on the {side}, {}", counted(partitions, "partition")),
        command: command(pair, side, group, &offsets),
        call: Call::Commit { pair: pair.plan.name.clone(), side, group: group.to_owned(), offsets },
        kind: Kind::Absolute,
        cleanup: false,
        precondition: Precondition::Observed(Version::Offsets(prior)),
        quarantine: QUARANTINE,
    }
}

/// The file from which the printed command takes a login: Kafka's own tools do not take librdkafka's properties.
const LOGIN: &str = "client.properties";

/// The writing properties of a cluster; where the plan has none, the reading ones.
fn properties(pair: &Pair, side: Side) -> &IndexMap<String, Property> {
    let cluster = pair.plan.clusters.get(side);
    cluster.write.as_ref().unwrap_or(&cluster.read)
}

/// Whether these properties require a login or encryption.
fn secured(properties: &IndexMap<String, Property>) -> bool {
    properties.keys().any(|key| ["security.", "sasl.", "ssl."].iter().any(|start| key.starts_with(start)))
}

/// The same request with Kafka's own tool, for a shell with `<( )`: bash, zsh, ksh. For one group, a line is topic, partition, offset. (The
/// tool moves an offset outside of the log to the nearer end.)
fn command(pair: &Pair, side: Side, group: &str, offsets: &[TopicOffsets]) -> String {
    let properties = properties(pair, side);
    let at = match servers(properties) {
        Some(Property::Plain(servers)) => quoted(servers),
        Some(Property::Secret(Secret::Env(name))) => format!("\"${{{name}}}\""),
        Some(Property::Secret(Secret::File(path))) => format!("\"$(cat {})\"", quoted(&path.display().to_string())),
        None => quoted(&bootstrap(&pair.plan, side)),
    };
    let login = if secured(properties) { format!(" --command-config {LOGIN}") } else { String::new() };
    let line = |t: &TopicOffsets, (p, offset): (u32, i64)| quoted(&format!("{},{p},{offset}", t.topic));
    let lines: Vec<String> = offsets.iter().flat_map(|t| t.offsets.iter().map(|at| line(t, *at))).collect();
    format!(
        "kafka-consumer-groups.sh --bootstrap-server {at}{login} --group {} --reset-offsets --from-file <(printf '%s\\n' {}) --execute",
        quoted(group),
        lines.join(" ")
    )
}
