//! DescribeInstances and DescribeInstanceStatus, page by page.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use aws_sdk_ec2::types::{self, EventCode, Filter, InstanceStateName, InstanceType, SummaryStatus};
use indexmap::IndexMap;

use super::{Region, held};
use crate::{
    aws::token,
    ec2::facts::{Check, Instance, InstanceState, Name, Names, Status},
};
use base::observed::Fault;
use plan::{Plan, Role};

/// The most instances that EC2 returns on a page.
const PAGE: i32 = 1000;
/// The most values of one filter.
const VALUES: usize = 200;
/// The most instance types in one request.
const TYPES: usize = 100;

/// Roles that share one stream of requests: the same tag, the same filters.
struct Stream<'a> {
    tag: &'a str,
    filters: &'a IndexMap<String, Vec<String>>,
    /// Role indexes by the tag's value: two roles may differ only in their groups.
    roles: HashMap<&'a str, Arc<[u16]>>,
}

/// The streams of these roles, each with its place in the plan.
fn streams<'a>(roles: impl IntoIterator<Item = (usize, &'a Role)>) -> Vec<Stream<'a>> {
    let mut out: Vec<Stream<'_>> = Vec::new();
    for (index, role) in roles {
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        let fits = |s: &&mut Stream<'_>| s.tag == role.tag && *s.filters == role.filters && s.roles.len() < VALUES;
        match out.iter_mut().find(fits) {
            Some(stream) => {
                let roles = stream.roles.entry(&role.value).or_default();
                *roles = roles.iter().copied().chain([index]).collect();
            }
            None => out.push(Stream {
                tag: &role.tag,
                filters: &role.filters,
                roles: HashMap::from([(role.value.as_str(), [index].into())]),
            }),
        }
    }
    out
}

/// A value to be matched literally: in filters, EC2 takes `*` and `?` as wildcards.
fn literal(value: &str) -> String {
    value.chars().flat_map(|c| matches!(c, '*' | '?' | '\\').then_some('\\').into_iter().chain([c])).collect()
}

impl Stream<'_> {
    fn filters(&self) -> Vec<Filter> {
        let filter = |name: String, values: Vec<String>| Filter::builder().name(name).set_values(Some(values)).build();
        let mut values: Vec<String> = self.roles.keys().map(|v| literal(v)).collect();
        values.sort_unstable();
        // Terminated instances stay in the list for an hour and belong to no fleet.
        let states = ["pending", "running", "stopping", "stopped", "shutting-down"].map(str::to_owned).to_vec();
        let mut out = vec![filter(format!("tag:{}", self.tag), values), filter("instance-state-name".into(), states)];
        out.extend(self.filters.iter().map(|(name, values)| filter(name.clone(), values.clone())));
        out
    }

    fn row(&self, instance: &types::Instance, names: &mut Names) -> Option<Instance> {
        let tag = instance.tags().iter().find(|t| t.key() == Some(self.tag))?;
        let roles = self.roles.get(tag.value()?)?;
        let state = state(instance.state()?.name()?)?;
        let cores = instance.cpu_options().and_then(|c| c.core_count()?.checked_mul(c.threads_per_core()?));
        Some(Instance {
            id: instance.instance_id()?.into(),
            roles: roles.clone(),
            zone: names.get(instance.placement().and_then(|p| p.availability_zone()).unwrap_or("unknown")),
            kind: names.get(instance.instance_type().map_or("unknown", InstanceType::as_str)),
            image: names.get(instance.image_id().unwrap_or("unknown")),
            address: instance.private_ip_address().map(Into::into),
            state,
            vcpus: cores.and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0),
            launched: instance.launch_time().and_then(|t| jiff::Timestamp::from_second(t.secs()).ok()),
        })
    }
}

impl Region {
    pub(super) async fn instances(&self, plan: &Plan) -> Result<Vec<Instance>, Fault> {
        let mut rows = self.rows(plan.fleet.iter().enumerate()).await?;
        *held(&self.in_use) = rows.iter().map(|r| r.image.clone()).filter(|i| i.starts_with("ami-")).collect();
        self.fill_vcpus(&mut rows).await;
        Ok(rows)
    }

    /// The states of these instances; an instance that does not exist any more has none. Queried by filter: in a query by id, one missing
    /// instance fails the whole request.
    pub(super) async fn states(&self, ids: &[String]) -> Result<HashMap<String, InstanceState>, Fault> {
        let mut out = HashMap::new();
        for chunk in ids.chunks(VALUES) {
            let filter = Filter::builder().name("instance-id").set_values(Some(chunk.to_vec())).build();
            let one = |i: &types::Instance| Some((i.instance_id()?.to_owned(), state(i.state()?.name()?)?));
            self.listed(vec![filter], |i| out.extend(one(i))).await?;
        }
        Ok(out)
    }

    /// All instances of these roles, as listed. Each role comes with its place in the plan.
    pub(super) async fn rows<'a>(
        &self,
        roles: impl IntoIterator<Item = (usize, &'a Role)>,
    ) -> Result<Vec<Instance>, Fault> {
        let (mut rows, mut names) = (Vec::new(), Names::default());
        for stream in streams(roles) {
            self.listed(stream.filters(), |i| rows.extend(stream.row(i, &mut names))).await?;
        }
        rows.shrink_to_fit();
        Ok(rows)
    }

    /// Gives every instance that these filters select to `take`.
    async fn listed(&self, filters: Vec<Filter>, mut take: impl FnMut(&types::Instance)) -> Result<(), Fault> {
        let ask = self.ec2.describe_instances().set_filters(Some(filters)).max_results(PAGE);
        let send = |at| ask.clone().set_next_token(at).send();
        self.ec2
            .pages("DescribeInstances", send, |page| {
                page.reservations().iter().flat_map(types::Reservation::instances).for_each(&mut take);
                Ok(token(page.next_token()))
            })
            .await
    }

    /// vCPUs by type, for instances without CPU options. Types do not change, so each is queried once. Without the permission the number
    /// stays unknown and is shown as such; the rest of the observation is not affected.
    async fn fill_vcpus(&self, rows: &mut [Instance]) {
        let unknown: BTreeSet<Name> = {
            let known = held(&self.vcpus);
            let missing = rows.iter().filter(|r| r.vcpus.is_none() && !known.contains_key(&r.kind));
            missing.map(|r| r.kind.clone()).filter(|k| &**k != "unknown").collect()
        };
        let unknown: Vec<InstanceType> = unknown.iter().map(|k| InstanceType::from(&**k)).collect();
        for types in unknown.chunks(TYPES) {
            let ask = self.ec2.describe_instance_types().set_instance_types(Some(types.to_vec()));
            let Ok(page) = self.ec2.call("DescribeInstanceTypes", ask.send()).await else { break };
            let mut known = held(&self.vcpus);
            known.extend(page.instance_types().iter().filter_map(|t| {
                let n = t.v_cpu_info()?.default_v_cpus()?;
                Some((Name::from(t.instance_type()?.as_str()), u16::try_from(n).ok()?))
            }));
        }
        let known = held(&self.vcpus);
        for row in rows.iter_mut().filter(|r| r.vcpus.is_none()) {
            row.vcpus = known.get(&row.kind).copied();
        }
    }

    /// The checks of all instances: the call takes no tags, so it covers the whole region.
    pub(super) async fn status(&self) -> Result<Vec<Status>, Fault> {
        let (mut rows, mut names) = (Vec::new(), Names::default());
        let ask = self.ec2.describe_instance_status().include_all_instances(true).max_results(PAGE);
        let send = |at| ask.clone().set_next_token(at).send();
        self.ec2
            .pages("DescribeInstanceStatus", send, |page| {
                rows.extend(page.instance_statuses().iter().filter_map(|s| status(s, &mut names)));
                Ok(token(page.next_token()))
            })
            .await?;
        Ok(rows)
    }
}

/// None for a terminated instance, or for a state that EC2 has added since.
const fn state(name: &InstanceStateName) -> Option<InstanceState> {
    Some(match name {
        InstanceStateName::Pending => InstanceState::Pending,
        InstanceStateName::Running => InstanceState::Running,
        InstanceStateName::Stopping => InstanceState::Stopping,
        InstanceStateName::Stopped => InstanceState::Stopped,
        InstanceStateName::ShuttingDown => InstanceState::ShuttingDown,
        _ => return None,
    })
}

fn status(status: &types::InstanceStatus, names: &mut Names) -> Option<Status> {
    let check = |summary: Option<&types::InstanceStatusSummary>| match summary.and_then(|s| s.status()) {
        Some(SummaryStatus::Ok) => Check::Ok,
        Some(SummaryStatus::Initializing) => Check::Initializing,
        Some(SummaryStatus::Impaired) => Check::Impaired,
        _ => Check::Unknown,
    };
    // EC2 keeps completed events in the list for a week, with this prefix in their description.
    let open = |e: &&types::InstanceStatusEvent| {
        !e.description().is_some_and(|d| d.starts_with("[Completed]") || d.starts_with("[Canceled]"))
    };
    let event = status.events().iter().find(open).and_then(|e| e.code()).map(EventCode::as_str);
    Some(Status {
        id: status.instance_id()?.into(),
        check: check(status.system_status()).max(check(status.instance_status())),
        event: event.map(|e| names.get(e)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::side::Sides;

    fn role(name: &str, tag: &str, vpc: Option<&str>) -> Role {
        Role {
            name: name.into(),
            tag: tag.into(),
            value: name.into(),
            filters: vpc.map(|v| ("vpc-id".to_owned(), vec![v.to_owned()])).into_iter().collect(),
            wanted: Sides::default(),
            target_groups: Sides::default(),
            auto_scaling_groups: Sides::default(),
        }
    }

    #[test]
    fn roles_of_one_tag_and_filters_share_a_stream() {
        let mut plan = crate::ec2::tests::plan();
        plan.fleet = vec![
            role("web", "role", None),
            role("api", "role", None),
            role("db", "role", Some("v")),
            role("x", "t", None),
        ];
        let streams = streams(plan.fleet.iter().enumerate());
        assert_eq!(streams.iter().map(|s| s.roles.len()).collect::<Vec<_>>(), [2, 1, 1]);
        let filters = streams[0].filters();
        assert_eq!(filters[0].name(), Some("tag:role"));
        assert_eq!(filters[0].values(), ["api", "web"]);
    }

    #[test]
    fn roles_of_one_tag_and_one_value_select_the_same_instances() {
        let mut plan = crate::ec2::tests::plan();
        plan.fleet = vec![role("web", "role", None), Role { name: "web-by-group".into(), ..role("web", "role", None) }];
        let tag = types::Tag::builder().key("role").value("web").build();
        let running = types::InstanceState::builder().name(InstanceStateName::Running).build();
        let instance = types::Instance::builder().instance_id("i-1").tags(tag).state(running).build();
        let rows: Vec<_> = streams(plan.fleet.iter().enumerate())
            .iter()
            .filter_map(|s| s.row(&instance, &mut Names::default()))
            .collect();
        assert_eq!(rows.iter().map(|r| r.roles.clone()).collect::<Vec<_>>(), [Arc::from([0, 1])]);
    }

    #[test]
    fn a_value_is_no_wildcard() {
        assert_eq!(literal("web-*?\\"), "web-\\*\\?\\\\");
        assert_eq!(literal("web"), "web");
    }

    #[test]
    fn checks_are_as_good_as_the_worse_and_a_missing_one_is_not_ok() {
        let summary = |s: SummaryStatus| types::InstanceStatusSummary::builder().status(s).build();
        let of = |system: Option<SummaryStatus>, instance: Option<SummaryStatus>| {
            let answer = types::InstanceStatus::builder()
                .instance_id("i-1")
                .set_system_status(system.map(summary))
                .set_instance_status(instance.map(summary))
                .build();
            status(&answer, &mut Names::default()).unwrap().check
        };
        assert_eq!(of(Some(SummaryStatus::Ok), Some(SummaryStatus::Ok)), Check::Ok);
        assert_eq!(of(Some(SummaryStatus::Ok), Some(SummaryStatus::Impaired)), Check::Impaired);
        assert_eq!(of(Some(SummaryStatus::Initializing), Some(SummaryStatus::Ok)), Check::Initializing);
        assert_eq!(of(Some(SummaryStatus::Ok), None), Check::Unknown);
    }
}
