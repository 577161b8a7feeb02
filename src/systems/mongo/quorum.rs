//! Which failures a set survives: whether a majority is left after losing one side or the link between them.

use base::side::{Side, Sides};

/// One voter, as the primary sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Voter {
    /// Its side; none = a third site.
    pub(super) side: Option<Side>,
    /// Its votes (0 or 1).
    pub(super) votes: u32,
    /// Whether it would vote at present.
    pub(super) up: bool,
    /// Whether it could become primary at present: holds data, follows, has a priority.
    pub(super) electable: bool,
}

/// The distribution of votes, and what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quorum {
    /// Votes needed to elect a primary.
    pub(super) majority: u32,
    /// Votes per side, by the configuration.
    pub(super) votes: Sides<u32>,
    /// Votes at a third site.
    pub(super) third: u32,
    /// A primary can be elected after the source is lost.
    pub(super) without_source: bool,
    /// A primary can be elected after the target is lost.
    pub(super) without_target: bool,
    /// A primary can be elected after the link between the two is lost. Assumption: a third site reaches both.
    pub(super) without_link: bool,
    /// The primary keeps its majority when the link is lost: its own site has one, alone or together with a third site.
    pub(super) at_home: bool,
}

/// Computes the quorum. Votes and majority come from the configuration (a voter that is down still counts in the majority); who can
/// still vote and become primary comes from the members that are up.
pub(super) fn judge(voters: &[Voter], primary: Option<Side>) -> Quorum {
    let sum = |pick: &dyn Fn(&Voter) -> bool| voters.iter().filter(|v| pick(v)).map(|v| v.votes).sum::<u32>();
    let majority = sum(&|_| true) / 2 + 1;
    // The rest needs a majority and an electable member: priorities set to 0 can leave voters without one.
    let left = |pick: &dyn Fn(Option<Side>) -> bool| {
        sum(&|v| v.up && pick(v.side)) >= majority && voters.iter().any(|v| v.up && v.electable && pick(v.side))
    };
    let (source, target) = (Some(Side::Source), Some(Side::Target));
    let (without_source, without_target) = (left(&|s| s != source), left(&|s| s != target));
    Quorum {
        majority,
        votes: Sides::from_fn(|side| sum(&|v| v.side == Some(side))),
        third: sum(&|v| v.side.is_none()),
        without_source,
        without_target,
        // A side that is cut off is lost to the other side.
        without_link: without_source || without_target,
        at_home: left(&|s| s == primary || s.is_none()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(source: u32, target: u32, third: u32) -> Vec<Voter> {
        let voter = |side| Voter { side, votes: 1, up: true, electable: side.is_some() };
        [(Some(Side::Source), source), (Some(Side::Target), target), (None, third)]
            .into_iter()
            .flat_map(|(side, n)| (0..n).map(move |_| voter(side)))
            .collect()
    }

    #[test]
    fn three_and_two_lives_without_the_target_only() {
        let q = judge(&set(3, 2, 0), Some(Side::Source));
        assert_eq!((q.majority, q.votes.source, q.votes.target), (3, 3, 2));
        assert_eq!((q.without_source, q.without_target, q.without_link, q.at_home), (false, true, true, true));
        // The same votes with the primary on the other side: without the link it loses its majority.
        assert!(!judge(&set(3, 2, 0), Some(Side::Target)).at_home);
    }

    #[test]
    fn an_even_split_loses_its_primary_with_the_link() {
        let q = judge(&set(3, 3, 0), Some(Side::Source));
        assert_eq!(q.majority, 4);
        assert_eq!((q.without_source, q.without_target, q.without_link, q.at_home), (false, false, false, false));
    }

    #[test]
    fn a_third_site_saves_an_even_split() {
        let q = judge(&set(2, 2, 1), Some(Side::Target));
        assert_eq!((q.without_source, q.without_target, q.without_link, q.at_home), (true, true, true, true));
    }

    #[test]
    fn a_voter_that_is_down_counts_in_the_majority_and_not_in_what_is_left() {
        let mut voters = set(3, 2, 0);
        voters[0].up = false;
        let q = judge(&voters, Some(Side::Source));
        assert_eq!(q.majority, 3);
        assert!(!q.without_target && !q.at_home);
    }

    #[test]
    fn a_majority_that_nobody_can_lead_is_none() {
        // As during a move, while the priorities are pinned: all members except the target's have priority 0.
        let mut voters = set(3, 2, 0);
        for v in voters.iter_mut().filter(|v| v.side == Some(Side::Source)) {
            v.electable = false;
        }
        assert!(!judge(&voters, Some(Side::Target)).without_target);
    }

    #[test]
    fn no_voters_at_all_survive_nothing() {
        let q = judge(&[], None);
        assert!(!(q.without_source || q.without_target || q.without_link || q.at_home));
    }
}
