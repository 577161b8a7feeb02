//! What one member reports of itself: `hello`, `serverStatus`, `replSetGetStatus`.

use super::{
    SetReaders,
    client::{Command, Reply},
    lock, of_this_set, parse, read,
};
use crate::{
    collect::clock,
    mongo::facts::{Hello, Membership, Peer, Server, Status},
};
use base::observed::{Fault, FaultKind};
use plan::ReplicaSet;

/// Has no configuration yet (NotYetInitialized).
pub(super) const WAITING: i32 = 94;
/// Is not in its own configuration (InvalidReplicaSetConfig).
pub(super) const REMOVED: i32 = 93;

impl SetReaders {
    pub(super) async fn hello(&self, plan: &ReplicaSet, host: &str) -> Result<Hello, Fault> {
        let hello = self.greeting(plan, host).await?;
        of_this_set(plan, host, hello.set_name.as_deref())?;
        Ok(hello)
    }

    /// The `hello` reply of the server at this address, of whatever set it is.
    pub(super) async fn greeting(&self, plan: &ReplicaSet, host: &str) -> Result<Hello, Fault> {
        let reply = self.ask(plan, host, Command::Hello, &[]).await?;
        let heard = clock::now().boot;
        read(reply, host, "hello", |d| Some(parse::hello(d, heard)))
    }

    /// Whether a query failed because the member is an arbiter: it has no users that could log in, and no oplog (17347) [measured,
    /// 4.4 to 6.0].
    pub(super) async fn of_an_arbiter(&self, plan: &ReplicaSet, p: &Peer, fault: &Fault) -> bool {
        matches!(fault.kind, FaultKind::Refused | FaultKind::Malformed)
            && self.hello(plan, &p.host).await.is_ok_and(|hello| hello.arbiter)
    }

    pub(super) async fn server(&self, plan: &ReplicaSet, p: &Peer) -> Result<Server, Fault> {
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

    pub(super) async fn status(&self, plan: &ReplicaSet, p: &Peer) -> Result<Membership, Fault> {
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
}
