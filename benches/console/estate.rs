//! An estate of the size that the bench is about, made up here.

use std::{collections::BTreeMap, fmt::Write as _, path::Path, sync::Arc, time::Duration};

use landfall::{
    base::{
        collector::CollectorIx,
        now::Now,
        side::Side,
        view::{Cell, Column, Group, Panel, Row, Table, Tone},
    },
    engine::snapshot::{Snapshot, Wanted},
    plan::Plan,
    systems::{Engine, EngineEffect, EngineInput, Observation, Query, ec2, kafka},
};
use rustix::time::{ClockId, clock_gettime};

const INSTANCES: usize = 10_000;
const GROUPS: usize = 200;
const TOPICS: usize = 100;
const PAIRS: usize = 100_000;

/// The engine as a driver runs it, with answers that are made here: no server, simulated or real.
pub struct Estate {
    engine: Engine,
    asked: Vec<(CollectorIx, Query)>,
    /// The virtual moment.
    pub now: Now,
    round: i64,
}

impl Estate {
    pub fn new() -> Self {
        let now = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T03:12:05Z".parse().unwrap() };
        let (engine, effects) = Engine::new(plan(), now);
        let ask = |effect| match effect {
            EngineEffect::Start(ix, spec) => Some((ix, spec.query)),
            _ => None,
        };
        Self { engine, asked: effects.into_iter().filter_map(ask).collect(), now, round: 0 }
    }

    /// Seconds pass; all sources answer every five.
    pub fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now.boot += Duration::from_secs(1);
            self.now.wall += Duration::from_secs(1);
            self.engine.handle(EngineInput::Tick, self.now);
            if self.now.boot.as_secs().is_multiple_of(5) {
                self.round += 1;
                for (collector, ask) in self.asked.clone() {
                    let observation = answer(&ask, self.round);
                    self.engine.handle(
                        EngineInput::Observation { collector, observation, took: Duration::from_millis(30) },
                        self.now,
                    );
                }
            }
        }
    }

    /// A second passes; all sources answer every ten as they did before. Gives the processor's time for that, and for making answers up.
    pub fn same_again(&mut self) -> (Duration, Duration) {
        let started = spent(ClockId::ThreadCPUTime);
        self.now.boot += Duration::from_secs(1);
        self.now.wall += Duration::from_secs(1);
        let due = self.now.boot.as_secs().is_multiple_of(10);
        let asked = if due { self.asked.clone() } else { Vec::new() };
        let answers: Vec<_> = asked.iter().map(|(collector, ask)| (*collector, answer(ask, self.round))).collect();
        let made_up = spent(ClockId::ThreadCPUTime);
        self.engine.handle(EngineInput::Tick, self.now);
        for (collector, observation) in answers {
            self.engine
                .handle(EngineInput::Observation { collector, observation, took: Duration::from_millis(30) }, self.now);
        }
        (spent(ClockId::ThreadCPUTime) - made_up, made_up - started)
    }

    pub fn snapshot(&mut self) -> Snapshot {
        self.engine.snapshot(&Wanted::default(), self.now)
    }
}

/// The processor's time so far, of this thread or of all: what others on the machine do is not in it.
pub fn spent(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

fn answer(ask: &Query, round: i64) -> Observation {
    match ask {
        Query::Kafka(kafka::Query::Snapshot { side, .. }) => {
            Observation::Kafka(kafka::Observation::Snapshot(commits(*side, round)))
        }
        Query::Kafka(kafka::Query::Configs { .. }) => Observation::Kafka(kafka::Observation::Configs(BTreeMap::new())),
        Query::Kafka(kafka::Query::Syncs { .. }) => {
            Observation::Kafka(kafka::Observation::Syncs(kafka::Syncs::of_topics(Vec::new())))
        }
        Query::Ec2(ask) => Observation::Ec2(match ask.what {
            ec2::Question::Instances => ec2::Observation::Instances(instances(ask.side)),
            ec2::Question::Status => ec2::Observation::Status(statuses(ask.side)),
            _ => ec2::Observation::Images(ec2::facts::Images::default()),
        }),
        other => unreachable!("not in the plan: {other:?}"),
    }
}

/// Half of the instances are on each side.
const EACH: usize = INSTANCES / 2;

fn instances(side: Side) -> Vec<ec2::facts::Instance> {
    let mut names = ec2::facts::Names::default();
    let one = |i: usize| ec2::facts::Instance {
        id: format!("i-{side}{i:013x}").into(),
        roles: [u16::try_from(i % 10).unwrap()].into(),
        zone: names.get(["us-east-1a", "us-east-1b", "us-east-1c"][i % 3]),
        kind: names.get("m7g.2xlarge"),
        image: names.get("ami-0a1b2c3d4e5f60718"),
        address: None,
        state: ec2::facts::InstanceState::Running,
        vcpus: Some(8),
        launched: Some("2026-11-01T00:00:00Z".parse().unwrap()),
    };
    (0..EACH).map(one).collect()
}

fn statuses(side: Side) -> Vec<ec2::facts::Status> {
    let one = |i: usize| ec2::facts::Status {
        id: format!("i-{side}{i:013x}").into(),
        check: ec2::facts::Check::Ok,
        event: None,
    };
    (0..EACH).map(one).collect()
}

/// Every group has committed on five topics of a hundred partitions.
fn commits(side: Side, round: i64) -> kafka::Snapshot {
    const PARTITIONS: usize = 100;
    let count = |n: usize| u32::try_from(n).unwrap();
    let end = |slot: usize| 1_000_000 + i64::try_from(slot).unwrap() * 17 + round * 500;
    let topic = |t: usize| kafka::Topic {
        name: format!("bench-{t:03}").into(),
        slots: count(t * PARTITIONS)..count((t + 1) * PARTITIONS),
        fault: None,
    };
    let mut out = kafka::Snapshot {
        topics: (0..TOPICS).map(topic).collect(),
        ends: (0..TOPICS * PARTITIONS).map(|slot| kafka::Offset::end(end(slot))).collect(),
        starts: vec![kafka::Offset::end(0); TOPICS * PARTITIONS],
        ..kafka::Snapshot::default()
    };
    for g in 0..GROUPS {
        let started = count(out.commits.len());
        let first = (g * 5) % TOPICS * PARTITIONS;
        for slot in first..first + 5 * PARTITIONS {
            let behind =
                i64::try_from((slot * 7919 + g * 31) % 4000).unwrap() + (round + i64::try_from(g).unwrap()) % 50;
            let behind = if side == Side::Source { behind } else { behind / 2 };
            let offset = kafka::Offset::end(end(slot) - behind);
            out.commits.push(kafka::Commit { slot: count(slot), owner: kafka::Commit::NOBODY, offset });
        }
        out.groups.push(kafka::Group {
            name: format!("bench-{g:03}").into(),
            state: kafka::GroupState::Stable,
            members: Some(Vec::new()),
            commits: started..count(out.commits.len()),
            orphans: Vec::new(),
            fault: None,
        });
    }
    out
}

/// 10,000 instances in ten roles on both sides together, and groups that commit on 100,000 partitions of topics.
fn plan() -> Arc<Plan> {
    let mut text = String::from("schema = 1\nname = \"bench\"\n");
    for (side, label, region) in [("source", "SRC", "us-east-1"), ("target", "TGT", "us-west-2")] {
        let _ = writeln!(text, "[sites.{side}]\nlabel = \"{label}\"\nregion = \"{region}\"");
    }
    for role in 0..10 {
        let _ = writeln!(text, "[[fleet]]\nrole = \"role-{role}\"\nwanted = {{ source = 500, target = 500 }}");
    }
    text.push_str("[[kafka]]\nname = \"bench\"\ngroups = [\"bench-*\"]\ntopics = [\"bench-*\"]\n");
    for (side, port) in [("source", 1), ("target", 2)] {
        let _ = writeln!(text, "[kafka.{side}]\nproperties = {{ \"bootstrap.servers\" = \"127.0.0.1:{port}\" }}");
    }
    text.push_str("[[kafka.mirror]]\nfrom = \"source\"\n");
    match landfall::systems::parse_plan(Path::new("bench.toml"), &text) {
        Ok((plan, _)) => Arc::new(plan),
        Err(fault) => panic!("{}", fault.render(false)),
    }
}

/// A panel of one table with a row a pair; every round its figures are others.
pub fn synthetic(round: usize) -> Panel {
    let columns = vec![
        Column::text("topic", "topic", 12).grow(2),
        Column::number("partition", "partition", 4),
        Column::text("state", "state", 9),
        Column::number("end", "end", 9).drop(3),
        Column::number("lag", "lag", 7),
        Column::number("behind", "behind", 6),
        Column::number("pace", "pace", 8).drop(1),
        Column::text("member", "member", 10).grow(1).drop(4),
    ];
    let line = |i: usize| {
        let lag = (i * 7919 + round * 31) % 100_003;
        let cells = vec![
            Cell::text(format!("topic-{:04}", i / 100)),
            Cell::count((i % 100) as u64),
            Cell::text(if i.is_multiple_of(7) { "lagging" } else { "level" }).tone(Tone::Good),
            Cell::count((1_000_000 + i * 13 + round) as u64),
            Cell::count(lag as u64),
            Cell::number(lag as f64 / 10.0, format!("{}s", lag / 10)),
            Cell::number(lag as f64 / 7.0, format!("+{}/s", lag / 7)),
            Cell::text(format!("consumer-{:05}", (i * 31) % 9973)),
        ];
        Row::new(format!("topic-{:04}/{}", i / 100, i % 100), cells)
    };
    let rows = (0..PAIRS).map(line).collect();
    let table = Table { id: "pairs", title: "Pairs".into(), columns, rows, empty: "" };
    Panel { id: "bench", title: "Bench", group: Group::Data, summary: Vec::new(), tables: vec![table], oldest: None }
}
