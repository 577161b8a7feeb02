//! The content: a snapshot as families.

use std::{collections::HashMap, time::Duration};

use serde::Serialize;

use super::family::{Family, Kind, Label};
use base::{
    collector::CollectorState,
    observed::Observed,
    signal::{Sample, SignalDef, Unit},
    step::{Level, StepState},
    view::CollectorLine,
};
use engine::{
    run::{RunView, Turn},
    snapshot::{Snapshot, Verdict},
};

const SOURCES: [&str; 4] = ["live", "starting", "stale", "blind"];
const SIGNALS: [&str; 4] = ["live", "stale", "blind", "never"];
const LEVELS: [&str; 3] = ["green", "hold", "red"];

/// Renders a snapshot. `silent`: how long the engine has made no snapshot, if longer than it should; then none of its
/// values is given as a number.
#[must_use]
pub fn render(snapshot: &Snapshot, silent: Option<Duration>) -> String {
    let mut out = about(snapshot, silent);
    if silent.is_none() {
        collectors(&snapshot.collectors, &mut out);
        signals(snapshot.samples.as_deref().unwrap_or_default(), &mut out);
        if let Some(run) = &snapshot.run {
            run_families(run, &mut out);
        }
    }
    out.push_str("# EOF\n");
    out
}

fn about(snapshot: &Snapshot, silent: Option<Duration>) -> String {
    let mut build = Family::new("landfall_build", Kind::Info, "", "The program.");
    build.put(&[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    let mut plan = Family::new("landfall_plan", Kind::Info, "", "The plan: its name, and the labels of its sides.");
    let sites = &snapshot.plan.sites;
    plan.put(&[("plan", &snapshot.plan.name), ("source", &sites.source.label), ("target", &sites.target.label)], 1.0);
    let mut up = Family::new(
        "landfall_up",
        Kind::Gauge,
        "",
        "1 while the engine produces snapshots; at 0 nothing else is known.",
    );
    up.put(&[], if silent.is_none() { 1.0 } else { 0.0 });
    let mut verdict = Family::new(
        "landfall_verdict",
        Kind::StateSet,
        "",
        "GO, CLEAR (no gate to say GO), RUNNING, HOLD, ROLL BACK, OVERSPENT or OUTAGE.",
    );
    let is = if silent.is_some() { "hold" } else { snapshot.verdict().id() };
    verdict.put_state(&[], &Verdict::IDS, is);
    [build, plan, up, verdict].map(Family::text).concat()
}

fn collectors(lines: &[CollectorLine], out: &mut String) {
    let gauge =
        |name: &str, unit: &str, help: &str| Family::new(format!("landfall_source_{name}"), Kind::Gauge, unit, help);
    let counter = |name: &str, help: &str| Family::new(format!("landfall_source_{name}"), Kind::Counter, "", help);
    let mut up = gauge("up", "", "1 if the collector is live: its answers may be used for decisions.");
    let mut state = Family::new("landfall_source_state", Kind::StateSet, "", "State of the collector.");
    let mut age = gauge("age_seconds", "seconds", "Time since its last answer; absent if it never answered.");
    let mut took = gauge("took_seconds", "seconds", "Duration of the last attempt.");
    let mut interval = gauge("interval_seconds", "seconds", "Current polling interval.");
    let mut answers = counter("answers", "Answers since the start.");
    let mut failures = counter("failures", "Failures since the start.");
    let mut throttled = counter("throttled", "How often the server throttled it.");
    for line in lines {
        let labels: [Label<'_>; 3] =
            [("source", &line.id), ("side", line.side.map_or("", |side| side.word())), ("endpoint", &line.endpoint)];
        let id = &labels[..1];
        up.put(&labels, if line.state == CollectorState::Fresh { 1.0 } else { 0.0 });
        let word = match line.state {
            CollectorState::Fresh => "live",
            CollectorState::Pending => "starting",
            CollectorState::Stale => "stale",
            CollectorState::Unknown => "blind",
        };
        state.put_state(id, &SOURCES, word);
        if let Some(since) = line.age {
            age.put(id, since.0.as_secs_f64());
        }
        took.put(id, line.took.as_secs_f64());
        interval.put(id, line.interval.as_secs_f64());
        for (family, n) in
            [(&mut answers, line.answers), (&mut failures, line.failures), (&mut throttled, line.throttled)]
        {
            family.put(id, count(n));
        }
    }
    [up, state, age, took, interval, answers, failures, throttled]
        .map(Family::text)
        .iter()
        .for_each(|t| out.push_str(t));
}

/// A signal's name: dots become underscores, and the unit is the last part.
fn name(def: &SignalDef) -> (String, &'static str) {
    let unit = match def.unit {
        Unit::Seconds => "seconds",
        Unit::Ratio => "ratio",
        Unit::Bytes => "bytes",
        Unit::PerSecond => "per_second",
        Unit::Count | Unit::Bool | Unit::AsNamed => "",
    };
    let name = format!("landfall_{}", def.id.replace('.', "_"));
    if unit.is_empty() || name.ends_with(&format!("_{unit}")) { (name, unit) } else { (format!("{name}_{unit}"), unit) }
}

/// Every signal as a family, in the signals' order; then the number of series in each state, and the series that are
/// not fresh.
fn signals(samples: &[Sample], out: &mut String) {
    let mut state =
        Family::new("landfall_signal_state", Kind::Gauge, "", "A series that is not live, and therefore has no value.");
    let mut series = Family::new("landfall_signal_series", Kind::Gauge, "", "Series of a signal by state.");
    let mut by_id: HashMap<&str, Vec<&Sample>> = HashMap::new();
    samples.iter().for_each(|sample| by_id.entry(sample.def.id).or_default().push(sample));
    for def in systems::signals() {
        let (name, unit) = name(def);
        let mut family = Family::new(name, Kind::Gauge, unit, def.doc);
        let mut counts = SIGNALS.map(|word| (word, 0_u64));
        for sample in by_id.remove(def.id).unwrap_or_default() {
            let labels: Vec<Label<'_>> =
                def.labels.iter().copied().zip(sample.labels.iter().map(String::as_str)).collect();
            let word = match sample.value {
                Observed::Fresh(value, _) => {
                    family.put(&labels, value);
                    "live"
                }
                Observed::Stale(..) => "stale",
                Observed::Unknown(_) => "blind",
                Observed::Pending => "never",
            };
            counts.iter_mut().filter(|(is, _)| *is == word).for_each(|(_, n)| *n += 1);
            if word != "live" {
                let labels: Vec<Label<'_>> = [("signal", def.id), ("state", word)].into_iter().chain(labels).collect();
                state.put(&labels, 1.0);
            }
        }
        counts.iter().for_each(|(word, n)| series.put(&[("signal", def.id), ("state", word)], count(*n)));
        out.push_str(&family.text());
    }
    out.push_str(&state.text());
    out.push_str(&series.text());
}

fn run_families(run: &RunView, out: &mut String) {
    let gauge = |name: &str, help: &str| Family::new(format!("landfall_{name}"), Kind::Gauge, "", help);
    let stateset = |name: &str, help: &str| Family::new(format!("landfall_{name}"), Kind::StateSet, "", help);
    let mut held = gauge("run_held", "1 if the run is held.");
    held.put(&[], f64::from(u8::from(run.held.is_some())));
    let mut halted = gauge("run_halted", "1 if the journal can no longer be written.");
    halted.put(&[], f64::from(u8::from(run.halted.is_some())));
    let mut head = gauge("journal_head", "Number of the journal's last record; absent without a journal.");
    if let Some((seq, _)) = &run.head {
        head.put(&[], count(*seq));
    }
    let mut next = gauge("run_next", "1 for the step that is next or running.");
    next.put(&[("step", run.next().map_or("none", |step| &step.id))], 1.0);
    let mut invariant = stateset("invariant_level", "Conditions that must be true: green if they are.");
    let mut abort = stateset("abort_level", "Conditions that ask for a rollback: green if they do.");
    for (family, label, list) in [(&mut invariant, "invariant", &run.invariants), (&mut abort, "abort", &run.aborts)] {
        for (title, level, _) in list.iter() {
            family.put_state(&[(label, title)], &LEVELS, &level_word(*level));
        }
    }
    let mut state = stateset("step_state", "State of each step.");
    let mut back = gauge("step_back", "1 if the step's last or current attempt is a rollback.");
    let mut gate = stateset("gate_level", "The gates that are evaluated now, by step and purpose.");
    let mut waived = gauge("gate_waived", "1 if the gate is waived by two people.");
    let phases: Vec<String> = StepState::ALL.iter().map(word_of).collect();
    let phases: Vec<&str> = phases.iter().map(String::as_str).collect();
    for step in &run.steps {
        state.put_state(&[("step", &step.id)], &phases, &word_of(&step.state));
        back.put(&[("step", &step.id)], f64::from(u8::from(step.way == base::step::Way::Back)));
        for line in step.gates.iter().filter(|line| line.turn == Turn::Now) {
            let path = line.reason.path.iter().map(u16::to_string).collect::<Vec<_>>().join(".");
            let labels = [("step", step.id.as_str()), ("of", line.of), ("gate", &line.reason.gate), ("path", &path)];
            gate.put_state(&labels, &LEVELS, &level_word(line.reason.level));
            waived.put(&labels, f64::from(u8::from(line.reason.waived)));
        }
    }
    let families = [held, halted, head, next, invariant, abort, state, back, gate, waived];
    families.map(Family::text).iter().for_each(|t| out.push_str(t));
}

fn level_word(level: Level) -> String {
    let word = match level {
        Level::Green => "green",
        Level::Unknown => "hold",
        Level::Red => "red",
    };
    word.to_owned()
}

/// Its word in `--json`.
fn word_of(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
const fn count(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests;
