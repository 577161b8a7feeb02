//! Every AWS call that a viewer can make. All of them only read; `docs/iam-watch.json` grants exactly these.
//!
//! A request builder from this module can send its own operation and nothing else.

use super::{Aws, Reader, calls::calls};

calls! {
    of Aws as Reader;

    aws_sdk_ec2 as ec2 of "ec2" {
        describe_instances -> DescribeInstancesFluentBuilder,
        describe_instance_status -> DescribeInstanceStatusFluentBuilder,
        describe_instance_types -> DescribeInstanceTypesFluentBuilder,
        describe_images -> DescribeImagesFluentBuilder,
    }
    aws_sdk_elasticloadbalancingv2 as elasticloadbalancing of "elasticloadbalancing" {
        describe_target_groups -> DescribeTargetGroupsFluentBuilder,
        describe_target_health -> DescribeTargetHealthFluentBuilder,
    }
    aws_sdk_autoscaling as autoscaling of "autoscaling" {
        describe_auto_scaling_groups -> DescribeAutoScalingGroupsFluentBuilder,
    }
    aws_sdk_route53 as route53 of "route53" {
        list_resource_record_sets -> ListResourceRecordSetsFluentBuilder,
        get_hosted_zone -> GetHostedZoneFluentBuilder,
        get_change -> GetChangeFluentBuilder,
    }
    aws_sdk_cloudwatch as cloudwatch of "cloudwatch" {
        get_metric_data -> GetMetricDataFluentBuilder,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path, sync::Arc};

    use super::permissions;

    use crate::Estate;

    /// What `docs/iam-watch.json` grants.
    fn granted() -> BTreeSet<String> {
        let text =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/iam-watch.json")).unwrap();
        let policy: serde_json::Value = serde_json::from_str(&text).unwrap();
        let actions = policy["Statement"][0]["Action"].as_array().unwrap();
        actions.iter().map(|a| a.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_policy_grants_exactly_the_calls_that_a_reader_can_make() {
        assert_eq!(granted(), permissions());
    }

    #[test]
    fn the_policy_grants_what_the_sources_of_a_full_plan_say_they_need() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/plan.example.toml");
        let (plan, _) = crate::load_plan(&path).unwrap_or_else(|faulty| panic!("{faulty}"));
        let (_, collectors) = <Estate as engine::systems::Systems>::new(&Arc::new(plan));
        // AWS permissions have a service prefix; the other servers' permissions have none.
        let needed: BTreeSet<String> =
            collectors.iter().flat_map(|s| s.calls).filter(|c| c.contains(':')).map(|c| (*c).to_owned()).collect();
        assert!(needed.iter().filter(|c| c.starts_with("ec2:")).count() == 4, "the plan names a fleet: {needed:?}");
        assert!(needed.is_subset(&granted()), "not granted: {:?}", needed.difference(&granted()));
    }
}
