//! How the state of the sets changes: observations and faults come in, and the wanted collectors follow from them.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{
    facts::{Config, Hello, MemberState, Membership, Observation, Peer, Query},
    leader::{Downtime, Leader, Stage},
    outage::Carried,
    set::{Member, Set},
    signals,
};
use crate::System;
use base::{
    collector::CollectorSpec,
    history::Slope,
    now::Now,
    observed::{Fault, FaultKind, Observed, Stamp},
    signal::{Samples, SignalDef},
    view::{Detail, Panel, Tile},
    watched::Watched,
};
use engine::snapshot::Outage;
use journal::Reading;
use plan::Plan;

/// The state of all sets.
#[derive(Debug)]
pub struct State {
    pub(super) plan: Arc<Plan>,
    pub(super) sets: Vec<Set>,
}

impl Set {
    /// Adds hosts, and returns the collectors of those that are new.
    fn add(
        &mut self,
        hosts: impl IntoIterator<Item = String>,
        arbiters: &BTreeSet<String>,
    ) -> Vec<CollectorSpec<Query>> {
        let mut specs = Vec::new();
        for host in hosts {
            if !self.members.contains_key(host.as_str()) {
                let host: Arc<str> = host.into();
                self.members.insert(host.clone(), Member::default());
                specs.extend(self.collectors(&host, arbiters.contains(&*host)));
            }
        }
        specs
    }

    /// The collectors of one member. An arbiter has no users, so no login is possible: only `hello` is queried. The same holds for a
    /// candidate that is not a member yet; its status is queried all the same, to find out when it becomes one.
    fn collectors(&self, host: &Arc<str>, arbiter: bool) -> Vec<CollectorSpec<Query>> {
        let peer = || Peer { set: self.ix, host: host.clone() };
        let every = self.plan.intervals.mongo;
        let spec = |what: &str, calls, interval, ask| CollectorSpec {
            id: format!("mongo/{}/{host}/{what}", self.name),
            side: self.side(host),
            endpoint: host.to_string(),
            calls,
            interval,
            timeout: answer_within(every),
            query: ask,
        };
        // Pushed at least every half second whatever the plan says: an interval below a second would make it stale between two heartbeats.
        let mut specs = vec![spec("hello", &["hello"], every.max(Duration::from_secs(1)), Query::Hello(peer()))];
        if !arbiter {
            specs.push(spec("status", &["replSetGetStatus"], every, Query::Status(peer())));
        }
        if !arbiter && !self.waits_outside(host) {
            specs.push(spec("server", &["serverStatus"], every * 2, Query::Server(peer())));
        }
        specs
    }

    /// The collectors that query the primary.
    fn sources_of_the_primary(&self) -> [CollectorSpec<Query>; 2] {
        let every = self.plan.intervals.mongo;
        let spec = |what: &str, calls, interval, ask| CollectorSpec {
            id: format!("mongo/{}/{what}", self.name),
            side: None,
            endpoint: format!("{} (primary)", self.name),
            calls,
            interval,
            timeout: answer_within(every),
            query: ask,
        };
        [
            spec("config", &["replSetGetConfig"], every, Query::Config { set: self.ix }),
            spec("operations", &["inprog"], every.max(ANSWERED_CHEAPLY) * 2, Query::Operations { set: self.ix }),
        ]
    }

    fn hello(&mut self, host: &str, hello: Hello, stamp: Stamp) -> Vec<CollectorSpec<Query>> {
        let Some(member) = self.members.get_mut(host) else { return Vec::new() };
        if let Some(other) = hello.set_name.as_ref().filter(|n| **n != self.name) {
            let text = format!("{host}: is a member of the set `{other}`; the plan says `{}`", self.name);
            member.hello.fail(&Fault::new(FaultKind::Malformed, text));
            return Vec::new();
        }
        let (heard, arbiters) = (hello.heard, hello.arbiters.iter().cloned().collect());
        let hosts: Vec<_> = hello.hosts.iter().chain(&hello.arbiters).cloned().collect();
        if let Some(term) =
            hello.term.filter(|term| hello.writable && self.elected.is_none_or(|(known, _)| *term > known))
        {
            self.elected = Some((term, hello.heard));
        }
        member.hello.set(hello, stamp);
        self.follow_leader(host, stamp.at);
        self.observe(heard, stamp.at);
        self.add(hosts, &arbiters)
    }

    /// Takes over the position and the clock from the primary's `hello` reply.
    fn follow_leader(&mut self, host: &str, now: Now) {
        if self.leader(now).shown().is_none_or(|l| l.host().is_none_or(|h| **h != *host)) {
            return;
        }
        let Some((hello, _)) = self.members.get(host).and_then(|m| m.hello.last()) else { return };
        let boot = i64::try_from(hello.heard.as_millis()).ok();
        self.clock = hello.local_time.zip(boot).map(|(t, b)| b - t.as_millisecond()).or(self.clock);
        if let Some(at) = hello.last_write {
            self.marks.push(hello.heard, at);
        }
    }

    fn set_status(&mut self, host: &str, status: Membership, stamp: Stamp) {
        let lag = match &status {
            Membership::In(s) if s.state == MemberState::Primary => {
                if let Some(at) = s.applied {
                    self.marks.push(stamp.at.boot, at);
                }
                None
            }
            Membership::In(s) if s.state == MemberState::Secondary && self.delay(host).is_zero() => {
                self.lag_at(s, stamp.at.boot)
            }
            _ => None,
        };
        let Some(member) = self.members.get_mut(host) else { return };
        if let Some(lag) = lag {
            let seconds = lag.least().as_secs_f64();
            member.lags.push(stamp.at.boot, seconds);
            member.slope.push(stamp.at.boot, seconds);
        }
        match &status {
            Membership::In(s) if s.initial_sync.is_some() => {
                if let Some((total, copied)) = s.initial_sync.and_then(|i| Some((i.total?, i.copied))) {
                    #[expect(clippy::cast_precision_loss, reason = "for an estimate")]
                    member.to_copy.push(stamp.at.boot, total.saturating_sub(copied) as f64);
                }
            }
            _ => member.to_copy = Slope::default(),
        }
        member.status.set(status, stamp);
    }

    fn set_config(&mut self, config: Config, stamp: Stamp) -> Vec<CollectorSpec<Query>> {
        if config.set != self.name {
            let text = format!("{}: is of the set `{}`; the plan says `{}`", config.from, config.set, self.name);
            self.config.fail(&Fault::new(FaultKind::Malformed, text));
            return Vec::new();
        }
        let hosts: Vec<_> = config.members.iter().map(|m| m.host.clone()).collect();
        let arbiters = config.members.iter().filter(|m| m.arbiter).map(|m| m.host.clone()).collect();
        let as_of = |set: &Self, host: &Arc<str>| (set.side(host), set.waits_outside(host));
        let before: Vec<_> = self.members.keys().map(|host| (host.clone(), as_of(self, host))).collect();
        self.config.set(config, stamp);
        // Where the plan distinguishes sides by tags, they are known only now; and a candidate may be a member now.
        let moved = before.into_iter().filter(|(host, was)| as_of(self, host) != *was);
        let mut specs: Vec<_> = moved.flat_map(|(host, _)| self.collectors(&host, self.is_arbiter(&host))).collect();
        specs.extend(self.add(hosts, &arbiters));
        specs
    }

    /// Counts the time since the last observation, and determines the primary.
    fn observe(&mut self, at: Duration, now: Now) {
        let leader = self.leader(now);
        if let Observed::Fresh(Leader::Writable(host), _) = &leader {
            let before = self.led.replace(host.clone()).filter(|led| led != host);
            let before = before.and_then(|led| self.members.get(&led)?.hello.last());
            if let Some((hello, _)) = before.filter(|(h, _)| h.writable) {
                let silent = at.saturating_sub(hello.heard) > SILENT;
                let count = if silent { Downtime::passed_over } else { Downtime::handed_over };
                count(&mut self.downtime, hello.heard, at);
            }
            if let Some((hello, _)) = self.members.get(host).and_then(|m| m.hello.last()) {
                self.downtime.heard_up(hello.heard);
            }
            self.lost = None;
        }
        let phase = match leader {
            Observed::Fresh(Leader::Writable(_), _) => Stage::Up,
            Observed::Fresh(Leader::Nobody, _) => Stage::Down,
            Observed::Stale(..) | Observed::Unknown(_) => Stage::Unseen,
            Observed::Pending => Stage::Unknown,
        };
        let lost_since = self.lost_since(at);
        self.downtime.observe(phase, at, lost_since);
    }
}

/// A primary without a reply for two heartbeats is silent. One that replied more recently may have stepped down a moment ago, with its
/// reply still on the way.
const SILENT: Duration = Duration::from_secs(1);

/// A primary lists its operations under a lock of each: not more often than every other second, whatever the plan says.
const ANSWERED_CHEAPLY: Duration = Duration::from_secs(1);

/// The time-out of a query: the interval, but at least what a slow link needs (a connection may take two seconds) and at most what a
/// person will wait.
pub(super) fn answer_within(interval: Duration) -> Duration {
    interval.clamp(Duration::from_secs(3), Duration::from_secs(10))
}

impl System for State {
    const ID: &'static str = "mongo";
    const TITLE: &'static str = "MongoDB";
    const SIGNALS: &'static [&'static SignalDef] = signals::ALL;
    type Query = Query;
    type Observation = Observation;

    fn new(plan: &Arc<Plan>) -> (Self, Vec<CollectorSpec<Query>>) {
        let sets: Vec<_> = (0..plan.replica_sets.len()).map(|ix| Set::new(plan, ix)).collect();
        let specs = sets
            .iter()
            .flat_map(|s| {
                let members = s.members.keys().flat_map(|host| s.collectors(host, false));
                members.chain(s.sources_of_the_primary()).collect::<Vec<_>>()
            })
            .collect();
        (Self { plan: plan.clone(), sets }, specs)
    }

    fn apply(&mut self, query: &Query, observation: Observation, stamp: Stamp) -> Vec<CollectorSpec<Query>> {
        let Some(set) = self.sets.get_mut(query.set()) else { return Vec::new() };
        match (query, observation) {
            (Query::Hello(p), Observation::Hello(h)) => return set.hello(&p.host, h, stamp),
            (Query::Config { .. }, Observation::Config(c)) => return set.set_config(c, stamp),
            (Query::Operations { .. }, Observation::Operations(o)) => set.operations.set(o, stamp),
            (Query::Status(p), Observation::Status(s)) => set.set_status(&p.host, s, stamp),
            (Query::Server(p), Observation::Server(s)) => {
                if let Some(member) = set.members.get_mut(&p.host) {
                    member.server.set(s, stamp);
                }
            }
            // The live side and the simulation only give observations that match the query.
            _ => {}
        }
        Vec::new()
    }

    fn fail(&mut self, query: &Query, fault: &Fault, at: Now) {
        let Some(set) = self.sets.get_mut(query.set()) else { return };
        let member = match query {
            Query::Config { .. } => return set.config.fail(fault),
            Query::Operations { .. } => return set.operations.fail(fault),
            // Queried once; the caller reports the result itself.
            Query::Grants { .. } => return,
            Query::Hello(p) | Query::Status(p) | Query::Server(p) => set.members.get_mut(&p.host),
        };
        let Some(member) = member else { return };
        match query {
            Query::Status(_) => member.status.fail(fault),
            Query::Server(_) => member.server.fail(fault),
            _ => {
                // A broken connection shows when the contact ended; for a silent one it ended with the last reply.
                let silent = matches!(fault.kind, FaultKind::TimedOut | FaultKind::Silent);
                let led = member.hello.last().filter(|(h, _)| h.writable && member.hello.fault().is_none());
                let since = led.map(|(h, _)| if silent { h.heard } else { at.boot });
                set.lost = set.lost.or(since);
                member.hello.fail(fault);
                set.observe(at.boot, at);
            }
        }
    }

    fn trials(&self) -> Vec<CollectorSpec<Query>> {
        self.sets.iter().filter_map(Set::trial).collect()
    }

    /// Sides without a member.
    fn unusable(&self, now: Now) -> Vec<Fault> {
        self.sets
            .iter()
            .filter_map(|set| set.unmatched(now))
            .map(|text| Fault::new(FaultKind::NotFound, text))
            .collect()
    }

    fn measure(&self, now: Now, out: &mut Samples) {
        for set in &self.sets {
            signals::measure(set, now, out);
        }
    }

    fn watched(&self, now: Now) -> Vec<Watched> {
        self.sets.iter().flat_map(|set| set.watched(now)).collect()
    }

    fn is_over(&self, query: &Query, now: Now) -> bool {
        match query {
            Query::Hello(p) | Query::Status(p) | Query::Server(p) => {
                self.sets.get(p.set).is_some_and(|set| set.has_left(&p.host, now))
            }
            Query::Config { .. } | Query::Operations { .. } | Query::Grants { .. } => false,
        }
    }

    fn panel(&self, now: Now) -> Panel {
        super::view::panel(self, now)
    }

    fn tiles(&self, now: Now) -> Vec<Tile> {
        super::tiles::tiles(self, now)
    }

    fn carry(&mut self, spent: &[Reading]) {
        for set in &mut self.sets {
            set.carried = Carried::of(&set.name, spent);
        }
    }

    fn at_work(&mut self, targets: &[&str], now: Now) {
        for set in &mut self.sets {
            let busy = targets.contains(&set.name.as_str());
            set.settle(busy, now);
        }
    }

    fn outages(&self, now: Now) -> Vec<Outage> {
        self.sets.iter().flat_map(|set| set.outages(now)).collect()
    }

    fn detail(&self, table: &str, row: &str, now: Now) -> Option<Detail> {
        super::detail::detail(self, table, row, now)
    }
}

impl Query {
    /// The set of the query.
    #[must_use]
    pub const fn set(&self) -> usize {
        match self {
            Self::Hello(p) | Self::Status(p) | Self::Server(p) => p.set,
            Self::Config { set } | Self::Operations { set } | Self::Grants { set } => *set,
        }
    }
}
