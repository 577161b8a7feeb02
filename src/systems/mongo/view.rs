//! The panel's two tables, as data.

use std::{sync::Arc, time::Duration};

use super::{
    canary::gap_cell,
    facts::{InitialSync, MemberState, Membership},
    lag::Lag,
    leader::Leader,
    set::{Member, Set},
    signals::{committed, side_word},
    state::State,
};
use crate::System;
use base::{
    history::{Drain, Trend},
    now::{Now, short},
    observed::{FaultKind, Observed},
    side::Side,
    view::{Cell, Column, Group, Key, Panel, Row, SPARK, Table, Tone},
};
use plan::Plan;

/// Lag that is shown as good up to the first, as a warning from the second on, and as an error from the third: colours only, never a
/// decision. The last is the default of the plan's gate; a member that is slow for a moment is none of these.
const LAG_TONES: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10)];
/// An oplog window below this leaves too little time to repair a follower.
const WINDOW_LOW: Duration = Duration::from_secs(24 * 3600);

pub(super) fn panel(state: &State, now: Now) -> Panel {
    let plan = &state.plan;
    let has_canary = state.sets.iter().any(|set| !set.canaries.is_empty());
    let sets = state.sets.iter().map(|s| set_row(s, plan, has_canary, now)).collect();
    let members = state.sets.iter().flat_map(|s| member_rows(s, plan, now)).collect();
    let ages = state.sets.iter().flat_map(|s| s.distinct().filter_map(|(host, m)| heard(s, host, m, now).age()));
    Panel {
        id: State::ID,
        title: State::TITLE,
        group: Group::Data,
        summary: state.sets.iter().filter_map(|s| trouble(s, now)).collect(),
        tables: vec![
            Table {
                id: "sets",
                title: "Replica sets".into(),
                columns: set_columns(plan, has_canary),
                rows: sets,
                empty: "the plan has no replica set",
            },
            Table {
                id: "members",
                title: "Members".into(),
                columns: member_columns(),
                rows: members,
                empty: "the plan has no replica set",
            },
        ],
        oldest: ages.max(),
    }
}

/// The most severe problem of a set as a short text, if there is one.
fn trouble(set: &Set, now: Now) -> Option<Cell> {
    who_leads(set, now).or_else(|| {
        let strange =
            |m: &Member| m.hello.fault().filter(|f| f.kind == FaultKind::NotFound).map(|f| f.text.to_string());
        let strange = set.members.values().find_map(strange).map(|text| Cell::text(text).tone(Tone::Bad));
        strange.or_else(|| set.unmatched(now).map(|text| Cell::text(text).tone(Tone::Warn)))
    })
}

fn who_leads(set: &Set, now: Now) -> Option<Cell> {
    let claims = set.claims(now);
    match set.leader(now) {
        Observed::Fresh(Leader::Writable(_), _) if claims.len() > 1 => {
            Some(Cell::text(format!("{}: {} primaries", set.name, claims.len())).tone(Tone::Bad))
        }
        Observed::Fresh(Leader::Writable(_), _) => None,
        Observed::Fresh(Leader::Nobody, _) => Some(Cell::text(format!("{}: NO PRIMARY", set.name)).tone(Tone::Bad)),
        Observed::Stale(..) | Observed::Unknown(_) if set.out_of_reach(now).is_some() => {
            let host = set.out_of_reach(now).map_or("", |h| &**h);
            Some(Cell::text(format!("{}: primary {host} not reachable from this machine", set.name)).tone(Tone::Bad))
        }
        Observed::Stale(_, age) => Some(Cell::text(format!("{}: last read {age} ago", set.name)).tone(Tone::Stale)),
        // What the plan names does not exist: not a server's failure, and not temporary.
        Observed::Unknown(f) if f.kind == FaultKind::NotFound => Some(Cell::text(f.text.to_string()).tone(Tone::Bad)),
        Observed::Unknown(f) => Some(Cell::text(format!("{}: {}", set.name, f.kind.word())).tone(Tone::Blind)),
        Observed::Pending => Some(Cell::text(format!("{}: waiting", set.name)).tone(Tone::Blind)),
    }
}

/// With the canaries' measurements, where canaries are running: only in the session that has control.
fn set_columns(plan: &Plan, has_canary: bool) -> Vec<Column> {
    let heading = |side: Side| format!("{side} {}", plan.sites.get(side).label);
    // Whether a majority is left if all members of a side are lost.
    let lost = |id, side: Side| {
        let title = format!("{} lost", plan.sites.get(side).label).into();
        Column { title, ..Column::text(id, "", 3).of("majority if").drop(2) }
    };
    let mut columns = vec![
        Column::text("set", "set", 6).grow(1),
        Column::text("primary", "primary", 12).grow(2),
        Column::text("side", "side", 4),
        Column::text("writable", "writable", 3),
    ];
    for (side, members, lag) in
        [(Side::Source, "source_members", "source_lag"), (Side::Target, "target_members", "target_lag")]
    {
        columns.push(Column::number(members, "mem/vote", 5).of(heading(side)).drop(3));
        columns.push(Column::number(lag, "lag", 5).of(heading(side)));
    }
    columns.extend([
        Column::number("delta_votes", "votes", 3).of("delta").drop(6),
        Column::number("oplog", "oplog", 5).drop(4),
        lost("no_source", Side::Source),
        lost("no_target", Side::Target),
        Column::text("no_link", "link cut", 3).of("majority if").drop(2),
        Column::text("at_home", "primary site", 3).of("majority if").drop(5),
        Column::text("committed", "config", 4).drop(5),
        Column::number("downtime", "down", 4).drop(1),
    ]);
    if has_canary {
        columns.push(Column::number("felt", "canary", 5).drop(1));
    }
    columns.push(Column::number("age", "age", 4));
    columns
}

fn set_row(set: &Set, plan: &Plan, has_canary: bool, now: Now) -> Row {
    let leader = set.leader(now);
    let quorum = set.quorum(now);
    let flag = |value: Observed<bool>| Cell::seen(value, |yes| yes_no(yes, Tone::Bad));
    let mut cells =
        vec![Cell::text(set.name.clone()), primary_cell(&leader), side_cell(set, plan, &leader), writable(set, now)];
    for side in Side::BOTH {
        cells.push(member_votes(set, side, now));
        cells.push(lag_cell(set.worst_lag(Some(side), now).map(|l| l.map(|(lag, _)| lag))));
    }
    let votes = |side: Side| set.config.at(now).map(move |c| votes_of(set, c, side));
    let delta = votes(Side::Target).zip(votes(Side::Source)).map(|(t, s)| i64::from(t) - i64::from(s));
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    cells.push(Cell::seen(delta, |d| Cell::number(d as f64, format!("{d:+}"))));
    cells.push(window_cell(set.of_leader(now, |m| m.server.at(now)).map(super::facts::Server::window)));
    cells.push(flag(quorum.as_ref().map(|q| q.without_source)));
    cells.push(flag(quorum.as_ref().map(|q| q.without_target)));
    cells.push(flag(quorum.as_ref().map(|q| q.without_link)));
    cells.push(flag(quorum.as_ref().map(|q| q.at_home)));
    cells.push(Cell::seen(committed(set, now), |yes| match yes {
        true => Cell::text("committed").tone(Tone::Good),
        false => Cell::text("spreading").tone(Tone::Busy),
    }));
    cells.push(downtime_cell(set, plan, now));
    if has_canary {
        cells.push(gap_cell(set, now));
    }
    cells.push(Cell::age(&leader));
    Row::new(set.name.clone(), cells)
}

pub(super) fn primary_cell(leader: &Observed<Leader>) -> Cell {
    Cell::seen(leader.as_ref(), |l| match l {
        Leader::Writable(host) => Cell::text(host.to_string()),
        Leader::Nobody => Cell::text("NO PRIMARY").tone(Tone::Bad),
    })
}

fn side_cell(set: &Set, plan: &Plan, leader: &Observed<Leader>) -> Cell {
    Cell::seen(leader.as_ref(), |l| l.host().map_or_else(Cell::none, |h| site(plan, set.side(h))))
}

/// A side by its label; `other` for a third site.
pub(super) fn site(plan: &Plan, side: Option<Side>) -> Cell {
    Cell::text(side.map_or_else(|| side_word(None).to_owned(), |s| plan.sites.get(s).label.clone()))
}

fn writable(set: &Set, now: Now) -> Cell {
    let claims = set.claims(now).len();
    Cell::seen(set.leader(now), |l| match l {
        Leader::Writable(_) if claims > 1 => Cell::text(format!("{claims} primaries")).tone(Tone::Bad),
        l => yes_no(l.host().is_some(), Tone::Bad),
    })
}

fn yes_no(yes: bool, no: Tone) -> Cell {
    if yes { Cell::text("yes").tone(Tone::Good) } else { Cell::text("NO").tone(no) }
}

fn votes_of(set: &Set, config: &super::facts::Config, side: Side) -> u32 {
    config.members.iter().filter(|m| set.side(&m.host) == Some(side)).map(|m| m.votes).sum()
}

fn member_votes(set: &Set, side: Side, now: Now) -> Cell {
    Cell::seen(set.config.at(now), |c| {
        let members = c.members.iter().filter(|m| set.side(&m.host) == Some(side)).count();
        let votes = votes_of(set, c, side);
        Cell::number(f64::from(votes), format!("{members}/{votes}"))
    })
}

/// A lag. Where no member follows, it is neither a lag nor zero.
pub(super) fn lag_cell(lag: Option<Observed<Lag>>) -> Cell {
    lag.map_or_else(Cell::none, |lag| {
        // A member answers, and has no lag yet.
        if matches!(&lag, Observed::Unknown(f) if f.kind == FaultKind::Empty) {
            return Cell { text: "unknown".into(), key: Key::None, tone: Tone::Blind };
        }
        Cell::seen(lag, |lag| {
            let d = lag.least();
            let tone = match d {
                d if d > LAG_TONES[2] => Tone::Bad,
                d if d > LAG_TONES[1] => Tone::Warn,
                d if d > LAG_TONES[0] => Tone::Plain,
                _ => Tone::Good,
            };
            Cell::number(d.as_secs_f64(), lag.to_string()).tone(tone)
        })
    })
}

pub(super) fn window_cell(window: Observed<Option<Duration>>) -> Cell {
    Cell::seen(window, |w| {
        w.map_or_else(Cell::none, |w| {
            let tone = if w < WINDOW_LOW { Tone::Warn } else { Tone::Plain };
            Cell::number(w.as_secs_f64(), short(w)).tone(tone)
        })
    })
}

/// Spent of the budget; unobserved time is shown beside it, because it may have been downtime, too.
pub(super) fn downtime_cell(set: &Set, plan: &Plan, now: Now) -> Cell {
    let (spent, lost) = (set.downtime.spent(now.boot), set.lost(now));
    let budget = plan.budgets.write_downtime;
    Cell::seen(set.leader(now), |_| {
        let unseen = if spent.unseen.is_zero() { String::new() } else { format!(" +{}?", short(spent.unseen)) };
        let tone = match lost.time {
            d if d > budget => Tone::Bad,
            d if d * 2 > budget || spent.now_for.is_some() => Tone::Warn,
            _ => Tone::Plain,
        };
        Cell::number(lost.time.as_secs_f64(), format!("{lost}{unseen}")).tone(tone)
    })
}

/// When a member was last observed: the worse of its `hello` and its status. For an arbiter only `hello` is queried.
pub(super) fn heard(set: &Set, host: &str, member: &Member, now: Now) -> Observed<()> {
    if set.is_arbiter(host) { member.hello.at(now).map(|_| ()) } else { member.membership(now).map(|_| ()) }
}

pub(super) fn member_columns() -> Vec<Column> {
    vec![
        Column::text("set", "set", 6).grow(1),
        Column::text("host", "host", 24).grow(3),
        Column::text("side", "side", 4),
        Column::text("state", "state", 9),
        Column::text("votes", "vote prio", 6).drop(3),
        Column::number("lag", "lag", 4),
        Column::spark("lately", "lately"),
        Column::text("trend", "trend", 4).drop(4),
        Column::number("last_op", "last op", 4).drop(5),
        Column::number("ping", "ping", 4).drop(6),
        Column::text("sync", "copies from", 10).grow(2).drop(7),
        Column::number("oplog", "oplog", 5).drop(2),
        Column::number("up", "up", 4).drop(8),
        Column::number("age", "age", 4),
    ]
}

/// Members in the configuration's order, then hosts outside it.
pub(super) fn member_rows(set: &Set, plan: &Plan, now: Now) -> Vec<Row> {
    let place = |host: &str| {
        let configured = set.config.last().and_then(|(c, _)| c.members.iter().position(|m| m.host == host));
        configured.unwrap_or(usize::MAX)
    };
    let mut members: Vec<_> = set.distinct().collect();
    members.sort_by_key(|(host, _)| place(host));
    members.into_iter().map(|(host, member)| member_row(set, host, member, plan, now)).collect()
}

fn member_row(set: &Set, host: &Arc<str>, member: &Member, plan: &Plan, now: Now) -> Row {
    let status = set.status(host, now);
    let ping = set.leaders_view(now).map(|s| s.members.iter().find(|p| p.host == **host).and_then(|p| p.ping));
    // A host outside the set and an arbiter have no position: that is no fault.
    let inside = |cell: Cell| if has_no_data(set, host, member, now) { Cell::none() } else { cell };
    let lag = set.lag(host, now);
    let behind = lag_cell(lag.clone());
    let lately = Cell::spark(&behind, member.lags.last(SPARK));
    let cells = vec![
        Cell::text(set.name.clone()),
        Cell::text(host.to_string()),
        site(plan, set.side(host)),
        state_cell(set, host, member, now),
        Cell::seen(set.configured(host, now), |m| {
            m.map_or_else(Cell::none, |m| {
                let late = if m.delay.is_zero() { String::new() } else { format!(" delayed {}", short(m.delay)) };
                let extra = [(m.hidden, " hidden"), (m.arbiter, " arbiter"), (!m.delay.is_zero(), &*late)];
                let extra: String = extra.iter().filter(|e| e.0).map(|e| e.1).collect();
                Cell::number(m.priority, format!("{} {}{extra}", m.votes, m.priority))
            })
        }),
        behind,
        lately,
        lag.map_or_else(Cell::none, |lag| Cell::seen(lag, |lag| trend(member, lag.least()))),
        inside(Cell::seen(last_op(set, host, now), |d| d.map_or_else(Cell::none, Cell::duration))),
        inside(Cell::seen(ping, |p| {
            p.map_or_else(Cell::none, |p| Cell::number(p.as_secs_f64(), format!("{}ms", p.as_millis())))
        })),
        inside(Cell::seen(status, |s| s.sync_source.clone().map_or_else(Cell::none, Cell::text))),
        inside(window_cell(member.server.at(now).map(super::facts::Server::window))),
        match set.is_arbiter(host) {
            true => Cell::none(),
            false => Cell::seen(member.server.at(now), |s| s.uptime.map_or_else(Cell::none, Cell::duration)),
        },
        Cell::age(&heard(set, host, member, now)),
    ];
    Row::new(format!("{}/{host}", set.name), cells)
}

/// Whether it has no data of the set: it reported that it is in none, or it is an arbiter.
pub(super) fn has_no_data(set: &Set, host: &str, member: &Member, now: Now) -> bool {
    set.is_arbiter(host) || matches!(member.status.at(now).shown(), Some(Membership::Waiting | Membership::Removed))
}

/// Age of a member's last operation: a frozen follower of an idle set looks level, but its last operation gets old.
pub(super) fn last_op(set: &Set, host: &str, now: Now) -> Observed<Option<Duration>> {
    set.status(host, now).map(|s| {
        let written = s.applied_wall.and_then(|w| set.on_our_clock(w));
        written.map(|w| now.boot.saturating_sub(w))
    })
}

pub(super) fn state_cell(set: &Set, host: &str, member: &Member, now: Now) -> Cell {
    let writable = member.hello.at(now).fresh().map(|h| h.writable);
    let leads = set.leader(now).shown().and_then(|l| l.host().map(|h| **h == *host)).unwrap_or(false);
    // `hello` is pushed and the status is polled: where they differ on the primary, `hello` is newer.
    match writable {
        Some(true) if leads => return Cell::text("PRIMARY").tone(Tone::Good),
        Some(true) => return Cell::text("OLD PRIMARY").tone(Tone::Bad),
        _ => {}
    }
    // A member that does not answer us has no state of its own to show. The primary knows whether it is down or only unreachable from here.
    if let Some(fault) = member.hello.fault() {
        let leader = set.leaders_view(now).fresh();
        let down = leader.is_some_and(|s| s.members.iter().any(|p| p.host == *host && p.state == MemberState::Down));
        let tone = if fault.kind == FaultKind::NotFound { Tone::Bad } else { Tone::Blind };
        return match down {
            true => Cell::text(MemberState::Down.word()).tone(Tone::Bad),
            false => Cell { text: fault.kind.word().into(), key: Key::None, tone },
        };
    }
    if set.is_arbiter(host) {
        return Cell::seen(member.hello.at(now), |_| Cell::text(MemberState::Arbiter.word()).tone(Tone::Good));
    }
    if matches!(member.status.at(now), Observed::Pending) && set.is_outside(host, now) {
        return Cell::text("not in the set").tone(Tone::Muted);
    }
    // A member in its initial sync accepts no login before it has copied its users. The primary sees its state.
    if matches!(member.status.at(now), Observed::Unknown(f) if f.kind == FaultKind::Empty)
        && let Some(peer) = set.leaders_view(now).fresh().and_then(|s| s.members.iter().find(|p| p.host == *host))
    {
        return word(peer.state, None);
    }
    Cell::seen(member.membership(now), |m| match m {
        Membership::Waiting => Cell::text("not in the set").tone(Tone::Muted),
        Membership::Removed => Cell::text("REMOVED").tone(Tone::Warn),
        Membership::In(s) => word(s.state, s.initial_sync),
    })
}

/// A state of a member that is not a writable primary.
fn word(state: MemberState, sync: Option<InitialSync>) -> Cell {
    match (state, sync) {
        (MemberState::Primary, _) => Cell::text("NOT WRITABLE").tone(Tone::Warn),
        (MemberState::Secondary | MemberState::Arbiter, _) => Cell::text(state.word()).tone(Tone::Good),
        (MemberState::Startup2, Some(sync)) => {
            let share = sync.total.filter(|t| *t > 0).map(|t| format!(" {} %", (sync.copied * 100 / t).min(100)));
            Cell::text(format!("STARTUP2{}", share.unwrap_or_default())).tone(Tone::Busy)
        }
        (MemberState::Startup | MemberState::Startup2 | MemberState::Recovering, _) => {
            Cell::text(state.word()).tone(Tone::Busy)
        }
        (other, _) => Cell::text(other.word()).tone(Tone::Bad),
    }
}

/// The trend of the lag: up or down by more than a hundredth of a second per second, and when it will be zero.
pub(super) fn trend(member: &Member, lag: Duration) -> Cell {
    let Some(s) = member.slope.per_second() else { return Cell::none() };
    let notable = s.abs() > 0.01 && lag >= LAG_TONES[0];
    match member.slope.trend().filter(|_| notable) {
        Some(Trend::Rising) => {
            let tone = if lag >= LAG_TONES[1] { Tone::Warn } else { Tone::Plain };
            Cell::number(s, format!("↑ {s:+.2}s/s")).tone(tone)
        }
        Some(Trend::Falling) => match member.slope.drain(lag.as_secs_f64()) {
            Drain::In(d) => Cell::number(s, format!("↓ caught up in {}", base::now::estimate(d))).tone(Tone::Busy),
            _ => Cell::number(s, "↓"),
        },
        _ => Cell::number(s, "→").tone(Tone::Muted),
    }
}
