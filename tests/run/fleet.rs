//! A simulated fleet: its display while it is healthy, and while nothing can be queried.

use std::{path::Path, sync::Arc, time::Duration};

use landfall::{
    base::{now::Now, observed::FaultKind, signal::Sample},
    drive::sim::{SimDrive, Trouble},
    engine::snapshot::{DetailKey, Wanted},
    systems::parse_plan,
};

const ROLES: &str = r#"
schema = 1
name = "test"
[sites.source]
label = "VIR"
region = "us-east-1"
[sites.target]
label = "ORE"
region = "us-west-2"
[[fleet]]
role = "web"
wanted = { source = 2, target = 4 }
target_groups = { target = ["web-tgt"] }
auto_scaling_groups = { target = ["web-asg"] }
[[fleet]]
role = "db"
wanted = { source = 1, target = 1 }
"#;

fn drive(text: &str) -> SimDrive {
    let (plan, _) = parse_plan(Path::new("test.toml"), text).unwrap_or_else(|faulty| panic!("{faulty}"));
    let boot = Duration::from_secs(1000);
    SimDrive::new(Arc::new(plan), 7, Now { boot, wall: jiff::Timestamp::UNIX_EPOCH + boot })
}

#[test]
fn every_signal_of_a_source_in_trouble_is_not_live() {
    let thousand = ROLES.replace("target = 4", "target = 400").replace("source = 2", "source = 600");
    let mut drive = drive(&thousand);
    drive.run_for(Duration::from_secs(120));
    let fleet = |drive: &SimDrive| -> Vec<Sample> {
        drive.signals().into_iter().filter(|s| s.def.id.starts_with("fleet.")).collect()
    };
    let before = fleet(&drive);
    assert!(before.iter().all(|s| s.value.is_fresh()), "{before:#?}");
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
    let thousand = ROLES.replace("target = 4", "target = 400").replace("source = 2", "source = 600");
    let mut drive = drive(&thousand);
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
    let state = DetailKey { panel: "ec2".into(), table: "instances".into(), row: some };
    let wanted = Wanted { details: [state.clone()].into(), ..Wanted::default() };
    let details = drive.snapshot_with(&wanted).details;
    assert_eq!(details.iter().map(|(key, _)| key).collect::<Vec<_>>(), [&state]);
}
