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
/// How long the next message of a batch may take.
const NEXT: Duration = Duration::from_millis(3);

/// A consumer that rests while there is nothing.
pub(super) struct Sip(StreamConsumer, Duration);

impl Sip {
    pub(super) const fn new(consumer: StreamConsumer) -> Self {
        Self(consumer, LOOK)
    }

    /// The next message, whenever it comes.
    pub(super) async fn recv(&mut self) -> KafkaResult<BorrowedMessage<'_>> {
        loop {
            if let Ok(got) = timeout(self.1, self.0.recv()).await {
                self.1 = NEXT;
                return got;
            }
            // What is revoked meanwhile cannot be resumed, and need not be.
            let own = self.0.assignment()?;
            self.0.pause(&own)?;
            sleep(REST).await;
            let _ = self.0.resume(&own);
            self.1 = LOOK;
        }
    }
}
