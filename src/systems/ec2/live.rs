//! The real regions. The clients of this file can only read; those that can change something are made in `writer.rs`, for the holder of a
//! journal.
//!
//! One stream of requests for each region and question, not for each role: DescribeInstances is called once for all roles that share a tag
//! and filters.

mod images;
mod instances;
mod scaling_groups;
mod target_groups;
mod verify;
mod writer;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use self::{verify::StatusRead, writer::Writers};
use super::{
    Observation, Query, Question, State,
    facts::{Name, TargetKind, names},
    ops::{Call, Version},
};
use crate::{
    Journal, Live, Writer,
    aws::{Aws, Reader},
};
use base::{
    observed::Fault,
    operation::{SendOutcome, Verified, VerifyRequest},
    side::{Side, Sides},
};
use journal::Permit;
use plan::Plan;

/// Read-only connections, one set for each region.
pub struct Readers {
    plan: Arc<Plan>,
    regions: Sides<Region>,
}

/// One region, and the data of it that does not change between queries.
struct Region {
    ec2: Reader<aws_sdk_ec2::Client>,
    balancing: Reader<aws_sdk_elasticloadbalancingv2::Client>,
    scaling: Reader<aws_sdk_autoscaling::Client>,
    /// vCPUs by instance type, for instances without CPU options of their own.
    vcpus: Mutex<HashMap<Name, u16>>,
    /// Images that instances ran from at the last query.
    in_use: Mutex<BTreeSet<Name>>,
    /// ARNs of target groups by the name in the plan.
    arns: Mutex<Arns>,
    /// The last read of status checks for each verification, by the tag of its request.
    checks: Mutex<HashMap<String, StatusRead>>,
}

/// ARNs of target groups by the name in the plan, and the type of their targets.
type Arns = HashMap<Name, (String, TargetKind)>;

impl Live for State {
    type Readers = Readers;

    fn readers(plan: &Arc<Plan>) -> Readers {
        let regions = Sides::from_fn(|side| Region::new(plan, side));
        Readers { plan: plan.clone(), regions }
    }

    async fn ask(readers: &Readers, query: &Query) -> Result<Observation, Fault> {
        let (plan, region, side) = (&*readers.plan, readers.regions.get(query.side), query.side);
        let facts = match query.what {
            Question::Instances => Observation::Instances(region.instances(plan).await?),
            Question::Status => Observation::Status(region.status().await?),
            Question::Images => Observation::Images(region.images().await?),
            Question::Targets => {
                Observation::Targets(region.targets(names(plan, |r| r.target_groups.get(side).as_slice())).await?)
            }
            Question::Groups => {
                Observation::Groups(region.groups(names(plan, |r| r.auto_scaling_groups.get(side).as_slice())).await?)
            }
        };
        facts.checked(plan, *query)
    }
}

impl Writer for State {
    type Writers = Writers;

    fn writers(plan: &Arc<Plan>, journal: &Journal) -> Writers {
        Writers::new(plan, journal)
    }

    async fn send(
        writers: &Writers,
        permit: Permit,
        call: &Call,
        precondition: Option<&Version>,
    ) -> SendOutcome<Version> {
        writers.send(permit, call, precondition).await
    }

    async fn verify(readers: &Readers, request: VerifyRequest<'_, Call, Version>) -> Verified<Version> {
        readers.verify(&request).await
    }
}

impl Region {
    fn new(plan: &Plan, side: Side) -> Self {
        let site = plan.sites.get(side);
        let aws = Aws::reading(&site.access, &site.region);
        Self {
            ec2: aws.ec2(),
            balancing: aws.elasticloadbalancing(),
            scaling: aws.autoscaling(),
            vcpus: Mutex::default(),
            in_use: Mutex::default(),
            arns: Mutex::default(),
            checks: Mutex::default(),
        }
    }
}

/// Values kept between queries are only ever replaced as a whole, so a panic elsewhere leaves none of them half changed.
fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod sent;
#[cfg(test)]
mod tests;
