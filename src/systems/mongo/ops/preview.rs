//! What a move changes, what the operator has to know before it, and which states are forbidden on the way or at its end.

use std::{sync::Arc, time::Duration};

use super::{
    Call, Version,
    draft::Stand,
    path::VOTES,
    recipe::{self, Move},
};
use crate::mongo::{
    facts::ConfigMember,
    quorum::{self, Quorum},
    set::Set,
};
use base::{
    now::Now,
    operation::{Change, Draft},
    side::Side,
};

/// From this round trip time on, the two count as in different regions.
const FAR: Duration = Duration::from_millis(20);

/// The input of a preview, besides the move.
pub(super) struct PreviewInput<'a> {
    pub stand: &'a Stand<'a>,
    /// All members that report that they accept writes.
    pub claims: &'a [Arc<str>],
    /// When it is made.
    pub now: Now,
    /// It is a rollback: the vote distribution is noted, and forbids nothing.
    pub back: bool,
}

impl Set {
    pub(super) fn preview(&self, the: &Move, input: &PreviewInput<'_>) -> Draft<Call, Version> {
        let mut draft = Draft::nothing();
        let back = the.inverse();
        if the.from == the.to {
            draft.ops = the.priorities_only();
            draft.inverse = back.priorities_only();
        } else {
            draft.ops = the.ops();
            draft.inverse = back.ops();
            draft.notes = self.cost(the, input.stand, input.now);
        }
        draft.diff = diff(the);
        self.quorum_of(the, input, &mut draft);
        if input.claims.len() > 1 {
            draft.broken.push(format!(
                "{}: more than one member reports itself writable: {}",
                self.name,
                input.claims.join(", ")
            ));
        }
        let votes: u32 = the.wanted.iter().map(|m| m.votes).sum();
        if votes > VOTES {
            draft.broken.push(format!("{}: {votes} votes; the maximum is {VOTES}", self.name));
        }
        draft
    }

    /// Exposure, write gap and added latency.
    fn cost(&self, the: &Move, stand: &Stand<'_>, now: Now) -> Vec<String> {
        let (Move { from, to, .. }, secs, catch_up) = (the, recipe::STEP_DOWN, recipe::CATCH_UP);
        let rtt = stand.status.members.iter().find(|p| p.host == **to).and_then(|p| p.ping).filter(|p| *p >= FAR);
        let mut notes = vec![
            format!(
                "From the step-down until the priorities are restored only {to} can be elected: if it is lost in that time, the set has \
                 no primary until {from} may stand for election again, after {secs} s at the latest."
            ),
            match rtt {
                None => "No writes for 26 to 90 ms, from the moment the command arrives.".to_owned(),
                Some(_) => {
                    "No writes for 265 to 582 ms across regions, from the moment the command arrives.".to_owned()
                }
            },
            format!(
                "If no member catches up within {catch_up} s, the server refuses (262): {from} stays primary, after {catch_up} s \
                 without writes."
            ),
            self.doomed(from, now),
            format!(
                "{to} has {} s to catch up with {from}, and the gates are evaluated again before the step-down: if that fails, \
                 everything is restored.",
                super::LEVEL_WITHIN.as_secs()
            ),
        ];
        if let Some(rtt) = rtt {
            let site = self.side(from).map_or("the old site".to_owned(), |s| self.plan.sites.get(s).label.clone());
            let ms = rtt.as_millis();
            notes.push(format!(
                "Every write from {site} then takes about {ms} ms more (measured at 70 ms: w:1 from 1–2 to 74 ms, w:majority from 6–8 to \
                 210 ms)."
            ));
        }
        notes
    }

    /// The vote distribution: before, while only the two can become primary, and after.
    fn quorum_of(&self, the: &Move, input: &PreviewInput<'_>, draft: &mut Draft<Call, Version>) {
        let judge = |members: &[ConfigMember], leader: &str| {
            quorum::judge(&self.voters(members, input.stand.status), self.side(leader))
        };
        let before = judge(&the.observed, &the.from);
        if !before.at_home {
            draft.notes.push(format!("{}: {} at the current primary: {}", self.name, NOT_AT_HOME, votes(&before)));
        }
        let up: u32 = self.voters(&the.observed, input.stand.status).iter().filter(|v| v.up).map(|v| v.votes).sum();
        if up < before.majority {
            draft.broken.push(format!("{}: {up} votes are up, {} elect a primary", self.name, before.majority));
        }
        let after = judge(&the.wanted, &the.to);
        if !after.at_home {
            let text = format!("{}: {} at {}: {}", self.name, NOT_AT_HOME, the.to, votes(&after));
            if input.back {
                draft.notes.push(text);
            } else {
                draft.broken.push(text);
            }
        }
    }
}

const NOT_AT_HOME: &str = "neither the primary's own site nor it and a third have a majority that is up";

pub(super) fn votes(q: &Quorum) -> String {
    let of = |side| q.votes.get(side);
    format!(
        "source {}, target {}, third {} votes, {} elect a primary",
        of(Side::Source),
        of(Side::Target),
        q.third,
        q.majority
    )
}

/// The differences of members.
pub(super) fn members(set: &str, before: &[ConfigMember], after: &[ConfigMember]) -> Vec<Change> {
    let word = |m: Option<&ConfigMember>| match m {
        None => "not in the set".to_owned(),
        Some(m) => {
            let hidden = if m.hidden { ", hidden" } else { "" };
            format!("votes {}, priority {}{hidden}", m.votes, m.priority)
        }
    };
    let of = |members: &'_ [ConfigMember], host: &str| members.iter().find(|m| m.host == host).cloned();
    let come = after.iter().filter(|m| of(before, &m.host).is_none());
    before
        .iter()
        .chain(come)
        .filter_map(|m| {
            let (from, to) = (word(of(before, &m.host).as_ref()), word(of(after, &m.host).as_ref()));
            (from != to).then(|| Change { thing: format!("{set}: {}", m.host), from, to })
        })
        .collect()
}

fn diff(the: &Move) -> Vec<Change> {
    let change = |thing: String, from: String, to: String| Change { thing, from, to };
    let moves = the.from != the.to;
    let mut out = Vec::new();
    if moves {
        out.push(change(format!("{}: primary", the.set), the.from.clone(), the.to.clone()));
    }
    let steps = if moves { 2 } else { 1 };
    let version = the.mark.version;
    out.push(change(format!("{}: version", the.set), version.to_string(), version.saturating_add(steps).to_string()));
    let mut priorities = |what: &str, to: &[ConfigMember]| {
        for (a, b) in the.observed.iter().zip(to) {
            if a.priority.total_cmp(&b.priority).is_ne() {
                out.push(change(format!("{what} of {}", a.host), a.priority.to_string(), b.priority.to_string()));
            }
        }
    };
    if moves {
        priorities("priority, until restored,", &the.pinned());
    }
    priorities("priority", &the.wanted);
    out
}
