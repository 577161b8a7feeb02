//! The shared conditions for users of simulated sets: refused writes, and primaries in another region.

use std::time::Duration;

use super::Set;
use crate::SharedConditions;
use base::side::{Side, Sides};

/// Publishes them as of `boot`. All sets have the same number of users.
#[expect(clippy::cast_precision_loss, reason = "a handful of sets")]
pub(super) fn publish(sets: &[Set], boot: Duration, conditions: &mut SharedConditions) {
    let share = |of: f64, all: usize| of / all.max(1) as f64;
    let led: Vec<_> = sets.iter().filter_map(|s| Some(s.members[s.primary?].side)).collect();
    conditions.refused = share(sets.iter().map(|s| s.refused(boot)).sum(), sets.len());
    conditions.unwritten = sets.iter().map(|s| s.quiet(boot)).max().unwrap_or_default();
    conditions.away =
        Sides::from_fn(|side: Side| share(led.iter().filter(|s| **s != Some(side)).count() as f64, led.len()));
}
