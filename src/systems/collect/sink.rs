//! Where a source puts what it learnt: the core's input queue, with the source's name already on it.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::{EngineInput, Observation};
use base::{collector::CollectorIx, observed::Fault};

/// One source's way to the core. Typed: a source can only bring facts of its own system.
///
/// The queue has no bound because its producers do: a source has at most one answer under way, or, where the server pushes,
/// as many as it has state changes.
#[derive(Debug)]
pub struct Sink<F> {
    queue: UnboundedSender<EngineInput>,
    source: CollectorIx,
    wrap: fn(F) -> Observation,
}

impl<F> Clone for Sink<F> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), source: self.source, wrap: self.wrap }
    }
}

impl Sink<Observation> {
    /// For a source of any system.
    #[must_use]
    pub fn new(queue: UnboundedSender<EngineInput>, source: CollectorIx) -> Self {
        Self { queue, source, wrap: std::convert::identity }
    }

    /// For one system's facts only.
    pub fn narrow<F>(self, wrap: fn(F) -> Observation) -> Sink<F> {
        Sink { queue: self.queue, source: self.source, wrap }
    }
}

impl<F> Sink<F> {
    /// An answer, and how long it took.
    pub fn facts(&self, facts: F, took: Duration) {
        // The core is gone only when the program ends.
        let _ = self.queue.send(EngineInput::Observation { source: self.source, facts: (self.wrap)(facts), took });
    }

    /// A failed attempt, and how long it took.
    pub fn fault(&self, fault: Fault, took: Duration) {
        let _ = self.queue.send(EngineInput::Failed { source: self.source, fault, took });
    }
}
