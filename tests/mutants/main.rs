//! Rules of the engine and of the systems, broken one at a time: some test must fail for each. `list.toml` has the
//! mutations and the tests that detect them.
//!
//! The second test compiles the crate once for each mutant, in a copy of the tree: `cargo test --no-default-features
//! --test mutants -- --ignored --nocapture`.

mod shop;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::shop::{Ended, Shop};

/// One broken rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    /// Its name.
    name: String,
    /// The rule of the design.
    rule: String,
    file: String,
    /// Occurs once in the file.
    from: String,
    to: String,
    /// Arguments of `cargo test`: as few tests as possible.
    killed_by: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mutant: Vec<Mutant>,
}

fn list() -> Vec<Mutant> {
    let list: List = toml::from_str(include_str!("list.toml")).unwrap_or_else(|e| panic!("list.toml: {e}"));
    list.mutant
}

/// Those that are asked for by name, with commas between (`LANDFALL_MUTANT`); else one tenth of them (`LANDFALL_MUTANTS_TENTH`, 0 to 9), so that
/// ten runs try all; else all.
fn wanted() -> Vec<Mutant> {
    let only = std::env::var("LANDFALL_MUTANT").ok();
    let tenth = std::env::var("LANDFALL_MUTANTS_TENTH").ok();
    let tenth = tenth.map(|tenth| tenth.parse::<usize>().unwrap_or_else(|_| panic!("{tenth:?} is no tenth: 0 to 9")));
    let names = |only: &str, name: &str| only.split(',').any(|o| o.trim() == name);
    let all = list().into_iter().enumerate();
    let of = all.filter(|(place, m)| match (&only, tenth) {
        (Some(only), _) => names(only, &m.name),
        (None, Some(tenth)) => place % 10 == tenth,
        (None, None) => true,
    });
    let list: Vec<Mutant> = of.map(|(_, mutant)| mutant).collect();
    assert!(!list.is_empty(), "no mutant of this name");
    list
}

impl Mutant {
    fn tests(&self) -> String {
        self.killed_by.join(" ")
    }

    /// Whether there is a test that the filter in `killed_by` can select, as far as the sources show without a build.
    fn has_a_test(&self, root: &Path) -> bool {
        let args: Vec<&str> = self.killed_by.iter().map(String::as_str).collect();
        let (folder, filter) = match args[..] {
            ["--test", target, filter] => (root.join("tests").join(target), filter),
            ["-p", package, "--lib", filter] => {
                (root.join("src").join(package.strip_prefix("landfall-").unwrap_or(package)), filter)
            }
            _ => panic!("{}: neither `--test TARGET FILTER` nor `-p PACKAGE --lib FILTER`", self.name),
        };
        let (modules, last) = filter.rsplit_once("::").unwrap_or(("", filter));
        sources(&folder).iter().any(|file| {
            let module = file.strip_prefix(&folder).unwrap_or(file).with_extension("");
            let module = module.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("::");
            let named = || fs::read_to_string(file).is_ok_and(|text| text.contains(last));
            module.contains(filter) || module.contains(modules) && named()
        })
    }

    fn applied(&self, text: &str) -> String {
        text.replacen(&self.from, &self.to, 1)
    }
}

/// The Rust files of a folder, or the one of this name.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = folder.read_dir() else { return vec![folder.with_extension("rs")] };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let inside = |path: PathBuf| if path.is_dir() { sources(&path) } else { vec![path] };
    paths.flat_map(inside).filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}

#[test]
fn every_mutant_still_fits_the_code() {
    let list = list();
    assert!(list.len() >= 10, "only {} rules", list.len());
    let mut names = BTreeSet::new();
    for mutant in &list {
        let name = &mutant.name;
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(!name.is_empty() && name.chars().all(kebab), "{name}: not in kebab-case");
        assert!(names.insert(name), "{name}: twice");
        assert!(mutant.rule.ends_with('.'), "{name}: its rule is no sentence");
        assert!(!mutant.killed_by.is_empty(), "{name}: killed by nothing");
        assert!(
            ["src/base/", "src/drive/", "src/engine/", "src/journal/", "src/plan/", "src/systems/"]
                .iter()
                .any(|p| mutant.file.starts_with(p)),
            "{name}: {}",
            mutant.file
        );
        assert_ne!(mutant.from, mutant.to, "{name}");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(mutant.has_a_test(root), "{name}: no test is called {}", mutant.tests());
        let path = root.join(&mutant.file);
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {}: {e}", path.display()));
        let found = text.matches(&mutant.from).count();
        assert_eq!(found, 1, "{name}: what it changes is to be there once in {}: {}", mutant.file, mutant.from);
        // Two mutants with the same effect would prove nothing more.
        let same = list.iter().filter(|m| m.file == mutant.file && m.applied(&text) == mutant.applied(&text)).count();
        assert_eq!(same, 1, "{name}: another one does the same");
    }
    println!("{} mutants, each of them fits", list.len());
}

#[test]
#[ignore = "compiles the crate once a mutant: minutes"]
fn every_mutant_is_killed() {
    let list = wanted();
    let shop = Shop::open();

    // A test that fails anyway, or does not exist, detects nothing.
    let mut sound = BTreeMap::new();
    for mutant in &list {
        sound.entry(mutant.tests()).or_insert_with(|| {
            println!("unchanged: {}", mutant.tests());
            match shop.test(&mutant.killed_by) {
                Ended::Passed(0) => panic!("{}: there is no such test", mutant.tests()),
                Ended::Passed(n) => n,
                other => panic!("{}: not even the unchanged tree passes: {other:?}", mutant.tests()),
            }
        });
    }

    let mut table = Vec::new();
    let mut wrong = Vec::new();
    for mutant in &list {
        let before = shop.read(&mutant.file);
        shop.write(&mutant.file, &mutant.applied(&before));
        let ended = shop.test(&mutant.killed_by);
        shop.write(&mutant.file, &before);
        let (killed, how) = match ended {
            Ended::Failed(tests) if tests.len() > 1 => (true, format!("{}, and {} more", tests[0], tests.len() - 1)),
            Ended::Failed(tests) => (true, tests.concat()),
            Ended::Hung => (true, format!("not over within {} s", shop::LIMIT.as_secs())),
            Ended::Passed(_) => (false, "SURVIVED".to_owned()),
            // This proves nothing: the mutant must be corrected.
            Ended::Broken(errors) => (false, format!("DOES NOT COMPILE: {errors}")),
        };
        println!("{}: {how}", mutant.name);
        if !killed {
            wrong.push(format!("{}: {how}\n    the rule: {}", mutant.name, mutant.rule));
        }
        table.push((mutant.name.as_str(), mutant.tests(), how));
    }

    let width = |cell: fn(&(&str, String, String)) -> usize| table.iter().map(cell).max().unwrap_or(0);
    let (name, tests) = (width(|r| r.0.len()), width(|r| r.1.len()));
    println!("\n{:<name$}  {:<tests$}  failed", "mutant", "killed by");
    for (mutant, killed_by, how) in &table {
        println!("{mutant:<name$}  {killed_by:<tests$}  {how}");
    }
    let (all, bad) = (table.len(), wrong.len());
    println!("{all} mutants, {} killed, {bad} survived", all - bad);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Which scenarios detect which mutants. The others are for the tests in the list.
#[test]
#[ignore = "compiles the crate once a mutant, and plays all scenarios but the longest: an hour"]
fn which_scenario_notices_which() {
    let shop = Shop::open();
    let scenarios = ["--test".to_owned(), "scenarios".to_owned()];
    let play = || shop.test_but(&scenarios, &["--", "--skip", "whole_move"]);
    match play() {
        Ended::Passed(n) => println!("unchanged: {n} pass"),
        other => panic!("not even the unchanged tree passes: {other:?}"),
    }
    let mut table = Vec::new();
    for mutant in wanted() {
        let before = shop.read(&mutant.file);
        shop.write(&mutant.file, &mutant.applied(&before));
        let noticed = match play() {
            Ended::Failed(tests) => tests.join(" "),
            Ended::Hung => "one that does not end".to_owned(),
            Ended::Passed(_) => "–".to_owned(),
            Ended::Broken(errors) => panic!("{}: does not compile: {errors}", mutant.name),
        };
        shop.write(&mutant.file, &before);
        println!("{:44} {noticed}", mutant.name);
        table.push((mutant.name, noticed));
    }
    let by_none = table.iter().filter(|(_, noticed)| noticed == "–").count();
    println!(
        "{} mutants, {} noticed by a scenario, {by_none} by the tests of the list alone",
        table.len(),
        table.len() - by_none
    );
    // Mutants of the systems are in the list for the scenarios.
    let named = list().into_iter().filter(|m| m.killed_by.iter().any(|arg| arg == "scenarios"));
    for mutant in named {
        let found = table.iter().find(|(name, _)| *name == mutant.name);
        assert!(found.is_none_or(|(_, noticed)| noticed != "–"), "{}: no scenario notices it", mutant.name);
    }
}
