//! What keeps a step from beginning, with the level of each reason, for the screen and for refusals.

use super::{Run, Stands};
use crate::systems::Systems;
use base::{
    now::Now,
    step::{Level, Way},
};
use plan::Window;

/// What is in a step's way, with the level that it has.
pub(super) type Obstacle = (Level, String);

/// What asks for the way back, as what is in the way of going forward.
pub(super) fn asks(watch: &super::Watch, now: Now) -> Obstacle {
    let verdict = watch.judge.verdict(now);
    let why = verdict.because();
    let (level, so) = match (verdict.level, watch.stands) {
        (Level::Green, _) => (Level::Red, "ROLL BACK is asked for"),
        (_, Stands::Yes) => (Level::Unknown, "ROLL BACK was asked for, and its current state is unknown"),
        _ => (Level::Unknown, "it is unknown whether ROLL BACK is asked for"),
    };
    (level, format!("{so}, {}: {why}", watch.title))
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
        let all = self.halted.iter().chain(&self.held).map(|why| (Level::Unknown, why.clone())).collect();
        let broken = self.invariants.iter().filter_map(|watch| {
            let verdict = watch.judge.verdict(now);
            (verdict.level != Level::Green).then(|| (verdict.level, format!("{}: {}", watch.title, verdict.because())))
        });
        (all, broken.collect())
    }

    /// All that is in a step's way, but for steps that it needs. Each with the level that it has.
    pub(super) fn obstacles(&self, at: usize, common: &(Vec<Obstacle>, Vec<Obstacle>), now: Now) -> Vec<Obstacle> {
        let step = &self.steps[at];
        let back = step.state.way() == Way::Back;
        if step.state.exposed() {
            // Neither a hold nor a gate keeps a tail from being finished.
            let mut out: Vec<Obstacle> = self.halted.iter().map(|why| (Level::Unknown, why.clone())).collect();
            self.on_the_way(at, &mut out);
            return out;
        }
        let mut out = common.0.clone();
        if self.held.is_none() && step.state.is_held() {
            out.push((Level::Unknown, "held: :release releases it".to_owned()));
        }
        if self.checks_invariants(at) {
            out.extend_from_slice(&common.1);
            out.extend(self.asks_back(at).map(|watch| asks(watch, now)));
            out.extend(self.closed(at, now).map(|window| (Level::Unknown, describe(window, now))));
        }
        let gates = if back { &step.rollback } else { &step.gates };
        let verdict = gates.verdict(now);
        if verdict.level != Level::Green {
            out.extend(verdict.blocking().map(|r| (r.level, r.what.clone())));
        }
        self.on_the_way(at, &mut out);
        out
    }

    /// What else goes on with what a step is about.
    fn on_the_way(&self, at: usize, out: &mut Vec<Obstacle>) {
        if let Some(other) = self.in_conflict(at) {
            let target = self.plan_of(at).action.target();
            out.push((Level::Unknown, format!("{} is running on {target}", self.plan_of(other).id)));
        }
        if self.unread(at) {
            let target = self.plan_of(at).action.target();
            out.push((Level::Unknown, format!("{target} was changed and is being verified")));
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
            Some((_, first)) if more > 0 => format!("{first}, and {more} more"),
            Some((_, first)) => first,
            None => "nothing blocks it".to_owned(),
        }
    }
}
