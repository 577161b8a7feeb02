//! Instants as people read them: in the zone that is shown, and so that none is taken for another.
//!
//! What is kept, sent or read by machines says UTC, as RFC 3339. The one place that makes anything else of it is this one. A time stands
//! alone where nothing else can be meant. It has its date where that is not the day on which the run began, and its zone where the clocks
//! are changed within the run: of the hour that comes twice each time says which of the two it is of.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
};

use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};

use base::view::{Cell, Detail, Key};
use engine::snapshot::Snapshot;

/// In which zone the operator wants to see instants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Time {
    /// UTC, as everybody on a call has it.
    #[default]
    Utc,
    /// As this machine has it.
    Local,
    /// As the zone of this name has it.
    Of(TimeZone),
}

/// The two zones between which the operator switches: UTC and one other. Which that is on this machine is looked up when it is asked for:
/// to read the time zone database is nothing that the first frame should wait for.
#[derive(Debug, Clone)]
pub struct Zones {
    utc: bool,
    other: Arc<LazyLock<Other, Box<dyn FnOnce() -> Other + Send>>>,
}

/// The other zone, or why there is none.
type Other = Result<TimeZone, String>;

impl Default for Zones {
    fn default() -> Self {
        Self::lazily(true, || Err("no other time zone is configured".to_owned()))
    }
}

impl Zones {
    /// As the operator wants it, on a machine that says so which zone is its own.
    #[must_use]
    pub fn new(time: &Time, machine: impl FnOnce() -> Option<TimeZone> + Send + 'static) -> Self {
        let named = "`time` in the configuration names one";
        let utc = *time == Time::Utc;
        let mut zones = match time {
            Time::Of(zone) => {
                let zone = zone.clone();
                Self::lazily(false, || Ok(zone))
            }
            Time::Utc | Time::Local => Self::lazily(utc, move || match machine() {
                None => Err(format!("this machine does not report its time zone: {named}")),
                Some(zone) if is_utc(&zone) => Err(format!("this machine's time zone is UTC: {named}")),
                Some(zone) => Ok(zone),
            }),
        };
        zones.utc = utc || zones.other.is_err();
        zones
    }

    fn lazily(utc: bool, other: impl FnOnce() -> Other + Send + 'static) -> Self {
        Self { utc, other: Arc::new(LazyLock::new(Box::new(other))) }
    }

    /// The zone that is shown.
    #[must_use]
    pub fn shown(&self) -> TimeZone {
        if self.utc { TimeZone::UTC } else { self.other().unwrap_or(TimeZone::UTC) }
    }

    /// The zone that is not UTC.
    #[must_use]
    pub fn other(&self) -> Option<TimeZone> {
        self.other.as_ref().as_ref().ok().cloned()
    }

    /// Why there is nothing to switch to.
    #[must_use]
    pub fn why_not(&self) -> Option<&str> {
        self.other.as_ref().as_ref().err().map(String::as_str)
    }

    /// The other of the two.
    pub const fn switch(&mut self) {
        self.utc = !self.utc;
    }
}

/// The zone of this machine, if it says which that is.
#[must_use]
pub fn machine() -> Option<TimeZone> {
    TimeZone::try_system().ok().filter(|zone| !zone.is_unknown())
}

fn is_utc(zone: &TimeZone) -> bool {
    *zone == TimeZone::UTC || zone.iana_name().is_some_and(|name| matches!(name, "UTC" | "Etc/UTC" | "Zulu" | "UCT"))
}

/// An instant for whoever reads lines and knows nothing of a run: as RFC 3339 in this zone.
#[must_use]
pub fn stamp(at: Timestamp, zone: &TimeZone) -> String {
    let form = if is_utc(zone) { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%:z" };
    at.to_zoned(zone.clone()).strftime(form).to_string()
}

/// Says instants of one run in one zone.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: TimeZone,
    now: Zoned,
    /// The day on which the run began.
    day: Date,
    /// What tells the zone's offsets apart at the run's beginning and now.
    ends: [(String, i32); 2],
}

impl Clock {
    /// For a picture of a run.
    #[must_use]
    pub fn of(snapshot: &Snapshot, zone: &TimeZone) -> Self {
        Self::new(zone, snapshot.started.wall, snapshot.now.wall)
    }

    /// For a run that began then, as it is now.
    #[must_use]
    pub fn new(zone: &TimeZone, begun: Timestamp, now: Timestamp) -> Self {
        let ends = [begun, now].map(|at| abbreviation(zone, at));
        Self { zone: zone.clone(), now: now.to_zoned(zone.clone()), day: begun.to_zoned(zone.clone()).date(), ends }
    }

    /// The zone.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The present as it stands in the head, with its date where there is room: nobody should have to ask which zone it is.
    #[must_use]
    pub fn head(&self, long: bool) -> String {
        let now = self.now.timestamp();
        let (word, offset) = (self.word(now), self.now.strftime("%:z").to_string());
        match long {
            false => format!("{} {word}", self.now.strftime("%H:%M:%S")),
            true if word == offset || is_utc(&self.zone) => format!("{} {word}", self.now.strftime("%F %H:%M:%S")),
            true => format!("{} {word} {offset}", self.now.strftime("%F %H:%M:%S")),
        }
    }

    /// An instant of the run, to the second; with its fraction where it has one.
    #[must_use]
    pub fn time(&self, at: Timestamp) -> String {
        let form = if at.subsec_millisecond() == 0 { "%H:%M:%S" } else { "%H:%M:%S%.3f" };
        let there = at.to_zoned(self.zone.clone());
        let date = if there.date() == self.day { "" } else { "%F " };
        there.strftime(&format!("{date}{form}")).to_string() + &self.unless_clear(at)
    }

    /// The same without a fraction.
    #[must_use]
    pub fn second(&self, at: Timestamp) -> String {
        self.time(Timestamp::from_second(at.as_second()).unwrap_or(at))
    }

    /// So many seconds after now, to the second.
    #[must_use]
    pub fn time_to_second(&self, after: f64) -> String {
        self.second(self.after(after))
    }

    /// The same under an axis that ends now: there the day is clear.
    #[must_use]
    pub fn tick(&self, after: f64, seconds: bool) -> String {
        let at = self.after(after);
        let form = if seconds { "%H:%M:%S" } else { "%H:%M" };
        at.to_zoned(self.zone.clone()).strftime(form).to_string() + &self.unless_clear(at)
    }

    /// An instant with all there is to say of it.
    #[must_use]
    pub fn exact(&self, at: Timestamp) -> String {
        format!("{} {}", at.to_zoned(self.zone.clone()).strftime("%F %H:%M:%S%.3f"), self.word(at))
    }

    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a run")]
    fn after(&self, seconds: f64) -> Timestamp {
        let (now, by) = (self.now.timestamp(), jiff::SignedDuration::from_millis((seconds * 1e3).round() as i64));
        now.checked_add(by).unwrap_or(now)
    }

    /// Seconds since the clocks here showed midnight: where round times are.
    #[must_use]
    pub fn since_midnight(&self) -> f64 {
        let (hour, minute, second) = (self.now.hour(), self.now.minute(), self.now.second());
        let whole = f64::from(hour) * 3600.0 + f64::from(minute) * 60.0 + f64::from(second);
        whole + f64::from(self.now.subsec_nanosecond()) / 1e9
    }

    /// The zone at an instant, where the time alone may be taken for another.
    fn unless_clear(&self, at: Timestamp) -> String {
        let (_, offset) = abbreviation(&self.zone, at);
        let clear = self.ends.iter().all(|(_, other)| *other == offset);
        if clear { String::new() } else { format!(" {}", self.word(at)) }
    }

    /// The zone's word at an instant: its abbreviation, or its offset where it has none that tells the offsets apart.
    fn word(&self, at: Timestamp) -> String {
        let (word, offset) = abbreviation(&self.zone, at);
        let clear = word.starts_with(char::is_alphabetic) && !self.ends.iter().any(|(w, o)| *w == word && *o != offset);
        if clear { word } else { at.to_zoned(self.zone.clone()).strftime("%:z").to_string() }
    }

    /// A text in which an instant stands, as people read it. Texts name instants as RFC 3339 in UTC, behind `until`, `since` or `at`; what
    /// stands elsewhere may be part of a command or of a name, and stays.
    #[must_use]
    pub fn spell<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut out = String::new();
        let mut copied = 0;
        // Hardly any text has one: a look at its signs is enough for the others.
        for (z, _) in text.match_indices('Z') {
            let begin = text[copied..z].rfind(' ').map_or(copied, |n| copied + n + 1);
            let behind = ["until ", "since ", "at "].iter().any(|word| text[..begin].ends_with(word));
            let ends = text[z + 1..].chars().next().is_none_or(|c| c.is_whitespace() || ",;:.)".contains(c));
            if let (true, true, Ok(at)) = (behind, ends, text[begin..=z].parse()) {
                out.push_str(&text[copied..begin]);
                out.push_str(&self.time(at));
                copied = z + 1;
            }
        }
        if out.is_empty() {
            return text.into();
        }
        out.push_str(&text[copied..]);
        out.into()
    }

    /// A detail with its instants as people read them, so that they are sorted, filtered and cut as they are seen; the same one where it
    /// has none.
    #[must_use]
    pub fn detail(&self, detail: &Arc<Detail>) -> Arc<Detail> {
        let rows = || detail.tables.iter().flat_map(|table| table.rows.iter()).flat_map(|row| &row.cells);
        let instant = |cell: &Cell| matches!(cell.key, Key::Instant(_));
        if !detail.fields.iter().map(|(_, cell)| cell).chain(rows()).any(instant) {
            return detail.clone();
        }
        let mut own = Detail::clone(detail);
        let cells =
            own.tables.iter_mut().flat_map(|table| Arc::make_mut(&mut table.rows)).flat_map(|row| &mut row.cells);
        for cell in own.fields.iter_mut().map(|(_, cell)| cell).chain(cells) {
            *cell = self.own(std::mem::replace(cell, Cell::none()));
        }
        own.into()
    }

    /// An instant of the run as a cell.
    #[must_use]
    pub fn cell(&self, at: Timestamp) -> Cell {
        self.own(Cell::instant(at))
    }

    fn own(&self, cell: Cell) -> Cell {
        match cell.key {
            Key::Instant(at) => Cell { text: self.time(at).into(), ..cell },
            _ => cell,
        }
    }
}

/// What a zone is called at an instant, and its seconds before UTC.
fn abbreviation(zone: &TimeZone, at: Timestamp) -> (String, i32) {
    let info = zone.to_offset_info(at);
    (info.abbreviation().to_owned(), info.offset().seconds())
}

#[cfg(test)]
mod tests;
