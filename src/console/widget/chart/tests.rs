//! Charts and their axes.

use ratatui::layout::Rect;

use super::{axis::words, *};
use crate::Themes;
use base::signal::Unit;
use engine::run::Milestone;

fn line(side: Option<Side>, points: &[(f64, f64)]) -> Line {
    let label = side.map_or("OHI", |s| if s == Side::Source { "VIR" } else { "ORE" });
    Line { label: label.to_owned(), side, points: points.to_vec(), signals: Vec::new() }
}

fn ramp(from: i32, to: i32, value: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    (from..=to).step_by(5).map(|t| (f64::from(t), value(f64::from(t)))).collect()
}

fn drawn(lines: Vec<Line>, limits: &[Limit], marks: &[Mark]) -> Vec<String> {
    let curve = Curve { lines, ..Curve::new("lag", Unit::Seconds) };
    let theme = Themes::default().load("night", crate::Depth::None).expect("built in");
    let mut buf = Buffer::empty(Rect::new(0, 0, 60, 12));
    let [started, now] = ["2026-11-21T02:50:00Z", "2026-11-21T03:12:05Z"].map(|at| at.parse().expect("a time"));
    let clock = Clock::new(&jiff::tz::TimeZone::UTC, started, now);
    draw(buf.area, &mut buf, Plot { curve: &curve, limits, marks, clock: &clock }, &theme);
    let row = |y| (0..60).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..12).map(row).collect()
}

fn has_dots(text: &str) -> bool {
    text.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c))
}

#[test]
fn axes_limits_and_marks_stand_where_they_belong() {
    let lag = ramp(-600, 0, |t| 8.0 + t / 100.0);
    let limits = [Limit { value: 10.0, label: "≤ 10 s go".to_owned() }];
    let mark = |at, event| Mark { at, event, what: "login-10".to_owned() };
    let marks = [mark(-300.0, Milestone::Started), mark(-120.0, Milestone::Done), mark(-4000.0, Milestone::Held)];
    let text = drawn(vec![line(Some(Side::Source), &lag)], &limits, &marks);
    assert!(text[0].starts_with("─ lag  ⠤⠤⠤ VIR ─"), "{}", text[0]);
    assert!(text[1].starts_with("10s┤┄ ≤ 10 s go ┄") && text[1].ends_with('┄'), "{}", text[1]);
    assert!(text[8].starts_with("  0┤"), "{}", text[8]);
    assert_eq!(text[9].chars().filter(|c| *c == '▸').count(), 1, "{}", text[9]);
    assert_eq!(text[9].chars().position(|c| c == '▸'), Some(4 + 28), "half of the way");
    assert!(text[10].ends_with("now"), "{}", text[10]);
    // 03:05 and 03:10 are 425 and 125 seconds ago, of 600 in 56 cells.
    for (time, ago) in [("03:05", 425), ("03:10", 125)] {
        let middle = text[10].find(time).map(|at| at + 2);
        assert_eq!(middle, Some(4 + (600 - ago) * 56 / 600), "{}", text[10]);
    }
    assert_eq!(text[11], "● login-10 done 03:10:05 (-2m)", "what has no room is not shown");
    let text = drawn(vec![line(Some(Side::Source), &lag)], &limits, &marks[..1]);
    assert_eq!(text[11], "▸ login-10 started 03:07:05 (-5m)", "nor what is older than the axis");
}

#[test]
fn a_gap_is_not_bridged_and_a_stale_end_is_marked() {
    let mut lag = ramp(-600, -400, |_| 5.0);
    lag.extend(ramp(-200, -100, |_| 5.0));
    let text = drawn(vec![line(Some(Side::Source), &lag)], &[], &[]);
    let row = text.iter().skip(1).find(|t| has_dots(t)).expect("a line");
    let dots: Vec<bool> = row.chars().skip(4).map(|c| has_dots(&c.to_string())).collect();
    let width = 60 - 4;
    let at = |share: f64| (share * f64::from(width)) as usize;
    assert!(dots[at(0.1)] && dots[at(0.75)], "{row}");
    assert!(!dots[at(0.5)], "nothing is known there: {row}");
    assert!(row.ends_with('◌') && row.chars().count() < 56, "it ends before now: {row}");
    let fresh = drawn(vec![line(Some(Side::Source), &ramp(-600, 0, |_| 5.0))], &[], &[]);
    assert!(!fresh.concat().contains('◌'));
}

#[test]
fn older_samples_are_kept_in_coarser_grain_and_are_no_gaps() {
    let mut points: Vec<(f64, f64)> = (-40..-10).map(|m| (f64::from(m) * 60.0, 1.0)).collect();
    points.extend(ramp(-600, -300, |_| 1.0));
    points.extend(ramp(-200, 0, |_| 1.0));
    let lengths: Vec<usize> = segments(&points).iter().map(|s| s.len()).collect();
    assert_eq!(lengths, [30 + 61, 41]);
    assert_eq!(segments(&[(0.0, 1.0), (1.0, f64::NAN), (2.0, 1.0)]).len(), 2);
    assert!(segments(&[]).concat().is_empty());
}

#[test]
fn sides_are_told_apart_without_colour() {
    let flat = ramp(-600, 0, |_| 5.0);
    let dots = |side| {
        let text = drawn(vec![line(side, &flat)], &[], &[]);
        text.iter()
            .skip(1)
            .flat_map(|t| t.chars())
            .filter(|c| ('\u{2801}'..='\u{28ff}').contains(c))
            .map(|c| (c as u32 & 0xff).count_ones())
            .sum::<u32>()
    };
    let (source, target, third) = (dots(Some(Side::Source)), dots(Some(Side::Target)), dots(None));
    assert!(source > target && target > third && third > 0, "{source} {target} {third}");
}

#[test]
fn a_limit_far_off_is_said_and_not_drawn() {
    let limits = [Limit { value: 1000.0, label: "≤ 1000 s go".to_owned() }];
    let text = drawn(vec![line(Some(Side::Target), &ramp(-600, 0, |_| 2.0))], &limits, &[]);
    assert!(text[1].starts_with("2s┤") && text[1].contains(" ↑ ≤ 1000 s go "), "{}", text[1]);
    assert!(!text.concat().contains('┄'));
}

#[test]
fn values_are_round() {
    let ticks = |range, unit, rows| {
        let scale = value_scale(range, &[], unit, rows);
        scale.ticks.into_iter().map(|t| t.1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ticks((0.0, 0.0), Unit::Count, 9), "0 1");
    assert_eq!(ticks((3.0, 16_700.0), Unit::Count, 9), "0 10k 20k");
    assert_eq!(ticks((0.2, 0.9), Unit::Ratio, 9), "0 % 50 % 100 %");
    assert_eq!(ticks((1.0, 250.0), Unit::Seconds, 12), "0 2m 4m 6m");
    assert_eq!(ticks((0.0, 0.9), Unit::Seconds, 9), "0 500ms 1s");
    assert_eq!(ticks((0.0, 3e9), Unit::Bytes, 9), "0B 1GiB 2GiB 3GiB");
    assert_eq!(words(12_500.0, Unit::PerSecond), "12.5k/s");
    assert_eq!([ago(-90.0), ago(-300.0), ago(-5400.0), ago(-0.2)], ["-1m30s", "-5m", "-1h30m", "now"]);
}
