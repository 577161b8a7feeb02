//! The simulated network between the console and the simulated servers. It delays messages; it loses or delays more of them where a
//! scenario or a test asks for it.

use std::{collections::BTreeMap, time::Duration};

use base::{
    operation::{SendOutcome, Verified},
    step::{Reply, Truth},
};

use journal::Permit;
use systems::Intent;
use systems::Verify;
use systems::Version;

/// The fault of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallTrouble {
    /// Throttled; not carried out.
    Throttled,
    /// Carried out, and answered with a server error.
    FaultAfter,
    /// Never arrives.
    RequestLost,
    /// Carried out; the answer never arrives.
    ReplyLost,
    /// Arrives this much later.
    Late(Duration),
    /// Received, and neither carried out nor answered.
    Pending,
    /// Refused: no permission.
    Refused,
}

impl CallTrouble {
    /// Every kind, for tables.
    pub const ALL: [Self; 7] = [
        Self::Throttled,
        Self::FaultAfter,
        Self::RequestLost,
        Self::ReplyLost,
        Self::Late(Duration::from_secs(45)),
        Self::Pending,
        Self::Refused,
    ];
}

/// The requests that a fault is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requests {
    /// Those of this step, its rollback included.
    pub step: String,
    /// Only those of this operation, counted from 1; none: of every operation.
    pub operation: Option<u16>,
}

impl Requests {
    fn contains(&self, intent: &Intent) -> bool {
        intent.step == self.step && self.operation.is_none_or(|n| n == intent.ticket.op + 1)
    }
}

impl From<&str> for Requests {
    fn from(step: &str) -> Self {
        Self { step: step.to_owned(), operation: None }
    }
}

impl From<(&str, u16)> for Requests {
    fn from((step, operation): (&str, u16)) -> Self {
        Self { step: step.to_owned(), operation: Some(operation) }
    }
}

/// A message on the network.
pub(super) enum Message {
    /// To a server: a request, and its fault.
    Request(Permit, Box<Intent>, Option<CallTrouble>),
    /// From a server: the answer to a request.
    Reply(Box<Intent>, SendOutcome<Version>),
    /// To a server: a read that verifies an operation, and whether it finds nothing.
    Look(Box<Verify>, bool),
    /// From a server: the result of that read.
    Verified(Box<Verify>, Verified<Version>),
}

/// All messages on the network, by the time of their arrival.
#[derive(Default)]
pub(super) struct Wire {
    messages: BTreeMap<(Duration, u64), Message>,
    order: u64,
    /// Faults of the next requests, and how many requests they are for.
    pub troubles: Vec<(Requests, CallTrouble, u32)>,
    /// Operations of steps whose id begins with this cannot be verified.
    pub unobservable: Option<String>,
}

impl Wire {
    pub fn send(&mut self, at: Duration, message: Message) {
        self.order += 1;
        self.messages.insert((at, self.order), message);
    }

    pub fn next_at(&self) -> Option<Duration> {
        self.messages.first_key_value().map(|((at, _), _)| *at)
    }

    pub fn pop(&mut self) -> Option<Message> {
        self.messages.pop_first().map(|(_, message)| message)
    }

    /// Messages to a console are lost when it ends; messages to a server still arrive.
    pub fn console_gone(&mut self) {
        self.messages.retain(|_, m| matches!(m, Message::Request(..)));
    }

    /// The fault of this request; uses it up once.
    pub fn trouble(&mut self, intent: &Intent) -> Option<CallTrouble> {
        let (_, trouble, left) = self.troubles.iter_mut().find(|(of, _, left)| *left > 0 && of.contains(intent))?;
        *left -= 1;
        Some(*trouble)
    }

    pub fn is_unobservable(&self, look: &Verify) -> bool {
        self.unobservable.as_ref().is_some_and(|prefix| look.step.starts_with(prefix.as_str()))
    }
}

/// An answer that leaves open whether the request was carried out.
pub(super) fn indeterminate(text: &str) -> SendOutcome<Version> {
    SendOutcome { reply: Reply::Indeterminate, version: None, detail: text.to_owned() }
}

/// The result of a verification that reaches no server.
pub(super) fn nothing_seen() -> Verified<Version> {
    Verified { truth: Truth::Unobservable, version: None, detail: "the server does not answer".to_owned() }
}

/// The engine's input for an answer.
pub(super) fn replied(intent: Intent, sent: SendOutcome<Version>) -> systems::RunInput {
    systems::RunInput::Replied { step: intent.step, ticket: intent.ticket, sent }
}

/// The engine's input for the result of a verification.
pub(super) fn verified(look: Verify, looked: Verified<Version>) -> systems::RunInput {
    systems::RunInput::Verified { step: look.step, ticket: look.ticket, look: look.look, verified: looked }
}
