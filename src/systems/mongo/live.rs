//! The real servers: which connection answers which query. Everything created in this file only reads; what changes something is created in
//! `writer.rs`, for the holder of a journal.
//!
//! Each member is queried over a direct connection of its own, so that a member that hangs delays only itself.
//!
//! | file | contents |
//! | --- | --- |
//! | `client.rs` | a read-only connection |
//! | `hello.rs` | `hello`, streamed |
//! | `parse.rs` | replies to observations |
//! | `writer.rs` | the requests |
//! | `document.rs` | a configuration, as it is sent |
//! | `look.rs`, `judge.rs` | verification of requests |
//! | `operations.rs` | operations that a step down would kill |
//! | `canary.rs` | the canary's writes, for measurement |

mod canary;
mod client;
mod document;
mod hello;
mod judge;
mod look;
mod operations;
mod parse;
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
    facts::{Config, Hello, Membership, Observation, Peer, Query, Server, Status},
    operations::Operations,
    ops::{Call, Version},
    state::State,
};
use crate::Journal;
use crate::{
    Live, Writer,
    collect::{
        clock,
        poll::{Schedule, timed_out},
        sink::Sink,
    },
};
use base::{
    collector::CollectorSpec,
    observed::{Fault, FaultKind},
    operation::{SendOutcome, Verified, VerifyRequest},
};
use journal::Permit;
use plan::{Plan, ReplicaSet};

/// Has no configuration yet (NotYetInitialized).
const WAITING: i32 = 94;
/// Is not in its own configuration (InvalidReplicaSetConfig).
const REMOVED: i32 = 93;
/// Is not primary (NotWritablePrimary).
const NOT_PRIMARY: i32 = 10107;

/// How long a reply about the default write concern is reused: it is queried as rarely as `serverStatus`, not with each configuration.
const DEFAULT_WRITE_FOR: Duration = Duration::from_secs(4);
/// The same for a denied query, so that the denials do not fill the server's log.
const DENIED_FOR: Duration = Duration::from_secs(15);

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

    async fn ask(readers: &Readers, ask: &Query) -> Result<Observation, Fault> {
        let (Some(plan), Some(set)) = (readers.plan.replica_sets.get(ask.set()), readers.sets.get(ask.set())) else {
            return Err(Fault::new(FaultKind::NotFound, "the plan has no such replica set"));
        };
        match ask {
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

    async fn send(writers: &Writers, permit: Permit, call: &Call, expect: Option<&Version>) -> SendOutcome<Version> {
        writers.requests.send(permit, call, expect).await
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
            Some((plan, set)) => set.look(plan, &request).await,
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
                Err(client::explain(plan, host, failure.fault).await)
            }
        }
    }

    async fn hello(&self, plan: &ReplicaSet, host: &str) -> Result<Hello, Fault> {
        let hello = self.greeting(plan, host).await?;
        of_this_set(plan, host, hello.set_name.as_deref())?;
        Ok(hello)
    }

    /// The `hello` reply of the server at this address, of whatever set it is.
    async fn greeting(&self, plan: &ReplicaSet, host: &str) -> Result<Hello, Fault> {
        let reply = self.ask(plan, host, Command::Hello, &[]).await?;
        let heard = clock::now().boot;
        read(reply, host, "hello", |d| Some(parse::hello(d, heard)))
    }

    /// Whether a query failed because the member is an arbiter: it has no users that could log in, and no oplog (17347) [measured,
    /// 4.4 to 6.0].
    async fn of_an_arbiter(&self, plan: &ReplicaSet, p: &Peer, fault: &Fault) -> bool {
        matches!(fault.kind, FaultKind::Refused | FaultKind::Malformed)
            && self.hello(plan, &p.host).await.is_ok_and(|hello| hello.arbiter)
    }

    async fn server(&self, plan: &ReplicaSet, p: &Peer) -> Result<Server, Fault> {
        let reply = match self.ask(plan, &p.host, Command::Server, &[]).await {
            Err(fault) => return Err(self.why_refused(plan, p, fault).await.1),
            Ok(reply) => reply,
        };
        if let Reply::Document(d) = &reply {
            of_this_set(plan, &p.host, d.get_document("repl").ok().and_then(|repl| repl.get_str("setName").ok()))?;
        }
        read(reply, &p.host, "serverStatus", parse::server)
    }

    /// Why a login may have been refused, by `hello`, which needs no login: a candidate outside the set and a member in its initial sync
    /// have no users yet. True for a candidate.
    async fn why_refused(&self, plan: &ReplicaSet, p: &Peer, fault: Fault) -> (bool, Fault) {
        if fault.kind != FaultKind::Refused {
            return (false, fault);
        }
        match self.hello(plan, &p.host).await {
            Ok(hello) if hello.set_name.is_some() && !hello.writable && !hello.secondary && !hello.arbiter => {
                let what = format!("{}: refuses logins: it is neither primary nor secondary", p.host);
                let text = format!("{what}; during its initial sync it has no users yet; it is polled again");
                (false, Fault::new(FaultKind::Empty, text))
            }
            Ok(hello) => (hello.waits, fault),
            Err(_) => (false, fault),
        }
    }

    async fn status(&self, plan: &ReplicaSet, p: &Peer) -> Result<Membership, Fault> {
        let reply = match self.ask(plan, &p.host, Command::Status, &[WAITING, REMOVED]).await {
            Err(fault) => match self.why_refused(plan, p, fault).await {
                (true, _) => return Ok(Membership::Waiting),
                (false, fault) => return Err(fault),
            },
            Ok(reply) => reply,
        };
        if let Reply::Document(d) = &reply {
            of_this_set(plan, &p.host, d.get_str("set").ok())?;
        }
        match reply {
            Reply::Code(WAITING) => Ok(Membership::Waiting),
            Reply::Code(_) => Ok(Membership::Removed),
            reply => match read(reply, &p.host, "replSetGetStatus", parse::status)? {
                Membership::In(mut status) => {
                    self.rename(plan, &p.host, &mut status).await;
                    Ok(Membership::In(status))
                }
                other => Ok(other),
            },
        }
    }

    /// Replaces the names that the members use for each other in a status by the names that this side uses.
    async fn rename(&self, plan: &ReplicaSet, host: &str, status: &mut Status) {
        // Names that are the same on both sides need no configuration.
        if lock(&self.names).is_none() && status.members.iter().all(|m| m.host != host) {
            let _ = self.config(plan).await;
        }
        if let Some(names) = &*lock(&self.names) {
            let sources = status.sync_source.iter_mut();
            for name in status.members.iter_mut().map(|m| &mut m.host).chain(sources) {
                if let Some(outside) = names.get(name) {
                    name.clone_from(outside);
                }
            }
        }
    }

    /// The configuration, read from the primary. Without a primary: from any member, without the commitment status.
    async fn config(&self, plan: &ReplicaSet) -> Result<Config, Fault> {
        if let Some(host) = self.claimed()
            && let Some(config) = self.config_of(plan, &host, Command::Committed).await?
        {
            return Ok(self.keep(config));
        }
        let (leader, heard, fault) = self.find_leader(plan).await;
        if let Some(host) = leader
            && let Some(config) = self.config_of(plan, &host, Command::Committed).await?
        {
            return Ok(self.keep(config));
        }
        let mut fault = fault;
        for host in heard {
            match self.config_of(plan, &host, Command::Config).await {
                Ok(Some(config)) => return Ok(self.keep(config)),
                Ok(None) => {}
                Err(f) => fault = Some(f),
            }
        }
        let text = format!("{}: no member of the set answers", plan.name);
        Err(fault.unwrap_or_else(|| Fault::new(FaultKind::NotFound, text)))
    }

    /// The primary by the `hello` replies; they also show within their own time-out when a primary is lost or hangs.
    fn claimed(&self) -> Option<String> {
        lock(&self.claims).values().max().map(|(_, name)| name.clone())
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

    fn keep(&self, config: Config) -> Config {
        let names = config.members.iter().filter_map(|m| Some((m.inside.clone()?, m.host.clone()))).collect();
        *lock(&self.names) = Some(names);
        *lock(&self.members) = config.members.iter().filter(|m| !m.arbiter).map(|m| m.host.clone()).collect();
        config
    }

    /// None where this member cannot answer: it is not primary, or is in no set.
    async fn config_of(&self, plan: &ReplicaSet, host: &str, command: Command) -> Result<Option<Config>, Fault> {
        let mut config = match self.ask(plan, host, command, &[WAITING, REMOVED, NOT_PRIMARY]).await? {
            Reply::Code(_) => return Ok(None),
            reply => read(reply, host, "replSetGetConfig", |d| parse::config(d, host, &plan.seeds))?,
        };
        of_this_set(plan, host, Some(&config.set))?;
        if config.committed.is_some() {
            config.default_write = self.default_write(plan, host).await;
        }
        Ok(Some(config))
    }

    /// Whether a default write concern is set, which applies to the whole set and changes rarely. A login without the permission loses only
    /// this.
    async fn default_write(&self, plan: &ReplicaSet, host: &str) -> Option<bool> {
        let now = clock::now().boot;
        if let Some((described, at)) = *lock(&self.default_write)
            && now.saturating_sub(at) < described.map_or(DENIED_FOR, |_| DEFAULT_WRITE_FOR)
        {
            return described;
        }
        let reply = self.ask(plan, host, Command::DefaultWrite, &[]).await;
        let described =
            reply.and_then(|r| read(r, host, "getDefaultRWConcern", |d| Some(parse::default_write(d)))).ok();
        *lock(&self.default_write) = Some((described, now));
        described
    }

    /// Queries all members at once for the primary; a member that hangs is not waited for beyond its own connect time-out.
    async fn find_leader(&self, plan: &ReplicaSet) -> (Option<String>, Vec<String>, Option<Fault>) {
        let mut hosts = lock(&self.members).clone();
        hosts.extend(plan.seeds.iter().cloned());
        let hellos = join_all(hosts.into_iter().map(async |host| {
            let hello = tokio::time::timeout(HELLO_WITHIN, self.hello(plan, &host)).await;
            let hello = hello.unwrap_or_else(|_| Err(timed_out(&format!("{host}: hello"), HELLO_WITHIN)));
            (hello, host)
        }));
        let (mut leader, mut heard, mut fault) = (None, Vec::new(), None);
        for (hello, host) in hellos.await {
            match hello {
                Ok(h) if h.set_name.as_ref() == Some(&plan.name) => {
                    if h.writable && leader.as_ref().is_none_or(|(term, _)| *term < h.term) {
                        leader = Some((h.term, own_name(&h, &host)));
                    }
                    heard.push(host);
                }
                Ok(_) => {}
                Err(f) => fault = Some(f),
            }
        }
        (leader.map(|l| l.1), heard, fault)
    }
}

/// The connect time-out, plus time to report a failed connection; the queries that follow have the rest of the time-out.
const HELLO_WITHIN: Duration = client::CONNECT.saturating_add(Duration::from_millis(500));

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
    fn an_answer_that_tells_another_set_is_none() {
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
