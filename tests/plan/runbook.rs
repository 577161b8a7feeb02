//! The runbook of a plan: expansion of ladders, needs of steps, total durations.

use std::{path::Path, time::Duration};

use landfall::{
    base::side::{Side, Sides},
    plan::{Action, Code, Confirm, Runbook},
};

use crate::lines_of;

const HEAD: &str = r#"schema = 1
name = "small"
sites.source = { label = "A", region = "us-east-1" }
sites.target = { label = "B", region = "us-west-2" }
route53 = { write = { profile = "operate" } }
[[dns]]
name = "www.example.com"
zone = "Z1"
set_identifiers = { source = "a", target = "b" }
servers = ["10.0.0.1"]
[[phase]]
id = "one"
title = "One"
[[phase.step]]
id = "freeze"
title = "Freeze"
action = { manual = "stop deploys" }
[[phase.step]]
id = "aside"
title = "Beside it"
needs = []
action = { manual = "tell people" }
gates = [{ metric = "fleet.ready", op = ">=", value = 0.5, for = "10m" }]
"#;

const LADDER: &str = r#"[[phase]]
id = "two"
title = "Two"
[[phase.step]]
id = "dns-${share}"
title = "${share} %"
needs = ["freeze"]
action = { set_weights = { name = "www.example.com", source = "${rest}", target = "${share}" } }
gates = [{ metric = "fleet.ready", op = ">=", value = "${ready}", for = "1m" }]
verify = [{ any = [{ metric = "fleet.ready", op = ">=", value = 1, for = "3m" }, { metric = "fleet.ready", op = ">=", value = 0.5, for = "2m" }] }]
bake = "7m"
foreach = { share = [1, 10, 50], rest = [99, 90, 50], ready = ["50%", "60%", 0.7] }
[[phase.step]]
id = "last"
title = "Last"
action = { manual = "look" }
"#;

fn runbook(text: &str) -> Runbook {
    let (plan, report) = lines_of("runbook.toml", text);
    assert!(report.is_empty(), "{report}");
    plan.expect("taken").runbook
}

#[test]
fn a_ladder_becomes_steps_that_follow_one_another() {
    let runbook = runbook(&format!("{HEAD}{LADDER}"));
    let needs: Vec<(&str, Vec<&str>)> =
        runbook.steps().map(|(_, step)| (step.id.as_str(), step.needs.iter().map(String::as_str).collect())).collect();
    let expected = [
        ("freeze", vec![]),
        ("aside", vec![]),
        ("dns-1", vec!["freeze"]),
        ("dns-10", vec!["dns-1"]),
        ("dns-50", vec!["dns-10"]),
        ("last", vec!["dns-50"]),
    ];
    assert_eq!(needs, expected);
    let ten = runbook.step("dns-10").expect("the second rung");
    assert_eq!(ten.title, "10 %");
    assert_eq!(ten.confirm, Confirm::Name);
    let weights = Sides { source: 90, target: 10 };
    assert_eq!(ten.action, Action::SetWeights { name: "www.example.com.".to_owned(), weights });
    let gate = ten.gates.gates()[0];
    assert_eq!((gate.id.as_str(), gate.limit), ("dns-10/1", 0.6));
    assert!((runbook.step("dns-50").expect("the third").gates.gates()[0].limit - 0.7).abs() < 1e-9);
}

#[test]
fn the_least_time_is_that_of_the_longest_way() {
    let (plan, report) = lines_of("runbook.toml", &format!("{HEAD}{LADDER}"));
    let plan = plan.unwrap_or_else(|| panic!("{report}"));
    let minutes = |n: u64| Duration::from_secs(60 * n);
    // Gates 1 min, the quicker of two 2 min, bake 7 min.
    assert_eq!(plan.runbook.step("dns-1").expect("a rung").least(), minutes(10));
    assert_eq!(plan.runbook.least(), minutes(30));
    let lines = plan.outlook();
    assert_eq!(lines.len(), 7);
    assert_eq!(lines[6], "runbook: 2 phases, 6 steps, at least 30m");
    assert!(lines[3].contains("two") && lines[3].contains("dns-10") && lines[3].contains("90/10"), "{lines:?}");
    assert!(lines[3].contains("3 gates") && lines[3].ends_with("at least 10m"), "{lines:?}");
}

#[test]
fn a_fault_of_many_rungs_is_told_once_where_it_is_written() {
    let text =
        format!("{HEAD}{LADDER}").replace("name = \"www.example.com\", source", "name = \"ww.example.com\", source");
    let (plan, report) = lines_of("ladder.toml", &text);
    assert!(plan.is_none());
    let line = 1 + text.lines().position(|l| l.contains("ww.example.com\", source")).expect("there");
    let found: Vec<(usize, Code)> = report.iter().map(|d| (d.line, d.code)).collect();
    assert_eq!(found, [(line, Code::Dangling)], "{report}");
}

#[test]
fn all_faults_of_a_runbook_are_told_at_once() {
    let text = format!("{HEAD}{LADDER}")
        .replace("op = \">=\", value = \"${ready}\"", "op = \">=\", value = \"${ready}\", series = 3")
        .replace("needs = [\"freeze\"]", "needs = [\"freze\"]")
        .replace("[99, 90, 50]", "[99, 90, 500]")
        .replace("id = \"last\"", "id = \"aside\"");
    let (_, report) = lines_of("many.toml", &text);
    let mut codes: Vec<Code> = report.iter().map(|d| d.code).collect();
    codes.sort();
    codes.dedup();
    assert_eq!(codes, [Code::OutOfRange, Code::Duplicate, Code::Dangling, Code::Conflict], "{report}");
}

#[test]
fn what_the_plan_leaves_open_goes_by_the_damage_it_can_do() {
    let text = format!("{HEAD}[[approver]]\nname = 'a'\n[[approver]]\nname = 'b'\n{LADDER}irreversible = true\n");
    let runbook = runbook(&text);
    let last = runbook.step("last").expect("a step");
    assert_eq!((last.approvals, last.confirm), (2, Confirm::Countdown));
    let freeze = runbook.step("freeze").expect("a step");
    assert_eq!((freeze.approvals, freeze.confirm), (0, Confirm::Enter));
}

#[test]
fn the_demo_has_a_whole_runbook_without_a_warning() {
    let (plan, warnings) =
        landfall::systems::load_plan(Path::new("demo/plan.toml")).unwrap_or_else(|faulty| panic!("{faulty}"));
    assert!(warnings.is_empty(), "{warnings}");
    let moved = plan.runbook.steps().filter(|(_, s)| matches!(s.action, Action::MovePrimary { to: Side::Target, .. }));
    assert_eq!(moved.count(), plan.replica_sets.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("../snapshots");
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("demo_outlook", plan.outlook().join("\n")));
}

#[test]
fn names_that_nobody_can_check_are_told_where_two_people_are_asked_for() {
    let small = include_str!("../../demo/small.toml");
    let unsigned = |text: &str| {
        landfall::systems::parse_plan(Path::new("small.toml"), text).unwrap_or_else(|f| panic!("{f}")).0.unsigned()
    };
    let lines_of = unsigned(small).expect("no approver has a key");
    assert!(
        lines_of.contains("by no-return,") && lines_of.contains("of operator-1, operator-2 cannot be verified:"),
        "{lines_of}"
    );
    let key = |n: u8| format!("name = \"operator-{n}\"\nkey = \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{n}\"");
    let signed = [1, 2]
        .into_iter()
        .fold(small.to_owned(), |text, n| text.replacen(&format!("name = \"operator-{n}\""), &key(n), 1));
    assert_eq!(unsigned(&signed), None);
}
