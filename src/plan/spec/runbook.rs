//! The tables of the runbook: gates, phases and steps. The actions are in [`super::action`]. Data only.

use std::time::Duration;

use super::{
    Form, Key,
    Kind::{self, *},
    TableSpec,
    action::ACTIONS,
    tables::{NAME, TEXT, may, must, or},
};
use crate::types::{Agg, Compare};

/// Ids have to be easy to type, and are used in file names.
static ID: Form =
    Form { what: "lower-case words with dashes", example: "canary-1", pattern: "^[a-z0-9]+(-[a-z0-9]+)*$" };
static GATE_ID: Form = Form {
    what: "lower-case words with dashes, or several with slashes",
    example: "canary-1/errors",
    pattern: "^[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)*$",
};
/// The form that OpenSSH accepts in `authorized_keys`, without options (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
static SSH_KEY: Form = Form {
    what: "an ssh public key",
    example: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA operator-1",
    pattern: "^(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+ AAAA[A-Za-z0-9+/]+={0,3}( [^\r\n]*)?$",
};

pub(super) const DAY: u64 = 86_400;
/// How long a condition has to hold, or a person has to wait.
const WAIT: Kind = Duration(Duration::ZERO, Duration::from_secs(30 * DAY));
const MAX_AGE: Kind = Duration(Duration::from_millis(200), Duration::from_secs(DAY));
const SAMPLES: Kind = Integer(1, 10_000);

pub(super) static GATE_DEFAULTS: TableSpec = TableSpec {
    header: "[gate_defaults]",
    doc: "Defaults for all gates.",
    groups: &[&[
        or("for", WAIT, "\"0s\"", "How long a gate must be true without interruption; 0s: one evaluation is enough."),
        or("min_samples", SAMPLES, "1", "How many different readings there have to be in that time."),
        may("max_age", MAX_AGE, "How old a reading may be; default: three intervals of its system."),
    ]],
};

pub(super) static APPROVER: TableSpec = TableSpec {
    header: "[[approver]]",
    doc: "A person whose approval counts.",
    groups: &[&[
        must("name", NAME, "Who: one person, whatever keys they have."),
        may("key", Form(&SSH_KEY), "Their ssh public key; without it, nobody can check who approved."),
    ]],
};

pub(super) static INVARIANT: TableSpec = TableSpec {
    header: "[[invariant]]",
    doc: "A condition that must be true during the run; if it is not green, no step may begin.",
    groups: &[NAMED, &[must("gates", List(&CONDITION, 1), "All of these.")]],
};

pub(super) static ABORT: TableSpec = TableSpec {
    header: "[[abort]]",
    doc: "A condition on which the screen proposes a rollback; a person decides. While it is true, no step goes forward, unless two people waive its id.",
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
        or("gates", List(&CONDITION, 0), "[]", "Gates that must be green before it begins and when it is sent."),
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
            "How long a request may take before its outcome is UNKNOWN.",
        ),
        or("settle", WAIT, "\"0s\"", "Minimum time after everything is applied."),
        or("verify", List(&CONDITION, 0), "[]", "Gates that must be green after it has settled."),
        or(
            "verify_within",
            Duration(Duration::from_secs(1), Duration::from_secs(DAY)),
            "\"5m\"",
            "How long that may take.",
        ),
        or("bake", WAIT, "\"0s\"", "How long it then has to stay green."),
        or("rollback_gates", List(&CONDITION, 0), "[]", "Gates that must be green before it is rolled back."),
        or("irreversible", Bool, "false", "The step has no rollback: a point of no return."),
        may(
            "foreach",
            Map(&List(&Quantity, 1)),
            "A ladder: lists of one length by name; the step is there once for each place, with ${name} replaced, one after the \
             other.",
        ),
    ]],
};

/// A gate, or a combination of conditions; it may contain itself.
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
            or("series", SAMPLES, "1", "Minimum number of series; with fewer the gate is UNKNOWN."),
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
    groups: &[&[must("any", List(&CONDITION, 1), "At least one of these.")]],
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
    groups: &[&[must("n", Integer(1, 1000), "Minimum number."), must("gates", List(&CONDITION, 1), "Of these.")]],
};

/// Whether a table is written once and stands for several: a ladder.
#[must_use]
pub fn is_ladder(spec: &TableSpec) -> bool {
    spec.key("foreach").is_some()
}
