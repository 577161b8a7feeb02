//! Pairs of Kafka clusters, and what is copied between them.

use indexmap::IndexMap;
use serde::Serialize;

use crate::{Patterns, Secret};
use base::side::{Side, Sides};

/// A pair of Kafka clusters, one on each side.
#[derive(Debug, Clone, Serialize)]
pub struct KafkaPair {
    /// The pair's name.
    pub name: String,
    /// The access to each cluster.
    pub clusters: Sides<KafkaCluster>,
    /// Groups to be observed.
    pub groups: Patterns,
    /// Topics to be observed.
    pub topics: Patterns,
    /// Which cluster's topics are copied to the other.
    pub mirrors: Vec<Mirror>,
    /// What consumers read. With `read_committed` the last stable offsets are queried: while a transaction is open nothing counts as
    /// drained or as stopped. Lag always counts to the high watermark: records held back by a transaction still have to be read.
    pub isolation: Isolation,
}

/// One Kafka cluster: librdkafka's properties.
#[derive(Debug, Clone, Serialize)]
pub struct KafkaCluster {
    /// Properties for reading.
    pub read: IndexMap<String, Property>,
    /// All properties for writing, with those for reading as defaults; none: read-only.
    pub write: Option<IndexMap<String, Property>>,
}

/// A property's value, in clear text or by reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Property {
    /// In clear text.
    Plain(String),
    /// By reference.
    Secret(Secret),
}

/// What a consumer sees of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// Only committed records.
    ReadCommitted,
    /// All records.
    ReadUncommitted,
}

/// One direction of copying.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mirror {
    /// The side from which topics are copied to the other.
    pub from: Side,
    /// The topics.
    pub topics: Patterns,
    /// The prefix of the copies' names (MirrorMaker 2's default policy); empty: the same name.
    pub prefix: String,
    /// The topic with its offset syncs; none: the topic with MirrorMaker 2's default name.
    pub offset_syncs_topic: Option<String>,
    /// The side of that topic.
    pub offset_syncs_on: Side,
}
