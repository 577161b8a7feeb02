//! Verification of a change: reads its record sets and its epoch again, then checks whether all servers have it.

use std::net::SocketAddr;

use futures_util::future::join_all;

use super::{Readers, api, dns};
use crate::route53::{
    batch::Weighted,
    facts::{RecordsQuestion, Wanted, normal},
    judge,
    ops::{Call, RecordsSeen, Version},
};
use base::{
    observed::FaultKind,
    operation::{Verified, VerifyRequest},
};

type Outcome = Verified<Version>;

impl Readers {
    pub(super) async fn verify(&self, request: &VerifyRequest<'_, Call, Version>) -> Outcome {
        match (request.call, request.precondition) {
            (Call::InSync { zone, name, epoch }, precondition) => {
                let id = match precondition {
                    Some(Version::Change(id)) => Some(id.as_str()),
                    _ => None,
                };
                self.verify_in_sync(zone, name, *epoch, id).await
            }
            (call, Some(Version::Set(before))) => self.verify_change(call, before, request.tag).await,
            _ => Verified::unobservable("the previous state is unknown"),
        }
    }

    async fn verify_change(&self, call: &Call, before: &RecordsSeen, tag: &str) -> Outcome {
        let (zone, name) = call.of();
        let mut wanted: Vec<Wanted> =
            before.records.iter().map(|r| Wanted { name: name.to_owned(), record_type: r.record_type }).collect();
        wanted.dedup();
        let question = RecordsQuestion { zone: zone.into(), wanted: wanted.into() };
        match api::records(&self.route53, &self.pace, &question).await {
            Ok(there) => judge::change(call, before, tag, there.records.iter().filter_map(Weighted::of), &there.epochs),
            Err(fault) => Verified::unobservable(fault.to_string()),
        }
    }

    /// By the change's id, where it is known and may be queried; else at the name's own servers.
    async fn verify_in_sync(&self, zone: &str, name: &str, epoch: u64, id: Option<&str>) -> Outcome {
        let why = match id {
            None => "the change id is unknown".to_owned(),
            Some(id) => match api::change(&self.route53, id).await {
                Ok(observation) => return judge::synced(observation.insync, &format!("change {id}")),
                Err(fault)
                    if matches!(fault.kind, FaultKind::NotFound | FaultKind::Refused | FaultKind::Unauthenticated) =>
                {
                    fault.to_string()
                }
                Err(fault) => return Verified::unobservable(fault.to_string()),
            },
        };
        let named = self.plan.dns.iter().filter(|n| n.zone == zone && normal(&n.name) == name);
        let mut servers: Vec<SocketAddr> = named.flat_map(|n| n.servers.iter().copied()).collect();
        servers.sort();
        servers.dedup();
        if servers.is_empty() {
            return Verified::unobservable(format!(
                "{why}, and the plan has no authoritative server for {name}: add `servers`, or check the zone's changes manually"
            ));
        }
        let (mut without, mut silent) = (0, Vec::new());
        for answer in join_all(servers.iter().map(|server| dns::epoch(*server, name))).await {
            match answer {
                Ok(number) => without += usize::from(number.is_none_or(|n| n < epoch)),
                Err(words) => silent.push(words),
            }
        }
        // A server without the epoch is a sufficient result; a silent server gives none.
        match silent.first() {
            Some(words) if without == 0 => Verified::unobservable(format!("{why}; {words}")),
            _ => judge::in_sync(epoch, without, servers.len()),
        }
    }
}
