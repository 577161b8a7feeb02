//! Verification of a request: reads again, and only the objects of the request.
//!
//! Status checks count only if two reads agree: a single read of them may not be consistent. A verification does not wait for its second read.
//! The first one is kept under the tag of the request, and the result is unobservable. The engine repeats a verification until something is
//! observed, and a repetition that comes at least [`APART`] later reads the checks again.

use std::time::Duration;

use super::{Readers, Region, held};
use crate::{
    collect::clock,
    ec2::{
        Observation, Query, Question,
        facts::{Group, Status, Target},
        judge,
        ops::{Call, Version},
        serving::Serving,
        site::Site,
    },
};
use base::{
    observed::{Fault, FaultKind, Freshness, Observed, Stamp},
    operation::{Verified, VerifyRequest},
    side::Side,
};

/// The time between two reads of status checks, at least.
pub(super) const APART: Duration = Duration::from_secs(2);
/// A read of status checks is forgotten after this time: its verification is not repeated any more.
const KEPT: Duration = Duration::from_secs(60);

/// A read of status checks.
pub(super) struct StatusRead {
    /// When, on the boot clock.
    at: Duration,
    rows: Vec<Status>,
}

impl Readers {
    pub(super) async fn verify(&self, request: &VerifyRequest<'_, Call, Version>) -> Verified<Version> {
        let region = self.regions.get(request.call.side());
        let verified = match request.call {
            Call::Capacity { group, desired, min, .. } => region.group(group).await.map(|there| {
                let there = there.map(|g| (g.desired, g.min));
                judge::capacity(group, there, (*desired, *min), request.precondition)
            }),
            Call::Processes { group, processes, suspend, .. } => region
                .group(group)
                .await
                .map(|there| judge::processes(group, there.as_ref().map(|g| &*g.suspended), processes, *suspend)),
            Call::Power { on, instances, .. } => {
                region.states(instances).await.map(|states| judge::power(*on, instances, |id| states.get(id).copied()))
            }
            Call::Targets { group, on, targets, .. } => {
                region.registered(group).await.map(|there| judge::targets(group, there.as_deref(), targets, *on))
            }
            Call::Traffic { group, on, targets, .. } => {
                region.registered(group).await.map(|there| judge::traffic(group, there.as_deref(), targets, *on))
            }
            Call::InService { side, role, least } => {
                self.serving(role, *side, request.tag).await.map(|serving| match serving {
                    Some(serving) => judge::in_service(serving, *least),
                    None => Verified::unobservable("the status checks count once they have been read twice"),
                })
            }
        };
        verified.unwrap_or_else(|fault| Verified::unobservable(fault.to_string()))
    }

    /// How many instances of a role serve, counted as the state does it, from the same queries, all read for this verification; none until
    /// there are two reads of status checks, where these decide.
    async fn serving(&self, role: &str, side: Side, tag: &str) -> Result<Option<u32>, Fault> {
        let unknown = || Fault::new(FaultKind::NotFound, format!("the plan has no role {role}"));
        let place = self.plan.fleet.iter().position(|r| r.name == role).ok_or_else(unknown)?;
        let (role, region) = (&self.plan.fleet[place], self.regions.get(side));
        let checked =
            |what, facts: Observation| facts.checked_for(&self.plan, std::slice::from_ref(role), Query { side, what });
        let mut facts = match Serving::of(role, side) {
            Serving::Targets => {
                let targets = region.targets(role.target_groups.get(side).clone()).await?;
                vec![checked(Question::Targets, Observation::Targets(targets))?]
            }
            Serving::Groups => {
                let groups = region.groups(role.auto_scaling_groups.get(side).clone()).await?;
                vec![checked(Question::Groups, Observation::Groups(groups))?]
            }
            Serving::Checks => match region.status_twice(tag).await? {
                Some(reads) => reads.map(Observation::Status).into(),
                None => return Ok(None),
            },
        };
        let instances = region.rows([(place, role)]).await?;
        facts.push(checked(Question::Instances, Observation::Instances(instances))?);
        let stamp = Stamp { at: clock::now(), fresh: Freshness::of_interval(self.plan.intervals.ec2) };
        // Nothing is known of the other roles, and nothing is asked of them.
        let mut site = Site::new(&self.plan, side);
        for facts in facts {
            site.apply(facts, stamp);
        }
        match site.in_service(place, stamp.at) {
            Observed::Fresh(n, _) | Observed::Stale(n, _) => Ok(Some(n)),
            Observed::Unknown(fault) => Err(fault),
            Observed::Pending => Ok(None),
        }
    }
}

impl Region {
    /// The status checks as they were at the last read for this verification, and as they are now; none if there was no earlier read, or it
    /// was made just now.
    async fn status_twice(&self, tag: &str) -> Result<Option<[Vec<Status>; 2]>, Fault> {
        let now = clock::now().boot;
        let age = |read: &StatusRead| now.saturating_sub(read.at);
        let earlier = {
            let mut kept = held(&self.checks);
            kept.retain(|_, read| age(read) < KEPT);
            if kept.get(tag).is_some_and(|read| age(read) < APART) {
                return Ok(None);
            }
            kept.remove(tag)
        };
        let rows = self.status().await?;
        let read = StatusRead { at: clock::now().boot, rows: rows.clone() };
        held(&self.checks).insert(tag.to_owned(), read);
        Ok(earlier.map(|earlier| [earlier.rows, rows]))
    }

    async fn group(&self, name: &str) -> Result<Option<Group>, Fault> {
        Ok(self.groups(vec![name.to_owned()]).await?.into_iter().find(|g| *g.name == *name))
    }

    async fn registered(&self, group: &str) -> Result<Option<Vec<Target>>, Fault> {
        Ok(self.targets(vec![group.to_owned()]).await?.into_iter().next().and_then(|g| g.targets))
    }
}
