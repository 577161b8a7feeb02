//! Journals of earlier builds: every later build reads them with the same meaning.
//!
//! `v1.journal` and the others were written by [`played`], each by the first program of that version.
//! `LANDFALL_WRITE_FIXTURES=1` writes the one of the current version, which is right only if the version of the
//! records has changed.

use std::{fs, path::PathBuf};

use landfall::{
    base::{side::Side, step::StepState},
    drive::sim::CallTrouble,
    engine::run::{Order, Proposal},
    journal::{body::VERSION, chain, export},
    systems::{Body, Engine, EngineInput, Entry},
};

use crate::stage::{Stage, plan, primary, start, step, steps, weights};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/run").join(name)
}

fn stage() -> Stage {
    let mut all = steps();
    all.push(step("left-out", &[], primary(Side::Source)));
    all.push(step("lost", &[], weights(40, 60)));
    Stage::new(all, 7)
}

/// A run with every kind of event: done, rolled back, skipped, lost and resolved manually, held, resumed, remarks.
fn played() -> Stage {
    let mut stage = stage();
    stage.carry_out("dns-1");
    stage.carry_out("orders");
    stage.drive.order(Order::Remark { by: Some("ben".into()), text: "coffee".into() });
    stage.drive.order(Order::Propose(Proposal::Skip { step: "left-out".into(), reason: "not tonight".into() }));
    assert_eq!(stage.agree("ben", None), None);
    stage.carry_out("dns-50");
    stage.drive.order(Order::RollBack("dns-50".into()));
    assert_eq!(stage.execute("dns-50"), None);
    stage.until("dns-50", 900, |s| s.state == StepState::RolledBack);
    stage.drive.order(Order::Hold { by: None, why: "the phone rings".into() });
    stage.restart();
    stage.pass(30_000);
    stage.drive.order(Order::Release { why: "checked".to_owned() });
    stage.drive.unobservable(Some("lost"));
    stage.drive.call_trouble("lost", CallTrouble::ReplyLost, 1);
    stage.until("lost", 60, |s| s.state == StepState::Ready);
    assert_eq!(stage.execute("lost"), None);
    stage.pass(60_000);
    let ticket = stage.step("lost").unknown.expect("nobody knows");
    let looked_at = "the provider's console".to_owned();
    stage.drive.order(Order::Propose(Proposal::ResolveManually {
        step: "lost".into(),
        ticket,
        there: true,
        looked_at,
    }));
    assert_eq!(stage.agree("ben", None), None);
    stage.drive.unobservable(None);
    stage.until("lost", 900, |s| s.state == StepState::Attested);
    stage
}

/// The state of a console that only follows the journal.
fn followed(entries: &[Entry]) -> Engine {
    let mut all = steps();
    all.push(step("left-out", &[], primary(Side::Source)));
    all.push(step("lost", &[], weights(40, 60)));
    let (mut engine, _) = Engine::new(plan(all), start());
    for entry in entries {
        let effects = engine.handle(EngineInput::Follow(Box::new(entry.clone())), start());
        assert!(effects.is_empty(), "whoever follows does nothing");
    }
    engine
}

const END: [(&str, StepState); 5] = [
    ("dns-1", StepState::Done),
    ("orders", StepState::Done),
    ("dns-50", StepState::RolledBack),
    ("left-out", StepState::Skipped),
    ("lost", StepState::Attested),
];

#[test]
fn a_follower_sees_what_the_writer_did_and_can_change_nothing() {
    let stage = played();
    for (id, phase) in END {
        assert_eq!(stage.drive.phase(id), Some(phase), "{id}");
    }
    let mut engine = followed(&stage.entries());
    for (id, phase) in END {
        assert_eq!(engine.phase(id), Some(phase), "{id}");
    }
    let hold = landfall::systems::RunInput::Order(Order::Hold { by: None, why: String::new() });
    assert!(engine.handle(EngineInput::Run(hold), start()).is_empty());
    assert!(engine.handle(EngineInput::Tick, start()).is_empty());
    assert!(engine.run_view(start()).notice.is_some_and(|why| why.contains("is read only")));
}

#[test]
fn a_journal_of_every_version_is_read_and_means_the_same() {
    if std::env::var_os("LANDFALL_WRITE_FIXTURES").is_some() {
        let bytes = played().store.survivors();
        let (entries, _) = chain::read::<landfall::systems::Call, landfall::systems::Version>(&bytes).expect("whole");
        fs::write(file(&format!("v{VERSION}.journal")), &bytes).expect("written");
        fs::write(file(&format!("v{VERSION}.md")), export::markdown(&entries)).expect("written");
    }
    (1..=VERSION).for_each(is_read);
}

fn is_read(version: u32) {
    let bytes = fs::read(file(&format!("v{version}.journal"))).expect("the fixture");
    let (entries, torn) = chain::read::<landfall::systems::Call, landfall::systems::Version>(&bytes).expect("whole");
    assert_eq!(torn, 0);
    assert!(entries.iter().all(|entry| entry.v == version));
    // The journal contains what its version introduced.
    assert_eq!(entries.iter().any(|entry| matches!(entry.body, Body::Readings { .. })), version >= 2);
    let engine = followed(&entries);
    for (id, phase) in END {
        assert_eq!(engine.phase(id), Some(phase), "{id}");
    }
    assert_eq!(export::markdown(&entries), fs::read_to_string(file(&format!("v{version}.md"))).expect("the fixture"));
    // The run continues: a console that opens the journal knows its content.
    let mut stage = stage();
    stage.store = landfall::journal::store::MemStore::with(bytes);
    stage.restart();
    for (id, phase) in END {
        assert_eq!(stage.drive.phase(id), Some(phase), "{id}");
    }
    assert_eq!(stage.run().halted, None);
}
