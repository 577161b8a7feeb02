//! The commands that change a set: three, and nothing else.
//!
//! Each request has its own client, which is closed with it: so no retry, pool or second copy can send it again, and the server's own log
//! shows by the client's name which request it carried out. The precondition of a request is read again over the connection that sends it.
//! Between that read and the command the server itself keeps the order: a configuration by its version, a step down by the rule of one
//! primary per term.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use mongodb::{
    Client,
    bson::{Document, doc},
    error::{Error, ErrorKind},
};
use tokio::time::timeout;

use super::{
    client::{APP, close, connect},
    document::document,
    faults::fault,
    parse,
};
use crate::{
    collect::clock,
    mongo::{
        facts::{Config, Hello},
        ops::{Call, Reconfig, Version},
    },
};
use base::{observed::Fault, operation::SendOutcome, step::Reply};
use journal::Permit;
use plan::{Plan, ReplicaSet};

/// The writing logins of the plan. No connection is kept open.
pub struct Writers(Arc<Plan>);

/// The application name of a connection that changes something: the server's log has it next to the executed command. The end of the tag is
/// unique; a server accepts up to 128 bytes.
pub(super) fn app_name(tag: &str) -> String {
    const ROOM: usize = 100;
    let from = (tag.len().saturating_sub(ROOM)..tag.len()).find(|at| tag.is_char_boundary(*at)).unwrap_or(0);
    format!("landfall {}", &tag[from..])
}

/// How long a connection to a member, or its report whether it is primary, may take on a long and busy link.
const PATIENCE: Duration = Duration::from_secs(5);

/// What prevents the send of a request, or its result.
type Done = Result<SendOutcome<Version>, SendOutcome<Version>>;

impl Writers {
    pub(super) fn new(plan: &Arc<Plan>) -> Self {
        Self(plan.clone())
    }

    pub(super) async fn send(
        &self,
        permit: Permit,
        call: &Call,
        precondition: Option<&Version>,
    ) -> SendOutcome<Version> {
        let Some(set) = self.0.replica_sets.iter().find(|s| s.name == call.set()) else {
            return SendOutcome::refused(format!("the plan has no replica set {}", call.set()));
        };
        if set.write.is_none() {
            return SendOutcome::refused(format!("{}: the plan has no write_login", set.name));
        }
        let app = app_name(&permit.spend());
        let done = match call {
            Call::Reconfig(r) => reconfig(set, &app, r, precondition).await,
            Call::StepDown { host, term, secs, catch_up, .. } => {
                let command = doc! { "replSetStepDown": secs, "secondaryCatchUpPeriodSecs": catch_up };
                step_down(set, &app, (host, *term), command, precondition).await
            }
            Call::Freeze { host, secs, .. } => freeze(set, &app, host, *secs).await,
            Call::Wait { .. } => Err(SendOutcome::refused("nothing to send: this operation only waits")),
        };
        done.unwrap_or_else(|sent| sent)
    }
}

/// A connection for one request.
struct Writer {
    client: Client,
    host: String,
}

impl Writer {
    async fn new(set: &ReplicaSet, host: &str, app: &str) -> Result<Self, SendOutcome<Version>> {
        let client = connect(set, host, set.write.as_ref(), (app, PATIENCE)).await.map_err(unsent)?;
        Ok(Self { client, host: host.to_owned() })
    }

    /// A query before the request: if it fails, nothing was sent.
    async fn read<T>(
        &self,
        command: Document,
        parse: impl FnOnce(&Document) -> Option<T>,
    ) -> Result<T, SendOutcome<Version>> {
        let name = command.keys().next().cloned().unwrap_or_default();
        let reply = self.client.database("admin").run_command(command).await;
        let reply = reply.map_err(|e| unsent(fault(&self.host, &name, &e)))?;
        parse(&reply)
            .ok_or_else(|| SendOutcome::refused(format!("{}: {name}: not to be read; nothing was sent", self.host)))
    }

    /// Its `hello` reply, if it is a member of this set: if the address belongs to another server now, nothing is sent.
    async fn hello(&self, set: &ReplicaSet) -> Result<Hello, SendOutcome<Version>> {
        let hello = self.read(doc! { "hello": 1 }, |d| Some(parse::hello(d, clock::now().boot))).await?;
        self.of_this_set(set, hello.set_name.as_deref().unwrap_or("no set"))?;
        Ok(hello)
    }

    fn of_this_set(&self, set: &ReplicaSet, described: &str) -> Result<(), SendOutcome<Version>> {
        if described == set.name {
            return Ok(());
        }
        Err(SendOutcome::refused(format!(
            "{}: is a member of `{described}`, not of `{}`; nothing was sent",
            self.host, set.name
        )))
    }

    /// The configuration as stored there, as a document and parsed.
    async fn config(&self, set: &ReplicaSet) -> Result<(Document, Config), SendOutcome<Version>> {
        let both =
            |d: &Document| Some((d.get_document("config").ok()?.clone(), parse::config(d, &self.host, &set.seeds)?));
        let (raw, config) = self.read(doc! { "replSetGetConfig": 1 }, both).await?;
        self.of_this_set(set, &config.set)?;
        Ok((raw, config))
    }

    /// The request itself.
    async fn carry_out(self, command: Document) -> SendOutcome<Version> {
        let name = command.keys().next().cloned().unwrap_or_default();
        let reply = self.client.database("admin").run_command(command).await;
        let sent = match reply {
            Ok(_) => SendOutcome::accepted(format!("{}: {name}: ok", self.host)),
            Err(error) => {
                let words = fault(&self.host, &name, &error).text.to_string();
                SendOutcome { reply: verdict(&error), version: None, detail: words }
            }
        };
        close(self.client).await;
        sent
    }
}

/// Derives from a server's error whether the request was carried out.
fn verdict(error: &Error) -> Reply {
    match &*error.kind {
        ErrorKind::Command(c) => match c.code {
            // The version or the term does not match (NewReplicaSetConfigurationIncompatible, NotWritablePrimary).
            103 | 10107 => Reply::Mismatch,
            // Unauthorized, AuthenticationFailed, InvalidOptions, CommandNotFound, BadValue, InvalidReplicaSetConfig, NotSecondary,
            // ConfigurationInProgress, CurrentConfigNotCommittedYet; of a step down, nobody caught up (ExceededTimeLimit).
            // 93 and 104 are returned before anything is installed [measured, 4.4 to 6.0].
            13 | 18 | 72 | 59 | 2 | 93 | 95 | 104 | 109 | 308 | 262 => Reply::Refused,
            // Not enough voters answered (74): returned by the check before the installation, but after seconds in which anything can have
            // happened; 50 and all others: it may have been installed.
            _ => Reply::Indeterminate,
        },
        // Nothing was written to any socket.
        ErrorKind::Authentication { .. }
        | ErrorKind::ServerSelection { .. }
        | ErrorKind::ConnectionPoolCleared { .. } => Reply::Refused,
        _ => Reply::Indeterminate,
    }
}

/// A fault before the request was sent.
fn unsent(fault: Fault) -> SendOutcome<Version> {
    SendOutcome::refused(format!("{fault}; nothing was sent"))
}

async fn reconfig(set: &ReplicaSet, app: &str, r: &Reconfig, precondition: Option<&Version>) -> Done {
    let leader = leader(set, app, r, precondition).await?;
    let (raw, config) = leader.config(set).await?;
    let term = config.term.unwrap_or(-1);
    let moved = config.version != r.version.saturating_sub(1)
        || precondition.is_some_and(|m| m.version != config.version)
        || (!r.any_term && precondition.is_some_and(|m| m.term != term));
    if moved {
        return Err(SendOutcome::mismatch(format!(
            "{}: version {} of term {term} does not match the precondition; nothing was sent",
            leader.host, config.version
        )));
    }
    if config.members != r.before {
        let text = format!("{}: the members differ from those of version {}", leader.host, config.version);
        return Err(SendOutcome::mismatch(format!("{text}; nothing was sent")));
    }
    let members = r.members(&leader.host);
    let new = document(raw, r.version, members)
        .map_err(|why| SendOutcome::refused(format!("{}: {why}; nothing was sent", leader.host)))?;
    let mark = Version { version: r.version, term, leader: Some(leader.host.clone()) };
    let sent = leader.carry_out(doc! { "replSetReconfig": new }).await;
    Ok(SendOutcome { version: (sent.reply == Reply::Accepted).then_some(mark), ..sent })
}

/// The member that accepts writes in the highest term, of all intended members; queried without a login.
///
/// The expected primary is queried first, alone: if it is primary in the expected term, or after the expected election, no other member
/// can be.
async fn leader(
    set: &ReplicaSet,
    app: &str,
    r: &Reconfig,
    precondition: Option<&Version>,
) -> Result<Writer, SendOutcome<Version>> {
    let likely = match &r.unless {
        Some(unless) => Some((unless.leads.as_str(), None)),
        None => precondition.and_then(|m| Some((m.leader.as_deref()?, Some(m.term)))),
    };
    if let Some((host, term)) = likely
        && let Some(now) = leads(set, host).await
        && term.is_none_or(|term| term == now)
    {
        return Writer::new(set, host, app).await;
    }
    let mut hosts: Vec<&str> = r.before.iter().filter(|m| !m.arbiter).map(|m| m.host.as_str()).collect();
    hosts.extend(set.seeds.iter().map(String::as_str).filter(|seed| r.before.iter().all(|m| m.host != *seed)));
    let all = join_all(hosts.iter().map(|host| async { Some((leads(set, host).await?, *host)) })).await;
    match all.into_iter().flatten().max() {
        Some((_, host)) => Writer::new(set, host, app).await,
        None => Err(SendOutcome::refused(format!("{}: no member accepts writes; nothing was sent", set.name))),
    }
}

/// The term in which a member accepts writes; none: it does not, or does not report it in time.
async fn leads(set: &ReplicaSet, host: &str) -> Option<i64> {
    let client = connect(set, host, None, (APP, PATIENCE)).await.ok()?;
    let admin = client.database("admin");
    let hello = timeout(PATIENCE, admin.run_command(doc! { "hello": 1 })).await.ok().and_then(Result::ok);
    let hello = hello.map(|d| parse::hello(&d, clock::now().boot));
    close(client).await;
    let hello = hello.filter(|h| h.writable && h.set_name.as_ref() == Some(&set.name))?;
    i64::try_from(hello.term?).ok()
}

async fn step_down(
    set: &ReplicaSet,
    app: &str,
    (host, term): (&str, i64),
    command: Document,
    precondition: Option<&Version>,
) -> Done {
    let writer = Writer::new(set, host, app).await?;
    let (_, config) = writer.config(set).await?;
    if let Some(mark) = precondition.filter(|m| m.version != config.version) {
        let text = format!("{host}: the configuration has changed from version {} to {}", mark.version, config.version);
        return Err(SendOutcome::mismatch(format!("{text}; nothing was sent")));
    }
    // Last, so that as little time as possible is between this read and the command.
    let hello = writer.hello(set).await?;
    let leads_in = hello.term.and_then(|t| i64::try_from(t).ok());
    if !hello.writable || leads_in != Some(term) {
        let now = leads_in.map_or_else(|| "is not primary".to_owned(), |t| format!("is primary in term {t}"));
        return Err(SendOutcome::mismatch(format!(
            "{host} {now}; it was to step down in term {term}; nothing was sent"
        )));
    }
    Ok(writer.carry_out(command).await)
}

async fn freeze(set: &ReplicaSet, app: &str, host: &str, secs: u32) -> Done {
    let writer = Writer::new(set, host, app).await?;
    writer.hello(set).await?;
    Ok(writer.carry_out(doc! { "replSetFreeze": secs }).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_for_the_log_ends_with_what_is_unique_and_is_not_too_long() {
        assert_eq!(app_name("night/0a1b2c3d/primary/2/3.1.0"), "landfall night/0a1b2c3d/primary/2/3.1.0");
        let long = app_name(&format!("{}/0a1b2c3d/primary/2/3.1.0", "é".repeat(90)));
        assert!(long.len() <= 128 && long.ends_with("/0a1b2c3d/primary/2/3.1.0"), "{long}");
    }
}
