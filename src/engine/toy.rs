//! A system for tests of the engine and of what drives it: one number on one server, read by one collector, set by one request, and then
//! waited for. Nothing of the program's systems is in it, and whatever the engine needs of a system is what the trait asks for.
//!
//! It is part of the crate in its own tests, and with the feature `toy`, which only tests of other crates enable.

#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc, time::Duration};

use base::{
    collector::CollectorSpec,
    domain::NONE,
    now::Now,
    observed::{Fault, FaultKind, Observed, Stamp},
    operation::{Change, Draft, Operation, Precondition},
    signal::{Samples, SignalDef},
    step::{Kind, Limits},
    view::{Detail, Group, Panel, Tile},
    watched::Watched,
};
use journal::Reading;
use plan::{Action, Catalog, Plan};
use serde::{Deserialize, Serialize};

use crate::{
    systems::{Drafted, OperationOf, Systems},
    verdict::Outage,
};

/// The one step of the [`plan`].
pub const STEP: &str = "set";
/// The number that it sets.
pub const WANTED: u8 = 7;
/// For how long it waits for that number, at the most.
pub const WAITS: Duration = Duration::from_secs(10);

base::signals! { "toy" in NONE:
    NUMBER = "toy.number", Count, [], (0.0, 255.0), "the number", "The number on the server.";
}

/// What is known of the number.
#[derive(Debug)]
pub struct Toy(Option<(u8, Stamp)>);

/// There are no probes.
#[derive(Debug, Clone)]
pub enum Probe {}

/// The request that sets the number, or the wait until it is so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Set(pub u8);

impl Toy {
    fn number(&self, now: Now) -> Observed<u8> {
        match self.0 {
            Some((number, stamp)) if now.since(stamp.at) <= stamp.fresh.stale => {
                Observed::Fresh(number, base::now::Age(now.since(stamp.at)))
            }
            Some(_) => Observed::Unknown(Fault::new(FaultKind::Silent, "toy: too old")),
            None => Observed::Pending,
        }
    }

    fn draft_to(&self, to: u8, now: Now) -> Drafted<Self> {
        let Observed::Fresh(is, _) = self.number(now) else {
            return Err(vec![Fault::new(FaultKind::Silent, "toy: the number is not known")]);
        };
        let op = |from: u8, to: u8| Operation {
            what: format!("the number {from} → {to}"),
            call: Set(to),
            kind: Kind::Compared,
            cleanup: false,
            precondition: Precondition::Observed(from),
            quarantine: Duration::from_secs(5),
            command: format!("toy set {to}"),
        };
        if is == to {
            return Ok(Draft::nothing());
        }
        let wait = Operation {
            what: format!("until the number is {to}"),
            call: Set(to),
            kind: Kind::Wait,
            cleanup: false,
            precondition: Precondition::None,
            quarantine: Duration::ZERO,
            command: String::new(),
        };
        let diff = vec![Change { thing: "the number".into(), from: is.to_string(), to: to.to_string() }];
        Ok(Draft {
            ops: vec![op(is, to), wait],
            limits: Limits::SEQUENCE,
            diff,
            inverse: vec![op(to, is)],
            ..Draft::nothing()
        })
    }
}

impl Systems for Toy {
    type Query = ();
    type Probe = Probe;
    type Observation = u8;
    type Call = Set;
    type Version = u8;

    fn signals() -> Vec<&'static SignalDef> {
        ALL.to_vec()
    }

    fn new(_: &Arc<Plan>) -> (Self, Vec<CollectorSpec<()>>) {
        let second = Duration::from_secs(1);
        let spec = CollectorSpec {
            id: "toy/number".into(),
            side: None,
            endpoint: "toy.test:1".into(),
            calls: &["get"],
            interval: second,
            timeout: second,
            query: (),
        };
        (Self(None), vec![spec])
    }

    fn pages(&self) -> &[(&'static str, &'static str)] {
        &[("toy", "Toy")]
    }

    fn queried((): &()) -> &'static str {
        "toy"
    }

    fn probed(_: &Probe) -> &'static str {
        "toy"
    }

    fn called(_: &Set) -> &'static str {
        "toy"
    }

    fn decides((): &()) -> bool {
        true
    }

    fn waits_within(_: &Set) -> Option<Duration> {
        Some(WAITS)
    }

    fn apply(&mut self, (): &(), number: u8, stamp: Stamp) -> Vec<CollectorSpec<()>> {
        self.0 = Some((number, stamp));
        Vec::new()
    }

    fn fail(&mut self, (): &(), _: &Fault, _: Now) {
        self.0 = None;
    }

    fn probes(&mut self) -> Vec<CollectorSpec<Probe>> {
        Vec::new()
    }

    fn on_sample(&mut self, _: &Probe, _: u8, _: Stamp) {}

    fn on_probe_error(&mut self, _: &Probe, _: &Fault) {}

    fn follow(&mut self, _: &str) -> Vec<CollectorSpec<()>> {
        Vec::new()
    }

    fn is_over(&self, (): &(), _: Now) -> bool {
        false
    }

    fn carry(&mut self, _: &[Reading]) {}

    fn at_work(&mut self, _: &[&str], _: Now) {}

    fn draft(&self, action: &Action, now: Now) -> Drafted<Self> {
        match action {
            Action::SetWeights { weights, .. } => self.draft_to(weights.target, now),
            other => Err(vec![Fault::new(FaultKind::Unsupported, format!("{other:?}"))]),
        }
    }

    fn inverse(&self, ops: &[OperationOf<Self>], now: Now) -> Drafted<Self> {
        self.draft_to(ops.first().map_or(0, |op| op.call.0), now)
    }

    fn finish_cleanup(&self, _: &[OperationOf<Self>], _: Now) -> Drafted<Self> {
        Err(vec![Fault::new(FaultKind::Unsupported, "there is no cleanup")])
    }

    fn is_satisfied(&self, action: &Action, now: Now) -> Option<Observed<bool>> {
        let Action::SetWeights { weights, .. } = action else { return None };
        Some(self.number(now).map(|number| number == weights.target))
    }

    fn rollback_window(&self, _: &Action, _: Now) -> Option<(&'static str, Observed<Duration>)> {
        None
    }

    fn measure(&self, now: Now, out: &mut Samples) {
        out.put(&NUMBER, &[], self.number(now).map(f64::from));
    }

    fn watched(&self, _: &str, now: Now) -> Vec<Watched> {
        vec![Watched::new("the number", self.number(now))]
    }

    fn outages(&self, _: Now) -> Vec<Outage> {
        Vec::new()
    }

    fn panel(&self, system: &str, _: Now) -> Option<Panel> {
        (system == "toy").then(|| Panel {
            id: "toy",
            title: "Toy",
            group: Group::Data,
            summary: Vec::new(),
            tables: Vec::new(),
            oldest: None,
        })
    }

    fn tiles(&self, _: Now) -> Vec<Tile> {
        Vec::new()
    }

    fn detail(&self, _: &str, _: &str, _: &str, _: Now) -> Option<Detail> {
        None
    }
}

/// A plan with one step, which sets the number to [`WANTED`], and a gate over the toy's signal.
///
/// # Panics
/// If it is no valid plan.
#[must_use]
pub fn plan() -> Plan {
    let catalog = Catalog { signals: ALL.to_vec() };
    Plan::parse(Path::new("toy.toml"), PLAN, &catalog).unwrap_or_else(|faulty| panic!("{faulty}")).0
}

const PLAN: &str = r#"
schema = 1
name = "toy"
[sites.source]
label = "A"
region = "us-east-1"
[sites.target]
label = "B"
region = "us-west-2"
[[dns]]
name = "www.example.test."
zone = "Z0123456789"
type = "A"
set_identifiers = { source = ["a"], target = ["b"] }
servers = ["192.0.2.53"]
[[phase]]
id = "one"
title = "One"
[[phase.step]]
id = "set"
title = "Set the number"
action = { set_weights = { name = "www.example.test.", source = 0, target = 7 } }
confirm = "enter"
bake = "0s"
gates = [{ id = "small", metric = "toy.number", op = "<", value = 5 }]
"#;
