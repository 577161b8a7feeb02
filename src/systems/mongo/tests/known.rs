//! No claim beyond what is known: reports about a primary that we do not reach, configured delays, arbiters, sides without members.

use super::*;
use crate::mongo::facts::Hello;

fn fails(run: &mut Run, hosts: &[u32], kind: FaultKind) {
    for n in hosts {
        for spec in run.collectors.clone().iter().filter(|s| s.id.contains(&format!(":{n}/"))) {
            run.state.fail(&spec.query, &Fault::new(kind, "cut"), run.now);
        }
    }
}

fn spent(run: &Run) -> super::super::leader::Spent {
    run.state.sets[0].downtime.spent(run.now.boot)
}

fn summary(run: &Run) -> String {
    let cells = run.state.panel(run.now).summary;
    cells.iter().map(|c| c.text.to_string()).collect::<Vec<_>>().join("; ")
}

/// Changes the last observed configuration: the second member of the first set.
fn reconfigured(run: &mut Run, change: impl FnOnce(&mut crate::mongo::ConfigMember)) {
    let set = &mut run.state.sets[0];
    let (mut config, stamp) = set.config.last().map(|(c, s)| (c.clone(), s)).expect("a configuration");
    change(&mut config.members[1]);
    set.config.set(config, stamp);
}

#[test]
fn a_primary_that_only_we_do_not_reach_is_neither_gone_nor_charged() {
    for kind in [FaultKind::TimedOut, FaultKind::Unreachable] {
        let mut run = Run::new();
        run.pass(8);
        run.cut = Some((":101/", kind));
        run.pass(30);
        for id in ["primary_writable", "primaries", "primary_on_target", "write_downtime", "config_committed"] {
            let id = format!("mongo.set.{id}");
            assert!(!run.signal(&id, "orders").is_fresh(), "{kind:?}: {id} {:?}", run.signal(&id, "orders"));
        }
        assert_eq!(spent(&run).down, Duration::ZERO, "{kind:?}");
        assert!(spent(&run).unseen >= Duration::from_secs(28), "{kind:?}: {:?}", spent(&run));
        assert_eq!(summary(&run), "orders: primary 127.0.0.1:101 not reachable from this machine");
        run.cut = None;
        run.pass(2);
        assert_eq!(run.signal("mongo.set.write_downtime", "orders").fresh(), Some(0.0));
        assert_eq!(summary(&run), "");
    }
}

#[test]
fn a_primary_that_is_lost_to_us_and_to_its_followers_was_lost_when_it_fell_silent() {
    let mut run = Run::new();
    run.pass(8);
    // Its followers still name it for a while.
    run.cut = Some((":101/", FaultKind::Unreachable));
    run.pass(1);
    assert_eq!(spent(&run).down, Duration::ZERO);
    run.sim.stop("127.0.0.1:101");
    run.pass(2);
    let lost = spent(&run);
    assert!(lost.down >= Duration::from_millis(2500) && lost.unseen.is_zero(), "{lost:?}");
}

#[test]
fn of_a_primary_that_led_on_out_of_our_sight_only_what_its_followers_miss_is_charged() {
    let mut run = Run::new();
    run.pass(8);
    run.cut = Some((":101/", FaultKind::Unreachable));
    run.pass(8);
    // They continued to copy until now.
    run.sim.stop("127.0.0.1:101");
    run.pass(2);
    let lost = spent(&run);
    assert!(lost.down <= Duration::from_secs(2) && lost.unseen >= Duration::from_secs(7), "{lost:?}");
}

#[test]
fn a_minority_that_sees_no_primary_does_not_speak_for_the_others() {
    let mut run = Run::new();
    run.pass(8);
    for host in ["127.0.0.1:101", "127.0.0.1:102", "127.0.0.1:103"] {
        run.sim.stop(host);
    }
    run.pass(1);
    // Three hosts refuse connections: no such process is running there.
    assert!(matches!(run.state.sets[0].leader(run.now), Observed::Fresh(Leader::Nobody, _)));
    // Three hosts are silent: they may be on the other side of a cut and have a primary.
    fails(&mut run, &[101, 102, 103], FaultKind::TimedOut);
    assert!(!run.state.sets[0].leader(run.now).is_fresh(), "{:?}", run.state.sets[0].leader(run.now));
    assert!(!run.signal("mongo.set.primary_writable", "orders").is_fresh());
}

#[test]
fn a_delay_on_purpose_is_no_lag() {
    let lags = |run: &Run| {
        let of = |s: &Sample| s.def.id == "mongo.member.lag" && s.labels[1] == "127.0.0.1:102";
        run.samples().iter().filter(|s| of(s)).count()
    };
    let mut run = Run::new();
    run.pass(8);
    assert_eq!(lags(&run), 1);
    reconfigured(&mut run, |m| m.delay = Duration::from_secs(3600));
    assert_eq!(lags(&run), 0);
    assert_eq!(run.cell(1, "orders/127.0.0.1:102", "lag").0, "–");
    assert!(
        run.cell(1, "orders/127.0.0.1:102", "votes").0.ends_with("delayed 1h00m"),
        "{:?}",
        run.cell(1, "orders/127.0.0.1:102", "votes")
    );
    assert!(run.signal("mongo.set.worst_target_lag", "orders").is_fresh());
}

#[test]
fn a_member_says_itself_how_far_behind_it_is_to_be() {
    let mut run = Run::new();
    run.cut = Some(("/config", FaultKind::Refused));
    run.pass(8);
    let late = |run: &Run| run.state.sets[0].delay("127.0.0.1:102");
    assert_eq!(late(&run), Duration::ZERO);
    let hello = run.collectors.iter().find(|s| s.id.ends_with(":102/hello")).cloned().expect("a source");
    let Ok(Observation::Hello(answer)) = State::answer(&mut run.sim, &hello.query, run.now) else {
        panic!("no greeting")
    };
    let answer = Hello { delay: Duration::from_secs(60), ..answer };
    run.state.apply(
        &hello.query,
        Observation::Hello(answer),
        Stamp { at: run.now, fresh: Freshness::of_interval(hello.interval) },
    );
    assert_eq!(late(&run), Duration::from_secs(60));
}

#[test]
fn an_arbiter_that_a_hello_names_is_only_asked_for_hello() {
    let mut run = Run::new();
    let hello = run.collectors.iter().find(|s| s.id.ends_with(":101/hello")).cloned().expect("a source");
    State::advance(&mut run.sim, run.now);
    let Ok(Observation::Hello(answer)) = State::answer(&mut run.sim, &hello.query, run.now) else {
        panic!("no greeting")
    };
    let answer = Hello { arbiters: vec!["127.0.0.1:199".into()], ..answer };
    let found = run.state.apply(
        &hello.query,
        Observation::Hello(answer),
        Stamp { at: run.now, fresh: Freshness::of_interval(hello.interval) },
    );
    let of: Vec<_> = found.iter().filter(|s| s.id.contains(":199/")).map(|s| s.id.as_str()).collect();
    assert_eq!(of, ["mongo/orders/127.0.0.1:199/hello"]);
}

#[test]
fn a_side_that_no_member_is_of_is_reported_with_what_there_is() {
    let mut by_tags = Arc::into_inner(plan()).expect("the only one");
    let tag = |value: &str| MemberRule::Tag { name: "site".into(), value: value.into() };
    by_tags.replica_sets[0].sites = Sides { source: tag("vir"), target: tag("ORE") };
    let mut run = Run::new();
    run.pass(5);
    assert_eq!(summary(&run), "");
    run.state.sets[0].plan = Arc::new(by_tags);
    assert_eq!(summary(&run), "orders: no member is of the source: no member has the tag site");
    // What `landfall check` reports, too.
    let described: Vec<_> = run.state.unusable(run.now).iter().map(|f| f.text.raw().to_owned()).collect();
    assert_eq!(described, ["orders: no member is of the source: no member has the tag site"]);
    reconfigured(&mut run, |m| m.tags = vec![("site".into(), "VIR".into())]);
    assert_eq!(summary(&run), "orders: no member is of the source: no member has the tag site=vir; there are VIR");
    reconfigured(&mut run, |m| m.tags = vec![("site".into(), "vir".into())]);
    assert_eq!(summary(&run), "orders: no member is of the target: no member has the tag site=ORE; there are vir");
}

#[test]
fn a_member_of_another_set_is_reported_in_red() {
    let mut run = Run::new();
    run.pass(5);
    fails(&mut run, &[104], FaultKind::NotFound);
    assert_eq!(run.cell(1, "orders/127.0.0.1:104", "state"), ("NOT FOUND".into(), Tone::Bad));
    assert_eq!((summary(&run).as_str(), run.state.panel(run.now).summary[0].tone), ("cut", Tone::Bad));
}

#[test]
fn while_one_makes_its_first_copy_the_worst_lag_is_not_that_of_the_others() {
    let mut run = Run::new();
    run.pass(8);
    assert_eq!(run.cell(0, "orders", "target_lag").1, Tone::Good);
    let spec = run.collectors.iter().find(|s| s.id.ends_with(":105/status")).cloned().expect("a source");
    let Ok(Observation::Status(Membership::In(mut status))) = State::answer(&mut run.sim, &spec.query, run.now) else {
        panic!("no status")
    };
    status.state = MemberState::Startup2;
    let stamp = Stamp { at: run.now, fresh: Freshness::of_interval(spec.interval) };
    run.state.apply(&spec.query, Observation::Status(Membership::In(status)), stamp);
    assert_eq!(run.cell(0, "orders", "target_lag"), ("unknown".into(), Tone::Blind));
    assert_eq!(run.state.tiles(run.now)[2].value.tone, Tone::Blind);
}

#[test]
fn a_member_that_was_just_added_is_missed_before_the_configuration_is_read_anew() {
    let mut run = Run::new();
    run.pass(8);
    let set = &mut run.state.sets[0];
    let (mut config, stamp) = set.config.last().map(|(c, s)| (c.clone(), s)).expect("a configuration");
    config.members.retain(|m| !m.host.ends_with(":105"));
    set.config.set(config, stamp);
    assert_eq!(run.gates("orders"), [Level::Unknown; 4]);
    assert!(!run.signal("mongo.set.worst_target_lag", "orders").is_fresh());
}

fn unknown(run: &Run) -> Vec<String> {
    let all = run.state.watched(run.now).into_iter().filter_map(|watched| watched.unknown("mongo"));
    all.map(|unknown| format!("{}: {}", unknown.what, unknown.why)).collect()
}

#[test]
fn a_forced_configuration_is_not_known_well_enough_for_anything_to_go_on() {
    let mut run = Run::new();
    run.pass(8);
    assert_eq!(unknown(&run), Vec::<String>::new());
    let set = &mut run.state.sets[0];
    let (mut config, stamp) = set.config.last().map(|(c, s)| (c.clone(), s)).expect("a configuration");
    config.term = None;
    set.config.set(config, stamp);
    let described = unknown(&run);
    assert!(
        matches!(&described[..], [one] if one.starts_with("replica set orders: ") && one.contains("forced")),
        "{described:?}"
    );
}

#[test]
fn a_hidden_voter_that_is_down_is_one_of_those_that_cannot_lead() {
    let mut run = Run::new();
    run.pass(8);
    for host in ["127.0.0.1:101", "127.0.0.1:102", "127.0.0.1:103"] {
        run.sim.stop(host);
    }
    run.pass(12);
    // Two are silent, and the host of the third refuses connections. `hello` names no hidden member.
    fails(&mut run, &[101, 102], FaultKind::TimedOut);
    for n in [104, 105] {
        let hello = run.collectors.iter().find(|s| s.id.ends_with(&format!(":{n}/hello"))).cloned().expect("a source");
        let Ok(Observation::Hello(mut answer)) = State::answer(&mut run.sim, &hello.query, run.now) else {
            panic!("no greeting")
        };
        answer.hosts.retain(|host| !host.ends_with(":103"));
        run.state.apply(
            &hello.query,
            Observation::Hello(answer),
            Stamp { at: run.now, fresh: Freshness::of_interval(hello.interval) },
        );
    }
    // Three of five votes.
    assert!(
        matches!(run.state.sets[0].leader(run.now), Observed::Fresh(Leader::Nobody, _)),
        "{:?}",
        run.state.sets[0].leader(run.now)
    );
}

#[test]
fn a_connection_that_was_cut_is_not_a_host_that_says_nobody_is_there() {
    let mut run = Run::new();
    run.pass(8);
    for host in ["127.0.0.1:101", "127.0.0.1:102", "127.0.0.1:103"] {
        run.sim.stop(host);
    }
    run.pass(12);
    assert!(matches!(run.state.sets[0].leader(run.now), Observed::Fresh(Leader::Nobody, _)));
    // As a load balancer or a tunnel closes them, while its other end may be working.
    for spec in run.collectors.clone().iter().filter(|s| [":101/", ":102/", ":103/"].iter().any(|n| s.id.contains(n))) {
        run.state.fail(&spec.query, &Fault::new(FaultKind::Unreachable, "hello: unexpected end of file"), run.now);
    }
    assert!(!run.state.sets[0].leader(run.now).is_fresh(), "{:?}", run.state.sets[0].leader(run.now));
}
