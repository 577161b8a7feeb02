//! Groups: the list of groups, their commits, their members.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Instant,
};

use rdkafka::{groups::GroupList, metadata::Metadata};

use super::{
    admin::{Answer, Batch, Failure},
    assignment,
    client::{Client, briefly, halfway, mostly, request, silence},
    faults::code,
    snapshot::{Slots, count},
};
use crate::kafka::{
    facts::{Commit, Group, GroupState, Offset, Orphan, Snapshot},
    ops::TopicOffsets,
    parity,
};
use base::{
    observed::{Fault, FaultKind},
    side::Side,
};
use plan::KafkaPair;

/// `RD_KAFKA_OFFSET_INVALID`: librdkafka returns it for the −1 with which a broker reports, in a reply to OffsetFetch, that there is no
/// commit (`rd_kafka_handle_OffsetFetch`, librdkafka 2.12).
const INVALID: i64 = -1001;

/// The groups of a cluster.
pub(super) struct Listed {
    /// Those that the plan watches, by name.
    pub(super) watched: Vec<(Arc<str>, GroupState)>,
    /// Those named in the plan and missing in the list, where they can be queried: they do not exist, or this login may not describe them.
    pub(super) unlisted: Vec<Arc<str>>,
    /// How many there are, watched or not.
    pub(super) in_all: u32,
    /// Why the list is incomplete.
    pub(super) partial: Option<Fault>,
}

/// Queries every broker for the groups that it coordinates.
///
/// The groups of a broker that does not answer are missing in the list, and must not appear as not existing: those of the last complete
/// list are kept, in an unknown state, and their commits are queried like all others.
///
/// # Errors
/// If no broker answers, or one does not before there was a complete list.
pub(super) fn list(
    client: &Client,
    plan: &KafkaPair,
    known: &mut Option<Vec<Arc<str>>>,
    deadline: Instant,
) -> Result<Listed, Fault> {
    const CALL: &str = "ListGroups";
    let until = halfway(deadline);
    let batch = client.batch()?;
    batch.groups(request(until), 0).map_err(|f| client.fault(CALL, &f))?;
    let (mut watched, mut in_all, mut partly) = (Vec::new(), 0, None);
    let each = |_, answer: Answer<'_>| match answer {
        Answer::Group(name, state) => {
            in_all += 1;
            if plan.groups.matches(name) {
                watched.push((Arc::from(name), GroupState::parse(state)));
            }
        }
        Answer::Partly(failure) => partly = Some(failure),
        _ => {}
    };
    let mut whole = Ok(());
    let missing = client.collect(&batch, 1, until, each, |_, result| whole = result)?;
    whole.map_err(|f| client.fault(CALL, &f))?;
    if missing > 0 {
        return Err(client.fault(CALL, &silence()));
    }
    let partial = partly.map(|failure| client.fault(CALL, &failure));
    match (&partial, &*known) {
        (Some(fault), _) if in_all == 0 => return Err(fault.clone()),
        (Some(fault), None) => return Err(fault.clone()),
        (Some(_), Some(before)) => watched.extend(before.iter().map(|name| (name.clone(), GroupState::Unknown))),
        (None, _) => {}
    }
    // Of two entries for one group the one with a state comes first and is kept.
    watched.sort();
    watched.dedup_by(|a, b| a.0 == b.0);
    if partial.is_none() {
        *known = Some(watched.iter().map(|(name, _)| name.clone()).collect());
    }
    // A query for the coordinator of a group makes a cluster without one create its topic of offsets. A cluster with groups has it.
    let unlisted = if in_all > 0 { unlisted(plan, &watched) } else { Vec::new() };
    Ok(Listed { watched, unlisted, in_all, partial })
}

/// The groups that are named in the plan and missing in the list.
fn unlisted(plan: &KafkaPair, watched: &[(Arc<str>, GroupState)]) -> Vec<Arc<str>> {
    let listed = |name: &str| watched.binary_search_by(|(known, _)| (**known).cmp(name)).is_ok();
    let named = plan.groups.iter().filter_map(|p| p.literal());
    let mut out: Vec<Arc<str>> = named.filter(|name| !listed(name)).map(Arc::from).collect();
    out.sort();
    out.dedup();
    out
}

/// The topic that a cluster has as soon as the coordinator of a group was queried.
const OFFSETS: &str = "__consumer_offsets";

/// Checks a list without any group: for a login without permissions a cluster full of groups looks like one without groups. A login with
/// DESCRIBE on the cluster sees all groups; where the permissions are not known, the groups named in the plan are queried one by one, if
/// that creates no topic.
///
/// # Errors
/// If no broker answers.
pub(super) fn none_listed(
    client: &Client,
    plan: &KafkaPair,
    metadata: &Metadata,
    listed: &mut Listed,
    deadline: Instant,
) -> Result<(), Fault> {
    const CALL: &str = "DescribeCluster";
    if listed.in_all > 0 || listed.partial.is_some() || plan.groups.is_empty() {
        return Ok(());
    }
    let until = briefly(deadline);
    let batch = client.batch()?;
    let ids = || metadata.brokers().iter().map(|b| b.id());
    // The broker that has just answered, if its number is known.
    let broker = ids().find(|id| *id == metadata.orig_broker_id()).or_else(|| ids().next()).unwrap_or_default();
    batch.cluster(broker, request(until), 0).map_err(|f| client.fault(CALL, &f))?;
    let (mut may, mut answered) = (None, Err(silence()));
    let each = |_, answer: Answer<'_>| {
        if let Answer::MayDescribe(message) = answer {
            may = message;
        }
    };
    client.collect(&batch, 1, until, each, |_, result| answered = result)?;
    let unseen = |code, text: &str| Some(client.fault("ListGroups", &Failure { code, text: text.to_owned() }));
    match (answered, may) {
        (Ok(()), Some(true)) => {}
        (Ok(()), Some(false)) => {
            let text = "no group is listed, but this login may lack permission to list groups";
            listed.partial = unseen(code::CLUSTER_DENIED, text);
        }
        (_, _) if metadata.topics().iter().any(|t| t.name() == OFFSETS) => listed.unlisted = unlisted(plan, &[]),
        (Ok(()), None) => {
            let text = "no group is listed, and the broker does not report whether this login may list groups";
            listed.partial = unseen(code::UNSUPPORTED_FEATURE, text);
        }
        (Err(failure), _) => listed.partial = Some(client.fault(CALL, &failure)),
    }
    Ok(())
}

/// All commits of the groups: one request per group, all in flight.
///
/// A broker omits a group that a login may not describe from its list without an error, as if it did not exist. So groups that the plan
/// names are queried all the same: for a denied group the coordinator reports that, and the group is included with that fault; a group
/// without commits is not included.
///
/// # Errors
/// If no broker answers. A failure for one group is stored as its fault.
pub(super) fn commits(
    client: &Client,
    plan: &KafkaPair,
    side: Side,
    listed: Listed,
    out: &mut Snapshot,
    deadline: Instant,
) -> Result<(), Fault> {
    const CALL: &str = "OffsetFetch";
    let until = mostly(deadline);
    let batch = client.batch()?;
    let (mut groups, unlisted) = (listed.watched, listed.unlisted);
    groups.extend(unlisted.iter().map(|name| (name.clone(), GroupState::Unknown)));
    groups.sort();
    for (i, (name, _)) in groups.iter().enumerate() {
        batch.commits(name, request(until), i).map_err(|f| client.fault(CALL, &f))?;
    }
    let (found, failures) = fetch(client, &batch, groups.len(), (plan, side), &Slots::new(&out.topics), until)?;
    let fault = |name: &str, f: &Failure| client.fault(&format!("{CALL} of group {name}"), f);
    let faults: Vec<Option<Fault>> =
        groups.iter().zip(&failures).map(|((name, _), f)| f.as_ref().map(|f| fault(name, f))).collect();
    let whole = groups.iter().zip(&faults).filter(|((name, _), _)| unlisted.binary_search(name).is_err());
    nobody(&whole.map(|(_, fault)| fault.clone()).collect::<Vec<_>>())?;
    for (((name, state), Offsets { mut commits, orphans }), fault) in groups.into_iter().zip(found).zip(faults) {
        commits.sort_unstable_by_key(|c| c.slot);
        // No commit is known, and none denied: it does not exist.
        if commits.is_empty() && orphans.is_empty() && fault.is_none() && unlisted.binary_search(&name).is_ok() {
            continue;
        }
        let start = count(out.commits.len());
        out.commits.append(&mut commits);
        let commits = start..count(out.commits.len());
        out.groups.push(Group { name, state, members: None, commits, orphans, fault });
    }
    Ok(())
}

/// What the coordinator of one group reports.
#[derive(Default)]
struct Offsets {
    /// Of partitions that are in the snapshot.
    commits: Vec<Commit>,
    /// Of watched topics that are not.
    orphans: Vec<Orphan>,
}

impl Offsets {
    fn add(
        &mut self,
        (topic, partition): (&str, i32),
        offset: &Result<i64, Failure>,
        slots: &Slots<'_>,
        is_watched: impl Fn(&str) -> bool,
    ) {
        // −1 is no commit, wherever it occurs.
        let never = matches!(offset, Ok(INVALID | -1));
        let partition = u32::try_from(partition);
        if let Some(slot) = partition.ok().and_then(|p| slots.of(topic, p)) {
            let offset = match offset {
                Ok(_) if never => Offset::NEVER,
                Ok(raw) => Offset::end(*raw),
                Err(_) => Offset::UNKNOWN,
            };
            self.commits.push(Commit { slot, owner: Commit::NOBODY, offset });
        } else if !never && self.orphans.last().is_none_or(|last| *last.topic != *topic) && is_watched(topic) {
            let partition = partition.unwrap_or_default();
            self.orphans.push(Orphan { topic: topic.into(), partition, of: slots.partitions(topic) });
        }
    }
}

/// Collects the answers to a batch of requests for commits: for each request the offsets, and why they are not all there.
///
/// # Errors
/// If the client fails as a whole.
fn fetch(
    client: &Client,
    batch: &Batch<'_>,
    requests: usize,
    (plan, side): (&KafkaPair, Side),
    slots: &Slots<'_>,
    until: Instant,
) -> Result<(Vec<Offsets>, Vec<Option<Failure>>), Fault> {
    let mut found: Vec<Offsets> = (0..requests).map(|_| Offsets::default()).collect();
    // Unanswered until the reply arrives.
    let mut failures: Vec<Option<Failure>> = (0..requests).map(|_| Some(silence())).collect();
    let mut partly: Vec<(usize, Failure)> = Vec::new();
    let each = |tag: usize, answer: Answer<'_>| match answer {
        Answer::Offset(topic, partition, offset) => {
            if let Some(of_group) = found.get_mut(tag) {
                of_group.add((topic, partition), &offset, slots, |topic| parity::watched(plan, side, topic));
            }
        }
        Answer::Partly(failure) => partly.push((tag, failure)),
        _ => {}
    };
    let done = |tag: usize, result: Result<(), Failure>| {
        if let Some(failure) = failures.get_mut(tag) {
            *failure = result.err();
        }
    };
    client.collect(batch, requests, until, each, done)?;
    for (tag, failure) in partly {
        if let Some(slot) = failures.get_mut(tag) {
            *slot = Some(failure);
        }
    }
    Ok((found, failures))
}

/// All commits of one group, whether watched or not: topics and their partitions in order, −1 where there is no commit.
///
/// A broker connection is ensured first: a request to a coordinator that still waits for a connection when brokers change makes librdkafka
/// (2.12) abort the whole program (confluentinc/librdkafka#5397). A [`snapshot`](super::snapshot) begins with the brokers anyway.
///
/// # Errors
/// If its coordinator does not answer, or not for every partition.
pub(super) fn commits_of(client: &Client, group: &str, deadline: Instant) -> Result<Vec<TopicOffsets>, Fault> {
    let call = || format!("OffsetFetch of group {group}");
    client.metadata(deadline)?;
    let batch = client.batch()?;
    batch.commits(group, request(deadline), 0).map_err(|f| client.fault(&call(), &f))?;
    let mut found: BTreeMap<String, BTreeMap<u32, i64>> = BTreeMap::new();
    let mut failed = None;
    let each = |_, answer: Answer<'_>| match answer {
        Answer::Offset(topic, partition, Ok(offset)) => {
            let offset = if offset == INVALID { -1 } else { offset };
            if let Ok(partition) = u32::try_from(partition) {
                found.entry(topic.to_owned()).or_default().insert(partition, offset);
            }
        }
        Answer::Offset(_, _, Err(failure)) | Answer::Partly(failure) => failed = Some(failure),
        _ => {}
    };
    let mut whole = Ok(());
    let missing = client.collect(&batch, 1, deadline, each, |_, result| whole = result)?;
    whole.and_then(|()| failed.map_or(Ok(()), Err)).map_err(|f| client.fault(&call(), &f))?;
    if missing > 0 {
        return Err(client.fault(&call(), &silence()));
    }
    let topic =
        |(topic, offsets): (String, BTreeMap<u32, i64>)| TopicOffsets { topic, offsets: offsets.into_iter().collect() };
    Ok(found.into_iter().map(topic).collect())
}

/// The fault of the cluster, if none of several requests was answered in time.
pub(super) fn nobody(faults: &[Option<Fault>]) -> Result<(), Fault> {
    let silent = |f: &Option<Fault>| f.as_ref().is_some_and(|f| f.kind == FaultKind::TimedOut);
    match faults.first() {
        Some(Some(first)) if faults.iter().all(silent) => Err(first.clone()),
        _ => Ok(()),
    }
}

/// Members and their assignments, and the state as reported by the coordinator. Lags do not need them: where they could not be read, the
/// members count as not reported by the cluster.
pub(super) fn members(list: &GroupList, out: &mut Snapshot) {
    let by_name: HashMap<&str, _> = list.groups().iter().map(|g| (g.name(), g)).collect();
    let slots = Slots::new(&out.topics);
    for group in &mut out.groups {
        let Some(described) = by_name.get(&*group.name) else { continue };
        match GroupState::parse(described.state()) {
            // This call returns a group of the new protocol (KIP-848) as dead, and cannot see its members either.
            GroupState::Dead | GroupState::Unknown => continue,
            state => group.state = state,
        }
        let range = group.commits.start as usize..group.commits.end as usize;
        let commits = out.commits.get_mut(range).unwrap_or_default();
        let mut names = Vec::new();
        for (member, owner) in described.members().iter().zip(0_u16..) {
            names.push(format!("{}@{}", member.client_id(), member.client_host().trim_start_matches('/')).into());
            for (topic, partitions) in member.assignment().and_then(assignment::parse).unwrap_or_default() {
                for slot in partitions.into_iter().filter_map(|p| slots.of(topic, p)) {
                    if let Ok(i) = commits.binary_search_by_key(&slot, |c| c.slot) {
                        commits[i].owner = owner;
                    }
                }
            }
        }
        group.members = Some(names);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use indexmap::IndexMap;
    use rdkafka::mocking::MockCluster;

    use super::*;
    use crate::kafka::ops::tests::plan;
    use plan::Property;

    /// librdkafka's own mock broker does not report the permissions of a login, and has no topic of offsets yet.
    #[test]
    fn an_empty_list_is_not_complete_where_the_permissions_of_the_login_are_not_known() {
        let brokers = MockCluster::new(1).expect("brokers");
        let at = IndexMap::from([("bootstrap.servers".to_owned(), Property::Plain(brokers.bootstrap_servers()))]);
        let client = Client::new("mock", &at).expect("a client");
        let deadline = Instant::now() + Duration::from_secs(20);
        let metadata = client.metadata(deadline).expect("brokers that answer");
        let list = |in_all| {
            let mut listed = Listed { watched: Vec::new(), unlisted: Vec::new(), in_all, partial: None };
            none_listed(&client, &plan().kafka[0], &metadata, &mut listed, deadline).expect("an answer");
            listed
        };
        let partial = list(0).partial.expect("the list is not known to be complete");
        assert_eq!(partial.kind, FaultKind::Unsupported, "{partial}");
        assert!(list(7).partial.is_none(), "a login that sees other groups would see these, or get an error for them");
    }
}
