//! What a chart shows beside its lines: the limits of the gates that judge its signals, and the milestones of the run.

use indexmap::IndexMap;

use base::view::{Curve, Line};
use engine::{gate::limit_of_series, run::Milestone, snapshot::Snapshot};
use plan::{Condition, Gate, Plan};

/// The limit of one gate or of several.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Its position on the value axis.
    pub value: f64,
    /// `≤ 10s go`.
    pub label: String,
}

/// A milestone of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Seconds before now, as a negative number.
    pub at: f64,
    /// What it is.
    pub event: Milestone,
    /// `login-10 done`.
    pub what: String,
}

impl Mark {
    /// Its glyph and its word.
    #[must_use]
    pub const fn sign(&self) -> (&'static str, &'static str) {
        match self.event {
            Milestone::Started => ("▸", "started"),
            Milestone::Done => ("●", "done"),
            Milestone::Failed => ("✖", "failed"),
            Milestone::Back => ("←", "rolled back"),
            Milestone::Held => ("▲", "held"),
            Milestone::Released => ("◐", "released"),
        }
    }
}

/// The limits that the plan's gates set for the signals of a chart, each once, the lowest first.
#[must_use]
pub fn limits(plan: &Plan, curve: &Curve) -> Vec<Limit> {
    let runbook = &plan.runbook;
    let steps = || runbook.steps().map(|(_, step)| step);
    let all = steps()
        .flat_map(|s| [(&s.gates, "go"), (&s.verify, "done"), (&s.rollback_gates, "rollback")])
        .chain(runbook.invariants.iter().map(|it| (&it.when, "limit")))
        .chain(runbook.aborts.iter().map(|it| (&it.when, "ROLL BACK")));
    let mut found: IndexMap<String, (f64, Vec<&str>)> = IndexMap::new();
    for (condition, word) in all {
        for gate in Condition::gates(condition).into_iter().filter(|gate| curve.lines.iter().any(|l| judges(gate, l))) {
            let Some(text) = limit_of_series(gate) else { continue };
            let (_, words) = found.entry(text).or_insert_with(|| (gate.limit, Vec::new()));
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    let mut out: Vec<Limit> = found
        .into_iter()
        .map(|(text, (value, words))| Limit { value, label: format!("{text} {}", words.join(", ")) })
        .collect();
    out.sort_by(|a, b| a.value.total_cmp(&b.value));
    out
}

/// Whether a gate judges a line: the gate's signal, and no label of the gate differs from the line's.
fn judges(gate: &Gate, line: &Line) -> bool {
    line.signals.iter().filter(|s| s.signal == gate.metric.id).any(|series| {
        let same = |(name, value): (&String, &String)| series.labels.iter().any(|(n, v)| n == name && v == value);
        gate.labels.iter().all(same)
    })
}

/// The milestones of the run, the oldest first.
#[must_use]
pub fn marks(snapshot: &Snapshot) -> Vec<Mark> {
    let journal = snapshot.run.iter().flat_map(|run| &run.journal);
    let mark = |line: &engine::run::JournalLine| {
        let event = line.turn?;
        let at = line.wall.duration_since(snapshot.now.wall).as_secs_f64().min(0.0);
        Some(Mark { at, event, what: line.step.clone() })
    };
    journal.filter_map(mark).collect()
}
