//! One look at one gate: true, false, or not known and why.

use std::{collections::HashMap, sync::Arc, time::Duration};

use indexmap::IndexMap;

use super::text;
use base::{
    now::{Age, Now},
    observed::{FaultKind, Observed},
    side::Sides,
    signal::{Measured, Roster, Sample, SignalDef},
    watched::Worst,
};
use plan::{Agg, Compare, Gate, Volume};

/// How old readings of a gate may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Those it judges; also how far apart two of one series, and two looks, may be.
    pub age: Duration,
    /// Those of its volume.
    pub volume: Duration,
    /// How often a reading comes.
    pub cadence: Duration,
    /// What was read before this, in boot time, does not count.
    pub since: Duration,
}

impl Limits {
    pub(super) fn of(gate: &Gate, cadence: &impl Fn(&SignalDef) -> Duration) -> Self {
        let every = cadence(gate.metric);
        let volume = gate.min_volume.as_ref().map_or(Duration::ZERO, |v| cadence(v.metric).saturating_mul(3));
        Self { age: gate.max_age.unwrap_or(every.saturating_mul(3)), volume, cadence: every, since: Duration::ZERO }
    }
}

/// Why a reading from before the step began proves nothing, shown while the next one is awaited.
const FIRST: &str = "waiting for the first reading since this step began";

/// What one look found.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// The value is as the plan wants it.
    True,
    /// It is not.
    False,
    /// Nobody knows, for all these reasons.
    Unknown(Vec<Unsure>),
}

/// A reason why a gate is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unsure {
    pub what: String,
    /// How there is no fresh value of something. None: it is known, and too little to judge by.
    pub blind: Option<Worst>,
    /// Only the first reading since the step began is missing: the next answer brings it.
    pub waits: bool,
}

impl Unsure {
    pub(super) const fn blind(what: String) -> Self {
        Self { what, blind: Some(Worst::Unknown), waits: false }
    }

    pub(super) const fn too_little(what: String) -> Self {
        Self { what, blind: None, waits: false }
    }

    /// It was read, and not since the step began.
    const fn waits(what: String) -> Self {
        Self { what, blind: None, waits: true }
    }
}

/// One look at one gate.
#[derive(Debug, Clone)]
pub(super) struct Evaluation {
    /// When.
    pub now: Now,
    /// What it found.
    pub outcome: Outcome,
    /// The value, where all series are known.
    pub value: Option<f64>,
    /// Which series the value is of, where it is one of several.
    pub of: Option<String>,
    /// The labels of each series and when it was read, in boot time; sorted. Empty where it is not known.
    pub series: Vec<(Arc<[String]>, Duration)>,
    /// Up to here, in boot time, none of what was looked at is too old.
    pub good_until: Duration,
}

impl Evaluation {
    /// Looks.
    pub(super) fn take(gate: &Gate, limits: Limits, readings: &Readings<'_>, now: Now) -> Self {
        let found: Vec<&Sample> = readings.matching(gate.metric, &gate.labels).collect();
        let mut unknown: Vec<Unsure> = counted(gate, &found).into_iter().map(Unsure::blind).collect();
        let missing = readings.missing((gate.metric, &gate.labels, &gate.sites), &found, limits.since, now);
        let complete = missing.is_empty();
        unknown.extend(missing);
        let mut values = Vec::with_capacity(found.len());
        let mut series = Vec::with_capacity(found.len());
        let mut good_until = Duration::MAX;
        let (mut blind, mut missed, mut old) = (Vec::new(), None, 0);
        for sample in &found {
            match number(&sample.value, limits.age) {
                Ok((value, age)) => {
                    let read = now.boot.saturating_sub(age);
                    if read < limits.since {
                        blind.push((text::series(sample, &gate.labels, &gate.sites), FIRST.to_owned()));
                        old += 1;
                        continue;
                    }
                    good_until = good_until.min(read.saturating_add(limits.age));
                    values.push(value);
                    series.push((sample.labels.clone(), read));
                }
                Err(why) => {
                    blind.push((text::series(sample, &gate.labels, &gate.sites), why));
                    missed = worse(missed, lack(&sample.value));
                }
            }
        }
        if !blind.is_empty() {
            let what = match (&blind[..], found.len()) {
                ([(_, why)], 1) => format!("{}: {why}", text::subject(gate)),
                (_, n) => {
                    format!("{} of {n} series of {}: {}", blind.len(), text::subject(gate), text::some_of(&blind))
                }
            };
            unknown.push(if old == blind.len() {
                Unsure::waits(what)
            } else {
                Unsure { blind: missed, ..Unsure::too_little(what) }
            });
        }
        series.sort();
        if let Some(twice) = series.windows(2).find(|w| w[0].0 == w[1].0) {
            unknown.push(Unsure::blind(format!("{} has two readings: {}", gate.metric.title, twice[0].0.join(", "))));
        }
        // Of what is only partly known no value is made: it would be shown as if it were one.
        let known = complete && !values.is_empty() && values.len() == found.len();
        let value = known.then(|| aggregate(gate.agg, &values));
        if value.is_some_and(|v| !v.is_finite()) || !gate.limit.is_finite() {
            unknown.push(Unsure::blind(format!("{}: the value or its limit is not a number", text::subject(gate))));
        }
        let value = value.filter(|v| v.is_finite());
        if let Some(volume) = &gate.min_volume {
            let (short, good) = traffic(volume, &gate.sites, limits.volume, readings, now);
            unknown.extend(short);
            good_until = good_until.min(good);
        }
        let outcome = match value {
            Some(value) if unknown.is_empty() && gate.op.holds(value, gate.limit) => Outcome::True,
            Some(_) if unknown.is_empty() => Outcome::False,
            _ => Outcome::Unknown(unknown),
        };
        let of = value.and_then(|v| extreme(gate, &found, v));
        Self { now, outcome, value, of, series, good_until }
    }
}

/// All samples of one moment, by signal, and which there have to be: every gate of a long runbook asks for one signal every second.
#[derive(Debug, Default)]
pub struct Readings<'s> {
    samples: HashMap<&'static str, Vec<&'s Sample>>,
    rosters: HashMap<&'static str, Vec<&'s Roster>>,
}

impl<'s> Readings<'s> {
    /// Of these samples. No more of them are due than there are.
    #[must_use]
    pub fn of(samples: &'s [Sample]) -> Self {
        let mut readings = Self::default();
        for sample in samples {
            readings.samples.entry(sample.def.id).or_default().push(sample);
        }
        readings
    }

    /// Of what was measured, and of what has to be there.
    #[must_use]
    pub fn of_measured(measured: &'s Measured) -> Self {
        let mut readings = Self::of(&measured.samples);
        for roster in &measured.rosters {
            readings.rosters.entry(roster.def.id).or_default().push(roster);
        }
        readings
    }

    /// Why those that were found are not all that have to be there.
    fn missing(
        &self,
        (metric, labels, sites): (&'static SignalDef, &IndexMap<String, String>, &Sides<String>),
        found: &[&Sample],
        since: Duration,
        now: Now,
    ) -> Vec<Unsure> {
        let wanted = |values: &[String]| {
            metric.labels.iter().zip(values).all(|(name, value)| labels.get(*name).is_none_or(|wanted| wanted == value))
        };
        let mut missing = Vec::new();
        for roster in self.rosters.get(metric.id).into_iter().flatten().filter(|roster| wanted(&roster.scope)) {
            let scope = metric.labels.iter().zip(&roster.scope).map(|(name, value)| (*name, value.as_str()));
            let subject = text::subject_of(metric, scope, sites);
            // Whether a list is fresh enough is for its system to say: what a configuration names is asked more seldom than values are.
            let known = match worth(&roster.series, Duration::MAX) {
                Ok((_, age)) if now.boot.saturating_sub(age) < since => {
                    missing.push(Unsure::waits(format!("the series of {subject}: {FIRST}")));
                    continue;
                }
                Ok((list, _)) => Ok(list),
                Err(why) => Err((why, lack(&roster.series))),
            };
            match known {
                Err((why, blind)) => {
                    let what = format!("the series of {subject} are unknown: {why}");
                    missing.push(Unsure { blind, ..Unsure::too_little(what) });
                }
                Ok(list) => {
                    let due = list.iter().filter(|series| wanted(series));
                    let gone = due.filter(|series| !found.iter().any(|sample| sample.labels[..] == series[..]));
                    let gone: Vec<_> = gone
                        .map(|series| (text::others(metric, series, labels, sites), "is missing".to_owned()))
                        .collect();
                    if !gone.is_empty() {
                        let what = format!("{} series of {}: {}", gone.len(), metric.title, text::some_of(&gone));
                        missing.push(Unsure::blind(what));
                    }
                }
            }
        }
        missing
    }

    /// Those of a signal whose named labels are as wanted. A label that the signal does not have matches nothing.
    fn matching<'a>(
        &'a self,
        metric: &'static SignalDef,
        labels: &'a IndexMap<String, String>,
    ) -> impl Iterator<Item = &'s Sample> + 'a {
        self.samples.get(metric.id).into_iter().flatten().copied().filter(move |sample| {
            labels.iter().all(|(name, wanted)| {
                let place = sample.def.labels.iter().position(|label| label == name);
                place.and_then(|place| sample.labels.get(place)) == Some(wanted)
            })
        })
    }
}

/// What is wrong with how many there are.
fn counted(gate: &Gate, found: &[&Sample]) -> Vec<String> {
    let (n, subject) = (found.len(), || text::subject(gate));
    let mut wrong = Vec::new();
    if n == 0 {
        wrong.push(format!("no series of {}", subject()));
    } else if n < usize::try_from(gate.series).unwrap_or(usize::MAX) {
        wrong.push(format!("{n} series of {}, the plan expects {}", subject(), gate.series));
    }
    if gate.agg == Agg::Only && n > 1 {
        wrong.push(format!("{n} series of {}, only one expected", subject()));
    }
    wrong
}

/// A value and its age if it may be decided upon, else why not.
fn worth<T>(value: &Observed<T>, limit: Duration) -> Result<(&T, Duration), String> {
    match value {
        Observed::Fresh(_, age) if age.0 > limit => Err(format!("{age} old, limit {}", Age(limit))),
        Observed::Fresh(v, age) => Ok((v, age.0)),
        Observed::Stale(_, age) => Err(format!("stale, {age} old")),
        Observed::Unknown(fault) => Err(fault.to_string()),
        Observed::Pending => Err("not read yet".to_owned()),
    }
}

/// How there is no fresh value; none of what is known to have none for want of traffic: nobody misses one.
fn lack<T>(value: &Observed<T>) -> Option<Worst> {
    match value {
        Observed::Unknown(fault) if fault.kind == FaultKind::NoTraffic => None,
        Observed::Unknown(_) => Some(Worst::Unknown),
        // Live, and older than may be decided upon.
        Observed::Fresh(..) | Observed::Stale(..) => Some(Worst::Stale),
        Observed::Pending => Some(Worst::Pending),
    }
}

/// The worse of two lacks.
pub(super) fn worse(one: Option<Worst>, other: Option<Worst>) -> Option<Worst> {
    one.into_iter().chain(other).min()
}

/// A number and its age if it may be decided upon, else why not.
fn number(value: &Observed<f64>, limit: Duration) -> Result<(f64, Duration), String> {
    match worth(value, limit)? {
        (v, _) if !v.is_finite() => Err("not a number".to_owned()),
        (v, age) => Ok((*v, age)),
    }
}

/// Why the value means nothing for want of traffic, and until when that is known.
fn traffic(
    volume: &Volume,
    sites: &Sides<String>,
    limit: Duration,
    readings: &Readings<'_>,
    now: Now,
) -> (Vec<Unsure>, Duration) {
    let (mut wrong, mut good_until) = (Vec::new(), Duration::MAX);
    let found: Vec<&Sample> = readings.matching(volume.metric, &volume.labels).collect();
    let missing = readings.missing((volume.metric, &volume.labels, sites), &found, Duration::ZERO, now);
    wrong.extend(missing.into_iter().map(|why| Unsure { what: format!("traffic unknown: {}", why.what), ..why }));
    let any = !found.is_empty();
    for sample in found {
        let labels = volume.metric.labels.iter().zip(&*sample.labels).map(|(name, value)| (*name, value.as_str()));
        let subject = || text::subject_of(volume.metric, labels.clone(), sites);
        match number(&sample.value, limit) {
            Ok((value, age)) => {
                good_until = good_until.min(now.boot.saturating_sub(age).saturating_add(limit));
                if !Compare::AtLeast.holds(value, volume.least) {
                    let (value, least) = text::pair(value, volume.least, volume.unit);
                    wrong.push(Unsure::too_little(format!("too little traffic: {} {value}, needs {least}", subject())));
                }
            }
            Err(why) => {
                let what = format!("traffic unknown: {}: {why}", subject());
                wrong.push(Unsure { blind: lack(&sample.value), ..Unsure::too_little(what) });
            }
        }
    }
    if !any {
        let subject = text::subject_of(volume.metric, text::named(&volume.labels), sites);
        wrong.push(Unsure::blind(format!("traffic unknown: no series of {subject}")));
    }
    (wrong, good_until)
}

/// Several values as one. At least one is given.
fn aggregate(agg: Agg, values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "numbers of series")]
    let (n, set) = (values.len() as f64, values.iter().filter(|v| **v != 0.0).count() as f64);
    match agg {
        Agg::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Agg::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
        Agg::Sum => values.iter().sum(),
        Agg::Avg => values.iter().sum::<f64>() / n,
        Agg::Only => values.first().copied().unwrap_or(f64::NAN),
        Agg::Ratio => set / n,
        Agg::Count => set,
    }
}

/// Which of several series is the largest or the smallest, where that is what is judged.
#[expect(clippy::float_cmp, reason = "the value is one of them, as it was read")]
fn extreme(gate: &Gate, found: &[&Sample], value: f64) -> Option<String> {
    let one_of = matches!(gate.agg, Agg::Max | Agg::Min) && found.len() > 1;
    let is = |sample: &&&Sample| matches!(sample.value, Observed::Fresh(v, _) if v == value);
    one_of.then(|| found.iter().find(is)).flatten().map(|sample| text::series(sample, &gate.labels, &gate.sites))
}
