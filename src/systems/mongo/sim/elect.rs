//! The primary of a simulated set: elections, step downs, takeovers.
//!
//! As measured: after a step down the first member to be asked wins, which is not always the one with the highest priority; where all but
//! one have priority 0, that one always wins.

use std::time::Duration;

use super::{ELECTION, HEARTBEAT, Set, inject::Behind};
use base::now::Now;

/// From PRIMARY to `isWritablePrimary`.
const DRAIN: Duration = Duration::from_millis(15);
/// Milliseconds without writes around a step down, both ends included, where a member has caught up.
const GAP_MS: std::ops::RangeInclusive<u64> = 26..=90;
/// A lag below this (seconds) is caught up within that gap.
const CLOSE: f64 = 0.5;
/// Duration of the primary's own reconfig, which writes the new term into the configuration.
const OWN_RECONFIG: Duration = Duration::from_millis(100);

impl Set {
    pub(super) fn votes_of(&self, of: impl Fn(usize) -> bool) -> u32 {
        self.members.iter().enumerate().filter(|(i, _)| of(*i)).map(|(_, m)| m.config.votes).sum()
    }

    fn is_majority(&self, of: impl Fn(usize) -> bool) -> bool {
        self.votes_of(of) > self.votes_of(|_| true) / 2
    }

    /// Whether it is up and reaches a majority, itself included.
    fn hears_majority(&self, place: usize) -> bool {
        self.up(place) && self.is_majority(|i| self.sees(place, i))
    }

    /// Whether a majority has the configuration.
    pub(super) fn is_spread(&self, boot: Duration) -> bool {
        boot >= self.spread_at && self.primary.is_some_and(|p| self.hears_majority(p))
    }

    /// Whether it stands for election.
    fn stands(&self, place: usize, boot: Duration) -> bool {
        let config = &self.members[place].config;
        let frozen = self.frozen.get(&config.host).is_some_and(|until| boot < *until);
        self.hears_majority(place) && config.priority > 0.0 && config.votes > 0 && !frozen
    }

    /// The members for which a majority would vote: no voter votes for a member that is missing more than the voter itself.
    fn electable(&self, boot: Duration) -> Vec<usize> {
        let lacks = |i: usize| self.lacks(i, boot);
        let wins = |i: usize| self.is_majority(|voter| self.sees(i, voter) && lacks(voter) >= lacks(i));
        (0..self.members.len()).filter(|&i| self.stands(i, boot) && wins(i)).collect()
    }

    /// The member with the highest priority; of equals the first.
    fn preferred(&self, boot: Duration) -> Option<usize> {
        let priority = |i: usize| self.members[i].config.priority;
        self.electable(boot).into_iter().max_by(|&a, &b| priority(a).total_cmp(&priority(b)).then(b.cmp(&a)))
    }

    /// The winner of the election that follows a step down.
    fn lottery(&mut self, boot: Duration) -> Option<usize> {
        let electable = self.electable(boot);
        match electable[..] {
            [] => None,
            [only] => Some(only),
            _ if self.random.bool() => self.preferred(boot),
            _ => self.random.choice(electable),
        }
    }

    /// Advances it to `boot`.
    pub(super) fn advance(&mut self, boot: Duration) {
        self.note_writable(boot);
        self.elect(boot);
        self.note_writable(boot);
    }

    fn elect(&mut self, boot: Duration) {
        if let Some(at) = self.takeover_at.filter(|at| boot >= *at && self.primary.is_some()) {
            self.give_way(at + ELECTION, false);
        }
        if !self.lost && self.primary.is_some_and(|p| self.hears_majority(p)) {
            return;
        }
        self.lost = false;
        if self.primary.is_some() {
            self.give_way(boot + ELECTION, false);
        }
        // If no member reaches a majority, no member is elected, and the election time stays.
        if (0..self.members.len()).any(|i| self.hears_majority(i)) && self.election_at.is_none_or(|at| boot >= at) {
            let at = self.election_at.take().unwrap_or(boot);
            let winner = if std::mem::take(&mut self.handoff) { self.lottery(boot) } else { self.preferred(boot) };
            if let Some(winner) = winner {
                self.lead(winner, at);
            }
        }
    }

    fn give_way(&mut self, election_at: Duration, handoff: bool) {
        self.primary = None;
        self.takeover_at = None;
        // Killed, or ended with the connection of its client.
        self.long = None;
        (self.election_at, self.handoff) = (Some(election_at), handoff);
    }

    fn lead(&mut self, place: usize, at: Duration) {
        // From here on the other members are behind it.
        self.members[place].behind = Behind::default();
        self.primary = Some(place);
        self.term += 1;
        // The new primary writes its term into the configuration, which has to reach a majority again.
        (self.busy_until, self.spread_at) = (at + OWN_RECONFIG, at + HEARTBEAT);
        (self.led_at, self.writable_at) = (at, at + DRAIN);
    }

    /// The primary steps down, if an electable member and a majority have caught up, or will have in time.
    ///
    /// # Errors
    /// Nobody caught up (262): it stays primary, after a time in which it accepted no writes.
    pub(super) fn step_down(&mut self, place: usize, secs: u32, catch_up: u32, now: Now) -> Result<(), ()> {
        let (boot, patience) = (now.boot, Duration::from_secs(u64::from(catch_up)));
        let lag =
            |i: usize| if i == place { 0.0 } else { self.lag(i, boot).max(self.members[i].behind.catches_up(boot)) };
        let in_time = |i: usize| self.sees(place, i) && lag(i) <= patience.as_secs_f64();
        let others = (0..self.members.len()).filter(|&i| i != place && self.stands(i, boot) && in_time(i));
        let nearest = others.map(lag).min_by(f64::total_cmp);
        let Some(nearest) = nearest.filter(|_| self.is_majority(in_time)) else {
            self.writable_at = boot + patience;
            self.note_writable(boot);
            return Err(());
        };
        let catching_up = if nearest > CLOSE { Duration::from_secs_f64(nearest) } else { Duration::ZERO };
        let gap = catching_up + Duration::from_millis(self.random.u64(GAP_MS));
        self.freeze(place, secs, boot);
        self.give_way(boot + gap.saturating_sub(DRAIN), true);
        self.note_writable(boot);
        Ok(())
    }

    /// A member does not stand for election for `secs`; zero: it may again.
    pub(super) fn freeze(&mut self, place: usize, secs: u32, boot: Duration) {
        let host = self.members[place].config.host.clone();
        self.frozen.insert(host, boot + Duration::from_secs(u64::from(secs)));
        // Nobody could be elected, and now a member can: as soon as it notices that there is no primary.
        if self.primary.is_none() && self.election_at.is_none() {
            self.election_at = Some(boot + ELECTION);
        }
    }

    /// A higher priority than the primary's arms a takeover. It came after ten seconds in three of eight tries, and otherwise not at all.
    pub(super) fn arm_takeover(&mut self, boot: Duration) {
        let own = self.primary.map_or(0.0, |p| self.members[p].config.priority);
        let higher = self.preferred(boot).is_some_and(|i| self.members[i].config.priority > own);
        self.takeover_at = (higher && self.random.u8(0..8) < 3).then_some(boot + ELECTION);
    }

    pub(super) fn topple(&mut self, boot: Duration) {
        if self.primary.is_some() {
            self.give_way(boot + DRAIN, true);
            self.note_writable(boot);
        }
    }

    pub(super) fn stop(&mut self, host: &str) {
        self.lost |= self.primary.is_some_and(|p| self.members[p].config.host == host);
        self.stopped.insert(host.to_owned());
        // The contents of its memory are lost with its process, and its log starts empty.
        self.frozen.remove(host);
        self.known_primary.retain(|_, by| by != host);
        self.restarted.insert(host.to_owned());
    }
}
