//! Who leads a set, and for how long nobody did.
//!
//! What counts is what the members say themselves, by `hello`: a primary is who says `isWritablePrimary`, and of two who say so the
//! one with the higher term; the other has not heard of its successor yet. Whether "nobody says so" means that there is no
//! primary, or that we cannot see it, is decided here and nowhere else.

use std::{sync::Arc, time::Duration};

use serde::Serialize;

use super::{facts::Hello, set::Set};
use crate::core::{
    estate::seen::{Fault, FaultKind, Seen},
    now::{Age, Now},
};

/// Who leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) enum Leader {
    /// This member, and it accepts writes.
    Writable(Arc<str>),
    /// Nobody. If others still name a member that does not answer us, that one.
    Nobody(Option<Arc<str>>),
}

impl Leader {
    /// The member that accepts writes.
    pub(super) const fn host(&self) -> Option<&Arc<str>> {
        match self {
            Self::Writable(host) => Some(host),
            Self::Nobody(_) => None,
        }
    }
}

/// A member that was heard lately.
struct Heard<'a> {
    host: &'a Arc<str>,
    hello: &'a Hello,
    age: Age,
}

impl Set {
    /// Who leads.
    ///
    /// | heard | result |
    /// | --- | --- |
    /// | one or more accept writes | the one with the highest term |
    /// | nobody at all | not known: the last known, stale, then blind |
    /// | none accepts writes, and none names a leader we cannot hear | nobody leads |
    /// | a majority of the votes; some name a leader we cannot hear | nobody leads, from here: no client beside us can write either |
    /// | less; some name a leader we cannot hear | not known: it may well lead, out of our sight |
    pub(super) fn leader(&self, now: Now) -> Seen<Leader> {
        let mut heard = Vec::new();
        let (mut last, mut oldest, mut fault) = (None, None, None);
        for (host, member) in self.distinct() {
            match member.hello.at(now) {
                Seen::Live(hello, age) if hello.set_name.is_some() => heard.push(Heard { host, hello, age }),
                // Waits outside the set: has no say in who leads.
                Seen::Live(..) | Seen::Never => {}
                Seen::Stale(hello, age) if hello.set_name.is_some() => {
                    oldest = oldest.max(Some(age));
                    if hello.writable {
                        last = Some(Seen::Stale(Leader::Writable(host.clone()), age));
                    }
                }
                Seen::Stale(..) => {}
                Seen::Blind(f) => fault = fault.or(Some(f)),
            }
        }
        if let Some(leader) = heard.iter().filter(|h| h.hello.writable).max_by_key(|h| h.hello.term) {
            return Seen::Live(Leader::Writable(leader.host.clone()), leader.age);
        }
        let Some(age) = heard.iter().map(|h| h.age).max() else {
            return last
                .or_else(|| oldest.map(|age| Seen::Stale(Leader::Nobody(None), age)))
                .or_else(|| fault.map(Seen::Blind))
                .unwrap_or(Seen::Never);
        };
        let named = heard.iter().filter_map(|h| h.hello.primary.as_deref());
        let Some(silent) = named.into_iter().find(|p| heard.iter().all(|h| &**h.host != *p)) else {
            return Seen::Live(Leader::Nobody(None), age);
        };
        match self.members.get_key_value(silent) {
            // Not asked yet, or not answered yet: the first answers of a set come one after the other.
            None => Seen::Never,
            Some((_, m)) if matches!(m.hello.at(now), Seen::Never) => Seen::Never,
            Some((host, _)) if self.is_majority(&heard) => Seen::Live(Leader::Nobody(Some(host.clone())), age),
            Some(_) => last.unwrap_or_else(|| {
                let n = heard.len();
                Seen::Blind(Fault::new(
                    FaultKind::Unreachable,
                    format!(
                        "{}: {n} members heard, fewer than a majority; they say that {silent} leads, and it does not answer",
                        self.name
                    ),
                ))
            }),
        }
    }

    /// All that say they accept writes, the one that leads first. More than one: an old primary that has not noticed.
    pub(super) fn claims(&self, now: Now) -> Vec<Arc<str>> {
        let mut claims: Vec<_> = self
            .distinct()
            .filter_map(|(host, m)| Some((m.hello.at(now).live().filter(|h| h.writable)?.term, host.clone())))
            .collect();
        claims.sort_by(|a, b| b.cmp(a));
        claims.into_iter().map(|c| c.1).collect()
    }

    fn is_majority(&self, heard: &[Heard<'_>]) -> bool {
        // By the last configuration seen, however old: who votes changes rarely, and without a leader nobody can change it.
        if let Some((config, _)) = self.config.last() {
            let votes: u32 = heard.iter().filter_map(|h| config.member(h.host)).map(|m| m.votes).sum();
            return votes >= config.majority();
        }
        let all = heard.iter().map(|h| h.hello.hosts.len()).max().unwrap_or(0);
        heard.len() > all / 2
    }
}

/// What an interval of time counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Phase {
    /// Nothing known yet.
    #[default]
    Unknown,
    /// Writes are accepted.
    Up,
    /// Nobody leads.
    Down,
    /// Nobody can tell.
    Unseen,
}

/// Seconds without a writable primary, as far as they were seen.
///
/// Time in which we could not tell is kept apart: it is neither spent nor unspent, and is said beside the number.
#[derive(Debug, Clone, Default)]
pub(super) struct Downtime {
    phase: Phase,
    /// Until when everything is counted.
    until: Duration,
    began: Duration,
    down: Duration,
    unseen: Duration,
    outages: u32,
}

/// Nothing heard for longer than this (the machine slept, the process was stopped): nobody looked, so nobody can tell.
const LOOKED_AWAY: Duration = Duration::from_secs(5);

/// What has been spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spent {
    /// Without a writable primary, altogether.
    pub(super) down: Duration,
    /// Not seen, altogether.
    pub(super) unseen: Duration,
    /// Outages that were seen.
    pub(super) outages: u32,
    /// How long the one that goes on has lasted.
    pub(super) now_for: Option<Duration>,
}

impl Downtime {
    /// The set was found in `phase` at `at` (boot clock). `silent_since`: an outage that began with a primary falling silent began when
    /// it was last heard, not when we had waited long enough.
    pub(super) fn observe(&mut self, phase: Phase, at: Duration, silent_since: Option<Duration>) {
        self.count(at);
        if phase == Phase::Down && self.phase != Phase::Down {
            let began = silent_since.filter(|_| self.phase == Phase::Up).map_or(at, |s| s.min(at));
            self.down += at.saturating_sub(began);
            self.began = began;
            self.outages += 1;
        }
        self.phase = phase;
    }

    /// Another leads at `at`, and no time without a leader was seen: the one before fell silent, last heard at `since`, and its
    /// successor was there before we had waited long enough to say so.
    pub(super) fn passed_over(&mut self, since: Duration, at: Duration) {
        self.count(at);
        if self.phase == Phase::Up {
            self.down += at.saturating_sub(since);
            self.outages += 1;
        }
    }

    fn count(&mut self, at: Duration) {
        let passed = at.saturating_sub(self.until);
        match self.phase {
            Phase::Unknown => {}
            _ if passed > LOOKED_AWAY => self.unseen += passed,
            Phase::Up => {}
            Phase::Down => self.down += passed,
            Phase::Unseen => self.unseen += passed,
        }
        self.until = self.until.max(at);
    }

    /// What has been spent by `boot`.
    pub(super) fn spent(&self, boot: Duration) -> Spent {
        let mut to_now = self.clone();
        to_now.count(boot);
        let now_for = (self.phase == Phase::Down).then(|| boot.saturating_sub(self.began));
        Spent { down: to_now.down, unseen: to_now.unseen, outages: self.outages, now_for }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_step_down_is_counted_to_the_millisecond() {
        let mut d = Downtime::default();
        d.observe(Phase::Up, ms(1000), None);
        d.observe(Phase::Down, ms(2000), None);
        d.observe(Phase::Down, ms(2030), None);
        d.observe(Phase::Up, ms(2061), None);
        let spent = d.spent(ms(5000));
        assert_eq!((spent.down, spent.outages, spent.now_for), (ms(61), 1, None));
    }

    #[test]
    fn a_silent_primary_is_charged_from_when_it_was_last_heard() {
        let mut d = Downtime::default();
        d.observe(Phase::Up, ms(1000), None);
        d.observe(Phase::Down, ms(3000), Some(ms(1200)));
        assert_eq!(d.spent(ms(3500)).down, ms(2300));
        assert_eq!(d.spent(ms(3500)).now_for, Some(ms(2300)));
    }

    #[test]
    fn a_successor_that_comes_sooner_than_our_patience_hides_no_outage() {
        let mut d = Downtime::default();
        d.observe(Phase::Up, ms(1000), None);
        d.passed_over(ms(1100), ms(2600));
        d.observe(Phase::Up, ms(2600), None);
        let spent = d.spent(ms(3000));
        assert_eq!((spent.down, spent.outages), (ms(1500), 1));
    }

    #[test]
    fn what_nobody_saw_is_neither_up_nor_down() {
        let mut d = Downtime::default();
        d.observe(Phase::Up, ms(1000), None);
        d.observe(Phase::Unseen, ms(2000), None);
        d.observe(Phase::Down, ms(4000), None);
        // The machine slept for an hour in the middle of the outage.
        d.observe(Phase::Up, ms(3_604_000), None);
        let spent = d.spent(ms(3_604_000));
        assert_eq!((spent.down, spent.unseen), (ms(0), ms(3_602_000)));
    }

    #[test]
    fn before_the_first_look_nothing_is_counted() {
        let mut d = Downtime::default();
        d.observe(Phase::Unknown, ms(900_000), None);
        d.observe(Phase::Up, ms(900_500), None);
        assert_eq!(d.spent(ms(900_500)).unseen, ms(0));
    }
}
