//! Figures that never become less than what is known: the write downtime of a set, and the worst of all sets.

use super::{
    canary::{sample_for, with_canary},
    *,
};
use crate::{
    mongo::{CanaryReading, Concern, Observation, Probe},
    planner::Planner,
};

const PROBE: Probe = Probe { set: 0, concern: Concern::One };

fn lost(run: &Run) -> String {
    run.state.sets[0].lost(run.now).to_string()
}

fn canary_reads(run: &mut Run, canary_reads: CanaryReading) {
    let stamp = Stamp { at: run.now, fresh: Freshness::of_interval(Duration::from_secs(1)) };
    run.state.on_sample(&PROBE, Observation::CanaryReading(canary_reads), stamp);
}

#[test]
fn what_a_canary_measured_stays_when_it_misses_a_turn() {
    let mut run = with_canary();
    run.pass(5);
    run.state.probes();
    let down = CanaryReading { down: Duration::from_millis(528), outages: 1, ..CanaryReading::default() };
    canary_reads(&mut run, down.clone());
    assert_eq!(lost(&run), "0.5s");
    canary_reads(&mut run, CanaryReading { unseen: Duration::from_millis(100), ..down.clone() });
    assert_eq!(lost(&run), "≤ 0.6s", "what nobody tried may have been more, and is not less");
    // It is kept when the canary can no longer write; the length of an outage that continues then is not measured.
    let since = Some(run.now.boot - Duration::from_secs(1));
    canary_reads(&mut run, CanaryReading { since, ..down });
    run.state.on_probe_error(&PROBE, &Fault::new(FaultKind::Refused, "not authorized"));
    let then = lost(&run);
    run.pass(20);
    assert_eq!((then.as_str(), lost(&run).as_str()), ("≤ 1.6s", "≤ 1.6s"));
}

#[test]
fn an_outage_that_a_console_watched_before_its_canary_began_is_not_forgotten() {
    let mut run = with_canary();
    run.pass(5);
    run.sim.stop("127.0.0.1:101");
    run.pass(20);
    let before = run.state.sets[0].lost(run.now).time;
    assert!(before >= Duration::from_secs(10), "{before:?}");
    let probes = run.state.probes();
    sample_for(&mut run, &probes, 5);
    assert!(run.state.sets[0].lost(run.now).time >= before, "{}", lost(&run));
    assert!(lost(&run).starts_with("≤ "), "{}", lost(&run));
    assert!(!run.state.outages(run.now).is_empty(), "the budget of 5s stays overspent");
    // An outage in progress when the canary starts is not counted twice.
    let mut run = with_canary();
    run.pass(5);
    run.sim.stop("127.0.0.1:101");
    run.pass(4);
    let probes = run.state.probes();
    for _ in 0..12 {
        sample_for(&mut run, &probes, 1);
        run.pass(0);
    }
    run.pass(2);
    let all = run.state.sets[0].lost(run.now).time;
    assert!((Duration::from_secs(9)..Duration::from_secs(13)).contains(&all), "{all:?}");
}

#[test]
fn a_set_that_was_never_read_does_not_drop_out_of_the_worst_lag() {
    let mut run = Run::new();
    run.cut = Some(("mongo/catalog", FaultKind::Unreachable));
    run.pass(8);
    let tile = &run.state.tiles(run.now)[2];
    assert_eq!((tile.title.as_ref(), tile.value.tone), ("Replication lag", Tone::Blind), "{}", tile.value.text);
    assert_eq!(tile.sides.iter().map(|(_, cell)| cell.tone).collect::<Vec<_>>(), [Tone::Blind; 2]);
    run.cut = None;
    run.pass(8);
    assert_eq!(run.state.tiles(run.now)[2].value.tone, Tone::Good);
}
