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
            seen::{Fault, FaultKind, Seen, Stamp},
            source::SourceSpec,
        },
        now::Now,
        step::{Kind, Limits, Reply, Truth},
    },
    plan::{Access, Action},
    scenario::Happening,
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
    pub tail: bool,
    /// What it compares with.
    pub expect: Handle<M>,
    /// How long an earlier copy may still land after it was not seen: see [`crate::core::step::OpState::Quarantine`]. Of a wait, which
    /// sends nothing, it says nothing.
    pub quarantine: Duration,
    /// The same as a command that a person could paste.
    pub command: String,
}

/// What an operation compares with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handle<M> {
    /// Nothing.
    None,
    /// What was observed when it was previewed.
    Seen(M),
    /// What the operation at this place of the recipe leaves behind.
    After(u16),
}

/// What an operation compares with is what another one leaves behind, and that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unbound;

impl<M: Clone> Handle<M> {
    /// What it stands for, once the marks that operations left behind are known, by place; none: it compares with nothing.
    ///
    /// # Errors
    /// If that mark is not known.
    pub fn bind(&self, marks: &[Option<M>]) -> Result<Option<M>, Unbound> {
        match self {
            Self::None => Ok(None),
            Self::Seen(mark) => Ok(Some(mark.clone())),
            Self::After(place) => marks.get(usize::from(*place)).cloned().flatten().map(Some).ok_or(Unbound),
        }
    }
}

impl<M> Handle<M> {
    /// The same, of another type.
    pub fn map<N>(self, f: impl FnOnce(M) -> N) -> Handle<N> {
        match self {
            Self::None => Handle::None,
            Self::Seen(mark) => Handle::Seen(f(mark)),
            Self::After(place) => Handle::After(place),
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
        let expect = match &self.expect {
            Handle::None => Handle::None,
            Handle::Seen(seen) => Handle::Seen(mark(seen)?),
            Handle::After(place) => Handle::After(*place),
        };
        Some(Operation {
            what: self.what.clone(),
            call: call(&self.call)?,
            kind: self.kind,
            tail: self.tail,
            expect,
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
            tail: self.tail,
            expect: self.expect.map(mark),
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
    pub back: Vec<Operation<C, M>>,
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
            back: Vec::new(),
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
            back: all(self.back),
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
pub struct Sent<M> {
    /// How the server answered.
    pub reply: Reply,
    /// What it said that later operations and looks need: a change's id.
    pub mark: Option<M>,
    /// Its words, for the journal.
    pub said: String,
}

impl<M> Sent<M> {
    /// It took it.
    pub fn yes(said: impl Into<String>) -> Self {
        Self { reply: Reply::Yes, mark: None, said: said.into() }
    }

    /// What is there is not what it compares with.
    pub fn mismatch(said: impl Into<String>) -> Self {
        Self { reply: Reply::Mismatch, mark: None, said: said.into() }
    }

    /// Nobody knows: a server's fault, a time-out, a connection cut.
    pub fn lost(said: impl Into<String>) -> Self {
        Self { reply: Reply::Lost, mark: None, said: said.into() }
    }

    /// The same, of another type, and fit for the journal.
    pub fn map<N>(self, f: impl FnOnce(M) -> N) -> Sent<N> {
        Sent { reply: self.reply, mark: self.mark.map(f), said: told(&self.said) }
    }

    /// It refused it before it looked at what is there.
    pub fn refused(said: impl Into<String>) -> Self {
        Self { reply: Reply::Refused, mark: None, said: said.into() }
    }
}

/// What a look found.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked<M> {
    /// What has become of the operation.
    pub truth: Truth,
    /// What is there now: what a later operation compares with.
    pub mark: Option<M>,
    /// What was seen, for people.
    pub said: String,
}

impl<M> Looked<M> {
    /// What was seen.
    pub fn new(truth: Truth, said: impl Into<String>) -> Self {
        Self { truth, mark: None, said: said.into() }
    }

    /// Nothing could be seen.
    pub fn dark(said: impl Into<String>) -> Self {
        Self::new(Truth::Dark, said)
    }

    /// The same, of another type, and fit for the journal.
    pub fn map<N>(self, f: impl FnOnce(M) -> N) -> Looked<N> {
        Looked { truth: self.truth, mark: self.mark.map(f), said: told(&self.said) }
    }
}

/// A server's words, which may hold what it was sent. They go into the journal, and whoever reads that later has read no secret and could
/// strike none out.
fn told(said: &str) -> String {
    crate::text::struck(said).into_owned()
}

/// A request that was sent, or may have been, as it is looked for.
#[derive(Debug)]
pub struct Sought<'a, C, M> {
    /// What it carried, where it could carry anything.
    pub tag: &'a str,
    /// The request.
    pub call: &'a C,
    /// What it compared with.
    pub expect: Option<&'a M>,
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
pub fn known<T>(seen: Seen<T>, what: &str) -> Result<T, Fault> {
    match seen {
        Seen::Live(value, _) => Ok(value),
        Seen::Stale(_, age) => Err(Fault::new(FaultKind::Silent, format!("{what}: last known {age} ago"))),
        Seen::Blind(fault) => Err(Fault::new(fault.kind, format!("{what}: {}", fault.text))),
        Seen::Never => Err(Fault::new(FaultKind::Silent, format!("{what}: not read yet"))),
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
pub trait Steered: System {
    /// A request that changes something, or a wait for something: plain data, free of the drivers' types.
    type Call: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What a request compares with: a version and term, the values of a record set.
    type Mark: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What has to touch a server to learn something of it, as plain data. Most systems have none: [`Never`].
    type Probe: Clone + std::fmt::Debug + Send + Sync + 'static;

    /// The probes that the plan asks for. Called when somebody is given the run; before that, and for who only watches, there are none.
    fn probes(&mut self) -> Vec<SourceSpec<Self::Probe>> {
        Vec::new()
    }

    /// A probe brought something.
    fn felt(&mut self, _probe: &Self::Probe, _facts: Self::Facts, _stamp: Stamp) {}

    /// A probe could not be tried: what it feels is not known.
    fn numb(&mut self, _probe: &Self::Probe, _fault: &Fault) {}

    /// What an action takes; none if it is of another system. Fails closed: what has to be known and is not is a fault.
    ///
    /// # Errors
    /// All that keeps it from being worked out.
    fn draft(&self, action: &Action, now: Now) -> Option<Drafted<Self::Call, Self::Mark>>;

    /// A way back that was stored, bound to what is observed now; what is as it wants it already is left out.
    ///
    /// # Errors
    /// All that keeps it from being worked out.
    fn back(&self, ops: &[Operation<Self::Call, Self::Mark>], now: Now) -> Drafted<Self::Call, Self::Mark>;

    /// What finishes the tail of an attempt with these operations that could not be finished: worked out anew from what is observed now,
    /// so that a change of somebody else's in between does not keep it from ever being finished. All of it is tail. A system whose
    /// recipes have none is never asked.
    ///
    /// # Errors
    /// All that keeps it from being worked out.
    fn mend(&self, _ops: &[Operation<Self::Call, Self::Mark>], _now: Now) -> Drafted<Self::Call, Self::Mark> {
        Err(vec![Fault::new(FaultKind::Unsupported, "it has no tail that could be finished")])
    }

    /// Whether everything is as an action wants it, whoever did it: what adoption asks. None if it is of another system.
    fn met(&self, action: &Action, now: Now) -> Option<Seen<bool>>;

    /// For how long this waits at the most, where that is less than the step's verification may take: what waits exposed has an end.
    fn waits_within(_call: &Self::Call) -> Option<Duration> {
        None
    }

    /// Whether drafts come from what this asks: once it has been read again, what was changed is known again.
    fn decides(_ask: &Self::Ask) -> bool {
        true
    }

    /// How long the way back of an action stays open if what it lives on were cut off now, and what ends it; none if nothing does.
    fn stays(&self, _action: &Action, _now: Now) -> Option<(&'static str, Seen<Duration>)> {
        None
    }
}

/// How a system's imitated servers take requests.
pub trait Obeys: Steered + super::Simulated {
    /// A request arrives at the server now. It takes it or not, by the rules that were measured, and keeps its own log of what it
    /// carried out under `tag`.
    fn obey(
        sim: &mut Self::Sim,
        tag: &str,
        call: &Self::Call,
        expect: Option<&Self::Mark>,
        now: Now,
    ) -> Sent<Self::Mark>;

    /// What has become of a request with this tag, as a read of the server would tell. A fault: nothing could be seen.
    fn look(
        sim: &mut Self::Sim,
        tag: &str,
        call: &Self::Call,
        expect: Option<&Self::Mark>,
        now: Now,
    ) -> Looked<Self::Mark>;

    /// What a probe has felt by now. A system without probes is never given one.
    ///
    /// # Errors
    /// As the server would.
    fn feel(_sim: &mut Self::Sim, _probe: &Self::Probe, _now: Now) -> Result<Self::Facts, Fault> {
        Err(Fault::new(FaultKind::Unsupported, "there is nothing to probe"))
    }

    /// The server's own log: the tag of everything that it carried out, in order, once each time.
    fn log(sim: &Self::Sim) -> &[String];

    /// Somebody else changes what this action is about, past us.
    fn stranger(sim: &mut Self::Sim, action: &Action, now: Now);

    /// Something happens that a scenario asks for. What is another system's is passed over.
    ///
    /// # Errors
    /// If it is about something that is not there, in words.
    fn happen(_sim: &mut Self::Sim, _what: &Happening, _now: Now) -> Result<(), String> {
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
        let sent = Sent::mismatch(words.clone()).map(|mark: u8| mark);
        let looked = Looked::dark(words).map(|mark: u8| mark);
        for said in [sent.said, looked.said] {
            assert_eq!(said, "InvalidChangeBatch: you signed it with ***");
        }
    }
}
