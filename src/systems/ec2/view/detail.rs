//! The detail view of a role or an instance.

use std::collections::HashSet;

use super::{
    eta_cell, images,
    instances::{checks, launched, phase, phase_tone, role_name},
    label, percent, ready_cell,
    roles::{both, zone_rows},
};
use crate::ec2::{
    State,
    facts::Instance,
    life::Phase,
    serving::Serving,
    signals::{self, lineage},
    site::Site,
};
use base::{
    now::Now,
    observed::Observed,
    side::Side,
    signal::Unit,
    view::{Cell, Column, Curve, Detail, Line, Row, Series, Table},
};

/// The most instances listed in a role's detail.
const LISTED: usize = 100;

pub(in crate::ec2) fn detail(state: &State, table: &str, row: &str, now: Now) -> Option<Detail> {
    match table {
        "roles" => role(state, row, now),
        "zones" => role(state, row.rsplit_once('/')?.0, now),
        "instances" => instance(state, row, now),
        _ => None,
    }
}

fn role(state: &State, name: &str, now: Now) -> Option<Detail> {
    let role = state.plan.fleet.iter().position(|r| r.name == name)?;
    let of = &state.plan.fleet[role];
    let mut fields = Vec::new();
    let mut put = |what: &str, cells: [Cell; 2]| {
        for (side, cell) in Side::BOTH.into_iter().zip(cells) {
            fields.push((format!("{} {what}", label(state, side)).into(), cell));
        }
    };
    let count = |n: u32| Cell::count(n.into());
    put("wanted", both(state, |s| s.running(role, now).map(|_| s.wanted(role)), count));
    put("pending", both(state, |s| s.counted(role, now, |t| t.all.pending), count));
    put("running", both(state, |s| s.running(role, now), count));
    put("stopping", both(state, |s| s.counted(role, now, |t| t.all.stopping), count));
    put("stopped", both(state, |s| s.counted(role, now, |t| t.all.stopped), count));
    put("checks ok", both(state, |s| s.checked(role, now, |t| t.all.checks_ok), count));
    put("impaired", both(state, |s| s.checked(role, now, |t| t.all.impaired), count));
    put("in service", both(state, |s| s.in_service(role, now), count));
    put("empty zones", both(state, |s| s.zones_empty(role, now), count));
    put("vCPUs", both(state, |s| s.vcpus(role, now), count));
    put(
        "share of the wanted number",
        Side::BOTH.map(|side| {
            let site = state.sites.get(side);
            site.ready(role, now).map_or_else(Cell::none, |r| ready_cell(site, role, r, percent, now))
        }),
    );
    put("full in", Side::BOTH.map(|side| eta_cell(state.sites.get(side), role, now)));
    put(
        "launch rate",
        both(state, |s| launch_rate(s, role, now), |r| Cell::number(r, format!("{:+.1}/min", r * 60.0))),
    );
    put("in service means", Side::BOTH.map(|side| Cell::text(Serving::of(of, side).words())));
    let line = |side: Side| {
        let trend = &state.sites.get(side).trends[role];
        let series = Series::of(&signals::IN_SERVICE, &[name, side.word()]);
        Line::new(label(state, side), Some(side), trend.serving.iter(), now).of(series)
    };
    let curves = vec![Curve { lines: Side::BOTH.map(line).into(), ..Curve::new("in service", Unit::Count) }];
    let tables = vec![image_table(state, role, now), zone_table(state, role, now), waiting_table(state, role, now)];
    Some(Detail { title: format!("Role {name}"), fields, curves, tables })
}

/// Instances per second, from the last minutes.
fn launch_rate(site: &Site, role: usize, now: Now) -> Observed<f64> {
    site.running(role, now).map(|_| site.trends[role].running.per_second().unwrap_or(0.0))
}

fn image_table(state: &State, role: usize, now: Now) -> Table {
    let columns = vec![
        Column::text("image", "image", 21).grow(1),
        Column::number("instances", "instances", 9),
        Column::text("lineage", "lineage", 12),
    ];
    let rows = lineage(state, role, now).shown().unwrap_or_default();
    let rows = rows.into_iter().map(|(id, n, lineage)| {
        Row::new(id.to_string(), [Cell::text(id.to_string()), Cell::count(n.into()), images::lineage_word(lineage)])
    });
    Table {
        id: "images",
        title: "Images on the target".into(),
        columns,
        rows: rows.collect(),
        empty: "no instance, or images not read yet",
    }
}

fn zone_table(state: &State, role: usize, now: Now) -> Table {
    Table { title: "Zones".into(), rows: zone_rows(state, role, now).into(), ..super::roles::zones(state, now) }
}

/// The instances that are not in service yet and delay the role.
fn waiting_table(state: &State, role: usize, now: Now) -> Table {
    let all = super::instances::instances(state, now);
    let waiting = |side: Side| {
        let site = state.sites.get(side);
        let serves = |i: &Instance| site.lives.get(&i.id).is_some_and(|life| life.phase == Phase::Serving);
        let rows = site.instances.at(now).shown().map_or(&[][..], |rows| rows);
        rows.iter().filter(move |i| i.roles.iter().any(|r| usize::from(*r) == role) && !serves(i)).map(|i| &*i.id)
    };
    let waiting: HashSet<&str> = Side::BOTH.into_iter().flat_map(waiting).collect();
    let waits = |row: &Row| waiting.contains(row.id.as_str());
    let rows = all.rows.iter().filter(|row| waits(row)).take(LISTED).cloned().collect();
    Table { title: "Not in service".into(), rows, empty: "all are in service", ..all }
}

fn instance(state: &State, id: &str, now: Now) -> Option<Detail> {
    let (side, instance) = Side::BOTH.into_iter().find_map(|side| {
        let all = state.sites.get(side).instances.at(now).shown()?;
        let at = all.binary_search_by(|i| (*i.id).cmp(id)).ok()?;
        Some((side, &all[at]))
    })?;
    let site = state.sites.get(side);
    let status = site.status.at(now);
    let checked = status.as_ref().map(|s| s.by_id.get(&instance.id));
    let event = checked.as_ref().shown().and_then(|c| c.as_ref()).and_then(|c| c.event.clone());
    let text = |t: &str| Cell::text(t.to_owned());
    let fields = vec![
        ("role".into(), Cell::text(role_name(state, instance))),
        ("side".into(), Cell::text(label(state, side))),
        ("zone".into(), text(&instance.zone)),
        ("type".into(), text(&instance.kind)),
        ("vCPUs".into(), instance.vcpus.map_or_else(Cell::none, |n| Cell::count(n.into()))),
        ("address".into(), instance.address.as_deref().map_or_else(Cell::none, text)),
        ("image".into(), text(&instance.image)),
        ("state".into(), phase(site, instance)),
        ("checks".into(), Cell::seen(checked, checks)),
        ("planned event".into(), event.as_deref().map_or_else(Cell::none, text)),
        ("launched (ago)".into(), launched(instance, now)),
        ("age".into(), Cell::age(&site.instances.at(now))),
    ];
    let tables = vec![change_table(site, instance, now)];
    Some(Detail { title: format!("Instance {id}"), fields, curves: Vec::new(), tables })
}

fn change_table(site: &Site, instance: &Instance, now: Now) -> Table {
    let columns = vec![
        Column::text("at", "at", 20),
        Column::number("ago", "ago", 6),
        Column::text("became", "became", 13).grow(1),
    ];
    let changes = site.lives.get(&instance.id).map_or(&[][..], |life| &life.changes);
    let rows = changes.iter().rev().enumerate().map(|(n, (at, phase))| {
        Row::new(
            n.to_string(),
            [Cell::instant(at.wall), Cell::duration(now.since(*at)), Cell::text(phase.word()).tone(phase_tone(*phase))],
        )
    });
    Table {
        id: "changes",
        title: "Changes".into(),
        columns,
        rows: rows.collect(),
        empty: "no change since it was first observed",
    }
}
