//! The simulation against the real clock, for the demo.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, watch};

use super::SimDrive;
use crate::{Control, Link, Orders, Viewer, inbox::Inbox};
use engine::snapshot::Snapshot;
use plan::Plan;
use systems::collect::clock;

/// How often the paced simulation makes a snapshot.
const FRAME: Duration = Duration::from_millis(100);
/// How often it looks whether anything is wanted of it: an order is answered with a snapshot at once.
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

/// How fast the time of a paced simulation passes.
#[derive(Debug, Clone)]
pub struct Speed(Arc<watch::Sender<f64>>);

impl Speed {
    /// So many virtual seconds a second, within [`SPEED`]; 0: time stands still.
    pub fn set(&self, speed: f64) {
        self.0.send_replace(if speed == 0.0 { 0.0 } else { speed.clamp(SPEED.0, SPEED.1) });
    }
}

fn run(mut drive: SimDrive, speed: f64, mut inbox: Option<Inbox>, mut happens: Option<Events>) -> Control {
    let (commands, mut queue) = mpsc::unbounded_channel();
    let (orders, mut order_queue) = mpsc::unbounded_channel();
    let (set_speed, mut speed) = watch::channel(speed);
    let viewer = Viewer::default();
    let mut wanted = viewer.all();
    let first = Snapshot { speed: Some(*speed.borrow()), ..drive.snapshot() };
    let (view, snapshots) = watch::channel(Arc::new(first));
    std::thread::spawn(move || {
        let mut before = clock::now();
        loop {
            let mut waited = Duration::ZERO;
            let is_asked = || wanted.has_changed() || speed.has_changed().unwrap_or(false);
            while waited < FRAME && order_queue.is_empty() && queue.is_empty() && !is_asked() {
                std::thread::sleep(GLANCE);
                waited += GLANCE;
                if queue.is_closed() {
                    break;
                }
            }
            loop {
                match queue.try_recv() {
                    Ok(command) => drive.command(command),
                    Err(mpsc::error::TryRecvError::Empty) => break,
                    Err(mpsc::error::TryRecvError::Disconnected) => return,
                }
            }
            let speed = *speed.borrow_and_update();
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
            let snapshot = drive.snapshot_with(&wanted.now());
            view.send_replace(Arc::new(Snapshot { speed: Some(speed), ..snapshot }));
        }
    });
    let speed = Some(Speed(Arc::new(set_speed)));
    Control { link: Link { snapshots, commands, viewer, speed }, orders: Orders::new(orders) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use engine::snapshot::DetailKey;

    /// The first snapshot that meets the condition.
    fn until(link: &mut Link, what: &str, is: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let started = Instant::now();
        loop {
            let snapshot = link.snapshots.borrow_and_update().clone();
            if is(&snapshot) {
                return snapshot;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "not seen: {what}");
            std::thread::sleep(GLANCE);
        }
    }

    #[test]
    fn each_viewer_of_a_run_has_its_own_detail_open() {
        let (plan, _) = systems::parse_plan("small.toml".as_ref(), include_str!("../../../demo/small.toml"))
            .unwrap_or_else(|faulty| panic!("{faulty}"));
        let mut one = start_paced(Arc::new(plan), 7, 1.0);
        let mut other = one.clone();
        let first = until(&mut one, "rows", |s| s.panels.iter().flat_map(|p| &p.tables).any(|t| t.rows.len() > 1));
        assert_eq!(first.details.len(), 0, "nothing is open yet");
        let rows = first.panels.iter().flat_map(|panel| {
            let key =
                |table: &str, row: &str| DetailKey { panel: panel.id.into(), table: table.into(), row: row.into() };
            panel.tables.iter().flat_map(move |t| t.rows.iter().map(move |row| key(t.id, &row.id)))
        });
        let keys: Vec<DetailKey> = rows.collect();
        let has = |s: &Snapshot, key: &DetailKey| s.details.iter().any(|(of, _)| of == key);
        let (own, others) = (&keys[0], &keys[1]);
        one.viewer.open(Some(own.clone()));
        other.viewer.open(Some(others.clone()));
        until(&mut one, "its own detail, beside the other's", |s| has(s, own) && has(s, others));
        until(&mut other, "its own detail, beside the first one's", |s| has(s, own) && has(s, others));
        one.viewer.open(None);
        until(&mut one, "that its own is closed, and the other's is not", |s| !has(s, own) && has(s, others));
        drop(other);
        until(&mut one, "that a detail is closed with its viewer", |s| s.details.is_empty());
    }
}
