//! For tests and measurements: watches a plan's servers as the console does, and waits for snapshots.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use landfall::{
    base::{collector::CollectorState, signal::Sample},
    drive::{Link, Orders, Viewer, inbox::Inbox, live},
    engine::{
        run::Order,
        snapshot::{DetailKey, Snapshot},
    },
    plan::Plan,
    systems::{Entry, Journal},
};
use tokio::{
    runtime::Runtime,
    sync::{mpsc, watch},
    time::timeout,
};

use crate::error::{Doing, Error, Result};

/// Time limit for closing a watch.
const GOODBYE: Duration = Duration::from_secs(2);

/// A live watch with its own runtime. Its calls block, and must not be made from asynchronous code.
pub struct Watch {
    /// Delivers snapshots and takes commands.
    pub link: Link,
    runtime: Option<Runtime>,
    /// Kept, so that the operator stays.
    orders: Option<Orders>,
}

impl Watch {
    /// Starts to watch.
    ///
    /// # Errors
    /// If no runtime can be created.
    pub fn on(plan: Plan) -> Result<Self> {
        Self::with(|| (live::start(Arc::new(plan)), None))
    }

    /// Starts to watch as the holder of this journal: probes run, and orders are accepted.
    ///
    /// # Errors
    /// If no runtime can be created.
    pub fn with_control(plan: Plan, journal: (Journal, Vec<Entry>), inbox: Inbox) -> Result<Self> {
        Self::with(|| {
            let control = live::start_with_control(Arc::new(plan), journal, inbox);
            (control.link, Some(control.orders))
        })
    }

    fn with(start: impl FnOnce() -> (Link, Option<Orders>)) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .doing(|| "starting a watch".to_owned())?;
        let (link, orders) = runtime.block_on(async {
            let (mut link, orders) = start();
            // The first snapshot that is used must contain the signals. If the driver has ended, the next wait reports
            // it.
            link.viewer.want_signals();
            let _ = timeout(Duration::from_secs(5), link.snapshots.wait_for(|s| s.samples.is_some())).await;
            (link, orders)
        });
        Ok(Self { link, runtime: Some(runtime), orders })
    }

    /// The current snapshot.
    #[must_use]
    pub fn now(&self) -> Arc<Snapshot> {
        self.link.snapshots.borrow().clone()
    }

    /// Opens the detail of a row: it is in one of the next snapshots.
    pub fn open(&self, panel: &str, table: &str, row: &str) {
        self.link.viewer.open(Some(DetailKey { panel: panel.into(), table: table.into(), row: row.into() }));
    }

    /// Gives an order, if this watch has an operator.
    pub fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            orders.give(order);
        }
    }

    /// Waits for a snapshot. `what` describes it.
    ///
    /// # Errors
    /// If there is none within `patience`; with what was observed instead.
    pub fn until(
        &mut self,
        what: &str,
        patience: Duration,
        mut wanted: impl FnMut(&Snapshot) -> bool,
    ) -> Result<Arc<Snapshot>> {
        let doing = || format!("waiting for {what}");
        let runtime = self.runtime.as_ref().ok_or_else(|| Error::new(doing(), "the watch has ended"))?;
        let begin = Instant::now();
        let seen = runtime.block_on(async {
            let snapshots = &mut self.link.snapshots;
            timeout(patience, snapshots.wait_for(|s| wanted(s))).await.map(|seen| seen.map(|s| s.clone()))
        });
        match seen {
            Ok(seen) => seen.doing(doing),
            Err(_) => Err(Error::new(
                doing(),
                format!("not seen in {} s; {}", begin.elapsed().as_secs(), not_live(&self.now())),
            )),
        }
    }

    /// Passes every snapshot to `look` for a while.
    pub fn during(&mut self, span: Duration, mut look: impl FnMut(&Snapshot)) {
        let never = |s: &Snapshot| {
            look(s);
            false
        };
        // It ends with the time-out.
        let _ = self.until("the time to pass", span, never);
    }

    /// Waits until every collector is fresh, in two snapshots a second apart: answers can add collectors.
    ///
    /// # Errors
    /// If that takes longer than `patience`; with those that are not fresh.
    pub fn until_live(&mut self, patience: Duration) -> Result<Arc<Snapshot>> {
        let mut since: Option<(usize, Instant)> = None;
        self.until("every source to be live", patience, |s| {
            if !s.collectors.iter().all(|l| l.state == CollectorState::Fresh) {
                since = None;
                return false;
            }
            match since {
                Some((n, at)) if n == s.collectors.len() => at.elapsed() > Duration::from_secs(1),
                _ => {
                    since = Some((s.collectors.len(), Instant::now()));
                    false
                }
            }
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        let dead = Link {
            snapshots: watch::channel(self.now()).1,
            commands: mpsc::unbounded_channel().0,
            viewer: Viewer::default(),
            speed: None,
        };
        let link = std::mem::replace(&mut self.link, dead);
        runtime.block_on(async { link.let_go(GOODBYE).await });
        // A collector blocked in a library call is abandoned.
        runtime.shutdown_background();
    }
}

/// The collectors that are not fresh, and why.
#[must_use]
pub fn not_live(s: &Snapshot) -> String {
    let lines: Vec<_> = s
        .collectors
        .iter()
        .filter(|l| l.state != CollectorState::Fresh)
        .map(|l| {
            let why = l.fault.as_ref().map_or_else(|| "no fault".to_owned(), ToString::to_string);
            format!("{} {:?} ({why})", l.id, l.state)
        })
        .collect();
    if lines.is_empty() { "all sources are live".to_owned() } else { format!("not live: {}", lines.join("; ")) }
}

/// The samples of a signal whose labels begin with these.
pub fn samples<'a>(s: &'a Snapshot, id: &'a str, labels: &'a [&'a str]) -> impl Iterator<Item = &'a Sample> {
    s.samples
        .iter()
        .flatten()
        .filter(move |x| x.def.id == id && labels.iter().zip(x.labels.iter()).all(|(a, b)| a == b))
}

/// A signal's fresh value, if it has one.
#[must_use]
pub fn value(s: &Snapshot, id: &str, labels: &[&str]) -> Option<f64> {
    samples(s, id, labels).next().and_then(|x| x.value.clone().fresh())
}
