//! The live driver: real clocks, real servers.
//!
//! One task owns the core. Sources are tasks of their own and only ever put things into its queue; whoever looks gets the latest
//! picture through a watch channel and can be as slow as it likes.

use std::{collections::HashMap, io, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use super::{Link, clock, poll::Schedule, sink::Sink};
use crate::{
    core::{Command, Core, Effect, Input, estate::source::SourceIx, run, snapshot::Snapshot},
    journal::{Refused, follow::Follower},
    plan::Plan,
    systems::Readers,
};

/// Pictures are made at most this often; an input that comes alone is seen at once.
const SPACING: Duration = Duration::from_millis(50);

/// Starts watching what the plan names, on the current tokio runtime. Everything stops when the last [`Link`] is dropped.
#[must_use]
pub fn start(plan: Arc<Plan>) -> Link {
    begin(plan, None)
}

/// The same, reading along a journal that somebody else's console writes.
#[must_use]
pub fn start_following(plan: Arc<Plan>, journal: Follower) -> Link {
    begin(plan, Some(journal))
}

fn begin(plan: Arc<Plan>, follow: Option<Follower>) -> Link {
    let (core, effects) = Core::new(plan.clone(), clock::now());
    let (commands, command_queue) = mpsc::unbounded_channel();
    let mut driver = Driver::new(core, &plan, follow);
    let (picture, snapshots) = watch::channel(Arc::new(driver.core.snapshot(clock::now())));
    driver.carry_out(effects);
    tokio::spawn(driver.run(command_queue, picture));
    Link { snapshots, commands }
}

struct Driver {
    core: Core,
    readers: Readers,
    pace: watch::Sender<f64>,
    queue: mpsc::UnboundedReceiver<Input>,
    inbox: mpsc::UnboundedSender<Input>,
    running: HashMap<SourceIx, JoinHandle<()>>,
    /// Asks a source at once.
    now: HashMap<SourceIx, watch::Sender<()>>,
    follow: Option<Follower>,
}

impl Driver {
    fn new(core: Core, plan: &Arc<Plan>, follow: Option<Follower>) -> Self {
        let (inbox, queue) = mpsc::unbounded_channel();
        Self {
            core,
            readers: Readers::new(plan),
            pace: watch::channel(1.0).0,
            queue,
            inbox,
            running: HashMap::new(),
            follow,
            now: HashMap::new(),
        }
    }

    async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>, picture: watch::Sender<Arc<Snapshot>>) {
        let mut second = interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut drawn = Instant::now();
        loop {
            // Commands first: a key is answered in the next picture whatever the servers send.
            tokio::select! {
                biased;
                command = commands.recv() => match command {
                    Some(command) => self.take(Input::Command(command)),
                    None => break,
                },
                Some(input) = self.queue.recv() => self.take(input),
                _ = second.tick() => {
                    self.read_along();
                    self.take(Input::Tick);
                }
            }
            sleep_until(drawn + SPACING).await;
            while let Ok(command) = commands.try_recv() {
                self.take(Input::Command(command));
            }
            while let Ok(input) = self.queue.try_recv() {
                self.take(input);
            }
            drawn = Instant::now();
            if picture.send(Arc::new(self.core.snapshot(clock::now()))).is_err() {
                break;
            }
        }
        for task in self.running.values() {
            task.abort();
        }
        for task in self.running.into_values() {
            let _ = task.await;
        }
        self.readers.close().await;
        // Whoever waits for the end of the pictures may now take the runtime away.
        drop(picture);
    }

    /// What the other console has written since. A journal that is not there yet has not been begun.
    fn read_along(&mut self) {
        let Some(follow) = &mut self.follow else { return };
        match follow.news() {
            Ok(entries) => entries.into_iter().for_each(|entry| self.take(Input::Follow(Box::new(entry)))),
            Err(Refused::Io(e)) if e.kind() == io::ErrorKind::NotFound => {}
            Err(why) => self.take(Input::Run(run::Input::Halted(format!("the journal that is followed: {why}")))),
        }
    }

    fn take(&mut self, input: Input) {
        let effects = self.core.handle(input, clock::now());
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Start(ix, spec) => {
                    let schedule = Schedule {
                        what: spec.what(),
                        interval: spec.interval,
                        timeout: spec.timeout,
                        pace: self.pace.subscribe(),
                        now: self.now.entry(ix).or_insert_with(|| watch::channel(()).0).subscribe(),
                    };
                    let sink = Sink::new(self.inbox.clone(), ix);
                    self.running.insert(ix, self.readers.spawn(spec, schedule, sink));
                }
                Effect::Pace(pace) => {
                    self.pace.send_replace(pace);
                }
                Effect::Ask(sources) => {
                    sources.iter().filter_map(|ix| self.now.get(ix)).for_each(|now| now.send_replace(()));
                }
                // Nobody was given the run: there is no journal, and nothing here that could send.
                Effect::Run(_) => {}
            }
        }
    }
}
