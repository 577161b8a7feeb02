//! One snapshot of a cluster: groups and their members, topics, the starts of their logs, commits, and only then ends.
//!
//! The order matters. A record written between the reading of a commit and the reading of an end makes the lag larger by one, never
//! smaller. A member that commits for the last time and leaves between two calls must not make the group appear Empty with the commits from
//! before: a group that was Empty before its commits were read keeps them until a member joins, and the hand-over starts from them.
//! Starts of logs are read before commits: if retention overtakes a group during the snapshot, that is reported one observation later, and
//! no record counts as lost that the group has read in the meantime.
//!
//! No part may use all of the time that is left: one silent broker of several leaves time for the replies of the others.

use std::{collections::HashMap, sync::Arc, time::Instant};

use rdkafka::metadata::Metadata;

use super::{
    admin::{Bound, Failure},
    client::{Client, briefly},
    consumer_groups,
    ends::Places,
    tails::Tails,
};
use crate::kafka::{
    facts::{Broker, Offset, Snapshot, Topic},
    parity,
    syncs::Syncs,
};
use base::{observed::Fault, side::Side};
use plan::KafkaPair;

/// The state kept of a cluster from one snapshot to the next.
#[derive(Default)]
pub(super) struct Known {
    /// The watched groups of the last complete list; none before the first.
    pub(super) groups: Option<Vec<Arc<str>>>,
    tails: Tails,
}

/// Takes a snapshot; `detail`: the offset syncs so far of the mirrors that copy from here.
///
/// # Errors
/// If any part that concerns the whole cluster failed. A failure for one group or one topic is stored as its fault.
pub(super) fn take(
    client: &Client,
    plan: &KafkaPair,
    side: Side,
    known: &mut Known,
    detail: &Syncs,
    deadline: Instant,
) -> Result<Snapshot, Fault> {
    let mut listed = consumer_groups::list(client, plan, &mut known.groups, deadline)?;
    let metadata = client.metadata(deadline)?;
    consumer_groups::none_listed(client, plan, &metadata, &mut listed, deadline)?;
    let (mut out, leaders) = topics(client, plan, side, &metadata);
    out.groups_in_all = listed.in_all;
    out.partial = listed.partial.clone();
    let places = Places::new(client, &leaders, &mut out)?;
    let starts = places.ask(client, &[Bound::Start], briefly(deadline))?;
    // The call queries all brokers and waits for each: with one of them down it would only use up the time.
    let described =
        (out.partial.is_none() && !listed.watched.is_empty()).then(|| client.members(briefly(deadline))).flatten();
    places.starts(client, &starts, &mut out);
    consumer_groups::commits(client, plan, side, listed, &mut out, deadline)?;
    if let Some(described) = described {
        consumer_groups::members(&described, &mut out);
    }
    places.ends(client, plan, &mut out, deadline)?;
    known.tails.check(plan, side, &mut out, detail, deadline);
    Ok(out)
}

/// The watched topics, with an unknown end for each partition; and the leader of each slot, negative where there is none.
fn topics(client: &Client, plan: &KafkaPair, side: Side, metadata: &Metadata) -> (Snapshot, Vec<i32>) {
    let mut out = Snapshot { topics_in_all: count(metadata.topics().len()), ..Snapshot::default() };
    out.brokers = metadata
        .brokers()
        .iter()
        .map(|b| Broker { id: b.id(), address: format!("{}:{}", b.host(), b.port()) })
        .collect();
    out.brokers.sort_by_key(|b| b.id);
    let mut leaders = Vec::new();
    let mut topics: Vec<_> = metadata.topics().iter().filter(|t| parity::watched(plan, side, t.name())).collect();
    topics.sort_by_key(|t| t.name());
    for topic in topics {
        let start = leaders.len();
        // Ids are dense; one that is missing in the reply still gets its slot, as unknown.
        let partitions = topic.partitions().iter().map(|p| p.id() + 1).max().unwrap_or(0);
        leaders.resize(start + usize::try_from(partitions).unwrap_or(0), -1);
        for partition in topic.partitions() {
            let slot = usize::try_from(partition.id()).ok().and_then(|id| leaders.get_mut(start + id));
            if let Some(leader) = slot {
                *leader = partition.leader();
            }
        }
        let fault = topic.error().map(|e| {
            let code = rdkafka::types::RDKafkaErrorCode::from(e);
            client.fault("Metadata", &Failure { code: code as i32, text: format!("topic {}: {code}", topic.name()) })
        });
        out.topics.push(Topic { name: topic.name().into(), slots: count(start)..count(leaders.len()), fault });
    }
    out.ends.resize(leaders.len(), Offset::UNKNOWN);
    (out, leaders)
}

/// The slot of a topic's partition, by name.
pub(super) struct Slots<'a>(HashMap<&'a str, (u32, u32)>);

impl<'a> Slots<'a> {
    pub(super) fn new(topics: &'a [Topic]) -> Self {
        Self(topics.iter().map(|t| (&*t.name, (t.slots.start, t.slots.end))).collect())
    }

    /// How many partitions a topic has; none: it does not exist.
    pub(super) fn partitions(&self, topic: &str) -> Option<u32> {
        self.0.get(topic).map(|(start, end)| end - start)
    }

    pub(super) fn of(&self, topic: &str, partition: u32) -> Option<u32> {
        let &(start, end) = self.0.get(topic)?;
        start.checked_add(partition).filter(|slot| *slot < end)
    }
}

pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
