//! Writers at every member, and the longest time in which none of them got through.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use mongodb::{
    Client, Collection,
    bson::{Document, doc},
    options::{Acknowledgment, CollectionOptions, WriteConcern},
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use super::{Failure, set::Set};

/// How often each writer begins a write.
const EVERY: Duration = Duration::from_millis(5);

/// Writes that got through: when each was begun and when it was acknowledged.
type Acknowledged = Arc<Mutex<Vec<(Instant, Instant)>>>;

/// Writers at all members.
pub struct Writers {
    end: watch::Sender<bool>,
    tasks: JoinSet<()>,
    clients: Vec<Client>,
    w1: Acknowledged,
    majority: Acknowledged,
}

/// What came of it, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Gaps {
    pub w1: f64,
    pub majority: f64,
    usual: (f64, f64),
}

impl fmt::Display for Gaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (w1, majority) = self.usual;
        write!(
            f,
            "no write for {:.0} ms (w:1; a write takes {w1:.0} ms), {:.0} ms (w:majority; {majority:.0} ms)",
            self.w1, self.majority
        )
    }
}

impl Writers {
    /// Starts them, and waits until they get through.
    pub async fn start(set: &Set) -> Result<Self, Failure> {
        let (end, ended) = watch::channel(false);
        let mut all = Self {
            end,
            tasks: JoinSet::new(),
            clients: Vec::new(),
            w1: Acknowledged::default(),
            majority: Acknowledged::default(),
        };
        for host in set.hosts() {
            let client = set.client(host).await?;
            for (w, out) in
                [(Acknowledgment::Nodes(1), all.w1.clone()), (Acknowledgment::Majority, all.majority.clone())]
            {
                let concern = WriteConcern::builder().w(w).build();
                let options = CollectionOptions::builder().write_concern(concern).build();
                let into = client.database("gap").collection_with_options("writes", options);
                all.tasks.spawn(write(into, out, ended.clone()));
            }
            all.clients.push(client);
        }
        sleep(Duration::from_secs(2)).await;
        Ok(all)
    }

    /// Ends them; the longest gaps.
    pub async fn end(mut self) -> Gaps {
        sleep(Duration::from_secs(1)).await;
        self.end.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        for client in self.clients {
            client.shutdown().immediate(true).await;
        }
        let taken = |out: &Acknowledged| std::mem::take(&mut *out.lock().unwrap_or_else(PoisonError::into_inner));
        let (w1, majority) = (taken(&self.w1), taken(&self.majority));
        Gaps { w1: longest(&w1), majority: longest(&majority), usual: (usual(&w1), usual(&majority)) }
    }
}

async fn write(into: Collection<Document>, out: Acknowledged, ended: watch::Receiver<bool>) {
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut away = JoinSet::new();
    while !*ended.borrow() {
        every.tick().await;
        // A member that hangs must not pile them up.
        if away.len() < 200 {
            let (into, out) = (into.clone(), out.clone());
            away.spawn(async move {
                let began = Instant::now();
                if into.insert_one(doc! { "x": 1 }).await.is_ok() {
                    out.lock().unwrap_or_else(PoisonError::into_inner).push((began, Instant::now()));
                }
            });
        }
        while away.try_join_next().is_some() {}
    }
}

/// The longest time without an acknowledgement.
fn longest(writes: &[(Instant, Instant)]) -> f64 {
    let mut at: Vec<Instant> = writes.iter().map(|(_, at)| *at).collect();
    at.sort();
    let longest = at.windows(2).map(|w| w[1].duration_since(w[0])).max();
    longest.unwrap_or_default().as_secs_f64() * 1000.0
}

/// The median time of a write.
fn usual(writes: &[(Instant, Instant)]) -> f64 {
    let mut took: Vec<Duration> = writes.iter().map(|(began, at)| at.duration_since(*began)).collect();
    took.sort();
    took.get(took.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1000.0
}
