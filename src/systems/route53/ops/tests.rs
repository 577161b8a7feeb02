use std::sync::Arc;

use super::{Call, Version, change::share};
use crate::{
    System,
    planner::{
        Planner, SIGNED,
        played::{self, Played},
    },
    route53::{
        Routing, State,
        batch::Weighted,
        weighted::tests::{name, record},
    },
};
use base::{
    observed::FaultKind,
    operation::Precondition,
    side::{Side, Sides},
    step::{Kind, Limits},
};
use plan::{Action, Plan};

const PLAN: &str = r#"
[[dns]]
name = "api.example.test."
zone = "Z1"
type = "A"
set_identifiers = { source = "vir", target = ["ore-1", "ore-2"] }
servers = ["192.0.2.53", "198.51.100.53"]
"#;

pub(in super::super) fn plan() -> Arc<Plan> {
    played::plan(PLAN)
}

pub(in super::super) fn weights(source: u8, target: u8) -> Action {
    Action::SetWeights { name: "API.example.test".to_owned(), weights: Sides { source, target } }
}

#[test]
fn a_draft_is_one_batch_and_a_wait_for_it() {
    let at = Played::<State>::new(&plan());
    let draft = at.draft(&weights(90, 10)).expect("a draft");
    assert_eq!(draft.limits, Limits::SEQUENCE);
    let [change, wait] = draft.ops.as_slice() else { panic!("{draft:?}") };
    assert_eq!((change.kind, wait.kind), (Kind::Compared, Kind::Wait));
    assert_eq!((&wait.precondition, change.quarantine), (&Precondition::After(0), SIGNED));
    let Precondition::Observed(Version::Set(observed)) = &change.precondition else { panic!("{change:?}") };
    let seen: Vec<_> = observed.records.iter().map(|r| (r.set_id.as_str(), r.weight)).collect();
    assert_eq!((seen, &observed.epoch), (vec![("ore-1", 0), ("ore-2", 0), ("vir", 100)], &None));
    assert_eq!(draft.settle.as_secs(), 60);
    assert!(draft.notes[0].contains("60 s after INSYNC, the old TTL") && draft.broken.is_empty(), "{draft:?}");
    let lines: Vec<_> = draft.diff.iter().map(|c| format!("{}: {} → {}", c.thing, c.from, c.to)).collect();
    assert_eq!(
        lines,
        [
            "api.example.test. A ore-1: weight 0 → weight 5",
            "api.example.test. A ore-2: weight 0 → weight 5",
            "api.example.test. A vir: weight 100 → weight 90",
            "landfall's mark (TXT _landfall.api.example.test.): none → 1",
        ]
    );
    assert_eq!(draft.inverse.len(), 2);
    let Call::Weigh { sets, .. } = &draft.inverse[0].call else { panic!("{draft:?}") };
    assert_eq!(sets.iter().map(|s| s.weight).collect::<Vec<_>>(), [0, 0, 100]);
}

#[test]
fn the_command_can_be_pasted() {
    let at = Played::<State>::new(&plan());
    let draft = at.draft(&weights(90, 10)).expect("a draft");
    let command = &draft.ops[0].command;
    let start = "CHANGE_ID=$(aws route53 change-resource-record-sets --hosted-zone-id Z1 --change-batch '";
    let end = "' --query ChangeInfo.Id --output text)";
    let json = command.strip_prefix(start).and_then(|c| c.strip_suffix(end)).expect("one word");
    let batch: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let changes = batch["Changes"].as_array().expect("changes");
    let of = |action: &str| changes.iter().filter(|c| c["Action"] == action).count();
    assert_eq!((of("DELETE"), of("CREATE")), (3, 4));
    let last = &changes[6]["ResourceRecordSet"];
    assert_eq!(last["Name"], "_landfall.api.example.test.");
    assert_eq!(last["ResourceRecords"][0]["Value"], "\"landfall epoch=1 by=hand\"");
    assert_eq!(changes[2]["ResourceRecordSet"]["Weight"], 100);
    assert_eq!(changes[2]["ResourceRecordSet"]["TTL"], 60);
}

#[test]
fn what_survives_a_restart_is_the_same() {
    let at = Played::<State>::new(&plan());
    let draft = at.draft(&weights(90, 10)).expect("a draft");
    let text = serde_json::to_string(&draft).expect("plain data");
    assert_eq!(serde_json::from_str::<super::Draft<Call, Version>>(&text).expect("the same"), draft);
}

#[test]
fn a_sides_weight_is_shared_out_in_proportion() {
    let mut plan = name();
    plan.set_identifiers.target = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
    let shared = |observed: [u8; 3], weight: u8| {
        let records = ["a", "b", "c"].iter().zip(observed).map(|(id, w)| record(id, w, "x."));
        let records: Vec<_> = records.filter_map(|r| Weighted::of(&r)).collect();
        share(&plan, &records, Sides { source: 0, target: weight }).iter().map(|s| s.weight).collect::<Vec<_>>()
    };
    assert_eq!(shared([0, 0, 0], 100), [34, 33, 33]);
    assert_eq!(shared([20, 10, 10], 100), [50, 25, 25]);
    assert_eq!(shared([200, 100, 100], 1), [1, 0, 0]);
    assert_eq!(shared([5, 5, 5], 0), [0, 0, 0]);
    assert_eq!(shared([255, 255, 255], 255), [85, 85, 85]);
    for w in 0..=255 {
        assert_eq!(shared([7, 31, 2], w).iter().map(|w| u32::from(*w)).sum::<u32>(), u32::from(w));
    }
}

#[test]
fn what_is_not_known_or_cannot_be_is_a_fault() {
    let mut at = Played::<State>::new(&plan());
    let kinds = |at: &Played<State>, action: &Action| {
        at.draft(action).expect_err("a fault").iter().map(|f| f.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&at, &weights(0, 0)), [FaultKind::Malformed]);
    let other = Action::SetWeights { name: "www.example.test.".to_owned(), weights: Sides { source: 1, target: 1 } };
    assert_eq!(kinds(&at, &other), [FaultKind::NotFound]);
    assert!(at.state.is_satisfied(&other, at.now).is_some_and(|seen| !seen.is_fresh()));
    at.now.boot += std::time::Duration::from_secs(45);
    assert_eq!(kinds(&at, &weights(1, 1)), [FaultKind::Silent], "stale records are no records");
    assert_eq!(at.is_satisfied(&weights(100, 0)), None);
    let power = Action::Power { role: "web".to_owned(), side: Side::Target, on: true, width: 1, max_failed: 0 };
    assert!(at.state.draft(&power, at.now).is_none() && at.state.is_satisfied(&power, at.now).is_none());
}

#[test]
fn a_simple_record_or_a_missing_one_has_no_weight() {
    let plan = plan();
    let mut at = Played::<State>::new(&plan);
    let (_, specs) = State::new(&plan);
    let stamp = base::observed::Stamp {
        at: at.now,
        fresh: base::observed::Freshness::of_interval(std::time::Duration::from_secs(10)),
    };
    let mut list = |records| {
        let facts = super::super::Observation::Records(super::super::Listing { records, epochs: Vec::new() });
        at.state.apply(&specs[0].query, facts, stamp);
        at.draft(&weights(90, 10)).expect_err("a fault").iter().map(|f| f.kind).collect::<Vec<_>>()
    };
    let simple = super::super::Record { routing: Routing::Simple, set_id: None, ..record("vir", 1, "a.") };
    assert_eq!(list(vec![simple]), [FaultKind::Unsupported]);
    let other = super::super::Record { routing: Routing::Other("latency"), ..record("vir", 1, "a.") };
    assert_eq!(list(vec![other]), [FaultKind::Unsupported]);
    let two = vec![record("vir", 1, "a."), record("ore-1", 1, "b.")];
    assert_eq!(list(two), [FaultKind::NotFound], "ore-2 is not there");
    assert_eq!(list(Vec::new()), [FaultKind::Empty]);
}
