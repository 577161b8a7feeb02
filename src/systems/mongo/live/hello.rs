//! The greeting, streamed: the driver's monitor asks each member to answer when something changes, half a second at the latest.
//!
//! It needs no login, so it goes on where a password is wrong. Its events come through a callback into a channel without bound,
//! because the driver keeps their order only there; there are two a second and one a change.

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
    client::{self, fault},
    of_this_set, parse,
};
use crate::{
    collect::{clock, sink::Sink},
    mongo::facts::{Hello, Observation},
};
use base::observed::{Fault, FaultKind};
use plan::ReplicaSet;

/// The shortest that the driver allows.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// Silent for longer than this: the member is taken not to answer. The driver would wait for its connect time-out on top of a
/// heartbeat; much less would make outages out of a hiccup of a long link.
const SILENT: Duration = Duration::from_secs(2);

/// Brings what a member says of itself, for as long as the source lives. `claim` is told whenever it says, or does not say any
/// more, that it accepts writes: with what it says.
pub(super) async fn stream(set: &ReplicaSet, host: &str, out: &Sink<Observation>, claim: impl Fn(Option<&Hello>)) {
    loop {
        if let Err(fault) = follow(set, host, out, &claim).await {
            claim(None);
            out.fault(fault, Duration::ZERO);
        }
        // Only what the plan says can be wrong here (an address that is none): it may be a name that does not resolve yet.
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
        // Stamped here and not where it is taken in: a step down of thirty milliseconds is measured between two of these.
        if matches!(event, SdamEvent::ServerHeartbeatSucceeded(_) | SdamEvent::ServerHeartbeatFailed(_)) {
            let _ = events.send((clock::now().boot, event));
        }
    }));
    // Watches for as long as it is held.
    let _client = Client::with_options(options).map_err(|e| fault(host, "connect", &e))?;
    let (mut deadline, mut took) = (Some(Instant::now() + client::CONNECT + SILENT), Duration::ZERO);
    loop {
        let event = match deadline {
            Some(at) => timeout_at(at, queue.recv()).await,
            None => Ok(queue.recv().await),
        };
        match event {
            Ok(Some((heard, SdamEvent::ServerHeartbeatSucceeded(e)))) => {
                // The time of an awaited answer is the time nothing happened, not the time an answer takes.
                took = if e.awaited { took } else { e.duration };
                deadline = Some(Instant::now() + SILENT);
                let hello = parse::hello(&e.reply, heard);
                if let Err(fault) = of_this_set(set, host, hello.set_name.as_deref()) {
                    claim(None);
                    out.fault(fault, took);
                    continue;
                }
                claim(Some(&hello).filter(|hello| hello.writable));
                out.facts(Observation::Hello(hello), took);
            }
            Ok(Some((_, SdamEvent::ServerHeartbeatFailed(e)))) => {
                deadline = None;
                claim(None);
                out.fault(client::explain(set, host, fault(host, "hello", &e.failure)).await, e.duration);
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
