//! What a system's servers can be made to do: operations as data, how they come out of an action, how they are sent and looked for.
//!
//! An *action* is a goal that the plan names. A *draft* is what it takes, worked out from what is observed when it is previewed: the
//! operations, what each compares with, and the way back. Everything is plain data: the same call feeds the preview, the request, its
//! digest, the journal, and the command that a person could paste; a restarted program takes it up from the journal.

use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::System;
use crate::{
    core::{
        estate::{
            seen::{Fault, FaultKind, Observed, Stamp},
            source::CollectorSpec,
        },
        now::Now,
        step::{Kind, Limits, Reply, Truth},
    },
    plan::{Access, Action},
    scenario::FaultInjection,
};

/// One operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation<C, M> {
    /// What it does, for people: `priority of orders-1.ore…:27017 0 → 2`.
    pub what: String,
    /// The call.
    pub call: C,
    /// What kind of operation it is.
    pub kind: Kind,
    /// Part of the safe tail: finished whatever becomes of the rest.
    #[serde(rename = "tail")]
    pub cleanup: bool,
    /// What it compares with.
    #[serde(rename = "expect")]
    pub precondition: Precondition<M>,
    /// How long an earlier copy may still land after it was not seen: see [`crate::core::step::OpState::Quarantine`]. Of a wait, which
    /// sends nothing, it says nothing.
    pub quarantine: Duration,
    /// The same as a command that a person could paste.
    pub command: String,
}

/// What an operation compares with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precondition<M> {
    /// Nothing.
    None,
    /// What was observed when it was previewed.
    #[serde(rename = "seen")]
    Observed(M),
    /// What the operation at this place of the recipe leaves behind.
    After(u16),
}

/// What an operation compares with is what another one leaves behind, and that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unbound;

impl<M: Clone> Precondition<M> {
    /// What it stands for, once the marks that operations left behind are known, by place; none: it compares with nothing.
    ///
    /// # Errors
    /// If that mark is not known.
    pub fn bind(&self, marks: &[Option<M>]) -> Result<Option<M>, Unbound> {
        match self {
            Self::None => Ok(None),
            Self::Observed(mark) => Ok(Some(mark.clone())),
            Self::After(place) => marks.get(usize::from(*place)).cloned().flatten().map(Some).ok_or(Unbound),
        }
    }
}

impl<M> Precondition<M> {
    /// The same, of another type.
    pub fn map<N>(self, f: impl FnOnce(M) -> N) -> Precondition<N> {
        match self {
            Self::None => Precondition::None,
            Self::Observed(mark) => Precondition::Observed(f(mark)),
            Self::After(place) => Precondition::After(place),
        }
    }
}

impl<C, M> Operation<C, M> {
    /// The same as one system sees it; none if anything of it is another system's.
    pub fn narrow<D, N>(
        &self,
        call: impl FnOnce(&C) -> Option<D>,
        mark: impl FnOnce(&M) -> Option<N>,
    ) -> Option<Operation<D, N>> {
        let expect = match &self.precondition {
            Precondition::None => Precondition::None,
            Precondition::Observed(seen) => Precondition::Observed(mark(seen)?),
            Precondition::After(place) => Precondition::After(*place),
        };
        Some(Operation {
            what: self.what.clone(),
            call: call(&self.call)?,
            kind: self.kind,
            cleanup: self.cleanup,
            precondition: expect,
            quarantine: self.quarantine,
            command: self.command.clone(),
        })
    }

    /// The same, of other types.
    pub fn map<D, N>(self, call: impl FnOnce(C) -> D, mark: impl FnOnce(M) -> N) -> Operation<D, N> {
        Operation {
            what: self.what,
            call: call(self.call),
            kind: self.kind,
            cleanup: self.cleanup,
            precondition: self.precondition.map(mark),
            quarantine: self.quarantine,
            command: self.command,
        }
    }
}

/// What an action takes, as things stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft<C, M> {
    /// The operations, in order, the tail last. None: everything is as the action wants it already.
    pub ops: Vec<Operation<C, M>>,
    /// How they are carried out.
    pub limits: Limits,
    /// What changes: the thing, what it is, what it will be.
    pub diff: Vec<Change>,
    /// The way back: what it would take once this is done. Its handles are bound anew when it is previewed.
    #[serde(rename = "back")]
    pub inverse: Vec<Operation<C, M>>,
    /// How long has to pass once all is applied, for the action's own sake: a time to live.
    pub settle: Duration,
    /// What the operator should know: exposure, cost, what is not sent.
    pub notes: Vec<String>,
    /// What must not be, on the simulated state after the change. Any of it forbids the step.
    pub broken: Vec<String>,
}

/// One line of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Of what.
    pub thing: String,
    /// As it is.
    pub from: String,
    /// As it will be.
    pub to: String,
}

impl<C, M> Draft<C, M> {
    /// Nothing to do: everything is as it should be.
    #[must_use]
    pub const fn nothing() -> Self {
        Self {
            ops: Vec::new(),
            limits: Limits::SEQUENCE,
            diff: Vec::new(),
            inverse: Vec::new(),
            settle: Duration::ZERO,
            notes: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// The same, of other types.
    pub fn map<D, N>(self, call: impl Fn(C) -> D, mark: impl Fn(M) -> N) -> Draft<D, N> {
        let all = |ops: Vec<Operation<C, M>>| ops.into_iter().map(|op| op.map(&call, &mark)).collect();
        Draft {
            ops: all(self.ops),
            inverse: all(self.inverse),
            limits: self.limits,
            diff: self.diff,
            settle: self.settle,
            notes: self.notes,
            broken: self.broken,
        }
    }
}

/// A draft, or all that keeps it from being worked out.
pub type Drafted<C, M> = Result<Draft<C, M>, Vec<Fault>>;

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct SendOutcome<M> {
    /// How the server answered.
    pub reply: Reply,
    /// What it said that later operations and looks need: a change's id.
    pub version: Option<M>,
    /// Its words, for the journal.
    pub detail: String,
}

impl<M> SendOutcome<M> {
    /// It took it.
    pub fn accepted(said: impl Into<String>) -> Self {
        Self { reply: Reply::Accepted, version: None, detail: said.into() }
    }

    /// What is there is not what it compares with.
    pub fn mismatch(said: impl Into<String>) -> Self {
        Self { reply: Reply::Mismatch, version: None, detail: said.into() }
    }

    /// Nobody knows: a server's fault, a time-out, a connection cut.
    pub fn indeterminate(said: impl Into<String>) -> Self {
        Self { reply: Reply::Indeterminate, version: None, detail: said.into() }
    }

    /// The same, of another type, and fit for the journal.
    pub fn map<N>(self, f: impl FnOnce(M) -> N) -> SendOutcome<N> {
        SendOutcome { reply: self.reply, version: self.version.map(f), detail: without_secrets(&self.detail) }
    }

    /// It refused it before it looked at what is there.
    pub fn refused(said: impl Into<String>) -> Self {
        Self { reply: Reply::Refused, version: None, detail: said.into() }
    }
}

/// What a look found.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified<M> {
    /// What has become of the operation.
    pub truth: Truth,
    /// What is there now: what a later operation compares with.
    pub version: Option<M>,
    /// What was seen, for people.
    pub detail: String,
}

impl<M> Verified<M> {
    /// What was seen.
    pub fn new(truth: Truth, said: impl Into<String>) -> Self {
        Self { truth, version: None, detail: said.into() }
    }

    /// Nothing could be seen.
    pub fn unobservable(said: impl Into<String>) -> Self {
        Self::new(Truth::Unobservable, said)
    }

    /// The same, of another type, and fit for the journal.
    pub fn map<N>(self, f: impl FnOnce(M) -> N) -> Verified<N> {
        Verified { truth: self.truth, version: self.version.map(f), detail: without_secrets(&self.detail) }
    }
}

/// A server's words, which may hold what it was sent. They go into the journal, and whoever reads that later has read no secret and could
/// strike none out.
fn without_secrets(said: &str) -> String {
    crate::text::struck(said).into_owned()
}

/// A request that was sent, or may have been, as it is looked for.
#[derive(Debug)]
pub struct VerifyRequest<'a, C, M> {
    /// What it carried, where it could carry anything.
    pub tag: &'a str,
    /// The request.
    pub call: &'a C,
    /// What it compared with.
    pub precondition: Option<&'a M>,
    /// The server said that it took it. What leaves nothing behind that could be read is known by that alone.
    pub accepted: bool,
}

/// For how long an AWS request may still land after it was signed: a signature is accepted for five minutes, and clocks differ a little.
/// Source: AWS's guide to signing, "Elements of an AWS API request signature".
pub const SIGNED: Duration = Duration::from_secs(330);

/// What may be decided upon; whatever else there is, is a fault that says what is not known.
///
/// # Errors
/// Stale, blind, or never read.
pub fn known<T>(seen: Observed<T>, what: &str) -> Result<T, Fault> {
    match seen {
        Observed::Fresh(value, _) => Ok(value),
        Observed::Stale(_, age) => Err(Fault::new(FaultKind::Silent, format!("{what}: last known {age} ago"))),
        Observed::Unknown(fault) => Err(Fault::new(fault.kind, format!("{what}: {}", fault.text))),
        Observed::Pending => Err(Fault::new(FaultKind::Silent, format!("{what}: not read yet"))),
    }
}

/// A word as a shell takes it.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// A system whose servers can be made to do something. Pure: nothing here does I/O.
pub trait Planner: System {
    /// A request that changes something, or a wait for something: plain data, free of the drivers' types.
    type Call: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What a request compares with: a version and term, the values of a record set.
    type Version: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What has to touch a server to learn something of it, as plain data. Most systems have none: [`Never`].
    type Probe: Clone + std::fmt::Debug + Send + Sync + 'static;

    /// The probes that the plan asks for. Called when somebody is given the run; before that, and for who only watches, there are none.
    fn probes(&mut self) -> Vec<CollectorSpec<Self::Probe>> {
        Vec::new()
    }

    /// A probe brought something.
    fn on_sample(&mut self, _probe: &Self::Probe, _facts: Self::Observation, _stamp: Stamp) {}

    /// A probe could not be tried: what it feels is not known.
    fn on_probe_error(&mut self, _probe: &Self::Probe, _fault: &Fault) {}

    /// What an action takes; none if it is of another system. Fails closed: what has to be known and is not is a fault.
    ///
    /// # Errors
    /// All that keeps it from being worked out.
    fn draft(&self, action: &Action, now: Now) -> Option<Drafted<Self::Call, Self::Version>>;

    /// A way back that was stored, bound to what is observed now; what is as it wants it already is left out.
    ///
    /// # Errors
    /// All that keeps it from being worked out.
    fn inverse(&self, ops: &[Operation<Self::Call, Self::Version>], now: Now) -> Drafted<Self::Call, Self::Version>;

    /// What finishes the tail of an attempt with these operations that could not be finished: worked out anew from what is observed now,
    /// so that a change of somebody else's in between does not keep it from ever being finished. All of it is tail. A system whose
    /// recipes have none is never asked.
    ///
    /// # Errors
    /// All that keeps it from being worked out.
    fn mend(&self, _ops: &[Operation<Self::Call, Self::Version>], _now: Now) -> Drafted<Self::Call, Self::Version> {
        Err(vec![Fault::new(FaultKind::Unsupported, "it has no tail that could be finished")])
    }

    /// Whether everything is as an action wants it, whoever did it: what adoption asks. None if it is of another system.
    fn is_satisfied(&self, action: &Action, now: Now) -> Option<Observed<bool>>;

    /// For how long this waits at the most, where that is less than the step's verification may take: what waits exposed has an end.
    fn waits_within(_call: &Self::Call) -> Option<Duration> {
        None
    }

    /// Whether drafts come from what this asks: once it has been read again, what was changed is known again.
    fn decides(_ask: &Self::Query) -> bool {
        true
    }

    /// How long the way back of an action stays open if what it lives on were cut off now, and what ends it; none if nothing does.
    fn rollback_window(&self, _action: &Action, _now: Now) -> Option<(&'static str, Observed<Duration>)> {
        None
    }
}

/// How a system's imitated servers take requests.
pub trait SimulateWrites: Planner + super::Simulated {
    /// A request arrives at the server now. It takes it or not, by the rules that were measured, and keeps its own log of what it
    /// carried out under `tag`.
    fn write(
        sim: &mut Self::Sim,
        tag: &str,
        call: &Self::Call,
        expect: Option<&Self::Version>,
        now: Now,
    ) -> SendOutcome<Self::Version>;

    /// What has become of a request with this tag, as a read of the server would tell. A fault: nothing could be seen.
    fn verify(
        sim: &mut Self::Sim,
        tag: &str,
        call: &Self::Call,
        expect: Option<&Self::Version>,
        now: Now,
    ) -> Verified<Self::Version>;

    /// What a probe has felt by now. A system without probes is never given one.
    ///
    /// # Errors
    /// As the server would.
    fn sample(_sim: &mut Self::Sim, _probe: &Self::Probe, _now: Now) -> Result<Self::Observation, Fault> {
        Err(Fault::new(FaultKind::Unsupported, "there is nothing to probe"))
    }

    /// The server's own log: the tag of everything that it carried out, in order, once each time.
    fn log(sim: &Self::Sim) -> &[String];

    /// Somebody else changes what this action is about, past us.
    fn external_change(sim: &mut Self::Sim, action: &Action, now: Now);

    /// Something happens that a scenario asks for. What is another system's is passed over.
    ///
    /// # Errors
    /// If it is about something that is not there, in words.
    fn inject(_sim: &mut Self::Sim, _what: &FaultInjection, _now: Now) -> Result<(), String> {
        Ok(())
    }
}

/// What cannot be: the call of a system that nothing can be done to, the probe of one that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Never {}

/// As whom the plan's writing identity is for the AWS command line: its profile, where it is one, with a blank before it. Whoever pastes a
/// command may be logged in to another account.
#[must_use]
pub fn profile(access: &Access) -> String {
    let profile = access.write.as_ref().and_then(|write| write.profile.as_ref());
    profile.map_or_else(String::new, |name| format!(" --profile {}", quoted(name)))
}

#[cfg(all(test, unix))]
pub mod pasted;
#[cfg(test)]
pub mod played;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_of_a_request_has_no_secret_in_it_before_anybody_writes_it_down() {
        let secret = "canary-of-a-servers-words";
        crate::text::remember(secret);
        let words = format!("InvalidChangeBatch: you signed it with {secret}");
        let sent = SendOutcome::mismatch(words.clone()).map(|mark: u8| mark);
        let looked = Verified::unobservable(words).map(|mark: u8| mark);
        for said in [sent.detail, looked.detail] {
            assert_eq!(said, "InvalidChangeBatch: you signed it with ***");
        }
    }
}
