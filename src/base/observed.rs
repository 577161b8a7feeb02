//! A value that is only accessible together with its age: [`Reading`] stores it, [`Observed`] is the only way to read it.
//!
//! Fail closed is built from the operations here: a value that is joined from several readings is only as fresh as the worst of them.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    now::{Age, Now},
    text::Foreign,
};

/// The kind of a fault of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// No connection: refused or reset by the other side.
    Unreachable,
    /// No answer in time, or no route.
    TimedOut,
    /// The server knows our identity and refuses the request: login, permission.
    Refused,
    /// Our identity is not accepted: no keys, expired keys, a region that does not know the account, a wrong clock.
    Unauthenticated,
    /// The server throttles.
    Throttled,
    /// It answered, but nothing exists where the plan names something.
    Empty,
    /// Its answer is impossible or cannot be parsed.
    Malformed,
    /// What the plan names does not exist there, or a name does not resolve.
    NotFound,
    /// This build or this server cannot do it.
    Unsupported,
    /// It answered, and the observed thing gets no requests: a ratio of nothing has no value, and none is expected.
    NoTraffic,
    /// No answer for longer than the collector may be silent, and no fault was reported.
    Silent,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Unreachable,
        Self::TimedOut,
        Self::Refused,
        Self::Unauthenticated,
        Self::Throttled,
        Self::Empty,
        Self::Malformed,
        Self::NotFound,
        Self::Unsupported,
        Self::NoTraffic,
        Self::Silent,
    ];

    /// The word on screen and in `--json`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "UNREACHABLE",
            Self::TimedOut => "TIMED OUT",
            Self::Refused => "REFUSED",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Throttled => "THROTTLED",
            Self::Empty => "EMPTY",
            Self::Malformed => "MALFORMED",
            Self::NotFound => "NOT FOUND",
            Self::Unsupported => "UNSUPPORTED",
            Self::NoTraffic => "NO TRAFFIC",
            Self::Silent => "SILENT",
        }
    }
}

/// Why a query has no answer. Cheap to clone: it is copied into every reading and cell that depends on the collector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The kind.
    pub kind: FaultKind,
    /// Server, call and the server's own message.
    pub text: Foreign,
    /// The host itself refused the connection: nothing listens there. False also where that is not known; a connection that is closed or
    /// reset may have been ended by the network.
    #[serde(skip)]
    pub connection_refused: bool,
}

impl Fault {
    /// A fault with the server's message.
    pub fn new(kind: FaultKind, text: impl AsRef<str>) -> Self {
        Self { kind, text: Foreign::new(text), connection_refused: false }
    }

    /// A connection that the host itself refused.
    pub fn connection_refused(text: impl AsRef<str>) -> Self {
        Self { connection_refused: true, ..Self::new(FaultKind::Unreachable, text) }
    }

    /// No answer for too long, and no other fault known.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(FaultKind::Silent, "no reply for too long")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.word(), self.text)
    }
}

impl std::error::Error for Fault {}

/// How long an answer is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Freshness {
    /// Older than this: stale.
    pub stale: Duration,
    /// Older than this: unknown.
    pub blind: Duration,
}

impl Freshness {
    /// Stale after three poll intervals, unknown after six.
    #[must_use]
    pub const fn of_interval(interval: Duration) -> Self {
        Self { stale: interval.saturating_mul(3), blind: interval.saturating_mul(6) }
    }
}

/// When an answer came and how long it is valid: a collector stamps all its observations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When it was read.
    pub at: Now,
    /// How long it is valid.
    pub fresh: Freshness,
}

/// A value as it may be used now. A value of the estate is only accessible through these four variants.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed<T> {
    /// Read recently, and the last attempt succeeded.
    #[serde(rename = "live")]
    Fresh(T, Age),
    /// The last known value: too old, or the last attempt failed. Must not be used for a decision.
    Stale(T, Age),
    /// Too old to be shown as a value.
    #[serde(rename = "blind")]
    Unknown(Fault),
    /// Never read, and no fault yet.
    #[serde(rename = "never")]
    Pending,
}

/// The state of an observed value, without the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// [`Observed::Fresh`].
    Fresh,
    /// [`Observed::Stale`].
    Stale,
    /// [`Observed::Unknown`].
    Unknown,
    /// [`Observed::Pending`].
    Pending,
}

impl<T> Observed<T> {
    /// Its state.
    pub const fn worth(&self) -> Worth {
        match self {
            Self::Fresh(..) => Worth::Fresh,
            Self::Stale(..) => Worth::Stale,
            Self::Unknown(_) => Worth::Unknown,
            Self::Pending => Worth::Pending,
        }
    }

    /// The value, if it may be used for a decision.
    pub fn fresh(self) -> Option<T> {
        match self {
            Self::Fresh(t, _) => Some(t),
            _ => None,
        }
    }

    /// The value for display, fresh or stale.
    pub fn shown(self) -> Option<T> {
        match self {
            Self::Fresh(t, _) | Self::Stale(t, _) => Some(t),
            _ => None,
        }
    }

    /// Whether it may be used for a decision.
    pub const fn is_fresh(&self) -> bool {
        matches!(self, Self::Fresh(..))
    }

    /// Age of the value, where there is one.
    pub const fn age(&self) -> Option<Age> {
        match self {
            Self::Fresh(_, a) | Self::Stale(_, a) => Some(*a),
            _ => None,
        }
    }

    /// A value derived from this one, equally fresh.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Observed<U> {
        self.and_then(|t| Ok(f(t)))
    }

    /// As [`Self::map`], where the result may be no reading (a missing field, a ratio of nothing).
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Result<U, Fault>) -> Observed<U> {
        match self {
            Self::Fresh(t, a) => f(t).map_or_else(Observed::Unknown, |u| Observed::Fresh(u, a)),
            Self::Stale(t, a) => f(t).map_or_else(Observed::Unknown, |u| Observed::Stale(u, a)),
            Self::Unknown(w) => Observed::Unknown(w),
            Self::Pending => Observed::Pending,
        }
    }

    /// Both together: as fresh as the worse, as old as the older.
    pub fn zip<U>(self, other: Observed<U>) -> Observed<(T, U)> {
        use Observed::{Fresh, Pending, Stale, Unknown};
        match (self, other) {
            (Fresh(a, x), Fresh(b, y)) => Fresh((a, b), x.max(y)),
            (Fresh(a, x) | Stale(a, x), Fresh(b, y) | Stale(b, y)) => Stale((a, b), x.max(y)),
            (Unknown(w), _) | (_, Unknown(w)) => Unknown(w),
            (Pending, _) | (_, Pending) => Pending,
        }
    }

    /// All of several: as fresh as the worst. No items at all is [`Observed::Pending`], not an empty success.
    pub fn all(items: impl IntoIterator<Item = Self>) -> Observed<Vec<T>> {
        items
            .into_iter()
            .map(|s| s.map(|t| vec![t]))
            .reduce(|a, b| {
                a.zip(b).map(|(mut a, mut b)| {
                    a.append(&mut b);
                    a
                })
            })
            .unwrap_or(Observed::Pending)
    }

    /// A borrowed view of it.
    pub fn as_ref(&self) -> Observed<&T> {
        match self {
            Self::Fresh(t, a) => Observed::Fresh(t, *a),
            Self::Stale(t, a) => Observed::Stale(t, *a),
            Self::Unknown(w) => Observed::Unknown(w.clone()),
            Self::Pending => Observed::Pending,
        }
    }
}

impl<T: Clone> Observed<&T> {
    /// An owned copy.
    pub fn cloned(self) -> Observed<T> {
        self.map(T::clone)
    }
}

/// The last answer to one query, and the fault of the last attempt.
#[derive(Debug, Clone)]
pub struct Reading<T> {
    value: Option<(T, Stamp)>,
    fault: Option<Fault>,
}

impl<T> Default for Reading<T> {
    fn default() -> Self {
        Self { value: None, fault: None }
    }
}

impl<T> Reading<T> {
    /// Takes an answer.
    pub fn set(&mut self, value: T, stamp: Stamp) {
        self.value = Some((value, stamp));
        self.fault = None;
    }

    /// Takes the same answer again.
    pub fn again(&mut self, stamp: Stamp) {
        if let Some((_, last)) = &mut self.value {
            *last = stamp;
            self.fault = None;
        }
    }

    /// The query failed: the last value is stale from now on.
    pub fn fail(&mut self, fault: &Fault) {
        self.fault = Some(fault.clone());
    }

    /// The value as it may be used at `now`.
    pub fn at(&self, now: Now) -> Observed<&T> {
        match (&self.value, &self.fault) {
            (None, None) => Observed::Pending,
            (None, Some(f)) => Observed::Unknown(f.clone()),
            (Some((v, s)), fault) => {
                let age = now.since(s.at);
                if age > s.fresh.blind {
                    Observed::Unknown(fault.clone().unwrap_or_else(Fault::silent))
                } else if fault.is_some() || age > s.fresh.stale {
                    Observed::Stale(v, Age(age))
                } else {
                    Observed::Fresh(v, Age(age))
                }
            }
        }
    }

    /// Why the last attempt failed; none if it succeeded, or there was none.
    pub const fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// The stored value with its stamp: for slopes and transitions, which use two readings and both times. Not for display.
    pub fn last(&self) -> Option<(&T, Stamp)> {
        self.value.as_ref().map(|(v, s)| (v, *s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Now {
        Now { boot: Duration::from_secs(s), wall: jiff::Timestamp::UNIX_EPOCH }
    }

    fn reading(value: i32, s: u64) -> Reading<i32> {
        let mut r = Reading::default();
        r.set(value, Stamp { at: at(s), fresh: Freshness::of_interval(Duration::from_secs(2)) });
        r
    }

    #[test]
    fn a_reading_goes_live_stale_blind_by_age_alone() {
        let r = reading(7, 100);
        assert_eq!(r.at(at(106)), Observed::Fresh(&7, Age(Duration::from_secs(6))));
        assert_eq!(r.at(at(107)), Observed::Stale(&7, Age(Duration::from_secs(7))));
        assert_eq!(r.at(at(113)), Observed::Unknown(Fault::silent()));
    }

    #[test]
    fn a_failed_attempt_makes_what_was_known_stale_at_once_and_an_answer_heals_it() {
        let mut r = reading(7, 100);
        r.fail(&Fault::new(FaultKind::TimedOut, "x"));
        assert!(matches!(r.at(at(100)), Observed::Stale(&7, _)));
        assert!(matches!(r.at(at(120)), Observed::Unknown(Fault { kind: FaultKind::TimedOut, .. })));
        r.set(8, Stamp { at: at(121), fresh: Freshness::of_interval(Duration::from_secs(2)) });
        assert!(r.at(at(121)).is_fresh());
    }

    #[test]
    fn never_asked_and_never_answered_are_told_apart() {
        let mut r = Reading::<i32>::default();
        assert_eq!(r.at(at(0)), Observed::Pending);
        r.fail(&Fault::new(FaultKind::Refused, "no"));
        assert!(matches!(r.at(at(0)), Observed::Unknown(_)));
    }

    #[test]
    fn joined_values_are_as_good_as_the_worst_and_as_old_as_the_oldest() {
        let a = || Observed::Fresh(1, Age(Duration::from_secs(1)));
        let b = || Observed::Stale(2, Age(Duration::from_secs(9)));
        let blind = || Observed::<i32>::Unknown(Fault::silent());
        assert_eq!(a().zip(b()), Observed::Stale((1, 2), Age(Duration::from_secs(9))));
        assert!(matches!(b().zip(blind()), Observed::Unknown(_)));
        assert_eq!(a().zip(Observed::<i32>::Pending), Observed::Pending);
        assert!(matches!(Observed::<i32>::Pending.zip(blind()), Observed::Unknown(_)));
        assert_eq!(Observed::all([a(), b()]), Observed::Stale(vec![1, 2], Age(Duration::from_secs(9))));
        assert_eq!(Observed::<i32>::all([]), Observed::Pending);
    }
}
