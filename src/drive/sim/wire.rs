//! The network between the console and the simulated servers: it delays and loses messages as a test asks for, and repeats none.

use std::{collections::BTreeMap, time::Duration};

use base::{
    operation::{SendOutcome, Verified},
    step::{Reply, Truth},
};

use journal::Permit;
use systems::Intent;
use systems::Verify;
use systems::Version;

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallTrouble {
    /// Refused because of the rate limit; nothing is carried out.
    Throttled,
    /// Carried out, and answered with an error of the server.
    FaultAfter,
    /// Never arrives.
    RequestLost,
    /// Carried out; the answer never arrives.
    ReplyLost,
    /// Arrives so much later.
    Late(Duration),
    /// Accepted, and neither carried out nor answered.
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

/// A message in flight.
pub(super) enum Message {
    /// To a server.
    Request(Permit, Box<Intent>, Option<CallTrouble>),
    /// From it.
    Reply(Box<Intent>, SendOutcome<Version>),
    /// To a server.
    Verify(Box<Verify>, bool),
    /// From it.
    Verified(Box<Verify>, Verified<Version>),
}

/// All messages in flight, by the time of arrival.
#[derive(Default)]
pub(super) struct Wire {
    messages: BTreeMap<(Duration, u64), Message>,
    order: u64,
    /// Faults of the next requests: operations whose `what` contains this, so many times.
    pub troubles: Vec<(String, CallTrouble, u32)>,
    /// Operations whose `step` begins with this cannot be verified.
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

    /// Messages to a console that ended are lost; messages to a server still arrive.
    pub fn console_gone(&mut self) {
        self.messages.retain(|_, m| matches!(m, Message::Request(..)));
    }

    /// The fault of this request.
    pub fn trouble(&mut self, intent: &Intent) -> Option<CallTrouble> {
        let fits = |what: &str| intent.what.contains(what) || intent.step == what;
        let (_, trouble, left) = self.troubles.iter_mut().find(|(what, _, left)| *left > 0 && fits(what))?;
        *left -= 1;
        Some(*trouble)
    }

    pub fn is_unobservable(&self, verify: &Verify) -> bool {
        self.unobservable.as_ref().is_some_and(|prefix| verify.step.starts_with(prefix.as_str()))
    }
}

/// An answer from which the result of the request is not known.
pub(super) fn indeterminate(text: &str) -> SendOutcome<Version> {
    SendOutcome { reply: Reply::Indeterminate, version: None, detail: text.to_owned() }
}

/// A verification without a result.
pub(super) fn nothing_seen() -> Verified<Version> {
    Verified { truth: Truth::Unobservable, version: None, detail: "the server does not answer".to_owned() }
}

/// As an input of the engine.
pub(super) fn replied(intent: Intent, sent: SendOutcome<Version>) -> systems::RunInput {
    systems::RunInput::Replied { step: intent.step, ticket: intent.ticket, sent }
}

/// As an input of the engine.
pub(super) fn verified(verify: Verify, verified: Verified<Version>) -> systems::RunInput {
    systems::RunInput::Verified { step: verify.step, ticket: verify.ticket, look: verify.look, verified }
}
