//! Queries to EC2, Elastic Load Balancing and Auto Scaling, and their observations: plain rows, no SDK types.
//!
//! Rows are small and share their strings: ten thousand instances are about a megabyte.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use compact_str::CompactString;

use base::{
    observed::{Fault, FaultKind},
    side::Side,
};
use plan::{Plan, Role};

/// A string that many rows share.
pub type Name = Arc<str>;

/// One query to one region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Query {
    /// The side of the region.
    pub side: Side,
    /// The question.
    pub what: Question,
}

/// The questions to a region. Each has its own collector and its own age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Question {
    /// All instances of all roles.
    Instances,
    /// The status checks of all instances.
    Status,
    /// The images that instances run from, and those that were copied for the move.
    Images,
    /// The health of the targets in the plan's target groups.
    Targets,
    /// The plan's Auto Scaling groups.
    Groups,
}

impl Question {
    /// All, in order of importance.
    pub const ALL: [Self; 5] = [Self::Instances, Self::Status, Self::Images, Self::Targets, Self::Groups];

    /// Last part of the collector's id.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Instances => "instances",
            Self::Status => "status",
            Self::Images => "images",
            Self::Targets => "targets",
            Self::Groups => "groups",
        }
    }

    /// The AWS service that is queried, by the name of its endpoint.
    #[must_use]
    pub const fn service(self) -> &'static str {
        match self {
            Self::Instances | Self::Status | Self::Images => "ec2",
            Self::Targets => "elasticloadbalancing",
            Self::Groups => "autoscaling",
        }
    }

    /// The permissions that it needs.
    #[must_use]
    pub const fn calls(self) -> &'static [&'static str] {
        match self {
            Self::Instances => &["ec2:DescribeInstances", "ec2:DescribeInstanceTypes"],
            Self::Status => &["ec2:DescribeInstanceStatus"],
            Self::Images => &["ec2:DescribeImages"],
            Self::Targets => {
                &["elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth"]
            }
            Self::Groups => &["autoscaling:DescribeAutoScalingGroups"],
        }
    }
}

/// The observation of a query.
#[derive(Debug)]
pub enum Observation {
    /// To [`Question::Instances`].
    Instances(Vec<Instance>),
    /// To [`Question::Status`].
    Status(Vec<Status>),
    /// To [`Question::Images`].
    Images(Images),
    /// To [`Question::Targets`].
    Targets(Vec<TargetGroup>),
    /// To [`Question::Groups`].
    Groups(Vec<Group>),
}

/// One instance of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// `i-…`.
    pub id: Name,
    /// Indexes of the roles in the plan's fleet that select it, in order, each once: tags and filters of two roles may overlap.
    pub roles: Arc<[u16]>,
    /// Availability zone.
    pub zone: Name,
    /// Instance type.
    pub kind: Name,
    /// Image it was launched from.
    pub image: Name,
    /// Private address: targets may be registered by it.
    pub address: Option<CompactString>,
    /// State.
    pub state: InstanceState,
    /// Cores × threads; none where EC2 does not say.
    pub vcpus: Option<u16>,
    /// When it was last launched.
    pub launched: Option<jiff::Timestamp>,
}

/// An instance's state, as EC2 reports it. Terminated instances are not queried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InstanceState {
    /// Being launched.
    Pending,
    /// Running, whatever its checks.
    Running,
    /// Being stopped.
    Stopping,
    /// Stopped; can be started again.
    Stopped,
    /// Being terminated.
    ShuttingDown,
}

/// The result of an instance's status checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The instance.
    pub id: Name,
    /// System and instance check together: the worse of both.
    pub check: Check,
    /// A maintenance event that EC2 has scheduled for it (`instance-retirement` …).
    pub event: Option<Name>,
}

/// The worse of an instance's checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Check {
    /// Passed.
    Ok,
    /// Not run yet.
    Initializing,
    /// Not running, so not checked; or EC2 has insufficient data.
    Unknown,
    /// Failed.
    Impaired,
}

/// The images, and the ids that were queried: an image that was queried and is not found does not exist any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Images {
    /// Ids queried by name.
    pub asked: BTreeSet<Name>,
    /// The images found, by id.
    pub found: Vec<Image>,
}

/// One image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `ami-…`.
    pub id: Name,
    /// Its name.
    pub name: Name,
    /// `available`, `pending`, `failed` …
    pub state: Name,
    /// The source's image of which it is a copy, by its tag [`LINEAGE`].
    pub source: Option<Name>,
    /// When it was created, as EC2 writes it.
    pub created: Option<Name>,
}

/// The tag that names the source image of which an image of the target is a copy: ids differ by region.
pub const LINEAGE: &str = "landfall:source-ami";

/// One of the plan's target groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    /// As the plan names it: name or ARN.
    pub named: Name,
    /// The type of its targets.
    pub kind: TargetKind,
    /// Its targets; none where the group does not exist.
    pub targets: Option<Vec<Target>>,
}

/// The type of a target group's targets (Elastic Load Balancing API reference, "TargetGroup", TargetType).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TargetKind {
    /// Instances, by id.
    #[default]
    Instance,
    /// Addresses.
    Address,
    /// A Lambda function: the group cannot contain instances.
    Function,
    /// An Application Load Balancer, whose own target groups hold the instances.
    Balancer,
}

impl TargetKind {
    /// The type of its targets, where it cannot contain instances; none where it can.
    #[must_use]
    pub const fn no_instances(self) -> Option<&'static str> {
        match self {
            Self::Instance | Self::Address => None,
            Self::Function => Some("its target is a Lambda function"),
            Self::Balancer => Some("its target is a load balancer: name that one's own target groups"),
        }
    }
}

/// One target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Instance id or address.
    pub id: Name,
    /// The port that it is registered with; none where it is not given.
    pub port: Option<u16>,
    /// Its health.
    pub health: TargetHealth,
}

/// The health of a target, as reported by the load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TargetHealth {
    /// Gets traffic.
    Healthy,
    /// Registered just now.
    Initial,
    /// Being deregistered.
    Draining,
    /// The group is not used by any listener, or the zone is off.
    Unused,
    /// Fails its health check.
    Unhealthy,
    /// Anything else, including a group without health checks.
    Unknown,
}

/// One of the plan's Auto Scaling groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: Name,
    /// The desired capacity, and its bounds.
    pub desired: u32,
    /// Smallest.
    pub min: u32,
    /// Largest.
    pub max: u32,
    /// Zones it launches in.
    pub zones: Vec<Name>,
    /// Processes that are suspended.
    pub suspended: Vec<Name>,
    /// Its instances, and whether each is in service and healthy.
    pub members: Vec<(Name, bool)>,
}

/// Interns strings: equal strings share one allocation.
#[derive(Debug, Default)]
pub struct Names(HashSet<Name>);

impl Names {
    /// The shared string.
    pub fn get(&mut self, text: &str) -> Name {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let new: Name = text.into();
        self.0.insert(new.clone());
        new
    }
}

/// Whether the plan names anything that a query could find on a side. Queries that the plan does not need are not sent.
#[must_use]
pub fn asked(plan: &Plan, query: Query) -> bool {
    let named =
        |of: fn(&Role) -> &base::side::Sides<Vec<String>>| plan.fleet.iter().any(|r| !of(r).get(query.side).is_empty());
    match query.what {
        Question::Instances | Question::Status | Question::Images => !plan.fleet.is_empty(),
        Question::Targets => named(|r| &r.target_groups),
        Question::Groups => named(|r| &r.auto_scaling_groups),
    }
}

/// Names of the target groups or Auto Scaling groups of one side, each once, in the plan's order.
#[must_use]
pub fn names(plan: &Plan, of: impl Fn(&Role) -> &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for name in plan.fleet.iter().flat_map(of) {
        if !out.contains(name) {
            out.push(name.clone());
        }
    }
    out
}

impl Observation {
    /// Rejects an empty answer where the plan expects something.
    ///
    /// For a wrong region, another account's credentials, or filters that match nothing, EC2 answers with success and an empty list. That
    /// is not a zero. A role without instances in a region where other roles have some is a zero: the region, the identity and the filters
    /// are known to be right.
    ///
    /// # Errors
    /// [`FaultKind::Empty`] for no instances or no status at all, [`FaultKind::NotFound`] where none of the plan's groups exists.
    pub fn checked(self, plan: &Plan, query: Query) -> Result<Self, Fault> {
        self.checked_for(plan, &plan.fleet, query)
    }

    /// The same for an answer about these roles of the plan alone.
    ///
    /// # Errors
    /// As [`Self::checked`].
    pub fn checked_for(self, plan: &Plan, roles: &[Role], query: Query) -> Result<Self, Fault> {
        let side = query.side;
        let wanted = roles.iter().any(|r| *r.wanted.get(side) > 0);
        let region = &plan.sites.get(side).region;
        let list = |names: Vec<&str>| names.join(", ");
        match &self {
            Self::Instances(rows) if rows.is_empty() && wanted => Err(Fault::new(
                FaultKind::Empty,
                format!(
                    "ec2:DescribeInstances in {region}: no instance of any role; check region, account, tags and filters"
                ),
            )),
            Self::Status(rows) if rows.is_empty() && wanted => Err(Fault::new(
                FaultKind::Empty,
                format!("ec2:DescribeInstanceStatus in {region}: no instance at all; check region and account"),
            )),
            Self::Targets(groups) if groups.iter().all(|g| g.targets.is_none()) => Err(Fault::new(
                FaultKind::NotFound,
                format!(
                    "elasticloadbalancing:DescribeTargetGroups in {region}: none of the plan's target groups exists: {}",
                    list(groups.iter().map(|g| &*g.named).collect())
                ),
            )),
            Self::Groups(groups) if groups.is_empty() => Err(Fault::new(
                FaultKind::NotFound,
                format!(
                    "autoscaling:DescribeAutoScalingGroups in {region}: none of the plan's groups exists: {}",
                    list(roles.iter().flat_map(|r| r.auto_scaling_groups.get(side)).map(String::as_str).collect())
                ),
            )),
            _ => Ok(self),
        }
    }
}
