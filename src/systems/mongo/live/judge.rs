//! What can be verified of a step down or a freeze without a member's log: by its `hello` reply, or by the server that answers instead.

use crate::mongo::{
    facts::Hello,
    ops::{Lapse, Version},
};
use base::{operation::Verified, step::Truth};

type Outcome = Verified<Version>;

/// Why a member itself gives no information on a request.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// Another set answers at its address: any request sent there was refused.
    Elsewhere(String),
    /// It does not answer.
    Unobservable(String),
}

/// The result of a step down where the member itself gives no information.
pub(super) fn step_down_unanswered(
    host: &str,
    term: i64,
    no_answer: NoAnswer,
    leads: Option<(String, Option<i64>)>,
    accepted: bool,
) -> Outcome {
    match (no_answer, leads) {
        (no_answer, Some((leader, now))) if leader != host || now != Some(term) => {
            let what = match no_answer {
                NoAnswer::Unobservable(_) => format!("{leader} is primary, {host} does not answer"),
                NoAnswer::Elsewhere(why) => format!("{leader} is primary, {why}"),
            };
            done(accepted, format!("{what}; it replied that it stepped down"), Truth::Conflict, what)
        }
        // It was refused there, and no member of the set received the request.
        (NoAnswer::Elsewhere(why), _) if !accepted => Verified::new(Truth::NotApplied, why),
        (NoAnswer::Elsewhere(why) | NoAnswer::Unobservable(why), _) => Verified::unobservable(why),
    }
}

/// The result of a freeze, as far as it can be verified without the member's log; none: the log is needed.
///
/// It is an absolute value. A primary is not frozen: that is the goal of lifting a freeze, and the opposite of setting one.
pub(super) fn of_freeze(
    host: &str,
    hello: &Result<Hello, NoAnswer>,
    (secs, lapse): (u32, Option<Lapse>),
    accepted: bool,
) -> Option<Outcome> {
    match hello {
        Ok(hello) if hello.writable && secs == 0 => {
            Some(Verified::new(Truth::Applied, format!("{host} is primary: it is not frozen")))
        }
        Ok(_) if accepted => Some(Verified::new(Truth::Applied, format!("{host} answered that it did"))),
        Ok(_) => None,
        // A restriction that expires by itself does so at whichever server has the address now.
        Err(_) if lapse.is_some() => None,
        Err(NoAnswer::Elsewhere(why)) if accepted => {
            Some(Verified::new(Truth::Conflict, format!("it replied that it did, and no longer answers: {why}")))
        }
        Err(NoAnswer::Elsewhere(why)) => Some(Verified::new(Truth::NotApplied, why.clone())),
        // A process that hangs keeps its memory, and one that has ended does not: from here the two cannot be distinguished.
        Err(NoAnswer::Unobservable(why)) => Some(Verified::unobservable(why.clone())),
    }
}

fn done(accepted: bool, yes: String, otherwise: Truth, no: String) -> Outcome {
    if accepted { Verified::new(Truth::Applied, yes) } else { Verified::new(otherwise, no) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elsewhere() -> NoAnswer {
        NoAnswer::Elsewhere("a:1: is a member of the set `other`".to_owned())
    }

    #[test]
    fn another_set_at_the_address_is_a_definite_no_and_not_unobservable() {
        let truth = |hello: Result<Hello, NoAnswer>, lapse, accepted| {
            of_freeze("a:1", &hello, (0, lapse), accepted).map(|sight| sight.truth)
        };
        assert_eq!(truth(Err(elsewhere()), None, false), Some(Truth::NotApplied));
        assert_eq!(truth(Err(elsewhere()), None, true), Some(Truth::Conflict));
        assert_eq!(truth(Err(NoAnswer::Unobservable("no answer".to_owned())), None, false), Some(Truth::Unobservable));
        // Whether a restriction has expired is verified at the primary.
        assert_eq!(truth(Err(elsewhere()), Some(Lapse { term: 7, secs: 60 }), false), None);
        let stepped = |no_answer, leads: Option<(&str, i64)>, accepted| {
            step_down_unanswered("a:1", 7, no_answer, leads.map(|(host, term)| (host.to_owned(), Some(term))), accepted)
                .truth
        };
        assert_eq!(stepped(elsewhere(), None, false), Truth::NotApplied);
        assert_eq!(stepped(NoAnswer::Unobservable("no answer".to_owned()), None, false), Truth::Unobservable);
        assert_eq!(stepped(elsewhere(), None, true), Truth::Unobservable);
        for no_answer in [elsewhere(), NoAnswer::Unobservable("no answer".to_owned())] {
            assert_eq!(stepped(no_answer, Some(("b:1", 8)), false), Truth::Conflict);
        }
    }

    #[test]
    fn who_leads_is_not_frozen_which_is_what_lifting_wants_and_not_what_freezing_does() {
        let leads = |secs, accepted| {
            let hello = Hello { writable: true, ..Hello::default() };
            of_freeze("a:1", &Ok(hello), (secs, None), accepted).map(|sight| sight.truth)
        };
        assert_eq!(leads(0, false), Some(Truth::Applied));
        assert_eq!(leads(60, false), None, "its log tells, and if that does not, it was refused");
        assert_eq!(leads(60, true), Some(Truth::Applied));
    }
}
