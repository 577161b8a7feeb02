//! Kafka: consumer lag on both clusters, what is mirrored, who still produces.

mod facts;
#[cfg(feature = "kafka")]
mod live;
mod sim;
mod view;

pub use facts::{Ask, Facts, State};
