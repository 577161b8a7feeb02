//! The detail view of a row: a group's partitions, a topic's partitions and configuration, a cluster's brokers.

use std::{borrow::Cow, cmp::Reverse};

use super::{
    consumer_groups, figures, handover, heading, label, lag_cell, pace_cell, time_cell, time_text, topics,
    way::{Way, runs_elsewhere},
};
use crate::kafka::{
    State,
    cluster::{Cluster, GroupSeen, TopicSeen},
    facts::Commit,
    gates::HandOver,
    parity, signals,
    state::{Pair, bootstrap},
    times::LagTime,
};
use base::{
    history::Ring,
    now::Now,
    observed::Observed,
    side::{Side, Sides},
    signal::Unit,
    view::{Align, Cell, Column, Curve, Detail, Line, Row, Series, Table, Tone},
};
use plan::{Isolation, Plan};

pub(super) type Field = (Cow<'static, str>, Cell);

/// The detail of one row.
pub(crate) fn detail(state: &State, table: &str, row: &str, now: Now) -> Option<Detail> {
    let (pair, name) = state.pairs.iter().find_map(|p| {
        let rest = row.strip_prefix(p.plan.name.as_str())?.strip_prefix('/')?;
        Some((p, rest))
    })?;
    match table {
        "groups" => Some(group(&state.plan, pair, name, now)),
        "topics" => {
            let (source, target) = name.split_once(',')?;
            Some(topic(&state.plan, pair, &Sides { source: source.to_owned(), target: target.to_owned() }, now))
        }
        "clusters" => Some(cluster(state, pair, Side::BOTH.into_iter().find(|s| s.word() == name)?, now)),
        _ => None,
    }
}

fn group(plan: &Plan, pair: &Pair, name: &str, now: Now) -> Detail {
    let mut out =
        Detail { title: format!("group {name}, {}", pair.plan.name), fields: vec![], curves: vec![], tables: vec![] };
    let over = HandOver::new(plan, pair, name, now);
    let gates = over.gates();
    handover::fields(plan, &over, &gates, &mut out.fields);
    out.tables.push(handover::table(plan, &over, &gates));
    let mut curves = [Curve::new("lag, records", Unit::Count), Curve::new("lag, time", Unit::Seconds)];
    for side in Side::BOTH {
        let cluster = pair.cluster(side);
        let seen = cluster.group(name, now);
        let away = runs_elsewhere(&seen, &pair.cluster(side.other()).group(name, now));
        group_fields(plan, side, &seen, away, &mut out.fields);
        if let Some(memory) = cluster.memory_of(name) {
            let values = [pair.plan.name.as_str(), side.word(), name];
            let line = |ring: &Ring, def| {
                Line::new(label(plan, side), Some(side), ring.iter(), now).of(Series::of(def, &values))
            };
            curves[0].lines.push(line(&memory.lag, &signals::GROUP_LAG));
            curves[1].lines.push(line(&memory.seconds, &signals::GROUP_LAG_SECONDS));
        }
        if let Some(group) = seen.as_ref().shown() {
            out.tables.push(partitions(plan, side, cluster, group, seen.is_fresh()));
        }
    }
    out.curves.extend(curves.into_iter().filter(|c| !c.is_empty()));
    let [source, target] = Side::BOTH.map(|s| pair.cluster(s).group(name, now));
    if let (Some(_), Some(_), Some(all)) = (source.as_ref().shown(), target.as_ref().shown(), pair.handovers(now)) {
        let handover = consumer_groups::handover(&source, &target, &all);
        out.fields
            .push(("source commits that the target has".into(), Cell::seen(handover, consumer_groups::handover_cell)));
    }
    out
}

fn group_fields(plan: &Plan, side: Side, seen: &Observed<GroupSeen<'_>>, away: bool, out: &mut Vec<Field>) {
    let at = label(plan, side);
    let mut field = |what: &str, cell| out.push((format!("{at} {what}").into(), cell));
    field("state", Cell::seen(seen.as_ref(), |g| consumer_groups::state_cell(g.facts.state)));
    let figures = || figures(seen.as_ref().cloned());
    match figures() {
        Observed::Unknown(fault) => {
            field("lag", Cell::text(fault.to_string()).tone(Tone::Blind));
            if let Some(g) = seen.as_ref().shown() {
                let partial = g.partial();
                field("known lag", lag_cell(partial.lag).tone(Tone::Blind));
                field("partitions unknown", Cell::count(partial.unknown.into()).tone(Tone::Bad));
            }
        }
        seen => {
            field("lag", Cell::seen(seen.as_ref(), |(f, _)| lag_cell(f.lag)));
            if let Some((f, _)) = seen.as_ref().shown().filter(|(f, _)| f.open > 0) {
                field("lag in open transactions", Cell::seen(seen.as_ref(), |_| lag_cell(f.open).tone(Tone::Warn)));
            }
            if let Some(fault) = seen.as_ref().shown().filter(|(f, _)| f.lag > 0).and_then(|(_, g)| g.unread()) {
                field("lag may be transaction markers only", Cell::text(fault.to_string()).tone(Tone::Warn));
            }
            field("behind", Cell::seen(seen.as_ref(), |(f, _)| time_cell(f.time)));
            field("pace", Cell::seen(seen.as_ref(), |(_, g)| pace_cell(g.slope().per_second())));
            field("drained in", Cell::seen(seen.as_ref(), |(f, g)| Way::of(g, *f, away).cell(f.time)));
            field("hottest partition", Cell::seen(seen, |(f, g)| hot_cell(f.hot, f.lag, g)));
        }
    }
    field("lost, deleted before it read them", Cell::seen(seen.as_ref().and_then(|g| g.lost()), lost_cell));
    let never = seen.as_ref().map(|g| g.partial().never);
    field("partitions never committed", Cell::seen(never, |n| Cell::count(n.into())));
    field("members", Cell::seen(seen.as_ref().and_then(|g| g.members()), |n| Cell::count(n as u64)));
}

/// Records that the group can no longer read.
fn lost_cell(lost: i64) -> Cell {
    if lost <= 0 {
        return lag_cell(lost);
    }
    // Offsets do not distinguish records from transaction markers.
    let most = lag_cell(lost);
    Cell { text: format!("at most {}", most.text).into(), ..most }.tone(Tone::Bad)
}

/// The partition with the largest lag, and its share of the total: one hot partition drains no faster with more consumers.
fn hot_cell(hot: Option<(u32, i64)>, whole: i64, group: GroupSeen<'_>) -> Cell {
    let Some((slot, lag)) = hot else { return Cell::none() };
    let Some((topic, partition)) = group.latest.facts.partition(slot) else { return Cell::none() };
    let percent = lag.saturating_mul(100) / whole.max(1);
    #[expect(clippy::cast_precision_loss, reason = "for sorting")]
    Cell::number(lag as f64, format!("{}-{partition}, {percent} % of the lag", topic.name))
}

fn partitions(plan: &Plan, side: Side, cluster: &Cluster, group: &GroupSeen<'_>, live: bool) -> Table {
    let columns = vec![
        Column::text("topic", "topic", 12).grow(2),
        Column::number("partition", "partition", 4),
        Column::number("committed", "committed", 9).drop(2),
        Column::number("end", "end", 9).drop(3),
        Column::number("lag", "lag", 7),
        Column::number("behind", "behind", 6),
        Column::number("pace", "pace", 8).drop(1),
        Column::text("member", "member", 10).grow(1).drop(4),
    ];
    let latest = group.latest;
    let (tables, mut slopes) = (cluster.tables(latest), group.memory.slopes().peekable());
    let mut rows: Vec<(i64, Row)> = Vec::new();
    for commit in latest.facts.commits_of(group.facts) {
        let Some((topic, partition)) = latest.facts.partition(commit.slot) else { continue };
        let end = latest.facts.end(commit.slot);
        let lag = latest.facts.lag(commit.slot, commit.offset);
        let table = tables.of(commit.slot);
        let key = table.and_then(|t| t.key(commit.slot));
        let slope = slopes.next_if(|(pair, _)| Some(*pair) == key).and_then(|(_, slope)| slope.per_second());
        let behind =
            lag.zip(latest.facts.reads_from(commit.slot, commit.offset)).zip(table).map(|((lag, offset), table)| {
                if lag == 0 { LagTime::default() } else { table.time(commit.slot, offset, latest.at.boot) }
            });
        let mut cells = vec![
            Cell::text(topic.name.to_string()),
            Cell::count(partition.into()),
            commit.offset.known().map_or_else(|| Cell::text("never").tone(Tone::Warn), lag_cell),
            end.known().map_or_else(unknown, lag_cell),
            lag.map_or_else(unknown, lag_cell),
            behind.map_or_else(unknown, |t| Cell::number(t.least().as_secs_f64(), time_text(t))),
            pace_cell(slope),
            owner_cell(group, commit),
        ];
        dim(&mut cells, live);
        rows.push((lag.unwrap_or(i64::MAX), Row::new(format!("{}/{partition}", topic.name), cells)));
    }
    rows.sort_by_key(|(lag, _)| Reverse(*lag));
    Table {
        id: if side == Side::Source { "source_partitions" } else { "target_partitions" },
        title: heading(plan, side).into(),
        columns,
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        empty: "no commit on any watched topic",
    }
}

/// Dims the cells of an observation that is not fresh.
fn dim(cells: &mut [Cell], live: bool) {
    if !live {
        cells.iter_mut().for_each(|c| c.tone = Tone::Stale);
    }
}

fn unknown() -> Cell {
    Cell { key: base::view::Key::None, ..Cell::text("unknown").tone(Tone::Blind) }
}

fn owner_cell(group: &GroupSeen<'_>, commit: &Commit) -> Cell {
    group.facts.members.iter().flatten().nth(commit.owner.into()).map_or_else(Cell::none, |m| Cell::text(m.to_string()))
}

fn topic(plan: &Plan, pair: &Pair, names: &Sides<String>, now: Now) -> Detail {
    let seen = Side::BOTH.map(|s| pair.cluster(s).topic(names.get(s), now));
    let [source, target] = &seen;
    let copied = parity::copied(&pair.plan, names);
    let mut fields: Vec<Field> = vec![
        ("copied".into(), topics::copied_cell(plan, copied)),
        ("parity".into(), topics::parity_cell(pair, names, source, target, now)),
    ];
    let mut rate = Curve::new("written", Unit::PerSecond);
    let mut tables = vec![configs(plan, pair, names, now)];
    for (side, topic) in Side::BOTH.into_iter().zip(&seen) {
        let at = label(plan, side);
        let mut field = |what: &str, cell| fields.push((format!("{at} {what}").into(), cell));
        field("partitions", Cell::seen(topic.as_ref(), |t| Cell::count(t.facts.partitions().into())));
        field("written/s", Cell::seen(topic.as_ref().and_then(|t| t.rate()), topics::rate_cell));
        if pair.plan.isolation == Isolation::ReadCommitted {
            field("in open transactions", Cell::seen(topic.as_ref().and_then(|t| t.open()), open_cell));
        }
        if let Some(t) = topic.as_ref().shown() {
            let series = Series::of(
                &signals::TOPIC_PRODUCE_RATE,
                &[pair.plan.name.as_str(), side.word(), names.get(side).as_str()],
            );
            rate.lines.push(Line::new(label(plan, side), Some(side), t.rates().iter(), now).of(series));
            tables.push(ends(plan, side, t, topic.is_fresh()));
        }
    }
    let curves = if rate.is_empty() { Vec::new() } else { vec![rate] };
    Detail { title: format!("topic {}, {}", topics::title(names), pair.plan.name), fields, curves, tables }
}

/// Records that a transaction holds back: its producer is still active.
fn open_cell(open: i64) -> Cell {
    lag_cell(open).tone(if open > 0 { Tone::Warn } else { Tone::Plain })
}

fn configs(plan: &Plan, pair: &Pair, names: &Sides<String>, now: Now) -> Table {
    let side = |side: Side, id| Column { title: label(plan, side), align: Align::Left, ..Column::text(id, "", 8) };
    let seen = Side::BOTH.map(|s| parity::config(pair, s, names.get(s), now));
    let cell = |seen: &Observed<_>, key| {
        Cell::seen(seen.as_ref(), |config: &Option<&crate::kafka::Config>| {
            config.and_then(|c| c.0.get(key)).map_or_else(unknown, |v| Cell::text(v.clone()))
        })
    };
    let rows = crate::kafka::Config::KEYS
        .into_iter()
        .map(|key| Row::new(key, [Cell::text(key), cell(&seen[0], key), cell(&seen[1], key)]))
        .collect();
    Table {
        id: "configs",
        title: "Configuration".into(),
        columns: vec![Column::text("key", "key", 12), side(Side::Source, "source"), side(Side::Target, "target")],
        rows,
        empty: "",
    }
}

fn ends(plan: &Plan, side: Side, topic: &TopicSeen<'_>, live: bool) -> Table {
    let rows = topic.latest.facts.ends_of(topic.facts).iter().zip(0_u64..).map(|(end, partition)| {
        let mut cells = vec![Cell::count(partition), end.known().map_or_else(unknown, lag_cell)];
        dim(&mut cells, live);
        Row::new(partition.to_string(), cells)
    });
    Table {
        id: if side == Side::Source { "source_ends" } else { "target_ends" },
        title: heading(plan, side).into(),
        columns: vec![Column::number("partition", "partition", 4), Column::number("end", "end", 9)],
        rows: rows.collect(),
        empty: "no partition",
    }
}

fn cluster(state: &State, pair: &Pair, side: Side, now: Now) -> Detail {
    let seen = pair.cluster(side).seen(now);
    let mut fields: Vec<Field> = vec![
        ("bootstrap".into(), Cell::text(bootstrap(&pair.plan, side))),
        (
            "open transactions".into(),
            Cell::text(match pair.plan.isolation {
                Isolation::ReadCommitted => "checked; they block a drain (read_committed)",
                Isolation::ReadUncommitted => "not checked (read_uncommitted)",
            }),
        ),
        ("age".into(), Cell::age(&seen)),
    ];
    if let Observed::Unknown(fault) = &seen {
        fields.push(("fault".into(), Cell::text(fault.to_string()).tone(Tone::Blind)));
    }
    if let Some(fault) = seen.as_ref().shown().and_then(|l| l.facts.partial.as_ref()) {
        fields.push(("not all groups are visible".into(), Cell::text(fault.to_string()).tone(Tone::Bad)));
    }
    let rows = seen.as_ref().shown().map(|l| {
        let row = |b: &crate::kafka::Broker| {
            let role = if l.facts.controller == Some(b.id) { Cell::text("controller") } else { Cell::none() };
            let mut cells = vec![Cell::text(b.id.to_string()), Cell::text(b.address.clone()), role];
            dim(&mut cells, seen.is_fresh());
            Row::new(b.id.to_string(), cells)
        };
        l.facts.brokers.iter().map(row).collect()
    });
    let columns =
        vec![Column::number("id", "id", 3), Column::text("address", "address", 12), Column::text("role", "role", 4)];
    let brokers = Table {
        id: "brokers",
        title: "Brokers".into(),
        columns,
        rows: rows.unwrap_or_default(),
        empty: "the cluster lists no brokers",
    };
    Detail {
        title: format!("cluster {} {}", pair.plan.name, label(&state.plan, side)),
        fields,
        curves: vec![],
        tables: vec![brokers],
    }
}
