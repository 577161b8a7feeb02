//! The systems of a region move: one folder a system, all of the same shape, and the one line that registers each.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `facts.rs` | what is asked (`Query`), what is answered (`Observation`), what is known (`State`), and the signals that gives |
//! | `view.rs` | panel, tiles and details as data |
//! | `sim.rs` | how it behaves in a simulated estate |
//! | `live.rs` | the real servers, behind the system's feature |
//!
//! What a system is, to the rest of the house, is the trait [`System`]; how a system is reached is [`Live`]; how it is
//! changed, [`Acts`]; how it is imitated, [`Simulated`]. What has to touch a server to learn something of it is a probe (`probes.rs`). The
//! macro below makes closed enums of them: no `dyn`, no `Any`, and the compiler names each place that a new system has to be thought of.

pub mod collect;
pub mod injection;
pub mod steer;

use std::{future::Future, path::Path, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use self::steer::{Planner, SimulateWrites};
use base::operation::{Draft, Operation, SendOutcome, Verified, VerifyRequest};

use crate::{
    collect::{poll::Schedule, sink::Sink},
    injection::FaultInjection,
};
use base::{
    collector::CollectorSpec,
    now::Now,
    observed::{Fault, FaultKind, Observed, Stamp},
    side::Sides,
    signal::{Samples, SignalDef},
    view::{Detail, Panel, Tile},
    watched::Watched,
};
use engine::snapshot::Outage;
use engine::systems::Systems;
use journal::{Permit, Reading};
use plan::{Action, Catalog, Faulty, Plan, Report};

/// One system of the move, as the pure core sees it. Nothing here does I/O or asks a clock.
pub trait System: Sized {
    /// Short id: `mongo`; the first part of its sources' and signals' ids.
    const ID: &'static str;
    /// Its panel's title.
    const TITLE: &'static str;
    /// Its signals.
    const SIGNALS: &'static [&'static SignalDef];
    /// One endpoint × one question, as plain data.
    type Query: Clone + std::fmt::Debug + Send + Sync + 'static;
    /// An answer to a question.
    type Observation: std::fmt::Debug + Send + Sync + 'static;

    /// A state that knows nothing yet, and the sources that the plan asks for.
    fn new(plan: &Arc<Plan>) -> (Self, Vec<CollectorSpec<Self::Query>>);

    /// An answer came. Gives back the sources that are wanted now and may not have been before (a member found in a set's
    /// configuration); those already running are recognised by their id, and of them only the side is taken over.
    fn apply(&mut self, ask: &Self::Query, facts: Self::Observation, stamp: Stamp) -> Vec<CollectorSpec<Self::Query>>;

    /// A question failed.
    fn fail(&mut self, ask: &Self::Query, fault: &Fault, at: Now);

    /// All its signals, as they stand.
    fn measure(&self, now: Now, out: &mut Samples);

    /// Every thing that the plan names, and how well it is known: what the verdict looks at. What is known not to be there yet, because the
    /// runbook is to make it, is known.
    fn watched(&self, now: Now) -> Vec<Watched>;

    /// Its panel.
    fn panel(&self, now: Now) -> Panel;

    /// Its tiles on the overview.
    fn tiles(&self, now: Now) -> Vec<Tile>;

    /// What users cannot do now, and what the move has cost beyond its budget: said before anything else, whatever the plan's gates say.
    fn outages(&self, _now: Now) -> Vec<Outage> {
        Vec::new()
    }

    /// What the run has cost before this program was started, by the journal: it goes on from there.
    fn carry(&mut self, _spent: &[Reading]) {}

    /// What opens behind a row of its panel.
    fn detail(&self, table: &str, row: &str, now: Now) -> Option<Detail>;

    /// Watches something that the plan does not name, for as long as it runs: a change on its way, by the id its server gave it.
    /// Gives the sources for it; none if the system knows nothing of the kind.
    fn follow(&mut self, _id: &str) -> Vec<CollectorSpec<Self::Query>> {
        Vec::new()
    }

    /// Whether nobody waits for this answer any more: what it is about has gone for good, as it was to. Such a source is told of no more, and
    /// its silence says nothing; where that is not certain, it is missed.
    fn is_over(&self, _ask: &Self::Query, _now: Now) -> bool {
        false
    }

    /// Questions that `landfall check` asks once besides, and that nobody watches: whether another login than the reading one may do what
    /// the plan wants of it.
    fn trials(&self) -> Vec<CollectorSpec<Self::Query>> {
        Vec::new()
    }

    /// What the plan names, what was read of it, and what no step could do anything with as it stands: told by `landfall check`.
    fn unusable(&self, _now: Now) -> Vec<Fault> {
        Vec::new()
    }
}

/// How a system's real servers are asked. Implemented by each `live.rs`; only reads can be expressed here.
pub trait Live: System {
    /// Readers: connections that can only ask, made on first use and shared by the system's sources.
    type Readers: Send + Sync + 'static;

    /// Makes them. Does no I/O: servers that are down must not stop the cockpit from starting.
    fn readers(plan: &Arc<Plan>) -> Self::Readers;

    /// Asks once.
    fn ask(readers: &Self::Readers, ask: &Self::Query)
    -> impl Future<Output = Result<Self::Observation, Fault>> + Send;

    /// Takes leave of the servers, in a moment. Nothing is asked any more.
    fn close(readers: &Self::Readers) -> impl Future<Output = ()> + Send {
        let _ = readers;
        async {}
    }

    /// Asks for as long as the source lives. Pollers use [`crate::collect::poll::poll`], which is what the default does; a server that
    /// pushes has a body of its own.
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

/// How a system's real servers are changed. Implemented beside [`Live`], behind the same feature.
pub trait Writer: Live + Planner {
    /// What can change something: the plan's writing credentials. Nothing connects before something is sent.
    type Writers: Send + Sync + 'static;

    /// Makes them, for whoever holds a journal's lock: who only watches has none and can make none. Does no I/O.
    fn writers(plan: &Arc<Plan>, journal: &Journal) -> Self::Writers;

    /// Sends a request once: nothing on the way may send it again by itself, or say so. It is given up when its future is dropped.
    fn send(
        writers: &Self::Writers,
        permit: Permit,
        call: &Self::Call,
        expect: Option<&Self::Version>,
    ) -> impl Future<Output = SendOutcome<Self::Version>> + Send;

    /// Looks what has become of a request, with what can only read.
    fn verify(
        readers: &Self::Readers,
        sought: VerifyRequest<'_, Self::Call, Self::Version>,
    ) -> impl Future<Output = Verified<Self::Version>> + Send;

    /// Probes for as long as the source lives. A system without probes is never given one.
    fn probe(
        writers: Arc<Self::Writers>,
        spec: CollectorSpec<Self::Probe>,
        schedule: Schedule,
        out: Sink<Self::Observation>,
    ) -> impl Future<Output = ()> + Send {
        drop((writers, spec, schedule, out));
        async {}
    }

    /// Takes leave of the servers that were probed, in a moment. Nothing is probed any more.
    fn close(writers: &Self::Writers) -> impl Future<Output = ()> + Send {
        let _ = writers;
        async {}
    }
}

/// What simulated systems feel of one another, in no system's own words.
///
/// Systems do not see each other. What one brings about and another feels goes through here: whoever brings it about
/// [tells](Simulated::tell) it, whoever feels it [hears](Simulated::hear) it before it is asked or sent anything. It is worked out
/// anew every second of the virtual time and depends on nothing else, so that the same seed gives the same estate.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SharedConditions {
    /// Share of the users' requests that arrive at the target, 0 to 1; none: nothing steers them, and all arrive at the source.
    pub on_target: Option<f64>,
    /// The network between the sites is cut.
    pub cut: bool,
    /// How much of the users' whole traffic each side could serve with what is in service there, 1 and more: all of it; none: nothing of
    /// this estate serves it.
    pub capacity: Option<Sides<f64>>,
    /// Share of the last minute's writes that were refused because nobody took them, 0 to 1.
    pub refused: f64,
    /// For how long the writes have been refused that have been refused for longest; zero: all are taken.
    pub unwritten: Duration,
    /// Share of the data that is written far away from each side, 0 to 1.
    pub away: Sides<f64>,
}

impl SharedConditions {
    /// For how long it holds: its figures are those of crowds, which do not turn around within a second.
    const GOOD_FOR: Duration = Duration::from_secs(1);
}

/// How a system behaves in a simulated estate.
pub trait Simulated: System {
    /// Its part of the estate.
    type Sim: Send;

    /// An estate as the plan names it, the same for the same seed.
    fn simulate(plan: &Arc<Plan>, seed: u64) -> Self::Sim;

    /// Lets it live until `now`.
    fn advance(sim: &mut Self::Sim, now: Now);

    /// Tells what it does to the others as of `now`. Changes nothing of its own.
    fn publish(_sim: &Self::Sim, _now: Now, _world: &mut SharedConditions) {}

    /// Hears what the others do to it.
    fn observe(_sim: &mut Self::Sim, _world: &SharedConditions) {}

    /// Answers a question, as the server would.
    fn answer(sim: &mut Self::Sim, ask: &Self::Query, now: Now) -> Result<Self::Observation, Fault>;
}

/// Lets an imitated system live until `now`, in this world.
fn wake<S: Simulated>(sim: &mut S::Sim, world: &SharedConditions, now: Now) {
    S::observe(sim, world);
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
/// What can happen to it.
pub type EngineInput = engine::EngineInput<Estate>;
/// What it wants done.
pub type EngineEffect = engine::EngineEffect<Estate>;
/// What can happen to its run.
pub type RunInput = engine::run::RunInput<Estate>;
/// What its run wants done.
pub type RunEffect = engine::run::RunEffect<Estate>;
/// A request whose outcome is to be verified.
pub type Verify = engine::run::Verify<Call, Version>;
/// What a collector is about.
pub type Question = base::collector::Question<Query, Probe>;
/// A journal of these systems.
pub type Journal = journal::Journal<Call, Version>;
/// One record of it.
pub type Entry = journal::Entry<Call, Version>;
/// What a record says.
pub type Body = journal::Body<Call, Version>;
/// A request that is about to leave.
pub type Intent = journal::Intent<Call, Version>;
/// An attempt that was begun.
pub type AttemptStarted = journal::AttemptStarted<Call, Version>;

/// What a plan can name that is not in the plan itself.
#[must_use]
pub fn catalog() -> Catalog {
    Catalog { signals: signals() }
}

/// Reads a plan file, with what these systems offer. The second value holds warnings, often none.
///
/// # Errors
/// If the file cannot be read, and with all that is wrong if it says something that cannot be.
pub fn load_plan(path: &Path) -> Result<(Plan, Report), Faulty> {
    Plan::load(path, &catalog())
}

/// Reads a plan out of a text; `path` is only named in messages.
///
/// # Errors
/// With all that is wrong, if it says something that cannot be.
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
