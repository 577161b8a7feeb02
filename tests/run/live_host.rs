//! The shipped executor with its live host: real tasks, real time, a journal in a file that fails as disks do, and servers that keep a log of
//! their own. What the crash tests show of the simulated host holds here too.

mod disk;
mod servers;

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use landfall::{
    base::{digest::Digest, side::Side, step::StepState, view::CollectorLine},
    drive::{Control, inbox::Inbox, live},
    engine::run::{Order, RunView, StepView},
    journal::{Author, chain},
    plan::Plan,
    systems::{Call, Entry, Version, collect::clock},
};
use tokio::runtime::Runtime;

use self::{
    disk::{Disk, Fault},
    servers::Imitated,
};
use crate::{
    crash::against_the_log,
    stage::{plan, primary, step},
};

const STEP: &str = "orders";
/// Far longer than anything here takes on an idle machine: whoever waits this long has found something that never comes.
const PATIENCE: Duration = Duration::from_secs(240);

/// One life of the program: it ends when this is dropped, and nothing of it goes on.
struct Life {
    runtime: Mutex<Option<Runtime>>,
    control: Control,
}

impl Life {
    fn begin(plan: &Arc<Plan>, servers: &Imitated, path: &Path, disk: &Disk) -> Self {
        let author =
            Author { run: "night".into(), actor: "ana".into(), host: "war-room".into(), plan: Digest::of(b"plan") };
        let store = disk.open(path);
        let opened = landfall::systems::open_journal(Box::new(store), author, clock::now()).expect("it is whole");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("one");
        let inbox = Inbox::new(path, "night", &[]).expect("a folder");
        let control = {
            let _inside = runtime.enter();
            live::start_with_control_on(plan.clone(), servers.clone(), opened, inbox)
        };
        Self { runtime: Mutex::new(Some(runtime)), control }
    }

    fn run(&self) -> Arc<RunView> {
        self.control.link.snapshots.borrow().run.clone().expect("there are steps")
    }

    fn step(&self) -> StepView {
        self.run().steps.iter().find(|s| s.id == STEP).cloned().expect("it is in the plan")
    }

    /// All tasks are gone at once, wherever they were.
    fn kill(&self) {
        if let Some(runtime) = self.runtime.lock().expect("nobody panics in here").take() {
            runtime.shutdown_background();
        }
    }

    /// Whether nothing comes of keys any more: the journal has failed, or the process is gone.
    fn is_over(&self) -> bool {
        self.run().halted.is_some() || self.runtime.lock().expect("nobody panics in here").is_none()
    }

    /// Waits until it is so, or all is over; whether it is so.
    fn until(&self, what: &str, is: impl Fn(&StepView) -> bool) -> bool {
        let started = Instant::now();
        loop {
            if is(&self.step()) {
                return true;
            }
            if self.is_over() {
                return false;
            }
            assert!(started.elapsed() < PATIENCE, "{what}: {:#?}", self.step());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Previews, arms and executes; false if the journal has failed on the way.
    fn execute(&self) -> bool {
        let started = Instant::now();
        loop {
            if self.is_over() {
                return false;
            }
            let now = self.step();
            match now.state {
                StepState::Ready => self.control.orders.give(Order::Preview(STEP.into())),
                StepState::Previewed => self.control.orders.give(Order::Arm(STEP.into())),
                StepState::Armed => {
                    if let Some(digest) = now.preview.and_then(|p| p.digest) {
                        self.control.orders.give(Order::Execute { step: STEP.into(), digest, typed: STEP.into() });
                    }
                }
                StepState::Running | StepState::Settling | StepState::Verifying | StepState::Baking => return true,
                _ => {}
            }
            assert!(started.elapsed() < PATIENCE, "not begun: {:#?}", self.step());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// There and back again, as far as the journal lets it.
    fn play(&self) -> bool {
        self.execute()
            && self.until("done", |s| s.state == StepState::Done)
            && {
                self.control.orders.give(Order::RollBack(STEP.into()));
                self.until("its way back", |s| s.state != StepState::Done)
            }
            && self.execute()
            && self.until("back", |s| s.state == StepState::RolledBack)
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.kill();
    }
}

fn entries(path: &Path) -> Vec<Entry> {
    chain::read::<Call, Version>(&std::fs::read(path).expect("a file")).expect("whole").0
}

/// Plays until the disk fails at this write or, without a fault, until the process is gone after so many; starts again on a sound disk, lets it
/// find out, and judges.
fn life_and_death(at: usize, fault: Fault) {
    let why = format!("write {at}, {fault:?}");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("night.journal");
    let plan = plan(vec![step(STEP, &[], primary(Side::Target))]);
    let servers = Imitated::new(&plan);
    {
        let disk = Disk::failing(at, fault);
        let life = Life::begin(&plan, &servers, &path, &disk);
        if fault == Fault::Killed {
            let started = Instant::now();
            std::thread::scope(|scope| {
                let playing = scope.spawn(|| life.play());
                while !disk.is_over() && !playing.is_finished() && started.elapsed() < PATIENCE {
                    std::thread::sleep(Duration::from_millis(5));
                }
                assert!(disk.is_over(), "{why}: there are fewer writes");
                life.kill();
            });
        } else {
            assert!(!life.play(), "{why}: the journal has failed, and nothing stopped");
            assert!(life.run().halted.is_some(), "{why}");
        }
    }
    let life = Life::begin(&plan, &servers, &path, &Disk::sound());
    let started = Instant::now();
    loop {
        let now = life.step();
        let open =
            matches!(now.state, StepState::Running | StepState::Settling | StepState::Verifying | StepState::Baking);
        if !open && now.exposed.is_none() && life.run().steps.iter().all(|s| s.state != StepState::Pending) {
            break;
        }
        if now.held || life.run().held.is_some() {
            life.control.orders.give(Order::Release { why: "checked".to_owned() });
        }
        assert!(started.elapsed() < PATIENCE, "{why}: {now:#?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    let steps = life.run().steps.clone();
    drop(life);
    against_the_log(&why, &servers.log(), &entries(&path), &steps);
}

#[test]
fn a_disk_that_fails_and_a_process_that_dies_leave_nothing_wrong_behind() {
    let every = if std::env::var_os("LANDFALL_EVERY_WRITE").is_some() { 1 } else { 4 };
    let faults = [Fault::Torn, Fault::Unsynced, Fault::Full, Fault::Killed];
    let all: Vec<(usize, Fault)> = faults
        .into_iter()
        .enumerate()
        .flat_map(|(n, fault)| (2 + n..34).step_by(every).map(move |at| (at, fault)))
        .collect();
    // They wait most of the time.
    for some in all.chunks(16) {
        std::thread::scope(|scope| {
            let lives: Vec<_> =
                some.iter().map(|&(at, fault)| scope.spawn(move || life_and_death(at, fault))).collect();
            lives.into_iter().for_each(|life| life.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        });
    }
    assert!(all.len() >= 28, "{} lives", all.len());
    println!("{} lives: 0 wrong DONE, 0 effects without intent, 0 twice", all.len());
}

#[test]
fn a_journal_that_does_not_answer_delays_neither_observations_nor_keys() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("night.journal");
    let plan = plan(vec![step(STEP, &[], primary(Side::Target))]);
    let servers = Imitated::new(&plan);
    let disk = Disk::sound();
    let life = Life::begin(&plan, &servers, &path, &disk);
    assert!(life.until("ready", |s| s.state == StepState::Ready));

    // Armed, and confirmed while nothing can be written.
    let started = Instant::now();
    let digest = loop {
        assert!(started.elapsed() < PATIENCE, "not armed: {:#?}", life.step());
        let now = life.step();
        match (now.state, now.preview.and_then(|p| p.digest)) {
            (StepState::Armed, Some(digest)) => break digest,
            (StepState::Previewed, _) => life.control.orders.give(Order::Arm(STEP.into())),
            _ => life.control.orders.give(Order::Preview(STEP.into())),
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    disk.block();
    let before = life.control.link.snapshots.borrow().clone();
    let written = entries(&path).len();
    life.control.orders.give(Order::Execute { step: STEP.into(), digest, typed: STEP.into() });
    life.control.orders.give(Order::Remark { by: None, text: "the disk hangs".into() });
    // Every collector that is asked every few seconds brings something new, twice.
    let often = |s: &&CollectorLine| s.interval <= Duration::from_secs(2);
    let started = Instant::now();
    let (mut frames, mut oldest, mut last) = (0, Duration::ZERO, before.now);
    loop {
        let now = life.control.link.snapshots.borrow().clone();
        let news = |id: &str| before.collectors.iter().find(|s| s.id == id).map_or(0, |s| s.answers) + 2;
        oldest = oldest
            .max(now.collectors.iter().filter(often).filter_map(|s| s.age).max().map_or(Duration::ZERO, |age| age.0));
        if now.collectors.iter().filter(often).all(|s| s.answers >= news(&s.id)) {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{:#?}", now.collectors);
        frames += u32::from(now.now != std::mem::replace(&mut last, now.now));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(entries(&path).len(), written, "nothing was written meanwhile");
    assert_eq!(servers.log(), Vec::<String>::new(), "and nothing sent: its intent is not on record");
    let waits = life.run().journal_waits;
    println!(
        "journal blocked for {:?}: {frames} frames, oldest observation {oldest:?}, shown as waiting {waits:?}",
        started.elapsed()
    );
    assert!(frames > 0, "snapshots went on");
    assert!(waits.is_some(), "the screen says that the journal does not answer");
    disk.release();
    assert!(life.play(), "it goes on");
    let steps = life.run().steps.clone();
    drop(life);
    against_the_log("a blocked journal", &servers.log(), &entries(&path), &steps);
}
