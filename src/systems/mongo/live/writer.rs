//! What can change a set: three commands, and nothing else.
//!
//! Each request has a client of its own, which is given up with it: so that no retry, no pool and no second copy can send it again, and so
//! that the server's own log says by the client's name which request it carried out. What a request compares with is read again over the
//! connection that it is sent on; between that read and the command the server itself keeps order: a configuration by its version, a step
//! down by there being one primary a term.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use mongodb::{
    Client,
    bson::{Document, doc},
    error::{Error, ErrorKind},
};
use tokio::time::timeout;

use super::{
    client::{APP, close, connect, fault},
    document::document,
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

/// The writing logins of the plan. No connection is kept.
pub struct Writers(Arc<Plan>);

/// What a connection that changes something calls itself: the server's log has it beside what it carried out. The end of the tag is what is
/// unique; a server takes up to 128 bytes.
pub(super) fn app_name(tag: &str) -> String {
    const ROOM: usize = 100;
    let from = (tag.len().saturating_sub(ROOM)..tag.len()).find(|at| tag.is_char_boundary(*at)).unwrap_or(0);
    format!("landfall {}", &tag[from..])
}

/// How long a member may take to be connected to, or to say whether it leads, on a long and busy link.
const PATIENCE: Duration = Duration::from_secs(5);

/// What keeps a request from being sent, or what came of it.
type Done = Result<SendOutcome<Version>, SendOutcome<Version>>;

impl Writers {
    pub(super) fn new(plan: &Arc<Plan>) -> Self {
        Self(plan.clone())
    }

    pub(super) async fn send(&self, permit: Permit, call: &Call, expect: Option<&Version>) -> SendOutcome<Version> {
        let Some(set) = self.0.replica_sets.iter().find(|s| s.name == call.set()) else {
            return SendOutcome::refused(format!("the plan has no replica set {}", call.set()));
        };
        if set.write.is_none() {
            return SendOutcome::refused(format!("{}: the plan has no write_login", set.name));
        }
        let app = app_name(&permit.spend());
        let done = match call {
            Call::Reconfig(r) => reconfig(set, &app, r, expect).await,
            Call::StepDown { host, term, secs, catch_up, .. } => {
                let command = doc! { "replSetStepDown": secs, "secondaryCatchUpPeriodSecs": catch_up };
                step_down(set, &app, (host, *term), command, expect).await
            }
            Call::Freeze { host, secs, .. } => freeze(set, &app, host, *secs).await,
            Call::Wait { .. } => Err(SendOutcome::refused("nothing to send: this operation only waits")),
        };
        done.unwrap_or_else(|sent| sent)
    }
}

/// A connection that lives as long as one request.
struct Writer {
    client: Client,
    host: String,
}

impl Writer {
    async fn new(set: &ReplicaSet, host: &str, app: &str) -> Result<Self, SendOutcome<Version>> {
        let client = connect(set, host, set.write.as_ref(), (app, PATIENCE)).await.map_err(unsent)?;
        Ok(Self { client, host: host.to_owned() })
    }

    /// A question before the request: if it fails, nothing was sent.
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

    /// What it says of itself, if it is of this set: with an address that is another's by now, nothing is sent.
    async fn hello(&self, set: &ReplicaSet) -> Result<Hello, SendOutcome<Version>> {
        let hello = self.read(doc! { "hello": 1 }, |d| Some(parse::hello(d, clock::now().boot))).await?;
        self.of_this_set(set, hello.set_name.as_deref().unwrap_or("no set"))?;
        Ok(hello)
    }

    fn of_this_set(&self, set: &ReplicaSet, told: &str) -> Result<(), SendOutcome<Version>> {
        if told == set.name {
            return Ok(());
        }
        Err(SendOutcome::refused(format!(
            "{}: is a member of `{told}`, not of `{}`; nothing was sent",
            self.host, set.name
        )))
    }

    /// The configuration as it stands there, and what it says.
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

/// What a server's error says of a request: whether it was carried out.
fn verdict(error: &Error) -> Reply {
    match &*error.kind {
        ErrorKind::Command(c) => match c.code {
            // Not the version, not the term it was for (NewReplicaSetConfigurationIncompatible, NotWritablePrimary).
            103 | 10107 => Reply::Mismatch,
            // Unauthorized, AuthenticationFailed, InvalidOptions, CommandNotFound, BadValue, InvalidReplicaSetConfig, NotSecondary,
            // ConfigurationInProgress, CurrentConfigNotCommittedYet; of a step down, nobody caught up (ExceededTimeLimit).
            // 93 and 104 are said before anything is installed [measured, 4.4 to 6.0].
            13 | 18 | 72 | 59 | 2 | 93 | 95 | 104 | 109 | 308 | 262 => Reply::Refused,
            // Not enough voters answered (74): said by the check before it is installed, but after seconds in which anything can have
            // happened; 50 and all others: it may well be installed.
            _ => Reply::Indeterminate,
        },
        // Nothing was written to any socket.
        ErrorKind::Authentication { .. }
        | ErrorKind::ServerSelection { .. }
        | ErrorKind::ConnectionPoolCleared { .. } => Reply::Refused,
        _ => Reply::Indeterminate,
    }
}

/// It did not come to the request.
fn unsent(fault: Fault) -> SendOutcome<Version> {
    SendOutcome::refused(format!("{fault}; nothing was sent"))
}

async fn reconfig(set: &ReplicaSet, app: &str, r: &Reconfig, expect: Option<&Version>) -> Done {
    let leader = leader(set, app, r, expect).await?;
    let (raw, config) = leader.config(set).await?;
    let term = config.term.unwrap_or(-1);
    let moved = config.version != r.version.saturating_sub(1)
        || expect.is_some_and(|m| m.version != config.version)
        || (!r.any_term && expect.is_some_and(|m| m.term != term));
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

/// Whoever accepts writes in the highest term, of all members that are meant; asked without a login, as anybody may.
///
/// Who is expected to lead is asked first, alone: if it does, in the term that is expected or after the election that was, nobody else can.
async fn leader(
    set: &ReplicaSet,
    app: &str,
    r: &Reconfig,
    expect: Option<&Version>,
) -> Result<Writer, SendOutcome<Version>> {
    let likely = match &r.unless {
        Some(unless) => Some((unless.leads.as_str(), None)),
        None => expect.and_then(|m| Some((m.leader.as_deref()?, Some(m.term)))),
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

/// The term in which a member accepts writes; none: it does not, or does not say so in time.
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
    expect: Option<&Version>,
) -> Done {
    let writer = Writer::new(set, host, app).await?;
    let (_, config) = writer.config(set).await?;
    if let Some(mark) = expect.filter(|m| m.version != config.version) {
        let text = format!("{host}: the configuration has changed from version {} to {}", mark.version, config.version);
        return Err(SendOutcome::mismatch(format!("{text}; nothing was sent")));
    }
    // Last, so that as little as can be lies between.
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
