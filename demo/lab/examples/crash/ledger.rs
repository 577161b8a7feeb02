//! What the journal says: each request, and what became of it.

use landfall::{
    base::step::{Note, OpState},
    systems::{Body, Call, Entry},
};

/// A request as the journal has it.
pub struct Said<'e> {
    /// For people.
    pub what: &'e str,
    pub call: &'e Call,
    /// What it was sent under.
    pub tag: &'e str,
    /// The last word on it.
    pub state: OpState,
}

/// All requests that were meant, in order.
pub fn said(entries: &[Entry]) -> Vec<Said<'_>> {
    let mut out: Vec<Said<'_>> = Vec::new();
    let mut tickets = Vec::new();
    for entry in entries {
        match &entry.body {
            Body::Intent(i) => {
                tickets.push((&i.step, i.ticket));
                out.push(Said { what: &i.what, call: &i.call, tag: &i.tag, state: OpState::Intent });
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

/// How far the journal is: the last request, and what is known of it.
pub fn last(entries: &[Entry]) -> String {
    said(entries).last().map_or_else(|| "nothing".to_owned(), |s| format!("{}: {:?}", s.what, s.state))
}
