//! What comes out of judging: a colour, and every reason for it.

use std::time::Duration;

use serde::Serialize;

use base::{step::Level, watched::Worst};

/// More reasons than this are counted, not listed.
const LISTED: usize = 2;

/// A condition, judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// All its gates together.
    pub level: Level,
    /// Its forks, outermost first; none where it is one gate.
    pub forks: Vec<Fork>,
    /// At least one a gate, red ones first, then those on hold, then the green; within a colour in the plan's order. All reasons of one
    /// gate have the same level.
    pub reasons: Vec<Reason>,
    /// When all together will be green if everything goes on as it does; none where nobody can say.
    pub to_green: Option<Duration>,
}

impl Verdict {
    /// Only what is in the way, those that decide first.
    pub fn blocking(&self) -> impl Iterator<Item = &Reason> {
        let of = move |decides| self.reasons.iter().filter(move |r| r.decides == decides);
        of(true).chain(of(false)).filter(|r| !r.moot && r.level != Level::Green)
    }

    /// Why the condition has its colour: what its first deciding arms say, and how many more there are. Empty where it has no gate.
    #[must_use]
    pub fn because(&self) -> String {
        let deciding: Vec<&Reason> = self.reasons.iter().filter(|r| r.decides).collect();
        // Where no arm has the colour of the whole, too few of them could: all do.
        let list: Vec<&Reason> = if deciding.is_empty() { self.reasons.iter().collect() } else { deciding };
        let mut out: Vec<String> = list.iter().take(LISTED).map(|r| r.what.clone()).collect();
        if list.len() > LISTED {
            out.push(format!("and {} more", list.len() - LISTED));
        }
        out.join("; ")
    }

    /// The colour of one gate; of none with this id, none.
    #[must_use]
    pub fn gate(&self, id: &str) -> Option<Level> {
        self.reasons.iter().find(|r| r.gate == id).map(|r| r.level)
    }
}

/// A place where arms of a condition meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fork {
    /// Its place, as a gate's: which branch at each fork, from the root.
    pub path: Vec<u16>,
    /// How many of its arms have to be green.
    pub wanted: usize,
    /// How many arms it has.
    pub arms: usize,
    /// Its colour.
    pub level: Level,
    /// In nobody's way: what it belongs to is green without it.
    pub moot: bool,
}

impl Fork {
    /// `all of`, `any of`, `2 of 3`.
    #[must_use]
    pub fn word(&self) -> String {
        match (self.wanted, self.arms) {
            (wanted, arms) if wanted == arms => "all of".to_owned(),
            (1, _) => "any of".to_owned(),
            (wanted, arms) => format!("{wanted} of {arms}"),
        }
    }
}

/// Why a gate has the colour it has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// The gate.
    pub gate: String,
    /// The signal's id.
    pub signal: &'static str,
    /// Its place in the condition: which branch at each fork, from the root. Empty where the condition is one gate.
    pub path: Vec<u16>,
    /// The gate's colour.
    pub level: Level,
    /// For people: `max replication lag of orders 3.4s (orders-1), limit ≤ 2s`.
    pub what: String,
    /// What is judged: `max replication lag of orders`.
    pub subject: String,
    /// For how long it has been true or false, and what its window still needs: `true for 20s of 60s, 40s to go`. Empty where it is not
    /// known.
    pub lasts: String,
    /// The value as on screen; none where it is not known.
    pub value_text: Option<String>,
    /// The value, in the signal's unit (shares and counts of series: as such); none where it is not known.
    pub value: Option<f64>,
    /// What it is compared with, in the same unit.
    pub limit: f64,
    /// The limit as on screen, with how the value is compared with it: `≤ 2s`.
    pub limit_text: String,
    /// How much of its window is filled; none where it is not true now.
    pub filled: Option<Filled>,
    /// When it will be green: the rest of its window if it is true now, else by the trend where that leads there. Zero: it is.
    pub to_green: Option<Duration>,
    /// Left out by two people.
    pub waived: bool,
    /// In nobody's way: what it belongs to is green without it.
    pub moot: bool,
    /// It is one of those by which the condition has the colour that it has: of `any` the arms that are green, or those on hold, or all.
    pub decides: bool,
    /// Only the first reading since the step began is missing.
    pub waits: bool,
    /// How something that it is about has no fresh value. None where it has, or is known to have none for want of traffic.
    pub blind: Option<Worst>,
}

impl Reason {
    /// Whether nothing but time is missing.
    #[must_use]
    pub fn only_waits(&self) -> bool {
        self.level == Level::Unknown && self.is_pending()
    }

    /// The gate's word on screen. One that is true, and whose window is only not full yet, is `PENDING`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        if self.waived {
            "WAIVED"
        } else if self.waits {
            "WAITING"
        } else if self.is_pending() {
            "PENDING"
        } else {
            self.level.word()
        }
    }

    /// Time alone is missing: it waits for the first reading, or it is true and only its window is not full yet. There is no `to_green` where the last evaluation is too old, or a clock jumped.
    fn is_pending(&self) -> bool {
        self.waits || (self.level == Level::Unknown && self.filled.is_some() && self.to_green.is_some())
    }
}

/// Whether a condition with this level and these reasons is true, and only not yet for long enough: every gate that decides it is.
#[must_use]
pub fn is_pending<'a>(level: Level, reasons: impl IntoIterator<Item = &'a Reason>) -> bool {
    let mut deciding = reasons.into_iter().filter(|r| r.decides && !r.moot && r.level != Level::Green).peekable();
    level == Level::Unknown && deciding.peek().is_some() && deciding.all(Reason::is_pending)
}

/// The word of a condition with this level and these reasons: `PENDING` if every gate that decides it is.
#[must_use]
pub fn word_of<'a>(level: Level, reasons: impl IntoIterator<Item = &'a Reason>) -> &'static str {
    if is_pending(level, reasons) { "PENDING" } else { level.word() }
}

/// How much of a gate's window is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Filled {
    /// For how long it has been true without a break, in looks.
    pub lasted: Duration,
    /// For how long it has to.
    pub sustain: Duration,
    /// Different readings in that time, of the series that has the fewest.
    pub samples: u32,
    /// How many there have to be.
    pub min_samples: u32,
}

impl Filled {
    /// Whether it is.
    #[must_use]
    pub fn full(self) -> bool {
        self.lasted >= self.sustain && self.samples >= self.min_samples
    }
}
