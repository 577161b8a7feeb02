//! One set and its members: what is known, and the queries of the other modules on it. Nothing is changed here.

mod follow;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use indexmap::IndexMap;

use super::{
    canary::Canaries,
    facts::{Config, ConfigMember, Hello, MemberState, Membership, Server, Status},
    lag::Marks,
    leader::Downtime,
    operations::Operations,
    outage::Carried,
    quorum::{self, Quorum, Voter},
};
use base::{
    history::{Ring, Slope},
    now::Now,
    observed::{Fault, FaultKind, Observed, Reading},
    side::Side,
    watched::Watched,
};
use plan::{Action, MemberRule, Plan, ReplicaSet};

/// One replica set.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) name: String,
    pub(super) ix: usize,
    pub(super) plan: Arc<Plan>,
    pub(super) config: Reading<Config>,
    /// The operations in progress on its primary.
    pub(super) operations: Reading<Operations>,
    pub(super) canaries: Canaries,
    /// By address: those named in the plan, then those in the set's own configuration.
    pub(super) members: IndexMap<Arc<str>, Member>,
    pub(super) marks: Marks,
    /// Boot clock minus the primary's wall clock, in milliseconds.
    pub(super) clock: Option<i64>,
    pub(super) downtime: Downtime,
    /// The most time without writes before its canary made its first measurement.
    pub(super) before_canary: Duration,
    /// The write downtime of the run before this program was started.
    pub(super) carried: Carried,
    /// The write downtime that is a fact: whatever spent it is over.
    pub(super) settled: Duration,
    /// The highest term in which a member reported that it accepts writes, and when it was first reported (boot clock).
    pub(super) elected: Option<(u64, Duration)>,
    /// The last observed primary.
    pub(super) led: Option<Arc<str>>,
    /// Since when the primary has not answered, while no other member is observed as primary (boot clock).
    pub(super) lost: Option<Duration>,
}

/// One member, or a host that is to become one.
#[derive(Debug, Default)]
pub(super) struct Member {
    pub(super) hello: Reading<Hello>,
    pub(super) status: Reading<Membership>,
    pub(super) server: Reading<Server>,
    /// Lag over time, in seconds.
    pub(super) lags: Ring,
    pub(super) slope: Slope,
    /// Bytes still to copy in its initial sync, over time.
    pub(super) to_copy: Slope,
}

impl Member {
    /// What it reports of the set, while its `hello` is observed.
    pub(super) fn membership(&self, now: Now) -> Observed<&Membership> {
        self.hello.at(now).zip(self.status.at(now)).map(|(_, s)| s)
    }
}

impl Set {
    pub(super) fn new(plan: &Arc<Plan>, ix: usize) -> Self {
        let set = &plan.replica_sets[ix];
        let members = set.seeds.iter().chain(&set.candidates).map(|h| (h.as_str().into(), Member::default())).collect();
        Self {
            name: set.name.clone(),
            ix,
            plan: plan.clone(),
            config: Reading::default(),
            operations: Reading::default(),
            canaries: Canaries::new(),
            members,
            marks: Marks::default(),
            clock: None,
            downtime: Downtime::default(),
            before_canary: Duration::ZERO,
            carried: Carried::default(),
            settled: Duration::ZERO,
            elected: None,
            led: None,
            lost: None,
        }
    }

    /// The plan's entry for the set.
    pub(super) fn planned(&self) -> &ReplicaSet {
        &self.plan.replica_sets[self.ix]
    }

    /// Members, each once: an address that the member itself lists under another name is left out.
    pub(super) fn distinct(&self) -> impl Iterator<Item = (&Arc<str>, &Member)> {
        self.members.iter().filter(|(host, m)| {
            let me = m.hello.last().and_then(|(h, _)| h.me.as_deref());
            me.is_none_or(|me| me == &***host || !self.members.contains_key(me))
        })
    }

    /// A member's entry in the last observed configuration; its age is the configuration's.
    pub(super) fn configured(&self, host: &str, now: Now) -> Observed<Option<ConfigMember>> {
        self.config.at(now).map(|c| c.member(host).cloned())
    }

    /// A member's side, by the plan's rule; none = a third site, or its tags are not known yet. Sides do not age: members do not move.
    pub(super) fn side(&self, host: &str) -> Option<Side> {
        let set = self.planned();
        let config = self.config.last().and_then(|(c, _)| c.member(host));
        let by_rule = Side::BOTH.into_iter().find(|side| match set.sites.get(*side) {
            MemberRule::Hosts(patterns) => patterns.iter().any(|p| p.matches(host)),
            MemberRule::Tag { name, value } => {
                config.is_some_and(|m| m.tags.iter().any(|(n, v)| n == name && v == value))
            }
        });
        // A candidate is by definition a future target member.
        by_rule.or_else(|| self.waits_outside(host).then_some(Side::Target))
    }

    /// The side that matches no member and has no candidate, as text; none while the configuration is not known.
    pub(super) fn unmatched(&self, now: Now) -> Option<String> {
        let config = self.config.at(now).fresh()?;
        let set = self.planned();
        let some = |side| {
            config.members.iter().any(|m| self.side(&m.host) == Some(side))
                || (side == Side::Target && !set.candidates.is_empty())
        };
        let side = Side::BOTH.into_iter().find(|side| !some(*side))?;
        let have = |name: &String| {
            let values =
                config.members.iter().flat_map(|m| &m.tags).filter(|(n, _)| n == name).map(|(_, v)| v.as_str());
            values.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
        };
        let why = match set.sites.get(side) {
            MemberRule::Tag { name, .. } if have(name).is_empty() => format!("no member has the tag {name}"),
            MemberRule::Tag { name, value } => {
                format!("no member has the tag {name}={value}; there are {}", have(name))
            }
            MemberRule::Hosts(_) => "its hosts match none".to_owned(),
        };
        Some(format!("{}: no member is of the {side}: {why}", self.name))
    }

    /// Whether it is a candidate that is not a member yet, as far as is known.
    pub(super) fn waits_outside(&self, host: &str) -> bool {
        let member = self.config.last().is_some_and(|(c, _)| c.member(host).is_some());
        !member && self.planned().candidates.iter().any(|c| c == host)
    }

    /// A reading of the primary: as fresh as the worse of "which member is primary" and the reading.
    pub(super) fn of_leader<'a, T>(&'a self, now: Now, read: impl FnOnce(&'a Member) -> Observed<T>) -> Observed<T> {
        let leader = self.leader(now).and_then(|l| l.host().cloned().ok_or_else(|| self.no_primary()));
        let read = leader.as_ref().shown().and_then(|host| self.members.get(host)).map_or(Observed::Pending, read);
        leader.zip(read).map(|(_, t)| t)
    }

    pub(super) fn no_primary(&self) -> Fault {
        Fault::new(FaultKind::Empty, format!("{}: no primary", self.name))
    }

    /// Whether it votes without data: then only `hello` is queried, and it has no replication lag.
    pub(super) fn is_arbiter(&self, host: &str) -> bool {
        let configured = self.config.last().and_then(|(c, _)| c.member(host)).is_some_and(|m| m.arbiter);
        configured || self.members.get(host).and_then(|m| m.hello.last()).is_some_and(|(h, _)| h.arbiter)
    }

    /// A member's own status, if it is a member: as fresh as the worse of the status and of `hello`, which reports first that the member
    /// is down.
    pub(super) fn status(&self, host: &str, now: Now) -> Observed<&Status> {
        self.members.get(host).map_or(Observed::Pending, |m| m.membership(now)).and_then(|s| match s {
            Membership::In(s) => Ok(&**s),
            _ => Err(Fault::new(FaultKind::NotFound, format!("{host} is not in the set {}", self.name))),
        })
    }

    /// What is monitored: the set's primary and configuration, and each member's own report. A candidate has to answer.
    pub(super) fn watched(&self, now: Now) -> Vec<Watched> {
        // A forced configuration is read but is no basis for a decision: it may undo what a majority had.
        let sound = self.config.at(now).and_then(|config| match config.forced() {
            Some(words) => Err(Fault::new(FaultKind::Unsupported, format!("{}: {words}", self.name))),
            None => Ok(()),
        });
        let set =
            Watched::new(format!("replica set {}", self.name), self.leader(now).zip(self.carriers(now)).zip(sound));
        let member = |(host, member): (&Arc<str>, &Member)| {
            let heard = member.hello.at(now).map(|_| ());
            let known = if self.is_arbiter(host) || self.waits_outside(host) || self.is_outside(host, now) {
                heard
            } else {
                heard.zip(member.status.at(now)).zip(member.server.at(now)).map(|_| ())
            };
            Watched::new(format!("member {host} of {}", self.name), known)
        };
        let there = self.distinct().filter(|(host, _)| !self.has_left(host, now));
        std::iter::once(set).chain(there.map(member)).collect()
    }

    /// Whether a host reports that it is in no set, and the configuration does not list it. A removed arbiter reports nothing more.
    pub(super) fn is_outside(&self, host: &str, now: Now) -> bool {
        let says =
            self.members.get(host).and_then(|m| m.hello.at(now).fresh()).is_some_and(|hello| hello.set_name.is_none());
        says && self.config.at(now).fresh().is_some_and(|config| config.member(host).is_none())
    }

    /// Whether a host has left the set and is no candidate: its silence then says nothing about the set. A host named in the plan counts as
    /// missing all the same, until the side that the plan removes from the set has been removed.
    pub(super) fn has_left(&self, host: &str, now: Now) -> bool {
        let Some(config) = self.config.at(now).fresh() else { return false };
        if config.member(host).is_some()
            || config.members.iter().any(|m| m.inside.as_deref() == Some(host))
            || self.waits_outside(host)
        {
            return false;
        }
        let seed = self.planned().seeds.iter().any(|seed| seed == host);
        let steps = || self.plan.runbook.phases.iter().flat_map(|phase| &phase.steps);
        let is_out = |side| {
            config.members.iter().all(|m| self.side(&m.host) != Some(side))
                && self.side(host).is_none_or(|of| of == side)
        };
        let planned = || {
            steps().any(|step| match &step.action {
                Action::RemoveMembers { set, side } => *set == self.name && is_out(*side),
                _ => false,
            })
        };
        !seed || planned()
    }

    /// The set as its primary sees it.
    pub(super) fn leaders_view(&self, now: Now) -> Observed<&Status> {
        self.of_leader(now, |m| m.status.at(now)).and_then(|s| match s {
            Membership::In(s) => Ok(&**s),
            _ => Err(self.no_primary()),
        })
    }

    /// These members as voters: the primary's view of which members are up, joined with a configuration.
    pub(super) fn voters(&self, members: &[ConfigMember], status: &Status) -> Vec<Voter> {
        let voter = |m: &ConfigMember| {
            let peer = status.members.iter().find(|p| p.host == m.host).filter(|p| p.up);
            let state = peer.map_or(MemberState::Down, |p| p.state);
            let leads = matches!(state, MemberState::Primary | MemberState::Secondary);
            let electable = leads && m.priority > 0.0 && m.votes > 0;
            Voter { side: self.side(&m.host), votes: m.votes, up: state.votes(), electable }
        };
        members.iter().map(voter).collect()
    }

    /// Which failures the set survives: the primary's view of the other members, joined with the configuration.
    pub(super) fn quorum(&self, now: Now) -> Observed<Quorum> {
        self.leaders_view(now).zip(self.config.at(now)).map(|(status, config)| {
            let voters = self.voters(&config.members, status);
            let primary = status.members.iter().find(|p| p.state == MemberState::Primary);
            quorum::judge(&voters, primary.and_then(|p| self.side(&p.host)))
        })
    }
}
