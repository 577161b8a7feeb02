//! How the imitated Route 53 takes changes, and what reading it tells of them afterwards.

use super::{
    super::{
        batch::{after, batch, next_epoch},
        facts::{Epoch, normal},
        ops::{Call, Mark, Observed},
        state::State,
    },
    Sim,
    zone::PROPAGATION,
};
use crate::{
    core::{
        now::Now,
        step::{Reply, Truth},
    },
    plan::{Action, Side},
    systems::{
        Simulated,
        steer::{Looked, Obeys, Sent},
    },
};

impl Obeys for State {
    fn obey(sim: &mut Sim, tag: &str, call: &Call, expect: Option<&Mark>, now: Now) -> Sent<Mark> {
        Self::advance(sim, now);
        let Call::Weigh { zone, name, sets } = call else { return Sent::refused("a wait is not sent") };
        let Some(Mark::Set(observed)) = expect else { return Sent::refused("nothing to compare with") };
        let edits = batch(name, sets, observed, tag);
        let Some(there) = sim.zones.get_mut(zone) else { return Sent::refused("NoSuchHostedZone") };
        match there.change(&edits, now.boot) {
            Err(said) => Sent { reply: Reply::Mismatch, mark: None, said },
            Ok(()) => {
                sim.log.push(tag.to_owned());
                let id = format!("C{:06}", sim.log.len());
                sim.changes.insert(id.clone(), now);
                Sent { reply: Reply::Yes, mark: Some(Mark::Change(id.clone())), said: format!("change {id} PENDING") }
            }
        }
    }

    fn look(sim: &mut Sim, tag: &str, call: &Call, expect: Option<&Mark>, now: Now) -> Looked<Mark> {
        Self::advance(sim, now);
        match (call, expect) {
            (Call::Weigh { zone, name, sets }, Some(Mark::Set(observed))) => {
                let Some(zone) = sim.zones.get(zone) else { return dark("NoSuchHostedZone") };
                let latest = zone.latest();
                let epoch = latest.epochs.iter().find(|e| e.name == Epoch::place(name));
                let of = |r: &&super::Weighted| observed.records.iter().any(|o| o.same(r));
                let mut records: Vec<_> = latest.records.iter().filter(of).cloned().collect();
                records.sort_by(|a, b| (a.record_type, &a.set_id).cmp(&(b.record_type, &b.set_id)));
                let there = Observed { records, epoch: epoch.cloned() };
                let ours = Observed {
                    records: after(observed, sets),
                    epoch: Some(Epoch::written(name, next_epoch(observed), tag)),
                };
                let truth = if there == ours {
                    Truth::Applied
                } else if there == *observed {
                    Truth::NotApplied
                } else {
                    Truth::Conflict
                };
                let weights: Vec<String> = there.records.iter().map(|r| format!("{} {}", r.set_id, r.weight)).collect();
                let epoch = epoch.map_or_else(|| "no epoch".to_owned(), |e| e.values.join(" "));
                Looked { truth, mark: None, said: format!("{}, {epoch}", weights.join(", ")) }
            }
            (Call::InSync { .. }, Some(Mark::Change(id))) => match sim.changes.get(id) {
                Some(at) => synced(now.since(*at) > PROPAGATION, format!("change {id}")),
                None => dark("NoSuchChange"),
            },
            // The answer that named the change is lost: the servers tell.
            (Call::InSync { zone, name, epoch }, None) => {
                let servers: Vec<_> =
                    sim.plan.dns.iter().filter(|n| n.zone == *zone && normal(&n.name) == *name).flat_map(|n| &n.servers).collect();
                let Some(zone) = sim.zones.get(zone) else { return dark("NoSuchHostedZone") };
                if servers.is_empty() {
                    return dark("the change's id is not known, and the plan names no authoritative server to ask");
                }
                let has = |version: &super::zone::Version| {
                    let found = version.epochs.iter().find(|e| e.name == Epoch::place(name));
                    found.and_then(Epoch::read).is_some_and(|(n, _)| n >= *epoch)
                };
                let late = servers.iter().filter(|s| !has(zone.served(now.boot, super::late(s.port())))).count();
                synced(late == 0, format!("{late} of {} servers without epoch {epoch}", servers.len()))
            }
            _ => dark("nothing to compare with"),
        }
    }

    fn log(sim: &Sim) -> &[String] {
        &sim.log
    }

    /// Somebody sets the target's first weight in the console, and knows nothing of epochs.
    fn stranger(sim: &mut Sim, action: &Action, now: Now) {
        Self::advance(sim, now);
        let Action::SetWeights { name, weights } = action else { return };
        let plan = sim.plan.clone();
        for dns in plan.dns.iter().filter(|n| normal(&n.name) == normal(name)) {
            let (Some(zone), Some(id)) = (sim.zones.get_mut(&dns.zone), dns.set_identifiers.get(Side::Target).first())
            else {
                continue;
            };
            let of = |r: &&super::Weighted| r.name == normal(&dns.name) && r.record_type == dns.record_type && r.set_id == *id;
            let Some(old) = zone.latest().records.iter().find(of).cloned() else { continue };
            let weight = (33..=35).find(|w| *w != old.weight && *w != weights.target).unwrap_or(33);
            let new = super::Weighted { weight, ..old.clone() };
            let edits = [super::Edit::Delete(super::Item::Weighted(old)), super::Edit::Create(super::Item::Weighted(new))];
            // What was just read cannot fail to match.
            let _ = zone.change(&edits, now.boot);
            // Not ours, and followed by its id all the same.
            let id = format!("C9{:05}", sim.changes.len() + 1);
            sim.changes.insert(id, now);
        }
    }
}

fn dark(said: &str) -> Looked<Mark> {
    Looked { truth: Truth::Dark, mark: None, said: said.to_owned() }
}

fn synced(done: bool, what: String) -> Looked<Mark> {
    let (truth, word) = if done { (Truth::Applied, "INSYNC") } else { (Truth::NotApplied, "PENDING") };
    Looked { truth, mark: None, said: format!("{what}: {word}") }
}
