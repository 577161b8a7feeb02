//! The fleet without a server: what may be counted, what may not, and what is never zero.

use std::{path::Path, sync::Arc, time::Duration};

use super::{
    Ask, Facts, Question, State,
    facts::{
        Check, Group, Image, Images, Instance, InstanceState, LINEAGE, Status, Target, TargetGroup, TargetHealth, asked,
    },
};
use crate::{
    core::{
        estate::{
            seen::{Fault, FaultKind, Freshness, Seen, Stamp},
            signal::{Sample, Samples},
        },
        now::Now,
    },
    drive::sim::{SimDrive, Trouble},
    plan::{Plan, Side},
    systems::System,
    view::Tone,
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

/// Two roles: `web` serves by a target group on the target, all else by its checks.
pub(super) fn plan() -> Plan {
    read(ROLES)
}

fn read(text: &str) -> Plan {
    Plan::parse(Path::new("test.toml"), text).unwrap_or_else(|faulty| panic!("{faulty}")).0
}

fn at(seconds: u64) -> Now {
    let wall = jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap());
    Now { boot: Duration::from_secs(seconds), wall }
}

fn stamp(seconds: u64) -> Stamp {
    Stamp { at: at(seconds), fresh: Freshness::of_interval(Duration::from_secs(15)) }
}

const fn ask(side: Side, what: Question) -> Ask {
    Ask { side, what }
}

fn instance(id: &str, role: u16, zone: &str) -> Instance {
    Instance {
        id: id.into(),
        role,
        zone: zone.into(),
        kind: "m7g.large".into(),
        image: "ami-t".into(),
        address: Some(format!("10.0.0.{}", id.len()).as_str().into()),
        state: InstanceState::Running,
        vcpus: Some(2),
        launched: None,
    }
}

/// A state that takes facts one after the other.
struct Fleet(State);

impl Fleet {
    fn new() -> Self {
        Self(State::new(&Arc::new(plan())).0)
    }

    fn put(&mut self, side: Side, seconds: u64, facts: Facts) -> &mut Self {
        let what = match &facts {
            Facts::Instances(_) => Question::Instances,
            Facts::Status(_) => Question::Status,
            Facts::Images(_) => Question::Images,
            Facts::Targets(_) => Question::Targets,
            Facts::Groups(_) => Question::Groups,
        };
        self.0.apply(&ask(side, what), facts, stamp(seconds));
        self
    }

    fn status(&mut self, side: Side, seconds: u64, checks: &[(&str, Check)]) -> &mut Self {
        let row = |(id, check): &(&str, Check)| Status { id: (*id).into(), check: *check, event: None };
        self.put(side, seconds, Facts::Status(checks.iter().map(row).collect()))
    }

    fn targets(&mut self, seconds: u64, targets: Option<&[(&str, TargetHealth)]>) -> &mut Self {
        let rows = |t: &[(&str, TargetHealth)]| t.iter().map(|(id, h)| Target { id: (*id).into(), port: None, health: *h }).collect();
        let group = TargetGroup { named: "web-tgt".into(), by_address: false, targets: targets.map(rows) };
        self.put(Side::Target, seconds, Facts::Targets(vec![group]))
    }

    fn signal(&self, id: &str, labels: &[&str], seconds: u64) -> Seen<f64> {
        let mut out = Samples::default();
        self.0.measure(at(seconds), &mut out);
        let found = |s: &Sample| s.def.id == id && *s.labels == *labels;
        out.into_vec().into_iter().find(found).unwrap_or_else(|| panic!("no sample {id} {labels:?}")).value
    }

    fn live(&self, id: &str, labels: &[&str], seconds: u64) -> Option<f64> {
        self.signal(id, labels, seconds).live()
    }
}

#[test]
fn checks_count_only_after_two_good_reads_in_a_row() {
    let mut fleet = Fleet::new();
    let ok = |fleet: &Fleet, s| fleet.signal("fleet.role.checks_ok", &["db", "source"], s);
    fleet.put(Side::Source, 0, Facts::Instances(vec![instance("i-1", 1, "a")]));
    fleet.status(Side::Source, 0, &[("i-1", Check::Ok)]);
    assert_eq!(ok(&fleet, 0), Seen::Never, "one read is none, and none is not zero");
    fleet.status(Side::Source, 15, &[("i-1", Check::Ok)]);
    assert_eq!(ok(&fleet, 15).live(), Some(1.0));
    fleet.status(Side::Source, 30, &[("i-1", Check::Impaired)]);
    assert_eq!(ok(&fleet, 30).live(), Some(0.0), "one bad read is enough");
    fleet.status(Side::Source, 40, &[("i-1", Check::Ok)]);
    assert_eq!(ok(&fleet, 40).live(), Some(0.0));
}

#[test]
fn one_that_comes_on_two_pages_does_not_stand_for_one_that_is_not_there() {
    let mut fleet = Fleet::new();
    fleet.put(Side::Source, 0, Facts::Instances(vec![instance("i-1", 1, "a"), instance("i-2", 1, "a")]));
    let ok = |fleet: &Fleet, second| fleet.signal("fleet.role.in_service", &["db", "source"], second).live();
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
    fleet.put(Side::Source, 0, Facts::Instances(vec![instance("i-1", 1, "a"), instance("i-2", 1, "a")]));
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
    let fault = Facts::Instances(Vec::new()).checked(&plan, question).expect_err("the plan wants instances there");
    assert_eq!(fault.kind, FaultKind::Empty);
    let mut fleet = Fleet::new();
    fleet.put(Side::Target, 0, Facts::Instances(vec![instance("i-1", 0, "a")]));
    assert_eq!(fleet.live("fleet.role.running", &["db", "target"], 0), Some(0.0), "another role's instances prove the region");
    fleet.0.fail(&question, &fault, at(15));
    assert!(!fleet.signal("fleet.role.running", &["web", "target"], 15).is_live());
    assert_eq!(Fleet::new().signal("fleet.role.running", &["web", "target"], 0), Seen::Never);
}

#[test]
fn an_empty_region_is_right_where_the_plan_wants_nothing() {
    let plan = read(&ROLES.replace("source = 2", "source = 0").replace("source = 1", "source = 0"));
    assert!(Facts::Instances(Vec::new()).checked(&plan, ask(Side::Source, Question::Instances)).is_ok());
    assert!(Facts::Instances(Vec::new()).checked(&plan, ask(Side::Target, Question::Instances)).is_err());
}

#[test]
fn a_target_group_tells_who_serves_by_id_or_by_address() {
    let mut fleet = Fleet::new();
    let mut stopping = instance("i-stop", 0, "a");
    stopping.state = InstanceState::ShuttingDown;
    let rows = vec![instance("i-1", 0, "a"), instance("i-long-name", 0, "b"), instance("i-22", 0, "c"), stopping];
    fleet.put(Side::Target, 0, Facts::Instances(rows));
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
    fleet.put(Side::Target, 0, Facts::Instances(vec![instance("i-1", 0, "a"), instance("i-2", 1, "a")]));
    for s in [0, 15] {
        fleet.status(Side::Target, s, &[("i-1", Check::Ok), ("i-2", Check::Ok)]);
    }
    fleet.targets(15, None);
    let web = fleet.signal("fleet.role.in_service", &["web", "target"], 15);
    assert!(matches!(&web, Seen::Blind(f) if f.kind == FaultKind::NotFound && f.text.contains("web-tgt")), "{web:?}");
    assert_eq!(fleet.live("fleet.role.in_service", &["db", "target"], 15), Some(1.0));
    assert!(!fleet.signal("fleet.ready", &[], 15).is_live(), "the role that is not known may be the worst");
}

#[test]
fn ready_is_the_worst_role_and_not_the_mean() {
    let mut fleet = Fleet::new();
    let web = (0..4).map(|n| instance(&format!("i-{n}"), 0, "a"));
    fleet.put(Side::Target, 0, Facts::Instances(web.chain([instance("i-db", 1, "a")]).collect()));
    fleet.targets(15, Some(&[("i-0", TargetHealth::Healthy)]));
    for s in [0, 15] {
        fleet.status(Side::Target, s, &[("i-db", Check::Ok)]);
    }
    assert_eq!(fleet.live("fleet.ready", &[], 15), Some(0.25));
    let tile = &fleet.0.tiles(at(15))[0];
    assert_eq!(tile.value.text, "25%");
    assert!(tile.note.starts_with("web: 1 of 4"), "{}", tile.note);
}

#[test]
fn unknown_vcpus_of_one_make_the_sum_no_reading() {
    let mut fleet = Fleet::new();
    let unknown = Instance { vcpus: None, ..instance("i-2", 1, "a") };
    fleet.put(Side::Source, 0, Facts::Instances(vec![instance("i-1", 1, "a"), unknown]));
    assert!(matches!(fleet.signal("fleet.role.vcpus", &["db", "source"], 0), Seen::Blind(_)));
    assert_eq!(fleet.live("fleet.role.running", &["db", "source"], 0), Some(2.0));
}

#[test]
fn zones_that_a_group_launches_in_are_missed_when_nothing_serves_there() {
    let mut fleet = Fleet::new();
    fleet.put(Side::Target, 0, Facts::Instances(vec![instance("i-1", 0, "a"), instance("i-2", 0, "b")]));
    fleet.targets(0, Some(&[("i-1", TargetHealth::Healthy)]));
    assert_eq!(fleet.signal("fleet.role.zones_empty", &["web", "target"], 0), Seen::Never, "the group is not read yet");
    let group = Group {
        name: "web-asg".into(),
        desired: 4,
        min: 0,
        max: 8,
        zones: vec!["a".into(), "b".into(), "c".into()],
        suspended: Vec::new(),
        members: Vec::new(),
    };
    fleet.put(Side::Target, 0, Facts::Groups(vec![group]));
    assert_eq!(fleet.live("fleet.role.zones_empty", &["web", "target"], 0), Some(2.0), "b serves nothing, c has nothing");
}

#[test]
fn lineage_goes_by_the_tag_and_an_image_not_asked_for_is_not_missing() {
    let mut fleet = Fleet::new();
    let source = Instance { image: "ami-s".into(), ..instance("i-s", 1, "a") };
    fleet.put(Side::Source, 0, Facts::Instances(vec![source]));
    fleet.put(Side::Target, 0, Facts::Instances(vec![instance("i-t", 1, "a")]));
    let image = |source: Option<&str>| Image {
        id: "ami-t".into(),
        name: "db".into(),
        state: "available".into(),
        source: source.map(Into::into),
        created: None,
    };
    let mut without = |asked: bool, found: Vec<Image>| {
        let asked = asked.then(|| "ami-t".into()).into_iter().collect();
        fleet.put(Side::Target, 0, Facts::Images(Images { asked, found }));
        fleet.signal("fleet.role.images_without_lineage", &["db"], 0)
    };
    assert_eq!(without(true, vec![image(Some("ami-s"))]).live(), Some(0.0));
    assert_eq!(without(true, vec![image(Some("ami-other"))]).live(), Some(1.0));
    assert_eq!(without(true, vec![image(None)]).live(), Some(1.0), "no tag {LINEAGE}");
    assert_eq!(without(true, Vec::new()).live(), Some(1.0), "deregistered");
    assert!(!without(false, Vec::new()).is_live(), "not asked for yet");
}

#[test]
fn only_what_the_plan_needs_is_asked() {
    let (_, sources) = State::new(&Arc::new(plan()));
    let ids: Vec<&str> = sources.iter().map(|s| s.id.as_str()).collect();
    assert!(ids.contains(&"ec2/target/targets") && ids.contains(&"ec2/target/groups"), "{ids:?}");
    assert!(!ids.contains(&"ec2/source/targets") && !ids.contains(&"ec2/source/groups"), "{ids:?}");
    let nothing = Plan { fleet: Vec::new(), ..plan() };
    assert!(Question::ALL.into_iter().all(|what| !asked(&nothing, ask(Side::Source, what))));
    assert!(State::new(&Arc::new(nothing)).1.is_empty());
}

#[test]
fn every_signal_of_a_source_in_trouble_is_not_live() {
    let thousand = ROLES.replace("target = 4", "target = 400").replace("source = 2", "source = 600");
    let mut drive = SimDrive::new(Arc::new(read(&thousand)), 7, at(1000));
    drive.run_for(Duration::from_secs(120));
    let fleet = |drive: &mut SimDrive| -> Vec<Sample> {
        drive.snapshot().samples.into_iter().filter(|s| s.def.id.starts_with("fleet.")).collect()
    };
    let before = fleet(&mut drive);
    assert!(before.iter().all(|s| s.value.is_live()), "{before:#?}");
    for trouble in [Trouble::Fails(FaultKind::Refused), Trouble::Fails(FaultKind::Empty), Trouble::Hangs] {
        drive.trouble("ec2/", Some(trouble));
        drive.run_for(Duration::from_secs(60));
        let sick = fleet(&mut drive);
        assert_eq!(sick.len(), before.len());
        assert!(sick.iter().all(|s| !s.value.is_live()), "{trouble:?}: {sick:#?}");
        drive.trouble("ec2/", None);
        drive.run_for(Duration::from_secs(60));
        assert!(fleet(&mut drive).iter().all(|s| s.value.is_live()), "heals by itself after {trouble:?}");
    }
}

#[test]
fn the_imitated_target_fills_up_and_shows_it() {
    let thousand = ROLES.replace("target = 4", "target = 400").replace("source = 2", "source = 600");
    let mut drive = SimDrive::new(Arc::new(read(&thousand)), 7, at(1000));
    let mut serving = Vec::new();
    for _ in 0..3 {
        drive.run_for(Duration::from_secs(300));
        let samples = drive.snapshot().samples;
        let web = |s: &&Sample| s.def.id == "fleet.role.in_service" && *s.labels == ["web", "target"];
        serving.push(samples.iter().find(web).and_then(|s| s.value.clone().live()).unwrap());
    }
    assert!(serving.is_sorted() && serving[0] < serving[2], "{serving:?}");
    let snapshot = drive.snapshot();
    let panel = snapshot.panels.iter().find(|p| p.id == State::ID).unwrap();
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
    let state = crate::core::snapshot::DetailKey { panel: "ec2".into(), table: "instances".into(), row: some };
    drive.command(crate::core::Command::Open(state));
    assert!(drive.snapshot().detail.is_some());
}

#[test]
fn rows_are_made_anew_only_when_they_would_say_something_else() {
    let mut fleet = Fleet::new();
    fleet.put(Side::Source, 0, Facts::Instances(vec![instance("i-1", 1, "a")]));
    let rows = |fleet: &Fleet, second| {
        let panel = fleet.0.panel(at(second));
        panel.tables.iter().find(|t| t.id == "instances").expect("a table").rows.clone()
    };
    let first = rows(&fleet, 1);
    assert!(Arc::ptr_eq(&first, &rows(&fleet, 2)), "a second later they say the same");
    assert!(!Arc::ptr_eq(&first, &rows(&fleet, 12)), "since when it is what it is moves on");
    let before = rows(&fleet, 12);
    fleet.put(Side::Source, 13, Facts::Instances(vec![instance("i-1", 1, "a"), instance("i-2", 1, "a")]));
    assert_eq!((before.len(), rows(&fleet, 13).len()), (1, 2), "another answer");
    let live = rows(&fleet, 14);
    fleet.0.fail(&ask(Side::Source, Question::Instances), &Fault::new(FaultKind::Throttled, "slow down"), at(14));
    assert_eq!((live[0].cells[0].tone, rows(&fleet, 14)[0].cells[0].tone), (Tone::Plain, Tone::Stale), "a failure");
    // By silence alone, within the same ten seconds.
    let mut fleet = Fleet::new();
    fleet.put(Side::Source, 0, Facts::Instances(vec![instance("i-1", 1, "a")]));
    let tones: Vec<Tone> = (0..120).filter_map(|s| Some(rows(&fleet, s).first()?.cells[0].tone)).collect();
    let fresh: Vec<Tone> = (0..120)
        .filter_map(|s| {
            let mut fleet = Fleet::new();
            fleet.put(Side::Source, 0, Facts::Instances(vec![instance("i-1", 1, "a")]));
            Some(rows(&fleet, s).first()?.cells[0].tone)
        })
        .collect();
    assert_eq!(tones, fresh, "never live for longer than if they were made each second");
    assert!(tones.contains(&Tone::Stale));
}

#[test]
fn what_says_the_same_is_not_counted_anew_and_a_change_after_it_is_one() {
    let mut fleet = Fleet::new();
    let mut heard = Vec::new();
    for second in (0..150).step_by(15) {
        fleet.put(Side::Source, second, Facts::Instances(vec![instance("i-1", 1, "a")]));
        fleet.status(Side::Source, second + 1, &[("i-1", Check::Ok)]);
        heard.push(fleet.0.heard);
        let running = fleet.signal("fleet.role.running", &["db", "source"], second + 2);
        assert_eq!(running.live(), Some(1.0), "as fresh as the answer, whatever it says");
    }
    assert_eq!(heard[1..], vec![heard[1]; heard.len() - 1], "its checks are good twice in a row, and then the same again and again");
    let life = |fleet: &Fleet| fleet.0.sites.get(Side::Source).lives.get("i-1").expect("it was seen").changes.clone();
    assert_eq!(life(&fleet), []);
    let stopped = Instance { state: InstanceState::Stopped, ..instance("i-1", 1, "a") };
    fleet.put(Side::Source, 150, Facts::Instances(vec![stopped.clone()]));
    assert_eq!(life(&fleet), [(at(150), super::life::Phase::Stopped)]);
    // What counts from a moment on is told in coarser steps the longer ago it was.
    let mut since = |second| {
        fleet.put(Side::Source, second, Facts::Instances(vec![stopped.clone()]));
        let panel = fleet.0.panel(at(second));
        let rows = panel.tables.iter().find(|t| t.id == "instances").expect("a table").rows.clone();
        rows[0].cells[9].text.to_string()
    };
    assert_ne!(since(160), since(170));
    let mut told = |from: u64| (from..from + 60).map(&mut since).collect::<std::collections::BTreeSet<_>>().len();
    let (soon, late) = (told(300), told(900));
    assert!(soon >= 6 && late <= 2, "{soon} and {late}");
}

#[test]
fn a_failure_leaves_the_last_value_stale_then_blind() {
    let mut fleet = Fleet::new();
    fleet.put(Side::Source, 0, Facts::Instances(vec![instance("i-1", 1, "a")]));
    fleet.0.fail(&ask(Side::Source, Question::Instances), &Fault::new(FaultKind::Throttled, "slow down"), at(5));
    let running = |s| fleet.signal("fleet.role.running", &["db", "source"], s);
    assert!(matches!(running(5), Seen::Stale(1.0, _)));
    assert!(matches!(running(120), Seen::Blind(f) if f.kind == FaultKind::Throttled));
}
