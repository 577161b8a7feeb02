//! Source against target: which topic is whose copy, and what is missing on the other side. By name and by count only: offsets of
//! two clusters do not compare, so nothing here subtracts them.

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

/// The mirror that makes `name` on `side`, and the name it has where it is copied from.
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

/// Whether the plan watches this topic on this side: by its patterns, or as a copy a mirror makes under another name.
#[cfg_attr(
    not(any(test, feature = "kafka")),
    expect(dead_code, reason = "only the live side has to name what it asks")
)]
pub(super) fn watched(plan: &KafkaPair, side: Side, topic: &str) -> bool {
    plan.topics.matches(topic) || copied_by(plan, side, topic).is_some_and(|(m, _)| !m.prefix.is_empty())
}

/// A topic's names on both sides.
pub(super) fn names(plan: &KafkaPair, side: Side, name: &str) -> Sides<String> {
    // A name that begins with a mirror's prefix is a copy; only then may the same name be an original.
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

/// That only one mirror copies a topic away from a side.
///
/// # Errors
/// If there are two: their offset syncs name the same topic and speak of two different logs, so that neither can be gone by.
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

/// Which way a topic is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Copied {
    /// Not at all.
    No,
    /// From this side to the other.
    From(Side),
    /// Both ways, under one name: only a copier with loop protection may do that.
    Both,
}

/// Which way a topic is copied, by the plan.
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

/// All groups of a pair: those the plan names, and those that are or were on either side.
pub(super) fn group_names(pair: &Pair) -> BTreeSet<Arc<str>> {
    let literal = pair.plan.groups.iter().filter_map(|p| p.literal()).map(Arc::from);
    literal.chain(Side::BOTH.into_iter().flat_map(|s| pair.cluster(s).group_names().cloned())).collect()
}

/// The groups of one side: those the plan names, and those that are or were there.
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

/// Where each slot of the source's answer is in the target's: slots of one topic and partition under the names the plan gives.
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

/// How much of what a group committed on the source it has committed on the target too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handover {
    /// Partitions with a commit on the source.
    pub(super) source: usize,
    /// Of these, with a commit on the target.
    pub(super) both: usize,
}

/// That of each group which is in both answers, by its name.
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

/// What differs between two topics' configurations: (key, source's value, target's value).
pub(super) fn config_diff<'a>(source: &'a Config, target: &'a Config) -> Vec<(&'static str, &'a str, &'a str)> {
    let value = |c: &'a Config, key| c.0.get(key).map_or("–", String::as_str);
    Config::KEYS
        .into_iter()
        .map(|key| (key, value(source, key), value(target, key)))
        .filter(|(_, s, t)| s != t)
        .collect()
}

/// A topic's names, and whether it is there and alike on both sides; a fault where that is not known.
pub(super) type Likeness = (Sides<String>, Result<bool, Fault>);

/// That of all copied topics.
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
            // A topic that was made since the configurations were read, or whose configuration this login may not see: what is not known
            // is not compared.
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
