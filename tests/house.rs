//! The house's own rules, held over its source: what the compiler does not hold by itself.
//!
//! Imports go down the layers because each layer is a crate: an import upwards does not compile, since the upper crate is no dependency and
//! cannot become one. Here the order of the layers is held to what the manifests say, the modules of each crate to importing each other in no
//! circle, and systems to being named in their own folder, in the registry and in the plan's tables alone.

use landfall::{
    plan::{ActionKey, Means, things},
    systems::{PAGES, signals},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Each may import those before it.
const LAYERS: [&str; 7] = ["base", "plan", "journal", "engine", "systems", "drive", "console"];
/// Rooms of the topmost crate; each may import those before it.
const ROOMS: [&str; 5] = ["report", "plain", "openmetrics", "scenario", "cli"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file under a folder, by its path from the root.
fn sources(folder: &str) -> BTreeMap<String, String> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|end| end == "rs") {
                out.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    let name = |path: &PathBuf| path.strip_prefix(root()).expect("within").to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), fs::read_to_string(path).expect("a text"))).collect()
}

/// The code of a file: without comments, and without its tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line }).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_layer_depends_on_those_below_it_and_on_no_other() {
    for (place, layer) in LAYERS.iter().enumerate() {
        let manifest = fs::read_to_string(root().join("src").join(layer).join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = manifest.parse().expect("TOML");
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let names = manifest.get(table).and_then(toml::Value::as_table).into_iter().flatten();
            for (name, _) in names {
                let upward = LAYERS[place..].contains(&name.as_str()) || name.starts_with("landfall");
                assert!(!upward, "src/{layer}/Cargo.toml: [{table}] {name} is not below {layer}");
            }
        }
    }
}

#[test]
fn the_rooms_of_the_topmost_crate_import_in_one_direction() {
    let mut arrows = Vec::new();
    for (file, text) in sources("src") {
        let room = file.strip_prefix("src/").and_then(|rest| rest.split(['/', '.']).next()).unwrap_or_default();
        let Some(place) = ROOMS.iter().position(|r| *r == room) else { continue };
        for other in &ROOMS[place + 1..] {
            if code(&text).contains(&format!("crate::{other}")) {
                arrows.push(format!("{file} imports {other}"));
            }
        }
    }
    assert!(arrows.is_empty(), "{arrows:#?}");
}

/// The top-level modules of its crate that a file names, by `crate::` or by `super::` from its depth. `within`: the path in the crate.
fn named(within: &str, text: &str) -> BTreeSet<String> {
    let text: String = code(text).split_whitespace().collect();
    let mut found = BTreeSet::new();
    for root in ["crate::".to_owned(), "super::".repeat(within.split('/').count())] {
        for (at, _) in text.match_indices(&root) {
            let longer = text[..at].ends_with(|c: char| c == ':' || c == '_' || c.is_alphanumeric());
            // `use` and the path after it are one word here: whitespace is gone.
            if longer && !text[..at].ends_with("use") {
                continue;
            }
            let rest = &text[at + root.len()..];
            let (list, mut depth) = (rest.starts_with('{'), 0);
            let mut name = String::new();
            for c in rest.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    c if depth == usize::from(list) && (c == '_' || c.is_alphanumeric()) => name.push(c),
                    _ => {}
                }
                let ends = depth == 0 || (depth == 1 && list && c == ',');
                if (list && ends) || (!list && c != '_' && !c.is_alphanumeric()) {
                    found.insert(std::mem::take(&mut name));
                    if depth == 0 {
                        break;
                    }
                } else if list && depth == 1 && c == ':' {
                    name.push(':');
                }
            }
        }
    }
    found.iter().map(|name| name.split(':').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_modules_of_a_crate_import_in_no_circle() {
    let mut circles = Vec::new();
    for layer in LAYERS {
        let (folder, files) = (format!("src/{layer}/"), sources(&format!("src/{layer}")));
        let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (file, text) in &files {
            let within = file.strip_prefix(&folder).unwrap_or_default();
            let module = within.split(['/', '.']).next().unwrap_or_default();
            if module != "lib" && !within.ends_with("/tests.rs") && !within.contains("/tests/") {
                arrows.entry(module.to_owned()).or_default().extend(named(within, text));
            }
        }
        // What each module reaches, in as many rounds as there are modules.
        let mut reach = arrows.clone();
        for _ in 0..arrows.len() {
            for module in arrows.keys() {
                let next: BTreeSet<String> =
                    reach[module].iter().filter_map(|m| reach.get(m)).flatten().cloned().collect();
                reach.entry(module.clone()).or_default().extend(next);
            }
        }
        let mut known = BTreeSet::new();
        for module in arrows.keys() {
            let both = |other: &&String| reach[module].contains(*other) && reach[*other].contains(module);
            let circle: Vec<String> = arrows.keys().filter(both).cloned().collect();
            if circle.len() > 1 && known.insert(circle.clone()) {
                circles.push((layer, circle));
            }
        }
    }
    assert!(circles.is_empty(), "modules that import each other: {circles:?}");
}

/// What names a system: its module, its variants in the registry's enums, the first part of its signals' ids. All of the registry.
struct Names {
    /// Also the ids of the pages.
    modules: Vec<&'static str>,
    variants: Vec<String>,
    signals: BTreeSet<&'static str>,
}

impl Names {
    fn of_systems() -> Self {
        let modules: Vec<&str> = PAGES.iter().map(|(id, _)| *id).collect();
        let variant = |module: &&str| module[..1].to_uppercase() + &module[1..];
        Self {
            variants: modules.iter().map(variant).collect(),
            signals: signals().iter().filter_map(|def| def.id.split('.').next()).collect(),
            modules,
        }
    }

    fn are_in(&self, line: &str) -> bool {
        const ENUMS: [&str; 5] = ["Call", "Query", "Observation", "Version", "Probe"];
        let module = |at: &&str| line.contains(&format!("systems::{at}")) || line.contains(&format!("\"{at}\""));
        self.modules.iter().any(module)
            || self.signals.iter().any(|at| line.contains(&format!("\"{at}.")))
            || ENUMS.iter().any(|of| self.variants.iter().any(|variant| line.contains(&format!("{of}::{variant}("))))
    }
}

/// `metrics` is also a path of the exporter, and an option of the command line.
const OTHERWISE: [(&str, &str); 2] = [("src/openmetrics/request.rs", "\"metrics\""), ("src/cli.rs", "\"metrics\"")];

#[test]
fn a_system_is_named_in_its_folder_the_registry_and_the_plans_tables_alone() {
    let names = Names::of_systems();
    // The registry, and the plan's tables, which are the plan file's format.
    let own = |file: &str| {
        names.modules.iter().any(|module| file.starts_with(&format!("src/systems/{module}")))
            || file.starts_with("src/systems/aws")
            || file.starts_with("src/plan/")
            || file == "src/systems/lib.rs"
    };
    let mut found = Vec::new();
    let mut looked = 0;
    for (file, text) in sources("src") {
        if own(&file) || file.ends_with("/tests.rs") || file.contains("/tests/") {
            continue;
        }
        looked += 1;
        for line in code(&text).lines().filter(|line| names.are_in(line)) {
            if !OTHERWISE.iter().any(|(of, what)| file == *of && line.contains(what)) {
                found.push(format!("{file}: {}", line.trim()));
            }
        }
    }
    println!(
        "{looked} files outside the systems' folders, the registry and the plan's tables; they name systems {} times",
        found.len()
    );
    assert!(looked > 100 && found.is_empty(), "{found:#?}");
}

#[test]
fn what_actions_say_of_systems_and_signals_is_there() {
    let signals = signals();
    for spec in ActionKey::ALL.iter().map(|key| key.spec()) {
        assert!(spec.system.is_none_or(|id| PAGES.iter().any(|(page, _)| *page == id)), "{}: the system", spec.key);
        assert!(spec.system.is_some() || spec.means == Means::ByHand, "{}: who carries it out", spec.key);
        let wanted = spec.wants.iter().flat_map(|gate| gate.signals);
        for id in wanted {
            assert!(signals.iter().any(|def| def.id == *id), "{}: the signal {id}", spec.key);
        }
    }
}

#[test]
fn every_label_of_a_signal_has_a_domain_and_every_domain_is_of_the_plan() {
    use landfall::base::domain::Domain;
    for def in signals() {
        for label in def.labels {
            assert!(def.domains.iter().any(|(name, _)| name == label), "{}: the domain of {label}", def.id);
            if let Domain::Of(of) | Domain::Matched { of, .. } = def.domain(label) {
                assert!(things::LISTED.iter().any(|it| it.things == of), "{}: the things of {label}", def.id);
            }
        }
        for label in def.needs.map(|needs| needs.label).into_iter().chain(def.users.map(|users| users.label)) {
            assert!(matches!(def.domain(label), Domain::Of(_)), "{}: {label} names a thing", def.id);
        }
    }
}
