//! The simulation's driver: an event heap in virtual time, the same core, no server.
//!
//! Stepped by tests ([`SimDrive::run_for`]), paced against the real clock by the demo. The same seed gives the same run.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::Arc,
    time::Duration,
};

use tokio::sync::{mpsc, watch};

use super::{clock, live::Link};
use crate::{
    core::{
        Command, Core, Effect, Input,
        estate::{
            seen::{Fault, FaultKind},
            source::{SourceIx, SourceSpec},
        },
        now::Now,
        snapshot::Snapshot,
    },
    plan::Plan,
    systems::{Ask, Sim},
};

/// What is wrong with a simulated server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Fails at once with this.
    Fails(FaultKind),
    /// Takes the question and never answers: a time-out.
    Hangs,
    /// Nothing is heard of the source at all, not even a fault: a pushing server whose link is cut without a word.
    Silent,
}

/// An imitated estate and the core that watches it.
pub struct SimDrive {
    core: Core,
    sim: Sim,
    now: Now,
    sources: BTreeMap<SourceIx, SourceSpec<Ask>>,
    /// When each source is asked next; the second number keeps equal times in order.
    heap: BinaryHeap<Reverse<(Duration, u64, SourceIx)>>,
    order: u64,
    pace: f64,
    random: fastrand::Rng,
    trouble: BTreeMap<String, Trouble>,
}

impl SimDrive {
    /// An estate as the plan names it, at `start`.
    #[must_use]
    pub fn new(plan: Arc<Plan>, seed: u64, start: Now) -> Self {
        let (core, effects) = Core::new(plan.clone(), start);
        let mut drive = Self {
            core,
            sim: Sim::new(&plan, seed),
            now: start,
            sources: BTreeMap::new(),
            heap: BinaryHeap::new(),
            order: 0,
            pace: 1.0,
            random: fastrand::Rng::with_seed(seed),
            trouble: BTreeMap::new(),
        };
        drive.carry_out(effects);
        drive
    }

    /// The virtual moment.
    #[must_use]
    pub const fn now(&self) -> Now {
        self.now
    }

    /// Puts the servers of all sources whose id begins with `prefix` into trouble; `None` mends them.
    pub fn trouble(&mut self, prefix: &str, trouble: Option<Trouble>) {
        match trouble {
            Some(t) => self.trouble.insert(prefix.to_owned(), t),
            None => self.trouble.remove(prefix),
        };
    }

    /// A command from whoever looks.
    pub fn command(&mut self, command: Command) {
        let effects = self.core.handle(Input::Command(command), self.now);
        self.carry_out(effects);
    }

    /// Lets this much virtual time pass.
    pub fn run_for(&mut self, span: Duration) {
        let end = self.now.boot + span;
        while let Some(&Reverse((at, _, source))) = self.heap.peek() {
            if at > end {
                break;
            }
            self.heap.pop();
            self.pass(at);
            self.ask(source);
        }
        self.pass(end);
    }

    /// When the next thing happens, in virtual time.
    #[must_use]
    pub fn next_at(&self) -> Option<Duration> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// The picture now.
    pub fn snapshot(&mut self) -> Snapshot {
        self.core.snapshot(self.now)
    }

    fn pass(&mut self, to: Duration) {
        let step = to.saturating_sub(self.now.boot);
        self.now.boot = self.now.boot.max(to);
        self.now.wall = self.now.wall.checked_add(step).unwrap_or(self.now.wall);
    }

    fn ask(&mut self, ix: SourceIx) {
        let Some(spec) = self.sources.get(&ix) else { return };
        let trouble = self.trouble.iter().find(|(prefix, _)| spec.id.starts_with(prefix.as_str())).map(|(_, t)| *t);
        let (answer, took) = match trouble {
            Some(Trouble::Fails(kind)) => {
                (Err(Fault::new(kind, format!("{}: simulated", spec.endpoint))), Duration::from_millis(1))
            }
            Some(Trouble::Hangs) => (Err(super::poll::timed_out(&spec.what(), spec.timeout)), spec.timeout),
            Some(Trouble::Silent) => {
                let wait = spec.interval;
                self.push(wait, ix);
                return;
            }
            None => {
                let took = Duration::from_millis(self.random.u64(2..40));
                (self.sim.answer(&spec.ask, self.now), took)
            }
        };
        let wait = spec.interval.div_f64(self.pace).mul_f64(1.0 - 0.1 * self.random.f64()).max(took);
        self.push(wait, ix);
        let input = match answer {
            Ok(facts) => Input::Facts { source: ix, facts, took },
            Err(fault) => Input::Failed { source: ix, fault, took },
        };
        let effects = self.core.handle(input, self.now);
        self.carry_out(effects);
    }

    fn push(&mut self, wait: Duration, ix: SourceIx) {
        self.order += 1;
        self.heap.push(Reverse((self.now.boot + wait, self.order, ix)));
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Start(ix, spec) => {
                    let first = spec.interval.min(Duration::from_secs(1)).mul_f64(self.random.f64());
                    self.sources.insert(ix, spec);
                    self.push(first, ix);
                }
                Effect::Pace(pace) => self.pace = pace,
            }
        }
    }
}

/// How often the paced simulation makes a picture.
const FRAME: Duration = Duration::from_millis(200);

/// Runs an imitated estate on a thread of its own, `speed` virtual seconds a second, reached as the live one is. Ends when the
/// last [`Link`] is dropped.
#[must_use]
pub fn start_paced(plan: Arc<Plan>, seed: u64, speed: f64) -> Link {
    let mut drive = SimDrive::new(plan, seed, clock::now());
    let (commands, mut queue) = mpsc::unbounded_channel();
    let (picture, snapshots) = watch::channel(Arc::new(drive.snapshot()));
    std::thread::spawn(move || {
        let mut before = clock::now();
        loop {
            std::thread::sleep(FRAME);
            loop {
                match queue.try_recv() {
                    Ok(command) => drive.command(command),
                    Err(mpsc::error::TryRecvError::Empty) => break,
                    Err(mpsc::error::TryRecvError::Disconnected) => return,
                }
            }
            let now = clock::now();
            // A machine that is too slow for this speed gets a slower estate, not one that falls ever further behind.
            drive.run_for(now.since(before).min(2 * FRAME).mul_f64(speed));
            before = now;
            picture.send_replace(Arc::new(drive.snapshot()));
        }
    });
    Link { snapshots, commands }
}
