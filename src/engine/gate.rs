//! Gates: conditions of the plan, judged over the signals of each look at the estate. Pure; no step is known here, only colours.
//!
//! A [`Judge`] takes one [`look`](Judge::look) after the other and gives a [`Verdict`] at any time. The rules, fail closed wherever the
//! design leaves it open:
//!
//! * **One look** finds a gate true, false, or *not known*. Not known: no series at all, fewer than the plan expects, a series twice, more
//!   than one where one is meant, any that is not live or too old, a value or a limit that is not a number, too little traffic or traffic
//!   not known. Not known beats false: one series above the limit says nothing while another is missing.
//! * **Too old** is older than `max_age`, or three intervals of the signal's system. Volumes have the three intervals of their own system.
//! * **A window** begins with a true look and is broken by a false one, by one that is not known, by looks or readings of one series further
//!   apart than a reading may be old, and by a series that was not there at the look before (nobody knows what it was like until then).
//!   A series that leaves breaks nothing, as long as there are as many as the plan expects. What a suspended machine leaves is such a gap,
//!   because boot time goes on while it sleeps.
//! * **GREEN** is a window at least as long as `sustain`, from its first look to its last, in which every series was read anew at least
//!   `min_samples` times. Readings differ if their times differ, and counts only if it is later than all before it.
//! * **A clock jump** (the two clocks disagree by more than two seconds about the time between two looks, or boot time goes backwards)
//!   makes what is true not known for that look: not even a gate that has to be true for no time turns green by it.
//! * **Silence** is never green: without a look for as long as a reading may be old, or once what was looked at has become too old, the
//!   verdict is UNKNOWN, for what was false too.
//! * **A waived gate** counts as green until its waiver ends by either clock, whichever comes first. It is judged all the same.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `look.rs` | one look at one gate |
//! | `window.rs` | several looks in a row: for how long it has been true, and how well that is known |
//! | `watch.rs` | one gate over time: its colour, its reasons, when it will be green |
//! | `detail.rs` | one gate with its signal: meaning, value and series now, curve, sources |
//! | `judge.rs` | [`Judge`]: all the gates of a condition, combined |
//! | `verdict.rs` | what comes out |
//! | `text.rs` | values, limits and series in words |

pub(crate) mod detail;
mod judge;
mod look;
#[cfg(test)]
mod tests;
mod text;
mod verdict;
mod watch;
mod window;

use std::time::Duration;

use base::{now::Now, signal::SignalDef};
use plan::Intervals;

pub(crate) use self::watch::Watch;
pub use self::{
    detail::GATES,
    judge::{Judge, NoSuchGate},
    look::Readings,
    text::limit_of_series,
    verdict::{Filled, Fork, Reason, Verdict, is_pending, word_of},
};

/// How far the two clocks may disagree about the time between two looks.
pub const CLOCK_SLACK: Duration = Duration::from_secs(2);

/// How often a signal is measured anew when collectors are asked `pace` times as often as the plan says: the interval of its system.
#[must_use]
pub fn cadence(intervals: &Intervals, def: &SignalDef, pace: f64) -> Duration {
    Duration::try_from_secs_f64(intervals.of(def.cadence).as_secs_f64() / pace).unwrap_or_default()
}

/// By how much the clocks disagree about the time between two moments, if it is more than they may, or boot time went backwards.
fn jump(earlier: Now, later: Now) -> Option<Duration> {
    let wall = later.wall.duration_since(earlier.wall);
    let Some(boot) = later.boot.checked_sub(earlier.boot) else { return Some(earlier.boot - later.boot) };
    let apart = jiff::SignedDuration::try_from(boot).ok().and_then(|boot| wall.checked_sub(boot));
    let apart = apart.map_or(Duration::MAX, jiff::SignedDuration::unsigned_abs);
    (apart > CLOCK_SLACK).then_some(apart)
}
