//! Suspends or resumes processes of a role's Auto Scaling groups that would interfere with a move.
//!
//! Only processes that are not in the desired state are named, so that the inverse covers exactly those. The plan's check rejects
//! `Terminate`: while it is suspended, unhealthy hosts are not replaced.

use super::{Call, Draft, Drafted, Op, find};
use crate::{
    ec2::{facts::Group, state::State},
    planner::{SIGNED, known, quoted},
};
use base::{
    now::Now,
    observed::{Fault, FaultKind, Observed},
    operation::{Change, Operation, Precondition},
    side::Side,
    step::Kind,
};

/// The processes that are needed to replace an unhealthy host.
const REPLACING: &[&str] = &["HealthCheck", "Launch", "ReplaceUnhealthy", "Terminate"];

fn is_suspended(group: &Group, process: &str) -> bool {
    group.suspended.iter().any(|s| **s == *process)
}

impl State {
    pub(super) fn has_processes(
        &self,
        role: &str,
        side: Side,
        processes: &[String],
        suspend: bool,
        now: Now,
    ) -> Observed<bool> {
        let plan = match self.role(role) {
            Ok((_, plan)) => plan,
            Err(fault) => return Observed::Unknown(fault),
        };
        let named = plan.auto_scaling_groups.get(side);
        self.sites.get(side).groups.at(now).and_then(|groups| {
            let mut all = !named.is_empty();
            for name in named {
                let group = find(groups, name, self.region(side))?;
                all &= processes.iter().all(|p| is_suspended(group, p) == suspend);
            }
            Ok(all)
        })
    }

    pub(super) fn processes(&self, role: &str, side: Side, processes: &[String], suspend: bool, now: Now) -> Drafted {
        let (_, plan) = self.role(role).map_err(|f| vec![f])?;
        let named = plan.auto_scaling_groups.get(side);
        if named.is_empty() {
            let text = format!("the plan has no Auto Scaling group of {role} on the {side}");
            return Err(vec![Fault::new(FaultKind::Unsupported, text)]);
        }
        let goals: Vec<_> = named.iter().map(|group| (side, group.as_str(), processes, suspend)).collect();
        self.switch(&goals, now)
    }

    pub(super) fn processes_back(&self, ops: &[Op], now: Now) -> Drafted {
        let goal = |op| match op {
            &Op { call: Call::Processes { side, ref group, ref processes, suspend }, .. } => {
                Some((side, group.as_str(), processes.as_slice(), suspend))
            }
            _ => None,
        };
        self.switch(&ops.iter().filter_map(goal).collect::<Vec<_>>(), now)
    }

    /// One operation for each group that is not in the desired state.
    fn switch(&self, goals: &[(Side, &str, &[String], bool)], now: Now) -> Drafted {
        let (mut draft, mut faults) = (Draft::nothing(), Vec::new());
        for &(side, name, processes, suspend) in goals {
            let what = format!("Auto Scaling groups in {}", self.region(side));
            let found = known(self.sites.get(side).groups.at(now), &what);
            let group = match found.and_then(|groups| find(groups, name, self.region(side))) {
                Ok(group) => group,
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            let others: Vec<String> = processes.iter().filter(|p| is_suspended(group, p) != suspend).cloned().collect();
            if others.is_empty() {
                continue;
            }
            let word = |suspended: bool| if suspended { "suspended" } else { "running" };
            draft.diff.push(Change {
                thing: format!("{name}: {}", others.join(", ")),
                from: word(!suspend).to_owned(),
                to: word(suspend).to_owned(),
            });
            let replacing: Vec<&str> = REPLACING.iter().filter(|p| others.iter().any(|o| o == *p)).copied().collect();
            if suspend && !replacing.is_empty() {
                draft.notes.push(format!(
                    "{name}: unhealthy hosts are not replaced while {} is suspended",
                    replacing.join(", ")
                ));
            }
            if !suspend {
                draft.notes.push(format!("{name}: it may then be changed again by {}", others.join(", ")));
            }
            draft.ops.push(self.process(side, name, &others, suspend));
            draft.inverse.push(self.process(side, name, &others, !suspend));
        }
        if faults.is_empty() { Ok(draft) } else { Err(faults) }
    }

    fn process(&self, side: Side, group: &str, processes: &[String], suspend: bool) -> Op {
        let verb = if suspend { "suspend" } else { "resume" };
        Operation {
            what: format!("{group}: {verb} {}", processes.join(", ")),
            call: Call::Processes { side, group: group.to_owned(), processes: processes.to_vec(), suspend },
            kind: Kind::Absolute,
            cleanup: false,
            precondition: Precondition::None,
            quarantine: SIGNED,
            command: format!(
                "aws autoscaling {verb}-processes {} --auto-scaling-group-name {} --scaling-processes {}",
                self.flags(side),
                quoted(group),
                processes.iter().map(|p| quoted(p)).collect::<Vec<_>>().join(" ")
            ),
        }
    }
}
