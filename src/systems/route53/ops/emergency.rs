//! The emergency: weights that are set without a precondition.
//!
//! An ordinary change has a precondition, and needs to have read the state that it compares with. When reads fail, or external changes of
//! the name continue, it is not possible, just when it is needed most. The emergency is an UPSERT of the last known record sets, with other
//! weights, and of the epoch, advanced by one: it overwrites external changes of them, and says so. Late copies of earlier changes do not
//! match any more afterwards, as after any change; a late copy of the emergency itself would, so it has a quarantine like every absolute
//! operation.

use super::{
    Call, Drafted, Goal, HAND, RecordsSeen, Version, Wish, both_zero,
    change::{changes, prior, share, sides_of},
    ops, unknown,
};
use crate::{
    planner::profile,
    route53::{
        batch::{self, Weighted},
        facts::{Epoch, normal},
        state::State,
    },
};
use base::{
    now::{Now, short},
    observed::{Fault, FaultKind, Observed},
    operation::{Change, Draft},
    side::Sides,
    step::Kind,
};

impl State {
    pub(super) fn emergency(&self, name: &str, weights: Sides<u8>, now: Now) -> Drafted {
        let mut faults: Vec<Fault> = both_zero(name, weights).into_iter().collect();
        let mut draft = Draft::nothing();
        let name = normal(name);
        let mut zones: Vec<&str> = self.named(&name).map(|(plan, _)| plan.zone.as_str()).collect();
        zones.sort_unstable();
        zones.dedup();
        if zones.is_empty() {
            faults.push(unknown(&name));
        }
        for zone in zones {
            if let Err(more) = self.force(&mut draft, &name, zone, weights, now) {
                faults.extend(more);
            }
        }
        if faults.is_empty() { Ok(draft) } else { Err(faults) }
    }

    /// The operations in one zone.
    fn force(
        &self,
        draft: &mut Draft<Call, Version>,
        name: &str,
        zone: &str,
        weights: Sides<u8>,
        now: Now,
    ) -> Result<(), Vec<Fault>> {
        let (mut records, mut epoch, mut sets, mut stale) = (Vec::new(), None, Vec::new(), None);
        let own: Vec<_> = self.named(name).filter(|(plan, _)| plan.zone == zone).collect();
        for (plan, known) in &own {
            let Some((last, stamp)) = known.set.last() else {
                let text = format!(
                    "{name} {}: its record sets were not read yet: there is nothing to write",
                    plan.record_type.word()
                );
                return Err(vec![Fault::new(FaultKind::Silent, text)]);
            };
            let these = sides_of(plan, last)?;
            sets.extend(share(plan, &these, weights));
            records.extend(these);
            epoch = known.epoch.last().and_then(|(e, _)| e.clone());
            if !matches!(known.set.at(now), Observed::Fresh(..)) {
                let why = known.set.fault().map_or_else(|| "no reading since".to_owned(), ToString::to_string);
                stale = Some((now.since(stamp.at), why));
            }
        }
        batch::sort(&mut records);
        let observed = RecordsSeen { records, epoch };
        let wish = Wish::Weights(sets);
        let after = batch::after(&Goal { zone: zone.to_owned(), wish: wish.clone() }.call(name), &observed);
        if after == observed.records && stale.is_none() {
            return Ok(());
        }
        for (plan, known) in &own {
            self.explain(draft, plan, known, &after);
        }
        draft.notes.insert(0, format!(
            "EMERGENCY: {name} is overwritten without a precondition: external changes to these record sets are lost"
        ));
        if let Some((age, why)) = stale {
            draft.notes.insert(1, format!(
                "EMERGENCY: the records were last read {} ago ({why}): values, TTLs and aliases are written as of then",
                short(age)
            ));
        }
        draft.notes.extend(after.iter().map(|r| format!("writes {}", batch::describe(r))));
        let number = batch::next_epoch(&observed);
        draft.diff.extend(changes(&observed, &after));
        draft.diff.push(Change {
            thing: Epoch::mark(name),
            from: observed.epoch.as_ref().map_or_else(|| "none".to_owned(), |e| e.values.join(" ")),
            to: format!("{number}, without a precondition"),
        });
        let at = |ops: &Vec<_>| u16::try_from(ops.len()).unwrap_or(u16::MAX);
        let call = Call::Force { zone: zone.to_owned(), name: name.to_owned(), records: after.clone(), epoch: number };
        let edits = batch::edits(&call, &observed, HAND).unwrap_or_default();
        let account = profile(&self.plan.route53);
        draft.ops.extend(ops(&account, call, what(&after), Kind::Absolute, &observed, &edits, at(&draft.ops)));
        // The inverse of an emergency is an ordinary change.
        let before = Goal { zone: zone.to_owned(), wish: prior(&wish, &observed.records) };
        draft.inverse.extend(before.ops(&account, name, after, number, at(&draft.inverse)));
        Ok(())
    }
}

fn what(after: &[Weighted]) -> String {
    let each = |r: &Weighted| format!("{} {} {} weight {}", r.name, r.record_type.word(), r.set_id, r.weight);
    format!("EMERGENCY: {}, without a precondition", after.iter().map(each).collect::<Vec<_>>().join(", "))
}
