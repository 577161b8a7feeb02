//! Producers: each message has a key and a payload with its number, so that losses and repetitions are detectable.

use std::time::Duration;

use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use super::{BACKLOG, config};
use crate::{
    error::{Doing, Result},
    estate::TOPICS,
};

type Sender = ThreadedProducer<DefaultProducerContext>;

fn sender(port: u16) -> Result<Sender> {
    // Messages wait for a broker that is down, as long as any fault here lasts.
    config(port)
        .set("message.timeout.ms", "3600000")
        .set("linger.ms", "50")
        .create()
        .doing(|| format!("making a producer for port {port}"))
}

fn send(sender: &Sender, topic: &str, seq: u32) {
    let (key, payload) = (format!("{topic}-{}", seq % 997), format!("{{\"topic\":\"{topic}\",\"seq\":{seq}}}"));
    // The queue is full after a very long outage: the number is then missing, as with any producer.
    let _ = sender.send(BaseRecord::to(topic).key(&key).payload(&payload));
}

/// Writes the initial backlog; its numbers come before those of [`spawn`].
pub(super) async fn backlog(port: u16) -> Result<()> {
    let sender = sender(port)?;
    (0..BACKLOG).for_each(|seq| send(&sender, "events.views", seq));
    tokio::task::spawn_blocking(move || sender.flush(Duration::from_secs(20)))
        .await
        .doing(|| "producing the backlog".to_owned())?
        .doing(|| "producing the backlog".to_owned())
}

/// Starts one steady producer for each topic.
pub(super) fn spawn(port: u16, tasks: &mut JoinSet<()>) -> Result<()> {
    for (topic, _, rate) in TOPICS {
        let sender = sender(port)?;
        tasks.spawn(async move {
            let mut tick = interval(Duration::from_secs(1) / rate);
            // After a pause of the whole machine: continue, do not catch up.
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            for seq in if topic == "events.views" { BACKLOG.. } else { 0.. } {
                tick.tick().await;
                send(&sender, topic, seq);
            }
        });
    }
    Ok(())
}
