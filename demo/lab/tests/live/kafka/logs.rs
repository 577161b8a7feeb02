//! The two ends of a log: records deleted by retention, open transactions, markers that are not records; and the
//! printed commands, executed.

use std::{
    collections::BTreeMap,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use landfall::{
    base::{
        observed::{Freshness, Stamp},
        operation::Precondition,
        side::Side,
    },
    engine::snapshot::Snapshot,
    plan::{Action, Plan},
    systems::{
        Live, System,
        collect::clock,
        kafka::{Call, Observation, Query, State, TopicOffsets, Version},
        planner::Planner,
    },
};
use landfall_lab::{
    live::Lab,
    watch::{Watch, value},
};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tokio::runtime::Runtime;

use super::{
    LAG, PATIENCE, at,
    broker::{Broker, plan},
    free_port,
    handover::Estate,
    tool::Reset,
};

fn own(s: &Snapshot, id: &str, of: &str) -> Option<f64> {
    value(s, id, &["own", "source", of])
}

#[test]
fn records_that_retention_took_are_lost_and_no_lag() {
    let Some(_) = Lab::shared() else { return };
    let broker = Broker::start();
    broker.topic("purged", 3, 100);
    broker.commit("phantom", &[("purged", 3)], 10);
    let mut watch = Watch::on(plan(&at(broker.port), &at(free_port()), r#"["*"]"#, r#"["purged"]"#)).unwrap();
    let both = |s: &Snapshot| (own(s, LAG, "phantom"), own(s, "kafka.group.lost_records", "phantom"));
    watch.until("the lag before", PATIENCE, |s| both(s) == (Some(270.0), Some(0.0))).unwrap();
    broker.purge("purged", 3, 40);
    watch.until("some of it lost", PATIENCE, |s| both(s) == (Some(180.0), Some(90.0))).unwrap();
    broker.purge("purged", 3, 100);
    watch.until("all of it lost, and nothing to read", PATIENCE, |s| both(s) == (Some(0.0), Some(270.0))).unwrap();
}

fn transactional(broker: &Broker, id: &str) -> BaseProducer {
    let producer: BaseProducer = broker.config().set("transactional.id", id).create().unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    producer
}

fn write(producer: &BaseProducer, topic: &str, records: usize) {
    for _ in 0..records {
        producer.send(BaseRecord::<(), str>::to(topic).partition(0).payload("x")).map_err(|(e, _)| e).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
}

#[test]
fn an_open_transaction_is_in_the_way_and_a_marker_is_no_record() {
    let Some(_) = Lab::shared() else { return };
    let broker = Broker::start();
    broker.topic("tx", 1, 0);
    broker.topic("marker", 1, 0);
    let (open, done) = (transactional(&broker, "t1"), transactional(&broker, "t2"));
    done.begin_transaction().unwrap();
    write(&done, "marker", 10);
    done.commit_transaction(PATIENCE).unwrap();
    open.begin_transaction().unwrap();
    write(&open, "tx", 25);
    broker.commit("reads", &[("tx", 1)], 0);
    broker.set("marked", [("marker".to_owned(), 0, 10)]);
    broker.set("behind", [("marker".to_owned(), 0, 8)]);
    let mut watch = Watch::on(plan(&at(broker.port), &at(free_port()), r#"["*"]"#, r#"["tx", "marker"]"#)).unwrap();
    let still = |s: &Snapshot, topic| own(s, "kafka.topic.still_polls", topic);
    let quiet = watch
        .until("the topic that nobody writes to", PATIENCE, |s| still(s, "marker").is_some_and(|n| n >= 3.0))
        .unwrap();
    assert_eq!((still(&quiet, "tx"), own(&quiet, "kafka.topic.open_records", "tx")), (Some(0.0), Some(25.0)));
    assert_eq!(own(&quiet, LAG, "reads"), Some(25.0), "nothing that read_committed could read, and not drained");
    watch
        .until("what is behind the last record to be no lag", PATIENCE, |s| {
            (own(s, LAG, "marked"), own(s, LAG, "behind")) == (Some(0.0), Some(2.0))
        })
        .unwrap();
    // Aborted records are never read.
    open.abort_transaction(PATIENCE).unwrap();
    watch
        .until("what was aborted to be no lag", PATIENCE, |s| {
            own(s, "kafka.topic.open_records", "tx") == Some(0.0) && own(s, LAG, "reads") == Some(0.0)
        })
        .unwrap();
    // Later records are a lag, counted in offsets up to the end: three records and the marker behind them.
    broker.set("marked", [("marker".to_owned(), 0, 11)]);
    done.begin_transaction().unwrap();
    write(&done, "marker", 3);
    done.commit_transaction(PATIENCE).unwrap();
    watch.until("the lag of new records", PATIENCE, |s| own(s, LAG, "marked") == Some(4.0)).unwrap();
}

#[test]
fn a_topic_made_anew_with_fewer_partitions_is_named() {
    let Some(_) = Lab::shared() else { return };
    let broker = Broker::start();
    broker.topic("anew", 3, 10);
    broker.commit("g", &[("anew", 3)], 5);
    broker.delete("anew");
    broker.topic("anew", 2, 7);
    broker.commit("g", &[("anew", 2)], 5);
    let mut watch = Watch::on(plan(&at(broker.port), &at(free_port()), r#"["*"]"#, r#"["anew"]"#)).unwrap();
    let found = watch.until("the topic", PATIENCE, |s| own(s, "kafka.topic.partitions", "anew") == Some(2.0)).unwrap();
    // A broker may delete the commits of a deleted topic.
    let lag = super::seen(&found, LAG, &["own", "source", "g"]);
    println!("{lag:?}");
    let named = matches!(&lag, landfall::base::observed::Observed::Unknown(f) if f.text.raw().contains("anew-2, but the topic has only 2 partitions"));
    assert!(named || lag.fresh() == Some(4.0));
}

/// The state of two clusters, queried directly.
struct Known {
    plan: Arc<Plan>,
    state: State,
    readers: <State as Live>::Readers,
    runtime: Runtime,
}

impl Known {
    fn new(plan: Plan) -> Self {
        let plan = Arc::new(plan);
        Self { state: State::new(&plan).0, readers: State::readers(&plan), runtime: Runtime::new().unwrap(), plan }
    }

    fn read(&mut self) {
        for side in Side::BOTH {
            for ask in [Query::Snapshot { pair: 0, side }, Query::Syncs { pair: 0, side }] {
                let answer = self.runtime.block_on(State::ask(&self.readers, &ask));
                let stamp = Stamp { at: clock::now(), fresh: Freshness::of_interval(Duration::from_secs(30)) };
                match answer {
                    Ok(facts) => drop(self.state.apply(&ask, facts, stamp)),
                    Err(fault) => self.state.fail(&ask, &fault, stamp.at),
                }
            }
        }
    }

    /// A group's commits on a side, by topic and partition.
    fn commits(&self, group: &str, side: Side) -> BTreeMap<(String, i32), i64> {
        let Ok(Observation::Snapshot(facts)) =
            self.runtime.block_on(State::ask(&self.readers, &Query::Snapshot { pair: 0, side }))
        else {
            panic!("no answer of the {side}: {}", self.plan.name)
        };
        let own = facts.group(group).map_or(&[][..], |g| facts.commits_of(g));
        let one = |c: &landfall::systems::kafka::Commit| {
            let (topic, partition) = facts.partition(c.slot)?;
            Some(((topic.name.to_string(), i32::try_from(partition).ok()?), c.offset.known()?))
        };
        own.iter().filter_map(one).collect()
    }
}

fn rows(offsets: &[TopicOffsets]) -> BTreeMap<(String, i32), i64> {
    let each = offsets
        .iter()
        .flat_map(|t| t.offsets.iter().map(|(p, offset)| ((t.topic.clone(), i32::try_from(*p).unwrap()), *offset)));
    each.collect()
}

/// Runs a printed command on a broker, with an imitation of Kafka's tool.
fn run(command: &str, brokers: &Estate, side: Side) {
    let reset = Reset::parse(command).unwrap();
    let broker = brokers.broker(side);
    assert_eq!((reset.bootstrap, reset.config), (format!("127.0.0.1:{}", broker.port), None));
    // All offsets are within the logs here: the tool would adjust none.
    broker.set(&reset.group, reset.rows);
}

#[test]
fn the_printed_commands_run_on_a_broker_set_what_the_calls_set() {
    let Some(_) = Lab::shared() else { return };
    let estate = Estate::new();
    let producer = estate.producer(Side::Source);
    thread::sleep(Duration::from_secs(6));
    drop(producer);
    let orders = || (0..12).map(|p| ("orders".to_owned(), p, 3));
    estate.broker(Side::Source).set("checkout", orders());
    // Before any position that it can be led to.
    estate.broker(Side::Target).set("checkout", orders().map(|(topic, p, _)| (topic, p, 0)));
    let mut known = Known::new(estate.plan("checkout"));
    let action = Action::CommitOffsets { pair: "own".into(), group: "checkout".into(), to: Side::Target };
    let end = Instant::now() + PATIENCE;
    let over = loop {
        known.read();
        match known.state.draft(&action, clock::now()).unwrap() {
            Ok(draft) if !draft.ops.is_empty() => break draft,
            other => assert!(Instant::now() < end, "{other:?}"),
        }
        thread::sleep(Duration::from_millis(300));
    };
    let (op, back) = (&over.ops[0], &over.inverse[0]);
    let (Call::Commit { offsets, .. }, Call::Commit { offsets: home, .. }) = (&op.call, &back.call);
    let Precondition::Observed(Version::Offsets(prior)) = &op.precondition else { panic!("{op:?}") };
    assert_eq!(known.commits("checkout", Side::Target), rows(prior));
    println!("{}\n{}", op.command, back.command);
    run(&op.command, &estate, Side::Target);
    assert_eq!(known.commits("checkout", Side::Target), rows(offsets));
    assert_ne!(rows(offsets), rows(prior));
    run(&back.command, &estate, Side::Target);
    assert_eq!((known.commits("checkout", Side::Target), rows(home)), (rows(prior), rows(prior)));
}
