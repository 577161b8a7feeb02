//! The request that changes a cluster: one, and nothing else.
//!
//! Each request has its own client and thread, which end with it. librdkafka may repeat an admin request until its time-out; the
//! values are absolute, so that a second copy changes nothing.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    admin::{Answer, Failure},
    client::Client,
    faults::code,
};
use crate::kafka::{
    ops::{Call, TopicOffsets, Version},
    state::bootstrap,
};
use base::{operation::SendOutcome, side::Side, step::Reply};
use journal::Permit;
use plan::{KafkaPair, Plan};

/// For how long a request is tried and its reply awaited.
const WITHIN: Duration = Duration::from_secs(15);

const CALL: &str = "OffsetCommit";

/// The writing properties of the plan. No connection is kept open.
pub struct Writers(Arc<Plan>);

impl Writers {
    pub(super) fn new(plan: &Arc<Plan>) -> Self {
        Self(plan.clone())
    }

    pub(super) async fn send(&self, permit: Permit, call: &Call) -> SendOutcome<Version> {
        let Call::Commit { pair, side, group, offsets } = call;
        let (side, group, offsets) = (*side, group.clone(), offsets.clone());
        let Some(pair) = self.0.kafka.iter().find(|p| p.name == *pair).cloned() else {
            return SendOutcome::refused(format!("the plan has no pair of clusters {pair}; nothing was sent"));
        };
        let (reply, answer) = oneshot::channel();
        let thread = thread::Builder::new().name(format!("kafka {} {side} write", pair.name));
        // The caller may have given up: then a verification shows the result.
        let spawned = thread.spawn(move || {
            let _ = reply.send(commit(permit, &pair, side, &group, &offsets));
        });
        match spawned {
            Ok(_) => answer.await.unwrap_or_else(|_| SendOutcome::indeterminate("the thread that sends it ended")),
            Err(error) => SendOutcome::refused(format!("no thread to send it: {error}; nothing was sent")),
        }
    }
}

fn commit(permit: Permit, pair: &KafkaPair, side: Side, group: &str, offsets: &[TopicOffsets]) -> SendOutcome<Version> {
    let server = bootstrap(pair, side);
    let unsent = |why: String| SendOutcome::refused(format!("{why}; nothing was sent"));
    let Some(properties) = &pair.clusters.get(side).write else {
        return unsent(format!("{server}: the plan has no write_properties for {} on the {side}", pair.name));
    };
    let client = match Client::new(&server, properties) {
        Ok(client) => client,
        Err(fault) => return unsent(fault.to_string()),
    };
    let call = format!("{CALL} of group {group}");
    // A missing broker is detected before anything is sent; see also `consumer_groups::commits_of`.
    if let Err(fault) = client.metadata(Instant::now() + WITHIN / 3) {
        return unsent(fault.to_string());
    }
    let deadline = Instant::now() + WITHIN;
    let batch = match client.batch() {
        Ok(batch) => batch,
        Err(fault) => return unsent(fault.to_string()),
    };
    if let Err(failure) = batch.alter(permit, group, offsets, WITHIN - Duration::from_secs(1)) {
        return unsent(client.fault(&call, &failure).to_string());
    }
    let mut of_partitions: Vec<(String, Option<Failure>)> = Vec::new();
    let mut whole = Ok(());
    let each = |_, answer: Answer<'_>| match answer {
        Answer::Offset(topic, partition, result) => {
            of_partitions.push((format!("{topic}-{partition}"), result.err()));
        }
        Answer::Partly(failure) => of_partitions.push((format!("group {group}"), Some(failure))),
        _ => {}
    };
    match client.collect(&batch, 1, deadline, each, |_, result| whole = result) {
        // A lost connection may have delivered the request.
        Err(fault) => return SendOutcome::indeterminate(fault.to_string()),
        Ok(missing) if missing > 0 => {
            return SendOutcome::indeterminate(format!("{server}: {call}: no answer in {} s", WITHIN.as_secs()));
        }
        Ok(_) => {}
    }
    match whole {
        Err(failure) => {
            let reply = if definite(failure.code) { Reply::Refused } else { Reply::Indeterminate };
            SendOutcome { reply, version: None, detail: client.fault(&call, &failure).to_string() }
        }
        Ok(()) => {
            let (reply, message) = verdict(&of_partitions);
            SendOutcome { reply, version: None, detail: format!("{server}: {call}: {message}") }
        }
    }
}

/// The result of the request, from the errors of all partitions.
fn verdict(partitions: &[(String, Option<Failure>)]) -> (Reply, String) {
    let failed: Vec<(&String, &Failure)> = partitions.iter().filter_map(|(p, f)| Some((p, f.as_ref()?))).collect();
    let Some((first, failure)) = failed.first() else {
        // A reply without partitions is no result.
        return if partitions.is_empty() {
            (Reply::Indeterminate, "an answer without a partition".to_owned())
        } else {
            (Reply::Accepted, format!("no error on any of {} partitions", partitions.len()))
        };
    };
    let reply = if failed.len() == partitions.len() && failed.iter().all(|(_, f)| definite(f.code)) {
        Reply::Refused
    } else {
        Reply::Indeterminate
    };
    let hint = match failure.code {
        code::UNKNOWN_MEMBER | code::NON_EMPTY_GROUP | code::REBALANCING => {
            "; the group has members there: stop its consumers first"
        }
        _ => "",
    };
    (reply, format!("{} of {} partitions failed, {first}: {}{hint}", failed.len(), partitions.len(), failure.text))
}

/// Errors by which a coordinator reports that it did not accept the commit.
const fn definite(code: i32) -> bool {
    matches!(
        code,
        code::UNKNOWN_TOPIC_OR_PARTITION
            | code::UNKNOWN_MEMBER
            | code::NON_EMPTY_GROUP
            | code::REBALANCING
            | code::ILLEGAL_GENERATION
            | code::FENCED_INSTANCE
            | code::INVALID_GROUP
            | code::TOPIC_DENIED
            | code::GROUP_DENIED
            | code::CLUSTER_DENIED
            | code::AUTHENTICATION
            | code::SASL_FAILED
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(codes: &[i32]) -> Vec<(String, Option<Failure>)> {
        let one = |(i, &code): (usize, &i32)| {
            (format!("orders-{i}"), (code != 0).then(|| Failure { code, text: format!("code {code}") }))
        };
        codes.iter().enumerate().map(one).collect()
    }

    #[test]
    fn only_all_partitions_together_are_a_definite_no() {
        let reply = |codes: &[i32]| verdict(&partitions(codes)).0;
        assert_eq!(reply(&[0, 0]), Reply::Accepted);
        assert_eq!(reply(&[]), Reply::Indeterminate);
        assert_eq!(reply(&[code::UNKNOWN_MEMBER, code::UNKNOWN_MEMBER]), Reply::Refused);
        assert_eq!(reply(&[code::NON_EMPTY_GROUP, code::UNKNOWN_MEMBER]), Reply::Refused);
        assert_eq!(reply(&[0, code::UNKNOWN_MEMBER]), Reply::Indeterminate);
        assert_eq!(reply(&[code::REQUEST_TIMED_OUT, code::REQUEST_TIMED_OUT]), Reply::Indeterminate);
        let (_, message) = verdict(&partitions(&[0, code::NON_EMPTY_GROUP]));
        assert!(message.starts_with("1 of 2 partitions failed, orders-1: code 68; the group has members"), "{message}");
    }
}
