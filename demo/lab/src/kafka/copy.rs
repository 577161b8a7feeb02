//! Copiers: source to target with the same names, partitions and order; target to source on demand. Also the
//! translation of some groups' commits, conservative like that of a real replicator.
//!
//! Each copier writes offset syncs as MirrorMaker 2 does, to a topic on the cluster that it copies from: for the first
//! record of a partition, after a record that was not copied, whenever [`MAX_LAG`] more were copied, and periodically
//! for the last one.
//!
//! A copy carries a header with its origin, and no copier copies a copy: with both directions on, there is no loop.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use landfall::base::side::{Side, Sides};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer, StreamConsumer},
    message::{BorrowedMessage, Header, Headers, OwnedHeaders},
    producer::{BaseRecord, DefaultProducerContext, FutureProducer, FutureRecord, ThreadedProducer},
    util::Timeout,
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{interval, sleep},
};

use super::{config, sip::Sip};
use crate::{
    error::{Doing, Result},
    estate::TOPICS,
};

/// Header of a copy: its value is the side it was copied from.
pub const COPIED_FROM: &str = "landfall-lab-copied-from";

/// Groups whose commits are translated to the target.
const TRANSLATED: [&str; 4] = ["checkout", "billing", "fraud", "search-index"];

/// The topic for a copier's offset syncs, on the cluster it copies from: MirrorMaker 2's name, after the cluster it
/// copies to.
#[must_use]
pub const fn syncs_topic(from: Side) -> &'static str {
    match from {
        Side::Source => "mm2-offset-syncs.target.internal",
        Side::Target => "mm2-offset-syncs.source.internal",
    }
}

/// Maximum number of records that are copied without an offset sync: MirrorMaker 2's `offset.lag.max`.
const MAX_LAG: i64 = 100;

/// How often the last record of each partition is synced whatever its distance: MirrorMaker 2 does so with each of
/// Connect's own commits, once a minute by default.
const FLUSH: Duration = Duration::from_secs(5);

/// For each partition, the target's offsets of a few source offsets.
type Map = Arc<Mutex<HashMap<(String, i32), BTreeMap<i64, i64>>>>;

/// Starts both copiers and the translation.
pub(super) fn spawn(ports: Sides<u16>, reverse: watch::Receiver<bool>, tasks: &mut JoinSet<()>) -> Result<()> {
    let map = Map::default();
    let (always, on) = watch::channel(true);
    tasks.spawn(copier(ports, Side::Source, map.clone(), on)?);
    tasks.spawn(copier(ports, Side::Target, Map::default(), reverse)?);
    tasks.spawn(async move {
        // Keeps the forward copier's switch alive as long as the lab.
        let _always = always;
        let mut tick = interval(Duration::from_secs(5));
        loop {
            tick.tick().await;
            let map = map.clone();
            // If a broker is down this round fails; the next one follows.
            let _ = tokio::task::spawn_blocking(move || translate(ports, &map)).await;
        }
    });
    Ok(())
}

fn copier(
    ports: Sides<u16>,
    from: Side,
    map: Map,
    mut on: watch::Receiver<bool>,
) -> Result<impl Future<Output = ()> + Send> {
    let to = match from {
        Side::Source => Side::Target,
        Side::Target => Side::Source,
    };
    let doing = || format!("starting the copier {from} to {to}");
    let reader: StreamConsumer = config(*ports.get(from))
        .set("group.id", "landfall-lab-copier")
        .set("enable.auto.commit", "false")
        // A partition that was paused before its first read has no position of its own to continue from.
        .set("auto.offset.reset", "earliest")
        .create()
        .doing(doing)?;
    let writer: FutureProducer =
        config(*ports.get(to)).set("linger.ms", "0").set("message.timeout.ms", "3600000").create().doing(doing)?;
    let mut all = TopicPartitionList::new();
    for (topic, partitions, _) in TOPICS {
        for partition in 0..partitions {
            all.add_partition_offset(topic, partition, Offset::Beginning).doing(doing)?;
        }
    }
    reader.assign(&all).doing(doing)?;
    let mut syncs = Syncs::new(*ports.get(from), from).doing(doing)?;
    let mut reader = Sip::new(reader);
    Ok(async move {
        loop {
            if !*on.borrow_and_update() {
                let _ = reader.rest();
                if on.wait_for(|on| *on).await.is_err() {
                    return;
                }
            }
            syncs.flush();
            tokio::select! {
                () = sleep(FLUSH) => {}
                text = on.changed() => if text.is_err() {
                    return;
                },
                got = reader.recv() => match got {
                    Ok(message) => one(&writer, &message, from, &map, &mut syncs).await,
                    Err(why) => {
                        tracing::debug!("copying from the {from}: {why}");
                        sleep(Duration::from_millis(200)).await;
                    }
                },
            }
        }
    })
}

/// Copies one message and waits until it is written: order is kept, and nothing is skipped while the other broker is
/// down.
async fn one(writer: &FutureProducer, message: &BorrowedMessage<'_>, from: Side, map: &Map, syncs: &mut Syncs) {
    if message.headers().is_some_and(|headers| headers.iter().any(|h| h.key == COPIED_FROM)) {
        return;
    }
    let headers = OwnedHeaders::new().insert(Header { key: COPIED_FROM, value: Some(from.word()) });
    loop {
        let copy = FutureRecord {
            topic: message.topic(),
            partition: Some(message.partition()),
            payload: message.payload(),
            key: message.key(),
            timestamp: message.timestamp().to_millis(),
            headers: Some(headers.clone()),
        };
        if let Ok(at) = writer.send(copy, Timeout::Never).await {
            syncs.copied(message.topic(), message.partition(), (message.offset(), at.offset));
            let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
            let known = map.entry((message.topic().to_owned(), message.partition())).or_default();
            known.insert(message.offset(), at.offset);
            // Few points: a translated commit is slightly before the true one, never after it.
            if known.len() > 64 {
                known.pop_first();
            }
            return;
        }
        sleep(Duration::from_millis(500)).await;
    }
}

/// Writes a copier's offset syncs.
struct Syncs {
    topic: &'static str,
    producer: ThreadedProducer<DefaultProducerContext>,
    partitions: HashMap<(String, i32), Synced>,
    flushed: Instant,
    beats: i64,
}

/// How far a partition has been copied, as (original's offset, copy's offset), and the last written sync.
struct Synced {
    last: (i64, i64),
    written: (i64, i64),
}

impl Syncs {
    fn new(port: u16, from: Side) -> std::result::Result<Self, rdkafka::error::KafkaError> {
        let producer = config(port).set("linger.ms", "5").set("message.timeout.ms", "3600000").create()?;
        Ok(Self { topic: syncs_topic(from), producer, partitions: HashMap::new(), flushed: Instant::now(), beats: 0 })
    }

    fn copied(&mut self, topic: &str, partition: i32, at: (i64, i64)) {
        let known = self.partitions.get_mut(&(topic.to_owned(), partition));
        let due = known.as_ref().is_none_or(|k| at.0 != k.last.0 + 1 || at.1 - k.written.1 > MAX_LAG);
        match known {
            Some(known) => known.last = at,
            None => drop(self.partitions.insert((topic.to_owned(), partition), Synced { last: at, written: (-1, -1) })),
        }
        if due {
            self.write(topic, partition);
        }
    }

    /// Writes the last offsets of each partition that are not written yet; and a heartbeat, which MirrorMaker 2 copies
    /// like any other record.
    fn flush(&mut self) {
        if self.flushed.elapsed() < FLUSH {
            return;
        }
        self.flushed = Instant::now();
        let late: Vec<_> =
            self.partitions.iter().filter(|(_, s)| s.last != s.written).map(|(at, _)| at.clone()).collect();
        for (topic, partition) in late {
            self.write(&topic, partition);
        }
        self.beats += 1;
        self.send("heartbeats", 0, (self.beats, self.beats));
    }

    fn write(&mut self, topic: &str, partition: i32) {
        let Some(known) = self.partitions.get_mut(&(topic.to_owned(), partition)) else { return };
        known.written = known.last;
        let at = known.last;
        self.send(topic, partition, at);
    }

    /// Key: topic, partition; value: the original's offset, the copy's (MirrorMaker 2's `OffsetSync`).
    fn send(&self, topic: &str, partition: i32, (upstream, downstream): (i64, i64)) {
        let length = i16::try_from(topic.len()).unwrap_or(i16::MAX);
        let key = [&length.to_be_bytes()[..], topic.as_bytes(), &partition.to_be_bytes()].concat();
        let value = [upstream.to_be_bytes(), downstream.to_be_bytes()].concat();
        // The queue is full after a very long outage: the next sync replaces this one.
        let _ = self.producer.send(BaseRecord::to(self.topic).partition(0).key(&key).payload(&value));
    }
}

fn translate(ports: Sides<u16>, map: &Map) -> Result<()> {
    for group in TRANSLATED {
        let doing = || format!("translating the commits of {group}");
        let client = |side| config(*ports.get(side)).set("group.id", group).create::<BaseConsumer>().doing(doing);
        let (source, target) = (client(Side::Source)?, client(Side::Target)?);
        let mut asked = TopicPartitionList::new();
        for (topic, partitions, _) in TOPICS {
            asked.add_partition_range(topic, 0, partitions - 1);
        }
        let committed = source.committed_offsets(asked, Duration::from_secs(2)).doing(doing)?;
        let now = target.committed_offsets(committed.clone(), Duration::from_secs(2)).doing(doing)?;
        let mut there = TopicPartitionList::new();
        for known in committed.elements() {
            let Offset::Offset(offset) = known.offset() else { continue };
            let map = map.lock().unwrap_or_else(PoisonError::into_inner);
            let points = map.get(&(known.topic().to_owned(), known.partition()));
            // Without an earlier point the group must start at the beginning.
            let at = points.and_then(|p| p.range(..=offset).next_back()).map_or(0, |(_, at)| *at);
            // Never backwards: the group may have been handed over (`MirrorCheckpointTask.syncGroupOffset` does not
            // either).
            let stands = now.find_partition(known.topic(), known.partition()).map(|p| p.offset());
            if !matches!(stands, Some(Offset::Offset(stands)) if stands >= at) {
                there.add_partition_offset(known.topic(), known.partition(), Offset::Offset(at)).doing(doing)?;
            }
        }
        if there.count() > 0 {
            target.commit(&there, CommitMode::Sync).doing(doing)?;
        }
    }
    Ok(())
}
