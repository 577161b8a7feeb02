mod tool;

use std::{collections::BTreeMap, sync::Arc};

use self::tool::Reset;
use super::{Call, TopicOffsets, Version, op};
use crate::{
    Simulated, System,
    kafka::{
        Observation, Query, State, Syncs,
        state::Pair,
        tests::{TARGET, events},
    },
    planner::{
        Planner,
        played::{self, Played},
    },
};
use base::{
    observed::FaultKind,
    operation::Precondition,
    side::{Side, Sides},
    step::Kind,
};
use plan::{Action, Plan};

/// Two groups and two topics; `target` describes the target's cluster.
fn plan_of(target: &str) -> Arc<Plan> {
    played::plan(&events(&["checkout", "billing"], &["orders", "payments"], target))
}

pub(in super::super) fn plan() -> Arc<Plan> {
    plan_of(TARGET)
}

pub(in super::super) fn to(side: Side) -> Action {
    Action::CommitOffsets { pair: "events".to_owned(), group: "checkout".to_owned(), to: side }
}

#[test]
fn a_group_is_handed_over_in_one_request() {
    let at = Played::<State>::new(&plan());
    let draft = at.draft(&to(Side::Target)).expect("a draft");
    let [op] = draft.ops.as_slice() else { panic!("{draft:?}") };
    let Call::Commit { offsets, side: Side::Target, .. } = &op.call else { panic!("{op:?}") };
    let Precondition::Observed(Version::Offsets(prior)) = &op.precondition else { panic!("{op:?}") };
    assert_eq!((op.kind, offsets.len()), (Kind::Absolute, 2));
    // Its position is nearer to the end than the mirror's own translation, and never before it.
    for (old, new) in prior.iter().zip(offsets) {
        assert!(
            old.offsets.iter().zip(&new.offsets).all(|(old, new)| old.0 == new.0 && old.1 <= new.1),
            "{old:?} {new:?}"
        );
    }
    assert!(draft.notes[0].contains("records are read again"), "{:?}", draft.notes);
    assert!(draft.notes[1].contains("checkout is Stable on the source"), "{:?}", draft.notes);
    let Call::Commit { offsets: back, .. } = &draft.inverse[0].call;
    assert_eq!(back, prior);
    let start = "kafka-consumer-groups.sh --bootstrap-server kafka-1.ore.example.net:9094 --group checkout --reset-offsets --from-file <(printf '%s\\n' ";
    assert!(op.command.starts_with(start) && op.command.ends_with(" --execute"), "{}", op.command);
    let text = serde_json::to_string(&draft).expect("plain data");
    assert_eq!(serde_json::from_str::<super::Draft<Call, Version>>(&text).expect("the same"), draft);
}

#[test]
fn what_is_not_known_or_cannot_be_is_a_fault() {
    let mut at = Played::<State>::new(&plan());
    let kinds = |at: &Played<State>, action: &Action| {
        let mut kinds: Vec<_> = at.draft(action).expect_err("a fault").iter().map(|f| f.kind).collect();
        kinds.dedup();
        kinds
    };
    assert_eq!(
        kinds(&at, &to(Side::Source)),
        [FaultKind::Unsupported],
        "no mirror leads back, so nothing says where it stands"
    );
    let of =
        |pair: &str, group: &str| Action::CommitOffsets { pair: pair.into(), group: group.into(), to: Side::Target };
    assert_eq!(kinds(&at, &of("other", "checkout")), [FaultKind::NotFound]);
    assert_eq!(kinds(&at, &of("events", "nobody")), [FaultKind::NotFound]);
    let dns = Action::SetWeights { name: "x.".to_owned(), weights: Sides { source: 1, target: 1 } };
    assert!(at.state.draft(&dns, at.now).is_none() && at.state.is_satisfied(&dns, at.now).is_none());
    at.now.boot += std::time::Duration::from_secs(45);
    assert_eq!(kinds(&at, &to(Side::Target)), [FaultKind::Silent]);
    assert_eq!(at.is_satisfied(&to(Side::Target)), None);
}

#[test]
fn what_the_mirror_has_not_said_is_not_guessed() {
    let plan = plan();
    let mut at = Played::<State>::new(&plan);
    let ask = Query::Syncs { pair: 0, side: Side::Target };
    let Ok(Observation::Syncs(there)) = State::answer(&mut at.sim, &ask, at.now) else { panic!("syncs") };
    let topics = ["orders", "payments"];
    let mut some = Syncs::of_topics(there.topics.clone());
    for (topic, partition) in
        topics.into_iter().flat_map(|t| (0..24).map(move |p| (t, p))).filter(|at| *at != ("orders", 0))
    {
        there.of(topic, partition).iter().for_each(|sync| some.take(topic, partition, *sync));
    }
    let fresh = base::observed::Freshness::of_interval(std::time::Duration::from_secs(10));
    at.state.apply(&ask, Observation::Syncs(some), base::observed::Stamp { at: at.now, fresh });
    let faults = at.draft(&to(Side::Target)).expect_err("a fault");
    assert_eq!((faults.len(), faults[0].kind), (1, FaultKind::Unsupported));
    assert!(faults[0].text.raw().contains("no offset sync at or before"), "{faults:?}");
}

/// Commits by group, topic and partition.
type Commits = BTreeMap<(String, String, i32), i64>;

/// The effect of AlterConsumerGroupOffsets and of the printed command on the same commits.
fn both(op: &super::Op, pair: &Pair, now: base::now::Now, before: &Commits) -> (Commits, Commits) {
    let Call::Commit { side, group, offsets, .. } = &op.call;
    let mut by_call = before.clone();
    for (topic, (partition, offset)) in offsets.iter().flat_map(|t| t.offsets.iter().map(move |at| (&t.topic, *at))) {
        by_call.insert((group.clone(), topic.clone(), i32::try_from(partition).expect("small")), offset);
    }
    let reset = Reset::parse(&op.command).unwrap_or_else(|fault| panic!("{fault}: {}", op.command));
    let port = if *side == Side::Source { "kafka-1.vir.example.net:9094" } else { "kafka-1.ore.example.net:9094" };
    assert_eq!((reset.bootstrap.as_str(), &reset.config), (port, &None));
    let latest = pair.cluster(*side).seen(now).fresh().expect("known");
    let bounds = |topic: &str, partition: i32| {
        let slot = latest.facts.topic(topic)?.slots.start + u32::try_from(partition).ok()?;
        Some((latest.facts.start(slot).known()?, latest.facts.end(slot).known()?))
    };
    let mut by_tool = before.clone();
    for ((topic, partition), offset) in reset.offsets(bounds).expect("partitions that are there") {
        by_tool.insert((reset.group.clone(), topic, partition), offset);
    }
    (by_call, by_tool)
}

fn commits(group: &str, offsets: &[TopicOffsets]) -> Commits {
    let each = offsets.iter().flat_map(|t| t.offsets.iter().map(move |at| (t, *at)));
    let each = each.filter(|(_, (_, offset))| *offset >= 0);
    each.map(|(t, (p, offset))| ((group.to_owned(), t.topic.clone(), i32::try_from(p).expect("small")), offset))
        .collect()
}

/// The printed commands, forward and back, run by a strict simulation of Kafka's tool, have the same effect as the calls.
#[test]
fn the_printed_commands_do_what_the_calls_do_forward_and_back() {
    let mut at = Played::<State>::new(&plan());
    at.pass(30);
    let over = at.draft(&to(Side::Target)).expect("a draft");
    let Precondition::Observed(Version::Offsets(prior)) = &over.ops[0].precondition else { panic!("{over:?}") };
    let before = commits("checkout", prior);
    let (by_call, by_tool) = both(&over.ops[0], &at.state.pairs[0], at.now, &before);
    assert_eq!(by_call, by_tool);
    assert_ne!(by_call, before, "something is set");
    // As it was printed with the preview, and as it is drafted later, after the hand-over of the group.
    let (back, printed) = both(&over.inverse[0], &at.state.pairs[0], at.now, &by_call);
    assert_eq!((&back, &printed), (&before, &before));
    at.play(&over.ops);
    at.pass(60);
    let later = at.state.inverse(&over.inverse, at.now).expect("a way back");
    let (back, printed) = both(&later.ops[0], &at.state.pairs[0], at.now, &by_call);
    assert_eq!((&back, &printed), (&before, &before));
}

#[test]
fn a_printed_command_takes_every_group_and_names_the_cluster_that_is_changed() {
    const SECURED: &str = r#"properties = { "metadata.broker.list" = "read.ore:9094" }
write_properties = { "metadata.broker.list" = "b-1.ore:9096,b-2.ore:9096", "security.protocol" = "SASL_SSL" }"#;
    let at = Played::<State>::new(&plan_of(SECURED));
    let pair = &at.state.pairs[0];
    let offsets = || vec![TopicOffsets { topic: "a_b.C-1".into(), offsets: vec![(0, 0), (12, i64::MAX)] }];
    for group in [
        "checkout",
        "group with spaces",
        "it's",
        "$(date) `x` \"y\" \\ * # ;",
        "tab\tline\nend",
        "gr\u{fc}ppe-\u{65e5}\u{672c}",
    ] {
        let reset = Reset::parse(&op(pair, Side::Target, group, offsets(), Vec::new()).command).expect("a command");
        let rows = [("a_b.C-1".to_owned(), 0, 0), ("a_b.C-1".to_owned(), 12, i64::MAX)];
        assert_eq!((reset.group.as_str(), reset.rows.as_slice()), (group, &rows[..]));
        assert_eq!(
            (reset.bootstrap.as_str(), reset.config.as_deref()),
            ("b-1.ore:9096,b-2.ore:9096", Some("client.properties"))
        );
    }
}

/// The simulation refuses what the tool refuses: otherwise a command without effect would pass.
#[test]
fn the_imitated_tool_is_strict() {
    let good = "kafka-consumer-groups.sh --bootstrap-server a:1 --group g --reset-offsets --from-file <(printf '%s\\n' t,0,5) --execute";
    assert_eq!(Reset::parse(good).expect("good").rows, [("t".to_owned(), 0, 5)]);
    for (old, new) in [
        (" --execute", ""),
        ("--reset-offsets", "--describe"),
        ("--group g", "--group"),
        (" --group g", ""),
        ("t,0,5", "g,t,0,5"),
        ("t,0,5", "t,0"),
        ("t,0,5", "t,x,5"),
        ("t,0,5", "'t u,0,5'"),
        ("--group g", "--group $G"),
        ("--group g", "--group 'g"),
        ("--group g", "--groups g"),
        ("a:1", "a:1;b"),
    ] {
        assert!(Reset::parse(&good.replace(old, new)).is_err(), "{old} as {new}");
    }
}
