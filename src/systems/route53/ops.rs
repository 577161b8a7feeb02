//! What may be changed: the weights of a name, each change with a new epoch, then a wait until all of Route 53's servers have it.
//!
//! A side's weight is that of its record sets together. Where a side has several set identifiers it is shared out in proportion to the
//! weights observed, evenly if those are all 0; what does not divide goes to the largest remainders, then to the first by identifier. The
//! way back does not share out again: it names each record set's own prior weight.

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{
    batch::{self, Weighted},
    facts::{Epoch, Record, Routing, normal},
    state::{Name, State},
    weighted::{configured, remarks, side_of},
};
use crate::{
    core::{
        estate::seen::{Fault, FaultKind, Seen},
        now::Now,
        step::Kind,
    },
    plan::{Action, DnsName, RecordType, Side, Sides},
    systems::steer::{self, Change, Draft, Handle, Operation, SIGNED, Steered, known, quoted},
};

/// A request or a wait.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// One batch: the observed record sets out, the same with these weights in, the epoch moved on.
    Weigh {
        /// Hosted zone id.
        zone: String,
        /// The name, normalised.
        name: String,
        /// The weight of each record set of both sides.
        sets: Vec<SetWeight>,
    },
    /// Until all of Route 53's servers have it. By the change's id, where the answer that named it came; else once each of the name's
    /// authoritative servers answers with this epoch or a later one.
    InSync {
        /// Hosted zone id.
        zone: String,
        /// The name, normalised.
        name: String,
        /// The epoch of the change.
        epoch: u64,
    },
}

/// The weight of one record set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SetWeight {
    /// Type.
    pub record_type: RecordType,
    /// Set identifier.
    pub set_id: String,
    /// Weight, 0–255.
    pub weight: u8,
}

/// What a call compares with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Record sets and epoch, as they were observed.
    Set(Observed),
    /// The id of a change.
    Change(String),
}

/// The record sets of a name's both sides, and its epoch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Observed {
    /// By type and set identifier.
    pub records: Vec<Weighted>,
    /// None where the name was never changed by landfall.
    pub epoch: Option<Epoch>,
}

/// A zone's part of what is wanted: the name's record sets there.
struct Goal {
    zone: String,
    sets: Vec<SetWeight>,
}

type Op = Operation<Call, Mark>;
type Drafted = steer::Drafted<Call, Mark>;

impl Steered for State {
    type Call = Call;
    type Mark = Mark;

    fn decides(ask: &Self::Ask) -> bool {
        matches!(ask, super::facts::Ask::Records(_))
    }

    fn draft(&self, action: &Action, now: Now) -> Option<Drafted> {
        let Action::SetWeights { name, weights } = action else { return None };
        Some(self.goals(name, *weights, now).and_then(|goals| self.assemble(&normal(name), &goals, now)))
    }

    fn back(&self, ops: &[Op], now: Now) -> Drafted {
        let mut names = IndexMap::<&str, Vec<Goal>>::new();
        for op in ops {
            if let Call::Weigh { zone, name, sets } = &op.call {
                names.entry(name).or_default().push(Goal { zone: zone.clone(), sets: sets.clone() });
            }
        }
        // A step is about one name, so its way back is too.
        match names.into_iter().collect::<Vec<_>>().as_slice() {
            [(name, goals)] => self.assemble(name, goals, now),
            [] => Ok(Draft::nothing()),
            _ => Err(vec![Fault::new(FaultKind::Malformed, "a way back of more than one name")]),
        }
    }

    fn met(&self, action: &Action, now: Now) -> Option<Seen<bool>> {
        let Action::SetWeights { name, weights } = action else { return None };
        let all = self.named(name).map(|(plan, known)| {
            known.configured(plan, now).map(|c| Side::BOTH.iter().all(|&s| *c.weight.get(s) == u32::from(*weights.get(s))))
        });
        Some(match Seen::all(all) {
            Seen::Never if self.named(name).next().is_none() => Seen::Blind(unknown(name)),
            seen => seen.map(|each| each.into_iter().all(|met| met)),
        })
    }
}

fn unknown(name: &str) -> Fault {
    Fault::new(FaultKind::NotFound, format!("the plan has no DNS name {name}"))
}

impl State {
    fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a DnsName, &'a Name)> {
        let name = normal(name);
        self.each().filter(move |(plan, _)| normal(&plan.name) == name)
    }

    /// What each zone's record sets are to weigh.
    fn goals(&self, name: &str, weights: Sides<u8>, now: Now) -> Result<Vec<Goal>, Vec<Fault>> {
        let mut faults = Vec::new();
        if weights.source == 0 && weights.target == 0 {
            let text = format!("{name}: both weights 0 would be an equal split of all record sets");
            faults.push(Fault::new(FaultKind::Malformed, text));
        }
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
        let goal = |(zone, sets): (&str, Vec<SetWeight>)| Goal { zone: zone.to_owned(), sets };
        if faults.is_empty() { Ok(zones.into_iter().map(goal).collect()) } else { Err(faults) }
    }

    /// Binds what is wanted to what is there.
    fn assemble(&self, name: &str, goals: &[Goal], now: Now) -> Drafted {
        let (mut draft, mut faults) = (Draft::nothing(), Vec::new());
        for goal in goals {
            match self.observed(name, &goal.zone, now) {
                Ok(observed) => self.add(&mut draft, name, goal, &observed, &mut faults),
                Err(more) => faults.extend(more),
            }
        }
        if faults.is_empty() { Ok(draft) } else { Err(faults) }
    }

    fn add(&self, draft: &mut Draft<Call, Mark>, name: &str, goal: &Goal, observed: &Observed, faults: &mut Vec<Fault>) {
        for set in &goal.sets {
            if !observed.records.iter().any(|r| r.record_type == set.record_type && r.set_id == set.set_id) {
                let text = format!("{name} {} {}: no such record set any more", set.record_type.word(), set.set_id);
                faults.push(Fault::new(FaultKind::NotFound, text));
            }
        }
        let after = batch::after(observed, &goal.sets);
        if after == observed.records || !faults.is_empty() {
            return;
        }
        let own: Vec<_> = self.named(name).filter(|(plan, _)| plan.zone == goal.zone).collect();
        for (plan, known) in &own {
            self.explain(draft, plan, known, &after);
        }
        let epoch = batch::next_epoch(observed);
        draft.diff.extend(changes(observed, &after));
        draft.diff.push(Change {
            thing: Epoch::place(name),
            from: observed.epoch.as_ref().map_or_else(|| "none".to_owned(), |_| (epoch - 1).to_string()),
            to: epoch.to_string(),
        });
        let at = u16::try_from(draft.ops.len()).unwrap_or(u16::MAX);
        draft.ops.extend(ops(name, goal, observed, epoch, at));
        let prior = Goal { zone: goal.zone.clone(), sets: observed.records.iter().map(weight_of).collect() };
        let there = Observed { records: after, epoch: Some(Epoch::written(name, epoch, "unknown")) };
        let at = u16::try_from(draft.back.len()).unwrap_or(u16::MAX);
        draft.back.extend(ops(name, &prior, &there, epoch + 1, at));
    }

    /// What an operator should know, what has to pass, and what must not be.
    fn explain(&self, draft: &mut Draft<Call, Mark>, plan: &DnsName, known: &Name, after: &[Weighted]) {
        let of = |w: &&Weighted| w.record_type == plan.record_type;
        let mut records: Vec<Record> = after.iter().filter(of).map(Weighted::record).collect();
        let what = format!("{} {}", plan.name, plan.record_type.word());
        let old = known.set.last().map_or(&[][..], |(r, _)| r);
        let strays: Vec<Record> = old.iter().filter(|r| side_of(plan, r).is_none()).cloned().collect();
        // Where nobody says what an alias is answered with: what Route 53 answers for a load balancer.
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

    /// All record sets of the plan's sides that a name has in a zone, and its epoch.
    fn observed(&self, name: &str, zone: &str, now: Now) -> Result<Observed, Vec<Fault>> {
        let (mut records, mut epoch, mut faults) = (Vec::new(), None, Vec::new());
        for (plan, known_name) in self.named(name).filter(|(plan, _)| plan.zone == zone) {
            match of_sides(plan, known_name, now) {
                Ok(own) => records.extend(own),
                Err(more) => faults.extend(more),
            }
            let place = Epoch::place(name);
            match known(known_name.epoch.at(now), &place) {
                Ok(Some(found)) if found.read().is_none() => {
                    let text = format!("{place}: not a value of ours: {}", found.values.join(" "));
                    faults.push(Fault::new(FaultKind::Malformed, text));
                }
                Ok(found) => epoch.clone_from(found),
                Err(fault) => faults.push(fault),
            }
        }
        if records.is_empty() && faults.is_empty() {
            faults.push(unknown(name));
        }
        records.sort_by(|a, b| (a.record_type, &a.set_id).cmp(&(b.record_type, &b.set_id)));
        if faults.is_empty() { Ok(Observed { records, epoch }) } else { Err(faults) }
    }
}

/// The weighted record sets of both sides, each of those that the plan names.
fn of_sides(plan: &DnsName, name: &Name, now: Now) -> Result<Vec<Weighted>, Vec<Fault>> {
    let what = format!("{} {}", plan.name, plan.record_type.word());
    let records = known(name.set.at(now), &what).map_err(|f| vec![f])?;
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

/// Shares each side's weight out among its record sets.
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

fn weight_of(record: &Weighted) -> SetWeight {
    SetWeight { record_type: record.record_type, set_id: record.set_id.clone(), weight: record.weight }
}

fn changes<'a>(observed: &'a Observed, after: &'a [Weighted]) -> impl Iterator<Item = Change> + 'a {
    observed.records.iter().zip(after).filter(|(old, new)| old != new).map(|(old, new)| Change {
        thing: format!("{} {} {}", old.name, old.record_type.word(), old.set_id),
        from: format!("weight {}", old.weight),
        to: format!("weight {}", new.weight),
    })
}

/// The change, and the wait for it, which is bound to the operation at `at`.
fn ops(name: &str, goal: &Goal, observed: &Observed, epoch: u64, at: u16) -> [Op; 2] {
    let Goal { zone, sets } = goal;
    let moved: Vec<String> = changes(observed, &batch::after(observed, sets))
        .map(|c| format!("{} {} → {}", c.thing, c.from, c.to.trim_start_matches("weight ")))
        .collect();
    let what = moved.join(", ");
    let edits = batch::json(&batch::batch(name, sets, observed, "hand"), &format!("landfall: {what}"));
    let change = Operation {
        what,
        call: Call::Weigh { zone: zone.clone(), name: name.to_owned(), sets: sets.clone() },
        kind: Kind::Compared,
        tail: false,
        expect: Handle::Seen(Mark::Set(observed.clone())),
        quarantine: SIGNED,
        command: format!(
            "aws route53 change-resource-record-sets --hosted-zone-id {} --change-batch {}",
            quoted(zone),
            quoted(&edits.to_string())
        ),
    };
    let wait = Operation {
        what: format!("until all of Route 53's servers have epoch {epoch} of {name}"),
        call: Call::InSync { zone: zone.clone(), name: name.to_owned(), epoch },
        kind: Kind::Wait,
        tail: false,
        expect: Handle::After(at),
        quarantine: SIGNED,
        command: "aws route53 wait resource-record-sets-changed --id \"$CHANGE_ID\"".to_owned(),
    };
    [change, wait]
}

#[cfg(test)]
pub(super) mod tests;
