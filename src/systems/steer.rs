//! What a system's servers can be made to do: operations as data, how they come out of an action, how they are sent and looked for.
//!
//! An *action* is a goal that the plan names. A *draft* is what it takes, worked out from what is observed when it is previewed: the
//! operations, what each compares with, and the way back. Everything is plain data: the same call feeds the preview, the request, its
//! digest, the journal, and the command that a person could paste; a restarted program takes it up from the journal.

use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::System;
use crate::injection::FaultInjection;
use base::{
    collector::CollectorSpec,
    now::Now,
    observed::{Fault, FaultKind, Observed, Stamp},
    operation::{Drafted, Operation, SendOutcome, Verified},
};
use plan::{Access, Action};

/// For how long an AWS request may still land after it was signed: a signature is accepted for five minutes, and clocks differ a little.
/// Source: AWS's guide to signing, "Elements of an AWS API request signature".
pub const SIGNED: Duration = Duration::from_secs(330);

/// What may be decided upon; whatever else there is, is a fault that says what is not known.
///
/// # Errors
/// Stale, blind, or never read.
pub fn known<T>(seen: Observed<T>, what: &str) -> Result<T, Fault> {
    match seen {
        Observed::Fresh(value, _) => Ok(value),
        Observed::Stale(_, age) => Err(Fault::new(FaultKind::Silent, format!("{what}: last read {age} ago"))),
        Observed::Unknown(fault) => Err(Fault::new(fault.kind, format!("{what}: {}", fault.text))),
        Observed::Pending => Err(Fault::new(FaultKind::Silent, format!("{what}: not read yet"))),
    }
}

/// A word as a shell takes it.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// A system whose servers can be made to do something. Pure: nothing here does I/O.
pub trait Planner: System {
    /// A request that changes something, or a wait for something: plain data, free of the drivers' types.
    type Call: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What a request compares with: a version and term, the values of a record set.
    type Version: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What has to touch a server to learn something of it, as plain data. Most systems have none: [`Never`].
    type Probe: Clone + std::fmt::Debug + Send + Sync + 'static;

    /// The probes that the plan asks for. Called when somebody is given the run; before that, and for who only watches, there are none.
    fn probes(&mut self) -> Vec<CollectorSpec<Self::Probe>> {
        Vec::new()
    }

    /// A probe brought something.
    fn on_sample(&mut self, _probe: &Self::Probe, _facts: Self::Observation, _stamp: Stamp) {}

    /// A probe could not be tried: what it feels is not known.
    fn on_probe_error(&mut self, _probe: &Self::Probe, _fault: &Fault) {}

    /// What an action takes; none if it is of another system. Fails closed: what has to be known and is not is a fault.
    ///
    /// # Errors
    /// All that keeps it from being worked out.
    fn draft(&self, action: &Action, now: Now) -> Option<Drafted<Self::Call, Self::Version>>;

    /// A way back that was stored, bound to what is observed now; what is as it wants it already is left out.
    ///
    /// # Errors
    /// All that keeps it from being worked out.
    fn inverse(&self, ops: &[Operation<Self::Call, Self::Version>], now: Now) -> Drafted<Self::Call, Self::Version>;

    /// What finishes the tail of an attempt with these operations that could not be finished: worked out anew from what is observed now,
    /// so that a change of somebody else's in between does not keep it from ever being finished. All of it is tail. A system whose
    /// recipes have none is never asked.
    ///
    /// # Errors
    /// All that keeps it from being worked out.
    fn mend(&self, _ops: &[Operation<Self::Call, Self::Version>], _now: Now) -> Drafted<Self::Call, Self::Version> {
        Err(vec![Fault::new(FaultKind::Unsupported, "it has no cleanup to finish")])
    }

    /// Whether everything is as an action wants it, whoever did it: what adoption asks. None if it is of another system.
    fn is_satisfied(&self, action: &Action, now: Now) -> Option<Observed<bool>>;

    /// For how long this waits at the most, where that is less than the step's verification may take: what waits exposed has an end.
    fn waits_within(_call: &Self::Call) -> Option<Duration> {
        None
    }

    /// Whether drafts come from what this asks: once it has been read again, what was changed is known again.
    fn decides(_ask: &Self::Query) -> bool {
        true
    }

    /// How long the way back of an action stays open if what it lives on were cut off now, and what ends it; none if nothing does.
    fn rollback_window(&self, _action: &Action, _now: Now) -> Option<(&'static str, Observed<Duration>)> {
        None
    }
}

/// How a system's imitated servers take requests.
pub trait SimulateWrites: Planner + super::Simulated {
    /// A request arrives at the server now. It takes it or not, by the rules that were measured, and keeps its own log of what it
    /// carried out under `tag`.
    fn write(
        sim: &mut Self::Sim,
        tag: &str,
        call: &Self::Call,
        expect: Option<&Self::Version>,
        now: Now,
    ) -> SendOutcome<Self::Version>;

    /// What has become of a request with this tag, as a read of the server would tell. A fault: nothing could be seen.
    fn verify(
        sim: &mut Self::Sim,
        tag: &str,
        call: &Self::Call,
        expect: Option<&Self::Version>,
        now: Now,
    ) -> Verified<Self::Version>;

    /// What a probe has felt by now. A system without probes is never given one.
    ///
    /// # Errors
    /// As the server would.
    fn sample(_sim: &mut Self::Sim, _probe: &Self::Probe, _now: Now) -> Result<Self::Observation, Fault> {
        Err(Fault::new(FaultKind::Unsupported, "there is nothing to probe"))
    }

    /// The server's own log: the tag of everything that it carried out, in order, once each time.
    fn log(sim: &Self::Sim) -> &[String];

    /// Somebody else changes what this action is about, past us.
    fn external_change(sim: &mut Self::Sim, action: &Action, now: Now);

    /// Something happens that a scenario asks for. What is another system's is passed over.
    ///
    /// # Errors
    /// If it is about something that is not there, in words.
    fn inject(_sim: &mut Self::Sim, _what: &FaultInjection, _now: Now) -> Result<(), String> {
        Ok(())
    }
}

/// What cannot be: the call of a system that nothing can be done to, the probe of one that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Never {}

/// As whom the plan's writing identity is for the AWS command line: its profile, where it is one, with a blank before it. Whoever pastes a
/// command may be logged in to another account.
#[must_use]
pub fn profile(access: &Access) -> String {
    let profile = access.write.as_ref().and_then(|write| write.profile.as_ref());
    profile.map_or_else(String::new, |name| format!(" --profile {}", quoted(name)))
}

#[cfg(all(test, unix))]
pub mod pasted;
#[cfg(test)]
pub mod played;
