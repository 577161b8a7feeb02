//! The interface of a running driver: for a viewer, and for the operator who controls the run.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use base::step::StepState;
use engine::{
    EngineCommand,
    run::{Order, StepView},
    snapshot::Snapshot,
};

/// The channels of a running driver.
#[derive(Debug, Clone)]
pub struct Link {
    /// The latest snapshot.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Commands to the engine.
    pub commands: mpsc::UnboundedSender<EngineCommand>,
}

impl Link {
    /// Polls every collector once more, now.
    pub fn again(&self) {
        // That a driver has ended is seen by the channel of snapshots.
        let _ = self.commands.send(EngineCommand::Again);
    }

    /// Puts every signal into the snapshots, beginning with one of the next, for a program that reads them.
    pub fn measure(&self) {
        // That a driver has ended is seen by the channel of snapshots.
        let _ = self.commands.send(EngineCommand::Measure);
    }

    /// Drops this link, the last one, and waits until the driver has closed its clients, for `within` at the most. A runtime that ends
    /// before that makes clients panic that close their connections on it.
    pub async fn let_go(self, within: Duration) {
        let Self { mut snapshots, commands } = self;
        drop(commands);
        let _ = timeout(within, async { while snapshots.changed().await.is_ok() {} }).await;
    }
}

/// The right to give orders. Only a driver with a journal makes it: a viewer has none and can make none.
#[derive(Debug, Clone)]
pub struct Orders(mpsc::UnboundedSender<Order>);

impl Orders {
    pub(super) const fn new(queue: mpsc::UnboundedSender<Order>) -> Self {
        Self(queue)
    }

    /// Gives an order. Its result is in the next snapshot.
    pub fn give(&self, order: Order) {
        // The driver is gone only when the program ends.
        let _ = self.0.send(order);
    }
}

/// The link of an operator with control.
#[derive(Debug, Clone)]
pub struct Control {
    /// To observe.
    pub link: Link,
    /// To control.
    pub orders: Orders,
}

impl Control {
    /// Ends control, after a key or a signal: starts nothing new, and waits for requests in flight and for the cleanup of steps, for `within`
    /// at the most. Returns the steps that are still open; they are in the journal, and the next start resumes them.
    #[must_use]
    pub fn leave(self, within: Duration) -> Vec<String> {
        const LOOK: Duration = Duration::from_millis(100);
        // An order of the last moment is in the next snapshot but one.
        for _ in 0..2 {
            let seen = self.link.snapshots.borrow().now;
            for _ in 0..10 {
                std::thread::sleep(LOOK);
                if self.link.snapshots.borrow().now != seen {
                    break;
                }
            }
        }
        let mut left = open(&self.link);
        if left.is_empty() {
            return left;
        }
        self.orders.give(Order::Hold { by: None, why: "the console was closed".to_owned() });
        let mut waited = Duration::ZERO;
        while waited < within && !left.is_empty() {
            std::thread::sleep(LOOK);
            waited += LOOK;
            left = open(&self.link);
        }
        left
    }
}

/// Steps with a request in flight, or with a cleanup that is not finished.
fn open(link: &Link) -> Vec<String> {
    let snapshot = link.snapshots.borrow().clone();
    let on_its_way = |s: &&StepView| {
        let sent = s.ops.iter().any(|op| !op.wait && op.state.in_flight());
        s.state == StepState::Running && (sent || s.exposed.is_some())
    };
    snapshot.run.iter().flat_map(|run| &run.steps).filter(on_its_way).map(|s| s.id.clone()).collect()
}
