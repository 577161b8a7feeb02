//! Changes to a set: moving its primary, as measured on real servers, and changing its members. Operations are plain data.
//!
//! | file | contents |
//! | --- | --- |
//! | `ops.rs` | the calls, their versions, and the interface to the other files |
//! | `recipe.rs` | the operations of a move, from the observed to the wanted members |
//! | `draft.rs` | the conditions of a move, and the choice of the member |
//! | `members.rs` | adding, showing, voting, ranking and removing members |
//! | `freeze.rs` | keeping members from standing for election |
//! | `weigh.rs` | what votes and priorities on the way mean |
//! | `path.rs` | from one configuration to another, one vote at a time |
//! | `concern.rs` | configurations that the server refuses in a set with an arbiter, because of the default write concern |
//! | `preview.rs` | changes, notes and prohibitions of a draft |
//! | `command.rs` | the same as commands that a person can paste |
//!
//! **Attribution.** A configuration can be read back: it is ours if it has our version and exactly our members. A step down or a freeze
//! appears in no status: only the server's reply, or its own log (`getLog`: a line with the connection's number, which `client metadata`
//! joins with the name that the connection gave itself), shows that it was *ours* [measured, 6.0]. Where neither is available, a later
//! term is a conflict: something has changed, and it cannot be attributed to this request.

mod command;
mod concern;
mod draft;
mod freeze;
mod members;
mod path;
mod preview;
mod recipe;
mod weigh;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CanaryReading, Concern, Observation, Probe, State, facts::ConfigMember, set::Set};
use crate::planner::{Handover, Planner};
use base::{
    collector::CollectorSpec,
    now::Now,
    observed::{Fault, FaultKind, Observed, Reading, Stamp},
    operation::{Draft, Drafted, Operation},
    step::Kind,
};
use plan::Action;

/// An operation of this system.
type Op = Operation<Call, Version>;

/// A request, or a wait.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `replSetReconfig`, to the primary.
    Reconfig(Box<Reconfig>),
    /// `replSetStepDown`, never with force.
    StepDown {
        /// The set.
        set: String,
        /// The primary to which it is sent, and to no other.
        host: String,
        /// The term of that primary. In another term it is another primary, even on the same host.
        term: i64,
        /// For how many seconds it does not stand for election again.
        secs: u32,
        /// For how many seconds it waits for the others to catch up. Writes fail meanwhile.
        catch_up: u32,
    },
    /// `replSetFreeze`: zero lets a member stand for election again. A primary refuses it (95) and does not need it.
    Freeze {
        /// The set.
        set: String,
        /// The member.
        host: String,
        /// For how many seconds it does not stand for election.
        secs: u32,
        /// The restriction that it lifts, where that expires by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lapse: Option<Lapse>,
    },
    /// Nothing is sent.
    Wait {
        /// The set.
        set: String,
        /// The condition.
        until: Until,
    },
}

/// For this long a step down keeps a member from standing for election. The server holds it as a time (`stepDownUntil`), in memory: it also
/// expires in a process that hung or was restarted [measured, 4.4 to 6.0].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lapse {
    /// The term that it ended. Time is counted from the next election: the primary of a later term reports how long it has been primary.
    pub term: i64,
    /// For how many seconds.
    pub secs: u32,
}

/// Added to a lapse before it counts as expired: the election came after the step down, by the clock of another server.
const MARGIN: Duration = Duration::from_secs(2);

impl Lapse {
    /// Whether it has expired, given that a member has been primary in this term for this long.
    #[must_use]
    pub fn is_over(self, term: i64, led: Duration) -> bool {
        term > self.term && led >= Duration::from_secs(u64::from(self.secs)) + MARGIN
    }
}

/// A whole configuration, as it is to be.
///
/// The server checks one thing only: the version sent must be higher than its own (else 103). So it is sent once and exactly as stored
/// here, to a primary that was observed to have `before` at the version of the precondition; it is never rebuilt from a later read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reconfig {
    /// The set.
    pub set: String,
    /// The version that it will have: one more than the one that it replaces.
    pub version: i64,
    /// The members that the set must have now; otherwise it is not sent.
    pub before: Vec<ConfigMember>,
    /// All members as they are to be.
    pub after: Vec<ConfigMember>,
    /// Sent in place of `after` if another member than the intended one is primary by then.
    pub unless: Option<Unless>,
    /// An election may happen between the precondition's read and the send: the version and all members are compared, the term is not.
    pub any_term: bool,
}

/// Sent if the move did not succeed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unless {
    /// If this member is primary, `members` is not used.
    pub leads: String,
    /// The members as they are to be otherwise. Preferring a member that is not primary would arm its takeover: ten seconds without a
    /// primary at an unplanned time.
    pub members: Vec<ConfigMember>,
}

impl Reconfig {
    /// The members that are sent while `leader` is primary.
    #[must_use]
    pub fn members(&self, leader: &str) -> &[ConfigMember] {
        self.unless.as_ref().filter(|u| u.leads != leader).map_or(&self.after, |u| &u.members)
    }

    /// Whether these members, at this version, are the result of this reconfig.
    #[must_use]
    pub fn made(&self, version: i64, members: &[ConfigMember]) -> bool {
        let otherwise = self.unless.as_ref().is_some_and(|u| u.members == members);
        version == self.version && (self.after == members || otherwise)
    }
}

/// The condition of a wait.
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
        /// Level means: less than this many milliseconds behind.
        within_ms: u32,
    },
    /// The member accepts writes (`isWritablePrimary`; state PRIMARY alone is not enough), in a later term than this.
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

/// A command waits at the server for some seconds at the most and is then carried out or refused. A copy of it in a socket is lost with its
/// connection, which the writer closes before this time.
const STRAY: Duration = Duration::from_secs(60);

/// How long a member that is to become primary may take to be level with the primary. No other member can be elected meanwhile, and the
/// observations on which the attempt was approved get old: after this time everything is rolled back.
const LEVEL_WITHIN: Duration = Duration::from_secs(30);

/// What a request is compared with, and what a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The configuration's version.
    pub version: i64,
    /// The term.
    pub term: i64,
    /// The primary; none while there is none.
    pub leader: Option<String>,
}

impl Call {
    /// What kind of operation it is, and for how long an earlier copy of it may still arrive.
    ///
    /// A stray copy has to be waited out. A configuration that is not applied does not exclude a late copy: its precondition still holds,
    /// so that a copy that arrives now is accepted. (Once another version is in place, it is excluded: that is a conflict, which is final
    /// without a wait.)
    const fn kind(&self) -> (Kind, Duration) {
        match self {
            Self::Reconfig(_) | Self::StepDown { .. } => (Kind::Compared, STRAY),
            Self::Freeze { lapse: Some(_), .. } => (Kind::Lapses, STRAY),
            Self::Freeze { lapse: None, .. } => (Kind::Absolute, STRAY),
            Self::Wait { .. } => (Kind::Wait, Duration::ZERO),
        }
    }

    /// The member that is frozen or unfrozen.
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
    fn canary(&mut self, probe: Probe) -> Option<&mut Reading<CanaryReading>> {
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

    fn on_sample(&mut self, probe: &Probe, observation: Observation, stamp: Stamp) {
        let Observation::CanaryReading(sample) = observation else { return };
        let begins = self.canary(*probe).is_some_and(|canary| probe.concern == Concern::One && canary.last().is_none());
        if let Some(set) = self.sets.get_mut(probe.set).filter(|_| begins) {
            set.on_canary_reading(&sample, stamp.at);
        }
        if let Some(canary) = self.canary(*probe) {
            canary.set(sample, stamp);
        }
    }

    fn on_probe_error(&mut self, probe: &Probe, fault: &Fault) {
        if let Some(canary) = self.canary(*probe) {
            canary.fail(fault);
        }
    }

    fn draft(&self, action: &Action, now: Now) -> Option<Drafted<Call, Version>> {
        let set = match self.settable(set_of(action)?) {
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
        self.settable(way.set()).map_err(|f| vec![f])?.draft_back(&way, now)
    }

    fn waits_within(call: &Call) -> Option<Duration> {
        matches!(call, Call::Wait { until: Until::CaughtUp { .. }, .. }).then_some(LEVEL_WITHIN)
    }

    fn finish_cleanup(&self, ops: &[Operation<Call, Version>], now: Now) -> Drafted<Call, Version> {
        let none = || vec![Fault::new(FaultKind::Empty, "there is nothing to repair")];
        let set = self.settable(ops.last().ok_or_else(none)?.call.set()).map_err(|f| vec![f])?;
        set.draft_cleanup(ops, now)
    }

    fn is_satisfied(&self, action: &Action, now: Now) -> Option<Observed<bool>> {
        let set = match self.settable(set_of(action)?) {
            Ok(set) => set,
            Err(fault) => return Some(Observed::Unknown(fault)),
        };
        match action {
            Action::MovePrimary { to, .. } => {
                Some(set.leader(now).map(|l| l.host().is_some_and(|host| set.side(host) == Some(*to))))
            }
            _ => set.members_satisfied(action, now),
        }
    }

    /// A member of the former side can follow as long as the primary's oplog reaches back to its position; after that it needs a new
    /// initial sync, which is no practical rollback.
    fn handover(call: &Call) -> Option<Handover<'_>> {
        match call {
            Call::StepDown { set, .. } => Some(Handover::Begins(set)),
            Call::Wait { until: Until::Leads { .. } | Until::Writable | Until::Settled, .. } => Some(Handover::Ends),
            _ => None,
        }
    }

    fn rollback_window(&self, action: &Action, now: Now) -> Option<(&'static str, Observed<Duration>)> {
        let Action::MovePrimary { set, to } = action else { return None };
        let left = self.settable(set).map_or_else(Observed::Unknown, |set| {
            let none = || Fault::new(FaultKind::Unsupported, "serverStatus has no `oplog` on this version");
            let window = set.of_leader(now, |m| m.server.at(now)).and_then(|s| s.window().ok_or_else(none));
            let lag = set.worst_lag(Some(to.other()), now).map_or(Observed::Pending, |l| l.map(|(lag, _)| lag.least()));
            window.zip(lag).map(|(window, lag)| window.saturating_sub(lag))
        });
        Some(("oplog", left))
    }
}

/// The replica set that an action is about.
pub(super) fn set_of(action: &Action) -> Option<&str> {
    action.about().into_iter().find(|(label, _)| *label == "set").map(|(_, set)| set)
}
