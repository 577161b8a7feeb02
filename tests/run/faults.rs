//! Every call × every fault: the outcome is never more certain than the truth, is definite without a fault, and
//! becomes definite within a limited number of verifications once the server can be observed again.

use std::{collections::BTreeMap, fmt::Write as _};

use landfall::{
    base::{
        side::Side,
        step::{Kind, Note, OpState, StepState},
    },
    drive::sim::CallTrouble,
    plan::Action,
    systems::Body,
};

use crate::stage::{Stage, primary, step, weights};

/// Verifications after which an outcome must be definite; the time of a quarantine is not counted.
const LOOKS: usize = 400;

fn actions() -> Vec<(&'static str, Action)> {
    vec![
        ("weights", weights(90, 10)),
        ("primary", primary(Side::Target)),
        ("capacity", Action::SetCapacity { role: "web".into(), side: Side::Target, desired: 7 }),
        ("stop", Action::Power { role: "web".into(), side: Side::Source, on: false, width: 2, max_failed: 0 }),
        ("offsets", Action::CommitOffsets { pair: "events".into(), group: "checkout".into(), to: Side::Target }),
    ]
}

/// A stage on which the action can start.
fn stage(name: &str, action: &Action) -> Stage {
    Stage::new(vec![step(name, &[], action.clone())], 7)
}

/// Starts the action, whatever drifts meanwhile.
fn begin(stage: &mut Stage, name: &str) {
    for _ in 0..60 {
        let refused = stage.execute(name);
        let start = |p| {
            !matches!(
                p,
                StepState::Pending | StepState::Blocked | StepState::Ready | StepState::Previewed | StepState::Armed
            )
        };
        if refused.is_none() || stage.drive.phase(name).is_some_and(start) {
            return;
        }
        stage.pass(1000);
    }
    panic!("{name}: {:?} {:#?}", stage.run().notice, stage.step(name).preview);
}

/// The changing operations of an action: the number of each, its description and its kind.
fn calls(name: &str, action: &Action) -> Vec<(u16, String, Kind)> {
    let mut stage = stage(name, action);
    begin(&mut stage, name);
    let start = stage.entries().into_iter().rev().find_map(|e| match e.body {
        Body::AttemptStarted(start) => Some(start),
        _ => None,
    });
    let ops = start.expect("it was begun").draft.ops;
    let changing = (1..).zip(ops).filter(|(_, op)| op.kind != Kind::Wait);
    changing.map(|(n, op)| (n, op.what, op.kind)).collect()
}

/// The outcome of an operation under a fault, checked against the server's log.
fn outcome(name: &str, action: &Action, (n, what, kind): (u16, &str, Kind), trouble: Option<CallTrouble>) -> String {
    let mut stage = stage(name, action);
    if let Some(trouble) = trouble {
        stage.drive.call_trouble((name, n), trouble, 1);
    }
    let attempt = stage.step(name).attempt + 1;
    begin(&mut stage, name);
    for _ in 0..150 {
        stage.pass(10_000);
        let view = stage.step(name);
        if !matches!(view.state, StepState::Running) || view.held {
            break;
        }
    }
    let log = stage.drive.server_log();
    let (mut tag, mut last, mut looks, mut stepped_down) = (None, BTreeMap::new(), 0, None);
    for entry in stage.entries() {
        match entry.body {
            Body::Intent(intent) if intent.ticket.op + 1 == n && intent.ticket.attempt == attempt => {
                tag.get_or_insert((intent.ticket, intent.tag));
            }
            Body::Intent(intent) if intent.what.contains("steps down") => stepped_down = Some(entry.wall),
            Body::Transition(transition) => {
                if let Note::Op(ticket, state) = transition.note {
                    last.insert(ticket, (state, entry.wall));
                    looks += usize::from(state == OpState::Unknown);
                }
            }
            _ => {}
        }
    }
    let Some((ticket, tag)) = tag else { return "not sent".to_owned() };
    let carried_out = log.contains(&tag);
    let (state, since) = last.get(&ticket).copied().unzip();
    let state = state.unwrap_or(OpState::Sent);
    // A member that stepped down for a minute can be elected again afterwards, without being unfrozen.
    let lapsed = stepped_down.zip(since).is_some_and(|(from, to)| to.duration_since(from).as_secs() >= 60);
    let case = format!("{name}: {what}: {trouble:?}: {state:?}, carried out: {carried_out}");
    match state {
        // An operation without a compare is applied when its goal is reached.
        OpState::Applied => {
            assert!(carried_out || kind == Kind::Absolute || kind == Kind::Lapses && lapsed, "{case}");
        }
        OpState::NotApplied => assert!(!carried_out, "{case}"),
        OpState::Conflict => {}
        other => panic!("{case}: {other:?} is not definite"),
    }
    assert!(looks <= LOOKS, "{case}: {looks} looks");
    if trouble.is_none() {
        assert_eq!(state, OpState::Applied, "{case}");
    }
    match state {
        OpState::Applied => "applied",
        OpState::NotApplied => "not applied",
        _ => "conflict",
    }
    .to_owned()
}

#[test]
fn every_call_under_every_fault_comes_to_the_truth() {
    let troubles: Vec<Option<CallTrouble>> =
        std::iter::once(None).chain(CallTrouble::ALL.into_iter().map(Some)).collect();
    let mut table = String::new();
    let (mut calls_tried, mut failed) = (0, 0);
    let name_of = |t: &Option<CallTrouble>| t.map_or("none".to_owned(), |t| format!("{t:?}").replace("(45s)", ""));
    let _ = writeln!(
        table,
        "{:<52} {}",
        "call",
        troubles.iter().map(|t| format!("{:<12}", name_of(t))).collect::<String>()
    );
    for (name, action) in actions() {
        for (n, what, kind) in calls(name, &action) {
            let cells: Vec<String> = std::thread::scope(|scope| {
                let run = |t: &Option<CallTrouble>| {
                    let (t, what, action) = (*t, &what, &action);
                    scope.spawn(move || outcome(name, action, (n, what, kind), t))
                };
                let started: Vec<_> = troubles.iter().map(run).collect();
                let joined = started.into_iter().map(std::thread::ScopedJoinHandle::join);
                let mut cell = |outcome: std::thread::Result<String>| {
                    outcome.unwrap_or_else(|_| {
                        failed += 1;
                        "FAILED".to_owned()
                    })
                };
                joined.map(&mut cell).collect()
            });
            calls_tried += 1;
            let short: String = what.chars().take(50).collect();
            let _ = writeln!(table, "{short:<52} {}", cells.iter().map(|c| format!("{c:<12}")).collect::<String>());
        }
    }
    println!("{table}");
    assert_eq!(failed, 0, "FAILED in the table");
    assert!(calls_tried >= actions().len(), "{calls_tried} calls tried");
}
