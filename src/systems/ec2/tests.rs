//! The fleet without a server: what is counted, what cannot be counted, and what is never reported as zero.

mod again;
mod counts;

use std::{sync::Arc, time::Duration};

use super::{
    Observation, Query, Question, State,
    facts::{
        Check, Group, Image, Images, Instance, InstanceState, LINEAGE, Status, Target, TargetGroup, TargetHealth,
        TargetKind, asked,
    },
    standing::Standing,
};
use crate::{System, planner::played};
use base::{
    now::Now,
    observed::{Fault, FaultKind, Freshness, Observed, Stamp},
    side::Side,
    signal::{Sample, Samples},
    view::{Row, Tone},
};
use plan::Plan;

const ROLES: &str = r#"
[[fleet]]
role = "web"
wanted = { source = 2, target = 4 }
target_groups = { target = ["web-tgt"] }
auto_scaling_groups = { target = ["web-asg"] }
[[fleet]]
role = "db"
wanted = { source = 1, target = 1 }
"#;

/// Two roles: `web` serves by a target group on the target, everything else by its checks.
pub(super) fn plan() -> Plan {
    Arc::unwrap_or_clone(played::plan(ROLES))
}

fn at(seconds: u64) -> Now {
    let wall = jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap());
    Now { boot: Duration::from_secs(seconds), wall }
}

fn stamp(seconds: u64) -> Stamp {
    Stamp { at: at(seconds), fresh: Freshness::of_interval(Duration::from_secs(15)) }
}

const fn ask(side: Side, what: Question) -> Query {
    Query { side, what }
}

fn instance(id: &str, role: u16, zone: &str) -> Instance {
    Instance {
        id: id.into(),
        roles: [role].into(),
        zone: zone.into(),
        kind: "m7g.large".into(),
        image: "ami-t".into(),
        address: Some(format!("10.0.0.{}", id.len()).as_str().into()),
        state: InstanceState::Running,
        vcpus: Some(2),
        launched: None,
    }
}

/// A state that takes observations one after the other.
struct Fleet(State);

impl Fleet {
    fn new() -> Self {
        Self(State::new(&Arc::new(plan())).0)
    }

    fn put(&mut self, side: Side, seconds: u64, observation: Observation) -> &mut Self {
        let what = match &observation {
            Observation::Instances(_) => Question::Instances,
            Observation::Status(_) => Question::Status,
            Observation::Images(_) => Question::Images,
            Observation::Targets(_) => Question::Targets,
            Observation::Groups(_) => Question::Groups,
        };
        self.0.apply(&ask(side, what), observation, stamp(seconds));
        self
    }

    fn status(&mut self, side: Side, seconds: u64, checks: &[(&str, Check)]) -> &mut Self {
        let row = |(id, check): &(&str, Check)| Status { id: (*id).into(), check: *check, event: None };
        self.put(side, seconds, Observation::Status(checks.iter().map(row).collect()))
    }

    fn targets(&mut self, seconds: u64, targets: Option<&[(&str, TargetHealth)]>) -> &mut Self {
        let rows = |t: &[(&str, TargetHealth)]| {
            t.iter().map(|(id, h)| Target { id: (*id).into(), port: None, health: *h }).collect()
        };
        let group = TargetGroup { named: "web-tgt".into(), kind: TargetKind::Instance, targets: targets.map(rows) };
        self.put(Side::Target, seconds, Observation::Targets(vec![group]))
    }

    fn signal(&self, id: &str, labels: &[&str], seconds: u64) -> Observed<f64> {
        let mut out = Samples::default();
        self.0.measure(at(seconds), &mut out);
        let found = |s: &Sample| s.def.id == id && *s.labels == *labels;
        out.into_vec().into_iter().find(found).unwrap_or_else(|| panic!("no sample {id} {labels:?}")).value
    }

    fn live(&self, id: &str, labels: &[&str], seconds: u64) -> Option<f64> {
        self.signal(id, labels, seconds).fresh()
    }
}

#[test]
fn lineage_goes_by_the_tag_and_an_image_not_asked_for_is_not_missing() {
    let mut fleet = Fleet::new();
    let source = Instance { image: "ami-s".into(), ..instance("i-s", 1, "a") };
    fleet.put(Side::Source, 0, Observation::Instances(vec![source]));
    fleet.put(Side::Target, 0, Observation::Instances(vec![instance("i-t", 1, "a")]));
    let image = |source: Option<&str>| Image {
        id: "ami-t".into(),
        name: "db".into(),
        state: "available".into(),
        source: source.map(Into::into),
        created: None,
    };
    let mut without = |asked: bool, found: Vec<Image>| {
        let asked = asked.then(|| "ami-t".into()).into_iter().collect();
        fleet.put(Side::Target, 0, Observation::Images(Images { asked, found }));
        fleet.signal("fleet.role.images_without_lineage", &["db"], 0)
    };
    assert_eq!(without(true, vec![image(Some("ami-s"))]).fresh(), Some(0.0));
    assert_eq!(without(true, vec![image(Some("ami-other"))]).fresh(), Some(1.0));
    assert_eq!(without(true, vec![image(None)]).fresh(), Some(1.0), "no tag {LINEAGE}");
    assert_eq!(without(true, Vec::new()).fresh(), Some(1.0), "deregistered");
    assert!(!without(false, Vec::new()).is_fresh(), "not asked for yet");
}

#[test]
fn only_what_the_plan_needs_is_asked() {
    let (_, collectors) = State::new(&Arc::new(plan()));
    let ids: Vec<&str> = collectors.iter().map(|s| s.id.as_str()).collect();
    assert!(ids.contains(&"ec2/target/targets") && ids.contains(&"ec2/target/groups"), "{ids:?}");
    assert!(!ids.contains(&"ec2/source/targets") && !ids.contains(&"ec2/source/groups"), "{ids:?}");
    let nothing = Plan { fleet: Vec::new(), ..plan() };
    assert!(Question::ALL.into_iter().all(|what| !asked(&nothing, ask(Side::Source, what))));
    assert!(State::new(&Arc::new(nothing)).1.is_empty());
}

/// A fleet whose group `web-asg` is asked for `desired`, of which `serving` serve; polled so often.
fn filling(desired: u32, serving: impl Fn(u64) -> usize, polls: u64) -> (Fleet, u64) {
    let mut fleet = Fleet::new();
    for poll in 0..polls {
        let ids: Vec<String> = (0..serving(poll)).map(|n| format!("i-{n}")).collect();
        let healthy: Vec<(&str, TargetHealth)> = ids.iter().map(|id| (id.as_str(), TargetHealth::Healthy)).collect();
        let group = Group {
            name: "web-asg".into(),
            desired,
            min: 0,
            max: 4,
            members: ids.iter().map(|id| (id.as_str().into(), true)).collect(),
            suspended: Vec::new(),
            zones: vec!["a".into()],
        };
        fleet.put(Side::Target, poll * 15, Observation::Groups(vec![group]));
        fleet.targets(poll * 15, Some(&healthy));
        let instances = ids.iter().map(|id| instance(id, 0, "a")).collect();
        fleet.put(Side::Target, poll * 15, Observation::Instances(instances));
    }
    (fleet, (polls - 1) * 15)
}

#[test]
fn what_nobody_has_requested_yet_is_planned_and_what_is_lost_is_not() {
    let tile = |(fleet, seconds): &(Fleet, u64)| {
        let standing = fleet.0.sites.get(Side::Target).standing(0, at(*seconds)).fresh();
        let panel = fleet.0.panel(at(*seconds));
        let row = panel.tables[0].rows.iter().find(|row| row.id == "web").expect("a role").clone();
        let tones: Vec<Tone> = row.cells.iter().map(|cell| cell.tone).collect();
        (standing.expect("a standing"), tones.contains(&Tone::Warn) || tones.contains(&Tone::Bad))
    };
    let planned = filling(0, |_| 0, 6);
    assert_eq!(tile(&planned), (Standing::Planned, false), "nothing was requested");
    assert_eq!(tile(&filling(1, |_| 1, 6)), (Standing::Planned, false), "what was requested is there");
    assert_eq!(tile(&filling(4, |_| 1, 6)), (Standing::Short, true), "more was requested, and nothing comes");
    assert_eq!(tile(&filling(4, |poll| usize::try_from(poll / 2).expect("few"), 6)), (Standing::Filling, false));
    assert_eq!(tile(&filling(4, |_| 4, 6)).0, Standing::Full);
    let lost = filling(0, |poll| if poll < 3 { 2 } else { 0 }, 12);
    assert_eq!(tile(&lost), (Standing::Short, true), "there were more: somebody has removed them");
    // Instances that were launched a moment ago come, and those that are launched again and again do not.
    let launched = |seconds, polls| {
        let (mut fleet, last) = filling(4, |_| 1, polls);
        let old = instance("i-0", 0, "a");
        let young = Instance { launched: Some(at(seconds).wall), ..instance("i-new", 0, "a") };
        fleet.put(Side::Target, last, Observation::Instances(vec![old, young]));
        (fleet, last)
    };
    assert_eq!(tile(&launched(60, 6)), (Standing::Filling, false));
    assert_eq!(tile(&launched(780, 54)), (Standing::Short, true), "for ten minutes nothing came");
    // What is not known is not planned.
    let (fleet, seconds) = planned;
    assert!(!fleet.0.sites.get(Side::Target).standing(0, at(seconds + 600)).is_fresh());
}
