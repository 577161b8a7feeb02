//! The real servers: which connection answers which query. Everything created in this file only reads; what changes something is created in
//! `writer.rs`, for the holder of a journal.
//!
//! Each member is queried over a direct connection of its own, so that a member that hangs delays only itself.
//!
//! | file | contents |
//! | --- | --- |
//! | `client.rs` | a read-only connection |
//! | `faults.rs` | the driver's errors as faults |
//! | `hello.rs` | `hello`, streamed |
//! | `member.rs` | what one member reports of itself |
//! | `config.rs` | the configuration, and which member is primary |
//! | `parse.rs` | replies to observations |
//! | `writer.rs` | the requests |
//! | `document.rs` | a configuration, as it is sent |
//! | `verify.rs`, `judge.rs` | verification of requests |
//! | `operations.rs` | operations that a step down would kill |
//! | `canary.rs` | the canary's writes, for measurement |

mod canary;
mod client;
mod config;
mod document;
mod faults;
mod hello;
mod judge;
mod member;
mod operations;
mod parse;
mod verify;
mod writer;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use mongodb::bson::Document;

use self::{
    canary::Canaries,
    client::{As, Command, Reader, Reply},
};
use super::{
    canary::Probe,
    facts::{Hello, Observation, Query},
    operations::Operations,
    ops::{Call, Version},
    state::State,
};
use crate::{
    Journal, Live, Writer,
    collect::{poll::Schedule, sink::Sink},
};
use base::{
    collector::CollectorSpec,
    observed::{Fault, FaultKind},
    operation::{SendOutcome, Verified, VerifyRequest},
};
use journal::Permit;
use plan::{Plan, ReplicaSet};

/// Read-only connections, created on first use and shared by the collectors of a member.
pub struct Readers {
    plan: Arc<Plan>,
    sets: Vec<SetReaders>,
}

#[derive(Default)]
struct SetReaders {
    /// By address and login.
    readers: Mutex<HashMap<(String, As), Reader>>,
    /// By queried address: members whose last streamed `hello` reports that they accept writes, with their terms. The value has their name
    /// in the configuration: a member that is queried by two names claims it once.
    claims: Mutex<HashMap<String, (Option<u64>, String)>>,
    /// Members of the last configuration.
    members: Mutex<BTreeSet<String>>,
    /// By the names that the members use for each other: the names that this side uses. None before a configuration was read.
    names: Mutex<Option<HashMap<String, String>>>,
    /// Whether a default write concern is set, and when that was queried.
    default_write: Mutex<Option<(Option<bool>, Duration)>>,
}

/// Replies of one set are never used for another: every reply that names its set is checked, and a host of another set is not the one that
/// the plan names.
fn of_this_set(plan: &ReplicaSet, host: &str, described: Option<&str>) -> Result<(), Fault> {
    match described {
        Some(other) if other != plan.name => {
            let text = format!(
                "{host}: is a member of the set `{other}`; the plan says `{}`: correct its `name` or this host",
                plan.name
            );
            Err(Fault::new(FaultKind::NotFound, text))
        }
        _ => Ok(()),
    }
}

/// The configuration's name for a member that was queried at this address.
fn own_name(hello: &Hello, asked: &str) -> String {
    hello.me.as_deref().unwrap_or(asked).to_owned()
}

/// The data inside is always consistent, so a lock that was poisoned by a panic can still be used.
fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Live for State {
    type Readers = Readers;

    fn readers(plan: &Arc<Plan>) -> Readers {
        Readers { plan: plan.clone(), sets: plan.replica_sets.iter().map(|_| SetReaders::default()).collect() }
    }

    async fn ask(readers: &Readers, query: &Query) -> Result<Observation, Fault> {
        let (Some(plan), Some(set)) = (readers.plan.replica_sets.get(query.set()), readers.sets.get(query.set()))
        else {
            return Err(Fault::new(FaultKind::NotFound, "the plan has no such replica set"));
        };
        match query {
            Query::Hello(p) => set.hello(plan, &p.host).await.map(Observation::Hello),
            Query::Status(p) => match set.status(plan, p).await {
                Err(fault) if set.of_an_arbiter(plan, p, &fault).await => Ok(Observation::Arbiter),
                status => status.map(Observation::Status),
            },
            Query::Server(p) => match set.server(plan, p).await {
                Err(fault) if set.of_an_arbiter(plan, p, &fault).await => Ok(Observation::Arbiter),
                server => server.map(Observation::Server),
            },
            Query::Config { .. } => set.config(plan).await.map(Observation::Config),
            Query::Operations { .. } => set.operations(plan).await.map(Observation::Operations),
            Query::Grants { .. } => set.grants(plan).await.map(|()| Observation::Granted),
        }
    }

    async fn close(readers: &Readers) {
        let all: Vec<Reader> =
            readers.sets.iter().flat_map(|s| std::mem::take(&mut *lock(&s.readers)).into_values()).collect();
        join_all(all.into_iter().map(Reader::close)).await;
    }

    async fn run(readers: Arc<Readers>, spec: CollectorSpec<Query>, schedule: Schedule, out: Sink<Observation>) {
        let ask = &spec.query;
        if let Query::Hello(p) = ask
            && let Some(set) = readers.plan.replica_sets.get(p.set)
        {
            let claims = readers.sets.get(p.set).map(|s| &s.claims);
            return hello::stream(set, &p.host, &out, |hello| {
                let Some(claims) = claims else { return };
                match hello {
                    Some(hello) => lock(claims).insert(p.host.to_string(), (hello.term, own_name(hello, &p.host))),
                    None => lock(claims).remove(&*p.host),
                };
            })
            .await;
        }
        crate::collect::poll::poll(schedule, &out, || Self::ask(&readers, ask)).await;
    }
}

/// The connections that change something: requests, one per permit, and the canaries, which write to their own collections.
pub struct Writers {
    requests: writer::Writers,
    canaries: Canaries,
}

impl Writer for State {
    type Writers = Writers;

    fn writers(plan: &Arc<Plan>, _: &Journal) -> Writers {
        Writers { requests: writer::Writers::new(plan), canaries: Canaries::new(plan) }
    }

    async fn send(
        writers: &Writers,
        permit: Permit,
        call: &Call,
        precondition: Option<&Version>,
    ) -> SendOutcome<Version> {
        writers.requests.send(permit, call, precondition).await
    }

    async fn probe(writers: Arc<Writers>, spec: CollectorSpec<Probe>, schedule: Schedule, out: Sink<Observation>) {
        writers.canaries.run(spec, schedule, &out).await;
    }

    async fn close(writers: &Writers) {
        writers.canaries.close().await;
    }

    async fn verify(readers: &Readers, request: VerifyRequest<'_, Call, Version>) -> Verified<Version> {
        let set = readers.plan.replica_sets.iter().zip(&readers.sets).find(|(plan, _)| plan.name == request.call.set());
        match set {
            Some((plan, set)) => set.verify(plan, &request).await,
            None => Verified::unobservable(format!("the plan has no replica set {}", request.call.set())),
        }
    }
}

impl SetReaders {
    async fn ask(&self, plan: &ReplicaSet, host: &str, command: Command, expected: &[i32]) -> Result<Reply, Fault> {
        let key = (host.to_owned(), command.asked_as(plan));
        let known = lock(&self.readers).get(&key).cloned();
        let reader = match known {
            Some(reader) => reader,
            None => {
                let reader = Reader::new(plan, host, key.1).await?;
                lock(&self.readers).entry(key.clone()).or_insert(reader).clone()
            }
        };
        match reader.ask(command, expected).await {
            Ok(reply) => Ok(reply),
            Err(failure) => {
                if failure.login {
                    // The password may have been changed: the next attempt reads it again.
                    lock(&self.readers).remove(&key);
                }
                Err(faults::explain(plan, host, failure.fault).await)
            }
        }
    }

    /// The operations in progress on the primary. Those of other members have no meaning.
    async fn operations(&self, plan: &ReplicaSet) -> Result<Operations, Fault> {
        let host = match self.claimed() {
            Some(host) => host,
            None => {
                let (leader, _, fault) = self.find_leader(plan).await;
                let none =
                    || fault.unwrap_or_else(|| Fault::new(FaultKind::Empty, format!("{}: no primary", plan.name)));
                leader.ok_or_else(none)?
            }
        };
        let reply = self.ask(plan, &host, Command::Operations, &[]).await?;
        read(reply, &host, "$currentOp", |d| operations::parse(d, &host))
    }

    /// Whether the canary's login may write to its collection, from the first member that answers: all have the same users.
    async fn grants(&self, plan: &ReplicaSet) -> Result<(), Fault> {
        let Some(canary) = &plan.canary else { return Ok(()) };
        let mut last = Fault::new(FaultKind::NotFound, format!("{}: the plan has no host", plan.name));
        for host in &plan.seeds {
            if let Err(fault) = self.hello(plan, host).await {
                last = fault;
                continue;
            }
            match self.ask(plan, host, Command::Grants, &[]).await {
                Ok(reply) => {
                    let missing = read(reply, host, "connectionStatus", |d| {
                        parse::missing(d, (&canary.database, &canary.collection), &["insert", "update"])
                    })?;
                    if missing.is_empty() {
                        return Ok(());
                    }
                    let what = format!("{host}: the canary's login may not {}", missing.join(" or "));
                    let text = format!("{what} in {}.{}; grant it that there", canary.database, canary.collection);
                    return Err(Fault::new(FaultKind::Refused, text));
                }
                // An arbiter has no users and refuses every login: another member may answer.
                Err(fault) if last.kind != FaultKind::Refused => last = fault,
                Err(_) => {}
            }
        }
        Err(last)
    }
}

/// A reply's document, parsed; one without the fields of every version is malformed.
fn read<T>(reply: Reply, host: &str, call: &str, parse: impl FnOnce(&Document) -> Option<T>) -> Result<T, Fault> {
    let malformed = |what: &str| Fault::new(FaultKind::Malformed, format!("{host}: {call}: {what}"));
    match reply {
        Reply::Document(d) => parse(&d).ok_or_else(|| malformed("the reply lacks fields that every version has")),
        Reply::Code(code) => Err(malformed(&format!("answered error {code}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::side::Sides;
    use plan::MemberRule;

    #[test]
    fn an_answer_that_names_another_set_is_none() {
        let rule = || MemberRule::Hosts(Vec::new());
        let plan = ReplicaSet {
            name: "orders".into(),
            uri: String::new(),
            seeds: Vec::new(),
            read: None,
            write: None,
            sites: Sides { source: rule(), target: rule() },
            candidates: Vec::new(),
            canary: None,
        };
        assert!(of_this_set(&plan, "a:1", Some("orders")).is_ok());
        // A candidate is in no set yet.
        assert!(of_this_set(&plan, "a:1", None).is_ok());
        let fault = of_this_set(&plan, "a:1", Some("ledger")).expect_err("another set");
        assert_eq!(fault.kind, FaultKind::NotFound);
        let text = fault.text.raw();
        assert!(text.contains("`ledger`") && text.contains("`orders`"), "{fault}");
    }
}
