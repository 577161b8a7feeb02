//! One picture of everything, made by the core and looked at by all: the screen never asks the estate itself.

use std::sync::Arc;

use serde::Serialize;

use super::{
    estate::{
        signal::Sample,
        source::{Source, SourceState},
    },
    now::{Age, Now},
    run::RunView,
};
use crate::{
    plan::Plan,
    view::{Detail, Panel, SourceLine, Tile},
};

/// One picture.
#[derive(Debug, Clone, Serialize)]
pub struct Snapshot {
    /// The plan it is of.
    #[serde(skip)]
    pub plan: Arc<Plan>,
    /// When it was made.
    pub now: Now,
    /// When the core was started.
    pub started: Now,
    /// How many times as often as the plan says sources are asked.
    pub pace: f64,
    /// Virtual seconds a second, where time is simulated and paced.
    pub speed: Option<f64>,
    /// The overview's tiles.
    pub tiles: Vec<Tile>,
    /// The systems' panels, in order.
    pub panels: Vec<Arc<Panel>>,
    /// Every source.
    pub sources: Vec<SourceLine>,
    /// Every signal; none where nobody reads them ([`Command::Measure`](super::Command::Measure)).
    pub samples: Option<Vec<Sample>>,
    /// The detail that is open.
    pub detail: Option<(DetailKey, Arc<Detail>)>,
    /// The run; none where the plan has no step.
    pub run: Option<Arc<RunView>>,
}

/// Which row's detail.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct DetailKey {
    /// Panel id.
    pub panel: String,
    /// Table id.
    pub table: String,
    /// Row id.
    pub row: String,
}

/// What all that can be said now, before anything else is looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "verdict", content = "reason", rename_all = "snake_case")]
pub enum Verdict {
    /// Something is not known: nothing may go forward.
    Hold(String),
    /// All sources are live. Not a GO: that is for gates to say, and the plan has none.
    Clear(String),
    /// The next step may begin.
    Go(String),
    /// Something that the plan calls a reason to go back is true, or a step has failed. A person decides.
    RollBack(String),
}

impl Verdict {
    /// Its word, and the one reason.
    #[must_use]
    pub fn told(&self) -> (&'static str, &str) {
        match self {
            Self::Hold(why) => ("HOLD", why),
            Self::Clear(why) => ("CLEAR", why),
            Self::Go(why) => ("GO", why),
            Self::RollBack(why) => ("ROLL BACK", why),
        }
    }
}

impl Snapshot {
    /// The verdict: what asks for the way back beats what is not known (blind beats stale beats starting), and that beats going on.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let worst = |state| self.sources.iter().filter(move |s| s.state == state);
        if let Some(why) = self.run.as_ref().and_then(|run| run.roll_back()) {
            return Verdict::RollBack(why);
        }
        for (state, word) in
            [(SourceState::Blind, "blind"), (SourceState::Stale, "stale"), (SourceState::Starting, "starting")]
        {
            let n = worst(state).count();
            if let Some(first) = worst(state).max_by_key(|s| s.age) {
                let why = first.fault.as_ref().map_or_else(String::new, |f| format!(": {f}"));
                return Verdict::Hold(format!("{n} of {} sources {word}, {}{why}", self.sources.len(), first.id));
            }
        }
        match &self.run {
            None => Verdict::Clear(format!("all {} sources live", self.sources.len())),
            Some(run) => run.go(),
        }
    }

    /// The oldest source that is not live; else the oldest.
    #[must_use]
    pub fn most_blind(&self) -> Option<&SourceLine> {
        self.sources.iter().max_by_key(|s| (s.state, s.age))
    }
}

/// A source's line in the snapshot.
pub(super) fn line<A>(source: &Source<A>, now: Now, pace: f64) -> SourceLine {
    let (spec, health) = (&source.spec, &source.health);
    SourceLine {
        id: spec.id.clone(),
        side: spec.side,
        endpoint: spec.endpoint.clone(),
        calls: spec.calls,
        state: health.state(now, source.fresh(pace)),
        interval: spec.interval.div_f64(pace),
        took: health.took,
        age: health.ok_at.map(|at| Age(now.since(at))),
        answers: health.answers,
        failures: health.failures,
        throttled: health.throttled,
        fault: health.fault.clone(),
    }
}
