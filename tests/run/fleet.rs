//! A simulated fleet: its display while it is healthy, and while nothing can be queried.

use std::{sync::Arc, time::Duration};

use landfall::{
    base::{observed::FaultKind, signal::Sample},
    drive::sim::{SimDrive, Trouble},
    engine::snapshot::{DetailKey, Wanted},
};

use crate::stage::{HEAD, parsed, start};

/// A thousand instances that serve by a target group on the target, and two that serve by their checks.
const ROLES: &str = r#"
[[fleet]]
role = "web"
wanted = { source = 600, target = 400 }
target_groups = { target = ["web-tgt"] }
auto_scaling_groups = { target = ["web-asg"] }
[[fleet]]
role = "db"
wanted = { source = 1, target = 1 }
"#;

fn drive() -> SimDrive {
    SimDrive::new(Arc::new(parsed(&format!("{HEAD}{ROLES}"))), 7, start())
}

#[test]
fn every_signal_of_a_source_in_trouble_is_not_live() {
    let mut drive = drive();
    drive.run_for(Duration::from_secs(120));
    let fleet = |drive: &SimDrive| -> Vec<Sample> {
        drive.signals().into_iter().filter(|s| s.def.id.starts_with("fleet.")).collect()
    };
    let before = fleet(&drive);
    assert!(before.len() > 20 && before.iter().all(|s| s.value.is_fresh()), "{before:#?}");
    for trouble in [Trouble::Fails(FaultKind::Refused), Trouble::Fails(FaultKind::Empty), Trouble::Hangs] {
        drive.trouble("ec2/", Some(trouble));
        drive.run_for(Duration::from_secs(60));
        let sick = fleet(&drive);
        assert_eq!(sick.len(), before.len());
        assert!(sick.iter().all(|s| !s.value.is_fresh()), "{trouble:?}: {sick:#?}");
        drive.trouble("ec2/", None);
        drive.run_for(Duration::from_secs(60));
        assert!(fleet(&drive).iter().all(|s| s.value.is_fresh()), "heals by itself after {trouble:?}");
    }
}

#[test]
fn the_imitated_target_fills_up_and_shows_it() {
    let mut drive = drive();
    let mut serving = Vec::new();
    for _ in 0..3 {
        drive.run_for(Duration::from_secs(300));
        let samples = drive.signals();
        let web = |s: &&Sample| s.def.id == "fleet.role.in_service" && *s.labels == ["web", "target"];
        serving.push(samples.iter().find(web).and_then(|s| s.value.clone().fresh()).unwrap());
    }
    assert!(serving.is_sorted() && serving[0] < serving[2], "{serving:?}");
    let snapshot = drive.snapshot();
    let panel = snapshot.panels.iter().find(|p| p.id == "ec2").unwrap();
    let table = |id: &str| panel.tables.iter().find(|t| t.id == id).unwrap();
    assert!(table("instances").rows.len() > 900);
    assert_eq!(table("roles").rows.len(), 2);
    assert_eq!(table("zones").rows.len(), 6, "two roles in three zones");
    for table in &panel.tables {
        for row in table.rows.iter() {
            assert_eq!(row.cells.len(), table.columns.len(), "{} {}", table.id, row.id);
        }
    }
    let some = table("instances").rows[0].id.clone();
    let state = DetailKey { panel: "ec2".into(), table: "instances".into(), row: some.to_string() };
    let wanted = Wanted { details: [state.clone()].into(), ..Wanted::default() };
    let details = drive.snapshot_with(&wanted).details;
    assert_eq!(details.iter().map(|(key, _)| key).collect::<Vec<_>>(), [&state]);
}
