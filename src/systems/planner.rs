//! What can be changed on a system's servers: operations as data, how they are derived from an action, sent and verified.
//!
//! An *action* is a goal that the plan names. A *draft* is the list of operations for it, computed from the observed state at preview: the
//! operations, the precondition of each, and the inverse. Everything is plain data: the same call feeds the preview, the request, its
//! digest, the journal, and the command that a person could paste. A restarted program reads it from the journal.

use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::System;
use crate::injection::Injections;
use base::{
    collector::CollectorSpec,
    now::Now,
    observed::{Fault, FaultKind, Observed, Stamp},
    operation::{Drafted, Operation, SendOutcome, Verified},
};
use plan::{Access, Action};

/// The longest time after signing in which an AWS request can still be carried out: a signature is accepted for five minutes, and clocks
/// differ a little.
/// Source: AWS's guide to signing, "Elements of an AWS API request signature".
pub const SIGNED: Duration = Duration::from_secs(330);

/// A value that may be used for a decision; anything but a fresh value is a fault that says what is not known.
///
/// # Errors
/// The value is stale, unknown or pending.
pub fn known<T>(seen: Observed<T>, what: &str) -> Result<T, Fault> {
    match seen {
        Observed::Fresh(value, _) => Ok(value),
        Observed::Stale(_, age) => Err(Fault::new(FaultKind::Silent, format!("{what}: last read {age} ago"))),
        Observed::Unknown(fault) => Err(Fault::new(fault.kind, format!("{what}: {}", fault.text))),
        Observed::Pending => Err(Fault::new(FaultKind::Silent, format!("{what}: not read yet"))),
    }
}

/// A word, quoted for a shell.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// What a request means for who can write to a thing of its system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handover<'c> {
    /// From here on this thing may refuse writes.
    Begins(&'c str),
    /// It waits until writes are accepted again.
    Ends,
}

/// A system that can plan changes of its servers. Pure: nothing here does I/O.
pub trait Planner: System {
    /// A request that changes something, or a wait for something: plain data, free of the drivers' types.
    type Call: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// The version that a request compares with: a version and term, the values of a record set.
    type Version: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// A measurement that has to touch a server, as plain data. Most systems have none: [`Never`].
    type Probe: Clone + std::fmt::Debug + Send + Sync + 'static;

    /// The probes that the plan asks for. Called when an operator takes control of the run; before that, and for a read-only viewer, there
    /// are none.
    fn probes(&mut self) -> Vec<CollectorSpec<Self::Probe>> {
        Vec::new()
    }

    /// A probe returned a sample.
    fn on_sample(&mut self, _probe: &Self::Probe, _observation: Self::Observation, _stamp: Stamp) {}

    /// A probe could not be run: its result is not known.
    fn on_probe_error(&mut self, _probe: &Self::Probe, _fault: &Fault) {}

    /// The draft of an action; none if the action is of another system. Fails closed: a required value that is not known is a fault.
    ///
    /// # Errors
    /// All reasons why it cannot be drafted.
    fn draft(&self, action: &Action, now: Now) -> Option<Drafted<Self::Call, Self::Version>>;

    /// A stored inverse, bound to the state observed now. Operations whose goal is already satisfied are left out.
    ///
    /// # Errors
    /// All reasons why it cannot be drafted.
    fn inverse(&self, ops: &[Operation<Self::Call, Self::Version>], now: Now) -> Drafted<Self::Call, Self::Version>;

    /// The operations that finish the unfinished cleanup of an attempt with these operations. They are derived again from the state
    /// observed now, so that an external change in between does not block the cleanup. All of them are cleanup. It is never called for a
    /// system whose recipes have no cleanup.
    ///
    /// # Errors
    /// All reasons why it cannot be drafted.
    fn finish_cleanup(
        &self,
        _ops: &[Operation<Self::Call, Self::Version>],
        _now: Now,
    ) -> Drafted<Self::Call, Self::Version> {
        Err(vec![Fault::new(FaultKind::Unsupported, "it has no cleanup to finish")])
    }

    /// Whether an action is satisfied, by whomever; adoption uses it. None if the action is of another system.
    fn is_satisfied(&self, action: &Action, now: Now) -> Option<Observed<bool>>;

    /// The longest time this call waits, where that is less than the step's verification may take: a wait in an exposed state has a limit.
    fn waits_within(_call: &Self::Call) -> Option<Duration> {
        None
    }

    /// What a request means for who can write, for the report.
    fn handover(_call: &Self::Call) -> Option<Handover<'_>> {
        None
    }

    /// Whether drafts are derived from the answer to this query: once it is read again, the changed state is known again.
    fn decides(_query: &Self::Query) -> bool {
        true
    }

    /// How long the rollback of an action stays possible if its data flow were cut now, and what ends it; none if nothing limits it.
    fn rollback_window(&self, _action: &Action, _now: Now) -> Option<(&'static str, Observed<Duration>)> {
        None
    }
}

/// How a system's simulated servers carry out requests.
pub trait SimulateWrites: Planner + super::Simulated {
    /// What a scenario can inject into it. Nothing: [`Never`].
    type Injection: Injections + Clone + std::fmt::Debug + PartialEq + Send;

    /// A request arrives at the server now. The server accepts it or not, by the measured rules, and logs what it carried out under `tag`.
    fn write(
        sim: &mut Self::Sim,
        tag: &str,
        call: &Self::Call,
        precondition: Option<&Self::Version>,
        now: Now,
    ) -> SendOutcome<Self::Version>;

    /// Verifies the request with this tag, as a read of the server would. Unobservable if nothing could be read.
    fn verify(
        sim: &mut Self::Sim,
        tag: &str,
        call: &Self::Call,
        precondition: Option<&Self::Version>,
        now: Now,
    ) -> Verified<Self::Version>;

    /// The sample of a probe by now. A system without probes never gets one.
    ///
    /// # Errors
    /// As the server would.
    fn sample(_sim: &mut Self::Sim, _probe: &Self::Probe, _now: Now) -> Result<Self::Observation, Fault> {
        Err(Fault::new(FaultKind::Unsupported, "there is nothing to probe"))
    }

    /// The server's own log: the tags of all requests that were carried out, in order, one entry each time.
    fn log(sim: &Self::Sim) -> &[String];

    /// An external change of the object of this action.
    fn external_change(sim: &mut Self::Sim, action: &Action, now: Now);

    /// Injects a fault of a scenario.
    ///
    /// # Errors
    /// If its object does not exist, as a text.
    fn inject(sim: &mut Self::Sim, what: &Self::Injection, now: Now) -> Result<(), String>;
}

/// A type without values: the call of a system that cannot be changed, the probe of a system that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Never {}

/// The `--profile` option of the AWS command line for the plan's writing identity, where that is a profile, with a leading blank. The
/// person who pastes a command may be logged in to another account.
#[must_use]
pub fn profile(access: &Access) -> String {
    let profile = access.write.as_ref().and_then(|write| write.profile.as_ref());
    profile.map_or_else(String::new, |name| format!(" --profile {}", quoted(name)))
}

#[cfg(all(test, unix))]
pub mod pasted;
#[cfg(test)]
pub mod played;
