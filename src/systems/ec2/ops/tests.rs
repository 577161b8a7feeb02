mod pasted;
mod traffic;

use std::sync::Arc;

use super::{Call, Version};
use crate::{
    ec2::State,
    planner::{
        Planner, SIGNED,
        played::{self, Played},
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
[[fleet]]
role = "web"
wanted = { source = 60, target = 30 }
target_groups = { source = ["web-vir"], target = ["web-ore"] }
auto_scaling_groups = { source = ["web-vir"], target = ["web-a", "web-b"] }
[[fleet]]
role = "batch"
wanted = { source = 120, target = 0 }
"#;

pub(in super::super) fn plan() -> Arc<Plan> {
    played::plan(PLAN)
}

pub(in super::super) fn capacity(desired: u32) -> Action {
    Action::SetCapacity { role: "web".to_owned(), side: Side::Target, desired }
}

pub(in super::super) fn power(on: bool) -> Action {
    Action::Power { role: "batch".to_owned(), side: Side::Source, on, width: 2, max_failed: 1 }
}

/// An estate whose target is complete.
pub(in super::super) fn estate() -> Played<State> {
    let mut at = Played::<State>::new(&plan());
    at.pass(1200);
    at.pass(1);
    at
}

#[test]
fn capacity_is_shared_out_and_waited_for() {
    let at = estate();
    let draft = at.draft(&capacity(35)).expect("a draft");
    assert_eq!(draft.limits, Limits::SEQUENCE);
    let kinds: Vec<_> = draft.ops.iter().map(|op| (op.kind, op.quarantine)).collect();
    assert_eq!(kinds, [(Kind::Absolute, SIGNED), (Kind::Absolute, SIGNED), (Kind::Wait, SIGNED)]);
    let call =
        |group: &str, desired| Call::Capacity { side: Side::Target, group: group.to_owned(), desired, min: desired };
    assert_eq!((&draft.ops[0].call, &draft.ops[1].call), (&call("web-a", 18), &call("web-b", 17)));
    assert_eq!(draft.ops[0].precondition, Precondition::Observed(Version::Capacity { desired: 15, min: 7 }));
    assert_eq!(
        draft.ops[0].command,
        "aws autoscaling update-auto-scaling-group --region us-west-2 --auto-scaling-group-name web-a --min-size 18 --desired-capacity 18"
    );
    assert_eq!(draft.diff[0].from, "desired 15, min 7");
    assert!(draft.notes.iter().any(|n| n.contains("AlarmNotification")), "{:?}", draft.notes);
    assert_eq!(
        draft.inverse[1].call,
        Call::Capacity { side: Side::Target, group: "web-b".to_owned(), desired: 15, min: 7 }
    );
    let text = serde_json::to_string(&draft).expect("plain data");
    assert_eq!(serde_json::from_str::<super::Draft<Call, Version>>(&text).expect("the same"), draft);
}

/// A wait for instances that never served would not end, and the rollback would fail although the group is as it was.
#[test]
fn going_back_waits_for_no_more_than_what_served() {
    let least =
        |at: &Played<State>| match at.draft(&capacity(35)).expect("a draft").inverse.last().map(|op| op.call.clone()) {
            Some(Call::InService { least, .. }) => least,
            other => panic!("{other:?}"),
        };
    assert_eq!(least(&estate()), 30);
    let mut young = Played::<State>::new(&plan());
    young.pass(1);
    assert_eq!(least(&young), 6, "a fifth of them is there");
}

#[test]
fn instances_go_in_batches_with_limits() {
    let at = estate();
    let draft = at.draft(&power(false)).expect("a draft");
    assert_eq!(draft.limits, Limits { width: 2, max_failed: 1, max_unknown: 0 });
    let sizes: Vec<_> = draft
        .ops
        .iter()
        .map(|op| match &op.call {
            Call::Power { on: false, instances, side: Side::Source } => instances.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sizes, [50, 50, 20]);
    assert!(draft.ops[0].command.starts_with("aws ec2 stop-instances --region us-east-1 --instance-ids i-0"));
    assert!(draft.inverse.iter().all(|op| matches!(op.call, Call::Power { on: true, .. })) && draft.inverse.len() == 3);
    assert!(at.draft(&power(true)).expect("a draft").ops.is_empty(), "all run already");
    assert_eq!((at.is_satisfied(&power(true)), at.is_satisfied(&power(false))), (Some(true), Some(false)));
}

#[test]
fn what_is_not_known_or_cannot_be_is_a_fault() {
    let mut at = estate();
    let kinds = |at: &Played<State>, action: &Action| {
        at.draft(action).expect_err("a fault").iter().map(|f| f.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&at, &capacity(40)), [FaultKind::Unsupported; 2], "beyond MaxSize");
    let of = |role: &str, side| Action::SetCapacity { role: role.to_owned(), side, desired: 1 };
    assert_eq!(kinds(&at, &of("batch", Side::Source)), [FaultKind::Unsupported], "no group");
    assert_eq!(kinds(&at, &of("db", Side::Source)), [FaultKind::NotFound], "no role");
    let none = Action::Power { role: "batch".to_owned(), side: Side::Target, on: true, width: 1, max_failed: 0 };
    assert_eq!(kinds(&at, &none), [FaultKind::Empty]);
    let dns = Action::SetWeights { name: "x.".to_owned(), weights: Sides { source: 1, target: 1 } };
    assert!(at.state.draft(&dns, at.now).is_none() && at.state.is_satisfied(&dns, at.now).is_none());
    at.now.boot += std::time::Duration::from_secs(45);
    assert_eq!(kinds(&at, &capacity(31)), [FaultKind::Silent]);
    assert_eq!(kinds(&at, &power(false)), [FaultKind::Silent]);
    assert_eq!(at.is_satisfied(&capacity(30)), None);
}

#[test]
fn whoever_stops_a_role_learns_which_others_it_stops_with_it() {
    let stop = played::one_step(r#"stop = { role = "web", side = "source" }"#);
    for (rest, planned) in [("", false), (stop.as_str(), true)] {
        let mut at = Played::<State>::new(&played::plan(&format!("{PLAN}{rest}")));
        at.pass(1200);
        at.pass(1);
        let instances = &mut at.state.sites.get_mut(Side::Source).instances;
        let (mut rows, stamp) = instances.last().map(|(rows, stamp)| (rows.clone(), stamp)).expect("read");
        rows.iter_mut().filter(|i| *i.roles == [1]).take(3).for_each(|i| i.roles = [0, 1].into());
        instances.set(rows, stamp);
        let draft = at.draft(&power(false)).expect("a draft");
        let described = if planned { &draft.notes } else { &draft.broken };
        assert!(described.iter().any(|text| text.starts_with("3 of these are also of web")), "{draft:?}");
        assert_eq!(draft.broken.is_empty(), planned);
    }
}

#[test]
fn what_a_person_pastes_is_sent_as_the_plans_writing_profile() {
    let mut plan = Arc::into_inner(plan()).expect("the only one");
    let write = plan::AwsCredentials { profile: Some("land fall".to_owned()), ..Default::default() };
    for side in Side::BOTH {
        plan.sites.get_mut(side).access.write = Some(write.clone());
    }
    let mut at = Played::<State>::new(&Arc::new(plan));
    at.pass(1200);
    at.pass(1);
    for action in [capacity(35), power(false), traffic::targets(false)] {
        let draft = at.draft(&action).expect("a draft");
        let commands: Vec<_> =
            draft.ops.iter().chain(&draft.inverse).map(|op| &op.command).filter(|c| !c.is_empty()).collect();
        assert!(!commands.is_empty(), "{action:?}");
        for command in commands {
            assert_eq!(command.matches("aws ").count(), command.matches(" --profile 'land fall'").count(), "{command}");
        }
    }
}
