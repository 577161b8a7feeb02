//! The live host of the executor: real clocks, real servers.
//!
//! One task owns the engine. Collectors are tasks of their own and only ever put observations into its queue; whoever looks gets the latest
//! snapshot through a watch channel and can be as slow as it likes. With a journal it also steers: a thread writes and syncs the journal,
//! another reads the inbox, requests and verifications are tasks. What they are of is a [`Servers`]: the real ones, or a test's.

mod host;
mod messages;
mod recorder;
mod servers;

use std::{future::pending, io, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout, timeout_at},
};

pub use self::servers::{Real, Servers};
use self::{host::Live, messages::Messages};
use super::{Control, Executor, Link, Orders, Viewer, executor::Written, inbox::Inbox, viewer::AllWanted};
use base::cause::Chain;
use engine::{
    EngineCommand,
    run::Order,
    snapshot::{Snapshot, Wanted},
};
use journal::{Refused, follow::Follower};
use plan::Plan;
use systems::{Engine, EngineInput, Entry, Estate, Journal, RunInput, collect::clock};

/// Snapshots are made at most this often; an input that comes alone is seen at once.
const SPACING: Duration = Duration::from_millis(50);

/// What is still to be put on record is waited for so long when the program ends.
pub const LAST_WRITES: Duration = Duration::from_secs(5);

/// Of that time so long for messages that are just being taken out of the inbox.
const LAST_MESSAGES: Duration = Duration::from_secs(1);

/// Starts watching what the plan names, on the current tokio runtime. Everything stops when the last [`Link`] is dropped.
#[must_use]
pub fn start(plan: Arc<Plan>) -> Link {
    let servers = Real::reading(&plan);
    begin(plan, servers, None, None).link
}

/// The same, reading along a journal that somebody else's console writes.
#[must_use]
pub fn start_following(plan: Arc<Plan>, journal: Follower) -> Link {
    let servers = Real::reading(&plan);
    begin(plan, servers, Some(journal), None).link
}

/// The same, with a journal of our own, resumed where it stood: it can be controlled.
#[must_use]
pub fn start_with_control(plan: Arc<Plan>, (journal, entries): (Journal, Vec<Entry>), inbox: Inbox) -> Control {
    let servers = Real::with_writers(&plan, &journal);
    start_with_control_on(plan, servers, (journal, entries), inbox)
}

/// The same on these servers: what a test uses that brings its own.
#[must_use]
pub fn start_with_control_on(
    plan: Arc<Plan>,
    servers: impl Servers,
    (journal, entries): (Journal, Vec<Entry>),
    inbox: Inbox,
) -> Control {
    begin(plan, servers, None, Some((journal, entries, inbox)))
}

fn begin(
    plan: Arc<Plan>,
    servers: impl Servers,
    follow: Option<Follower>,
    control: Option<(Journal, Vec<Entry>, Inbox)>,
) -> Control {
    let (engine, effects) = Engine::new(plan, clock::now());
    let (commands, command_queue) = mpsc::unbounded_channel();
    let (orders, order_queue) = mpsc::unbounded_channel();
    let (observations, queue) = mpsc::unbounded_channel();
    let (answers, written) = mpsc::unbounded_channel();
    let mut host = Live::new(servers, observations);
    let mut executor = Executor::new(engine);
    executor.carry_out(effects, &mut host);
    let mut messages = None;
    if let Some((journal, entries, inbox)) = control {
        messages = Some(Messages::start(inbox));
        let (id, operator) = (journal.id(), journal.author().actor.clone());
        host.record_in(journal, answers);
        let effects = executor.engine_mut().take_control(id, entries, operator, clock::now());
        executor.carry_out(effects, &mut host);
    }
    let first = executor.engine_mut().snapshot(&Wanted::default(), clock::now());
    let (snapshot, snapshots) = watch::channel(Arc::new(first));
    let viewer = Viewer::default();
    let driver = Driver { executor, host, queue, written, follow, messages, wanted: viewer.all() };
    tokio::spawn(driver.run(command_queue, order_queue, snapshot));
    Control { link: Link { snapshots, commands, viewer, speed: None }, orders: Orders::new(orders) }
}

struct Driver<V: Servers> {
    executor: Executor<Estate>,
    host: Live<V>,
    queue: mpsc::UnboundedReceiver<EngineInput>,
    /// What came of writes.
    written: mpsc::UnboundedReceiver<Written<Estate>>,
    follow: Option<Follower>,
    messages: Option<Messages>,
    /// What viewers want in the snapshots.
    wanted: AllWanted,
}

impl<V: Servers> Driver<V> {
    async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<EngineCommand>,
        mut orders: mpsc::UnboundedReceiver<Order>,
        snapshot: watch::Sender<Arc<Snapshot>>,
    ) {
        let mut second = interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let (mut drawn, mut news) = (Instant::now(), true);
        loop {
            let due = self.executor.engine().next_due();
            let due = due.map(|at| Instant::now() + at.saturating_sub(clock::now().boot));
            let due = async { if let Some(due) = due { sleep_until(due).await } else { pending().await } };
            // A snapshot first, where one is due; then keys, which are answered in the next snapshot whatever the servers send.
            tokio::select! {
                biased;
                () = sleep_until(drawn + SPACING), if news => {
                    (drawn, news) = (Instant::now(), false);
                    let (made, effects) = self.executor.engine_mut().take_snapshot(&self.wanted.now(), clock::now());
                    self.executor.carry_out(effects, &mut self.host);
                    if snapshot.send(Arc::new(made)).is_err() {
                        break;
                    }
                    continue;
                }
                command = commands.recv() => match command {
                    Some(command) => self.take(EngineInput::Command(command)),
                    None => break,
                },
                () = self.wanted.changed() => {}
                Some(order) = orders.recv() => self.take(EngineInput::Run(RunInput::Order(order))),
                Some(written) = self.written.recv() => self.executor.written(written, &mut self.host),
                Some(input) = self.queue.recv() => self.take(input),
                () = due => self.take(EngineInput::Tick),
                _ = second.tick() => {
                    self.read_along();
                    // The journal first: what is read beside it may hang on the same disk.
                    self.executor.tick(&mut self.host);
                    if !self.executor.is_writing() {
                        self.host.check_journal();
                    }
                    self.messages.iter_mut().for_each(Messages::take);
                    self.take(EngineInput::Tick);
                }
                () = self.host.forget_done() => continue,
                // Own keys, servers and timers come first, however many messages wait.
                orders = next(&mut self.messages) => self.order(orders),
            }
            news = true;
        }
        self.leave().await;
        // Whoever waits for the end of the snapshots may now take the runtime away.
        drop(snapshot);
    }

    /// What is known last is put on record, and all tasks end.
    async fn leave(mut self) {
        let end = Instant::now() + LAST_WRITES;
        if let Some(messages) = self.messages.take() {
            let orders = timeout(LAST_MESSAGES, messages.last()).await.unwrap_or_default();
            self.order(orders);
        }
        self.executor.leave(&mut self.host);
        let _ = timeout_at(end, async {
            while self.executor.is_writing()
                && let Some(written) = self.written.recv().await
            {
                self.executor.written(written, &mut self.host);
            }
        })
        .await;
        self.host.close().await;
    }

    /// Orders that other terminals have put into the inbox.
    fn order(&mut self, orders: Vec<Order>) {
        for order in orders {
            self.take(EngineInput::Run(RunInput::Order(order)));
        }
    }

    /// What the other console has written since. A journal that is not there yet has not been begun.
    fn read_along(&mut self) {
        let Some(mut follow) = self.follow.take() else { return };
        match follow.each(|entry| self.take(EngineInput::Follow(Box::new(entry)))) {
            Ok(()) => {}
            Err(Refused::Io(e)) if e.kind() == io::ErrorKind::NotFound && !follow.has_started() => {}
            Err(why) => {
                let advice = why.advice().map_or_else(String::new, |advice| format!("; {advice}"));
                let why = format!("the journal that is followed: {}{advice}", Chain(&why));
                self.take(EngineInput::Run(RunInput::Halted(why)));
            }
        }
        self.follow = Some(follow);
    }

    fn take(&mut self, input: EngineInput) {
        self.executor.take(input, &mut self.host);
    }
}

/// The next orders out of the inbox. Waits for ever where there is none.
async fn next(messages: &mut Option<Messages>) -> Vec<Order> {
    match messages {
        Some(messages) => messages.next().await,
        None => pending().await,
    }
}
