//! What the console costs at 200×50 with 10,000 instances and 100,000 pairs of group and partition: a frame, a key while readings of
//! that size arrive, a picture, a filter, a minute in which nothing happens, and the memory of an hour.
//!
//! ```text
//! cargo bench --no-default-features --bench console              without the hour
//! cargo bench --no-default-features --bench console -- hour      peak memory of an hour replayed in virtual time
//! ```
//!
//! Rows come from the systems' own panels, made of answers of that size; the *synthetic* list has 100,000 rows of eight columns,
//! more than any system shows today. "key" is the time from a key to the bytes for the terminal, when the key and a new picture of the
//! whole estate arrive together: the worst moment. No live client is in this build: what they hold in memory comes on top.
#![expect(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a bench")]

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::Path,
    sync::{
        Arc,
        mpsc::{Sender, channel},
    },
    time::{Duration, Instant},
};

use landfall::{
    console::{
        Depth, Mode, Theme, Themes,
        picture::Picture,
        terminal::written,
        ui::Ui,
        update::{Event, update},
        view::draw,
    },
    core::{Core, Effect, Input, estate::source::SourceIx, now::Now, snapshot::Snapshot},
    plan::{Plan, Side},
    systems::{Ask, Facts, ec2, kafka},
    view::{Cell, Column, Panel, Row, Table, Tone},
};
use ratatui::{
    buffer::Buffer,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    layout::Rect,
};

const SCREEN: Rect = Rect { x: 0, y: 0, width: 200, height: 50 };
const INSTANCES: usize = 10_000;
const GROUPS: usize = 200;
const TOPICS: usize = 100;
const PAIRS: usize = 100_000;
const ROUNDS: usize = 200;

fn main() {
    if std::env::args().any(|a| a == "hour") {
        return hour();
    }
    println!("{:<58} {:>10} {:>10}", "", "median", "p99");
    let mut drive = Estate::new();
    drive.pass(90);
    let made = times(20, |_| {
        drive.pass(1);
        let begun = Instant::now();
        std::hint::black_box(drive.snapshot());
        begun.elapsed()
    });
    row("snapshot of the whole estate (the core's, not the console's)", made);
    let next = |drive: &mut Estate| {
        drive.pass(1);
        drive.snapshot()
    };
    for (name, keys) in [("groups", "3"), ("instances", "4ll"), ("overview", "1")] {
        looked_at(name, keys, &mut drive, next);
    }
    let mut base = drive.snapshot();
    base.panels.clear();
    let mut round = 0;
    looked_at("100,000 rows, synthetic", "2", &mut base, |base| {
        round += 1;
        Snapshot { panels: vec![Arc::new(synthetic(round))], ..base.clone() }
    });
    quiet(&mut drive);
}

/// One page: what a picture, a frame and a key cost on it.
fn looked_at<D>(name: &str, keys: &str, drive: &mut D, mut next: impl FnMut(&mut D) -> Snapshot) {
    let theme = Themes::default().load("night", Depth::True).unwrap();
    let first = next(drive);
    let now = first.now;
    let mut ui = Ui::new(Arc::new(Picture::of(Arc::new(first))), now, Mode::Demo, 2);
    ui.bin = bin();
    let mut shown = frame(&mut ui, &theme, None).0;
    for c in keys.chars() {
        key(&mut ui, if c == 'l' { KeyCode::Right } else { KeyCode::Char(c) });
    }
    let rows = ui.focused().map_or(0, |t| t.rows.len());
    println!("{name}: {rows} rows");
    let pictures = times(20, |_| {
        let snapshot = Arc::new(next(drive));
        let begun = Instant::now();
        let picture = Arc::new(Picture::of(snapshot));
        let took = begun.elapsed();
        update(&mut ui, Event::Picture(picture));
        took
    });
    row("  picture", pictures);
    let frames = times(ROUNDS, |i| {
        key(&mut ui, KeyCode::Char(if i % 2 == 0 { 'j' } else { 'k' }));
        let begun = Instant::now();
        shown = frame(&mut ui, &theme, Some(&shown)).0;
        begun.elapsed()
    });
    row("  frame: draw, difference, bytes", frames);
    if rows == 0 {
        return;
    }
    let ways: &[(&str, &str)] = &[
        ("as it is", ""),
        ("sorted by text", "s"),
        ("sorted by a number", "sssss"),
        ("filter: text anywhere", "/a1\n"),
        ("filter: a column, and sorted", "/!state:gone\n"),
        ("filter: /expression/ anywhere", "//a.1/\n"),
    ];
    for (way, keys) in ways {
        for c in keys.chars() {
            key(&mut ui, if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) });
        }
        let pressed = times(40, |i| {
            let snapshot = Arc::new(next(drive));
            let begun = Instant::now();
            update(&mut ui, Event::Picture(Arc::new(Picture::of(snapshot))));
            key(&mut ui, [KeyCode::Char('j'), KeyCode::Char('G'), KeyCode::Char('g'), KeyCode::PageDown][i % 4]);
            shown = frame(&mut ui, &theme, Some(&shown)).0;
            begun.elapsed()
        });
        row(&format!("  key with a picture, {way}"), pressed);
        if way.starts_with("filter") {
            key(&mut ui, KeyCode::Esc);
        }
    }
    let typed = times(40, |i| {
        let snapshot = Arc::new(next(drive));
        let begun = Instant::now();
        update(&mut ui, Event::Picture(Arc::new(Picture::of(snapshot))));
        key(&mut ui, KeyCode::Char(['/', 'a', '1', '2'][i % 4]));
        shown = frame(&mut ui, &theme, Some(&shown)).0;
        let took = begun.elapsed();
        if i % 4 == 3 {
            key(&mut ui, KeyCode::Esc);
        }
        took
    });
    row("  key with a picture, typed into the filter", typed);
    let sorts = times(40, |_| {
        let snapshot = Arc::new(next(drive));
        let begun = Instant::now();
        update(&mut ui, Event::Picture(Arc::new(Picture::of(snapshot))));
        key(&mut ui, KeyCode::Char('s'));
        shown = frame(&mut ui, &theme, Some(&shown)).0;
        begun.elapsed()
    });
    row("  key with a picture, s: the next column's order", sorts);
}

/// A minute of the same readings: what is written to the terminal.
fn quiet(drive: &mut Estate) {
    let theme = Themes::default().load("night", Depth::True).unwrap();
    let snapshot = Arc::new(drive.snapshot());
    let begun = snapshot.now;
    for page in ['1', '3', '4'] {
        let mut ui = Ui::new(Arc::new(Picture::of(snapshot.clone())), begun, Mode::Demo, 2);
        key(&mut ui, KeyCode::Char(page));
        let mut shown = frame(&mut ui, &theme, None).0;
        let (mut bytes, mut draws) = (0, 0);
        for second in 1..=60 {
            let now = Now { boot: begun.boot + Duration::from_secs(second), ..begun };
            ui.now = now;
            // The same readings, one second older.
            let older = Snapshot { now, ..(*snapshot).clone() };
            update(&mut ui, Event::Picture(Arc::new(Picture::of(Arc::new(older)))));
            update(&mut ui, Event::Second);
            let (frame, wrote) = frame(&mut ui, &theme, Some(&shown));
            shown = frame;
            bytes += wrote;
            draws += usize::from(wrote > 0);
        }
        println!("60 s of constant readings, page {page}: {bytes} bytes in {draws} draws");
    }
}

/// An hour of readings in virtual time, looked at every second as the console does it.
fn hour() {
    let theme = Themes::default().load("night", Depth::True).unwrap();
    let mib = |what: &str| println!("{what:<50} {:6.1} MiB now, {:6.1} at most", status("VmRSS"), status("VmHWM"));
    mib("begun");
    let mut drive = Estate::new();
    drive.pass(60);
    mib("read a dozen times");
    let first = drive.snapshot();
    let mut ui = Ui::new(Arc::new(Picture::of(Arc::new(first))), drive.now, Mode::Demo, 2);
    ui.bin = bin();
    for c in [KeyCode::Char('4'), KeyCode::Right, KeyCode::Right] {
        key(&mut ui, c);
    }
    let mut shown = frame(&mut ui, &theme, None).0;
    mib("looked at");
    let begun = Instant::now();
    for second in 0..3600 {
        drive.pass(1);
        ui.now = drive.now;
        update(&mut ui, Event::Picture(Arc::new(Picture::of(Arc::new(drive.snapshot())))));
        if second % 60 == 0 {
            key(&mut ui, KeyCode::Char(if second % 120 == 0 { '3' } else { '4' }));
        }
        shown = frame(&mut ui, &theme, Some(&shown)).0;
    }
    println!("the hour took {:.0} s", begun.elapsed().as_secs_f64());
    mib("after an hour");
}

/// The core as a driver runs it, fed with answers that are made up here: no server, imitated or real.
struct Estate {
    core: Core,
    asked: Vec<(SourceIx, Ask)>,
    now: Now,
    round: i64,
}

impl Estate {
    fn new() -> Self {
        let now = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T03:12:05Z".parse().unwrap() };
        let (core, effects) = Core::new(plan(), now);
        let ask = |effect| match effect {
            Effect::Start(ix, spec) => Some((ix, spec.ask)),
            _ => None,
        };
        Self { core, asked: effects.into_iter().filter_map(ask).collect(), now, round: 0 }
    }

    /// Seconds pass; all sources answer every five.
    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now.boot += Duration::from_secs(1);
            self.now.wall += Duration::from_secs(1);
            self.core.handle(Input::Tick, self.now);
            if self.now.boot.as_secs() % 5 == 0 {
                self.round += 1;
                for (source, ask) in self.asked.clone() {
                    let facts = answer(&ask, self.round);
                    self.core.handle(Input::Facts { source, facts, took: Duration::from_millis(30) }, self.now);
                }
            }
        }
    }

    fn snapshot(&mut self) -> Snapshot {
        self.core.snapshot(self.now)
    }
}

fn answer(ask: &Ask, round: i64) -> Facts {
    match ask {
        Ask::Kafka(kafka::Ask::Snapshot { side, .. }) => Facts::Kafka(kafka::Facts::Snapshot(commits(*side, round))),
        Ask::Kafka(kafka::Ask::Configs { .. }) => Facts::Kafka(kafka::Facts::Configs(BTreeMap::new())),
        Ask::Kafka(kafka::Ask::Syncs { .. }) => Facts::Kafka(kafka::Facts::Syncs(kafka::Syncs::of_topics(Vec::new()))),
        Ask::Ec2(ask) => Facts::Ec2(match ask.what {
            ec2::Question::Instances => ec2::Facts::Instances(instances(ask.side)),
            ec2::Question::Status => ec2::Facts::Status(statuses(ask.side)),
            _ => ec2::Facts::Images(ec2::facts::Images::default()),
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
        role: u16::try_from(i % 10).unwrap(),
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
        ..kafka::Snapshot::default()
    };
    for g in 0..GROUPS {
        let begun = count(out.commits.len());
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
            commits: begun..count(out.commits.len()),
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
    match Plan::parse(Path::new("bench.toml"), &text) {
        Ok((plan, _)) => Arc::new(plan),
        Err(fault) => panic!("{}", fault.render(false)),
    }
}

/// A panel of one table with a row a pair; every round its figures are others.
fn synthetic(round: usize) -> Panel {
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
            Cell::text(if i % 7 == 0 { "lagging" } else { "level" }).tone(Tone::Good),
            Cell::count((1_000_000 + i * 13 + round) as u64),
            Cell::count(lag as u64),
            Cell::number(lag as f64 / 10.0, format!("{}s", lag / 10)),
            Cell::number(lag as f64 / 7.0, format!("+{}/s", lag / 7)),
            Cell::text(format!("consumer-{:05}", (i * 31) % 9973)),
        ];
        Row { id: format!("topic-{:04}/{}", i / 100, i % 100), cells }
    };
    let rows = (0..PAIRS).map(line).collect();
    let table = Table { id: "pairs", title: "Pairs".into(), columns, rows, empty: "" };
    Panel { id: "bench", title: "Bench", summary: Vec::new(), tables: vec![table], oldest: None }
}

/// Another thread gives back what old pictures took, as in the console.
fn bin() -> Option<Sender<Arc<Picture>>> {
    let (bin, old) = channel();
    std::thread::spawn(move || old.into_iter().for_each(drop));
    Some(bin)
}

fn key(ui: &mut Ui, code: KeyCode) {
    std::hint::black_box(update(ui, Event::Key(KeyEvent::new(code, KeyModifiers::NONE))));
}

/// Draws as the console does; gives the frame and how many bytes went to the terminal.
fn frame(ui: &mut Ui, theme: &Theme, shown: Option<&Buffer>) -> (Buffer, usize) {
    let mut frame = Buffer::empty(SCREEN);
    let drawn = draw(ui, theme, false, &mut frame);
    ui.drawn(&drawn);
    let bytes = written(shown, &frame).unwrap().map_or(0, |b| b.len());
    (frame, bytes)
}

fn times(rounds: usize, mut one: impl FnMut(usize) -> Duration) -> Vec<Duration> {
    (0..rounds).map(&mut one).collect()
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let ms = |d: Duration| format!("{:.2} ms", d.as_secs_f64() * 1e3);
    let p99 = times[(times.len() * 99).div_ceil(100) - 1];
    println!("{what:<58} {:>10} {:>10}", ms(times[times.len() / 2]), ms(p99));
}

/// A figure of this process by Linux, in MiB.
fn status(key: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with(key));
    line.and_then(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
