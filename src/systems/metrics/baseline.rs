//! The usual value: the median of an earlier window of the same query.
//!
//! The window rolls. Once a run is recorded, its baseline is frozen there; until then the usual value is that of the last hour before the
//! last five minutes.

use std::time::Duration;

use base::history::Ring;

/// Younger values belong to the value under test, not to its baseline.
const UNTIL: Duration = Duration::from_secs(300);

/// A median of fewer values is not meaningful.
const ENOUGH: usize = 10;

/// The median of the values read more than [`UNTIL`] before `boot`; none if there are too few.
pub(super) fn baseline(ring: &Ring, boot: Duration) -> Option<f64> {
    let until = boot.checked_sub(UNTIL)?.as_secs_f32();
    let mut values: Vec<f32> = ring.iter().filter(|(at, _)| *at <= until).map(|(_, v)| v).collect();
    if values.len() < ENOUGH {
        return None;
    }
    values.sort_by(f32::total_cmp);
    let middle = values.len() / 2;
    let upper = f64::from(values[middle]);
    Some(if values.len().is_multiple_of(2) { f64::midpoint(f64::from(values[middle - 1]), upper) } else { upper })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::baseline;
    use base::history::Ring;

    #[test]
    fn the_median_of_what_was_before_and_not_of_now() {
        let mut ring = Ring::default();
        let at = Duration::from_secs;
        for i in 0..11 {
            // One outlier, which a mean would include.
            ring.push(at(1000 + i * 10), if i == 5 { 900.0 } else { 10.0 + i as f64 });
        }
        ring.push(at(1500), 500.0);
        assert_eq!(baseline(&ring, at(1600)), Some(16.0));
        assert_eq!(baseline(&ring, at(1300)), None, "too little is older than five minutes");
        assert_eq!(baseline(&Ring::default(), at(10)), None);
    }
}
