//! Every registered signal, tested against the basic rule of the product: an unknown value is never fresh.
//!
//! The estate is the simulated one of the demo's plan, or a part of it; the trouble is injected before its servers.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use landfall::{
    base::{
        collector::CollectorState,
        digest::Digest,
        now::Now,
        observed::{FaultKind, Observed},
        side::Sides,
        signal::{Sample, SignalDef},
    },
    drive::sim::{SimDrive, Trouble},
    engine::{EngineCommand, snapshot::Wanted},
    journal::{Author, store::MemStore},
    plan::{Action, Plan, Runbook},
    systems::{PAGES, signals},
};

/// Everything that can prevent an answer to a collector.
const TROUBLES: [Trouble; 8] = [
    Trouble::Fails(FaultKind::Unreachable),
    Trouble::Fails(FaultKind::Refused),
    Trouble::Fails(FaultKind::Empty),
    Trouble::Fails(FaultKind::Throttled),
    Trouble::Fails(FaultKind::Malformed),
    Trouble::Fails(FaultKind::NotFound),
    Trouble::Hangs,
    Trouble::Silent,
];

/// Long enough for several answers to every collector, and for the usual level of the health queries.
const SETTLED: Duration = Duration::from_secs(600);
/// Longer than three of the longest intervals (30 s), shorter than six: known values are stale by then.
const GONE_STALE: Duration = Duration::from_secs(100);
/// Longer than six of them: known values are unknown by then.
const GONE_BLIND: Duration = Duration::from_secs(200);

/// Enough of everything in the demo's plan: two of each list. More would prove nothing more.
fn drive() -> SimDrive {
    of(|_| ())
}

fn of(cut: impl FnOnce(&mut Plan)) -> SimDrive {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/plan.toml");
    let (mut plan, _) = landfall::systems::load_plan(&path).expect("the demo's plan is free of faults");
    plan.replica_sets.truncate(2);
    plan.fleet.truncate(2);
    plan.dns.truncate(2);
    // The demo leaves this to its steps.
    if let Some(name) = plan.dns.first_mut() {
        name.planned = Some(Sides { source: 90, target: 10 });
    }
    cut(&mut plan);
    // Signals that depend on steps are tested elsewhere.
    plan.runbook = Runbook::default();
    let name = plan.dns.first().map(|d| d.name.clone());
    let start = Now { boot: Duration::from_secs(5000), wall: jiff::Timestamp::UNIX_EPOCH };
    let mut drive = SimDrive::new(Arc::new(plan), 7, start);
    // With an operator: probes run only then.
    take_control(&mut drive);
    // An external change of a weight, the first change that this Route 53 accepts.
    if let Some(name) = name {
        drive.run_for(Duration::from_secs(45));
        let weights = Sides { source: 90, target: 10 };
        drive.external_change(&Action::SetWeights { name, weights });
    }
    drive.command(EngineCommand::Follow(CHANGE.to_owned()));
    drive
}

fn take_control(drive: &mut SimDrive) {
    let author =
        Author { run: "test".into(), actor: "operator".into(), host: "here".into(), plan: Digest::of(b"plan") };
    let (journal, entries) =
        landfall::systems::open_journal(Box::new(MemStore::default()), author, drive.now()).expect("a journal");
    drive.take_control(journal, entries);
}

/// With one system only: signals do not depend on others.
fn only(system: &str) -> SimDrive {
    of(|plan| {
        if system != "mongo" {
            plan.replica_sets.clear();
        }
        if system != "kafka" {
            plan.kafka.clear();
        }
        if system != "ec2" {
            plan.fleet.clear();
        }
        if system != "route53" {
            plan.dns.clear();
        }
        if system != "metrics" {
            plan.health.clear();
        }
    })
}

/// A followed change of a record set.
const CHANGE: &str = "C900001";

type Name = (&'static str, Vec<String>);

fn by_name(samples: Vec<Sample>) -> BTreeMap<Name, Observed<f64>> {
    samples.into_iter().map(|s| ((s.def.id, s.labels.to_vec()), s.value)).collect()
}

fn live(samples: &BTreeMap<Name, Observed<f64>>) -> BTreeSet<&Name> {
    samples.iter().filter(|(_, v)| v.is_fresh()).map(|(n, _)| n).collect()
}

#[test]
fn every_signal_is_live_on_a_healthy_estate() {
    let mut drive = drive();
    drive.run_for(SETTLED);
    let samples = by_name(drive.signals());
    let seen: BTreeSet<_> = live(&samples).into_iter().map(|n| n.0).collect();
    let missing: Vec<_> = signals().iter().map(|d| d.id).filter(|id| !seen.contains(id)).collect();
    assert!(
        missing.is_empty(),
        "registered, but never live on a healthy estate, so nothing below proves anything of them: {missing:?}"
    );
}

#[test]
fn pictures_have_signals_for_whoever_reads_them_and_for_nobody_else() {
    let mut drive = drive();
    drive.run_for(SETTLED);
    assert!(drive.snapshot().samples.is_none(), "a screen shows none: nobody measures them for it");
    let wanted = Wanted { signals: true, ..Wanted::default() };
    let measured = drive.snapshot_with(&wanted).samples.expect("they were asked for");
    assert_eq!(by_name(measured), by_name(drive.signals()));
    drive.crash();
    let after = drive.snapshot_with(&wanted).samples;
    assert!(after.is_some(), "whoever reads them reads on when another console takes the run up");
}

#[test]
fn no_signal_is_live_when_nothing_answers() {
    for trouble in TROUBLES {
        let mut drive = drive();
        drive.run_for(SETTLED);
        drive.trouble("", Some(trouble));
        drive.run_for(GONE_STALE);
        let stale = by_name(drive.signals());
        assert!(
            live(&stale).is_empty(),
            "{trouble:?}: live though nothing has answered for 100 s: {:#?}",
            live(&stale)
        );
        drive.run_for(GONE_BLIND);
        let blind = by_name(drive.signals());
        let shown: Vec<_> = blind.iter().filter(|(_, v)| v.age().is_some()).collect();
        assert!(shown.is_empty(), "{trouble:?}: still shown though nothing has answered for 300 s: {shown:#?}");
    }
}

#[test]
fn no_signal_is_live_when_nothing_has_ever_answered() {
    for trouble in TROUBLES {
        let mut drive = drive();
        drive.trouble("", Some(trouble));
        drive.run_for(SETTLED);
        let samples = by_name(drive.signals());
        assert!(live(&samples).is_empty(), "{trouble:?}: live out of nothing: {:#?}", live(&samples));
    }
}

/// A signal's dependencies are found by leaving one collector unanswered from the start: a signal that is then not
/// fresh depends on it. The same signals must not be fresh if that collector answered once and then failed.
#[test]
fn a_signal_is_never_better_than_the_worst_of_its_sources() {
    let mut hung_on = 0;
    for (system, _) in PAGES {
        let mut healthy = only(system);
        healthy.run_for(SETTLED);
        let view = healthy.snapshot();
        let healthy = by_name(healthy.signals());
        let healthy = live(&healthy);
        // One collector of each kind of query is enough; members and names of one kind are alike.
        let mut kinds = BTreeSet::new();
        for source in view.collectors {
            if source.id.starts_with(system) && kinds.insert((source.side, source.calls)) {
                // Some queries are made much less often than others of their system.
                let silent = GONE_STALE.max(source.interval * 7 / 2);
                hung_on += not_laundered(system, &source.id, silent, &healthy);
            }
        }
    }
    assert!(hung_on > 0, "no signal hangs on any source: the test looks at nothing");
}

/// Returns how many signals depend on the collector.
fn not_laundered(system: &str, source: &str, silent: Duration, healthy: &BTreeSet<&Name>) -> usize {
    let mut never = only(system);
    never.trouble(source, Some(Trouble::Fails(FaultKind::Unreachable)));
    never.run_for(SETTLED + silent);
    let never = by_name(never.signals());
    let never = live(&never);
    let dependents: BTreeSet<_> = healthy.iter().filter(|n| !never.contains(**n)).collect();
    for trouble in [Trouble::Fails(FaultKind::Unreachable), Trouble::Fails(FaultKind::Empty), Trouble::Silent] {
        let mut later = only(system);
        later.run_for(SETTLED);
        later.trouble(source, Some(trouble));
        later.run_for(silent);
        let later = by_name(later.signals());
        let later = live(&later);
        let laundered: Vec<_> = dependents.iter().filter(|n| later.contains(***n)).collect();
        assert!(laundered.is_empty(), "{source} in {trouble:?}, yet live: {laundered:#?}");
    }
    dependents.len()
}

#[test]
fn what_is_probed_is_probed_for_whoever_steers_and_for_nobody_who_watches() {
    let (plan, _) = landfall::systems::load_plan(&Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/plan.toml"))
        .expect("without faults");
    let start = Now { boot: Duration::from_secs(5000), wall: jiff::Timestamp::UNIX_EPOCH };
    let mut drive = SimDrive::new(Arc::new(plan), 7, start);
    let probes = |drive: &mut SimDrive| {
        drive.run_for(Duration::from_secs(10));
        let all = drive.snapshot().collectors;
        all.into_iter().filter(|s| s.id.contains("/canary/")).map(|s| (s.id, s.state)).collect::<Vec<_>>()
    };
    assert_eq!(probes(&mut drive), [], "a watch of a plan with a canary");
    take_control(&mut drive);
    let live = |w: &str| (format!("mongo/orders/canary/{w}"), CollectorState::Fresh);
    assert_eq!(probes(&mut drive), [live("1"), live("majority")]);
    // The next console only watches.
    drive.crash();
    assert_eq!(probes(&mut drive), []);
}

/// What a registry has lost and gained since its golden file was written.
#[derive(Debug, PartialEq, Default)]
struct Difference {
    /// Lines of the golden file that the registry does not have: removed, or changed.
    gone: Vec<String>,
    /// Lines of the registry that the golden file does not have.
    new: Vec<String>,
}

fn difference(golden: &str, now: &[String]) -> Difference {
    let golden: Vec<&str> = golden.lines().collect();
    let gone = golden.iter().filter(|line| now.iter().all(|n| n != *line)).map(|line| (*line).to_owned());
    let new = now.iter().filter(|line| !golden.contains(&line.as_str())).cloned();
    Difference { gone: gone.collect(), new: new.collect() }
}

/// Ids, units and labels are a public interface: the list only grows. `LANDFALL_WRITE_GOLDEN=1` appends what is new, and never takes a line out.
#[test]
fn the_registry_has_all_that_the_golden_file_has_and_the_file_all_that_is_new() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/signals.golden");
    let line = |d: &&SignalDef| format!("{}{{{}}} {:?}", d.id, d.labels.join(","), d.unit);
    let now: Vec<String> = signals().iter().map(line).collect();
    let mut golden = std::fs::read_to_string(&path).expect("the golden file");
    let Difference { gone, new } = difference(&golden, &now);
    assert!(gone.is_empty(), "released signals are gone, or have another unit or other labels: {gone:#?}");
    if std::env::var_os("LANDFALL_WRITE_GOLDEN").is_some() {
        new.iter().for_each(|line| golden.push_str(&format!("{line}\n")));
        std::fs::write(&path, &golden).expect("golden file can be written");
    } else {
        assert!(new.is_empty(), "LANDFALL_WRITE_GOLDEN=1 adds the new signals: {new:#?}");
    }
}

#[test]
fn a_line_of_the_golden_file_that_is_removed_or_changed_is_gone_and_another_one_is_new() {
    const GOLDEN: &str = "dns.name.ttl{name} Seconds\nmongo.set.primaries{set} Count\n";
    let now = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
    let compared = |lines: &[&str]| difference(GOLDEN, &now(lines));
    let (ttl, primaries) = ("dns.name.ttl{name} Seconds", "mongo.set.primaries{set} Count");
    assert_eq!(compared(&[primaries, ttl]), Difference::default(), "the order does not matter");
    assert_eq!(compared(&[ttl]), Difference { gone: now(&[primaries]), new: vec![] });
    assert_eq!(compared(&[]), Difference { gone: now(&[ttl, primaries]), new: vec![] });
    let added = "dns.name.samples{name} Count";
    assert_eq!(compared(&[ttl, primaries, added]), Difference { gone: vec![], new: now(&[added]) });
    for changed in ["dns.name.ttl{name} Count", "dns.name.ttl{name,type} Seconds", "dns.name.ttls{name} Seconds"] {
        assert_eq!(compared(&[changed, primaries]), Difference { gone: now(&[ttl]), new: now(&[changed]) });
    }
}
