//! The console is killed: at every write of its journal, between sending and the reply, with a record torn at every
//! byte, and on a disk that loses unsynced data. Checked against the log of the simulated servers.

use std::collections::BTreeSet;

use landfall::{
    base::step::{Kind, Note, OpState, Record, StepState},
    engine::run::{Order, StepView},
    journal::{Author, store::MemStore},
    systems::{Body, Entry},
};

use crate::stage::{Stage, start, steps};

/// How the console dies.
#[derive(Debug, Clone, Copy)]
enum Death {
    /// While this record is written; a part of it is on disk.
    Torn,
    /// The record was written but not synced: it is lost.
    Unsynced,
    /// This many milliseconds after this record.
    After(u64),
}

/// The orders of the run: two steps, then the rollback of the second.
const KEYS: [&str; 3] = ["dns-1", "orders", "back"];

fn play(stage: &mut Stage, dead: impl Fn(&Stage) -> bool) {
    for key in KEYS {
        let id = if key == "back" { "orders" } else { key };
        let goal = if key == "back" { StepState::RolledBack } else { StepState::Done };
        let mut started = false;
        for _ in 0..20_000 {
            let phase = stage.drive.phase(id);
            if dead(stage) || phase == Some(goal) {
                break;
            }
            if key == "back" && phase == Some(StepState::Done) {
                stage.drive.order(Order::RollBack(id.into()));
            }
            // The state may have to be read once more before a preview is possible.
            if !started && matches!(stage.drive.phase(id), Some(StepState::Ready | StepState::Previewed)) {
                started = stage.execute(id).is_none();
            }
            // Faster while no request is pending.
            stage.pass(if phase == Some(StepState::Running) { 10 } else { 500 });
        }
        if dead(stage) {
            return;
        }
        assert_eq!(stage.drive.phase(id), Some(goal), "{key}: {:#?}", stage.step(id));
    }
}

/// Kills the console at a record, starts another, lets it recover.
fn kill(at: usize, death: Death) {
    let mut stage = Stage::new(steps(), 7);
    match death {
        Death::Torn => stage.store.mem(|mem| mem.dies = Some((at.saturating_sub(1), 40))),
        Death::Unsynced => stage.store.mem(|mem| mem.syncs = Some(at.saturating_sub(1))),
        Death::After(_) => {}
    }
    let records = |stage: &Stage| stage.drive.journal().map_or(0, |j| j.head().seq);
    let first = records(&stage);
    let dead = |stage: &Stage| match death {
        Death::After(_) => records(stage) >= first + at as u64,
        _ => stage.drive.journal().is_some_and(|j| j.halted().is_some()),
    };
    play(&mut stage, dead);
    assert!(dead(&stage), "at record {at}, {death:?}: it is still alive");
    if let Death::After(millis) = death {
        stage.pass(millis);
    }
    stage.restart();
    // Collectors answer again, quarantines end, cleanups complete, and holds are released.
    for _ in 0..60 {
        stage.pass(10_000);
        let run = stage.run();
        if run.steps.iter().all(|s| s.state != StepState::Running && s.state != StepState::Settling) {
            break;
        }
        if run.steps.iter().any(|s| s.held) {
            stage.drive.order(Order::Release { why: "checked".to_owned() });
        }
    }
    judge(&stage, at, death);
}

fn judge(stage: &Stage, at: usize, death: Death) {
    let why = format!("killed at record {at}, {death:?}");
    against_the_log(&why, &stage.drive.server_log(), &stage.entries(), &stage.run().steps);
}

/// What the journal says, against the servers' own log: no effect twice, none without an intent, and nothing is reported as applied, not
/// applied or done that the servers know otherwise.
pub fn against_the_log(why: &str, log: &[String], entries: &[Entry], steps: &[StepView]) {
    let why = || why;
    let done: BTreeSet<&String> = log.iter().collect();
    assert_eq!(log.len(), done.len(), "{}: an effect twice: {log:?}", why());
    let mut tags = std::collections::BTreeMap::new();
    let mut last = std::collections::BTreeMap::new();
    // An operation without a compare counts as applied when its goal is reached, whoever did it.
    let mut absolute = BTreeSet::new();
    for entry in entries {
        match &entry.body {
            Body::AttemptStarted(started) => {
                let Record::Started { attempt, .. } = started.record else { panic!("{:?}", started.record) };
                for (op, _) in started
                    .draft
                    .ops
                    .iter()
                    .enumerate()
                    .filter(|(_, o)| matches!(o.kind, Kind::Absolute | Kind::Lapses))
                {
                    absolute.insert((started.step.clone(), attempt, op));
                }
            }
            Body::Intent(intent) => {
                tags.insert((intent.step.clone(), intent.ticket), intent.tag.clone());
            }
            Body::Transition(transition) => {
                if let Note::Op(ticket, state) = transition.note {
                    last.insert((transition.step.clone(), ticket), state);
                }
            }
            _ => {}
        }
    }
    for tag in log {
        assert!(tags.values().any(|t| t == tag), "{}: an effect without an intent: {tag}", why());
    }
    for (op, tag) in &tags {
        match last.get(op) {
            Some(OpState::Applied) if absolute.contains(&(op.0.clone(), op.1.attempt, usize::from(op.1.op))) => {}
            Some(OpState::Applied) => assert!(done.contains(tag), "{}: {tag} is reported as applied", why()),
            Some(OpState::NotApplied) => assert!(!done.contains(tag), "{}: {tag} is reported as not applied", why()),
            Some(OpState::Waiting) => assert!(!done.contains(tag), "{}: {tag} is reported as not sent", why()),
            Some(OpState::Conflict) => {}
            other => panic!("{}: {tag} came to {other:?}: nobody found out", why()),
        }
    }
    for step in steps {
        assert!(step.exposed.is_none(), "{}: {} was left exposed", why(), step.id);
        if step.state == StepState::Done {
            let own = tags.iter().filter(|((id, t), _)| *id == step.id && t.attempt == step.attempt);
            let own = own.filter(|((id, t), _)| !absolute.contains(&(id.clone(), t.attempt, usize::from(t.op))));
            for (_, tag) in own {
                assert!(done.contains(tag), "{}: {} is reported as done, without {tag}", why(), step.id);
            }
        }
    }
}

#[test]
fn killed_at_every_write_and_between_sending_and_the_reply() {
    let whole = {
        let mut stage = Stage::new(steps(), 7);
        let before = stage.entries().len();
        play(&mut stage, |_| false);
        stage.entries().len() - before
    };
    // After 8 ms some requests have arrived and some replies have not.
    let deaths = [Death::Torn, Death::Unsynced, Death::After(8)];
    assert!(whole > 50, "{whole} records");
    let points: Vec<(usize, Death)> = (1..=whole).flat_map(|at| deaths.map(|d| (at, d))).collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, std::num::NonZero::get) {
            scope.spawn(|| {
                while let Some((at, death)) = points.get(next.fetch_add(1, std::sync::atomic::Ordering::SeqCst)) {
                    kill(*at, *death);
                }
            });
        }
    });
    println!(
        "{} points tried over {whole} records: 0 steps wrongly DONE, 0 effects without an intent, 0 effects twice, 0 left unknown or exposed",
        points.len()
    );
}

#[test]
fn torn_at_every_byte_of_the_last_record() {
    let mut stage = Stage::new(steps(), 7);
    play(&mut stage, |_| false);
    let bytes = stage.store.survivors();
    let author = Author { run: "night".into(), actor: "a".into(), host: "h".into(), plan: Default::default() };
    let ends: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at] == b'\n').map(|at| at + 1).collect();
    let mut places = 0;
    for last in [ends.len() / 2, ends.len() - 1] {
        for cut in ends[last - 1]..ends[last] {
            places += 1;
            let store = MemStore::with(bytes[..cut].to_vec());
            // Here only this matters: exactly the whole records are read, and that is journaled. The other test checks
            // what follows from them.
            let (_, entries) = landfall::systems::open_journal(Box::new(store), author.clone(), start())
                .expect("whole but for its end");
            assert_eq!(entries.len(), last + 1, "cut after {cut} bytes");
        }
    }
    assert!(places > 300, "{places} places to tear");
    println!("{places} places to tear, in two last records of {}", ends.len());
}
