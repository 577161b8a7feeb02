//! How a running driver is talked to: by somebody who looks, or by somebody who steers.

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

/// What a running driver can be talked to through.
#[derive(Debug, Clone)]
pub struct Link {
    /// The latest picture.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Commands to the core.
    pub commands: mpsc::UnboundedSender<EngineCommand>,
}

impl Link {
    /// Asks every source once more, now.
    pub fn again(&self) {
        // A driver that has ended is told by the pictures.
        let _ = self.commands.send(EngineCommand::Again);
    }

    /// Every signal in the pictures from one of the next on, for a program that reads them.
    pub fn measure(&self) {
        // A driver that has ended is told by the pictures.
        let _ = self.commands.send(EngineCommand::Measure);
    }

    /// Gives up this link, the last one, and waits until the driver has let go of its servers, for `within` at the most. A runtime that ends
    /// before that makes clients panic that want to say goodbye on it.
    pub async fn let_go(self, within: Duration) {
        let Self { mut snapshots, commands } = self;
        drop(commands);
        let _ = timeout(within, async { while snapshots.changed().await.is_ok() {} }).await;
    }
}

/// The right to give orders. Made by a driver that was given a journal, and by nothing else: whoever only watches has none and can make none.
#[derive(Debug, Clone)]
pub struct Orders(mpsc::UnboundedSender<Order>);

impl Orders {
    pub(super) const fn new(queue: mpsc::UnboundedSender<Order>) -> Self {
        Self(queue)
    }

    /// Gives an order. What becomes of it is in the next picture.
    pub fn give(&self, order: Order) {
        // The driver is gone only when the program ends.
        let _ = self.0.send(order);
    }
}

/// A link to somebody who may steer.
#[derive(Debug, Clone)]
pub struct Control {
    /// To look.
    pub link: Link,
    /// To steer.
    pub orders: Orders,
}

impl Control {
    /// Whoever steered leaves, by a key or a signal: begins nothing new, and waits for what is on its way and for safe tails, for `within`
    /// at the most. Gives the steps that are left open; the journal knows them, and the next start takes them up.
    #[must_use]
    pub fn leave(self, within: Duration) -> Vec<String> {
        const LOOK: Duration = Duration::from_millis(100);
        // What was ordered in the last moment is in the next picture but one.
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

/// Steps with something on its way, or with a tail that is being finished.
fn open(link: &Link) -> Vec<String> {
    let snapshot = link.snapshots.borrow().clone();
    let on_its_way = |s: &&StepView| {
        let sent = s.ops.iter().any(|op| !op.wait && op.state.in_flight());
        s.state == StepState::Running && (sent || s.exposed.is_some())
    };
    snapshot.run.iter().flat_map(|run| &run.steps).filter(on_its_way).map(|s| s.id.clone()).collect()
}
