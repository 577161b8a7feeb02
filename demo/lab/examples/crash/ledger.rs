//! The requests in the journal, with their outcomes.

use landfall::{
    base::step::{Note, OpState},
    systems::{Body, Call, Entry},
};

/// A request in the journal.
pub struct Send<'e> {
    /// Its description.
    pub what: &'e str,
    pub call: &'e Call,
    /// The tag it was sent with.
    pub tag: &'e str,
    /// Its last state.
    pub state: OpState,
}

/// All requests with an intent, in order.
pub fn sends(entries: &[Entry]) -> Vec<Send<'_>> {
    let mut out: Vec<Send<'_>> = Vec::new();
    let mut tickets = Vec::new();
    for entry in entries {
        match &entry.body {
            Body::Intent(i) => {
                tickets.push((&i.step, i.ticket));
                out.push(Send { what: &i.what, call: &i.call, tag: &i.tag, state: OpState::Intent });
            }
            Body::Transition(c) => {
                if let Note::Op(ticket, state) = c.note
                    && let Some(at) = tickets.iter().rposition(|t| *t == (&c.step, ticket))
                {
                    out[at].state = state;
                }
            }
            _ => {}
        }
    }
    out
}

/// The position of the journal: the last request and its state.
pub fn last(entries: &[Entry]) -> String {
    sends(entries).last().map_or_else(|| "nothing".to_owned(), |s| format!("{}: {:?}", s.what, s.state))
}
