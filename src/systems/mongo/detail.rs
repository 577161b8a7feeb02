//! The detail view of a row: everything known of one set or one member, with its curves.

use std::{borrow::Cow, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    canary::gap_fields,
    facts::{InitialSync, Membership},
    set::{Member, Set},
    signals::{self, committed, side_word},
    state::State,
    view::{
        downtime_cell, has_no_data, heard, lag_cell, last_op, member_columns, member_rows, primary_cell, site,
        state_cell, trend, window_cell,
    },
};
use base::{
    history::Drain,
    now::{Now, short},
    observed::Observed,
    side::Side,
    signal::Unit,
    view::{Cell, Curve, Detail, Line, Series, Table, Tone, grouped},
};
use plan::Plan;

type Fields = Vec<(Cow<'static, str>, Cell)>;

pub(super) fn detail(state: &State, table: &str, row: &str, now: Now) -> Option<Detail> {
    match table {
        "sets" => state.sets.iter().find(|s| s.name == row).map(|s| of_set(s, &state.plan, now)),
        "members" => {
            let (set, host) = row.split_once('/')?;
            let set = state.sets.iter().find(|s| s.name == set)?;
            let (host, member) = set.members.get_key_value(host)?;
            Some(of_member(set, host, member, &state.plan, now))
        }
        _ => None,
    }
}

fn of_set(set: &Set, plan: &Plan, now: Now) -> Detail {
    let mut fields = primary_fields(set, plan, now);
    fields.extend(gap_fields(set, now));
    fields.extend(server_fields(set, now));
    fields.extend(majority_fields(set, plan, now));
    let follows = set.distinct().filter(|(h, _)| set.lag(h, now).is_some());
    let lags = Curve {
        lines: follows.map(|(h, m)| lag_line(set, h, m, plan, now)).collect(),
        ..Curve::new("lag", Unit::Seconds)
    };
    let curves = if lags.is_empty() { Vec::new() } else { vec![lags] };
    let members = Table {
        id: "members",
        title: "Members".into(),
        columns: member_columns(),
        rows: member_rows(set, plan, now).into(),
        empty: "no member is known",
    };
    Detail { title: format!("Replica set {}", set.name), fields, curves, tables: vec![members] }
}

/// Which member is the primary, and for how long there was none.
fn primary_fields(set: &Set, plan: &Plan, now: Now) -> Fields {
    let leader = set.leader(now);
    let spent = set.downtime.spent(now.boot);
    vec![
        ("primary".into(), primary_cell(&leader)),
        (
            "term".into(),
            Cell::seen(set.leaders_view(now), |s| s.term.map_or_else(Cell::none, |t| number(t, t.to_string()))),
        ),
        ("report themselves primary".into(), {
            let claims: Vec<_> = set.claims(now).iter().map(ToString::to_string).collect();
            Cell::seen(leader, |_| {
                Cell::text(claims.join(", ")).tone(if claims.len() > 1 { Tone::Bad } else { Tone::Plain })
            })
        }),
        ("write downtime".into(), downtime_cell(set, plan, now)),
        ("outages".into(), Cell::count(u64::from(spent.outages))),
        ("current outage".into(), spent.now_for.map_or_else(Cell::none, |d| Cell::text(short(d)).tone(Tone::Bad))),
        (
            "time not observed".into(),
            if spent.unseen.is_zero() { Cell::none() } else { Cell::text(short(spent.unseen)).tone(Tone::Warn) },
        ),
    ]
}

/// What the primary runs, and with which configuration.
fn server_fields(set: &Set, now: Now) -> Fields {
    vec![
        (
            "long operations".into(),
            Cell::seen(set.under_way(now), |o| match o.named() {
                Some(named) => Cell::number(o.longest().as_secs_f64(), named).tone(Tone::Warn),
                None => Cell::number(o.longest().as_secs_f64(), "none of 1 s or longer").tone(Tone::Good),
            }),
        ),
        (
            "configuration".into(),
            Cell::seen(set.config.at(now), |c| {
                let term = c.term.map_or_else(String::new, |t| format!(" of term {t}"));
                number(c.version, format!("version {}{term}, as {} has it", c.version, c.from))
            }),
        ),
        ("committed".into(), flag(committed(set, now))),
        (
            "election time-out".into(),
            Cell::seen(set.config.at(now), |c| c.election_timeout.map_or_else(Cell::none, |d| Cell::text(short(d)))),
        ),
        (
            "flow control".into(),
            Cell::seen(set.of_leader(now, |m| m.server.at(now)), |s| match s.flow_lagged {
                Some(true) => Cell::text("throttles writes").tone(Tone::Bad),
                Some(false) => Cell::text("idle").tone(Tone::Good),
                None => Cell::text("off or not supported by this version").tone(Tone::Muted),
            }),
        ),
        (
            "oplog window of the primary".into(),
            window_cell(set.of_leader(now, |m| m.server.at(now)).map(super::facts::Server::window)),
        ),
    ]
}

/// The votes, and what the set survives with them.
fn majority_fields(set: &Set, plan: &Plan, now: Now) -> Fields {
    let quorum = set.quorum(now);
    let label = |side| &plan.sites.get(side).label;
    let votes = Cell::seen(quorum.as_ref(), |q| {
        let third = if q.third > 0 { format!(", other {}", q.third) } else { String::new() };
        let (s, t) = (q.votes.source, q.votes.target);
        Cell::text(format!(
            "{} {s}, {} {t}{third}; a majority is {}",
            label(Side::Source),
            label(Side::Target),
            q.majority
        ))
    });
    let survives = [
        (format!("majority without {}", label(Side::Source)), quorum.as_ref().map(|q| q.without_source)),
        (format!("majority without {}", label(Side::Target)), quorum.as_ref().map(|q| q.without_target)),
        ("majority without the link".to_owned(), quorum.as_ref().map(|q| q.without_link)),
        ("primary keeps its majority without the link".to_owned(), quorum.as_ref().map(|q| q.at_home)),
    ];
    let mut fields: Fields = vec![("votes".into(), votes)];
    fields.extend(survives.into_iter().map(|(name, value)| (name.into(), flag(value))));
    fields
}

fn flag(value: Observed<bool>) -> Cell {
    Cell::seen(value, |yes| Cell::text(if yes { "yes" } else { "NO" }).tone(good(yes)))
}

fn of_member(set: &Set, host: &Arc<str>, member: &Member, plan: &Plan, now: Now) -> Detail {
    let status = || set.status(host, now);
    let inside = |cell: Cell| if has_no_data(set, host, member, now) { Cell::none() } else { cell };
    let configured = || set.configured(host, now);
    let yes = |yes: bool| Cell::text(if yes { "yes" } else { "no" });
    let lag = set.lag(host, now);
    let mut fields: Fields = vec![
        ("side".into(), site(plan, set.side(host))),
        ("state".into(), state_cell(set, host, member, now)),
        ("accepts writes".into(), Cell::seen(member.hello.at(now), |h| yes(h.writable))),
        (
            "reports itself primary".into(),
            Cell::seen(member.hello.at(now), |h| h.primary.clone().map_or_else(Cell::none, Cell::text)),
        ),
        ("term".into(), inside(Cell::seen(status(), |s| s.term.map_or_else(Cell::none, |t| number(t, t.to_string()))))),
        ("lag".into(), lag_cell(lag.clone())),
        ("trend".into(), lag.map_or_else(Cell::none, |l| Cell::seen(l, |l| trend(member, l.least())))),
        (
            "last operation applied".into(),
            inside(Cell::seen(status(), |s| s.applied_wall.map_or_else(Cell::none, stamp))),
        ),
        (
            "last operation, age".into(),
            inside(Cell::seen(last_op(set, host, now), |d| d.map_or_else(Cell::none, span))),
        ),
        (
            "copies from".into(),
            inside(Cell::seen(status(), |s| s.sync_source.clone().map_or_else(Cell::none, Cell::text))),
        ),
        ("oplog window".into(), inside(window_cell(member.server.at(now).map(super::facts::Server::window)))),
        ("version".into(), Cell::seen(member.server.at(now), |s| Cell::text(s.version.clone()))),
        ("up for".into(), Cell::seen(member.server.at(now), |s| s.uptime.map_or_else(Cell::none, span))),
    ];
    fields.push((
        "configured".into(),
        Cell::seen(configured(), |m| {
            m.map_or_else(
                || Cell::text("not in the configuration"),
                |m| {
                    let mut text = format!("votes {}, priority {}", m.votes, m.priority);
                    let late = format!(", delayed by {}", short(m.delay));
                    for (on, word) in [(m.hidden, ", hidden"), (m.arbiter, ", arbiter"), (!m.delay.is_zero(), &*late)] {
                        text.push_str(if on { word } else { "" });
                    }
                    Cell::text(text)
                },
            )
        }),
    ));
    fields.push((
        "internal name".into(),
        Cell::seen(configured(), |m| m.and_then(|m| m.inside).map_or_else(Cell::none, Cell::text)),
    ));
    fields.push((
        "tags".into(),
        Cell::seen(configured(), |m| {
            let tags: Vec<_> = m.iter().flat_map(|m| &m.tags).map(|(n, v)| format!("{n}={v}")).collect();
            if tags.is_empty() { Cell::none() } else { Cell::text(tags.join(" ")) }
        }),
    ));
    if let Some(Membership::In(s)) = member.status.at(now).shown()
        && let Some(sync) = s.initial_sync
    {
        fields.extend(first_copy(member, sync).map(|(name, cell)| (name.into(), cell)));
    }
    fields.push(("last answer".into(), Cell::age(&heard(set, host, member, now))));
    let curves = vec![Curve::new("lag", Unit::Seconds).with(lag_line(set, host, member, plan, now))];
    Detail { title: format!("{host} of {}", set.name), fields, curves, tables: Vec::new() }
}

/// The server's own estimate starts too high; this one uses the rate of the last minutes.
fn first_copy(member: &Member, sync: InitialSync) -> [(&'static str, Cell); 3] {
    let left = sync.total.map(|t| t.saturating_sub(sync.copied));
    let done = match (sync.total, sync.databases) {
        (Some(total), _) => format!("{} of {} bytes", grouped(sync.copied), grouped(total)),
        (None, Some((done, all))) => format!("{done} of {all} databases"),
        (None, None) => "started".to_owned(),
    };
    #[expect(clippy::cast_precision_loss, reason = "for an estimate")]
    let eta = left.map_or(Drain::Unknown, |left| member.to_copy.drain(left as f64));
    let failed = Cell::count(u64::from(sync.failed)).tone(if sync.failed > 0 { Tone::Warn } else { Tone::Plain });
    [
        ("initial sync", Cell::text(done).tone(Tone::Busy)),
        ("initial sync, done in", Cell::text(eta.to_string())),
        ("initial sync, failed attempts", failed),
    ]
}

fn lag_line(set: &Set, host: &str, member: &Member, plan: &Plan, now: Now) -> Line {
    let side = set.side(host);
    let at = side.map_or_else(|| "other".to_owned(), |s| plan.sites.get(s).label.clone());
    let line = Line::new(at, side, member.lags.iter(), now)
        .of(Series::of(&signals::MEMBER_LAG, &[set.name.as_str(), host, side_word(side)]));
    match side {
        Some(Side::Target) => line.of(Series::of(&signals::WORST_TARGET_LAG, &[set.name.as_str()])),
        _ => line,
    }
}

fn good(yes: bool) -> Tone {
    if yes { Tone::Good } else { Tone::Bad }
}

#[expect(clippy::cast_precision_loss, reason = "for sorting")]
fn number(n: i64, text: String) -> Cell {
    Cell::number(n as f64, text)
}

fn span(d: Duration) -> Cell {
    Cell::number(d.as_secs_f64(), short(d))
}

fn stamp(t: Timestamp) -> Cell {
    Cell::instant_ms(t)
}
