//! The real servers: Route 53's API and the name servers. The clients of this file can only read; those that can change something are made
//! in `writer.rs`, for the holder of a journal.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `api.rs` | reads of record sets, zones and changes |
//! | `dns.rs`, `dns/` | direct queries to name servers |
//! | `writer.rs` | the requests that change something |
//! | `verify.rs` | their verification |

mod api;
mod dns;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

use std::sync::{Arc, OnceLock};

use self::writer::Writers;
use super::{
    ChangeObservation, Observation, Query, State,
    ops::{Call, Version},
};
use crate::Journal;
use crate::{
    Live, Writer,
    aws::{Aws, Reader},
    collect::{
        poll::{Schedule, poll},
        sink::Sink,
    },
};
use base::{
    collector::CollectorSpec,
    observed::Fault,
    operation::{SendOutcome, Verified, VerifyRequest},
};
use journal::Permit;
use plan::Plan;

/// Route 53 is a global service; its requests are signed for this region.
const REGION: &str = "us-east-1";

/// Read-only connections. Name servers keep none: each batch opens its own socket.
pub struct Readers {
    plan: Arc<Plan>,
    route53: Reader<aws_sdk_route53::Client>,
    pace: api::Pace,
}

impl Live for State {
    type Readers = Readers;

    fn readers(plan: &Arc<Plan>) -> Readers {
        Readers {
            plan: plan.clone(),
            route53: Aws::reading(&plan.route53, REGION).route53(),
            pace: api::Pace::default(),
        }
    }

    async fn ask(readers: &Readers, query: &Query) -> Result<Observation, Fault> {
        match query {
            Query::Records(question) => {
                api::records(&readers.route53, &readers.pace, question).await.map(Observation::Records)
            }
            Query::Zone(zone) => api::zone(&readers.route53, zone).await.map(Observation::Zone),
            Query::Change(id) => api::change(&readers.route53, id).await.map(Observation::Change),
            Query::Served(question) => dns::once(question).await.map(Observation::Served),
        }
    }

    async fn run(readers: Arc<Readers>, spec: CollectorSpec<Query>, schedule: Schedule, out: Sink<Observation>) {
        match spec.query {
            Query::Served(question) => dns::sample(question, schedule.pace, out).await,
            Query::Change(id) => {
                // INSYNC is final: from then on the observation is repeated without a request.
                let done = OnceLock::<ChangeObservation>::new();
                let (readers, id, done) = (&readers.route53, &*id, &done);
                let ask = async || {
                    let facts = match done.get() {
                        Some(facts) => facts.clone(),
                        None => api::change(readers, id).await?,
                    };
                    Ok(Observation::Change(if facts.insync { done.get_or_init(|| facts).clone() } else { facts }))
                };
                poll(schedule, &out, ask).await;
            }
            ask => poll(schedule, &out, || Self::ask(&readers, &ask)).await,
        }
    }
}

impl Writer for State {
    type Writers = Writers;

    fn writers(plan: &Arc<Plan>, journal: &Journal) -> Writers {
        Writers::new(plan, journal)
    }

    async fn send(
        writers: &Writers,
        permit: Permit,
        call: &Call,
        precondition: Option<&Version>,
    ) -> SendOutcome<Version> {
        writers.send(permit, call, precondition).await
    }

    async fn verify(readers: &Readers, request: VerifyRequest<'_, Call, Version>) -> Verified<Version> {
        readers.verify(&request).await
    }
}
