//! The run: the steps of the plan, each with its gates, its machine and its preview.
//!
//! The step machine decides which transition follows which event. This module makes the events: it judges gates, computes drafts, stores
//! versions, sets timers, and performs orders or refuses them with a reason. It is pure, as the whole engine: what is to be recorded, sent or
//! verified is returned as a [`RunEffect`].
//!
//! | file | what lives there |
//! | --- | --- |
//! | `order.rs` | the orders of an operator |
//! | `proposal.rs` | what takes two people |
//! | `waiver.rs` | gates that two people left out |
//! | `orders.rs` | obeying or refusing an order |
//! | `advance.rs` | what time and observations change in steps |
//! | `obstacles.rs` | what keeps a step from beginning |
//! | `act.rs` | the effects of a step, carried out |
//! | `answers.rs` | the answers to them |
//! | `timers.rs` | how long timers are, and when they go off |
//! | `attempt.rs` | what an attempt needs beside its machine |
//! | `replaced.rs` | what an emergency has replaced, and whose failure asks for the way back |
//! | `way_back.rs` | whether the way back is open, how long it takes, how long it stays so |
//! | `resume.rs` | resuming a run from its journal |
//! | `readings.rs` | values of signals, recorded from time to time |
//! | `verdict.rs` | the verdict: GO, HOLD, ROLL BACK |
//! | `view.rs` | the run as data for consoles |

mod act;
mod advance;
mod answers;
mod attempt;
mod drift;
mod event;
mod obstacles;
mod order;
mod orders;
mod proposal;
mod readings;
mod replaced;
mod resume;
mod timers;
mod verdict;
mod view;
mod waiver;
mod way_back;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use self::{attempt::Attempt, proposal::Proposed, readings::Diary, waiver::Waiver};
pub use self::{
    event::Milestone,
    obstacles::{Obstacle, ObstacleKind},
    order::{Hand, Order, Refusal, names},
    proposal::Proposal,
    readings::QUIET,
    view::{ForkLine, GateLine, JournalLine, OpLine, PreviewView, ProposalView, RunView, StepView, Turn},
    way_back::{RollbackWindow, WayBack},
};
use super::{
    gate::{Judge, cadence},
    systems::{BodyOf, EntryOf, IntentOf, OperationOf, Systems},
};
use base::operation::{Draft, SendOutcome, Verified};
use base::{
    digest::Digest,
    now::Now,
    observed::Fault,
    signal::Keep,
    step::{Machine, StepState, Ticket, Timer, Way},
};
use journal::{Head, Reading, export::Ways};
use plan::{Condition, Plan, StepPlan};

/// What the run wants done. In this order: what cannot be put on record stops all that follows.
#[derive(Debug)]
pub enum RunEffect<S: Systems> {
    /// Put this on record.
    Record(BodyOf<S>),
    /// Put the intent on record; then, and only then, send.
    Send(Box<IntentOf<S>>),
    /// Look at the server.
    Verify(Box<Verify<S::Call, S::Version>>),
    /// Something of this system was changed: what is known of it is to be read again at once.
    ReadAgain(&'static str),
}

/// A look at a server.
#[derive(Debug, Clone)]
pub struct Verify<C, V> {
    /// The step.
    pub step: String,
    /// Which operation.
    pub ticket: Ticket,
    /// Which look.
    pub look: u16,
    /// What the request carried.
    pub tag: String,
    /// The request.
    pub call: C,
    /// What it compared with.
    pub precondition: Option<V>,
    /// The server accepted it.
    pub accepted: bool,
}

/// What comes back.
#[derive(Debug)]
pub enum RunInput<S: Systems> {
    /// Somebody at the console wants something done.
    Order(Order),
    /// A server answered a request, or did not.
    Replied {
        /// The step.
        step: String,
        /// Which operation.
        ticket: Ticket,
        /// How.
        sent: SendOutcome<S::Version>,
    },
    /// A look came back.
    Verified {
        /// The step.
        step: String,
        /// Which operation.
        ticket: Ticket,
        /// Which look.
        look: u16,
        /// What it found.
        verified: Verified<S::Version>,
    },
    /// A verification ([`RunEffect::Verify`]) is asked of the server: nothing that was to be recorded before it is outstanding any more.
    Asked {
        /// The step.
        step: String,
        /// Which operation.
        ticket: Ticket,
    },
    /// Something is on record now. The request of an intent leaves.
    Recorded(Box<EntryOf<S>>),
    /// An intent is on record, and its request is not sent: see [`Run::may_send`].
    Withdrawn(Box<EntryOf<S>>),
    /// For how long the journal has not answered; none: nothing is being written.
    Writing(Option<Duration>),
    /// Nothing can be put on record any more.
    Halted(String),
}

/// Up to when each system has been read, on the boot clock: all of it that may be decided upon. It comes with every input.
pub type ReadUpTo = HashMap<&'static str, Duration>;

/// How long something armed stays so.
const ARMED: Duration = Duration::from_secs(60);
/// A journal that takes longer than this to answer is shown to do so, and nothing is executed until it does.
const SLOW: Duration = Duration::from_secs(2);
/// How long until the next look.
const LOOK: Duration = Duration::from_secs(1);
/// The run.
#[derive(Debug)]
pub struct Run<S: Systems> {
    plan: Arc<Plan>,
    name: String,
    /// Which journal it is in: the first digits of its first record's hash. What was meant in one counts in no other.
    journal: String,
    by_id: HashMap<String, usize>,
    /// Somebody who may steer; without one every order is refused.
    writer: Option<String>,
    steps: Vec<StepRun<S>>,
    invariants: Vec<Watch>,
    aborts: Vec<Watch>,
    held: Option<String>,
    halted: Option<String>,
    /// For how long the journal has not answered.
    writing: Option<Duration>,
    proposal: Option<Proposed>,
    read: ReadUpTo,
    due: BTreeSet<(Duration, usize, Timer)>,
    /// What is left of the time of waits whose next verification is not asked yet.
    stopped: HashMap<(usize, Ticket), Duration>,
    /// What people did, the last of it.
    records: VecDeque<JournalLine>,
    ways: Ways,
    /// Where the journal stands: after the last record of any kind.
    head: Option<Head>,
    diary: Diary,
    /// What the run has cost before it was taken up.
    spent: Vec<Reading>,
    /// The ids of the signals that gates judge; the same and those that are kept in the journal.
    judged: Arc<HashSet<&'static str>>,
    judged_and_kept: Arc<HashSet<&'static str>>,
    notice: Option<(Now, String)>,
    /// Why the step that could begin next cannot be worked out, or is forbidden, as things stand.
    impossible: Option<(usize, Obstacle)>,
}

/// A condition that is watched all the time.
#[derive(Debug)]
struct Watch {
    id: String,
    title: String,
    judge: Judge,
    stands: Stands,
}

/// Whether a condition was so when it was last known: what nobody knows any more has not passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    No,
    Yes,
    /// It has not been known since the program began.
    Unseen {
        /// Something that it is about has no fresh value; not so where it is known to have none for want of traffic.
        blind: bool,
    },
}

/// A preview, or all that keeps it from being worked out.
type Previewed<S> = Result<Preview<<S as Systems>::Call, <S as Systems>::Version>, Vec<Fault>>;

/// One step of the run.
#[derive(Debug)]
struct StepRun<S: Systems> {
    /// Its phase and place in the plan.
    at: (usize, usize),
    state: Machine,
    gates: Judge,
    verify: Judge,
    rollback: Judge,
    /// What was previewed last, or why it could not be.
    preview: Option<Previewed<S>>,
    /// Why its last preview is no longer valid, or no longer armed; until it is previewed or armed again.
    disarmed: Vec<String>,
    /// Its last attempt failed, and no other has begun since.
    failed: bool,
    /// Since when it has baked without a break, also while its rollback is only considered.
    baked_since: Option<Now>,
    /// The record with which its last attempt forward began; none while that is not on record.
    began: Option<u64>,
    /// The attempt that was begun last.
    attempt: Option<Attempt<S::Call, S::Version>>,
    /// The attempt forward, while a way back may still turn out to have changed nothing.
    stood: Option<Attempt<S::Call, S::Version>>,
    /// The way back of what stands.
    back: Vec<OperationOf<S>>,
    /// The commands of the way back that was worked out last, and when: shown where none can be worked out any more.
    known_back: Option<(jiff::Timestamp, Vec<String>)>,
    /// Who approved what is previewed.
    approved: BTreeMap<String, Option<String>>,
    /// Gates left out.
    waivers: Vec<Waiver>,
    /// Since when a tail is unfinished, as far as this program has seen it, and for how long it was before that by the journal.
    exposed: Option<(Now, Duration)>,
    /// What it is at, and since when; as `exposed`.
    at_work: Option<(AtWork, Now, Duration)>,
    /// It is held because it may not go forward, and not because anybody asked for it.
    still: bool,
    /// When it changed something last, on the boot clock, and of which system.
    changed: Option<(Duration, &'static str)>,
}

/// What a step is at: its state, and the first of its operations that are under way.
type AtWork = (StepState, Option<usize>);

/// What a step is at now.
fn at_work(state: &Machine) -> AtWork {
    (state.state(), state.recipe().ops.iter().position(|op| op.state.in_flight()))
}

/// What was previewed.
#[derive(Debug, Clone)]
struct Preview<C, V> {
    way: Way,
    digest: Digest,
    draft: Draft<C, V>,
}

impl<S: Systems> Run<S> {
    /// A run of the plan's runbook, nothing of it begun.
    #[must_use]
    pub fn new(plan: &Arc<Plan>) -> Self {
        let judge = |condition: &_| judge(plan, condition);
        let mut steps = Vec::new();
        for (i, phase) in plan.runbook.phases.iter().enumerate() {
            for (k, step) in phase.steps.iter().enumerate() {
                steps.push(StepRun {
                    at: (i, k),
                    state: fresh(step),
                    gates: judge(&step.gates),
                    verify: judge(&step.verify),
                    rollback: judge(&step.rollback_gates),
                    preview: None,
                    disarmed: Vec::new(),
                    failed: false,
                    baked_since: None,
                    began: None,
                    attempt: None,
                    stood: None,
                    back: Vec::new(),
                    known_back: None,
                    approved: BTreeMap::new(),
                    waivers: Vec::new(),
                    exposed: None,
                    at_work: None,
                    still: false,
                    changed: None,
                });
            }
        }
        let id = |(at, step): (usize, &StepRun<S>)| {
            let (phase, place) = step.at;
            (plan.runbook.phases[phase].steps[place].id.clone(), at)
        };
        let by_id = steps.iter().enumerate().map(id).collect();
        let watch = |list: &[plan::Named]| {
            list.iter()
                .map(|named| Watch {
                    id: named.id.clone(),
                    title: named.title.clone(),
                    judge: judge(&named.when),
                    stands: Stands::Unseen { blind: true },
                })
                .collect()
        };
        let judged = plan.runbook.metrics();
        let kept = S::signals().into_iter().filter(|def| def.keep != Keep::No);
        Self {
            name: plan.name.clone(),
            journal: String::new(),
            by_id,
            writer: None,
            steps,
            invariants: watch(&plan.runbook.invariants),
            aborts: watch(&plan.runbook.aborts),
            held: None,
            halted: None,
            writing: None,
            proposal: None,
            read: HashMap::new(),
            due: BTreeSet::new(),
            stopped: HashMap::new(),
            records: VecDeque::new(),
            ways: Ways::default(),
            head: None,
            diary: Diary::default(),
            spent: Vec::new(),
            judged_and_kept: Arc::new(judged.iter().copied().chain(kept.map(|def| def.id)).collect()),
            judged: Arc::new(judged),
            notice: None,
            impossible: None,
            plan: plan.clone(),
        }
    }

    /// What the steps are about that are not over: under way, or failed.
    #[must_use]
    pub fn at_work_on(&self) -> Vec<&str> {
        use StepState::{Baking, Failed, Running, Settling, Verifying};
        let open = |at: &usize| {
            let state = &self.steps[*at].state;
            matches!(state.state(), Running | Settling | Verifying | Baking | Failed) || state.exposed()
        };
        (0..self.steps.len()).filter(open).map(|at| self.plan_of(at).action.target()).collect()
    }

    /// How far a step is.
    #[must_use]
    pub fn phase(&self, step: &str) -> Option<base::step::StepState> {
        Some(self.steps[self.place(step)?].state.state())
    }

    /// The word of a step's state.
    #[must_use]
    pub fn word(&self, step: &str) -> Option<&'static str> {
        Some(self.steps[self.place(step)?].state.word())
    }

    fn plan_of(&self, step: usize) -> &StepPlan {
        let (phase, at) = self.steps[step].at;
        &self.plan.runbook.phases[phase].steps[at]
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }
}

fn fresh(step: &StepPlan) -> Machine {
    let manual = step.action.by_hand().is_some();
    Machine::new(step.approvals, !step.irreversible && !manual, manual)
}

/// A judge of one condition. Sources may be asked at another pace; readings further apart than the plan says are gaps all the same.
fn judge(plan: &Plan, condition: &Condition) -> Judge {
    Judge::new(condition, |def| cadence(&plan.intervals, def, 1.0))
}
