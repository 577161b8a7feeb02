//! The servers of a live host: what can be asked of them, and what can be sent to them.

use std::{future::Future, sync::Arc};

use tokio::task::JoinHandle;

use base::{
    collector::CollectorSpec,
    operation::{SendOutcome, Verified, VerifyRequest},
};
use journal::Permit;
use plan::Plan;
use systems::{
    Call, Journal, Observation, Question, Readers, Version, Writers,
    collect::{poll::Schedule, sink::Sink},
};

/// Servers that a live host talks to.
pub trait Servers: Clone + Send + Sync + 'static {
    /// Starts a collector or a probe on the current tokio runtime; none if that cannot be: nobody gave it what can write.
    fn collect(
        &self,
        spec: CollectorSpec<Question>,
        schedule: Schedule,
        out: Sink<Observation>,
    ) -> Option<JoinHandle<()>>;

    /// Sends a request, once.
    fn send(
        &self,
        permit: Permit,
        call: &Call,
        precondition: Option<&Version>,
    ) -> impl Future<Output = SendOutcome<Version>> + Send;

    /// Looks what has become of a request.
    fn verify(&self, request: VerifyRequest<'_, Call, Version>) -> impl Future<Output = Verified<Version>> + Send;

    /// Closes all connections, in a moment.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// The real servers.
#[derive(Clone)]
pub struct Real {
    readers: Arc<Readers>,
    /// Only for whoever holds a journal.
    writers: Option<Arc<Writers>>,
}

impl Real {
    /// To be read only.
    #[must_use]
    pub fn reading(plan: &Arc<Plan>) -> Self {
        Self { readers: Arc::new(Readers::new(plan)), writers: None }
    }

    /// To be changed as well, by whoever holds this journal.
    #[must_use]
    pub fn with_writers(plan: &Arc<Plan>, journal: &Journal) -> Self {
        Self { writers: Some(Arc::new(Writers::new(plan, journal))), ..Self::reading(plan) }
    }
}

impl Servers for Real {
    fn collect(
        &self,
        spec: CollectorSpec<Question>,
        schedule: Schedule,
        out: Sink<Observation>,
    ) -> Option<JoinHandle<()>> {
        match spec.query.clone() {
            Question::Query(query) => Some(self.readers.spawn(spec.map(|_| query), schedule, out)),
            Question::Probe(probe) => {
                self.writers.as_ref().map(|writers| writers.spawn(spec.map(|_| probe), schedule, out))
            }
        }
    }

    async fn send(&self, permit: Permit, call: &Call, precondition: Option<&Version>) -> SendOutcome<Version> {
        match &self.writers {
            Some(writers) => writers.send(permit, call, precondition).await,
            None => {
                drop(permit);
                SendOutcome::refused("this program only reads".to_owned())
            }
        }
    }

    async fn verify(&self, request: VerifyRequest<'_, Call, Version>) -> Verified<Version> {
        self.readers.verify(request).await
    }

    async fn close(&self) {
        self.readers.close().await;
        if let Some(writers) = &self.writers {
            writers.close().await;
        }
    }
}
