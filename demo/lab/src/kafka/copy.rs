//! Copiers: source to target with the same names, partitions and order; target to source on demand. And the translation of some groups'
//! commits, conservative as a real replicator's is.
//!
//! A copy carries a header that says whence it came, and no copier copies a copy: with both directions on, nothing circles.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use landfall::plan::{Side, Sides};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer, StreamConsumer},
    message::{BorrowedMessage, Header, Headers, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
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

/// For each partition, where a few of the source's offsets are on the target.
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
            // A broker that is away fails this round; the next one comes.
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
    let mut reader = Sip::new(reader);
    Ok(async move {
        loop {
            if !*on.borrow_and_update() {
                let _ = reader.rest();
                if on.wait_for(|on| *on).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                told = on.changed() => if told.is_err() {
                    return;
                },
                got = reader.recv() => match got {
                    Ok(message) => one(&writer, &message, from, &map).await,
                    Err(_) => sleep(Duration::from_millis(200)).await,
                },
            }
        }
    })
}

/// Copies one message and waits until it is there: order is kept, and nothing is skipped while the other broker is away.
async fn one(writer: &FutureProducer, message: &BorrowedMessage<'_>, from: Side, map: &Map) {
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
            let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
            let known = map.entry((message.topic().to_owned(), message.partition())).or_default();
            known.insert(message.offset(), at.offset);
            // Few points: a translated commit is a little before the true one, never after it.
            if known.len() > 64 {
                known.pop_first();
            }
            return;
        }
        sleep(Duration::from_millis(500)).await;
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
        let mut there = TopicPartitionList::new();
        for known in committed.elements() {
            let Offset::Offset(offset) = known.offset() else { continue };
            let map = map.lock().unwrap_or_else(PoisonError::into_inner);
            let points = map.get(&(known.topic().to_owned(), known.partition()));
            // Without a point before it, the group would have to begin at the start.
            let at = points.and_then(|p| p.range(..=offset).next_back()).map_or(0, |(_, at)| *at);
            there.add_partition_offset(known.topic(), known.partition(), Offset::Offset(at)).doing(doing)?;
        }
        if there.count() > 0 {
            target.commit(&there, CommitMode::Sync).doing(doing)?;
        }
    }
    Ok(())
}
