//! Changes a region: absolute values, sent once.
//!
//! These servers check no precondition. So a group's capacity is read again just before it is set, and is not set if an external change has
//! happened since the preview. All other requests have the same result whatever was there before.

use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::types::TargetDescription;

use super::Readers;
use crate::Journal;
use crate::{
    Live,
    aws::{Writer, Writing},
    ec2::{
        State,
        ops::{Call, Place, Version},
    },
};
use base::{
    operation::{SendOutcome, VerifyRequest},
    side::{Side, Sides},
    step::Truth,
    view::counted,
};
use journal::Permit;
use plan::Plan;

/// The writing credentials of both sides, and the readers for the check before a write.
pub struct Writers {
    readers: Readers,
    regions: Sides<Option<Region>>,
}

struct Region {
    ec2: Writer<aws_sdk_ec2::Client>,
    balancing: Writer<aws_sdk_elasticloadbalancingv2::Client>,
    scaling: Writer<aws_sdk_autoscaling::Client>,
}

/// The reason why a request was not sent, or its outcome.
type Done = Result<SendOutcome<Version>, SendOutcome<Version>>;

fn unsent(why: impl std::fmt::Display) -> SendOutcome<Version> {
    SendOutcome::refused(format!("{why}; nothing was sent"))
}

fn number(n: u32) -> Result<i32, SendOutcome<Version>> {
    i32::try_from(n).map_err(|_| unsent(format!("{n} is more than can be asked for")))
}

/// An empty list would mean everything.
fn some<T>(list: &[T]) -> Result<(), SendOutcome<Version>> {
    if list.is_empty() { Err(unsent("an empty list would mean all")) } else { Ok(()) }
}

impl Writers {
    pub(super) fn new(plan: &Arc<Plan>, journal: &Journal) -> Self {
        let region = |side: Side| {
            let site = plan.sites.get(side);
            let writing = Writing::new(&site.access, &site.region, journal)?;
            Some(Region {
                ec2: writing.ec2(),
                balancing: writing.elasticloadbalancing(),
                scaling: writing.autoscaling(),
            })
        };
        Self { readers: State::readers(plan), regions: Sides::from_fn(region) }
    }

    pub(super) async fn send(
        &self,
        permit: Permit,
        call: &Call,
        precondition: Option<&Version>,
    ) -> SendOutcome<Version> {
        let side = call.side();
        let Some(region) = self.regions.get(side) else {
            return unsent(format!("the plan has no write credentials for the {side}: add `write` to [sites.{side}]"));
        };
        // These servers keep no tag.
        drop(permit.spend());
        let done = match call {
            Call::Capacity { group, desired, min, .. } => {
                self.capacity(region, call, precondition, group, *desired, *min).await
            }
            Call::Power { on, instances, .. } => region.power(*on, instances).await,
            Call::Processes { group, processes, suspend, .. } => region.processes(group, processes, *suspend).await,
            Call::Targets { group, on, targets, .. } => self.targets(region, side, group, *on, targets).await,
            Call::InService { .. } | Call::Traffic { .. } => Err(unsent("a wait is not sent")),
        };
        done.unwrap_or_else(|sent| sent)
    }

    async fn capacity(
        &self,
        region: &Region,
        call: &Call,
        precondition: Option<&Version>,
        group: &str,
        desired: u32,
        min: u32,
    ) -> Done {
        let there = self.readers.verify(&VerifyRequest { tag: "", call, precondition, accepted: false }).await;
        match there.truth {
            Truth::Conflict => return Err(unsent(format!("external change: {}", there.detail))),
            Truth::Unobservable => return Err(unsent(format!("the current state cannot be read: {}", there.detail))),
            Truth::Applied | Truth::NotApplied => {}
        }
        let request = region.scaling.update_auto_scaling_group().auto_scaling_group_name(group);
        let request = request.min_size(number(min)?).desired_capacity(number(desired)?);
        region.scaling.call("UpdateAutoScalingGroup", request.send()).await?;
        Ok(SendOutcome::accepted(format!("{group}: desired {desired}, min {min}: accepted")))
    }

    async fn targets(&self, region: &Region, side: Side, group: &str, on: bool, targets: &[Place]) -> Done {
        some(targets)?;
        let known = self.readers.regions.get(side).arns(&[group.to_owned()]).await.map_err(unsent)?;
        let Some((arn, _)) = known.get(group) else { return Err(unsent(format!("no target group {group}"))) };
        let one = |p: &Place| TargetDescription::builder().id(&p.id).set_port(p.port.map(i32::from)).build();
        let targets: Vec<TargetDescription> = targets.iter().map(one).collect();
        let (n, balancing) = (targets.len(), &region.balancing);
        if on {
            let request = balancing.register_targets().target_group_arn(arn).set_targets(Some(targets));
            balancing.call("RegisterTargets", request.send()).await?;
        } else {
            let request = balancing.deregister_targets().target_group_arn(arn).set_targets(Some(targets));
            balancing.call("DeregisterTargets", request.send()).await?;
        }
        Ok(SendOutcome::accepted(format!("{group}: {n} targets: accepted")))
    }
}

impl Region {
    async fn power(&self, on: bool, instances: &[String]) -> Done {
        some(instances)?;
        let ids = Some(instances.to_vec());
        if on {
            self.ec2.call("StartInstances", self.ec2.start_instances().set_instance_ids(ids).send()).await?;
        } else {
            self.ec2.call("StopInstances", self.ec2.stop_instances().set_instance_ids(ids).send()).await?;
        }
        Ok(SendOutcome::accepted(format!("{}: accepted", counted(instances.len(), "instance"))))
    }

    async fn processes(&self, group: &str, processes: &[String], suspend: bool) -> Done {
        some(processes)?;
        let (scaling, list) = (&self.scaling, Some(processes.to_vec()));
        if suspend {
            let request = scaling.suspend_processes().auto_scaling_group_name(group).set_scaling_processes(list);
            scaling.call("SuspendProcesses", request.send()).await?;
        } else {
            let request = scaling.resume_processes().auto_scaling_group_name(group).set_scaling_processes(list);
            scaling.call("ResumeProcesses", request.send()).await?;
        }
        Ok(SendOutcome::accepted(format!("{group}: {}: accepted", processes.join(", "))))
    }
}
