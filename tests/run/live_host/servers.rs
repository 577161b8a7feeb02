//! Imitated servers behind real tasks: they live on when the program dies, and keep a log of what they carried out.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use landfall::{
    base::{
        collector::CollectorSpec,
        operation::{SendOutcome, Verified, VerifyRequest},
    },
    drive::live::Servers,
    journal::Permit,
    plan::Plan,
    systems::{
        Call, Observation, Question, Sim, Version,
        collect::{
            clock,
            poll::{self, Schedule},
            sink::Sink,
        },
    },
};
use tokio::{task::JoinHandle, time::sleep};

/// How long a message is on its way.
const WAY: Duration = Duration::from_millis(15);

#[derive(Clone)]
pub struct Imitated(Arc<Mutex<Sim>>);

impl Imitated {
    pub fn new(plan: &Arc<Plan>) -> Self {
        Self(Arc::new(Mutex::new(Sim::new(plan, 7))))
    }

    pub fn log(&self) -> Vec<String> {
        self.sim().log()
    }

    fn sim(&self) -> MutexGuard<'_, Sim> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Servers for Imitated {
    fn collect(
        &self,
        spec: CollectorSpec<Question>,
        schedule: Schedule,
        out: Sink<Observation>,
    ) -> Option<JoinHandle<()>> {
        let servers = self.clone();
        Some(tokio::spawn(async move {
            let ask = || async {
                sleep(WAY).await;
                match &spec.query {
                    Question::Query(query) => servers.sim().answer(query, clock::now()),
                    Question::Probe(probe) => servers.sim().sample(probe, clock::now()),
                }
            };
            poll::poll(schedule, &out, ask).await;
        }))
    }

    async fn send(&self, permit: Permit, call: &Call, precondition: Option<&Version>) -> SendOutcome<Version> {
        sleep(WAY).await;
        let outcome = self.sim().write(permit, call, precondition, clock::now());
        sleep(WAY).await;
        outcome
    }

    async fn verify(&self, request: VerifyRequest<'_, Call, Version>) -> Verified<Version> {
        sleep(WAY).await;
        self.sim().verify(request.tag, request.call, request.precondition, clock::now())
    }

    async fn close(&self) {}
}
