//! The precision of a share that is measured by samples.

use serde::Serialize;

/// The 97.5 % quantile of the normal distribution: 95 % lie within this many standard deviations.
const Z: f64 = 1.959_963_984_540_054;

/// A share measured by samples, with Wilson's 95 % score interval: unlike the normal approximation it never leaves 0 to 1, and it is useful
/// near the ends, where a canary's share is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The share itself: `k / n`.
    pub share: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Independent samples.
    pub n: u64,
}

impl Interval {
    /// `k` of `n` samples; none if `n` is 0 or less than `k`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "sample counts are far below 2^52")]
    pub fn of(k: u64, n: u64) -> Option<Self> {
        if n == 0 || k > n {
            return None;
        }
        let (k, count) = (k as f64, n as f64);
        let share = k / count;
        let z2 = Z * Z;
        let scale = 1.0 + z2 / count;
        let centre = (share + z2 / (2.0 * count)) / scale;
        let half = Z / scale * (share * (1.0 - share) / count + z2 / (4.0 * count * count)).sqrt();
        // Rounding must not move an end beyond the share.
        Some(Self { share, low: (centre - half).clamp(0.0, share), high: (centre + half).clamp(share, 1.0), n })
    }

    /// Half its width.
    #[must_use]
    pub fn half(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// Whether a share is within the interval.
    #[must_use]
    pub fn holds(&self, share: f64) -> bool {
        (self.low..=self.high).contains(&share)
    }
}

/// Samples that are needed to measure a share near `share` to ± `error`: `3.84 · p(1 − p) / e²`.
#[must_use]
pub fn needed(share: f64, error: f64) -> u64 {
    let n = (Z * Z * share * (1.0 - share) / (error * error)).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is never negative")]
    let n = n.max(0.0) as u64;
    n
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Interval, needed};

    #[test]
    fn known_values() {
        // Newcombe 1998, table I: the score interval without continuity correction.
        for (k, n, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let i = Interval::of(k, n).expect("samples");
            assert!((i.low - low).abs() < 5e-5 && (i.high - high).abs() < 5e-5, "{k}/{n}: {i:?}");
        }
        assert_eq!(Interval::of(0, 0), None);
        assert_eq!(Interval::of(2, 1), None);
    }

    #[test]
    fn samples_that_a_canary_needs() {
        assert_eq!(needed(0.01, 0.003) / 100, 42);
        assert_eq!(needed(0.5, 0.02) / 10, 240);
        assert_eq!(needed(0.0, 0.01), 0);
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_share_and_stays_within_0_and_1(n in 1_u64..1_000_000, part in 0.0..=1.0_f64) {
            let k = (n as f64 * part) as u64;
            let i = Interval::of(k, n).expect("n > 0");
            prop_assert!(0.0 <= i.low && i.low <= i.share && i.share <= i.high && i.high <= 1.0, "{:?}", i);
            let more = Interval::of(k * 4, n * 4).expect("n > 0");
            prop_assert!(more.half() < i.half(), "more samples must say more: {:?} {:?}", i, more);
        }
    }
}
