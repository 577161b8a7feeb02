//! The verification of a change, by the records that are there now: applied, unchanged, or in conflict. The same for the real servers and
//! the simulated ones.

use super::{
    batch::{self, Weighted},
    facts::Epoch,
    ops::{Call, RecordsSeen, Version},
};
use base::{operation::Verified, step::Truth};

/// Verifies a change of `before` under this tag; `records` and `epochs` are the current ones.
///
/// Only record sets that took part in the change are compared. The epoch distinguishes our own change from an external change to the same
/// values.
pub(super) fn change(
    call: &Call,
    before: &RecordsSeen,
    tag: &str,
    records: impl IntoIterator<Item = Weighted>,
    epochs: &[Epoch],
) -> Verified<Version> {
    let (_, name) = call.of();
    let place = Epoch::place(name);
    let mut records: Vec<Weighted> =
        records.into_iter().filter(|r| before.records.iter().any(|old| old.same(r))).collect();
    batch::sort(&mut records);
    let there = RecordsSeen { records, epoch: epochs.iter().find(|e| e.name == place).cloned() };
    let ours = batch::made(call, before, tag);
    if there == ours {
        return Verified::new(Truth::Applied, as_it_is(&there));
    }
    if there == *before {
        return Verified::new(Truth::NotApplied, as_it_is(&there));
    }
    let detail = if there.epoch == ours.epoch {
        format!("it was applied, and then changed externally: {}", differences(&ours, &there, &place))
    } else {
        format!("external change: {}", differences(before, &there, &place))
    };
    Verified::new(Truth::Conflict, detail)
}

/// Whether all servers have an epoch; `without` is the number that do not, `of` the number of all.
pub(super) fn in_sync(epoch: u64, without: usize, of: usize) -> Verified<Version> {
    synced(without == 0, &format!("{without} of {of} servers without epoch {epoch}"))
}

/// Whether a change has reached all servers.
pub(super) fn synced(done: bool, what: &str) -> Verified<Version> {
    let (truth, word) = if done { (Truth::Applied, "INSYNC") } else { (Truth::NotApplied, "PENDING") };
    Verified::new(truth, format!("{what}: {word}"))
}

fn epoch(of: &RecordsSeen) -> String {
    of.epoch.as_ref().map_or_else(|| "no epoch".to_owned(), |e| e.values.join(" "))
}

fn as_it_is(there: &RecordsSeen) -> String {
    let weights: Vec<String> = there.records.iter().map(|r| format!("{} {}", r.set_id, r.weight)).collect();
    format!("{}, {}", weights.join(", "), epoch(there))
}

/// Each record set that has changed, by name, with its current state.
fn differences(was: &RecordsSeen, there: &RecordsSeen, place: &str) -> String {
    let mut out = Vec::new();
    for old in &was.records {
        match there.records.iter().find(|new| new.same(old)) {
            Some(new) if new == old => {}
            Some(new) => out.push(format!("{} (was {})", batch::describe(new), unlike(old, new))),
            None => out.push(format!("{} {} {}: no longer exists", old.name, old.record_type.word(), old.set_id)),
        }
    }
    if was.epoch != there.epoch {
        out.push(format!("{place}: {} (was {})", epoch(there), epoch(was)));
    }
    out.join("; ")
}

/// The old values that differ from the new ones.
fn unlike(old: &Weighted, new: &Weighted) -> String {
    let ttl = |r: &Weighted| r.ttl.map_or_else(|| "no TTL".to_owned(), |ttl| format!("TTL {ttl} s"));
    let mut out = Vec::new();
    out.extend((old.weight != new.weight).then(|| format!("weight {}", old.weight)));
    out.extend((old.ttl != new.ttl).then(|| ttl(old)));
    out.extend((old.values != new.values).then(|| old.values.join(" ")));
    let alias =
        || old.alias.as_ref().map_or_else(|| "no alias".to_owned(), |a| format!("alias of {} in {}", a.target, a.zone));
    out.extend((old.alias != new.alias).then(alias));
    let check =
        || old.health_check.as_ref().map_or_else(|| "no health check".to_owned(), |h| format!("health check {h}"));
    out.extend((old.health_check != new.health_check).then(check));
    out.join(", ")
}
