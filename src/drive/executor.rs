//! The one executor: what the engine wants done is put on record, permitted and sent here, in this order, for every host.
//!
//! The most dangerous lines of the program exist once. An effect of the run is taken from the queue only when everything before it is on
//! record: `Record` is appended to the journal, `Send` is committed (the journal gives the permit), and only then does the host send the
//! request. A journal that fails drops everything that waits, and the engine gets the failure as an input. What the crash, torn-write and full-disk tests prove
//! with one host holds for the other: a host supplies time, the journal's writer, and a network.
//!
//! A journal may answer at once (memory, the simulation) or later (a thread, a network). While an answer is outstanding, only effects of the
//! run wait: observations, orders and collectors go on. A journal that has not answered for [`LIMIT`] counts as failed, and a permit that
//! comes after that is dropped unused: its intent is on record, and its outcome is verified when the run is resumed.
//!
//! The engine is asked once more before a request is sent. If the run was held while the intent was being written, or the program is being
//! left, the permit is dropped, and the journal records that nothing was sent.

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use base::{
    collector::{CollectorIx, CollectorSpec, Question},
    now::Now,
};
use engine::{
    Engine, EngineEffect, EngineInput, QuestionOf,
    run::{RunEffect, RunInput, Verify},
    systems::{BodyOf, EntryOf, IntentOf, Systems},
};
use journal::{Halt, Journal, Permit, Unwritten};

/// After this long without an answer the journal counts as failed, unless [`Executor::with_limit`] says otherwise.
pub const LIMIT: Duration = Duration::from_secs(30);

/// What is to be put on record.
#[derive(Debug)]
pub enum Write<S: Systems> {
    /// A record.
    Record(BodyOf<S>),
    /// An intent, which a permit comes of.
    Intent(Box<IntentOf<S>>),
}

impl<S: Systems> Write<S> {
    /// Puts it on record in this journal, now. The only lines that turn an intent into a permit.
    pub fn put_on_record(self, journal: &mut Journal<S::Call, S::Version>, now: Now) -> Written<S> {
        let written = match self {
            Self::Record(body) => journal.append(body, now).map(|entry| Written::Record(Box::new(entry))),
            Self::Intent(intent) => journal
                .commit((*intent).clone(), now)
                .map(|(permit, entry)| Written::Intent(permit, intent, Box::new(entry))),
        };
        written.unwrap_or_else(Written::Failed)
    }
}

/// What came of it.
#[derive(Debug)]
pub enum Written<S: Systems> {
    /// It is on record.
    Record(Box<EntryOf<S>>),
    /// It is on record, and may be sent once.
    Intent(Permit, Box<IntentOf<S>>, Box<EntryOf<S>>),
    /// It is not, and nothing can be any more.
    Failed(Halt),
}

/// What a host says to a write.
#[derive(Debug)]
pub enum Answer<S: Systems> {
    /// It is done, or has failed.
    Now(Written<S>),
    /// The host calls [`Executor::written`] later, once.
    Later,
    /// Nobody gave this host a journal: nothing of the run is carried out.
    NoJournal,
}

/// Time, a journal and a network. Live, simulated, or a test's.
pub trait Host<S: Systems> {
    /// This moment.
    fn now(&self) -> Now;

    /// Starts a collector, or a probe.
    fn start(&mut self, ix: CollectorIx, spec: CollectorSpec<QuestionOf<S>>);

    /// From now on collectors are asked this many times as often as the plan says.
    fn pace(&mut self, pace: f64);

    /// Asks these collectors now.
    fn poll(&mut self, collectors: Vec<CollectorIx>);

    /// Puts something on record. Called again only after this write was answered.
    fn write(&mut self, write: Write<S>) -> Answer<S>;

    /// Sends a request, once. The reply comes back as an input.
    fn send(&mut self, permit: Permit, intent: IntentOf<S>);

    /// Looks at a server what has become of a request. The answer comes back as an input.
    fn verify(&mut self, verify: Verify<S::Call, S::Version>);
}

/// An engine, and what it wants done that is not done yet.
#[derive(Debug)]
pub struct Executor<S: Systems> {
    engine: Engine<S>,
    /// What is wanted, in order. Empty unless a write has not been answered; then it holds effects of the run only.
    queue: VecDeque<EngineEffect<S>>,
    /// Since when a write has not been answered, on the boot clock.
    writing: Option<Duration>,
    /// The journal did not answer in time: nothing is written or sent any more, whatever it answers later.
    late: Option<Halt>,
    /// It was at its limit at the last tick.
    overdue: bool,
    /// Since when there has always been a write that was not answered.
    behind: Option<Duration>,
    /// The engine knows that writes wait.
    waiting_shown: bool,
    /// The program is being left: nothing is sent any more.
    leaving: bool,
    /// After this long without an answer the journal counts as failed.
    limit: Duration,
}

impl<S: Systems> Executor<S> {
    /// Around this engine.
    #[must_use]
    pub const fn new(engine: Engine<S>) -> Self {
        Self {
            engine,
            queue: VecDeque::new(),
            writing: None,
            late: None,
            overdue: false,
            behind: None,
            waiting_shown: false,
            leaving: false,
            limit: LIMIT,
        }
    }

    /// With another limit than [`LIMIT`].
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// The engine, to look at.
    #[must_use]
    pub const fn engine(&self) -> &Engine<S> {
        &self.engine
    }

    /// The engine. What it wants done is given to [`Self::carry_out`].
    pub const fn engine_mut(&mut self) -> &mut Engine<S> {
        &mut self.engine
    }

    /// Whether a write has not been answered yet.
    #[must_use]
    pub const fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// Gives the engine an input, and carries out what it wants.
    pub fn take(&mut self, input: EngineInput<S>, host: &mut impl Host<S>) {
        let effects = self.engine.handle(input, host.now());
        self.carry_out(effects, host);
    }

    /// Carries out what the engine wants, in order; behind what waits already.
    pub fn carry_out(&mut self, effects: Vec<EngineEffect<S>>, host: &mut impl Host<S>) {
        self.queue.extend(effects);
        self.go_on(host);
    }

    /// The journal has answered a write that it was to answer later.
    pub fn written(&mut self, written: Written<S>, host: &mut impl Host<S>) {
        self.writing = None;
        if self.late.is_some() {
            // A permit that comes too late is not used: what became of its intent is found out when the run is taken up again.
            return;
        }
        self.answered(written, host);
        self.go_on(host);
        if self.writing.is_none() {
            self.behind = None;
            self.report(None, host);
        }
    }

    /// The program is being left. What waits to be put on record still is; nothing more is sent, and a permit that still comes is not used.
    pub fn leave(&mut self, host: &mut impl Host<S>) {
        self.leaving = true;
        let effects = self.engine.leave(host.now());
        self.carry_out(effects, host);
    }

    /// Time has passed. A journal that has not answered within its limit, by two looks at the clock in a row, counts as failed: one look alone may
    /// come right after the machine has slept.
    pub fn tick(&mut self, host: &mut impl Host<S>) {
        let now = host.now();
        let since = |at: Option<Duration>| at.map(|at| now.boot.saturating_sub(at));
        let overdue = since(self.writing).is_some_and(|waits| waits >= self.limit);
        if std::mem::replace(&mut self.overdue, overdue) && overdue && self.late.is_none() {
            let halt = Halt(Unwritten::NoAnswer(self.limit));
            self.late = Some(halt.clone());
            self.halt(&halt, host);
            self.go_on(host);
        }
        self.report(since(self.behind), host);
    }

    /// Tells the engine for how long writes have been waiting.
    fn report(&mut self, waits: Option<Duration>, host: &mut impl Host<S>) {
        if std::mem::replace(&mut self.waiting_shown, waits.is_some()) || waits.is_some() {
            self.take(EngineInput::Run(RunInput::Writing(waits)), host);
        }
    }

    fn go_on(&mut self, host: &mut impl Host<S>) {
        while self.writing.is_none() || self.late.is_some() {
            let Some(effect) = self.queue.pop_front() else { return };
            match effect {
                EngineEffect::Run(RunEffect::Record(body)) => self.write(Write::Record(body), host),
                EngineEffect::Run(RunEffect::Send(_)) if self.leaving => {}
                EngineEffect::Run(RunEffect::Send(intent)) => self.write(Write::Intent(intent), host),
                EngineEffect::Run(RunEffect::Verify(verify)) => self.verify(*verify, host),
                // The engine has made of it what is to be asked.
                EngineEffect::Run(RunEffect::ReadAgain(_)) => {}
                other => collect(other, host),
            }
        }
        // Nothing but the run waits for the journal.
        for effect in std::mem::take(&mut self.queue) {
            match effect {
                EngineEffect::Run(_) => self.queue.push_back(effect),
                other => collect(other, host),
            }
        }
    }

    /// Asks a verification. The time of a wait counts only while it is not held up by the journal, so the engine is notified.
    fn verify(&mut self, verify: Verify<S::Call, S::Version>, host: &mut impl Host<S>) {
        let asked = RunInput::Asked { step: verify.step.clone(), ticket: verify.ticket };
        host.verify(verify);
        let effects = self.engine.handle(EngineInput::Run(asked), host.now());
        self.put_first(effects);
    }

    fn write(&mut self, write: Write<S>, host: &mut impl Host<S>) {
        let answer = match &self.late {
            Some(halt) => Answer::Now(Written::Failed(halt.clone())),
            None => host.write(write),
        };
        match answer {
            Answer::Now(written) => self.answered(written, host),
            Answer::Later => {
                let now = host.now().boot;
                self.writing = Some(now);
                self.behind.get_or_insert(now);
            }
            Answer::NoJournal => {}
        }
    }

    /// What follows on a write comes before everything that waits.
    fn answered(&mut self, written: Written<S>, host: &mut impl Host<S>) {
        let input = match written {
            Written::Record(entry) => RunInput::Recorded(entry),
            Written::Intent(permit, intent, entry) if !self.leaving && self.engine.may_send(&intent) => {
                host.send(permit, *intent);
                RunInput::Recorded(entry)
            }
            // The run was held, or the program is being left, while the intent was being written. Its permit ends here, and the journal
            // says that nothing was sent.
            Written::Intent(_, _, entry) => RunInput::Withdrawn(entry),
            Written::Failed(halt) => return self.halt(&halt, host),
        };
        let effects = self.engine.handle(EngineInput::Run(input), host.now());
        self.put_first(effects);
    }

    fn put_first(&mut self, effects: Vec<EngineEffect<S>>) {
        for effect in effects.into_iter().rev() {
            self.queue.push_front(effect);
        }
    }

    /// What follows on what is not on record is not done.
    fn halt(&mut self, halt: &Halt, host: &mut impl Host<S>) {
        self.queue.retain(|effect| !matches!(effect, EngineEffect::Run(_)));
        let effects = self.engine.handle(EngineInput::Run(RunInput::Halted(halt.to_string())), host.now());
        self.queue.extend(effects);
    }
}

/// What is wanted of collectors.
fn collect<S: Systems>(effect: EngineEffect<S>, host: &mut impl Host<S>) {
    match effect {
        EngineEffect::Start(ix, spec) => host.start(ix, spec.map(Question::Query)),
        EngineEffect::Probe(ix, spec) => host.start(ix, spec.map(Question::Probe)),
        EngineEffect::Pace(pace) => host.pace(pace),
        EngineEffect::Poll(collectors) => host.poll(collectors),
        EngineEffect::Run(_) => {}
    }
}
