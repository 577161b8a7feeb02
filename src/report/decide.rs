//! Decisions and the readings they were based on; holds, remarks, faults, and what is not known.

use std::collections::BTreeSet;

use super::{Moment, Outcome, Story, words};
use base::{
    signal::{SignalDef, Unit},
    step::{Note, OpState, StepState},
};
use journal::{About, Reading, export::Ways};
use systems::signals;
use systems::{AttemptStarted, Body, Entry};

/// The kind of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An attempt was started.
    Started,
    /// A preview was approved, or a proposal was.
    Approved,
    /// Something was proposed.
    Proposed,
    /// A gate was waived.
    Waived,
    /// A step was marked done, or an operation resolved manually.
    Attested,
    /// The run was held or released.
    Held,
    /// An attempt was abandoned, or an external change adopted.
    Other,
}

/// A decision.
#[derive(Debug, Clone)]
pub struct Decision {
    /// When.
    pub at: Moment,
    /// Its kind.
    pub kind: Kind,
    /// By whom.
    pub who: Vec<String>,
    /// The step; empty: all steps.
    pub step: String,
    /// Its text in the journal's timeline.
    pub what: String,
    /// The step's gates at that time, with their values.
    pub gates: Vec<String>,
    /// The last readings before it of the gates' signals.
    pub readings: Vec<Read>,
    /// When those were journaled.
    pub read_at: Option<Moment>,
}

/// A reading that a decision was based on.
#[derive(Debug, Clone)]
pub struct Read {
    /// The series: `mongo.set.worst_target_lag of set=orders`.
    pub series: String,
    /// Its value, in the signal's unit.
    pub value: f64,
    /// The unit; `None`: the signal is unknown to this program.
    pub unit: Option<Unit>,
}

/// A period in which the run was held.
#[derive(Debug, Clone)]
pub struct Hold {
    /// From when.
    pub from: Moment,
    /// By whom.
    pub by: String,
    /// Why.
    pub why: String,
    /// When it ended, and who released it; `None`: it was still held at the last record.
    pub to: Option<(Moment, String)>,
}

/// A remark.
#[derive(Debug, Clone)]
pub struct Word {
    /// When.
    pub at: Moment,
    /// Its author.
    pub by: String,
    /// The words.
    pub text: String,
}

/// An unexpected event.
#[derive(Debug, Clone)]
pub struct Fault {
    /// When.
    pub at: Moment,
    /// The step; empty: none.
    pub step: String,
    /// Its text in the journal's timeline.
    pub what: String,
}

/// Decisions, holds and remarks, each in order.
pub(super) fn decisions(all: &[(Moment, &Entry)]) -> (Vec<Decision>, Vec<Hold>, Vec<Word>) {
    let (defs, mut last, mut ways) = (signals(), None, Ways::default());
    let (mut decisions, mut holds, mut detail) = (Vec::new(), Vec::<Hold>::new(), Vec::new());
    for (at, entry) in all {
        match &entry.body {
            Body::Readings { samples } => last = Some((*at, samples.as_slice())),
            Body::Remark { by, text, .. } => detail.push(Word { at: *at, by: by.clone(), text: text.clone() }),
            // A second hold during a hold: the first one continues.
            Body::Hold { on: true, by, why } if holds.last().is_none_or(|hold| hold.to.is_some()) => {
                holds.push(Hold { from: *at, by: by.clone(), why: why.clone(), to: None });
            }
            Body::Hold { on: false, by, .. } => {
                if let Some(hold) = holds.last_mut().filter(|hold| hold.to.is_none()) {
                    hold.to = Some((*at, by.clone()));
                }
            }
            _ => {}
        }
        let described = ways.describe(&entry.body);
        let Some((kind, who)) = decided(entry) else { continue };
        let (gates, readings, read_at) = match (&entry.body, last) {
            (Body::AttemptStarted(started), Some((when, samples))) => {
                let readings = about(started, samples, &defs);
                let read_at = (!readings.is_empty()).then_some(when);
                (started.gates.clone(), readings, read_at)
            }
            (Body::AttemptStarted(started), None) => (started.gates.clone(), Vec::new(), None),
            _ => (Vec::new(), Vec::new(), None),
        };
        let (step, what) = (entry.body.step().unwrap_or_default().to_owned(), described);
        decisions.push(Decision { at: *at, kind, who, step, what, gates, readings, read_at });
    }
    (decisions, holds, detail)
}

/// The kind of a decision, and who made it; `None`: the record is not a decision.
fn decided(entry: &Entry) -> Option<(Kind, Vec<String>)> {
    let one = |by: &String| vec![by.clone()];
    Some(match &entry.body {
        Body::AttemptStarted(started) => (Kind::Started, with(&entry.actor, started)),
        Body::Approved { by, .. } => (Kind::Approved, one(by)),
        Body::Proposed { by, .. } => (Kind::Proposed, one(by)),
        Body::Hold { by, .. } => (Kind::Held, one(by)),
        Body::Waived { by, .. } => (Kind::Waived, by.clone()),
        Body::Attested { by, .. } => (Kind::Attested, by.clone()),
        Body::Transition(transitions) if matches!(transitions.note, Note::Abandoned | Note::Adopted(_)) => {
            (Kind::Other, one(&entry.actor))
        }
        _ => return None,
    })
}

/// The operator, and those who had approved.
fn with(actor: &str, started: &AttemptStarted) -> Vec<String> {
    let others = started.approved_by.iter().filter(|by| *by != actor).cloned();
    std::iter::once(actor.to_owned()).chain(others).collect()
}

/// The readings of the gates' signals, each once.
fn about(started: &AttemptStarted, samples: &[Reading], defs: &[&'static SignalDef]) -> Vec<Read> {
    let mut out = Vec::new();
    for sample in samples {
        let def = defs.iter().find(|def| def.id == sample.signal).copied();
        let judged = |about: &About| {
            let named = |(name, value): (&&str, &String)| about.labels.get(*name).is_none_or(|wanted| wanted == value);
            about.signal == sample.signal && def.is_some_and(|def| def.labels.iter().zip(&sample.labels).all(named))
        };
        // Older journals have only the gates' texts, which contain the signal's id.
        let worded = || started.about.is_empty() && started.gates.iter().any(|gate| is_about(gate, sample, def));
        if started.about.iter().any(judged) || worded() {
            let series = words::series(&sample.signal, &sample.labels, def);
            out.push(Read { series, value: sample.value, unit: def.map(|def| def.unit) });
        }
    }
    out
}

/// Whether a gate's text refers to a series: it names the signal, and none of its labels differs.
fn is_about(gate: &str, sample: &Reading, def: Option<&SignalDef>) -> bool {
    let mut places = gate.match_indices(&sample.signal).map(|(at, id)| &gate[at + id.len()..]);
    let ends = |c: Option<char>| c.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '.' | '_')));
    let Some(rest) = places.find(|rest| ends(rest.chars().next())) else { return false };
    // The text in brackets names the worst of several series; the gate applies to all of them.
    let rest = rest.split('(').next().unwrap_or_default();
    let names = def.map_or(&[] as &[&str], |def| def.labels);
    names.iter().zip(&sample.labels).all(|(name, value)| {
        let Some(named) = rest.split_once(&format!("{name}=")).map(|(_, named)| named) else { return true };
        named.strip_prefix(value.as_str()).is_some_and(|end| matches!(end.chars().next(), None | Some(',' | ' ' | ':')))
    })
}

/// Unexpected events.
pub(super) fn faults(all: &[(Moment, &Entry)]) -> Vec<Fault> {
    let is_fault = |body: &Body| match body {
        Body::Resumed { cut, plan_changed } => *cut > 0 || *plan_changed,
        Body::Transition(transitions) => match transitions.note {
            Note::Op(_, state) => state.uncertain() || state.failed(),
            Note::State(phase) => matches!(phase, StepState::Failed | StepState::NotApplied),
            Note::Abandoned | Note::Stands => true,
            Note::Adopted(_) => false,
        },
        _ => false,
    };
    let mut ways = Ways::default();
    let fault = |(at, entry): &(Moment, &Entry)| {
        let what = ways.describe(&entry.body);
        let step = entry.body.step().unwrap_or_default().to_owned();
        is_fault(&entry.body).then_some(Fault { at: *at, step, what })
    };
    all.iter().filter_map(fault).collect()
}

/// What is not known.
pub(super) fn unknown(story: &Story, all: &[(Moment, &Entry)]) -> Vec<String> {
    let mut out = Vec::new();
    for step in story.under_way() {
        out.push(format!(
            "{} had not ended at the last record: {}.",
            step.id,
            words::outcome(step.outcome, step.way())
        ));
    }
    for step in &story.steps {
        for attempt in &step.attempts {
            for (place, op) in attempt.ops.iter().enumerate() {
                out.extend(doubt(op).map(|what| {
                    format!("{}, attempt {}, operation {} ({}): {what}.", step.id, attempt.n, place + 1, op.what)
                }));
            }
        }
    }
    let by_word = |step: &&super::Step| step.outcome == Outcome::Over(StepState::Attested);
    let by_word: Vec<&str> = story.steps.iter().filter(by_word).map(|step| step.id.as_str()).collect();
    if !by_word.is_empty() {
        out.push(format!("Marked done by a person, not verified by landfall: {}.", by_word.join(", ")));
    }
    let nameless: BTreeSet<&str> = all
        .iter()
        .filter_map(|(_, entry)| match &entry.body {
            Body::Approved { by, key: None, .. } => Some(by.as_str()),
            _ => None,
        })
        .collect();
    if !nameless.is_empty() {
        let names = nameless.into_iter().collect::<Vec<_>>().join(", ");
        out.push(format!("Approvals in the name of {names} are unauthenticated: the identity was not verified."));
    }
    if story.head.readings == 0 {
        out.push("There are no readings in the journal: no chart and no write downtime is available.".to_owned());
    } else {
        out.push(
            "Curves are drawn where there are readings: every five minutes, every thirty seconds while a step was under way. Where one is \
             missing, the value was not known."
                .to_owned(),
        );
    }
    if let Some(hold) = story.holds.iter().find(|hold| hold.to.is_none()) {
        out.push(format!("The run was held at the last record, since {} UTC.", hold.from.wall.strftime("%H:%M:%S")));
    }
    if story.head.torn > 0 {
        out.push(format!(
            "{} bytes of an incomplete line follow the last record; they had no effect.",
            story.head.torn
        ));
    }
    if story.head.plans.len() > 1 {
        out.push(
            "The plan's text changed during the run: the steps may come from different versions of the plan."
                .to_owned(),
        );
    }
    out.push(
        "The chain reveals changed, removed or reordered records, but not a rewrite of the whole journal: compare the head with the one \
         noted elsewhere."
            .to_owned(),
    );
    out
}

/// What is not known about an operation.
fn doubt(op: &super::Op) -> Option<String> {
    let was = op.transitions.iter().any(|(_, state)| *state == OpState::Unknown);
    match op.state() {
        state if state.uncertain() => Some(format!("{}: it is unknown whether it is applied", words::op_state(op))),
        OpState::Intent => Some("its intent is in the journal, its outcome is unknown".to_owned()),
        OpState::Attested => Some("was UNKNOWN, and was resolved manually as done by two people".to_owned()),
        _ if was => Some(format!("was UNKNOWN until it was found to be {}", words::op_state(op))),
        _ => None,
    }
}
