//! The engine with a system of its own: one number on one server, read by one collector and set by one request. Nothing of the program's systems
//! is in it, and whatever the engine needs of a system is what the trait asks for.

use std::{path::Path, sync::Arc, time::Duration};

use base::{
    collector::CollectorSpec,
    domain::NONE,
    now::Now,
    observed::{Fault, FaultKind, Observed, Stamp},
    operation::{Change, Draft, Operation, Precondition, SendOutcome, Verified},
    signal::{Samples, SignalDef},
    step::{Kind, Limits, StepState, Truth},
    view::{Detail, Group, Panel, Tile},
    watched::Watched,
};
use journal::{Author, Journal, Reading, store::MemStore};
use plan::{Action, Catalog, Plan};
use serde::{Deserialize, Serialize};

use crate::{
    Engine, EngineEffect, EngineInput,
    run::{Order, RunEffect, RunInput},
    snapshot::Outage,
    systems::{Drafted, OperationOf, Systems},
};

base::signals! { "toy" in NONE:
    NUMBER = "toy.number", Count, [], (0.0, 255.0), "the number", "The number on the server.";
}

/// What is known of the number.
#[derive(Debug)]
struct Toy(Option<(u8, Stamp)>);

#[derive(Debug, Clone)]
enum Probe {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Set(u8);

impl Toy {
    fn number(&self, now: Now) -> Observed<u8> {
        match self.0 {
            Some((number, stamp)) if now.since(stamp.at) <= stamp.fresh.stale => {
                Observed::Fresh(number, base::now::Age(now.since(stamp.at)))
            }
            Some(_) => Observed::Unknown(Fault::new(FaultKind::Silent, "toy: too old")),
            None => Observed::Pending,
        }
    }

    fn draft_to(&self, to: u8, now: Now) -> Drafted<Self> {
        let Observed::Fresh(is, _) = self.number(now) else {
            return Err(vec![Fault::new(FaultKind::Silent, "toy: the number is not known")]);
        };
        let op = |from: u8, to: u8| Operation {
            what: format!("the number {from} → {to}"),
            call: Set(to),
            kind: Kind::Compared,
            cleanup: false,
            precondition: Precondition::Observed(from),
            quarantine: Duration::from_secs(5),
            command: format!("toy set {to}"),
        };
        if is == to {
            return Ok(Draft::nothing());
        }
        let diff = vec![Change { thing: "the number".into(), from: is.to_string(), to: to.to_string() }];
        Ok(Draft {
            ops: vec![op(is, to)],
            limits: Limits::SEQUENCE,
            diff,
            inverse: vec![op(to, is)],
            ..Draft::nothing()
        })
    }
}

impl Systems for Toy {
    type Query = ();
    type Probe = Probe;
    type Observation = u8;
    type Call = Set;
    type Version = u8;

    fn signals() -> Vec<&'static SignalDef> {
        ALL.to_vec()
    }

    fn new(_: &Arc<Plan>) -> (Self, Vec<CollectorSpec<()>>) {
        let second = Duration::from_secs(1);
        let spec = CollectorSpec {
            id: "toy/number".into(),
            side: None,
            endpoint: "toy.test:1".into(),
            calls: &["get"],
            interval: second,
            timeout: second,
            query: (),
        };
        (Self(None), vec![spec])
    }

    fn pages(&self) -> &[(&'static str, &'static str)] {
        &[("toy", "Toy")]
    }

    fn queried((): &()) -> &'static str {
        "toy"
    }

    fn probed(_: &Probe) -> &'static str {
        "toy"
    }

    fn called(_: &Set) -> &'static str {
        "toy"
    }

    fn decides((): &()) -> bool {
        true
    }

    fn waits_within(_: &Set) -> Option<Duration> {
        None
    }

    fn apply(&mut self, (): &(), number: u8, stamp: Stamp) -> Vec<CollectorSpec<()>> {
        self.0 = Some((number, stamp));
        Vec::new()
    }

    fn fail(&mut self, (): &(), _: &Fault, _: Now) {
        self.0 = None;
    }

    fn probes(&mut self) -> Vec<CollectorSpec<Probe>> {
        Vec::new()
    }

    fn on_sample(&mut self, _: &Probe, _: u8, _: Stamp) {}

    fn on_probe_error(&mut self, _: &Probe, _: &Fault) {}

    fn follow(&mut self, _: &str) -> Vec<CollectorSpec<()>> {
        Vec::new()
    }

    fn is_over(&self, (): &(), _: Now) -> bool {
        false
    }

    fn carry(&mut self, _: &[Reading]) {}

    fn draft(&self, action: &Action, now: Now) -> Drafted<Self> {
        match action {
            Action::SetWeights { weights, .. } => self.draft_to(weights.target, now),
            other => Err(vec![Fault::new(FaultKind::Unsupported, format!("{other:?}"))]),
        }
    }

    fn inverse(&self, ops: &[OperationOf<Self>], now: Now) -> Drafted<Self> {
        self.draft_to(ops.first().map_or(0, |op| op.call.0), now)
    }

    fn finish_cleanup(&self, _: &[OperationOf<Self>], _: Now) -> Drafted<Self> {
        Err(vec![Fault::new(FaultKind::Unsupported, "there is no cleanup")])
    }

    fn is_satisfied(&self, action: &Action, now: Now) -> Option<Observed<bool>> {
        let Action::SetWeights { weights, .. } = action else { return None };
        Some(self.number(now).map(|number| number == weights.target))
    }

    fn rollback_window(&self, _: &Action, _: Now) -> Option<(&'static str, Observed<Duration>)> {
        None
    }

    fn measure(&self, now: Now, out: &mut Samples) {
        out.put(&NUMBER, &[], self.number(now).map(f64::from));
    }

    fn watched(&self, _: &str, now: Now) -> Vec<Watched> {
        vec![Watched::new("the number", self.number(now))]
    }

    fn outages(&self, _: Now) -> Vec<Outage> {
        Vec::new()
    }

    fn panel(&self, system: &str, _: Now) -> Option<Panel> {
        (system == "toy").then(|| Panel {
            id: "toy",
            title: "Toy",
            group: Group::Data,
            summary: Vec::new(),
            tables: Vec::new(),
            oldest: None,
        })
    }

    fn tiles(&self, _: Now) -> Vec<Tile> {
        Vec::new()
    }

    fn detail(&self, _: &str, _: &str, _: &str, _: Now) -> Option<Detail> {
        None
    }
}

/// A plan with one step, and a gate over the toy's signal.
const PLAN: &str = r#"
schema = 1
name = "toy"
[sites.source]
label = "A"
region = "us-east-1"
[sites.target]
label = "B"
region = "us-west-2"
[[dns]]
name = "www.example.test."
zone = "Z0123456789"
type = "A"
set_identifiers = { source = ["a"], target = ["b"] }
servers = ["192.0.2.53"]
[[phase]]
id = "one"
title = "One"
[[phase.step]]
id = "set"
title = "Set the number"
action = { set_weights = { name = "www.example.test.", source = 0, target = 7 } }
confirm = "enter"
bake = "0s"
gates = [{ id = "small", metric = "toy.number", op = "<", value = 5 }]
"#;

/// The engine, the server's number, and a journal in memory.
struct Stage {
    engine: Engine<Toy>,
    journal: Journal<Set, u8>,
    now: Now,
    server: u8,
    sent: u32,
}

impl Stage {
    fn new() -> Self {
        let catalog = Catalog { signals: ALL.to_vec() };
        let (plan, _) = Plan::parse(Path::new("toy.toml"), PLAN, &catalog).unwrap_or_else(|faulty| panic!("{faulty}"));
        let now = Now { boot: Duration::from_secs(100), wall: jiff::Timestamp::UNIX_EPOCH };
        let (engine, _) = Engine::new(Arc::new(plan), now);
        let author = Author { run: "toy".into(), actor: "ana".into(), host: "here".into(), plan: Default::default() };
        let (journal, entries) = Journal::open(Box::new(MemStore::default()), author, now).expect("a journal");
        let mut stage = Self { engine, journal, now, server: 3, sent: 0 };
        let effects = stage.engine.take_control(stage.journal.id(), entries, "ana".into(), now);
        stage.carry_out(effects);
        stage
    }

    /// A second passes: the number is read, and the engine gets a tick.
    fn second(&mut self) {
        self.now.boot += Duration::from_secs(1);
        self.now.wall += jiff::SignedDuration::from_secs(1);
        let (collector, observation) = (base::collector::CollectorIx(0), self.server);
        self.take(EngineInput::Observation { collector, observation, took: Duration::ZERO });
        self.take(EngineInput::Tick);
    }

    fn take(&mut self, input: EngineInput<Toy>) {
        let effects = self.engine.handle(input, self.now);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<EngineEffect<Toy>>) {
        for effect in effects {
            let EngineEffect::Run(effect) = effect else { continue };
            match effect {
                RunEffect::Record(body) => {
                    let entry = self.journal.append(body, self.now).expect("there is room");
                    self.take(EngineInput::Run(RunInput::Recorded(Box::new(entry))));
                }
                RunEffect::Send(intent) => {
                    let (permit, entry) = self.journal.commit((*intent).clone(), self.now).expect("there is room");
                    self.take(EngineInput::Run(RunInput::Recorded(Box::new(entry))));
                    drop(permit.spend());
                    let sent = if intent.precondition == Some(self.server) {
                        (self.server, self.sent) = (intent.call.0, self.sent + 1);
                        SendOutcome::accepted("taken")
                    } else {
                        SendOutcome::mismatch("it is another number")
                    };
                    self.take(EngineInput::Run(RunInput::Replied { step: intent.step, ticket: intent.ticket, sent }));
                }
                RunEffect::Verify(verify) => {
                    let truth = if self.server == verify.call.0 { Truth::Applied } else { Truth::NotApplied };
                    let verified = Verified::new(truth, format!("it is {}", self.server));
                    let (step, ticket, look) = (verify.step.clone(), verify.ticket, verify.look);
                    self.take(EngineInput::Run(RunInput::Verified { step, ticket, look, verified }));
                }
                RunEffect::ReadAgain(system) => assert_eq!(system, "toy"),
            }
        }
    }

    fn order(&mut self, order: Order) {
        self.take(EngineInput::Run(RunInput::Order(order)));
    }

    fn state(&self) -> StepState {
        self.engine.phase("set").expect("it is in the plan")
    }

    fn until(&mut self, wanted: StepState) {
        for _ in 0..600 {
            if self.state() == wanted {
                return;
            }
            self.second();
        }
        panic!("{:?}, never {wanted:?}: {:#?}", self.state(), self.engine.run_view(self.now));
    }

    fn execute(&mut self) {
        // A roll back previews itself.
        if self.state() != StepState::Previewed {
            self.until(StepState::Ready);
            self.order(Order::Preview("set".into()));
        }
        self.order(Order::Arm("set".into()));
        let view = self.engine.run_view(self.now);
        let digest = view.steps[0].preview.as_ref().and_then(|p| p.digest).expect("a preview");
        self.order(Order::Execute { step: "set".into(), digest, typed: String::new() });
    }
}

#[test]
fn a_system_of_its_own_is_watched_gated_changed_verified_and_taken_back() {
    let mut stage = Stage::new();
    assert_ne!(stage.state(), StepState::Ready, "nothing is known yet");
    stage.execute();
    stage.until(StepState::Done);
    assert_eq!((stage.server, stage.sent), (7, 1));
    stage.order(Order::RollBack("set".into()));
    stage.execute();
    stage.until(StepState::RolledBack);
    assert_eq!((stage.server, stage.sent), (3, 2));
}

#[test]
fn a_number_that_its_gate_does_not_allow_and_one_that_is_not_read_hold_the_step() {
    let mut stage = Stage::new();
    stage.server = 6;
    (0..10).for_each(|_| stage.second());
    assert_eq!(stage.state(), StepState::Blocked);
    stage.server = 3;
    stage.until(StepState::Ready);
    // Silence is no number.
    for _ in 0..10 {
        stage.now.boot += Duration::from_secs(1);
        stage.now.wall += jiff::SignedDuration::from_secs(1);
        stage.take(EngineInput::Tick);
    }
    assert_eq!(stage.state(), StepState::Blocked);
}
