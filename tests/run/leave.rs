//! Quitting the console during a recipe leaves no member pinned.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use landfall::{
    base::{
        digest::Digest,
        side::Side,
        step::{OpState, StepState},
    },
    drive::Control,
    engine::run::{Order, StepView},
    journal::{Author, chain, store::MemStore},
    scenario::Scenario,
    systems::collect::clock,
};

use crate::{
    patience::PATIENCE,
    stage::{plan, primary, step},
};

fn view(control: &Control) -> StepView {
    let snapshot = control.link.snapshots.borrow().clone();
    snapshot.run.as_ref().and_then(|run| run.steps.first()).expect("a step").clone()
}

fn until(control: &Control, what: &str, so: impl Fn(&StepView) -> bool) {
    for _ in 0..1200 {
        if so(&view(control)) {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("{what}: {:#?}", view(control));
}

#[test]
fn a_safe_tail_is_finished_before_the_program_ends() {
    let store = MemStore::default();
    let author =
        Author { run: "night".into(), actor: "ana".into(), host: "war-room".into(), plan: Digest::of(b"plan") };
    let disk = store.clone();
    let board =
        move |now| landfall::systems::open_journal(Box::new(disk.clone()), author.clone(), now).map_err(Into::into);
    let plan = plan(vec![step("orders", &[], primary(Side::Target))]);
    let scenario = Scenario::rehearsal(plan, Digest::of(b"plan"), clock::now().wall);
    let control = landfall::scenario::timeline::start(&scenario, 2.0, Box::new(board), None).expect("a journal");
    until(&control, "ready", |s| s.state == StepState::Ready);
    let started = Instant::now();
    while !matches!(view(&control).state, StepState::Running) {
        assert!(started.elapsed() < PATIENCE, "not begun: {:#?}", view(&control));
        control.orders.give(Order::Preview("orders".into()));
        control.orders.give(Order::Arm("orders".into()));
        until(&control, "armed", |s| matches!(s.state, StepState::Armed | StepState::Ready | StepState::Previewed));
        if let Some(digest) = view(&control).preview.and_then(|p| p.digest) {
            let typed = "orders".to_owned();
            control.orders.give(Order::Execute { step: "orders".into(), digest, typed });
        }
        sleep(Duration::from_millis(250));
    }
    until(&control, "pinned", |s| s.exposed.is_some());
    assert_eq!(control.clone().leave(Duration::from_secs(120)), Vec::<String>::new());
    let end = view(&control);
    assert!(end.exposed.is_none(), "{:#?}", end.ops);
    let cleanup: Vec<OpState> = end.ops.iter().filter(|op| op.cleanup).map(|op| op.state).collect();
    assert!(cleanup.iter().all(|state| matches!(state, OpState::Applied | OpState::Spared)), "{cleanup:?}");
    assert!(!cleanup.is_empty(), "{:#?}", end.ops);
    let (entries, _) =
        chain::read::<landfall::systems::Call, landfall::systems::Version>(&store.survivors()).expect("whole");
    let held = entries.iter().any(|e| matches!(&e.body, landfall::systems::Body::Hold { on: true, .. }));
    assert!(held, "and that it was left is on record");
}
