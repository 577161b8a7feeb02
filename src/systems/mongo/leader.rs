//! Which member is the primary of a set, and how long there was none.
//!
//! The decision uses what the members themselves report in `hello`: a member with `isWritablePrimary` is the primary; of two, the one
//! with the higher term, because the other has not received the election result yet. Only this module decides whether "no member
//! reports that it is primary" means that there is no primary, or that the primary is not visible from here.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    facts::Hello,
    set::{Member, Set},
};
use base::{
    now::{Age, Now},
    observed::{Fault, FaultKind, Observed},
};

/// The primary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) enum Leader {
    /// This member, and it accepts writes.
    Writable(Arc<str>),
    /// No primary, as reported by a majority.
    Nobody,
}

impl Leader {
    /// The member that accepts writes.
    pub(super) const fn host(&self) -> Option<&Arc<str>> {
        match self {
            Self::Writable(host) => Some(host),
            Self::Nobody => None,
        }
    }
}

/// A member with a fresh `hello` observation.
struct Heard<'a> {
    host: &'a Arc<str>,
    hello: &'a Hello,
    age: Age,
}

impl Set {
    /// The primary.
    ///
    /// | fresh `hello` observations | result |
    /// | --- | --- |
    /// | one or more accept writes | the one with the highest term |
    /// | none at all | not known: the last known value, stale, then unknown |
    /// | some name a primary that does not answer us | not known: it may be primary, with only the path from here to it cut |
    /// | none names one; with the hosts that refuse connections they have a majority of the votes | no primary |
    /// | none names one; they have less | not known: the other members may have a primary that these do not see |
    ///
    /// A member names a primary as long as it receives its heartbeats: until one election time-out after the last.
    pub(super) fn leader(&self, now: Now) -> Observed<Leader> {
        let mut heard = Vec::new();
        let (mut last, mut oldest, mut fault) = (None, None, None);
        for (host, member) in self.distinct() {
            match member.hello.at(now) {
                Observed::Fresh(hello, age) if hello.set_name.is_some() => heard.push(Heard { host, hello, age }),
                // Not a member of the set: it does not count.
                Observed::Fresh(..) | Observed::Pending => {}
                Observed::Stale(hello, age) if hello.set_name.is_some() => {
                    oldest = oldest.max(Some(age));
                    if hello.writable {
                        last = Some(Observed::Stale(Leader::Writable(host.clone()), age));
                    }
                }
                Observed::Stale(..) => {}
                Observed::Unknown(f) => fault = fault.or(Some(f)),
            }
        }
        if let Some(leader) = heard.iter().filter(|h| h.hello.writable).max_by_key(|h| h.hello.term) {
            return Observed::Fresh(Leader::Writable(leader.host.clone()), leader.age);
        }
        let Some(age) = heard.iter().map(|h| h.age).max() else {
            return last
                .or_else(|| oldest.map(|age| Observed::Stale(Leader::Nobody, age)))
                .or_else(|| fault.map(Observed::Unknown))
                .unwrap_or(Observed::Pending);
        };
        let named = heard.iter().filter_map(|h| h.hello.primary.as_deref());
        let silent = named.into_iter().find(|p| heard.iter().all(|h| &**h.host != *p));
        let text = match silent {
            // Not queried or not answered yet: the first observations of a set arrive one after the other.
            Some(silent) if self.members.get(silent).is_none_or(|m| matches!(m.hello.at(now), Observed::Pending)) => {
                return Observed::Pending;
            }
            Some(silent) => {
                format!(
                    "{}: the primary {silent} is not reachable from this machine; other members report it as primary",
                    self.name
                )
            }
            None if self.is_majority(&heard) => return Observed::Fresh(Leader::Nobody, age),
            None if self.members.values().any(|m| matches!(m.hello.at(now), Observed::Pending)) => {
                return Observed::Pending;
            }
            None => {
                let what = format!("{}: none of the {} members that answer is primary", self.name, heard.len());
                format!("{what}, and they are not a majority: the others may have a primary")
            }
        };
        last.unwrap_or_else(|| Observed::Unknown(Fault::new(FaultKind::Unreachable, text)))
    }

    /// The member that others report as primary and that does not answer us.
    pub(super) fn out_of_reach(&self, now: Now) -> Option<&Arc<str>> {
        if self.leader(now).is_fresh() {
            return None;
        }
        let silent = |host: &str| {
            self.members.get_key_value(host).filter(|(_, m)| m.hello.fault().is_some()).map(|(host, _)| host)
        };
        self.distinct().find_map(|(_, m)| silent(m.hello.at(now).fresh()?.primary.as_deref()?))
    }

    /// All members that report that they accept writes, the primary first. A second one is an old primary without the election result: its
    /// report came after the first one of its successor. An earlier report may be from before the election and proves nothing.
    pub(super) fn claims(&self, now: Now) -> Vec<Arc<str>> {
        let mut claims: Vec<_> = self
            .distinct()
            .filter_map(|(host, m)| {
                let hello = m.hello.at(now).fresh().filter(|h| h.writable)?;
                let before = |(term, since): (u64, Duration)| hello.term < Some(term) && hello.heard <= since;
                (!self.elected.is_some_and(before)).then(|| (hello.term, host.clone()))
            })
            .collect();
        claims.sort_by(|a, b| b.cmp(a));
        claims.into_iter().map(|c| c.1).collect()
    }

    /// Whether the observed members are a majority, so that the rest cannot elect a primary. Counted: members with a fresh `hello` and
    /// hosts that refuse connections. A refusal comes from the host itself; silence may be a network failure.
    fn is_majority(&self, heard: &[Heard<'_>]) -> bool {
        let gone = |m: &Member| m.hello.fault().is_some_and(|fault| fault.connection_refused);
        // `hello` omits hidden members; the configuration lists them.
        let greeted =
            |host: &str| heard.iter().any(|h| h.hello.hosts.iter().chain(&h.hello.arbiters).any(|named| named == host));
        let named =
            |host: &str| greeted(host) || self.config.last().is_some_and(|(config, _)| config.member(host).is_some());
        let gone: Vec<_> = self.distinct().filter(|(host, m)| gone(m) && named(host)).map(|(host, _)| host).collect();
        let hosts = || heard.iter().map(|h| h.host).chain(gone.iter().copied());
        // By the last observed configuration, of any age: votes change rarely, and without a primary nobody can change them.
        if let Some((config, _)) = self.config.last() {
            let votes: u32 = hosts().filter_map(|host| config.member(host)).map(|m| m.votes).sum();
            return votes >= config.majority();
        }
        let all = heard.iter().map(|h| h.hello.hosts.len() + h.hello.arbiters.len()).max().unwrap_or(0);
        hosts().count() > all / 2
    }

    /// Since when the set has had no primary, where contact with the primary was lost before its followers reported its loss: since its
    /// last `hello`, or since its connection broke. None if there is evidence that it remained primary meanwhile: a follower has copied a
    /// newer operation, or the followers took longer than an election time-out to report the loss.
    pub(super) fn lost_since(&self, at: Duration) -> Option<Duration> {
        let since = self.lost?;
        let timeout = self.config.last().and_then(|(c, _)| c.election_timeout).unwrap_or(ELECTION_TIMEOUT);
        let written = |m: &Member| Timestamp::from_second(m.hello.last()?.0.last_write?.secs.into()).ok();
        let newer = |m: &Member| written(m).and_then(|t| self.on_our_clock(t)).is_some_and(|t| t > since + SECOND);
        let led_on = at.saturating_sub(since) > timeout + LOOKED_AWAY || self.members.values().any(newer);
        (!led_on).then_some(since)
    }
}

/// The servers' default time that a primary may be silent before the others hold an election (`settings.electionTimeoutMillis`).
const ELECTION_TIMEOUT: Duration = Duration::from_secs(10);
/// Positions in an oplog have a resolution of one second.
const SECOND: Duration = Duration::from_secs(1);

/// How a period of time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stage {
    /// Nothing observed yet.
    #[default]
    Unknown,
    /// Writes are accepted.
    Up,
    /// No primary.
    Down,
    /// The state was not observed.
    Unseen,
}

/// Seconds without a writable primary, as far as they were observed.
///
/// Time in which the state was not observed is counted separately, neither as spent nor as unspent, and shown beside the number.
#[derive(Debug, Clone, Default)]
pub(super) struct Downtime {
    phase: Stage,
    /// The time up to which everything is counted.
    until: Duration,
    began: Duration,
    down: Duration,
    unseen: Duration,
    /// `unseen` before the current unobserved period began.
    unseen_before: Duration,
    outages: u32,
    /// When a member last reported that it accepts writes.
    up_at: Option<Duration>,
    /// How much longer the outages may have been: the time between the last report of a writable primary and the first of its absence.
    slack: Duration,
}

/// No observation for longer than this (the machine slept, the process was stopped): the time counts as not observed.
const LOOKED_AWAY: Duration = Duration::from_secs(5);

/// The write downtime spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spent {
    /// Total time without a writable primary.
    pub(super) down: Duration,
    /// Total time not observed.
    pub(super) unseen: Duration,
    /// Observed outages.
    pub(super) outages: u32,
    /// What may have to be added to `down`, which is exact only to one poll interval.
    pub(super) slack: Duration,
    /// Duration of the current outage.
    pub(super) now_for: Option<Duration>,
}

impl Spent {
    /// The most time without a writable primary, as far as it was observed.
    pub(super) fn at_most(&self) -> Duration {
        self.down.saturating_add(self.slack)
    }
}

impl Downtime {
    /// A member reported at `at` that it accepts writes.
    pub(super) fn heard_up(&mut self, at: Duration) {
        self.up_at = self.up_at.max(Some(at));
    }

    /// Another member is primary at `at`; the one before last reported at `since` that it accepts writes. Between them there may be a gap.
    pub(super) fn handed_over(&mut self, since: Duration, at: Duration) {
        self.count(at);
        if self.phase == Stage::Up {
            self.slack += at.saturating_sub(since);
        }
    }

    /// The set was observed in `phase` at `at` (boot clock). `lost_since`: an outage that began when a primary stopped replying is counted from
    /// then, not from when its followers reported that they have no primary. The time in between then no longer counts as not observed.
    pub(super) fn observe(&mut self, phase: Stage, at: Duration, lost_since: Option<Duration>) {
        self.count(at);
        if phase == Stage::Down && self.phase != Stage::Down {
            let began = lost_since.filter(|_| self.phase != Stage::Unknown).map_or(at, |s| s.min(at));
            if self.phase == Stage::Unseen && began < at {
                self.unseen = self.unseen_before;
            }
            self.down += at.saturating_sub(began);
            let up_at = self.up_at.filter(|_| self.phase == Stage::Up).unwrap_or(began);
            self.slack += began.saturating_sub(up_at);
            self.began = began;
            self.outages += 1;
        }
        if phase == Stage::Unseen && self.phase != Stage::Unseen {
            self.unseen_before = self.unseen;
        }
        self.phase = phase;
    }

    /// Another member is primary at `at`, and no time without a primary was observed: the one before stopped replying, last observed at
    /// `since`, and its successor was elected before that had lasted long enough to count.
    pub(super) fn passed_over(&mut self, since: Duration, at: Duration) {
        self.count(at);
        if self.phase == Stage::Up {
            self.down += at.saturating_sub(since);
            self.outages += 1;
        }
    }

    fn count(&mut self, at: Duration) {
        let passed = at.saturating_sub(self.until);
        match self.phase {
            Stage::Unknown => {}
            _ if passed > LOOKED_AWAY => self.unseen += passed,
            Stage::Up => {}
            Stage::Down => self.down += passed,
            Stage::Unseen => self.unseen += passed,
        }
        self.until = self.until.max(at);
    }

    /// The write downtime spent by `boot`.
    pub(super) fn spent(&self, boot: Duration) -> Spent {
        let mut to_now = self.clone();
        to_now.count(boot);
        let now_for = (self.phase == Stage::Down).then(|| boot.saturating_sub(self.began));
        Spent { down: to_now.down, unseen: to_now.unseen, outages: self.outages, slack: self.slack, now_for }
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
        d.observe(Stage::Up, ms(1000), None);
        d.observe(Stage::Down, ms(2000), None);
        d.observe(Stage::Down, ms(2030), None);
        d.observe(Stage::Up, ms(2061), None);
        let spent = d.spent(ms(5000));
        assert_eq!((spent.down, spent.outages, spent.now_for), (ms(61), 1, None));
    }

    #[test]
    fn what_was_not_observed_between_two_hellos_may_have_been_without_a_writer() {
        let mut d = Downtime::default();
        d.heard_up(ms(1000));
        d.observe(Stage::Up, ms(1000), None);
        // One `hello` reply a second: the primary was lost at some time in that second.
        d.observe(Stage::Down, ms(2000), None);
        d.heard_up(ms(2100));
        d.observe(Stage::Up, ms(2100), None);
        let spent = d.spent(ms(2200));
        assert_eq!((spent.down, spent.at_most()), (ms(100), ms(1100)));
        // The next `hello` reply is of another primary: an outage of no time, or of nearly a second.
        d.handed_over(ms(3000), ms(3900));
        d.observe(Stage::Up, ms(3900), None);
        let spent = d.spent(ms(4000));
        assert_eq!((spent.down, spent.at_most()), (ms(100), ms(2000)));
    }

    #[test]
    fn a_silent_primary_is_charged_from_when_it_was_last_heard() {
        let mut d = Downtime::default();
        d.observe(Stage::Up, ms(1000), None);
        d.observe(Stage::Down, ms(3000), Some(ms(1200)));
        assert_eq!(d.spent(ms(3500)).down, ms(2300));
        assert_eq!(d.spent(ms(3500)).now_for, Some(ms(2300)));
    }

    #[test]
    fn what_its_followers_confirm_was_an_outage_from_the_start() {
        let mut d = Downtime::default();
        d.observe(Stage::Up, ms(1000), None);
        d.observe(Stage::Unseen, ms(2000), None);
        d.observe(Stage::Down, ms(4000), Some(ms(2000)));
        assert_eq!((d.spent(ms(5000)).down, d.spent(ms(5000)).unseen), (ms(3000), ms(0)));
        // What the followers do not confirm stays not observed.
        d.observe(Stage::Up, ms(5000), None);
        d.observe(Stage::Unseen, ms(6000), None);
        d.observe(Stage::Down, ms(90_000), None);
        assert_eq!((d.spent(ms(91_000)).down, d.spent(ms(91_000)).unseen), (ms(4000), ms(84_000)));
    }

    #[test]
    fn a_successor_that_comes_sooner_than_our_patience_hides_no_outage() {
        let mut d = Downtime::default();
        d.observe(Stage::Up, ms(1000), None);
        d.passed_over(ms(1100), ms(2600));
        d.observe(Stage::Up, ms(2600), None);
        let spent = d.spent(ms(3000));
        assert_eq!((spent.down, spent.outages), (ms(1500), 1));
    }

    #[test]
    fn what_nobody_saw_is_neither_up_nor_down() {
        let mut d = Downtime::default();
        d.observe(Stage::Up, ms(1000), None);
        d.observe(Stage::Unseen, ms(2000), None);
        d.observe(Stage::Down, ms(4000), None);
        // The machine slept for an hour in the middle of the outage.
        d.observe(Stage::Up, ms(3_604_000), None);
        let spent = d.spent(ms(3_604_000));
        assert_eq!((spent.down, spent.unseen), (ms(0), ms(3_602_000)));
    }

    #[test]
    fn before_the_first_observation_nothing_is_counted() {
        let mut d = Downtime::default();
        d.observe(Stage::Unknown, ms(900_000), None);
        d.observe(Stage::Up, ms(900_500), None);
        assert_eq!(d.spent(ms(900_500)).unseen, ms(0));
    }
}
