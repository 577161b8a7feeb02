//! The overview's tiles: primaries, write downtime, replication lag.

use super::{
    leader::Leader,
    set::Set,
    state::State,
    view::{lag_cell, trend},
};
use crate::System;
use base::{
    now::{Now, short},
    observed::{Fault, FaultKind, Observed},
    side::Side,
    view::{Cell, Tile, Tone},
};

/// The panel table that contains the tiles' rows.
const SETS: &str = "sets";

pub(super) fn tiles(state: &State, now: Now) -> Vec<Tile> {
    if state.sets.is_empty() {
        return Vec::new();
    }
    vec![primaries_tile(state, now), downtime_tile(state, now), lag_tile(state, now)]
}

fn primaries_tile(state: &State, now: Now) -> Tile {
    let n = state.sets.len();
    let on = |set: &Set, side| set.leader(now).map(|l| l.host().is_some_and(|h| set.side(h) == Some(side)));
    let count =
        |side| Observed::all(state.sets.iter().map(|s| on(s, side))).map(|on| on.into_iter().filter(|x| *x).count());
    let none = state.sets.iter().filter(|s| matches!(s.leader(now), Observed::Fresh(Leader::Nobody, _)));
    let none: Vec<_> = none.map(|s| s.name.as_str()).collect();
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let cell = |k: usize| Cell::number(k as f64, format!("{k} of {n}"));
    let reached = count(Side::Target);
    let age = reached.age();
    let value = Cell::seen(reached, |k| {
        cell(k).tone(if !none.is_empty() {
            Tone::Bad
        } else if k == n {
            Tone::Good
        } else {
            Tone::Plain
        })
    });
    let unreached: Vec<_> =
        state.sets.iter().filter_map(|s| Some(format!("{} ({})", s.out_of_reach(now)?, s.name))).collect();
    let note = match (none.is_empty(), unreached.is_empty()) {
        (false, _) => format!("NO PRIMARY: {}", none.join(", ")).into(),
        (true, false) => format!("not reachable from this machine: {}", unreached.join(", ")).into(),
        (true, true) => "in the target and writable".into(),
    };
    let sides = Side::BOTH.map(|s| (state.plan.sites.get(s).label.clone().into(), Cell::seen(count(s), cell)));
    // Unknown is worse than no primary, and no primary is worse than one on the wrong side.
    let rank = |s: &&Set| match s.leader(now) {
        Observed::Fresh(Leader::Nobody, _) => 2,
        Observed::Fresh(..) => u8::from(on(s, Side::Source).fresh() == Some(true)),
        _ => 3,
    };
    let first = state.sets.iter().rev().max_by_key(rank);
    Tile {
        id: "primaries",
        title: "Primaries".into(),
        value,
        note,
        sides: sides.into(),
        spark: Vec::new(),
        age,
        panel: State::ID,
        row: first.map(|s| (SETS, s.name.clone())),
    }
}

fn downtime_tile(state: &State, now: Now) -> Tile {
    let budget = state.plan.budgets.write_downtime;
    let spent = |s: &Set| s.downtime.spent(now.boot);
    let known = Observed::all(state.sets.iter().map(|s| s.leader(now).map(|_| ())));
    let worst = state.sets.iter().map(|s| (s, s.lost(now))).max_by_key(|(_, lost)| lost.time);
    let unseen = state.sets.iter().map(|s| spent(s).unseen).max().unwrap_or_default();
    let age = known.age();
    let value = Cell::seen(known, |_| {
        let Some((set, lost)) = worst else { return Cell::none() };
        let tone = match lost.time {
            _ if set.overspends(now) => Tone::Bad,
            // What spent it is over: a fact, and nothing to be done about it.
            d if d > budget => Tone::Plain,
            d if d * 2 > budget => Tone::Warn,
            _ => Tone::Good,
        };
        Cell::number(lost.time.as_secs_f64(), format!("{lost} of {}", short(budget))).tone(tone)
    });
    let note = |(s, lost): (&Set, _)| {
        let word = if lost > budget { "OVERSPENT, " } else { "" };
        format!("{word}worst: {}", s.name)
    };
    let mut note =
        worst.map(|(s, lost)| (s, lost.time)).filter(|(_, lost)| !lost.is_zero()).map_or_else(String::new, note);
    if worst.is_some_and(|(s, _)| spent(s).now_for.is_some()) {
        note.push_str(", and counting");
    }
    if !unseen.is_zero() {
        note.push_str(&format!("{}{} not observed", if note.is_empty() { "" } else { "; " }, short(unseen)));
    }
    Tile {
        id: "write_downtime",
        title: "Write downtime".into(),
        value,
        note: note.into(),
        sides: Vec::new(),
        spark: Vec::new(),
        age,
        panel: State::ID,
        row: worst.map(|(s, _)| (SETS, s.name.clone())),
    }
}

/// The lag of a set without known followers, if the reason is that its members are not known.
fn not_known<T>(set: &Set, now: Now) -> Option<Observed<T>> {
    let config = set.config.at(now);
    let none = || Fault::new(FaultKind::Empty, format!("{}: its configuration is unknown", set.name));
    (!config.is_fresh()).then(|| config.and_then(|_| Err(none())))
}

fn lag_tile(state: &State, now: Now) -> Tile {
    let of = |side| {
        let all: Vec<_> = state
            .sets
            .iter()
            .filter_map(|s| match s.worst_lag(side, now) {
                Some(worst) => Some(worst.map(|(lag, host)| (lag, host, s))),
                // No known follower there; a set with unknown members may have any lag.
                None => not_known(s, now),
            })
            .collect();
        if all.is_empty() {
            return None;
        }
        Some(Observed::all(all).and_then(|all| {
            let worst = all.into_iter().max_by_key(|(l, ..)| l.least());
            worst.ok_or_else(|| Fault::new(FaultKind::Empty, "no secondary"))
        }))
    };
    let worst = of(None);
    let whose = worst.as_ref().and_then(|w| w.as_ref().shown());
    let member = whose.and_then(|(_, host, set)| Some((set, host, set.members.get(host)?)));
    let (note, spark) = member.map_or_else(Default::default, |(set, host, member)| {
        let lag = whose.map(|(l, ..)| l.least()).unwrap_or_default();
        let way = trend(member, lag);
        (format!("{}/{host} {}", set.name, way.text), member.lags.last(60))
    });
    Tile {
        id: "replication_lag",
        age: worst.as_ref().and_then(Observed::age),
        row: member.map(|(set, host, _)| ("members", format!("{}/{host}", set.name))),
        title: "Replication lag".into(),
        value: lag_cell(worst.clone().map(|w| w.map(|(l, ..)| l))),
        note: note.into(),
        sides: Side::BOTH
            .map(|s| (state.plan.sites.get(s).label.clone().into(), lag_cell(of(Some(s)).map(|w| w.map(|(l, ..)| l)))))
            .into(),
        spark,
        panel: State::ID,
    }
}
