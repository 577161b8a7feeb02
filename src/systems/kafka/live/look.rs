//! What has become of a commit: the group's commits, read anew from its coordinator, never from what is remembered.

use super::{Answered, Question, Reader};
use crate::systems::{
    kafka::ops::{Call, Mark, TopicOffsets, judge},
    steer::{Looked, Sought},
};

impl Reader {
    pub(super) async fn look(&self, sought: &Sought<'_, Call, Mark>) -> Looked<Mark> {
        let Call::Commit { group, offsets, .. } = sought.call;
        match self.ask(Question::Commits(group.clone())).await {
            Ok(Answered::Commits(all)) => judge(group, &same(&all, offsets), offsets, sought.expect, sought.accepted),
            Ok(Answered::Facts(_)) => Looked::dark("an answer to another question"),
            Err(fault) => Looked::dark(fault.to_string()),
        }
    }
}

/// Of all commits those on the partitions of the call, in its order.
fn same(all: &[TopicOffsets], of: &[TopicOffsets]) -> Vec<TopicOffsets> {
    let one = |wanted: &TopicOffsets| {
        let known = all.iter().find(|t| t.topic == wanted.topic);
        let at = |p: u32| known.and_then(|t| t.offsets.iter().find(|(q, _)| *q == p)).map_or(-1, |(_, offset)| *offset);
        TopicOffsets { topic: wanted.topic.clone(), offsets: wanted.offsets.iter().map(|&(p, _)| (p, at(p))).collect() }
    };
    of.iter().map(one).collect()
}
