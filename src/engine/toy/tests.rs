//! The engine with the toy, its server, and a journal that answers at once.

use super::*;
use crate::{
    Engine, EngineEffect, EngineInput,
    run::{Order, RunEffect, RunInput},
};
use base::{
    collector::CollectorIx,
    operation::{SendOutcome, Verified},
    step::{StepState, Truth},
};
use journal::{Author, Journal, store::MemStore};

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
        let now = Now { boot: Duration::from_secs(100), wall: jiff::Timestamp::UNIX_EPOCH };
        let (engine, _) = Engine::new(Arc::new(plan()), now);
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
        let (collector, observation) = (CollectorIx(0), self.server);
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
                    self.take(EngineInput::Run(RunInput::Asked { step: step.clone(), ticket }));
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
        self.engine.phase(STEP).expect("it is in the plan")
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
            self.order(Order::Preview(STEP.into()));
        }
        self.order(Order::Arm(STEP.into()));
        let view = self.engine.run_view(self.now);
        let digest = view.steps[0].preview.as_ref().and_then(|p| p.digest).expect("a preview");
        self.order(Order::Execute { step: STEP.into(), digest, typed: String::new() });
    }
}

#[test]
fn a_system_of_its_own_is_watched_gated_changed_verified_and_taken_back() {
    let mut stage = Stage::new();
    assert_ne!(stage.state(), StepState::Ready, "nothing is known yet");
    stage.execute();
    stage.until(StepState::Done);
    assert_eq!((stage.server, stage.sent), (WANTED, 1));
    stage.order(Order::RollBack(STEP.into()));
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
