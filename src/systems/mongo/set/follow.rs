//! How closely the members follow the primary: lags, and the members that hold all data.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{Member, Set};
use crate::mongo::{
    facts::{MemberState, Membership, Status},
    lag::Lag,
    leader::Leader,
};
use base::{
    now::Now,
    observed::{Fault, FaultKind, Observed},
    side::Side,
};

impl Set {
    /// Its configured replication delay, by the configuration or by the member's own report.
    pub(in crate::mongo) fn delay(&self, host: &str) -> Duration {
        let configured = self.config.last().and_then(|(c, _)| c.member(host)).map(|m| m.delay);
        let own = || self.members.get(host)?.hello.last().map(|(h, _)| h.delay);
        configured.or_else(own).unwrap_or_default()
    }

    /// How far a member is behind; none where that has no meaning: the primary itself, an arbiter, an initial sync, a host outside the set,
    /// a member with a configured delay. (Lag beyond the configured delay cannot be measured: the member applies an operation when it is
    /// old enough, and an idle set writes one about every ten seconds.)
    ///
    /// Without a primary: how far the member was behind the last one, stale.
    pub(in crate::mongo) fn lag(&self, host: &str, now: Now) -> Option<Observed<Lag>> {
        let leader = self.leader(now);
        if leader.as_ref().shown().and_then(Leader::host).is_some_and(|l| **l == *host) {
            return None;
        }
        let member = self.members.get(host).filter(|_| !self.is_arbiter(host) && self.delay(host).is_zero())?;
        let configured = self.config.last().map(|(c, _)| c.member(host).is_some());
        let lags = |state| {
            use MemberState::{Arbiter, Primary, Removed, Startup, Startup2};
            !matches!(state, Arbiter | Removed | Startup | Startup2 | Primary)
        };
        match member.status.at(now).shown() {
            Some(Membership::In(s)) if !lags(s.state) => return None,
            Some(Membership::Waiting | Membership::Removed) => return None,
            None if configured != Some(true) => return None,
            _ => {}
        }
        let age = leader.age().unwrap_or_default();
        let leads = if matches!(leader, Observed::Fresh(Leader::Writable(_), _)) {
            Observed::Fresh((), age)
        } else {
            Observed::Stale((), age)
        };
        let status = self.status(host, now);
        let read_at = now.boot.saturating_sub(status.age().unwrap_or_default().0);
        Some(leads.zip(status).and_then(|((), s)| {
            self.lag_at(s, read_at).ok_or_else(|| Fault::new(FaultKind::Empty, "the primary's optime is not known yet"))
        }))
    }

    pub(in crate::mongo) fn lag_at(&self, status: &Status, boot: Duration) -> Option<Lag> {
        let written = status.applied_wall.and_then(|w| self.on_our_clock(w));
        self.marks.lag(status.applied?, boot, written)
    }

    /// A time by the primary's clock, converted to ours.
    pub(in crate::mongo) fn on_our_clock(&self, wall: Timestamp) -> Option<Duration> {
        let boot = wall.as_millisecond().checked_add(self.clock?)?;
        // Any time before this machine was booted counts as zero.
        Some(Duration::from_millis(u64::try_from(boot).unwrap_or(0)))
    }

    /// Members of a side that count for its lag: in the configuration, with data, without a configured delay.
    pub(in crate::mongo) fn lags(&self, side: Option<Side>, now: Now) -> Vec<(Arc<str>, Observed<Lag>)> {
        let counts = |host: &str| side.is_none() || self.side(host) == side;
        // The lag of a member that is in its initial sync, or cannot follow at present, is unknown, not none.
        let cannot = |host: &Arc<str>| {
            use MemberState::{Recovering, Rollback, Startup, Startup2};
            let state = self.status(host, now).fresh().map(|s| s.state);
            matches!(state, Some(Recovering | Rollback | Startup | Startup2))
                && self.followers(now).fresh().is_some_and(|hosts| hosts.contains(&host))
        };
        let lag = |host: &Arc<str>| if cannot(host) { Some(self.follows_by(host, now)) } else { self.lag(host, now) };
        self.distinct().filter(|(h, _)| counts(h)).filter_map(|(h, _)| Some((h.clone(), lag(h)?))).collect()
    }

    /// Members with data, by the names of their rows: those of the configuration without arbiters. As fresh as the configuration.
    pub(in crate::mongo) fn carriers(&self, now: Now) -> Observed<Vec<&Arc<str>>> {
        self.config.at(now).and_then(|config| {
            let wanted = config.members.iter().filter(|m| !m.arbiter).count();
            let carries = |host: &&Arc<str>| config.member(host).is_some_and(|m| !m.arbiter);
            let list: Vec<_> = self.distinct().map(|(host, _)| host).filter(carries).collect();
            // A member that was added since the configuration was read reports so itself, before the configuration is read again.
            let inside = |m: &Member| m.hello.at(now).fresh().is_some_and(|h| h.set_name.is_some() && !h.arbiter);
            if let Some((host, _)) = self.distinct().find(|(host, m)| config.member(host).is_none() && inside(m)) {
                let text = format!(
                    "{}: {host} reports that it is a member, but it is not in the configuration that was read last",
                    self.name
                );
                return Err(Fault::new(FaultKind::Empty, text));
            }
            if list.len() == wanted {
                return Ok(list);
            }
            let text = format!(
                "{}: {} of {wanted} members with data are known by their configured names",
                self.name,
                list.len()
            );
            Err(Fault::new(FaultKind::Malformed, text))
        })
    }

    /// Members that have to follow the primary: those with data, except the primary itself and those with a configured delay.
    pub(in crate::mongo) fn followers(&self, now: Now) -> Observed<Vec<&Arc<str>>> {
        self.leader(now).zip(self.carriers(now)).map(|(leader, mut hosts)| {
            hosts.retain(|host| leader.host() != Some(*host) && self.delay(host).is_zero());
            hosts
        })
    }

    /// The lag of a member that has to follow. Only a SECONDARY has one; it is unknown in an initial sync, a recovery or a rollback.
    pub(in crate::mongo) fn follows_by(&self, host: &str, now: Now) -> Observed<Lag> {
        let state = self.status(host, now).and_then(|s| match s.state {
            MemberState::Secondary => Ok(()),
            state => {
                Err(Fault::new(FaultKind::Empty, format!("{host} is {}: only a SECONDARY has a lag", state.word())))
            }
        });
        let none = || Observed::Unknown(Fault::new(FaultKind::Empty, format!("{host} has no known lag")));
        state.zip(self.lag(host, now).unwrap_or_else(none)).map(|((), lag)| lag)
    }

    /// The worst lag of all members that have to follow on a side. Unknown where there are none: no member there could become primary.
    pub(in crate::mongo) fn worst_of_followers(&self, side: Side, now: Now) -> Observed<Lag> {
        let there = self.followers(now).and_then(|mut hosts| {
            hosts.retain(|host| self.side(host) == Some(side));
            let nobody = || Fault::new(FaultKind::Empty, format!("{}: no data-bearing secondary on {side}", self.name));
            if hosts.is_empty() { Err(nobody()) } else { Ok(hosts) }
        });
        let all = Observed::all(there.as_ref().shown().into_iter().flatten().map(|host| self.follows_by(host, now)));
        there.zip(all).map(|(_, all)| all.into_iter().max_by_key(|lag| lag.least()).unwrap_or(Lag::Is(Duration::ZERO)))
    }

    /// The worst lag of a side, with its member: as fresh as the worst reading. None where no member there follows.
    pub(in crate::mongo) fn worst_lag(&self, side: Option<Side>, now: Now) -> Option<Observed<(Lag, Arc<str>)>> {
        let all = self.lags(side, now);
        if all.is_empty() {
            return None;
        }
        let all = Observed::all(all.into_iter().map(|(host, lag)| lag.map(|lag| (lag, host))));
        Some(all.and_then(|all| {
            all.into_iter().max_by_key(|(l, _)| l.least()).ok_or_else(|| Fault::new(FaultKind::Empty, "no secondary"))
        }))
    }
}
