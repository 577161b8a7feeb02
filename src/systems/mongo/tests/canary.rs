//! A canary from the plan to the screen, and which sessions run one.

use super::*;
use crate::{
    mongo::{Concern, Kind, Observation, Probe},
    planner::{Planner, SimulateWrites},
};
use plan::Canary;

/// The first set has a canary.
pub(super) fn with_canary() -> Run {
    let mut plan = Arc::into_inner(plan()).expect("the only one");
    plan.replica_sets[0].canary = Some(Canary {
        database: "landfall".into(),
        collection: "canary".into(),
        every: Duration::from_millis(50),
        majority: true,
        login: None,
    });
    Run::of(&Arc::new(plan), 1)
}

/// Advances time, with each probe queried every half second.
pub(super) fn sample_for(run: &mut Run, probes: &[CollectorSpec<Probe>], seconds: u64) {
    for _ in 0..seconds * 2 {
        run.now.boot += Duration::from_millis(500);
        run.now.wall += Duration::from_millis(500);
        State::advance(&mut run.sim, run.now);
        for spec in probes {
            let facts = State::sample(&mut run.sim, &spec.query, run.now).expect("it writes");
            let stamp = Stamp { at: run.now, fresh: Freshness::of_interval(spec.interval) };
            run.state.on_sample(&spec.query, facts, stamp);
        }
    }
}

#[test]
fn nothing_is_measured_before_an_operator_has_the_run() {
    let mut run = with_canary();
    run.pass(5);
    assert!(run.collectors.iter().all(|s| !s.id.contains("canary")), "what watches never asks as the canary");
    assert!(run.samples().iter().all(|s| !s.def.id.starts_with("mongo.canary")));
    let table = &run.state.panel(run.now).tables[0];
    assert!(table.columns.iter().all(|column| column.id != "felt"), "nothing is measured: no column for it");
    let detail = run.state.detail("sets", "orders", run.now).expect("a set");
    assert!(detail.fields.iter().any(|(name, cell)| name == "canary" && cell.text.contains("controlling console")));
    // Without a login in the plan there is nothing to check either.
    assert!(run.state.trials().is_empty());
    let probes = run.state.probes();
    let ids: Vec<_> = probes.iter().map(|p| p.id.as_str()).collect();
    assert_eq!(ids, ["mongo/orders/canary/1", "mongo/orders/canary/majority"]);
    assert_eq!(run.signal("mongo.canary.gap", "orders"), Observed::Pending);
    assert!(Run::new().state.probes().is_empty(), "the plan asks for none");
}

#[test]
fn an_election_is_measured_to_a_tick_and_goes_on_the_screen() {
    let mut run = with_canary();
    run.pass(2);
    let probes = run.state.probes();
    sample_for(&mut run, &probes, 5);
    assert_eq!(run.signal("mongo.canary.write_downtime", "majority").fresh(), Some(0.0));
    assert_eq!(run.cell(0, "orders", "felt"), ("0ms".into(), Tone::Plain));
    run.sim.stop("127.0.0.1:101");
    sample_for(&mut run, &probes, 3);
    let gap = run.signal("mongo.canary.gap", "1").fresh().expect("it goes on");
    assert!((2.4..3.2).contains(&gap), "{gap}");
    assert_eq!(run.cell(0, "orders", "felt").1, Tone::Bad);
    let detail = run.state.detail("sets", "orders", run.now).expect("a set");
    let line = detail.fields.iter().find(|(name, _)| name == "canary w:1").expect("a line");
    assert!(line.1.text.starts_with("NO WRITE for ") && line.1.text.ends_with("10107: not primary"), "{}", line.1.text);
    sample_for(&mut run, &probes, 10);
    for w in ["1", "majority"] {
        assert_eq!(run.signal("mongo.canary.gap", w).fresh(), Some(0.0));
        let down = run.signal("mongo.canary.write_downtime", w).fresh().expect("felt");
        // Ten seconds until the others hold an election, plus up to one tick.
        assert!((10.0..10.2).contains(&down), "{w}: {down}");
        assert_eq!(run.signal("mongo.canary.longest_gap", w).fresh(), Some(down));
    }
}

#[test]
fn a_step_down_is_measured_as_long_as_it_lasts() {
    let mut run = with_canary();
    run.pass(2);
    let probes = run.state.probes();
    sample_for(&mut run, &probes, 5);
    run.sim.topple("orders", run.now);
    sample_for(&mut run, &probes, 5);
    let sampled = run.signal("mongo.canary.longest_gap", "1").fresh().expect("felt");
    assert!((0.05..0.15).contains(&sampled), "{sampled}");
}

#[test]
fn a_canary_that_may_not_write_is_blind_and_no_outage() {
    let mut run = with_canary();
    run.pass(2);
    let probes = run.state.probes();
    sample_for(&mut run, &probes, 2);
    for spec in &probes {
        run.state.on_probe_error(&spec.query, &Fault::new(FaultKind::Refused, "not authorized"));
    }
    assert!(matches!(run.signal("mongo.canary.gap", "1"), Observed::Stale(..)));
    run.now.boot += Duration::from_secs(7);
    assert!(matches!(run.signal("mongo.canary.gap", "1"), Observed::Unknown(f) if f.kind == FaultKind::Refused));
    assert_eq!(run.cell(0, "orders", "felt"), ("REFUSED".into(), Tone::Blind));
    // The set's cell is as fresh as the worse of the two.
    let stamp = Stamp { at: run.now, fresh: Freshness::of_interval(Duration::from_secs(1)) };
    run.state.on_sample(
        &Probe { set: 0, concern: Concern::One },
        Observation::CanaryReading(Default::default()),
        stamp,
    );
    assert_eq!(run.cell(0, "orders", "felt").1, Tone::Blind);
}

#[test]
fn what_a_step_down_would_kill_is_known_of_who_leads_and_of_nobody_else() {
    let mut run = Run::movable(1);
    let longest = |run: &Run| run.signal("mongo.set.longest_write", "orders");
    assert!(longest(&run).fresh().is_some_and(|s| s < 1.0));
    run.sim.begin_long("orders", Kind::IndexBuild, "createIndexes", "shop.orders", run.now);
    run.pass(20);
    let seconds = longest(&run).fresh().expect("asked");
    assert!((16.0..=20.0).contains(&seconds), "{seconds}");
    let detail = run.state.detail("sets", "orders", run.now).expect("a set");
    let line = detail.fields.iter().find(|(name, _)| name == "long operations").expect("a line");
    assert_eq!((line.1.text.as_ref(), line.1.tone), ("index build: createIndexes shop.orders for 20s", Tone::Warn));
    let notes =
        |run: &Run| run.state.draft(&draft::to(Side::Target), run.now).expect("of this system").expect("a draft").notes;
    assert!(
        notes(&run).iter().any(|n| n.starts_with("WILL BE KILLED by the step-down, on 127.0.0.1:101 ")),
        "{:?}",
        notes(&run)
    );
    // Unknown is neither none nor the last value.
    run.cut = Some(("operations", FaultKind::Refused));
    run.pass(1);
    assert!(!longest(&run).is_fresh());
    assert!(notes(&run).iter().any(|n| n.contains("is unknown")), "{:?}", notes(&run));
    run.cut = None;
    run.sim.topple("orders", run.now);
    run.pass(1);
    assert!(longest(&run).fresh().is_some_and(|s| s < 1.0), "killed");
}
