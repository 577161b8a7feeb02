//! Instants that are easily ambiguous: at midnight, when the clocks change, in zones without a name.

use super::*;
use base::view::{Column, Row, Table};

/// Summer time ends on 2026-10-25 at 01:00 UTC and began on 2026-03-29 at 01:00 UTC. Given as a POSIX rule, so that
/// the test needs no time zone database.
fn berlin() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone")
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|why| panic!("{text}: {why}"))
}

fn clock(zone: &TimeZone, started: &str, now: &str) -> Clock {
    Clock::new(zone, at(started), at(now))
}

#[test]
fn the_head_says_which_zone_it_is() {
    let (started, now) = ("2026-11-21T03:00:00Z", "2026-11-21T03:12:05.7Z");
    let head = |zone: &TimeZone| [true, false].map(|long| clock(zone, started, now).head(long));
    assert_eq!(head(&TimeZone::UTC), ["2026-11-21 03:12:05 UTC", "03:12:05 UTC"]);
    assert_eq!(head(&berlin()), ["2026-11-21 04:12:05 CET +01:00", "04:12:05 CET"]);
    let nameless = TimeZone::posix("<-0330>3:30").expect("a zone");
    assert_eq!(head(&nameless), ["2026-11-20 23:42:05 -03:30", "23:42:05 -03:30"], "its name is its offset");
    let fixed = TimeZone::fixed(jiff::tz::offset(8));
    assert_eq!(head(&fixed), ["2026-11-21 11:12:05 +08:00", "11:12:05 +08:00"]);
}

#[test]
fn a_time_stands_alone_on_the_runs_day_and_has_its_date_on_others() {
    let utc = clock(&TimeZone::UTC, "2026-11-21T22:00:00Z", "2026-11-22T01:00:00Z");
    assert_eq!(utc.time(at("2026-11-21T23:59:59Z")), "23:59:59");
    assert_eq!(utc.time(at("2026-11-22T00:00:00Z")), "2026-11-22 00:00:00");
    assert_eq!(utc.time(at("2026-11-20T23:59:59.250Z")), "2026-11-20 23:59:59.250");
    // In Berlin the same run began an hour before midnight.
    let berlin = clock(&berlin(), "2026-11-21T22:00:00Z", "2026-11-22T01:00:00Z");
    assert_eq!(berlin.time(at("2026-11-21T22:59:59Z")), "23:59:59");
    assert_eq!(berlin.time(at("2026-11-21T23:59:59Z")), "2026-11-22 00:59:59");
}

#[test]
fn of_the_hour_that_comes_twice_each_time_says_which_it_is_of() {
    let (started, first, second) = ("2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z");
    let before = clock(&berlin(), started, "2026-10-25T00:45:00Z");
    assert_eq!(before.time(at(first)), "02:30:00", "the clocks have not been changed yet");
    assert_eq!(before.time(at(second)), "02:30:00 CET", "by then they will have been");
    let after = clock(&berlin(), started, "2026-10-25T01:45:00Z");
    assert_eq!(after.head(false), "02:45:00 CET");
    assert_eq!(after.time(at(first)), "02:30:00 CEST");
    assert_eq!(after.time(at(second)), "02:30:00 CET", "nothing stands alone in such a run");
    assert_eq!([-4500.0, -900.0].map(|s| after.tick(s, false)), ["02:30 CEST", "02:30 CET"]);
    assert_eq!([-4500.0, -900.0].map(|s| after.time_to_second(s)), ["02:30:00 CEST", "02:30:00 CET"]);
}

#[test]
fn the_hour_that_is_skipped_is_never_said() {
    let spring = clock(&berlin(), "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z");
    assert_eq!(spring.time(at("2026-03-29T00:59:59Z")), "01:59:59 CET");
    assert_eq!(spring.time(at("2026-03-29T01:00:00Z")), "03:00:00 CEST");
    for second in 0..3600 {
        let message = spring.tick(-f64::from(second), true);
        assert!(!message.starts_with("02:"), "{message}");
    }
}

#[test]
fn offsets_of_one_name_are_told_apart_by_the_offset() {
    let zone = TimeZone::posix("EST-10EST,M10.1.0,M4.1.0/3").expect("a zone");
    // Summer time ends there on 2026-04-05 at 03:00, which is 16:00 UTC on the day before.
    let run = clock(&zone, "2026-04-04T15:00:00Z", "2026-04-04T16:30:00Z");
    assert_eq!(run.head(false), "02:30:00 +10:00");
    assert_eq!(run.time(at("2026-04-04T15:30:00Z")), "02:30:00 +11:00");
    assert_eq!(run.time(at("2026-04-04T16:30:00Z")), "02:30:00 +10:00");
}

#[test]
fn a_details_instants_sort_as_instants_and_are_found_as_they_are_read() {
    let run = clock(&berlin(), "2026-11-21T03:00:00Z", "2026-11-21T03:12:05Z");
    let instant = |text: &str| Cell::instant(at(text)).tone(base::view::Tone::Muted);
    let row = |text: &str| Row::new(text, [instant(text)]);
    let rows = vec![row("2026-11-21T03:10:00.9Z"), row("2026-11-20T23:30:00Z"), row("2026-11-20T22:30:00Z")];
    let columns = vec![Column::text("at", "at", 8)];
    let table = Table { id: "t", title: "t".into(), columns, rows: rows.into(), empty: "" };
    let fields = vec![("applied".into(), Cell::instant_ms(at("2026-11-21T03:10:00.25Z")))];
    let detail = Arc::new(Detail { title: "d".to_owned(), fields, curves: vec![], tables: vec![table] });
    assert_eq!(detail.tables[0].rows[0].cells[0].text, "2026-11-21T03:10:00Z", "for machines it is UTC");
    let own = run.detail(&detail);
    let cells: Vec<&Cell> = own.tables[0].rows.iter().map(|row| &row.cells[0]).collect();
    let texts: Vec<&str> = cells.iter().map(|cell| cell.text.as_ref()).collect();
    assert_eq!(texts, ["04:10:00", "00:30:00", "2026-11-20 23:30:00"]);
    assert_eq!(cells[0].tone, base::view::Tone::Muted);
    assert_eq!(own.fields[0].1.text, "04:10:00.250");
    let sort = Some(crate::order::Sort { column: 0, descending: false });
    let order = crate::rows::Rows::of(&own.tables[0], &[], "", sort, None).order;
    assert_eq!(order, [2, 1, 0], "not as the texts are");
    let nothing = Arc::new(Detail { fields: vec![], tables: vec![], ..Detail::clone(&detail) });
    assert!(Arc::ptr_eq(&run.detail(&nothing), &nothing));
}

#[test]
fn lines_for_machines_have_the_whole_instant() {
    let now = at("2026-11-21T03:00:00.9Z");
    assert_eq!(stamp(now, &TimeZone::UTC), "2026-11-21T03:00:00Z");
    assert_eq!(stamp(now, &berlin()), "2026-11-21T04:00:00+01:00");
    assert_eq!(
        clock(&berlin(), "2026-11-21T03:00:00Z", "2026-11-21T03:00:00Z").exact(now),
        "2026-11-21 04:00:00.900 CET"
    );
}

#[test]
fn one_switches_between_utc_and_the_zone_that_was_named_or_the_machines_own() {
    let shown = |time: &Time, machine: Option<TimeZone>| {
        let mut zones = Zones::new(time, move || machine);
        let first = zones.shown();
        zones.switch();
        let why = zones.why_not().map(str::to_owned);
        (first, zones.shown(), why.is_none())
    };
    let (utc, tokyo) = (TimeZone::UTC, TimeZone::posix("JST-9").expect("a zone"));
    assert_eq!(shown(&Time::Utc, Some(tokyo.clone())), (utc.clone(), tokyo.clone(), true));
    assert_eq!(shown(&Time::Local, Some(tokyo.clone())), (tokyo.clone(), utc.clone(), true));
    assert_eq!(shown(&Time::Of(berlin()), Some(tokyo)), (berlin(), utc.clone(), true));
    assert_eq!(shown(&Time::Of(berlin()), None), (berlin(), utc.clone(), true));
    for machine in [None, Some(utc.clone())] {
        assert_eq!(shown(&Time::Local, machine.clone()), (utc.clone(), utc.clone(), false));
        assert_eq!(shown(&Time::Utc, machine), (utc.clone(), utc.clone(), false));
    }
}
