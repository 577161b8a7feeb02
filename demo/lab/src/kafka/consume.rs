//! Consumer groups on the source: live ones that keep up, fall behind or drain, and ones with commits only.

use std::time::Duration;

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer, StreamConsumer},
};
use tokio::{task::JoinSet, time::sleep};

use super::{config, sip::Sip};
use crate::{
    error::{Doing, Result},
    estate::TOPICS,
};

/// Live groups: name, topics, maximum messages a second (0 = unlimited).
const LIVE: [(&str, &[&str], u32); 6] = [
    ("checkout", &["orders"], 0),
    ("billing", &["payments"], 0),
    ("fraud", &["orders", "payments"], 0),
    ("audit", &["orders", "payments", "events.clicks", "events.views"], 0),
    ("ingest-clicks", &["events.clicks"], 10),
    ("ingest-views", &["events.views"], 40),
];

/// Groups without a member: name, topic, number of partitions with commits.
const ABSENT: [(&str, &str, i32); 2] = [("search-index", "events.clicks", i32::MAX), ("reports", "events.views", 3)];

/// Writes the commits of the groups without a member.
pub(super) async fn committed_once(port: u16) -> Result<()> {
    tokio::task::spawn_blocking(move || {
        for (group, topic, some) in ABSENT {
            let doing = || format!("committing for {group} on port {port}");
            let consumer: BaseConsumer = config(port).set("group.id", group).create().doing(doing)?;
            let partitions = TOPICS.iter().find(|(name, ..)| *name == topic).map_or(0, |(_, n, _)| *n);
            let mut offsets = TopicPartitionList::new();
            for partition in 0..partitions.min(some) {
                offsets.add_partition_offset(topic, partition, Offset::Offset(0)).doing(doing)?;
            }
            consumer.commit(&offsets, CommitMode::Sync).doing(doing)?;
        }
        Ok(())
    })
    .await
    .doing(|| "committing".to_owned())?
}

/// Starts the live groups.
pub(super) fn spawn(port: u16, tasks: &mut JoinSet<()>) -> Result<()> {
    for (group, topics, pace) in LIVE {
        let doing = || format!("starting the group {group} on port {port}");
        let consumer: StreamConsumer = config(port)
            .set("group.id", group)
            .set("auto.offset.reset", "earliest")
            .set("auto.commit.interval.ms", "1000")
            .set("session.timeout.ms", "10000")
            // A slow consumer must not prefetch thousands of messages and seem fast.
            .set("queued.min.messages", "100")
            .create()
            .doing(doing)?;
        consumer.subscribe(topics).doing(doing)?;
        let mut consumer = Sip::new(consumer);
        tasks.spawn(async move {
            loop {
                match consumer.recv().await {
                    Ok(_) if pace > 0 => sleep(Duration::from_secs(1) / pace).await,
                    Ok(_) => {}
                    Err(_) => sleep(Duration::from_millis(200)).await,
                }
            }
        });
    }
    Ok(())
}
