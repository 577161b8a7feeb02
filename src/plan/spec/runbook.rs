//! The tables of the runbook: gates, phases, steps and what a step does. Data only.

use std::time::Duration;

use super::{
    Form, Key,
    Kind::{self, *},
    TableSpec,
    tables::{NAME, TEXT, may, must, or},
};
use crate::plan::types::{Agg, Compare};

/// Ids are typed at night and stand in file names.
static ID: Form =
    Form { what: "lower-case words with dashes", example: "canary-1", pattern: "^[a-z0-9]+(-[a-z0-9]+)*$" };
static GATE_ID: Form = Form {
    what: "lower-case words with dashes, or several with slashes",
    example: "canary-1/errors",
    pattern: "^[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)*$",
};
/// What OpenSSH takes in `authorized_keys`, without options (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
static SSH_KEY: Form = Form {
    what: "an ssh public key",
    example: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA operator-1",
    pattern: "^(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+ AAAA[A-Za-z0-9+/]+={0,3}( [^\r\n]*)?$",
};

const DAY: u64 = 86_400;
const SIDE: Kind = Enum(&["source", "target"]);
/// How long a condition has to hold, or a person has to wait.
const WAIT: Kind = Duration(Duration::ZERO, Duration::from_secs(30 * DAY));
const MAX_AGE: Kind = Duration(Duration::from_millis(200), Duration::from_secs(DAY));
const SAMPLES: Kind = Integer(1, 10_000);

pub(super) static GATE_DEFAULTS: TableSpec = TableSpec {
    header: "[gate_defaults]",
    doc: "What holds for every gate that does not say it itself.",
    groups: &[&[
        or("for", WAIT, "\"0s\"", "How long a gate has to be true without a break; 0s: one look is enough."),
        or("min_samples", SAMPLES, "1", "How many different readings there have to be in that time."),
        may("max_age", MAX_AGE, "How old a reading may be; default: three intervals of its system."),
    ]],
};

pub(super) static APPROVER: TableSpec = TableSpec {
    header: "[[approver]]",
    doc: "Somebody whose approval counts.",
    groups: &[&[
        must("name", NAME, "Who: one person, whatever keys they have."),
        may("key", Form(&SSH_KEY), "Their ssh public key; without it, nobody can check who approved."),
    ]],
};

pub(super) static INVARIANT: TableSpec = TableSpec {
    header: "[[invariant]]",
    doc: "What must be true while the run goes on; where it is not green, no step may begin.",
    groups: &[NAMED, &[must("gates", List(&CONDITION, 1), "All of these.")]],
};

pub(super) static ABORT: TableSpec = TableSpec {
    header: "[[abort]]",
    doc: "What makes the screen propose the way back. A person decides.",
    groups: &[
        NAMED,
        &[must("when", List(&CONDITION, 1), "When all of these are true; for one of several, { any = […] }.")],
    ],
};

const NAMED: &[Key] = &[must("id", Form(&ID), "Its id, unique."), must("title", TITLE, "What it means, for people.")];
const TITLE: Kind = Text(1, 120);

pub(super) static PHASE: TableSpec = TableSpec {
    header: "[[phase]]",
    doc: "One phase of the runbook: steps, in order.",
    groups: &[&[
        must("id", Form(&ID), "Its id, unique."),
        must("title", TITLE, "For people."),
        must("step", Tables(&STEP), "Its steps."),
    ]],
};

static STEP: TableSpec = TableSpec {
    header: "[[phase.step]]",
    doc: "One step: what it waits for, what it does, and when it is done.",
    groups: &[&[
        must("id", Form(&ID), "Its id, unique in the plan."),
        must("title", TITLE, "For people."),
        may(
            "needs",
            List(&Form(&ID), 0),
            "Steps that have to be done first; default: the step before it, for a phase's first the last of the phase before. \
             [] needs nothing.",
        ),
        must("action", OneOf(ACTIONS), "What it does."),
        or("gates", List(&CONDITION, 0), "[]", "What has to be green before it begins and when it is sent."),
        may(
            "confirm",
            Enum(&["enter", "name", "countdown"]),
            "How it is confirmed; default by the damage it can do: manual and build enter; move_primary, stop, deregister, \
             emergency_weights and irreversible countdown; the rest name.",
        ),
        may("approvals", Integer(0, 16), "How many people have to approve it; default: 0, of an irreversible step 2."),
        or(
            "timeout",
            Duration(Duration::from_secs(1), Duration::from_secs(600)),
            "\"30s\"",
            "How long a request may take until nobody knows what has become of it.",
        ),
        or("settle", WAIT, "\"0s\"", "How long has to pass once all is applied, at the least."),
        or("verify", List(&CONDITION, 0), "[]", "What has to be green once it has settled."),
        or(
            "verify_within",
            Duration(Duration::from_secs(1), Duration::from_secs(DAY)),
            "\"5m\"",
            "How long that may take.",
        ),
        or("bake", WAIT, "\"0s\"", "How long it then has to stay green."),
        or("rollback_gates", List(&CONDITION, 0), "[]", "What has to be green before it is taken back."),
        or("irreversible", Bool, "false", "There is no way back: a point of no return."),
        may(
            "foreach",
            Map(&List(&Quantity, 1)),
            "A ladder: lists of one length by name; the step is there once for each place, with ${name} replaced, one after the \
             other.",
        ),
    ]],
};

/// A gate, or several together; within themselves as well.
static CONDITION: Kind = Shared("condition", &OneOf(&[&GATE, &ANY, &ALL, &N_OF]));

static GATE: TableSpec = TableSpec {
    header: "a gate",
    doc: "One condition over one signal.",
    groups: &[
        &[may("id", Form(&GATE_ID), "Its id, unique in the plan; default: the step's with a number.")],
        SIGNAL,
        &[
            may(
                "agg",
                Enum(Agg::WORDS),
                "How several series become one value; default: only, if `where` leaves just one.",
            ),
            must("op", Enum(Compare::WORDS), "How the value is compared."),
            must("value", Quantity, "With what: \"2s\", \"1%\", \"2GiB\", 3, true."),
            may("for", WAIT, "How long it has to be true without a break; default: [gate_defaults]."),
            may(
                "min_samples",
                SAMPLES,
                "How many different readings there have to be in that time; default: [gate_defaults].",
            ),
            or("series", SAMPLES, "1", "How many series there have to be; fewer are HOLD."),
            may("max_age", MAX_AGE, "How old a reading may be; default: [gate_defaults]."),
            may("min_volume", Table(&VOLUME), "Below this much traffic the value means nothing."),
        ],
    ],
};

static VOLUME: TableSpec = TableSpec {
    header: "`min_volume`",
    doc: "A signal that says whether another one means anything.",
    groups: &[SIGNAL, &[must("value", Quantity, "At least this much, of every series.")]],
};

const SIGNAL: &[Key] = &[
    must("metric", TEXT, "The signal's id."),
    or("where", Map(&TEXT), "{}", "Which of its series: label and value; a label that is not named may be anything."),
];

static ANY: TableSpec = TableSpec {
    header: "`any`",
    doc: "One of several gates.",
    groups: &[&[must("any", List(&CONDITION, 1), "One of these at the least.")]],
};

static ALL: TableSpec = TableSpec {
    header: "`all`",
    doc: "Several gates together.",
    groups: &[&[must("all", List(&CONDITION, 1), "All of these.")]],
};

static N_OF: TableSpec = TableSpec {
    header: "the form `n_of`",
    doc: "Some of several gates.",
    groups: &[&[must("n_of", Table(&SO_MANY), "So many of these.")]],
};

static SO_MANY: TableSpec = TableSpec {
    header: "`n_of`",
    doc: "So many of several gates.",
    groups: &[&[
        must("n", Integer(1, 1000), "How many at the least."),
        must("gates", List(&CONDITION, 1), "Of these."),
    ]],
};

/// What a step can do, one form each.
const ACTIONS: &[&TableSpec] = &[
    &DO_SET_WEIGHTS,
    &DO_SET_TTL,
    &DO_EMERGENCY_WEIGHTS,
    &DO_ADD_MEMBERS,
    &DO_UNHIDE,
    &DO_SET_VOTES,
    &DO_SET_PRIORITIES,
    &DO_MOVE_PRIMARY,
    &DO_FREEZE,
    &DO_UNFREEZE,
    &DO_REMOVE_MEMBERS,
    &DO_SET_CAPACITY,
    &DO_STOP,
    &DO_START,
    &DO_SUSPEND,
    &DO_RESUME,
    &DO_REGISTER,
    &DO_DEREGISTER,
    &DO_BUILD,
    &DO_COMMIT_OFFSETS,
    &DO_MANUAL,
];

macro_rules! actions {
    ($($FORM:ident $key:literal $header:literal, $kind:expr, $doc:literal;)+) => {$(
        static $FORM: TableSpec = TableSpec { header: $header, doc: $doc, groups: &[&[must($key, $kind, $doc)]] };
    )+};
}

actions! {
    DO_SET_WEIGHTS "set_weights" "the action set_weights", Table(&SET_WEIGHTS), "A weighted DNS name's weights are set.";
    DO_SET_TTL "set_ttl" "the action set_ttl", Table(&SET_TTL), "A weighted DNS name's time to live is set.";
    DO_EMERGENCY_WEIGHTS "emergency_weights" "the action emergency_weights", Table(&EMERGENCY_WEIGHTS),
        "A weighted DNS name's weights are set whatever is there: it compares with nothing.";
    DO_MOVE_PRIMARY "move_primary" "the action move_primary", Table(&MOVE_PRIMARY), "A replica set's primary is moved.";
    DO_ADD_MEMBERS "add_members" "the action add_members", Table(&SET),
        "A replica set's candidates become members: hidden, without votes, with priority 0.";
    DO_UNHIDE "unhide" "the action unhide", Table(&SET_SIDE), "A side's hidden members are offered to readers.";
    DO_SET_VOTES "set_votes" "the action set_votes", Table(&SET_VOTES), "So many members of each side vote.";
    DO_SET_PRIORITIES "set_priorities" "the action set_priorities", Table(&SET_PRIORITIES),
        "The priority of a side's voting members is set.";
    DO_FREEZE "freeze" "the action freeze", Table(&FREEZE), "A side's members do not stand for election for a while.";
    DO_UNFREEZE "unfreeze" "the action unfreeze", Table(&SET_SIDE), "A side's members may stand for election again.";
    DO_REMOVE_MEMBERS "remove_members" "the action remove_members", Table(&SET_SIDE),
        "All of a side's members leave a replica set, their votes first.";
    DO_SET_CAPACITY "set_capacity" "the action set_capacity", Table(&SET_CAPACITY),
        "Desired capacity and minimum of a role's Auto Scaling groups are set.";
    DO_STOP "stop" "the action stop", Table(&STOP), "All instances of a role are stopped, in batches.";
    DO_START "start" "the action start", Table(&START), "All instances of a role are started, in batches.";
    DO_SUSPEND "suspend" "the action suspend", Table(&SUSPEND), "Processes of a role's Auto Scaling groups are suspended.";
    DO_RESUME "resume" "the action resume", Table(&RESUME), "Processes of a role's Auto Scaling groups are resumed.";
    DO_REGISTER "register" "the action register", Table(&REGISTER),
        "The running instances of a role are registered in its target groups, in batches.";
    DO_DEREGISTER "deregister" "the action deregister", Table(&DEREGISTER),
        "The running instances of a role are taken out of its target groups, in batches.";
    DO_BUILD "build" "the action build", Table(&BUILD),
        "What is missing of a role is built by a person or by Terraform; it is shown and never sent.";
    DO_COMMIT_OFFSETS "commit_offsets" "the action commit_offsets", Table(&COMMIT_OFFSETS),
        "A consumer group's offsets are set on the other cluster.";
    DO_MANUAL "manual" "the action manual", TEXT, "Something a person does outside the program, and says so.";
}

static SET_WEIGHTS: TableSpec = TableSpec { header: "`set_weights`", doc: "Weights, a side.", groups: &[WEIGHTS] };
static EMERGENCY_WEIGHTS: TableSpec =
    TableSpec { header: "`emergency_weights`", doc: "Weights, a side.", groups: &[WEIGHTS] };

const WEIGHTS: &[Key] = &[
    must("name", NAME_OF_DNS, "The name, as [[dns]] has it."),
    must("source", Integer(0, 255), "The source's weight."),
    must("target", Integer(0, 255), "The target's weight."),
];

static SET_TTL: TableSpec = TableSpec {
    header: "`set_ttl`",
    doc: "How long resolvers may keep an answer.",
    groups: &[&[
        must("name", NAME_OF_DNS, "The name, as [[dns]] has it."),
        must(
            "ttl",
            Duration(Duration::from_secs(1), Duration::from_secs(7 * DAY)),
            "The time to live of all its record sets, in whole seconds; aliases have none of their own.",
        ),
    ]],
};

/// Route 53's limit for a name is 255 bytes.
const NAME_OF_DNS: Kind = Text(1, 255);

static MOVE_PRIMARY: TableSpec = TableSpec {
    header: "`move_primary`",
    doc: "Which primary, and where to.",
    groups: &[&[must("set", NAME, "The replica set."), must("to", SIDE, "The side whose member shall lead.")]],
};

static SET: TableSpec = TableSpec { header: "`add_members`", doc: "Which replica set.", groups: &[&[THE_SET]] };

static SET_SIDE: TableSpec = TableSpec {
    header: "`unhide`, `unfreeze` or `remove_members`",
    doc: "Which members.",
    groups: &[&[THE_SET, THE_SIDE]],
};

static SET_VOTES: TableSpec = TableSpec {
    header: "`set_votes`",
    doc: "How many vote, a side: 7 in all at the most, one vote a reconfig.",
    groups: &[&[
        THE_SET,
        must("source", Integer(0, 7), "How many of the source's members vote."),
        must("target", Integer(0, 7), "How many of the target's."),
        may(
            "split_for",
            Duration(Duration::from_secs(1), Duration::from_secs(DAY)),
            "For how long the primary's own site may be without a majority of the votes; default: never. Such a step takes an approval.",
        ),
    ]],
};

static SET_PRIORITIES: TableSpec = TableSpec {
    header: "`set_priorities`",
    doc: "Which priority the voting members have, a side.",
    groups: &[&[
        THE_SET,
        must("source", Integer(0, 1000), "The source's."),
        must("target", Integer(0, 1000), "The target's."),
    ]],
};

static FREEZE: TableSpec = TableSpec {
    header: "`freeze`",
    doc: "Which members, and for how long.",
    groups: &[&[
        THE_SET,
        THE_SIDE,
        must("for", Duration(Duration::from_secs(1), Duration::from_secs(DAY)), "For how long."),
    ]],
};

const THE_SET: Key = must("set", NAME, "The replica set.");
const THE_SIDE: Key = must("side", SIDE, "Which side's.");

static SET_CAPACITY: TableSpec = TableSpec {
    header: "`set_capacity`",
    doc: "How many instances.",
    groups: &[
        ROLE,
        &[must("desired", Integer(0, 100_000), "Instances wanted, of all groups together; shared out evenly.")],
    ],
};

static STOP: TableSpec = TableSpec { header: "`stop`", doc: "Which instances.", groups: &[ROLE, BATCHES] };
static START: TableSpec = TableSpec { header: "`start`", doc: "Which instances.", groups: &[ROLE, BATCHES] };

static SUSPEND: TableSpec = TableSpec { header: "`suspend`", doc: "Which processes.", groups: &[ROLE, PROCESSES] };
static RESUME: TableSpec = TableSpec { header: "`resume`", doc: "Which processes.", groups: &[ROLE, PROCESSES] };
static REGISTER: TableSpec = TableSpec { header: "`register`", doc: "Which instances.", groups: &[ROLE, BATCHES] };
static DEREGISTER: TableSpec = TableSpec { header: "`deregister`", doc: "Which instances.", groups: &[ROLE, BATCHES] };
static BUILD: TableSpec = TableSpec { header: "`build`", doc: "What is to be built.", groups: &[ROLE] };

/// Auto Scaling's names (Auto Scaling user guide, "Types of processes"). `Terminate` is among them so that its refusal can say why.
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

const ROLE: &[Key] = &[must("role", NAME, "The role."), must("side", SIDE, "Which side's.")];

const BATCHES: &[Key] = &[
    or("width", Integer(1, 1000), "20", "Requests in flight at once."),
    or("max_failed", Integer(0, 1000), "0", "More failed ones than this, and no further batch is sent."),
];

static COMMIT_OFFSETS: TableSpec = TableSpec {
    header: "`commit_offsets`",
    doc: "Which group, and where to.",
    groups: &[&[
        must("pair", NAME, "The pair of clusters."),
        must("group", Text(1, 255), "The group."),
        must("to", SIDE, "The side on which its offsets are set."),
    ]],
};

/// Whether a table is written once and read several times: a ladder.
#[must_use]
pub fn is_ladder(spec: &TableSpec) -> bool {
    spec.key("foreach").is_some()
}
