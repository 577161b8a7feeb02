//! Conditions and their evaluation. Fails closed: an unknown value satisfies no condition.

use std::sync::Arc;

use base::{
    observed::Observed,
    signal::{Sample, SignalDef},
};
use engine::{run::RunView, snapshot::Snapshot};
use plan::Compare;

/// A condition.
#[derive(Debug, Clone)]
pub enum Condition {
    /// A step's state has one of these words.
    Step {
        /// The step.
        step: String,
        /// The words.
        is: Vec<String>,
    },
    /// All matching series of a signal are fresh and satisfy the comparison; there is at least one.
    Signal {
        /// The signal.
        metric: &'static SignalDef,
        /// Which series: the label's index, and its value.
        labels: Vec<(usize, String)>,
        /// The comparison.
        op: Compare,
        /// The limit, in the signal's unit.
        value: f64,
    },
    /// The console shows this text.
    Screen(String),
    /// The verdict on screen.
    Verdict {
        /// The word.
        word: String,
        /// Part of its reason.
        because: Option<String>,
    },
    /// One of the last records in the journal contains this.
    Record {
        /// Part of its text.
        text: String,
        /// The step it belongs to.
        of: Option<String>,
    },
    /// None of these holds.
    None(Vec<Condition>),
}

/// A condition that must hold does not, or one that must not hold does: what was found, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unmet(String);

/// The observer that evaluates conditions. Each method is called only if needed: snapshots are expensive.
pub trait Eye {
    /// The word of a step's state.
    fn word(&mut self, step: &str) -> Option<String>;
    /// All series of a signal.
    fn samples(&mut self, metric: &'static SignalDef) -> Vec<Sample>;
    /// The run.
    fn run(&mut self) -> Option<Arc<RunView>>;
    /// The whole snapshot.
    fn snapshot(&mut self) -> Arc<Snapshot>;
    /// The console, as text.
    fn screen(&mut self) -> String;
}

/// Whether all of them hold.
///
/// # Errors
/// The first that does not, and what was found instead.
pub fn all(conditions: &[Condition], eye: &mut dyn Eye) -> Result<(), Unmet> {
    conditions.iter().try_for_each(|condition| condition.holds(eye))
}

impl Condition {
    /// Whether the console must be drawn to evaluate it.
    #[must_use]
    pub fn needs_a_screen(&self) -> bool {
        match self {
            Self::Screen(_) => true,
            Self::None(list) => list.iter().any(Self::needs_a_screen),
            _ => false,
        }
    }

    /// Whether it holds anywhere, for conditions that must never hold: one series of a signal is enough.
    fn occurs(&self, eye: &mut dyn Eye) -> bool {
        match self {
            Self::Signal { metric, labels, op, value } => {
                let meant = |s: &&Sample| labels.iter().all(|(at, l)| s.labels.get(*at) == Some(l));
                eye.samples(metric)
                    .iter()
                    .filter(meant)
                    .any(|s| matches!(s.value, Observed::Fresh(is, _) if op.holds(is, *value)))
            }
            other => other.holds(eye).is_ok(),
        }
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// What was found instead.
    pub fn holds(&self, eye: &mut dyn Eye) -> Result<(), Unmet> {
        match self {
            Self::Step { step, is } => {
                let word = eye.word(step).unwrap_or_else(|| "not found".to_owned());
                met(is.contains(&word), || format!("{step} is {word}, not {}", is.join(" or ")))
            }
            Self::Signal { metric, labels, op, value } => {
                let samples = eye.samples(metric);
                let mut meant = samples
                    .iter()
                    .filter(|s| s.def.id == metric.id && labels.iter().all(|(at, l)| s.labels.get(*at) == Some(l)))
                    .peekable();
                met(meant.peek().is_some(), || format!("{} has no such series", metric.id))?;
                meant.try_for_each(|sample| series(sample, *op, *value))
            }
            Self::Screen(text) => {
                let screen = eye.screen();
                met(screen.contains(text.as_str()), || format!("the screen does not show \"{text}\":\n{screen}"))
            }
            Self::Verdict { word, because } => {
                let verdict = eye.snapshot().verdict();
                let (is, why) = verdict.describe();
                let reason = because.as_ref().is_none_or(|part| why.contains(part.as_str()));
                let wanted = because.as_ref().map_or_else(String::new, |part| format!(" because \"{part}\""));
                met(is == word && reason, || format!("the verdict is {is}: {why}; not {word}{wanted}"))
            }
            Self::Record { text, of } => {
                let run = eye.run();
                let lines = run.iter().flat_map(|run| &run.journal);
                let mut own = lines.filter(|line| of.as_ref().is_none_or(|step| line.step == *step));
                let of = of.as_ref().map_or_else(String::new, |step| format!(" of {step}"));
                met(own.any(|line| line.what.contains(text.as_str())), || format!("no record{of} says \"{text}\""))
            }
            Self::None(list) => none(list, eye),
        }
    }
}

fn met(holds: bool, found: impl FnOnce() -> String) -> Result<(), Unmet> {
    if holds { Ok(()) } else { Err(Unmet(found())) }
}

/// Whether one series is fresh and satisfies a comparison.
fn series(sample: &Sample, op: Compare, value: f64) -> Result<(), Unmet> {
    let found = match &sample.value {
        Observed::Fresh(is, _) if op.holds(*is, value) => return Ok(()),
        Observed::Fresh(is, _) => format!("is {is}, not {} {value}", op.word()),
        Observed::Stale(..) => "is stale".to_owned(),
        Observed::Unknown(fault) => format!("is unknown: {fault}"),
        Observed::Pending => "was not read yet".to_owned(),
    };
    Err(Unmet(format!("{}{{{}}} {found}", sample.def.id, sample.labels.join(","))))
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Step { step, is } => write!(f, "{step} is {}", is.join(" or ")),
            Self::Signal { metric, labels, op, value } => {
                let labels: Vec<String> = labels.iter().map(|(at, l)| format!("{}={l}", metric.labels[*at])).collect();
                write!(f, "{}{{{}}} {} {value}", metric.id, labels.join(","), op.word())
            }
            Self::Screen(text) => write!(f, "the screen shows \"{text}\""),
            Self::Verdict { word, because: None } => write!(f, "the verdict is {word}"),
            Self::Verdict { word, because: Some(why) } => write!(f, "the verdict is {word}: {why}"),
            Self::Record { text, .. } => write!(f, "a record says \"{text}\""),
            Self::None(list) => {
                let list: Vec<String> = list.iter().map(ToString::to_string).collect();
                write!(f, "none of: {}", list.join("; "))
            }
        }
    }
}

/// Whether none of them holds.
///
/// # Errors
/// The first that does.
pub fn none(conditions: &[Condition], eye: &mut dyn Eye) -> Result<(), Unmet> {
    match conditions.iter().find(|condition| condition.occurs(eye)) {
        Some(condition) => Err(Unmet(format!("must not hold, but holds: {condition}"))),
        None => Ok(()),
    }
}
