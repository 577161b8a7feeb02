//! Offset syncs of the mirrors: MirrorMaker 2's topic of offset syncs, read once from its beginning and then from the last position.
//!
//! Read by a consumer with an assigned partition that fetches only during a query: it joins no group and commits nothing.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rdkafka::{Message, Offset, TopicPartitionList, consumer::Consumer, error::KafkaError};

use super::{
    client::{Client, halfway},
    faults,
};
use crate::kafka::{
    state::bootstrap,
    syncs::{Syncs, parse},
};
use base::{
    observed::{Fault, FaultKind},
    side::Side,
};
use plan::KafkaPair;

/// MirrorMaker 2 writes to this one only (`OffsetSyncWriter.sendOffsetSync`).
const PARTITION: i32 = 0;

/// The longest wait for a record before the time is checked again.
const SLICE: Duration = Duration::from_millis(100);

/// The syncs read so far, and the consumer that continues.
pub(super) struct Log {
    client: Client,
    /// Topics and the next offset to read.
    topics: Vec<(Arc<str>, i64)>,
    syncs: Syncs,
}

/// All offset syncs so far of the mirrors to a side; `at`: the cluster that stores them.
///
/// # Errors
/// If the topic cannot be found or read to its end in time. What was read is kept, and the next query continues from there.
pub(super) fn take(
    log: &mut Option<Log>,
    plan: &KafkaPair,
    (at, to): (Side, Side),
    deadline: Instant,
) -> Result<Syncs, Fault> {
    let open = match log.take() {
        Some(open) => open,
        None => match Log::open(plan, at, to, deadline)? {
            Some(open) => open,
            // It may be created later.
            None => return Ok(Syncs::default()),
        },
    };
    let open = log.insert(open);
    match open.read(deadline) {
        Ok(true) => Ok(open.syncs.clone()),
        Ok(false) => {
            let text = format!(
                "{}: offset syncs: {} read, and the end is not reached yet",
                bootstrap(plan, at),
                open.syncs.read
            );
            Err(Fault::new(FaultKind::TimedOut, text))
        }
        Err(error) => {
            let server = bootstrap(plan, at);
            let fault = faults::of_error(&server, "Fetch of offset syncs", &error);
            // Starts again: the topic may be another one.
            if !matches!(fault.kind, FaultKind::TimedOut | FaultKind::Unreachable) {
                *log = None;
            }
            Err(fault)
        }
    }
}

impl Log {
    /// Finds the topics; none if the plan names none and none exists.
    fn open(plan: &KafkaPair, at: Side, to: Side, deadline: Instant) -> Result<Option<Self>, Fault> {
        let server = bootstrap(plan, at);
        let client = Client::reading(&server, &plan.clusters.get(at).read)?;
        let metadata = client.metadata(halfway(deadline))?;
        let there: Vec<&str> = metadata.topics().iter().map(|t| t.name()).collect();
        let mut names: Vec<Arc<str>> = Vec::new();
        for mirror in plan.mirrors.iter().filter(|m| m.from == to.other()) {
            let name = match &mirror.offset_syncs_topic {
                Some(name) if there.contains(&name.as_str()) => name.as_str(),
                Some(name) => {
                    let text = format!(
                        "{server}: no topic {name}, which the plan names as offset_syncs_topic, or no permission to see it"
                    );
                    return Err(Fault::new(FaultKind::NotFound, text));
                }
                None => {
                    let own = |name: &&str| name.starts_with("mm2-offset-syncs.") && name.ends_with(".internal");
                    let found: Vec<&str> = there.iter().copied().filter(own).collect();
                    match found.as_slice() {
                        [] => continue,
                        [one] => *one,
                        many => {
                            let text = format!(
                                "{server}: {} topics mm2-offset-syncs.*.internal: name one with offset_syncs_topic",
                                many.len()
                            );
                            return Err(Fault::new(FaultKind::Unsupported, text));
                        }
                    }
                }
            };
            if names.iter().all(|known| **known != *name) {
                names.push(name.into());
            }
        }
        if names.is_empty() {
            return Ok(None);
        }
        let topics: Vec<(Arc<str>, i64)> = names.iter().map(|name| (name.clone(), 0)).collect();
        let syncs = Syncs::of_topics(names);
        let log = Self { client, topics, syncs };
        let assign = || {
            let consumer = log.client.consumer();
            consumer.assign(&log.places(Offset::Beginning)?)?;
            consumer.pause(&log.places(Offset::Invalid)?)
        };
        assign().map_err(|e| faults::of_error(&server, "assign", &e))?;
        Ok(Some(log))
    }

    fn places(&self, offset: Offset) -> Result<TopicPartitionList, KafkaError> {
        let mut all = TopicPartitionList::new();
        for (topic, _) in &self.topics {
            all.add_partition_offset(topic, PARTITION, offset)?;
        }
        Ok(all)
    }

    /// Reads up to the present end; returns whether it was reached.
    fn read(&mut self, deadline: Instant) -> Result<bool, KafkaError> {
        let left = || deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(10));
        let mut ends = Vec::new();
        for (topic, next) in &self.topics {
            let (_, end) = self.client.consumer().fetch_watermarks(topic, PARTITION, left())?;
            if end < *next {
                // Created again: what was read is of another topic.
                return Err(KafkaError::OffsetFetch(rdkafka::types::RDKafkaErrorCode::OffsetOutOfRange));
            }
            ends.push(end);
        }
        let there = |topics: &[(Arc<str>, i64)]| topics.iter().zip(&ends).all(|((_, next), end)| next >= end);
        if !there(&self.topics) {
            self.client.consumer().resume(&self.places(Offset::Invalid)?)?;
            let read = self.read_on(&ends, deadline);
            self.client.consumer().pause(&self.places(Offset::Invalid)?)?;
            read?;
        }
        self.syncs.read = self.topics.iter().map(|(_, next)| next).sum();
        Ok(there(&self.topics))
    }

    fn read_on(&mut self, ends: &[i64], deadline: Instant) -> Result<(), KafkaError> {
        // A reported end may be an older one, of the last read: it counts once no record follows. What is left of the topic
        // then is transaction markers.
        let mut described = false;
        while Instant::now() < deadline && self.topics.iter().zip(ends).any(|((_, next), end)| next < end) {
            let (topic, next) = match self.client.consumer().poll(SLICE) {
                None if described => {
                    self.topics.iter_mut().zip(ends).for_each(|((_, next), end)| *next = (*next).max(*end));
                    break;
                }
                None => continue,
                Some(Ok(record)) => {
                    described = false;
                    if let (Some(key), Some(value)) = (record.key(), record.payload())
                        && let Some((topic, partition, sync)) = parse(key, value)
                    {
                        self.syncs.take(topic, partition, sync);
                    }
                    (record.topic().to_owned(), record.offset() + 1)
                }
                Some(Err(KafkaError::PartitionEOF(_))) => {
                    described = true;
                    continue;
                }
                Some(Err(error)) => return Err(error),
            };
            if let Some((_, known)) = self.topics.iter_mut().find(|(name, _)| **name == *topic) {
                *known = next.max(*known);
            }
        }
        Ok(())
    }
}
