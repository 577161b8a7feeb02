//! The tables of the actions of a step: one form each, and their keys. Data only.

use std::time::Duration;

use super::{
    Key,
    Kind::{self, *},
    TableSpec,
    runbook::DAY,
    tables::{NAME, TEXT, may, must, or},
};

/// The actions of a step, one form each: `{ set_weights = { … } }`.
macro_rules! actions {
    ($($FORM:ident $key:literal $kind:expr, $doc:literal;)+) => {
        $(static $FORM: TableSpec = TableSpec {
            header: concat!("the action ", $key), doc: $doc, groups: &[&[must($key, $kind, $doc)]],
        };)+
        /// All of them.
        pub(super) const ACTIONS: &[&TableSpec] = &[$(&$FORM),+];
    };
}

actions! {
    DO_SET_WEIGHTS "set_weights" Table(&SET_WEIGHTS), "A weighted DNS name's weights are set.";
    DO_SET_TTL "set_ttl" Table(&SET_TTL), "A weighted DNS name's time to live is set.";
    DO_EMERGENCY_WEIGHTS "emergency_weights" Table(&EMERGENCY_WEIGHTS),
        "A weighted DNS name's weights are overwritten without a precondition.";
    DO_ADD_MEMBERS "add_members" Table(&ADD_MEMBERS),
        "A replica set's candidates become members: hidden, without votes, with priority 0.";
    DO_UNHIDE "unhide" Table(&MEMBERS), "A side's hidden members are offered to readers.";
    DO_SET_VOTES "set_votes" Table(&SET_VOTES), "So many members of each side vote.";
    DO_SET_PRIORITIES "set_priorities" Table(&SET_PRIORITIES), "The priority of a side's voting members is set.";
    DO_MOVE_PRIMARY "move_primary" Table(&MOVE_PRIMARY), "A replica set's primary is moved.";
    DO_FREEZE "freeze" Table(&FREEZE), "A side's members do not stand for election for a while.";
    DO_UNFREEZE "unfreeze" Table(&MEMBERS), "A side's members may stand for election again.";
    DO_REMOVE_MEMBERS "remove_members" Table(&MEMBERS), "All of a side's members leave a replica set, their votes first.";
    DO_SET_CAPACITY "set_capacity" Table(&SET_CAPACITY), "Desired capacity and minimum of a role's Auto Scaling groups are set.";
    DO_STOP "stop" Table(&STOP), "All instances of a role are stopped, in batches.";
    DO_START "start" Table(&START), "All instances of a role are started, in batches.";
    DO_SUSPEND "suspend" Table(&SUSPEND), "Processes of a role's Auto Scaling groups are suspended.";
    DO_RESUME "resume" Table(&RESUME), "Processes of a role's Auto Scaling groups are resumed.";
    DO_REGISTER "register" Table(&REGISTER), "The running instances of a role are registered in its target groups, in batches.";
    DO_DEREGISTER "deregister" Table(&DEREGISTER),
        "The running instances of a role are taken out of its target groups, in batches.";
    DO_BUILD "build" Table(&BUILD),
        "A person or Terraform builds the missing instances of a role; landfall shows them and sends nothing.";
    DO_COMMIT_OFFSETS "commit_offsets" Table(&COMMIT_OFFSETS), "A consumer group's offsets are set on the other cluster.";
    DO_MANUAL "manual" TEXT, "A manual step: a person does it outside landfall and marks it done.";
}

/// The parameters of an action: the table within its form.
macro_rules! tables {
    ($($NAME:ident $header:literal $doc:literal $groups:expr;)+) => {$(
        static $NAME: TableSpec = TableSpec { header: $header, doc: $doc, groups: $groups };
    )+};
}

tables! {
    SET_WEIGHTS "`set_weights`" "Weights, a side." &[DNS, WEIGHTS];
    EMERGENCY_WEIGHTS "`emergency_weights`" "Weights, a side." &[DNS, WEIGHTS];
    SET_TTL "`set_ttl`" "How long resolvers may keep an answer." &[DNS, TTL];
    ADD_MEMBERS "`add_members`" "Which replica set." &[SET];
    MEMBERS "`unhide`, `unfreeze` or `remove_members`" "Which members." &[SET, OF_SIDE];
    SET_VOTES "`set_votes`" "How many vote, a side: 7 in all at the most, one vote a reconfig." &[SET, VOTES];
    SET_PRIORITIES "`set_priorities`" "Which priority the voting members have, a side." &[SET, PRIORITIES];
    MOVE_PRIMARY "`move_primary`" "Which primary, and where to." &[SET, TO_LEAD];
    FREEZE "`freeze`" "Which members, and for how long." &[SET, OF_SIDE, FOR];
    SET_CAPACITY "`set_capacity`" "How many instances." &[ROLE, OF_SIDE, DESIRED];
    STOP "`stop`" "Which instances." &[ROLE, OF_SIDE, BATCHES];
    START "`start`" "Which instances." &[ROLE, OF_SIDE, BATCHES];
    SUSPEND "`suspend`" "Which processes." &[ROLE, OF_SIDE, PROCESSES];
    RESUME "`resume`" "Which processes." &[ROLE, OF_SIDE, PROCESSES];
    REGISTER "`register`" "Which instances." &[ROLE, OF_SIDE, BATCHES];
    DEREGISTER "`deregister`" "Which instances." &[ROLE, OF_SIDE, BATCHES];
    BUILD "`build`" "What is to be built." &[ROLE, OF_SIDE];
    COMMIT_OFFSETS "`commit_offsets`" "Which group, and where to." &[GROUP];
}

const SIDE: Kind = Enum(&["source", "target"]);
const OF_SIDE: &[Key] = &[must("side", SIDE, "Which side's.")];

/// Route 53's limit for a name is 255 bytes.
const DNS: &[Key] = &[must("name", Text(1, 255), "The name, as [[dns]] has it.")];
const WEIGHTS: &[Key] =
    &[must("source", Integer(0, 255), "The source's weight."), must("target", Integer(0, 255), "The target's weight.")];
const TTL: &[Key] = &[must(
    "ttl",
    Duration(Duration::from_secs(1), Duration::from_secs(7 * DAY)),
    "The time to live of all its record sets, in whole seconds; aliases have none of their own.",
)];

const SET: &[Key] = &[must("set", NAME, "The replica set.")];
const TO_LEAD: &[Key] = &[must("to", SIDE, "The side whose member shall lead.")];
const VOTES: &[Key] = &[
    must("source", Integer(0, 7), "How many of the source's members vote."),
    must("target", Integer(0, 7), "How many of the target's."),
    may(
        "split_for",
        Duration(Duration::from_secs(1), Duration::from_secs(DAY)),
        "For how long the primary's own site may be without a majority of the votes; default: never. Such a step takes an approval.",
    ),
];
const PRIORITIES: &[Key] =
    &[must("source", Integer(0, 1000), "The source's."), must("target", Integer(0, 1000), "The target's.")];
const FOR: &[Key] = &[must("for", Duration(Duration::from_secs(1), Duration::from_secs(DAY)), "For how long.")];

const ROLE: &[Key] = &[must("role", NAME, "The role.")];
const DESIRED: &[Key] =
    &[must("desired", Integer(0, 100_000), "Instances wanted, of all groups together; shared out evenly.")];
const BATCHES: &[Key] = &[
    or("width", Integer(1, 1000), "20", "Requests in flight at once."),
    or("max_failed", Integer(0, 1000), "0", "More failed ones than this, and no further batch is sent."),
];
/// Auto Scaling's names (Auto Scaling user guide, "Types of processes"). `Terminate` is included so that its refusal can give the reason.
const PROCESSES: &[Key] = &[or(
    "processes",
    List(
        &Enum(&[
            "AddToLoadBalancer",
            "AlarmNotification",
            "AZRebalance",
            "HealthCheck",
            "InstanceRefresh",
            "Launch",
            "ReplaceUnhealthy",
            "ScheduledActions",
            "Terminate",
        ]),
        1,
    ),
    "[\"AlarmNotification\", \"ScheduledActions\", \"AZRebalance\"]",
    "Which processes of its Auto Scaling groups.",
)];

const GROUP: &[Key] = &[
    must("pair", NAME, "The pair of clusters."),
    must("group", Text(1, 255), "The group."),
    must("to", SIDE, "The side on which its offsets are set."),
];
