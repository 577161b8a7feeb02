//! Every table and key of a scenario file, version 1. Data only, defined with [`plan::spec`]: a scenario is checked
//! like a plan, with all faults at once.

use plan::{
    Compare,
    spec::{
        Kind::{self, *},
        TableSpec,
        tables::{NAME, TEXT, may, must, or},
    },
};
use systems::{
    FaultInjection,
    injection::{SPAN, count, joined},
};

/// The version of the format that this program reads.
pub const SCHEMA: i64 = 1;

/// The words of a step's state, as on screen.
const WORDS: &[&str] = &[
    "PENDING",
    "BLOCKED",
    "READY",
    "PREVIEWED",
    "ARMED",
    "INTENT",
    "SENT",
    "ACCEPTED",
    "RUNNING",
    "HELD",
    "UNKNOWN",
    "QUARANTINE",
    "SETTLING",
    "VERIFYING",
    "BAKING",
    "DONE",
    "FAILED",
    "NOT_APPLIED",
    "ATTESTED",
    "SKIPPED",
    "CANCELLED",
    "RB_BLOCKED",
    "RB_READY",
    "RB_PREVIEWED",
    "RB_ARMED",
    "RB_INTENT",
    "RB_SENT",
    "RB_ACCEPTED",
    "RB_RUNNING",
    "RB_HELD",
    "RB_UNKNOWN",
    "RB_QUARANTINE",
    "RB_SETTLING",
    "RB_VERIFYING",
    "RB_BAKING",
    "RB_DONE",
    "RB_FAILED",
    "RB_NOT_APPLIED",
];

/// The whole file.
pub static ROOT: TableSpec = TableSpec {
    header: "the file's top level",
    doc: "A landfall scenario: a simulated estate, injected events, pressed keys and expected results.",
    groups: &[&[
        must("schema", Integer(SCHEMA, SCHEMA), "Version of this format."),
        must("name", NAME, "What it is called."),
        must("doc", Block, "The real incident behind it, and how landfall handles it."),
        or("plan", TEXT, "\"plan.toml\"", "The plan whose estate is simulated, beside this file."),
        or("seed", Integer(0, i64::MAX), "1", "The same seed gives the same estate, and the same journal."),
        or("begins", Timestamp, "\"2026-11-21T01:00:00Z\"", "The time of day at which it begins."),
        or("speed", Number, "30", "Speed of the script's waits relative to real time, when it is played."),
        or("event", Tables(&EVENT), "[]", "Events that are injected independently of the keys."),
        or("cue", Tables(&CUE), "[]", "What is pressed, in order, and what is expected then."),
        or(
            "never",
            List(&CONDITION, 0),
            "[]",
            "Conditions that must never hold at any check; for a signal, no series may satisfy it.",
        ),
    ]],
};

static EVENT: TableSpec = TableSpec {
    header: "[[event]]",
    doc: "Something that happens, once.",
    groups: &[&[
        or("when", List(&CONDITION, 0), "[]", "Once all of this is the case; default: from the beginning."),
        or("after", SPAN, "\"0s\"", "So much later."),
        must("happens", OneOf(FORMS), "What."),
    ]],
};

static CUE: TableSpec = TableSpec {
    header: "[[cue]]",
    doc: "One line of the script: what is shown, waited for, pressed, expected, in this order.",
    groups: &[&[
        may("say", Text(1, 240), "The caption."),
        or("when", List(&CONDITION, 0), "[]", "What is waited for: all of it."),
        or("within", SPAN, "\"30m\"", "How long the waiting may take, here and with each step that is carried out."),
        may(
            "carry_out",
            OneOrMany(&TEXT),
            "Steps: each is previewed, approved, armed, executed, and waited for until it is done.",
        ),
        may("begin", OneOrMany(&TEXT), "The same, but for the waiting."),
        may("take_back", OneOrMany(&TEXT), "Steps to roll back: previewed, armed, executed, waited for."),
        may("keys", TEXT, "Keys, with spaces between: n p a x Tab Enter ^l 'text that is typed'."),
        or("expect", List(&CONDITION, 0), "[]", "What is the case then: all of it."),
        or("holds_for", SPAN, "\"0s\"", "For how long it has to stay so."),
        or(
            "stay",
            SPAN,
            "\"0s\"",
            "Minimum time for which the caption is shown, on the real clock, when it is played.",
        ),
        may("speed", Number, "Speed of this cue's waits relative to real time, when it is played."),
        may("foreach", Map(&List(&Quantity, 1)), "The cue once for each place of these lists, as with a plan's steps."),
    ]],
};

/// A condition; conditions can be nested.
static CONDITION: Kind = Shared("condition", &OneOf(&[&STEP, &SIGNAL, &SCREEN, &VERDICT, &RECORD, &NONE]));

static STEP: TableSpec = TableSpec {
    header: "a step's state",
    doc: "How far a step is.",
    groups: &[&[
        must("step", NAME, "The step."),
        must("is", OneOrMany(&Enum(WORDS)), "The words of its state, one of which it has."),
    ]],
};
static SIGNAL: TableSpec = TableSpec {
    header: "a signal's value",
    doc: "All series of a signal that are meant are live, and compare so; there is one at the least.",
    groups: &[&[
        must("metric", TEXT, "The signal's id."),
        or("where", Map(&TEXT), "{}", "Which of its series: label and value."),
        must("op", Enum(Compare::WORDS), "How the values are compared."),
        must("value", Quantity, "With what: \"2s\", \"1%\", 3, true."),
    ]],
};
static SCREEN: TableSpec = TableSpec {
    header: "what is on screen",
    doc: "The console at 120×40 shows this text.",
    groups: &[&[must("screen", TEXT, "The text.")]],
};
static VERDICT: TableSpec = TableSpec {
    header: "the verdict",
    doc: "What the head of the screen says.",
    groups: &[&[
        must("verdict", Enum(&["GO", "RUNNING", "HOLD", "ROLL BACK", "CLEAR", "OVERSPENT", "OUTAGE"]), "The word."),
        may("because", TEXT, "Part of its one reason."),
    ]],
};
static RECORD: TableSpec = TableSpec {
    header: "a record",
    doc: "Of the last records in the journal, one says this.",
    groups: &[&[must("record", TEXT, "Part of what it says."), may("of", NAME, "The step that it is about.")]],
};
static NONE: TableSpec = TableSpec {
    header: "the form `none`",
    doc: "Several conditions, none of which is the case.",
    groups: &[&[must(
        "none",
        List(&CONDITION, 1),
        "None of these is the case: of a signal, no series. What is not known is not the case.",
    )]],
};

/// All forms of what can be injected: those of the systems, then those of the network and the console.
const FORMS: &[&TableSpec] = {
    const ALL: &[&[&TableSpec]] = &[FaultInjection::FORMS, OWN];
    &joined::<{ count(ALL) }>(ALL)
};

/// What can be injected that is of no system, one form each: `{ link = { … } }`.
macro_rules! injections {
    ($($FORM:ident $TABLE:ident $key:literal, $doc:literal, $keys:expr;)+) => {
        $(
            static $TABLE: TableSpec = TableSpec { header: concat!("`", $key, "`"), doc: $doc, groups: &[$keys] };
            static $FORM: TableSpec = TableSpec {
                header: concat!("the form ", $key), doc: $doc, groups: &[&[must($key, Table(&$TABLE), $doc)]],
            };
        )+
        /// The forms of the faults that are of no system.
        const OWN: &[&TableSpec] = &[$(&$FORM),+];
    };
}

injections! {
    DO_LINK LINK "link", "The network between the sites; the console still reaches both.",
        &[must("up", Bool, "It is there.")];
    DO_SOURCES SOURCES "sources", "Collectors get other answers from the servers.",
        &[must("like", TEXT, "Collectors whose ids begin with this."),
          must("do", Enum(&["answer", "refuse", "throttle", "hang", "go_silent", "be_unreachable"]), "What they do.")];
    DO_REQUESTS REQUESTS "requests", "A fault for the next write requests.",
        &[must("of", NAME, "Those of this step."),
          may("operation", Integer(1, 10_000), "Only those of this operation of the step, as the journal counts them."),
          must("meet", Enum(&["throttling", "fault_after", "request_lost", "reply_lost", "delay", "no_end", "refusal"]), "What they meet."),
          or("times", Integer(1, 1000), "1", "How many of them."),
          or("by", SPAN, "\"45s\"", "How much later they arrive, where it is a delay.")];
    DO_DARK DARK "dark", "The outcome of a step's requests cannot be verified.",
        &[must("step", NAME, "The step, or what the steps' ids begin with."), must("on", Bool, "It cannot.")];
    DO_EXTERNAL_CHANGE EXTERNAL_CHANGE "stranger", "An external change to the object of a step.", &[must("step", NAME, "The step.")];
    DO_CONSOLE CONSOLE "console", "The operator's machine fails; another one continues from the journal.",
        &[must("dies_for", SPAN, "How long until then.")];
    DO_SLEEP SLEEP "sleep", "The operator's machine is suspended.", &[must("for", SPAN, "How long.")];
    DO_CLOCK CLOCK "clock", "Somebody sets the operator's wall clock.",
        &[must("by", SPAN, "By how much."), or("back", Bool, "false", "Back, not forth.")];
}
