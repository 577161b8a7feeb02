//! Replica sets in a simulated estate: steady writes, small varying lags, an occasional slow member, elections.
//!
//! Everything is derived from the plan, the seed, the virtual time and the requests. The only stored state is the primary, the stopped
//! members, and what was changed.
//!
//! | file | contents |
//! | --- | --- |
//! | `sim.rs` | the estate |
//! | `observe.rs` | what it reports |
//! | `member.rs` | one member: how it is generated, how far it is behind |
//! | `canary.rs` | what a canary measures of it |
//! | `elect.rs` | the primary: elections, step downs, takeovers |
//! | `inject.rs` | fault injection by a scenario |
//! | `conditions.rs` | the shared conditions for its users |
//! | `rules.rs` | which configurations the server accepts |
//! | `writes.rs` | requests carried out and verified |

mod canary;
mod conditions;
mod elect;
mod inject;
mod member;
mod observe;
mod rules;
#[cfg(test)]
mod tests;
mod writes;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use self::member::Member;
use super::{
    State,
    facts::{Observation, Peer, Query},
    operations::{Kind, Operation},
};
use crate::{
    SharedConditions, Simulated,
    rehearsal::{Found, Rehearsed},
};
use base::{
    now::Now,
    observed::{Fault, FaultKind},
    side::Side,
};
use plan::{MemberRule, Plan, ReplicaSet};

/// The simulated sets.
#[derive(Debug)]
pub struct Sim {
    plan: Arc<Plan>,
    sets: Vec<Set>,
    /// The network between the sites is cut.
    cut: bool,
    /// What was carried out, by tag.
    log: Vec<String>,
}

#[derive(Debug)]
struct Set {
    name: String,
    members: Vec<Member>,
    waiting: Vec<String>,
    stopped: BTreeSet<String>,
    /// Members whose process hangs: they keep their memory, and do not answer.
    hung: BTreeSet<String>,
    /// The last network cut between the sites: when it began, and when it was repaired.
    cut: Option<(Duration, Option<Duration>)>,
    /// The primary: index of the member; none while there is no majority or an election is in progress.
    primary: Option<usize>,
    term: u64,
    /// When the others hold an election, once the primary is lost.
    election_at: Option<Duration>,
    /// That election follows a step down: the first member to be asked wins it.
    handoff: bool,
    /// The primary was stopped since the set was last advanced.
    lost: bool,
    /// Since when the primary has been primary.
    led_at: Duration,
    /// From when on the primary accepts writes: not while it drains, nor while a step down waits that will be refused.
    writable_at: Duration,
    /// When a member with a higher priority takes over.
    takeover_at: Option<Duration>,
    version: i64,
    /// When a majority will have the configuration.
    spread_at: Duration,
    /// The end of the primary's own reconfig, which follows each election.
    busy_until: Duration,
    /// Until when a member does not stand for election. In its memory only.
    frozen: BTreeMap<String, Duration>,
    /// Which member carried out which request, as in the members' own logs until they are restarted.
    known_primary: BTreeMap<String, String>,
    /// Restarted members.
    restarted: BTreeSet<String>,
    /// The release of its servers.
    release: String,
    /// A default write concern is set.
    default_write: bool,
    /// Nobody has permission to query it.
    mute: bool,
    /// When it recently accepted no writes, and what its canary measured.
    canary: canary::Canary,
    /// A long operation on the primary, as it was when first observed, and when that was.
    long: Option<(Operation, Duration)>,
    random: fastrand::Rng,
}

/// The servers' default: a primary that is silent for this long is replaced.
const ELECTION: Duration = Duration::from_secs(10);
/// How long a configuration takes to reach a majority.
const HEARTBEAT: Duration = Duration::from_secs(2);

impl Simulated for State {
    type Sim = Sim;

    fn rehearse(plan: &mut Plan, found: &Found<'_>, out: &mut Rehearsed) {
        for set in &mut plan.replica_sets {
            let sided = |side: Side| -> Vec<String> {
                let of = found.all("mongo.member.oplog_window").filter(|r| r.is("set", &set.name));
                of.filter(|r| r.is("side", side.word())).filter_map(|r| r.label("member").map(str::to_owned)).collect()
            };
            let hosts = found.names("mongo.member.oplog_window", &[("set", &set.name)], "member");
            if hosts.is_empty() {
                out.unknown.push(format!("members of {}", set.name));
                continue;
            }
            for (side, own) in Side::BOTH.map(|side| (side, sided(side))) {
                // By host names: the snapshot does not contain tags.
                let rule = own.iter().filter_map(|host| plan::Pattern::parse(host).ok()).collect();
                *set.sites.get_mut(side) = plan::MemberRule::Hosts(rule);
            }
            set.seeds = hosts.into_iter().collect();
        }
    }

    fn simulate(plan: &Arc<Plan>, seed: u64) -> Sim {
        let mut random = fastrand::Rng::with_seed(seed);
        let sets = plan.replica_sets.iter().map(|set| Set::new(set, &mut random)).collect();
        Sim { plan: plan.clone(), sets, cut: false, log: Vec::new() }
    }

    fn publish(sim: &Sim, now: Now, conditions: &mut SharedConditions) {
        conditions::publish(&sim.sets, now.boot, conditions);
    }

    fn observe(sim: &mut Sim, conditions: &SharedConditions) {
        sim.cut = conditions.cut;
    }

    fn advance(sim: &mut Sim, now: Now) {
        for set in &mut sim.sets {
            set.link(sim.cut, now.boot);
            set.advance(now.boot);
        }
    }

    fn answer(sim: &mut Sim, query: &Query, now: Now) -> Result<Observation, Fault> {
        let none = || Fault::new(FaultKind::NotFound, "no such set in the simulated estate");
        let set = sim.sets.get(query.set()).ok_or_else(none)?;
        match query {
            Query::Config { .. } => set.config(now).map(Observation::Config),
            Query::Operations { .. } => set.operations(now).map(Observation::Operations),
            // The simulated servers query for no credentials.
            Query::Grants { .. } => Ok(Observation::Granted),
            Query::Hello(p) => set.reach(p).map(|place| Observation::Hello(set.hello(place, now))),
            Query::Status(p) => set.reach(p).map(|place| Observation::Status(set.status(place, now))),
            Query::Server(p) => set.reach(p).map(|place| Observation::Server(set.server(place, now))),
        }
    }
}

impl Sim {
    /// Stops a member's server.
    pub fn stop(&mut self, host: &str) {
        for set in &mut self.sets {
            set.stop(host);
        }
    }

    /// Starts it again.
    pub fn start(&mut self, host: &str) {
        for set in &mut self.sets {
            set.stopped.remove(host);
        }
    }

    /// A user begins a long operation on a set's primary: it runs until the primary steps down.
    pub fn begin_long(&mut self, set: &str, kind: Kind, what: &str, namespace: &str, now: Now) {
        for set in self.sets.iter_mut().filter(|s| s.name == set) {
            let running = Duration::ZERO;
            let op = Operation { kind, what: what.to_owned(), namespace: namespace.to_owned(), running };
            set.long = Some((op, now.boot));
        }
    }

    /// Makes a member an arbiter from the beginning on: it only votes.
    pub fn arbiter(&mut self, host: &str) {
        for m in self.sets.iter_mut().flat_map(|set| &mut set.members).filter(|m| m.config.host == host) {
            (m.config.arbiter, m.config.votes, m.config.priority) = (true, 1, 0.0);
        }
    }

    /// Sets the release of its servers.
    pub fn set_release(&mut self, set: &str, release: &str) {
        self.sets.iter_mut().filter(|s| s.name == set).for_each(|s| release.clone_into(&mut s.release));
    }

    /// Sets the write concern of writes that name none.
    pub fn set_default_write(&mut self, set: &str) {
        self.sets.iter_mut().filter(|s| s.name == set).for_each(|s| s.default_write = true);
    }

    /// Denies the reading login the query for that.
    pub fn mute_default_write(&mut self, set: &str) {
        self.sets.iter_mut().filter(|s| s.name == set).for_each(|s| s.mute = true);
    }

    /// Makes a set hold an election at once, for a reason outside the plan: its primary lost its connections for a moment.
    pub fn topple(&mut self, set: &str, now: Now) {
        for set in self.sets.iter_mut().filter(|s| s.name == set) {
            set.topple(now.boot);
        }
    }
}

impl Set {
    fn new(plan: &ReplicaSet, random: &mut fastrand::Rng) -> Self {
        let mut hosts = plan.seeds.clone();
        for side in Side::BOTH {
            if let MemberRule::Hosts(patterns) = plan.sites.get(side) {
                hosts.extend(patterns.iter().filter_map(|p| p.literal()).map(str::to_owned));
            }
        }
        let mut seen = BTreeSet::new();
        hosts.retain(|h| !plan.candidates.contains(h) && seen.insert(h.clone()));
        // The source's members first: they are preferred as primaries.
        hosts.sort_by_key(|h| match &plan.sites.target {
            MemberRule::Hosts(patterns) => patterns.iter().any(|p| p.matches(h)),
            MemberRule::Tag { .. } => false,
        });
        let members = hosts.iter().enumerate().map(|(i, host)| Member::new(plan, i, host, random)).collect();
        Self {
            name: plan.name.clone(),
            members,
            waiting: plan.candidates.clone(),
            stopped: BTreeSet::new(),
            hung: BTreeSet::new(),
            cut: None,
            primary: Some(0),
            term: 7,
            election_at: None,
            handoff: false,
            lost: false,
            led_at: Duration::ZERO,
            writable_at: Duration::ZERO,
            takeover_at: None,
            version: 4,
            spread_at: Duration::ZERO,
            busy_until: Duration::ZERO,
            frozen: BTreeMap::new(),
            known_primary: BTreeMap::new(),
            restarted: BTreeSet::new(),
            release: "6.0.27".to_owned(),
            default_write: false,
            mute: false,
            canary: canary::Canary::default(),
            long: None,
            // Separate from the generator of the members: an election must not change the members of the next set.
            random: fastrand::Rng::with_seed(random.clone().u64(..)),
        }
    }

    /// The state of the network between the sites, from now on.
    fn link(&mut self, cut: bool, boot: Duration) {
        match &mut self.cut {
            None | Some((_, Some(_))) if cut => self.cut = Some((boot, None)),
            Some((_, repaired @ None)) if !cut => *repaired = Some(boot),
            _ => {}
        }
    }

    /// Whether a member reaches another one: the other is up, and no cut is between them. Members of neither side reach both.
    fn sees(&self, from: usize, to: usize) -> bool {
        let sides = (self.members[from].side, self.members[to].side);
        let apart = matches!(sides, (Some(a), Some(b)) if a != b) && matches!(self.cut, Some((_, None)));
        self.up(to) && !apart
    }

    /// Seconds behind the primary: its own lag, plus what it missed while it reached neither the primary nor a member of a third site.
    fn lag(&self, place: usize, boot: Duration) -> f64 {
        let through = |i: usize| self.members[i].side.is_none() && self.up(i);
        let follows = self.primary.is_none_or(|p| self.sees(p, place)) || (0..self.members.len()).any(through);
        let missed = match self.cut {
            Some((since, None)) if !follows => boot.saturating_sub(since).as_secs_f64(),
            // It catches up many times as fast as the data was written.
            Some((since, Some(repaired)))
                if self.members[place].side == Some(Side::Target) && !(0..self.members.len()).any(through) =>
            {
                (repaired.saturating_sub(since).as_secs_f64() - 20.0 * boot.saturating_sub(repaired).as_secs_f64())
                    .max(0.0)
            }
            _ => 0.0,
        };
        self.members[place].lag(boot) + missed
    }

    fn up(&self, place: usize) -> bool {
        let host = &self.members[place].config.host;
        !self.stopped.contains(host) && !self.hung.contains(host)
    }

    /// The queried member; none for a candidate that is not a member yet.
    fn reach(&self, peer: &Peer) -> Result<Option<usize>, Fault> {
        if self.stopped.contains(&*peer.host) {
            return Err(Fault::connection_refused(format!("{}: connection refused", peer.host)));
        }
        if self.hung.contains(&*peer.host) {
            return Err(Fault::new(FaultKind::Silent, format!("{}: no answer in time", peer.host)));
        }
        match self.members.iter().position(|m| m.config.host == *peer.host) {
            Some(place) => Ok(Some(place)),
            None if self.waiting.iter().any(|h| *h == *peer.host) => Ok(None),
            None => Err(Fault::new(FaultKind::Unreachable, format!("{}: no such host", peer.host))),
        }
    }
}
