//! The two clocks of the engine: one that never jumps, and the wall clock.
//!
//! Nothing here reads a clock; the drivers do, and pass the time with every input.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment, as read from both clocks.
///
/// Ages and windows are computed from `boot`, never from `wall`: a wall clock can be set. `boot` is CLOCK_BOOTTIME, which, unlike the clock
/// behind [`std::time::Instant`] on Linux, continues while the machine sleeps; with the other, a laptop that wakes up would show hours-old
/// data as fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Now {
    /// Time since boot, sleep included.
    pub boot: Duration,
    /// The time of day, UTC.
    pub wall: jiff::Timestamp,
}

impl Now {
    /// How long ago `earlier` was; zero if it was not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.boot.saturating_sub(earlier.boot)
    }
}

/// The age of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Age(pub Duration);

impl std::fmt::Display for Age {
    /// Two significant units at the most: `0.4s`, `12s`, `3m10s`, `2h05m`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&short(self.0))
    }
}

/// A duration as an upper bound: rounded up, never down.
#[must_use]
pub fn short_up(d: Duration) -> String {
    let unit = unit(d);
    short(times(unit, d.as_nanos().div_ceil(unit.as_nanos())))
}

/// A duration as exact as [`short`] shows it: of less than ten seconds to the nearest tenth, else rounded down.
#[must_use]
pub fn as_shown(d: Duration) -> Duration {
    let unit = unit(d);
    let half = if d.as_secs() < 10 { unit / 2 } else { Duration::ZERO };
    times(unit, (d + half).as_nanos() / unit.as_nanos())
}

/// The smallest unit that [`short`] shows of it.
const fn unit(d: Duration) -> Duration {
    match d.as_secs() {
        0..10 => Duration::from_millis(100),
        10..3600 => Duration::from_secs(1),
        3600..86400 => Duration::from_secs(60),
        _ => Duration::from_secs(3600),
    }
}

fn times(unit: Duration, n: u128) -> Duration {
    unit.saturating_mul(u32::try_from(n).unwrap_or(u32::MAX))
}

/// A duration that is estimated from a rate: when a lag is drained, when a role is full. Beyond a day it is `> 1d`: the rate does not last that
/// long, and more digits would claim that it does.
#[must_use]
pub fn estimate(d: Duration) -> String {
    const DAY: Duration = Duration::from_secs(86_400);
    if d > DAY { "> 1d".to_owned() } else { short(d) }
}

/// A duration in at most two units, for cells: `0.4s`, `12s`, `3m10s`, `2h05m`, `3d04h`.
#[must_use]
pub fn short(d: Duration) -> String {
    let d = as_shown(d);
    let s = d.as_secs();
    match s {
        0..10 => format!("{s}.{}s", d.subsec_millis() / 100),
        10..60 => format!("{s}s"),
        60..3600 => format!("{}m{:02}s", s / 60, s % 60),
        3600..86400 => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
        _ => format!("{}d{:02}h", s / 86400, s % 86400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_shown_of_a_duration_is_left_out() {
        for millis in [0, 440, 460, 950, 9_940, 9_960, 10_000, 59_900, 3_599_999, 3_661_000, 86_399_999, 90_061_001] {
            let all = Duration::from_millis(millis);
            let shown = as_shown(all);
            assert_eq!(as_shown(shown), shown, "{all:?}");
            assert_eq!(short(shown), short(all), "{all:?}");
        }
        assert_eq!(as_shown(Duration::from_secs(7_325)), Duration::from_secs(7_320));
    }

    #[test]
    fn an_estimate_ends_at_a_day() {
        let of = |s| estimate(Duration::from_secs(s));
        assert_eq!(
            [of(12), of(86_399), of(86_400), of(86_401), of(9_928_800)],
            ["12s", "23h59m", "1d00h", "> 1d", "> 1d"]
        );
    }
}
