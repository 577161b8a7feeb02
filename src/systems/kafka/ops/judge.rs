//! The result of a request, from a group's commits that were read back. One rule for real and simulated clusters.

use super::{TopicOffsets, Version};
use base::{operation::Verified, step::Truth};

/// A commit has no tag: it is judged by its values. `there` are the commits on the same partitions, in the same order, −1 where there is no
/// commit; `accepted`: the coordinator reported that it accepted ours.
pub(in super::super) fn judge(
    group: &str,
    there: &[TopicOffsets],
    ours: &[TopicOffsets],
    precondition: Option<&Version>,
    accepted: bool,
) -> Verified<Version> {
    if there == ours {
        return Verified::new(Truth::Applied, "all offsets are as set");
    }
    let Some(Version::Offsets(prior)) = precondition else {
        return Verified::unobservable("the previous offsets are unknown");
    };
    if there == prior.as_slice() {
        return Verified::new(Truth::NotApplied, "all offsets are as before");
    }
    let count = differing(there, ours);
    if !beyond(there, ours) {
        return Verified::new(
            Truth::Conflict,
            format!("{group} has other offsets: {count} partitions differ from those set"),
        );
    }
    if accepted {
        let text = format!(
            "{group} has committed beyond the set offsets on {count} partitions, after the coordinator accepted them"
        );
        return Verified::new(Truth::Applied, text);
    }
    // Consumers continue from ours, a mirror from its own: they cannot be distinguished any more, but both have overwritten ours.
    Verified::new(Truth::Conflict, format!("{group} has committed beyond the set offsets, from an unknown position"))
}

fn pairs<'a>(there: &'a [TopicOffsets], ours: &'a [TopicOffsets]) -> impl Iterator<Item = (i64, i64)> + 'a {
    there.iter().zip(ours).flat_map(|(t, o)| t.offsets.iter().zip(&o.offsets)).map(|(t, o)| (t.1, o.1))
}

/// Every partition is at our offset or beyond it.
fn beyond(there: &[TopicOffsets], ours: &[TopicOffsets]) -> bool {
    pairs(there, ours).all(|(there, ours)| there >= ours)
}

fn differing(there: &[TopicOffsets], ours: &[TopicOffsets]) -> usize {
    pairs(there, ours).filter(|(there, ours)| there != ours).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offsets: &[i64]) -> Vec<TopicOffsets> {
        vec![TopicOffsets { topic: "orders".into(), offsets: (0..).zip(offsets.iter().copied()).collect() }]
    }

    #[test]
    fn values_tell_and_only_a_yes_makes_progress_ours() {
        let (ours, prior) = (at(&[10, 20]), Version::Offsets(at(&[5, -1])));
        let truth = |there: &[i64], accepted| judge("g", &at(there), &ours, Some(&prior), accepted).truth;
        for accepted in [false, true] {
            assert_eq!(truth(&[10, 20], accepted), Truth::Applied);
            assert_eq!(truth(&[5, -1], accepted), Truth::NotApplied);
            assert_eq!(truth(&[10, -1], accepted), Truth::Conflict, "a part of it");
            assert_eq!(truth(&[11, 19], accepted), Truth::Conflict);
        }
        assert_eq!(truth(&[11, 20], false), Truth::Conflict);
        assert_eq!(truth(&[11, 20], true), Truth::Applied, "it goes on from there");
        assert_eq!(judge("g", &at(&[5, 6]), &ours, None, true).truth, Truth::Unobservable);
        assert_eq!(judge("g", &ours, &ours, None, false).truth, Truth::Applied);
    }
}
