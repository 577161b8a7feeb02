//! Random files: plans, journals, configurations, scenarios and themes, mutated from valid ones. Whatever a file
//! contains, nothing panics, no terminal control character is printed, and memory stays bounded.
//!
//! Each test run tries a part; `LANDFALL_FUZZ=20000 cargo test --no-default-features --test fuzz -- --nocapture` tries
//! all and prints a table. `LANDFALL_FUZZ_SEED` sets the first seed; a failure names the seed of its case, which
//! `LANDFALL_FUZZ=1 LANDFALL_FUZZ_SEED=…` repeats.

use std::{
    cell::RefCell,
    fs,
    panic::{self, AssertUnwindSafe},
    path::Path,
    time::{Duration, Instant},
};

use fastrand::Rng;
use landfall::{
    base::{
        digest::Digest,
        now::Now,
        text::{Document, Lines},
    },
    console::{Themes, settings::Settings},
    journal::{Author, chain, export, store::MemStore},
    plan::{Faulty, Report},
    report,
    scenario::Scenario,
    systems::{Body, Entry},
};
use serde_json::Value;

/// Inserted pieces: control characters, limits of numbers, unterminated constructs.
const PIECES: [&str; 34] = [
    "\u{1b}[2J",
    "\u{1b}]8;;http://x\u{7}",
    "\u{9b}1m",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{2028}",
    "\u{85}",
    "\r",
    "\0",
    "\u{7f}",
    "\u{e0041}",
    "\\u001b[2J",
    "\\u009b1m",
    "\\u202e",
    "<script>",
    "|",
    "`",
    "e\u{301}\u{301}",
    "-1",
    "0",
    "1e308",
    "18446744073709551616",
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]]",
    "{",
    "}",
    "=",
    ",",
    "\n",
    "*?*?*",
];

/// A kind of file: the valid ones, and the function that tests one.
struct Sort {
    name: &'static str,
    good: Vec<String>,
    read: fn(&str, &mut Rng) -> Outcome,
}

/// The output for one file: texts (which may have the program's own colours), and whether the file was accepted.
struct Outcome {
    texts: Vec<String>,
    taken: bool,
}

fn files(folder: &str, ext: &str) -> Vec<String> {
    let mut paths: Vec<_> = fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    let paths = paths.into_iter().filter(|path| path.extension().is_some_and(|e| e == ext));
    paths.map(|path| fs::read_to_string(path).expect("text")).collect()
}

fn sorts() -> Vec<Sort> {
    let text = |path: &str| fs::read_to_string(path).expect("text");
    let mut plans = files("tests/bad_plans", "toml");
    plans.extend(["tests/plan/all_keys.toml", "docs/plan.example.toml", "demo/small.toml"].map(text));
    let mut scenarios = files("demo", "toml");
    scenarios.retain(|text| text.contains("\nplan = "));
    vec![
        Sort { name: "plans", good: plans, read: plan },
        Sort {
            name: "journals, any bytes",
            good: ["tests/run/v1.journal", "tests/run/v2.journal"].map(text).to_vec(),
            read: journal,
        },
        Sort {
            name: "journals, whole chains",
            good: ["tests/run/v1.journal", "tests/run/v2.journal"].map(text).to_vec(),
            read: chained,
        },
        Sort { name: "configurations", good: vec![Settings::example()], read: settings },
        Sort { name: "scenarios", good: scenarios, read: scenario },
        Sort { name: "themes", good: files("themes", "toml"), read: theme },
    ]
}

fn lines_of(read: Result<Report, Faulty>) -> Outcome {
    match read {
        Ok(report) => Outcome { texts: vec![report.render(true), report.render(false)], taken: true },
        Err(faulty) => {
            Outcome { texts: vec![faulty.render(true), faulty.render(false), faulty.to_string()], taken: false }
        }
    }
}

fn plan(text: &str, _: &mut Rng) -> Outcome {
    match landfall::systems::parse_plan(Path::new("p\u{1b}[2J.toml"), text) {
        Ok((plan, report)) => {
            let mut out = lines_of(Ok(report));
            out.texts.push(plan.summary().into_iter().chain(plan.outlook()).collect::<Lines>().text().to_owned());
            out
        }
        Err(faulty) => lines_of(Err(faulty)),
    }
}

fn settings(text: &str, _: &mut Rng) -> Outcome {
    match Settings::parse(Path::new("c.toml"), text) {
        Ok(_) => Outcome { texts: Vec::new(), taken: true },
        Err(faulty) => lines_of(Err(faulty)),
    }
}

fn scenario(text: &str, rng: &mut Rng) -> Outcome {
    let small = fs::read_to_string("demo/small.toml").expect("text");
    let small = if rng.u8(..) < 32 { mutated(&small, std::slice::from_ref(&small), rng) } else { small };
    lines_of(Scenario::parse(Path::new("s.toml"), text, |_| Ok(small.clone())).map(|(_, report)| report))
}

fn theme(text: &str, _: &mut Rng) -> Outcome {
    let file = tempfile::NamedTempFile::with_suffix(".toml").expect("a file");
    fs::write(file.path(), text).expect("written");
    match Themes::of_user(|_| None).check(file.path()) {
        Ok((theme, report, _)) => {
            let mut lines = Lines::default();
            lines.put(format_args!("{} {:?}", theme.name, theme.doc));
            Outcome { texts: vec![report.render(true), lines.text().to_owned()], taken: true }
        }
        Err(why) => Outcome { texts: vec![Document::block(&why.to_string()).text().to_owned()], taken: false },
    }
}

fn journal(text: &str, _: &mut Rng) -> Outcome {
    match chain::read::<landfall::systems::Call, landfall::systems::Version>(text.as_bytes()) {
        Ok((entries, torn)) => story(&entries, torn),
        Err(damage) => {
            let mut lines = Lines::default();
            lines.put(damage);
            Outcome { texts: vec![lines.text().to_owned()], taken: false }
        }
    }
}

/// The records of a valid journal with random changes and a valid chain: what another account on the machine could
/// write.
fn chained(text: &str, rng: &mut Rng) -> Outcome {
    let Ok((entries, _)) = chain::read::<landfall::systems::Call, landfall::systems::Version>(text.as_bytes()) else {
        return Outcome { texts: Vec::new(), taken: false };
    };
    let store = MemStore::default();
    let piece = |rng: &mut Rng| PIECES[rng.usize(..PIECES.len())].to_owned();
    let author = Author { run: piece(rng), actor: piece(rng), host: piece(rng), plan: Digest::of(b"plan") };
    let now = |second| Now { boot: Duration::from_secs(second), wall: entries[0].wall };
    let (mut journal, _) = landfall::systems::open_journal(Box::new(store.clone()), author, now(1)).expect("a journal");
    for (second, entry) in (2..).zip(&entries) {
        let mut body = serde_json::to_value(&entry.body).expect("a record");
        if rng.u8(..) < 128 {
            change(&mut body, rng);
        }
        if let Ok(body) = serde_json::from_value::<Body>(body) {
            journal.append(body, now(second)).expect("room");
        }
    }
    match chain::read::<landfall::systems::Call, landfall::systems::Version>(&store.survivors()) {
        Ok((entries, torn)) => story(&entries, torn),
        Err(damage) => panic!("what was appended is a chain: {damage}"),
    }
}

fn story(entries: &[Entry], torn: u64) -> Outcome {
    let mut texts = vec![
        Document::block(&export::markdown(entries)).text().to_owned(),
        Document::json(&export::json(entries)).expect("JSON").text().to_owned(),
    ];
    if let Some(story) = report::story(entries, torn, None) {
        texts.extend([report::markdown(&story), report::html(&story)]);
    }
    Outcome { texts, taken: true }
}

/// Changes some values at random.
fn change(value: &mut Value, rng: &mut Rng) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|v| change(v, rng)),
        Value::Array(list) => {
            list.iter_mut().for_each(|v| change(v, rng));
            if !list.is_empty() && rng.u8(..) < 8 {
                list.remove(rng.usize(..list.len()));
            }
        }
        Value::String(text) if rng.u8(..) < 48 => text.push_str(PIECES[rng.usize(..PIECES.len())]),
        Value::Number(_) if rng.u8(..) < 16 => *value = [0, 1, 255, 65_535, u64::MAX][rng.usize(..5)].into(),
        Value::Bool(yes) if rng.u8(..) < 16 => *yes = !*yes,
        _ => {}
    }
}

/// A file with pieces cut out, duplicated, taken from another file or inserted.
fn mutated(text: &str, good: &[String], rng: &mut Rng) -> String {
    let mut out: Vec<char> = text.chars().collect();
    for _ in 0..rng.usize(1..6) {
        let at = rng.usize(..=out.len());
        let end = (at + rng.usize(..40)).min(out.len());
        match rng.u8(..7) {
            0 => drop(out.drain(at..end)),
            1 => drop(out.splice(at..at, out[at..end].to_vec())),
            2 => drop(out.splice(at..at, PIECES[rng.usize(..PIECES.len())].chars())),
            3 => drop(out.splice(at..end, PIECES[rng.usize(..PIECES.len())].chars())),
            4 => {
                let other: Vec<char> = good[rng.usize(..good.len())].chars().collect();
                let from = rng.usize(..=other.len());
                let until = (from + rng.usize(..400)).min(other.len());
                drop(out.splice(at..at, other[from..until].iter().copied()));
            }
            5 => {
                let piece = PIECES[rng.usize(..PIECES.len())].repeat(rng.usize(1..2000));
                drop(out.splice(at..at, piece.chars()));
            }
            // Inside a string, where it is most likely to be accepted.
            _ => {
                if let Some(quote) = out[at..].iter().position(|c| *c == '"') {
                    drop(out.splice(at + quote..at + quote, PIECES[rng.usize(..PIECES.len())].chars()));
                }
            }
        }
    }
    out.into_iter().collect()
}

/// The first terminal control character, except the program's own colours and line ends. Found without the program's
/// own table.
fn raw(text: &str) -> Option<char> {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
    }) {
        rest = &rest[at..];
        let colour = rest.strip_prefix("\u{1b}[").and_then(|r| {
            let end = r.find(|c: char| !c.is_ascii_digit() && c != ';')?;
            r[end..].strip_prefix('m')
        });
        match colour {
            Some(after) => rest = after,
            None => return rest.chars().next(),
        }
    }
    None
}

/// Peak memory of this process, in MB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

thread_local! {
    static WHERE: RefCell<String> = const { RefCell::new(String::new()) };
}

#[test]
fn whatever_is_in_a_file_nothing_panics_and_nothing_told_acts() {
    let number = |name: &str| std::env::var(name).ok().map(|n| n.parse::<u64>().expect("a number"));
    let (cases, seed) = (number("LANDFALL_FUZZ").unwrap_or(600), number("LANDFALL_FUZZ_SEED").unwrap_or(1));
    let sorts = sorts();
    let usual = panic::take_hook();
    panic::set_hook(Box::new(|info| WHERE.with(|at| *at.borrow_mut() = info.to_string().replace('\n', " "))));
    let mut table = Lines::default();
    let mut amiss = Vec::new();
    table.put("| sort | files | taken | panics | raw signs | longest, ms | peak of memory, MB |");
    for sort in &sorts {
        let (mut taken, mut panics, mut signs, mut longest) = (0, 0, 0, Duration::ZERO);
        let share = cases.div_ceil(sorts.len() as u64);
        for case in seed..seed + share {
            let mut rng = Rng::with_seed(case);
            let good = &sort.good[rng.usize(..sort.good.len())];
            let text = if sort.name.contains("chains") { good.clone() } else { mutated(good, &sort.good, &mut rng) };
            let started = Instant::now();
            let lines_of = panic::catch_unwind(AssertUnwindSafe(|| (sort.read)(&text, &mut rng)));
            longest = longest.max(started.elapsed());
            match lines_of {
                Err(_) => {
                    panics += 1;
                    amiss.push(format!("{}, seed {case}: {}", sort.name, WHERE.with(|at| at.borrow().clone())));
                }
                Ok(lines_of) => {
                    taken += u64::from(lines_of.taken);
                    if let Some(sign) = lines_of.texts.iter().find_map(|text| raw(text)) {
                        signs += 1;
                        amiss.push(format!("{}, seed {case}: U+{:04X} is printed", sort.name, u32::from(sign)));
                    }
                }
            }
        }
        let longest = longest.as_millis();
        table.put(format_args!("| {} | {share} | {taken} | {panics} | {signs} | {longest} | {} |", sort.name, peak()));
    }
    panic::set_hook(usual);
    println!("{}", table.text());
    assert!(
        amiss.is_empty(),
        "{} cases:\n{}",
        amiss.len(),
        amiss.iter().take(20).cloned().collect::<Vec<_>>().join("\n")
    );
    assert!(peak() < 1024, "memory grew to {} MB", peak());
}
