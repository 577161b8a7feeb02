//! Panel and tile as data.

use std::borrow::Cow;

use super::{
    facts::{Record, Routing},
    state::{Name, Server, State},
    weighted::{Configured, planned, remarks, side_of},
    window::Tally,
    wilson::Interval,
};
use crate::{
    core::{
        estate::seen::Seen,
        now::{Now, short},
    },
    plan::{DnsName, Side, Sides},
    systems::System,
    view::{Cell, Column, Panel, Row, Table, Tile, Tone, oldest},
};

pub(super) fn panel(state: &State, now: Now) -> Panel {
    let seen: Vec<Seen<()>> = state
        .names
        .iter()
        .flat_map(|n| {
            let records = n.set.at(now).map(|_| ());
            std::iter::once(records).chain(n.servers.iter().map(move |s| s.last.at(now).map(|_| ())))
        })
        .collect();
    Panel {
        id: State::ID,
        title: State::TITLE,
        summary: summary(state, now),
        tables: vec![names(state, now), records(state, now), servers(state, now)],
        oldest: oldest(&seen),
    }
}

/// More lost than this is marked: UDP loses some on any long way.
const LOSSY: f64 = 0.01;

/// A share: `9.8 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

pub(super) fn share_cell(share: f64) -> Cell {
    Cell::number(share, percent(share))
}

/// A name's row, looked at once.
pub(super) struct Line<'a> {
    pub plan: &'a DnsName,
    pub name: &'a Name,
    pub configured: Seen<Configured>,
    pub pooled: Option<Seen<Tally>>,
}

impl<'a> Line<'a> {
    pub(super) fn new(plan: &'a DnsName, name: &'a Name, now: Now) -> Self {
        Self { plan, name, configured: name.configured(plan, now), pooled: name.pooled(plan, now) }
    }

    pub(super) fn all(state: &'a State, now: Now) -> Vec<Self> {
        state.each().map(|(plan, name)| Self::new(plan, name, now)).collect()
    }

    /// The id of its row: names and types are unique in a zone.
    pub(super) fn id(&self) -> String {
        format!("{} {} {}", self.plan.name, self.plan.record_type.word(), self.plan.zone)
    }

    pub(super) fn served(&self, side: Side) -> Option<Seen<Interval>> {
        let of = |t: &Tally| Interval::of(*t.side.get(side), t.n());
        // A pooled tally is never empty, so there always is an interval.
        Some(self.pooled.as_ref()?.as_ref().and_then(|t| of(t).ok_or_else(crate::core::estate::seen::Fault::silent)))
    }

    /// Old answers may still come out of caches for this long.
    pub(super) fn ageing(&self, now: Now) -> Option<std::time::Duration> {
        let changed = self.name.changed.as_ref()?;
        let ttl = std::time::Duration::from_secs(changed.old_ttl?.into());
        ttl.checked_sub(now.since(changed.at)).filter(|left| !left.is_zero())
    }

    /// How far the name is from what it should be: unknown first, then by the distance of what is served (else configured) from
    /// what is planned (else configured).
    pub(super) fn distance(&self) -> (u8, f64) {
        let configured = self.configured.as_ref().shown().map(|c| c.share.target);
        let wanted = planned(self.plan).map(|p| p.target).or(configured);
        let served = self.served(Side::Target);
        let rank = |live: bool, shown: bool| if live { 0 } else { 2 - u8::from(shown) };
        let c = rank(self.configured.is_live(), configured.is_some());
        let s = served.as_ref().map_or(0, |s| rank(s.is_live(), s.as_ref().shown().is_some()));
        let is = served.and_then(Seen::shown).map(|i| i.share).or(configured);
        (c.max(s), is.zip(wanted).map_or(1.0, |(a, b)| (a - b).abs()))
    }

    fn planned_cell(&self, side: Side) -> Cell {
        planned(self.plan).map_or_else(Cell::none, |p| share_cell(*p.get(side)))
    }

    fn configured_cell(&self, side: Side) -> Cell {
        let planned = planned(self.plan);
        Cell::seen(self.configured.as_ref(), |c| {
            let share = *c.share.get(side);
            let differs = planned.is_some_and(|p| (p.get(side) - share).abs() > 1e-9);
            share_cell(share).tone(if differs { Tone::Warn } else { Tone::Plain })
        })
    }

    /// `9.8 ±0.6 %`. Good while the configured share may be the true one; one interval in twenty misses it by chance, so what is
    /// just outside is plain, and what is twice as far off is to be looked at.
    fn served_cell(&self, side: Side) -> Cell {
        let Some(served) = self.served(side) else { return Cell::none() };
        let configured = self.configured.as_ref().shown().map(|c| *c.share.get(side));
        Cell::seen(served, |i| {
            let text = format!("{:.1} ±{:.1} %", i.share * 100.0, i.half() * 100.0);
            let tone = match configured {
                Some(c) if i.holds(c) => Tone::Good,
                Some(c) if (i.share - c).abs() > 2.0 * i.half() => Tone::Warn,
                _ => Tone::Plain,
            };
            Cell::number(i.share, text).tone(tone)
        })
    }

    /// Served less configured, of the target, in points.
    fn delta_cell(&self) -> Cell {
        let Some(served) = self.served(Side::Target) else { return Cell::none() };
        Cell::seen(served.zip(self.configured.clone()), |(i, c)| {
            let delta = (i.share - c.share.target) * 100.0;
            Cell::number(delta, format!("{delta:+.1} pp"))
        })
    }

    fn ttl_cell(&self) -> Cell {
        let answered = self.name.answered_ttl();
        Cell::seen(self.configured.as_ref(), |c| match (c.ttl, c.alias, answered) {
            (Some(ttl), false, _) => Cell::number(ttl.into(), format!("{ttl} s")),
            (Some(ttl), true, _) => Cell::number(ttl.into(), format!("{ttl} s, alias")),
            // An alias has its target's, which only answers show.
            (None, _, Some(ttl)) => Cell::number(ttl.into(), format!("alias, {ttl} s")),
            (None, ..) => Cell::text("alias").tone(Tone::Muted),
        })
    }

    fn change_cell(&self, now: Now) -> Cell {
        let Some(changed) = &self.name.changed else { return Cell::none() };
        let since = now.since(changed.at);
        let (text, tone) = self.ageing(now).map_or_else(
            || (format!("{} ago", short(since)), Tone::Plain),
            |left| (format!("{} ago, caches {}", short(since), short(left)), Tone::Busy),
        );
        Cell::number(since.as_secs_f64(), text).tone(tone)
    }

    fn samples_cell(&self) -> Cell {
        self.pooled.as_ref().map_or_else(Cell::none, |p| Cell::seen(p.as_ref(), |t| Cell::count(t.n())))
    }

    fn age_cell(&self) -> Cell {
        let records = self.configured.as_ref().map(|_| ());
        let all = match &self.pooled {
            Some(pooled) => records.zip(pooled.as_ref().map(|_| ())).map(|_| ()),
            None => records,
        };
        Cell::age(&all)
    }
}

fn summary(state: &State, now: Now) -> Vec<Cell> {
    let mut lines = Line::all(state, now);
    lines.sort_by(|a, b| b.distance().partial_cmp(&a.distance()).unwrap_or(std::cmp::Ordering::Equal));
    let mut out = Vec::new();
    if let Some(worst) = lines.first() {
        let (rank, distance) = worst.distance();
        let (text, tone) = match rank {
            0 if distance > 0.02 => (format!("{}: {:.1} pp off", worst.plan.name, distance * 100.0), Tone::Warn),
            0 => ("as planned".to_owned(), Tone::Good),
            1 => (format!("{}: stale", worst.plan.name), Tone::Stale),
            _ => (format!("{}: not known", worst.plan.name), Tone::Blind),
        };
        out.push(Cell::text(text).tone(tone));
    }
    let odd: usize =
        state.each().map(|(plan, name)| name.set.at(now).shown().map_or(0, |r| remarks(plan, r).len())).sum();
    if odd > 0 {
        out.push(Cell::text(format!("{odd} remarks on record sets")).tone(Tone::Warn));
    }
    for (id, change) in &state.changes {
        out.push(Cell::seen(change.at(now), |c| {
            let (word, tone) = if c.insync { ("INSYNC", Tone::Good) } else { ("PENDING", Tone::Busy) };
            Cell::text(format!("change {id} {word}")).tone(tone)
        }));
    }
    out.push(Cell::text(format!("{} names", state.names.len())).tone(Tone::Muted));
    out
}

/// `source VIR`: the heading over a side's columns.
pub(super) fn heading(state: &State, side: Side) -> Cow<'static, str> {
    format!("{side} {}", state.plan.sites.get(side).label).into()
}

fn names(state: &State, now: Now) -> Table {
    let mut columns = vec![
        Column::text("name", "name", 16).grow(1),
        Column::text("type", "type", 5).drop(6),
        Column::number("ttl", "TTL", 6).drop(4),
    ];
    let ids: Sides<[&'static str; 3]> = Sides {
        source: ["source_planned", "source_configured", "source_served"],
        target: ["target_planned", "target_configured", "target_served"],
    };
    for side in Side::BOTH {
        let [planned, configured, served] = *ids.get(side);
        let of = || heading(state, side);
        columns.push(Column::number(planned, "planned", 7).of(of()).drop(if side == Side::Source { 5 } else { 2 }));
        columns.push(Column::number(configured, "config", 7).of(of()));
        columns.push(Column::number(served, "served", 11).of(of()));
    }
    columns.extend([
        Column::number("delta", "delta", 8).drop(3),
        Column::number("samples", "samples", 7).drop(4),
        Column::text("change", "changed", 8).drop(3),
        Column::number("age", "age", 5).drop(1),
    ]);
    let rows = Line::all(state, now).into_iter().map(|line| {
        let mut cells = vec![
            Cell::text(line.plan.name.clone()),
            Cell::text(line.plan.record_type.word()),
            line.ttl_cell(),
        ];
        for side in Side::BOTH {
            cells.extend([line.planned_cell(side), line.configured_cell(side), line.served_cell(side)]);
        }
        cells.extend([line.delta_cell(), line.samples_cell(), line.change_cell(now), line.age_cell()]);
        Row { id: line.id(), cells }
    });
    Table {
        id: "names",
        title: "Names".into(),
        columns,
        rows: rows.collect(),
        empty: "the plan names no DNS name: add [[dns]]",
    }
}

fn records(state: &State, now: Now) -> Table {
    let mut rows = Vec::new();
    for line in Line::all(state, now) {
        let seen = line.name.set.at(now);
        for record in seen.as_ref().shown().into_iter().flat_map(|r| r.iter()) {
            let cells = record_cells(line.plan, record).into_iter();
            // Cells of a set that is stale are stale, each of them.
            let cells = cells.map(|c| if seen.is_live() { c } else { c.tone(Tone::Stale) });
            let id = format!("{} {}", line.id(), record.set_id.as_deref().unwrap_or(""));
            rows.push(Row { id, cells: cells.chain([Cell::age(&seen)]).collect() });
        }
    }
    Table {
        id: "records",
        title: "Records".into(),
        columns: vec![
            Column::text("name", "name", 16).grow(1),
            Column::text("set", "set identifier", 8),
            Column::text("side", "side", 6),
            Column::number("weight", "weight", 6),
            Column::number("ttl", "TTL", 6).drop(2),
            Column::text("value", "value", 16).grow(1).drop(3),
            Column::text("check", "health check", 8).drop(4),
            Column::number("age", "age", 5).drop(1),
        ],
        rows,
        empty: "no record of the plan's names is known",
    }
}

fn record_cells(plan: &DnsName, record: &Record) -> [Cell; 7] {
    let value = match &record.alias {
        Some(alias) => format!("alias {}", alias.target),
        None => record.values.join(" "),
    };
    let check = match (&record.health_check, &record.alias) {
        (Some(id), _) => Cell::text(id.clone()),
        (None, Some(alias)) if alias.evaluate_health => Cell::text("target's"),
        _ => Cell::none(),
    };
    [
        Cell::text(plan.name.clone()),
        record.set_id.clone().map_or_else(Cell::none, Cell::text),
        side_of(plan, record).map_or_else(|| Cell::text("neither").tone(Tone::Warn), |s| Cell::text(s.word())),
        match record.routing {
            Routing::Weighted(w) => Cell::number(w.into(), w.to_string()),
            Routing::Simple => Cell::text("simple").tone(Tone::Warn),
            Routing::Other(policy) => Cell::text(policy).tone(Tone::Warn),
        },
        record.ttl.map_or_else(|| Cell::text("alias").tone(Tone::Muted), |t| Cell::number(t.into(), format!("{t} s"))),
        Cell::text(value),
        check,
    ]
}

fn servers(state: &State, now: Now) -> Table {
    let mut rows = Vec::new();
    for line in Line::all(state, now) {
        for server in &line.name.servers {
            let id = format!("{} {} {}", line.id(), server.address, server.role.word());
            let mut cells = vec![Cell::text(line.plan.name.clone())];
            cells.extend(server_cells(&line, server, now));
            rows.push(Row { id, cells });
        }
    }
    let mut columns = vec![Column::text("name", "name", 16).grow(1)];
    columns.extend(server_columns(state));
    Table { id: "servers", title: "Servers".into(), columns, rows, empty: "the plan names no server to ask" }
}

pub(super) fn server_columns(state: &State) -> Vec<Column> {
    vec![
        Column::text("server", "server", 14),
        Column::text("role", "role", 8).drop(3),
        Column::number("asked", "asked", 6).drop(4),
        Column::number("answered", "answered", 6).drop(4),
        Column::number("loss", "loss", 6).drop(1),
        Column::number("rtt", "rtt", 6).drop(2),
        Column::number("source", "served", 7).of(heading(state, Side::Source)),
        Column::number("target", "served", 7).of(heading(state, Side::Target)),
        Column::number("neither", "neither", 7).drop(2),
        Column::number("samples", "samples", 7).drop(3),
        Column::number("age", "age", 5).drop(1),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(super) fn server_cells(line: &Line<'_>, server: &Server, now: Now) -> Vec<Cell> {
    let pulse = server.last.at(now);
    let (asked, answered) = server.window.asked();
    let tally = line.name.tally(server, now);
    let share = |k: fn(&Tally) -> u64| {
        Cell::seen(tally.as_ref(), |t| {
            if t.n() == 0 { Cell::text("no sample").tone(Tone::Busy) } else { share_cell(k(t) as f64 / t.n() as f64) }
        })
    };
    let mut neither = share(|t| t.neither);
    if tally.as_ref().live().is_some_and(|t| t.neither > 0) {
        neither = neither.tone(Tone::Warn);
    }
    vec![
        Cell::text(server.address.to_string()),
        Cell::seen(pulse.as_ref(), |p| {
            // A server that the plan calls authoritative and that does not call itself so answers out of a cache.
            let lame = server.role == super::facts::Role::Authoritative && !p.authority;
            if lame { Cell::text("no authority").tone(Tone::Warn) } else { Cell::text(server.role.word()) }
        }),
        Cell::seen(pulse.as_ref(), |_| Cell::count(asked)),
        Cell::seen(pulse.as_ref(), |_| Cell::count(answered)),
        Cell::seen(pulse.as_ref(), |p| {
            if asked == 0 {
                return Cell::none();
            }
            let loss = (asked - answered) as f64 / asked as f64;
            let text = p.trouble.as_ref().map_or_else(|| percent(loss), |t| format!("{} {t}", percent(loss)));
            Cell::number(loss, text).tone(if loss > LOSSY { Tone::Warn } else { Tone::Plain })
        }),
        Cell::seen(pulse.as_ref(), |p| Cell::number(p.rtt.as_secs_f64(), format!("{:.1} ms", p.rtt.as_secs_f64() * 1e3))),
        share(|t| t.side.source),
        share(|t| t.side.target),
        neither,
        Cell::seen(tally.as_ref(), |t| Cell::count(t.n())),
        Cell::age(&pulse),
    ]
}

/// The overview's tile: the name that is furthest from what it should be.
pub(super) fn tiles(state: &State, now: Now) -> Vec<Tile> {
    let mut lines = Line::all(state, now);
    lines.sort_by(|a, b| b.distance().partial_cmp(&a.distance()).unwrap_or(std::cmp::Ordering::Equal));
    let Some(worst) = lines.first() else { return Vec::new() };
    let mut note = worst.plan.name.clone();
    if let Some(p) = planned(worst.plan) {
        note.push_str(&format!(" · planned {}", percent(p.target)));
    }
    note.push_str(&format!(" · configured {}", worst.configured_cell(Side::Target).text));
    if let Some(served) = worst.served(Side::Target).and_then(Seen::shown) {
        note.push_str(&format!(" · served {}–{} of {} samples", percent(served.low), percent(served.high), served.n));
    }
    if let Some(left) = worst.ageing(now) {
        note.push_str(&format!(" · caches {}", short(left)));
    }
    let share = |side| if worst.pooled.is_some() { worst.served_cell(side) } else { worst.configured_cell(side) };
    vec![Tile {
        id: "traffic",
        title: "Traffic in the target".into(),
        value: share(Side::Target),
        note: note.into(),
        sides: Side::BOTH.map(|side| (state.plan.sites.get(side).label.clone().into(), share(side))).into(),
        spark: worst.name.curve.tail(60),
        panel: State::ID,
    }]
}
