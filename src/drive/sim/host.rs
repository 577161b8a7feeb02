//! The simulated host of the executor: a journal that answers at once, and a network that delays, loses and repeats what a test says.

use std::time::Duration;

use super::{
    SimHost,
    wire::{CallTrouble, Message},
};
use crate::executor::{Answer, Host, Write};
use base::{
    collector::{CollectorIx, CollectorSpec},
    now::Now,
};
use journal::Permit;
use systems::{Estate, Intent, Question, Verify};

impl Host<Estate> for SimHost {
    fn now(&self) -> Now {
        self.now
    }

    fn start(&mut self, ix: CollectorIx, spec: CollectorSpec<Question>) {
        let first = spec.interval.min(Duration::from_secs(1)).mul_f64(self.random.f64());
        self.collectors.insert(ix, spec);
        self.push(first, ix);
    }

    fn pace(&mut self, pace: f64) {
        self.pace = pace;
    }

    fn poll(&mut self, collectors: Vec<CollectorIx>) {
        for ix in collectors {
            let soon = Duration::from_millis(self.random.u64(1..50));
            self.push(soon, ix);
        }
    }

    fn write(&mut self, write: Write<Estate>) -> Answer<Estate> {
        match &mut self.journal {
            Some(journal) => Answer::Now(write.put_on_record(journal, self.now)),
            None => Answer::NoJournal,
        }
    }

    fn send(&mut self, permit: Permit, intent: Intent) {
        let trouble = self.wire.trouble(&intent);
        let soon = self.soon();
        let arrives = match trouble {
            Some(CallTrouble::Late(by)) => soon + by,
            _ => soon,
        };
        self.wire.send(arrives, Message::Request(permit, Box::new(intent), trouble));
    }

    fn verify(&mut self, verify: Verify) {
        let unobservable = self.wire.is_unobservable(&verify);
        let soon = self.soon();
        self.wire.send(soon, Message::Look(Box::new(verify), unobservable));
    }
}

impl SimHost {
    /// When what is sent now arrives. Drawn for each message, and for nothing else: what is on record must not change the estate.
    fn soon(&mut self) -> Duration {
        self.now.boot + Duration::from_millis(self.random.u64(1..20))
    }
}
