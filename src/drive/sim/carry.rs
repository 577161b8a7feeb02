//! What the core wants done, done on the imitated estate.

use std::{collections::VecDeque, time::Duration};

use super::{
    SimDrive,
    wire::{CallTrouble, Message},
};
use base::collector::{CollectorIx, CollectorSpec};
use journal::Halt;
use systems::Question;
use systems::{EngineEffect, EngineInput};

impl SimDrive {
    pub(super) fn carry_out(&mut self, effects: Vec<EngineEffect>) {
        let mut queue = VecDeque::from(effects);
        while let Some(effect) = queue.pop_front() {
            match effect {
                EngineEffect::Start(ix, spec) => self.begin(ix, spec.map(Question::Query)),
                EngineEffect::Probe(ix, spec) => self.begin(ix, spec.map(Question::Probe)),
                EngineEffect::Pace(pace) => self.pace = pace,
                EngineEffect::Poll(sources) => {
                    for ix in sources {
                        let soon = Duration::from_millis(self.random.u64(1..50));
                        self.push(soon, ix);
                    }
                }
                EngineEffect::Run(effect) => match self.carry_out_run(effect) {
                    Ok(more) => more.into_iter().rev().for_each(|effect| queue.push_front(effect)),
                    // What follows on what is not on record is not done.
                    Err(halt) => {
                        queue.retain(|effect| !matches!(effect, EngineEffect::Run(_)));
                        let input = EngineInput::Run(systems::RunInput::Halted(halt.to_string()));
                        queue.extend(self.core.handle(input, self.now));
                    }
                },
            }
        }
    }

    fn begin(&mut self, ix: CollectorIx, spec: CollectorSpec<Question>) {
        let first = spec.interval.min(Duration::from_secs(1)).mul_f64(self.random.f64());
        self.sources.insert(ix, spec);
        self.push(first, ix);
    }

    fn carry_out_run(&mut self, effect: systems::RunEffect) -> Result<Vec<EngineEffect>, Halt> {
        let Some(journal) = &mut self.journal else { return Ok(Vec::new()) };
        let recorded = |entry| EngineInput::Run(systems::RunInput::Recorded(Box::new(entry)));
        match effect {
            systems::RunEffect::Record(body) => {
                let entry = journal.append(body, self.now)?;
                Ok(self.core.handle(recorded(entry), self.now))
            }
            // The core has made of it what is to be asked.
            systems::RunEffect::ReadAgain(_) => Ok(Vec::new()),
            systems::RunEffect::Send(intent) => {
                let (permit, entry) = journal.commit((*intent).clone(), self.now)?;
                let trouble = self.wire.trouble(&intent);
                let soon = self.soon();
                let arrives = match trouble {
                    Some(CallTrouble::Late(by)) => soon + by,
                    _ => soon,
                };
                let wrote = systems::RunInput::Wrote { step: intent.step.clone(), ticket: intent.ticket };
                self.wire.send(arrives, Message::Request(permit, intent, trouble));
                let mut effects = self.core.handle(recorded(entry), self.now);
                effects.extend(self.core.handle(EngineInput::Run(wrote), self.now));
                Ok(effects)
            }
            systems::RunEffect::Verify(look) => {
                let dark = self.wire.is_dark(&look);
                let soon = self.soon();
                self.wire.send(soon, Message::Look(look, dark));
                Ok(Vec::new())
            }
        }
    }

    /// When what is sent now arrives. Drawn for each message, and for nothing else: what is on record must not change the estate.
    fn soon(&mut self) -> Duration {
        self.now.boot + Duration::from_millis(self.random.u64(1..20))
    }
}
