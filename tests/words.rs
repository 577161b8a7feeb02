//! The words of the project: one word for one thing. A retired word is in no name, comment, text, document or scenario.
//!
//! Names are compared part by part (`told_term` has the parts `told` and `term`), everything else word by word. Names of tests are sentences,
//! and are not compared. A retired word that is public (a name in released records, a column's id) is in [`PUBLIC`], with the reason.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Folders and files that are read. The changelog is history.
const READ: [&str; 10] = [
    "src",
    "tests",
    "demo",
    "benches",
    "examples",
    "docs",
    "themes",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
];
/// Kinds of files that are read. A snapshot is a screen, or a text, as people see it.
const KINDS: [&str; 6] = ["rs", "md", "toml", "js", "snap", "css"];
/// The table itself, and documents of released versions, which are as they were.
const UNREAD: [&str; 3] = ["tests/words.rs", "tests/run/v1.md", "tests/run/v2.md"];

/// Retired in names, comments and texts, and what is used instead.
const WORDS: &[(&str, &str)] = &[
    ("told", "described, reported, notified"),
    ("said", "stated, reported, detail"),
    ("felt", "the canary's gap, a sample"),
    ("numb", "a probe's error"),
    ("sought", "VerifyRequest, requested"),
    ("lifted", "lock, removed"),
    ("lacking", "missing"),
    ("minds", "checks"),
    ("deed", "fault injection"),
    ("deeds", "fault injections"),
    ("happening", "fault injection, event"),
    ("happenings", "fault injections, events"),
    ("stranger", "external change"),
    ("strangers", "external changes"),
    ("helm", "control"),
    ("steered", "controlled"),
    ("attest", "mark done, approve"),
    ("gallery", "render worker"),
    ("veil", "mask"),
    ("veiled", "masked"),
    ("gist", "fingerprint"),
    ("ringer", "bell"),
    ("obey", "perform, follow"),
    ("obeys", "performs, follows"),
    ("obeyed", "performed, followed"),
    ("core", "engine"),
    ("picture", "snapshot, view model"),
    ("pictures", "snapshots, view models"),
];

/// Retired in names only: they are also plain English.
const NAMES: &[(&str, &str)] = &[
    ("came", "Transition"),
    ("tell", "publish, notify"),
    ("tells", "publish, notify"),
    ("hear", "observe"),
    ("motion", "proposal"),
];

/// Types that are called otherwise now.
const TYPES: &[(&str, &str)] = &[
    ("Ask", "Query"),
    ("Facts", "Observation"),
    ("Seen", "Observed"),
    ("Looked", "Verified"),
    ("World", "SharedConditions"),
    ("Begun", "AttemptStarted, Attempts"),
    ("Acts", "Writer"),
    ("Second", "Approve"),
    ("LeaveOut", "Skip"),
];

/// Retired phrases of screens and comments.
const PHRASES: &[(&str, &str)] = &[
    ("in its way", "blocked by"),
    ("takes leave", "closes"),
    ("take leave", "close"),
    ("−src", "majority without source"),
    ("−tgt", "majority without target"),
    ("−link", "majority without link"),
];

/// Where a retired word stays: which files, the passage, why.
const PUBLIC: &[(&str, &str, &str)] = &[
    ("src/", "\"said\"", SAID),
    ("src/plain/line.rs", "  said  x", SAID),
    ("tests/", "\"said\"", SAID),
    ("docs/", "`said`", SAID),
    ("src/", "\"attest\"", ATTEST),
    ("src/console/", ":attest", ATTEST),
    ("src/cli/demo.rs", ":attest", ATTEST),
    ("src/console/keymap.rs", "`attest`", ATTEST),
    ("README.md", "`y` | attest |", ATTEST),
    ("src/scenario/", "\"stranger\"", STRANGER),
    ("demo/stranger.toml", "stranger = {", STRANGER),
    ("docs/scenarios.md", "`stranger =", STRANGER),
    ("tests/scenarios.rs", "\"stranger\"", STRANGER),
    ("tests/snapshots/scenarios__faulty_scenario.snap", "{ stranger = ", STRANGER),
    ("tests/output/stage.rs", "demo/stranger.toml", STRANGER),
    ("tests/terminal/tired.rs", "\"stranger\"", STRANGER),
    ("src/systems/mongo/", "\"felt\"", FELT),
    ("tests/screens/details.rs", "\"mongo_felt\"", FELT),
    ("tests/screens/details.rs", "\"mongo_felt_detail\"", FELT),
    ("examples/picture.rs", "picture", "an image"),
    ("docs/scenarios.md", "--example picture", "an image"),
    ("src/systems/ec2/live/instances.rs", "core_count", "a name of the SDK: the core of a processor"),
    ("src/systems/ec2/live/instances.rs", "threads_per_core", "a name of the SDK: the core of a processor"),
    ("demo/lab/src/kafka/sip.rs", "use a core", "the core of a processor"),
    ("tests/model/", "World", "what the model checker explores, not the simulation's conditions"),
    ("src/systems/kafka/cluster/tests.rs", "World", "a test's own"),
];
const SAID: &str = "the key of the last message, in records, in `status` and in lines";
const ATTEST: &str = "the id of the command that marks a manual step as done, and of its record";
const STRANGER: &str = "the key of the external change in scenario files, and the scenario's name";
const FELT: &str = "the id of the canary's column";

/// A part of a source file in which words are looked for.
#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Name(&'a str),
    /// A comment, or the text between quotes, with them.
    Text(&'a str),
}

/// Names, comments and texts of a Rust file, each with where it begins.
fn pieces(code: &str) -> Vec<(usize, Piece<'_>)> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(first) = code[at..].chars().next() {
        let rest = &code[at..];
        let (length, piece) = match first {
            '/' if rest.starts_with("//") => text(rest, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => text(rest, rest.find("*/").map_or(rest.len(), |end| end + 2)),
            '"' => text(rest, quoted(rest)),
            '\'' => (character(rest), None),
            'r' | 'b' | 'c' if raw(rest).is_some() => text(rest, raw(rest).unwrap_or(rest.len())),
            _ if first == '_' || first.is_alphabetic() => {
                let end = rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len());
                (end, Some(Piece::Name(&rest[..end])))
            }
            _ => (first.len_utf8(), None),
        };
        out.extend(piece.map(|piece| (at, piece)));
        at += length;
    }
    out
}

fn text(rest: &str, end: usize) -> (usize, Option<Piece<'_>>) {
    (end, Some(Piece::Text(&rest[..end])))
}

/// Length of a text between quotes.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    let end = rest[1..].find(|c: char| {
        let end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        end
    });
    end.map_or(rest.len(), |end| end + 2)
}

/// Length of a raw text, if there is one here.
fn raw(rest: &str) -> Option<usize> {
    let open = rest.trim_start_matches(['b', 'c']).strip_prefix('r')?;
    let marks = open.len() - open.trim_start_matches('#').len();
    open[marks..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(marks));
    let start = rest.len() - open.len() + marks + 1;
    Some(rest[start..].find(&close).map_or(rest.len(), |end| start + end + close.len()))
}

/// Length of a character, or of the sign of a lifetime.
fn character(rest: &str) -> usize {
    let mut signs = rest.char_indices().skip(1);
    match signs.next() {
        Some((_, '\\')) => signs.skip(1).find(|(_, c)| *c == '\'').map_or(1, |(end, _)| end + 1),
        Some(_) => signs.next().filter(|(_, c)| *c == '\'').map_or(1, |(end, _)| end + 1),
        None => 1,
    }
}

/// The parts of a name, in small letters: `toldTerm`, `told_term` and `TOLD_TERM` have the same.
fn parts(name: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if c == '_' || c.is_uppercase() && small {
            out.push(String::new());
        }
        small = c.is_lowercase();
        if c != '_' {
            out.last_mut().expect("one").extend(c.to_lowercase());
        }
    }
    out
}

/// A word or passage that is retired, and what is used instead.
type Found = (&'static str, &'static str);

fn in_name(name: &str) -> Vec<Found> {
    let parts = parts(name);
    let part = |(word, _): &&Found| parts.iter().any(|part| part == word);
    let whole = |(word, _): &&Found| name == *word;
    WORDS.iter().chain(NAMES).filter(part).chain(TYPES.iter().filter(whole)).copied().collect()
}

fn in_text(text: &str) -> Vec<Found> {
    let small = text.to_lowercase();
    let words: BTreeSet<&str> = small.split(|c: char| !c.is_alphanumeric()).collect();
    let word = |(word, _): &&Found| words.contains(word);
    WORDS.iter().filter(word).chain(PHRASES.iter().filter(|(phrase, _)| small.contains(phrase))).copied().collect()
}

/// One file's retired words, and which of [`PUBLIC`] it needs.
#[derive(Default)]
struct Search {
    found: Vec<String>,
    needed: BTreeSet<usize>,
}

impl Search {
    fn file(&mut self, file: &str, content: &str) {
        if !file.ends_with(".rs") {
            return self.text(file, 1, content);
        }
        let mut of_a_test = false;
        let mut before = "";
        for (at, piece) in pieces(content) {
            let line = 1 + content[..at].matches('\n').count();
            match piece {
                Piece::Text(text) => self.text(file, line, text),
                Piece::Name(name) => {
                    let sentence = before == "fn" && std::mem::take(&mut of_a_test);
                    of_a_test |= name == "test" && (content[..at].ends_with("#[") || content[..at].ends_with("::"));
                    if !sentence && !self.is_public(file, name, in_name(name)) {
                        self.report(file, line, name, in_name(name));
                    }
                    before = name;
                }
            }
        }
    }

    fn is_public(&mut self, file: &str, name: &str, found: Vec<Found>) -> bool {
        let place = PUBLIC.iter().position(|(of, passage, _)| file.starts_with(of) && *passage == name);
        self.needed.extend(place.filter(|_| !found.is_empty()));
        place.is_some()
    }

    /// Looks into a text line by line, without the passages that are public.
    fn text(&mut self, file: &str, first: usize, text: &str) {
        for (place, line) in text.lines().enumerate() {
            let mut left = line.to_owned();
            for (at, (of, passage, _)) in PUBLIC.iter().enumerate() {
                if file.starts_with(of) && left.contains(passage) && !in_text(passage).is_empty() {
                    left = left.replace(passage, "");
                    self.needed.insert(at);
                }
            }
            self.report(file, first + place, line.trim(), in_text(&left));
        }
    }

    fn report(&mut self, file: &str, line: usize, place: &str, found: Vec<Found>) {
        self.found.extend(
            found.iter().map(|(word, instead)| format!("{file}:{line}: `{word}`, say: {instead}\n    {place}")),
        );
    }
}

/// The files of these kinds, without what the lab has downloaded.
fn files(path: &Path, out: &mut Vec<PathBuf>) {
    if path.ends_with("demo/lab/cache") {
        return;
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder") {
            files(&entry.expect("an entry").path(), out);
        }
    } else if path.extension().is_some_and(|end| KINDS.iter().any(|kind| end == *kind)) {
        out.push(path.to_owned());
    }
}

#[test]
fn no_retired_word_is_left() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    READ.iter().for_each(|name| files(&root.join(name), &mut paths));
    paths.sort();
    let mut search = Search::default();
    let mut read = 0;
    for path in paths {
        let name = path.strip_prefix(root).expect("within").to_string_lossy().into_owned();
        if !UNREAD.contains(&name.as_str()) {
            read += 1;
            search.file(&name, &fs::read_to_string(&path).expect("a text"));
        }
    }
    let needless: Vec<_> = PUBLIC.iter().enumerate().filter(|(at, _)| !search.needed.contains(at)).collect();
    println!("{read} files read, {} retired words found, {} passages are public", search.found.len(), PUBLIC.len());
    assert!(search.found.is_empty(), "{}", search.found.join("\n"));
    assert!(read > 500 && needless.is_empty(), "nothing needs these: {needless:#?}");
}

#[test]
fn a_retired_word_is_found_wherever_it_is() {
    let code = "/// Told.\nstruct Ask;\n#[test]\nfn it_is_told() { let told_term = r#\"it \"obeys\"\"#; 'a'; '\\''; \"\\\"helm\"; }\n";
    let mut search = Search::default();
    search.file("x.rs", code);
    search.file("x.md", "fine\nNothing is in its way.\n");
    let heads: Vec<&str> = search.found.iter().filter_map(|found| found.split(',').next()).collect();
    let all = [
        "x.rs:1: `told`",
        "x.rs:2: `Ask`",
        "x.rs:4: `told`",
        "x.rs:4: `obeys`",
        "x.rs:4: `helm`",
        "x.md:2: `in its way`",
    ];
    assert_eq!(heads, all);
}
