//! The story of a run, for people who were not there: who did what, when, on which readings, and what became of it.
//!
//! Pure: a journal's records in, a [`Story`] out, and of that one Markdown text or one HTML page that needs neither network nor script.
//! Everything here is from the records; what they do not say is told as not known.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `steps.rs` | steps, their attempts and operations |
//! | `decide.rs` | who decided what on which readings; holds, words, faults, what is not known |
//! | `curves.rs` | readings as curves with gaps, and the write downtime of each set |
//! | `words.rs` | times, lengths and values in words |
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
    /// Since the machine that wrote it started.
    pub boot: Duration,
    /// How many times the journal was taken up before: the clock since start is one clock within a sitting only.
    pub sitting: usize,
}

impl Moment {
    /// How long until another one: by the clock that nobody sets within a sitting, else by the time of day.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        if self.sitting == later.sitting {
            return later.boot.saturating_sub(self.boot);
        }
        Duration::try_from(later.wall.duration_since(self.wall)).unwrap_or_default()
    }
}

/// What a journal is, as a whole.
#[derive(Debug, Clone)]
pub struct Head {
    /// The run's name.
    pub run: String,
    /// With which versions of the program it was begun.
    pub programs: Vec<String>,
    /// Who was at the keyboard, and on which machine, in the order in which they came.
    pub consoles: Vec<(String, String)>,
    /// When the journal was taken up again.
    pub resumed: Vec<Moment>,
    /// The first record.
    pub from: Moment,
    /// The last record.
    pub to: Moment,
    /// Records.
    pub records: usize,
    /// How many of them are readings.
    pub readings: usize,
    /// Of the last record: with its number what somebody else should have written down.
    pub hash: Digest,
    /// The plan's digests, each with the number of the first record under it.
    pub plans: Vec<(u64, Digest)>,
    /// Bytes of a last line without its end, which are not told.
    pub torn: u64,
    /// A console has the journal open at this moment; none: whether one has was not asked.
    pub open: Option<bool>,
}

/// The story of a run.
#[derive(Debug, Clone)]
pub struct Story {
    /// The journal as a whole.
    pub head: Head,
    /// The steps that anything was done about, in that order.
    pub steps: Vec<Step>,
    /// What was decided, in order.
    pub decisions: Vec<Decision>,
    /// When everything was held.
    pub holds: Vec<Hold>,
    /// Words for the record.
    pub words: Vec<Word>,
    /// What went otherwise than meant.
    pub faults: Vec<Fault>,
    /// Write downtime of each set.
    pub downtime: Vec<Downtime>,
    /// Readings over time.
    pub panels: Vec<Panel>,
    /// The commands of the way back, of every step that stands, as the journal has them.
    pub way_back: Vec<Known>,
    /// What is not known, in sentences.
    pub unknown: Vec<String>,
}

/// Gathers a journal's records for its story, one by one. Of readings what is drawn is kept, and what a decision was made on: a long run is
/// mostly readings.
#[derive(Debug, Default)]
pub struct Gathered {
    entries: Vec<Entry>,
    /// The place of readings on which nothing was decided so far.
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

    /// The story of them all: see [`tell`].
    #[must_use]
    pub fn finish(mut self, torn: u64, open: Option<bool>) -> Option<Story> {
        self.thin();
        story(&self.entries, torn, open)
    }

    fn thin(&mut self) {
        let last = self.last.take().and_then(|place| self.entries.get_mut(place));
        if let Some(Entry { body: Body::Readings { samples }, .. }) = last {
            samples.retain(|sample| curves::is_told(&sample.signal));
            samples.shrink_to_fit();
        }
    }
}

/// Tells the story of a whole journal; none if it is empty. `torn`: bytes of a last line without its end. `open`: whether a console has it
/// open, if that was asked.
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
    /// The steps that were under way at the last record.
    pub fn under_way(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| matches!(step.outcome, Outcome::UnderWay(_)))
    }

    /// Whether nobody may take this for the end.
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
