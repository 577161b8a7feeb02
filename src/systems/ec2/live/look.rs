//! Verification of a request: reads again, and only the objects of the request.

use std::{sync::Arc, time::Duration};

use super::{Readers, Region};
use crate::{
    collect::clock,
    ec2::{
        Observation, Query, Question,
        facts::{Group, Target},
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
use plan::Plan;

/// The pause between two reads of status checks: a single read may not be consistent.
const APART: Duration = Duration::from_secs(2);

impl Readers {
    pub(super) async fn look(&self, request: &VerifyRequest<'_, Call, Version>) -> Verified<Version> {
        let region = self.regions.get(request.call.side());
        let looked = match request.call {
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
                self.serving(role, *side).await.map(|serving| judge::in_service(serving, *least))
            }
        };
        looked.unwrap_or_else(|fault| Verified::unobservable(fault.to_string()))
    }

    /// How many instances of a role serve, counted as the state does it, from the same queries, all read now.
    async fn serving(&self, role: &str, side: Side) -> Result<u32, Fault> {
        let unknown = || Fault::new(FaultKind::NotFound, format!("the plan has no role {role}"));
        let role = self.plan.fleet.iter().find(|r| r.name == role).ok_or_else(unknown)?;
        // A plan with this role alone, so that nothing else is queried.
        let plan = Arc::new(Plan { fleet: vec![role.clone()], ..(*self.plan).clone() });
        let region = self.regions.get(side);
        let mut site = Site::new(&plan, side);
        let checked = |what, facts: Observation| facts.checked(&plan, Query { side, what });
        let instances = checked(Question::Instances, Observation::Instances(region.rows(&plan).await?))?;
        let mut facts = vec![instances];
        let groups = role.auto_scaling_groups.get(side);
        match Serving::of(role, side) {
            Serving::Targets => {
                let targets = region.targets(role.target_groups.get(side).clone()).await?;
                facts.push(checked(Question::Targets, Observation::Targets(targets))?);
            }
            Serving::Groups => {
                facts.push(checked(Question::Groups, Observation::Groups(region.groups(groups.clone()).await?))?);
            }
            Serving::Checks => {
                facts.push(Observation::Status(region.status().await?));
                tokio::time::sleep(APART).await;
                facts.push(Observation::Status(region.status().await?));
            }
        }
        let stamp = Stamp { at: clock::now(), fresh: Freshness::of_interval(self.plan.intervals.ec2) };
        for facts in facts {
            site.apply(facts, stamp);
        }
        match site.in_service(0, stamp.at) {
            Observed::Fresh(n, _) | Observed::Stale(n, _) => Ok(n),
            Observed::Unknown(fault) => Err(fault),
            Observed::Pending => Err(Fault::silent()),
        }
    }
}

impl Region {
    async fn group(&self, name: &str) -> Result<Option<Group>, Fault> {
        Ok(self.groups(vec![name.to_owned()]).await?.into_iter().find(|g| *g.name == *name))
    }

    async fn registered(&self, group: &str) -> Result<Option<Vec<Target>>, Fault> {
        Ok(self.targets(vec![group.to_owned()]).await?.into_iter().next().and_then(|g| g.targets))
    }
}
