use std::{path::Path, sync::Arc, time::Duration};

use super::*;
use base::{
    collector::CollectorState,
    now::Now,
    observed::{Fault, FaultKind},
};
use drive::sim::SimDrive;

fn texts(messages: &Messages, masked: bool) -> Vec<&str> {
    messages.latest(masked).map(|message| message.text.as_str()).collect()
}

#[test]
fn a_message_disappears_from_the_last_line_and_stays_in_the_log() {
    let mut messages = Messages::default();
    messages.report(Timestamp::UNIX_EPOCH, false, Tone::Warn, "one".to_owned());
    messages.report(Timestamp::UNIX_EPOCH, false, Tone::Warn, "two".to_owned());
    messages.report(Timestamp::UNIX_EPOCH, false, Tone::Warn, "two".to_owned());
    assert_eq!(messages.shown(), Some("two"));
    messages.hide();
    assert_eq!(messages.shown(), None);
    assert_eq!(texts(&messages, false), ["two", "one"]);
}

#[test]
fn a_name_that_was_reported_without_a_mask_is_not_shown_with_one() {
    let mut messages = Messages::default();
    messages.report(Timestamp::UNIX_EPOCH, false, Tone::Warn, "db1.example".to_owned());
    messages.report(Timestamp::UNIX_EPOCH, true, Tone::Warn, "host-1".to_owned());
    assert_eq!(texts(&messages, true), ["host-1"]);
    assert_eq!(texts(&messages, false), ["host-1", "db1.example"]);
}

#[test]
fn the_log_has_an_end() {
    let mut messages = Messages::default();
    (0..KEPT + 5).for_each(|n| messages.report(Timestamp::UNIX_EPOCH, false, Tone::Warn, n.to_string()));
    assert_eq!(messages.latest(false).count(), KEPT);
}

/// The demo after a moment: every collector answers.
fn snapshot() -> Snapshot {
    let text = include_str!("../../../demo/plan.toml");
    let (plan, _) = systems::parse_plan(Path::new("plan.toml"), text).unwrap_or_else(|e| panic!("{e}"));
    let start = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T01:00:00Z".parse().unwrap() };
    let mut drive = SimDrive::new(Arc::new(plan), 1, start);
    drive.run_for(Duration::from_secs(60));
    drive.snapshot()
}

/// What the log has about faults, the latest first.
fn faults(messages: &Messages) -> Vec<(About, &str)> {
    let all = messages.latest(false).filter(|m| matches!(m.about, About::Fault | About::Recovery));
    all.map(|m| (m.about, m.text.as_str())).collect()
}

fn fail(snapshot: &mut Snapshot, at: usize, kind: FaultKind, text: &str) {
    let collector = &mut snapshot.collectors[at];
    (collector.fault, collector.state) = (Some(Fault::new(kind, text)), CollectorState::Stale);
}

#[test]
fn a_collector_that_begins_to_fail_and_recovers_is_two_lines_however_often_it_is_polled() {
    let (well, mut ill, mut messages) = (snapshot(), snapshot(), Messages::default());
    messages.follow(&well, false);
    assert_eq!(faults(&messages), [], "all answer");
    let id = ill.collectors[0].id.clone();
    fail(&mut ill, 0, FaultKind::Unreachable, "db1: refused\u{1b}[2J\nGO");
    (0..5).for_each(|_| messages.follow(&ill, false));
    let [(About::Fault, text)] = faults(&messages)[..] else { panic!("{:?}", faults(&messages)) };
    assert!(text.starts_with(&format!("{id}: UNREACHABLE: db1: refused")), "{text}");
    assert!(!text.contains(['\u{1b}', '\n']), "{text:?}");
    // Another kind is news once.
    for kind in [FaultKind::TimedOut, FaultKind::Unreachable, FaultKind::TimedOut] {
        fail(&mut ill, 0, kind, "db1");
        messages.follow(&ill, false);
    }
    assert_eq!(faults(&messages).len(), 2);
    let mut later = well.clone();
    later.now.boot += Duration::from_secs(42);
    (0..3).for_each(|_| messages.follow(&later, false));
    assert_eq!(faults(&messages)[0], (About::Recovery, format!("{id} answers again, after 42s").as_str()));
    assert_eq!(faults(&messages).len(), 3);
}

#[test]
fn many_of_one_system_are_one_line_and_one_that_is_no_longer_polled_is_forgotten() {
    let (well, mut ill, mut messages) = (snapshot(), snapshot(), Messages::default());
    let system = ill.collectors[0].system;
    let of_it: Vec<usize> = (0..ill.collectors.len()).filter(|at| ill.collectors[*at].system == system).collect();
    assert!(of_it.len() > 4);
    of_it.iter().for_each(|at| fail(&mut ill, *at, FaultKind::Unauthenticated, "no"));
    messages.follow(&ill, false);
    let [(About::Fault, text)] = faults(&messages)[..] else { panic!("{:?}", faults(&messages)) };
    let wanted = format!("{} collectors of {system} fail, UNAUTHENTICATED: first ", of_it.len());
    assert!(text.starts_with(&wanted), "{text}");
    let mut fewer = ill.clone();
    fewer.collectors.retain(|collector| collector.system != system);
    messages.follow(&fewer, false);
    messages.follow(&well, false);
    assert_eq!(faults(&messages).len(), 1, "they have not recovered: they were not polled");
    let mut quiet = well.clone();
    fail(&mut quiet, 0, FaultKind::NoTraffic, "nothing to measure");
    quiet.collectors[0].state = CollectorState::Fresh;
    messages.follow(&quiet, false);
    assert_eq!(faults(&messages).len(), 1, "that there is no traffic is no fault");
}

#[test]
fn a_journal_that_does_not_answer_is_a_fault_until_it_does() {
    let mut with_run = snapshot();
    let mut messages = Messages::default();
    messages.follow(&with_run, false);
    let waits = |snapshot: &mut Snapshot, waits: Option<u64>| {
        let run = Arc::make_mut(snapshot.run.as_mut().expect("a runbook"));
        run.journal_waits = waits.map(Duration::from_secs);
    };
    for seconds in [Some(2), Some(3), None, None] {
        waits(&mut with_run, seconds);
        messages.follow(&with_run, false);
    }
    let all = faults(&messages);
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(all[0], (About::Recovery, "the journal answers again"));
    assert_eq!(all[1].1, "the journal does not answer: nothing is sent until it does");
    Arc::make_mut(with_run.run.as_mut().expect("a runbook")).halted = Some("no space left".to_owned());
    messages.follow(&with_run, false);
    assert_eq!(faults(&messages)[0], (About::Fault, "the journal: no space left"));
}
