//! What counts as in service, and what cannot be counted.

use super::*;

#[test]
fn checks_count_only_after_two_good_reads_in_a_row() {
    let mut fleet = Fleet::new();
    let ok = |fleet: &Fleet, s| fleet.signal("fleet.role.checks_ok", &["db", "source"], s);
    fleet.put(Side::Source, 0, Observation::Instances(vec![instance("i-1", 1, "a")]));
    fleet.status(Side::Source, 0, &[("i-1", Check::Ok)]);
    assert_eq!(ok(&fleet, 0), Observed::Pending, "one read is none, and none is not zero");
    fleet.status(Side::Source, 15, &[("i-1", Check::Ok)]);
    assert_eq!(ok(&fleet, 15).fresh(), Some(1.0));
    fleet.status(Side::Source, 30, &[("i-1", Check::Impaired)]);
    assert_eq!(ok(&fleet, 30).fresh(), Some(0.0), "one bad read is enough");
    fleet.status(Side::Source, 40, &[("i-1", Check::Ok)]);
    assert_eq!(ok(&fleet, 40).fresh(), Some(0.0));
}

#[test]
fn one_that_comes_on_two_pages_does_not_stand_for_one_that_is_not_there() {
    let mut fleet = Fleet::new();
    fleet.put(Side::Source, 0, Observation::Instances(vec![instance("i-1", 1, "a"), instance("i-2", 1, "a")]));
    let ok = |fleet: &Fleet, second| fleet.signal("fleet.role.in_service", &["db", "source"], second).fresh();
    for second in [1, 2, 3] {
        fleet.status(Side::Source, second, &[("i-1", Check::Ok), ("i-2", Check::Ok)]);
    }
    assert_eq!(ok(&fleet, 3), Some(2.0));
    fleet.status(Side::Source, 4, &[("i-1", Check::Impaired), ("i-1", Check::Ok)]);
    assert_eq!(ok(&fleet, 4), Some(1.0), "of the two the later one, and none of the other");
    fleet.status(Side::Source, 5, &[("i-1", Check::Ok), ("i-1", Check::Ok)]);
    assert_eq!(ok(&fleet, 5), Some(1.0));
}

#[test]
fn absent_from_status_is_not_ok() {
    let mut fleet = Fleet::new();
    fleet.put(Side::Source, 0, Observation::Instances(vec![instance("i-1", 1, "a"), instance("i-2", 1, "a")]));
    for s in [0, 15] {
        fleet.status(Side::Source, s, &[("i-1", Check::Ok)]);
    }
    assert_eq!(fleet.live("fleet.role.checks_ok", &["db", "source"], 15), Some(1.0));
    assert_eq!(fleet.live("fleet.role.in_service", &["db", "source"], 15), Some(1.0));
}

#[test]
fn a_region_without_any_instance_is_empty_and_not_zero() {
    let plan = plan();
    let question = ask(Side::Target, Question::Instances);
    let fault =
        Observation::Instances(Vec::new()).checked(&plan, question).expect_err("the plan wants instances there");
    assert_eq!(fault.kind, FaultKind::Empty);
    let mut fleet = Fleet::new();
    fleet.put(Side::Target, 0, Observation::Instances(vec![instance("i-1", 0, "a")]));
    assert_eq!(
        fleet.live("fleet.role.running", &["db", "target"], 0),
        Some(0.0),
        "another role's instances prove the region"
    );
    fleet.0.fail(&question, &fault, at(15));
    assert!(!fleet.signal("fleet.role.running", &["web", "target"], 15).is_fresh());
    assert_eq!(Fleet::new().signal("fleet.role.running", &["web", "target"], 0), Observed::Pending);
}

#[test]
fn an_empty_region_is_right_where_the_plan_wants_nothing() {
    let plan = played::plan(&ROLES.replace("source = 2", "source = 0").replace("source = 1", "source = 0"));
    assert!(Observation::Instances(Vec::new()).checked(&plan, ask(Side::Source, Question::Instances)).is_ok());
    assert!(Observation::Instances(Vec::new()).checked(&plan, ask(Side::Target, Question::Instances)).is_err());
}

#[test]
fn a_target_group_shows_who_serves_by_id_or_by_address() {
    let mut fleet = Fleet::new();
    let mut stopping = instance("i-stop", 0, "a");
    stopping.state = InstanceState::ShuttingDown;
    let rows = vec![instance("i-1", 0, "a"), instance("i-long-name", 0, "b"), instance("i-22", 0, "c"), stopping];
    fleet.put(Side::Target, 0, Observation::Instances(rows));
    fleet.targets(
        0,
        Some(&[
            ("i-1", TargetHealth::Healthy),
            ("10.0.0.11", TargetHealth::Healthy),
            ("i-22", TargetHealth::Initial),
            ("i-stop", TargetHealth::Healthy),
            ("i-elsewhere", TargetHealth::Healthy),
        ]),
    );
    assert_eq!(fleet.live("fleet.role.in_service", &["web", "target"], 0), Some(2.0));
    assert_eq!(fleet.live("fleet.role.ready_ratio", &["web", "target"], 0), Some(0.5));
}

#[test]
fn a_group_that_is_missing_blinds_its_role_and_no_other() {
    let mut fleet = Fleet::new();
    fleet.put(Side::Target, 0, Observation::Instances(vec![instance("i-1", 0, "a"), instance("i-2", 1, "a")]));
    for s in [0, 15] {
        fleet.status(Side::Target, s, &[("i-1", Check::Ok), ("i-2", Check::Ok)]);
    }
    fleet.targets(15, None);
    let web = fleet.signal("fleet.role.in_service", &["web", "target"], 15);
    assert!(
        matches!(&web, Observed::Unknown(f) if f.kind == FaultKind::NotFound && f.text.raw().contains("web-tgt")),
        "{web:?}"
    );
    assert_eq!(fleet.live("fleet.role.in_service", &["db", "target"], 15), Some(1.0));
    assert!(!fleet.signal("fleet.ready", &[], 15).is_fresh(), "the role that is not known may be the worst");
}

#[test]
fn a_target_group_that_no_instance_can_be_in_says_why_instead_of_zero() {
    for (kind, why) in [
        (TargetKind::Function, "its target is a Lambda function"),
        (TargetKind::Balancer, "its target is a load balancer"),
    ] {
        let mut fleet = Fleet::new();
        fleet.put(Side::Target, 0, Observation::Instances(vec![instance("i-1", 0, "a")]));
        let target =
            Target { id: "arn:aws:lambda:us-west-2:1:function:f".into(), port: None, health: TargetHealth::Healthy };
        let group = TargetGroup { named: "web-tgt".into(), kind, targets: Some(vec![target]) };
        fleet.put(Side::Target, 0, Observation::Targets(vec![group]));
        for id in ["fleet.role.in_service", "fleet.role.ready_ratio"] {
            let web = fleet.signal(id, &["web", "target"], 0);
            assert!(
                matches!(&web, Observed::Unknown(f) if f.text.raw().contains("web-tgt") && f.text.raw().contains(why)),
                "{id}: {web:?}"
            );
        }
    }
}

#[test]
fn ready_is_the_worst_role_and_not_the_mean() {
    let mut fleet = Fleet::new();
    let web = (0..4).map(|n| instance(&format!("i-{n}"), 0, "a"));
    fleet.put(Side::Target, 0, Observation::Instances(web.chain([instance("i-db", 1, "a")]).collect()));
    fleet.targets(15, Some(&[("i-0", TargetHealth::Healthy)]));
    for s in [0, 15] {
        fleet.status(Side::Target, s, &[("i-db", Check::Ok)]);
    }
    assert_eq!(fleet.live("fleet.ready", &[], 15), Some(0.25));
    let tile = &fleet.0.tiles(at(15))[0];
    assert_eq!(tile.value.text, "25 %");
    assert!(tile.note.starts_with("web: 1 of 4"), "{}", tile.note);
}

/// A second role that selects by another tag, for the same instances.
const EVERYTHING: &str = r#"
[[fleet]]
role = "everything"
tag = "env"
value = "prod"
wanted = { source = 3, target = 3 }
"#;

#[test]
fn an_instance_that_two_roles_select_is_counted_in_both_and_once_in_the_whole() {
    let plan = played::plan(&format!("{ROLES}{EVERYTHING}"));
    let mut fleet = Fleet(State::new(&plan).0);
    let of = |id: &str, role| Instance { roles: [role].into(), ..instance(id, role, "a") };
    // In the order of arrival: stream by stream, and one of them on two pages of the same stream.
    let rows = vec![of("i-1", 1), of("i-2", 1), of("i-2", 1), of("i-3", 2), of("i-2", 2), of("i-1", 2)];
    fleet.put(Side::Source, 0, Observation::Instances(rows));
    for s in [0, 15] {
        fleet.status(Side::Source, s, &[("i-1", Check::Ok), ("i-2", Check::Ok), ("i-3", Check::Ok)]);
    }
    assert_eq!(fleet.live("fleet.role.running", &["db", "source"], 15), Some(2.0));
    assert_eq!(fleet.live("fleet.role.running", &["everything", "source"], 15), Some(3.0));
    assert_eq!(fleet.live("fleet.role.in_service", &["db", "source"], 15), Some(2.0));
    assert_eq!(fleet.live("fleet.role.in_service", &["everything", "source"], 15), Some(3.0));
    assert_eq!(fleet.live("fleet.site.instances", &["source"], 15), Some(3.0), "three there are");
    let panel = fleet.0.panel(at(15));
    let rows = &panel.tables.iter().find(|t| t.id == "instances").expect("a table").rows;
    let shown: Vec<_> = rows.iter().map(|r| (r.id.as_str(), r.cells[1].text.as_ref())).collect();
    assert_eq!(shown, [("i-1", "db everything"), ("i-2", "db everything"), ("i-3", "everything")]);
}

#[test]
fn a_group_that_two_roles_name_counts_for_both_and_is_one_row() {
    let two =
        ROLES.replace("role = \"db\"", "role = \"all\"\nvalue = \"web\"\ntarget_groups = { target = [\"web-tgt\"] }");
    let mut fleet = Fleet(State::new(&played::plan(&two)).0);
    let row = |id: &str| Instance { roles: [0, 1].into(), ..instance(id, 0, "a") };
    fleet.put(Side::Target, 0, Observation::Instances(vec![row("i-1"), row("i-2")]));
    fleet.targets(0, Some(&[("i-1", TargetHealth::Healthy), ("i-2", TargetHealth::Healthy)]));
    for role in ["web", "all"] {
        assert_eq!(fleet.live("fleet.role.in_service", &[role, "target"], 0), Some(2.0), "{role}");
    }
    let panel = fleet.0.panel(at(0));
    let rows = &panel.tables.iter().find(|t| t.id == "targets").expect("a table").rows;
    let shown: Vec<_> = rows.iter().map(|r| (r.id.as_str(), r.cells[1].text.as_ref())).collect();
    assert_eq!(shown, [("target/web-tgt", "web all")]);
}

#[test]
fn unknown_vcpus_of_one_make_the_sum_no_reading() {
    let mut fleet = Fleet::new();
    let unknown = Instance { vcpus: None, ..instance("i-2", 1, "a") };
    fleet.put(Side::Source, 0, Observation::Instances(vec![instance("i-1", 1, "a"), unknown]));
    assert!(matches!(fleet.signal("fleet.role.vcpus", &["db", "source"], 0), Observed::Unknown(_)));
    assert_eq!(fleet.live("fleet.role.running", &["db", "source"], 0), Some(2.0));
}

#[test]
fn zones_that_a_group_launches_in_are_missed_when_nothing_serves_there() {
    let mut fleet = Fleet::new();
    fleet.put(Side::Target, 0, Observation::Instances(vec![instance("i-1", 0, "a"), instance("i-2", 0, "b")]));
    fleet.targets(0, Some(&[("i-1", TargetHealth::Healthy)]));
    assert_eq!(
        fleet.signal("fleet.role.zones_empty", &["web", "target"], 0),
        Observed::Pending,
        "the group is not read yet"
    );
    let group = Group {
        name: "web-asg".into(),
        desired: 4,
        min: 0,
        max: 8,
        zones: vec!["a".into(), "b".into(), "c".into()],
        suspended: Vec::new(),
        members: Vec::new(),
    };
    fleet.put(Side::Target, 0, Observation::Groups(vec![group]));
    assert_eq!(
        fleet.live("fleet.role.zones_empty", &["web", "target"], 0),
        Some(2.0),
        "b serves nothing, c has nothing"
    );
}
