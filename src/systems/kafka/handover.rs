//! Progress of a hand-over, by the mirror's offset syncs: what is copied and what is not yet, and what on the copy is not a copied record.
//!
//! Offsets of two clusters are never subtracted: each count is of one cluster, from the record of the last sync to the end.

use std::time::Duration;

use super::{
    facts::{GroupState, Snapshot},
    ops,
    parity::{names, one_mirror},
    state::Pair,
    syncs::{Sync, Syncs},
};
use base::{
    now::Now,
    observed::{Fault, FaultKind, Observed},
    side::Side,
};

/// A partition of a copied topic: the ends on both clusters, and the last offset sync.
struct Copy {
    here: i64,
    there: i64,
    last: Option<Sync>,
}

impl Copy {
    /// Records of the original behind the last sync.
    fn behind(&self) -> i64 {
        self.last.map_or(self.here, |sync| (self.here - sync.upstream - 1).max(0))
    }

    /// Records of the copy behind the last sync.
    fn ahead(&self) -> i64 {
        self.last.map_or(self.there, |sync| (self.there - sync.downstream - 1).max(0))
    }
}

/// The time since the last offset sync of the mirror to a side.
pub(super) fn silent(pair: &Pair, to: Side, now: Now) -> Observed<Duration> {
    pair.announced(to, now).and_then(|detail| {
        let text = || format!("{}: the mirror to the {to} has written no offset sync since the start", pair.plan.name);
        let news = detail.news.ok_or_else(|| Fault::new(FaultKind::Empty, text()))?;
        Ok(now.since(news))
    })
}

/// Counts of records by topic, without topics that have none.
pub(super) fn describe<'t>(each: impl IntoIterator<Item = (&'t str, i64)>, shown: fn(u64) -> String) -> String {
    let some = each.into_iter().filter(|(_, n)| *n > 0);
    some.map(|(topic, n)| format!("{topic} {}", shown(n.unsigned_abs()))).collect::<Vec<_>>().join(", ")
}

/// Records of a topic that are not yet covered by the mirror's offset syncs: behind the last sync of each partition.
pub(super) fn uncopied(pair: &Pair, from: Side, topic: &str, now: Now) -> Observed<i64> {
    let detail = pair.announced(from.other(), now);
    pair.cluster(from).seen(now).zip(detail).and_then(|(here, detail)| {
        one_mirror(&pair.plan, from, topic)?;
        let _ = ends(&here.facts, topic)?;
        let slots = here.facts.topic(topic).map_or(0..0, |t| t.slots.clone());
        let mut sum = 0;
        // Offsets that are no records are not copied and not waited for.
        for (end, partition) in slots.filter_map(|slot| here.facts.last(slot)).zip(0..) {
            sum += match detail.syncs.last(topic, partition) {
                Some(sync) => (end - sync.upstream - 1).max(0),
                None if end == 0 => 0,
                None => return Err(unsaid(&detail.syncs, topic, partition)),
            };
        }
        Ok(sum)
    })
}

/// Records at the end of a copy that its mirror cannot have written: those behind the last offset sync, minus all that it might have copied
/// since. Never too many with a mirror that uses one offset per record. An exactly-once mirror also writes one marker per transaction; each
/// marker since the last offset sync counts as one record of another writer. An observation may be as old as `may_take` when it arrives, so
/// the copy's ends are taken from that long before the original's arrival: nothing can have been copied by then that the original's
/// observation does not contain.
///
/// With a mirror back under the same name that difference stays 0: records written here also make the original's log longer. But that
/// mirror copies no copies, so a record in one of its offset syncs, behind the last one that was copied here, is by another writer.
pub(super) fn own_records(pair: &Pair, side: Side, topic: &str, may_take: Duration, now: Now) -> Observed<i64> {
    let original = names(&pair.plan, side, topic).get(side.other()).clone();
    let (here, there) = (pair.cluster(side.other()).seen(now), pair.cluster(side).topic(topic, now));
    let mirrored = pair.mirrors_to(side.other()).next().is_some();
    let back = mirrored.then(|| pair.announced(side.other(), now));
    let back = back.map_or_else(|| pair.announced(side, now).map(|_| None), |detail| detail.map(Some));
    here.zip(there).zip(pair.announced(side, now)).zip(back).and_then(|(((here, there), detail), back)| {
        one_mirror(&pair.plan, side.other(), &original)?;
        if back.is_some() {
            one_mirror(&pair.plan, side, topic)?;
        }
        // If its present ends are not known, the result is not known.
        let _ = ends(&there.latest.facts, topic)?;
        let early =
            || Fault::new(FaultKind::Empty, "not observed long enough yet to distinguish copies from other records");
        let there = there.ends_before(here.at.boot.saturating_sub(may_take)).ok_or_else(early)?;
        let here = ends(&here.facts, &original)?;
        let mut sum = 0;
        for ((here, there), partition) in here.zip(there).zip(0..) {
            let copy = Copy { here, there, last: detail.syncs.last(&original, partition) };
            let copied = copy.last.map_or(-1, |sync| sync.downstream);
            let named =
                back.and_then(|back| back.syncs.last(topic, partition)).is_some_and(|sync| sync.upstream > copied);
            sum += (copy.ahead() - copy.behind()).max(i64::from(named));
        }
        Ok(sum)
    })
}

/// Whether a group is not empty; one that is missing in a complete observation is empty.
pub(super) fn active(pair: &Pair, side: Side, group: &str, now: Now) -> Observed<bool> {
    pair.cluster(side).seen(now).and_then(|latest| match (latest.facts.group(group), &latest.facts.partial) {
        (Some(group), _) if group.state == GroupState::Unknown => Err(group.stateless()),
        (Some(group), _) => Ok(!matches!(group.state, GroupState::Empty | GroupState::Dead)),
        (None, Some(fault)) => Err(fault.clone()),
        (None, None) => Ok(false),
    })
}

/// Number of partitions with a commit of the group on the other cluster that cannot be translated.
pub(super) fn unled(pair: &Pair, to: Side, group: &str, now: Now) -> Observed<usize> {
    let both = pair.cluster(to.other()).seen(now).zip(pair.cluster(to).seen(now));
    both.zip(pair.announced(to, now)).and_then(|((from, there), detail)| {
        if from.facts.group(group).is_none() {
            let missing = || Fault::new(FaultKind::NotFound, format!("no group {group} on the {}", to.other()));
            return Err(from.facts.partial.clone().unwrap_or_else(missing));
        }
        ops::unled(pair, group, to, (from, there, detail), now)
    })
}

/// The ends of all partitions of a topic.
fn ends<'f>(facts: &'f Snapshot, topic: &str) -> Result<impl Iterator<Item = i64> + use<'f>, Fault> {
    let Some(known) = facts.topic(topic) else {
        return Err(Fault::new(FaultKind::NotFound, format!("no topic {topic}")));
    };
    if let Some(fault) = &known.fault {
        return Err(fault.clone());
    }
    let ends = facts.ends_of(known);
    if ends.is_empty() {
        return Err(Fault::new(FaultKind::Empty, format!("topic {topic} has no partitions")));
    }
    if ends.iter().any(|end| end.known().is_none()) {
        return Err(Fault::new(FaultKind::Malformed, format!("topic {topic} has partitions without a known end")));
    }
    Ok(ends.iter().filter_map(|end| end.known()))
}

fn unsaid(syncs: &Syncs, topic: &str, partition: u32) -> Fault {
    let text = if syncs.topics.is_empty() {
        "the mirror writes no offset syncs that could be read; offset_syncs_topic names their topic".to_owned()
    } else {
        format!("{topic}-{partition}: the mirror has written no offset sync yet")
    };
    Fault::new(FaultKind::Empty, text)
}
