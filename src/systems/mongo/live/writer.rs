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
    bson::{Bson, Document, doc},
    error::{Error, ErrorKind},
};
use tokio::time::timeout;

use super::{
    client::{APP, close, connect, fault},
    parse,
};
use crate::{
    core::{estate::seen::Fault, step::Reply},
    drive::clock,
    journal::Permit,
    plan::{Plan, ReplicaSet},
    systems::{
        mongo::{
            facts::{Config, ConfigMember, Hello},
            ops::{Call, Mark, Reconfig},
        },
        steer::Sent,
    },
};

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
type Done = Result<Sent<Mark>, Sent<Mark>>;

impl Writers {
    pub(super) fn new(plan: &Arc<Plan>) -> Self {
        Self(plan.clone())
    }

    pub(super) async fn send(&self, permit: Permit, call: &Call, expect: Option<&Mark>) -> Sent<Mark> {
        let Some(set) = self.0.replica_sets.iter().find(|s| s.name == call.set()) else {
            return Sent::refused(format!("the plan has no replica set {}", call.set()));
        };
        if set.write.is_none() {
            return Sent::refused(format!("{}: the plan has no write_login", set.name));
        }
        let app = app_name(&permit.spend());
        let done = match call {
            Call::Reconfig(r) => reconfig(set, &app, r, expect).await,
            Call::StepDown { host, term, secs, catch_up, .. } => {
                let command = doc! { "replSetStepDown": secs, "secondaryCatchUpPeriodSecs": catch_up };
                step_down(set, &app, (host, *term), command, expect).await
            }
            Call::Freeze { host, secs, .. } => freeze(set, &app, host, *secs).await,
            Call::Wait { .. } => Err(Sent::refused("nothing to send: this only waits")),
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
    async fn new(set: &ReplicaSet, host: &str, app: &str) -> Result<Self, Sent<Mark>> {
        let client = connect(set, host, set.write.as_ref(), (app, PATIENCE)).await.map_err(unsent)?;
        Ok(Self { client, host: host.to_owned() })
    }

    /// A question before the request: if it fails, nothing was sent.
    async fn read<T>(&self, command: Document, parse: impl FnOnce(&Document) -> Option<T>) -> Result<T, Sent<Mark>> {
        let name = command.keys().next().cloned().unwrap_or_default();
        let reply = self.client.database("admin").run_command(command).await;
        let reply = reply.map_err(|e| unsent(fault(&self.host, &name, &e)))?;
        parse(&reply).ok_or_else(|| Sent::refused(format!("{}: {name}: not to be read; nothing was sent", self.host)))
    }

    /// What it says of itself, if it is of this set: with an address that is another's by now, nothing is sent.
    async fn hello(&self, set: &ReplicaSet) -> Result<Hello, Sent<Mark>> {
        let hello = self.read(doc! { "hello": 1 }, |d| Some(parse::hello(d, clock::now().boot))).await?;
        self.of_this_set(set, hello.set_name.as_deref().unwrap_or("no set"))?;
        Ok(hello)
    }

    fn of_this_set(&self, set: &ReplicaSet, told: &str) -> Result<(), Sent<Mark>> {
        if told == set.name {
            return Ok(());
        }
        Err(Sent::refused(format!("{}: is a member of `{told}`, not of `{}`; nothing was sent", self.host, set.name)))
    }

    /// The configuration as it stands there, and what it says.
    async fn config(&self, set: &ReplicaSet) -> Result<(Document, Config), Sent<Mark>> {
        let both = |d: &Document| Some((d.get_document("config").ok()?.clone(), parse::config(d, &self.host, &set.seeds)?));
        let (raw, config) = self.read(doc! { "replSetGetConfig": 1 }, both).await?;
        self.of_this_set(set, &config.set)?;
        Ok((raw, config))
    }

    /// The request itself.
    async fn carry_out(self, command: Document) -> Sent<Mark> {
        let name = command.keys().next().cloned().unwrap_or_default();
        let reply = self.client.database("admin").run_command(command).await;
        let sent = match reply {
            Ok(_) => Sent::yes(format!("{}: {name}: ok", self.host)),
            Err(error) => {
                let words = fault(&self.host, &name, &error).text.to_string();
                Sent { reply: verdict(&error), mark: None, said: words }
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
            _ => Reply::Lost,
        },
        // Nothing was written to any socket.
        ErrorKind::Authentication { .. } | ErrorKind::ServerSelection { .. } | ErrorKind::ConnectionPoolCleared { .. } => {
            Reply::Refused
        }
        _ => Reply::Lost,
    }
}

/// It did not come to the request.
fn unsent(fault: Fault) -> Sent<Mark> {
    Sent::refused(format!("{fault}; nothing was sent"))
}

async fn reconfig(set: &ReplicaSet, app: &str, r: &Reconfig, expect: Option<&Mark>) -> Done {
    let leader = leader(set, app, r, expect).await?;
    let (raw, config) = leader.config(set).await?;
    let term = config.term.unwrap_or(-1);
    let moved = config.version != r.version.saturating_sub(1)
        || expect.is_some_and(|m| m.version != config.version)
        || (!r.any_term && expect.is_some_and(|m| m.term != term));
    if moved {
        return Err(Sent::mismatch(format!(
            "{}: version {} of term {term} is not what it compares with; nothing was sent",
            leader.host, config.version
        )));
    }
    if config.members != r.before {
        let text = format!("{}: the members are not what they were in version {}", leader.host, config.version);
        return Err(Sent::mismatch(format!("{text}; nothing was sent")));
    }
    let members = r.members(&leader.host);
    let new = document(raw, r.version, members).map_err(|why| Sent::refused(format!("{}: {why}; nothing was sent", leader.host)))?;
    let mark = Mark { version: r.version, term, leader: Some(leader.host.clone()) };
    let sent = leader.carry_out(doc! { "replSetReconfig": new }).await;
    Ok(Sent { mark: (sent.reply == Reply::Yes).then_some(mark), ..sent })
}

/// The observed document with these members at this version, all else as it is.
///
/// # Errors
/// It is not what it seems, or a member cannot come in with all that it needs there.
fn document(mut raw: Document, version: i64, members: &[ConfigMember]) -> Result<Document, String> {
    let unread = || "its configuration cannot be read".to_owned();
    let old: Vec<Document> = raw.get_array("members").map_err(|_| unread())?.iter().filter_map(|m| m.as_document().cloned()).collect();
    let ids = old.iter().map(|m| m.get_i32("_id").ok()).collect::<Option<Vec<_>>>();
    let mut next = ids.and_then(|ids| ids.into_iter().max()?.checked_add(1)).ok_or_else(unread)?;
    let mut new = Vec::new();
    for member in members {
        let known = old.iter().find(|m| m.get_str("host").is_ok_and(|host| host == member.name())).cloned();
        let mut m = match known {
            Some(known) => known,
            None => {
                next += 1;
                comes_in(next - 1, member, &old)?
            }
        };
        m.insert("votes", i32::try_from(member.votes).map_err(|_| unread())?);
        m.insert("priority", member.priority);
        m.insert("hidden", member.hidden);
        new.push(Bson::from(m));
    }
    raw.insert("members", new);
    // In the number's own type: some versions refuse another one.
    match raw.get("version") {
        Some(Bson::Int64(_)) => raw.insert("version", version),
        _ => raw.insert("version", i32::try_from(version).map_err(|_| unread())?),
    };
    Ok(raw)
}

/// A member that is not there yet, with all that is known of it but votes and priority.
fn comes_in(id: i32, member: &ConfigMember, others: &[Document]) -> Result<Document, String> {
    if member.inside.is_some() {
        return Err(format!("{} has horizons, of which one alone is known: only whoever has all of its names can bring it in", member.host));
    }
    let tags: Document = member.tags.iter().map(|(k, v)| (k.clone(), Bson::from(v.as_str()))).collect();
    let mut m = doc! { "_id": id, "host": member.name(), "tags": tags };
    if member.arbiter {
        m.insert("arbiterOnly", true);
    }
    if !member.delay.is_zero() {
        // `secondaryDelaySecs` was `slaveDelay` before 5.0, and each version refuses the other name.
        let old = others.iter().any(|m| m.contains_key("slaveDelay"));
        let late = i64::try_from(member.delay.as_secs()).map_err(|_| format!("{} is late by no time", member.host))?;
        m.insert(if old { "slaveDelay" } else { "secondaryDelaySecs" }, late);
    }
    Ok(m)
}

/// Whoever accepts writes in the highest term, of all members that are meant; asked without a login, as anybody may.
///
/// Who is expected to lead is asked first, alone: if it does, in the term that is expected or after the election that was, nobody else can.
async fn leader(set: &ReplicaSet, app: &str, r: &Reconfig, expect: Option<&Mark>) -> Result<Writer, Sent<Mark>> {
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
        None => Err(Sent::refused(format!("{}: no member accepts writes; nothing was sent", set.name))),
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
    expect: Option<&Mark>,
) -> Done {
    let writer = Writer::new(set, host, app).await?;
    let (_, config) = writer.config(set).await?;
    if let Some(mark) = expect.filter(|m| m.version != config.version) {
        let text = format!("{host}: the configuration has moved on from version {} to {}", mark.version, config.version);
        return Err(Sent::mismatch(format!("{text}; nothing was sent")));
    }
    // Last, so that as little as can be lies between.
    let hello = writer.hello(set).await?;
    let leads_in = hello.term.and_then(|t| i64::try_from(t).ok());
    if !hello.writable || leads_in != Some(term) {
        let now = leads_in.map_or_else(|| "does not lead".to_owned(), |t| format!("leads in term {t}"));
        return Err(Sent::mismatch(format!("{host} {now}; it was to step down in term {term}; nothing was sent")));
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

    fn member(host: &str, priority: f64) -> ConfigMember {
        ConfigMember { host: host.into(), votes: 1, priority, ..ConfigMember::default() }
    }

    #[test]
    fn what_is_not_meant_to_change_is_sent_as_it_was_read() {
        let raw = doc! { "_id": "t", "version": 7, "term": 3_i64, "writeConcernMajorityJournalDefault": true,
            "settings": { "electionTimeoutMillis": 1000, "somethingNew": 4 },
            "members": [
                { "_id": 4, "host": "a:1", "votes": 1, "priority": 1.0, "hidden": false, "buildIndexes": true, "tags": { "region": "x" } },
                { "_id": 2, "host": "b:1", "votes": 1, "priority": 1.0, "hidden": false, "horizons": { "out": "b:2" } },
            ] };
        let mut wanted = vec![member("a:1", 2.0), member("c:1", 0.0)];
        wanted[1].tags = vec![("region".into(), "y".into())];
        wanted[1].hidden = true;
        wanted[1].votes = 0;
        let new = document(raw.clone(), 8, &wanted).expect("a configuration");
        assert_eq!(
            new,
            doc! { "_id": "t", "version": 8, "term": 3_i64, "writeConcernMajorityJournalDefault": true,
                "settings": { "electionTimeoutMillis": 1000, "somethingNew": 4 },
                "members": [
                    { "_id": 4, "host": "a:1", "votes": 1, "priority": 2.0, "hidden": false, "buildIndexes": true, "tags": { "region": "x" } },
                    { "_id": 5, "host": "c:1", "tags": { "region": "y" }, "votes": 0, "priority": 0.0, "hidden": true },
                ] }
        );
        // Nobody's id is given to somebody else.
        let gone = document(raw, 8, &[member("b:1", 1.0), member("c:1", 1.0)]).expect("a configuration");
        let members = gone.get_array("members").expect("members").iter().filter_map(Bson::as_document);
        let ids: Vec<_> = members.filter_map(|m| m.get_i32("_id").ok()).collect();
        assert_eq!(ids, [2, 5]);
    }

    #[test]
    fn who_comes_back_is_as_late_as_it_was_and_never_under_one_of_several_names() {
        let raw = |delay: &str| {
            doc! { "_id": "t", "version": 7, "members": [{ "_id": 0, "host": "a:1", "votes": 1, "priority": 1.0, "hidden": false, delay: 0_i64 }] }
        };
        let late = ConfigMember { hidden: true, delay: Duration::from_secs(3600), votes: 0, ..member("b:1", 0.0) };
        for key in ["slaveDelay", "secondaryDelaySecs"] {
            let new = document(raw(key), 8, &[member("a:1", 1.0), late.clone()]).expect("a configuration");
            let reply = doc! { "config": new.clone() };
            let read = parse::config(&reply, "a:1", &[]).expect("readable");
            assert_eq!(read.members[1], late, "{key}");
            let members = new.get_array("members").expect("members");
            assert!(members[1].as_document().is_some_and(|m| m.get_i64(key).ok() == Some(3600)), "{key}");
        }
        let two = ConfigMember { inside: Some("in:1".into()), ..member("out:1", 1.0) };
        let why = document(raw("secondaryDelaySecs"), 8, &[member("a:1", 1.0), two]).expect_err("refused");
        assert!(why.contains("horizons"), "{why}");
    }

    #[test]
    fn a_name_for_the_log_ends_with_what_is_unique_and_is_not_too_long() {
        assert_eq!(app_name("night/0a1b2c3d/primary/2/3.1.0"), "landfall night/0a1b2c3d/primary/2/3.1.0");
        let long = app_name(&format!("{}/0a1b2c3d/primary/2/3.1.0", "é".repeat(90)));
        assert!(long.len() <= 128 && long.ends_with("/0a1b2c3d/primary/2/3.1.0"), "{long}");
    }
}
