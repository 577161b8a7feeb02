//! `hello`, streamed: the driver's monitor requests a reply of each member when something changes, after half a second at the latest.
//!
//! It needs no login, so it continues where a password is wrong. Its events pass from a callback into an unbounded channel, because the
//! driver keeps their order only there. There are two events a second plus one per change.

use std::time::Duration;

use mongodb::{
    Client,
    event::{EventHandler, sdam::SdamEvent},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout_at},
};

use super::{
    client,
    faults::{explain, fault},
    of_this_set, parse,
};
use crate::{
    collect::{clock, sink::Sink},
    mongo::facts::{Hello, Observation},
};
use base::observed::{Fault, FaultKind};
use plan::ReplicaSet;

/// The shortest interval that the driver allows.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// A member without a reply for longer than this counts as not answering. The driver would wait for its connect time-out in addition to a
/// heartbeat; a much shorter time would turn short delays of a long link into outages.
const SILENT: Duration = Duration::from_secs(2);

/// Publishes a member's `hello` replies for as long as the collector lives. `claim` is called with each reply that reports that the member
/// accepts writes, and with none for any other reply or fault.
pub(super) async fn stream(set: &ReplicaSet, host: &str, out: &Sink<Observation>, claim: impl Fn(Option<&Hello>)) {
    loop {
        if let Err(fault) = follow(set, host, out, &claim).await {
            claim(None);
            out.fault(fault, Duration::ZERO);
        }
        // Only the plan can be wrong here (an invalid address): it may be a name that does not resolve yet.
        sleep(SILENT).await;
    }
}

async fn follow(
    set: &ReplicaSet,
    host: &str,
    out: &Sink<Observation>,
    claim: &impl Fn(Option<&Hello>),
) -> Result<(), Fault> {
    let (events, mut queue) = mpsc::unbounded_channel();
    let mut options = client::options(set, host).await?;
    options.credential = None;
    options.heartbeat_freq = Some(HEARTBEAT);
    options.sdam_event_handler = Some(EventHandler::callback(move |event| {
        // Time-stamped here and not at the receiver: a step down of thirty milliseconds is measured between two of these events.
        if matches!(event, SdamEvent::ServerHeartbeatSucceeded(_) | SdamEvent::ServerHeartbeatFailed(_)) {
            let _ = events.send((clock::now().boot, event));
        }
    }));
    // Monitors for as long as it is held.
    let _client = Client::with_options(options).map_err(|e| fault(host, "connect", &e))?;
    let (mut deadline, mut took) = (Some(Instant::now() + client::CONNECT + SILENT), Duration::ZERO);
    loop {
        let event = match deadline {
            Some(at) => timeout_at(at, queue.recv()).await,
            None => Ok(queue.recv().await),
        };
        match event {
            Ok(Some((heard, SdamEvent::ServerHeartbeatSucceeded(e)))) => {
                // For an awaited reply the duration is the time without a change, not the time of a reply.
                took = if e.awaited { took } else { e.duration };
                deadline = Some(Instant::now() + SILENT);
                let hello = parse::hello(&e.reply, heard);
                if let Err(fault) = of_this_set(set, host, hello.set_name.as_deref()) {
                    claim(None);
                    out.fault(fault, took);
                    continue;
                }
                claim(Some(&hello).filter(|hello| hello.writable));
                out.observation(Observation::Hello(hello), took);
            }
            Ok(Some((_, SdamEvent::ServerHeartbeatFailed(e)))) => {
                deadline = None;
                claim(None);
                out.fault(explain(set, host, fault(host, "hello", &e.failure)).await, e.duration);
            }
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
            Err(_) => {
                deadline = None;
                claim(None);
                let text = format!("{host}: hello: no answer for {}s", SILENT.as_secs());
                out.fault(Fault::new(FaultKind::TimedOut, text), SILENT);
            }
        }
    }
}
