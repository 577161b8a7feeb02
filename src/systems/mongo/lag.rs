//! How far a member is behind the primary: the age of the oldest operation that it has not applied yet.
//!
//! The difference of two "last applied" times is wrong in both directions: an idle set writes a no-op about every ten seconds, so that a
//! member shows a false lag of ten seconds until it has that no-op; and each primary's times are by its own clock. So the primary's
//! positions are recorded against *our* clock, and a member's own position is looked up there. A member that is level has no lag,
//! however long ago the last write was.

use std::{collections::VecDeque, time::Duration};

use super::facts::OpTime;

/// A position of the primary's oplog, and the first and last time it was observed there (boot clock).
#[derive(Debug, Clone, Copy)]
struct Progress {
    at: OpTime,
    seen: Duration,
    until: Duration,
}

/// The primary's recent positions. Kept when the primary changes: positions continue, by term, and no foreign clock is recorded.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks(VecDeque<Progress>);

/// Positions kept. The older half is thinned: at two a second they reach back for hours.
const MARKS: usize = 256;

/// How far behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lag {
    /// Exactly this far.
    Is(Duration),
    /// At least this far: the recorded positions do not reach back to the member's.
    AtLeast(Duration),
}

impl Lag {
    pub(super) const fn least(self) -> Duration {
        match self {
            Self::Is(d) | Self::AtLeast(d) => d,
        }
    }
}

impl std::fmt::Display for Lag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Is(d) if d.is_zero() => f.pad("0s"),
            Self::Is(d) => f.pad(&base::now::short(*d)),
            Self::AtLeast(d) => f.pad(&format!("≥ {}", base::now::short(*d))),
        }
    }
}

impl Marks {
    /// The primary was observed at position `at` at time `boot`.
    pub(super) fn push(&mut self, boot: Duration, at: OpTime) {
        match self.0.back_mut() {
            Some(last) if last.at == at => last.until = last.until.max(boot),
            // Observations of two queries to one primary can arrive out of order. A difference that lasts longer is a new history (the set
            // was created again), and no old position compares with it.
            Some(last) if last.at > at => {
                if boot.saturating_sub(last.until) > OUT_OF_ORDER {
                    self.0.clear();
                    self.0.push_back(Progress { at, seen: boot, until: boot });
                }
            }
            _ => self.0.push_back(Progress { at, seen: boot, until: boot }),
        }
        if self.0.len() > MARKS {
            let mut i = 0;
            self.0.retain(|_| {
                i += 1;
                i > MARKS / 2 || i % 2 == 1
            });
        }
    }

    /// The lag at `boot` of a member at position `at`; `written` is when the primary wrote the member's last operation, on our clock.
    /// None before the primary has been observed.
    ///
    /// The oldest operation that the member is missing was written after the primary was last observed at the member's position, and after
    /// the member's own last operation: the later of the two is the answer. So lag is never understated, and is overstated by no more than
    /// the interval between the primary's positions (half a second).
    pub(super) fn lag(&self, at: OpTime, boot: Duration, written: Option<Duration>) -> Option<Lag> {
        let newest = self.0.back()?;
        if newest.at <= at {
            return Some(Lag::Is(Duration::ZERO));
        }
        let next = self.0.iter().position(|m| m.at > at)?;
        // An operation that the primary was first observed to have after the member's observation may have been written after it, too.
        if self.0[next].seen > boot && next > 0 && self.0[next - 1].until + SLACK >= boot {
            return Some(Lag::Is(Duration::ZERO));
        }
        let level = next.checked_sub(1).map(|i| self.0[i].until);
        Some(match (level, written) {
            (Some(level), written) => Lag::Is(boot.saturating_sub(level.max(written.unwrap_or_default()))),
            (None, Some(written)) => Lag::Is(boot.saturating_sub(written)),
            (None, None) => Lag::AtLeast(boot.saturating_sub(self.0[next].seen)),
        })
    }
}

/// Positions closer together than this count as one moment: the primary is observed every half second.
const SLACK: Duration = Duration::from_millis(600);
/// Observations of one primary arrive out of order by less than this.
const OUT_OF_ORDER: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    const fn op(secs: u32) -> OpTime {
        OpTime { term: 1, secs, inc: 1 }
    }
    const fn s(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }
    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn level_is_no_lag_however_old_the_last_write() {
        let mut marks = Marks::default();
        marks.push(s(10), op(10));
        marks.push(s(900), op(10));
        assert_eq!(marks.lag(op(10), s(900), Some(s(10))), Some(Lag::Is(Duration::ZERO)));
    }

    #[test]
    fn an_idle_sets_no_op_is_not_ten_seconds_of_lag() {
        let mut marks = Marks::default();
        for half in 0..20 {
            marks.push(ms(half * 500), op(0));
        }
        marks.push(s(10), op(10));
        // The member is where the primary was half a second ago; its last operation is ten seconds old.
        let Some(Lag::Is(lag)) = marks.lag(op(0), s(10), Some(s(0))) else { panic!("no lag") };
        assert!(lag <= ms(500), "{lag:?}");
    }

    #[test]
    fn a_member_that_stands_still_under_load_falls_behind_in_full() {
        let mut marks = Marks::default();
        for t in 0..60 {
            marks.push(s(u64::from(t)), op(t));
        }
        assert_eq!(marks.lag(op(19), s(59), Some(s(19))), Some(Lag::Is(s(40))));
        // Between two recorded positions the member's own last write is the closer bound.
        assert_eq!(marks.lag(op(19), s(59), Some(ms(19_600))), Some(Lag::Is(ms(39_400))));
    }

    #[test]
    fn before_the_first_mark_it_is_at_least_that() {
        let mut marks = Marks::default();
        assert_eq!(marks.lag(op(1), s(1), None), None);
        marks.push(s(100), op(100));
        marks.push(s(130), op(130));
        assert_eq!(marks.lag(op(50), s(130), None), Some(Lag::AtLeast(s(30))));
        assert_eq!(marks.lag(op(50), s(130), Some(s(50))), Some(Lag::Is(s(80))));
    }

    #[test]
    fn a_new_primary_goes_on_and_thinning_keeps_the_ends() {
        let mut marks = Marks::default();
        for t in 0..2000 {
            marks.push(s(u64::from(t)), OpTime { term: i64::from(t / 1000), secs: t, inc: 1 });
        }
        assert!(marks.0.len() <= MARKS + 1);
        let old = OpTime { term: 1, secs: 1990, inc: 1 };
        assert_eq!(marks.lag(old, s(1999), Some(s(1990))), Some(Lag::Is(s(9))));
        assert!(marks.lag(op(100), s(1999), Some(s(100))).is_some_and(|l| l.least() > s(1800)));
    }

    #[test]
    fn an_answer_out_of_order_changes_nothing() {
        let mut marks = Marks::default();
        marks.push(s(1), op(1));
        marks.push(s(3), op(3));
        marks.push(s(2), op(2));
        assert_eq!(marks.lag(op(3), s(3), None), Some(Lag::Is(Duration::ZERO)));
        // A set that was created again starts at its first term.
        let anew = OpTime { term: 0, secs: 60, inc: 1 };
        marks.push(s(60), anew);
        assert_eq!(marks.lag(anew, s(60), None), Some(Lag::Is(Duration::ZERO)));
        assert_eq!(marks.0.len(), 1);
    }
}
