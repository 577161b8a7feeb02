//! Fault injection into the simulated clusters.

use super::{Sim, SimPair, SimTopic};
use crate::kafka::FaultInjection;
use base::side::Side;

impl Sim {
    ///
    ///
    /// # Errors
    /// If there is no such pair, group or topic.
    pub(super) fn inject(&mut self, what: &FaultInjection) -> Result<(), String> {
        match what {
            FaultInjection::Pace { pair, group, of_produced } => self.pair(pair)?.pace(group, *of_produced),
            FaultInjection::Producers { pair, on, stragglers } => self.pair(pair)?.produce(*on, stragglers),
            FaultInjection::SyncEvery { pair, every } => {
                self.pair(pair)?.sync_every = every.as_secs_f64();
                Ok(())
            }
            FaultInjection::Retention { pair, side, topic, keeps } => {
                self.pair(pair)?.topic(*side, topic).map(|t| t.keep(*side, f64::from(*keeps)))
            }
            FaultInjection::Transaction { pair, topic, open } => {
                self.pair(pair)?.topic(Side::Source, topic).map(|t| t.transact(*open))
            }
        }
    }

    fn pair(&mut self, name: &str) -> Result<&mut SimPair, String> {
        self.pairs.iter_mut().find(|p| p.plan.name == name).ok_or_else(|| format!("no pair of clusters {name}"))
    }
}

impl SimPair {
    fn topic(&mut self, side: Side, name: &str) -> Result<&mut SimTopic, String> {
        let missing = format!("no topic {name} on the {side} of {}", self.plan.name);
        self.topics.iter_mut().find(|t| t.names.get(side) == name).ok_or(missing)
    }

    fn pace(&mut self, group: &str, of_produced: f64) -> Result<(), String> {
        let missing = format!("no group {group} on {}", self.plan.name);
        let found = self.groups.iter_mut().find(|g| *g.name == *group).ok_or(missing)?;
        found.given_pace = Some(of_produced);
        Ok(())
    }

    /// All or nothing: an unknown straggler is an error, and no producer moves.
    fn produce(&mut self, on: Side, stragglers: &[String]) -> Result<(), String> {
        let named = |t: &SimTopic, name: &String| Side::BOTH.iter().any(|side| t.names.get(*side) == name);
        if let Some(name) = stragglers.iter().find(|name| !self.topics.iter().any(|t| named(t, name))) {
            return Err(format!("no topic {name} on {}", self.plan.name));
        }
        for topic in self.topics.iter_mut().filter(|t| !stragglers.iter().any(|name| named(t, name))) {
            topic.written = on;
        }
        Ok(())
    }
}
