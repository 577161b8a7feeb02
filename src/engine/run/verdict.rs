//! What the run as it stands says: GO, HOLD or ROLL BACK, with the one reason.

use std::time::Duration;

use super::{GateLine, ObstacleKind, OpLine, RunView, StepView, Turn, obstacles::RESUMED, replaced::has_failed};
use crate::verdict::Verdict;
use base::{
    now::short,
    step::{Level, OpState, StepState, Way},
};

/// A cleanup that takes longer than this needs a person. Reconfigurations of a replica set take seconds; a member that does not follow
/// makes them wait for up to a minute.
const CLEANUP: Duration = Duration::from_secs(120);

impl RunView {
    /// What asks for the way back now, and why.
    fn abort(&self) -> Option<String> {
        let so = self.aborts.iter().find(|(_, level, _)| *level == Level::Green);
        so.map(|(title, _, why)| format!("{title}: {why}"))
    }

    /// The step that is next: under way, forward or back, or the first that is not over.
    #[must_use]
    pub fn next(&self) -> Option<&StepView> {
        use StepState::{
            Attested, Baking, Done, Failed, NotApplied, RolledBack, Running, Settling, Skipped, Verifying,
        };
        let under_way = |s: &&StepView| {
            matches!(s.state, Running | Settling | Verifying | Baking | Failed | NotApplied)
                || (s.way == Way::Back && s.state != RolledBack)
                || s.exposed.is_some()
        };
        // What an emergency has replaced comes after what is under way, unless nobody knows what becomes of it.
        let own = |s: &&StepView| under_way(s) && (s.replaced_by.is_none() || s.is_uncertain());
        let open = |s: &&StepView| !matches!(s.state, Done | Attested | Skipped);
        let find = |which: &dyn Fn(&&StepView) -> bool| self.steps.iter().find(which);
        find(&own).or_else(|| find(&under_way)).or_else(|| find(&open))
    }

    /// Why the way back is to be considered, if it is.
    #[must_use]
    pub fn roll_back(&self) -> Option<String> {
        let started = self.steps.iter().any(|s| s.attempt > 0);
        let failed = self.steps.iter().find(|s| s.asks_back()).map(|s| {
            let why = s.why_failed().map(|why| format!(": {why}")).unwrap_or_default();
            format!("{} failed{}, {}{why}", s.id, s.by_whom(), s.next_key_back())
        });
        let abort = self.abort().filter(|_| started).map(|why| match &self.held {
            // No way back begins before that, whoever holds the run.
            Some(held) => format!("{held}, :release releases it; {}{why}", self.ways_back()),
            None => self.ways_back() + &why,
        });
        // What is asked for is being done.
        if self.rolling_back().is_some() {
            return None;
        }
        abort.or(failed)
    }

    /// The ways back: the one that is under way or prepared, else the last step that stands and an emergency that may begin. An emergency
    /// is a way back by another name: its own rollback would lead forward again. It comes first where the rollback is blocked.
    fn ways_back(&self) -> String {
        let emergencies = || self.steps.iter().filter(|s| s.emergency && s.way == Way::Forward);
        if let Some(emergency) = emergencies().find(|s| s.is_under_way() && !s.held) {
            return format!("{} is under way: ", emergency.id);
        }
        let chosen = |s: &&StepView| {
            s.way == Way::Back && s.state <= StepState::Armed && s.replaced_by.is_none() && !s.emergency
        };
        let rollback = self.steps.iter().rev().find(chosen);
        let prepared = emergencies().find(|s| matches!(s.state, StepState::Previewed | StepState::Armed));
        if let Some(emergency) = prepared {
            let key = if emergency.state == StepState::Armed {
                ":execute on its row executes it"
            } else {
                ":arm on its row arms it"
            };
            return format!("{}, the emergency, is {}, {key}: ", emergency.id, emergency.word);
        }
        if let Some(step) = rollback.filter(|s| s.state != StepState::Blocked) {
            return format!("{} is {}, {}: ", step.id, step.word, step.next_key_back());
        }
        let emergency = emergencies().find(|s| s.state == StepState::Ready);
        let emergency = emergency.map(|s| format!("{} is the emergency, :preview on its row previews it", s.id));
        let out: Vec<String> = match rollback {
            Some(blocked) => emergency.into_iter().chain([format!("{} is {}", blocked.id, blocked.word)]).collect(),
            None => {
                let last = self.last_reversible().map(|at| &self.steps[at].id);
                match &self.way_back.fault {
                    Some((id, why)) => {
                        emergency.into_iter().chain([format!("{id} cannot be rolled back now: {why}")]).collect()
                    }
                    None => {
                        let back = last.map(|id| format!("{id} can be rolled back, :roll-back on its row previews it"));
                        back.into_iter().chain(emergency).collect()
                    }
                }
            }
        };
        if out.is_empty() { String::new() } else { out.join("; ") + ": " }
    }

    /// The place of the last step that went forward and can be rolled back.
    pub(super) fn last_reversible(&self) -> Option<usize> {
        let stands = |s: &StepView| {
            let reversible = s.has_back && !s.irreversible && !s.emergency;
            reversible && s.way == Way::Forward && s.attempt > 0 && s.replaced_by.is_none()
        };
        self.steps.iter().rposition(stands)
    }

    /// The step that the verdict is about: the one that failed, where that is why it says ROLL BACK, else the next.
    #[must_use]
    pub fn due(&self) -> Option<&StepView> {
        let failed = self.steps.iter().find(|s| s.asks_back());
        let failed = failed.filter(|_| self.abort().is_none() && self.roll_back().is_some());
        failed.or_else(|| self.waits_for_release()).or_else(|| self.next())
    }

    /// The step of which nothing goes on before it is released, while nothing holds the whole run.
    fn waits_for_release(&self) -> Option<&StepView> {
        let by_itself = |s: &&StepView| s.obstacles.iter().any(|it| it.kind == ObstacleKind::Hold);
        let held = |s: &&StepView| s.held && s.exposed.is_none() && !s.ops.iter().any(|op| op.state.in_flight());
        self.steps.iter().filter(|_| self.held.is_none()).find(|s| held(s) || by_itself(s))
    }

    /// The step whose rollback is under way.
    fn rolling_back(&self) -> Option<&StepView> {
        self.steps.iter().find(|s| s.way == Way::Back && s.is_under_way())
    }

    /// GO, or HOLD with the first reason. Asked where nothing asks for the way back: see [`Self::roll_back`].
    pub(crate) fn go(&self) -> Verdict {
        if let Some(why) = &self.halted {
            return Verdict::Hold(why.clone());
        }
        if let Some(why) = &self.held {
            return Verdict::Hold(format!("{why}; :release releases it"));
        }
        if let Some(waits) = self.journal_waits {
            let waits = base::now::short(waits);
            return Verdict::Hold(format!("the journal has not answered for {waits}: nothing is sent until it does"));
        }
        if let Some(step) = self.steps.iter().find(|s| s.is_uncertain()) {
            return Verdict::Hold(format!("{}: its outcome is unknown", step.id));
        }
        if let Some(step) = self.rolling_back() {
            let still = self.abort().map(|why| format!("; still so: {why}")).unwrap_or_default();
            return Verdict::RollingBack(step.doing() + &still);
        }
        if let Some(step) = self.steps.iter().find(|s| s.exposed.is_some() && s.state <= StepState::Armed) {
            return Verdict::Hold(format!("{}: its cleanup is not finished", step.id));
        }
        // While a step is under way nothing starts: what is true and only not yet for long enough holds nothing up.
        let under_way = self.next().is_some_and(StepView::is_under_way);
        let waits = |at: usize| under_way && self.pending.contains(&at);
        let against =
            self.invariants.iter().enumerate().find(|(at, (_, level, _))| *level != Level::Green && !waits(*at));
        if let Some((_, (title, level, why))) = against {
            let word = if *level == Level::Red { "is false" } else { "is unknown" };
            return Verdict::Hold(format!("{title} {word}: {why}"));
        }
        // It asks for the way back of what was begun; where nothing was, it is no less bad.
        if let Some(why) = self.abort() {
            return Verdict::Hold(why);
        }
        if let Some(step) = self.waits_for_release() {
            let waits = step.obstacles.iter().find(|it| it.kind == ObstacleKind::Hold).map(|it| it.why.clone());
            let why = step.why_held().or(waits).unwrap_or_default();
            return Verdict::Hold(format!("{} is {why}", step.id));
        }
        if let Some(why) = self.after_emergency() {
            return Verdict::Hold(why);
        }
        let Some(next) = self.next() else {
            return Verdict::Go("every step is done".to_owned());
        };
        Self::of_next(next)
    }

    /// What the next step says, where nothing else comes first.
    fn of_next(next: &StepView) -> Verdict {
        match (next.state, next.obstacles.first()) {
            (StepState::RolledBack, _) => Verdict::Hold(format!("{} was rolled back: :again starts it again", next.id)),
            (StepState::NotApplied, _) if next.way == Way::Back => Verdict::Hold(format!(
                "{} is {}{}: :roll-back previews the rollback again",
                next.id,
                next.word,
                next.by_whom()
            )),
            (StepState::NotApplied | StepState::Cancelled, _) => {
                Verdict::Hold(format!("{} is {}{}: :again retries it", next.id, next.word, next.by_whom()))
            }
            (StepState::Failed, _) if let Some(by) = &next.replaced_by => {
                Verdict::Hold(format!("{} failed and is replaced by {by}: :again retries it", next.id))
            }
            (StepState::Failed, _) if next.stopped => Verdict::Hold(format!(
                "{} was stopped before it was complete{}: :again retries it, :roll-back previews its rollback",
                next.id,
                next.by_whom()
            )),
            // `roll_back` has it before this is asked; whoever asks without it gets no GO either.
            (StepState::Failed, _) => Verdict::Hold(format!("{} failed: :roll-back rolls it back", next.id)),
            (state, _) if next.way == Way::Back && state <= StepState::Armed => Verdict::Hold(format!(
                "{} is {}: {}, :call-off cancels the rollback",
                next.id,
                next.word,
                next.next_key_back()
            )),
            (_, _) if next.way == Way::Back => Verdict::RollingBack(next.doing()),
            (StepState::Running | StepState::Settling | StepState::Verifying | StepState::Baking, _) => {
                Verdict::Running(next.doing())
            }
            (_, Some(first)) => Verdict::Hold(format!("{}: {}", next.id, first.why)),
            (_, None) if !next.lacks.is_empty() => {
                Verdict::Hold(format!("{} needs {}", next.id, next.lacks.join(", ")))
            }
            (_, None) => Verdict::Go(format!("next: {}, {}", next.id, next.title)),
        }
    }
}

impl RunView {
    /// What an emergency that is done has replaced, and how one goes on; none while a step is under way, or another is not in order.
    fn after_emergency(&self) -> Option<String> {
        let emergency = self.steps.iter().find(|s| !s.is_under_way() && !s.replaces.is_empty())?;
        let next = self.next();
        let other = |s: &&StepView| {
            use StepState::{Cancelled, NotApplied, RolledBack};
            s.is_under_way() || s.way == Way::Back || matches!(s.state, Cancelled | NotApplied | RolledBack)
        };
        if next.filter(other).is_some_and(|s| s.replaced_by.is_none()) {
            return None;
        }
        let key = match next {
            None => String::new(),
            Some(s) if s.way == Way::Back => format!(": :call-off cancels the rollback of {}", s.id),
            Some(s) if s.state == StepState::Failed => format!(": :next-step selects {}, :again retries it", s.id),
            Some(s) if s.is_under_way() => format!(": {} is still {}", s.id, s.word),
            Some(s) => format!(": :next-step selects {}, the next step", s.id),
        };
        Some(format!("{} is done and has replaced {}{key}", emergency.id, emergency.replaces.join(", ")))
    }
}

impl StepView {
    /// What it is at, for how long it has been, and for how long still, if that is known; then what it is doing or waiting for.
    fn doing(&self) -> String {
        let under_way = |op: &&OpLine| op.state.in_flight();
        let left = self.waits.map(|left| format!(", {} left", short(left))).unwrap_or_default();
        let not_green = |g: &&GateLine| {
            let decides = g.reason.decides && !g.reason.moot && !g.reason.waived;
            g.of == "verify" && g.turn == Turn::Now && g.reason.level != Level::Green && decides
        };
        let what = match self.state {
            StepState::Running => self.ops.iter().find(under_way).map(|op| op.what.clone()),
            StepState::Verifying => self.gates.iter().find(not_green).map(|g| g.reason.what.clone()),
            _ => None,
        };
        let what = what.map(|what| format!(": {what}")).unwrap_or_default();
        let since = self.since.map(|since| format!(" for {}", short(since))).unwrap_or_default();
        // The verdict's own word says that it is running.
        let word = if self.state == StepState::Running { String::new() } else { format!(" is {}", self.word) };
        format!("{}{word}{since}{left}{}{what}", self.id, self.by_whom())
    }

    /// Whether its cleanup is under way and takes no longer than it should. A healthy move of a primary is exposed for some seconds; no
    /// one has to do anything about it.
    #[must_use]
    pub fn cleans_up(&self) -> bool {
        self.exposed.is_some_and(|since| since < CLEANUP)
            && self.state == StepState::Running
            && !self.held
            && !self.is_uncertain()
    }

    /// Why it stands still, and the keys that are due.
    #[must_use]
    pub fn why_held(&self) -> Option<String> {
        let word = if self.resumed { RESUMED } else { "held" };
        self.held.then(|| format!("{word}: :release resumes it, :abandon aborts it"))
    }

    /// That a person has aborted its attempt, if so: what is under way or came of it is not the estate's doing.
    const fn by_whom(&self) -> &'static str {
        if self.aborted && !matches!(self.state, StepState::Cancelled) { ", aborted by the operator" } else { "" }
    }

    /// Whether it is being executed, verified or baked.
    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        matches!(self.state, StepState::Running | StepState::Settling | StepState::Verifying | StepState::Baking)
    }

    /// Whether its last attempt failed and its rollback has not begun.
    fn has_failed(&self) -> bool {
        has_failed(self.state, self.way, self.failed)
    }

    /// Whether it failed and is to be rolled back: what an emergency has replaced, or people have stopped, is not.
    fn asks_back(&self) -> bool {
        self.has_failed() && self.replaced_by.is_none() && !self.stopped
    }

    /// The key that is due on the way back.
    fn next_key_back(&self) -> &'static str {
        match (self.way, self.state) {
            _ if self.exposed.is_some() => ":next-step selects it, :again previews how to finish its cleanup",
            _ if self.emergency && self.way == Way::Forward => ":next-step selects it, :again previews it again",
            _ if self.irreversible || !self.has_back => ":next-step selects it; it has no rollback",
            (Way::Back, StepState::Armed) => ":execute executes the rollback",
            (Way::Back, StepState::Previewed) => ":arm arms the rollback",
            (Way::Back, state) if state <= StepState::Ready => ":preview previews the rollback",
            _ => ":next-step selects it, :roll-back previews the rollback",
        }
    }

    /// Whether a request of it may have been carried out and nobody knows: it is being verified.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        self.state == StepState::Running && self.ops.iter().any(|op| !op.wait && op.state.uncertain())
    }

    /// Why it failed, if it did and somebody knows: what its verification found, else its first operation that came to nothing.
    #[must_use]
    pub fn why_failed(&self) -> Option<String> {
        if self.has_failed() { self.failure() } else { None }
    }

    /// What its verification found, else its first operation that came to nothing.
    fn failure(&self) -> Option<String> {
        let nothing = |op: &&OpLine| matches!(op.state, OpState::NotApplied | OpState::Conflict);
        let text =
            |op: &OpLine| if op.detail.is_empty() { op.what.clone() } else { format!("{}: {}", op.what, op.detail) };
        self.found.clone().or_else(|| self.ops.iter().find(nothing).map(text))
    }
}
