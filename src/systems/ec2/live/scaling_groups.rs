//! Auto Scaling groups.

use aws_sdk_autoscaling::types::{AutoScalingGroup, LifecycleState};

use super::Region;
use crate::{
    aws::token,
    ec2::facts::{Group, Names},
};
use base::observed::Fault;

/// Auto Scaling groups queried by name in one request, and returned on one page.
const GROUPS: usize = 50;

impl Region {
    pub(super) async fn groups(&self, named: Vec<String>) -> Result<Vec<Group>, Fault> {
        let (mut rows, mut names) = (Vec::new(), Names::default());
        for chunk in named.chunks(GROUPS) {
            let ask = self.scaling.describe_auto_scaling_groups();
            let ask = ask.set_auto_scaling_group_names(Some(chunk.to_vec()));
            let send = |at| ask.clone().set_next_token(at).send();
            self.scaling
                .pages("DescribeAutoScalingGroups", send, |page| {
                    rows.extend(page.auto_scaling_groups().iter().filter_map(|g| group(g, &mut names)));
                    Ok(token(page.next_token()))
                })
                .await?;
        }
        Ok(rows)
    }
}

fn group(of: &AutoScalingGroup, names: &mut Names) -> Option<Group> {
    let count = |n: Option<i32>| n.and_then(|n| u32::try_from(n).ok());
    let member = |i: &aws_sdk_autoscaling::types::Instance| {
        let well = i.health_status().is_some_and(|h| h.eq_ignore_ascii_case("healthy"));
        Some((i.instance_id()?.into(), well && i.lifecycle_state() == Some(&LifecycleState::InService)))
    };
    Some(Group {
        name: of.auto_scaling_group_name()?.into(),
        desired: count(of.desired_capacity())?,
        min: count(of.min_size())?,
        max: count(of.max_size())?,
        zones: of.availability_zones().iter().map(|z| names.get(z)).collect(),
        suspended: of.suspended_processes().iter().filter_map(|p| p.process_name()).map(|n| names.get(n)).collect(),
        members: of.instances().iter().filter_map(member).collect(),
    })
}
