//! The systems of a region move. Each system is one folder of the same layout; one line registers it.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `facts.rs`, `state.rs` | queries (`Query`) and observations (`Observation`); the state (`State`) and its signals |
//! | `view.rs` | panel, tiles and details as data |
//! | `sim.rs` | the simulated servers |
//! | `live.rs` | the real servers, behind the system's feature |
//!
//! The trait [`System`] defines a system; [`Live`] reads its servers; [`Writer`] changes them; [`Simulated`] simulates them. A probe
//! (`probes.rs`) is a measurement that has to touch a server. The macro below makes closed enums of them: no `dyn`, no `Any`, and the
//! compiler names each place where a new system has to be added.

pub mod collect;
pub mod injection;
pub mod planner;
pub mod rehearsal;

use std::{future::Future, path::Path, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use self::planner::{Handover, Planner, SimulateWrites};
use base::operation::{Draft, Operation, SendOutcome, Verified, VerifyRequest};

use crate::rehearsal::{Found, Rehearsed};
use crate::{
    collect::{poll::Schedule, sink::Sink},
    injection::{Injections, Parameters},
};
use base::{
    collector::CollectorSpec,
    now::Now,
    observed::{Fault, FaultKind, Observed, Stamp},
    side::Sides,
    signal::{Cost, Samples, SignalDef},
    view::{Detail, Panel, Tile},
    watched::Watched,
};
use engine::snapshot::Outage;
use engine::systems::Systems;
use journal::{Permit, Reading};
use plan::{Action, Catalog, Faulty, Plan, Report, spec::TableSpec};

/// One system of the move, as the pure engine uses it. Nothing here does I/O or reads a clock.
pub trait System: Sized {
    /// Short id: `mongo`; the first part of its collectors' and signals' ids.
    const ID: &'static str;
    /// Its panel's title.
    const TITLE: &'static str;
    /// Its signals.
    const SIGNALS: &'static [&'static SignalDef];
    /// One endpoint × one question, as plain data.
    type Query: Clone + std::fmt::Debug + Send + Sync + 'static;
    /// The answer to a query.
    type Observation: std::fmt::Debug + Send + Sync + 'static;

    /// An empty state, and the collectors that the plan needs.
    fn new(plan: &Arc<Plan>) -> (Self, Vec<CollectorSpec<Self::Query>>);

    /// Takes an observation. Returns the collectors that are needed now and may be new (a member found in a set's configuration).
    /// Collectors that already run are recognised by their id; only their side is updated.
    fn apply(
        &mut self,
        query: &Self::Query,
        observation: Self::Observation,
        stamp: Stamp,
    ) -> Vec<CollectorSpec<Self::Query>>;

    /// A query failed.
    fn fail(&mut self, query: &Self::Query, fault: &Fault, at: Now);

    /// Puts the current value of all its signals into `out`.
    fn measure(&self, now: Now, out: &mut Samples);

    /// Every thing that the plan names, with its observed state. The verdict uses it. A thing that does not exist yet because the runbook
    /// creates it counts as known.
    fn watched(&self, now: Now) -> Vec<Watched>;

    /// Its panel.
    fn panel(&self, now: Now) -> Panel;

    /// Its tiles on the overview.
    fn tiles(&self, now: Now) -> Vec<Tile>;

    /// What users cannot do now, and what the move has cost beyond its budget. Shown before everything else, whatever the plan's gates say.
    fn outages(&self, _now: Now) -> Vec<Outage> {
        Vec::new()
    }

    /// The cost of the run before this program was started, from the journal. The count continues from there.
    fn carry(&mut self, _spent: &[Reading]) {}

    /// What steps are at work on now.
    fn at_work(&mut self, _targets: &[&str], _now: Now) {}

    /// The detail view of a row of its panel.
    fn detail(&self, table: &str, row: &str, now: Now) -> Option<Detail>;

    /// Watches something that the plan does not name, for as long as it runs: a pending change, by the id that its server gave it. Returns
    /// the collectors for it; none if the system does not know such ids.
    fn follow(&mut self, _id: &str) -> Vec<CollectorSpec<Self::Query>> {
        Vec::new()
    }

    /// Whether this answer is no longer needed, because its subject is gone for good, as intended. Such a collector is no longer reported,
    /// and its silence is no fault. If that is not certain, the answer is still needed.
    fn is_over(&self, _query: &Self::Query, _now: Now) -> bool {
        false
    }

    /// Queries that only `landfall check` sends, once: for example whether a login other than the reading one has the permissions that the
    /// plan needs.
    fn trials(&self) -> Vec<CollectorSpec<Self::Query>> {
        Vec::new()
    }

    /// What the plan names and was read, but no step could act on in its present state. `landfall check` reports it.
    fn unusable(&self, _now: Now) -> Vec<Fault> {
        Vec::new()
    }
}

/// Reads a system's real servers. Each `live.rs` implements it; only reads can be expressed here.
pub trait Live: System {
    /// Readers: read-only connections, opened on first use and shared by the system's collectors.
    type Readers: Send + Sync + 'static;

    /// Creates them. Does no I/O: servers that are down must not stop the cockpit from starting.
    fn readers(plan: &Arc<Plan>) -> Self::Readers;

    /// Sends one query.
    fn ask(
        readers: &Self::Readers,
        query: &Self::Query,
    ) -> impl Future<Output = Result<Self::Observation, Fault>> + Send;

    /// Closes the connections, within a moment. No query may follow.
    fn close(readers: &Self::Readers) -> impl Future<Output = ()> + Send {
        let _ = readers;
        async {}
    }

    /// Runs the collector until it is dropped. The default polls with [`crate::collect::poll::poll`]; a server that pushes needs its own
    /// implementation.
    fn run(
        readers: Arc<Self::Readers>,
        spec: CollectorSpec<Self::Query>,
        schedule: Schedule,
        out: Sink<Self::Observation>,
    ) -> impl Future<Output = ()> + Send {
        async move {
            let ask = spec.query;
            let (readers, ask) = (&*readers, &ask);
            crate::collect::poll::poll(schedule, &out, || Self::ask(readers, ask)).await;
        }
    }
}

/// Changes a system's real servers. Implemented beside [`Live`], behind the same feature.
pub trait Writer: Live + Planner {
    /// What can change something: the plan's writing credentials. They connect only when something is sent.
    type Writers: Send + Sync + 'static;

    /// Creates them for the holder of a journal's lock. A read-only viewer has no journal and cannot create them. Does no I/O.
    fn writers(plan: &Arc<Plan>, journal: &Journal) -> Self::Writers;

    /// Sends a request once: no layer may retry it. Dropping the future abandons the request.
    fn send(
        writers: &Self::Writers,
        permit: Permit,
        call: &Self::Call,
        precondition: Option<&Self::Version>,
    ) -> impl Future<Output = SendOutcome<Self::Version>> + Send;

    /// Verifies the outcome of a request, with readers only.
    fn verify(
        readers: &Self::Readers,
        request: VerifyRequest<'_, Self::Call, Self::Version>,
    ) -> impl Future<Output = Verified<Self::Version>> + Send;

    /// Runs a probe until it is dropped. A system without probes never gets one.
    fn probe(
        writers: Arc<Self::Writers>,
        spec: CollectorSpec<Self::Probe>,
        schedule: Schedule,
        out: Sink<Self::Observation>,
    ) -> impl Future<Output = ()> + Send {
        drop((writers, spec, schedule, out));
        async {}
    }

    /// Closes the probes' connections, within a moment. No probe may follow.
    fn close(writers: &Self::Writers) -> impl Future<Output = ()> + Send {
        let _ = writers;
        async {}
    }
}

/// The conditions that simulated systems share, independent of any one system.
///
/// Systems do not access each other. A system [publishes](Simulated::publish) the effects that others depend on, and every system
/// [observes](Simulated::observe) them before it is queried or sent anything. The conditions are recomputed every second of virtual time
/// and depend on nothing else, so that the same seed gives the same estate.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SharedConditions {
    /// Share of the users' requests that arrive at the target, 0 to 1; none: nothing routes them, and all arrive at the source.
    pub on_target: Option<f64>,
    /// The network between the sites is cut.
    pub cut: bool,
    /// How much of the users' whole traffic each side could serve with the capacity in service there, 1 and more: all of it; none: nothing
    /// in this estate serves traffic.
    pub capacity: Option<Sides<f64>>,
    /// Share of the last minute's writes that were refused because no server accepted them, 0 to 1.
    pub refused: f64,
    /// How long the longest current refusal of writes has lasted; zero: all are accepted.
    pub unwritten: Duration,
    /// Share of the data that is not written on this side, for each side, 0 to 1.
    pub away: Sides<f64>,
}

impl SharedConditions {
    /// How long the conditions are valid: they describe large numbers of users, which do not change within a second.
    const GOOD_FOR: Duration = Duration::from_secs(1);
}

/// A system in a simulated estate.
pub trait Simulated: System {
    /// Its part of the simulated estate.
    type Sim: Send;

    /// An estate as the plan names it; the same seed gives the same estate.
    fn simulate(plan: &Arc<Plan>, seed: u64) -> Self::Sim;

    /// Advances the simulation to `now`.
    fn advance(sim: &mut Self::Sim, now: Now);

    /// Publishes its effects on the other systems as of `now`. Changes nothing of its own.
    fn publish(_sim: &Self::Sim, _now: Now, _conditions: &mut SharedConditions) {}

    /// Observes the effects of the other systems.
    fn observe(_sim: &mut Self::Sim, _conditions: &SharedConditions) {}

    /// Makes the plan, and with it the estate, like a snapshot of the real one.
    fn rehearse(_plan: &mut Plan, _found: &Found<'_>, _out: &mut Rehearsed) {}

    /// Answers a query, as the server would.
    fn answer(sim: &mut Self::Sim, query: &Self::Query, now: Now) -> Result<Self::Observation, Fault>;
}

/// Advances a simulated system to `now`, under these conditions.
fn wake<S: Simulated>(sim: &mut S::Sim, conditions: &SharedConditions, now: Now) {
    S::observe(sim, conditions);
    S::advance(sim, now);
}

#[cfg(feature = "aws")]
pub mod aws;
pub mod ec2;
pub mod kafka;
pub mod metrics;
pub mod mongo;
pub mod route53;
#[macro_use]
mod probes;
#[macro_use]
mod registry;

/// The engine of these systems.
pub type Engine = engine::Engine<Estate>;
/// The engine's inputs.
pub type EngineInput = engine::EngineInput<Estate>;
/// The engine's effects.
pub type EngineEffect = engine::EngineEffect<Estate>;
/// The inputs of a run.
pub type RunInput = engine::run::RunInput<Estate>;
/// The effects of a run.
pub type RunEffect = engine::run::RunEffect<Estate>;
/// A request whose outcome is to be verified.
pub type Verify = engine::run::Verify<Call, Version>;
/// The query or probe of a collector.
pub type Question = base::collector::Question<Query, Probe>;
/// A journal of these systems.
pub type Journal = journal::Journal<Call, Version>;
/// One record of it.
pub type Entry = journal::Entry<Call, Version>;
/// The body of a record.
pub type Body = journal::Body<Call, Version>;
/// A request that is about to be sent.
pub type Intent = journal::Intent<Call, Version>;
/// An attempt that was started.
pub type AttemptStarted = journal::AttemptStarted<Call, Version>;

/// Takes a journal of these systems up, or begins one. Readings that say what the run has cost are among the records.
///
/// # Errors
/// If it cannot be read or written, is damaged elsewhere than at its end, or is another run's.
pub fn open_journal(
    store: Box<dyn journal::Storage>,
    author: journal::Author,
    now: Now,
) -> Result<(Journal, Vec<Entry>), journal::Refused> {
    let counted = signals().into_iter().filter(|def| def.cost == Some(Cost::Lost)).map(|def| def.id);
    Journal::open_counting(store, author, &counted.collect::<Vec<_>>(), now)
}

/// The names that a plan can refer to and that these systems define.
#[must_use]
pub fn catalog() -> Catalog {
    Catalog { signals: signals() }
}

/// Reads a plan file against the catalog of these systems. The second value holds warnings, often none.
///
/// # Errors
/// If the file cannot be read, or with all faults in it.
pub fn load_plan(path: &Path) -> Result<(Plan, Report), Faulty> {
    Plan::load(path, &catalog())
}

/// Reads a plan from a text; `path` is used in messages only.
///
/// # Errors
/// With all faults in it.
pub fn parse_plan(path: &Path, text: &str) -> Result<(Plan, Report), Faulty> {
    Plan::parse(path, text, &catalog())
}

systems! {
    mongo: Mongo if "mongo",
    kafka: Kafka if "kafka",
    ec2: Ec2 if "aws",
    route53: Route53 if "aws",
    metrics: Metrics if "aws",
}
