//! A change of weights or of the time to live, whose precondition is the observed state.
//!
//! A side's weight is the sum over its record sets. Where a side has several set identifiers it is divided in proportion to the weights
//! observed, equally if those are all 0; the remainder goes to the largest fractions, then to the first by identifier. The inverse does not
//! divide again: it names each record set's own previous weight.
//!
//! A weighted set has one time to live: all its record sets change in one batch, including those of neither side. An alias has none of its
//! own and does not change.

use std::time::Duration;

use indexmap::IndexMap;

use super::{Call, Drafted, Goal, HAND, RecordsSeen, SetTtl, SetWeight, Version, Wish, both_zero, ops, unknown};
use crate::{
    planner::{known, profile},
    route53::{
        batch::{self, Weighted},
        facts::{Epoch, Record, Routing},
        state::{Name, State},
        weighted::{configured, remarks, side_of},
    },
};
use base::{
    now::Now,
    observed::{Fault, FaultKind},
    operation::{Change, Draft},
    side::{Side, Sides},
    step::Kind,
};
use plan::DnsName;

impl State {
    /// The desired weights of each zone's record sets.
    pub(super) fn weights(&self, name: &str, weights: Sides<u8>, now: Now) -> Result<Vec<Goal>, Vec<Fault>> {
        let mut faults: Vec<Fault> = both_zero(name, weights).into_iter().collect();
        let mut zones = IndexMap::<&str, Vec<SetWeight>>::new();
        for (plan, known) in self.named(name) {
            match of_sides(plan, known, now) {
                Ok(records) => zones.entry(&plan.zone).or_default().extend(share(plan, &records, weights)),
                Err(more) => faults.extend(more),
            }
        }
        if self.named(name).next().is_none() {
            faults.push(unknown(name));
        }
        let goal = |(zone, sets): (&str, Vec<SetWeight>)| Goal { zone: zone.to_owned(), wish: Wish::Weights(sets) };
        if faults.is_empty() { Ok(zones.into_iter().map(goal).collect()) } else { Err(faults) }
    }

    /// The desired times to live of each zone's record sets.
    pub(super) fn times(&self, name: &str, ttl: u32, now: Now) -> Result<Vec<Goal>, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut zones = IndexMap::<&str, Vec<SetTtl>>::new();
        for (plan, known) in self.named(name) {
            let records = match of_all(plan, known, now) {
                Ok(records) => records,
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            let own: Vec<&Weighted> = records.iter().filter(|r| r.ttl.is_some()).collect();
            if own.is_empty() {
                let text = format!(
                    "{} {}: all its record sets are aliases, which have no TTL of their own: they are answered with their target's",
                    plan.name,
                    plan.record_type.word()
                );
                faults.push(Fault::new(FaultKind::Unsupported, text));
            }
            let set = |r: &Weighted| SetTtl { record_type: r.record_type, set_id: r.set_id.clone(), ttl };
            zones.entry(&plan.zone).or_default().extend(own.into_iter().map(set));
        }
        if self.named(name).next().is_none() {
            faults.push(unknown(name));
        }
        let goal = |(zone, sets): (&str, Vec<SetTtl>)| Goal { zone: zone.to_owned(), wish: Wish::Ttl(sets) };
        if faults.is_empty() { Ok(zones.into_iter().map(goal).collect()) } else { Err(faults) }
    }

    /// Binds the goals to the observed records.
    pub(super) fn assemble(&self, name: &str, goals: &[Goal], now: Now) -> Drafted {
        let (mut draft, mut faults) = (Draft::nothing(), Vec::new());
        for goal in goals {
            match self.observed(name, goal, now) {
                Ok(observed) => self.add(&mut draft, name, goal, &observed, &mut faults),
                Err(more) => faults.extend(more),
            }
        }
        if faults.is_empty() { Ok(draft) } else { Err(faults) }
    }

    fn add(
        &self,
        draft: &mut Draft<Call, Version>,
        name: &str,
        goal: &Goal,
        observed: &RecordsSeen,
        faults: &mut Vec<Fault>,
    ) {
        let named: Vec<(_, &str)> = match &goal.wish {
            Wish::Weights(sets) => sets.iter().map(|s| (s.record_type, s.set_id.as_str())).collect(),
            Wish::Ttl(sets) => sets.iter().map(|s| (s.record_type, s.set_id.as_str())).collect(),
        };
        for (record_type, set_id) in named {
            if !observed.records.iter().any(|r| r.record_type == record_type && r.set_id == set_id) {
                let text = format!("{name} {} {set_id}: the record set no longer exists", record_type.word());
                faults.push(Fault::new(FaultKind::NotFound, text));
            }
        }
        let call = goal.call(name);
        let after = batch::after(&call, observed);
        if after == observed.records || !faults.is_empty() {
            return;
        }
        for (plan, known) in self.named(name).filter(|(plan, _)| plan.zone == goal.zone) {
            match goal.wish {
                Wish::Weights(_) => self.explain(draft, plan, known, &after),
                Wish::Ttl(_) => aging(draft, plan, &observed.records, &after),
            }
        }
        let epoch = batch::epoch(&call, observed);
        draft.diff.extend(changes(observed, &after));
        draft.diff.push(Change {
            thing: Epoch::mark(name),
            from: observed.epoch.as_ref().map_or_else(|| "none".to_owned(), |_| (epoch - 1).to_string()),
            to: epoch.to_string(),
        });
        let at = |ops: &Vec<_>| u16::try_from(ops.len()).unwrap_or(u16::MAX);
        let what = what(observed, &after);
        let edits = batch::edits(&call, observed, HAND).unwrap_or_default();
        let account = profile(&self.plan.route53);
        draft.ops.extend(ops(&account, call, what, Kind::Compared, observed, &edits, at(&draft.ops)));
        let prior = Goal { zone: goal.zone.clone(), wish: prior(&goal.wish, &observed.records) };
        draft.inverse.extend(prior.ops(&account, name, after, epoch, at(&draft.inverse)));
    }

    /// Adds notes for the operator, the settle time, and broken conditions.
    pub(super) fn explain(&self, draft: &mut Draft<Call, Version>, plan: &DnsName, known: &Name, after: &[Weighted]) {
        let of = |w: &&Weighted| w.record_type == plan.record_type;
        let mut records: Vec<Record> = after.iter().filter(of).map(Weighted::record).collect();
        let what = format!("{} {}", plan.name, plan.record_type.word());
        let old = known.set.last().map_or(&[][..], |(r, _)| r);
        let strays: Vec<Record> = old.iter().filter(|r| side_of(plan, r).is_none()).cloned().collect();
        // If no TTL of an alias is known: the TTL that Route 53 uses for a load balancer.
        let alias = old.iter().any(|r| r.alias.is_some()).then(|| known.answered_ttl().unwrap_or(60));
        let ttl = old.iter().filter_map(|r| r.ttl).max().max(alias).unwrap_or(0);
        draft.settle = draft.settle.max(Duration::from_secs(ttl.into()));
        draft.notes.push(match alias {
            Some(_) => format!("{what}: caches may hold the old answer for {ttl} s after INSYNC, the TTL that its alias is answered with"),
            None => format!("{what}: caches may hold the old answer for {ttl} s after INSYNC, the old TTL"),
        });
        records.extend(strays);
        draft.notes.extend(remarks(plan, &records).into_iter().map(|(_, text)| format!("{what}: {text}")));
        for side in Side::BOTH {
            let own: Vec<&Record> = records.iter().filter(|r| side_of(plan, r) == Some(side)).collect();
            let silent = own.iter().filter(|r| r.routing == Routing::Weighted(0)).count();
            if silent > 0 && silent < own.len() {
                draft.notes.push(format!("{what}: {silent} of {} record sets of the {side} get no traffic", own.len()));
            }
        }
        if configured(plan, &records).is_ok_and(|c| c.weight.source + c.weight.target == 0) {
            draft.broken.push(format!("{what}: the weights of both sides would be 0"));
        }
    }

    /// The record sets of a name in a zone that take part in a change, and its epoch.
    fn observed(&self, name: &str, goal: &Goal, now: Now) -> Result<RecordsSeen, Vec<Fault>> {
        let (mut records, mut epoch, mut faults) = (Vec::new(), None, Vec::new());
        for (plan, known_name) in self.named(name).filter(|(plan, _)| plan.zone == goal.zone) {
            let own = match goal.wish {
                Wish::Weights(_) => of_sides(plan, known_name, now),
                Wish::Ttl(_) => of_all(plan, known_name, now).map_err(|f| vec![f]),
            };
            match own {
                Ok(own) => records.extend(own),
                Err(more) => faults.extend(more),
            }
            let place = Epoch::place(name);
            match known(known_name.epoch.at(now), &place) {
                Ok(Some(found)) if found.read().is_none() => {
                    let text = format!("{place}: not a value written by landfall: {}", found.values.join(" "));
                    faults.push(Fault::new(FaultKind::Malformed, text));
                }
                Ok(found) => epoch.clone_from(found),
                Err(fault) => faults.push(fault),
            }
        }
        if records.is_empty() && faults.is_empty() {
            faults.push(unknown(name));
        }
        batch::sort(&mut records);
        if faults.is_empty() { Ok(RecordsSeen { records, epoch }) } else { Err(faults) }
    }
}

impl State {
    /// Names whose record sets were read and cannot be weighted: none exists, they are not weighted ones, or one of the plan's identifiers
    /// is missing.
    pub(in super::super) fn unweighted(&self, now: Now) -> Vec<Fault> {
        let of = |(plan, name): (&DnsName, &Name)| sides_of(plan, name.set.at(now).fresh()?).err();
        self.each().filter_map(of).flatten().collect()
    }
}

impl Goal {
    /// The stored inverse that restores this goal, once `after` is there under `epoch`. Its preconditions are bound again when it is
    /// previewed.
    ///
    /// Its command must match whether a person or a run has sent the change: it is not known yet which of them writes the epoch's text. So
    /// it compares all record sets and sets the epoch without comparing it.
    pub(super) fn ops(&self, account: &str, name: &str, after: Vec<Weighted>, epoch: u64, at: u16) -> [super::Op; 2] {
        let there = RecordsSeen { records: after, epoch: Some(Epoch::written(name, epoch, HAND)) };
        let call = self.call(name);
        let what = what(&there, &batch::after(&call, &there));
        let edits = batch::edits(&call, &there, HAND).unwrap_or_default();
        ops(account, call, what, Kind::Compared, &there, &batch::whoever_sent_it(edits), at)
    }
}

/// The same wish with the values before the change.
pub(super) fn prior(wish: &Wish, records: &[Weighted]) -> Wish {
    match wish {
        Wish::Weights(_) => Wish::Weights(records.iter().map(weight_of).collect()),
        Wish::Ttl(_) => Wish::Ttl(records.iter().filter_map(ttl_of).collect()),
    }
}

fn weight_of(record: &Weighted) -> SetWeight {
    SetWeight { record_type: record.record_type, set_id: record.set_id.clone(), weight: record.weight }
}

fn ttl_of(record: &Weighted) -> Option<SetTtl> {
    Some(SetTtl { record_type: record.record_type, set_id: record.set_id.clone(), ttl: record.ttl? })
}

/// The settle time and the notes of a change of the time to live.
fn aging(draft: &mut Draft<Call, Version>, plan: &DnsName, before: &[Weighted], after: &[Weighted]) {
    let of = |w: &&Weighted| w.record_type == plan.record_type;
    let longest = |all: &[Weighted]| all.iter().filter(of).filter_map(|r| r.ttl).max().unwrap_or(0);
    let (old, new) = (longest(before), longest(after));
    let what = format!("{} {}", plan.name, plan.record_type.word());
    draft.settle = draft.settle.max(Duration::from_secs(old.into()));
    draft.notes.push(format!(
        "{what}: caches may hold an answer for {old} s, the old TTL, until INSYNC and that long after; then for {new} s"
    ));
    let aliases: Vec<&str> = before.iter().filter(of).filter(|r| r.ttl.is_none()).map(|r| r.set_id.as_str()).collect();
    if !aliases.is_empty() {
        draft.notes.push(format!("{what}: {} are aliases and keep their target's TTL", aliases.join(", ")));
    }
    let strays: Vec<&str> =
        before.iter().filter(of).filter(|r| side_of(plan, &r.record()).is_none()).map(|r| r.set_id.as_str()).collect();
    if !strays.is_empty() {
        draft.notes.push(format!(
            "{what}: {} belong to neither side and change too: a weighted set has one TTL",
            strays.join(", ")
        ));
    }
    if new > old {
        draft.notes.push(format!(
            "{what}: a longer TTL slows every later weight change by the same time, including the rollback"
        ));
    }
}

/// The weighted record sets of both sides: those that the plan names.
fn of_sides(plan: &DnsName, name: &Name, now: Now) -> Result<Vec<Weighted>, Vec<Fault>> {
    let what = format!("{} {}", plan.name, plan.record_type.word());
    let records = known(name.set.at(now), &what).map_err(|f| vec![f])?;
    sides_of(plan, records)
}

/// The same, from these records.
pub(super) fn sides_of(plan: &DnsName, records: &[Record]) -> Result<Vec<Weighted>, Vec<Fault>> {
    let what = format!("{} {}", plan.name, plan.record_type.word());
    // Simple records and other policies have no weights.
    configured(plan, records).map_err(|f| vec![f])?;
    let mut faults = Vec::new();
    for side in Side::BOTH {
        for id in plan.set_identifiers.get(side) {
            if !records.iter().any(|r| r.set_id.as_ref() == Some(id)) {
                faults.push(Fault::new(FaultKind::NotFound, format!("{what}: no record set {id} ({side})")));
            }
        }
    }
    let own = records.iter().filter(|r| side_of(plan, r).is_some()).filter_map(Weighted::of).collect();
    if faults.is_empty() { Ok(own) } else { Err(faults) }
}

/// All weighted record sets of a name, including those of neither side.
fn of_all(plan: &DnsName, name: &Name, now: Now) -> Result<Vec<Weighted>, Fault> {
    let records = known(name.set.at(now), &format!("{} {}", plan.name, plan.record_type.word()))?;
    configured(plan, records)?;
    Ok(records.iter().filter_map(Weighted::of).collect())
}

/// Divides each side's weight among its record sets.
pub(super) fn share(plan: &DnsName, records: &[Weighted], weights: Sides<u8>) -> Vec<SetWeight> {
    let mut out = Vec::new();
    for side in Side::BOTH {
        let mut own: Vec<&Weighted> = records.iter().filter(|r| side_of(plan, &r.record()) == Some(side)).collect();
        own.sort_by(|a, b| a.set_id.cmp(&b.set_id));
        let sum: u32 = own.iter().map(|r| u32::from(r.weight)).sum();
        let part = |r: &Weighted| if sum == 0 { 1 } else { u32::from(r.weight) };
        let of = if sum == 0 { u32::try_from(own.len()).unwrap_or(u32::MAX) } else { sum }.max(1);
        let total = u32::from(*weights.get(side));
        let mut each: Vec<(u32, u32)> = own.iter().map(|r| (total * part(r) / of, total * part(r) % of)).collect();
        let left = total - each.iter().map(|e| e.0).sum::<u32>();
        let mut order: Vec<usize> = (0..each.len()).collect();
        order.sort_by_key(|&i| (std::cmp::Reverse(each[i].1), i));
        for &i in order.iter().take(left as usize) {
            each[i].0 += 1;
        }
        out.extend(own.iter().zip(each).map(|(r, (weight, _))| SetWeight {
            record_type: r.record_type,
            set_id: r.set_id.clone(),
            weight: u8::try_from(weight).unwrap_or(u8::MAX),
        }));
    }
    out
}

/// The record sets that change: before, after.
fn changed<'a>(observed: &'a RecordsSeen, after: &'a [Weighted]) -> impl Iterator<Item = (&'a Weighted, &'a Weighted)> {
    observed.records.iter().zip(after).filter(|(old, new)| old != new)
}

fn thing(record: &Weighted) -> String {
    format!("{} {} {}", record.name, record.record_type.word(), record.set_id)
}

/// The quantity that differs between two versions of a record set, and its values: the weight, else the TTL in seconds.
fn differs(old: &Weighted, new: &Weighted) -> (&'static str, String, String) {
    let ttl = |r: &Weighted| format!("{} s", r.ttl.unwrap_or_default());
    if old.weight == new.weight {
        ("TTL", ttl(old), ttl(new))
    } else {
        ("weight", old.weight.to_string(), new.weight.to_string())
    }
}

/// The change of each record set.
pub(super) fn changes(observed: &RecordsSeen, after: &[Weighted]) -> Vec<Change> {
    let line = |(old, new)| {
        let (name, from, to) = differs(old, new);
        Change { thing: thing(old), from: format!("{name} {from}"), to: format!("{name} {to}") }
    };
    changed(observed, after).map(line).collect()
}

/// The same in one line.
pub(super) fn what(observed: &RecordsSeen, after: &[Weighted]) -> String {
    let line = |(old, new)| {
        let (name, from, to) = differs(old, new);
        format!("{} {name} {from} → {to}", thing(old))
    };
    changed(observed, after).map(line).collect::<Vec<_>>().join(", ")
}
