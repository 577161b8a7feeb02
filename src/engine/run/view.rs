//! The run as data for whoever looks: the console, `--json`, `status`. How it is made of the run: `made`.

mod made;

use std::time::Duration;

use serde::Serialize;

use super::{Obstacle, WayBack, event::Milestone};
use crate::gate::{Fork, Reason};
use base::{
    digest::Digest,
    operation::Change,
    step::{Level, OpState, StepState, Ticket, Way},
    watched::Unknown,
};
use plan::Confirm;

/// The run.
#[derive(Debug, Clone, Serialize)]
pub struct RunView {
    /// Every step, in the plan's order.
    pub steps: Vec<StepView>,
    /// What must be true: title, level, why.
    pub invariants: Vec<(String, Level, String)>,
    /// Places of those that are true, and not yet for long enough.
    #[serde(skip)]
    pub pending: Vec<usize>,
    /// What asks for the way back: title, whether it does, why.
    pub aborts: Vec<(String, Level, String)>,
    /// Gates that are judged now and whose signal has no fresh value.
    pub unknown: Vec<Unknown>,
    /// Why everything is held.
    pub held: Option<String>,
    /// Whether there is a hold that a person can release, of everything or of a step.
    #[serde(skip)]
    pub releasable: bool,
    /// Why nothing can be put on record any more.
    pub halted: Option<String>,
    /// For how long the journal has not answered, where that is longer than it should take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal_waits: Option<Duration>,
    /// Who steers; none: this console only watches.
    pub operator: Option<String>,
    /// Number of the last record, and the first digits of its hash.
    pub head: Option<(u64, String)>,
    /// The last records of what people did, oldest first.
    pub journal: Vec<JournalLine>,
    /// Why the last order was refused, or what drifted, as long as it is news.
    pub notice: Option<String>,
    /// The way back of all that stands.
    pub way_back: WayBack,
    /// What was proposed and takes others to agree.
    #[serde(rename = "motion")]
    pub proposal: Option<ProposalView>,
}

/// One step.
#[derive(Debug, Clone, Serialize)]
pub struct StepView {
    /// Its id.
    pub id: String,
    /// For people.
    pub title: String,
    /// The phase's title.
    pub phase: String,
    /// The word of its state.
    pub word: &'static str,
    /// The same, for programs.
    pub state: StepState,
    /// Which way.
    pub way: Way,
    /// How the gates stand together that matter now: those that let it begin, that verify it, or that let it go back.
    pub level: Level,
    /// Steps it needs that are not done.
    pub lacks: Vec<String>,
    /// All that blocks it before it begins; then what keeps it from being done, beside its gates.
    pub obstacles: Vec<Obstacle>,
    /// Every gate, with its reason.
    pub gates: Vec<GateLine>,
    /// Where arms of its gates meet, outermost first.
    #[serde(skip)]
    pub forks: Vec<ForkLine>,
    /// The operations of the attempt under way, or of the last.
    pub ops: Vec<OpLine>,
    /// How many are there, of how many.
    pub progress: (usize, usize),
    /// What was previewed.
    pub preview: Option<PreviewView>,
    /// Why its last preview is no longer valid, or no longer armed: what has changed since, each with both values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disarmed: Vec<String>,
    /// Attempts begun.
    pub attempt: u16,
    /// What its verification found not to be so, when it failed by that.
    pub found: Option<String>,
    /// For how long it has been at what it is at: in its state, with this operation under way.
    #[serde(skip)]
    pub since: Option<Duration>,
    /// When what it waits for is over, at the earliest.
    pub waits: Option<Duration>,
    /// It is a point of no return.
    pub irreversible: bool,
    /// For how long a tail has been unfinished: something has to be mended.
    pub exposed: Option<Duration>,
    /// It is an emergency: a way back by another name.
    #[serde(skip)]
    pub emergency: bool,
    /// Its last attempt failed, and no other has begun since.
    #[serde(skip)]
    pub failed: bool,
    /// Its last attempt was stopped before it was complete, and nothing of it failed.
    #[serde(skip)]
    pub stopped: bool,
    /// The emergency that began after its last attempt and has replaced what that did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
    /// The steps that this emergency has replaced, until another step has begun on the same thing.
    #[serde(skip)]
    pub replaces: Vec<String>,
    /// It stands still until it is released or given up.
    pub held: bool,
    /// It is held because the program was started again.
    #[serde(skip)]
    pub resumed: bool,
    /// A person has aborted the attempt that is under way, or ended last.
    #[serde(skip)]
    pub aborted: bool,
    /// A person does it.
    pub manual: Option<String>,
    /// Done by hand, and a preview shows what there is to do.
    pub shown: bool,
    /// Done by somebody else.
    pub adopted: bool,
    /// A way back is stored.
    pub has_back: bool,
    /// The first operation that two people may settle: it cannot be observed, or is of a tail that could not be finished.
    pub unknown: Option<Ticket>,
    /// Gates left out: which, by whom, why, until when.
    pub waivers: Vec<String>,
}

/// What was proposed and takes others to agree.
#[derive(Debug, Clone, Serialize)]
pub struct ProposalView {
    /// The step it is about.
    pub step: String,
    /// In words.
    pub what: String,
    /// What it leads to.
    pub consequence: &'static str,
    /// What the others agree to.
    pub digest: Digest,
    /// Who proposed it.
    pub by: String,
    /// Who counts so far.
    pub people: Vec<String>,
    /// How many it takes.
    pub needs: u8,
}

/// When a gate is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Turn {
    /// Its turn is still to come.
    Later,
    /// Now.
    Now,
    /// It has had its turn.
    Past,
}

/// One gate.
#[derive(Debug, Clone, Serialize)]
pub struct GateLine {
    /// What it is for: `gate`, `verify` or `back`.
    pub of: &'static str,
    /// Whether it is judged now. What it says else is of another time.
    pub turn: Turn,
    /// Its reason.
    #[serde(flatten)]
    pub reason: Reason,
}

/// A place where arms of a step's gates meet.
#[derive(Debug, Clone)]
pub struct ForkLine {
    /// What the gates are for, as [`GateLine::of`].
    pub of: &'static str,
    /// Whether they are judged now.
    pub turn: Turn,
    /// The place.
    pub fork: Fork,
}

/// One operation.
#[derive(Debug, Clone, Serialize)]
pub struct OpLine {
    /// What it does.
    pub what: String,
    /// How far it is.
    pub state: OpState,
    /// It only waits.
    pub wait: bool,
    /// Part of the safe tail.
    #[serde(rename = "tail")]
    pub cleanup: bool,
    /// The last detail, of a reply or a verification.
    #[serde(rename = "said")]
    pub detail: String,
    /// The same as a command that a person could paste.
    pub command: String,
}

/// What a step would do.
#[derive(Debug, Clone, Serialize)]
pub struct PreviewView {
    /// Which way.
    pub way: Way,
    /// What approvals are bound to; none while it cannot be worked out.
    pub digest: Option<Digest>,
    /// What changes.
    pub diff: Vec<Change>,
    /// The operations.
    pub ops: Vec<OpLine>,
    /// The way back, as commands that a person could paste.
    #[serde(rename = "back")]
    pub inverse: Vec<String>,
    /// What the operator should know.
    pub notes: Vec<String>,
    /// What it would break: it is forbidden.
    pub broken: Vec<String>,
    /// Why it cannot be worked out.
    pub faults: Vec<String>,
    /// Approvals it has, of how many, by whom.
    pub approvals: (u8, u8, Vec<String>),
    /// How it is confirmed.
    pub confirm: Confirm,
    /// What is typed to confirm: the step's id. Compared with [`names`](super::names).
    pub target: String,
}

/// One record.
#[derive(Debug, Clone, Serialize)]
pub struct JournalLine {
    /// Its number.
    pub seq: u64,
    /// When.
    pub wall: jiff::Timestamp,
    /// Who was at the keyboard.
    pub actor: String,
    /// About which step.
    pub step: String,
    /// What it says.
    pub what: String,
    /// What it means for the run, where it is a turn of it.
    pub turn: Option<Milestone>,
}

impl JournalLine {
    /// Its number, for sorting.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub const fn seq_number(&self) -> f64 {
        self.seq as f64
    }
}
