//! Which configurations a simulated server accepts, and the code with which it refuses the others: as measured on 4.4 to 6.0.

use std::{collections::BTreeSet, time::Duration};

use super::{HEARTBEAT, Set, member::Member};
use crate::mongo::facts::ConfigMember;

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mongo) struct Refusal {
    /// The server's code.
    pub code: i32,
    /// Its message, approximately.
    pub why: &'static str,
}

const fn refuse(code: i32, why: &'static str) -> Result<(), Refusal> {
    Err(Refusal { code, why })
}

/// Votes that a configuration may have.
const VOTES: u32 = 7;

impl Set {
    /// Whether the server would accept it now. It checks no more than this: it does not know whether the sender had read the replaced one.
    pub(super) fn takes(&self, version: i64, members: &[ConfigMember], boot: Duration) -> Result<(), Refusal> {
        let Some(primary) = self.primary.filter(|_| boot >= self.writable_at) else {
            return refuse(10107, "not a writable primary");
        };
        if boot < self.busy_until {
            return refuse(109, "another reconfig is going on");
        }
        if !self.is_spread(boot) {
            return refuse(308, "the current configuration is not with a majority yet");
        }
        valid(members)?;
        // From release 5.0 on.
        if !self.release.starts_with("4.")
            && !self.default_write
            && majority_by_default(members) != majority_by_default(&self.configured())
        {
            return refuse(103, "it would change the implicit default write concern");
        }
        let was = |host: &str| self.members.iter().map(|m| &m.config).find(|m| m.host == host);
        let old: u32 = members.iter().filter(|m| was(&m.host).is_some()).map(|m| m.votes).sum();
        // New members are counted once their initial sync is done, one by one: more than seven can be added in that way.
        if old > VOTES {
            return refuse(93, "more than seven votes");
        }
        if version <= self.version {
            return refuse(103, "the version is not higher than the current one");
        }
        let changed = members.iter().filter(|m| was(&m.host).is_some_and(|w| w.votes != m.votes)).count();
        let gone = |m: &Member| m.config.votes > 0 && members.iter().all(|n| n.host != m.config.host);
        if changed + self.members.iter().filter(|m| gone(m)).count() > 1 {
            return refuse(103, "more than one voting member at once");
        }
        let leads = &self.members[primary].config.host;
        if !members.iter().any(|m| m.host == *leads && m.priority > 0.0) {
            return refuse(104, "this node would not be electable under the new configuration");
        }
        if members.iter().any(|m| was(&m.host).is_none() && !self.waiting.contains(&m.host)) {
            return refuse(74, "a new member does not answer");
        }
        Ok(())
    }

    /// Installs it. A majority has it one heartbeat later.
    pub(super) fn install(&mut self, version: i64, members: &[ConfigMember], boot: Duration) {
        let leads = self.primary.map(|p| self.members[p].config.host.clone());
        let mut old: Vec<_> = std::mem::take(&mut self.members);
        for config in members {
            let place = old.iter().position(|m| m.config.host == config.host);
            let known = place.map(|i| old.swap_remove(i).with(config.clone()));
            self.waiting.retain(|h| *h != config.host);
            self.members.push(known.unwrap_or_else(|| Member::joined(config.clone(), &mut self.random)));
        }
        self.waiting.extend(old.into_iter().map(|m| m.config.host));
        self.primary = leads.and_then(|host| self.members.iter().position(|m| m.config.host == host));
        (self.version, self.spread_at) = (version, boot + HEARTBEAT);
        self.arm_takeover(boot);
    }

    pub(super) fn configured(&self) -> Vec<ConfigMember> {
        self.members.iter().map(|m| m.config.clone()).collect()
    }
}

/// `[(arbiters > 0) and (voters that are none <= majority of voters)]` is `{ w: 1 }`, as MongoDB's manual states it.
fn majority_by_default(members: &[ConfigMember]) -> bool {
    let count = |of: fn(&ConfigMember) -> bool| members.iter().filter(|m| m.votes > 0 && of(m)).count();
    !(count(|m| m.arbiter) > 0 && count(|m| !m.arbiter) <= count(|_| true) / 2 + 1)
}

/// Whether it is a valid configuration.
fn valid(members: &[ConfigMember]) -> Result<(), Refusal> {
    let hosts: BTreeSet<_> = members.iter().map(|m| &m.host).collect();
    if members.is_empty() || hosts.len() < members.len() {
        return refuse(93, "no members, or one of them twice");
    }
    for m in members {
        if !(0.0..=1000.0).contains(&m.priority) || m.votes > 1 {
            return refuse(93, "a priority or a number of votes that is out of range");
        }
        if m.arbiter && (m.votes == 0 || m.priority > 0.0) {
            return refuse(93, "an arbiter must vote and cannot lead");
        }
        if m.priority > 0.0 && m.votes == 0 {
            return refuse(93, "a priority above 0 without a vote");
        }
        if m.priority > 0.0 && (m.hidden || !m.delay.is_zero()) {
            return refuse(93, "a priority above 0 on a hidden or delayed member");
        }
    }
    Ok(())
}
