//! The conditions of a move, and the choice of the member. An unmet or unknown condition is a fault; all faults are reported together.

use std::{sync::Arc, time::Duration};

use super::{
    Call, Op, Unless, Version,
    command::Shell,
    preview::PreviewInput,
    recipe::{self, Move},
};
use crate::mongo::{
    State,
    facts::{Config, ConfigMember, MemberState, Status},
    lag::Lag,
    leader::Leader,
    set::Set,
};
use base::{
    now::Now,
    observed::{Fault, FaultKind, Observed},
    operation::{Draft, Drafted},
    side::Side,
};

impl State {
    pub(super) fn settable(&self, name: &str) -> Result<&Set, Fault> {
        let none = || Fault::new(FaultKind::NotFound, format!("the plan has no replica set `{name}`"));
        self.sets.iter().find(|set| set.name == name).ok_or_else(none)
    }
}

/// What must be known of a set before it is changed.
pub(super) struct Stand<'a> {
    pub config: &'a Config,
    pub leader: Arc<str>,
    pub term: i64,
    /// The primary's major version; none: not known.
    pub version: Option<u32>,
    pub status: &'a Status,
}

/// What a stored inverse restores.
#[derive(Debug)]
pub(super) enum WayBack {
    /// The former primary is primary again, and all priorities are what they were.
    Move {
        set: String,
        /// The former primary.
        to: String,
        /// All members as they were.
        wanted: Vec<ConfigMember>,
    },
    /// Members as they were: of each changed member its former entry; none for one that was added.
    Members { set: String, changed: Vec<(String, Option<ConfigMember>)> },
    /// These may stand for election again.
    Thaw { set: String, hosts: Vec<String> },
}

impl WayBack {
    /// None: nothing was changed, so there is nothing to roll back.
    pub(super) fn of(ops: &[Op]) -> Option<Self> {
        let reconfigs = || ops.iter().filter_map(|op| if let Call::Reconfig(r) = &op.call { Some(r) } else { None });
        let Some((first, last)) = reconfigs().next().zip(reconfigs().next_back()) else {
            let thaws: Vec<_> = ops.iter().filter_map(|op| Some((op.call.set(), op.call.frozen()?))).collect();
            let (set, _) = thaws.first()?;
            let hosts = thaws.iter().map(|(_, host)| (*host).to_owned()).collect();
            return Some(Self::Thaw { set: (*set).to_owned(), hosts });
        };
        let set = last.set.clone();
        if let Some(unless) = &last.unless {
            return Some(Self::Move { set, to: unless.leads.clone(), wanted: last.after.clone() });
        }
        let of = |members: &[ConfigMember], host: &str| members.iter().find(|m| m.host == host).cloned();
        let mut changed: Vec<_> = last
            .after
            .iter()
            .filter(|m| of(&first.before, &m.host).as_ref() != Some(m))
            .map(|m| (m.host.clone(), Some(m.clone())))
            .collect();
        let out = first.before.iter().filter(|m| of(&last.after, &m.host).is_none());
        changed.extend(out.map(|m| (m.host.clone(), None)));
        Some(Self::Members { set, changed })
    }

    pub(super) fn set(&self) -> &str {
        match self {
            Self::Move { set, .. } | Self::Members { set, .. } | Self::Thaw { set, .. } => set,
        }
    }
}

/// The value, if it is fresh; else a fault is added.
pub(super) fn known<T>(faults: &mut Vec<Fault>, what: &str, seen: Observed<T>) -> Option<T> {
    let fault = match seen {
        Observed::Fresh(value, _) => return Some(value),
        Observed::Stale(_, age) => Fault::new(FaultKind::Silent, format!("{what}: stale, last read {age} ago")),
        Observed::Unknown(fault) => Fault::new(fault.kind, format!("{what}: {}", fault.text)),
        Observed::Pending => Fault::new(FaultKind::Empty, format!("{what}: not known yet")),
    };
    faults.push(fault);
    None
}

impl Set {
    /// The move of the primary to this side, from the present observations.
    pub(super) fn draft_move(&self, to: Side, now: Now) -> Drafted<Call, Version> {
        if let Observed::Fresh(Leader::Writable(host), _) = self.leader(now)
            && self.side(&host) == Some(to)
        {
            return Ok(Draft { notes: vec![format!("{host} is already primary")], ..Draft::nothing() });
        }
        let mut faults = Vec::new();
        let stand = self.stand(now, &mut faults);
        // The choice is reported even where something else is missing.
        let members = stand.as_ref().map(|s| s.config).or_else(|| self.config.last().map(|(c, _)| c));
        let chosen = members.and_then(|config| self.choose(to, config, now, &mut faults));
        let (Some(stand), Some(chosen)) = (stand, chosen) else { return Err(faults) };
        let wanted = recipe::preferring(&stand.config.members, &chosen);
        if wanted.is_none() {
            let text = format!(
                "{}: {chosen} cannot get the highest priority: {} is already in use",
                self.name,
                recipe::HIGHEST
            );
            faults.push(Fault::new(FaultKind::Unsupported, text));
        }
        let Some(wanted) = wanted.filter(|_| faults.is_empty()) else { return Err(faults) };
        let the = self.move_of(&stand, chosen, wanted);
        Ok(self.preview(&the, &PreviewInput { stand: &stand, claims: &self.claims(now), now, back: false }))
    }

    /// An inverse, from the present observations.
    pub(super) fn draft_back(&self, way: &WayBack, now: Now) -> Drafted<Call, Version> {
        match way {
            WayBack::Move { to, wanted, .. } => self.back_move(to, wanted, now),
            WayBack::Members { changed, .. } => self.back_members(changed, now),
            WayBack::Thaw { hosts, .. } => {
                let ops = hosts.iter().map(|host| self.freeze(host, 0)).collect();
                Ok(Draft { ops, ..Draft::nothing() })
            }
        }
    }

    /// What finishes the cleanup of a move, from the present observations: the priorities that it was to leave, whatever else has changed
    /// since. The restriction of the step down on a member expires by itself: see [`super::Lapse`].
    pub(super) fn draft_cleanup(&self, ops: &[Op], now: Now) -> Drafted<Call, Version> {
        let mut faults = Vec::new();
        let stand = self.stand(now, &mut faults);
        let Some(stand) = stand.filter(|_| faults.is_empty()) else { return Err(faults) };
        let restore = ops.iter().rev().find_map(|op| match &op.call {
            Call::Reconfig(r) => Some((r, r.unless.as_ref()?)),
            _ => None,
        });
        let (leader, before) = (stand.leader.as_ref(), &stand.config.members);
        // Each remaining member gets the priority that the move was to leave; its other changes since are kept.
        let with = |meant: &[ConfigMember]| -> Vec<ConfigMember> {
            let meant = |m: &ConfigMember| {
                meant.iter().find(|w| w.host == m.host && m.votes > 0 && !m.hidden).map(|w| w.priority)
            };
            before.iter().map(|m| ConfigMember { priority: meant(m).unwrap_or(m.priority), ..m.clone() }).collect()
        };
        let mut the = self.move_of(&stand, leader.to_owned(), before.clone());
        let unless = restore.map(|(r, unless)| {
            the.wanted = with(&r.after);
            Unless { leads: unless.leads.clone(), members: with(&unless.members) }
        });
        Ok(the.finish_cleanup(unless))
    }

    /// The former priorities of those that are still members, and the former primary is primary.
    fn back_move(&self, to: &str, was: &[ConfigMember], now: Now) -> Drafted<Call, Version> {
        let mut faults = Vec::new();
        let stand = self.stand(now, &mut faults);
        let Some(stand) = stand.filter(|_| faults.is_empty()) else { return Err(faults) };
        let mut wanted = stand.config.members.clone();
        for m in &mut wanted {
            // Other changes of a member since are not undone by this inverse.
            m.priority = was.iter().find(|was| was.host == m.host).map_or(m.priority, |was| was.priority);
        }
        if *to != *stand.leader
            && let Err(why) = self.unfit(to, stand.config, now)
        {
            faults.push(Fault::new(
                FaultKind::Empty,
                format!("{to}, the previous primary, cannot become primary: {why}"),
            ));
        }
        if wanted.iter().any(|m| m.host == to && m.priority <= 0.0) {
            let text = format!("{}: {to} was primary but would get priority 0: external change", self.name);
            faults.push(Fault::new(FaultKind::Malformed, text));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let leads = *to == *stand.leader;
        if leads && wanted == stand.config.members {
            let notes = vec![format!("{to} is primary, and every priority is as before")];
            return Ok(Draft { notes, ..Draft::nothing() });
        }
        let the = self.move_of(&stand, to.to_owned(), wanted);
        Ok(self.preview(&the, &PreviewInput { stand: &stand, claims: &self.claims(now), now, back: true }))
    }

    /// How a person connects to its members.
    pub(super) fn shell(&self) -> Shell {
        Shell::of(self.planned()).of_members(self.config.last().map_or(&[], |(config, _)| &config.members))
    }

    fn move_of(&self, stand: &Stand<'_>, to: String, wanted: Vec<ConfigMember>) -> Move {
        let leader = stand.leader.to_string();
        Move {
            set: self.name.clone(),
            shell: self.shell(),
            mark: Version { version: stand.config.version, term: stand.term, leader: Some(leader.clone()) },
            from: leader,
            to,
            observed: stand.config.members.clone(),
            wanted,
        }
    }

    pub(super) fn stand(&self, now: Now, faults: &mut Vec<Fault>) -> Option<Stand<'_>> {
        let name = &self.name;
        let config = known(faults, &format!("{name}: configuration"), self.config.at(now));
        let leader = known(faults, &format!("{name}: the primary"), self.leader(now));
        let leader = leader.and_then(|l| {
            if l.host().is_none() {
                faults.push(self.no_primary());
            }
            l.host().cloned()
        });
        let status = known(faults, &format!("{name}: the primary's view of the set"), self.leaders_view(now));
        let (config, leader, status) = (config?, leader?, status?);
        let hello = self.members.get(&leader).and_then(|m| m.hello.at(now).fresh());
        let mut wrong = |kind, text: String| faults.push(Fault::new(kind, format!("{name}: {text}")));
        let term = hello.and_then(|h| h.term).and_then(|t| i64::try_from(t).ok());
        if term.is_none() {
            wrong(FaultKind::Unsupported, format!("{leader} does not report its term"));
        }
        match (config.term, term) {
            (None, _) => wrong(FaultKind::Unsupported, config.forced().unwrap_or_default()),
            (Some(of), Some(term)) if of != term => {
                wrong(
                    FaultKind::Empty,
                    format!("its configuration is of term {of}, but {leader} is primary in term {term}"),
                );
            }
            _ => {}
        }
        if config.committed != Some(true) {
            wrong(
                FaultKind::Empty,
                format!("version {} of its configuration is not known to be committed to a majority", config.version),
            );
        }
        if *config.from != *leader {
            wrong(
                FaultKind::Empty,
                format!("its configuration was read from {}, but {leader} is primary", config.from),
            );
        }
        let server = self.of_leader(now, |m| m.server.at(now)).fresh();
        let version = server.and_then(|s| s.version.split('.').next()?.parse().ok());
        Some(Stand { config, leader, term: term?, version, status })
    }

    /// The member of a side that is to become primary: of those that can, the one least behind.
    fn choose(&self, side: Side, config: &Config, now: Now, faults: &mut Vec<Fault>) -> Option<String> {
        let (mut best, mut unfit): (Option<(Lag, &str)>, Vec<String>) = (None, Vec::new());
        for m in config.members.iter().filter(|m| self.side(&m.host) == Some(side)) {
            match self.unfit(&m.host, config, now) {
                Ok(lag) if best.is_none_or(|(least, _)| worse(least, lag)) => best = Some((lag, &m.host)),
                Ok(_) => {}
                Err(why) => unfit.push(format!("{} {why}", m.host)),
            }
        }
        if best.is_none() {
            let why = if unfit.is_empty() { "it has no member on that side".to_owned() } else { unfit.join("; ") };
            faults.push(Fault::new(
                FaultKind::Empty,
                format!("{}: no member on the {side} can become primary: {why}", self.name),
            ));
        }
        best.map(|(_, host)| host.to_owned())
    }

    /// The lag of a member that can become primary.
    ///
    /// # Errors
    /// Why it cannot, or why that is not known.
    fn unfit(&self, host: &str, config: &Config, now: Now) -> Result<Lag, String> {
        let Some(m) = config.member(host) else { return Err("is not in the configuration".into()) };
        // Its priority may be 0: the move raises it.
        match m {
            m if m.arbiter => return Err("is an arbiter".into()),
            m if m.votes == 0 => return Err("has no vote".into()),
            m if m.hidden => return Err("is hidden".into()),
            m if !m.delay.is_zero() => return Err("is delayed".into()),
            _ => {}
        }
        self.follows(host, now)
    }

    /// The lag of a member that follows and that the primary sees.
    ///
    /// # Errors
    /// Why it does not, or why that is not known.
    pub(super) fn follows(&self, host: &str, now: Now) -> Result<Lag, String> {
        let state = match self.status(host, now) {
            Observed::Fresh(status, _) => status.state,
            Observed::Stale(_, age) => return Err(format!("last answered {age} ago")),
            Observed::Unknown(fault) => return Err(format!("is unknown: {fault}")),
            Observed::Pending => return Err("has not answered yet".into()),
        };
        if state != MemberState::Secondary {
            return Err(format!("is {}", state.word()));
        }
        let up = self.leaders_view(now).fresh().is_some_and(|s| s.members.iter().any(|p| p.host == host && p.up));
        if !up {
            return Err("is not reachable from the primary".into());
        }
        if !self.delay(host).is_zero() {
            return Err(format!("is delayed by {}", base::now::short(self.delay(host))));
        }
        match self.lag(host, now) {
            Some(Observed::Fresh(lag @ Lag::Is(_), _)) => Ok(lag),
            Some(Observed::Fresh(lag, _)) => Err(format!("is behind by {lag}")),
            _ => Err("has an unknown lag".into()),
        }
    }
}

/// A lag below this is near; the wait for level comes before the step down in any case.
const NEAR: Duration = Duration::from_secs(2);

/// Whether a difference in lag changes the choice: among members that are all near, the first of the configuration is chosen. Otherwise
/// each variation of the lag would make a preview out of date.
fn worse(than: Lag, lag: Lag) -> bool {
    let near = |lag| matches!(lag, Lag::Is(by) if by <= NEAR);
    lag < than && !near(than)
}
