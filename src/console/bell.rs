//! When the bell rings: what somebody who looks elsewhere should look up for. Pure: it compares two pictures.

use crate::core::{
    run::RunView,
    snapshot::{Snapshot, Verdict},
    step::{Level, Phase},
};

/// What can ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bell {
    /// ROLL BACK, a broken invariant, a step that failed, one whose safe tail is not finished.
    Red,
    /// The step that is next became READY: its gates are green.
    Ready,
    /// A step is done, or taken back.
    Over,
}

impl Bell {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Red, Self::Ready, Self::Over];
    /// Their words in the configuration, in the same order.
    pub const WORDS: &[&str] = &["red", "ready", "over"];

    /// By its word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::WORDS.iter().zip(Self::ALL).find(|(w, _)| **w == word).map(|(_, bell)| bell)
    }

    /// Whether it rings between two pictures.
    fn rings(self, before: &Snapshot, after: &Snapshot) -> bool {
        let (Some(was), Some(is)) = (&before.run, &after.run) else {
            return self == Self::Red && red(after) && !red(before);
        };
        match self {
            Self::Red => (red(after) && !red(before)) || reds(is).iter().any(|id| !reds(was).contains(id)),
            Self::Ready => {
                let ready = |run: &RunView| run.next().filter(|s| s.state == Phase::Ready).map(|s| s.id.clone());
                ready(is).is_some_and(|id| ready(was).as_ref() != Some(&id))
            }
            Self::Over => {
                let over = |state| matches!(state, Phase::Done | Phase::Attested | Phase::RolledBack | Phase::Skipped);
                let was_over = |id: &str| was.steps.iter().any(|s| s.id == id && over(s.state));
                is.steps.iter().any(|s| over(s.state) && !was_over(&s.id))
            }
        }
    }
}

/// Whether any of these rings.
#[must_use]
pub fn rings(wanted: &[Bell], before: &Snapshot, after: &Snapshot) -> bool {
    wanted.iter().any(|bell| bell.rings(before, after))
}

fn red(snapshot: &Snapshot) -> bool {
    matches!(snapshot.verdict(), Verdict::RollBack(_))
}

/// What is red in a run, by name.
fn reds(run: &RunView) -> Vec<&str> {
    let steps = run.steps.iter().filter(|s| s.state == Phase::Failed || s.exposed.is_some()).map(|s| s.id.as_str());
    let invariants =
        run.invariants.iter().filter(|(_, level, _)| *level == Level::Red).map(|(title, ..)| title.as_str());
    steps.chain(invariants).collect()
}
