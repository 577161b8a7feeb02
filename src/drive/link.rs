//! The connection to a running drive: to read its snapshots, or to control the run.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use crate::{sim::Speed, viewer::Viewer};
use base::step::StepState;
use engine::{
    EngineCommand,
    run::{Order, StepView},
    snapshot::Snapshot,
};

/// What a viewer of a running host has. A clone is another viewer: it wants nothing in the snapshots yet.
#[derive(Debug, Clone)]
pub struct Link {
    /// The latest snapshot.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Commands to the engine: what is observed and shown.
    pub commands: mpsc::UnboundedSender<EngineCommand>,
    /// What is wanted in the snapshots.
    pub viewer: Viewer,
    /// The speed of simulated time, where time is simulated.
    pub speed: Option<Speed>,
}

impl Link {
    /// Polls every collector now.
    pub fn again(&self) {
        // The snapshots say if the host has ended.
        let _ = self.commands.send(EngineCommand::Again);
    }

    /// So many virtual seconds a second; 0: time stands still. Does nothing where time is not simulated.
    pub fn set_speed(&self, speed: f64) {
        if let Some(it) = &self.speed {
            it.set(speed);
        }
    }

    /// Drops this link, the last one, and waits at most `within` until the drive has closed its connections. Some clients panic if the
    /// runtime ends before they have closed.
    pub async fn let_go(self, within: Duration) {
        let Self { mut snapshots, commands, .. } = self;
        drop(commands);
        let _ = timeout(within, async { while snapshots.changed().await.is_ok() {} }).await;
    }
}

/// The right to give orders. Only a drive with a journal creates it: a read-only console has none and cannot create one.
#[derive(Debug, Clone)]
pub struct Orders(mpsc::UnboundedSender<Order>);

impl Orders {
    pub(super) const fn new(queue: mpsc::UnboundedSender<Order>) -> Self {
        Self(queue)
    }

    /// Gives an order. Its result is in the next snapshot.
    pub fn give(&self, order: Order) {
        // The drive ends only with the program.
        let _ = self.0.send(order);
    }
}

/// A link with the right to give orders.
#[derive(Debug, Clone)]
pub struct Control {
    /// The snapshots and commands.
    pub link: Link,
    /// The orders.
    pub orders: Orders,
}

impl Control {
    /// Gives up control, after a key or a signal: begins nothing new, and waits at most `within` for operations in flight and for safe
    /// cleanup. Returns the steps that are not finished; they are in the journal, and the next start resumes them.
    #[must_use]
    pub fn leave(self, within: Duration) -> Vec<String> {
        const LOOK: Duration = Duration::from_millis(100);
        // An order of the last moment has its result in the next snapshot but one.
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

/// Steps with an operation in flight, or with unfinished cleanup.
fn open(link: &Link) -> Vec<String> {
    let snapshot = link.snapshots.borrow().clone();
    let in_flight = |s: &&StepView| {
        let sent = s.ops.iter().any(|op| !op.wait && op.state.in_flight());
        s.state == StepState::Running && (sent || s.exposed.is_some())
    };
    snapshot.run.iter().flat_map(|run| &run.steps).filter(in_flight).map(|s| s.id.clone()).collect()
}
