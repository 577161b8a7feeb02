//! Every built-in scenario, played in virtual time: each meets its expectations, and the same seed gives the same
//! journal byte for byte, also from one program version to the next (`journals.golden`). Its lines are the name of a
//! scenario, the number of its records and the hash of the last one, which covers all bytes before it. A line changes
//! only with a deliberate change of the scenario or the format. `LANDFALL_JOURNALS=FOLDER` writes the journals there
//! for comparison.

use std::time::Instant;

use landfall::{
    base::cause::Chain,
    journal::chain,
    scenario::{
        headless::{Outcome, play},
        library,
    },
};

/// Plays one and reports its result.
fn played(name: &str) -> Outcome {
    let started = Instant::now();
    let read = library::scenario(name).expect("it is there");
    let (scenario, warnings) = read.unwrap_or_else(|faulty| panic!("{faulty}"));
    assert!(warnings.is_empty(), "{warnings}");
    let outcome = play(&scenario);
    println!(
        "{name:16} {:4} keys {:4} records {:3} requests {:4} virtual minutes {:6.1} s  {}",
        outcome.keys,
        outcome.entries().len(),
        outcome.log.len(),
        outcome.took.as_secs() / 60,
        started.elapsed().as_secs_f64(),
        outcome.failed.as_ref().map_or_else(|| "all expectations met".to_owned(), ToString::to_string),
    );
    outcome
}

/// Plays it twice concurrently: the two plays share only the file.
fn twice_alike(name: &str) {
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(|| played(name));
        (played(name), other.join().expect("it plays to its end"))
    });
    if let Some(why) = &first.failed {
        panic!("{name}: {}", Chain(why));
    }
    assert!(first.journal == second.journal && first.log == second.log, "{name}: two plays differ");
    let (entries, _) = chain::read::<landfall::systems::Call, landfall::systems::Version>(&first.journal)
        .unwrap_or_else(|damage| panic!("{name}: its journal: {damage}"));
    if let Some(folder) = std::env::var_os("LANDFALL_JOURNALS") {
        let file = std::path::Path::new(&folder).join(name).with_extension("jsonl");
        std::fs::write(&file, &first.journal).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    }
    let last = entries.last().map_or_else(String::new, |entry| entry.hash.to_string());
    let line = format!("{name} {} {last}", entries.len());
    assert!(GOLDEN.lines().any(|golden| golden == line), "{name}: its journal is another one than before: {line}");
}

/// The golden journals.
const GOLDEN: &str = include_str!("journals.golden");

/// One test for each.
macro_rules! scenarios {
    ($($test:ident $name:literal),* $(,)?) => {
        $(#[test]
        fn $test() {
            twice_alike($name);
        })*
        const NAMES: &[&str] = &[$($name),*];
    };
}

scenarios! {
    whole_move "move", lagging "lagging", lottery "lottery", link_cut "link-cut", long_write "long-write", lost_reply "lost-reply",
    slow_consumer "slow-consumer", straggler "straggler", duplicates "duplicates", served_share "served-share", all_zero "all-zero",
    zero_weight "zero-weight", never_healthy "never-healthy", shrinking "shrinking", throttled "throttled", foreign "stranger",
    errors_rise "errors-rise", blind_users "blind-users", dies "dies", dies_early "dies-early", back "back", emergency "emergency",
}

#[test]
fn what_is_listed_has_a_file_and_what_has_a_file_is_listed() {
    let listed: Vec<&str> = library::names().collect();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    for entry in folder.read_dir().expect("the folder") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        if path.extension().is_some_and(|end| end == "toml") && text.contains("[[cue]]") {
            let name = path.file_stem().and_then(|s| s.to_str()).expect("a name");
            assert!(listed.contains(&name), "{name} does not come with the program: add it to src/scenario/library.rs");
            assert!(NAMES.contains(&name), "{name} is played by nobody: add it above");
        }
    }
}

/// A scenario is checked like a plan: all faults at once, each with its place and what to do.
#[test]
fn all_that_is_wrong_with_a_scenario_is_told_at_once() {
    let text = r#"
schema = 1
name = "faulty"
doc = "It names what is not there."
plan = "plan.toml"
[[event]]
happens = { fall_behind = { host = "order-1.ore.example.net:27017", by = "30" } }
[[event]]
happens = { explode = true }
[[cue]]
carry_out = "primary-order"
keys = "n p Entr"
expect = [{ metric = "mongo.set.primarys", op = "<=", value = 1 }, { step = "primary-orders", is = "done" }, { screen = 3 }]
"#;
    let plan = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/demo/plan.toml")).expect("the plan");
    let read = landfall::scenario::Scenario::parse(std::path::Path::new("faulty.toml"), text, |_| Ok(plan.clone()));
    insta::assert_snapshot!("faulty_scenario", read.expect_err("it is faulty").to_string());
}

#[test]
fn every_key_of_the_format_is_documented() {
    use landfall::{
        plan::spec::{Kind, TableSpec},
        scenario::spec::ROOT,
    };
    fn tables(spec: &'static TableSpec, seen: &mut Vec<&'static TableSpec>) {
        if seen.iter().any(|s| std::ptr::eq(*s, spec)) {
            return;
        }
        seen.push(spec);
        spec.keys().for_each(|key| within(&key.kind, seen));
    }
    fn within(kind: &'static Kind, seen: &mut Vec<&'static TableSpec>) {
        match kind {
            Kind::Table(spec) | Kind::Tables(spec) => tables(spec, seen),
            Kind::OneOf(specs) => specs.iter().for_each(|spec| tables(spec, seen)),
            Kind::List(kind, _) | Kind::OneOrMany(kind) | Kind::Shared(_, kind) => within(kind, seen),
            _ => {}
        }
    }
    let mut seen = Vec::new();
    tables(&ROOT, &mut seen);
    let text = include_str!("../docs/scenarios.md");
    let missing: Vec<&str> =
        seen.iter().flat_map(|spec| spec.keys()).map(|key| key.name).filter(|key| !text.contains(key)).collect();
    assert!(missing.is_empty(), "docs/scenarios.md does not name {missing:?}");
}
