//! How a running driver is talked to: by somebody who looks, or by somebody who steers.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use crate::core::{Command, run::Order, snapshot::Snapshot};

/// What a running driver can be talked to through.
#[derive(Debug, Clone)]
pub struct Link {
    /// The latest picture.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Commands to the core.
    pub commands: mpsc::UnboundedSender<Command>,
}

impl Link {
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
pub struct Helm {
    /// To look.
    pub link: Link,
    /// To steer.
    pub orders: Orders,
}
