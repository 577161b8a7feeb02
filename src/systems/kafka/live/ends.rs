//! Ends of the watched partitions.

use std::{ffi::CString, time::Instant};

use super::{
    admin::{Answer, Failure, c_string},
    client::{Client, request, silence},
    faults::code,
    groups::nobody,
    snapshot::Slots,
};
use crate::{
    core::estate::seen::Fault,
    plan::KafkaPair,
    systems::kafka::facts::{Offset, Snapshot},
};

/// Partitions a request. One request for all takes longer than linear in librdkafka, one a partition a round trip each.
const CHUNK: usize = 100;

const CALL: &str = "ListOffsets";

/// A partition to ask for: its topic's index, and its number.
type Partition = (usize, i32);

/// Reads them, from the leader of each partition; `leaders` has one a slot.
///
/// # Errors
/// If nobody answers. What fails for some partitions leaves them unknown, and their topic says why.
pub(super) fn take(
    client: &Client,
    plan: &KafkaPair,
    leaders: &[i32],
    out: &mut Snapshot,
    deadline: Instant,
) -> Result<(), Fault> {
    let partitions = with_leader(client, leaders, out);
    // A request has one leader: one that is silent takes no other's partitions with it.
    let chunks: Vec<&[(i32, Partition)]> =
        partitions.chunk_by(|a, b| a.0 == b.0).flat_map(|of_one| of_one.chunks(CHUNK)).collect();
    let names = out.topics.iter().map(|t| c_string(&t.name)).collect::<Result<Vec<CString>, _>>();
    let names = names.map_err(|f| client.fault(CALL, &f))?;
    let batch = client.batch()?;
    for (tag, chunk) in chunks.iter().enumerate() {
        let chunk = chunk.iter().map(|&(_, (i, p))| (names[i].as_c_str(), p));
        batch.ends(chunk, plan.isolation, request(deadline), tag).map_err(|f| client.fault(CALL, &f))?;
    }
    // Silent until it answered.
    let mut failures: Vec<Option<Failure>> = chunks.iter().map(|_| Some(silence())).collect();
    let mut of_partitions: Vec<(String, Failure)> = Vec::new();
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
                Err(failure) => of_partitions.push((topic.to_owned(), failure)),
            }
        };
        let done = |tag: usize, result: Result<(), Failure>| {
            if let Some(failure) = failures.get_mut(tag) {
                *failure = result.err();
            }
        };
        client.collect(&batch, chunks.len(), deadline, each, done)?;
    }
    for (name, failure) in of_partitions {
        let fault = client.fault(&format!("{CALL} of topic {name}"), &failure);
        if let Ok(i) = out.topics.binary_search_by(|t| (*t.name).cmp(&name)) {
            out.topics[i].fault.get_or_insert(fault);
        }
    }
    let faults: Vec<Option<Fault>> = failures.iter().map(|f| f.as_ref().map(|f| client.fault(CALL, f))).collect();
    nobody(&faults)?;
    for (chunk, fault) in chunks.iter().zip(faults) {
        let Some(fault) = fault else { continue };
        for &(_, (i, _)) in *chunk {
            out.topics[i].fault.get_or_insert_with(|| fault.clone());
        }
    }
    Ok(())
}

/// Partitions that can be asked for, by leader. Those without one stay unknown.
fn with_leader(client: &Client, leaders: &[i32], out: &mut Snapshot) -> Vec<(i32, Partition)> {
    let mut partitions = Vec::with_capacity(leaders.len());
    for (i, topic) in out.topics.iter_mut().enumerate() {
        for (slot, partition) in topic.slots.clone().zip(0_i32..) {
            match leaders.get(slot as usize) {
                Some(&leader) if leader >= 0 => partitions.push((leader, (i, partition))),
                _ => {
                    let text = format!("partition {partition} of topic {} has no leader", topic.name);
                    let failure = Failure { code: code::LEADER_NOT_AVAILABLE, text };
                    topic.fault.get_or_insert_with(|| client.fault("Metadata", &failure));
                }
            }
        }
    }
    partitions.sort_by_key(|&(leader, _)| leader);
    partitions
}
