//! What is computed again when an observation comes, and what a missing one leaves.

use super::*;
use crate::ec2::life::Phase;

#[test]
fn rows_are_made_anew_only_when_they_would_say_something_else() {
    let mut fleet = Fleet::new();
    fleet.put(Side::Source, 0, Observation::Instances(vec![instance("i-1", 1, "a")]));
    let rows = |fleet: &Fleet, second| {
        let panel = fleet.0.panel(at(second));
        panel.tables.iter().find(|t| t.id == "instances").expect("a table").rows.clone()
    };
    let first = rows(&fleet, 1);
    assert!(Arc::ptr_eq(&first, &rows(&fleet, 2)), "a second later they say the same");
    assert!(!Arc::ptr_eq(&first, &rows(&fleet, 12)), "since when it is what it is moves on");
    let before = rows(&fleet, 12);
    fleet.put(Side::Source, 13, Observation::Instances(vec![instance("i-1", 1, "a"), instance("i-2", 1, "a")]));
    assert_eq!((before.len(), rows(&fleet, 13).len()), (1, 2), "another answer");
    let live = rows(&fleet, 14);
    fleet.0.fail(&ask(Side::Source, Question::Instances), &Fault::new(FaultKind::Throttled, "slow down"), at(14));
    assert_eq!((live[0].cells[0].tone, rows(&fleet, 14)[0].cells[0].tone), (Tone::Plain, Tone::Stale), "a failure");
    // By silence alone, within the same ten seconds.
    let mut fleet = Fleet::new();
    fleet.put(Side::Source, 0, Observation::Instances(vec![instance("i-1", 1, "a")]));
    let tones: Vec<Tone> = (0..120).filter_map(|s| Some(rows(&fleet, s).first()?.cells[0].tone)).collect();
    let fresh: Vec<Tone> = (0..120)
        .filter_map(|s| {
            let mut fleet = Fleet::new();
            fleet.put(Side::Source, 0, Observation::Instances(vec![instance("i-1", 1, "a")]));
            Some(rows(&fleet, s).first()?.cells[0].tone)
        })
        .collect();
    assert_eq!(tones, fresh, "never live for longer than if they were made each second");
    assert!(tones.contains(&Tone::Stale));
}

#[test]
fn rows_that_are_the_same_are_kept_once() {
    let mut fleet = Fleet::new();
    let launched = Some(at(0).wall - jiff::SignedDuration::from_hours(30));
    let of = |id: &str| Instance { launched, ..instance(id, 1, "a") };
    let rows = |fleet: &Fleet, second| {
        let panel = fleet.0.panel(at(second));
        panel.tables.iter().find(|t| t.id == "instances").expect("a table").rows.clone()
    };
    let kept = |before: &[Row], after: &[Row]| {
        let shares = |row: &&Row| before.iter().any(|old| old.id == row.id && Arc::ptr_eq(&old.cells, &row.cells));
        after.iter().filter(shares).map(|row| row.id.to_string()).collect::<Vec<_>>()
    };
    for side in Side::BOTH {
        fleet.put(side, 0, Observation::Instances(vec![of("i-2"), of("i-4"), of("i-5"), of("i-6")]));
    }
    let first = rows(&fleet, 0);
    // Another ten seconds; then one that is new, one that is gone, and one that is stopped.
    let second = rows(&fleet, 12);
    assert!(!Arc::ptr_eq(&first, &second));
    assert_eq!(kept(&first, &second).len(), 8);
    let stopped = Instance { state: InstanceState::Stopped, ..of("i-5") };
    fleet.put(Side::Source, 13, Observation::Instances(vec![of("i-1"), of("i-2"), stopped, of("i-6")]));
    let third = rows(&fleet, 13);
    let shown: Vec<&str> = third.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(shown, ["i-1", "i-2", "i-5", "i-6", "i-2", "i-4", "i-5", "i-6"]);
    assert_eq!(kept(&second, &third[..4]), ["i-2", "i-6"]);
    assert_eq!(kept(&second, &third[4..]).len(), 4, "the other side's");
    assert_eq!(third[2].cells[5].text, "stopped");
}

#[test]
fn what_says_the_same_is_not_counted_anew_and_a_change_after_it_is_one() {
    let mut fleet = Fleet::new();
    let mut heard = Vec::new();
    for second in (0..150).step_by(15) {
        fleet.put(Side::Source, second, Observation::Instances(vec![instance("i-1", 1, "a")]));
        fleet.status(Side::Source, second + 1, &[("i-1", Check::Ok)]);
        heard.push(fleet.0.heard);
        let running = fleet.signal("fleet.role.running", &["db", "source"], second + 2);
        assert_eq!(running.fresh(), Some(1.0), "as fresh as the answer, whatever it says");
    }
    assert_eq!(
        heard[1..],
        vec![heard[1]; heard.len() - 1],
        "its checks are good twice in a row, and then the same again and again"
    );
    let life = |fleet: &Fleet| fleet.0.sites.get(Side::Source).lives.get("i-1").expect("it was seen").changes.clone();
    assert_eq!(life(&fleet), []);
    let stopped = Instance { state: InstanceState::Stopped, ..instance("i-1", 1, "a") };
    fleet.put(Side::Source, 150, Observation::Instances(vec![stopped.clone()]));
    assert_eq!(life(&fleet), [(at(150), Phase::Stopped)]);
    // A time since an event is shown in coarser steps the longer ago it was.
    let mut since = |second| {
        fleet.put(Side::Source, second, Observation::Instances(vec![stopped.clone()]));
        let panel = fleet.0.panel(at(second));
        let rows = panel.tables.iter().find(|t| t.id == "instances").expect("a table").rows.clone();
        rows[0].cells[9].text.to_string()
    };
    assert_ne!(since(160), since(170));
    let mut described = |from: u64| (from..from + 60).map(&mut since).collect::<std::collections::BTreeSet<_>>().len();
    let (soon, late) = (described(300), described(900));
    assert!(soon >= 6 && late <= 2, "{soon} and {late}");
}

#[test]
fn a_failure_leaves_the_last_value_stale_then_blind() {
    let mut fleet = Fleet::new();
    fleet.put(Side::Source, 0, Observation::Instances(vec![instance("i-1", 1, "a")]));
    fleet.0.fail(&ask(Side::Source, Question::Instances), &Fault::new(FaultKind::Throttled, "slow down"), at(5));
    let running = |s| fleet.signal("fleet.role.running", &["db", "source"], s);
    assert!(matches!(running(5), Observed::Stale(1.0, _)));
    assert!(matches!(running(120), Observed::Unknown(f) if f.kind == FaultKind::Throttled));
}
