//! What keeps a step from beginning, with the level of each reason, for the screen and for refusals.

use serde::Serialize;

use super::{Run, Stands};
use crate::systems::Systems;
use base::{
    now::Now,
    step::{Level, Way},
};
use plan::Window;

/// What a step is that was under way when the program was started again: nothing of it goes on by itself.
pub(super) const RESUMED: &str = "held since the program was started again";

/// What is in a step's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Obstacle {
    /// What it comes from.
    pub kind: ObstacleKind,
    /// Its level.
    pub level: Level,
    /// In words.
    pub why: String,
}

/// What an obstacle comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ObstacleKind {
    /// Nothing can be put on record any more.
    Halt,
    /// The run, or the step, is held.
    Hold,
    /// An invariant is not known to be true.
    Invariant,
    /// A trigger asks for the way back, or may do so.
    Trigger,
    /// Another step failed.
    FailedStep,
    /// The plan's window is not open.
    Window,
    /// A gate of the step.
    Gate,
    /// Something else is done to what the step is about.
    Target,
    /// An emergency has replaced what the step did.
    Replaced,
    /// The preview cannot be worked out, or is forbidden.
    Preview,
}

impl Obstacle {
    pub(super) const fn new(kind: ObstacleKind, level: Level, why: String) -> Self {
        Self { kind, level, why }
    }

    /// What is not known to be otherwise.
    const fn unknown(kind: ObstacleKind, why: String) -> Self {
        Self::new(kind, Level::Unknown, why)
    }
}

/// What asks for the way back, as what is in the way of going forward.
pub(super) fn asks(watch: &super::Watch, now: Now) -> Obstacle {
    let verdict = watch.judge.verdict(now);
    let why = verdict.because();
    let (level, so) = match (verdict.level, watch.stands) {
        (Level::Green, _) => (Level::Red, "ROLL BACK is asked for"),
        (_, Stands::Yes) => (Level::Unknown, "ROLL BACK was asked for, and its current state is unknown"),
        _ => (Level::Unknown, "it is unknown whether ROLL BACK is asked for"),
    };
    Obstacle::new(ObstacleKind::Trigger, level, format!("{so}, {}: {why}", watch.title))
}

/// Why the plan's window is not open.
pub(super) fn describe(window: Window, now: Now) -> String {
    if now.wall < window.start {
        format!("the plan's window opens at {}", window.start)
    } else {
        format!("the plan's window closed at {}", window.end)
    }
}

impl<S: Systems> Run<S> {
    /// What is in the way of every step, and of those forward alone: worked out once for all of them.
    pub(super) fn common_obstacles(&self, now: Now) -> (Vec<Obstacle>, Vec<Obstacle>) {
        let halted = self.halted.iter().map(|why| Obstacle::unknown(ObstacleKind::Halt, why.clone()));
        let held = self.held.iter().map(|why| Obstacle::unknown(ObstacleKind::Hold, why.clone()));
        let broken = self.invariants.iter().filter_map(|watch| {
            let verdict = watch.judge.verdict(now);
            let why = || format!("{}: {}", watch.title, verdict.because());
            (verdict.level != Level::Green).then(|| Obstacle::new(ObstacleKind::Invariant, verdict.level, why()))
        });
        (halted.chain(held).collect(), broken.collect())
    }

    /// All that is in a step's way, but for steps that it needs. Each with the level that it has.
    pub(super) fn obstacles(&self, at: usize, common: &(Vec<Obstacle>, Vec<Obstacle>), now: Now) -> Vec<Obstacle> {
        let step = &self.steps[at];
        let back = step.state.way() == Way::Back;
        if step.state.exposed() {
            // Neither a hold nor a gate keeps a tail from being finished.
            let halted = self.halted.iter().map(|why| Obstacle::unknown(ObstacleKind::Halt, why.clone()));
            let mut out: Vec<Obstacle> = halted.collect();
            self.on_the_way(at, &mut out);
            return out;
        }
        let mut out = common.0.clone();
        if self.held.is_none() && step.state.is_held() {
            out.push(Obstacle::unknown(ObstacleKind::Hold, format!("{RESUMED}: :release releases it")));
        }
        if self.checks_invariants(at) {
            out.extend_from_slice(&common.1);
            out.extend(self.asks_back(at).map(|watch| asks(watch, now)));
            out.extend(self.failed_elsewhere(at).map(|failed| {
                let why = format!("ROLL BACK is asked for, {} failed: :next-step selects it", self.plan_of(failed).id);
                Obstacle::new(ObstacleKind::FailedStep, Level::Red, why)
            }));
            let closed = self.closed(at, now);
            out.extend(closed.map(|window| Obstacle::unknown(ObstacleKind::Window, describe(window, now))));
        }
        let gates = if back { &step.rollback } else { &step.gates };
        let verdict = gates.verdict(now);
        if verdict.level != Level::Green {
            out.extend(verdict.blocking().map(|r| Obstacle::new(ObstacleKind::Gate, r.level, r.what.clone())));
        }
        if let Some(emergency) = self.would_undo(at) {
            let by = &self.plan_of(emergency).id;
            let why = format!("{by} has replaced it, and this would undo {by}: roll {by} back first");
            out.push(Obstacle::new(ObstacleKind::Replaced, Level::Red, why));
        }
        self.on_the_way(at, &mut out);
        out
    }

    /// What else goes on with what a step is about.
    fn on_the_way(&self, at: usize, out: &mut Vec<Obstacle>) {
        let target = self.plan_of(at).action.target();
        let mut add = |why| out.push(Obstacle::unknown(ObstacleKind::Target, why));
        if let Some(other) = self.in_conflict(at) {
            add(format!("{} is running on {target}", self.plan_of(other).id));
        }
        if self.unread(at) {
            add(format!("{target} was changed and is being verified"));
        }
    }

    /// What blocks a step, in one sentence.
    pub(super) fn why_blocked(&self, at: usize, now: Now) -> String {
        let absent = self.missing(at);
        if self.steps[at].state.way() == Way::Forward && !absent.is_empty() {
            return format!("it needs {}", absent.join(", "));
        }
        let obstacles = self.obstacles(at, &self.common_obstacles(now), now);
        let more = obstacles.len().saturating_sub(1);
        match obstacles.into_iter().next() {
            Some(first) if more > 0 => format!("{}, and {more} more", first.why),
            Some(first) => first.why,
            None => "nothing blocks it".to_owned(),
        }
    }
}
