//! Reads the machine's clocks.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use base::now::Now;

/// The current time, by CLOCK_BOOTTIME and by the wall clock.
#[must_use]
pub fn now() -> Now {
    let t = clock_gettime(ClockId::Boottime);
    let boot = Duration::new(u64::try_from(t.tv_sec).unwrap_or(0), u32::try_from(t.tv_nsec).unwrap_or(0));
    Now { boot, wall: jiff::Timestamp::now() }
}
