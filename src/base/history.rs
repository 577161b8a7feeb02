//! The estate's history: bounded, and no more than a decision or a curve needs.
//!
//! Per pair (group × partition) only the latest value and a [`Slope`] (at most 32 bytes) are kept; whole series ([`Ring`]) only for
//! groups, sets, roles and sites. A hundred thousand pairs of full samples for an hour would be hundreds of MiB.

use std::{collections::VecDeque, time::Duration};

/// A straight line through recent samples, with lower weights for older ones: the rate of change in units per second.
///
/// Exponentially weighted least squares, kept as means and moments so that one sample costs a handful of multiplications.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Slope {
    weight: f32,
    mean_t: f32,
    mean_v: f32,
    var_t: f32,
    cov: f32,
    /// Boot seconds of the first sample; times are kept relative to it so that `f32` is enough.
    origin: u32,
    samples: u32,
}

/// The factor on a sample's weight with each new sample: half after four. Per sample and not per second, so that it suits collectors with
/// an interval of two seconds and of thirty. After a reversal the sign follows within about ten samples.
const DECAY: f32 = 0.84;

impl Slope {
    /// Adds a sample that was read at `boot`.
    pub fn push(&mut self, boot: Duration, value: f64) {
        if self.samples == 0 {
            self.origin = u32::try_from(boot.as_secs()).unwrap_or(u32::MAX);
        }
        #[expect(clippy::cast_possible_truncation, reason = "a slope needs no more than f32")]
        let (t, v) = ((boot.as_secs_f64() - f64::from(self.origin)) as f32, value as f32);
        self.samples = self.samples.saturating_add(1);
        // Not `mul_add`: where the processor is not known to support it, that is a function call.
        self.weight = self.weight * DECAY + 1.0;
        let (dt, dv) = (t - self.mean_t, v - self.mean_v);
        let share = 1.0 / self.weight;
        self.mean_t += dt * share;
        self.mean_v += dv * share;
        self.var_t = (1.0 - share) * (self.var_t + share * dt * dt);
        self.cov = (1.0 - share) * (self.cov + share * dt * dv);
    }

    /// Units per second; none before three samples over some time.
    #[must_use]
    pub fn per_second(&self) -> Option<f64> {
        (self.samples >= 3 && self.var_t > 1e-3).then(|| f64::from(self.cov / self.var_t))
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
    fn a_slope_follows_a_turn_within_some_fifteen_samples() {
        let mut slope = Slope::default();
        let mut v = 0.0;
        for i in 0..60 {
            v += 100.0;
            slope.push(secs(i * 5), v);
        }
        assert!(slope.per_second().expect("samples") > 10.0);
        for i in 60..75 {
            v -= 100.0;
            slope.push(secs(i * 5), v);
        }
        assert!(slope.per_second().expect("samples") < -10.0);
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
