//! Bad plans with one fault each, and their messages.

use std::{collections::BTreeSet, fs, path::Path};

use landfall::plan::{Code, Faulty, Severity};

use crate::lines_of;

const FOLDER: &str = "tests/bad_plans";

fn snapshots() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("../snapshots/bad_plans");
    settings.set_omit_expression(true);
    settings
}

#[test]
fn every_bad_plan_has_its_own_diagnosis() {
    let mut names: Vec<String> = fs::read_dir(FOLDER)
        .expect("the folder of bad plans")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 100, "only {} bad plans", names.len());
    let mut amiss = Vec::new();
    let mut snapshots_expected = BTreeSet::new();
    for name in names {
        let path = format!("{FOLDER}/{name}");
        let text = fs::read_to_string(&path).expect("a bad plan");
        let (plan, report) = lines_of(&path, &text);
        if report.iter().count() != 1 || plan.is_some() != name.starts_with("warn_") {
            amiss.push(format!("{path} should have one fault, or one warning:\n{report}"));
        }
        let shown = match landfall::systems::load_plan(Path::new(&path)) {
            Ok((_, warnings)) => warnings.to_string(),
            Err(faulty) => faulty.to_string(),
        };
        assert!(!shown.contains("hunter2") && !shown.contains("EXAMPLEKEY"), "a secret is shown:\n{shown}");
        let stem = name.trim_end_matches(".toml").to_owned();
        snapshots().bind(|| insta::assert_snapshot!(stem.clone(), shown));
        snapshots_expected.insert(format!("{stem}.snap"));
    }
    assert!(amiss.is_empty(), "{}", amiss.join("\n\n"));
    let kept: BTreeSet<String> = fs::read_dir("tests/snapshots/bad_plans")
        .expect("the folder of snapshots")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(kept, snapshots_expected, "snapshots without a plan");
}

const FIVE: &str = r#"schema = 1
name = "five faults"
colour = "blue"

[sites.source]
label = "VIR"
region = "us-east-1"

[sites.target]
label = "VIR"
region = "us-west-2"

[[fleet]]
role = "web"
wanted = { source = "3", target = 3 }

[[health]]
name = "errors"
kind = "errors"
unit = "ratio"
volume = "requests"
source = { prometheus = "http://127.0.0.1:9999", expr = "a" }

[intervals]
mongo = 2
"#;

#[test]
fn five_faults_are_told_at_once_in_the_order_of_the_text() {
    let (plan, report) = lines_of("five.toml", FIVE);
    assert!(plan.is_none());
    let found: Vec<(usize, usize, Code)> = report.iter().map(|d| (d.line, d.column, d.code)).collect();
    let expected = [
        (3, 1, Code::UnknownKey),
        (10, 9, Code::SameSides),
        (15, 21, Code::WrongType),
        (21, 10, Code::Dangling),
        (25, 9, Code::Unit),
    ];
    assert_eq!(found, expected, "{report}");
}

#[test]
fn a_syntax_error_hides_no_other_fault_and_brings_no_false_one() {
    let text = FIVE.replace("label = \"VIR\"\nregion = \"us-east-1\"", "label = \"VIR\nregion = \"us-east-1\"");
    let (_, report) = lines_of("broken.toml", &text);
    let found: Vec<(usize, Code)> = report.iter().map(|d| (d.line, d.code)).collect();
    let expected = [(3, Code::UnknownKey), (6, Code::Syntax), (15, Code::WrongType), (25, Code::Unit)];
    assert_eq!(found, expected, "{report}");
}

#[test]
fn colour_is_only_there_when_asked_for() {
    let (_, report) = lines_of("five.toml", FIVE);
    assert!(!report.render(false).contains('\u{1b}'));
    assert!(report.render(true).contains('\u{1b}'));
    assert!(report.render(false).contains("--> five.toml:15:21"), "{report}");
}

#[test]
fn columns_count_characters_not_bytes() {
    let text = FIVE.replace("role = \"web\"\nwanted = {", "role = \"web\"\nwanted = { \"ü\" = 1,");
    let (_, report) = lines_of("five.toml", &text);
    let at: Vec<usize> = report.iter().filter(|d| d.line == 15).map(|d| d.column).collect();
    assert_eq!(at, [12, 30], "{report}");
}

#[test]
fn what_cannot_be_read_is_told_with_what_to_do() {
    let load = |path: &Path| match landfall::systems::load_plan(path) {
        Err(faulty @ Faulty::Unread { .. }) => faulty.render(false),
        other => panic!("{other:?}"),
    };
    let absent = load(Path::new("tests/no-such-plan.toml"));
    assert!(absent.contains("tests/no-such-plan.toml") && absent.contains("current directory"), "{absent}");
    let folder = load(Path::new("tests"));
    assert!(folder.contains("not its folder"), "{folder}");
    let latin = tempfile::NamedTempFile::new().expect("a file");
    fs::write(latin.path(), b"name = \"M\xfcnchen\"").expect("written");
    let shown = load(latin.path());
    assert!(shown.contains("UTF-8"), "{shown}");
}

#[test]
fn a_secret_is_in_nothing_that_a_report_shows() {
    let text = fs::read_to_string(format!("{FOLDER}/uri_with_password.toml")).expect("a bad plan");
    let (_, report) = lines_of("p.toml", &text);
    assert_eq!(report.count(Severity::Error), 1);
    assert!(text.contains("hunter2"));
    assert!(!format!("{report:?}{report}").contains("hunter2"));
}
