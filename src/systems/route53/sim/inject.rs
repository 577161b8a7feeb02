//! Fault injection into the simulated zones and servers.

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, net::IpAddr};

use super::{super::facts::normal, Edit, Item, Sim, Weighted, side_of};
use crate::route53::FaultInjection;
use base::side::Side;

impl Sim {
    /// Applies a fault injection of a scenario.
    ///
    /// # Errors
    /// If there is no such server, name, or health check.
    pub(super) fn inject(&mut self, what: &FaultInjection) -> Result<(), String> {
        match what {
            FaultInjection::Stuck { server, on } => self.stick(*server, *on),
            FaultInjection::HealthChecks { name, side, pass } => self.check(name, *side, *pass),
            FaultInjection::Weigh { name, side, to } => self.weigh(name, *side, *to),
        }
    }

    /// On all ports of the address: it is one machine. Route 53 itself does not notice, and reports INSYNC.
    fn stick(&mut self, server: IpAddr, on: bool) -> Result<(), String> {
        if !self.plan.dns.iter().flat_map(|n| &n.servers).any(|s| s.ip() == server) {
            return Err(format!("no authoritative server {server}"));
        }
        let stuck = self.stuck.get(&server).copied().filter(|(_, until)| until.is_none());
        match (stuck, on) {
            (None, true) => drop(self.stuck.insert(server, (self.now, None))),
            (Some((from, _)), false) => drop(self.stuck.insert(server, (from, Some(self.now)))),
            _ => {}
        }
        Ok(())
    }

    fn check(&mut self, name: &str, side: Side, pass: bool) -> Result<(), String> {
        let own = normal(name);
        let names: Vec<_> = self.plan.dns.iter().filter(|n| normal(&n.name) == own).collect();
        if names.is_empty() {
            return Err(format!("no name {name}"));
        }
        // Records without a health check cannot fail one.
        let checked = names.iter().filter(|n| {
            let records = self.zones.get(&n.zone).map_or(&[][..], |z| &z.latest().records);
            records.iter().any(|r| r.name == own && side_of(n, &r.record()) == Some(side) && r.checked())
        });
        let zones: BTreeSet<&String> = checked.map(|n| &n.zone).collect();
        if zones.is_empty() {
            return Err(format!("no health check on the {side}'s records of {name}"));
        }
        for zone in zones {
            if let Some(zone) = self.zones.get_mut(zone) {
                zone.check(&own, side, pass, self.now);
            }
        }
        Ok(())
    }

    /// One batch, as Route 53's console sends it: it does not change the epoch.
    fn weigh(&mut self, name: &str, side: Side, to: u8) -> Result<(), String> {
        let own = normal(name);
        let mut found = false;
        for dns in self.plan.dns.iter().filter(|n| normal(&n.name) == own) {
            let Some(zone) = self.zones.get_mut(&dns.zone) else { continue };
            let of = |r: &&Weighted| {
                r.name == own && r.record_type == dns.record_type && side_of(dns, &r.record()) == Some(side)
            };
            let new = zone
                .latest()
                .records
                .iter()
                .filter(of)
                .map(|r| Edit::Upsert(Item::Weighted(Weighted { weight: to, ..r.clone() })));
            let edits: Vec<Edit> = new.collect();
            found |= !edits.is_empty();
            zone.change(&edits, self.now)?;
        }
        if found { Ok(()) } else { Err(format!("no records of the {side} at {name}")) }
    }
}
