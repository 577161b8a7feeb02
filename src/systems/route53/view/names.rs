//! The names: the planned, configured and served shares of each, and the difference from its goal.

use std::time::Duration;

use super::{heading, share_cell};
use crate::route53::{
    state::{Name, State},
    weighted::{Configured, planned},
    wilson::Interval,
    window::Tally,
};
use base::{
    now::{Age, Now, short},
    observed::{Fault, Observed},
    side::{Side, Sides},
    view::{Cell, Column, Row, SPARK, Table, Tone},
};
use plan::DnsName;

/// The data of a name's row, computed once.
pub(super) struct Line<'a> {
    pub plan: &'a DnsName,
    pub name: &'a Name,
    pub configured: Observed<Configured>,
    pub pooled: Option<Observed<Tally>>,
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

    pub(super) fn served(&self, side: Side) -> Option<Observed<Interval>> {
        let of = |t: &Tally| Interval::of(*t.side.get(side), t.n());
        // A pooled tally is never empty, so there always is an interval.
        Some(self.pooled.as_ref()?.as_ref().and_then(|t| of(t).ok_or_else(Fault::silent)))
    }

    /// How much longer caches may return old answers.
    pub(super) fn ageing(&self, now: Now) -> Option<Duration> {
        let changed = self.name.changed.as_ref()?;
        let ttl = Duration::from_secs(changed.old_ttl?.into());
        ttl.checked_sub(now.since(changed.at)).filter(|left| !left.is_zero())
    }

    /// The difference of a name from its goal: unknown names first, then by the distance of the served share (else the configured one) from
    /// the planned share (else the configured one).
    pub(super) fn distance(&self) -> (u8, f64) {
        let configured = self.configured.as_ref().shown().map(|c| c.share.target);
        let wanted = planned(self.plan).map(|p| p.target).or(configured);
        let served = self.served(Side::Target);
        let rank = |live: bool, shown: bool| if live { 0 } else { 2 - u8::from(shown) };
        let c = rank(self.configured.is_fresh(), configured.is_some());
        let s = served.as_ref().map_or(0, |s| rank(s.is_fresh(), s.as_ref().shown().is_some()));
        let is = served.and_then(Observed::shown).map(|i| i.share).or(configured);
        (c.max(s), is.zip(wanted).map_or(1.0, |(a, b)| (a - b).abs()))
    }

    pub(super) fn planned_cell(&self, side: Side) -> Cell {
        planned(self.plan).map_or_else(Cell::none, |p| share_cell(*p.get(side)))
    }

    pub(super) fn configured_cell(&self, side: Side) -> Cell {
        let planned = planned(self.plan);
        Cell::seen(self.configured.as_ref(), |c| {
            let share = *c.share.get(side);
            let differs = planned.is_some_and(|p| (p.get(side) - share).abs() > 1e-9);
            share_cell(share).tone(if differs { Tone::Warn } else { Tone::Plain })
        })
    }

    /// `9.8 ±0.6 %`. Good while the interval contains the configured share. One interval in twenty misses it by chance, so a share just
    /// outside is plain, and one at twice the distance is a warning.
    pub(super) fn served_cell(&self, side: Side) -> Cell {
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

    /// Served less configured share of the target, in points.
    fn delta_cell(&self) -> Cell {
        let Some(served) = self.served(Side::Target) else { return Cell::none() };
        Cell::seen(served.zip(self.configured.clone()), |(i, c)| {
            let delta = (i.share - c.share.target) * 100.0;
            // What is rounded to zero has no sign of its own.
            let sign = if delta > -0.05 { '+' } else { '−' };
            Cell::number(delta, format!("{sign}{:.1} pp", delta.abs()))
        })
    }

    fn ttl_cell(&self) -> Cell {
        let answered = self.name.answered_ttl();
        Cell::seen(self.configured.as_ref(), |c| match (c.ttl, c.alias, answered) {
            (Some(ttl), false, _) => Cell::number(ttl.into(), format!("{ttl} s")),
            (Some(ttl), true, _) => Cell::number(ttl.into(), format!("{ttl} s, alias")),
            // An alias uses its target's, which only the answers show.
            (None, _, Some(ttl)) => Cell::number(ttl.into(), format!("alias, {ttl} s")),
            (None, ..) => Cell::text("alias").tone(Tone::Muted),
        })
    }

    fn change_cell(&self, now: Now) -> Cell {
        let Some(changed) = &self.name.changed else { return Cell::none() };
        let since = now.since(changed.at);
        let (text, tone) = self.ageing(now).map_or_else(
            || (format!("{} ago", short(since)), Tone::Plain),
            |left| (format!("{} ago, caches may be old for {}", short(since), short(left)), Tone::Busy),
        );
        Cell::number(since.as_secs_f64(), text).tone(tone)
    }

    fn samples_cell(&self) -> Cell {
        self.pooled.as_ref().map_or_else(Cell::none, |p| Cell::seen(p.as_ref(), |t| Cell::count(t.n())))
    }

    /// The age of the older of the configured and the served share.
    pub(super) fn age(&self) -> Option<Age> {
        self.known().age()
    }

    fn age_cell(&self) -> Cell {
        Cell::age(&self.known())
    }

    fn known(&self) -> Observed<()> {
        let records = self.configured.as_ref().map(|_| ());
        match &self.pooled {
            Some(pooled) => records.zip(pooled.as_ref().map(|_| ())).map(|_| ()),
            None => records,
        }
    }
}

pub(super) fn names(state: &State, now: Now) -> Table {
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
        Column::spark("lately", "lately"),
        Column::number("delta", "delta", 8).drop(3),
        Column::number("samples", "samples", 7).drop(4),
        Column::text("change", "changed", 8).drop(3),
        Column::number("age", "age", 5).drop(1),
    ]);
    let rows = Line::all(state, now).into_iter().map(|line| {
        let mut cells =
            vec![Cell::text(line.plan.name.clone()), Cell::text(line.plan.record_type.word()), line.ttl_cell()];
        for side in Side::BOTH {
            cells.extend([line.planned_cell(side), line.configured_cell(side), line.served_cell(side)]);
        }
        let lately = Cell::spark(&line.served_cell(Side::Target), line.name.curve.last(SPARK));
        cells.extend([lately, line.delta_cell(), line.samples_cell(), line.change_cell(now), line.age_cell()]);
        Row::new(line.id(), cells)
    });
    Table {
        id: "names",
        title: "Names".into(),
        columns,
        rows: rows.collect(),
        empty: "the plan has no DNS name: add [[dns]]",
    }
}
