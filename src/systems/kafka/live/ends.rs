//! Starts and ends of the watched partitions' logs.

use std::{ffi::CString, time::Instant};

use super::{
    admin::{Answer, Batch, Bound, Failure, c_string},
    client::{Client, request, silence},
    consumer_groups::nobody,
    faults::code,
    snapshot::Slots,
};
use crate::kafka::facts::{Offset, Snapshot};
use base::observed::Fault;
use plan::{Isolation, KafkaPair};

/// Partitions per request. One request for all takes more than linear time in librdkafka, one per partition takes a round trip each.
const CHUNK: usize = 100;

const CALL: &str = "ListOffsets";

/// A partition to query: its topic's index, and its number.
type Partition = (usize, i32);

/// The partitions with a leader, grouped into requests.
pub(super) struct Places {
    /// Names of all topics.
    names: Vec<CString>,
    chunks: Vec<Vec<Partition>>,
}

/// Requests in flight.
pub(super) struct Asked<'c> {
    batch: Batch<'c>,
    bounds: &'static [Bound],
    until: Instant,
}

impl Places {
    /// `leaders` has one entry per slot. A partition without a leader stays unknown, and its topic has the fault.
    ///
    /// # Errors
    /// If a topic has a name that cannot be queried.
    pub(super) fn new(client: &Client, leaders: &[i32], out: &mut Snapshot) -> Result<Self, Fault> {
        let partitions = with_leader(client, leaders, out);
        // A request has one leader: a silent leader affects no other leader's partitions.
        let of_one = partitions.chunk_by(|a, b| a.0 == b.0);
        let chunks = of_one
            .flat_map(|of_one| of_one.chunks(CHUNK))
            .map(|chunk| chunk.iter().map(|(_, p)| *p).collect())
            .collect();
        let names = out.topics.iter().map(|t| c_string(&t.name)).collect::<Result<_, _>>();
        Ok(Self { names: names.map_err(|f| client.fault(CALL, &f))?, chunks })
    }

    /// Queries all partitions: one bound after the other, so that each leader is queried in this order.
    ///
    /// # Errors
    /// If librdkafka accepts no request.
    pub(super) fn ask<'c>(
        &self,
        client: &'c Client,
        bounds: &'static [Bound],
        until: Instant,
    ) -> Result<Asked<'c>, Fault> {
        let batch = client.batch()?;
        let all = bounds.iter().flat_map(|bound| self.chunks.iter().map(move |chunk| (*bound, chunk)));
        for (tag, (bound, chunk)) in all.enumerate() {
            let chunk = chunk.iter().map(|&(i, p)| (self.names[i].as_c_str(), p));
            batch.bounds(chunk, bound, request(until), tag).map_err(|f| client.fault(CALL, &f))?;
        }
        Ok(Asked { batch, bounds, until })
    }

    /// The starts. An unknown start affects only the figures computed from it.
    pub(super) fn starts(&self, client: &Client, asked: &Asked<'_>, out: &mut Snapshot) {
        out.starts.resize(out.ends.len(), Offset::UNKNOWN);
        match self.collect(client, asked, out) {
            Ok(answers) => {
                let first = answers.of_partitions.first().map(|(_, failure)| failure);
                if let Some(failure) = answers.of_requests.iter().flatten().next().or(first) {
                    tracing::debug!("{}", client.fault("ListOffsets of the starts", failure));
                }
            }
            Err(fault) => tracing::debug!("{fault}"),
        }
    }

    /// The ends, and where the plan requires them the last stable offsets.
    ///
    /// # Errors
    /// If no broker answers. A failure of some partitions leaves them unknown, and their topic has the fault.
    pub(super) fn ends(
        &self,
        client: &Client,
        plan: &KafkaPair,
        out: &mut Snapshot,
        deadline: Instant,
    ) -> Result<(), Fault> {
        let bounds: &[Bound] = match plan.isolation {
            Isolation::ReadCommitted => {
                out.stable.resize(out.ends.len(), Offset::UNKNOWN);
                &[Bound::End, Bound::Stable]
            }
            Isolation::ReadUncommitted => &[Bound::End],
        };
        let asked = self.ask(client, bounds, deadline)?;
        let answers = self.collect(client, &asked, out)?;
        for (name, failure) in answers.of_partitions {
            let fault = client.fault(&format!("{CALL} of topic {name}"), &failure);
            if let Ok(i) = out.topics.binary_search_by(|t| (*t.name).cmp(&name)) {
                out.topics[i].fault.get_or_insert(fault);
            }
        }
        let faults: Vec<Option<Fault>> =
            answers.of_requests.iter().map(|f| f.as_ref().map(|f| client.fault(CALL, f))).collect();
        nobody(&faults)?;
        for (chunk, fault) in self.chunks.iter().cycle().zip(faults) {
            let Some(fault) = fault else { continue };
            for &(i, _) in chunk {
                out.topics[i].fault.get_or_insert_with(|| fault.clone());
            }
        }
        Ok(())
    }

    fn collect(&self, client: &Client, asked: &Asked<'_>, out: &mut Snapshot) -> Result<Answers, Fault> {
        let n = asked.bounds.len() * self.chunks.len();
        // Unanswered until the reply arrives.
        let mut answers = Answers { of_requests: (0..n).map(|_| Some(silence())).collect(), of_partitions: Vec::new() };
        let Answers { of_requests, of_partitions } = &mut answers;
        let slots = Slots::new(&out.topics);
        let (starts, ends, stable) = (&mut out.starts, &mut out.ends, &mut out.stable);
        let each = |tag: usize, answer: Answer<'_>| {
            let Answer::Offset(topic, partition, offset) = answer else { return };
            let Some(slot) = u32::try_from(partition).ok().and_then(|p| slots.of(topic, p)) else { return };
            let bound = asked.bounds.get(tag / self.chunks.len().max(1));
            match (offset, bound) {
                (Ok(raw), Some(bound)) => {
                    let column = match bound {
                        Bound::Start => &mut *starts,
                        Bound::End => &mut *ends,
                        Bound::Stable => &mut *stable,
                    };
                    if let Some(place) = column.get_mut(slot as usize) {
                        *place = Offset::end(raw);
                    }
                }
                (Ok(_), None) => {}
                (Err(failure), _) => of_partitions.push((topic.to_owned(), failure)),
            }
        };
        let done = |tag: usize, result: Result<(), Failure>| {
            if let Some(failure) = of_requests.get_mut(tag) {
                *failure = result.err();
            }
        };
        client.collect(&asked.batch, n, asked.until, each, done)?;
        Ok(answers)
    }
}

/// Failures: by request, and of single partitions, by their topic.
struct Answers {
    of_requests: Vec<Option<Failure>>,
    of_partitions: Vec<(String, Failure)>,
}

/// Partitions that can be queried, by leader. Those without one stay unknown.
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
