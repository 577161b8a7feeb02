//! The real servers. Everything created in this file only reads; what changes something is created in `writer.rs`, for the holder of a
//! journal.
//!
//! librdkafka's calls cannot be cancelled, so each cluster has one long-lived thread that makes them. While a query hangs in it, no other
//! is sent to it, and the fault shows since when.

mod admin;
mod assignment;
mod client;
mod configs;
mod consumer_groups;
mod ends;
mod faults;
mod snapshot;
mod syncs;
mod tails;
mod verify;
mod writer;

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use self::{client::Client, writer::Writers};
use super::{
    Observation, Query, State, Syncs,
    ops::{Call, TopicOffsets, Version},
    state::{bootstrap, timeout},
};
use crate::Journal;
use crate::{Live, Writer};
use base::{
    now::short,
    observed::{Fault, FaultKind},
    operation::{SendOutcome, Verified, VerifyRequest},
    side::{Side, Sides},
};
use journal::Permit;
use plan::{KafkaPair, Plan};

/// The thread's own calls end this much before the collector's time-out, so that the fault is that of the server.
const MARGIN: Duration = Duration::from_millis(750);

/// How often the thread polls its connection while there is no query.
const IDLE: Duration = Duration::from_millis(500);

/// Read-only connections: one per cluster, and one for the offset syncs of the mirrors to it, whose first reading may take long.
pub struct Readers(Vec<PairReaders>);

struct PairReaders {
    clusters: Sides<Reader>,
    syncs: Sides<Reader>,
}

/// The offset syncs read so far, by the side to which the mirrors copy.
type Stated = Arc<Mutex<Sides<Syncs>>>;

/// The handle of one cluster's thread.
struct Reader {
    plan: Arc<KafkaPair>,
    side: Side,
    limit: Duration,
    /// The thread's inbox, once there is a thread.
    inbox: Mutex<Option<mpsc::Sender<Job>>>,
    /// When the thread began its current query.
    busy: Arc<Mutex<Option<Instant>>>,
    /// Shared by the pair: the thread that reads offset syncs writes it, the one that reads ends uses it.
    stated: Stated,
}

/// A query to the thread.
enum Question {
    /// The query of a collector.
    Query(Query),
    /// All commits of one group, for verification.
    Commits(String),
}

/// Its reply.
enum Answered {
    Observation(Box<Observation>),
    /// Topic by topic, partitions in order; −1 where there is no commit.
    Commits(Vec<TopicOffsets>),
}

/// A query, and where its reply goes.
struct Job {
    question: Question,
    deadline: Instant,
    reply: oneshot::Sender<Result<Answered, Fault>>,
}

impl Live for State {
    type Readers = Readers;

    fn readers(plan: &Arc<Plan>) -> Readers {
        let limit = timeout(plan.intervals.kafka);
        let pair = |pair: &KafkaPair| {
            let plan = Arc::new(pair.clone());
            let stated = Stated::default();
            let reader = |side| {
                let (plan, stated) = (plan.clone(), stated.clone());
                Reader { plan, side, limit, inbox: Mutex::default(), busy: Arc::default(), stated }
            };
            let at =
                |side: Side| plan.mirrors.iter().find(|m| m.from == side.other()).map_or(side, |m| m.offset_syncs_on);
            PairReaders { clusters: Sides::from_fn(reader), syncs: Sides::from_fn(|side| reader(at(side))) }
        };
        Readers(plan.kafka.iter().map(pair).collect())
    }

    async fn ask(readers: &Readers, query: &Query) -> Result<Observation, Fault> {
        let (Query::Snapshot { pair, side } | Query::Configs { pair, side } | Query::Syncs { pair, side }) = *query;
        let missing = || Fault::new(FaultKind::NotFound, format!("no pair {pair} in the plan"));
        let readers = readers.0.get(pair).ok_or_else(missing)?;
        let of = if matches!(query, Query::Syncs { .. }) { &readers.syncs } else { &readers.clusters };
        match of.get(side).ask(Question::Query(*query)).await? {
            Answered::Observation(facts) => Ok(*facts),
            Answered::Commits(_) => Err(Fault::new(FaultKind::Malformed, "an answer to another question")),
        }
    }
}

impl Writer for State {
    type Writers = Writers;

    fn writers(plan: &Arc<Plan>, _: &Journal) -> Writers {
        Writers::new(plan)
    }

    async fn send(writers: &Writers, permit: Permit, call: &Call, _: Option<&Version>) -> SendOutcome<Version> {
        writers.send(permit, call).await
    }

    async fn verify(readers: &Readers, request: VerifyRequest<'_, Call, Version>) -> Verified<Version> {
        let Call::Commit { pair, side, .. } = request.call;
        match readers.0.iter().map(|r| r.clusters.get(*side)).find(|r| r.plan.name == *pair) {
            Some(reader) => reader.verify(&request).await,
            None => Verified::unobservable(format!("the plan has no pair of clusters {pair}")),
        }
    }
}

impl Reader {
    async fn ask(&self, question: Question) -> Result<Answered, Fault> {
        let server = || bootstrap(&self.plan, self.side);
        let since = *self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = since.map(|s| s.elapsed()).filter(|since| *since > self.limit + MARGIN) {
            let text =
                format!("{}: a query has been hanging for {}; no other is sent until it ends", server(), short(since));
            return Err(Fault::new(FaultKind::TimedOut, text));
        }
        let (reply, answer) = oneshot::channel();
        let deadline = Instant::now() + self.limit.saturating_sub(MARGIN);
        self.send(Job { question, deadline, reply });
        let gone =
            |_| Fault::new(FaultKind::Malformed, format!("{}: its query thread ended; it is restarted", server()));
        answer.await.map_err(gone)?
    }

    /// Passes a query to the thread. Starts the thread where there is none, or it has ended.
    fn send(&self, job: Job) {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        let job = match inbox.as_ref() {
            Some(thread) => match thread.send(job) {
                Ok(()) => return,
                Err(mpsc::SendError(job)) => job,
            },
            None => job,
        };
        self.start(&mut inbox, job);
    }

    fn start(&self, inbox: &mut Option<mpsc::Sender<Job>>, job: Job) {
        let (sender, jobs) = mpsc::channel();
        let (plan, side, busy, stated) = (self.plan.clone(), self.side, self.busy.clone(), self.stated.clone());
        *busy.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let thread = thread::Builder::new().name(format!("kafka {} {side}", plan.name));
        // Without a thread the job is dropped here, and the caller is notified by that.
        if thread.spawn(move || serve(&plan, side, &jobs, (&busy, &stated))).is_ok() && sender.send(job).is_ok() {
            *inbox = Some(sender);
        }
    }
}

/// The thread of one cluster. Ends with its [`Reader`].
fn serve(plan: &KafkaPair, side: Side, jobs: &mpsc::Receiver<Job>, (busy, stated): (&Mutex<Option<Instant>>, &Stated)) {
    let set = |since| *busy.lock().unwrap_or_else(PoisonError::into_inner) = since;
    let mut client: Option<Client> = None;
    let (mut known, mut log) = (snapshot::Known::default(), None);
    loop {
        let job = match jobs.recv_timeout(IDLE) {
            Ok(job) => job,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                if let Some(client) = &client {
                    client.listen();
                }
                continue;
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        };
        // The caller may have given up while another query was in progress.
        if job.reply.is_closed() {
            continue;
        }
        set(Some(Instant::now()));
        let answer = match job.question {
            Question::Query(Query::Syncs { side: to, .. }) => syncs::take(&mut log, plan, (side, to), job.deadline)
                .map(|syncs| {
                    *stated.lock().unwrap_or_else(PoisonError::into_inner).get_mut(to) = syncs.clone();
                    Answered::Observation(Box::new(Observation::Syncs(syncs)))
                }),
            _ => {
                let stated = stated.lock().unwrap_or_else(PoisonError::into_inner).get(side.other()).clone();
                answer(plan, side, &mut client, (&mut known, &stated), &job)
            }
        };
        if answer.as_ref().is_err_and(|f| f.kind == FaultKind::Refused) {
            // The next client reads its secrets again.
            client = None;
        }
        set(None);
        let _ = job.reply.send(answer);
    }
}

fn answer(
    plan: &KafkaPair,
    side: Side,
    client: &mut Option<Client>,
    (known, stated): (&mut snapshot::Known, &Syncs),
    job: &Job,
) -> Result<Answered, Fault> {
    let client = match client {
        Some(client) => client,
        None => client.insert(Client::new(&bootstrap(plan, side), &plan.clusters.get(side).read)?),
    };
    let facts = match &job.question {
        Question::Commits(group) => {
            return consumer_groups::commits_of(client, group, job.deadline).map(Answered::Commits);
        }
        Question::Query(Query::Snapshot { .. }) => {
            snapshot::take(client, plan, side, known, stated, job.deadline).map(Observation::Snapshot)
        }
        Question::Query(Query::Syncs { .. }) => {
            return Err(Fault::new(FaultKind::Unsupported, "offset syncs have a thread of their own"));
        }
        Question::Query(Query::Configs { .. }) => {
            configs::take(client, plan, side, job.deadline).map(Observation::Configs)
        }
    };
    facts.map(|facts| Answered::Observation(Box::new(facts)))
}
