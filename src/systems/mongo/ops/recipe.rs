//! The operations of a move: pin, wait, step down, wait; then, whatever the result, unfreeze and restore.

use super::{
    Call, Lapse, Op, Reconfig, Unless, Until, Version,
    command::{self, Shell},
    preview,
};
use crate::mongo::facts::ConfigMember;
use base::operation::{Draft, Operation, Precondition};

/// For how long the old primary does not stand for election again: long enough for an election and for the cleanup after it.
pub(super) const STEP_DOWN: u32 = 60;
/// For how long the others may catch up after the command arrived. Writes fail meanwhile: short, and the wait for the lag comes first.
pub(super) const CATCH_UP: u32 = 2;
/// A lag below this is level: the primary's positions are exact to half a second.
const LEVEL_MS: u32 = 500;
/// Index of the first reconfig: the precondition of the later operations refers to it.
const PINNED: u16 = 0;

/// From the observed to the wanted members.
#[derive(Debug, Clone)]
pub(super) struct Move {
    pub set: String,
    /// How a person connects to its members.
    pub shell: Shell,
    /// The observed version.
    pub mark: Version,
    /// The primary.
    pub from: String,
    /// The member that is to become primary.
    pub to: String,
    /// All members as they are observed.
    pub observed: Vec<ConfigMember>,
    /// All members as they are to be in the end.
    pub wanted: Vec<ConfigMember>,
}

/// The server's highest priority: where it is taken already, no priority for the target can be found.
pub(super) const HIGHEST: f64 = 1000.0;

/// The members with `to` preferred to all others; none if the server's highest priority is taken already.
pub(super) fn preferring(members: &[ConfigMember], to: &str) -> Option<Vec<ConfigMember>> {
    let mut out = members.to_vec();
    let others = members.iter().filter(|m| m.host != to).map(|m| m.priority).fold(0.0, f64::max);
    for m in out.iter_mut().filter(|m| m.host == to && m.priority <= others) {
        m.priority = others.floor() + 1.0;
    }
    out.iter().all(|m| m.priority <= HIGHEST).then_some(out)
}

impl Move {
    /// All members while the primary moves: only the two can become primary, with equal priority, so that no takeover is armed. The primary
    /// keeps its own priority: the server refuses to set it to 0 (104).
    pub(super) fn pinned(&self) -> Vec<ConfigMember> {
        let own = self.observed.iter().find(|m| m.host == self.from).map_or(1.0, |m| m.priority);
        let mut out = self.observed.clone();
        for m in &mut out {
            if m.host != self.from {
                m.priority = if m.host == self.to { own } else { 0.0 };
            }
        }
        out
    }

    /// The operations, in order, the cleanup last.
    pub(super) fn ops(&self) -> Vec<Op> {
        let (set, pinned) = (&self.set, self.pinned());
        let version = self.mark.version.saturating_add(1);
        let restored = version.saturating_add(1);
        let after = || Precondition::After(PINNED);
        let pin = Reconfig {
            set: set.clone(),
            version,
            before: self.observed.clone(),
            after: pinned.clone(),
            unless: None,
            any_term: false,
        };
        let restore = Reconfig {
            set: set.clone(),
            version: restored,
            before: pinned.clone(),
            after: self.wanted.clone(),
            unless: Some(Unless { leads: self.to.clone(), members: self.observed.clone() }),
            any_term: true,
        };
        let step_down = Call::StepDown {
            set: set.clone(),
            host: self.from.clone(),
            term: self.mark.term,
            secs: STEP_DOWN,
            catch_up: CATCH_UP,
        };
        let lapse = Some(Lapse { term: self.mark.term, secs: STEP_DOWN });
        let freeze = Call::Freeze { set: set.clone(), host: self.from.clone(), secs: 0, lapse };
        let caught_up = Until::CaughtUp { host: self.to.clone(), within_ms: LEVEL_MS };
        let leads = Until::Leads { host: self.to.clone(), after: self.mark.term };
        vec![
            self.op(
                format!("{set}: only {} and {} can lead, with equal priority", self.to, self.from),
                Call::Reconfig(Box::new(pin)),
                Precondition::Observed(self.mark.clone()),
            ),
            self.wait(format!("{set}: a majority has version {version}"), Until::Committed { version }, after()),
            self.wait(format!("{}: caught up with the primary", self.to), caught_up, Precondition::None),
            self.op(format!("{} steps down in term {}", self.from, self.mark.term), step_down, after()),
            self.wait(format!("{} accepts writes", self.to), leads, Precondition::None),
            // Only once there is a primary: unfrozen sooner, the old primary would stand in the election that its own step down caused.
            cleanup(self.wait(format!("{set}: a member accepts writes"), Until::Writable, Precondition::None)),
            cleanup(self.op(format!("{} may stand for election again", self.from), freeze, Precondition::None)),
            cleanup(self.wait(
                format!("{set}: a member accepts writes, and a majority has the configuration"),
                Until::Settled,
                Precondition::None,
            )),
            cleanup(self.op(
                format!("{set}: priorities restored, {} the highest; as they were if it does not lead", self.to),
                Call::Reconfig(Box::new(restore)),
                after(),
            )),
            cleanup(self.wait(
                format!("{set}: a majority has version {restored}"),
                Until::Committed { version: restored },
                Precondition::None,
            )),
        ]
    }

    /// The priorities alone: the intended member is primary already.
    pub(super) fn priorities_only(&self) -> Vec<Op> {
        let version = self.mark.version.saturating_add(1);
        let reconfig = Reconfig {
            set: self.set.clone(),
            version,
            before: self.observed.clone(),
            after: self.wanted.clone(),
            unless: None,
            any_term: false,
        };
        vec![
            self.op(
                format!("{}: priorities as they were", self.set),
                Call::Reconfig(Box::new(reconfig)),
                Precondition::Observed(self.mark.clone()),
            ),
            self.wait(
                format!("{}: a majority has version {version}", self.set),
                Until::Committed { version },
                Precondition::After(PINNED),
            ),
        ]
    }

    /// What finishes a cleanup: the priorities as they are wanted, `unless` another member is primary by the time it is sent; only a wait
    /// where they are so already. All of it is cleanup.
    pub(super) fn finish_cleanup(&self, unless: Option<Unless>) -> Draft<Call, Version> {
        let mut draft = Draft::nothing();
        let version = self.mark.version.saturating_add(1);
        let reconfig = Reconfig {
            set: self.set.clone(),
            version,
            before: self.observed.clone(),
            after: self.wanted.clone(),
            unless,
            any_term: false,
        };
        let to = reconfig.members(&self.from).to_vec();
        let settled = format!("{}: a member accepts writes, and a majority has the configuration", self.set);
        if to == self.observed {
            draft.ops = vec![cleanup(self.wait(settled, Until::Settled, Precondition::None))];
            draft.notes.push(format!("{}: every priority is what it was to be: only that is waited for", self.set));
            return draft;
        }
        draft.diff = preview::members(&self.set, &self.observed, &to);
        let what = format!("{}: priorities as the move was to leave them", self.set);
        draft.ops = vec![
            cleanup(self.op(what, Call::Reconfig(Box::new(reconfig)), Precondition::Observed(self.mark.clone()))),
            cleanup(self.wait(
                format!("{}: a majority has version {version}", self.set),
                Until::Committed { version },
                Precondition::After(PINNED),
            )),
        ];
        draft
    }

    /// The inverse of the move once it is done: the former primary is primary, and every priority is what it was.
    pub(super) fn inverse(&self) -> Self {
        Self {
            set: self.set.clone(),
            shell: self.shell.clone(),
            mark: Version {
                version: self.mark.version.saturating_add(2),
                term: self.mark.term.saturating_add(1),
                leader: Some(self.to.clone()),
            },
            from: self.to.clone(),
            to: self.from.clone(),
            observed: self.wanted.clone(),
            wanted: self.observed.clone(),
        }
    }

    fn op(&self, what: String, call: Call, precondition: Precondition<Version>) -> Op {
        let (kind, quarantine) = call.kind();
        let command = command::of(&self.shell, &call, &self.mark, &self.from, &self.to);
        Operation { what, call, kind, cleanup: false, precondition, quarantine, command }
    }

    fn wait(&self, what: String, until: Until, precondition: Precondition<Version>) -> Op {
        self.op(what, Call::Wait { set: self.set.clone(), until }, precondition)
    }
}

pub(super) fn cleanup(op: Op) -> Op {
    Operation { cleanup: true, ..op }
}
