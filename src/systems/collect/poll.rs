//! Polling: interval, jitter, time-out, back-off, missed ticks. Shared by all polling collectors.

use std::{future::Future, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use super::sink::Sink;
use base::observed::{Fault, FaultKind};

/// When a collector polls.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Server and call, as named in a fault.
    pub what: String,
    /// The interval in the plan.
    pub interval: Duration,
    /// The time-out of one answer.
    pub timeout: Duration,
    /// The factor on the plan's rate; the operator can change it while running.
    pub pace: watch::Receiver<f64>,
    /// Signals an immediate poll.
    pub now: watch::Receiver<()>,
}

/// The highest factor on the interval for a server that throttles.
const THROTTLED_AT_MOST: u32 = 8;
/// The highest factor on the interval for a server that fails. It is low, so that recovery is seen soon.
const FAILING_AT_MOST: u32 = 2;

/// Polls until the sender of `pace` is dropped. One query at a time: an answer that takes longer than the interval delays the next tick;
/// there is never a second query in flight. Missed ticks are skipped.
pub async fn poll<T, Fut>(mut schedule: Schedule, out: &Sink<T>, mut ask: impl FnMut() -> Fut)
where
    Fut: Future<Output = Result<T, Fault>>,
{
    let mut slower: u32 = 1;
    // Collectors of the same interval are spread out from the start, so that a region does not get all queries at the same moment.
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
            Ok(()) = schedule.now.changed() => {
                // No immediate poll while the collector backs off.
                if slower == 1 {
                    next = Instant::now();
                }
                continue;
            }
        }
        let started = Instant::now();
        let answer = timeout(schedule.timeout, ask()).await;
        let took = started.elapsed();
        match answer {
            Ok(Ok(observation)) => {
                slower = 1;
                out.observation(observation, took);
            }
            Ok(Err(fault)) => {
                let at_most = if fault.kind == FaultKind::Throttled { THROTTLED_AT_MOST } else { FAILING_AT_MOST };
                slower = (slower * 2).min(at_most);
                out.fault(fault, took);
            }
            Err(_) => {
                slower = (slower * 2).min(FAILING_AT_MOST);
                out.fault(timed_out(&schedule.what, schedule.timeout), took);
            }
        }
        next = (started + wait(&schedule, slower)).max(Instant::now());
    }
}

/// Interval less up to 10 % jitter: jitter must never delay an answer beyond the interval.
fn wait(schedule: &Schedule, slower: u32) -> Duration {
    let jitter = 1.0 - 0.1 * fastrand::f64();
    schedule.interval.div_f64(*schedule.pace.borrow()).mul_f64(jitter) * slower
}

/// The fault of an answer that exceeded the time-out; `what` names server and call.
#[must_use]
pub fn timed_out(what: &str, limit: Duration) -> Fault {
    Fault::new(FaultKind::TimedOut, format!("{what}: no answer within {}", base::now::short(limit)))
}

/// The fault of a collector whose feature is not in this build.
#[must_use]
pub fn not_built(feature: &str) -> Fault {
    Fault::new(FaultKind::Unsupported, format!("this landfall was built without the feature `{feature}`"))
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, future::pending};

    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;
    use crate::EngineInput;
    use crate::Observation;
    use base::collector::CollectorIx;

    fn fast() -> (watch::Sender<f64>, Schedule) {
        let (pace, rx) = watch::channel(1.0);
        let (interval, timeout) = (Duration::from_millis(4), Duration::from_millis(20));
        let now = watch::channel(()).1;
        let schedule = Schedule { what: "server: call".to_owned(), interval, timeout, pace: rx, now };
        (pace, schedule)
    }

    fn sink() -> (Sink<Observation>, UnboundedReceiver<EngineInput>) {
        let (tx, rx) = unbounded_channel();
        (Sink::new(tx, CollectorIx(0)), rx)
    }

    /// Far longer than any test here takes: a collector that never asks fails its test and does not hang it.
    const LIMIT: Duration = Duration::from_secs(20);

    fn block_on<F: Future>(f: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { timeout(LIMIT, f).await.expect("it comes to an end") })
    }

    /// The next `n` faults that the collector reports.
    async fn kinds(queue: &mut UnboundedReceiver<EngineInput>, n: usize) -> Vec<FaultKind> {
        let mut out = Vec::new();
        while out.len() < n {
            match queue.recv().await.expect("the collector still reports") {
                EngineInput::Failed { fault, .. } => out.push(fault.kind),
                other => panic!("not a fault: {other:?}"),
            }
        }
        out
    }

    #[test]
    fn a_hung_question_becomes_a_time_out_and_the_next_one_is_asked() {
        block_on(async {
            let ((_pace, schedule), (out, mut queue)) = (fast(), sink());
            let asked = Cell::new(0);
            let ask = || {
                asked.set(asked.get() + 1);
                let n = asked.get();
                async move { if n % 2 == 1 { pending().await } else { Err(Fault::new(FaultKind::Refused, "x")) } }
            };
            tokio::select! {
                () = poll(schedule, &out, ask) => panic!("the collector ended"),
                seen = kinds(&mut queue, 4) => {
                    use FaultKind::{Refused, TimedOut};
                    assert_eq!(seen, [TimedOut, Refused, TimedOut, Refused]);
                }
            }
        });
    }

    #[test]
    fn there_is_never_a_second_question_in_flight() {
        block_on(async {
            let ((pace, schedule), (out, mut queue)) = (fast(), sink());
            let (asked, most, in_flight) = (Cell::new(0), Cell::new(0), Cell::new(0));
            // Every answer takes longer than the interval.
            let ask = async || {
                asked.set(asked.get() + 1);
                in_flight.set(in_flight.get() + 1);
                most.set(most.get().max(in_flight.get()));
                tokio::time::sleep(Duration::from_millis(10)).await;
                in_flight.set(in_flight.get() - 1);
                Err(Fault::new(FaultKind::Refused, "x"))
            };
            let hurry = async {
                loop {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    pace.send_replace(4.0);
                }
            };
            tokio::select! {
                () = poll(schedule, &out, ask) => panic!("the collector ended"),
                seen = kinds(&mut queue, 5) => assert_eq!(seen.len(), 5),
                () = hurry => {}
            }
            assert!(asked.get() >= 5, "asked {} times", asked.get());
            assert_eq!(most.get(), 1, "queries in flight at the same time");
        });
    }

    #[test]
    fn a_change_of_pace_does_not_wait_for_the_old_interval() {
        block_on(async {
            let ((pace, mut schedule), (out, mut queue)) = (fast(), sink());
            schedule.interval = Duration::from_secs(3600);
            let ask = async || Err(Fault::new(FaultKind::Refused, "x"));
            let seen = async {
                // The first poll comes within a second; without the new pace the second would come after an hour.
                let mut seen = kinds(&mut queue, 1).await;
                pace.send_replace(4_000_000.0);
                seen.extend(kinds(&mut queue, 2).await);
                seen
            };
            tokio::select! {
                () = poll(schedule, &out, ask) => panic!("the collector ended"),
                seen = seen => assert_eq!(seen, [FaultKind::Refused; 3]),
            }
        });
    }

    #[test]
    fn the_wait_never_exceeds_the_interval_times_the_back_off() {
        let (_pace, schedule) = fast();
        for slower in [1, 2, 8] {
            for _ in 0..1000 {
                let w = wait(&schedule, slower);
                assert!(w <= schedule.interval * slower && w >= schedule.interval.mul_f64(0.89) * slower, "{w:?}");
            }
        }
    }

    #[test]
    fn a_source_ends_when_the_driver_does() {
        block_on(async {
            let ((pace, schedule), (out, _queue)) = (fast(), sink());
            drop(pace);
            // The time limit asserts that it returns.
            poll(schedule, &out, async || Err(Fault::new(FaultKind::Refused, "x"))).await;
        });
    }
}
