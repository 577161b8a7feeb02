//! The workload of the two brokers: topics, producers of numbered messages, consumer groups of every kind, a copier in
//! each direction.
//!
//! | group | what it does |
//! | --- | --- |
//! | `checkout`, `billing`, `fraud`, `audit` | live, keep up |
//! | `ingest-clicks` | live, slower than its producers: its lag grows |
//! | `ingest-views` | live, drains the initial backlog |
//! | `search-index` | no member; committed once, falls behind |
//! | `reports` | no member; committed once on some of its partitions only |

mod consume;
mod copy;
mod produce;
mod sip;

use std::time::Duration;

use landfall::base::side::{Side, Sides};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    error::{Doing, Error, Result},
    estate::TOPICS,
};

/// Initial number of messages in `events.views`, which `ingest-views` drains.
pub const BACKLOG: u32 = 6000;

fn config(port: u16) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", format!("127.0.0.1:{port}"))
        .set("client.id", "landfall-lab")
        .set("reconnect.backoff.max.ms", "1000")
        .set("log_level", "2");
    config
}

/// Creates the topics on both brokers.
///
/// # Errors
/// If a broker refuses one.
pub async fn topics(ports: Sides<u16>) -> Result<()> {
    for side in Side::BOTH {
        let doing = || format!("making topics on kafka/{side}");
        let admin: AdminClient<DefaultClientContext> = config(*ports.get(side)).create().doing(doing)?;
        let mut topics: Vec<_> =
            TOPICS.iter().map(|(name, parts, _)| NewTopic::new(name, *parts, TopicReplication::Fixed(1))).collect();
        topics.push(NewTopic::new(copy::syncs_topic(side), 1, TopicReplication::Fixed(1)));
        let options = AdminOptions::new().request_timeout(Some(Duration::from_secs(10)));
        for result in admin.create_topics(&topics, &options).await.doing(doing)? {
            result.map_err(|(topic, why)| Error::new(doing(), format!("{topic}: {why}")))?;
        }
    }
    Ok(())
}

/// Starts the copiers only, for callers with their own producers and consumers.
///
/// # Errors
/// If a client cannot be created.
pub fn copiers(ports: Sides<u16>, reverse: watch::Receiver<bool>, tasks: &mut JoinSet<()>) -> Result<()> {
    copy::spawn(ports, reverse, tasks)
}

/// Starts producers, consumers and copiers; each continues after a failure of its broker. `reverse` switches the
/// copier from target to source on and off.
///
/// # Errors
/// If a client cannot be created.
pub async fn live(ports: Sides<u16>, reverse: watch::Receiver<bool>, tasks: &mut JoinSet<()>) -> Result<()> {
    produce::backlog(ports.source).await?;
    consume::committed_once(ports.source).await?;
    produce::spawn(ports.source, tasks)?;
    consume::spawn(ports.source, tasks)?;
    copy::spawn(ports, reverse, tasks)
}
