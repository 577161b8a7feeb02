//! Verification of requests: always read again from the members, never from memory.
//!
//! A configuration is read from the primary. A step down and a freeze appear in no status: the server's acceptance is one proof, a line in
//! its own log under the request's name is the other. The log is a ring of 1,024 lines in memory (`getLog`; it needs that privilege, and a
//! login without it loses only this second proof).

use serde::Deserialize;

use super::{
    SetReaders,
    client::{Command, Reply},
    judge::{NoAnswer, of_freeze, step_down_unanswered},
    of_this_set,
    writer::app_name,
};
use crate::mongo::{
    facts::{Config, Hello, Membership, Peer, Status},
    ops::{Call, Lapse, Reconfig, Until, Version},
};
use base::{
    observed::Fault,
    operation::{Verified, VerifyRequest},
    step::Truth,
};
use plan::ReplicaSet;

type Outcome = Verified<Version>;

/// What a member's log shows of a request.
enum Logged {
    /// It carried it out.
    Done,
    /// It has no entry of it.
    Nothing,
    /// The log cannot be read.
    Denied(String),
}

impl SetReaders {
    pub(super) async fn verify(&self, plan: &ReplicaSet, request: &VerifyRequest<'_, Call, Version>) -> Outcome {
        match request.call {
            Call::Reconfig(r) => self.verify_config(plan, r).await,
            Call::StepDown { host, term, .. } => self.verify_step_down(plan, host, *term, request).await,
            Call::Freeze { host, secs, lapse, .. } => self.verify_freeze(plan, host, (*secs, *lapse), request).await,
            Call::Wait { until, .. } => self.verify_wait(plan, until).await,
        }
    }

    /// A member's `hello` reply, if it is a member of the set.
    async fn member_hello(&self, plan: &ReplicaSet, host: &str) -> Result<Hello, NoAnswer> {
        let unobservable = |fault: Fault| NoAnswer::Unobservable(fault.to_string());
        let hello = self.greeting(plan, host).await.map_err(unobservable)?;
        match of_this_set(plan, host, hello.set_name.as_deref()) {
            Ok(()) => Ok(hello),
            Err(fault) => Err(NoAnswer::Elsewhere(fault.to_string())),
        }
    }

    /// The member that accepts writes, and its term.
    async fn leads(&self, plan: &ReplicaSet) -> Option<(String, Option<i64>)> {
        let (leader, ..) = self.find_leader(plan).await;
        let host = leader?;
        let hello = self.hello(plan, &host).await.ok().filter(|h| h.writable)?;
        Some((host, term_of(&hello)))
    }

    async fn verify_config(&self, plan: &ReplicaSet, r: &Reconfig) -> Outcome {
        let config = match self.config(plan).await {
            Ok(config) => config,
            Err(fault) => return Verified::unobservable(fault.to_string()),
        };
        // Only a primary reports the commitment status.
        let led = config.committed.is_some();
        let truth = if r.made(config.version, &config.members) {
            Truth::Applied
        } else if !led {
            // A secondary may not have the newest one yet.
            Truth::Unobservable
        } else if config.version < r.version {
            Truth::NotApplied
        } else {
            Truth::Conflict
        };
        let detail = format!("{} has version {}{}", config.from, config.version, term_text(&config));
        let mark = Version {
            version: config.version,
            term: config.term.unwrap_or(-1),
            leader: led.then(|| config.from.clone()),
        };
        Verified { truth, version: (truth != Truth::Unobservable).then_some(mark), detail }
    }

    async fn verify_step_down(
        &self,
        plan: &ReplicaSet,
        host: &str,
        term: i64,
        request: &VerifyRequest<'_, Call, Version>,
    ) -> Outcome {
        let hello = match self.member_hello(plan, host).await {
            Ok(hello) => hello,
            Err(no_answer) => {
                return step_down_unanswered(host, term, no_answer, self.leads(plan).await, request.accepted);
            }
        };
        if hello.writable && term_of(&hello) == Some(term) {
            return Verified::new(Truth::NotApplied, format!("{host} is primary in term {term}"));
        }
        let over = format!("term {term} of {host} is over");
        if request.accepted {
            return Verified::new(Truth::Applied, format!("{over}, as its reply shows"));
        }
        match self.was_logged(plan, host, request.tag, STEPPED_DOWN).await {
            Logged::Done => {
                Verified::new(Truth::Applied, format!("{over}: its log shows that it stepped down for this request"))
            }
            Logged::Nothing => Verified::new(
                Truth::Conflict,
                format!("{over}, and its log does not show that this request was the cause"),
            ),
            Logged::Denied(why) => {
                Verified::new(Truth::Conflict, format!("{over}; the cause would be in its log: {why}"))
            }
        }
    }

    async fn verify_freeze(
        &self,
        plan: &ReplicaSet,
        host: &str,
        (secs, lapse): (u32, Option<Lapse>),
        request: &VerifyRequest<'_, Call, Version>,
    ) -> Outcome {
        let member_hello = self.member_hello(plan, host).await;
        if let Some(sight) = of_freeze(host, &member_hello, (secs, lapse), request.accepted) {
            return sight;
        }
        let detail = match &member_hello {
            Ok(hello) => match self.was_logged(plan, host, request.tag, FROZEN).await {
                Logged::Done => return Verified::new(Truth::Applied, format!("{host}'s log shows it")),
                _ if hello.writable => {
                    return Verified::new(
                        Truth::Conflict,
                        format!("{host} is primary: it is not frozen, for {secs} s or at all"),
                    );
                }
                Logged::Nothing => format!("{host}'s log does not show it"),
                Logged::Denied(why) => format!("{host}'s log is needed: {why}"),
            },
            Err(NoAnswer::Elsewhere(why) | NoAnswer::Unobservable(why)) => {
                format!("{host} does not answer for the set: {why}")
            }
        };
        match lapse {
            None => Verified::new(Truth::NotApplied, detail),
            Some(lapse) => match self.has_lapsed(plan, lapse).await {
                Ok(by) => Verified::new(
                    Truth::Applied,
                    format!("{detail}; the {} s of its step-down are over: {by}", lapse.secs),
                ),
                Err(why) => Verified::unobservable(format!("{detail}; {why}")),
            },
        }
    }

    /// Whether the effect of a step down on a member has expired; otherwise the remaining time, or why that is not known.
    async fn has_lapsed(&self, plan: &ReplicaSet, lapse: Lapse) -> Result<String, String> {
        let (leader, term) = self.leads(plan).await.ok_or("there is no primary")?;
        let status = self.own_status(plan, &leader).await.map_err(|unobservable| unobservable.detail)?;
        let led = status.led.ok_or_else(|| format!("{leader} does not report when it became primary"))?;
        let detail = format!("{leader} has been primary for {}", base::now::short(led));
        let over = term.is_some_and(|term| lapse.is_over(term, led));
        if over { Ok(detail) } else { Err(format!("the {} s of its step-down have not ended: {detail}", lapse.secs)) }
    }

    /// Whether a member's log shows that it carried out the request with this tag.
    async fn was_logged(&self, plan: &ReplicaSet, host: &str, tag: &str, lines: &[u32]) -> Logged {
        match self.ask(plan, host, Command::Log, &[]).await {
            Ok(Reply::Document(d)) => {
                let log = d.get_array("log").ok().into_iter().flatten().filter_map(|line| line.as_str());
                if carried_out(log, &app_name(tag), lines) { Logged::Done } else { Logged::Nothing }
            }
            Ok(Reply::Code(code)) => Logged::Denied(format!("error {code}")),
            Err(fault) => Logged::Denied(fault.to_string()),
        }
    }

    async fn verify_wait(&self, plan: &ReplicaSet, until: &Until) -> Outcome {
        match until {
            Until::Committed { version } => match self.of_leader(plan).await {
                Err(unobservable) => unobservable,
                Ok(config) => {
                    let truth =
                        if config.version == *version { of(config.committed == Some(true)) } else { Truth::Conflict };
                    Verified::new(truth, commitment(&config))
                }
            },
            Until::Settled => match self.of_leader(plan).await {
                Err(unobservable) => unobservable,
                Ok(config) => Verified::new(
                    of(config.committed == Some(true)),
                    format!("{} accepts writes; {}", config.from, commitment(&config)),
                ),
            },
            Until::CaughtUp { host, within_ms } => self.verify_caught_up(plan, host, *within_ms).await,
            Until::Leads { host, after } => match self.hello(plan, host).await {
                Err(fault) => Verified::unobservable(fault.to_string()),
                Ok(hello) => {
                    let term = term_of(&hello).filter(|_| hello.writable);
                    let detail = match term {
                        Some(term) => format!("{host} accepts writes in term {term}"),
                        None => format!(
                            "{host} does not accept writes; it reports {} as primary",
                            hello.primary.as_deref().unwrap_or("nobody")
                        ),
                    };
                    Verified::new(of(term.is_some_and(|t| t > *after)), detail)
                }
            },
            Until::Writable => match self.leads(plan).await {
                Some((host, _)) => Verified::new(Truth::Applied, format!("{host} accepts writes")),
                None => Verified::unobservable("none of the members that answer accepts writes"),
            },
        }
    }

    /// The configuration, read from the primary.
    async fn of_leader(&self, plan: &ReplicaSet) -> Result<Config, Outcome> {
        match self.config(plan).await {
            Ok(config) if config.committed.is_some() => Ok(config),
            Ok(config) => Err(Verified::unobservable(format!("no primary, according to {}", config.from))),
            Err(fault) => Err(Verified::unobservable(fault.to_string())),
        }
    }

    /// Whether a member has what the primary had before the query; otherwise the age of the primary's newest write that the member has.
    async fn verify_caught_up(&self, plan: &ReplicaSet, host: &str, within_ms: u32) -> Outcome {
        let Some((leader, _)) = self.leads(plan).await else { return Verified::unobservable("there is no primary") };
        let both = async { Ok((self.own_status(plan, &leader).await?, self.own_status(plan, host).await?)) };
        let (first, member) = match both.await {
            Ok(both) => both,
            Err(fault) => return fault,
        };
        if first.applied.is_some() && first.applied <= member.applied {
            return Verified::new(Truth::Applied, format!("{host} has caught up with {leader}"));
        }
        let Some((ahead, behind)) = first.applied_wall.zip(member.applied_wall) else {
            return Verified::unobservable(format!("{host} or {leader} does not report its last write"));
        };
        let lag = ahead.duration_since(behind);
        let level = lag.as_millis() < i128::from(within_ms);
        Verified::new(of(level), format!("{host} is {:.1} s behind {leader}", lag.as_secs_f64()))
    }

    async fn own_status(&self, plan: &ReplicaSet, host: &str) -> Result<Box<Status>, Outcome> {
        let peer = Peer { set: 0, host: host.into() };
        match self.status(plan, &peer).await {
            Ok(Membership::In(status)) => Ok(status),
            Ok(_) => Err(Verified::unobservable(format!("{host} is in no set"))),
            Err(fault) => Err(Verified::unobservable(fault.to_string())),
        }
    }
}

const fn of(is: bool) -> Truth {
    if is { Truth::Applied } else { Truth::NotApplied }
}

fn term_of(hello: &Hello) -> Option<i64> {
    hello.term.and_then(|t| i64::try_from(t).ok())
}

fn term_text(config: &Config) -> String {
    config.term.map_or_else(String::new, |term| format!(" of term {term}"))
}

fn commitment(config: &Config) -> String {
    let word =
        if config.committed == Some(true) { "committed to a majority" } else { "not committed to a majority yet" };
    format!("version {} is {word}", config.version)
}

/// "replSetStepDown command completed" [measured, 4.4 to 6.0].
const STEPPED_DOWN: &[u32] = &[21580];
/// "Freezing", "Unfreezing" [measured, 6.0].
const FROZEN: &[u32] = &[21817, 21818];
/// "client metadata": the application name of a connection.
const METADATA: u32 = 51800;

/// Whether a log has one of these lines on a connection with this application name.
fn carried_out<'l>(log: impl Iterator<Item = &'l str>, app: &str, lines: &[u32]) -> bool {
    #[derive(Deserialize)]
    struct Line {
        id: u32,
        ctx: String,
        attr: Option<Attr>,
    }
    #[derive(Deserialize)]
    struct Attr {
        doc: Option<Metadata>,
    }
    #[derive(Deserialize)]
    struct Metadata {
        application: Option<Application>,
    }
    #[derive(Deserialize)]
    struct Application {
        name: String,
    }
    // Connection numbers are never reused, and the name is logged before anything else.
    let mut ours = Vec::new();
    for line in log.filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
        let name = line.attr.and_then(|a| a.doc).and_then(|d| d.application).map(|a| a.name);
        if line.id == METADATA && name.as_deref() == Some(app) {
            ours.push(line.ctx);
        } else if lines.contains(&line.id) && ours.contains(&line.ctx) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_counts_for_the_connection_that_gave_itself_that_name() {
        let log = [
            r#"{"t":{"$date":"x"},"s":"I","c":"NETWORK","id":51800,"ctx":"conn46","msg":"client metadata","attr":{"client":"conn46","doc":{"application":{"name":"landfall t/1/a"}}}}"#,
            r#"{"id":51800,"ctx":"conn47","attr":{"doc":{"application":{"name":"landfall t/1/b"}}}}"#,
            r#"{"id":21579,"ctx":"conn46","msg":"Attempting to step down in response to replSetStepDown command"}"#,
            r#"{"id":21580,"ctx":"conn47","msg":"replSetStepDown command completed"}"#,
            "torn",
        ];
        let done = |app: &str| carried_out(log.into_iter(), app, STEPPED_DOWN);
        assert!(done("landfall t/1/b"));
        assert!(!done("landfall t/1/a"), "it tried only");
        assert!(!done("landfall t/1"));
    }
}
