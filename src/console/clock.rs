//! Formats instants for people, in the selected time zone and without ambiguity.
//!
//! Everything that is stored, sent or read by machines is UTC in RFC 3339. Only this module formats times in any other
//! way. A time is shown alone if it is unambiguous. The date is added if it is not the day on which the run began. The
//! zone is added if the zone's offset changes during the run: in the hour that occurs twice each time then says which
//! of the two it belongs to.

use std::sync::{Arc, LazyLock};

use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};

use base::view::{Cell, Detail, Key};
use engine::snapshot::Snapshot;

/// Time zone in which the operator sees instants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Time {
    /// UTC.
    #[default]
    Utc,
    /// The zone of this machine.
    Local,
    /// A named zone.
    Of(TimeZone),
}

/// The two zones between which the operator switches: UTC and one other. The machine's zone is looked up on first use:
/// the first frame must not wait until the time zone database is read.
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
    /// From the configuration and a function that returns the machine's own zone.
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

    /// The selected zone.
    #[must_use]
    pub fn shown(&self) -> TimeZone {
        if self.utc { TimeZone::UTC } else { self.other().unwrap_or(TimeZone::UTC) }
    }

    /// The zone that is not UTC.
    #[must_use]
    pub fn other(&self) -> Option<TimeZone> {
        self.other.as_ref().as_ref().ok().cloned()
    }

    /// Why there is no second zone.
    #[must_use]
    pub fn why_not(&self) -> Option<&str> {
        self.other.as_ref().as_ref().err().map(String::as_str)
    }

    /// Switches to the other zone.
    pub const fn switch(&mut self) {
        self.utc = !self.utc;
    }
}

/// The zone of this machine, if it is known.
#[must_use]
pub fn machine() -> Option<TimeZone> {
    TimeZone::try_system().ok().filter(|zone| !zone.is_unknown())
}

fn is_utc(zone: &TimeZone) -> bool {
    *zone == TimeZone::UTC || zone.iana_name().is_some_and(|name| matches!(name, "UTC" | "Etc/UTC" | "Zulu" | "UCT"))
}

/// An instant for readers without context of the run: RFC 3339 in this zone.
#[must_use]
pub fn stamp(at: Timestamp, zone: &TimeZone) -> String {
    let form = if is_utc(zone) { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%:z" };
    at.to_zoned(zone.clone()).strftime(form).to_string()
}

/// Formats instants of one run in one zone.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: TimeZone,
    now: Zoned,
    /// The day on which the run began.
    day: Date,
    /// Abbreviation and offset of the zone at the beginning of the run and now.
    ends: [(String, i32); 2],
}

impl Clock {
    /// For a snapshot of a run.
    #[must_use]
    pub fn of(snapshot: &Snapshot, zone: &TimeZone) -> Self {
        Self::new(zone, snapshot.started.wall, snapshot.now.wall)
    }

    /// For a run that began at `begun`, as of `now`.
    #[must_use]
    pub fn new(zone: &TimeZone, started: Timestamp, now: Timestamp) -> Self {
        let ends = [started, now].map(|at| abbreviation(zone, at));
        Self { zone: zone.clone(), now: now.to_zoned(zone.clone()), day: started.to_zoned(zone.clone()).date(), ends }
    }

    /// The zone.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The current time for the head line, always with its zone; with its date if there is room.
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

    /// An instant of the run, to the second; with milliseconds if it has any.
    #[must_use]
    pub fn time(&self, at: Timestamp) -> String {
        let form = if at.subsec_millisecond() == 0 { "%H:%M:%S" } else { "%H:%M:%S%.3f" };
        let there = at.to_zoned(self.zone.clone());
        let date = if there.date() == self.day { "" } else { "%F " };
        there.strftime(&format!("{date}{form}")).to_string() + &self.unless_clear(at)
    }

    /// The same without milliseconds.
    #[must_use]
    pub fn second(&self, at: Timestamp) -> String {
        self.time(Timestamp::from_second(at.as_second()).unwrap_or(at))
    }

    /// The instant `after` seconds from now, to the second.
    #[must_use]
    pub fn time_to_second(&self, after: f64) -> String {
        self.second(self.after(after))
    }

    /// The same for an axis that ends now, without the date.
    #[must_use]
    pub fn tick(&self, after: f64, seconds: bool) -> String {
        let at = self.after(after);
        let form = if seconds { "%H:%M:%S" } else { "%H:%M" };
        at.to_zoned(self.zone.clone()).strftime(form).to_string() + &self.unless_clear(at)
    }

    /// An instant in full.
    #[must_use]
    pub fn exact(&self, at: Timestamp) -> String {
        format!("{} {}", at.to_zoned(self.zone.clone()).strftime("%F %H:%M:%S%.3f"), self.word(at))
    }

    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a run")]
    fn after(&self, seconds: f64) -> Timestamp {
        let (now, by) = (self.now.timestamp(), jiff::SignedDuration::from_millis((seconds * 1e3).round() as i64));
        now.checked_add(by).unwrap_or(now)
    }

    /// Seconds since local midnight, used to find round times.
    #[must_use]
    pub fn since_midnight(&self) -> f64 {
        let (hour, minute, second) = (self.now.hour(), self.now.minute(), self.now.second());
        let whole = f64::from(hour) * 3600.0 + f64::from(minute) * 60.0 + f64::from(second);
        whole + f64::from(self.now.subsec_nanosecond()) / 1e9
    }

    /// The zone at an instant, if the time alone is ambiguous.
    fn unless_clear(&self, at: Timestamp) -> String {
        let (_, offset) = abbreviation(&self.zone, at);
        let clear = self.ends.iter().all(|(_, other)| *other == offset);
        if clear { String::new() } else { format!(" {}", self.word(at)) }
    }

    /// The zone's abbreviation at an instant, or its offset if it has no abbreviation that distinguishes its offsets.
    fn word(&self, at: Timestamp) -> String {
        let (word, offset) = abbreviation(&self.zone, at);
        let clear = word.starts_with(char::is_alphabetic) && !self.ends.iter().any(|(w, o)| *w == word && *o != offset);
        if clear { word } else { at.to_zoned(self.zone.clone()).strftime("%:z").to_string() }
    }

    /// The detail with its instants in the selected zone, so that they are sorted, filtered and cut as shown; the same
    /// `Arc` if it has none.
    #[must_use]
    pub fn detail(&self, detail: &Arc<Detail>) -> Arc<Detail> {
        let rows = || detail.tables.iter().flat_map(|table| table.rows.iter()).flat_map(|row| row.cells.iter());
        let instant = |cell: &Cell| matches!(cell.key, Key::Instant(_));
        if !detail.fields.iter().map(|(_, cell)| cell).chain(rows()).any(instant) {
            return detail.clone();
        }
        let mut own = Detail::clone(detail);
        let cells = own
            .tables
            .iter_mut()
            .flat_map(|table| Arc::make_mut(&mut table.rows))
            .flat_map(|row| Arc::make_mut(&mut row.cells));
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

/// The zone's abbreviation at an instant, and its offset from UTC in seconds.
fn abbreviation(zone: &TimeZone, at: Timestamp) -> (String, i32) {
    let info = zone.to_offset_info(at);
    (info.abbreviation().to_owned(), info.offset().seconds())
}

#[cfg(test)]
mod tests;
