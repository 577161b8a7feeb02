//! The story of a run, for people who did not take part: who did what, when, on which readings, and with which result.
//!
//! Pure: a journal's records in, a [`Story`] out, and from that a Markdown text or an HTML page that needs neither
//! network nor script. All content comes from the records; what they do not contain is reported as not known.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `steps.rs` | steps, their attempts and operations |
//! | `decide.rs` | decisions and their readings; holds, remarks, faults, what is not known |
//! | `curves.rs` | readings as curves with gaps, and the write downtime of each set |
//! | `words.rs` | times, durations and values in words |
//! | `page.rs` | the story as sections: text, tables, figures |
//! | `markdown.rs`, `html.rs` | the sections as text, and as a page |
//! | `chart.rs`, `panel.rs` | the figures, as SVG |

mod chart;
mod curves;
mod decide;
mod html;
mod markdown;
mod page;
mod panel;
mod steps;
mod words;

use std::time::Duration;

use jiff::Timestamp;

pub use self::{
    curves::{Curve, Downtime, Gap, Handover, Lost, Panel, Row, Scale},
    decide::{Decision, Fault, Hold, Kind, Read, Word},
    html::{html, is_page},
    markdown::markdown,
    steps::{Attempt, Op, Outcome, Step},
};
use base::digest::Digest;
use journal::way_back::{Known, WayBack};
use systems::{Body, Entry};

/// A record's place in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The record's number.
    pub seq: u64,
    /// The time of day.
    pub wall: Timestamp,
    /// Time since the boot of the machine that wrote it.
    pub boot: Duration,
    /// How many times the journal had been reopened: the boot clock is comparable only within one session.
    pub sitting: usize,
}

impl Moment {
    /// Time until a later moment: by the boot clock within a session, else by the wall clock.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        if self.sitting == later.sitting {
            return later.boot.saturating_sub(self.boot);
        }
        Duration::try_from(later.wall.duration_since(self.wall)).unwrap_or_default()
    }
}

/// The journal as a whole.
#[derive(Debug, Clone)]
pub struct Head {
    /// The run's name.
    pub run: String,
    /// The program versions that wrote it.
    pub programs: Vec<String>,
    /// The operators and their machines, in order.
    pub consoles: Vec<(String, String)>,
    /// When the journal was reopened.
    pub resumed: Vec<Moment>,
    /// The first record.
    pub from: Moment,
    /// The last record.
    pub to: Moment,
    /// Number of records.
    pub records: usize,
    /// How many of them are readings.
    pub readings: usize,
    /// Hash of the last record: with its number it is what should be noted elsewhere.
    pub hash: Digest,
    /// The plan's digests, each with the number of its first record.
    pub plans: Vec<(u64, Digest)>,
    /// Length of an incomplete last line, which is not reported.
    pub torn: u64,
    /// Whether a console has the journal open now; `None`: not checked.
    pub open: Option<bool>,
}

/// The story of a run.
#[derive(Debug, Clone)]
pub struct Story {
    /// The journal as a whole.
    pub head: Head,
    /// The steps with any activity, in order.
    pub steps: Vec<Step>,
    /// The decisions, in order.
    pub decisions: Vec<Decision>,
    /// The holds of the run.
    pub holds: Vec<Hold>,
    /// Remarks.
    pub words: Vec<Word>,
    /// Unexpected events.
    pub faults: Vec<Fault>,
    /// Write downtime of each set.
    pub downtime: Vec<Downtime>,
    /// Readings over time.
    pub panels: Vec<Panel>,
    /// The rollback commands of every applied step, according to the journal.
    pub way_back: Vec<Known>,
    /// What is not known, in sentences.
    pub unknown: Vec<String>,
}

/// Collects a journal's records one by one. Of the readings only those are kept that are drawn or that a decision was
/// based on: a long run is mostly readings.
#[derive(Debug, Default)]
pub struct Gathered {
    entries: Vec<Entry>,
    /// Index of the latest readings, on which no decision is based so far.
    last: Option<usize>,
}

impl Gathered {
    /// The next record.
    pub fn take(&mut self, entry: Entry) {
        match &entry.body {
            Body::Readings { .. } => {
                self.thin();
                self.last = Some(self.entries.len());
            }
            Body::AttemptStarted(_) => self.last = None,
            _ => {}
        }
        self.entries.push(entry);
    }

    /// The story of all records: see [`story`].
    #[must_use]
    pub fn finish(mut self, torn: u64, open: Option<bool>) -> Option<Story> {
        self.thin();
        story(&self.entries, torn, open)
    }

    fn thin(&mut self) {
        let last = self.last.take().and_then(|place| self.entries.get_mut(place));
        if let Some(Entry { body: Body::Readings { samples }, .. }) = last {
            samples.retain(|sample| curves::is_reported(&sample.signal));
            samples.shrink_to_fit();
        }
    }
}

/// The story of a whole journal; `None` if it is empty. `torn`: length of an incomplete last line. `open`: whether a
/// console has it open, if that was checked.
#[must_use]
pub fn story(entries: &[Entry], torn: u64, open: Option<bool>) -> Option<Story> {
    let moments = moments(entries);
    let all: Vec<(Moment, &Entry)> = moments.into_iter().zip(entries).collect();
    let head = head(&all, torn, open)?;
    let steps = steps::steps(&all);
    let (decisions, holds, words) = decide::decisions(&all);
    let faults = decide::faults(&all);
    let way_back = WayBack::of(entries).known().cloned().collect();
    let (panels, downtime) = (curves::panels(&all), curves::downtime(&all, &steps));
    let mut story =
        Story { head, steps, decisions, holds, words, faults, downtime, panels, way_back, unknown: Vec::new() };
    story.unknown = decide::unknown(&story, &all);
    Some(story)
}

impl Story {
    /// The steps that were running at the last record.
    pub fn under_way(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| matches!(step.outcome, Outcome::UnderWay(_)))
    }

    /// Whether the run is not over.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.head.open == Some(true) || self.under_way().next().is_some()
    }
}

fn moments(entries: &[Entry]) -> Vec<Moment> {
    let mut sitting = 0;
    let one = |entry: &Entry| {
        sitting += usize::from(matches!(entry.body, Body::Resumed { .. }));
        Moment { seq: entry.seq, wall: entry.wall, boot: Duration::from_millis(entry.mono), sitting }
    };
    entries.iter().map(one).collect()
}

fn head(all: &[(Moment, &Entry)], torn: u64, open: Option<bool>) -> Option<Head> {
    let ((from, first), (to, last)) = (all.first()?, all.last()?);
    let mut head = Head {
        run: first.run.clone(),
        programs: Vec::new(),
        consoles: Vec::new(),
        resumed: Vec::new(),
        from: *from,
        to: *to,
        records: all.len(),
        readings: 0,
        hash: last.hash,
        plans: Vec::new(),
        torn,
        open,
    };
    for (at, entry) in all {
        let console = (entry.actor.clone(), entry.host.clone());
        if !head.consoles.contains(&console) {
            head.consoles.push(console);
        }
        if head.plans.last().is_none_or(|(_, plan)| *plan != entry.plan) {
            head.plans.push((entry.seq, entry.plan));
        }
        match &entry.body {
            Body::Opened { program } => head.programs.push(program.clone()),
            Body::Readings { .. } => head.readings += 1,
            Body::Resumed { .. } => head.resumed.push(*at),
            _ => {}
        }
    }
    Some(head)
}
