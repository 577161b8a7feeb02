//! Fills a region: network, images, instances by role and zone, target groups, Auto Scaling groups, a load balancer.

use std::collections::BTreeMap;

use landfall::base::side::Side;

use super::{Endpoint, Form, element, elements, form};
use crate::{
    error::{Error, Result},
    estate::{FLEET, FleetRole, GROUP_SIZE, REGIONS, ZONES, network, suffix},
};

const EC2: (&str, &str) = ("ec2", "2016-11-15");
const ELB: (&str, &str) = ("elasticloadbalancing", "2015-12-01");
const ASG: (&str, &str) = ("autoscaling", "2011-01-01");

/// Image ids of one side, by role.
pub type Images = BTreeMap<&'static str, String>;

/// Empties a region and registers the images of one side before anything else, so that their ids are the same every
/// time. A tag of the target's images names the source's image that each was copied from.
///
/// # Errors
/// If moto refuses a call.
pub async fn images(endpoint: &Endpoint, side: Side, copied_from: Option<&Images>) -> Result<Images> {
    endpoint.reset().await?;
    let region = Region { endpoint, side };
    let mut images = Images::new();
    for role in FLEET {
        let source = copied_from.and_then(|source| source.get(role.name));
        images.insert(role.name, region.image(role.name, source).await?);
    }
    Ok(images)
}

/// Fills one side's region, which must contain its images and nothing else.
///
/// # Errors
/// If moto refuses a call.
pub async fn fill(endpoint: &Endpoint, side: Side, images: &Images) -> Result<()> {
    let region = Region { endpoint, side };
    let vpc = region.vpc().await?;
    let mut subnets = Vec::new();
    for (n, zone) in ZONES.into_iter().enumerate() {
        subnets.push(region.subnet(&vpc, zone, n * 64).await?);
    }
    region.load_balancer(&subnets).await?;
    for role in FLEET {
        let image = images
            .get(role.name)
            .ok_or_else(|| Error::new("filling a region", format!("no image for {}", role.name)))?;
        let mut instances = Vec::new();
        let direct = (role.count.get(side) - GROUP_SIZE) / 3;
        for subnet in &subnets {
            instances.extend(region.instances(&role, image, subnet, direct).await?);
        }
        let target_group = if role.balanced { Some(region.target_group(&role, &vpc, &instances).await?) } else { None };
        region.scaling_group(&role, image, &subnets, target_group.as_deref()).await?;
    }
    Ok(())
}

struct Region<'a> {
    endpoint: &'a Endpoint,
    side: Side,
}

impl Region<'_> {
    async fn call(&self, (service, version): (&str, &str), action: &str, form: Form) -> Result<String> {
        self.endpoint.call(service, version, action, form).await
    }

    fn name(&self, what: &str) -> String {
        format!("{what}-{}", suffix(self.side))
    }

    async fn vpc(&self) -> Result<String> {
        let cidr = format!("10.{}.0.0/16", network(self.side));
        let xml = self.call(EC2, "CreateVpc", form([("CidrBlock", cidr)])).await?;
        Ok(element(&xml, "vpcId")?.to_owned())
    }

    async fn subnet(&self, vpc: &str, zone: char, third: usize) -> Result<String> {
        let subnet = form([
            ("VpcId", vpc.to_owned()),
            ("CidrBlock", format!("10.{}.{third}.0/18", network(self.side))),
            ("AvailabilityZone", format!("{}{zone}", REGIONS.get(self.side))),
        ]);
        let xml = self.call(EC2, "CreateSubnet", subnet).await?;
        Ok(element(&xml, "subnetId")?.to_owned())
    }

    async fn load_balancer(&self, subnets: &[String]) -> Result<()> {
        let mut request = form([("Name", "edge".to_owned()), ("Type", "application".to_owned())]);
        request.extend(numbered("Subnets.member", subnets));
        self.call(ELB, "CreateLoadBalancer", request).await.map(drop)
    }

    async fn image(&self, role: &str, copied_from: Option<&String>) -> Result<String> {
        let request = form([
            ("Name", format!("{role}-2026.11")),
            ("Architecture", "x86_64".to_owned()),
            ("RootDeviceName", "/dev/xvda".to_owned()),
        ]);
        let xml = self.call(EC2, "RegisterImage", request).await?;
        let id = element(&xml, "imageId")?.to_owned();
        if let Some(source) = copied_from {
            let tag = form([
                ("ResourceId.1", id.clone()),
                ("Tag.1.Key", "landfall:source-ami".to_owned()),
                ("Tag.1.Value", source.clone()),
            ]);
            self.call(EC2, "CreateTags", tag).await?;
        }
        Ok(id)
    }

    async fn instances(&self, role: &FleetRole, image: &str, subnet: &str, count: u32) -> Result<Vec<String>> {
        let request = form([
            ("ImageId", image.to_owned()),
            ("InstanceType", role.kind.to_owned()),
            ("MinCount", count.to_string()),
            ("MaxCount", count.to_string()),
            ("SubnetId", subnet.to_owned()),
            ("TagSpecification.1.ResourceType", "instance".to_owned()),
            ("TagSpecification.1.Tag.1.Key", "role".to_owned()),
            ("TagSpecification.1.Tag.1.Value", role.name.to_owned()),
            ("TagSpecification.1.Tag.2.Key", "Name".to_owned()),
            ("TagSpecification.1.Tag.2.Value", self.name(role.name)),
        ]);
        let xml = self.call(EC2, "RunInstances", request).await?;
        Ok(elements(&xml, "instanceId").into_iter().map(str::to_owned).collect())
    }

    async fn target_group(&self, role: &FleetRole, vpc: &str, instances: &[String]) -> Result<String> {
        let request = form([
            ("Name", self.name(role.name)),
            ("Protocol", "HTTP".to_owned()),
            ("Port", "8080".to_owned()),
            ("VpcId", vpc.to_owned()),
        ]);
        let xml = self.call(ELB, "CreateTargetGroup", request).await?;
        let arn = element(&xml, "TargetGroupArn")?.to_owned();
        let mut register = form([("TargetGroupArn", arn.clone())]);
        for (n, id) in instances.iter().enumerate() {
            register.push((format!("Targets.member.{}.Id", n + 1), id.clone()));
        }
        self.call(ELB, "RegisterTargets", register).await?;
        Ok(arn)
    }

    async fn scaling_group(
        &self,
        role: &FleetRole,
        image: &str,
        subnets: &[String],
        target_group: Option<&str>,
    ) -> Result<()> {
        let name = self.name(role.name);
        let launch = form([
            ("LaunchConfigurationName", name.clone()),
            ("ImageId", image.to_owned()),
            ("InstanceType", role.kind.to_owned()),
        ]);
        self.call(ASG, "CreateLaunchConfiguration", launch).await?;
        let mut group = form([
            ("AutoScalingGroupName", name.clone()),
            ("LaunchConfigurationName", name),
            ("MinSize", "0".to_owned()),
            ("MaxSize", (2 * GROUP_SIZE).to_string()),
            ("DesiredCapacity", GROUP_SIZE.to_string()),
            ("VPCZoneIdentifier", subnets.join(",")),
            ("Tags.member.1.Key", "role".to_owned()),
            ("Tags.member.1.Value", role.name.to_owned()),
            ("Tags.member.1.PropagateAtLaunch", "true".to_owned()),
        ]);
        group.extend(target_group.map(|arn| ("TargetGroupARNs.member.1".to_owned(), arn.to_owned())));
        self.call(ASG, "CreateAutoScalingGroup", group).await.map(drop)
    }
}

fn numbered<'a>(name: &'a str, values: &'a [String]) -> impl Iterator<Item = (String, String)> + 'a {
    values.iter().enumerate().map(move |(n, value)| (format!("{name}.{}", n + 1), value.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fleet_divides_over_three_zones_and_has_a_thousand_at_the_source() {
        for side in Side::BOTH {
            assert!(FLEET.iter().all(|role| (role.count.get(side) - GROUP_SIZE).is_multiple_of(3)));
        }
        assert!(FLEET.iter().map(|role| role.count.source).sum::<u32>() >= 1000);
    }
}
