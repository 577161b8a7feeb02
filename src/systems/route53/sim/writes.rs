//! How the simulated Route 53 carries out changes, and what a read returns afterwards.

use super::{
    super::{
        batch::edits,
        facts::normal,
        judge,
        ops::{Call, Version},
        state::State,
    },
    Sim,
    zone::PROPAGATION,
};
use crate::{Simulated, planner::SimulateWrites, route53::FaultInjection};
use base::{
    now::Now,
    operation::{SendOutcome, Verified},
    side::Side,
    step::Reply,
};
use plan::Action;

impl SimulateWrites for State {
    type Injection = FaultInjection;

    fn write(sim: &mut Sim, tag: &str, call: &Call, precondition: Option<&Version>, now: Now) -> SendOutcome<Version> {
        Self::advance(sim, now);
        let Some(Version::Set(observed)) = precondition else { return SendOutcome::refused("no previous state") };
        let Some(edits) = edits(call, observed, tag) else { return SendOutcome::refused("a wait is not sent") };
        let Some(there) = sim.zones.get_mut(call.of().0) else { return SendOutcome::refused("NoSuchHostedZone") };
        match there.change(&edits, now.boot) {
            Err(detail) => SendOutcome { reply: Reply::Mismatch, version: None, detail },
            Ok(()) => {
                sim.log.push(tag.to_owned());
                let id = format!("C{:06}", sim.log.len());
                sim.changes.insert(id.clone(), now);
                SendOutcome {
                    reply: Reply::Accepted,
                    version: Some(Version::Change(id.clone())),
                    detail: format!("change {id} PENDING"),
                }
            }
        }
    }

    fn verify(sim: &mut Sim, tag: &str, call: &Call, precondition: Option<&Version>, now: Now) -> Verified<Version> {
        Self::advance(sim, now);
        let (zone, name) = call.of();
        let Some(there) = sim.zones.get(zone) else { return Verified::unobservable("NoSuchHostedZone") };
        match (call, precondition) {
            (Call::Weigh { .. } | Call::Ttl { .. } | Call::Force { .. }, Some(Version::Set(before))) => {
                let latest = there.latest();
                judge::change(call, before, tag, latest.records.iter().cloned(), &latest.epochs)
            }
            (Call::InSync { .. }, Some(Version::Change(id))) => match sim.changes.get(id) {
                Some(at) => judge::synced(now.since(*at) > PROPAGATION, &format!("change {id}")),
                None => Verified::unobservable("NoSuchChange"),
            },
            // The answer with the change's id is lost: the servers are read.
            (Call::InSync { epoch, .. }, None) => {
                let servers: Vec<_> = sim
                    .plan
                    .dns
                    .iter()
                    .filter(|n| n.zone == zone && normal(&n.name) == name)
                    .flat_map(|n| &n.servers)
                    .collect();
                if servers.is_empty() {
                    return Verified::unobservable(
                        "the change id is unknown, and the plan has no authoritative server",
                    );
                }
                let has = |version: &super::zone::Version| version.epoch(name).is_some_and(|n| n >= *epoch);
                let late = servers.iter().filter(|s| !has(there.served(now.boot, sim.reach(***s)))).count();
                judge::in_sync(*epoch, late, servers.len())
            }
            _ => Verified::unobservable("no previous state"),
        }
    }

    fn log(sim: &Sim) -> &[String] {
        &sim.log
    }

    /// An external change: the target's first weight is set in the console, without changing the epoch.
    fn external_change(sim: &mut Sim, action: &Action, now: Now) {
        Self::advance(sim, now);
        let (name, ours) = match action {
            Action::SetWeights { name, weights } | Action::EmergencyWeights { name, weights } => {
                (name, Some(weights.target))
            }
            Action::SetTtl { name, .. } => (name, None),
            _ => return,
        };
        let plan = sim.plan.clone();
        for dns in plan.dns.iter().filter(|n| normal(&n.name) == normal(name)) {
            let (Some(zone), Some(id)) = (sim.zones.get_mut(&dns.zone), dns.set_identifiers.get(Side::Target).first())
            else {
                continue;
            };
            let of = |r: &&super::Weighted| {
                r.name == normal(&dns.name) && r.record_type == dns.record_type && r.set_id == *id
            };
            let Some(old) = zone.latest().records.iter().find(of).cloned() else { continue };
            let weight = (33..=35).find(|w| *w != old.weight && Some(*w) != ours).unwrap_or(33);
            let new = super::Weighted { weight, ..old.clone() };
            let edits =
                [super::Edit::Delete(super::Item::Weighted(old)), super::Edit::Create(super::Item::Weighted(new))];
            // The values were just read, so this cannot fail.
            let _ = zone.change(&edits, now.boot);
            // Not our change, but its id can still be followed.
            let id = format!("C9{:05}", sim.changes.len() + 1);
            sim.changes.insert(id, now);
        }
    }

    fn inject(sim: &mut Sim, what: &FaultInjection, now: Now) -> Result<(), String> {
        Self::advance(sim, now);
        sim.inject(what)
    }
}
