//! Operations as data: how they come out of an action, what they compare with, and what became of a request.
//!
//! An *action* is a goal that the plan names. A *draft* is what it takes, worked out from what is observed when it is previewed: the
//! operations, what each compares with, and the inverse. Everything is plain data: the same call feeds the preview, the request, its digest,
//! the journal, and the command that a person could paste; a restarted program takes it up from the journal. Of what is called (`C`) and
//! compared with (`V`) nothing is known here: that is each system's.

use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    observed::Fault,
    step::{Kind, Limits, Reply, Truth},
};

/// What a call or a version has to be: plain data that the journal can hold and read back.
pub trait Data: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static> Data for T {}

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
    /// How long an earlier copy may still land after it was not seen: see [`base::step::OpState::Quarantine`]. Of a wait, which
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
    /// What it stands for, where `left` gives what an operation left behind, by place; none: it compares with nothing.
    ///
    /// # Errors
    /// If what the operation left behind is not known.
    pub fn bind(&self, left: impl Fn(usize) -> Option<M>) -> Result<Option<M>, Unbound> {
        match self {
            Self::None => Ok(None),
            Self::Observed(mark) => Ok(Some(mark.clone())),
            Self::After(place) => left(usize::from(*place)).map(Some).ok_or(Unbound),
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
