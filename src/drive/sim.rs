//! The driver of the simulation: an event heap in virtual time, the same engine, no server.
//!
//! Tests advance it ([`SimDrive::run_for`]); the demo paces it against the real clock. The same seed gives the same run, and the same
//! journal, byte for byte.

mod host;
mod paced;
mod wire;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::Arc,
    time::Duration,
};

use self::wire::{Message, Wire};
pub use self::{
    paced::{SPEED, Speed, start_paced, start_with_control},
    wire::{CallTrouble, Requests},
};
use crate::Executor;
use base::{
    collector::{CollectorIx, CollectorSpec},
    now::Now,
    observed::{Fault, FaultKind},
    operation::SendOutcome,
    signal::{Sample, Samples, SignalDef},
    step::Reply,
};
use engine::{
    EngineCommand,
    run::{self, Order},
    snapshot::{Snapshot, Wanted},
};
use plan::{Action, Plan};
use systems::{Engine, EngineEffect, EngineInput, Estate};
use systems::{Entry, Journal};
use systems::{FaultInjection, Question, Sim};

/// What is wrong with a simulated server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Fails at once with this.
    Fails(FaultKind),
    /// Accepts the query and never answers: a time-out.
    Hangs,
    /// Neither an observation nor a fault arrives: a server that pushes, and whose connection is cut without notice.
    Silent,
}

/// A simulated estate and the engine that observes it.
pub struct SimDrive {
    executor: Executor<Estate>,
    host: SimHost,
    /// When the engine gets the next tick.
    tick: Duration,
}

/// Virtual time, a journal in memory or on disk, simulated servers and a network that the tests control.
struct SimHost {
    sim: Sim,
    now: Now,
    collectors: BTreeMap<CollectorIx, CollectorSpec<Question>>,
    /// When each collector is asked next; the second number keeps equal times in order.
    heap: BinaryHeap<Reverse<(Duration, u64, CollectorIx)>>,
    /// The valid entry of each collector in the heap: a poll may be moved to an earlier time.
    next: BTreeMap<CollectorIx, u64>,
    order: u64,
    pace: f64,
    random: fastrand::Rng,
    trouble: BTreeMap<String, Trouble>,
    journal: Option<Journal>,
    wire: Wire,
}

/// Interval of the engine's ticks.
const TICK: Duration = Duration::from_secs(1);

impl SimDrive {
    /// An estate as the plan names it, at `start`.
    #[must_use]
    pub fn new(plan: Arc<Plan>, seed: u64, start: Now) -> Self {
        let (first, effects) = Engine::new(plan.clone(), start);
        let host = SimHost {
            sim: Sim::new(&plan, seed),
            now: start,
            collectors: BTreeMap::new(),
            heap: BinaryHeap::new(),
            next: BTreeMap::new(),
            order: 0,
            pace: 1.0,
            random: fastrand::Rng::with_seed(seed),
            trouble: BTreeMap::new(),
            journal: None,
            wire: Wire::default(),
        };
        let mut drive = Self { executor: Executor::new(first), host, tick: start.boot };
        drive.carry_out(effects);
        drive
    }

    /// Gives the run to an operator, in the state that the journal has.
    pub fn take_control(&mut self, journal: Journal, entries: Vec<Entry>) {
        let operator = journal.author().actor.clone();
        let id = journal.id();
        self.host.journal = Some(journal);
        let effects = self.executor.engine_mut().take_control(id, entries, operator, self.host.now);
        self.carry_out(effects);
    }

    /// The process of the console ends, and its memory is lost; the servers and the requests in flight to them stay. Another console
    /// starts without knowledge.
    pub fn crash(&mut self) {
        let (first, effects) = Engine::new(self.executor.engine().plan().clone(), self.host.now);
        self.executor = Executor::new(first);
        self.host.journal = None;
        self.host.wire.console_gone();
        self.host.collectors.clear();
        self.host.heap.clear();
        self.host.next.clear();
        self.carry_out(effects);
    }

    /// Nothing can be put on record any more, for this reason.
    pub fn halt(&mut self, why: &str) {
        self.take(EngineInput::Run(systems::RunInput::Halted(why.to_owned())));
    }

    /// An order of the operator.
    pub fn order(&mut self, order: Order) {
        self.take(EngineInput::Run(systems::RunInput::Order(order)));
    }

    /// The next `times` of these requests have this fault.
    pub fn call_trouble(&mut self, of: impl Into<Requests>, trouble: CallTrouble, times: u32) {
        self.host.wire.troubles.push((of.into(), trouble, times));
    }

    /// Operations of steps whose id begins with this cannot be verified; `None`: they can again.
    pub fn unobservable(&mut self, prefix: Option<&str>) {
        self.host.wire.unobservable = prefix.map(str::to_owned);
    }

    /// Somebody else changes the object of an action.
    pub fn external_change(&mut self, action: &Action) {
        self.host.sim.external_change(action, self.host.now);
    }

    /// Injects a fault into the estate, as a scenario asks for.
    ///
    /// # Errors
    /// If its object does not exist, in words.
    pub fn happen(&mut self, what: &FaultInjection) -> Result<(), String> {
        self.host.sim.inject(what, self.host.now)
    }

    /// Cuts the network between the sites, or restores it. The console still reaches both.
    pub fn cut(&mut self, on: bool) {
        self.host.sim.cut(on);
    }

    /// The log of the servers: the tags of every operation that they carried out.
    #[must_use]
    pub fn server_log(&self) -> Vec<String> {
        self.host.sim.log()
    }

    /// Moves the wall clock.
    pub fn set_clock(&mut self, by: jiff::SignedDuration) {
        self.host.now.wall = self.host.now.wall.checked_add(by).unwrap_or(self.host.now.wall);
    }

    /// The console's machine is suspended; the servers continue.
    pub fn suspend(&mut self, span: Duration) {
        let to = self.host.now.boot + span;
        self.pass(to);
        self.tick = self.tick.max(to);
    }

    /// State of a step.
    #[must_use]
    pub fn phase(&self, step: &str) -> Option<base::step::StepState> {
        self.executor.engine().phase(step)
    }

    /// Whether a request or a reply is in flight.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.host.wire.next_at().is_some()
    }

    /// The word of a step's state.
    #[must_use]
    pub fn word(&self, step: &str) -> Option<&'static str> {
        self.executor.engine().word(step)
    }

    /// The present samples of one signal, all its series.
    #[must_use]
    pub fn samples(&self, metric: &'static SignalDef) -> Vec<Sample> {
        self.executor.engine().samples(Samples::only(Arc::new([metric.id].into())), self.host.now)
    }

    /// The present samples of every signal.
    #[must_use]
    pub fn signals(&self) -> Vec<Sample> {
        self.executor.engine().samples(Samples::default(), self.host.now)
    }

    /// The present state of the run, without the rest of the snapshot.
    #[must_use]
    pub fn run_view(&self) -> run::RunView {
        self.executor.engine().run_view(self.host.now)
    }

    /// The journal, read only.
    #[must_use]
    pub const fn journal(&self) -> Option<&Journal> {
        self.host.journal.as_ref()
    }

    /// The virtual moment.
    #[must_use]
    pub const fn now(&self) -> Now {
        self.host.now
    }

    /// Makes all collectors whose id begins with `prefix` fail in this way; `None` ends it.
    pub fn trouble(&mut self, prefix: &str, trouble: Option<Trouble>) {
        match trouble {
            Some(t) => self.host.trouble.insert(prefix.to_owned(), t),
            None => self.host.trouble.remove(prefix),
        };
    }

    /// A command of a viewer.
    pub fn command(&mut self, command: EngineCommand) {
        self.take(EngineInput::Command(command));
    }

    fn take(&mut self, input: EngineInput) {
        self.executor.take(input, &mut self.host);
    }

    fn carry_out(&mut self, effects: Vec<EngineEffect>) {
        self.executor.carry_out(effects, &mut self.host);
    }

    /// Lets this much virtual time pass.
    pub fn run_for(&mut self, span: Duration) {
        let end = self.host.now.boot + span;
        while let Some(at) = self.next_at().filter(|at| *at <= end) {
            self.pass(at);
            // At equal times: first what a server did, then the tick, then the polls.
            if self.host.wire.next_at().is_some_and(|due| due <= at) {
                self.arrive();
            } else if self.tick <= at || self.executor.engine().next_due().is_some_and(|due| due <= at) {
                if self.tick <= at {
                    self.tick = at + TICK;
                }
                self.take(EngineInput::Tick);
            } else if let Some(Reverse((_, order, source))) = self.host.heap.pop()
                && self.host.next.get(&source) == Some(&order)
            {
                self.ask(source);
            }
        }
        self.pass(end);
    }

    /// When the next thing happens, in virtual time.
    #[must_use]
    pub fn next_at(&self) -> Option<Duration> {
        let asked = self.host.heap.peek().map(|Reverse((at, ..))| *at);
        [asked, self.host.wire.next_at(), self.executor.engine().next_due(), Some(self.tick)]
            .into_iter()
            .flatten()
            .min()
    }

    /// A message arrives.
    fn arrive(&mut self) {
        let delay = Duration::from_millis(self.host.random.u64(1..20));
        let back = self.host.now.boot + delay;
        match self.host.wire.pop() {
            Some(Message::Request(permit, intent, trouble)) => {
                let sent = self.apply(permit, &intent, trouble);
                if let Some(sent) = sent {
                    self.host.wire.send(back, Message::Reply(intent, sent));
                }
            }
            Some(Message::Look(look, unobservable)) => {
                let looked = if unobservable {
                    wire::nothing_seen()
                } else {
                    self.host.sim.verify(&look.tag, &look.call, look.precondition.as_ref(), self.host.now)
                };
                self.host.wire.send(back, Message::Verified(look, looked));
            }
            Some(Message::Reply(intent, sent)) => self.take(EngineInput::Run(wire::replied(*intent, sent))),
            Some(Message::Verified(look, looked)) => self.take(EngineInput::Run(wire::verified(*look, looked))),
            None => {}
        }
    }

    /// A request arrives; its answer, if there is one.
    fn apply(
        &mut self,
        permit: journal::Permit,
        intent: &systems::Intent,
        trouble: Option<CallTrouble>,
    ) -> Option<SendOutcome<systems::Version>> {
        match trouble {
            Some(CallTrouble::Throttled) => return Some(wire::indeterminate("429 Too Many Requests: rate exceeded")),
            Some(CallTrouble::Refused) => {
                return Some(SendOutcome {
                    reply: Reply::Refused,
                    version: None,
                    detail: "403 Forbidden: access denied".to_owned(),
                });
            }
            Some(CallTrouble::RequestLost | CallTrouble::Pending) => return None,
            _ => {}
        }
        let sent = self.host.sim.write(permit, &intent.call, intent.precondition.as_ref(), self.host.now);
        match trouble {
            Some(CallTrouble::FaultAfter) => Some(wire::indeterminate("500 Internal Server Error")),
            Some(CallTrouble::ReplyLost) => None,
            _ => Some(sent),
        }
    }

    /// The snapshot now, without details and signals.
    pub fn snapshot(&mut self) -> Snapshot {
        self.snapshot_with(&Wanted::default())
    }

    /// The snapshot now, with what is wanted in it.
    pub fn snapshot_with(&mut self, wanted: &Wanted) -> Snapshot {
        self.executor.engine_mut().snapshot(wanted, self.host.now)
    }

    fn pass(&mut self, to: Duration) {
        let step = to.saturating_sub(self.host.now.boot);
        self.host.now.boot = self.host.now.boot.max(to);
        self.host.now.wall = self.host.now.wall.checked_add(step).unwrap_or(self.host.now.wall);
    }

    fn ask(&mut self, ix: CollectorIx) {
        let Some(spec) = self.host.collectors.get(&ix) else { return };
        let trouble =
            self.host.trouble.iter().find(|(prefix, _)| spec.id.starts_with(prefix.as_str())).map(|(_, t)| *t);
        let (answer, took) = match trouble {
            Some(Trouble::Fails(kind)) => {
                (Err(Fault::new(kind, format!("{}: simulated", spec.endpoint))), Duration::from_millis(1))
            }
            Some(Trouble::Hangs) => (Err(systems::collect::poll::timed_out(&spec.what(), spec.timeout)), spec.timeout),
            Some(Trouble::Silent) => {
                let wait = spec.interval;
                self.host.push(wait, ix);
                return;
            }
            None => {
                let took = Duration::from_millis(self.host.random.u64(2..40));
                let answer = match &spec.query {
                    Question::Query(query) => self.host.sim.answer(query, self.host.now),
                    Question::Probe(probe) => self.host.sim.sample(probe, self.host.now),
                };
                (answer, took)
            }
        };
        let wait = spec.interval.div_f64(self.host.pace).mul_f64(1.0 - 0.1 * self.host.random.f64()).max(took);
        self.host.push(wait, ix);
        self.take(match answer {
            Ok(observation) => EngineInput::Observation { collector: ix, observation, took },
            Err(fault) => EngineInput::Failed { collector: ix, fault, took },
        });
    }
}

impl SimHost {
    fn push(&mut self, wait: Duration, ix: CollectorIx) {
        self.order += 1;
        self.next.insert(ix, self.order);
        self.heap.push(Reverse((self.now.boot + wait, self.order, ix)));
    }
}
