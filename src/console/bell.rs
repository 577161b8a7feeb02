//! Decides when the terminal bell rings. Pure: it compares two snapshots.

use std::{sync::Arc, time::Duration};

use base::{
    now::Now,
    step::{Level, StepState},
};
use engine::{run::RunView, snapshot::Snapshot};

/// Events that the bell can ring for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ring {
    /// ROLL BACK, a broken invariant, a failed step, or a step whose cleanup is not finished.
    Red,
    /// The next step became READY: its gates are green.
    Ready,
    /// A step is done or rolled back.
    Over,
}

impl Ring {
    /// All events.
    pub const ALL: [Self; 3] = [Self::Red, Self::Ready, Self::Over];
    /// Their words in the configuration, in the same order.
    pub const WORDS: &[&str] = &["red", "ready", "over"];

    /// The event with this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::WORDS.iter().zip(Self::ALL).find(|(w, _)| **w == word).map(|(_, bell)| bell)
    }

    /// Whether the change from one snapshot to the next rings for this event.
    fn rings(self, before: &Snapshot, after: &Snapshot) -> bool {
        let (Some(was), Some(is)) = (&before.run, &after.run) else {
            return self == Self::Red && red(after) && !red(before);
        };
        match self {
            Self::Red => (red(after) && !red(before)) || reds(is).iter().any(|id| !reds(was).contains(id)),
            Self::Ready => {
                let ready = |run: &RunView| run.next().filter(|s| s.state == StepState::Ready).map(|s| s.id.clone());
                ready(is).is_some_and(|id| ready(was).as_ref() != Some(&id))
            }
            Self::Over => {
                let over = |state| {
                    matches!(state, StepState::Done | StepState::Attested | StepState::RolledBack | StepState::Skipped)
                };
                let was_over = |id: &str| was.steps.iter().any(|s| s.id == id && over(s.state));
                is.steps.iter().any(|s| over(s.state) && !was_over(&s.id))
            }
        }
    }
}

/// Watches the engine's snapshots, masked or not, and decides when to ring.
#[derive(Debug)]
pub struct Bell {
    wanted: Vec<Ring>,
    latest: Arc<Snapshot>,
    rang: Option<Now>,
    /// An event came less than a second after the last ring.
    owes: bool,
}

impl Bell {
    /// Rings for these events, from this snapshot on.
    #[must_use]
    pub const fn new(wanted: Vec<Ring>, latest: Arc<Snapshot>) -> Self {
        Self { wanted, latest, rang: None, owes: false }
    }

    /// Takes a newer snapshot and returns whether to ring: at most once a second. An event in between is kept until
    /// the second is over.
    pub fn observe(&mut self, snapshot: &Arc<Snapshot>, now: Now) -> bool {
        let before = std::mem::replace(&mut self.latest, snapshot.clone());
        self.owes |= self.wanted.iter().any(|bell| bell.rings(&before, snapshot));
        let rings = self.owes && self.rang.is_none_or(|rang| now.since(rang) >= Duration::from_secs(1));
        if rings {
            (self.rang, self.owes) = (Some(now), false);
        }
        rings
    }
}

fn red(snapshot: &Snapshot) -> bool {
    snapshot.verdict().is_red()
}

/// What is red in a run, by name.
fn reds(run: &RunView) -> Vec<&str> {
    let steps = run
        .steps
        .iter()
        .filter(|s| s.state == StepState::Failed || (s.exposed.is_some() && !s.cleans_up()))
        .map(|s| s.id.as_str());
    let invariants =
        run.invariants.iter().filter(|(_, level, _)| *level == Level::Red).map(|(title, ..)| title.as_str());
    steps.chain(invariants).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use drive::sim::SimDrive;
    use engine::run::StepView;

    /// A run of the small plan whose first step can begin.
    fn ready() -> Snapshot {
        let (plan, _) = systems::parse_plan("small.toml".as_ref(), include_str!("../../demo/small.toml"))
            .unwrap_or_else(|e| panic!("{e}"));
        let start = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T01:00:00Z".parse().unwrap() };
        let mut drive = SimDrive::new(Arc::new(plan), 1, start);
        drive.run_for(Duration::from_secs(60));
        let snapshot = drive.snapshot();
        assert!(!red(&snapshot), "{:?}", snapshot.verdict());
        snapshot
    }

    fn with(snapshot: &Snapshot, change: impl FnOnce(&mut RunView)) -> Arc<Snapshot> {
        let mut snapshot = snapshot.clone();
        let mut run = (**snapshot.run.as_ref().expect("a run")).clone();
        change(&mut run);
        snapshot.run = Some(Arc::new(run));
        Arc::new(snapshot)
    }

    fn first(run: &mut RunView) -> &mut StepView {
        &mut run.steps[0]
    }

    /// The events that ring, each tested alone.
    fn rings(before: &Arc<Snapshot>, after: &Arc<Snapshot>) -> Vec<Ring> {
        let now = before.now;
        Ring::ALL.into_iter().filter(|ring| Bell::new(vec![*ring], before.clone()).observe(after, now)).collect()
    }

    #[test]
    fn each_rings_for_what_it_says_and_for_no_more() {
        let plain = ready();
        let blocked = with(&plain, |run| first(run).state = StepState::Blocked);
        let ready = with(&plain, |run| first(run).state = StepState::Ready);
        let done = with(&plain, |run| first(run).state = StepState::Done);
        let failed = with(&plain, |run| first(run).state = StepState::Failed);
        assert_eq!(rings(&blocked, &ready), [Ring::Ready]);
        assert_eq!(rings(&ready, &blocked), []);
        assert!(rings(&ready, &done).contains(&Ring::Over));
        assert_eq!(rings(&ready, &failed), [Ring::Red]);
        assert_eq!(rings(&failed, &failed), [], "it rang when it failed");
        let broken = with(&plain, |run| run.invariants[0].1 = Level::Red);
        assert_eq!(rings(&with(&plain, |_| ()), &broken), [Ring::Red]);
        let exposed = with(&plain, |run| first(run).exposed = Some(Duration::from_secs(1)));
        assert!(rings(&broken, &exposed).contains(&Ring::Red), "another red than before");
        let cleans_up = with(&plain, |run| {
            (first(run).state, first(run).exposed) = (StepState::Running, Some(Duration::from_secs(1)));
        });
        assert!(
            !rings(&with(&plain, |_| ()), &cleans_up).contains(&Ring::Red),
            "a healthy move is exposed for some seconds"
        );
    }

    #[test]
    fn it_rings_once_a_second_and_loses_nothing() {
        let plain = ready();
        let [quiet, failed] =
            [StepState::Blocked, StepState::Failed].map(|state| with(&plain, |run| first(run).state = state));
        let at = |millis: u64| Now { boot: Duration::from_millis(10_000 + millis), ..plain.now };
        let mut bell = Bell::new(Ring::ALL.to_vec(), quiet.clone());
        assert!(bell.observe(&failed, at(0)));
        assert!(!bell.observe(&quiet, at(100)));
        assert!(!bell.observe(&failed, at(200)), "too soon");
        assert!(!bell.observe(&failed, at(900)));
        assert!(bell.observe(&failed, at(1000)), "what happened meanwhile");
        assert!(!bell.observe(&failed, at(3000)));
    }
}
