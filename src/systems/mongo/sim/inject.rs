//! Fault injection into a simulated set: a member that falls behind, a process that stops and starts, a long write, a person with a
//! shell.

use std::time::Duration;

use super::{Set, Sim};
use crate::{
    mongo::FaultInjection,
    mongo::operations::{Kind, Operation},
};
use base::now::Now;

/// A member catches up this many times as fast as the data was written.
const CATCH_UP: f64 = 20.0;
/// As the shell's `rs.stepDown()`: seconds without standing for election, and seconds to wait for a member to catch up.
const STEP_DOWN: (u32, u32) = (60, 10);

/// Additional lag of a member, beyond its usual lag. In seconds.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// The lag set by a scenario.
    by: f64,
    /// Its process does not run: it falls behind for as long as that lasts.
    down: bool,
    /// The value when either changed last, and when that was.
    had: f64,
    since: Duration,
}

impl Behind {
    fn to(&self) -> f64 {
        if self.down { f64::INFINITY } else { self.by }
    }

    /// The value at `boot`.
    pub(super) fn at(&self, boot: Duration) -> f64 {
        let (to, past) = (self.to(), boot.saturating_sub(self.since).as_secs_f64());
        if self.had < to { (self.had + past).min(to) } else { (self.had - CATCH_UP * past).max(to) }
    }

    /// Seconds until it has everything, once nothing more is written.
    pub(super) fn catches_up(&self, boot: Duration) -> f64 {
        self.to().max(self.at(boot) / (CATCH_UP + 1.0))
    }

    fn change(&mut self, boot: Duration, how: impl FnOnce(&mut Self)) {
        (self.had, self.since) = (self.at(boot), boot);
        how(self);
    }
}

impl Sim {
    /// Applies a fault injection of a scenario.
    ///
    /// # Errors
    /// No such member or set, or it has no primary.
    pub(super) fn inject(&mut self, what: &FaultInjection, now: Now) -> Result<(), String> {
        match what {
            FaultInjection::FallBehind { host, by } => self.set_of(host)?.fall_behind(host, *by, now.boot),
            FaultInjection::Process { host, up } => {
                self.set_of(host)?.process(host, *up, now.boot);
                Ok(())
            }
            FaultInjection::Hang { host, on } => {
                self.set_of(host)?.hang(host, *on, now.boot);
                Ok(())
            }
            FaultInjection::LongWrite { set, running } => self.named(set)?.long_write(*running, now.boot),
            FaultInjection::StepDown { set } => self.named(set)?.by_hand(now),
        }
    }

    fn named(&mut self, name: &str) -> Result<&mut Set, String> {
        let none = || format!("no replica set {name} in the simulated estate");
        self.sets.iter_mut().find(|s| s.name == *name).ok_or_else(none)
    }

    /// The set of a member, or of a candidate.
    fn set_of(&mut self, host: &str) -> Result<&mut Set, String> {
        let none = || format!("no member {host} in the simulated estate");
        self.sets.iter_mut().find(|s| s.place(host).is_some() || s.waiting.iter().any(|h| h == host)).ok_or_else(none)
    }
}

impl Set {
    fn fall_behind(&mut self, host: &str, by: Duration, boot: Duration) -> Result<(), String> {
        let waits = || format!("{host} is no member of {} yet: it is behind nobody", self.name);
        let place = self.place(host).ok_or_else(waits)?;
        if self.primary == Some(place) {
            return Err(format!("{host} leads {}: it is behind nobody", self.name));
        }
        self.members[place].behind.change(boot, |behind| behind.by = by.as_secs_f64());
        Ok(())
    }

    fn process(&mut self, host: &str, up: bool, boot: Duration) {
        if let Some(place) = self.place(host) {
            self.members[place].behind.change(boot, |behind| behind.down = !up);
        }
        if up {
            self.stopped.remove(host);
        } else {
            self.stop(host);
        }
        self.advance(boot);
    }

    fn hang(&mut self, host: &str, on: bool, boot: Duration) {
        let place = self.place(host);
        if let Some(place) = place {
            self.members[place].behind.change(boot, |behind| behind.down = on);
        }
        if on {
            self.lost |= place.is_some() && self.primary == place;
            self.hung.insert(host.to_owned());
        } else {
            self.hung.remove(host);
        }
        self.advance(boot);
    }

    fn long_write(&mut self, running: Duration, boot: Duration) -> Result<(), String> {
        if running.is_zero() {
            self.long = None;
            return Ok(());
        }
        self.leader().ok_or_else(|| format!("nobody leads {}: nothing is written there", self.name))?;
        let namespace = format!("{0}.{0}", self.name);
        self.long = Some((Operation { kind: Kind::Write, what: "update".to_owned(), namespace, running }, boot));
        Ok(())
    }

    /// If no member catches up in time, the primary refuses it and stays primary, and that is the result.
    fn by_hand(&mut self, now: Now) -> Result<(), String> {
        let place = self.primary.ok_or_else(|| format!("nobody leads {}: nobody steps down", self.name))?;
        let _refused = self.step_down(place, STEP_DOWN.0, STEP_DOWN.1, now);
        Ok(())
    }

    /// Index of a host in the configuration.
    fn place(&self, host: &str) -> Option<usize> {
        self.members.iter().position(|m| m.config.host == host)
    }

    /// How far a member is behind the last write. Once nothing is written, that stops growing, and a member with a constant lag
    /// catches up.
    pub(super) fn lacks(&self, place: usize, boot: Duration) -> f64 {
        (self.members[place].behind.at(boot) - self.quiet(boot).as_secs_f64()).max(0.0)
    }
}
