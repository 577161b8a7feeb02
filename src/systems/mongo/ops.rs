//! What can be changed of a set: its primary moved, as measured on real servers, and its members; in operations that are plain data.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `ops.rs` | the calls, what they compare with, and the door to the rest |
//! | `recipe.rs` | the operations of a move, from what is observed to what is wanted |
//! | `draft.rs` | what has to be known first, and which member is chosen |
//! | `members.rs` | who comes in, is offered to readers, votes, may lead, leaves |
//! | `path.rs` | from one configuration to another, one vote at a time |
//! | `concern.rs` | what the server refuses of a set with an arbiter because of what writes wait for |
//! | `preview.rs` | what changes, what to know, what must not be |
//! | `command.rs` | the same as commands that a person could paste |
//!
//! **Who did it.** A configuration can be read back: it is ours if it has our version and exactly our members. A step down or a freeze
//! leaves nothing that could be read in any status: whether it was *ours* tells only the server's reply, or its own log (`getLog`: a line
//! with the connection's number, which `client metadata` joins with the name that the connection gave itself) [measured, 6.0]. Where
//! neither is there, a term that has moved on is a conflict: something happened, and it cannot be said to have been this.

mod command;
mod concern;
mod draft;
mod members;
mod path;
mod preview;
mod recipe;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Concern, Felt, Observation, Probe, State, facts::ConfigMember, set::Set};
use crate::steer::Planner;
use base::{
    collector::CollectorSpec,
    now::Now,
    observed::{Fault, FaultKind, Observed, Reading, Stamp},
    operation::{Draft, Drafted, Operation},
    step::Kind,
};
use plan::Action;

/// A request, or a wait.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `replSetReconfig`, to whoever leads.
    Reconfig(Box<Reconfig>),
    /// `replSetStepDown`, never with force.
    StepDown {
        /// The set.
        set: String,
        /// The primary it is for, and no other.
        host: String,
        /// The term it leads in. In another one it is another primary, be it on the same host.
        term: i64,
        /// For how many seconds it does not stand for election again.
        secs: u32,
        /// For how many seconds the others may catch up. Writes fail meanwhile.
        catch_up: u32,
    },
    /// `replSetFreeze`: zero lets a member stand for election again. A primary refuses it (95) and needs none.
    Freeze {
        /// The set.
        set: String,
        /// The member.
        host: String,
        /// For how many seconds it does not stand for election.
        secs: u32,
        /// What it lifts, where that ends by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lapse: Option<Lapse>,
    },
    /// Nothing is sent.
    Wait {
        /// The set.
        set: String,
        /// What is waited for.
        until: Until,
    },
}

/// A step down keeps a member from standing for election for so long, and no longer. It holds that as a time (`stepDownUntil`), in memory:
/// a process that hung, or was started anew, is free of it all the same [measured, 4.4 to 6.0].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lapse {
    /// The term that it ended. The election after it is the clock: who leads in a later term says since when.
    pub term: i64,
    /// For how many seconds.
    pub secs: u32,
}

/// What is added to a lapse before it is taken to be over: the election came after the step down, by the clock of another server.
const MARGIN: Duration = Duration::from_secs(2);

impl Lapse {
    /// Whether it is over, by who leads in this term and has led for so long.
    #[must_use]
    pub fn is_over(self, term: i64, led: Duration) -> bool {
        term > self.term && led >= Duration::from_secs(u64::from(self.secs)) + MARGIN
    }
}

/// A whole configuration, as it is to be.
///
/// The server compares one thing only: the version sent must be higher than the one it has (else 103). So it is sent once and as it stands
/// here, by a primary that was seen to have `before` at the version compared with; it is never made anew from a later read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reconfig {
    /// The set.
    pub set: String,
    /// The version it will have: one more than the one that it replaces.
    pub version: i64,
    /// All members as they have to be there, or it is not sent.
    pub before: Vec<ConfigMember>,
    /// All members as they are to be.
    pub after: Vec<ConfigMember>,
    /// What is sent in place of `after` if another member leads by then than was meant to.
    pub unless: Option<Unless>,
    /// An election may lie between what it compares with and its sending: the version and all members count, the term does not.
    pub any_term: bool,
}

/// What is sent if the move did not come to pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unless {
    /// It leads: then nothing of this.
    pub leads: String,
    /// All members as they are to be otherwise. Preferring a member that does not lead would arm its takeover: ten seconds without a
    /// primary at a time that nobody chose.
    pub members: Vec<ConfigMember>,
}

impl Reconfig {
    /// The members that are sent while this one leads.
    #[must_use]
    pub fn members(&self, leader: &str) -> &[ConfigMember] {
        self.unless.as_ref().filter(|u| u.leads != leader).map_or(&self.after, |u| &u.members)
    }

    /// Whether these members, at this version, are what it would have made of the set.
    #[must_use]
    pub fn made(&self, version: i64, members: &[ConfigMember]) -> bool {
        let otherwise = self.unless.as_ref().is_some_and(|u| u.members == members);
        version == self.version && (self.after == members || otherwise)
    }
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// A majority has the configuration of this version (`commitmentStatus`).
    Committed {
        /// The version.
        version: i64,
    },
    /// The member is level with the primary.
    CaughtUp {
        /// The member.
        host: String,
        /// Level is: less than this many milliseconds behind.
        within_ms: u32,
    },
    /// The member accepts writes (`isWritablePrimary`; state PRIMARY alone is not yet that), in a later term than this.
    Leads {
        /// The member.
        host: String,
        /// The term before.
        after: i64,
    },
    /// Some member accepts writes.
    Writable,
    /// Some member accepts writes, and a majority has the configuration.
    Settled,
}

/// A command waits at the server for some seconds at the most, then it has been carried out or refused; a copy of it in a socket is gone
/// with its connection, which the writing side gives up before this.
const STRAY: Duration = Duration::from_secs(60);

/// So long a member that is to lead may take to be level with the primary. Nobody else can lead meanwhile, and what was judged when the
/// attempt was begun grows old: after that, all is put back as it was.
const LEVEL_WITHIN: Duration = Duration::from_secs(30);

/// What a request compares with, and what a look found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The configuration's version.
    pub version: i64,
    /// The term.
    pub term: i64,
    /// Who leads; none while nobody does.
    pub leader: Option<String>,
}

impl Call {
    /// What kind of operation it is, and for how long an earlier copy of it may still land.
    ///
    /// A stray copy has to be waited out. A configuration that is not there is not fenced out: what it compares with still is, so that a
    /// copy that arrives now is taken. (Once another version is there, it is: that is a conflict, which is final without a wait.)
    const fn kind(&self) -> (Kind, Duration) {
        match self {
            Self::Reconfig(_) | Self::StepDown { .. } => (Kind::Compared, STRAY),
            Self::Freeze { lapse: Some(_), .. } => (Kind::Lapses, STRAY),
            Self::Freeze { lapse: None, .. } => (Kind::Absolute, STRAY),
            Self::Wait { .. } => (Kind::Wait, Duration::ZERO),
        }
    }

    /// The member that is frozen or thawed.
    fn frozen(&self) -> Option<&str> {
        if let Self::Freeze { host, .. } = self { Some(host) } else { None }
    }

    /// The set it is for.
    #[must_use]
    pub fn set(&self) -> &str {
        match self {
            Self::Reconfig(r) => &r.set,
            Self::StepDown { set, .. } | Self::Freeze { set, .. } | Self::Wait { set, .. } => set,
        }
    }
}

impl State {
    fn canary(&mut self, probe: Probe) -> Option<&mut Reading<Felt>> {
        self.sets.get_mut(probe.set)?.canaries.get_mut(&probe.concern)
    }
}

impl Planner for State {
    type Call = Call;
    type Version = Version;
    type Probe = Probe;

    fn probes(&mut self) -> Vec<CollectorSpec<Probe>> {
        self.sets.iter_mut().flat_map(Set::probes).collect()
    }

    fn on_sample(&mut self, probe: &Probe, facts: Observation, stamp: Stamp) {
        let Observation::Felt(felt) = facts else { return };
        let begins = self.canary(*probe).is_some_and(|canary| probe.concern == Concern::One && canary.last().is_none());
        if let Some(set) = self.sets.get_mut(probe.set).filter(|_| begins) {
            set.begins_to_feel(&felt, stamp.at);
        }
        if let Some(canary) = self.canary(*probe) {
            canary.set(felt, stamp);
        }
    }

    fn on_probe_error(&mut self, probe: &Probe, fault: &Fault) {
        if let Some(canary) = self.canary(*probe) {
            canary.fail(fault);
        }
    }

    fn draft(&self, action: &Action, now: Now) -> Option<Drafted<Call, Version>> {
        let set = match self.steered(action.set()?) {
            Ok(set) => set,
            Err(fault) => return Some(Err(vec![fault])),
        };
        match action {
            Action::MovePrimary { to, .. } => Some(set.draft_move(*to, now)),
            _ => set.draft_members(action, now),
        }
    }

    fn inverse(&self, ops: &[Operation<Call, Version>], now: Now) -> Drafted<Call, Version> {
        let Some(way) = draft::WayBack::of(ops) else {
            return Ok(Draft::nothing());
        };
        self.steered(way.set()).map_err(|f| vec![f])?.draft_back(&way, now)
    }

    fn waits_within(call: &Call) -> Option<Duration> {
        matches!(call, Call::Wait { until: Until::CaughtUp { .. }, .. }).then_some(LEVEL_WITHIN)
    }

    fn mend(&self, ops: &[Operation<Call, Version>], now: Now) -> Drafted<Call, Version> {
        let none = || vec![Fault::new(FaultKind::Empty, "there is nothing to repair")];
        let set = self.steered(ops.last().ok_or_else(none)?.call.set()).map_err(|f| vec![f])?;
        set.draft_mend(ops, now)
    }

    fn is_satisfied(&self, action: &Action, now: Now) -> Option<Observed<bool>> {
        let set = match self.steered(action.set()?) {
            Ok(set) => set,
            Err(fault) => return Some(Observed::Unknown(fault)),
        };
        match action {
            Action::MovePrimary { to, .. } => {
                Some(set.leader(now).map(|l| l.host().is_some_and(|host| set.side(host) == Some(*to))))
            }
            _ => set.members_met(action, now),
        }
    }

    /// A member of the side that was left follows as long as the primary's oplog reaches back to where it stands; beyond that it has to
    /// be copied anew, which is no way back for tonight.
    fn rollback_window(&self, action: &Action, now: Now) -> Option<(&'static str, Observed<Duration>)> {
        let Action::MovePrimary { set, to } = action else { return None };
        let left = self.steered(set).map_or_else(Observed::Unknown, |set| {
            let none = || Fault::new(FaultKind::Unsupported, "serverStatus has no `oplog` on this version");
            let window = set.of_leader(now, |m| m.server.at(now)).and_then(|s| s.window().ok_or_else(none));
            let lag = set.worst_lag(Some(to.other()), now).map_or(Observed::Pending, |l| l.map(|(lag, _)| lag.least()));
            window.zip(lag).map(|(window, lag)| window.saturating_sub(lag))
        });
        Some(("oplog", left))
    }
}
