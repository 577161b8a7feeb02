//! Real hand-overs of a consumer group, in each order and back, checked by the numbers in the messages: none lost, and
//! no more read twice than the preview stated.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use landfall::{
    base::{
        digest::Digest,
        side::{Side, Sides},
        step::StepState,
    },
    drive::{Control, inbox::Inbox, live},
    engine::{
        run::{Order, StepView},
        snapshot::Snapshot,
    },
    journal::{Author, store::MemStore},
    plan::Plan,
    systems::collect::clock,
};
use landfall_lab::{kafka, live::Lab, watch::value};
use rdkafka::{
    ClientConfig, Message,
    consumer::{BaseConsumer, CommitMode, Consumer},
    producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};
use tokio::{runtime::Runtime, sync::watch, task::JoinSet};

use super::{PATIENCE, broker::Broker};

const TOPIC: &str = "orders";

/// Two brokers, the copiers between them, and the numbers written so far.
pub(super) struct Estate {
    brokers: Sides<Broker>,
    runtime: Runtime,
    /// The next number to write.
    next: Arc<AtomicU64>,
    /// Keeps the reverse copier running.
    _reverse: watch::Sender<bool>,
    _tasks: JoinSet<()>,
}

impl Estate {
    pub(super) fn new() -> Self {
        let brokers = Sides { source: Broker::start(), target: Broker::start() };
        let ports = Sides::from_fn(|side| brokers.get(side).port);
        let runtime = Runtime::new().unwrap();
        let (reverse, on) = watch::channel(true);
        let mut tasks = JoinSet::new();
        {
            let _entered = runtime.enter();
            runtime.block_on(kafka::topics(ports)).unwrap();
            kafka::copiers(ports, on, &mut tasks).unwrap();
        }
        Self { brokers, runtime, next: Arc::default(), _reverse: reverse, _tasks: tasks }
    }

    pub(super) fn broker(&self, side: Side) -> &Broker {
        self.brokers.get(side)
    }

    fn config(&self, side: Side) -> ClientConfig {
        self.brokers.get(side).config()
    }

    /// Writes numbered messages on a side until it is dropped.
    pub(super) fn producer(&self, side: Side) -> Worker {
        let producer: ThreadedProducer<DefaultProducerContext> = self.config(side).create().unwrap();
        let next = self.next.clone();
        Worker::new(move |on| {
            while on.load(Ordering::Relaxed) {
                let number = next.fetch_add(1, Ordering::Relaxed).to_string();
                let partition = fastrand::i32(0..12);
                let record = BaseRecord::<(), str>::to(TOPIC).partition(partition).payload(&number);
                // A client that has just heard of the topic may not know all of its partitions yet.
                let mut refused = producer.send(record).err();
                while let Some((_, record)) = refused.filter(|_| on.load(Ordering::Relaxed)) {
                    thread::sleep(Duration::from_millis(50));
                    refused = producer.send(record).err();
                }
                thread::sleep(Duration::from_millis(4));
            }
            producer.flush(PATIENCE).unwrap();
        })
    }

    /// A member of a group on a side that records what it reads before it commits it, until it is dropped.
    fn consumer(&self, group: &str, side: Side, read: &Arc<Mutex<Vec<u64>>>) -> Worker {
        let consumer: BaseConsumer = self
            .config(side)
            .set("group.id", group)
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.commit", "false")
            .create()
            .unwrap();
        let read = read.clone();
        consumer.subscribe(&[TOPIC]).unwrap();
        Worker::new(move |on| {
            // Commits every twenty messages, and whenever there is nothing to read.
            let mut dirty = 0;
            while on.load(Ordering::Relaxed) {
                let mut idle = false;
                match consumer.poll(Duration::from_millis(50)) {
                    Some(Ok(message)) => {
                        let number = std::str::from_utf8(message.payload().unwrap()).unwrap().parse().unwrap();
                        read.lock().unwrap().push(number);
                        dirty += 1;
                    }
                    Some(Err(_)) => thread::sleep(Duration::from_millis(50)),
                    None => idle = true,
                }
                if dirty >= 20 || (idle && dirty > 0) {
                    dirty = 0;
                    let _ = consumer.commit_consumer_state(CommitMode::Sync);
                }
            }
            let _ = consumer.commit_consumer_state(CommitMode::Sync);
            consumer.unsubscribe();
        })
    }

    pub(super) fn plan(&self, group: &str) -> Plan {
        let at = |side: Side| {
            let port = self.brokers.get(side).port;
            format!(
                "[kafka.{side}]\nproperties = {{ \"bootstrap.servers\" = \"127.0.0.1:{port}\" }}\nwrite_properties = {{ \"client.id\" = \
                 \"operate\" }}\n"
            )
        };
        let text = format!(
            r#"
schema = 1
name = "handover"
[sites.source]
label = "VIR"
region = "us-east-1"
[sites.target]
label = "ORE"
region = "us-west-2"
[[kafka]]
name = "own"
groups = ["{group}"]
topics = ["{TOPIC}"]
{}{}[[kafka.mirror]]
from = "source"
[[kafka.mirror]]
from = "target"
[intervals]
kafka = "2s"
[[phase]]
id = "all"
title = "All"
[[phase.step]]
id = "over"
title = "Over"
action = {{ commit_offsets = {{ pair = "own", group = "{group}", to = "target" }} }}
[[phase.step]]
id = "home"
title = "Home"
action = {{ commit_offsets = {{ pair = "own", group = "{group}", to = "source" }} }}
"#,
            at(Side::Source),
            at(Side::Target)
        );
        landfall::systems::parse_plan(Path::new("handover.toml"), &text).map_err(|fault| fault.render(false)).unwrap().0
    }

    fn written(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }
}

/// A thread that works until it is stopped.
pub(super) struct Worker {
    on: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    fn new(work: impl FnOnce(&AtomicBool) + Send + 'static) -> Self {
        let on = Arc::new(AtomicBool::new(true));
        let own = on.clone();
        Self { on, thread: Some(thread::spawn(move || work(&own))) }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.on.store(false, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A console on the estate.
struct Console {
    control: Control,
    group: String,
    _folder: tempfile::TempDir,
}

impl Console {
    fn new(estate: &Estate, group: &str) -> Self {
        let plan = estate.plan(group);
        let folder = tempfile::tempdir().unwrap();
        let journal: PathBuf = folder.path().join("run.journal");
        let author = Author {
            run: plan.name.clone(),
            actor: "ana".into(),
            host: "here".into(),
            plan: Digest::of(group.as_bytes()),
        };
        let inbox = Inbox::new(&journal, &author.run, &[]).unwrap();
        let opened = landfall::systems::open_journal(Box::new(MemStore::default()), author, clock::now()).unwrap();
        let _entered = estate.runtime.enter();
        let control = live::start_with_control(Arc::new(plan), opened, inbox);
        control.link.viewer.want_signals();
        Self { control, group: group.to_owned(), _folder: folder }
    }

    fn now(&self) -> Arc<Snapshot> {
        self.control.link.snapshots.borrow().clone()
    }

    fn step(&self, id: &str) -> StepView {
        let now = self.now();
        now.run.as_ref().and_then(|run| run.steps.iter().find(|s| s.id == id)).expect("a step").clone()
    }

    fn until(&self, what: &str, so: impl Fn(&Snapshot) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !so(&self.now()) {
            if Instant::now() > end {
                let seen: Vec<_> = self
                    .now()
                    .samples
                    .iter()
                    .flatten()
                    .map(|s| format!("{} {:?} {:?}", s.def.id, s.labels, s.value))
                    .collect();
                panic!("{what}: {}\n{:#?}", seen.join("\n"), self.step("over").preview);
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn group_is(&self, what: &str, signal: &str, side: Side, wanted: f64) {
        self.until(what, |s| value(s, signal, &["own", side.word(), &self.group]) == Some(wanted));
    }

    /// Gates 3 to 5: no writes, all is copied and read.
    fn drained(&self, side: Side) {
        self.until("nobody writes", |s| {
            value(s, "kafka.topic.still_polls", &["own", side.word(), TOPIC]).is_some_and(|n| n >= 3.0)
        });
        self.until("all is copied", |s| value(s, "kafka.topic.uncopied", &["own", side.word(), TOPIC]) == Some(0.0));
        self.group_is("all is read", "kafka.group.lag", side, 0.0);
    }

    /// Executes a step; returns how many records its preview says are read again, and the preview's text.
    fn carry_out(&self, id: &str) -> (u64, Vec<String>) {
        let end = Instant::now() + PATIENCE;
        let mut notes = Vec::new();
        loop {
            let step = self.step(id);
            match step.state {
                StepState::Done => break,
                StepState::Blocked | StepState::Ready | StepState::Previewed => {
                    self.control.orders.give(Order::Preview(id.into()));
                    self.control.orders.give(Order::Arm(id.into()));
                }
                StepState::Armed => {
                    if let Some(preview) = &step.preview
                        && let Some(digest) = preview.digest
                    {
                        notes = preview
                            .diff
                            .iter()
                            .map(|change| format!("{change:?}"))
                            .chain(preview.notes.clone())
                            .collect();
                        self.control.orders.give(Order::Execute { step: id.into(), digest, typed: id.into() });
                    }
                }
                _ => {}
            }
            assert!(
                Instant::now() < end,
                "{id} is {}: {:#?} {:#?} {:?}",
                step.word,
                step.ops,
                step.preview,
                step.obstacles
            );
            thread::sleep(Duration::from_millis(200));
        }
        let again = notes.iter().find_map(|n| n.strip_prefix("at most ")?.split(' ').next()?.parse().ok());
        (again.unwrap_or(0), notes)
    }
}

/// Count of numbers that were written but not read, and of repeated reads.
fn judged(read: &Mutex<Vec<u64>>, written: u64) -> (usize, usize) {
    let all = read.lock().unwrap().clone();
    let mut seen = vec![0_usize; usize::try_from(written).unwrap()];
    all.iter().for_each(|n| seen[usize::try_from(*n).unwrap()] += 1);
    (seen.iter().filter(|n| **n == 0).count(), seen.iter().map(|n| n.saturating_sub(1)).sum())
}

/// One hand-over of a group, with the producer on the side it comes from. With a freeze the producer stops first and
/// restarts with the consumers; without one it continues, and follows later.
fn hand_over(estate: &Estate, at: &Console, read: &Arc<Mutex<Vec<u64>>>, from: Side, freeze: bool) {
    let (to, step) = (from.other(), if from == Side::Source { "over" } else { "home" });
    let (_, before) = judged(read, estate.written());
    let mut producer = Some(estate.producer(from));
    let consumer = estate.consumer(&at.group, from, read);
    at.group_is("it consumes", "kafka.group.active", from, 1.0);
    thread::sleep(Duration::from_secs(4));
    if freeze {
        producer = None;
        at.drained(from);
    }
    drop(consumer);
    for side in Side::BOTH {
        at.group_is("the group is empty", "kafka.group.active", side, 0.0);
    }
    at.group_is("every partition is led over", "kafka.group.unled_partitions", to, 0.0);
    let (detail, notes) = at.carry_out(step);
    let consumer = estate.consumer(&at.group, to, read);
    thread::sleep(Duration::from_secs(2));
    drop(producer.take());
    let producer = estate.producer(to);
    thread::sleep(Duration::from_secs(2));
    drop(producer);
    let written = estate.written();
    let end = Instant::now() + PATIENCE;
    while judged(read, written).0 > 0 && Instant::now() < end {
        thread::sleep(Duration::from_millis(100));
    }
    if freeze {
        at.drained(to);
    } else {
        // Without a freeze a partition may end with copies of the other side's last messages, which are not copied
        // back.
        at.group_is("all is read", "kafka.group.lag", to, 0.0);
    }
    drop(consumer);
    at.group_is("the group is empty again", "kafka.group.active", to, 0.0);
    let (lost, after) = judged(read, written);
    let order = if freeze { "drained with a freeze" } else { "consumers first" };
    let twice = after - before;
    println!(
        "{order}, {from} to {to}: {written} written, lost {lost}, read twice {twice}, the preview stated at most {detail}"
    );
    assert_eq!(lost, 0, "{notes:?}");
    assert!(u64::try_from(twice).unwrap() <= detail, "{notes:?}");
    if freeze && from == Side::Source {
        assert_eq!(twice, 0, "all was copied and read before: {notes:?}");
    }
}

#[test]
fn a_group_goes_over_in_each_order_and_back_and_nothing_is_lost() {
    let Some(_) = Lab::shared() else { return };
    let estate = Estate::new();
    for (group, freeze) in [("frozen", true), ("flowing", false)] {
        let at = Console::new(&estate, group);
        let read = Arc::default();
        hand_over(&estate, &at, &read, Side::Source, freeze);
        hand_over(&estate, &at, &read, Side::Target, freeze);
    }
}
