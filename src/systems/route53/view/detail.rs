//! The detail view of a name, of one of its records or of one of its servers.

use std::borrow::Cow;

use super::{
    names::Line,
    percent,
    servers::{server_cells, server_columns},
    share_cell,
};
use crate::route53::{signals, state::State, weighted::remarks, wilson::needed, window::Tally};
use base::{
    now::{Now, short},
    observed::Observed,
    side::Side,
    signal::Unit,
    view::{Cell, Column, Curve, Detail, Line as Curved, Row, Series, Table, Tone},
};

type Field = (Cow<'static, str>, Cell);

pub(in crate::route53) fn detail(state: &State, _: &str, row: &str, now: Now) -> Option<Detail> {
    // The ids of rows of records and servers begin with the id of their name.
    let line = Line::all(state, now)
        .into_iter()
        .find(|l| row.strip_prefix(&l.id()).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))?;
    let mut fields = zone_fields(state, &line, now);
    fields.extend(change_fields(&line, now));
    if let Some(Some(epoch)) = line.name.epoch.at(now).shown() {
        let cell = epoch.read().map_or_else(
            || Cell::text(format!("{} was not written by landfall", epoch.name)).tone(Tone::Warn),
            |(number, tag)| Cell::text(format!("{number}, written by {tag}")),
        );
        fields.push(("landfall's last change".into(), cell));
    }
    fields.extend(sample_fields(&line));
    if let Some(records) = line.name.set.at(now).shown() {
        fields.extend(
            remarks(line.plan, records).into_iter().map(|(tone, text)| ("remark".into(), Cell::text(text).tone(tone))),
        );
    }
    let values = [line.plan.name.as_str(), line.plan.record_type.word(), Side::Target.word()];
    let served = Curved::new(&state.plan.sites.target.label, Some(Side::Target), line.name.curve.iter(), now)
        .of(Series::of(&signals::SERVED, &values));
    let title = format!("{} {}", line.plan.name, line.plan.record_type.word());
    Some(Detail {
        title,
        fields,
        curves: vec![Curve::new("share served", Unit::Ratio).with(served)],
        tables: vec![servers(state, &line, now), answers(&line)],
    })
}

fn zone_fields(state: &State, line: &Line<'_>, now: Now) -> Vec<Field> {
    let Some(zone) = state.zones.get(&line.plan.zone) else { return Vec::new() };
    let seen = zone.at(now);
    let id = &line.plan.zone;
    let what = Cell::seen(seen.as_ref(), |z| {
        let kind = if z.private { "private, answers only inside its VPCs" } else { "public" };
        Cell::text(format!("{id} {} {kind}", z.name))
    });
    let mut out = vec![("zone".into(), what)];
    match seen {
        Observed::Unknown(fault) => {
            out.push(("error reading the zone".into(), Cell::text(fault.to_string()).tone(Tone::Blind)));
        }
        Observed::Fresh(z, _) if !z.servers.is_empty() => {
            out.push(("its name servers".into(), Cell::text(z.servers.join(" "))));
        }
        _ => {}
    }
    if let Observed::Unknown(fault) = &line.configured {
        out.push(("error reading the records".into(), Cell::text(fault.to_string()).tone(Tone::Blind)));
    }
    out
}

fn change_fields(line: &Line<'_>, now: Now) -> Vec<Field> {
    let Some(changed) = &line.name.changed else {
        return vec![("records changed".into(), Cell::text("not since the start").tone(Tone::Muted))];
    };
    let mut out =
        vec![("records changed".into(), Cell::text(format!("{} ago, as observed here", short(now.since(changed.at)))))];
    if let Some(before) = &changed.before {
        let was = Side::BOTH.map(|side| format!("{side} {}", percent(*before.share.get(side)))).join(" · ");
        out.push(("before".into(), Cell::text(was)));
    }
    let caches = match (line.ageing(now), changed.old_ttl) {
        (Some(left), _) => Cell::text(format!("may hold the old answer for {}", short(left))).tone(Tone::Busy),
        (None, Some(ttl)) => Cell::text(format!("the old TTL ({ttl} s) is over")),
        (None, None) => Cell::text("the old TTL is unknown").tone(Tone::Warn),
    };
    out.push(("caches".into(), caches));
    out
}

fn sample_fields(line: &Line<'_>) -> Vec<Field> {
    let Some(seen) = &line.pooled else {
        return vec![("served".into(), Cell::text("not queried: the plan has no server").tone(Tone::Muted))];
    };
    let mut out = Vec::new();
    for side in Side::BOTH {
        let cell = line.served(side).map(|s| {
            Cell::seen(s, |i| {
                let text = format!("{}, 95 % interval {} to {}", percent(i.share), percent(i.low), percent(i.high));
                Cell::number(i.share, text)
            })
        });
        out.push((format!("served {side}").into(), cell.unwrap_or_else(Cell::none)));
    }
    if let Observed::Unknown(fault) = seen {
        out.push(("error reading the answers".into(), Cell::text(fault.to_string()).tone(Tone::Blind)));
    }
    let target = line.configured.as_ref().shown().map(|c| c.share.target);
    if let (Some(p), Some(n)) = (target.filter(|p| *p > 0.0 && *p < 1.0), seen.as_ref().shown().map(Tally::n)) {
        // A canary's share has to be known to a third of its value, a larger share to two points.
        let error = (p.min(1.0 - p) / 3.0).min(0.02);
        let want = needed(p, error);
        let tone = if n >= want { Tone::Good } else { Tone::Busy };
        let text = format!("{n} of {want} needed for {} ± {:.1} pp", percent(p), error * 100.0);
        out.push(("samples".into(), Cell::text(text).tone(tone)));
    }
    out
}

fn servers(state: &State, line: &Line<'_>, now: Now) -> Table {
    let row = |s| {
        let cells = server_cells(line, s, now);
        Row::new(format!("{} {}", s.address, s.role.word()), cells)
    };
    let rows = line.name.servers.iter().map(row).collect();
    Table { id: "servers", title: "Servers".into(), columns: server_columns(state), rows, empty: "none is queried" }
}

/// The answers as received.
fn answers(line: &Line<'_>) -> Table {
    let mut rows = Vec::new();
    for server in &line.name.servers {
        let all = server.window.answers();
        let sum: u64 = all.iter().map(|a| a.1).sum();
        for (values, n) in all {
            let value = values.join(" ");
            let side =
                line.name.side(values).map_or_else(|| Cell::text("neither").tone(Tone::Warn), |s| Cell::text(s.word()));
            #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
            let share = share_cell(n as f64 / sum as f64);
            let id = format!("{} {} {value}", server.address, server.role.word());
            rows.push(Row::new(
                id,
                [Cell::text(server.address.to_string()), Cell::text(value), side, Cell::count(n), share],
            ));
        }
    }
    let columns = vec![
        Column::text("server", "server", 14),
        Column::text("answer", "answer", 14).grow(1),
        Column::text("side", "side", 7),
        Column::number("samples", "samples", 7),
        Column::number("share", "share", 7),
    ];
    Table {
        id: "answers",
        title: "Answers".into(),
        columns,
        rows: rows.into(),
        empty: "no answer since the records changed",
    }
}
