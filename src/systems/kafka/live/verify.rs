//! Verification of a commit: the group's commits, read again from its coordinator, never from memory.

use super::{Answered, Question, Reader};
use crate::kafka::ops::{Call, TopicOffsets, Version, judge};
use base::operation::{Verified, VerifyRequest};

impl Reader {
    pub(super) async fn verify(&self, request: &VerifyRequest<'_, Call, Version>) -> Verified<Version> {
        let Call::Commit { group, offsets, .. } = request.call;
        match self.ask(Question::Commits(group.clone())).await {
            Ok(Answered::Commits(all)) => {
                judge(group, &same(&all, offsets), offsets, request.precondition, request.accepted)
            }
            Ok(Answered::Observation(_)) => Verified::unobservable("an answer to another question"),
            Err(fault) => Verified::unobservable(fault.to_string()),
        }
    }
}

/// The commits on the partitions of the call, in its order.
fn same(all: &[TopicOffsets], of: &[TopicOffsets]) -> Vec<TopicOffsets> {
    let one = |wanted: &TopicOffsets| {
        let known = all.iter().find(|t| t.topic == wanted.topic);
        let at = |p: u32| known.and_then(|t| t.offsets.iter().find(|(q, _)| *q == p)).map_or(-1, |(_, offset)| *offset);
        TopicOffsets { topic: wanted.topic.clone(), offsets: wanted.offsets.iter().map(|&(p, _)| (p, at(p))).collect() }
    };
    of.iter().map(one).collect()
}
