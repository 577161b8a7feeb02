//! The position of a group on the other cluster, partition by partition, and the faults that prevent it.

use super::{
    super::{
        cluster::{Latest, TopicSeen},
        facts::{Commit, Offset},
        parity::{Copied, copied, names, one_mirror},
        state::{Pair, Stated},
        syncs::{Stand, Sync, Syncs, lead},
    },
    committed,
};
use crate::planner::known;
use base::{
    now::Now,
    observed::{Fault, FaultKind},
    side::Side,
};

/// One partition of the hand-over.
pub(in super::super) struct Place {
    /// Its name at the destination.
    pub(in super::super) topic: String,
    pub(in super::super) partition: u32,
    /// The position that the group gets.
    pub(in super::super) offset: i64,
    /// Whether it is there already, or beyond.
    pub(in super::super) reached: bool,
    /// The most records that it reads again.
    pub(super) again: i64,
}

/// The fault that is shown where there is room for one only.
pub(in super::super) fn first(faults: Vec<Fault>) -> Fault {
    faults.into_iter().next().unwrap_or_else(|| Fault::new(FaultKind::Empty, "nothing is known yet"))
}

/// The first fault that is only an unknown: without it the hand-over may be possible.
pub(in super::super) fn unknown(faults: &[Fault]) -> Option<&Fault> {
    faults.iter().find(|f| !matches!(f.kind, FaultKind::NotFound | FaultKind::Unsupported))
}

/// The positions that a group is to get, partition by partition.
pub(super) fn places(
    pair: &Pair,
    group: &str,
    to: Side,
    from: &Latest,
    there: &Latest,
    word: &Word<'_>,
) -> Result<Vec<Place>, Vec<Fault>> {
    let side = to.other();
    let fault = |kind, text: String| Fault::new(kind, format!("{} on the {side}: {text}", pair.plan.name));
    let Some(own) = from.facts.group(group) else {
        // Only a complete observation shows that it does not exist.
        let missing = || fault(FaultKind::NotFound, format!("no group {group}"));
        return Err(vec![from.facts.partial.clone().unwrap_or_else(missing)]);
    };
    if let Some(fault) = &own.fault {
        return Err(vec![fault.clone()]);
    }
    let (mut out, mut faults) = (Vec::new(), Vec::new());
    for orphan in &own.orphans {
        faults.push(fault(FaultKind::NotFound, format!("group {group} has commits on {orphan}")));
    }
    for commit in from.facts.commits_of(own).iter().filter(|c| c.offset != Offset::NEVER) {
        match place(pair, (group, to), (from, there), word, commit) {
            Ok(place) => out.push(place),
            Err(fault) => faults.push(fault),
        }
    }
    if out.is_empty() && faults.is_empty() {
        faults.push(fault(FaultKind::Empty, format!("group {group} has no commit on any watched topic")));
    }
    if faults.is_empty() { Ok(out) } else { Err(faults) }
}

/// The positions that a group would get, or all faults that prevent it.
///
/// # Errors
/// If the offset syncs of the opposite mirror are not known.
pub(in super::super) fn stands(
    pair: &Pair,
    group: &str,
    to: Side,
    (from, there, detail): (&Latest, &Latest, &Stated),
    now: Now,
) -> Result<Result<Vec<Place>, Vec<Fault>>, Fault> {
    let word = Word::new(pair, to, detail, now)?;
    Ok(places(pair, group, to, from, there, &word))
}

/// The partitions of a group that cannot be translated.
///
/// # Errors
/// If the offset syncs of the opposite mirror are not known, or anything else without which some partition may still be translatable.
pub(in super::super) fn unled(
    pair: &Pair,
    group: &str,
    to: Side,
    latest: (&Latest, &Latest, &Stated),
    now: Now,
) -> Result<usize, Fault> {
    match stands(pair, group, to, latest, now)? {
        Ok(_) => Ok(0),
        Err(faults) => unknown(&faults).map_or(Ok(faults.len()), |fault| Err(fault.clone())),
    }
}

fn place(
    pair: &Pair,
    (group, to): (&str, Side),
    (from, there): (&Latest, &Latest),
    word: &Word<'_>,
    commit: &Commit,
) -> Result<Place, Fault> {
    let missing = || Fault::new(FaultKind::Malformed, format!("slot {} of no topic", commit.slot));
    let (topic, partition) = from.facts.partition(commit.slot).ok_or_else(missing)?;
    let what = format!("{}-{partition}", topic.name);
    let commits = commit.offset.known();
    let commits =
        commits.ok_or_else(|| Fault::new(FaultKind::Malformed, format!("{what}: the committed offset is unknown")))?;
    one_mirror(&pair.plan, to.other(), &topic.name)?;
    let both = names(&pair.plan, to.other(), &topic.name);
    let name = both.get(to).clone();
    let copy = there.facts.topic(&name).filter(|copy| partition < copy.partitions());
    let copy =
        copy.ok_or_else(|| Fault::new(FaultKind::NotFound, format!("{what}: no copy {name}-{partition} on the {to}")))?;
    let slot = copy.slots.start + partition;
    let end = there.facts.end(slot).known();
    let end =
        end.ok_or_else(|| Fault::new(FaultKind::Malformed, format!("{name}-{partition} on the {to}: no known end")))?;
    let along = word.along.of(&topic.name, partition);
    // The opposite mirror counts only if it copies to this very topic.
    let back = word.against.filter(|_| copied(&pair.plan, &both) == Copied::Both);
    if back.is_some() {
        one_mirror(&pair.plan, to, &name)?;
    }
    let against = back.map(|syncs| syncs.of(&name, partition));
    // The group has read everything on the one side, and nothing came to the other from elsewhere.
    let all_read = against.is_none() && from.facts.lag(commit.slot, commit.offset) == Some(0);
    let start = there.facts.start(slot).known();
    let start = start.ok_or_else(|| {
        Fault::new(FaultKind::Malformed, format!("{name}-{partition} on the {to}: no known start of the log"))
    })?;
    let led = |stands: i64| {
        let stand = lead(along, against, stands, end).ok_or_else(|| word.silent(&what, stands, along))?;
        kept(stand, start, all_read).ok_or_else(|| {
            let text = format!(
                "{what}: its offset would be {} of {name}-{partition} on the {to}, which begins at {start}: {} earlier records were deleted there, \
                 and the group may not have read them; set its offset manually after that loss is accepted",
                stand.offset,
                start - stand.offset
            );
            Fault::new(FaultKind::Unsupported, text)
        })
    };
    // From its commit, if that can be translated: a copy may still have records that were deleted here. Otherwise from the first record
    // that it can still read here: the group will never read the earlier ones.
    let Stand { offset, again } =
        led(commits).or_else(|fault| match from.facts.reads_from(commit.slot, commit.offset) {
            Some(reads) if reads > commits => led(reads),
            Some(_) => Err(fault),
            None => Err(Fault::new(
                FaultKind::Malformed,
                format!("{what} on the {}: no known start of the log", to.other()),
            )),
        })?;
    let reached = committed(&there.facts, group, slot) >= offset;
    Ok(Place { topic: name, partition, offset, reached, again })
}

/// A position in a log that begins at `start`. None: the records deleted before it may be unread.
///
/// A consumer whose offset is before the start follows its `auto.offset.reset`: by default it goes to the end and skips all records.
fn kept(stand: Stand, start: i64, all_read: bool) -> Option<Stand> {
    match start - stand.offset {
        ..=0 => Some(stand),
        gone if all_read => Some(Stand { offset: start, again: (stand.again - gone).max(0) }),
        _ => None,
    }
}

/// The offset syncs by which a group can be translated.
pub(super) struct Word<'a> {
    /// Of the mirrors that copy in the direction of the hand-over.
    along: &'a Syncs,
    /// Of those that copy in the opposite direction.
    against: Option<&'a Syncs>,
    to: Side,
}

impl<'a> Word<'a> {
    pub(super) fn new(pair: &'a Pair, to: Side, detail: &'a Stated, now: Now) -> Result<Self, Fault> {
        // An opposite mirror with unknown syncs may have copied records that prevent the translation.
        let back = pair.mirrors_to(to.other()).next().is_some();
        let against = back.then(|| stated_to(pair, to.other(), now)).transpose()?;
        Ok(Self { along: &detail.syncs, against: against.map(|detail| &detail.syncs), to })
    }

    /// The fault of a partition without an offset sync that allows a translation.
    fn silent(&self, what: &str, stands: i64, along: &[Sync]) -> Fault {
        let text = if along.iter().any(|s| s.upstream <= stands) {
            format!(
                "{what}: the {0} may have records before the mirror's offset syncs that the group has not read: not before the mirror back has \
                 written an offset sync at or before {stands} is it known that none is skipped",
                self.to
            )
        } else if self.along.topics.is_empty() {
            format!(
                "{what}: no offset sync of a mirror to the {}: there is no topic mm2-offset-syncs.*.internal; offset_syncs_topic names another",
                self.to
            )
        } else {
            format!("{what}: the mirror has no offset sync at or before {stands}")
        };
        Fault::new(FaultKind::Unsupported, text)
    }
}

/// The topics on which a group has commits.
pub(in super::super) fn own_topics<'a>(from: &'a Latest, group: &str) -> Vec<&'a str> {
    let commits = from.facts.group(group).map_or(&[][..], |own| from.facts.commits_of(own));
    let mut topics: Vec<&str> =
        commits.iter().filter_map(|c| from.facts.partition(c.slot)).map(|(t, _)| &*t.name).collect();
    topics.dedup();
    topics
}

/// The partitions of a side's topics that still receive records, up to `named` by name; none: no end moves, no transaction is open.
pub(in super::super) fn straggling(pair: &Pair, side: Side, topics: &[&str], named: usize, now: Now) -> Option<String> {
    let moving = topics.iter().filter_map(|name| Some((name, pair.cluster(side).topic(name, now).shown()?)));
    let one = |name: &str, t: &TopicSeen<'_>, p: usize| match t.open_of(p) {
        Some(open) if open > 0 => format!("{name}-{p} (a transaction is open, {open} records)"),
        _ => format!("{name}-{p}"),
    };
    let all: Vec<String> =
        moving.flat_map(|(name, t)| t.moving().map(|p| one(name, &t, p)).collect::<Vec<_>>()).collect();
    let more = all.len().saturating_sub(named);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!all.is_empty()).then(|| format!("{}{rest}", all[..named.min(all.len())].join(", ")))
}

/// The most records that are read again, by topic.
pub(in super::super) fn read_again(places: &[Place]) -> Vec<(&str, i64)> {
    let mut each: Vec<(&str, i64)> = Vec::new();
    for place in places {
        match each.iter_mut().find(|(topic, _)| *topic == place.topic) {
            Some((_, again)) => *again += place.again,
            None => each.push((&place.topic, place.again)),
        }
    }
    each
}

pub(super) fn stated_to(pair: &Pair, side: Side, now: Now) -> Result<&Stated, Fault> {
    known(pair.announced(side, now), &format!("{}: offset syncs to the {side}", pair.plan.name))
}
