//! The canary on real servers: one document per write concern, written repeatedly, as an application would.
//!
//! Its client follows the set by the driver's own discovery and has a name that identifies it in the servers' logs. The driver may not
//! repeat a write by itself: a failed write counts as failed. All of it runs on its own thread, so that load in this program is not
//! attributed to the set; load on the machine is detected by how late a local timer fires. Nothing here needs a permit, for the reasons in
//! `systems/probes.rs`; it can send one request, an upsert of its own document.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use futures_util::future::join_all;
use mongodb::{
    Client, Collection,
    bson::{Document, doc},
    error::{Error, ErrorKind},
    options::{ClientOptions, WriteConcern},
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Mutex,
    task::AbortHandle,
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout},
};

use super::{
    client::{CANARY, CONNECT, close, log_in},
    faults::{code, fault},
};
use crate::{
    collect::{clock, poll::Schedule, sink::Sink},
    mongo::{
        canary::{Concern, Probe, Record, WRITE_WITHIN},
        facts::Observation,
    },
};
use base::{
    collector::CollectorSpec,
    observed::{Fault, FaultKind},
};
use plan::{Canary, Plan, ReplicaSet};

/// How long a write waits for a primary before it has failed; the next write waits again.
const SELECT: Duration = Duration::from_millis(500);
/// Retry interval after a fault that no election resolves (a login, a permission).
const HEALS: Duration = Duration::from_secs(2);

/// The longest interval at which a timer checks whether it is late while a write is in progress.
const BEAT: Duration = Duration::from_millis(20);

/// The canaries' thread, and their clients.
pub(super) struct Canaries {
    clients: Arc<Clients>,
    /// Their own thread: none before one is requested, and ended with them.
    thread: std::sync::Mutex<Option<Runtime>>,
}

/// The canaries' clients, one per set, shared by its loops. None connects before the first write.
struct Clients {
    plan: Arc<Plan>,
    kept: Vec<Mutex<Option<Client>>>,
}

/// A loop ends when its waiter is dropped.
struct Ends(AbortHandle);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for Canaries {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.get_mut().ok().and_then(Option::take) {
            thread.shutdown_background();
        }
    }
}

impl Canaries {
    pub(super) fn new(plan: &Arc<Plan>) -> Self {
        let kept = plan.replica_sets.iter().map(|_| Mutex::default()).collect();
        Self { clients: Arc::new(Clients { plan: plan.clone(), kept }), thread: std::sync::Mutex::default() }
    }

    /// Writes and publishes measurements for as long as the collector lives.
    pub(super) async fn run(&self, spec: CollectorSpec<Probe>, schedule: Schedule, out: &Sink<Observation>) {
        let (clients, described) = (self.clients.clone(), out.clone());
        let running = self.on_its_thread(async move { clients.run(spec, schedule, &described).await });
        match running {
            Ok(task) => {
                let _ends = Ends(task.abort_handle());
                // It returns only where the plan has no such canary.
                drop(task.await);
            }
            Err(why) => out
                .fault(Fault::new(FaultKind::Unsupported, format!("no thread for the canary: {why}")), Duration::ZERO),
        }
    }

    /// Starts a task on the canaries' thread.
    fn on_its_thread(
        &self,
        what: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<tokio::task::JoinHandle<()>> {
        let mut thread = self.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let runtime = match thread.take() {
            Some(runtime) => runtime,
            None => Builder::new_multi_thread().worker_threads(1).thread_name("canary").enable_all().build()?,
        };
        Ok(thread.insert(runtime).spawn(what))
    }

    /// Closes the connections to the servers.
    pub(super) async fn close(&self) {
        let clients = self.clients.clone();
        if let Ok(task) = self.on_its_thread(async move { clients.close().await }) {
            drop(task.await);
        }
    }
}

impl Clients {
    /// Writes and publishes measurements until it is aborted.
    async fn run(&self, spec: CollectorSpec<Probe>, schedule: Schedule, out: &Sink<Observation>) {
        let Probe { set, concern } = spec.query;
        let (Some(plan), Some(kept)) = (self.plan.replica_sets.get(set), self.kept.get(set)) else { return };
        let Some(canary) = &plan.canary else { return };
        let mut record = Record::new(canary.every, clock::now().boot);
        loop {
            let Err(fault) = one_run(plan, canary, concern, kept, &mut record, &schedule, out).await;
            record.lost_sight(clock::now().boot);
            let refused = fault.kind == FaultKind::Refused;
            out.fault(fault, Duration::ZERO);
            // The password may have been changed: the next client reads it again.
            if refused && let Some(client) = kept.lock().await.take() {
                close(client).await;
            }
            sleep(HEALS).await;
        }
    }

    async fn close(&self) {
        join_all(self.kept.iter().map(async |kept| {
            if let Some(client) = kept.lock().await.take() {
                close(client).await;
            }
        }))
        .await;
    }
}

/// A task that ends only with a fault.
enum Endless {}

/// Writes until writes cannot be tried any more.
async fn one_run(
    set: &ReplicaSet,
    canary: &Canary,
    concern: Concern,
    kept: &Mutex<Option<Client>>,
    record: &mut Record,
    schedule: &Schedule,
    out: &Sink<Observation>,
) -> Result<Endless, Fault> {
    let client = {
        let mut kept = kept.lock().await;
        match &*kept {
            Some(client) => client.clone(),
            None => kept.insert(connect(set, canary).await?).clone(),
        }
    };
    let collection = client.database(&canary.database).collection::<Document>(&canary.collection);
    let mut tick = interval(canary.every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Often enough to be fresh at the fastest pace, whatever a write does meanwhile.
    let mut described = interval(schedule.interval / 4);
    described.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut took = Duration::ZERO;
    loop {
        telling(tick.tick(), &mut described, record, took, out).await;
        let began = clock::now().boot;
        record.begins(began);
        let write = timeout(WRITE_WITHIN, write(&collection, concern));
        let outcome = telling(write, &mut described, record, took, out).await;
        let at = clock::now().boot;
        took = at.saturating_sub(began);
        let news = match outcome {
            Ok(Ok(())) => record.acknowledged(began, at),
            Ok(Err(error)) => record.missed(at, &outage(&set.name, &error)?),
            Err(_) => {
                record.missed(at, &format!("{}: a write got no answer within {}s", set.name, WRITE_WITHIN.as_secs()))
            }
        };
        if news {
            report(record, at, took, out);
        }
    }
}

/// Waits for a future, publishes measurements meanwhile, and detects when this machine could not have noticed a result.
async fn telling<T>(
    what: impl Future<Output = T>,
    described: &mut tokio::time::Interval,
    record: &mut Record,
    took: Duration,
    out: &Sink<Observation>,
) -> T {
    let mut what = pin!(what);
    let mut awake = Instant::now();
    loop {
        let beat = awake + BEAT;
        let done = tokio::select! {
            biased;
            done = &mut what => Some(done),
            () = sleep_until(beat) => None,
            _ = described.tick() => {
                report(record, clock::now().boot, took, out);
                None
            }
        };
        // A result that was ready before is handled first: it is late because of this machine, not because of the server.
        record.slept(Instant::now().saturating_duration_since(beat));
        if let Some(done) = done {
            return done;
        }
        awake = Instant::now();
    }
}

fn report(record: &mut Record, at: Duration, took: Duration, out: &Sink<Observation>) {
    if let Some(sampled) = record.sample(at) {
        out.observation(Observation::CanaryReading(sampled), took);
    }
}

/// A client that follows the set as an application's client does.
async fn connect(set: &ReplicaSet, canary: &Canary) -> Result<Client, Fault> {
    let name = format!("{} canary", set.name);
    let mut options = ClientOptions::parse(&set.uri).await.map_err(|e| fault(&name, "connection string", &e))?;
    options.app_name = Some(CANARY.to_owned());
    options.direct_connection = Some(false);
    options.repl_set_name = Some(set.name.clone());
    options.retry_writes = Some(false);
    options.server_selection_timeout = Some(SELECT);
    options.connect_timeout = Some(CONNECT);
    options.min_pool_size = Some(0);
    log_in(&mut options, &name, canary.login.as_ref())?;
    Client::with_options(options).map_err(|e| fault(&name, "connect", &e))
}

/// One write: the loop's own document. Two loops never wait for each other's lock on it.
async fn write(collection: &Collection<Document>, concern: Concern) -> Result<(), Error> {
    let concerned = match concern {
        Concern::One => WriteConcern::builder().w(mongodb::options::Acknowledgment::Nodes(1)).build(),
        Concern::Majority => {
            let majority = mongodb::options::Acknowledgment::Majority;
            WriteConcern::builder().w(majority).w_timeout(WRITE_WITHIN).build()
        }
    };
    let change = doc! { "$inc": { "writes": 1_i64 }, "$currentDate": { "at": true } };
    let own = doc! { "_id": format!("w:{}", concern.word()) };
    collection.update_one(own, change).upsert(true).write_concern(concerned).await.map(drop)
}

/// Why a write failed, where that is an outage: no primary, no reply, no acknowledgement.
///
/// # Errors
/// It is no outage: the login may not write there, or the write is invalid. Then nothing is measured.
fn outage(set: &str, error: &Error) -> Result<String, Fault> {
    let fault = fault(&format!("{set} canary"), "update", error);
    let passes = match &*error.kind {
        _ if fault.kind == FaultKind::Refused => false,
        ErrorKind::Io(_)
        | ErrorKind::DnsResolve { .. }
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::ServerSelection { .. } => true,
        _ => code(error).is_some_and(|code| PASSING.contains(&code)),
    };
    if passes { Ok(fault.text.to_string()) } else { Err(fault) }
}

/// The servers' codes for errors that an election, a network recovery or time resolves: HostUnreachable, HostNotFound, MaxTimeMSExpired,
/// WriteConcernFailed, NetworkTimeout, ShutdownInProgress, UnsatisfiableWriteConcern, FailedToSatisfyReadPreference, PrimarySteppedDown,
/// ExceededTimeLimit, SocketException, NotWritablePrimary and its older forms, Interrupted and InterruptedDueToReplStateChange. Source:
/// MongoDB's `error_codes.yml`.
const PASSING: [i32; 18] =
    [6, 7, 50, 64, 89, 91, 100, 133, 189, 262, 9001, 10058, 10107, 11600, 11601, 11602, 13435, 13436];
