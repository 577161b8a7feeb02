//! Requests carried out and verified by a simulated set.
//!
//! A verification uses only what could be read: the configuration of the primary, which member is primary and in which term, and for a
//! step down or a freeze the line in the member's own log, as long as that member is not restarted.

use super::{Set, Sim};
use crate::{
    mongo::FaultInjection,
    mongo::{
        Observation, Probe, State,
        ops::{Call, Lapse, Reconfig, Until, Version},
    },
    planner::SimulateWrites,
};
use base::{
    now::Now,
    observed::{Fault, FaultKind},
    operation::{SendOutcome, Verified},
    step::{Reply, Truth},
};
use plan::Action;

impl SimulateWrites for State {
    type Injection = FaultInjection;

    fn write(sim: &mut Sim, tag: &str, call: &Call, precondition: Option<&Version>, now: Now) -> SendOutcome<Version> {
        let Some(set) = sim.sets.iter_mut().find(|s| s.name == call.set()) else {
            return SendOutcome { reply: Reply::Refused, version: None, detail: format!("no set {} here", call.set()) };
        };
        set.advance(now.boot);
        let done = match call {
            Call::Reconfig(r) => set.reconfig(r, precondition, now),
            Call::StepDown { host, term, secs, catch_up, .. } => {
                set.stepped_down(host, *term, (*secs, *catch_up), precondition, now)
            }
            Call::Freeze { host, secs, .. } => set.freezes(host, *secs, now),
            Call::Wait { .. } => Err((Reply::Refused, "nothing to send: this operation only waits".to_owned())),
        };
        match done {
            Ok(host) => {
                set.known_primary.insert(tag.to_owned(), host);
                // Every time: a request that was sent twice shows here.
                sim.log.push(tag.to_owned());
                SendOutcome { reply: Reply::Accepted, version: Some(set.mark()), detail: "ok".to_owned() }
            }
            Err((reply, detail)) => SendOutcome { reply, version: None, detail },
        }
    }

    fn verify(sim: &mut Sim, tag: &str, call: &Call, _: Option<&Version>, now: Now) -> Verified<Version> {
        let Some(set) = sim.sets.iter_mut().find(|s| s.name == call.set()) else {
            return Verified {
                truth: Truth::Unobservable,
                version: None,
                detail: format!("no set {} here", call.set()),
            };
        };
        set.advance(now.boot);
        let (truth, detail) = match call {
            Call::Reconfig(r) => set.verify_config(r),
            Call::StepDown { host, term, .. } => set.verify_step_down(tag, host, *term),
            Call::Freeze { host, secs, lapse, .. } => set.verify_freeze(tag, host, (*secs, *lapse), now),
            Call::Wait { until, .. } => set.wait(until, now),
        };
        Verified { truth, version: (truth != Truth::Unobservable).then(|| set.mark()), detail }
    }

    fn sample(sim: &mut Sim, probe: &Probe, now: Now) -> Result<Observation, Fault> {
        let every = sim.plan.replica_sets.get(probe.set).and_then(|set| set.canary.as_ref()).map(|canary| canary.every);
        let (Some(every), Some(set)) = (every, sim.sets.get_mut(probe.set)) else {
            return Err(Fault::new(FaultKind::NotFound, "no such canary in the simulated estate"));
        };
        let none = || Fault::new(FaultKind::Empty, "no write has completed yet");
        set.sample(probe.concern, every, now.boot).map(Observation::CanaryReading).ok_or_else(none)
    }

    fn log(sim: &Sim) -> &[String] {
        &sim.log
    }

    /// An external change by a person with a shell: a member's tags, which do not matter to a move, except for the version.
    fn external_change(sim: &mut Sim, action: &Action, now: Now) {
        let Some(set) = crate::mongo::ops::set_of(action).and_then(|set| sim.sets.iter_mut().find(|s| s.name == *set))
        else {
            return;
        };
        set.advance(now.boot);
        let mut members = set.configured();
        if let Some(last) = members.last_mut().filter(|_| set.primary.is_some()) {
            let tag = (format!("checked-{}-{}", set.term, set.version), "yes".to_owned());
            last.tags.push(tag);
            set.install(set.version + 1, &members, now.boot);
        }
    }

    fn inject(sim: &mut Sim, what: &FaultInjection, now: Now) -> Result<(), String> {
        sim.inject(what, now)
    }
}

/// The host that carried it out; otherwise the result.
type Done = Result<String, (Reply, String)>;

impl Set {
    pub(super) fn leader(&self) -> Option<&str> {
        self.primary.map(|p| self.members[p].config.host.as_str())
    }

    fn now_term(&self) -> i64 {
        i64::try_from(self.term).unwrap_or(i64::MAX)
    }

    fn mark(&self) -> Version {
        Version { version: self.version, term: self.now_term(), leader: self.leader().map(str::to_owned) }
    }

    /// Index of a member that answers.
    fn answers(&self, host: &str) -> Option<usize> {
        let place = self.members.iter().position(|m| m.config.host == host)?;
        self.up(place).then_some(place)
    }

    fn reconfig(&mut self, r: &Reconfig, precondition: Option<&Version>, now: Now) -> Done {
        let Some(leader) = self.leader().map(str::to_owned) else {
            return Err((Reply::Refused, "10107: nobody leads".to_owned()));
        };
        let stale = r.version != self.version + 1
            || precondition.is_some_and(|m| m.version != self.version)
            || (!r.any_term && precondition.is_some_and(|m| m.term != self.now_term()))
            || self.configured() != r.before;
        if stale {
            let (version, term) = (self.version, self.term);
            return Err((Reply::Mismatch, format!("version {version} of term {term} does not match the precondition")));
        }
        let members = r.members(&leader);
        match self.takes(r.version, members, now.boot) {
            Ok(()) => {
                self.install(r.version, members, now.boot);
                Ok(leader)
            }
            Err(refusal) => Err((Reply::Refused, format!("{}: {}", refusal.code, refusal.why))),
        }
    }

    fn stepped_down(
        &mut self,
        host: &str,
        term: i64,
        secs: (u32, u32),
        precondition: Option<&Version>,
        now: Now,
    ) -> Done {
        let Some(place) = self.answers(host) else {
            return Err((Reply::Indeterminate, format!("{host}: connection refused")));
        };
        if self.primary != Some(place) || now.boot < self.writable_at {
            return Err((Reply::Mismatch, format!("10107: {host} is not a writable primary")));
        }
        if self.now_term() != term {
            return Err((Reply::Mismatch, format!("stale term: {host} is primary in term {}, not {term}", self.term)));
        }
        if precondition.is_some_and(|m| m.version != self.version) {
            return Err((Reply::Mismatch, format!("the configuration has changed to version {}", self.version)));
        }
        match self.step_down(place, secs.0, secs.1, now) {
            Ok(()) => Ok(host.to_owned()),
            Err(()) => Err((Reply::Refused, format!("262: nobody caught up within {} s; {host} leads on", secs.1))),
        }
    }

    fn freezes(&mut self, host: &str, secs: u32, now: Now) -> Done {
        let Some(place) = self.answers(host) else {
            return Err((Reply::Indeterminate, format!("{host}: connection refused")));
        };
        if self.primary == Some(place) {
            return Err((Reply::Refused, "95: cannot freeze node when primary".to_owned()));
        }
        self.freeze(place, secs, now.boot);
        Ok(host.to_owned())
    }

    fn verify_config(&self, r: &Reconfig) -> (Truth, String) {
        let Some(from) =
            self.leader().or_else(|| self.members.iter().map(|m| &*m.config.host).find(|h| self.answers(h).is_some()))
        else {
            return (Truth::Unobservable, "no member answers".to_owned());
        };
        let detail = format!("{from} has version {} of term {}", self.version, self.term);
        let truth = if r.made(self.version, &self.configured()) {
            Truth::Applied
        } else if self.primary.is_none() {
            // A secondary may not have the newest one yet.
            Truth::Unobservable
        } else if self.version < r.version {
            Truth::NotApplied
        } else {
            Truth::Conflict
        };
        (truth, detail)
    }

    fn verify_step_down(&self, tag: &str, host: &str, term: i64) -> (Truth, String) {
        let over = self.now_term() != term || self.leader() != Some(host);
        let Some(_) = self.answers(host) else {
            return match self.leader() {
                Some(leader) if over => {
                    (Truth::Conflict, format!("{leader} is primary; {host}, whose log would show why, does not answer"))
                }
                _ => (Truth::Unobservable, format!("{host} does not answer")),
            };
        };
        if self.known_primary.get(tag).is_some_and(|by| by == host) {
            return (Truth::Applied, format!("{host}'s log shows that it stepped down for this request"));
        }
        if over {
            (Truth::Conflict, format!("term {term} of {host} is over, not by this request according to {host}"))
        } else {
            (Truth::NotApplied, format!("{host} is primary in term {term}"))
        }
    }

    fn verify_freeze(&self, tag: &str, host: &str, (secs, lapse): (u32, Option<Lapse>), now: Now) -> (Truth, String) {
        let answers = self.answers(host).is_some();
        let leads = answers && self.leader() == Some(host);
        if leads && secs == 0 {
            // An absolute value, and it holds: a primary is not frozen.
            return (Truth::Applied, format!("{host} is primary: it is not frozen"));
        }
        if answers && self.known_primary.get(tag).is_some_and(|by| by == host) {
            return (Truth::Applied, format!("{host}'s log shows it"));
        }
        if leads {
            return (Truth::Conflict, format!("{host} is primary: it is not frozen, for {secs} s or at all"));
        }
        let detail = if answers { format!("{host}'s log does not show it") } else { format!("{host} does not answer") };
        let Some(lapse) = lapse else {
            return match answers {
                false => (Truth::Unobservable, detail),
                true if self.restarted.contains(host) => (Truth::Conflict, format!("{host} was restarted")),
                true => (Truth::NotApplied, detail),
            };
        };
        let led = now.boot.saturating_sub(self.led_at);
        if self.primary.is_some() && lapse.is_over(self.now_term(), led) {
            (Truth::Applied, format!("{detail}; the {} s of its step-down are over", lapse.secs))
        } else {
            (Truth::Unobservable, format!("{detail}; the {} s of its step-down have not ended", lapse.secs))
        }
    }

    fn wait(&self, until: &Until, now: Now) -> (Truth, String) {
        let writable = self.leader().filter(|_| now.boot >= self.writable_at);
        let spread = self.is_spread(now.boot);
        let of = |is: bool| if is { Truth::Applied } else { Truth::NotApplied };
        match until {
            Until::Committed { .. } | Until::Writable | Until::Settled if self.primary.is_none() => {
                (Truth::Unobservable, "there is no primary".to_owned())
            }
            Until::Committed { version } => {
                let truth = if self.version == *version { of(spread) } else { Truth::Conflict };
                (truth, format!("version {}, {}", self.version, if spread { "committed" } else { "not committed yet" }))
            }
            Until::CaughtUp { host, within_ms } => match self.answers(host) {
                None => (Truth::Unobservable, format!("{host} does not answer")),
                Some(place) => {
                    let lag = if self.primary == Some(place) { 0.0 } else { self.lag(place, now.boot) };
                    (of(lag * 1000.0 <= f64::from(*within_ms)), format!("{host} is {lag:.1} s behind"))
                }
            },
            Until::Leads { host, after } => {
                let leads = writable == Some(host) && self.now_term() > *after;
                (of(leads), format!("{} accepts writes in term {}", writable.unwrap_or("nobody"), self.term))
            }
            Until::Writable => (of(writable.is_some()), format!("{} accepts writes", writable.unwrap_or("nobody"))),
            Until::Settled => {
                let leader = writable.unwrap_or("nobody");
                let settled = writable.is_some() && spread && now.boot >= self.busy_until;
                (
                    of(settled),
                    format!("{leader} accepts writes; {}", if spread { "committed" } else { "not committed yet" }),
                )
            }
        }
    }
}
