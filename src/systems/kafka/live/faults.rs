//! Errors of librdkafka and of brokers, converted to faults.

use rdkafka::error::KafkaError;

use super::admin::Failure;
use base::observed::{Fault, FaultKind};

/// Kafka's error codes with a special meaning here; negative ones are librdkafka's.
pub(super) mod code {
    pub(in super::super) const TRANSPORT: i32 = -195;
    pub(in super::super) const RESOLVE: i32 = -193;
    pub(in super::super) const ALL_BROKERS_DOWN: i32 = -187;
    pub(in super::super) const AUTHENTICATION: i32 = -169;
    pub(super) const UNKNOWN_PARTITION: i32 = -190;
    pub(super) const UNKNOWN_TOPIC: i32 = -188;
    pub(in super::super) const TIMED_OUT: i32 = -185;
    pub(super) const SSL: i32 = -181;
    pub(super) const TIMED_OUT_QUEUE: i32 = -166;
    pub(in super::super) const UNSUPPORTED_FEATURE: i32 = -165;
    pub(super) const PARTIAL: i32 = -158;
    pub(in super::super) const UNKNOWN_TOPIC_OR_PARTITION: i32 = 3;
    pub(in super::super) const LEADER_NOT_AVAILABLE: i32 = 5;
    pub(super) const NOT_LEADER: i32 = 6;
    pub(in super::super) const REQUEST_TIMED_OUT: i32 = 7;
    pub(super) const COORDINATOR_LOADING: i32 = 14;
    pub(super) const COORDINATOR_NOT_AVAILABLE: i32 = 15;
    pub(super) const NOT_COORDINATOR: i32 = 16;
    pub(in super::super) const ILLEGAL_GENERATION: i32 = 22;
    pub(in super::super) const INVALID_GROUP: i32 = 24;
    pub(in super::super) const UNKNOWN_MEMBER: i32 = 25;
    pub(in super::super) const REBALANCING: i32 = 27;
    pub(in super::super) const NON_EMPTY_GROUP: i32 = 68;
    pub(in super::super) const FENCED_INSTANCE: i32 = 82;
    pub(in super::super) const TOPIC_DENIED: i32 = 29;
    pub(in super::super) const GROUP_DENIED: i32 = 30;
    pub(in super::super) const CLUSTER_DENIED: i32 = 31;
    pub(super) const UNSUPPORTED_VERSION: i32 = 35;
    pub(in super::super) const SASL_FAILED: i32 = 58;
    pub(super) const GROUP_NOT_FOUND: i32 = 69;
    pub(super) const THROTTLED: i32 = 89;
}

/// The kind of fault of a code.
pub(super) const fn kind(code: i32) -> FaultKind {
    use code::{
        ALL_BROKERS_DOWN, AUTHENTICATION, CLUSTER_DENIED, COORDINATOR_LOADING, COORDINATOR_NOT_AVAILABLE, GROUP_DENIED,
        GROUP_NOT_FOUND, LEADER_NOT_AVAILABLE, NOT_COORDINATOR, NOT_LEADER, PARTIAL, REQUEST_TIMED_OUT, RESOLVE,
        SASL_FAILED, SSL, THROTTLED, TIMED_OUT, TIMED_OUT_QUEUE, TOPIC_DENIED, TRANSPORT, UNKNOWN_PARTITION,
        UNKNOWN_TOPIC, UNKNOWN_TOPIC_OR_PARTITION, UNSUPPORTED_FEATURE, UNSUPPORTED_VERSION,
    };
    match code {
        // Without a leader or a coordinator no server can be queried, whatever the state of the connection.
        TRANSPORT
        | RESOLVE
        | ALL_BROKERS_DOWN
        | SSL
        | LEADER_NOT_AVAILABLE
        | NOT_LEADER
        | COORDINATOR_LOADING
        | COORDINATOR_NOT_AVAILABLE
        | NOT_COORDINATOR => FaultKind::Unreachable,
        TIMED_OUT | TIMED_OUT_QUEUE | REQUEST_TIMED_OUT | PARTIAL => FaultKind::TimedOut,
        AUTHENTICATION | SASL_FAILED | TOPIC_DENIED | GROUP_DENIED | CLUSTER_DENIED => FaultKind::Refused,
        THROTTLED => FaultKind::Throttled,
        UNKNOWN_TOPIC_OR_PARTITION | UNKNOWN_TOPIC | UNKNOWN_PARTITION | GROUP_NOT_FOUND => FaultKind::NotFound,
        UNSUPPORTED_FEATURE | UNSUPPORTED_VERSION => FaultKind::Unsupported,
        _ => FaultKind::Malformed,
    }
}

/// The remedy, where it is more than in the server's message.
const fn hint(code: i32) -> &'static str {
    match code {
        code::TOPIC_DENIED => "; reading needs DESCRIBE on the topic",
        code::GROUP_DENIED => "; reading needs DESCRIBE on the group",
        code::CLUSTER_DENIED => "; reading needs DESCRIBE on the cluster",
        code::AUTHENTICATION | code::SASL_FAILED => {
            "; check the pair's sasl.* properties and the secrets they refer to"
        }
        _ => "",
    }
}

/// The fault of a call.
pub(super) fn fault(server: &str, call: &str, failure: &Failure) -> Fault {
    Fault::new(kind(failure.code), format!("{server}: {call}: {}{}", failure.text, hint(failure.code)))
}

/// The fault of one of rdkafka's own calls.
pub(super) fn of_error(server: &str, call: &str, error: &KafkaError) -> Fault {
    let code = error.rdkafka_error_code().map_or(0, |c| c as i32);
    fault(server, call, &Failure { code, text: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_group_is_refused_and_says_what_it_needs() {
        let fault = fault("b:9092", "OffsetFetch", &Failure { code: 30, text: "Group authorization failed".into() });
        assert_eq!(fault.kind, FaultKind::Refused);
        assert!(
            fault.text.raw().contains("b:9092: OffsetFetch") && fault.text.raw().contains("DESCRIBE on the group"),
            "{fault}"
        );
    }

    #[test]
    fn codes_nobody_thought_of_are_never_taken_for_an_answer() {
        assert_eq!(kind(12_345), FaultKind::Malformed);
        assert_eq!(kind(6), FaultKind::Unreachable);
    }
}
