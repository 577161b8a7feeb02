//! Panics are reported: a client that panics makes its collector unknown with the reason; the outcome of a request that panics is
//! indeterminate, and nobody waits for it.

use std::{any::Any, future::Future, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::time::{Instant, sleep};

use super::{poll::Schedule, sink::Sink};
use base::observed::{Fault, FaultKind};

/// A collector that panicked is started again after this long, or after its interval, whichever is longer.
const PAUSE: Duration = Duration::from_secs(5);

/// Runs a future to its end; a panic becomes the text of a fault.
///
/// # Errors
/// If it panicked: the message.
pub async fn caught<T>(future: impl Future<Output = T>) -> Result<T, String> {
    // Shared values are only ever replaced as a whole, so a panic leaves none of them half changed.
    AssertUnwindSafe(future).catch_unwind().await.map_err(|panic| words(panic.as_ref()))
}

/// Runs a collector: `start` gets the clients, the query, the schedule and the sink. A collector that panics reports the reason and is
/// started again.
pub async fn alive<C: Clone, A: Clone, F, Fut>(
    (clients, spec): (C, A),
    schedule: Schedule,
    out: Sink<F>,
    start: impl Fn(C, A, Schedule, Sink<F>) -> Fut,
) where
    Fut: Future<Output = ()>,
{
    let pause = PAUSE.max(schedule.interval);
    again_and_again(pause, schedule, out, |schedule, out| start(clients.clone(), spec.clone(), schedule, out)).await;
}

async fn again_and_again<F, Fut>(
    pause: Duration,
    schedule: Schedule,
    out: Sink<F>,
    mut start: impl FnMut(Schedule, Sink<F>) -> Fut,
) where
    Fut: Future<Output = ()>,
{
    loop {
        let started = Instant::now();
        let Err(why) = caught(start(schedule.clone(), out.clone())).await else { return };
        let fault = Fault::new(FaultKind::Unsupported, format!("{}: {why}", schedule.what));
        out.fault(fault, started.elapsed());
        sleep(pause).await;
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let detail = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("internal error in landfall's client, please report it: {}", detail.unwrap_or("no reason given"))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::{mpsc::unbounded_channel, watch};

    use super::*;
    use crate::Observation;
    use base::collector::CollectorIx;
    use engine::EngineInput;

    #[tokio::test]
    async fn a_source_that_dies_before_its_first_answer_is_blind_with_the_reason_and_is_tried_again() {
        let (tx, mut queue) = unbounded_channel();
        let (_pace, pace) = watch::channel(1.0);
        let (_now, now) = watch::channel(());
        let second = Duration::from_secs(1);
        let schedule = Schedule { what: "db1: hello".to_owned(), interval: second, timeout: second, pace, now };
        let times = AtomicU32::new(0);
        let source = |_: Schedule, _: Sink<Observation>| {
            let time = times.fetch_add(1, Ordering::SeqCst);
            async move { assert!(time >= 2, "no certificates, time {time}") }
        };
        // Ends by itself at the third start, which does not panic.
        again_and_again(Duration::from_millis(1), schedule, Sink::new(tx, CollectorIx(7)), source).await;
        for time in 0..2 {
            let Ok(EngineInput::Failed { collector: CollectorIx(7), fault, .. }) = queue.try_recv() else {
                panic!("no fault reported")
            };
            assert_eq!(fault.kind, FaultKind::Unsupported);
            assert!(
                fault.text.raw().contains("db1: hello")
                    && fault.text.raw().contains(&format!("no certificates, time {time}"))
            );
        }
        assert!(queue.try_recv().is_err(), "nothing else was reported");
    }

    #[tokio::test]
    async fn a_panic_is_words_and_a_value_is_itself() {
        assert_eq!(caught(async { 7 }).await, Ok(7));
        let why = caught(async {
            if true {
                panic!("{} roots", 0)
            }
        })
        .await
        .expect_err("it panicked");
        assert!(why.ends_with("0 roots"), "{why}");
    }
}
