//! Asking again and again: interval, jitter, time-out, back-off, missed ticks. What every polling source shares.

use std::{future::Future, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use super::sink::Sink;
use crate::core::estate::seen::{Fault, FaultKind};

/// When a source is asked.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// What the plan says.
    pub interval: Duration,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How many times as often as the plan says; changed by the operator while running.
    pub pace: watch::Receiver<f64>,
}

/// A server that asks for fewer questions is asked up to this many times less often.
const THROTTLED_AT_MOST: u32 = 8;
/// A server that fails is asked up to this many times less often; little, so that what heals is seen soon.
const FAILING_AT_MOST: u32 = 2;

/// Asks for ever. One question at a time: an answer that takes longer than the interval makes the next tick late, never a second
/// question in flight. Ticks that were missed are left out.
pub async fn poll<T, Fut>(mut schedule: Schedule, out: &Sink<T>, mut ask: impl FnMut() -> Fut)
where
    Fut: Future<Output = Result<T, Fault>>,
{
    let mut slower: u32 = 1;
    // Sources of one interval are spread out from the start, so that a region is not asked everything in one instant.
    let mut next = Instant::now() + schedule.interval.min(Duration::from_secs(1)).mul_f64(fastrand::f64());
    loop {
        tokio::select! {
            () = sleep_until(next) => {}
            changed = schedule.pace.changed() => {
                if changed.is_err() {
                    return;
                }
                next = next.min(Instant::now() + wait(&schedule, slower));
                continue;
            }
        }
        let started = Instant::now();
        let answer = timeout(schedule.timeout, ask()).await;
        let took = started.elapsed();
        match answer {
            Ok(Ok(facts)) => {
                slower = 1;
                out.facts(facts, took);
            }
            Ok(Err(fault)) => {
                let at_most = if fault.kind == FaultKind::Throttled { THROTTLED_AT_MOST } else { FAILING_AT_MOST };
                slower = (slower * 2).min(at_most);
                out.fault(fault, took);
            }
            Err(_) => {
                slower = (slower * 2).min(FAILING_AT_MOST);
                out.fault(timed_out(schedule.timeout), took);
            }
        }
        next = (started + wait(&schedule, slower)).max(Instant::now());
    }
}

/// Interval with up to 10 % taken off: jitter must never push an answer past its time.
fn wait(schedule: &Schedule, slower: u32) -> Duration {
    let jitter = 1.0 - 0.1 * fastrand::f64();
    schedule.interval.div_f64(*schedule.pace.borrow()).mul_f64(jitter) * slower
}

/// The fault of an answer that did not come in time.
#[must_use]
pub fn timed_out(limit: Duration) -> Fault {
    Fault::new(FaultKind::TimedOut, format!("no answer within {}", crate::core::now::short(limit)))
}

/// The fault of a source that this build cannot reach.
#[must_use]
pub fn not_built(feature: &str) -> Fault {
    Fault::new(FaultKind::Unsupported, format!("this landfall was built without the feature `{feature}`"))
}
