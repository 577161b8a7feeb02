//! Time, the journal's thread, and tasks for everything that goes to a server.

use std::{collections::HashMap, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use super::{Servers, recorder::Recorder};
use crate::executor::{Answer, Host, Write, Written};
use base::{
    collector::{CollectorIx, CollectorSpec},
    now::{self, Now},
    operation::{SendOutcome, Verified, VerifyRequest},
};
use journal::Permit;
use systems::{
    EngineInput, Estate, Intent, Journal, Question, RunInput, Verify,
    collect::{clock, guard::caught, poll::Schedule, sink::Sink},
};

/// Collectors have so long to end.
const COLLECTORS: Duration = Duration::from_millis(250);

/// A verification that takes longer has seen nothing.
const VERIFY_WITHIN: Duration = Duration::from_secs(10);

/// What a driver on real clocks needs beside its engine.
pub(super) struct Live<V> {
    servers: V,
    pace: watch::Sender<f64>,
    /// Where everything that comes back goes.
    inputs: mpsc::UnboundedSender<EngineInput>,
    running: HashMap<CollectorIx, JoinHandle<()>>,
    /// Polls a collector at once.
    now: HashMap<CollectorIx, watch::Sender<()>>,
    recorder: Option<Recorder>,
    /// Requests and verifications on their way.
    away: JoinSet<()>,
}

impl<V: Servers> Live<V> {
    pub fn new(servers: V, inputs: mpsc::UnboundedSender<EngineInput>) -> Self {
        Self {
            servers,
            pace: watch::channel(1.0).0,
            inputs,
            running: HashMap::new(),
            now: HashMap::new(),
            recorder: None,
            away: JoinSet::new(),
        }
    }

    /// From now on there is a journal: what comes of its writes goes to `answers`.
    pub fn record_in(&mut self, journal: Journal, answers: mpsc::UnboundedSender<Written<Estate>>) {
        self.recorder = Some(Recorder::start(journal, answers));
    }

    /// Whether our own journal is still where it belongs: else nothing is sent any more, and the screen says so before a step needs it.
    pub fn check_journal(&self) {
        if let Some(recorder) = &self.recorder {
            recorder.check();
        }
    }

    /// Takes one task off that is done. Waits for ever where none is under way.
    pub async fn forget_done(&mut self) {
        if self.away.join_next().await.is_none() {
            std::future::pending().await
        }
    }

    /// Ends all tasks, and closes the connections.
    pub async fn close(mut self) {
        // First of all: whoever waits for the journal's lock does not wait for a server.
        if let Some(recorder) = self.recorder.take() {
            recorder.close(super::LAST_WRITES).await;
        }
        self.away.shutdown().await;
        for task in self.running.values() {
            task.abort();
        }
        // A collector that is blocked in a library's call ends with the process.
        let ended = async {
            for task in self.running.into_values() {
                let _ = task.await;
            }
        };
        let _ = timeout(COLLECTORS, ended).await;
        self.servers.close().await;
    }
}

impl<V: Servers> Host<Estate> for Live<V> {
    fn now(&self) -> Now {
        clock::now()
    }

    fn start(&mut self, ix: CollectorIx, spec: CollectorSpec<Question>) {
        let schedule = Schedule {
            what: spec.what(),
            interval: spec.interval,
            timeout: spec.timeout,
            pace: self.pace.subscribe(),
            now: self.now.entry(ix).or_insert_with(|| watch::channel(()).0).subscribe(),
        };
        let out = Sink::new(self.inputs.clone(), ix);
        self.running.extend(self.servers.collect(spec, schedule, out).map(|task| (ix, task)));
    }

    fn pace(&mut self, pace: f64) {
        self.pace.send_replace(pace);
    }

    fn poll(&mut self, collectors: Vec<CollectorIx>) {
        collectors.iter().filter_map(|ix| self.now.get(ix)).for_each(|now| now.send_replace(()));
    }

    fn write(&mut self, write: Write<Estate>) -> Answer<Estate> {
        let Some(recorder) = &self.recorder else { return Answer::NoJournal };
        match recorder.write(write, clock::now()) {
            Ok(()) => Answer::Later,
            Err(halt) => Answer::Now(Written::Failed(halt)),
        }
    }

    fn send(&mut self, permit: Permit, intent: Intent) {
        self.away.spawn(send(self.servers.clone(), permit, intent, self.inputs.clone()));
    }

    fn verify(&mut self, verify: Verify) {
        self.away.spawn(look(self.servers.clone(), verify, self.inputs.clone()));
    }
}

/// Sends, once, and brings the answer. After its deadline nobody listens any more: the request is given up, and verified.
async fn send(servers: impl Servers, permit: Permit, intent: Intent, out: mpsc::UnboundedSender<EngineInput>) {
    let Intent { step, ticket, call, precondition, deadline, .. } = intent;
    let sent = match caught(timeout(deadline, servers.send(permit, &call, precondition.as_ref()))).await {
        Ok(Ok(sent)) => sent,
        Ok(Err(_)) => SendOutcome::indeterminate(format!("no answer within {}", now::short(deadline))),
        // Whether it had left by then, nobody knows.
        Err(broke_down) => SendOutcome::indeterminate(broke_down),
    };
    // The driver is gone only when the program ends; then the journal knows that it was sent.
    let _ = out.send(EngineInput::Run(RunInput::Replied { step, ticket, sent }));
}

/// Verifies, once, and brings what was seen.
async fn look(servers: impl Servers, verify: Verify, out: mpsc::UnboundedSender<EngineInput>) {
    let Verify { step, ticket, look, tag, call, precondition, accepted } = verify;
    let request = VerifyRequest { tag: &tag, call: &call, precondition: precondition.as_ref(), accepted };
    let verified = match caught(timeout(VERIFY_WITHIN, servers.verify(request))).await {
        Ok(Ok(verified)) => verified,
        Ok(Err(_)) => Verified::unobservable(format!("no answer within {}", now::short(VERIFY_WITHIN))),
        Err(broke_down) => Verified::unobservable(broke_down),
    };
    let _ = out.send(EngineInput::Run(RunInput::Verified { step, ticket, look, verified }));
}
