//! The live driver: real clocks, real servers.
//!
//! One task owns the core. Sources are tasks of their own and only ever put things into its queue; whoever looks gets the latest
//! picture through a watch channel and can be as slow as it likes. With a journal it also steers: what is meant is synced to disk by this
//! very task before anything leaves, so that nothing overtakes it; requests and looks are tasks again.

use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet},
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};

use super::{Control, Link, Orders, inbox::Inbox};
use base::{
    collector::{CollectorIx, CollectorSpec},
    now,
    operation::{SendOutcome, Verified, VerifyRequest},
};
use engine::{EngineCommand, run::Order, snapshot::Snapshot};
use journal::{Halt, Permit, Refused, follow::Follower};
use plan::Plan;
use systems::collect::{clock, guard::caught, poll::Schedule, sink::Sink};
use systems::{Engine, EngineEffect, EngineInput, Verify};
use systems::{Entry, Intent, Journal};
use systems::{Observation, Readers, Writers};

/// Pictures are made at most this often; an input that comes alone is seen at once.
const SPACING: Duration = Duration::from_millis(50);

/// A look that takes longer has seen nothing.
const LOOK_WITHIN: Duration = Duration::from_secs(10);

/// Starts watching what the plan names, on the current tokio runtime. Everything stops when the last [`Link`] is dropped.
#[must_use]
pub fn start(plan: Arc<Plan>) -> Link {
    begin(plan, None, None).link
}

/// The same, reading along a journal that somebody else's console writes.
#[must_use]
pub fn start_following(plan: Arc<Plan>, journal: Follower) -> Link {
    begin(plan, Some(journal), None).link
}

/// The same, with a journal of our own, taken up where it stood: it can be steered.
#[must_use]
pub fn start_steered(plan: Arc<Plan>, (journal, entries): (Journal, Vec<Entry>), inbox: Inbox) -> Control {
    begin(plan, None, Some((journal, entries, inbox)))
}

fn begin(plan: Arc<Plan>, follow: Option<Follower>, steered: Option<(Journal, Vec<Entry>, Inbox)>) -> Control {
    let (core, effects) = Engine::new(plan.clone(), clock::now());
    let (commands, command_queue) = mpsc::unbounded_channel();
    let (orders, order_queue) = mpsc::unbounded_channel();
    let mut driver = Driver::new(core, &plan, follow);
    driver.carry_out(effects);
    if let Some((journal, entries, inbox)) = steered {
        driver.steer(&plan, journal, entries, inbox);
    }
    let (picture, snapshots) = watch::channel(Arc::new(driver.core.snapshot(clock::now())));
    tokio::spawn(driver.run(command_queue, order_queue, picture));
    Control { link: Link { snapshots, commands }, orders: Orders::new(orders) }
}

/// What it takes to steer.
struct Steering {
    journal: Journal,
    writers: Arc<Writers>,
    inbox: Inbox,
}

struct Driver {
    core: Engine,
    readers: Arc<Readers>,
    pace: watch::Sender<f64>,
    queue: mpsc::UnboundedReceiver<EngineInput>,
    inbox: mpsc::UnboundedSender<EngineInput>,
    running: HashMap<CollectorIx, JoinHandle<()>>,
    /// Asks a source at once.
    now: HashMap<CollectorIx, watch::Sender<()>>,
    follow: Option<Follower>,
    steering: Option<Steering>,
    /// Requests and looks on their way.
    away: JoinSet<()>,
}

impl Driver {
    fn new(core: Engine, plan: &Arc<Plan>, follow: Option<Follower>) -> Self {
        let (inbox, queue) = mpsc::unbounded_channel();
        Self {
            core,
            readers: Arc::new(Readers::new(plan)),
            pace: watch::channel(1.0).0,
            queue,
            inbox,
            running: HashMap::new(),
            follow,
            now: HashMap::new(),
            steering: None,
            away: JoinSet::new(),
        }
    }

    fn steer(&mut self, plan: &Arc<Plan>, journal: Journal, entries: Vec<Entry>, inbox: Inbox) {
        let (id, operator) = (journal.id(), journal.author().actor.clone());
        let writers = Arc::new(Writers::new(plan, &journal));
        self.steering = Some(Steering { journal, writers, inbox });
        let effects = self.core.steer(id, entries, operator, clock::now());
        self.carry_out(effects);
    }

    async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<EngineCommand>,
        mut orders: mpsc::UnboundedReceiver<Order>,
        picture: watch::Sender<Arc<Snapshot>>,
    ) {
        let mut second = interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let (mut drawn, mut news) = (Instant::now(), true);
        loop {
            let due = self.core.next_due().map(|at| Instant::now() + at.saturating_sub(clock::now().boot));
            let due = async { if let Some(due) = due { sleep_until(due).await } else { std::future::pending().await } };
            // A picture first, where one is due; then keys, which are answered in the next picture whatever the servers send.
            tokio::select! {
                biased;
                () = sleep_until(drawn + SPACING), if news => {
                    (drawn, news) = (Instant::now(), false);
                    let (made, effects) = self.core.take_snapshot(clock::now());
                    self.carry_out(effects);
                    if picture.send(Arc::new(made)).is_err() {
                        break;
                    }
                    continue;
                }
                command = commands.recv() => match command {
                    Some(command) => self.take(EngineInput::Command(command)),
                    None => break,
                },
                Some(order) = orders.recv() => self.take(EngineInput::Run(systems::RunInput::Order(order))),
                Some(input) = self.queue.recv() => self.take(input),
                () = due => self.take(EngineInput::Tick),
                _ = second.tick() => {
                    self.read_along();
                    self.look_at_journal();
                    self.take_messages();
                    self.take(EngineInput::Tick);
                }
                Some(_) = self.away.join_next() => continue,
                // Own keys, servers and timers come first, however many messages wait.
                () = std::future::ready(()), if self.has_messages() => self.take_messages(),
            }
            news = true;
        }
        let effects = self.core.leave(clock::now());
        self.carry_out(effects);
        self.away.shutdown().await;
        for task in self.running.values() {
            task.abort();
        }
        for task in self.running.into_values() {
            let _ = task.await;
        }
        self.readers.close().await;
        if let Some(steering) = &self.steering {
            steering.writers.close().await;
        }
        // Whoever waits for the end of the pictures may now take the runtime away.
        drop(picture);
    }

    fn has_messages(&self) -> bool {
        self.steering.as_ref().is_some_and(|s| s.inbox.has_more())
    }

    /// What other terminals have put into the inbox, a few at a time.
    fn take_messages(&mut self) {
        let orders = self.steering.as_mut().map(|s| s.inbox.take()).unwrap_or_default();
        for order in orders {
            self.take(EngineInput::Run(systems::RunInput::Order(order)));
        }
    }

    /// What the other console has written since. A journal that is not there yet has not been begun.
    fn read_along(&mut self) {
        let Some(mut follow) = self.follow.take() else { return };
        match follow.each(|entry| self.take(EngineInput::Follow(Box::new(entry)))) {
            Ok(()) => {}
            Err(Refused::Io(e)) if e.kind() == io::ErrorKind::NotFound && !follow.has_begun() => {}
            Err(why) => {
                self.take(EngineInput::Run(systems::RunInput::Halted(format!("the journal that is followed: {why}"))))
            }
        }
        self.follow = Some(follow);
    }

    /// Whether our own journal is still where it belongs: else nothing is sent any more, and the screen says so before a step needs it.
    fn look_at_journal(&mut self) {
        let Some(steering) = &mut self.steering else { return };
        if steering.journal.halted().is_none()
            && let Err(halt) = steering.journal.check()
        {
            self.take(EngineInput::Run(systems::RunInput::Halted(halt.to_string())));
        }
    }

    fn take(&mut self, input: EngineInput) {
        let effects = self.core.handle(input, clock::now());
        self.carry_out(effects);
    }

    /// When a source is asked, and where it puts what it learns.
    fn way_of<A>(&mut self, ix: CollectorIx, spec: &CollectorSpec<A>) -> (Schedule, Sink<Observation>) {
        let schedule = Schedule {
            what: spec.what(),
            interval: spec.interval,
            timeout: spec.timeout,
            pace: self.pace.subscribe(),
            now: self.now.entry(ix).or_insert_with(|| watch::channel(()).0).subscribe(),
        };
        (schedule, Sink::new(self.inbox.clone(), ix))
    }

    fn carry_out(&mut self, effects: Vec<EngineEffect>) {
        let mut queue = VecDeque::from(effects);
        while let Some(effect) = queue.pop_front() {
            match effect {
                EngineEffect::Start(ix, spec) => {
                    let (schedule, sink) = self.way_of(ix, &spec);
                    self.running.insert(ix, self.readers.spawn(spec, schedule, sink));
                }
                EngineEffect::Probe(ix, spec) => {
                    // Made of what can write, which is there only with a journal; the core wants it only then.
                    let Some(writers) = self.steering.as_ref().map(|s| s.writers.clone()) else { continue };
                    let (schedule, sink) = self.way_of(ix, &spec);
                    self.running.insert(ix, writers.spawn(spec, schedule, sink));
                }
                EngineEffect::Pace(pace) => {
                    self.pace.send_replace(pace);
                }
                EngineEffect::Poll(sources) => {
                    sources.iter().filter_map(|ix| self.now.get(ix)).for_each(|now| now.send_replace(()));
                }
                EngineEffect::Run(effect) => match self.carry_out_run(effect) {
                    Ok(more) => more.into_iter().rev().for_each(|effect| queue.push_front(effect)),
                    // What follows on what is not on record is not done.
                    Err(halt) => {
                        queue.retain(|effect| !matches!(effect, EngineEffect::Run(_)));
                        queue.extend(
                            self.core
                                .handle(EngineInput::Run(systems::RunInput::Halted(halt.to_string())), clock::now()),
                        );
                    }
                },
            }
        }
    }

    fn carry_out_run(&mut self, effect: systems::RunEffect) -> Result<Vec<EngineEffect>, Halt> {
        // Nobody was given the run: there is no journal, and nothing here that could send.
        let Some(steering) = &mut self.steering else { return Ok(Vec::new()) };
        let recorded = |entry| EngineInput::Run(systems::RunInput::Recorded(Box::new(entry)));
        match effect {
            systems::RunEffect::Record(body) => {
                let entry = steering.journal.append(body, clock::now())?;
                Ok(self.core.handle(recorded(entry), clock::now()))
            }
            // The core has made of it what is to be asked.
            systems::RunEffect::ReadAgain(_) => Ok(Vec::new()),
            systems::RunEffect::Send(intent) => {
                let (permit, entry) = steering.journal.commit((*intent).clone(), clock::now())?;
                let wrote = systems::RunInput::Wrote { step: intent.step.clone(), ticket: intent.ticket };
                self.away.spawn(send(steering.writers.clone(), permit, *intent, self.inbox.clone()));
                let mut effects = self.core.handle(recorded(entry), clock::now());
                effects.extend(self.core.handle(EngineInput::Run(wrote), clock::now()));
                Ok(effects)
            }
            systems::RunEffect::Verify(look) => {
                self.away.spawn(look_for(self.readers.clone(), *look, self.inbox.clone()));
                Ok(Vec::new())
            }
        }
    }
}

/// Sends, once, and brings the answer. After its deadline nobody listens any more: the request is given up, and looked for.
async fn send(writers: Arc<Writers>, permit: Permit, intent: Intent, queue: mpsc::UnboundedSender<EngineInput>) {
    let Intent { step, ticket, call, precondition: expect, deadline, .. } = intent;
    let sent = caught(timeout(deadline, writers.send(permit, &call, expect.as_ref()))).await;
    let sent = match sent {
        Ok(Ok(sent)) => sent,
        Ok(Err(_)) => SendOutcome::indeterminate(format!("no answer within {}", now::short(deadline))),
        // Whether it had left by then, nobody knows.
        Err(broke_down) => SendOutcome::indeterminate(broke_down),
    };
    // The driver is gone only when the program ends; then the journal knows that it was sent.
    let _ = queue.send(EngineInput::Run(systems::RunInput::Replied { step, ticket, sent }));
}

/// Looks, once, and brings what was seen.
async fn look_for(readers: Arc<Readers>, look: Verify, queue: mpsc::UnboundedSender<EngineInput>) {
    let Verify { step, ticket, look, tag, call, precondition: expect, accepted } = look;
    let sought = VerifyRequest { tag: &tag, call: &call, precondition: expect.as_ref(), accepted };
    let looked = match caught(timeout(LOOK_WITHIN, readers.verify(sought))).await {
        Ok(Ok(looked)) => looked,
        Ok(Err(_)) => Verified::unobservable(format!("no answer within {}", now::short(LOOK_WITHIN))),
        Err(broke_down) => Verified::unobservable(broke_down),
    };
    let _ = queue.send(EngineInput::Run(systems::RunInput::Verified { step, ticket, look, verified: looked }));
}
