//! The rollback when no server can be queried, and the same word for a step's state everywhere.

use std::{fs, path::PathBuf, time::Duration};

use landfall::{
    base::step::{StepState, Way},
    drive::sim::Trouble,
    engine::run::Order,
    journal::{chain, export, way_back::WayBack},
    report::{self, Outcome},
    systems::{Body, Entry},
};

use crate::stage::{Stage, set_weights, steps, written};

fn known(entries: &[Entry]) -> Vec<(String, Vec<String>)> {
    WayBack::of(entries).known().map(|known| (known.step.clone(), known.commands.clone())).collect()
}

fn ids(known: &[(String, Vec<String>)]) -> Vec<&str> {
    known.iter().map(|(step, _)| step.as_str()).collect()
}

#[test]
fn the_journal_has_the_commands_of_the_way_back_of_what_stands() {
    let mut stage = Stage::new(steps(), 7);
    assert_eq!(known(&stage.entries()), []);
    for id in ["dns-1", "orders", "dns-50"] {
        stage.carry_out(id);
    }
    let all = known(&stage.entries());
    assert_eq!(ids(&all), ["dns-50", "orders", "dns-1"], "the last one first");
    assert!(all.iter().all(|(_, commands)| !commands.is_empty()));
    // The preview now uses newer data than what was computed before the step started.
    stage.drive.order(Order::RollBack("dns-50".into()));
    let preview = stage.step("dns-50").preview.expect("a preview");
    let shown: Vec<String> = preview.ops.iter().map(|op| op.command.clone()).filter(|c| !c.is_empty()).collect();
    assert_eq!(known(&stage.entries())[0].1, shown);
    assert_eq!(stage.execute("dns-50"), None);
    stage.until("dns-50", 900, |s| s.state == StepState::RolledBack);
    assert_eq!(ids(&known(&stage.entries())), ["orders", "dns-1"]);
    let text = WayBack::of(&stage.entries()).describe();
    for (_, commands) in known(&stage.entries()) {
        assert!(commands.iter().all(|command| text.lines().any(|line| line == command)), "{text}");
    }
    // Also in the report.
    let page = report::html(&report::story(&stage.entries(), 0, None).expect("a story"));
    assert!(page.contains("Rollback") && page.contains("change-resource-record-sets"));
}

#[test]
fn the_last_commands_are_shown_when_nothing_better_is_known() {
    let mut stage = Stage::new(steps(), 7);
    stage.carry_out("dns-1");
    stage.drive.order(Order::RollBack("dns-1".into()));
    let preview = stage.step("dns-1").preview.expect("a preview");
    let shown: Vec<String> = preview.ops.iter().map(|op| op.command.clone()).filter(|c| !c.is_empty()).collect();
    stage.drive.order(Order::Cancel("dns-1".into()));
    // Another console, which has not queried anything yet.
    stage.restart();
    stage.drive.order(Order::RollBack("dns-1".into()));
    let preview = stage.step("dns-1").preview.expect("words at least");
    assert!(!preview.faults.is_empty() && preview.digest.is_none(), "{preview:?}");
    assert_eq!(preview.inverse, shown);
    assert!(preview.notes.iter().any(|note| note.contains("the last preview")), "{:?}", preview.notes);
}

#[test]
fn journals_of_before_have_a_way_back_too() {
    for version in ["v1", "v2"] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/run/{version}.journal"));
        let (entries, _) =
            chain::read::<landfall::systems::Call, landfall::systems::Version>(&fs::read(path).expect("the fixture"))
                .expect("whole");
        let all = known(&entries);
        assert_eq!(ids(&all), ["lost", "orders", "dns-1"], "{version}");
        assert!(all.iter().all(|(_, commands)| !commands.is_empty()), "{version}");
    }
}

#[test]
fn an_attempt_that_was_taken_back_while_it_baked_did_not_come_to_done() {
    let mut all = steps();
    all.truncate(1);
    all[0].bake = Duration::from_secs(600);
    let mut stage = Stage::new(all, 7);
    stage.until("dns-1", 60, |s| s.state == StepState::Ready);
    assert_eq!(stage.execute("dns-1"), None);
    stage.until("dns-1", 300, |s| s.state == StepState::Baking);
    let baking = stage.step("dns-1").word;
    stage.drive.order(Order::RollBack("dns-1".into()));
    assert_eq!(stage.execute("dns-1"), None);
    stage.until("dns-1", 900, |s| s.state == StepState::RolledBack);
    let back = stage.step("dns-1").word;
    stage.drive.order(Order::Again("dns-1".into()));
    stage.carry_out("dns-1");
    let story = report::story(&stage.entries(), 0, None).expect("a story");
    let transition: Vec<(Way, Outcome)> = story.steps[0].attempts.iter().map(|it| (it.way, it.outcome())).collect();
    assert_eq!(
        transition,
        [
            (Way::Forward, Outcome::Left(StepState::Baking)),
            (Way::Back, Outcome::Over(StepState::RolledBack)),
            (Way::Forward, Outcome::Over(StepState::Done)),
        ]
    );
    // One word for one state: timeline and report use the word on screen.
    let (timeline, report) = (export::markdown(&stage.entries()), report::markdown(&story));
    for word in [baking, back, stage.step("dns-1").word] {
        assert!(timeline.contains(&format!("| dns-1 | {word} |")), "{word}: {timeline}");
    }
    assert!(report.contains(&format!("{baking}, then")) && report.contains(&format!("| {back} |")), "{report}");
}

#[test]
fn a_way_back_that_is_given_up_leaves_what_was_under_way_under_way() {
    let mut all = steps();
    all.truncate(1);
    all[0].bake = Duration::from_secs(600);
    let mut stage = Stage::new(all, 7);
    stage.until("dns-1", 60, |s| s.state == StepState::Ready);
    assert_eq!(stage.execute("dns-1"), None);
    stage.until("dns-1", 300, |s| s.state == StepState::Baking);
    stage.pass(300_000);
    stage.drive.order(Order::RollBack("dns-1".into()));
    stage.pass(30_000);
    stage.drive.order(Order::Cancel("dns-1".into()));
    // Nothing was rolled back: it goes on baking, and the time that passed counts.
    stage.until("dns-1", 5, |s| s.state == StepState::Baking);
    let left = stage.step("dns-1").waits.expect("it bakes");
    assert!((Duration::from_secs(240)..Duration::from_secs(275)).contains(&left), "{left:?}");
    stage.until("dns-1", 280, |s| s.state == StepState::Done);
    let story = report::story(&stage.entries(), 0, None).expect("a story");
    assert_eq!(story.steps[0].attempts.last().map(|it| it.outcome()), Some(Outcome::Over(StepState::Done)));
}

#[test]
fn a_bake_that_breaks_while_its_rollback_is_considered_begins_anew() {
    let verify = r#"verify = [{ metric = "dns.name.configured_share", where = { name = "www.example.test.", type = "A", side = "target" }, op = "==", value = "50%" }]"#;
    let of = written("name", &set_weights(50, 50), &format!("settle = \"0s\"\nbake = \"600s\"\n{verify}"));
    let mut stage = Stage::with("[gate_defaults]\nfor = \"0s\"\nmin_samples = 1\n", &[of], 7);
    stage.until("name", 60, |s| s.state == StepState::Ready);
    assert_eq!(stage.execute("name"), None);
    stage.until("name", 300, |s| s.state == StepState::Baking);
    stage.pass(300_000);
    stage.drive.order(Order::RollBack("name".into()));
    // Nobody can read the records for a while: what is not known is not baked.
    stage.drive.trouble("route53/", Some(Trouble::Silent));
    stage.pass(120_000);
    stage.drive.trouble("route53/", None);
    stage.pass(30_000);
    stage.drive.order(Order::Cancel("name".into()));
    stage.until("name", 60, |s| s.state == StepState::Baking);
    let left = stage.step("name").waits.expect("it bakes");
    assert!(left > Duration::from_secs(590), "{left:?}");
}

#[test]
fn readings_that_nothing_is_told_of_are_not_kept_and_the_story_is_the_same() {
    let mut stage = Stage::new(steps(), 7);
    stage.pass(400_000);
    stage.carry_out("dns-1");
    stage.pass(700_000);
    let entries = stage.entries();
    let mut gathered = report::Gathered::default();
    entries.iter().for_each(|entry| gathered.take(entry.clone()));
    let text = gathered.finish(0, None).expect("a story");
    let whole = report::story(&entries, 0, None).expect("a story");
    assert!(entries.iter().any(|e| matches!(e.body, Body::Readings { .. })));
    assert_eq!(report::html(&text), report::html(&whole));
}
