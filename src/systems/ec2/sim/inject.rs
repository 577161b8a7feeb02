//! Fault injection into the simulated fleet.

use super::Sim;
use crate::ec2::FaultInjection;
use base::side::Side;

impl Sim {
    /// Applies a fault injection of a scenario.
    ///
    /// # Errors
    /// If the plan has no such role, or no group of it.
    pub(super) fn inject(&mut self, what: &FaultInjection) -> Result<(), String> {
        match what {
            FaultInjection::NeverWell { role, side, on } => self.infect(role, *side, *on),
            FaultInjection::Scale { role, side, to } => self.scale(role, *side, *to),
        }
    }

    fn role(&self, name: &str) -> Result<usize, String> {
        self.plan.fleet.iter().position(|r| r.name == name).ok_or_else(|| format!("no role {name}"))
    }

    /// Instances that have booted are not affected.
    fn infect(&mut self, role: &str, side: Side, on: bool) -> Result<(), String> {
        let role = u16::try_from(self.role(role)?).unwrap_or(u16::MAX);
        let sick = self.sick.get_mut(side);
        if on {
            sick.insert(role);
        } else {
            sick.remove(&role);
        }
        Ok(())
    }

    /// An alarm sets the groups of a role to equal shares. It respects each group's minimum and maximum, and does not change a group whose
    /// `AlarmNotification` is suspended. (Amazon EC2 Auto Scaling's guide, "Set scaling limits for your Auto Scaling group" and "Suspend
    /// and resume Amazon EC2 Auto Scaling processes".)
    fn scale(&mut self, role: &str, side: Side, to: u32) -> Result<(), String> {
        let names = self.plan.fleet[self.role(role)?].auto_scaling_groups.get(side);
        let n = u32::try_from(names.len()).unwrap_or(u32::MAX);
        if n == 0 {
            return Err(format!("no Auto Scaling group of {role} on the {side}"));
        }
        for (i, name) in (0..).zip(names) {
            let share = to / n + u32::from(i < to % n);
            let own = self.groups.get_mut(side).iter_mut().filter(|g| *g.name == **name);
            for group in own.filter(|g| g.suspended.iter().all(|s| **s != *"AlarmNotification")) {
                (group.desired, group.checks_elb) = (share.min(group.max).max(group.min), true);
            }
        }
        Ok(())
    }
}
