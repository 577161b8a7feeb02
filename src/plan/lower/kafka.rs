//! Pairs of Kafka clusters: client properties for each side, and what is copied between them.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::{same_access, unique, unique_names};
use crate::{
    diag::{Code, Diagnosis, Faults},
    pattern::{Pattern, Patterns},
    scalar::quoted,
    tree::{At, Table, without_spans},
    types::{Isolation, KafkaCluster, KafkaPair, Mirror, Property},
};
use base::side::{Side, Sides};

/// The address of a cluster: librdkafka's name for it, and the older name.
const BOOTSTRAP: [&str; 2] = ["bootstrap.servers", "metadata.broker.list"];

pub(super) fn all(root: &Table, faults: &mut Faults) -> Option<Vec<KafkaPair>> {
    unique_names(root.tables("kafka"), "name", "the pair of clusters", faults);
    let pairs: Vec<_> = root.tables("kafka").map(|t| pair(t, faults)).collect();
    pairs.into_iter().collect()
}

fn pair(table: &Table, faults: &mut Faults) -> Option<KafkaPair> {
    let source = table.table("source").and_then(|t| cluster(t, faults));
    let target = table.table("target").and_then(|t| cluster(t, faults));
    if let (Some(s), Some(t), Some(span)) = (&source, &target, table.written("target"))
        && let (Some(s), Some(t)) = (bootstrap(&s.read), bootstrap(&t.read))
        && s == t
    {
        let message = format!("source and target have the same bootstrap.servers, {}", quoted(s));
        faults.push(Diagnosis::error(Code::SameSides, &span, message).hint("one of them is the other side's"));
    }
    let topics: Vec<At<Pattern>> = table.list("topics");
    let groups: Vec<At<Pattern>> = table.list("groups");
    for (list, what) in [(&topics, "topic"), (&groups, "group")] {
        let names: Vec<At<String>> =
            list.iter().map(|p| At { value: p.value.to_string(), span: p.span.clone() }).collect();
        unique(&names, |name| format!("the {what} {}", quoted(name)), faults);
    }
    let topics = Patterns::from(without_spans(topics));
    let mirrors: Option<Vec<Mirror>> = mirrors(table, &topics, faults).into_iter().collect();
    Some(KafkaPair {
        name: table.get("name")?,
        clusters: Sides { source: source?, target: target? },
        groups: without_spans(groups).into(),
        topics,
        mirrors: mirrors?,
        isolation: match table.get::<String>("isolation")?.as_str() {
            "read_uncommitted" => Isolation::ReadUncommitted,
            _ => Isolation::ReadCommitted,
        },
    })
}

fn mirrors(table: &Table, topics: &Patterns, faults: &mut Faults) -> Vec<Option<Mirror>> {
    let mut seen: Vec<Mirror> = Vec::new();
    let mut all = Vec::new();
    for t in table.tables("mirror") {
        let mirror = mirror(t, topics);
        if let Some(mirror) = &mirror {
            if mirror.topics.is_empty() {
                let message = "this mirror copies nothing: neither it nor its pair names topics";
                faults.push(Diagnosis::error(Code::Dangling, &t.span, message).hint("add topics = [\"…\"]"));
            }
            if seen.contains(mirror) {
                faults.push(
                    Diagnosis::error(Code::Duplicate, &t.span, "this mirror is given twice").hint("take one out"),
                );
            } else if let Some(topic) = seen.iter().filter(|m| m.from == mirror.from).find_map(|m| both_copy(m, mirror))
            {
                let message = format!("two mirrors from the {} copy {}", mirror.from, quoted(&topic));
                let span = t.written("topics").unwrap_or_else(|| t.span.clone());
                faults.push(
                    Diagnosis::error(Code::Duplicate, &span, message)
                        .hint("their offset syncs cannot be distinguished: give each mirror its own topics"),
                );
            }
            if seen.iter().any(|m| m.from == mirror.from && m.offset_syncs_on != mirror.offset_syncs_on) {
                let message =
                    format!("the mirrors from the {} have their offset syncs on different sides", mirror.from);
                let span = t.written("offset_syncs_on").unwrap_or_else(|| t.span.clone());
                faults.push(
                    Diagnosis::error(Code::Duplicate, &span, message)
                        .hint("they are read on one side: use the same for all"),
                );
            }
            seen.push(mirror.clone());
        }
        all.push(mirror);
    }
    all
}

/// What two mirrors both copy, as far as the plan shows: a name in one that the other matches too, or a pattern in both.
fn both_copy(one: &Mirror, other: &Mirror) -> Option<String> {
    let name = |of: &Mirror, by: &Mirror| {
        of.topics.iter().filter_map(Pattern::literal).find(|name| by.topics.matches(name)).map(str::to_owned)
    };
    let patterns = |of: &Mirror| -> BTreeSet<String> {
        of.topics.iter().filter(|p| p.literal().is_none()).map(ToString::to_string).collect()
    };
    let same = || patterns(one).intersection(&patterns(other)).next().cloned();
    name(one, other).or_else(|| name(other, one)).or_else(same)
}

fn mirror(table: &Table, topics: &Patterns) -> Option<Mirror> {
    let from = table.get::<String>("from")?;
    let own: Vec<At<Pattern>> = table.list("topics");
    let side = |word: &str| if word == Side::Source.word() { Side::Source } else { Side::Target };
    Some(Mirror {
        from: side(&from),
        topics: if own.is_empty() { topics.clone() } else { without_spans(own).into() },
        prefix: table.get("prefix")?,
        offset_syncs_topic: table.get("offset_syncs_topic"),
        offset_syncs_on: side(&table.get::<String>("offset_syncs_on").unwrap_or(from)),
    })
}

fn cluster(table: &Table, faults: &mut Faults) -> Option<KafkaCluster> {
    let read: IndexMap<String, At<Property>> = table.get("properties")?;
    if !BOOTSTRAP.iter().any(|name| read.contains_key(*name)) {
        let span = table.written("properties").unwrap_or_else(|| table.span.clone());
        let message = "`properties` do not say where the cluster is";
        faults
            .push(Diagnosis::error(Code::MissingKey, &span, message).hint("add \"bootstrap.servers\" = \"host:9092\""));
    }
    let bare = |map: IndexMap<String, At<Property>>| -> IndexMap<String, Property> {
        map.into_iter().map(|(name, at)| (name, at.value)).collect()
    };
    let read = bare(read);
    let write = table.get("write_properties").map(|over| {
        let mut write = read.clone();
        write.extend(bare(over));
        write
    });
    if let (Some(write), Some(span)) = (&write, table.written("write_properties"))
        && *write == read
    {
        same_access(&span, "write_properties", faults);
    }
    Some(KafkaCluster { read, write })
}

fn bootstrap(properties: &IndexMap<String, Property>) -> Option<&str> {
    match BOOTSTRAP.iter().find_map(|name| properties.get(*name))? {
        Property::Plain(servers) => Some(servers),
        Property::Secret(_) => None,
    }
}
