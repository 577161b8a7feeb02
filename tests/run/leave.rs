//! Quitting the console during a recipe leaves no member pinned.

use std::{thread::sleep, time::Duration};

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

use crate::stage::{plan, primary, step};

fn view(helm: &Control) -> StepView {
    let snapshot = helm.link.snapshots.borrow().clone();
    snapshot.run.as_ref().and_then(|run| run.steps.first()).expect("a step").clone()
}

fn until(helm: &Control, what: &str, so: impl Fn(&StepView) -> bool) {
    for _ in 0..1200 {
        if so(&view(helm)) {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("{what}: {:#?}", view(helm));
}

#[test]
fn a_safe_tail_is_finished_before_the_program_ends() {
    let store = MemStore::default();
    let author =
        Author { run: "night".into(), actor: "ana".into(), host: "war-room".into(), plan: Digest::of(b"plan") };
    let disk = store.clone();
    let board = move |now| {
        landfall::systems::open_journal(Box::new(disk.clone()), author.clone(), now).map_err(|e| e.to_string())
    };
    let plan = plan(vec![step("orders", &[], primary(Side::Target))]);
    let scenario = Scenario::rehearsal(plan, Digest::of(b"plan"), clock::now().wall);
    let helm = landfall::scenario::timeline::start(&scenario, 2.0, Box::new(board), None).expect("a journal");
    until(&helm, "ready", |s| s.state == StepState::Ready);
    while !matches!(view(&helm).state, StepState::Running) {
        helm.orders.give(Order::Preview("orders".into()));
        helm.orders.give(Order::Arm("orders".into()));
        until(&helm, "armed", |s| matches!(s.state, StepState::Armed | StepState::Ready | StepState::Previewed));
        if let Some(digest) = view(&helm).preview.and_then(|p| p.digest) {
            let typed = "orders".to_owned();
            helm.orders.give(Order::Execute { step: "orders".into(), digest, typed });
        }
        sleep(Duration::from_millis(250));
    }
    until(&helm, "pinned", |s| s.exposed.is_some());
    assert_eq!(helm.clone().leave(Duration::from_secs(120)), Vec::<String>::new());
    let end = view(&helm);
    assert!(end.exposed.is_none(), "{:#?}", end.ops);
    assert!(end.ops.iter().filter(|op| op.cleanup).all(|op| matches!(op.state, OpState::Applied | OpState::Spared)));
    let (entries, _) =
        chain::read::<landfall::systems::Call, landfall::systems::Version>(&store.survivors()).expect("whole");
    let held = entries.iter().any(|e| matches!(&e.body, landfall::systems::Body::Hold { on: true, .. }));
    assert!(held, "and that it was left is on record");
}
