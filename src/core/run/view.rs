//! The run as data for whoever looks: the console, `--json`, `status`.

use std::time::Duration;

use serde::Serialize;

use super::{
    Preview, Run, WayBack,
    advance::{Obstacle, has_begun},
    event::Event,
};
use crate::{
    core::{
        digest::Digest,
        gate::Reason,
        now::Now,
        step::{Kind, Level, OpState, Phase, State, Ticket, Timer, Way},
    },
    journal::{Entry, export},
    plan::{Action, Confirm},
    systems::{Estate, steer::Change},
};

/// The run.
#[derive(Debug, Clone, Serialize)]
pub struct RunView {
    /// Every step, in the plan's order.
    pub steps: Vec<StepView>,
    /// What must be true: title, level, why.
    pub invariants: Vec<(String, Level, String)>,
    /// What asks for the way back: title, whether it does, why.
    pub aborts: Vec<(String, Level, String)>,
    /// Why everything is held.
    pub held: Option<String>,
    /// Why nothing can be put on record any more.
    pub halted: Option<String>,
    /// Who steers; none: this console only watches.
    pub operator: Option<String>,
    /// Number of the last record, and the first digits of its hash.
    pub head: Option<(u64, String)>,
    /// The last records of what people did, oldest first.
    pub journal: Vec<JournalLine>,
    /// Why the last order was refused, or what drifted, as long as it is news.
    pub said: Option<String>,
    /// The way back of all that stands.
    pub way_back: WayBack,
    /// What was proposed and takes others to agree.
    pub motion: Option<MotionView>,
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
    pub state: Phase,
    /// Which way.
    pub way: Way,
    /// How the gates stand together that matter now: those that let it begin, that verify it, or that let it go back.
    pub level: Level,
    /// Steps it needs that are not done.
    pub lacks: Vec<String>,
    /// What is in its way, all of it, before it begins; then what keeps it from being done, beside its gates.
    pub obstacles: Vec<(Level, String)>,
    /// Every gate, with its reason.
    pub gates: Vec<GateLine>,
    /// The operations of the attempt under way, or of the last.
    pub ops: Vec<OpLine>,
    /// How many are there, of how many.
    pub progress: (usize, usize),
    /// What was previewed.
    pub preview: Option<PreviewView>,
    /// Attempts begun.
    pub attempt: u16,
    /// What its verification found not to be so, when it failed by that.
    pub found: Option<String>,
    /// When what it waits for is over, at the earliest.
    pub waits: Option<Duration>,
    /// It is a point of no return.
    pub irreversible: bool,
    /// For how long a tail has been unfinished: something has to be mended.
    pub exposed: Option<Duration>,
    /// It stands still until it is released or given up.
    pub held: bool,
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
pub struct MotionView {
    /// The step it is about.
    pub step: String,
    /// In words.
    pub what: String,
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

impl Turn {
    /// Of the gates `of` a step, as it stands: as [`Run::tick`] has it.
    fn at(of: &str, state: &State) -> Self {
        let forward = state.way == Way::Forward;
        let (now, later) = match of {
            "gate" => (forward && !has_begun(state.phase), false),
            "verify" => (
                forward && matches!(state.phase, Phase::Verifying | Phase::Baking),
                forward && state.phase < Phase::Verifying,
            ),
            _ if forward => (state.attempt > 0, true),
            _ => (!has_begun(state.phase), false),
        };
        if now {
            Self::Now
        } else if later {
            Self::Later
        } else {
            Self::Past
        }
    }
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
    pub tail: bool,
    /// What was said or seen last.
    pub said: String,
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
    pub back: Vec<String>,
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
    /// What is typed.
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
    pub turn: Option<Event>,
}

impl Run {
    /// How it stands.
    #[must_use]
    pub fn view(&self, estate: &Estate, now: Now) -> RunView {
        let watched = |list: &[super::Watch]| {
            let line = |watch: &super::Watch| {
                let verdict = watch.judge.verdict(now);
                let why = verdict.reasons.first().map_or_else(String::new, |r| r.what.clone());
                (watch.title.clone(), verdict.level, why)
            };
            list.iter().map(line).collect()
        };
        let common = self.common_obstacles(now);
        let news = |at: &Now| now.since(*at) < Duration::from_secs(20);
        RunView {
            steps: (0..self.steps.len()).map(|at| self.step_view(at, &common, now)).collect(),
            invariants: watched(&self.invariants),
            aborts: watched(&self.aborts),
            held: self.held.clone(),
            halted: self.halted.clone(),
            operator: self.writer.clone(),
            head: self.head.map(|head| (head.seq, head.hash.short())),
            journal: self.records.iter().map(line).collect(),
            said: self.said.as_ref().filter(|(at, _)| news(at)).map(|(_, text)| text.clone()),
            way_back: self.way_back(estate, now),
            motion: self.proposed(now).map(|it| MotionView {
                step: it.motion.step().to_owned(),
                what: it.motion.told(),
                digest: it.digest,
                by: it.by.clone(),
                people: it.people.clone(),
                needs: it.needs,
            }),
        }
    }

    fn step_view(&self, at: usize, common: &(Vec<Obstacle>, Vec<Obstacle>), now: Now) -> StepView {
        let plan = self.plan_of(at);
        let step = &self.steps[at];
        let state = &step.state;
        let gates = [("gate", &step.gates), ("verify", &step.verify), ("back", &step.rollback)];
        let lines = gates.into_iter().flat_map(|(of, judge)| {
            let turn = Turn::at(of, state);
            judge.verdict(now).reasons.into_iter().map(move |reason| GateLine { of, turn, reason })
        });
        let changes = state.recipe.ops.iter().filter(|op| op.state != OpState::Spared);
        StepView {
            id: plan.id.clone(),
            title: plan.title.clone(),
            phase: self.plan.runbook.phases[step.at.0].title.clone(),
            word: state.word(),
            state: state.phase,
            way: state.way,
            level: match (state.way, state.phase) {
                (Way::Back, _) => step.rollback.level(now),
                (Way::Forward, Phase::Verifying | Phase::Baking) => step.verify.level(now),
                (Way::Forward, _) => step.gates.level(now),
            },
            lacks: self.lacking(at).into_iter().map(str::to_owned).collect(),
            obstacles: if state.phase <= Phase::Armed { self.obstacles(at, common, now) } else { self.keeps(at, now) },
            gates: lines.collect(),
            ops: self.op_lines(at),
            progress: (state.recipe.count(OpState::holds), changes.count()),
            preview: step.preview.as_ref().map(|preview| self.preview_view(at, preview)),
            attempt: state.attempt,
            found: step.attempt.as_ref().map(|it| it.found.clone()).filter(|found| !found.is_empty()),
            waits: self.waits(at, now),
            irreversible: plan.irreversible,
            exposed: step.exposed.map(|since| now.since(since)),
            held: state.held && state.phase == Phase::Running,
            manual: plan.action.by_hand(),
            shown: matches!(plan.action, Action::Build { .. }),
            adopted: state.adopted,
            has_back: !step.back.is_empty(),
            unknown: state.unsettled(),
            waivers: step
                .waivers
                .iter()
                .map(|w| {
                    let until = w.until.strftime("%H:%M");
                    format!("{} by {} until {until}: {}", w.gate, w.by.join(" and "), w.reason)
                })
                .collect(),
        }
    }

    fn op_lines(&self, at: usize) -> Vec<OpLine> {
        let step = &self.steps[at];
        let Some(attempt) = &step.attempt else { return Vec::new() };
        let state = |place: usize| step.state.recipe.ops.get(place).map_or(OpState::Waiting, |op| op.state);
        let line = |(place, op): (usize, &crate::systems::steer::Operation<_, _>)| OpLine {
            what: op.what.clone(),
            state: state(place),
            wait: op.kind == Kind::Wait,
            tail: op.tail,
            said: attempt.said.get(place).cloned().unwrap_or_default(),
            command: op.command.clone(),
        };
        attempt.draft.ops.iter().enumerate().map(line).collect()
    }

    fn preview_view(&self, at: usize, preview: &Result<Preview, Vec<crate::core::estate::seen::Fault>>) -> PreviewView {
        let plan = self.plan_of(at);
        let step = &self.steps[at];
        let mut view = PreviewView {
            way: step.state.way,
            digest: None,
            diff: Vec::new(),
            ops: Vec::new(),
            back: Vec::new(),
            notes: Vec::new(),
            broken: Vec::new(),
            faults: Vec::new(),
            approvals: (step.state.approvals, plan.approvals, step.approved.keys().cloned().collect()),
            confirm: plan.confirm,
            target: plan.action.target().to_owned(),
        };
        match preview {
            Err(faults) => view.faults = faults.iter().map(ToString::to_string).collect(),
            Ok(Preview { digest, draft, .. }) => {
                view.digest = Some(*digest);
                view.diff.clone_from(&draft.diff);
                view.notes.clone_from(&draft.notes);
                view.broken.clone_from(&draft.broken);
                view.back = draft.back.iter().map(|op| op.command.clone()).collect();
                let line = |op: &crate::systems::steer::Operation<_, _>| OpLine {
                    what: op.what.clone(),
                    state: OpState::Waiting,
                    wait: op.kind == Kind::Wait,
                    tail: op.tail,
                    said: String::new(),
                    command: op.command.clone(),
                };
                view.ops = draft.ops.iter().map(line).collect();
            }
        }
        view
    }

    /// The longest of the timers that count.
    fn waits(&self, at: usize, now: Now) -> Option<Duration> {
        let State { phase, epoch, .. } = self.steps[at].state;
        let counts = |timer: Timer| match (phase, timer) {
            (Phase::Settling, Timer::Settled(e))
            | (Phase::Baking, Timer::Baked(e))
            | (Phase::Armed, Timer::Armed(e)) => e == epoch,
            (Phase::Running, Timer::Quarantine(..)) => true,
            _ => false,
        };
        let own = self.due.iter().filter(|(_, step, timer)| *step == at && counts(*timer));
        own.map(|(due, ..)| due.saturating_sub(now.boot)).max()
    }
}

fn line(entry: &Entry) -> JournalLine {
    JournalLine {
        seq: entry.seq,
        wall: entry.wall,
        actor: entry.actor.clone(),
        step: entry.body.step().unwrap_or("").to_owned(),
        what: export::told(&entry.body),
        turn: Event::of(&entry.body),
    }
}

impl JournalLine {
    /// Its number, for sorting.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub const fn seq_number(&self) -> f64 {
        self.seq as f64
    }
}
