//! The way between the console and the imitated servers: it delays, loses, repeats nothing by itself, and does what a test tells it to.

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
    /// Refused for there being too many; nothing is done.
    Throttled,
    /// Carried out, and answered with a server's fault.
    FaultAfter,
    /// Never arrives.
    RequestLost,
    /// Carried out; the answer never arrives.
    ReplyLost,
    /// Arrives so much later.
    Late(Duration),
    /// Taken, and never carried out nor answered.
    Pending,
    /// Refused for what it is: no permission.
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

/// What is on its way.
pub(super) enum Message {
    /// To a server.
    Request(Permit, Box<Intent>, Option<CallTrouble>),
    /// From it.
    Reply(Box<Intent>, SendOutcome<Version>),
    /// To a server.
    Look(Box<Verify>, bool),
    /// From it.
    Looked(Box<Verify>, Verified<Version>),
}

/// Everything that is on its way, by when it arrives.
#[derive(Default)]
pub(super) struct Wire {
    messages: BTreeMap<(Duration, u64), Message>,
    order: u64,
    /// What goes wrong next: with the operations whose `what` contains this, so many times.
    pub troubles: Vec<(String, CallTrouble, u32)>,
    /// Looks at operations whose `step` begins with this find nothing.
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

    /// What is on its way to a console is lost with it; what is on its way to a server still arrives.
    pub fn console_gone(&mut self) {
        self.messages.retain(|_, m| matches!(m, Message::Request(..)));
    }

    /// The trouble that this request meets.
    pub fn trouble(&mut self, intent: &Intent) -> Option<CallTrouble> {
        let fits = |what: &str| intent.what.contains(what) || intent.step == what;
        let (_, trouble, left) = self.troubles.iter_mut().find(|(what, _, left)| *left > 0 && fits(what))?;
        *left -= 1;
        Some(*trouble)
    }

    pub fn is_unobservable(&self, look: &Verify) -> bool {
        self.unobservable.as_ref().is_some_and(|prefix| look.step.starts_with(prefix.as_str()))
    }
}

/// An answer that says nothing of what became of the request.
pub(super) fn indeterminate(text: &str) -> SendOutcome<Version> {
    SendOutcome { reply: Reply::Indeterminate, version: None, detail: text.to_owned() }
}

/// A look that found nothing.
pub(super) fn nothing_seen() -> Verified<Version> {
    Verified { truth: Truth::Unobservable, version: None, detail: "the server does not answer".to_owned() }
}

/// For the core.
pub(super) fn replied(intent: Intent, sent: SendOutcome<Version>) -> systems::RunInput {
    systems::RunInput::Replied { step: intent.step, ticket: intent.ticket, sent }
}

/// For the core.
pub(super) fn verified(look: Verify, looked: Verified<Version>) -> systems::RunInput {
    systems::RunInput::Verified { step: look.step, ticket: look.ticket, look: look.look, verified: looked }
}
