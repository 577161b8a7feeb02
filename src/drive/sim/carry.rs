//! What the core wants done, done on the imitated estate.

use std::{collections::VecDeque, time::Duration};

use super::{
    SimDrive,
    wire::{CallTrouble, Message},
};
use crate::{
    core::{
        Effect, Input,
        estate::source::{SourceIx, SourceSpec},
        run,
    },
    journal::Halt,
    systems::Question,
};

impl SimDrive {
    pub(super) fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut queue = VecDeque::from(effects);
        while let Some(effect) = queue.pop_front() {
            match effect {
                Effect::Start(ix, spec) => self.begin(ix, spec.map(Question::Ask)),
                Effect::Probe(ix, spec) => self.begin(ix, spec.map(Question::Probe)),
                Effect::Pace(pace) => self.pace = pace,
                Effect::Ask(sources) => {
                    for ix in sources {
                        let soon = Duration::from_millis(self.random.u64(1..50));
                        self.push(soon, ix);
                    }
                }
                Effect::Run(effect) => match self.carry_out_run(effect) {
                    Ok(more) => more.into_iter().rev().for_each(|effect| queue.push_front(effect)),
                    // What follows on what is not on record is not done.
                    Err(halt) => {
                        queue.retain(|effect| !matches!(effect, Effect::Run(_)));
                        let input = Input::Run(run::Input::Halted(halt.to_string()));
                        queue.extend(self.core.handle(input, self.now));
                    }
                },
            }
        }
    }

    fn begin(&mut self, ix: SourceIx, spec: SourceSpec<Question>) {
        let first = spec.interval.min(Duration::from_secs(1)).mul_f64(self.random.f64());
        self.sources.insert(ix, spec);
        self.push(first, ix);
    }

    fn carry_out_run(&mut self, effect: run::Effect) -> Result<Vec<Effect>, Halt> {
        let Some(journal) = &mut self.journal else { return Ok(Vec::new()) };
        let recorded = |entry| Input::Run(run::Input::Recorded(Box::new(entry)));
        match effect {
            run::Effect::Record(body) => {
                let entry = journal.append(body, self.now)?;
                Ok(self.core.handle(recorded(entry), self.now))
            }
            // The core has made of it what is to be asked.
            run::Effect::ReadAgain(_) => Ok(Vec::new()),
            run::Effect::Send(intent) => {
                let (permit, entry) = journal.commit((*intent).clone(), self.now)?;
                let trouble = self.wire.trouble(&intent);
                let soon = self.soon();
                let arrives = match trouble {
                    Some(CallTrouble::Late(by)) => soon + by,
                    _ => soon,
                };
                let wrote = run::Input::Wrote { step: intent.step.clone(), ticket: intent.ticket };
                self.wire.send(arrives, Message::Request(permit, intent, trouble));
                let mut effects = self.core.handle(recorded(entry), self.now);
                effects.extend(self.core.handle(Input::Run(wrote), self.now));
                Ok(effects)
            }
            run::Effect::Look(look) => {
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
