//! Consuming without a spin.
//!
//! The lab's broker answers a fetch at once even if it has nothing, whatever `fetch.wait.max.ms` says: a consumer that waits for
//! messages would ask thousands of times a second, eight of them would eat a core. So: drink what is there, then rest.

use std::time::Duration;

use rdkafka::{
    consumer::{Consumer, StreamConsumer},
    error::KafkaResult,
    message::BorrowedMessage,
};
use tokio::time::{sleep, timeout};

/// Between two looks.
const REST: Duration = Duration::from_millis(250);
/// How long the first fetch after a rest may take.
const LOOK: Duration = Duration::from_millis(50);
/// The same until there was a first message: where a partition begins has to be asked too, and a pause would begin that anew.
const FIRST: Duration = Duration::from_millis(700);
/// How long the next message of a batch may take.
const NEXT: Duration = Duration::from_millis(3);

/// A consumer that rests while there is nothing, and while nobody asks it.
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

    /// The next message, whenever it comes. Nothing is lost if it is not waited for to the end.
    pub(super) async fn recv(&mut self) -> KafkaResult<BorrowedMessage<'_>> {
        let Self { consumer, drinks, look, wait } = self;
        loop {
            if !*drinks {
                // What is revoked meanwhile cannot be resumed, and need not be.
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

    /// Fetches nothing until it is asked again.
    pub(super) fn rest(&mut self) -> KafkaResult<()> {
        self.drinks = false;
        pause(&self.consumer)
    }
}

fn pause(consumer: &StreamConsumer) -> KafkaResult<()> {
    consumer.pause(&consumer.assignment()?)
}
