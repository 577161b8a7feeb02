//! The simulation against the real clock, for the demo.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, watch};

use super::SimDrive;
use crate::{Control, Link, Orders, inbox::Inbox};
use engine::{EngineCommand, snapshot::Snapshot};
use plan::Plan;
use systems::collect::clock;

/// How often the paced simulation makes a picture.
const FRAME: Duration = Duration::from_millis(100);
/// How often it looks whether anything is wanted of it: an order is answered with a picture at once.
const GLANCE: Duration = Duration::from_millis(20);
/// How far a scenario's events may be late, in virtual time: while requests are under way, and else.
const LATE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(1));

/// Runs a simulated estate on a thread of its own, `speed` virtual seconds per second, with the interface of the live driver. Ends when the
/// last [`Link`] is dropped.
#[must_use]
pub fn start_paced(plan: Arc<Plan>, seed: u64, speed: f64) -> Link {
    run(SimDrive::new(plan, seed, clock::now()), speed, None, None).link
}

/// What happens while it runs: called before each step of virtual time, with the drive.
pub type Events = Box<dyn FnMut(&mut SimDrive) -> Result<(), String> + Send>;

/// The same for an estate with a journal: it can be controlled, and the events of the scenario happen.
#[must_use]
pub fn start_with_control(drive: SimDrive, speed: f64, inbox: Option<Inbox>, events: Events) -> Control {
    run(drive, speed, inbox, Some(events))
}

/// Slowest and fastest speed of simulated time; 0 is a pause.
pub const SPEED: (f64, f64) = (0.25, 1000.0);

fn run(mut drive: SimDrive, mut speed: f64, mut inbox: Option<Inbox>, mut happens: Option<Events>) -> Control {
    let (commands, mut queue) = mpsc::unbounded_channel();
    let (orders, mut order_queue) = mpsc::unbounded_channel();
    let picture_of = |drive: &mut SimDrive, speed| Arc::new(Snapshot { speed: Some(speed), ..drive.snapshot() });
    let (view, snapshots) = watch::channel(picture_of(&mut drive, speed));
    std::thread::spawn(move || {
        let mut before = clock::now();
        loop {
            let mut waited = Duration::ZERO;
            while waited < FRAME && order_queue.is_empty() && queue.is_empty() {
                std::thread::sleep(GLANCE);
                waited += GLANCE;
                if queue.is_closed() {
                    break;
                }
            }
            loop {
                match queue.try_recv() {
                    Ok(EngineCommand::Speed(0.0)) => speed = 0.0,
                    Ok(EngineCommand::Speed(wanted)) => speed = wanted.clamp(SPEED.0, SPEED.1),
                    Ok(command) => drive.command(command),
                    Err(mpsc::error::TryRecvError::Empty) => break,
                    Err(mpsc::error::TryRecvError::Disconnected) => return,
                }
            }
            let now = clock::now();
            // A slow machine does not make up for lost time.
            let span = now.since(before).min(2 * FRAME).mul_f64(speed);
            before = now;
            pass(&mut drive, span, happens.as_mut());
            while let Ok(order) = order_queue.try_recv() {
                drive.order(order);
            }
            // The console's own orders first.
            for order in inbox.iter_mut().flat_map(Inbox::take) {
                drive.order(order);
            }
            view.send_replace(picture_of(&mut drive, speed));
        }
    });
    Control { link: Link { snapshots, commands }, orders: Orders::new(orders) }
}

/// Lets virtual time pass, with the events that fall due in it; for a frame of real time at the most, so that a machine that is too slow for
/// this speed still answers.
fn pass(drive: &mut SimDrive, span: Duration, mut happens: Option<&mut Events>) {
    let (started, mut left) = (Instant::now(), span);
    while !left.is_zero() && started.elapsed() < FRAME {
        let step = left.min(if drive.is_busy() { LATE.0 } else { LATE.1 });
        drive.run_for(step);
        left -= step;
        if let Some(events) = &mut happens
            && let Err(why) = events(drive)
        {
            // The estate continues without it.
            tracing::error!("the scenario: {why}");
        }
    }
}
