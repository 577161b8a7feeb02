use std::sync::Arc;

use super::{Call, Mark};
use crate::{
    core::{estate::seen::FaultKind, step::Kind},
    plan::{Action, Plan, Side, Sides},
    systems::{
        kafka::{Ask, Facts, State, Syncs},
        steer::{Handle, Steered, played::{self, Played}},
        Simulated, System,
    },
};

const PLAN: &str = r#"
[[kafka]]
name = "events"
groups = ["checkout", "billing"]
topics = ["orders", "payments"]
[kafka.source]
properties = { "bootstrap.servers" = "kafka-1.vir.example.net:9094" }
[kafka.target]
properties = { "bootstrap.servers" = "kafka-1.ore.example.net:9094" }
[[kafka.mirror]]
from = "source"
"#;

pub(in super::super) fn plan() -> Arc<Plan> {
    played::plan(PLAN)
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
    let Handle::Seen(Mark::Offsets(prior)) = &op.expect else { panic!("{op:?}") };
    assert_eq!((op.kind, offsets.len()), (Kind::Absolute, 2));
    // Where it stands is nearer to the end than the mirror's own translation, and never before it.
    for (old, new) in prior.iter().zip(offsets) {
        assert!(old.offsets.iter().zip(&new.offsets).all(|(old, new)| old.0 == new.0 && old.1 <= new.1), "{old:?} {new:?}");
    }
    assert!(draft.notes[0].contains("records are read again"), "{:?}", draft.notes);
    assert!(draft.notes[1].contains("checkout is Stable on the source"), "{:?}", draft.notes);
    let Call::Commit { offsets: back, .. } = &draft.back[0].call;
    assert_eq!(back, prior);
    let start = "kafka-consumer-groups.sh --bootstrap-server kafka-1.ore.example.net:9094 --group checkout --reset-offsets --from-file <(printf '%s\\n' ";
    assert!(op.command.starts_with(start) && op.command.ends_with(" --execute"), "{}", op.command);
    let text = serde_json::to_string(&draft).expect("plain data");
    assert_eq!(serde_json::from_str::<super::Draft<Call, Mark>>(&text).expect("the same"), draft);
}

#[test]
fn what_is_not_known_or_cannot_be_is_a_fault() {
    let mut at = Played::<State>::new(&plan());
    let kinds = |at: &Played<State>, action: &Action| {
        let mut kinds: Vec<_> = at.draft(action).expect_err("a fault").iter().map(|f| f.kind).collect();
        kinds.dedup();
        kinds
    };
    assert_eq!(kinds(&at, &to(Side::Source)), [FaultKind::Unsupported], "no mirror leads back, so nothing says where it stands");
    let of = |pair: &str, group: &str| Action::CommitOffsets { pair: pair.into(), group: group.into(), to: Side::Target };
    assert_eq!(kinds(&at, &of("other", "checkout")), [FaultKind::NotFound]);
    assert_eq!(kinds(&at, &of("events", "nobody")), [FaultKind::NotFound]);
    let dns = Action::SetWeights { name: "x.".to_owned(), weights: Sides { source: 1, target: 1 } };
    assert!(at.state.draft(&dns, at.now).is_none() && at.state.met(&dns, at.now).is_none());
    at.now.boot += std::time::Duration::from_secs(45);
    assert_eq!(kinds(&at, &to(Side::Target)), [FaultKind::Silent]);
    assert_eq!(at.met(&to(Side::Target)), None);
}

#[test]
fn what_the_mirror_has_not_said_is_not_guessed() {
    let plan = plan();
    let mut at = Played::<State>::new(&plan);
    let ask = Ask::Syncs { pair: 0, side: Side::Target };
    let Ok(Facts::Syncs(there)) = State::answer(&mut at.sim, &ask, at.now) else { panic!("syncs") };
    let topics = ["orders", "payments"];
    let mut some = Syncs::of_topics(there.topics.clone());
    for (topic, partition) in topics.into_iter().flat_map(|t| (0..24).map(move |p| (t, p))).filter(|at| *at != ("orders", 0)) {
        there.of(topic, partition).iter().for_each(|sync| some.take(topic, partition, *sync));
    }
    let fresh = crate::core::estate::seen::Freshness::of_interval(std::time::Duration::from_secs(10));
    at.state.apply(&ask, Facts::Syncs(some), crate::core::estate::seen::Stamp { at: at.now, fresh });
    let faults = at.draft(&to(Side::Target)).expect_err("a fault");
    assert_eq!((faults.len(), faults[0].kind), (1, FaultKind::Unsupported));
    assert!(faults[0].text.raw().contains("no offset sync at or before"), "{faults:?}");
}
