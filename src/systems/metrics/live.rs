//! The real servers. Read-only: the clients of this module can only read.

mod cloudwatch;
mod prometheus;

use std::sync::{Arc, LazyLock};

use super::{Observation, Query, State};
use crate::Journal;
use crate::{
    Live, Writer,
    aws::{Aws, Reader, trust},
    planner::Never,
};
use base::{
    observed::{Fault, FaultKind},
    operation::{SendOutcome, Verified, VerifyRequest},
    side::Sides,
};
use journal::Permit;
use plan::Plan;

/// Read-only connections.
pub struct Readers {
    /// A fault where the system's TLS library cannot be set up: each query reports it, and the start does not fail. Created on first use:
    /// this reads the certificates of all authorities, and the screen must not wait for it.
    http: LazyLock<Result<reqwest::Client, Fault>>,
    cloudwatch: Sides<Reader<aws_sdk_cloudwatch::Client>>,
}

fn client() -> Result<reqwest::Client, Fault> {
    // A redirect would send a query to a server that the plan does not name, and use its answer.
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    // Without certificate authorities no client that verifies certificates can be made: this one reaches only plain HTTP.
    let http = if trust::missing().is_some() { http.tls_certs_only([]) } else { http };
    http.build().map_err(|e| Fault::new(FaultKind::Unsupported, format!("no HTTP client: {}", prometheus::words(e))))
}

impl Live for State {
    type Readers = Readers;

    fn readers(plan: &Arc<Plan>) -> Readers {
        let cloudwatch = Sides::from_fn(|side| {
            let site = plan.sites.get(side);
            Aws::reading(&site.access, &site.region).cloudwatch()
        });
        Readers { http: LazyLock::new(client), cloudwatch }
    }

    async fn ask(readers: &Readers, query: &Query) -> Result<Observation, Fault> {
        match query {
            Query::Prometheus { query, url, expr, bearer, .. } => {
                let http = readers.http.as_ref().map_err(Clone::clone)?;
                if let Some(fault) = trust::missing()
                    && !url.starts_with("http:")
                {
                    return Err(Fault::new(fault.kind, format!("query `{expr}` at {url}: {}", fault.text)));
                }
                match prometheus::query(http, url, expr, bearer.as_ref()).await {
                    // The server answered correctly: the fault belongs to the query, not to the server.
                    Err(fault) if fault.kind == FaultKind::Empty => Ok(Observation::Many(vec![(*query, Err(fault))])),
                    answer => answer.map(Observation::One),
                }
            }
            Query::CloudWatch { side, queries } => {
                let now = jiff::Timestamp::now();
                cloudwatch::read(readers.cloudwatch.get(*side), queries, now).await.map(Observation::Many)
            }
        }
    }
}

/// Nothing can be changed.
impl Writer for State {
    type Writers = ();

    fn writers(_: &Arc<Plan>, _: &Journal) {}

    async fn send((): &(), _: Permit, call: &Never, _: Option<&Never>) -> SendOutcome<Never> {
        match *call {}
    }

    async fn verify(_: &Readers, request: VerifyRequest<'_, Never, Never>) -> Verified<Never> {
        match *request.call {}
    }
}
