//! Brokers: the lab's own, and a separate one for each test that would disturb others.

mod broker;
mod handover;
mod logs;
/// An imitation of Kafka's own tool: executes the printed commands.
#[expect(dead_code, reason = "nothing lies outside of a log here")]
#[path = "../../../../src/systems/kafka/ops/tests/tool.rs"]
mod tool;

use std::{collections::BTreeMap, sync::Arc};

use landfall::{
    base::{
        collector::CollectorState,
        observed::{FaultKind, Observed},
        side::Side,
        view::CollectorLine,
    },
    engine::snapshot::Snapshot,
    systems::{
        Live,
        kafka::{Observation, Query, State},
    },
};
use landfall_lab::{
    kafka_proxy::{Calls, Lies, Proxy},
    live::Lab,
    watch::{Watch, samples, value},
};
use rdkafka::consumer::{Consumer, StreamConsumer};
use tokio::runtime::Runtime;

use self::broker::{Broker, at, free_port, plan};
use super::{PATIENCE, watch};

const LAG: &str = "kafka.group.lag";
const PARTITIONS: &str = "kafka.topic.partitions";

/// A signal, in whatever state.
fn seen(s: &Snapshot, id: &str, labels: &[&str]) -> Observed<f64> {
    samples(s, id, labels).next().map_or(Observed::Pending, |x| x.value.clone())
}

/// Whether it is unknown with a fault of this kind.
fn is_blind(seen: &Observed<f64>, kind: FaultKind) -> bool {
    matches!(seen, Observed::Unknown(fault) if fault.kind == kind)
}

fn line<'a>(s: &'a Snapshot, id: &str) -> &'a CollectorLine {
    s.collectors.iter().find(|l| l.id == id).unwrap()
}

#[test]
fn lag_is_known_on_both_sides_in_messages_and_in_seconds() {
    let Some(lab) = Lab::shared() else { return };
    let _calm = lab.calm();
    let mut watch = watch(lab);
    for side in ["source", "target"] {
        for group in ["checkout", "billing", "fraud", "search-index"] {
            watch
                .until(&format!("lag of {group} on the {side}"), PATIENCE, |s| {
                    let of = |id| value(s, id, &["events", side, group]).is_some();
                    of(LAG) && of("kafka.group.lag_seconds")
                })
                .unwrap();
        }
    }
    // A group without members that falls behind, and one that committed on three of six partitions.
    watch
        .until("the states of the lab's groups", PATIENCE, |s| {
            let of = |id, group| value(s, id, &["events", "source", group]);
            of("kafka.group.members", "search-index") == Some(0.0)
                && of(LAG, "search-index").is_some_and(|lag| lag > 0.0)
                && of("kafka.group.uncommitted_partitions", "reports") == Some(3.0)
                && of("kafka.group.members", "checkout").is_some_and(|n| n > 0.0)
        })
        .unwrap();
}

/// The calls of one query, recorded by a proxy after the connections are made; and the number of log ends it returned.
fn cycle(runtime: &Runtime, proxy: &Proxy, topics: &str, ask: Query) -> (Calls, usize) {
    let here = at(proxy.port());
    let plan = Arc::new(plan(&here, &at(free_port()), r#"["g*"]"#, topics));
    let readers = State::readers(&plan);
    let answer = || runtime.block_on(State::ask(&readers, &ask)).unwrap();
    answer();
    answer();
    let _ = proxy.take();
    let ends = match answer() {
        Observation::Snapshot(snapshot) => snapshot.ends.len(),
        Observation::Configs(configs) => configs.len(),
        Observation::Syncs(_) => 0,
    };
    (proxy.take(), ends)
}

#[test]
fn the_number_of_requests_does_not_grow_with_topics_or_partitions() {
    let Some(_) = Lab::shared() else { return };
    let broker = Broker::start();
    let names: Vec<String> = (0..12).map(|i| format!("t{i:02}")).collect();
    names.iter().for_each(|name| broker.topic(name, 12, 1));
    let topics: Vec<(&str, i32)> = names.iter().map(|n| (n.as_str(), 12)).collect();
    for group in ["g1", "g2", "g3"] {
        // All is read: the end of no log is examined.
        broker.commit(group, &topics, 1);
    }
    let runtime = Runtime::new().unwrap();
    let proxy = runtime.block_on(Proxy::start(broker.port)).unwrap();
    let snapshot = Query::Snapshot { pair: 0, side: Side::Source };
    let configs = Query::Configs { pair: 0, side: Side::Source };

    let (one, ends_of_one) = cycle(&runtime, &proxy, r#"["t00"]"#, snapshot);
    let (all, ends_of_all) = cycle(&runtime, &proxy, r#"["t*"]"#, snapshot);
    // A group reported as Empty had these or later commits then; and no lag is reported too small.
    assert!(all.before("DescribeGroups", "OffsetFetch"), "{all:?}");
    // Starts of the logs before the commits: nothing that was read meanwhile is reported as lost. Ends and last stable
    // offsets after them.
    assert_eq!(all.around("ListOffsets", "OffsetFetch"), (2, 4), "{all:?}");
    let (one, all) = (one.counts(), all.counts());
    println!("requests a cycle, 3 groups,  1 topic,   12 partitions: {one:?}");
    println!("requests a cycle, 3 groups, 12 topics, 144 partitions: {all:?}");
    assert_eq!((ends_of_one, ends_of_all), (12, 144));
    let most = BTreeMap::from([
        ("ListGroups", 2),
        ("DescribeGroups", 1),
        ("Metadata", 2),
        ("FindCoordinator", 3),
        ("OffsetFetch", 3),
        // Starts, ends, last stable offsets: one call of each for every hundred partitions of a leader.
        ("ListOffsets", 6),
    ]);
    for (call, n) in &all {
        let most = most.get(call).copied().unwrap_or(0);
        assert!(*n <= most, "{call} {n} times, at most {most}: {all:?}");
    }
    assert_eq!((one.get("ListOffsets"), all.get("ListOffsets")), (Some(&3), Some(&6)));
    assert_eq!((one.get("OffsetFetch"), all.get("OffsetFetch")), (Some(&3), Some(&3)));

    let (of_configs, n) = cycle(&runtime, &proxy, r#"["t*"]"#, configs);
    let of_configs = of_configs.counts();
    println!("requests for the configuration of {n} topics: {of_configs:?}");
    assert_eq!((n, of_configs.get("DescribeConfigs")), (12, Some(&1)));
}

#[test]
fn a_topic_deleted_while_watched_is_gone_and_its_lag_is_no_number() {
    let Some(_) = Lab::shared() else { return };
    let broker = Broker::start();
    broker.topic("kept", 2, 5);
    broker.topic("doomed", 2, 3);
    broker.commit("both", &[("kept", 2), ("doomed", 2)], 0);
    broker.commit("only", &[("doomed", 2)], 0);
    let here = at(broker.port);
    let mut watch = Watch::on(plan(&here, &at(free_port()), r#"["*"]"#, r#"["kept", "doomed"]"#)).unwrap();
    watch
        .until("the lags before", PATIENCE, |s| {
            let lag = |group| value(s, LAG, &["own", "source", group]);
            (lag("both"), lag("only")) == (Some(16.0), Some(6.0))
        })
        .unwrap();

    broker.delete("doomed");
    let gone = watch
        .until("the topic to be gone", PATIENCE, |s| {
            is_blind(&seen(s, PARTITIONS, &["own", "source", "doomed"]), FaultKind::NotFound)
        })
        .unwrap();
    let Observed::Unknown(fault) = seen(&gone, PARTITIONS, &["own", "source", "doomed"]) else { unreachable!() };
    assert!(fault.text.raw().contains("topic doomed no longer exists"), "{fault}");
    // Commits on a missing topic only, or no commits left: in either case there is no lag.
    let only = seen(&gone, LAG, &["own", "source", "only"]);
    println!("group `only`: {only:?}\ngroup `both`: {:?}", seen(&gone, LAG, &["own", "source", "both"]));
    assert!(
        matches!(&only, Observed::Unknown(f) if matches!(f.kind, FaultKind::NotFound | FaultKind::Empty)),
        "{only:?}"
    );
    assert_ne!(value(&gone, LAG, &["own", "source", "both"]), Some(0.0));
    assert_eq!(value(&gone, PARTITIONS, &["own", "source", "kept"]), Some(2.0));
}

#[test]
fn a_group_without_commits_has_members_and_no_lag() {
    let Some(_) = Lab::shared() else { return };
    let broker = Broker::start();
    broker.topic("orders", 2, 5);
    let runtime = Runtime::new().unwrap();
    let member: StreamConsumer = runtime.block_on(async {
        broker.config().set("group.id", "silent").set("enable.auto.commit", "false").create().unwrap()
    });
    member.subscribe(&["orders"]).unwrap();
    runtime.spawn(async move { while member.recv().await.is_ok() {} });
    let here = at(broker.port);
    let mut watch = Watch::on(plan(&here, &at(free_port()), r#"["*"]"#, r#"["orders"]"#)).unwrap();
    let found = watch
        .until("the group with its member", PATIENCE, |s| {
            value(s, "kafka.group.members", &["own", "source", "silent"]) == Some(1.0)
        })
        .unwrap();
    // Only a pattern matches it: its lag is not missed.
    assert_eq!(seen(&found, LAG, &["own", "source", "silent"]), Observed::Pending);
    assert!(
        value(&found, "kafka.pair.worst_lag_seconds", &["own", "source"]).is_none(),
        "a group of unknown lag was left out"
    );
}

#[test]
fn a_wrong_port_and_a_refused_login_are_told_apart_and_heal() {
    let Some(_) = Lab::shared() else { return };
    let broker = Broker::start();
    broker.topic("orders", 2, 5);
    broker.commit("g", &[("orders", 2)], 1);
    let runtime = Runtime::new().unwrap();
    let proxy = runtime.block_on(Proxy::start(broker.port)).unwrap();
    proxy.lie(Lies { refuse_logins: true, ..Lies::default() });
    let secrets = tempfile::tempdir().unwrap();
    let password = secrets.path().join("password");
    std::fs::write(&password, "wrong").unwrap();
    let login = format!(
        "{}, \"security.protocol\" = \"SASL_PLAINTEXT\", \"sasl.mechanism\" = \"PLAIN\", \"sasl.username\" = \"landfall\", \
         \"sasl.password\" = {{ file = {password:?} }}",
        at(proxy.port())
    );
    let mut watch = Watch::on(plan(&login, &at(free_port()), r#"["g"]"#, r#"["orders"]"#)).unwrap();
    let found = watch
        .until("both faults", PATIENCE, |s| {
            is_blind(&seen(s, LAG, &["own", "source", "g"]), FaultKind::Refused)
                && is_blind(&seen(s, LAG, &["own", "target", "g"]), FaultKind::Unreachable)
        })
        .unwrap();
    for side in ["source", "target"] {
        let line = line(&found, &format!("kafka/own/{side}/snapshot"));
        println!("{side}: {:?} {}", line.state, line.fault.as_ref().unwrap());
        assert_eq!(line.state, CollectorState::Unknown);
    }
    let fault = line(&found, "kafka/own/source/snapshot").fault.clone().unwrap();
    assert!(fault.text.raw().contains("sasl.") && !fault.text.raw().contains("wrong"), "{fault}");

    proxy.lie(Lies::default());
    watch
        .until("the login to be tried again by itself", PATIENCE, |s| {
            value(s, LAG, &["own", "source", "g"]) == Some(8.0)
        })
        .unwrap();
}

#[test]
fn a_frozen_broker_goes_stale_then_blind_then_heals_while_the_other_side_goes_on() {
    let Some(_) = Lab::shared() else { return };
    let (source, target) = (Broker::start(), Broker::start());
    for broker in [&source, &target] {
        broker.topic("orders", 2, 5);
        broker.commit("g", &[("orders", 2)], 0);
    }
    let mut watch = Watch::on(plan(&at(source.port), &at(target.port), r#"["g"]"#, r#"["orders"]"#)).unwrap();
    let lag = |s: &Snapshot, side| seen(s, LAG, &["own", side, "g"]);
    let answers = |s: &Snapshot| line(s, "kafka/own/target/snapshot").answers;
    watch.until("both lags", PATIENCE, |s| ["source", "target"].iter().all(|side| lag(s, side).is_fresh())).unwrap();

    source.freeze();
    let stale = watch.until("stale", PATIENCE, |s| matches!(lag(s, "source"), Observed::Stale(..))).unwrap();
    // First no answer within the time-out; later the new connection fails, too.
    let blind = watch
        .until("blind", PATIENCE, |s| {
            let lag = lag(s, "source");
            is_blind(&lag, FaultKind::TimedOut) || is_blind(&lag, FaultKind::Unreachable)
        })
        .unwrap();
    println!("{}", line(&blind, "kafka/own/source/snapshot").fault.as_ref().unwrap());
    watch.until("the other side's next answers", PATIENCE, |s| answers(s) > answers(&stale) + 1).unwrap();

    source.thaw();
    watch.until("live again", PATIENCE, |s| lag(s, "source").fresh() == Some(10.0)).unwrap();
}

#[test]
fn one_dead_broker_of_two_does_not_hide_what_the_other_says() {
    let Some(_) = Lab::shared() else { return };
    let broker = Broker::start();
    broker.topic("orders", 2, 5);
    broker.commit("g", &[("orders", 2)], 0);
    let runtime = Runtime::new().unwrap();
    let proxy = runtime.block_on(Proxy::start(broker.port)).unwrap();
    let mut watch = Watch::on(plan(&at(proxy.port()), &at(broker.port), r#"["*"]"#, r#"["orders"]"#)).unwrap();
    let lag = |s: &Snapshot| value(s, LAG, &["own", "source", "g"]);
    let brokers = |s: &Snapshot| value(s, "kafka.cluster.brokers", &["own", "source"]);
    watch.until("one broker", PATIENCE, |s| lag(s) == Some(10.0) && brokers(s) == Some(1.0)).unwrap();

    proxy.lie(Lies { second_broker: Some(free_port()), ..Lies::default() });
    // "1 of ≥ 1": the dead broker may have groups that are not listed.
    let partly = |s: &Snapshot| {
        let panel = s.panels.iter().find(|p| p.id == "kafka");
        let clusters = panel.and_then(|p| p.tables.iter().find(|t| t.id == "clusters"));
        clusters.is_some_and(|t| t.rows.iter().any(|r| r.cells.iter().any(|c| c.text.contains('≥'))))
    };
    watch
        .until("two brokers, one of them dead, and the lag still known", PATIENCE, |s| {
            lag(s) == Some(10.0) && brokers(s) == Some(2.0) && partly(s)
        })
        .unwrap();
}
