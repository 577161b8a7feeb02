//! Clock jumps and sleeping machines: no gate turns green because of them, no quarantine ends early, and the run
//! reaches the same end.

use std::time::Duration;

use jiff::SignedDuration;
use landfall::{
    base::step::{Level, StepState},
    drive::sim::CallTrouble,
    engine::run::Order,
};

use crate::stage::{Stage, set_weights, step, steps, weights, written};

/// A gate that has to be true for a minute.
const GATES: &str = r#"gates = [{ metric = "mongo.set.primary_writable", where = { set = "orders" }, op = "==", value = true, for = "60s", min_samples = 3 }]"#;

/// A verification that must stay true while the step bakes.
const BAKED: &str = r#"
verify = [{ metric = "dns.name.configured_share", where = { name = "www.example.test.", type = "A", side = "target" }, op = ">=", value = "1%", for = "10s", min_samples = 2 }]
verify_within = "5m"
bake = "60s"
"#;

/// One percent of the name goes to the target, with these gates or this verification.
fn one_percent(more: &str) -> Stage {
    Stage::with("", &[written("dns-1", &set_weights(99, 1), more)], 3)
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[test]
fn a_jump_of_the_clock_or_a_sleep_restarts_the_window() {
    type Trouble = fn(&mut Stage);
    let troubles: [(&str, Trouble); 3] = [
        ("an hour forward", |stage| stage.drive.set_clock(HOUR)),
        ("an hour back", |stage| stage.drive.set_clock(-HOUR)),
        ("asleep for an hour", |stage| stage.drive.suspend(Duration::from_secs(3600))),
    ];
    for (what, trouble) in troubles {
        // Before the window is full, and after.
        for before in [30, 90] {
            let mut stage = one_percent(GATES);
            stage.drive.trouble("mongo/", Some(landfall::drive::sim::Trouble::Silent));
            stage.pass(120_000);
            assert_eq!(stage.step("dns-1").level, Level::Unknown, "{what}: nothing is heard");
            stage.drive.trouble("mongo/", None);
            stage.pass(before * 1000);
            trouble(&mut stage);
            let mut green_after = None;
            for second in 0..120 {
                if stage.step("dns-1").level == Level::Green {
                    green_after.get_or_insert(second);
                }
                stage.pass(1000);
            }
            let after = green_after.unwrap_or_else(|| panic!("{what}, {before} s in: never green again"));
            assert!(after >= 55, "{what}, {before} s in: green {after} s later");
        }
    }
}

#[test]
fn a_quarantine_does_not_end_early() {
    for jump in [HOUR, -HOUR] {
        let mut stage = Stage::new(vec![step("dns-1", &[], weights(99, 1))], 5);
        stage.until("dns-1", 60, |s| s.state == StepState::Ready);
        stage.drive.call_trouble("dns-1", CallTrouble::RequestLost, 1);
        assert_eq!(stage.execute("dns-1"), None);
        stage.until("dns-1", 60, |s| s.word == "QUARANTINE");
        let started = stage.drive.now();
        stage.drive.set_clock(jump);
        stage.until("dns-1", 900, |s| s.state == StepState::NotApplied);
        let waited = stage.drive.now().since(started);
        assert!(
            waited >= Duration::from_secs(290),
            "{jump}: {waited:?}: a signed request is accepted for five minutes"
        );
    }
}

#[test]
fn asleep_at_any_second_the_run_comes_to_the_same_end() {
    let mut tried = 0;
    for asleep_at in (0..80).step_by(4) {
        for (span, clock) in [(5, 0), (3600, 0), (0, 3600), (0, -3600)] {
            let mut stage = Stage::new(steps()[..2].to_vec(), 7);
            let mut second = 0;
            let mut asleep = false;
            for id in ["dns-1", "orders"] {
                for _ in 0..4000 {
                    if second >= asleep_at && !asleep {
                        asleep = true;
                        stage.drive.suspend(Duration::from_secs(span));
                        stage.drive.set_clock(SignedDuration::from_secs(clock));
                    }
                    let view = stage.step(id);
                    match view.state {
                        StepState::Done => break,
                        StepState::Ready => drop(stage.execute(id)),
                        // A step that was not applied is tried again; an abandoned move has completed its cleanup.
                        StepState::NotApplied | StepState::Failed => {
                            assert!(view.exposed.is_none(), "{id}, asleep at {asleep_at} for {span}: {:#?}", view.ops);
                            stage.drive.order(Order::Again(id.into()));
                        }
                        _ => {}
                    }
                    stage.pass(1000);
                    second += 1;
                }
                assert_eq!(
                    stage.drive.phase(id),
                    Some(StepState::Done),
                    "{id}, asleep at {asleep_at} for {span} s, clock {clock} s"
                );
            }
            assert!(asleep, "at its end after {second} s, before {asleep_at} s");
            let log = stage.drive.server_log();
            let mut once = log.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), log.len(), "twice: {log:?}");
            tried += 1;
        }
    }
    assert_eq!(tried, 80);
    println!("{tried} sleeps and jumps, each came to DONE, nothing sent twice");
}

#[test]
fn a_bake_that_nobody_watched_is_no_bake() {
    let mut stage = one_percent(BAKED);
    stage.until("dns-1", 60, |s| s.state == StepState::Ready);
    assert_eq!(stage.execute("dns-1"), None);
    let verifying = stage.until("dns-1", 900, |s| s.state == StepState::Verifying);
    assert!(
        verifying.gates.iter().any(|g| g.of == "verify" && g.reason.level == Level::Unknown),
        "read before it began"
    );
    stage.until("dns-1", 300, |s| s.state == StepState::Baking);
    let started = stage.drive.now();
    stage.drive.suspend(Duration::from_secs(600));
    stage.until("dns-1", 600, |s| s.state == StepState::Done);
    let watched = stage.drive.now().since(started).saturating_sub(Duration::from_secs(600));
    assert!(watched >= Duration::from_secs(65), "done after {watched:?} of looking");
}
