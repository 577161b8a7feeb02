//! Who leads a set, also where it cannot be seen by itself.

use super::*;

#[test]
fn a_dead_primary_is_no_primary_until_the_next_leads() {
    let mut run = Run::new();
    run.pass(5);
    run.sim.stop("127.0.0.1:101");
    run.pass(1);
    // Whatever it reported a moment ago.
    assert!(!run.signal("mongo.set.config_committed", "orders").is_fresh());
    run.pass(2);
    assert_eq!(run.cell(0, "orders", "primary").1, Tone::Bad);
    assert_eq!(run.signal("mongo.set.primary_writable", "orders").fresh(), Some(0.0));
    assert_eq!(run.signal("mongo.set.primary_writable", "catalog").fresh(), Some(1.0));
    // What only a primary reports is unknown, and not its last value.
    assert!(!run.signal("mongo.set.config_committed", "orders").is_fresh());
    assert!(!run.signal("mongo.set.majority_if_target_lost", "orders").is_fresh());
    assert!(!run.signal("mongo.set.worst_target_lag", "orders").is_fresh());
    run.pass(10);
    assert_eq!(run.signal("mongo.set.primary_writable", "orders").fresh(), Some(1.0));
    assert_eq!(run.signal("mongo.set.primary_on_target", "orders").fresh(), Some(0.0));
    let down = run.signal("mongo.set.write_downtime", "orders").fresh().expect("seen all the time");
    assert!((10.0..11.0).contains(&down), "{down}");
    assert_eq!(run.signal("mongo.set.write_downtime", "catalog").fresh(), Some(0.0));
    run.sim.start("127.0.0.1:101");
    run.pass(3);
    assert_eq!(run.signal("mongo.set.target_secondaries", "orders").fresh(), Some(2.0));
}

#[test]
fn two_of_five_left_is_a_set_without_a_primary() {
    let mut run = Run::new();
    run.pass(5);
    for host in ["127.0.0.1:101", "127.0.0.1:102", "127.0.0.1:103"] {
        run.sim.stop(host);
    }
    run.pass(30);
    assert_eq!(run.cell(0, "orders", "primary").0, "NO PRIMARY");
    assert_eq!(run.cell(0, "orders", "writable"), ("NO".into(), Tone::Bad));
}

#[test]
fn a_leader_out_of_our_sight_is_not_downtime() {
    let mut run = Run::new();
    run.pass(5);
    // The source's three do not answer us; the two others still name the primary among them.
    for n in ["101/", "102/", "103/"] {
        for spec in run.collectors.clone().iter().filter(|s| s.id.contains(n)) {
            run.state.fail(&spec.query, &Fault::new(FaultKind::TimedOut, "cut"), run.now);
        }
    }
    let set = &run.state.sets[0];
    assert!(matches!(set.leader(run.now), Observed::Stale(Leader::Writable(_), _)), "{:?}", set.leader(run.now));
    assert!(!run.signal("mongo.set.primary_writable", "orders").is_fresh());
    let spent = set.downtime.spent(run.now.boot + Duration::from_secs(2));
    assert_eq!((spent.down, spent.unseen), (Duration::ZERO, Duration::from_secs(2)));
}

#[test]
fn a_refused_status_does_not_hide_who_leads() {
    let mut run = Run::new();
    run.cut = Some(("/status", FaultKind::Refused));
    run.pass(5);
    assert_eq!(run.signal("mongo.set.primary_writable", "orders").fresh(), Some(1.0));
    assert_eq!(run.cell(1, "orders/127.0.0.1:104", "state").0, "REFUSED");
    assert!(!run.signal("mongo.set.worst_target_lag", "orders").is_fresh());
}
