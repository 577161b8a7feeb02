//! What the estate looked like, recorded at intervals while somebody has control: for the report of the run, which is written for people who
//! were not there. Nothing is decided on what is written here but one thing: what a run has cost those who write goes on where the journal
//! left it, because the plan's budget is for the whole run, however often the program is started in it.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use super::{Run, RunEffect};
use crate::systems::{EntryOf, Systems};
use base::{
    now::Now,
    observed::Observed,
    side::Side,
    signal::{Cost, Keep, Sample, SignalDef},
    step::StepState,
};
use journal::{Body, Reading};

/// How often while a step is under way.
const BUSY: Duration = Duration::from_secs(30);
/// How often while nobody can write to a set.
const OUTAGE: Duration = Duration::from_secs(5);
/// How often else.
pub const QUIET: Duration = Duration::from_secs(300);
/// When first: by then every source has been heard or is silent.
const FIRST: Duration = Duration::from_secs(60);

/// When readings were put on record.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Diary {
    /// When somebody took the run up, on the boot clock.
    pub boarded: Duration,
    /// The last time since then.
    last: Option<Duration>,
    /// Whether it is time for them now.
    due: bool,
    /// Nobody can write to some set, as it was looked last.
    outage: bool,
}

impl Diary {
    pub const fn started(boarded: Duration) -> Self {
        Self { boarded, last: None, due: false, outage: false }
    }
}

impl<S: Systems> Run<S> {
    /// The ids of the signals that it wants to see in this second: those that gates judge, and, when it is time for them, those that are
    /// kept in the journal.
    ///
    /// An outage is put down as it begins, while it lasts and when it is over: what it has cost is known to the end of it.
    pub fn wants(&mut self, outage: bool, now: Now) -> Arc<HashSet<&'static str>> {
        use StepState::{Baking, Running, Settling, Verifying};
        let busy = self.steps.iter().any(|s| matches!(s.state.state(), Running | Settling | Verifying | Baking));
        let turned = std::mem::replace(&mut self.diary.outage, outage) != outage;
        let due = match self.diary.last {
            _ if turned => now.boot,
            None => self.diary.boarded.saturating_add(FIRST),
            Some(last) => last.saturating_add(match (outage, busy) {
                (true, _) => OUTAGE,
                (false, true) => BUSY,
                (false, false) => QUIET,
            }),
        };
        self.diary.due = self.writer.is_some() && self.halted.is_none() && now.boot >= due;
        if self.diary.due { self.judged_and_kept.clone() } else { self.judged.clone() }
    }

    /// The ids of what gates judge and of what is kept in the journal.
    #[must_use]
    pub fn kept(&self) -> Arc<HashSet<&'static str>> {
        self.judged_and_kept.clone()
    }

    /// The readings of this moment, when it is time for them.
    pub(super) fn readings(&mut self, samples: &[Sample], now: Now) -> Option<RunEffect<S>> {
        if !std::mem::take(&mut self.diary.due) {
            return None;
        }
        let mut kept = samples.iter().filter(|sample| self.is_kept(sample)).peekable();
        // A plan that has none of it has nothing to say. Where there is something and none of it is live, just that is put down.
        kept.peek()?;
        let mut samples: Vec<Reading> = kept.filter_map(reading).collect();
        // A record says what was lost since the program was started.
        for it in &mut samples {
            if let Some(spent) = self.spent.iter().find(|spent| spent.signal == it.signal && spent.labels == it.labels)
            {
                it.value = (it.value - spent.value).max(0.0);
            }
        }
        self.diary.last = Some(now.boot);
        Some(RunEffect::Record(Body::Readings { samples }))
    }

    /// The readings of the last moment, as the program is left: those that say what was lost, if anything was.
    pub fn last_readings(&mut self, samples: &[Sample], now: Now) -> Option<RunEffect<S>> {
        let lost = |s: &Sample| s.def.cost == Some(Cost::Lost) && matches!(s.value, Observed::Fresh(v, _) if v > 0.0);
        self.diary.due = self.writer.is_some() && self.halted.is_none() && samples.iter().any(lost);
        self.readings(samples, now)
    }

    /// What the run has cost before it was taken up, by the journal: the ends of all its sittings together.
    #[must_use]
    pub fn spent(&self) -> &[Reading] {
        &self.spent
    }

    /// A plan of ordinary size comes to less than six kilobytes a record.
    fn is_kept(&self, sample: &Sample) -> bool {
        let label = |name: &str| label(sample.def, &sample.labels, name);
        match sample.def.keep {
            Keep::No => false,
            Keep::All => true,
            Keep::Target => label("side") == Some(Side::Target.word()),
            Keep::Steps => self.plan.runbook.steps().any(|(_, step)| step.action.is_about(label)),
        }
    }
}

/// Whether a reading is of a cost that is counted from the start of the program.
fn is_counted<S: Systems>(reading: &Reading) -> bool {
    S::signals().iter().any(|def| def.cost == Some(Cost::Lost) && def.id == reading.signal)
}

/// What is counted from the start of the program, over all sittings of a journal.
pub(super) fn counted<S: Systems>(entries: &[EntryOf<S>]) -> Vec<Reading> {
    let mut all: BTreeMap<(String, Vec<String>), (f64, f64)> = BTreeMap::new();
    for entry in entries {
        match &entry.body {
            Body::Resumed { .. } => all.values_mut().for_each(|(before, now)| *before += std::mem::take(now)),
            Body::Readings { samples } => {
                for it in samples.iter().filter(|it| is_counted::<S>(it)) {
                    let (_, now) = all.entry((it.signal.clone(), it.labels.clone())).or_default();
                    *now = now.max(it.value);
                }
            }
            _ => {}
        }
    }
    let all = all.into_iter().map(|((signal, labels), (before, now))| Reading { signal, labels, value: before + now });
    all.filter(|it| it.value > 0.0).collect()
}

/// The value of a label.
fn label<'a>(def: &SignalDef, labels: &'a [String], name: &str) -> Option<&'a str> {
    let place = def.labels.iter().position(|label| *label == name)?;
    labels.get(place).map(String::as_str)
}

/// What is live, and nothing else: what is not known is left out, it is never zero.
fn reading(sample: &Sample) -> Option<Reading> {
    let Observed::Fresh(value, _) = sample.value else { return None };
    let value = rounded(value).filter(|v| v.is_finite())?;
    Some(Reading { signal: sample.def.id.to_owned(), labels: sample.labels.to_vec(), value })
}

/// To four digits that count, large ones to whole numbers: a curve needs no more, and there are thousands of them.
fn rounded(value: f64) -> Option<f64> {
    if value.abs() >= 1000.0 { Some(value.round()) } else { format!("{value:.3e}").parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::signal::{MAX, Unit};
    use base::{
        now::Age,
        observed::{Fault, FaultKind},
    };

    #[test]
    fn only_what_is_live_is_a_reading_and_it_has_four_digits() {
        const DEF: SignalDef = SignalDef::new(
            ("toy.thing.lag", Unit::Seconds, &["thing"]),
            (0.0, MAX),
            "toy",
            "lag",
            "How far it is behind.",
        );
        let def = &DEF;
        let of = |value| reading(&Sample { def, labels: ["orders".into()].into(), value }).map(|r| r.value);
        assert_eq!(of(Observed::Fresh(0.0, Age::default())), Some(0.0));
        assert_eq!(of(Observed::Fresh(1.234_567, Age::default())), Some(1.235));
        assert_eq!(of(Observed::Fresh(12_345.6, Age::default())), Some(12_346.0));
        assert_eq!(
            of(Observed::Fresh(31_536_000.0, Age::default())),
            Some(31_536_000.0),
            "what stands for never stays"
        );
        assert_eq!(of(Observed::Stale(3.0, Age::default())), None);
        assert_eq!(of(Observed::Unknown(Fault::new(FaultKind::Silent, ""))), None);
        assert_eq!(of(Observed::Pending), None);
    }
}
