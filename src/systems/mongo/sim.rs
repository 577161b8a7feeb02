//! Replica sets in a simulated estate: steady writes, small lags that breathe, a slow member now and then, elections.
//!
//! Everything follows from the plan, the seed and the virtual time; nothing is remembered but who leads and who is stopped.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    State,
    facts::{
        Ask, Config, ConfigMember, Facts, Hello, MemberState, Membership, OpTime, Peer, Peering, Server, Status,
    },
};
use crate::{
    core::{
        estate::seen::{Fault, FaultKind},
        now::Now,
    },
    plan::{MemberRule, Plan, ReplicaSet, Side},
    systems::Simulated,
};

/// The imitated sets.
#[derive(Debug)]
pub struct Sim {
    sets: Vec<Set>,
}

#[derive(Debug)]
struct Set {
    name: String,
    members: Vec<Member>,
    waiting: Vec<String>,
    stopped: BTreeSet<String>,
    /// Who leads: place among the members; none while there is no majority or an election goes on.
    primary: Option<usize>,
    term: u64,
    /// When the others elect, once the primary is gone.
    election_at: Option<Duration>,
}

#[derive(Debug)]
struct Member {
    config: ConfigMember,
    side: Option<Side>,
    /// Usual lag, where in its breath the member is, and how often it is slow: what makes members differ.
    usual: f64,
    phase: f64,
    slow_every: f64,
}

/// As the servers' default: a primary silent for this long is replaced.
const ELECTION: Duration = Duration::from_secs(10);
/// How long a slow spell lasts, in seconds.
const SPELL: f64 = 90.0;

impl Simulated for State {
    type Sim = Sim;

    fn simulate(plan: &Arc<Plan>, seed: u64) -> Sim {
        let mut random = fastrand::Rng::with_seed(seed);
        Sim { sets: plan.replica_sets.iter().map(|set| Set::new(set, &mut random)).collect() }
    }

    fn advance(sim: &mut Sim, now: Now) {
        for set in &mut sim.sets {
            set.advance(now.boot);
        }
    }

    fn answer(sim: &mut Sim, ask: &Ask, now: Now) -> Result<Facts, Fault> {
        let none = || Fault::new(FaultKind::NotFound, "no such set in the simulated estate");
        let set = sim.sets.get(ask.set()).ok_or_else(none)?;
        match ask {
            Ask::Config { .. } => set.config(now).map(Facts::Config),
            Ask::Hello(p) => set.reach(p).map(|place| Facts::Hello(set.hello(place, now))),
            Ask::Status(p) => set.reach(p).map(|place| Facts::Status(set.status(place, now))),
            Ask::Server(p) => set.reach(p).map(|place| Facts::Server(set.server(place, now))),
        }
    }
}

impl Sim {
    /// Stops a member's server.
    pub fn stop(&mut self, host: &str) {
        for set in &mut self.sets {
            set.stopped.insert(host.to_owned());
        }
    }

    /// Starts it again.
    pub fn start(&mut self, host: &str) {
        for set in &mut self.sets {
            set.stopped.remove(host);
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
            primary: Some(0),
            term: 7,
            election_at: None,
        }
    }

    fn up(&self, place: usize) -> bool {
        !self.stopped.contains(&self.members[place].config.host)
    }

    fn advance(&mut self, boot: Duration) {
        let votes = |m: &[Member], up: &dyn Fn(usize) -> bool| -> u32 {
            m.iter().enumerate().filter(|(i, _)| up(*i)).map(|(_, m)| m.config.votes).sum()
        };
        let majority = votes(&self.members, &|i| self.up(i)) > votes(&self.members, &|_| true) / 2;
        if self.primary.is_some_and(|p| self.up(p) && majority) {
            return;
        }
        if self.primary.take().is_some() {
            self.election_at = Some(boot + ELECTION);
        }
        if majority && self.election_at.is_none_or(|at| boot >= at) {
            let electable = (0..self.members.len()).filter(|&i| self.up(i) && self.members[i].config.priority > 0.0);
            self.primary =
                electable.max_by(|&a, &b| {
                    let priority = |i: usize| self.members[i].config.priority;
                    priority(a).total_cmp(&priority(b)).then(b.cmp(&a))
                });
            self.term += u64::from(self.primary.is_some());
            self.election_at = None;
        }
    }

    /// The member that is asked; none for a host that waits outside.
    fn reach(&self, peer: &Peer) -> Result<Option<usize>, Fault> {
        if self.stopped.contains(&*peer.host) {
            return Err(Fault::new(FaultKind::Unreachable, format!("{}: connection refused", peer.host)));
        }
        match self.members.iter().position(|m| m.config.host == *peer.host) {
            Some(place) => Ok(Some(place)),
            None if self.waiting.iter().any(|h| *h == *peer.host) => Ok(None),
            None => Err(Fault::new(FaultKind::Unreachable, format!("{}: no such host", peer.host))),
        }
    }

    /// What a member has applied by now, and when that was written: a hundred writes a second, in hundredths.
    fn applied(&self, place: usize, now: Now) -> (OpTime, Timestamp) {
        let lag = if self.primary == Some(place) { 0.0 } else { self.members[place].lag(now.boot) };
        let back = jiff::SignedDuration::from_millis(millis(lag));
        let wall = now.wall.checked_sub(back).unwrap_or(now.wall).as_millisecond() / 10 * 10;
        let secs = u32::try_from(wall.div_euclid(1000)).unwrap_or(0);
        let inc = u32::try_from(wall.rem_euclid(1000) / 10 + 1).unwrap_or(1);
        // Every operation of the imitated oplog has the term of its reading: elections lose nothing here.
        let op = OpTime { term: i64::try_from(self.term).unwrap_or(i64::MAX), secs, inc };
        (op, Timestamp::from_millisecond(wall).unwrap_or(now.wall))
    }

    fn hello(&self, place: Option<usize>, now: Now) -> Hello {
        let Some(place) = place else {
            return Hello { heard: now.boot, local_time: Some(now.wall), ..Hello::default() };
        };
        let leads = self.primary == Some(place);
        Hello {
            heard: now.boot,
            set_name: Some(self.name.clone()),
            me: Some(self.members[place].config.host.clone()),
            writable: leads,
            secondary: !leads,
            arbiter: false,
            primary: self.primary.map(|p| self.members[p].config.host.clone()),
            hosts: self.members.iter().map(|m| m.config.host.clone()).collect(),
            term: leads.then_some(self.term),
            last_write: Some(self.applied(place, now).0),
            local_time: Some(now.wall),
        }
    }

    fn status(&self, place: Option<usize>, now: Now) -> Membership {
        let Some(place) = place else { return Membership::Waiting };
        let (op, wall) = self.applied(place, now);
        let state = |i| match i {
            i if !self.up(i) => MemberState::Down,
            i if self.primary == Some(i) => MemberState::Primary,
            _ => MemberState::Secondary,
        };
        let peers = self.members.iter().enumerate().map(|(i, m)| Peering {
            host: m.config.host.clone(),
            state: state(i),
            up: self.up(i),
            ping: (i != place).then(|| {
                let far = m.side != self.members[place].side;
                Duration::from_millis(if far { 66 } else { 1 })
            }),
        });
        Membership::In(Box::new(Status {
            state: state(place),
            term: i64::try_from(self.term).ok(),
            date: now.wall,
            applied: Some(op),
            applied_wall: Some(wall),
            sync_source: self.primary.filter(|p| *p != place).map(|p| self.members[p].config.host.clone()),
            uptime: Some(UPTIME),
            majority: u32::try_from(self.members.len() / 2 + 1).ok(),
            members: peers.collect(),
            initial_sync: None,
        }))
    }

    fn server(&self, place: Option<usize>, now: Now) -> Server {
        let window = place.map(|p| {
            let reach = 30.0 * 3600.0 * (1.0 + 0.5 * self.members[p].phase);
            (now.wall - jiff::SignedDuration::from_millis(millis(reach)), now.wall)
        });
        Server { version: "6.0.27".into(), oplog: window, flow_lagged: Some(false), uptime: Some(UPTIME) }
    }

    fn config(&self, _: Now) -> Result<Config, Fault> {
        let from = self.primary.or_else(|| (0..self.members.len()).find(|&i| self.up(i)));
        let Some(from) = from else {
            return Err(Fault::new(FaultKind::Unreachable, format!("{}: no member answers", self.name)));
        };
        Ok(Config {
            set: self.name.clone(),
            version: 4,
            term: i64::try_from(self.term).ok(),
            members: self.members.iter().map(|m| m.config.clone()).collect(),
            committed: self.primary.is_some().then_some(true),
            from: self.members[from].config.host.clone(),
            election_timeout: Some(ELECTION),
        })
    }
}

const UPTIME: Duration = Duration::from_secs(19 * 86_400);

impl Member {
    /// Where the plan tells sides by tags, the first three are of the source and the rest of the target.
    fn new(plan: &ReplicaSet, place: usize, host: &str, random: &mut fastrand::Rng) -> Self {
        let by_place = if place < 3 { Side::Source } else { Side::Target };
        let side = Side::BOTH.into_iter().find(|side| match plan.sites.get(*side) {
            MemberRule::Hosts(patterns) => patterns.iter().any(|p| p.matches(host)),
            MemberRule::Tag { .. } => *side == by_place,
        });
        let tags = side.and_then(|side| match plan.sites.get(side) {
            MemberRule::Tag { name, value } => Some((name.clone(), value.clone())),
            MemberRule::Hosts(_) => None,
        });
        let config = ConfigMember {
            host: host.to_owned(),
            votes: u32::from(place < 7),
            priority: if place >= 7 { 0.0 } else if place == 0 { 2.0 } else { 1.0 },
            tags: tags.into_iter().collect(),
            ..ConfigMember::default()
        };
        let far = if side == Some(Side::Target) { 0.15 } else { 0.01 };
        Self {
            config,
            side,
            usual: far + 0.05 * random.f64(),
            phase: random.f64(),
            slow_every: if random.f64() < 0.4 { 420.0 + 600.0 * random.f64() } else { f64::INFINITY },
        }
    }

    /// Seconds behind: a breath of half a minute, and for some members a slow spell that builds up and drains.
    fn lag(&self, boot: Duration) -> f64 {
        let t = boot.as_secs_f64();
        let breath = 1.0 + 0.6 * ((t / 31.0 + self.phase) * std::f64::consts::TAU).sin();
        let into = (t + self.phase * 400.0) % self.slow_every;
        let spell = if into < SPELL { 6.0 * (into / SPELL * std::f64::consts::PI).sin() } else { 0.0 };
        self.usual * breath + spell
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of a simulation")]
fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}
