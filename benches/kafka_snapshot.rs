//! What a snapshot of 100,000 pairs of group and partition costs, beside the requests it cannot do without.
//!
//! Fills a broker with 10,000 partitions and 200 groups that each committed on 500 of them, then, round by round in one run:
//!
//! * *whole*: the live question, the answer applied to what is known, the panel made;
//! * *bare*: the same OffsetFetch and ListOffsets requests, as many in flight, answers thrown away.
//!
//! It needs a broker that may be filled; any will do, for example the lab's, once `landfall-lab up` has filled the lab's cache. (The program
//! itself, not the wrapper of the same name in `bin`, which leaves it behind.)
//!
//! ```text
//! demo/lab/cache/venv/lib/python3*/site-packages/noida_db/noida-db \
//!     start --only kafka --kafka-port 9392 --host 127.0.0.1 --data-dir /tmp/bench-kafka &
//! LANDFALL_BENCH_KAFKA=127.0.0.1:9392 cargo bench --no-default-features --features kafka --bench kafka_snapshot
//! ```
//!
//! With `LANDFALL_BENCH_FILLED` a broker that an earlier run filled is used as it is.
#![expect(unsafe_code, clippy::unwrap_used, reason = "the bare requests, straight from librdkafka's manual")]

use std::{
    ffi::CString,
    path::Path,
    ptr::null,
    sync::Arc,
    time::{Duration, Instant},
};

use base::{
    observed::{Freshness, Stamp},
    side::Side,
};
use landfall_systems::{
    self as systems, Live, System,
    collect::clock,
    kafka::{self, Observation, Query, State},
};
use plan::Plan;
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    bindings as sys,
    client::DefaultClientContext,
    consumer::{BaseConsumer, CommitMode, Consumer},
    producer::{BaseProducer, BaseRecord, Producer},
};

const TOPICS: usize = 100;
const PARTITIONS: i32 = 100;
const GROUPS: usize = 200;
/// Topics that a group commits on: 5 of 100 partitions each.
const EACH: usize = 5;
const CHUNK: usize = 100;
const ROUNDS: usize = 9;

fn main() {
    let Ok(bootstrap) = std::env::var("LANDFALL_BENCH_KAFKA") else {
        eprintln!("not run: set LANDFALL_BENCH_KAFKA to a broker that may be filled; see the head of this file");
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let filled = Instant::now();
    if std::env::var_os("LANDFALL_BENCH_FILLED").is_none() {
        runtime.block_on(fill(&bootstrap));
    }
    println!("filled in {:.1} s", filled.elapsed().as_secs_f64());

    let plan = plan(&bootstrap);
    let (mut state, _) = State::new(&plan);
    let readers = State::readers(&plan);
    let ask = Query::Snapshot { pair: 0, side: Side::Source };
    let client: BaseConsumer = ClientConfig::new().set("bootstrap.servers", &bootstrap).create().unwrap();
    client.fetch_metadata(None, Duration::from_secs(10)).unwrap();

    settle(&runtime, &readers, &ask);
    let before = resident();
    let (mut asked, mut applied, mut shown, mut bare) = (vec![], vec![], vec![], vec![]);
    for round in 0..=ROUNDS {
        let t = Instant::now();
        let mut facts = runtime.block_on(State::ask(&readers, &ask)).unwrap();
        let a = t.elapsed();
        let Observation::Snapshot(snapshot) = &mut facts else { unreachable!("the answer to another question") };
        // Nobody writes to this broker: what stands still would cost less than what moves.
        for end in &mut snapshot.ends {
            *end = kafka::Offset::end(end.known().unwrap() + i64::try_from(round).unwrap());
        }
        let (groups, pairs, ends) = (snapshot.groups.len(), snapshot.commits.len(), snapshot.ends.len());
        assert_eq!((groups, pairs, ends), (GROUPS, GROUPS * EACH * 100, TOPICS * 100));
        let t = Instant::now();
        let now = clock::now();
        state.apply(&ask, facts, Stamp { at: now, fresh: Freshness::of_interval(Duration::from_secs(5)) });
        let b = t.elapsed();
        let t = Instant::now();
        assert_eq!(state.panel(now).tables[0].rows.len(), GROUPS);
        let c = t.elapsed();
        let d = requests(&client);
        // The first round opens connections and makes the memory.
        if round > 0 {
            asked.push(a);
            applied.push(b);
            shown.push(c);
            bare.push(d);
        }
    }
    let whole: Vec<Duration> = (0..ROUNDS).map(|i| asked[i] + applied[i] + shown[i]).collect();
    let (whole, bare) = (median(whole), median(bare));
    println!(
        "{} groups, {} pairs, {} partitions, medians of {ROUNDS} rounds",
        GROUPS,
        GROUPS * EACH * 100,
        TOPICS * 100
    );
    println!("whole snapshot  {whole:7.1} ms", whole = ms(whole));
    println!("  ask           {:7.1} ms", ms(median(asked)));
    println!("  apply         {:7.1} ms", ms(median(applied)));
    println!("  panel         {:7.1} ms", ms(median(shown)));
    println!("bare requests   {:7.1} ms", ms(bare));
    println!("ratio           {:7.2}", whole.as_secs_f64() / bare.as_secs_f64());
    #[expect(clippy::cast_precision_loss, reason = "for showing")]
    let mib = |bytes: usize| bytes as f64 / 1_048_576.0;
    println!("state           {:7.1} MiB", mib(state.bytes()));
    // Offset-time tables grow until they are full: after 64 answers.
    println!("resident        {:7.1} MiB more than before the first round", mib(resident().saturating_sub(before)));
}

/// A broker that was just filled may be busy for a while: waits for an answer in which every group has its commits.
fn settle(runtime: &tokio::runtime::Runtime, readers: &<State as Live>::Readers, ask: &Query) {
    for _ in 0..20 {
        if let Ok(Observation::Snapshot(snapshot)) = runtime.block_on(State::ask(readers, ask))
            && snapshot.commits.len() == GROUPS * EACH * 100
        {
            return;
        }
    }
    panic!("the broker does not come to rest after it was filled");
}

/// The target is not asked; a plan has to have one.
fn plan(bootstrap: &str) -> Arc<Plan> {
    let text = format!(
        r#"
        schema = 1
        name = "bench"
        [sites.source]
        label = "SRC"
        region = "us-east-1"
        [sites.target]
        label = "TGT"
        region = "us-west-2"
        [[kafka]]
        name = "bench"
        groups = ["bench-*"]
        topics = ["bench-*"]
        [kafka.source]
        properties = {{ "bootstrap.servers" = "{bootstrap}" }}
        [kafka.target]
        properties = {{ "bootstrap.servers" = "127.0.0.1:1" }}
        # For the time that an answer may take on a busy machine.
        [intervals]
        kafka = "30s"
        "#
    );
    match systems::parse_plan(Path::new("bench.toml"), &text) {
        Ok((plan, _)) => Arc::new(plan),
        Err(fault) => panic!("{}", fault.render(false)),
    }
}

fn topic(i: usize) -> String {
    format!("bench-{i:03}")
}

fn group(i: usize) -> String {
    format!("bench-{i:03}")
}

/// Makes what is not there yet: a second run on the same broker finds it.
async fn fill(bootstrap: &str) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
    let names: Vec<String> = (0..TOPICS).map(topic).collect();
    let topics: Vec<NewTopic<'_>> =
        names.iter().map(|n| NewTopic::new(n, PARTITIONS, TopicReplication::Fixed(1))).collect();
    admin.create_topics(&topics, &AdminOptions::new()).await.unwrap();
    let producer: BaseProducer = config.create().unwrap();
    for name in &names {
        for partition in 0..PARTITIONS {
            producer
                .send(BaseRecord::<(), str>::to(name).partition(partition).payload("x"))
                .map_err(|(e, _)| e)
                .unwrap();
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(Duration::from_secs(60)).unwrap();
    for i in 0..GROUPS {
        let mut config = config.clone();
        let consumer: BaseConsumer = config.set("group.id", group(i)).create().unwrap();
        let mut list = TopicPartitionList::new();
        for t in 0..EACH {
            for partition in 0..PARTITIONS {
                let name = &names[(i * EACH + t) % TOPICS];
                list.add_partition_offset(name, partition, Offset::Offset(i64::from(partition % 2))).unwrap();
            }
        }
        consumer.commit(&list, CommitMode::Sync).unwrap();
    }
}

/// The requests alone: all commits in flight, then all ends in flight.
fn requests(client: &BaseConsumer) -> Duration {
    let rk = client.client().native_ptr();
    let groups: Vec<CString> = (0..GROUPS).map(|i| CString::new(group(i)).unwrap()).collect();
    let topics: Vec<CString> = (0..TOPICS).map(|i| CString::new(topic(i)).unwrap()).collect();
    let partitions: Vec<(usize, i32)> = (0..TOPICS).flat_map(|t| (0..PARTITIONS).map(move |p| (t, p))).collect();
    let started = Instant::now();
    // SAFETY: every object is made, used and destroyed here, in this order, while the client lives; librdkafka copies what a call is given.
    unsafe {
        let queue = sys::rd_kafka_queue_new(rk);
        let wait = |n: usize| {
            for _ in 0..n {
                let event = sys::rd_kafka_queue_poll(queue, 30_000);
                assert!(!event.is_null(), "no answer");
                let error = sys::rd_kafka_event_error(event);
                assert_eq!(error, sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR);
                sys::rd_kafka_event_destroy(event);
            }
        };
        for group in &groups {
            let mut request = sys::rd_kafka_ListConsumerGroupOffsets_new(group.as_ptr(), null());
            sys::rd_kafka_ListConsumerGroupOffsets(rk, &raw mut request, 1, null(), queue);
            sys::rd_kafka_ListConsumerGroupOffsets_destroy(request);
        }
        wait(groups.len());
        for chunk in partitions.chunks(CHUNK) {
            let list = sys::rd_kafka_topic_partition_list_new(64);
            for &(t, p) in chunk {
                let element = sys::rd_kafka_topic_partition_list_add(list, topics[t].as_ptr(), p);
                (*element).offset = sys::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_LATEST as i64;
            }
            sys::rd_kafka_ListOffsets(rk, list, null(), queue);
            sys::rd_kafka_topic_partition_list_destroy(list);
        }
        wait(partitions.chunks(CHUNK).len());
        sys::rd_kafka_queue_destroy(queue);
    }
    started.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1e3
}

/// Bytes of this process in memory, by Linux's count of pages.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: usize = statm.split(' ').nth(1).and_then(|p| p.parse().ok()).unwrap_or(0);
    pages * 4096
}
