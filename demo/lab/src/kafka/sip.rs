//! Consuming without a busy loop.
//!
//! The lab's broker answers a fetch at once even if it has no messages, whatever `fetch.wait.max.ms` says: a waiting
//! consumer would send thousands of requests a second, and eight of them would use a core. So a consumer reads what is
//! there, then pauses.

use std::time::Duration;

use rdkafka::{
    consumer::{Consumer, StreamConsumer},
    error::KafkaResult,
    message::BorrowedMessage,
};
use tokio::time::{sleep, timeout};

/// Pause between two reads.
const REST: Duration = Duration::from_millis(250);
/// Time limit of the first fetch after a pause.
const LOOK: Duration = Duration::from_millis(50);
/// The same before the first message: the start of a partition must be queried too, and a pause would restart that
/// query.
const FIRST: Duration = Duration::from_millis(700);
/// Time limit for the next message of a batch.
const NEXT: Duration = Duration::from_millis(3);

/// A consumer that pauses while there are no messages, and while nobody reads from it.
pub(super) struct Sip {
    consumer: StreamConsumer,
    /// Whether it fetches.
    drinks: bool,
    look: Duration,
    wait: Duration,
}

impl Sip {
    pub(super) const fn new(consumer: StreamConsumer) -> Self {
        Self { consumer, drinks: true, look: FIRST, wait: FIRST }
    }

    /// The next message. The call can be cancelled without loss.
    pub(super) async fn recv(&mut self) -> KafkaResult<BorrowedMessage<'_>> {
        let Self { consumer, drinks, look, wait } = self;
        loop {
            if !*drinks {
                // A partition that is revoked meanwhile cannot be resumed, and need not be.
                let _ = consumer.resume(&consumer.assignment()?);
                (*drinks, *wait) = (true, *look);
            }
            let within = std::mem::replace(wait, NEXT);
            if let Ok(got) = timeout(within, consumer.recv()).await {
                if got.is_ok() {
                    *look = LOOK;
                }
                return got;
            }
            *drinks = false;
            pause(consumer)?;
            sleep(REST).await;
        }
    }

    /// Fetches nothing until the next read.
    pub(super) fn rest(&mut self) -> KafkaResult<()> {
        self.drinks = false;
        pause(&self.consumer)
    }
}

fn pause(consumer: &StreamConsumer) -> KafkaResult<()> {
    consumer.pause(&consumer.assignment()?)
}
