//! Operations as data: how they are derived from an action, their preconditions, and the outcomes of requests.
//!
//! An *action* is a goal that the plan names. A *draft* is the list of operations for it, computed from the observed state at preview: the
//! operations, the precondition of each, and the inverse. Everything is plain data: the same call feeds the preview, the request, its
//! digest, the journal, and the command that a person could paste. A restarted program reads it from the journal. The call (`C`) and the
//! version (`V`) are opaque here: they belong to each system.

use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    observed::Fault,
    step::{Kind, Limits, Reply, Truth},
};

/// What a call or a version has to be: plain data that the journal can store and read back.
pub trait Data: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static> Data for T {}

/// One operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation<C, M> {
    /// What it does, for display: `priority of orders-1.ore…:27017 0 → 2`.
    pub what: String,
    /// The call.
    pub call: C,
    /// What kind of operation it is.
    pub kind: Kind,
    /// Part of the cleanup: it is finished whatever the outcome of the rest.
    #[serde(rename = "tail")]
    pub cleanup: bool,
    /// Its precondition.
    #[serde(rename = "expect")]
    pub precondition: Precondition<M>,
    /// How long an earlier copy may still arrive after it was not found: see [`crate::step::OpState::Quarantine`]. Unused for a wait, which
    /// sends nothing.
    pub quarantine: Duration,
    /// The same as a command that a person could paste.
    pub command: String,
}

/// The precondition of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precondition<M> {
    /// Nothing.
    None,
    /// The version observed at preview.
    #[serde(rename = "seen")]
    Observed(M),
    /// The version that the operation at this place of the recipe leaves.
    After(u16),
}

/// The precondition is the version that another operation leaves, and that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unbound;

impl<M: Clone> Precondition<M> {
    /// The version to compare with, where `left` gives the version that an operation left, by place; none: it has no precondition.
    ///
    /// # Errors
    /// If the version that the operation left is not known.
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
    /// The operation in one system's types; none if any part of it belongs to another system.
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

/// The operations of an action, in the present state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft<C, M> {
    /// The operations, in order, the cleanup last. None: the action is satisfied already.
    pub ops: Vec<Operation<C, M>>,
    /// How they are carried out.
    pub limits: Limits,
    /// What changes: the thing, its present state, its new state.
    pub diff: Vec<Change>,
    /// The inverse: the operations that roll this back once it is done. Its preconditions are bound again when it is previewed.
    #[serde(rename = "back")]
    pub inverse: Vec<Operation<C, M>>,
    /// The settle time after everything is applied, for the action's own sake: a time to live.
    pub settle: Duration,
    /// Notes for the operator: exposure, cost, what is not sent.
    pub notes: Vec<String>,
    /// Conditions that the change would break in the simulated state after it. Any of them forbids the step.
    pub broken: Vec<String>,
}

/// One line of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The thing.
    pub thing: String,
    /// Its present state.
    pub from: String,
    /// Its new state.
    pub to: String,
}

impl<C, M> Draft<C, M> {
    /// Nothing to do: the action is satisfied.
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

/// A draft, or all reasons why it cannot be made.
pub type Drafted<C, M> = Result<Draft<C, M>, Vec<Fault>>;

/// The outcome of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct SendOutcome<M> {
    /// How the server answered.
    pub reply: Reply,
    /// The version in its answer that later operations and verifications need: a change's id.
    pub version: Option<M>,
    /// Its message, for the journal.
    pub detail: String,
}

impl<M> SendOutcome<M> {
    /// The server accepted it.
    pub fn accepted(message: impl Into<String>) -> Self {
        Self { reply: Reply::Accepted, version: None, detail: message.into() }
    }

    /// The precondition does not hold.
    pub fn mismatch(message: impl Into<String>) -> Self {
        Self { reply: Reply::Mismatch, version: None, detail: message.into() }
    }

    /// The outcome is not known: a server error, a time-out, a cut connection.
    pub fn indeterminate(message: impl Into<String>) -> Self {
        Self { reply: Reply::Indeterminate, version: None, detail: message.into() }
    }

    /// The same, of another type, and without secrets for the journal.
    pub fn map<N>(self, f: impl FnOnce(M) -> N) -> SendOutcome<N> {
        SendOutcome { reply: self.reply, version: self.version.map(f), detail: without_secrets(&self.detail) }
    }

    /// The server refused it before it checked the precondition.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { reply: Reply::Refused, version: None, detail: message.into() }
    }
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified<M> {
    /// The truth about the operation.
    pub truth: Truth,
    /// The present version: a later operation may compare with it.
    pub version: Option<M>,
    /// What was observed, for display.
    pub detail: String,
}

impl<M> Verified<M> {
    /// The result of an observation.
    pub fn new(truth: Truth, message: impl Into<String>) -> Self {
        Self { truth, version: None, detail: message.into() }
    }

    /// Nothing could be observed.
    pub fn unobservable(message: impl Into<String>) -> Self {
        Self::new(Truth::Unobservable, message)
    }

    /// The same, of another type, and without secrets for the journal.
    pub fn map<N>(self, f: impl FnOnce(M) -> N) -> Verified<N> {
        Verified { truth: self.truth, version: self.version.map(f), detail: without_secrets(&self.detail) }
    }
}

/// A server's message, which may contain what it was sent. It goes into the journal; a later reader of the journal has not read the secrets
/// and could not remove them.
fn without_secrets(message: &str) -> String {
    crate::text::struck(message).into_owned()
}

/// A request to be verified that was sent, or may have been.
#[derive(Debug)]
pub struct VerifyRequest<'a, C, M> {
    /// The tag that it carried, where it could carry one.
    pub tag: &'a str,
    /// The request.
    pub call: &'a C,
    /// The version that it compared with.
    pub precondition: Option<&'a M>,
    /// The server accepted it. An operation that leaves nothing to read is verified by that alone.
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
        for message in [sent.detail, looked.detail] {
            assert_eq!(message, "InvalidChangeBatch: you signed it with ***");
        }
    }
}
