//! The snapshot: everything that readers see, made by the engine. No reader asks the estate itself.

use std::{collections::BTreeSet, sync::Arc};

use serde::Serialize;

use super::run::RunView;
pub use super::verdict::{Outage, Verdict};
use base::view::{CollectorLine, Detail, Panel, Tile};
use base::{
    collector::{Collector, CollectorState},
    now::{Age, Now},
    signal::Sample,
    watched::{Unknown, Worst},
};
use plan::Plan;

/// A snapshot.
#[derive(Debug, Clone, Serialize)]
pub struct Snapshot {
    /// The plan it is of.
    #[serde(skip)]
    pub plan: Arc<Plan>,
    /// When it was made.
    pub now: Now,
    /// When the engine was started.
    pub started: Now,
    /// How many times as often as the plan says sources are asked.
    pub pace: f64,
    /// Virtual seconds a second, where time is simulated and paced.
    pub speed: Option<f64>,
    /// What users cannot do now, and what the move has cost beyond its budget.
    pub outages: Vec<Outage>,
    /// The overview's tiles.
    pub tiles: Vec<Tile>,
    /// The systems' panels, in order; none where nobody looks at pages ([`Wanted::pages`]).
    pub panels: Vec<Arc<Panel>>,
    /// How many things that the plan names are watched.
    pub watched: usize,
    /// Those of which there is no fresh value, and gates that are judged now and whose signal has none: the worst first.
    pub unknown: Vec<Unknown>,
    /// Every source.
    pub collectors: Vec<CollectorLine>,
    /// Every signal; none where nobody reads them ([`Wanted::signals`]).
    pub samples: Option<Vec<Sample>>,
    /// The details that are open somewhere ([`Wanted::details`]), as far as their rows exist.
    pub details: Vec<(DetailKey, Arc<Detail>)>,
    /// The run; none where the plan has no step.
    pub run: Option<Arc<RunView>>,
}

/// What those who look want in a snapshot beside what is in each. Whoever asks for a snapshot says it: the engine keeps none of it.
/// The default is what a screen without an open detail shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The systems' panels, with a row for each thing that they know.
    pub pages: bool,
    /// The rows whose details are open.
    pub details: BTreeSet<DetailKey>,
    /// Every signal: programs read them, a screen shows none.
    pub signals: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { pages: true, details: BTreeSet::new(), signals: false }
    }
}

impl Wanted {
    /// Adds what somebody else wants.
    pub fn add(&mut self, other: &Self) {
        self.pages |= other.pages;
        self.details.extend(other.details.iter().cloned());
        self.signals |= other.signals;
    }
}

/// Which row's detail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct DetailKey {
    /// Panel id.
    pub panel: String,
    /// Table id.
    pub table: String,
    /// Row id.
    pub row: String,
}

impl Snapshot {
    /// The verdict: an outage beats everything, whatever the plan's gates say of it, then comes a spent budget. What else is not in order
    /// is appended to the reason.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let rest = self.without_outages();
        let text = |of: fn(&Outage) -> bool| {
            let own: Vec<&str> = self.outages.iter().filter(|it| of(it)).map(Outage::describe).collect();
            (!own.is_empty()).then(|| match &rest {
                Verdict::Go(_) | Verdict::Clear(_) => own.join("; "),
                rest => format!("{}; {}: {}", own.join("; "), rest.describe().0, rest.describe().1),
            })
        };
        if let Some(why) = text(|it| matches!(it, Outage::NoWriter(_))) {
            return Verdict::Outage(why);
        }
        let Some(why) = text(|it| matches!(it, Outage::Overspent(_))) else { return rest };
        // The step that comes next is still to be seen.
        Verdict::Overspent(match &rest {
            Verdict::Go(next) => format!("{why}; {next}"),
            _ => why,
        })
    }

    /// What asks for the way back beats what is not known (blind beats stale beats starting; a thing that the plan names comes before the
    /// sources), and that beats going on.
    fn without_outages(&self) -> Verdict {
        let worst = |state| self.collectors.iter().filter(move |s| s.state == state);
        if let Some(why) = self.run.as_ref().and_then(|run| run.roll_back()) {
            return Verdict::RollBack(why);
        }
        let mut silent = None;
        for (state, word) in [
            (CollectorState::Unknown, "unknown"),
            (CollectorState::Stale, "stale"),
            (CollectorState::Pending, "starting"),
        ] {
            let n = worst(state).count();
            if let Some(first) = worst(state).max_by_key(|s| s.age) {
                let why = first.fault.as_ref().map_or_else(String::new, |f| format!(": {f}"));
                silent = Some(format!("{n} of {} collectors {word}, {}{why}", self.collectors.len(), first.id));
                break;
            }
        }
        // While sources start, that they do is the reason why nothing was read yet.
        let first = self.unknown.first().filter(|thing| thing.state != Worst::Pending || silent.is_none());
        match (first, silent) {
            (None, Some(why)) => return Verdict::Hold(why),
            (Some(thing), silent) => {
                let more = match self.unknown.len() - 1 {
                    0 => String::new(),
                    n => format!("; {n} more unknown"),
                };
                let collectors = silent.map_or_else(String::new, |why| format!("; {why}"));
                return Verdict::Hold(format!("{}: {}{more}{collectors}", thing.what, thing.why));
            }
            (None, None) => {}
        }
        match &self.run {
            None if self.collectors.len() == 1 => Verdict::Clear("the only collector is live".to_owned()),
            None => Verdict::Clear(format!("all {} collectors live", self.collectors.len())),
            Some(run) => run.go(),
        }
    }

    /// The oldest source that is not live; else the oldest.
    #[must_use]
    pub fn most_blind(&self) -> Option<&CollectorLine> {
        self.collectors.iter().max_by_key(|s| (s.state, s.age))
    }
}

/// A source's line in the snapshot.
pub(super) fn line<A>(source: &Collector<A>, system: &'static str, now: Now, pace: f64) -> CollectorLine {
    let (spec, health) = (&source.spec, &source.health);
    CollectorLine {
        system,
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
