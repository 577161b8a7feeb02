//! The estate's history: bounded, and no more than a decision or a curve needs.
//!
//! Per pair (group × partition) only the latest value and a [`Slope`] (at most 32 bytes) are kept; whole series ([`Ring`]) only for
//! groups, sets, roles and sites. A hundred thousand pairs of full samples for an hour would be hundreds of MiB.

use std::{collections::VecDeque, time::Duration};

/// A straight line through the last [`WINDOW`] samples: the rate of change in units per second, and its direction.
///
/// Samples and not seconds, so that it suits collectors with an interval of two seconds and of thirty. Nothing older has a weight: after a
/// jump or a turn, what was before must not decide for long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope {
    /// Newest last.
    values: [f32; WINDOW],
    /// How long before the newest each was read, in tenths of a second, so that 16 bits are enough; [`NONE`]: there is none, or it is older.
    before: [u16; WINDOW - 1],
    /// When the newest was read, in tenths of a second of boot time; the largest number: there is none yet.
    at: u32,
}

/// No sample.
const NONE: u16 = u16::MAX;

/// The number of samples; fewer have no direction.
const WINDOW: usize = 5;

/// The share of the variation that the line has to explain (its squared correlation) before it is a direction: of noise alone, about one
/// line in forty explains as much.
const EXPLAINED: f32 = 0.85;

/// A typical change of less than this share of the mean is no direction.
const NOTABLE: f32 = 0.001;

impl Default for Slope {
    fn default() -> Self {
        Self { values: [0.0; WINDOW], before: [NONE; WINDOW - 1], at: u32::MAX }
    }
}

/// The moments of the samples.
struct Moments {
    samples: usize,
    mean: f32,
    var_t: f32,
    var_v: f32,
    cov: f32,
}

impl Slope {
    /// Adds a sample that was read at `boot`.
    pub fn push(&mut self, boot: Duration, value: f64) {
        let at = u32::try_from(boot.as_millis() / 100).unwrap_or(u32::MAX - 1);
        let since = u16::try_from(at.saturating_sub(self.at)).unwrap_or(NONE);
        self.before.rotate_left(1);
        self.before[WINDOW - 2] = if self.at == u32::MAX { NONE } else { 0 };
        self.before.iter_mut().for_each(|before| *before = before.saturating_add(since));
        self.values.rotate_left(1);
        #[expect(clippy::cast_possible_truncation, reason = "a slope needs no more than f32")]
        let value = value as f32;
        self.values[WINDOW - 1] = value;
        self.at = at;
    }

    fn moments(&self) -> Moments {
        let newest = if self.at == u32::MAX { NONE } else { 0 };
        let times = self.before.into_iter().chain([newest]).zip(self.values);
        let all = || times.clone().filter(|(t, _)| *t != NONE).map(|(tenths, v)| (f32::from(tenths) / -10.0, v));
        let samples = all().count();
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let n = samples.max(1) as f32;
        let (t0, mean) = (all().map(|s| s.0).sum::<f32>() / n, all().map(|s| s.1).sum::<f32>() / n);
        let sum = |of: fn(f32, f32) -> f32| all().map(|(t, v)| of(t - t0, v - mean)).sum::<f32>() / n;
        Moments { samples, mean, var_t: sum(|t, _| t * t), var_v: sum(|_, v| v * v), cov: sum(|t, v| t * v) }
    }

    /// Units per second; none before three samples over some time.
    #[must_use]
    pub fn per_second(&self) -> Option<f64> {
        let of = self.moments();
        (of.samples >= 3 && of.var_t > 1e-3).then(|| f64::from(of.cov / of.var_t))
    }

    /// The line through values that were read at equal intervals, oldest first; those that are not finite were not read.
    #[must_use]
    pub fn through(values: &[f32]) -> Self {
        let mut slope = Self::default();
        for (at, value) in (0..).zip(values).filter(|(_, v)| v.is_finite()) {
            slope.push(Duration::from_secs(at), f64::from(*value));
        }
        slope
    }

    /// The direction of the samples; none where there are not enough.
    #[must_use]
    pub fn trend(&self) -> Option<Trend> {
        let of = self.moments();
        if of.samples < WINDOW || of.var_t <= 1e-3 {
            return None;
        }
        let explained = of.cov * of.cov / of.var_t;
        let steady = explained <= EXPLAINED * of.var_v || explained.sqrt() <= NOTABLE * of.mean.abs();
        Some(match steady {
            true => Trend::Steady,
            false if of.cov > 0.0 => Trend::Rising,
            false => Trend::Falling,
        })
    }

    /// When `value` will reach zero at this rate.
    #[must_use]
    pub fn drain(&self, value: f64) -> Drain {
        match self.per_second() {
            _ if value <= 0.0 => Drain::Drained,
            None => Drain::Unknown,
            // Less than one unit in a thousand seconds counts as constant, not as draining.
            Some(s) if s > -1e-3 => Drain::Never,
            Some(s) => Duration::try_from_secs_f64(value / -s).map_or(Drain::Never, Drain::In),
        }
    }
}

/// The direction of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// It grows.
    Rising,
    /// It is constant, or its changes are noise.
    Steady,
    /// It becomes less.
    Falling,
}

impl Trend {
    /// Its arrow and its word.
    #[must_use]
    pub const fn shown(self) -> (&'static str, &'static str) {
        match self {
            Self::Rising => ("↑", "rising"),
            Self::Steady => ("→", "steady"),
            Self::Falling => ("↓", "falling"),
        }
    }
}

/// When a value will reach zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Drain {
    /// It is zero already.
    Drained,
    /// After this time, at the present rate.
    In(Duration),
    /// It is constant or grows.
    Never,
    /// Not enough samples yet.
    Unknown,
}

impl std::fmt::Display for Drain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Drained => f.pad("drained"),
            Self::In(d) => f.pad(&crate::now::estimate(*d)),
            Self::Never => f.pad("never"),
            Self::Unknown => f.pad("–"),
        }
    }
}

/// An hour of one series in two resolutions: each sample of the last minutes, then one per minute.
#[derive(Debug, Clone, Default)]
pub struct Ring {
    fine: VecDeque<(f32, f32)>,
    coarse: VecDeque<(f32, f32)>,
}

/// Samples kept in full.
const FINE: usize = 120;
/// Minutes kept beyond these.
const COARSE: usize = 60;

impl Ring {
    /// Adds a sample read at `boot`. Gaps are kept: no value is inserted where none was read.
    pub fn push(&mut self, boot: Duration, value: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "a curve needs no more than f32")]
        let sample = (boot.as_secs_f32(), value as f32);
        self.fine.push_back(sample);
        if self.fine.len() > FINE {
            let Some(old) = self.fine.pop_front() else { return };
            let minute = |s: (f32, f32)| (s.0 / 60.0).floor();
            // The last sample of a minute represents it: a maximum would hide a drain, a mean would invent values.
            match self.coarse.back_mut() {
                Some(last) if minute(*last) >= minute(old) => *last = old,
                _ => self.coarse.push_back(old),
            }
            if self.coarse.len() > COARSE {
                self.coarse.pop_front();
            }
        }
    }

    /// All samples, oldest first: (boot seconds, value).
    pub fn iter(&self) -> impl Iterator<Item = (f32, f32)> + '_ {
        self.coarse.iter().chain(&self.fine).copied()
    }

    /// The newest `n` values, oldest first: for a sparkline.
    #[must_use]
    pub fn last(&self, n: usize) -> Vec<f32> {
        let skip = self.fine.len().saturating_sub(n);
        self.fine.iter().skip(skip).map(|s| s.1).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn a_steady_drain_has_its_slope_and_its_end() {
        let mut slope = Slope::default();
        for i in 0..20 {
            // A boot time of months, which f32 could not hold by itself.
            slope.push(secs(10_000_000 + i * 5), 10_000.0 - 250.0 * f64::from(u32::try_from(i).expect("small")));
        }
        let s = slope.per_second().expect("enough samples");
        assert!((s + 50.0).abs() < 0.5, "{s}");
        assert_eq!(slope.drain(5_000.0), Drain::In(Duration::from_secs_f64(5_000.0 / -s)));
        assert_eq!(slope.drain(0.0), Drain::Drained);
    }

    #[test]
    fn what_grows_or_stands_never_drains_and_too_few_samples_say_nothing() {
        let mut slope = Slope::default();
        slope.push(secs(1), 5.0);
        slope.push(secs(6), 5.0);
        assert_eq!(slope.drain(5.0), Drain::Unknown);
        slope.push(secs(11), 5.0);
        assert_eq!(slope.drain(5.0), Drain::Never);
        slope.push(secs(16), 50.0);
        assert_eq!(slope.drain(50.0), Drain::Never);
    }

    #[test]
    fn a_trend_follows_a_turn_and_a_jump_within_five_samples() {
        let mut slope = Slope::default();
        let mut at = 0;
        let mut push = |slope: &mut Slope, value: f64| {
            at += 10;
            slope.push(secs(at), value);
        };
        (0..60).for_each(|i| push(&mut slope, 1000.0 + 100.0 * f64::from(i)));
        assert_eq!(slope.trend(), Some(Trend::Rising));
        // It turns.
        for i in 1..=5 {
            push(&mut slope, 6900.0 - 100.0 * f64::from(i));
            assert!(i < 3 || slope.per_second().expect("samples") < 0.0, "{i}: the sign follows within three");
        }
        assert_eq!(slope.trend(), Some(Trend::Falling));
        assert!(matches!(slope.drain(6400.0), Drain::In(_)));
        // It stops.
        (0..5).for_each(|_| push(&mut slope, 6400.0));
        assert_eq!((slope.trend(), slope.drain(6400.0)), (Some(Trend::Steady), Drain::Never));
        // A step has moved its consumers: it jumps, and is worked off from there.
        (0..5).for_each(|i| push(&mut slope, 90_000.0 - 100.0 * f64::from(i)));
        assert_eq!(slope.trend(), Some(Trend::Falling));
        assert!((slope.per_second().expect("samples") + 10.0).abs() < 0.01, "nothing older has a weight");
    }

    #[test]
    fn noise_has_no_direction_and_a_line_in_noise_has_its_own() {
        let mut state = 7_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(u32::try_from(state >> 32).expect("32 bits")) / f64::from(u32::MAX)
        };
        let mut noise = |rise: f64| {
            let (mut slope, mut seen) = (Slope::default(), Vec::new());
            for i in 0..500u32 {
                slope.push(secs(u64::from(i) * 10), 1000.0 + f64::from(i) * rise + 20.0 * random());
                seen.extend(slope.trend().filter(|_| i >= 10));
            }
            seen
        };
        let flat = noise(0.0);
        let strayed = flat.iter().filter(|t| **t != Trend::Steady).count();
        assert!(strayed * 15 < flat.len(), "{strayed} of {} have a direction", flat.len());
        let up = noise(20.0);
        assert!(up.iter().filter(|t| **t == Trend::Rising).count() * 20 > up.len() * 19);
        assert!(!up.contains(&Trend::Falling));
    }

    #[test]
    fn a_line_through_values_at_equal_intervals_passes_over_what_was_not_read() {
        assert_eq!(Slope::through(&[1.0, 2.0]).trend(), None);
        assert_eq!(Slope::through(&[0.0; 9]).trend(), Some(Trend::Steady));
        assert_eq!(Slope::through(&[1.0, 1.0, 2.0, f32::NAN, 3.0, 3.0]).trend(), Some(Trend::Rising));
    }

    #[test]
    fn a_slope_is_as_small_as_the_design_asks() {
        assert!(std::mem::size_of::<Slope>() <= 32);
    }

    #[test]
    fn a_ring_is_bounded_and_keeps_an_hour() {
        let mut ring = Ring::default();
        for i in 0..10_000u32 {
            ring.push(secs(u64::from(i) * 5), f64::from(i));
        }
        let all: Vec<_> = ring.iter().collect();
        assert_eq!(all.len(), FINE + COARSE);
        assert!(all.windows(2).all(|w| w[0].0 < w[1].0), "oldest first");
        assert!(all[all.len() - 1].0 - all[0].0 >= 3600.0);
        assert_eq!(ring.last(3), [9997.0, 9998.0, 9999.0]);
    }
}
