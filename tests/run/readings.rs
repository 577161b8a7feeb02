//! Readings of the estate in the journal: when they are written, which, and that nothing depends on them.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use landfall::{
    base::step::{Note, StepState},
    drive::sim::Trouble,
    engine::run::Order,
    journal::{Reading, export},
    systems::{Body, Entry},
};

use crate::stage::{Stage, steps};

/// The times of the readings in seconds since the console opened the run, and the readings.
fn readings(entries: &[Entry]) -> Vec<(u64, &[Reading])> {
    let from = entries.first().map_or(0, |e| e.mono);
    let mut out = Vec::new();
    for entry in entries {
        if let Body::Readings { samples } = &entry.body {
            out.push(((entry.mono - from) / 1000, samples.as_slice()));
        }
    }
    out
}

#[test]
fn they_are_written_every_five_minutes_and_every_thirty_seconds_while_a_step_is_under_way() {
    let mut stage = Stage::new(steps(), 7);
    stage.pass(600_000);
    let entries = stage.entries();
    let quiet: Vec<u64> = readings(&entries).iter().map(|(at, _)| *at).collect();
    assert_eq!(quiet, [60, 360, 660], "nothing is under way");
    let started = entries.last().expect("a record").seq;
    stage.carry_out("dns-1");
    let entries = stage.entries();
    let at = |is: fn(&Body) -> bool| {
        entries.iter().find(|e| e.seq > started && is(&e.body)).expect("the step begins and ends").mono
    };
    let from = at(|body| matches!(body, Body::AttemptStarted(_)));
    let to = at(|body| matches!(body, Body::Transition(it) if it.note == Note::State(StepState::Done)));
    let busy = entries.iter().filter(|e| matches!(e.body, Body::Readings { .. }) && (from..=to).contains(&e.mono));
    let busy: Vec<u64> = busy.map(|e| e.mono).collect();
    assert!(busy.len() >= 2, "{busy:?} in {from} to {to}");
    assert!(busy.windows(2).all(|w| (30_000..32_000).contains(&(w[1] - w[0]))), "{busy:?}");
}

#[test]
fn what_is_not_live_is_left_out_and_never_zero() {
    let mut stage = Stage::new(steps(), 7);
    let signals = |stage: &Stage| -> BTreeSet<String> {
        let entries = stage.entries();
        readings(&entries).last().expect("readings").1.iter().map(|r| r.signal.clone()).collect()
    };
    let all = signals(&stage);
    assert!(all.contains("mongo.set.worst_target_lag") && all.contains("dns.name.configured_share"), "{all:?}");
    stage.drive.trouble("mongo/", Some(Trouble::Silent));
    stage.pass(300_000);
    let rest = signals(&stage);
    let expected: BTreeSet<String> = all.into_iter().filter(|id| !id.starts_with("mongo.")).collect();
    assert_eq!(rest, expected);
}

#[test]
fn what_people_did_is_shown_without_them_and_the_head_is_the_journals() {
    let mut stage = Stage::new(steps(), 7);
    stage.drive.order(Order::Remark { by: None, text: "coffee".into() });
    stage.pass(700_000);
    let (entries, run) = (stage.entries(), stage.run());
    let last = entries.last().expect("a record");
    assert!(matches!(last.body, Body::Readings { .. }), "{last:?}");
    assert_eq!(run.head, Some((last.seq, last.hash.short())));
    assert_eq!(run.journal.iter().map(|line| line.seq).collect::<Vec<_>>(), [1, 3], "that it was begun, and the words");
    assert!(!export::markdown(&entries).contains("readings |"));
    let json = export::json(&entries);
    let kept = json.as_array().expect("a list").iter().filter(|e| e["kind"] == "readings").count();
    assert_eq!(kept, readings(&entries).len());
    // A run is resumed as if they were absent.
    stage.carry_out("dns-1");
    stage.restart();
    assert_eq!(stage.drive.phase("dns-1"), Some(StepState::Done));
}

#[test]
fn a_record_of_the_demos_estate_is_small() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/plan.toml");
    let (plan, _) = landfall::systems::load_plan(&path).unwrap_or_else(|faulty| panic!("{faulty}"));
    let (sets, names, roles) = (plan.replica_sets.len(), plan.dns.len(), plan.fleet.len());
    let mut stage = Stage::on(Arc::new(plan), 7);
    stage.drive.run_for(Duration::from_secs(600));
    let entries = stage.entries();
    let biggest = entries
        .iter()
        .filter(|e| matches!(e.body, Body::Readings { .. }))
        .map(|e| serde_json::to_string(e).map_or(usize::MAX, |line| line.len()))
        .max()
        .expect("readings");
    let last = readings(&entries).last().expect("readings").1.len();
    println!("{biggest} bytes: {last} readings of {sets} sets, {names} names, {roles} roles");
    assert!(last >= 2 * sets + names + roles, "{last}");
    assert!(biggest < 6000, "{biggest} bytes");
}
