//! The executor over the engine's toy system. A journal answers when a test says so, and a server does what it gets when a test says so.

use std::{mem, sync::Arc};

use super::*;
use base::{
    operation::{SendOutcome, Verified},
    step::{Note, OpState, StepState, Truth},
};
use engine::{
    run::{Order, RunView},
    toy::{STEP, Set, Toy, WAITS, WANTED, plan},
};
use journal::{Author, Body, chain, store::MemStore};

type Intent = IntentOf<Toy>;

/// A host without a clock: time, the journal's answers and the server are the test's.
struct Fake {
    now: Now,
    disk: MemStore,
    journal: Journal<Set, u8>,
    /// Writes are answered when the test says so.
    is_slow: bool,
    waiting: Option<Write<Toy>>,
    /// How many writes were asked for.
    writes: usize,
    /// Requests that left, and verifications that were asked, and that the server has not seen yet.
    sent: Vec<Intent>,
    asked: Vec<Verify<Set, u8>>,
}

impl Fake {
    /// What would be read after a crash at this moment.
    fn on_disk(&self) -> Vec<Body<Set, u8>> {
        let (entries, _) = chain::read::<Set, u8>(&self.disk.survivors()).expect("it is whole");
        entries.into_iter().map(|entry| entry.body).collect()
    }

    fn intents_on_disk(&self) -> usize {
        self.on_disk().iter().filter(|body| matches!(body, Body::Intent(_))).count()
    }

    /// The states of operations that are on record, in order.
    fn states_on_disk(&self) -> Vec<OpState> {
        let state = |body: &Body<Set, u8>| match body {
            Body::Transition(transition) => match transition.note {
                Note::Op(_, state) => Some(state),
                _ => None,
            },
            _ => None,
        };
        self.on_disk().iter().filter_map(state).collect()
    }
}

impl Host<Toy> for Fake {
    fn now(&self) -> Now {
        self.now
    }

    fn start(&mut self, _: CollectorIx, _: CollectorSpec<QuestionOf<Toy>>) {}

    fn pace(&mut self, _: f64) {}

    fn poll(&mut self, _: Vec<CollectorIx>) {}

    fn write(&mut self, write: Write<Toy>) -> Answer<Toy> {
        self.writes += 1;
        assert!(self.writes < 100, "it is written again and again");
        if self.is_slow {
            assert!(self.waiting.replace(write).is_none(), "one write at a time");
            return Answer::Later;
        }
        Answer::Now(write.put_on_record(&mut self.journal, self.now))
    }

    fn send(&mut self, permit: Permit, intent: Intent) {
        let tag = permit.spend();
        assert_eq!(tag, intent.tag);
        let recorded = |body: &Body<Set, u8>| matches!(body, Body::Intent(it) if it.tag == tag);
        assert!(self.on_disk().iter().any(recorded), "what is sent is on disk");
        self.sent.push(intent);
    }

    fn verify(&mut self, verify: Verify<Set, u8>) {
        self.asked.push(verify);
    }
}

struct Stage {
    executor: Executor<Toy>,
    host: Fake,
    /// The number on the server.
    server: u8,
}

impl Stage {
    fn new() -> Self {
        let now = Now { boot: Duration::from_secs(100), wall: jiff::Timestamp::UNIX_EPOCH };
        let (engine, effects) = Engine::new(Arc::new(plan()), now);
        let author = Author { run: "toy".into(), actor: "ana".into(), host: "here".into(), plan: Default::default() };
        let disk = MemStore::default();
        let (journal, entries) = Journal::open(Box::new(disk.clone()), author, now).expect("a journal");
        let id = journal.id();
        let (sent, asked) = (Vec::new(), Vec::new());
        let host = Fake { now, disk, journal, is_slow: false, waiting: None, writes: 0, sent, asked };
        let mut stage = Self { executor: Executor::new(engine), host, server: 3 };
        stage.executor.carry_out(effects, &mut stage.host);
        let effects = stage.executor.engine_mut().take_control(id, entries, "ana".into(), now);
        stage.executor.carry_out(effects, &mut stage.host);
        stage
    }

    /// With the step armed, and a journal that is slow from now on.
    fn armed() -> Self {
        let mut stage = Self::new();
        while stage.state() != StepState::Ready {
            stage.seconds(1);
        }
        stage.order(Order::Preview(STEP.into()));
        stage.order(Order::Arm(STEP.into()));
        assert_eq!(stage.state(), StepState::Armed);
        stage.host.is_slow = true;
        stage
    }

    /// With the intent of the step's request being written.
    fn writing_an_intent() -> Self {
        let mut stage = Self::armed();
        stage.execute();
        assert!(matches!(stage.host.waiting, Some(Write::Record(Body::AttemptStarted(_)))));
        stage.journal_answers();
        assert!(matches!(stage.host.waiting, Some(Write::Intent(_))));
        stage
    }

    fn take(&mut self, input: RunInput<Toy>) {
        self.executor.take(EngineInput::Run(input), &mut self.host);
    }

    fn order(&mut self, order: Order) {
        self.take(RunInput::Order(order));
    }

    fn execute(&mut self) {
        let digest = self.view().steps[0].preview.as_ref().and_then(|p| p.digest).expect("a preview");
        self.order(Order::Execute { step: STEP.into(), digest, typed: String::new() });
    }

    /// So many seconds pass, one after the other, as in the live host: the number is read all the time.
    fn seconds(&mut self, n: u32) {
        for _ in 0..n {
            self.host.now.boot += Duration::from_secs(1);
            self.host.now.wall += jiff::SignedDuration::from_secs(1);
            let (collector, observation) = (CollectorIx(0), self.server);
            let read = EngineInput::Observation { collector, observation, took: Duration::ZERO };
            self.executor.take(read, &mut self.host);
            self.executor.tick(&mut self.host);
            self.executor.take(EngineInput::Tick, &mut self.host);
        }
    }

    /// The journal does what it was asked for, and says what came of it.
    fn journal_answers(&mut self) {
        let write = self.host.waiting.take().expect("a write");
        let written = write.put_on_record(&mut self.host.journal, self.host.now);
        self.executor.written(written, &mut self.host);
    }

    /// The journal catches up.
    fn journal_is_quick(&mut self) {
        self.host.is_slow = false;
        while self.host.waiting.is_some() {
            self.journal_answers();
        }
    }

    /// The server sees what was sent, and then what is asked.
    fn server_answers(&mut self) {
        for intent in mem::take(&mut self.host.sent) {
            let sent = if intent.precondition == Some(self.server) {
                self.server = intent.call.0;
                SendOutcome::accepted("taken")
            } else {
                SendOutcome::mismatch("it is another number")
            };
            self.take(RunInput::Replied { step: intent.step, ticket: intent.ticket, sent });
        }
        for Verify { step, ticket, look, call, .. } in mem::take(&mut self.host.asked) {
            let truth = if self.server == call.0 { Truth::Applied } else { Truth::NotApplied };
            let verified = Verified::new(truth, format!("it is {}", self.server));
            self.take(RunInput::Verified { step, ticket, look, verified });
        }
    }

    fn view(&self) -> RunView {
        self.executor.engine().run_view(self.host.now)
    }

    fn state(&self) -> StepState {
        self.executor.engine().phase(STEP).expect("it is in the plan")
    }

    /// The states of the request and of the wait that follows it.
    fn ops(&self) -> Vec<OpState> {
        self.view().steps[0].ops.iter().map(|op| op.state).collect()
    }
}

#[test]
fn an_intent_is_on_record_before_it_is_sent_and_each_answer_after_it_came() {
    let mut stage = Stage::writing_an_intent();
    assert_eq!((stage.host.sent.len(), stage.host.intents_on_disk()), (0, 0), "not before it is on disk");
    stage.journal_answers();
    assert_eq!((stage.host.sent.len(), stage.host.intents_on_disk()), (1, 1));
    assert!(stage.host.states_on_disk().is_empty(), "nothing came of it yet");
    stage.server_answers();
    stage.journal_is_quick();
    assert_eq!(stage.host.states_on_disk(), [OpState::Accepted]);
    stage.server_answers();
    assert_eq!(stage.host.states_on_disk(), [OpState::Accepted, OpState::Applied]);
    stage.server_answers();
    assert_eq!(stage.host.states_on_disk(), [OpState::Accepted, OpState::Applied, OpState::Applied]);
    stage.seconds(5);
    assert_eq!((stage.state(), stage.server), (StepState::Done, WANTED));
    assert!(
        matches!(stage.host.on_disk().last(), Some(Body::Transition(it)) if it.note == Note::State(StepState::Done))
    );
}

#[test]
fn a_journal_that_does_not_answer_in_time_has_failed_and_a_permit_that_comes_later_is_not_used() {
    let mut stage = Stage::writing_an_intent();
    // The machine has slept: one look at the clock says nothing of the journal.
    stage.host.now.boot += LIMIT;
    stage.executor.tick(&mut stage.host);
    assert_eq!(stage.view().halted, None);
    stage.seconds(1);
    let why = stage.view().halted.expect("it has not answered at the second look either");
    assert!(why.contains("no answer within 30s"), "{why}");
    stage.journal_answers();
    assert_eq!((stage.host.intents_on_disk(), stage.host.sent.len()), (1, 0), "on record, and not sent");
    let writes = stage.host.writes;
    stage.seconds(60);
    stage.order(Order::Remark { by: None, text: "is anybody there".into() });
    assert_eq!((stage.host.writes, stage.host.sent.len(), stage.server), (writes, 0, 3), "nothing more is done");
}

#[test]
fn a_request_that_waits_for_a_record_when_the_program_is_left_is_not_even_intended() {
    let mut stage = Stage::armed();
    stage.execute();
    stage.executor.leave(&mut stage.host);
    stage.journal_is_quick();
    let started = |body: &Body<Set, u8>| matches!(body, Body::AttemptStarted(_));
    assert!(stage.host.on_disk().iter().any(started), "what waited to be put on record is");
    assert_eq!((stage.host.intents_on_disk(), stage.host.sent.len()), (0, 0));
}

#[test]
fn a_request_whose_intent_is_being_written_when_the_program_is_left_is_recorded_as_not_sent() {
    let mut stage = Stage::writing_an_intent();
    stage.executor.leave(&mut stage.host);
    stage.journal_is_quick();
    assert_eq!((stage.host.intents_on_disk(), stage.host.sent.len()), (1, 0));
    assert_eq!(stage.host.states_on_disk().first(), Some(&OpState::Waiting), "the journal says that it was not sent");
}

#[test]
fn a_request_whose_intent_is_being_written_when_the_run_is_held_is_recorded_as_not_sent() {
    let mut stage = Stage::writing_an_intent();
    stage.order(Order::Hold { by: None, why: "stop".into() });
    stage.journal_is_quick();
    assert_eq!((stage.host.intents_on_disk(), stage.host.sent.len()), (1, 0));
    assert_eq!(stage.host.states_on_disk(), [OpState::Waiting]);
    let detail = |body: &Body<Set, u8>| matches!(body, Body::Transition(it) if it.detail == "not sent");
    assert!(stage.host.on_disk().iter().any(detail));
    stage.seconds(5);
    assert_eq!((stage.host.sent.len(), stage.ops()[0]), (0, OpState::Waiting), "as long as it is held");
    stage.order(Order::Release { why: "checked".to_owned() });
    assert_eq!((stage.host.intents_on_disk(), stage.host.sent.len()), (2, 1), "with an intent of its own");
}

#[test]
fn what_follows_on_a_refused_record_is_neither_written_nor_sent() {
    // The record of the attempt, and then that of the intent.
    for (room, on_disk) in [(0, 0), (1, 1)] {
        let mut stage = Stage::armed();
        stage.host.is_slow = false;
        let (before, writes) = (stage.host.on_disk().len(), stage.host.writes);
        stage.host.disk.mem(|mem| mem.room = Some(room));
        stage.execute();
        assert!(stage.view().halted.is_some());
        assert_eq!(stage.host.on_disk().len() - before, on_disk);
        assert_eq!(stage.host.writes - writes, room + 1, "nothing is asked of a journal that has failed");
        assert_eq!((stage.host.sent.len(), stage.host.asked.len()), (0, 0));
    }
}

#[test]
fn the_time_of_a_wait_stands_still_while_the_journal_keeps_its_verification_from_being_asked() {
    let mut stage = Stage::writing_an_intent();
    stage.journal_answers();
    stage.server_answers();
    stage.journal_answers();
    stage.server_answers();
    assert_eq!(stage.ops(), [OpState::Applied, OpState::Unknown]);
    assert!(stage.host.waiting.is_some(), "that the request is applied is being written");
    // Somebody else sets another number, so the wait does not end by what it waits for.
    stage.server = 4;
    let longer = u32::try_from(WAITS.as_secs() * 2).expect("a few seconds");
    stage.seconds(longer);
    assert_eq!(stage.ops(), [OpState::Applied, OpState::Unknown], "it has not been asked yet");
    assert!(stage.host.asked.is_empty());
    stage.journal_is_quick();
    assert_eq!(stage.host.asked.len(), 1);
    let half = longer / 4;
    for _ in 0..half {
        stage.server_answers();
        stage.seconds(1);
    }
    assert_eq!(stage.ops(), [OpState::Applied, OpState::Unknown], "its time counts since it was asked");
    // The same in the middle of it.
    stage.host.is_slow = true;
    stage.order(Order::Remark { by: None, text: "the disk is slow again".into() });
    stage.server_answers();
    stage.seconds(longer);
    assert_eq!(stage.ops(), [OpState::Applied, OpState::Unknown]);
    stage.journal_is_quick();
    for _ in 0..=half {
        stage.server_answers();
        stage.seconds(1);
    }
    assert_eq!(stage.ops(), [OpState::Applied, OpState::NotApplied], "it runs out by its own time");
    assert_eq!(stage.state(), StepState::Failed);
}
