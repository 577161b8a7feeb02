//! A separate broker for a test, to fill, empty and freeze, and a plan that watches it.

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use landfall::plan::Plan;
use landfall_lab::cache;
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, CommitMode, Consumer},
    producer::{BaseProducer, BaseRecord, Producer},
};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::super::PATIENCE;

/// A running broker; ends when it is dropped.
pub(super) struct Broker {
    child: Child,
    pub(super) port: u16,
    _data: TempDir,
}

impl Broker {
    pub(super) fn start() -> Self {
        let (tools, data, port) = (cache::ready(|_| {}).unwrap(), tempfile::tempdir().unwrap(), free_port());
        let child = Command::new(tools.broker)
            .args(["start", "--only", "kafka", "--host", "127.0.0.1", "--kafka-port", &port.to_string(), "--data-dir"])
            .arg(data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let broker = Self { child, port, _data: data };
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < end, "the broker does not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
        broker
    }

    pub(super) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", format!("127.0.0.1:{}", self.port)).set("log_level", "2");
        config
    }

    /// Creates a topic with this many records in each partition.
    pub(super) fn topic(&self, name: &str, partitions: i32, records: usize) {
        let made = run(self
            .admin()
            .create_topics(&[NewTopic::new(name, partitions, TopicReplication::Fixed(1))], &AdminOptions::new()));
        made.unwrap().pop().unwrap().unwrap();
        let producer: BaseProducer = self.config().create().unwrap();
        for partition in (0..partitions).flat_map(|p| std::iter::repeat_n(p, records)) {
            let record = BaseRecord::<(), str>::to(name).partition(partition).payload("x");
            producer.send(record).map_err(|(e, _)| e).unwrap();
        }
        producer.flush(PATIENCE).unwrap();
    }

    pub(super) fn delete(&self, topic: &str) {
        let deleted = run(self.admin().delete_topics(&[topic], &AdminOptions::new()));
        deleted.unwrap().pop().unwrap().unwrap();
    }

    /// Commits this offset on all partitions of these topics.
    pub(super) fn commit(&self, group: &str, topics: &[(&str, i32)], offset: i64) {
        let consumer: BaseConsumer = self.config().set("group.id", group).create().unwrap();
        let mut list = TopicPartitionList::new();
        for &(topic, partitions) in topics {
            for partition in 0..partitions {
                list.add_partition_offset(topic, partition, Offset::Offset(offset)).unwrap();
            }
        }
        consumer.commit(&list, CommitMode::Sync).unwrap();
    }

    /// Commits these offsets of one group.
    pub(super) fn set(&self, group: &str, rows: impl IntoIterator<Item = (String, i32, i64)>) {
        let consumer: BaseConsumer = self.config().set("group.id", group).create().unwrap();
        let mut list = TopicPartitionList::new();
        for (topic, partition, offset) in rows {
            list.add_partition_offset(&topic, partition, Offset::Offset(offset)).unwrap();
        }
        consumer.commit(&list, CommitMode::Sync).unwrap();
    }

    /// Deletes the records of all partitions of a topic before an offset.
    pub(super) fn purge(&self, topic: &str, partitions: i32, before: i64) {
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            list.add_partition_offset(topic, partition, Offset::Offset(before)).unwrap();
        }
        run(self.admin().delete_records(&list, &AdminOptions::new())).unwrap();
    }

    pub(super) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub(super) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.config().create().unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port without a server.
pub(super) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Runs a future to its end.
pub(super) fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The properties of a client of the broker at this port.
pub(super) fn at(port: u16) -> String {
    format!("\"bootstrap.servers\" = \"127.0.0.1:{port}\"")
}

/// A plan of one pair, `own`; groups and topics as TOML lists.
pub(super) fn plan(source: &str, target: &str, groups: &str, topics: &str) -> Plan {
    let text = format!(
        r#"
        schema = 1
        name = "own brokers"
        [sites.source]
        label = "VIR"
        region = "us-east-1"
        [sites.target]
        label = "ORE"
        region = "us-west-2"
        [[kafka]]
        name = "own"
        groups = {groups}
        topics = {topics}
        [kafka.source]
        properties = {{ {source} }}
        [kafka.target]
        properties = {{ {target} }}
        [intervals]
        kafka = "2s"
        "#
    );
    landfall::systems::parse_plan(Path::new("own.toml"), &text).map_err(|fault| fault.render(false)).unwrap().0
}
