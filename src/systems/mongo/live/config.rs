//! The configuration of a set, and the member that is its primary.

use std::time::Duration;

use futures_util::future::join_all;

use super::{
    SetReaders, client,
    client::{Command, Reply},
    lock,
    member::{REMOVED, WAITING},
    of_this_set, own_name, parse, read,
};
use crate::{
    collect::{clock, poll::timed_out},
    mongo::facts::Config,
};
use base::observed::{Fault, FaultKind};
use plan::ReplicaSet;

/// Is not primary (NotWritablePrimary).
const NOT_PRIMARY: i32 = 10107;

/// How long a reply about the default write concern is reused: it is queried as rarely as `serverStatus`, not with each configuration.
const DEFAULT_WRITE_FOR: Duration = Duration::from_secs(4);
/// The same for a denied query, so that the denials do not fill the server's log.
const DENIED_FOR: Duration = Duration::from_secs(15);

/// The connect time-out, plus time to report a failed connection; the queries that follow have the rest of the time-out.
const HELLO_WITHIN: Duration = client::CONNECT.saturating_add(Duration::from_millis(500));

impl SetReaders {
    /// The configuration, read from the primary. Without a primary: from any member, without the commitment status.
    pub(super) async fn config(&self, plan: &ReplicaSet) -> Result<Config, Fault> {
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
    pub(super) fn claimed(&self) -> Option<String> {
        lock(&self.claims).values().max().map(|(_, name)| name.clone())
    }

    fn keep(&self, config: Config) -> Config {
        let names = config.members.iter().filter_map(|m| Some((m.inside.clone()?, m.host.clone()))).collect();
        *lock(&self.names) = Some(names);
        *lock(&self.members) = config.members.iter().filter(|m| !m.arbiter).map(|m| m.host.clone()).collect();
        config
    }

    /// None where this member cannot answer: it is not primary, or is in no set.
    pub(super) async fn config_of(
        &self,
        plan: &ReplicaSet,
        host: &str,
        command: Command,
    ) -> Result<Option<Config>, Fault> {
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
    pub(super) async fn default_write(&self, plan: &ReplicaSet, host: &str) -> Option<bool> {
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
    pub(super) async fn find_leader(&self, plan: &ReplicaSet) -> (Option<String>, Vec<String>, Option<Fault>) {
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
