//! The plan that `landfall init` writes: valid for every choice of systems, limited to these, and never written over
//! an existing file.

use std::{
    path::Path,
    process::{Command, Output},
};

use landfall::plan::{
    Action, Condition, Plan, Secret,
    init::{self, Regions},
    things::LISTED,
};

use crate::lines_of;

fn written(systems: &[&str]) -> String {
    init::plan(systems, Regions { from: "eu-west-1", to: "us-east-1" }).expect("two regions")
}

fn plan(systems: &[&str]) -> Plan {
    let (plan, report) = lines_of("init.toml", &written(systems));
    assert!(report.is_empty(), "{systems:?}: {report}");
    plan.expect("taken")
}

/// All systems, by their options.
fn systems() -> Vec<&'static str> {
    LISTED.iter().map(|it| it.option).collect()
}

/// All choices.
fn choices() -> impl Iterator<Item = Vec<&'static str>> {
    (0..1_u32 << LISTED.len()).map(|bits| {
        systems().into_iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, system)| system).collect()
    })
}

/// The system of an action; `None` for a manual one.
fn system(action: &Action) -> Option<&'static str> {
    match action {
        Action::Manual { .. } => None,
        Action::MovePrimary { .. }
        | Action::AddMembers { .. }
        | Action::Unhide { .. }
        | Action::SetVotes { .. }
        | Action::SetPriorities { .. }
        | Action::Freeze { .. }
        | Action::RemoveMembers { .. } => Some("mongodb"),
        Action::SetWeights { .. } | Action::SetTtl { .. } | Action::EmergencyWeights { .. } => Some("dns"),
        Action::SetCapacity { .. }
        | Action::Power { .. }
        | Action::Processes { .. }
        | Action::Targets { .. }
        | Action::Build { .. } => Some("fleet"),
        Action::CommitOffsets { .. } => Some("kafka"),
    }
}

/// The system of a signal.
fn measured(signal: &str) -> &str {
    match signal.split('.').next() {
        Some("mongo") => "mongodb",
        word => word.unwrap_or_default(),
    }
}

#[test]
fn every_choice_of_systems_is_a_plan_without_fault_or_warning() {
    let mut steps = Vec::new();
    for chosen in choices() {
        let plan = plan(&chosen);
        for it in LISTED {
            assert_eq!(!it.names(&plan).is_empty(), chosen.contains(&it.option), "{} of {chosen:?}", it.option);
        }
        let runbook = &plan.runbook;
        let conditions = runbook.invariants.iter().chain(&runbook.aborts).map(|named| &named.when);
        let of_steps = runbook.steps().flat_map(|(_, s)| [&s.gates, &s.verify, &s.rollback_gates]);
        for gate in conditions.chain(of_steps).flat_map(Condition::gates) {
            assert!(chosen.contains(&measured(gate.metric.id)), "{} in {chosen:?}", gate.id);
        }
        let acting = runbook.steps().filter_map(|(_, step)| Some((&step.id, system(&step.action)?)));
        for (id, system) in acting {
            assert!(chosen.contains(&system), "{id} in {chosen:?}");
        }
        steps.push(runbook.steps().count());
    }
    println!("{} choices, {} to {} steps", steps.len(), steps[0], steps[steps.len() - 1]);
}

#[test]
fn what_is_written_is_readable_and_says_which_secrets_it_asks_for() {
    for chosen in choices() {
        let text = written(&chosen);
        assert!(!text.contains("#?") && !text.contains("{{") && !text.contains("\n\n\n"), "{chosen:?}");
        for line in text.lines().filter(|line| line.trim_start().starts_with('#')) {
            assert!(line.chars().count() <= 120, "{line}");
        }
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
        let plan = plan(&chosen);
        let words = head.iter().flat_map(|line| line.split_whitespace());
        let asked: Vec<&str> = words.filter(|word| word.starts_with("LANDFALL_")).collect();
        for (whose, secret) in plan.secrets() {
            let Secret::Env(name) = secret else { panic!("{whose} is in a file") };
            assert!(asked.contains(&name.as_str()), "{whose}: {name} in {chosen:?}");
        }
        for name in asked {
            let wanted = |s: &Secret| matches!(s, Secret::Env(env) if env == name);
            assert!(plan.secrets().iter().any(|(_, s)| wanted(s)), "{name} in {chosen:?}");
        }
    }
}

#[test]
fn all_of_it_is_the_canonical_runbook() {
    let plan = plan(&systems());
    assert_eq!((plan.sites.source.label.as_str(), plan.sites.target.region.as_str()), ("EUWEST1", "us-east-1"));
    let irreversible: Vec<&str> =
        plan.runbook.steps().filter(|(_, s)| s.irreversible).map(|(_, s)| s.id.as_str()).collect();
    assert_eq!(irreversible, ["no-return"]);
    assert_eq!(plan.runbook.step("no-return").map(|s| s.approvals), Some(2));
    assert!(plan.runbook.step("emergency").is_some_and(|s| s.needs.is_empty()));
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("../snapshots");
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("init_outlook", plan.outlook().join("\n")));
}

#[test]
fn what_is_commented_out_is_part_of_the_plan_once_the_marks_are_taken_away() {
    let text = written(&["mongodb"]);
    let (before, rest) = text.split_once("# [replica_set.canary]").expect("a canary to be asked for");
    let (marked, after) = rest.split_once("\n\n").expect("an end");
    let (plan, report) =
        lines_of("init.toml", &format!("{before}[replica_set.canary]{}\n\n{after}", marked.replace("\n# ", "\n")));
    assert!(report.is_empty(), "{report}");
    let canary = plan.expect("taken").replica_sets[0].canary.clone().expect("asked for");
    assert!(canary.majority && canary.login.is_some());
}

#[test]
fn a_move_to_nowhere_is_refused() {
    let refused = |from, to| init::plan(&["dns"], Regions { from, to }).expect_err("no move").to_string();
    assert_eq!(
        refused("eu-west-1", "eu-west-1"),
        "source and target are both eu-west-1: a plan is about a move from one region to another"
    );
    assert_eq!(refused("eu-west-1a\"", "us-east-1"), "\"eu-west-1a\"\" is not an AWS region such as \"us-east-1\"");
}

fn landfall(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
    for (_, secret) in plan(&systems()).secrets() {
        if let Secret::Env(name) = secret {
            command.env(name, "a secret for this test only");
        }
    }
    command.current_dir(folder).args(arguments).output().expect("it runs")
}

#[test]
fn a_new_file_is_written_whole_and_checked_and_none_is_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let out = landfall(folder.path(), arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (out.status.code(), text(&out.stdout), text(&out.stderr))
    };
    let plan = || std::fs::read_to_string(folder.path().join("plan.toml")).ok();

    let (code, _, detail) = run(&["init", "--dns", "--to", "nowhere", "-o", "plan.toml"]);
    assert_eq!((code, plan()), (Some(2), None));
    assert!(detail.contains("\"nowhere\" is not an AWS region"), "{detail}");

    let (code, detail, _) =
        run(&["init", "--kafka", "--dns", "--from", "eu-west-1", "--to", "us-east-1", "-o", "plan.toml"]);
    assert_eq!((code, plan()), (Some(0), Some(written(&["kafka", "dns"]))));
    assert!(detail.contains("landfall check --offline plan.toml"), "{detail}");

    let (code, _, detail) = run(&["init", "--mongodb", "--output", "plan.toml"]);
    assert_eq!((code, plan()), (Some(2), Some(written(&["kafka", "dns"]))), "it is left as it is");
    assert!(detail.starts_with("error: plan.toml already exists"), "{detail}");

    let (code, detail, wrong) = run(&["check", "--offline", "plan.toml"]);
    assert_eq!(code, Some(0), "{wrong}");
    assert!(detail.contains("a plan without faults, no warning"), "{detail}");

    let (code, detail, _) = run(&["init", "--from", "eu-west-1", "--to", "us-east-1"]);
    assert_eq!((code, detail), (Some(0), written(&systems())), "no system named: all of them");
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").filter_map(Result::ok).collect();
    assert_eq!(left.len(), 1, "nothing but the plan: {left:?}");
}
