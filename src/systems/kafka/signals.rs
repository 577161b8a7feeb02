//! The signals of a pair of clusters.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{
    cluster::GroupSeen,
    figures::Figures,
    handover,
    parity::{self, Copied},
    state::{Pair, State, timeout},
    times::LagTime,
};
use base::{
    domain::{self, Domain, Named},
    history::Drain,
    now::Now,
    observed::{Fault, FaultKind, Observed},
    side::{Side, Sides},
    signal::{CurvePanel, Keep, LINE, MAX, Samples},
    watched::Watched,
};
use plan::{Action, Isolation, spec::action::GROUPS, things};

pub use base::signal::NEVER;

/// What its labels may be.
pub(super) const LABELS: &[Named] =
    &[("pair", Domain::Of(&things::PAIRS)), ("side", domain::SIDE), ("group", GROUPS), ("topic", Domain::Free)];

base::signals! { "kafka" in LABELS:
    BROKERS = "kafka.cluster.brokers", Count, ["pair", "side"], (0.0, MAX), "brokers",
        "Brokers the cluster lists.";
    WORST_LAG_SECONDS = "kafka.pair.worst_lag_seconds", Seconds, ["pair", "side"], (0.0, NEVER), "worst lag of all groups",
        "Age of the oldest record that some watched group has not consumed; a year if older than the cluster has been watched for. \
         Not live while one watched group's is not; groups that only a pattern fits and that have committed nothing of what is watched are left out.", keep(Keep::All), curve(CurvePanel::Lag, None, LINE);
    GROUP_LAG = "kafka.group.lag", Count, ["pair", "side", "group"], (0.0, MAX), "consumer lag",
        "Records that the group has not read: between its commits, or the starts of the logs where those are later, and the ends of its \
         partitions. Those of open transactions count, which read_committed cannot read yet; offsets at an end that are no records do not, once \
         that was looked for. Not live while one partition is unknown.";
    GROUP_LOST = "kafka.group.lost_records", Count, ["pair", "side", "group"], (0.0, MAX), "records lost",
        "Records that the group can never read: between its commits and the starts of the logs, from where retention, or somebody, has deleted \
         them. At most so many: what takes up an offset without being a record counts, too. Not live while one partition is unknown.";
    GROUP_LAG_SECONDS = "kafka.group.lag_seconds", Seconds, ["pair", "side", "group"], (0.0, NEVER), "consumer lag in time",
        "Age of the oldest record the group has not consumed; a year if older than the cluster has been watched for.", keep(Keep::Steps), curve(CurvePanel::Lag, None, LINE);
    GROUP_DRAIN_SECONDS = "kafka.group.drain_seconds", Seconds, ["pair", "side", "group"], (0.0, NEVER), "time until drained",
        "When the group's lag reaches 0 at the rate of the last minute; a year if it is constant or growing.", estimated();
    GROUP_MEMBERS = "kafka.group.members", Count, ["pair", "side", "group"], (0.0, MAX), "members of the group",
        "Members of the group; consumers that assign partitions by themselves are none.";
    GROUP_UNKNOWN = "kafka.group.unknown_partitions", Count, ["pair", "side", "group"], (0.0, MAX), "partitions of unknown lag",
        "Partitions whose lag is not known: no end, a commit beyond it, or no start of the log.";
    GROUP_UNCOMMITTED = "kafka.group.uncommitted_partitions", Count, ["pair", "side", "group"], (0.0, MAX), "partitions never committed on",
        "Partitions of the group's topics that it never committed on.";
    GROUP_ACTIVE = "kafka.group.active", Bool, ["pair", "side", "group"], (0.0, 1.0), "group is active",
        "1 while the group has members or is rebalancing, 0 while it is Empty or not there: only then its offsets can be set. Consumers that \
         assign partitions by themselves do not show.";
    GROUP_STABLE = "kafka.group.stable", Bool, ["pair", "side", "group"], (0.0, 1.0), "group is stable",
        "1 while the group is Stable. Not live while the cluster does not report its state.";
    GROUP_UNLED = "kafka.group.unled_partitions", Count, ["pair", "side", "group"], (0.0, MAX), "partitions without a known offset on this side",
        "Partitions on which the group has committed on the other side and nothing says where that is on this one: no copy, or no offset sync \
         at or before the commit. Only of groups that the plan names one by one, or hands over in a step.";
    MIRROR_SILENT = "kafka.mirror.silent_seconds", Seconds, ["pair", "side"], (0.0, NEVER), "time since the mirror's last sync",
        "How long ago the mirror to this side wrote an offset sync last, as seen from here. MirrorMaker 2's heartbeats bring some even when \
         nothing else is copied. Not live before the first sync since the start.";
    PAIR_UNEQUAL = "kafka.pair.unequal_topics", Count, ["pair"], (0.0, MAX), "topics that differ",
        "Copied topics that are missing on a side, or differ in partitions or in the configuration that is compared. Not live while the \
         configuration of one is not known that is there on both.";
    TOPIC_UNCOPIED = "kafka.topic.uncopied", Count, ["pair", "side", "topic"], (0.0, MAX), "records not copied",
        "Records on this side behind the last offset sync of the mirror to the other, over all partitions. 0: the mirror itself says that the \
         last record of each partition is there, and so, since it copies in order, all before it. While records come it never is: a sync \
         is written for one in a hundred or so. What a partition ends with and is no record, as a transaction's marker, does not count once that was \
         looked for; one that ends with copies from the other side does not come to 0.";
    TOPIC_STILL = "kafka.topic.still_polls", Count, ["pair", "side", "topic"], (0.0, MAX), "answers without a write",
        "For how many answers one after the other no partition's end has changed and, with isolation = read_committed, no transaction was \
         open: nobody writes.";
    TOPIC_OPEN = "kafka.topic.open_records", Count, ["pair", "side", "topic"], (0.0, MAX), "records of open transactions",
        "Records behind the last stable offsets of the topic's partitions: a transaction is open, and read_committed reads on only once it is \
         committed or aborted. Only with isolation = read_committed.";
    TOPIC_OWN = "kafka.topic.own_records", Count, ["pair", "side", "topic"], (0.0, MAX), "records not from the mirror",
        "Records at the ends of a copy's partitions that the mirror to this side cannot have written: somebody else writes there. At least so \
         many, if the mirror writes one offset a record; one that copies exactly once writes a marker a transaction besides, and those since \
         its last offset sync count, too. Exact once the other side stands still and all is copied.";
    TOPIC_PARTITIONS = "kafka.topic.partitions", Count, ["pair", "side", "topic"], (0.0, MAX), "partitions",
        "Partitions of the topic.";
    TOPIC_PRODUCE_RATE = "kafka.topic.produce_rate", PerSecond, ["pair", "side", "topic"], (0.0, MAX), "records written a second",
        "Records written to the topic a second, over the last half minute.";
}

/// Seconds for a signal.
fn lag_seconds(figures: Figures) -> f64 {
    match figures.time {
        LagTime::Exactly(d) => d.as_secs_f64().min(NEVER),
        LagTime::AtLeast(_) => NEVER,
    }
}

/// The worst lag in time of all groups of one side. No reading if there are no groups, or if one cannot be read.
pub(super) fn worst_time(pair: &Pair, side: Side, now: Now) -> Observed<LagTime> {
    let names = parity::group_names_of(pair, side);
    let groups = names.iter().map(|name| (name, pair.cluster(side).group(name, now)));
    let judged: Vec<_> =
        groups.filter(|(name, group)| !no_lag_to_miss(pair, name, group)).map(|(_, group)| group).collect();
    if judged.is_empty() {
        // As fresh as the cluster's own observation, which has no group at all.
        return pair.cluster(side).seen(now).and_then(|_| Err(no_groups(pair, &names)));
    }
    let each = judged.into_iter().map(|group| group.and_then(|g| g.figures()).map(|f| f.time));
    Observed::all(each).and_then(|all| all.into_iter().reduce(LagTime::worse).ok_or_else(|| no_groups(pair, &names)))
}

/// The fault of a pair without groups, or with only groups whose lag is not required.
pub(super) fn no_groups(pair: &Pair, names: &BTreeSet<Arc<str>>) -> Fault {
    let all = if names.is_empty() { "" } else { " and has committed on a watched topic" };
    Fault::new(FaultKind::Empty, format!("no group matches the plan's patterns of {}{all}", pair.plan.name))
}

/// Whether a group's lag is not required: no observation had a commit of it on a watched topic, and the plan names it only by a pattern.
/// With the pattern `*` this applies to all groups of other topics.
pub(super) fn no_lag_to_miss(pair: &Pair, name: &str, group: &Observed<GroupSeen<'_>>) -> bool {
    let never = matches!(group, Observed::Fresh(seen, _) | Observed::Stale(seen, _) if seen.never_had_any());
    never && !pair.plan.groups.has_name(name)
}

/// Whether something is known to be absent from a side: the cluster's observation does not contain it. An existing group or topic of which
/// a part cannot be found is not absent.
pub(super) fn is_absent<T>(seen: &Observed<T>) -> bool {
    matches!(seen, Observed::Unknown(fault) if fault.kind == FaultKind::NotFound)
}

/// Samples all signals.
pub(super) fn measure(state: &State, now: Now, out: &mut Samples) {
    for pair in &state.pairs {
        for side in Side::BOTH {
            measure_side(pair, side, timeout(state.plan.intervals.kafka), now, out);
        }
        measure_handover(state, pair, now, out);
    }
}

/// The clusters of a pair, and each of its groups and topics on both sides. Existing on one side is enough: the runbook creates the other.
pub(super) fn watched(pair: &Pair, now: Now) -> Vec<Watched> {
    let name = pair.plan.name.as_str();
    let mut out = Vec::new();
    for side in Side::BOTH {
        out.push(Watched::new(format!("Kafka cluster {name}, {side}"), pair.cluster(side).seen(now)));
    }
    // For each side whether it is absent there, and its observed state.
    let mut put = |what: [String; 2], known: [(bool, Observed<()>); 2]| {
        let there = known.iter().any(|(absent, known)| !absent && known.is_fresh());
        let each = what.into_iter().zip(known).filter(|(_, (absent, _))| !(there && *absent));
        out.extend(each.map(|(what, (_, known))| Watched::new(what, known)));
    };
    for group in parity::group_names(pair) {
        let known = Side::BOTH.map(|side| {
            let seen = pair.cluster(side).group(&group, now);
            let absent = is_absent(&seen);
            let known = match seen {
                // A group without commits on watched topics has no lag, and none is required.
                Observed::Fresh(seen, age) if seen.has_nothing() => Observed::Fresh((), age),
                seen => seen.and_then(|seen| seen.figures()).map(|_| ()),
            };
            (absent, known)
        });
        put(Side::BOTH.map(|side| format!("consumer group {group} of {name}, {side}")), known);
    }
    for (source, target) in parity::topic_names(pair) {
        let names = Sides { source, target };
        let known = Side::BOTH.map(|side| {
            let seen = pair.cluster(side).topic(names.get(side), now);
            (is_absent(&seen), seen.and_then(|topic| topic.still()).map(|_| ()))
        });
        put(Side::BOTH.map(|side| format!("topic {} of {name}, {side}", names.get(side))), known);
    }
    out
}

fn measure_side(pair: &Pair, side: Side, may_take: Duration, now: Now, out: &mut Samples) {
    let (cluster, name) = (pair.cluster(side), pair.plan.name.as_str());
    let labels = [name, side.word()];
    let brokers = || {
        cluster.seen(now).and_then(|l| match l.facts.brokers.len() {
            0 => Err(Fault::new(FaultKind::Empty, "the cluster lists no brokers")),
            n => Ok(count(n)),
        })
    };
    out.put(&BROKERS, &labels, brokers);
    if pair.mirrors_to(side).next().is_some() {
        let silent = || handover::silent(pair, side, now).map(|d| d.as_secs_f64().min(NEVER));
        out.put(&MIRROR_SILENT, &labels, silent);
    }
    let worst = || worst_time(pair, side, now).map(|time| lag_seconds(Figures { time, ..Figures::default() }));
    out.put(&WORST_LAG_SECONDS, &labels, worst);
    // The groups and topics that match a pattern are as fresh as the cluster's last observation; present and former ones are sampled below.
    for def in ALL.iter().filter(|def| def.labels.len() == 3) {
        out.due(def, &labels, || cluster.seen(now).map(|_| Vec::new()));
    }
    // The gates need few signals every second: if none of them is per group or per topic, hundreds of groups need not be processed.
    let wanted = |out: &Samples, label| ALL.iter().any(|def| def.labels.contains(&label) && out.wants(def));
    let groups = if wanted(out, "group") { parity::group_names_of(pair, side) } else { BTreeSet::new() };
    let topics = if wanted(out, "topic") { parity::topic_names_of(pair, side) } else { BTreeSet::new() };
    for group in groups {
        let labels = [name, side.word(), &*group];
        let seen = cluster.group(&group, now);
        if !no_lag_to_miss(pair, &group, &seen) {
            measure_lag(&seen, &labels, out);
        }
        out.put(&GROUP_MEMBERS, &labels, || seen.as_ref().and_then(|g| g.members()).map(count));
        out.put(&GROUP_ACTIVE, &labels, || handover::active(pair, side, &group, now).map(flag));
        out.put(&GROUP_STABLE, &labels, || seen.as_ref().and_then(|g| g.stable()).map(flag));
        let partial = |pick: fn(&Figures) -> u32| {
            seen.as_ref().and_then(|g| g.facts.fault.clone().map_or_else(|| Ok(f64::from(pick(g.partial()))), Err))
        };
        out.put(&GROUP_UNKNOWN, &labels, || partial(|f| f.unknown));
        out.put(&GROUP_UNCOMMITTED, &labels, || partial(|f| f.never));
    }
    for topic in topics {
        let labels = [name, side.word(), topic.as_str()];
        let seen = cluster.topic(&topic, now);
        out.put(&TOPIC_PARTITIONS, &labels, || seen.as_ref().map(|t| f64::from(t.facts.partitions())));
        out.put(&TOPIC_PRODUCE_RATE, &labels, || seen.as_ref().and_then(|t| t.rate()));
        out.put(&TOPIC_STILL, &labels, || seen.as_ref().and_then(|t| t.still()).map(f64::from));
        #[expect(clippy::cast_precision_loss, reason = "a signal")]
        let records = |n: i64| n as f64;
        if pair.plan.isolation == Isolation::ReadCommitted {
            out.put(&TOPIC_OPEN, &labels, || seen.as_ref().and_then(|t| t.open()).map(records));
        }
        let copied = parity::copied(&pair.plan, &parity::names(&pair.plan, side, &topic));
        if copied == Copied::Both || copied == Copied::From(side) {
            out.put(&TOPIC_UNCOPIED, &labels, || handover::uncopied(pair, side, &topic, now).map(records));
        }
        if copied == Copied::Both || copied == Copied::From(side.other()) {
            out.put(&TOPIC_OWN, &labels, || handover::own_records(pair, side, &topic, may_take, now).map(records));
        }
    }
}

/// The signals of a group's commits.
fn measure_lag(seen: &Observed<GroupSeen<'_>>, labels: &[&str], out: &mut Samples) {
    let figures = || seen.as_ref().and_then(|g| g.figures());
    #[expect(clippy::cast_precision_loss, reason = "a signal")]
    out.put(&GROUP_LAG, labels, || figures().map(|f| f.lag as f64));
    #[expect(clippy::cast_precision_loss, reason = "a signal")]
    out.put(&GROUP_LOST, labels, || seen.as_ref().and_then(|g| g.lost()).map(|n| n as f64));
    out.put(&GROUP_LAG_SECONDS, labels, || figures().map(lag_seconds));
    let drain = || {
        seen.as_ref().and_then(|g| match g.drain(g.figures()?) {
            Drain::Drained => Ok(0.0),
            Drain::In(d) => Ok(d.as_secs_f64().min(NEVER)),
            Drain::Never => Ok(NEVER),
            Drain::Unknown => {
                Err(Fault::new(FaultKind::Empty, format!("group {}: too few answers for a rate", g.facts.name)))
            }
        })
    };
    out.put(&GROUP_DRAIN_SECONDS, labels, drain);
}

/// The signals that concern both sides.
fn measure_handover(state: &State, pair: &Pair, now: Now, out: &mut Samples) {
    let name = pair.plan.name.as_str();
    let unequal = || {
        parity::likeness(pair, now).and_then(|all| {
            let alike = all.into_iter().map(|(_, alike)| alike).collect::<Result<Vec<bool>, Fault>>()?;
            Ok(count(alike.into_iter().filter(|alike| !alike).count()))
        })
    };
    out.put(&PAIR_UNEQUAL, &[name], unequal);
    // Groups that are named literally, and those that a step hands over: a pattern may match hundreds.
    let mut groups: BTreeSet<(&str, Side)> = BTreeSet::new();
    for side in Side::BOTH.into_iter().filter(|side| pair.mirrors_to(*side).next().is_some()) {
        groups.extend(pair.plan.groups.iter().filter_map(|p| p.literal()).map(|group| (group, side)));
    }
    for (_, step) in state.plan.runbook.steps() {
        if let Action::CommitOffsets { pair: of, group, to } = &step.action
            && of == name
        {
            groups.insert((group, *to));
        }
    }
    for (group, to) in groups {
        out.put(&GROUP_UNLED, &[name, to.word(), group], || handover::unled(pair, to, group, now).map(count));
    }
}

const fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "a signal")]
const fn count(n: usize) -> f64 {
    n as f64
}
