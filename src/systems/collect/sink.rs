//! Where a collector puts its observations: the engine's input queue, with the collector's index attached.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::{EngineInput, Observation};
use base::{collector::CollectorIx, observed::Fault};

/// One collector's access to the engine. Typed: a collector can only send observations of its own system.
///
/// The queue needs no bound because its producers are bounded: a collector has at most one answer under way, or, where the server pushes,
/// as many as there are state changes.
#[derive(Debug)]
pub struct Sink<F> {
    queue: UnboundedSender<EngineInput>,
    collector: CollectorIx,
    wrap: fn(F) -> Observation,
}

impl<F> Clone for Sink<F> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), collector: self.collector, wrap: self.wrap }
    }
}

impl Sink<Observation> {
    /// For a collector of any system.
    #[must_use]
    pub fn new(queue: UnboundedSender<EngineInput>, collector: CollectorIx) -> Self {
        Self { queue, collector, wrap: std::convert::identity }
    }

    /// For observations of one system only.
    pub fn narrow<F>(self, wrap: fn(F) -> Observation) -> Sink<F> {
        Sink { queue: self.queue, collector: self.collector, wrap }
    }
}

impl<F> Sink<F> {
    /// An observation, and how long the query took.
    pub fn observation(&self, observation: F, took: Duration) {
        // The queue is closed only when the program ends.
        let _ = self.queue.send(EngineInput::Observation {
            collector: self.collector,
            observation: (self.wrap)(observation),
            took,
        });
    }

    /// A failed attempt, and how long it took.
    pub fn fault(&self, fault: Fault, took: Duration) {
        let _ = self.queue.send(EngineInput::Failed { collector: self.collector, fault, took });
    }
}
