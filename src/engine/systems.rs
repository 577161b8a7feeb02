//! What the engine wants of the systems: one trait, implemented by the registry for all of them together, and by a toy in the tests. The
//! engine knows no system by name; what it has to know of one, the system says.

use std::{fmt::Debug, sync::Arc, time::Duration};

use base::{
    collector::CollectorSpec,
    now::Now,
    observed::{Fault, Observed, Stamp},
    operation::{Data, Draft, Operation},
    signal::{Samples, SignalDef},
    view::{Detail, Panel, Tile},
    watched::Watched,
};
use journal::{AttemptStarted, Body, Entry, Intent, Reading};
use plan::{Action, Plan};

use crate::verdict::Outage;

/// All systems of a build, and what is known of them. Nothing here does I/O or asks a clock.
pub trait Systems: Debug + Sized {
    /// A query to any system.
    type Query: Clone + Debug + Send + Sync;
    /// What has to touch a server to learn something of it.
    type Probe: Clone + Debug + Send + Sync;
    /// An answer of any system.
    type Observation: Debug + Send;
    /// A request to any system that changes something, or a wait.
    type Call: Data;
    /// What a request compares with.
    type Version: Data;

    /// Knows nothing yet; with the collectors that the plan asks for.
    fn new(plan: &Arc<Plan>) -> (Self, Vec<CollectorSpec<Self::Query>>);

    /// Every signal there is, in the order of the systems.
    fn signals() -> Vec<&'static SignalDef>;

    /// Ids and titles of the pages, in order: one a system.
    fn pages(&self) -> &[(&'static str, &'static str)];

    /// The id of the system that is asked.
    fn queried(query: &Self::Query) -> &'static str;

    /// The id of the system that is probed.
    fn probed(probe: &Self::Probe) -> &'static str;

    /// The id of the system that a request is for.
    fn called(call: &Self::Call) -> &'static str;

    /// Whether drafts come from what this asks: once it has been read again, what was changed is known again.
    fn decides(query: &Self::Query) -> bool;

    /// For how long a request that waits does so at the most, where that is less than the step's verification may take.
    fn waits_within(call: &Self::Call) -> Option<Duration>;

    /// An answer came. Gives the collectors that are wanted now and may not have been before.
    fn apply(
        &mut self,
        query: &Self::Query,
        observation: Self::Observation,
        stamp: Stamp,
    ) -> Vec<CollectorSpec<Self::Query>>;

    /// A query failed.
    fn fail(&mut self, query: &Self::Query, fault: &Fault, at: Now);

    /// The probes that the plan asks for, for whoever is given the run.
    fn probes(&mut self) -> Vec<CollectorSpec<Self::Probe>>;

    /// A probe brought something.
    fn on_sample(&mut self, probe: &Self::Probe, observation: Self::Observation, stamp: Stamp);

    /// A probe could not be tried.
    fn on_probe_error(&mut self, probe: &Self::Probe, fault: &Fault);

    /// Something is to be watched that the plan does not name.
    fn follow(&mut self, id: &str) -> Vec<CollectorSpec<Self::Query>>;

    /// Whether nobody waits for this answer any more.
    fn is_over(&self, query: &Self::Query, now: Now) -> bool;

    /// What the run has cost before this program was started.
    fn carry(&mut self, spent: &[Reading]);

    /// What steps are at work on now: a budget that is used up is an alarm until they are over, and then a fact.
    fn at_work(&mut self, targets: &[&str], now: Now);

    /// What an action takes, as things stand.
    ///
    /// # Errors
    /// All that keeps it from being worked out.
    fn draft(&self, action: &Action, now: Now) -> Drafted<Self>;

    /// A stored inverse, as things stand.
    ///
    /// # Errors
    /// All that keeps it from being worked out.
    fn inverse(&self, ops: &[OperationOf<Self>], now: Now) -> Drafted<Self>;

    /// What finishes the cleanup of an attempt with these operations, as things stand.
    ///
    /// # Errors
    /// All that keeps it from being worked out.
    fn finish_cleanup(&self, ops: &[OperationOf<Self>], now: Now) -> Drafted<Self>;

    /// Whether everything is as an action wants it, whoever did it; none for what a person does by hand.
    fn is_satisfied(&self, action: &Action, now: Now) -> Option<Observed<bool>>;

    /// How long the inverse of an action stays possible, and what ends it; none if nothing does.
    fn rollback_window(&self, action: &Action, now: Now) -> Option<(&'static str, Observed<Duration>)>;

    /// All signals that are wanted, as they stand.
    fn measure(&self, now: Now, out: &mut Samples);

    /// What one system watches.
    fn watched(&self, system: &str, now: Now) -> Vec<Watched>;

    /// What users cannot do now, and what the move has cost beyond its budget.
    fn outages(&self, now: Now) -> Vec<Outage>;

    /// One system's page.
    fn panel(&self, system: &str, now: Now) -> Option<Panel>;

    /// All tiles of the overview.
    fn tiles(&self, now: Now) -> Vec<Tile>;

    /// What opens behind a row.
    fn detail(&self, system: &str, table: &str, row: &str, now: Now) -> Option<Detail>;
}

/// A draft, or all that keeps it from being worked out.
pub type Drafted<S> = Result<DraftOf<S>, Vec<Fault>>;
/// A draft of these systems.
pub type DraftOf<S> = Draft<<S as Systems>::Call, <S as Systems>::Version>;
/// An operation of these systems.
pub type OperationOf<S> = Operation<<S as Systems>::Call, <S as Systems>::Version>;
/// What a record says, of these systems.
pub type BodyOf<S> = Body<<S as Systems>::Call, <S as Systems>::Version>;
/// A record of these systems.
pub type EntryOf<S> = Entry<<S as Systems>::Call, <S as Systems>::Version>;
/// An intent of these systems.
pub type IntentOf<S> = Intent<<S as Systems>::Call, <S as Systems>::Version>;
/// A begun attempt of these systems.
pub type AttemptOf<S> = AttemptStarted<<S as Systems>::Call, <S as Systems>::Version>;
