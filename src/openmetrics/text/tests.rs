use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use super::*;
use base::{now::Now, observed::FaultKind};
use drive::sim::{SimDrive, Trouble};
use engine::snapshot::Wanted;

fn estate() -> SimDrive {
    let text = include_str!("../../../demo/small.toml");
    let (plan, _) = systems::parse_plan(Path::new("small.toml"), text).unwrap_or_else(|faulty| panic!("{faulty}"));
    let started = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T01:00:00Z".parse().expect("a time") };
    let mut drive = SimDrive::new(Arc::new(plan), 7, started);
    drive.run_for(Duration::from_secs(60));
    drive
}

/// A snapshot with every signal.
fn measured(drive: &mut SimDrive) -> Snapshot {
    drive.snapshot_with(&Wanted { signals: true, ..Wanted::default() })
}

/// The family of a sample, by its name and the types read before.
fn family_of(name: &str, types: &HashMap<String, String>) -> Option<String> {
    let is = |name: &str, kind: &[&str]| types.get(name).is_some_and(|t| kind.contains(&t.as_str()));
    let stripped = |suffix: &str, kind: &str| name.strip_suffix(suffix).filter(|n| is(n, &[kind])).map(str::to_owned);
    stripped("_total", "counter")
        .or_else(|| stripped("_info", "info"))
        .or_else(|| is(name, &["gauge", "stateset"]).then(|| name.to_owned()))
}

/// Checks the format of a text; returns its samples: name with labels, and value.
fn read(text: &str) -> HashMap<String, f64> {
    assert!(text.ends_with("\n# EOF\n") && text.matches("# EOF").count() == 1);
    let (mut types, mut samples, mut over) = (HashMap::new(), HashMap::new(), HashSet::new());
    let mut family = String::new();
    for line in text.lines().filter(|line| *line != "# EOF") {
        assert!(!line.is_empty(), "an empty line");
        let of = match line.strip_prefix("# ") {
            Some(meta) => {
                let mut words = meta.splitn(3, ' ');
                let (kind, name, rest) = (words.next(), words.next().expect("a name"), words.next().expect("a rest"));
                match kind {
                    Some("TYPE") => assert!(types.insert(name.to_owned(), rest.to_owned()).is_none(), "{name} twice"),
                    Some("UNIT") => assert!(name.ends_with(&format!("_{rest}")), "{line}"),
                    Some("HELP") => {}
                    _ => panic!("{line}"),
                }
                name.to_owned()
            }
            None => {
                let (series, value) = line.rsplit_once(' ').expect("a value");
                let name = series.split('{').next().expect("a name");
                let value: f64 = value.parse().expect("a number");
                assert!(value.is_finite(), "{line}");
                assert!(samples.insert(series.to_owned(), value).is_none(), "{series} is there twice");
                family_of(name, &types).unwrap_or_else(|| panic!("{name} is of no family named before"))
            }
        };
        if of != family {
            assert!(over.insert(std::mem::replace(&mut family, of.clone())), "{family}");
            assert!(!over.contains(&of), "{of} is not in one piece");
        }
    }
    samples
}

#[test]
fn every_live_signal_is_a_number_once_and_the_text_is_of_the_format() {
    let mut drive = estate();
    let snapshot = measured(&mut drive);
    let samples = read(&render(&snapshot, None));
    let live = snapshot.samples.iter().flatten().filter(|s| s.value.is_fresh());
    let names: Vec<String> = systems::signals().iter().map(|def| name(def).0).collect();
    let described =
        samples.keys().filter(|series| names.iter().any(|n| n == series.split('{').next().expect("a name")));
    let described = described.count();
    assert_eq!(described, live.count());
    assert!(described > 100, "{described}: the estate has signals");
    assert_eq!(samples["landfall_up"], 1.0);
    assert_eq!(samples["landfall_verdict{landfall_verdict=\"go\"}"], 1.0);
    let of = |text: &str| samples.iter().filter(|(series, v)| series.contains(text) && **v == 1.0).count();
    assert_eq!(of("landfall_step_state{step="), snapshot.run.expect("a run").steps.len(), "each step is in one state");
}

#[test]
fn what_is_not_live_is_no_number_and_its_state_is_told() {
    let mut drive = estate();
    drive.trouble("mongo/", Some(Trouble::Fails(FaultKind::Unreachable)));
    drive.run_for(Duration::from_secs(3));
    let stale = read(&render(&measured(&mut drive), None));
    drive.run_for(Duration::from_secs(60));
    let blind = read(&render(&measured(&mut drive), None));
    for (samples, state) in [(stale, "stale"), (blind, "blind")] {
        assert!(!samples.keys().any(|series| series.starts_with("landfall_mongo_set_primaries")), "{state}");
        let series =
            format!("landfall_signal_state{{signal=\"mongo.set.primaries\",state=\"{state}\",set=\"orders\"}}");
        assert_eq!(samples.get(&series), Some(&1.0), "{state}");
        let count = format!("landfall_signal_series{{signal=\"mongo.set.primaries\",state=\"{state}\"}}");
        assert_eq!(samples.get(&count), Some(&3.0));
        let up = samples.iter().find(|(s, _)| s.starts_with("landfall_source_up{source=\"mongo/orders/config\""));
        assert_eq!(up.map(|(_, up)| *up), Some(0.0));
        assert!(samples.keys().any(|series| series.starts_with("landfall_kafka_group_lag{")), "others go on");
    }
}

#[test]
fn a_core_that_is_silent_is_hold_and_knows_nothing() {
    let mut drive = estate();
    let samples = read(&render(&measured(&mut drive), Some(Duration::from_secs(9))));
    assert_eq!(samples["landfall_up"], 0.0);
    assert_eq!(samples["landfall_verdict{landfall_verdict=\"hold\"}"], 1.0);
    assert!(!samples.keys().any(|series| series.starts_with("landfall_source") || series.contains("landfall_mongo")));
}

#[test]
fn names_are_those_of_the_signals_with_their_units_and_no_label_has_two_meanings() {
    let mut names = HashSet::new();
    for def in systems::signals() {
        let (name, unit) = name(def);
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{name}");
        assert!(unit.is_empty() || name.ends_with(unit));
        assert!(["_total", "_info", "_created", "_bucket"].iter().all(|s| !name.ends_with(s)), "{name}");
        assert!(names.insert(name), "{} is there twice", def.id);
        assert!(def.labels.iter().all(|label| !matches!(*label, "signal" | "state" | "n")), "{}", def.id);
    }
    let seconds = systems::signals().into_iter().find(|d| d.id == "mongo.member.lag").expect("a signal");
    assert_eq!(name(seconds).0, "landfall_mongo_member_lag_seconds");
}
