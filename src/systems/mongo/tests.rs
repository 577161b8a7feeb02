//! State and simulation together: queries, observations and display, without any server or driver.

mod canary;
mod draft;
mod figures;
mod known;
mod leader;
mod members;
mod play;
mod truth;

use std::{sync::Arc, time::Duration};

use super::{
    Observation, Query, Sim, State,
    facts::{MemberState, Membership},
    leader::Leader,
    signals,
};
use crate::{Simulated, System, planner::played};
use base::{
    collector::CollectorSpec,
    now::Now,
    observed::{Fault, FaultKind, Freshness, Observed, Reading, Stamp},
    side::{Side, Sides},
    signal::{Sample, Samples},
    step::Level,
    view::{Panel, Tone},
};
use engine::gate::{Judge, Readings};
use plan::{Agg, Compare, Condition, Gate, MemberRule, Pattern, Plan, ReplicaSet};

pub(super) fn plan() -> Arc<Plan> {
    let host = |n: u32| format!("127.0.0.1:{n}");
    let hosts = |range: std::ops::Range<u32>| {
        MemberRule::Hosts(range.map(|n| Pattern::parse(&host(n)).expect("a literal")).collect())
    };
    let set =
        |name: &str, source: std::ops::Range<u32>, target: std::ops::Range<u32>, seeds: Vec<u32>, waiting: Vec<u32>| {
            ReplicaSet {
                name: name.into(),
                uri: String::new(),
                seeds: seeds.into_iter().map(host).collect(),
                read: None,
                write: None,
                sites: Sides { source: hosts(source), target: hosts(target) },
                candidates: waiting.into_iter().map(host).collect(),
                canary: None,
            }
        };
    Arc::new(Plan {
        replica_sets: vec![
            set("orders", 101..104, 104..106, vec![101, 104], vec![]),
            set("catalog", 201..204, 0..0, vec![201], vec![204, 205]),
        ],
        ..played::sites()
    })
}

/// A minimal driver: every collector is queried each half second.
struct Run {
    state: State,
    sim: Sim,
    collectors: Vec<CollectorSpec<Query>>,
    now: Now,
    /// Collectors whose id contains this fail with this fault.
    cut: Option<(&'static str, FaultKind)>,
}

impl Run {
    fn new() -> Self {
        Self::of(&plan(), 1)
    }

    /// The first set has the majority of its votes at the target: its primary can be moved there.
    fn movable(seed: u64) -> Self {
        let mut plan = Arc::into_inner(plan()).expect("the only one");
        let hosts = |range: std::ops::Range<u32>| {
            MemberRule::Hosts(range.map(|n| Pattern::parse(&format!("127.0.0.1:{n}")).expect("a literal")).collect())
        };
        plan.replica_sets[0].sites = Sides { source: hosts(101..103), target: hosts(103..106) };
        let mut run = Self::of(&Arc::new(plan), seed);
        run.pass(5);
        run
    }

    fn of(plan: &Arc<Plan>, seed: u64) -> Self {
        let (state, collectors) = State::new(plan);
        let now = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T03:00:00Z".parse().expect("a time") };
        Self { state, sim: State::simulate(plan, seed), collectors, now, cut: None }
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds * 2 {
            self.now.boot += Duration::from_millis(500);
            self.now.wall += Duration::from_millis(500);
            State::advance(&mut self.sim, self.now);
            for spec in self.collectors.clone() {
                let answer = match self.cut {
                    Some((part, kind)) if spec.id.contains(part) => Err(Fault::new(kind, "cut")),
                    _ => State::answer(&mut self.sim, &spec.query, self.now),
                };
                match answer {
                    Ok(facts) => {
                        let stamp = Stamp { at: self.now, fresh: Freshness::of_interval(spec.interval) };
                        let more = self.state.apply(&spec.query, facts, stamp);
                        for spec in more {
                            assert!(self.collectors.iter().all(|s| s.id != spec.id), "{} twice", spec.id);
                            self.collectors.push(spec);
                        }
                    }
                    Err(fault) => self.state.fail(&spec.query, &fault, self.now),
                }
            }
        }
    }

    fn samples(&self) -> Vec<Sample> {
        let mut samples = Samples::default();
        self.state.measure(self.now, &mut samples);
        samples.into_vec()
    }

    /// The gate level over the lags of a set's target members, under each aggregate.
    fn gates(&self, set: &str) -> Vec<Level> {
        let mut samples = Samples::default();
        self.state.measure(self.now, &mut samples);
        let measured = samples.measured();
        let labels = [("set", set), ("side", "target")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let gate = |agg| Gate {
            id: "lag".into(),
            metric: &signals::MEMBER_LAG,
            labels: labels.clone().into(),
            agg,
            op: Compare::AtMost,
            limit: 1e6,
            sustain: Duration::ZERO,
            min_samples: 1,
            series: 1,
            max_age: None,
            min_volume: None,
            unit: signals::MEMBER_LAG.unit,
            sites: Sides::words(),
        };
        let level = |agg| {
            let mut judge = Judge::new(&Condition::Gate(Box::new(gate(agg))), |_| Duration::from_secs(2));
            judge.evaluate(&Readings::of_measured(&measured), self.now);
            judge.level(self.now)
        };
        [Agg::Max, Agg::Min, Agg::Sum, Agg::Avg].map(level).into()
    }

    fn signal(&self, id: &str, label: &str) -> Observed<f64> {
        let found = self.samples().into_iter().find(|s| s.def.id == id && s.labels.iter().any(|l| l == label));
        found.map_or(Observed::Pending, |s| s.value)
    }

    fn cell(&self, table: usize, row: &str, column: &str) -> (String, Tone) {
        let Panel { tables, .. } = self.state.panel(self.now);
        let table = &tables[table];
        let column = table.columns.iter().position(|c| c.id == column).expect("a column");
        let row = table.rows.iter().find(|r| r.id == row).expect("a row");
        (row.cells[column].text.to_string(), row.cells[column].tone)
    }
}

#[test]
fn members_of_the_configuration_are_found_and_asked() {
    let mut run = Run::new();
    run.pass(5);
    // Two seeds of five, one seed and two candidates of another set: hello, status and server of each (no server of the candidates), and
    // for each set the configuration and the operations in progress on its primary.
    assert_eq!(run.collectors.len(), 3 * 5 + 3 * 5 - 2 + 2 * 2);
    assert_eq!(run.cell(0, "orders", "primary"), ("127.0.0.1:101".into(), Tone::Plain));
    assert_eq!(run.cell(0, "orders", "source_members").0, "3/3");
    assert_eq!(run.cell(0, "orders", "target_members").0, "2/2");
    assert_eq!(run.cell(1, "catalog/127.0.0.1:204", "state"), ("not in the set".into(), Tone::Muted));
    assert_eq!(run.cell(1, "catalog/127.0.0.1:204", "side").0, "ORE");
    assert_eq!(run.signal("mongo.set.majority_if_source_lost", "orders").fresh(), Some(0.0));
    assert_eq!(run.signal("mongo.set.majority_if_target_lost", "orders").fresh(), Some(1.0));
    assert_eq!(run.signal("mongo.set.target_secondaries", "orders").fresh(), Some(2.0));
    assert!(run.signal("mongo.set.worst_target_lag", "orders").fresh().is_some_and(|l| l < 7.0));
    // No member follows on the target yet: that is not a lag of zero.
    assert!(!run.signal("mongo.set.worst_target_lag", "catalog").is_fresh());
}

#[test]
fn nothing_heard_gives_no_live_signal_whatever_the_fault() {
    for kind in [FaultKind::Unreachable, FaultKind::Refused, FaultKind::Empty, FaultKind::TimedOut] {
        let mut run = Run::new();
        run.pass(5);
        let orders: Vec<Sample> = run.samples().into_iter().filter(|s| s.labels[0] == "orders").collect();
        assert!(orders.len() > 20 && orders.iter().all(|s| s.value.is_fresh()), "{orders:?}");
        run.cut = Some(("mongo/", kind));
        run.pass(1);
        let cut = run.samples();
        assert!(cut.len() >= orders.len(), "{kind:?}: {cut:?}");
        for sample in cut {
            assert!(!sample.value.is_fresh(), "{kind:?}: {sample:?}");
        }
        run.pass(60);
        assert!(run.samples().iter().all(|s| s.value.clone().shown().is_none()));
        let tiles = run.state.tiles(run.now);
        assert!(tiles.len() > 2 && tiles.iter().all(|t| t.value.tone == Tone::Blind), "{kind:?}: {tiles:?}");
    }
}

#[test]
fn every_signal_is_given_by_a_healthy_set() {
    let mut run = Run::new();
    run.pass(10);
    // The canary's signals exist only with a canary.
    for def in signals::ALL.iter().filter(|def| !def.id.starts_with("mongo.canary.")) {
        assert!(run.signal(def.id, "orders").is_fresh(), "{}", def.id);
    }
}

#[test]
fn silence_alone_makes_everything_stale_then_blind() {
    let mut run = Run::new();
    run.pass(5);
    let later = |s: u64| Now { boot: run.now.boot + Duration::from_secs(s), ..run.now };
    assert!(matches!(run.state.sets[0].leader(later(7)), Observed::Stale(..)));
    assert!(matches!(run.state.sets[0].leader(later(13)), Observed::Unknown(_)));
}

#[test]
fn sides_given_by_tags_are_known_with_the_configuration() {
    let mut plan = Arc::into_inner(plan()).expect("the only one");
    let tag = |value: &str| MemberRule::Tag { name: "region".into(), value: value.into() };
    plan.replica_sets[0].sites = Sides { source: tag("a"), target: tag("b") };
    let (plan, now) = (Arc::new(plan), Run::new().now);
    let (mut state, collectors) = State::new(&plan);
    let mut sim = State::simulate(&plan, 1);
    State::advance(&mut sim, now);
    let ask = Query::Config { set: 0 };
    let config = State::answer(&mut sim, &ask, now).expect("a configuration");
    let again = state.apply(&ask, config, Stamp { at: now, fresh: Freshness::of_interval(Duration::from_secs(2)) });
    let side =
        |of: &[CollectorSpec<Query>]| of.iter().find(|s| s.id == "mongo/orders/127.0.0.1:101/hello").expect("it").side;
    assert_eq!((side(&collectors), side(&again)), (None, Some(Side::Source)));
}

#[test]
fn an_arbiter_answers_hello_and_nothing_else_is_missed_of_it() {
    let mut run = Run::new();
    run.pass(5);
    let set = &mut run.state.sets[0];
    let (mut config, stamp) = set.config.last().map(|(c, s)| (c.clone(), s)).expect("a configuration");
    config.members[2].arbiter = true;
    set.config.set(config, stamp);
    set.members["127.0.0.1:103"].status = Reading::default();
    set.members["127.0.0.1:103"].server = Reading::default();
    for column in ["lag", "last_op", "oplog", "up", "sync"] {
        assert_eq!(run.cell(1, "orders/127.0.0.1:103", column).0, "–", "{column}");
    }
    assert_eq!(run.cell(1, "orders/127.0.0.1:103", "state"), ("ARBITER".into(), Tone::Good));
    assert_eq!(run.cell(1, "orders/127.0.0.1:103", "age").1, Tone::Muted);
    assert!(run.samples().iter().all(|s| s.value.is_fresh() || s.labels[0] != "orders"), "{:?}", run.samples());
}

#[test]
fn a_follower_that_is_gone_is_stale_from_its_first_missed_hello() {
    let mut run = Run::new();
    run.pass(5);
    let hello = run.collectors.iter().find(|s| s.id.ends_with("104/hello")).cloned().expect("a source");
    run.state.fail(&hello.query, &Fault::new(FaultKind::Unreachable, "cut"), run.now);
    // The primary still sees it: it is only unreachable from here. Then the primary loses it, too.
    assert_eq!(run.cell(1, "orders/127.0.0.1:104", "state"), ("UNREACHABLE".into(), Tone::Blind));
    assert_eq!(run.cell(1, "orders/127.0.0.1:104", "lag").1, Tone::Stale);
    assert!(!run.signal("mongo.set.worst_target_lag", "orders").is_fresh());
    run.sim.stop("127.0.0.1:104");
    run.pass(3);
    assert_eq!(run.cell(1, "orders/127.0.0.1:104", "state"), ("DOWN".into(), Tone::Bad));
}

#[test]
fn every_row_opens() {
    let mut run = Run::new();
    run.pass(30);
    for table in run.state.panel(run.now).tables {
        for row in table.rows.iter().cloned() {
            assert_eq!(row.cells.len(), table.columns.len(), "{}", row.id);
            assert!(run.state.detail(table.id, &row.id, run.now).is_some(), "{}", row.id);
        }
    }
    let detail = run.state.detail("members", "orders/127.0.0.1:104", run.now).expect("a member");
    assert!(detail.curves[0].lines[0].points.len() > 50);
    assert!(run.state.detail("members", "orders/nobody", run.now).is_none());
}

/// A member in its initial sync is a member: its missing lag must not let the others count as all.
#[test]
fn a_member_that_is_no_secondary_has_no_lag_and_is_missed_over_any_aggregate() {
    let mut run = Run::new();
    run.pass(8);
    assert_eq!(run.gates("orders"), [Level::Green; 4]);
    for state in [MemberState::Startup2, MemberState::Startup, MemberState::Recovering, MemberState::Rollback] {
        run.pass(2);
        assert_eq!(run.gates("orders"), [Level::Green; 4], "it follows again");
        let at = |s: &&CollectorSpec<Query>| matches!(&s.query, Query::Status(peer) if &*peer.host == "127.0.0.1:105");
        let spec = run.collectors.iter().find(at).expect("its status is asked").clone();
        let answer = State::answer(&mut run.sim, &spec.query, run.now).expect("an answer");
        let Observation::Status(Membership::In(mut status)) = answer else { panic!("{answer:?}") };
        status.state = state;
        let stamp = Stamp { at: run.now, fresh: Freshness::of_interval(spec.interval) };
        run.state.apply(&spec.query, Observation::Status(Membership::In(status)), stamp);
        assert_eq!(run.gates("orders"), [Level::Unknown; 4], "{state:?}");
        for (id, label) in [("mongo.member.lag", "127.0.0.1:105"), ("mongo.set.worst_target_lag", "orders")] {
            let Observed::Unknown(fault) = run.signal(id, label) else { panic!("{id}: {:?}", run.signal(id, label)) };
            assert!(
                fault.to_string().ends_with(&format!("is {}: only a SECONDARY has a lag", state.word())),
                "{fault}"
            );
        }
    }
}

/// Members are known by the configuration: while it is not known, there may be more of them.
#[test]
fn while_the_configuration_is_not_known_nobody_knows_which_members_there_are() {
    let mut run = Run::new();
    run.pass(8);
    run.cut = Some(("orders/config", FaultKind::Refused));
    run.pass(2);
    assert!(run.signal("mongo.member.lag", "127.0.0.1:105").is_fresh());
    assert_eq!(run.gates("orders"), [Level::Unknown; 4]);
}
