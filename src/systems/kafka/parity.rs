//! Comparison of source and target: which topic is a copy of which, and what is missing on the other side. By name and by count only:
//! offsets of two clusters cannot be compared, so they are never subtracted here.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use super::{
    cluster::Latest,
    facts::{Config, Group, Offset},
    state::Pair,
};
use base::{
    now::Now,
    observed::{Fault, FaultKind, Observed},
    side::{Side, Sides},
};
use plan::{KafkaPair, Mirror};

/// The mirror that creates `name` on `side`, and its name at the origin.
fn copied_by<'a, 'n>(plan: &'a KafkaPair, side: Side, name: &'n str) -> Option<(&'a Mirror, &'n str)> {
    plan.mirrors.iter().filter(|m| m.from == side.other()).find_map(|m| {
        let original = name.strip_prefix(m.prefix.as_str())?;
        m.topics.matches(original).then_some((m, original))
    })
}

/// The mirror that copies `name` away from `side`.
fn copied_from<'a>(plan: &'a KafkaPair, side: Side, name: &str) -> Option<&'a Mirror> {
    plan.mirrors.iter().find(|m| m.from == side && m.topics.matches(name))
}

/// Whether the plan watches this topic on this side: by its patterns, or as a mirror's copy with another name.
#[cfg_attr(
    not(any(test, feature = "kafka")),
    expect(dead_code, reason = "only the live side has to name what it asks")
)]
pub(super) fn watched(plan: &KafkaPair, side: Side, topic: &str) -> bool {
    plan.topics.matches(topic) || copied_by(plan, side, topic).is_some_and(|(m, _)| !m.prefix.is_empty())
}

/// A topic's names on both sides.
pub(super) fn names(plan: &KafkaPair, side: Side, name: &str) -> Sides<String> {
    // A name with a mirror's prefix is a copy; without a prefix the same name may be an original.
    let as_copy = copied_by(plan, side, name).filter(|(m, _)| !m.prefix.is_empty());
    let there = match as_copy {
        Some((_, original)) => original.to_owned(),
        None => copied_from(plan, side, name).map_or_else(|| name.to_owned(), |m| format!("{}{name}", m.prefix)),
    };
    match side {
        Side::Source => Sides { source: name.to_owned(), target: there },
        Side::Target => Sides { source: there, target: name.to_owned() },
    }
}

/// Checks that only one mirror copies a topic away from a side.
///
/// # Errors
/// If there are two: their offset syncs have the same topic name but concern two different logs, so that neither can be used.
pub(super) fn one_mirror(plan: &KafkaPair, from: Side, topic: &str) -> Result<(), Fault> {
    if plan.mirrors.iter().filter(|m| m.from == from && m.topics.matches(topic)).count() < 2 {
        return Ok(());
    }
    let text = format!(
        "{}: two mirrors from the {from} copy {topic}, and no offset sync tells which of them it is of: give each topics of its own",
        plan.name
    );
    Err(Fault::new(FaultKind::Unsupported, text))
}

/// The direction in which a topic is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Copied {
    /// Not at all.
    No,
    /// From this side to the other.
    From(Side),
    /// In both directions, with one name: only a mirror with loop protection may do that.
    Both,
}

/// The direction in which a topic is copied, by the plan.
pub(super) fn copied(plan: &KafkaPair, names: &Sides<String>) -> Copied {
    let from = |side: Side| {
        copied_from(plan, side, names.get(side))
            .is_some_and(|m| *names.get(side.other()) == format!("{}{}", m.prefix, names.get(side)))
    };
    match (from(Side::Source), from(Side::Target)) {
        (true, true) => Copied::Both,
        (true, false) => Copied::From(Side::Source),
        (false, true) => Copied::From(Side::Target),
        (false, false) => Copied::No,
    }
}

/// All groups of a pair: those named in the plan, and present or former ones on either side.
pub(super) fn group_names(pair: &Pair) -> BTreeSet<Arc<str>> {
    let literal = pair.plan.groups.iter().filter_map(|p| p.literal()).map(Arc::from);
    literal.chain(Side::BOTH.into_iter().flat_map(|s| pair.cluster(s).group_names().cloned())).collect()
}

/// The groups of one side: those named in the plan, and present or former ones there.
pub(super) fn group_names_of(pair: &Pair, side: Side) -> BTreeSet<Arc<str>> {
    let literal = pair.plan.groups.iter().filter_map(|p| p.literal()).map(Arc::from);
    literal.chain(pair.cluster(side).group_names().cloned()).collect()
}

/// All topics of a pair, by their names on both sides.
pub(super) fn topic_names(pair: &Pair) -> BTreeSet<(String, String)> {
    let literal = pair.plan.topics.iter().filter_map(|p| p.literal()).map(|n| names(&pair.plan, Side::Source, n));
    let known = Side::BOTH
        .into_iter()
        .flat_map(|side| pair.cluster(side).topic_names().map(move |n| names(&pair.plan, side, n)));
    literal.chain(known).map(|n| (n.source, n.target)).collect()
}

/// The topics of one side, by their name there.
pub(super) fn topic_names_of(pair: &Pair, side: Side) -> BTreeSet<String> {
    let literal = pair.plan.topics.iter().filter_map(|p| p.literal()).map(|n| names(&pair.plan, Side::Source, n));
    let literal = literal.map(|n| n.get(side).clone());
    literal.chain(pair.cluster(side).topic_names().map(|n| n.to_string())).collect()
}

/// The target's slot for each of the source's slots: same topic and partition, by the names in the plan.
struct SlotMap(Vec<Option<u32>>);

impl SlotMap {
    fn new(plan: &KafkaPair, source: &Latest, target: &Latest) -> Self {
        let mut map = vec![None; source.facts.ends.len()];
        for topic in &source.facts.topics {
            let there = names(plan, Side::Source, &topic.name).target;
            let Some(there) = target.facts.topic(&there) else { continue };
            for (here, there) in topic.slots.clone().zip(there.slots.clone()) {
                if let Some(slot) = map.get_mut(here as usize) {
                    *slot = Some(there);
                }
            }
        }
        Self(map)
    }
}

/// How many of a group's commits on the source it also has on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handover {
    /// Partitions with a commit on the source.
    pub(super) source: usize,
    /// Of these, those with a commit on the target.
    pub(super) both: usize,
}

/// For each group that is in both observations, by its name.
pub(super) type Handovers = HashMap<Arc<str>, Handover>;

/// Compares the commits of all groups, by partition.
pub(super) fn handovers(plan: &KafkaPair, source: &Latest, target: &Latest) -> Handovers {
    let map = SlotMap::new(plan, source, target);
    let both = |here: &Group| {
        let there = target.facts.group(&here.name)?;
        Some((here.name.clone(), handover((source, here), (target, there), &map)))
    };
    source.facts.groups.iter().filter_map(both).collect()
}

fn handover((source, here): (&Latest, &Group), (target, there): (&Latest, &Group), map: &SlotMap) -> Handover {
    let committed = |offset: Offset| offset.known().is_some();
    let there = target.facts.commits_of(there);
    let mut out = Handover { source: 0, both: 0 };
    for commit in source.facts.commits_of(here).iter().filter(|c| committed(c.offset)) {
        out.source += 1;
        let slot = map.0.get(commit.slot as usize).copied().flatten();
        let found = slot.and_then(|slot| there.binary_search_by_key(&slot, |c| c.slot).ok());
        out.both += usize::from(found.is_some_and(|i| committed(there[i].offset)));
    }
    out
}

/// The differences of two topics' configurations: (key, source's value, target's value).
pub(super) fn config_diff<'a>(source: &'a Config, target: &'a Config) -> Vec<(&'static str, &'a str, &'a str)> {
    let value = |c: &'a Config, key| c.0.get(key).map_or("–", String::as_str);
    Config::KEYS
        .into_iter()
        .map(|key| (key, value(source, key), value(target, key)))
        .filter(|(_, s, t)| s != t)
        .collect()
}

/// A topic's names, and whether it exists with equal shape on both sides; a fault where that is not known.
pub(super) type Likeness = (Sides<String>, Result<bool, Fault>);

/// The same for all copied topics.
pub(super) fn likeness(pair: &Pair, now: Now) -> Observed<Vec<Likeness>> {
    let both = |side| pair.cluster(side).seen(now).zip(pair.cluster(side).configs.at(now));
    both(Side::Source).zip(both(Side::Target)).map(|((source, here), (target, there))| {
        let alike = |names: &Sides<String>| {
            let Some((s, t)) = source.facts.topic(&names.source).zip(target.facts.topic(&names.target)) else {
                return Ok(false);
            };
            if s.partitions() != t.partitions() {
                return Ok(false);
            }
            // A topic that was created since the configurations were read, or whose configuration this login may not describe: unknown
            // values are not compared.
            let unread = |side, name: &str| {
                Fault::new(FaultKind::Empty, format!("the configuration of topic {name} on the {side} was not read"))
            };
            let here = here.get(&s.name).ok_or_else(|| unread(Side::Source, &s.name))?;
            let there = there.get(&t.name).ok_or_else(|| unread(Side::Target, &t.name))?;
            Ok(config_diff(here, there).is_empty())
        };
        let all = topic_names(pair).into_iter().map(|(source, target)| Sides { source, target });
        let copied = all.filter(|names| copied(&pair.plan, names) != Copied::No);
        copied
            .map(|names| {
                let alike = alike(&names);
                (names, alike)
            })
            .collect()
    })
}

/// A topic's configuration on one side.
pub(super) fn config<'a>(pair: &'a Pair, side: Side, topic: &str, now: Now) -> Observed<Option<&'a Config>> {
    pair.cluster(side).configs.at(now).map(|all| all.get(topic))
}
