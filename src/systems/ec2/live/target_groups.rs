//! Target groups with their targets' health.

use std::collections::HashMap;

use aws_sdk_elasticloadbalancingv2::types::{self, TargetHealthDescription, TargetHealthStateEnum, TargetTypeEnum};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Arns, Region, held};
use crate::{
    aws::token,
    ec2::facts::{Name, Target, TargetGroup, TargetHealth, TargetKind},
};
use base::observed::{Fault, FaultKind};

/// The most target groups that Elastic Load Balancing returns on a page.
const PAGE: i32 = 400;
/// DescribeTargetHealth takes one group: this many calls run at a time.
const AT_ONCE: usize = 4;

impl Region {
    pub(super) async fn targets(&self, named: Vec<String>) -> Result<Vec<TargetGroup>, Fault> {
        let arns = self.arns(&named).await?;
        let ask = |name: String| {
            let known = arns.get(name.as_str()).cloned();
            let (arn, kind) = known.map_or((None, TargetKind::default()), |(arn, kind)| (Some(arn), kind));
            async move {
                let targets = match arn {
                    Some(arn) => self.health(arn).await?,
                    None => None,
                };
                if targets.is_none() {
                    held(&self.arns).remove(name.as_str());
                }
                Ok(TargetGroup { named: name.as_str().into(), kind, targets })
            }
        };
        stream::iter(named.into_iter().map(ask)).buffered(AT_ONCE).try_collect().await
    }

    /// ARNs by the name in the plan, and the type of their targets; a group that does not exist has none. All groups of the region are
    /// listed, and only while one is not known: in a query by name, one missing group fails the whole request without being named.
    pub(super) async fn arns(&self, named: &[String]) -> Result<Arns, Fault> {
        let known = held(&self.arns).clone();
        if named.iter().all(|n| known.contains_key(n.as_str())) {
            return Ok(known);
        }
        let mut found = HashMap::new();
        let ask = self.balancing.describe_target_groups().page_size(PAGE);
        let send = |at| ask.clone().set_marker(at).send();
        self.balancing
            .pages("DescribeTargetGroups", send, |page| {
                found.extend(page.target_groups().iter().flat_map(|group| arns(group, named)));
                Ok(token(page.next_marker()))
            })
            .await?;
        held(&self.arns).clone_from(&found);
        Ok(found)
    }

    /// One group's targets; none where the group does not exist any more.
    async fn health(&self, arn: String) -> Result<Option<Vec<Target>>, Fault> {
        let ask = self.balancing.describe_target_health().target_group_arn(arn).send();
        match self.balancing.call("DescribeTargetHealth", ask).await {
            Ok(answer) => Ok(Some(answer.target_health_descriptions().iter().filter_map(target).collect())),
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

/// A target group's ARN and the type of its targets, for each of the plan's names that means it: by ARN or by name.
fn arns(group: &types::TargetGroup, named: &[String]) -> Vec<(Name, (String, TargetKind))> {
    let Some(arn) = group.target_group_arn() else { return Vec::new() };
    let kind = match group.target_type() {
        Some(TargetTypeEnum::Ip) => TargetKind::Address,
        Some(TargetTypeEnum::Lambda) => TargetKind::Function,
        Some(TargetTypeEnum::Alb) => TargetKind::Balancer,
        _ => TargetKind::Instance,
    };
    let is = |n: &&String| n.as_str() == arn || group.target_group_name() == Some(n.as_str());
    named.iter().filter(is).map(|n| (Name::from(n.as_str()), (arn.to_owned(), kind))).collect()
}

fn target(of: &TargetHealthDescription) -> Option<Target> {
    let health = match of.target_health().and_then(|h| h.state()) {
        Some(TargetHealthStateEnum::Healthy) => TargetHealth::Healthy,
        Some(TargetHealthStateEnum::Initial) => TargetHealth::Initial,
        Some(TargetHealthStateEnum::Draining | TargetHealthStateEnum::UnhealthyDraining) => TargetHealth::Draining,
        Some(TargetHealthStateEnum::Unused) => TargetHealth::Unused,
        Some(TargetHealthStateEnum::Unhealthy) => TargetHealth::Unhealthy,
        _ => TargetHealth::Unknown,
    };
    let target = of.target()?;
    Some(Target { id: target.id()?.into(), port: target.port().and_then(|p| u16::try_from(p).ok()), health })
}
