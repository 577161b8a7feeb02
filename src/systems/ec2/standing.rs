//! How a role stands against what the plan wants of it: what was not requested yet is planned, and no fault.

use std::time::Duration;

use super::site::Site;
use base::{history::Drain, now::Now, observed::Observed, side::Side};

/// How a role stands against what the plan wants of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The wanted number is in service.
    Full,
    /// More instances start, or come into service.
    Filling,
    /// Everything that was requested on the target is in service, and it never was more: its step has not run yet.
    Planned,
    /// Too few, and nothing comes.
    Short,
    /// Too few, and not enough readings to say whether more come.
    Unknown,
}

/// An instance that was launched within this time may still come into service.
const START: Duration = Duration::from_secs(10 * 60);

/// How long ago a moment is; none in the future.
fn since(moment: jiff::Timestamp, now: Now) -> Duration {
    Duration::try_from(now.wall.duration_since(moment)).unwrap_or_default()
}

impl Site {
    /// Whether for as long as a start takes no more came into service: what is launched again and again never serves.
    fn stuck(&self, role: usize, serving: u32, now: Now) -> bool {
        let before = now.boot.as_secs_f32() - START.as_secs_f32();
        let then = self.trends[role].serving.iter().take_while(|(at, _)| *at <= before).last();
        then.is_some_and(|(_, then)| f64::from(then) >= f64::from(serving))
    }

    /// How many instances the role's Auto Scaling groups are asked for; none where the plan names no group, or a group is not known.
    fn requested(&self, role: usize, now: Now) -> Option<u32> {
        let names = self.plan.fleet[role].auto_scaling_groups.get(self.side);
        let groups = self.groups.at(now).fresh()?;
        let each = names.iter().map(|name| groups.iter().find(|g| *g.name == **name).map(|g| g.desired));
        each.sum::<Option<u32>>().filter(|_| !names.is_empty())
    }

    /// How a role stands against what the plan wants of it.
    #[must_use]
    pub fn standing(&self, role: usize, now: Now) -> Observed<Standing> {
        let (wanted, trend) = (self.wanted(role), &self.trends[role]);
        self.in_service(role, now).map(|n| {
            #[expect(clippy::cast_possible_truncation, reason = "a number of instances")]
            let shrunk = trend.serving.iter().any(|(_, before)| before > f64::from(n) as f32);
            let asked = match self.requested(role, now) {
                Some(asked) => asked > n,
                None => n > 0 || self.running(role, now).shown() != Some(0),
            };
            let starting =
                self.tallies[role].youngest.is_some_and(|t| since(t, now) < START) && !self.stuck(role, n, now);
            match trend.gap.drain(f64::from(wanted.saturating_sub(n))) {
                _ if n >= wanted => Standing::Full,
                Drain::In(_) => Standing::Filling,
                _ if starting => Standing::Filling,
                _ if !asked && !shrunk && self.side == Side::Target => Standing::Planned,
                Drain::Unknown => Standing::Unknown,
                _ => Standing::Short,
            }
        })
    }
}
