//! Members of a set: adding, showing to readers, voting, ranking and removing them. Each action has a goal and is carried out as a path of
//! configurations.

use super::{
    Call, Op, Reconfig, Until, Version, command,
    draft::{Stand, known},
    path::{describe, path},
    preview,
    weigh::Split,
};
use crate::mongo::{
    facts::{ConfigMember, Membership},
    set::Set,
};
use base::{
    now::Now,
    observed::{Fault, FaultKind, Observed},
    operation::{Change, Draft, Drafted, Operation, Precondition},
    side::{Side, Sides},
};
use plan::{Action, MemberRule};

impl Set {
    /// The operations of an action on members; none if the action is of another kind.
    pub(super) fn draft_members(&self, action: &Action, now: Now) -> Option<Drafted<Call, Version>> {
        if let Action::Freeze { side, secs, .. } = action {
            return Some(self.draft_freeze(*side, *secs, now));
        }
        let split = match action {
            Action::SetVotes { split_for: Some(span), .. } => Split::For(*span),
            _ => Split::Forbidden,
        };
        let mut faults = Vec::new();
        let stand = self.stand(now, &mut faults);
        let wanted = stand.as_ref().map(|stand| self.wanted(action, stand, now, &mut faults));
        let (stand, wanted) = match (stand, wanted) {
            (_, Some(None)) => return None,
            (Some(stand), Some(Some(wanted))) if faults.is_empty() => (stand, wanted),
            _ => return Some(Err(faults)),
        };
        Some(Ok(self.draft_path(&stand, &wanted, split)))
    }

    /// The members as an action wants them; none if the action is of another kind.
    fn wanted(
        &self,
        action: &Action,
        stand: &Stand<'_>,
        now: Now,
        faults: &mut Vec<Fault>,
    ) -> Option<Vec<ConfigMember>> {
        let mut out = stand.config.members.clone();
        match action {
            Action::AddMembers { .. } => out.extend(self.coming(stand, now, faults)),
            Action::Unhide { side, .. } => {
                for m in out.iter_mut().filter(|m| can_be_shown(m) && self.side(&m.host) == Some(*side)) {
                    self.must_follow(&m.host, now, faults);
                    m.hidden = false;
                }
            }
            Action::SetVotes { votes, .. } => {
                for side in Side::BOTH {
                    self.votes(&mut out, side, usize::from(*votes.get(side)), stand, now, faults);
                }
            }
            Action::SetPriorities { priorities, .. } => {
                for m in out.iter_mut().filter(|m| can_be_ranked(m)) {
                    if let Some(side) = self.side(&m.host) {
                        m.priority = f64::from(*priorities.get(side));
                    }
                }
            }
            Action::RemoveMembers { side, .. } => out.retain(|m| self.side(&m.host) != Some(*side)),
            _ => return None,
        }
        let leader = out.iter().find(|m| m.host == *stand.leader);
        let why = match leader {
            None => Some("would leave the set"),
            Some(m) if m.votes == 0 => Some("would lose its vote"),
            Some(m) if m.priority <= 0.0 => Some("would have priority 0, which the server refuses (104)"),
            Some(_) => None,
        };
        if let Some(why) = why {
            let text = format!("{}: {} is primary, and {why}: move the primary first", self.name, stand.leader);
            faults.push(Fault::new(FaultKind::Unsupported, text));
        }
        Some(out)
    }

    /// The plan's candidates that are not members yet, as they are added: hidden from readers and without a vote.
    fn coming(&self, stand: &Stand<'_>, now: Now, faults: &mut Vec<Fault>) -> Vec<ConfigMember> {
        let plan = self.planned();
        let tags = match plan.sites.get(Side::Target) {
            MemberRule::Tag { name, value } => vec![(name.clone(), value.clone())],
            MemberRule::Hosts(_) => Vec::new(),
        };
        let outside = plan.candidates.iter().filter(|host| stand.config.member(host).is_none());
        let come = |host: &String| {
            let heard = self.members.get(host.as_str()).map_or(Observed::Pending, |m| m.membership(now));
            match known(faults, host, heard) {
                Some(Membership::In(_)) => {
                    let text = format!("{host}: is already a member of a set other than {}", self.name);
                    faults.push(Fault::new(FaultKind::Malformed, text));
                }
                Some(Membership::Waiting | Membership::Removed) | None => {}
            }
            ConfigMember { host: host.clone(), hidden: true, tags: tags.clone(), ..ConfigMember::default() }
        };
        outside.map(come).collect()
    }

    /// Gives votes to this many of a side's members: first those that vote already, then those that follow, in the configuration's order.
    /// Votes are withdrawn from the end, never from the primary, and from arbiters first. An arbiter is removed with its vote, its only
    /// function.
    fn votes(
        &self,
        out: &mut Vec<ConfigMember>,
        side: Side,
        wanted: usize,
        stand: &Stand<'_>,
        now: Now,
        faults: &mut Vec<Fault>,
    ) {
        let own = |m: &&mut ConfigMember| self.side(&m.host) == Some(side);
        let have = out.iter_mut().filter(own).filter(|m| m.votes > 0).count();
        let mut missing = wanted.saturating_sub(have);
        for m in out
            .iter_mut()
            .filter(own)
            .filter(|m| m.votes == 0 && !m.hidden && !m.arbiter && m.delay.is_zero())
            .take(missing)
        {
            self.must_follow(&m.host, now, faults);
            m.votes = 1;
            missing -= 1;
        }
        let mut many = have.saturating_sub(wanted);
        out.retain(|m| {
            let goes = many > 0 && m.arbiter && m.votes > 0 && self.side(&m.host) == Some(side);
            many -= usize::from(goes);
            !goes
        });
        for m in out.iter_mut().rev().filter(own).filter(|m| m.votes > 0 && m.host != *stand.leader).take(many) {
            (m.votes, m.priority) = (0, 0.0);
            many -= 1;
        }
        if missing > 0 || many > 0 {
            let text = format!(
                "{}: {wanted} of the {side}'s members cannot vote: it has {have} that do, and {} more that are neither hidden nor delayed",
                self.name,
                wanted.saturating_sub(have + missing),
            );
            faults.push(Fault::new(FaultKind::Empty, text));
        }
    }

    /// A member that is to be shown to readers or to get a vote must follow closely.
    fn must_follow(&self, host: &str, now: Now, faults: &mut Vec<Fault>) {
        if let Err(why) = self.follows(host, now) {
            faults.push(Fault::new(FaultKind::Empty, format!("{host} {why}")));
        }
    }

    /// The configurations on the path to these members, and back.
    fn draft_path(&self, stand: &Stand<'_>, wanted: &[ConfigMember], split: Split) -> Draft<Call, Version> {
        let observed = &stand.config.members;
        let mark = Version { version: stand.config.version, term: stand.term, leader: Some(stand.leader.to_string()) };
        let way = path(observed, wanted);
        let Some(end) = way.last() else { return Draft::nothing() };
        let mut draft = Draft::nothing();
        draft.ops = self.reconfigs(&mark, observed, &way);
        let steps = i64::try_from(way.len()).unwrap_or(i64::MAX);
        let there = Version { version: mark.version.saturating_add(steps), ..mark.clone() };
        draft.inverse = self.reconfigs(&there, end, &path(end, observed));
        draft.diff = preview::members(&self.name, observed, end);
        if !matches!(split, Split::Back) {
            draft.notes.extend(self.unlocked(observed, end));
        }
        let versions = (mark.version.to_string(), there.version.to_string());
        draft.diff.push(Change { thing: format!("{}: version", self.name), from: versions.0, to: versions.1 });
        self.weigh(stand, &way, split, &mut draft);
        if let Some(refused) = self.default_write(stand, &way) {
            // A rollback is not forbidden because of something unknown: the server refuses it, or accepts it.
            let guess = matches!(split, Split::Back) && stand.config.default_write.is_none();
            if guess { &mut draft.notes } else { &mut draft.broken }.push(refused);
        }
        let gone = |m: &&ConfigMember| m.arbiter && end.iter().all(|w| w.host != m.host);
        draft.notes.extend(observed.iter().filter(gone).map(|m| {
            format!("{} is an arbiter, from which no vote can be taken (93): it leaves the set as a whole", m.host)
        }));
        draft
    }

    /// One reconfig after the other; each must have a majority before the next.
    fn reconfigs(&self, mark: &Version, observed: &[ConfigMember], way: &[Vec<ConfigMember>]) -> Vec<Op> {
        let (mut out, mut before, mut version) = (Vec::new(), observed, mark.version);
        let (leader, shell) = (mark.leader.clone().unwrap_or_default(), self.shell());
        for members in way {
            version = version.saturating_add(1);
            let place = out.len();
            let expect = match place.checked_sub(2) {
                None => Precondition::Observed(mark.clone()),
                Some(last) => Precondition::After(u16::try_from(last).unwrap_or(u16::MAX)),
            };
            let reconfig = Reconfig {
                set: self.name.clone(),
                version,
                before: before.to_vec(),
                after: members.clone(),
                unless: None,
                any_term: false,
            };
            let op = |what: String, call: Call, expect| {
                let command = command::of(&shell, &call, mark, &leader, &leader);
                let (kind, quarantine) = call.kind();
                Operation { what, call, kind, cleanup: false, precondition: expect, quarantine, command }
            };
            out.push(op(
                format!("{}: {}", self.name, describe(before, members)),
                Call::Reconfig(Box::new(reconfig)),
                expect,
            ));
            let wait = Call::Wait { set: self.name.clone(), until: Until::Committed { version } };
            let after = Precondition::After(u16::try_from(place).unwrap_or(u16::MAX));
            out.push(op(format!("{}: a majority has version {version}", self.name), wait, after));
            before = members;
        }
        out
    }

    /// A rollback of members: of each changed member its former entry; other changes since are not undone.
    pub(super) fn back_members(&self, changed: &[(String, Option<ConfigMember>)], now: Now) -> Drafted<Call, Version> {
        let mut faults = Vec::new();
        let stand = self.stand(now, &mut faults);
        let Some(stand) = stand.filter(|_| faults.is_empty()) else { return Err(faults) };
        let mut wanted = stand.config.members.clone();
        for (host, was) in changed {
            match (wanted.iter().position(|m| m.host == *host), was) {
                (Some(at), None) => drop(wanted.remove(at)),
                (Some(at), Some(was)) => {
                    let m = &mut wanted[at];
                    (m.votes, m.priority, m.hidden) = (was.votes, was.priority, was.hidden);
                }
                (None, Some(was)) if was.inside.is_some() => faults.push(Fault::new(
                    FaultKind::Unsupported,
                    format!(
                        "{host}: is not in the set any more, and had a name for each network (horizons), of which landfall knows one: whoever \
                         has all of its names can bring it in"
                    ),
                )),
                (None, Some(was)) => wanted.push(was.clone()),
                (None, None) => {}
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let leads = wanted.iter().find(|m| m.host == *stand.leader);
        if leads.is_none_or(|m| m.votes == 0 || m.priority <= 0.0) {
            let text =
                format!("{}: {} is primary and could no longer be: move the primary first", self.name, stand.leader);
            return Err(vec![Fault::new(FaultKind::Unsupported, text)]);
        }
        Ok(self.draft_path(&stand, &wanted, Split::Back))
    }

    /// Whether the members are as an action wants them; none if the action is of another kind.
    pub(super) fn members_satisfied(&self, action: &Action, now: Now) -> Option<Observed<bool>> {
        let config = self.config.at(now);
        let of = |side: Side| move |m: &&ConfigMember| self.side(&m.host) == Some(side);
        let satisfied = |test: &dyn Fn(&[ConfigMember]) -> bool| Some(config.clone().map(|c| test(&c.members)));
        match action {
            Action::AddMembers { .. } => {
                let all = |members: &[ConfigMember]| {
                    self.planned().candidates.iter().all(|host| members.iter().any(|m| m.host == *host))
                };
                satisfied(&all)
            }
            Action::Unhide { side, .. } => satisfied(&|members| !members.iter().filter(of(*side)).any(can_be_shown)),
            Action::SetVotes { votes, .. } => satisfied(&|members| {
                let have = Sides::from_fn(|side| members.iter().filter(of(side)).filter(|m| m.votes > 0).count());
                Side::BOTH.iter().all(|side| *have.get(*side) == usize::from(*votes.get(*side)))
            }),
            Action::SetPriorities { priorities, .. } => satisfied(&|members| {
                let is = |m: &ConfigMember, side: Side| m.priority.total_cmp(&f64::from(*priorities.get(side))).is_eq();
                Side::BOTH
                    .iter()
                    .all(|side| members.iter().filter(of(*side)).filter(|m| can_be_ranked(m)).all(|m| is(m, *side)))
            }),
            Action::RemoveMembers { side, .. } => satisfied(&|members| !members.iter().any(|m| of(*side)(&m))),
            Action::Freeze { .. } => {
                let text = "no status shows whether a member is frozen";
                Some(Observed::Unknown(Fault::new(FaultKind::Unsupported, text)))
            }
            _ => None,
        }
    }
}

/// Hidden only because it is new: a member with a configured delay would give readers old data.
fn can_be_shown(m: &ConfigMember) -> bool {
    m.hidden && m.delay.is_zero() && !m.arbiter
}

/// Can have a priority: the server refuses one for any other member (93).
fn can_be_ranked(m: &ConfigMember) -> bool {
    m.votes > 0 && !m.arbiter && !m.hidden && m.delay.is_zero()
}
