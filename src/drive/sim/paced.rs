//! The simulation against the real clock: what the demo runs on.

use std::{sync::Arc, time::Duration};

use tokio::sync::{mpsc, watch};

use super::SimDrive;
use crate::{
    core::{Command, snapshot::Snapshot},
    drive::{Helm, Link, Orders, clock, inbox::Inbox},
    journal::{Entry, Journal},
    plan::Plan,
};

/// How often the paced simulation makes a picture.
const FRAME: Duration = Duration::from_millis(200);

/// Runs an imitated estate on a thread of its own, `speed` virtual seconds a second, reached as the live one is. Ends when the
/// last [`Link`] is dropped.
#[must_use]
pub fn start_paced(plan: Arc<Plan>, seed: u64, speed: f64) -> Link {
    run(SimDrive::new(plan, seed, clock::now()), speed, None).link
}

/// The same, with a journal: it can be steered.
#[must_use]
pub fn start_steered(
    plan: Arc<Plan>,
    seed: u64,
    speed: f64,
    (journal, entries): (Journal, Vec<Entry>),
    inbox: Option<Inbox>,
) -> Helm {
    let mut drive = SimDrive::new(plan, seed, clock::now());
    drive.steer(journal, entries);
    run(drive, speed, inbox)
}

/// Fastest and slowest that simulated time may go.
pub const SPEED: (f64, f64) = (0.25, 1000.0);

fn run(mut drive: SimDrive, mut speed: f64, inbox: Option<Inbox>) -> Helm {
    let (commands, mut queue) = mpsc::unbounded_channel();
    let (orders, mut order_queue) = mpsc::unbounded_channel();
    let picture_of = |drive: &mut SimDrive, speed| Arc::new(Snapshot { speed: Some(speed), ..drive.snapshot() });
    let (picture, snapshots) = watch::channel(picture_of(&mut drive, speed));
    std::thread::spawn(move || {
        let mut before = clock::now();
        loop {
            std::thread::sleep(FRAME);
            loop {
                match queue.try_recv() {
                    Ok(Command::Speed(wanted)) => speed = wanted.clamp(SPEED.0, SPEED.1),
                    Ok(command) => drive.command(command),
                    Err(mpsc::error::TryRecvError::Empty) => break,
                    Err(mpsc::error::TryRecvError::Disconnected) => return,
                }
            }
            let now = clock::now();
            // A machine that is too slow for this speed gets a slower estate, not one that falls ever further behind.
            drive.run_for(now.since(before).min(2 * FRAME).mul_f64(speed));
            before = now;
            for order in inbox.iter().flat_map(Inbox::take) {
                drive.order(order);
            }
            while let Ok(order) = order_queue.try_recv() {
                drive.order(order);
            }
            picture.send_replace(picture_of(&mut drive, speed));
        }
    });
    Helm { link: Link { snapshots, commands }, orders: Orders::new(orders) }
}
