use std::{collections::BTreeSet, path::Path};

use super::*;
use base::{
    digest::Digest,
    now::Now,
    observed::FaultKind,
    step::StepState,
    watched::{Unknown, Worst},
};
use drive::sim::{SimDrive, Trouble};
use engine::{
    run::{Order, ProposalView, RollbackWindow},
    snapshot::Wanted,
};
use journal::{Author, store::MemStore};
use systems::{Engine, EngineEffect, EngineInput};

/// The demo's estate, with an operator and an unknown collector.
fn documents() -> Vec<Value> {
    let (plan, _) = systems::load_plan(Path::new("demo/plan.toml")).unwrap_or_else(|faulty| panic!("{faulty}"));
    let started = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T01:00:00Z".parse().expect("a time") };
    let author =
        Author { run: plan.name.clone(), actor: "operator".into(), host: "console".into(), plan: Digest::of(b"plan") };
    let mut drive = SimDrive::new(Arc::new(plan), 7, started);
    let measured = Wanted { signals: true, ..Wanted::default() };
    let first = document(&drive.snapshot_with(&measured));
    let (journal, entries) =
        systems::open_journal(Box::new(MemStore::default()), author, drive.now()).expect("a journal");
    drive.take_control(journal, entries);
    drive.run_for(Duration::from_secs(120));
    drive.order(Order::Hold { by: None, why: "lunch".into() });
    drive.run_for(Duration::from_secs(1));
    let held = document(&drive.snapshot_with(&measured));
    let proposed = document(&proposed(drive.snapshot_with(&measured)));
    drive.trouble("mongo/", Some(Trouble::Fails(FaultKind::Refused)));
    drive.run_for(Duration::from_secs(5));
    let stale = document(&drive.snapshot_with(&measured));
    drive.run_for(Duration::from_secs(90));
    vec![first, held, proposed, stale, document(&drive.snapshot_with(&measured))]
}

/// Adds a proposal for two people, a rollback with a deadline, and a step in each state.
fn proposed(mut snapshot: Snapshot) -> Snapshot {
    let mut run = (**snapshot.run.as_ref().expect("a run")).clone();
    let step = run.steps[0].id.clone();
    run.proposal = Some(ProposalView {
        step: step.clone(),
        what: "leave it out".into(),
        consequence: "it may begin",
        digest: Digest::of(b"motion"),
        by: "operator".into(),
        people: vec!["operator".into()],
        needs: 2,
    });
    run.way_back.stays = Some(RollbackWindow { step, what: "the oplog", left: None, why: "stale".into() });
    run.steps.iter_mut().zip(StepState::ALL).for_each(|(step, phase)| step.state = phase);
    snapshot.run = Some(Arc::new(run));
    snapshot
}

/// Validates a value against the subset of JSON Schema used here; a field that the schema does not name is a fault.
struct Check<'s> {
    root: &'s Value,
    faults: BTreeSet<String>,
    /// Fields of the schema that occurred.
    met: BTreeSet<String>,
}

impl<'s> Check<'s> {
    fn fits(&mut self, schema: &'s Value, value: &Value, at: &str) {
        if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")) {
            let schema = &self.root["$defs"][name];
            assert!(schema.is_object(), "{name} is not defined");
            return self.fits(schema, value, name);
        }
        if let Some(any) = schema["anyOf"].as_array() {
            let of = any.iter().find(|s| (s["type"] == "null") == value.is_null()).expect("null or not");
            return self.fits(of, value, at);
        }
        for (key, fits) in [
            ("const", schema["const"] == *value),
            ("enum", schema["enum"].as_array().is_some_and(|words| words.contains(value))),
            ("type", Self::is_of(&schema["type"], value)),
        ] {
            if !schema[key].is_null() && !fits {
                self.faults.insert(format!("{at} = {value}: not of {key} {}", schema[key]));
            }
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.fits(&schema["items"], item, at)),
            Value::Object(fields) => self.object(schema, fields, at),
            _ => {}
        }
    }

    fn object(&mut self, schema: &'s Value, fields: &serde_json::Map<String, Value>, at: &str) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                self.faults.insert(format!("{at} has no {name}"));
            }
        }
        for (name, value) in fields {
            let own = &schema["properties"][name.as_str()];
            let more = &schema["additionalProperties"];
            if !own.is_null() {
                self.met.insert(format!("{at}.{name}"));
                self.fits(own, value, &format!("{at}.{name}"));
            } else if more.is_object() {
                self.fits(more, value, at);
            } else {
                self.faults.insert(format!("{at}.{name} is not in the schema"));
            }
        }
    }

    fn is_of(kind: &Value, value: &Value) -> bool {
        let one = |kind: &Value| match kind.as_str() {
            Some("string") => value.is_string(),
            Some("number") => value.is_number(),
            Some("integer") => value.is_u64(),
            Some("boolean") => value.is_boolean(),
            Some("array") => value.is_array(),
            Some("object") => value.is_object(),
            Some("null") => value.is_null(),
            _ => false,
        };
        kind.as_array().map_or_else(|| one(kind), |kinds| kinds.iter().any(one))
    }
}

/// Every field of a schema, by the checker's path.
fn fields(schema: &Value, at: &str, out: &mut BTreeSet<String>) {
    for (name, own) in schema["properties"].as_object().into_iter().flatten() {
        out.insert(format!("{at}.{name}"));
        let inner = [own, &own["items"]].into_iter().chain(own["anyOf"].as_array().into_iter().flatten());
        inner.for_each(|schema| fields(schema, &format!("{at}.{name}"), out));
    }
}

#[test]
fn the_document_is_of_its_schema_and_both_are_documented() {
    let schema: Value = serde_json::from_str(DOCUMENT).expect("JSON");
    let mut check = Check { root: &schema, faults: BTreeSet::new(), met: BTreeSet::new() };
    documents().iter().for_each(|document| check.fits(&schema, document, "status"));
    assert!(check.faults.is_empty(), "{:#?}", check.faults);
    let mut all = BTreeSet::new();
    fields(&schema, "status", &mut all);
    for (name, of) in schema["$defs"].as_object().expect("definitions") {
        fields(of, name, &mut all);
    }
    let never: Vec<_> = all.difference(&check.met).collect();
    assert!(never.is_empty(), "in the schema, and in no document: {never:#?}");
    let words = |list: Value| list.as_array().into_iter().flatten().map(ToString::to_string).collect::<BTreeSet<_>>();
    let phases = serde_json::to_value(StepState::ALL).expect("words");
    assert_eq!(words(schema["$defs"]["step"]["properties"]["state"]["enum"].clone()), words(phases));
    let docs = include_str!("../../../docs/status.md");
    let text = |field: &&String| docs.contains(&format!("{}`", field.rsplit('.').next().expect("a name")));
    let untold: Vec<_> = all.iter().filter(|field| !text(field)).collect();
    assert!(untold.is_empty(), "not in docs/status.md: {untold:#?}");
}

#[test]
fn the_checker_finds_what_does_not_fit() {
    let schema: Value = serde_json::from_str(DOCUMENT).expect("JSON");
    let mut document = documents().pop().expect("a document");
    document["schema"] = 2.into();
    document["verdict"]["verdict"] = "maybe".into();
    document["sources"][0]["age_seconds"] = "old".into();
    document["more"] = 1.into();
    document.as_object_mut().expect("an object").remove("plan");
    let mut check = Check { root: &schema, faults: BTreeSet::new(), met: BTreeSet::new() };
    check.fits(&schema, &document, "status");
    assert_eq!(check.faults.len(), 5, "{:#?}", check.faults);
}

#[test]
fn what_the_plan_names_and_nobody_knows_is_said_first_by_name_though_every_source_is_live() {
    let (mut plan, _) = systems::load_plan(Path::new("demo/small.toml")).unwrap_or_else(|faulty| panic!("{faulty}"));
    plan.runbook.phases.clear();
    let started = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T01:00:00Z".parse().expect("a time") };
    let mut drive = SimDrive::new(Arc::new(plan), 7, started);
    drive.run_for(Duration::from_secs(60));
    let mut view = drive.snapshot();
    assert!(matches!(view.verdict(), Verdict::Clear(_)), "{:?}", view.verdict());
    let what = "group checkout of events, source".to_owned();
    let why = "REFUSED: not authorized".to_owned();
    view.unknown.push(Unknown { what, page: "kafka", state: Worst::Unknown, why });
    let Verdict::Hold(why) = view.verdict() else { panic!("{:?}", view.verdict()) };
    assert_eq!(why, "group checkout of events, source: REFUSED: not authorized");
    assert_eq!([super::Order::Sources, super::Order::Verdict].map(|order| order.holds(&view)), [false, false]);
}

/// Answers arrive between two evaluations of the gates: the document must be consistent.
#[test]
fn verdict_gates_and_signals_of_one_document_are_of_one_moment() {
    let (plan, _) = systems::load_plan(Path::new("demo/small.toml")).unwrap_or_else(|faulty| panic!("{faulty}"));
    let plan = Arc::new(plan);
    let now = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T01:00:00Z".parse().expect("a time") };
    let mut sim = systems::Sim::new(&plan, 7);
    let (mut engine, mut effects) = Engine::new(plan, now);
    effects.extend(engine.handle(EngineInput::Tick, now));
    while let Some(effect) = effects.pop() {
        let EngineEffect::Start(collector, spec) = effect else { continue };
        let took = Duration::ZERO;
        effects.extend(match sim.answer(&spec.query, now) {
            Ok(observation) => engine.handle(EngineInput::Observation { collector, observation, took }, now),
            Err(fault) => engine.handle(EngineInput::Failed { collector, fault, took }, now),
        });
    }
    let (view, _) = engine.take_snapshot(&Wanted { signals: true, ..Wanted::default() }, now);
    let samples = view.samples.as_ref().expect("measured");
    let run = view.run.as_ref().expect("a run");
    let mut compared = 0;
    for (_, step) in view.plan.runbook.steps() {
        for gate in step.gates.gates() {
            let fits = |s: &&Sample| {
                let of = |name: &String| s.def.labels.iter().position(|l| l == name).map(|at| &s.labels[at]);
                s.def.id == gate.metric.id && gate.labels.iter().all(|(name, value)| of(name) == Some(value))
            };
            let mine: Vec<&Sample> = samples.iter().filter(fits).collect();
            let step = run.steps.iter().find(|s| s.id == step.id).expect("in the run");
            let line = step.gates.iter().find(|g| g.of == "gate" && g.reason.gate == gate.id).expect("a line");
            if mine.len() == 1 && gate.min_volume.is_none() && mine[0].value.is_fresh() {
                assert!(line.reason.value.is_some(), "{}: {}", step.id, line.reason.what);
                compared += 1;
            }
        }
    }
    assert!(compared > 0, "no gate has one live series");
}

#[test]
fn only_go_and_clear_are_in_order_where_the_verdict_counts() {
    let (mut plan, _) = systems::load_plan(Path::new("demo/small.toml")).unwrap_or_else(|faulty| panic!("{faulty}"));
    plan.runbook.phases.clear();
    let started = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T01:00:00Z".parse().expect("a time") };
    let mut drive = SimDrive::new(Arc::new(plan), 7, started);
    let holds = |drive: &mut SimDrive| {
        let view = drive.snapshot();
        [super::Order::Sources, super::Order::Verdict].map(|order| order.holds(&view))
    };
    assert_eq!(holds(&mut drive), [false, false], "nothing has answered");
    drive.run_for(Duration::from_secs(60));
    assert_eq!(holds(&mut drive), [true, true]);
    drive.trouble("mongo/", Some(Trouble::Fails(FaultKind::Refused)));
    drive.run_for(Duration::from_secs(5));
    assert_eq!(holds(&mut drive), [false, false]);
}
