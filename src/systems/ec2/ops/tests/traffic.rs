//! Processes, target groups, and what is shown but not sent.

use super::{estate, plan};
use crate::{
    ec2::{
        State,
        ops::{Call, Place},
    },
    planner::{Planner, SimulateWrites, played::Played},
};
use base::{
    side::Side,
    step::{Kind, Limits, Reply, Truth},
};
use plan::Action;

fn processes(suspend: bool) -> Action {
    let processes = ["AlarmNotification", "ScheduledActions", "AZRebalance"].map(str::to_owned).to_vec();
    Action::Processes { role: "web".to_owned(), side: Side::Target, processes, suspend }
}

pub(super) fn targets(on: bool) -> Action {
    Action::Targets { role: "web".to_owned(), side: Side::Target, on, width: 3, max_failed: 1 }
}

#[test]
fn only_what_runs_is_suspended_and_only_that_is_resumed() {
    let mut at = estate();
    let over = at.draft(&processes(true)).expect("a draft");
    assert_eq!(over.ops.len(), 2, "a request a group");
    let Call::Processes { processes: asked, suspend: true, .. } = &over.ops[0].call else { panic!("{over:?}") };
    assert_eq!(asked, &["AlarmNotification", "ScheduledActions"], "AZRebalance is suspended already");
    assert_eq!(
        over.ops[0].command,
        "aws autoscaling suspend-processes --region us-west-2 --auto-scaling-group-name web-a --scaling-processes AlarmNotification ScheduledActions"
    );
    at.play(&over.ops);
    assert_eq!((at.is_satisfied(&processes(true)), at.is_satisfied(&processes(false))), (Some(true), Some(false)));
    assert!(at.draft(&processes(true)).expect("a draft").ops.is_empty());
    let back = at.state.inverse(&over.inverse, at.now).expect("a way back");
    at.play(&back.ops);
    let group = &at.state.sites.get(Side::Target).groups.last().expect("read").0[0];
    assert_eq!(group.suspended.iter().map(|s| &**s).collect::<Vec<_>>(), ["AZRebalance"], "as it was before");
    // An external change resumes one of them.
    at.play(&over.ops);
    State::external_change(&mut at.sim, &processes(true), at.now);
    assert_eq!(at.verify("x", &over.ops[0]).truth, Truth::Conflict);
}

#[test]
fn what_replaces_unhealthy_hosts_is_not_suspended_without_a_word() {
    let at = estate();
    let action = Action::Processes {
        role: "web".to_owned(),
        side: Side::Target,
        processes: vec!["ReplaceUnhealthy".to_owned()],
        suspend: true,
    };
    let draft = at.draft(&action).expect("a draft");
    assert!(draft.notes[0].contains("unhealthy hosts are not replaced"), "{:?}", draft.notes);
}

#[test]
fn a_role_is_taken_out_of_its_target_groups_and_comes_back() {
    let mut at = estate();
    assert_eq!(at.is_satisfied(&targets(false)), Some(false));
    let out = at.draft(&targets(false)).expect("a draft");
    assert_eq!(out.limits, Limits { width: 3, max_failed: 1, max_unknown: 0 });
    let kinds: Vec<Kind> = out.ops.iter().map(|op| op.kind).collect();
    assert_eq!(kinds, [Kind::Absolute, Kind::Wait], "30 are one batch, then they drain");
    assert!(out.notes.iter().any(|n| n.contains("no target is left")), "{:?}", out.notes);
    assert!(
        out.ops[0].command.contains("aws elbv2 deregister-targets") && out.ops[0].command.contains(",Port=80"),
        "{}",
        out.ops[0].command
    );
    let took = at.play(&out.ops);
    assert!((30..=60).contains(&took.as_secs()), "they drain: {took:?}");
    assert_eq!((at.is_satisfied(&targets(false)), at.is_satisfied(&targets(true))), (Some(true), Some(false)));
    assert!(at.draft(&targets(false)).expect("a draft").ops.is_empty());
    let back = at.state.inverse(&out.inverse, at.now).expect("a way back");
    at.play(&back.ops);
    at.pass(120);
    assert_eq!(at.is_satisfied(&targets(false)), Some(false));
    assert!(at.state.inverse(&out.inverse, at.now).expect("a way back").ops.is_empty());
}

#[test]
fn what_does_not_run_cannot_be_registered() {
    let mut at = estate();
    let call = Call::Targets {
        side: Side::Target,
        group: "web-ore".to_owned(),
        on: true,
        targets: vec![Place { id: "i-0".to_owned(), port: None }],
    };
    let sent = State::write(&mut at.sim, "a", &call, None, at.now);
    assert_eq!(sent.reply, Reply::Refused);
    assert!(sent.detail.starts_with("InvalidTarget"), "{}", sent.detail);
    let none = Action::Targets { role: "batch".to_owned(), side: Side::Source, on: true, width: 1, max_failed: 0 };
    assert!(at.draft(&none).expect_err("no group")[0].text.raw().contains("no target group"));
}

#[test]
fn what_would_be_built_is_shown_and_never_sent() {
    // At the start a fifth of the target exists.
    let at = Played::<State>::new(&plan());
    let action = Action::Build { role: "web".to_owned(), side: Side::Target };
    let draft = at.draft(&action).expect("a draft");
    assert!(draft.ops.is_empty() && draft.inverse.is_empty());
    let line = &draft.diff[0];
    let running: u32 = line.from.split(' ').next().and_then(|n| n.parse().ok()).expect("a number");
    assert_eq!(line.to, format!("30 wanted, {} missing", 30 - running));
    let run = draft.notes.iter().find(|n| n.starts_with("aws ec2 run-instances")).expect("a command");
    for part in [
        format!("--count {} ", 30 - running),
        "--image-id ami-0".to_owned(),
        "--region us-west-2".to_owned(),
        "Key=role,Value=web".to_owned(),
    ] {
        assert!(run.contains(&part), "{run}");
    }
    assert_eq!(at.state.is_satisfied(&action, at.now), None, "a person's word");
    // Nothing of the role exists: its image has to be copied first.
    let batch = Action::Build { role: "batch".to_owned(), side: Side::Source };
    let whole = at.draft(&batch).expect("a draft");
    assert!(
        whole.diff[0].to.ends_with("0 missing") && !whole.notes.iter().any(|n| n.contains("run-instances")),
        "{whole:?}"
    );
}
