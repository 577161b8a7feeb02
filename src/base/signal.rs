//! Signals: the numbers for gates, health tiles, `--json` and metrics exporters. A public interface: ids are frozen by a golden file.

mod samples;

use serde::Serialize;

pub use self::samples::{Measured, Reading, Roster, Sample, Samples};
use super::domain::{Domain, Named};

/// Unit of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A share, 0 to 1.
    Ratio,
    /// Things.
    Count,
    /// Things a second.
    PerSecond,
    /// Bytes.
    Bytes,
    /// 0 or 1.
    Bool,
    /// The unit that the plan's query names.
    AsNamed,
}

/// The definition of a signal. Declared as a constant beside the observations that provide it.
#[derive(Debug, PartialEq, Serialize)]
pub struct SignalDef {
    /// `system.thing.quantity`; never changed once released.
    pub id: &'static str,
    /// Unit.
    pub unit: Unit,
    /// Label names, in the order in which [`Sample::labels`] has their values.
    pub labels: &'static [&'static str],
    /// Smallest and largest possible value; anything else is a malformed reading.
    pub range: (f64, f64),
    /// The interval of the plan that it follows: the system's id.
    pub cadence: &'static str,
    /// Its title in a reason: two to five words, placed before the value.
    pub title: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// What the values of the labels of its system may be.
    #[serde(skip)]
    pub domains: &'static [Named],
    /// What a thing of the plan must have for its series to exist.
    #[serde(skip)]
    pub needs: Option<Needs>,
    /// The label whose value says what is measured, in the operator's words: it is the title in a reason.
    #[serde(skip)]
    pub titled: Option<&'static str>,
    /// Which things have values only while users come.
    #[serde(skip)]
    pub users: Option<Users>,
    /// Which of its series are put on record with the readings of a run.
    #[serde(skip)]
    pub keep: Keep,
    /// What it measures of the cost of the move.
    #[serde(skip)]
    pub cost: Option<Cost>,
    /// How the report draws its readings.
    #[serde(skip)]
    pub curve: Option<Curve>,
    /// Whether it is estimated from a rate: a rate does not last a day, so a longer time has no figure.
    #[serde(skip)]
    pub estimated: bool,
}

/// What a thing must have for a signal of it to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// The label that names the thing.
    pub label: &'static str,
    /// The key that its table must have.
    pub key: &'static str,
    /// The signal that exists without it.
    pub instead: &'static str,
}

/// Things whose values come of users' requests: without users there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Users {
    /// The label that names the thing.
    pub label: &'static str,
    /// The key in its table that says what kind of value it is.
    pub key: &'static str,
    /// The kinds that depend on users.
    pub kinds: &'static [&'static str],
}

/// Which series of a signal the journal keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// None.
    No,
    /// Every one.
    All,
    /// Those of the target: the source's is the rest, or does not matter.
    Target,
    /// Those that a step's action names.
    Steps,
}

/// What a signal measures of the cost of the move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Seconds lost. It counts from the start of the program; a run goes on where its journal left it.
    Lost,
    /// The longest single loss of the last minutes.
    Longest,
}

/// How the report draws a signal's readings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    /// On which panel.
    pub panel: CurvePanel,
    /// Index of the label that is not part of the row's name, and distinguishes the curves of a row.
    pub apart: Option<usize>,
    /// The label's value (empty: the only curve), the curve's name, and how it is drawn.
    pub strokes: &'static [(&'static str, &'static str, Stroke)],
}

/// The report's panels, in the order in which they are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CurvePanel {
    /// How far followers are behind.
    Lag,
    /// Where the users go.
    Traffic,
    /// How much of the fleet is ready.
    Ready,
    /// What the users get.
    Health,
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    /// Straight from one reading to the next.
    Line,
    /// The same, dashed.
    Dashes,
    /// Each reading holds until the next.
    Steps,
    /// The readings alone.
    Points,
}

/// One unnamed line.
pub const LINE: &[(&str, &str, Stroke)] = &[("", "", Stroke::Line)];
/// One line a side.
pub const SIDES: &[(&str, &str, Stroke)] = &[("source", "source", Stroke::Dashes), ("target", "target", Stroke::Line)];

/// The label that names a side. On screen it has the site's label of the plan.
pub const SIDE: &str = "side";

/// A year. Stands for "never" and for "not measurable": a number that is fresh, sorts last, and that no gate takes for a small one.
pub const NEVER: f64 = 31_536_000.0;

impl SignalDef {
    /// A signal that is neither kept nor drawn, and whose labels may have any value.
    #[must_use]
    pub const fn new(
        (id, unit, labels): (&'static str, Unit, &'static [&'static str]),
        range: (f64, f64),
        cadence: &'static str,
        title: &'static str,
        doc: &'static str,
    ) -> Self {
        let (domains, keep) = (&[], Keep::No);
        Self {
            id,
            unit,
            labels,
            range,
            cadence,
            title,
            doc,
            domains,
            needs: None,
            titled: None,
            users: None,
            keep,
            cost: None,
            curve: None,
            estimated: false,
        }
    }

    /// The same; it is a time that is estimated from a rate.
    #[must_use]
    pub const fn estimated(self) -> Self {
        Self { estimated: true, ..self }
    }

    /// The same; the values of its labels are of these domains. Other labels may be among them.
    #[must_use]
    pub const fn domains(self, domains: &'static [Named]) -> Self {
        Self { domains, ..self }
    }

    /// The same; the thing that `label` names must have this key, and without it there is another signal.
    #[must_use]
    pub const fn needs(self, label: &'static str, key: &'static str, instead: &'static str) -> Self {
        Self { needs: Some(Needs { label, key, instead }), ..self }
    }

    /// The same; it has no value without users where the thing that `label` names has one of these kinds under `key`.
    #[must_use]
    pub const fn users(self, label: &'static str, key: &'static str, kinds: &'static [&'static str]) -> Self {
        Self { users: Some(Users { label, key, kinds }), ..self }
    }

    /// The same; this label's value says what is measured.
    #[must_use]
    pub const fn titled(self, label: &'static str) -> Self {
        Self { titled: Some(label), ..self }
    }

    /// What the values of a label may be.
    #[must_use]
    pub fn domain(&self, label: &str) -> Domain {
        self.domains.iter().find(|(name, _)| *name == label).map_or(Domain::Free, |(_, domain)| *domain)
    }

    /// The same; these of its series are put on record.
    #[must_use]
    pub const fn keep(self, keep: Keep) -> Self {
        Self { keep, ..self }
    }

    /// The same; it measures a cost, and all of it is put on record.
    #[must_use]
    pub const fn cost(self, cost: Cost) -> Self {
        Self { cost: Some(cost), keep: Keep::All, ..self }
    }

    /// The same; the report draws it so.
    #[must_use]
    pub const fn curve(
        self,
        panel: CurvePanel,
        apart: Option<usize>,
        strokes: &'static [(&'static str, &'static str, Stroke)],
    ) -> Self {
        Self { curve: Some(Curve { panel, apart, strokes }), ..self }
    }
}

/// Declares a system's signals, and the list `ALL` of them, after its id and the domains of its labels:
/// `NAME = "id", Unit, ["label"], (least, most), "title", "doc";`, with what else others need to know of it behind that:
/// `, keep(Keep::All), curve(CurvePanel::Lag, None, LINE)`.
#[macro_export]
macro_rules! signals {
    ($cadence:literal in $domains:ident: $($NAME:ident = $id:literal, $unit:ident, [$($label:literal),*], $range:expr, $title:literal, $doc:literal
        $(, $more:ident($($arg:expr),*))*;)+) => {
        $(
            #[doc = $doc]
            pub static $NAME: $crate::signal::SignalDef = $crate::signal::SignalDef::new(
                ($id, $crate::signal::Unit::$unit, &[$($label),*]), $range, $cadence, $title, $doc,
            ).domains($domains)$(.$more($($arg),*))*;
        )+
        /// All of them.
        pub const ALL: &[&$crate::signal::SignalDef] = &[$(&$NAME),+];
    };
}

/// No upper limit.
pub const MAX: f64 = f64::MAX;
