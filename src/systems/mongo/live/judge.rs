//! What can be verified of a step down or a freeze without a member's log: by its `hello` reply, or by the server that answers instead.

use crate::mongo::{
    facts::Hello,
    ops::{Lapse, Version},
};
use base::{operation::Verified, step::Truth};

type Sight = Verified<Version>;

/// Why a member itself gives no information on a request.
#[derive(Debug)]
pub(super) enum Silent {
    /// Another set answers at its address: any request sent there was refused.
    Elsewhere(String),
    /// It does not answer.
    Unobservable(String),
}

/// The result of a step down where the member itself gives no information.
pub(super) fn nobody_steps_down(
    host: &str,
    term: i64,
    silent: Silent,
    leads: Option<(String, Option<i64>)>,
    accepted: bool,
) -> Sight {
    match (silent, leads) {
        (silent, Some((leader, now))) if leader != host || now != Some(term) => {
            let what = match silent {
                Silent::Unobservable(_) => format!("{leader} is primary, {host} does not answer"),
                Silent::Elsewhere(why) => format!("{leader} is primary, {why}"),
            };
            done(accepted, format!("{what}; it replied that it stepped down"), Truth::Conflict, what)
        }
        // It was refused there, and no member of the set received the request.
        (Silent::Elsewhere(why), _) if !accepted => Verified::new(Truth::NotApplied, why),
        (Silent::Elsewhere(why) | Silent::Unobservable(why), _) => Verified::unobservable(why),
    }
}

/// The result of a freeze, as far as it can be verified without the member's log; none: the log is needed.
///
/// It is an absolute value. A primary is not frozen: that is the goal of lifting a freeze, and the opposite of setting one.
pub(super) fn of_freeze(
    host: &str,
    greeted: &Result<Hello, Silent>,
    (secs, lapse): (u32, Option<Lapse>),
    accepted: bool,
) -> Option<Sight> {
    match greeted {
        Ok(hello) if hello.writable && secs == 0 => {
            Some(Verified::new(Truth::Applied, format!("{host} is primary: it is not frozen")))
        }
        Ok(_) if accepted => Some(Verified::new(Truth::Applied, format!("{host} answered that it did"))),
        Ok(_) => None,
        // A restriction that expires by itself does so at whichever server has the address now.
        Err(_) if lapse.is_some() => None,
        Err(Silent::Elsewhere(why)) if accepted => {
            Some(Verified::new(Truth::Conflict, format!("it replied that it did, and no longer answers: {why}")))
        }
        Err(Silent::Elsewhere(why)) => Some(Verified::new(Truth::NotApplied, why.clone())),
        // A process that hangs keeps its memory, and one that has ended does not: from here the two cannot be distinguished.
        Err(Silent::Unobservable(why)) => Some(Verified::unobservable(why.clone())),
    }
}

fn done(accepted: bool, yes: String, otherwise: Truth, no: String) -> Sight {
    if accepted { Verified::new(Truth::Applied, yes) } else { Verified::new(otherwise, no) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elsewhere() -> Silent {
        Silent::Elsewhere("a:1: is a member of the set `other`".to_owned())
    }

    #[test]
    fn another_set_at_the_address_is_a_definite_no_and_not_darkness() {
        let truth = |greeted: Result<Hello, Silent>, lapse, accepted| {
            of_freeze("a:1", &greeted, (0, lapse), accepted).map(|sight| sight.truth)
        };
        assert_eq!(truth(Err(elsewhere()), None, false), Some(Truth::NotApplied));
        assert_eq!(truth(Err(elsewhere()), None, true), Some(Truth::Conflict));
        assert_eq!(truth(Err(Silent::Unobservable("no answer".to_owned())), None, false), Some(Truth::Unobservable));
        // Whether a restriction has expired is verified at the primary.
        assert_eq!(truth(Err(elsewhere()), Some(Lapse { term: 7, secs: 60 }), false), None);
        let stepped = |silent, leads: Option<(&str, i64)>, accepted| {
            nobody_steps_down("a:1", 7, silent, leads.map(|(host, term)| (host.to_owned(), Some(term))), accepted).truth
        };
        assert_eq!(stepped(elsewhere(), None, false), Truth::NotApplied);
        assert_eq!(stepped(Silent::Unobservable("no answer".to_owned()), None, false), Truth::Unobservable);
        assert_eq!(stepped(elsewhere(), None, true), Truth::Unobservable);
        for silent in [elsewhere(), Silent::Unobservable("no answer".to_owned())] {
            assert_eq!(stepped(silent, Some(("b:1", 8)), false), Truth::Conflict);
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
