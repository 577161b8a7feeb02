//! One snapshot of a cluster: groups, topics, commits, and only then ends.
//!
//! The order matters: a record written between the reading of a commit and the reading of an end makes the lag larger by one, never smaller.

use std::{
    collections::HashMap,
    ffi::CString,
    sync::Arc,
    time::Instant,
};

use rdkafka::metadata::Metadata;

use super::{
    admin::{Answer, Batch, Failure, c_string},
    assignment,
    client::{Client, left},
};
use crate::{
    core::estate::seen::Fault,
    plan::{KafkaPair, Side},
    systems::kafka::{
        facts::{Broker, Commit, Group, GroupState, Offset, Snapshot, Topic},
        parity,
    },
};

/// Partitions a request for ends. One request for all takes longer than linear in librdkafka, one a partition a round trip each.
pub(super) const CHUNK: usize = 100;

/// `RD_KAFKA_OFFSET_INVALID`: what librdkafka makes of the −1 by which a broker says, in an answer to OffsetFetch, that nothing was
/// committed (`rd_kafka_handle_OffsetFetch`, librdkafka 2.12).
const INVALID: i64 = -1001;

/// Takes one.
///
/// # Errors
/// If any part that concerns the whole cluster failed. What fails for one group or one topic is that one's fault.
pub(super) fn take(client: &Client, plan: &KafkaPair, side: Side, deadline: Instant) -> Result<Snapshot, Fault> {
    let listed = groups(client, deadline)?;
    let metadata = client.metadata(deadline)?;
    let mut out = topics(client, plan, side, &metadata);
    out.groups_in_all = count(listed.len());
    let mut watched: Vec<(Arc<str>, GroupState)> = listed
        .into_iter()
        .filter(|(name, _)| plan.groups.iter().any(|p| p.matches(name)))
        .map(|(name, word)| (name.into(), GroupState::parse(word)))
        .collect();
    watched.sort();
    watched.dedup_by(|a, b| a.0 == b.0);
    let names: Vec<Arc<str>> = watched.iter().map(|(name, _)| name.clone()).collect();
    commits(client, plan, side, watched, &mut out, deadline)?;
    if !names.is_empty() {
        members(client, &mut out, deadline)?;
    }
    ends(client, plan, &mut out, deadline)?;
    Ok(out)
}

fn groups(client: &Client, deadline: Instant) -> Result<Vec<(String, &'static str)>, Fault> {
    let batch = client.batch()?;
    batch.groups(left(deadline), 0).map_err(|f| client.fault("ListGroups", &f))?;
    let (mut listed, mut partly) = (Vec::new(), None);
    let each = |_, answer: Answer<'_>| match answer {
        Answer::Group(name, state) => listed.push((name.to_owned(), state)),
        Answer::Partly(failure) => partly = Some(failure),
        _ => {}
    };
    client.collect(&batch, 1, "ListGroups", deadline, each, |_, r| r.map_err(|f| client.fault("ListGroups", &f)))?;
    // Groups of a broker that did not answer would look as if they did not exist.
    partly.map_or(Ok(listed), |failure| Err(client.fault("ListGroups", &failure)))
}

/// The watched topics, with an end still unknown for each partition.
fn topics(client: &Client, plan: &KafkaPair, side: Side, metadata: &Metadata) -> Snapshot {
    let mut out = Snapshot { topics_in_all: count(metadata.topics().len()), ..Snapshot::default() };
    out.brokers = metadata
        .brokers()
        .iter()
        .map(|b| Broker { id: b.id(), address: format!("{}:{}", b.host(), b.port()) })
        .collect();
    out.brokers.sort_by_key(|b| b.id);
    let mut topics: Vec<_> =
        metadata.topics().iter().filter(|t| parity::watched(plan, side, t.name())).collect();
    topics.sort_by_key(|t| t.name());
    for topic in topics {
        let start = out.ends.len();
        // Ids are dense; one that is missing from the answer still has its place, as an unknown.
        let partitions = topic.partitions().iter().map(|p| p.id() + 1).max().unwrap_or(0);
        out.ends.resize(start + usize::try_from(partitions).unwrap_or(0), Offset::UNKNOWN);
        let fault = topic.error().map(|e| {
            let code = rdkafka::types::RDKafkaErrorCode::from(e);
            client.fault("Metadata", &Failure { code: code as i32, text: format!("topic {}: {code}", topic.name()) })
        });
        out.topics.push(Topic { name: topic.name().into(), slots: count(start)..count(out.ends.len()), fault });
    }
    out
}

/// Which slot a topic's partition has, by name.
struct Slots<'a>(HashMap<&'a str, (u32, u32)>);

impl<'a> Slots<'a> {
    fn new(topics: &'a [Topic]) -> Self {
        Self(topics.iter().map(|t| (&*t.name, (t.slots.start, t.slots.end))).collect())
    }

    fn of(&self, topic: &str, partition: u32) -> Option<u32> {
        let &(start, end) = self.0.get(topic)?;
        start.checked_add(partition).filter(|slot| *slot < end)
    }
}

fn commits(
    client: &Client,
    plan: &KafkaPair,
    side: Side,
    groups: Vec<(Arc<str>, GroupState)>,
    out: &mut Snapshot,
    deadline: Instant,
) -> Result<(), Fault> {
    const CALL: &str = "OffsetFetch";
    let batch = client.batch()?;
    for (i, (name, _)) in groups.iter().enumerate() {
        batch.commits(name, left(deadline), i).map_err(|f| client.fault(CALL, &f))?;
    }
    let slots = Slots::new(&out.topics);
    let mut found: Vec<Vec<Commit>> = groups.iter().map(|_| Vec::new()).collect();
    let mut orphans: Vec<Vec<Arc<str>>> = groups.iter().map(|_| Vec::new()).collect();
    let mut failures: Vec<Option<Failure>> = groups.iter().map(|_| None).collect();
    let mut ended: Vec<(usize, Failure)> = Vec::new();
    let each = |tag: usize, answer: Answer<'_>| match answer {
        Answer::Offset(topic, partition, offset) => {
            let slot = u32::try_from(partition).ok().and_then(|p| slots.of(topic, p));
            if let (Some(slot), Some(commits)) = (slot, found.get_mut(tag)) {
                let offset = match offset {
                    Ok(INVALID | -1) => Offset::NEVER,
                    Ok(raw) => Offset::end(raw),
                    Err(_) => Offset::UNKNOWN,
                };
                commits.push(Commit { slot, owner: Commit::NOBODY, offset });
            } else if let Some(orphans) = orphans.get_mut(tag)
                && orphans.last().is_none_or(|last| **last != *topic)
                && parity::watched(plan, side, topic)
            {
                orphans.push(topic.into());
            }
        }
        Answer::Partly(failure) => {
            if let Some(slot) = failures.get_mut(tag) {
                *slot = Some(failure);
            }
        }
        _ => {}
    };
    client.collect(&batch, groups.len(), CALL, deadline, each, |tag, result| {
        ended.extend(result.err().map(|failure| (tag, failure)));
        Ok(())
    })?;
    for (tag, failure) in ended {
        if let Some(slot) = failures.get_mut(tag) {
            *slot = Some(failure);
        }
    }
    for (((name, state), mut commits), (orphans, failure)) in
        groups.into_iter().zip(found).zip(orphans.into_iter().zip(failures))
    {
        commits.sort_unstable_by_key(|c| c.slot);
        let start = count(out.commits.len());
        out.commits.append(&mut commits);
        let fault = failure.map(|f| client.fault(&format!("{CALL} of group {name}"), &f));
        let commits = start..count(out.commits.len());
        out.groups.push(Group { name, state, members: None, commits, orphans, fault });
    }
    Ok(())
}

/// Members and what they are assigned, and the state in the coordinator's own words.
fn members(client: &Client, out: &mut Snapshot, deadline: Instant) -> Result<(), Fault> {
    let list = client.members(deadline)?;
    let by_name: HashMap<&str, _> = list.groups().iter().map(|g| (g.name(), g)).collect();
    let slots = Slots::new(&out.topics);
    for group in &mut out.groups {
        let Some(described) = by_name.get(&*group.name) else { continue };
        match GroupState::parse(described.state()) {
            // A group of the new protocol (KIP-848) looks dead to this call, which cannot see its members either.
            GroupState::Dead | GroupState::Unknown => continue,
            state => group.state = state,
        }
        let range = group.commits.start as usize..group.commits.end as usize;
        let commits = out.commits.get_mut(range).unwrap_or_default();
        let mut names = Vec::new();
        for (member, owner) in described.members().iter().zip(0_u16..) {
            names.push(format!("{}@{}", member.client_id(), member.client_host().trim_start_matches('/')).into());
            for (topic, partitions) in member.assignment().and_then(assignment::parse).unwrap_or_default() {
                for slot in partitions.into_iter().filter_map(|p| slots.of(topic, p)) {
                    if let Ok(i) = commits.binary_search_by_key(&slot, |c| c.slot) {
                        commits[i].owner = owner;
                    }
                }
            }
        }
        group.members = Some(names);
    }
    Ok(())
}

fn ends(client: &Client, plan: &KafkaPair, out: &mut Snapshot, deadline: Instant) -> Result<(), Fault> {
    const CALL: &str = "ListOffsets";
    let names: Vec<CString> = out
        .topics
        .iter()
        .map(|t| c_string(&t.name))
        .collect::<Result<_, _>>()
        .map_err(|f| client.fault(CALL, &f))?;
    let partitions: Vec<(usize, i32)> = out
        .topics
        .iter()
        .enumerate()
        .flat_map(|(i, t)| (0..i32::try_from(t.partitions()).unwrap_or(0)).map(move |p| (i, p)))
        .collect();
    let batch = client.batch()?;
    let chunks = partitions.chunks(CHUNK);
    let n = chunks.len();
    for (tag, chunk) in chunks.enumerate() {
        let chunk = chunk.iter().map(|&(i, p)| (names[i].as_c_str(), p));
        batch.ends(chunk, plan.isolation, left(deadline), tag).map_err(|f| client.fault(CALL, &f))?;
    }
    let found = offsets(client, &batch, n, out, deadline)?;
    // A chunk that failed leaves its partitions unknown; the first topic of each says why.
    for (tag, failure) in found {
        let first = partitions.get(tag * CHUNK).map_or(0, |&(i, _)| i);
        let last = partitions.get(((tag + 1) * CHUNK).min(partitions.len()) - 1).map_or(first, |&(i, _)| i);
        let fault = client.fault(CALL, &failure);
        for topic in out.topics.iter_mut().take(last + 1).skip(first) {
            topic.fault.get_or_insert_with(|| fault.clone());
        }
    }
    Ok(())
}

/// Puts the ends down as they come; gives back the chunks that failed as a whole.
fn offsets(
    client: &Client,
    batch: &Batch<'_>,
    n: usize,
    out: &mut Snapshot,
    deadline: Instant,
) -> Result<Vec<(usize, Failure)>, Fault> {
    let mut failed = Vec::new();
    let mut partial: Vec<(String, Failure)> = Vec::new();
    {
        let slots = Slots::new(&out.topics);
        let ends = &mut out.ends;
        let each = |_, answer: Answer<'_>| {
            let Answer::Offset(topic, partition, offset) = answer else { return };
            let Some(slot) = u32::try_from(partition).ok().and_then(|p| slots.of(topic, p)) else { return };
            match offset {
                Ok(raw) => {
                    if let Some(end) = ends.get_mut(slot as usize) {
                        *end = Offset::end(raw);
                    }
                }
                Err(failure) => partial.push((topic.to_owned(), failure)),
            }
        };
        client.collect(batch, n, "ListOffsets", deadline, each, |tag, result| {
            failed.extend(result.err().map(|failure| (tag, failure)));
            Ok(())
        })?;
    }
    for (name, failure) in partial {
        let fault = client.fault(&format!("ListOffsets of topic {name}"), &failure);
        if let Ok(i) = out.topics.binary_search_by(|t| (*t.name).cmp(&name)) {
            out.topics[i].fault.get_or_insert(fault);
        }
    }
    Ok(failed)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
