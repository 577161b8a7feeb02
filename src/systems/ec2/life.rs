//! The phase of each instance, and when it changed: transitions, not samples, in a bounded number.

use std::{collections::HashMap, time::Duration};

use super::facts::{InstanceState, Name};
use base::now::Now;

/// The phase of an instance, from all collectors together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Being launched.
    Pending,
    /// Running; its checks have not passed twice yet.
    Running,
    /// Its checks have passed; it does not serve yet.
    Passed,
    /// Serves.
    Serving,
    /// Being stopped.
    Stopping,
    /// Stopped.
    Stopped,
    /// Being terminated.
    Ending,
    /// No longer in the list.
    Gone,
}

impl Phase {
    /// The phase from the observations.
    #[must_use]
    pub const fn of(state: InstanceState, passed: bool, serves: bool) -> Self {
        match state {
            InstanceState::Pending => Self::Pending,
            InstanceState::Running if serves => Self::Serving,
            InstanceState::Running if passed => Self::Passed,
            InstanceState::Running => Self::Running,
            InstanceState::Stopping => Self::Stopping,
            InstanceState::Stopped => Self::Stopped,
            InstanceState::ShuttingDown => Self::Ending,
        }
    }

    /// The word on screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Passed => "checks ok",
            Self::Serving => "in service",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Ending => "shutting down",
            Self::Gone => "gone",
        }
    }
}

/// Changes kept for each instance.
const CHANGES: usize = 8;
/// How long an instance that is gone is kept.
const GONE: Duration = Duration::from_secs(3600);

/// The history of one instance, as far as it was observed.
#[derive(Debug, Clone)]
pub struct Life {
    /// Its phase.
    pub phase: Phase,
    /// Each new phase with its time, oldest first. Empty while nothing has changed since the instance was first observed.
    pub changes: Vec<(Now, Phase)>,
    round: u32,
    next: Option<Phase>,
}

/// The histories of all instances.
#[derive(Debug, Clone, Default)]
pub struct Lives {
    by_id: HashMap<Name, Life>,
    round: u32,
    settled: bool,
    was_settled: bool,
}

impl Lives {
    /// The history of one instance.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Life> {
        self.by_id.get(id)
    }

    /// Begins a pass over all instances. Until all collectors have answered once, an apparent change is only a first observation.
    pub(super) fn begin(&mut self, settled: bool) {
        self.round = self.round.wrapping_add(1);
        (self.was_settled, self.settled) = (self.settled, settled);
    }

    /// An instance exists.
    pub(super) fn see(&mut self, id: &Name, phase: Phase) {
        let round = self.round;
        match self.by_id.get_mut(id) {
            Some(life) => {
                life.round = round;
                life.next = (life.phase != phase).then_some(phase);
            }
            None => {
                // New during observation: its appearance is a change. New at the start: the time of its launch is not known.
                let next = self.was_settled.then_some(phase);
                self.by_id.insert(id.clone(), Life { phase, changes: Vec::new(), round, next });
            }
        }
    }

    /// Ends the pass: records the changes. Without a new pass only the time has changed.
    pub(super) fn end(&mut self, at: Now) {
        let (round, record) = (self.round, self.was_settled);
        self.by_id.retain(|_, life| {
            if life.round != round && life.phase != Phase::Gone {
                life.next = Some(Phase::Gone);
            }
            if let Some(phase) = life.next.take() {
                life.phase = phase;
                if record {
                    if life.changes.len() == CHANGES {
                        life.changes.remove(0);
                    }
                    life.changes.push((at, phase));
                }
            }
            let over = life.changes.last().is_none_or(|(since, _)| at.since(*since) > GONE);
            !(life.phase == Phase::Gone && over)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Now {
        Now { boot: Duration::from_secs(seconds), wall: jiff::Timestamp::UNIX_EPOCH }
    }

    fn look(lives: &mut Lives, seconds: u64, settled: bool, seen: &[(&str, Phase)]) {
        lives.begin(settled);
        for (id, phase) in seen {
            lives.see(&(*id).into(), *phase);
        }
        lives.end(at(seconds));
    }

    #[test]
    fn learning_is_no_change_and_a_change_is_written_down() {
        let mut lives = Lives::default();
        look(&mut lives, 0, false, &[("i-1", Phase::Running)]);
        look(&mut lives, 10, true, &[("i-1", Phase::Serving)]);
        assert_eq!(lives.get("i-1").unwrap().changes, [], "the second source spoke for the first time");
        look(&mut lives, 20, true, &[("i-1", Phase::Running), ("i-2", Phase::Pending)]);
        assert_eq!(lives.get("i-1").unwrap().changes, [(at(20), Phase::Running)]);
        assert_eq!(lives.get("i-2").unwrap().changes, [(at(20), Phase::Pending)], "it came while watched");
    }

    #[test]
    fn what_vanishes_is_gone_for_an_hour_and_then_forgotten() {
        let mut lives = Lives::default();
        look(&mut lives, 0, true, &[("i-1", Phase::Serving)]);
        look(&mut lives, 10, true, &[("i-1", Phase::Serving)]);
        look(&mut lives, 20, true, &[]);
        assert_eq!(lives.get("i-1").unwrap().changes, [(at(20), Phase::Gone)]);
        look(&mut lives, 20 + GONE.as_secs() + 1, true, &[]);
        assert!(lives.get("i-1").is_none());
    }

    #[test]
    fn changes_are_bounded() {
        let mut lives = Lives::default();
        for i in 0..100 {
            let phase = if i % 2 == 0 { Phase::Running } else { Phase::Serving };
            look(&mut lives, i, true, &[("i-1", phase)]);
        }
        let life = lives.get("i-1").unwrap();
        assert_eq!(life.changes.len(), CHANGES);
        assert_eq!(life.changes.last(), Some(&(at(99), Phase::Serving)));
    }
}
