//! Every AWS call that the watching side can make. All of them only read; `docs/iam-watch.json` grants exactly these.
//!
//! A request builder that comes out of here can send its own operation and nothing else.

use super::{Aws, Reader};

macro_rules! reads {
    ($($sdk:ident as $make:ident of $service:literal { $($call:ident -> $builder:ident),+ $(,)? })+) => { $(
        impl Aws {
            #[doc = concat!("A reader of `", $service, "`.")]
            #[must_use]
            pub fn $make(&self) -> Reader<$sdk::Client> {
                Reader::new(self, $service, $sdk::Client::new)
            }
        }

        impl Reader<$sdk::Client> { $(
            #[doc = concat!("`", stringify!($call), "`: its answer comes through [`Reader::call`].")]
            #[must_use]
            pub fn $call(&self) -> $sdk::operation::$call::builders::$builder {
                self.client.$call()
            }
        )+ }
    )+ };
}

reads! {
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
