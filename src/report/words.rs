//! Times, durations and values in words.

use std::time::Duration;

use jiff::Timestamp;

use super::{Head, Op, Outcome};
pub(super) use base::signal::NEVER;
use base::{
    now::short,
    signal::{SignalDef, Unit},
    step::{StepState, Way},
};

/// Format of the times in one story.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(&'static str);

impl Clock {
    /// With the date if the run has more than one.
    pub fn of(head: &Head) -> Self {
        let day = |t: Timestamp| t.strftime("%F").to_string();
        Self(if day(head.from.wall) == day(head.to.wall) { "%H:%M:%S" } else { "%F %H:%M:%S" })
    }

    pub fn time(self, at: Timestamp) -> String {
        at.strftime(self.0).to_string()
    }
}

/// A duration: to the millisecond below a minute, in two units above.
pub(super) fn length(d: Duration) -> String {
    if d < Duration::from_secs(60) { seconds(d.as_secs_f64()) } else { short(d) }
}

/// Seconds as in the journal, to the millisecond.
pub(super) fn seconds(secs: f64) -> String {
    format!("{} s", trimmed(secs, 3))
}

/// A reading in its unit. A signal unknown to this program has no unit.
pub(super) fn value(value: f64, unit: Option<Unit>) -> String {
    match unit {
        Some(Unit::Seconds) if value >= NEVER => "beyond the measurable range".to_owned(),
        Some(Unit::Seconds) => format!("{} s", plain(value)),
        Some(Unit::Ratio) => format!("{} %", trimmed(value * 100.0, 2)),
        Some(Unit::PerSecond) => format!("{}/s", plain(value)),
        Some(Unit::Bytes) => format!("{} B", plain(value)),
        Some(Unit::Bool) if value.total_cmp(&0.0).is_eq() => "no".to_owned(),
        Some(Unit::Bool) if value.total_cmp(&1.0).is_eq() => "yes".to_owned(),
        Some(Unit::Bool | Unit::Count | Unit::AsNamed) | None => plain(value),
    }
}

/// All digits of a reading: it was rounded when it was written.
fn plain(value: f64) -> String {
    format!("{value}")
}

/// At most this many decimals, without trailing zeros.
pub(super) fn trimmed(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A reading's name: `mongo.set.worst_target_lag of set=orders`.
pub(super) fn series(signal: &str, labels: &[String], def: Option<&SignalDef>) -> String {
    let name = |place: usize| def.and_then(|d| d.labels.get(place).copied());
    let one = |(place, value): (usize, &String)| match name(place) {
        Some(name) => format!("{name}={value}"),
        None => value.clone(),
    };
    let list: Vec<String> = labels.iter().enumerate().map(one).collect();
    if list.is_empty() { signal.to_owned() } else { format!("{signal} of {}", list.join(", ")) }
}

/// A count: `1 record`, `3 records`.
pub(super) fn many(n: usize, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}

/// An operation's state in words.
pub(super) fn op_state(op: &Op) -> String {
    op.state().word(op.wait).to_owned()
}

pub(super) fn way(way: Way) -> &'static str {
    match way {
        Way::Forward => "forward",
        Way::Back => "back",
    }
}

/// The outcome of a step or an attempt in this direction, in words.
pub(super) fn outcome(outcome: Outcome, way: Way) -> String {
    match outcome {
        Outcome::NotStarted => "not begun".to_owned(),
        Outcome::UnderWay(phase) => format!("running: {}", phase.word(way)),
        Outcome::Over(StepState::Attested) => "marked done".to_owned(),
        Outcome::Over(phase) => phase.word(way).to_owned(),
        Outcome::Left(phase) => format!("{}, then the rollback was started", phase.word(way)),
        Outcome::Adopted => "done outside landfall, adopted".to_owned(),
        Outcome::Stands => "DONE; a rollback was cancelled, nothing of it applied".to_owned(),
    }
}
