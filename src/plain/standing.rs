//! The current state as facts: a kind, a name, a state word, and the reason.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;

use base::{
    collector::CollectorState,
    now::short,
    step::Level,
    view::{CollectorLine, Key, Tile, Tone, state_cell},
};
use console::view_model::tiles;
use engine::{
    run::{JournalLine, RunView, Turn},
    snapshot::{Outage, Snapshot, Verdict},
};

/// The kind of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Verdict,
    Abort,
    Invariant,
    Tile,
    Source,
    Gate,
    Step,
}

impl Kind {
    /// Its word at the beginning of a line.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Abort => "abort",
            Self::Invariant => "invariant",
            Self::Tile => "tile",
            Self::Source => "source",
            Self::Gate => "gate",
            Self::Step => "step",
        }
    }
}

/// One thing and its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) word: String,
    pub(super) why: String,
    /// The part of the reason whose change is printed; empty: no change is.
    pub(super) sense: String,
    /// How bad it is, for kinds where this is defined.
    pub(super) worse: u8,
    /// The system of a collector; empty for all else.
    pub(super) system: &'static str,
}

/// The state at one moment.
#[derive(Debug, Clone)]
pub struct Standing {
    pub(super) at: Timestamp,
    /// On the boot clock: durations are measured on it.
    pub(super) boot: Duration,
    /// By kind, in printing order.
    pub(super) facts: Vec<Fact>,
    /// Why the last order was refused, or what drifted, while that is recent.
    pub(super) notice: Option<String>,
    /// The last records, oldest first.
    pub(super) journal: Vec<JournalLine>,
}

impl Standing {
    /// From a snapshot.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut facts = vec![verdict(snapshot)];
        let run = snapshot.run.as_deref();
        facts.extend(run.into_iter().flat_map(watched));
        facts.extend(tiles(snapshot).iter().map(tile));
        facts.extend(snapshot.collectors.iter().map(source));
        facts.extend(run.into_iter().flat_map(gates));
        facts.extend(run.into_iter().flat_map(steps));
        Self {
            at: snapshot.now.wall,
            boot: snapshot.now.boot,
            facts,
            notice: run.and_then(|run| run.notice.clone()),
            journal: run.map_or_else(Vec::new, |run| run.journal.clone()),
        }
    }

    /// The same when the engine has been silent for this long: the verdict is HOLD.
    #[must_use]
    pub fn silent(&self, silent: Duration) -> Self {
        let at = jiff::SignedDuration::try_from(silent).ok().and_then(|d| self.at.checked_add(d).ok());
        let why = format!("no update from the engine for {}: the last lines are out of date", short(silent));
        let mut facts = self.facts.clone();
        if let Some(first) = facts.first_mut() {
            *first = Fact { sense: "silent".to_owned(), ..fact(Kind::Verdict, "", "HOLD", why) };
        }
        Self { at: at.unwrap_or(self.at), boot: self.boot + silent, facts, ..self.clone() }
    }
}

fn fact(kind: Kind, name: impl Into<String>, word: impl Into<String>, why: impl Into<String>) -> Fact {
    Fact { kind, name: name.into(), word: word.into(), why: why.into(), sense: String::new(), worse: 0, system: "" }
}

/// Prevents repeated lines of a value near a limit: a tile that gets worse is printed at once, one that gets better
/// after [`LASTS`].
#[derive(Debug, Default)]
pub struct Steady(HashMap<String, Duration>);

/// How long an improvement must last.
const LASTS: Duration = Duration::from_secs(10);

impl Steady {
    /// The state to print: improvements only if they have lasted. `lines_of`: the state that was printed last.
    #[must_use]
    pub fn announce(&mut self, mut now: Standing, lines_of: Option<&Standing>) -> Standing {
        let at = now.boot;
        for fact in now.facts.iter_mut().filter(|fact| fact.kind == Kind::Tile) {
            let is = |was: &&Fact| was.kind == Kind::Tile && was.name == fact.name;
            match lines_of.and_then(|lines_of| lines_of.facts.iter().find(is)).filter(|was| was.worse > fact.worse) {
                None => drop(self.0.remove(&fact.name)),
                Some(was) => {
                    let since = *self.0.entry(fact.name.clone()).or_insert(at);
                    let lasted = at.saturating_sub(since) >= LASTS;
                    if lasted {
                        self.0.remove(&fact.name);
                    } else {
                        *fact = was.clone();
                    }
                }
            }
        }
        now
    }
}

/// The verdict. A change of the first named collector, while many come up or fail together, is not printed.
fn verdict(snapshot: &Snapshot) -> Fact {
    let verdict = snapshot.verdict();
    let worst = snapshot.collectors.iter().map(|s| s.state).max().filter(|state| *state != CollectorState::Fresh);
    let sense = match (&verdict, worst) {
        (Verdict::Hold(_), Some(state)) => state_cell(state).0.to_owned(),
        (Verdict::Outage(_) | Verdict::Overspent(_), _) => {
            without_figures(&snapshot.outages.iter().map(Outage::describe).collect::<Vec<_>>().join("; "))
        }
        _ => without_figures(verdict.describe().1),
    };
    let (word, why) = verdict.describe();
    Fact { sense, ..fact(Kind::Verdict, "", word, why) }
}

/// A text without its figures: words that begin with a digit, after any sign. `orders-2` is a name, `3.4` and `2m10s`
/// are figures.
fn without_figures(text: &str) -> String {
    let figure = |word: &str| {
        let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        word.starts_with(|c: char| c.is_ascii_digit())
    };
    let mut out: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        let word = if figure(word) { "#" } else { word };
        // Thousands separated by blanks are one figure.
        if word != "#" || out.last() != Some(&"#") {
            out.push(word);
        }
    }
    out.join(" ")
}

/// The invariants and the rollback triggers. A GREEN trigger asks for a rollback.
fn watched(run: &RunView) -> Vec<Fact> {
    let asks = |level| match level {
        Level::Green => "ROLL BACK",
        Level::Unknown => "UNKNOWN",
        Level::Red => "clear",
    };
    let aborts = run.aborts.iter().map(|(title, level, why)| fact(Kind::Abort, title, asks(*level), why));
    let invariants = run.invariants.iter().map(|(title, level, why)| fact(Kind::Invariant, title, level.word(), why));
    aborts.chain(invariants).collect()
}

/// A tile with a word as value prints that word, one with a figure prints its tone.
fn tile(tile: &Tile) -> Fact {
    let tone = tile.value.tone.word();
    let is_word = tile.value.key == Key::Text && !tile.value.text.contains(|c: char| c.is_ascii_digit());
    let word = if is_word { format!("{} ({tone})", tile.value.text) } else { tone.to_owned() };
    let sides: Vec<String> = tile.sides.iter().map(|(label, cell)| format!("{label} {}", cell.text)).collect();
    let parts = [if is_word { "" } else { &tile.value.text }, &tile.note, &sides.join(" ")];
    let why = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    // Tones below good count as good.
    Fact {
        worse: tile.value.tone.gravity().max(Tone::Good.gravity()),
        ..fact(Kind::Tile, tile.title.clone(), word, why)
    }
}

fn source(line: &CollectorLine) -> Fact {
    let why = match (&line.fault, line.state) {
        (Some(fault), _) => fault.to_string(),
        (None, CollectorState::Stale | CollectorState::Unknown) => {
            line.age.map_or_else(|| "never answered".to_owned(), |age| format!("last answer {age} ago"))
        }
        (None, _) => String::new(),
    };
    Fact { system: line.system, ..fact(Kind::Source, &line.id, state_cell(line.state).0, why) }
}

/// The gates of the next step, as far as they are evaluated.
fn gates(run: &RunView) -> Vec<Fact> {
    let Some(step) = run.next() else { return Vec::new() };
    let line = |gate: &engine::run::GateLine| {
        let reason = &gate.reason;
        let fork: String = reason.path.iter().map(|branch| format!(".{branch}")).collect();
        fact(Kind::Gate, format!("{} {} {}{fork}", step.id, gate.of, reason.gate), reason.word(), &reason.what)
    };
    step.gates.iter().filter(|gate| gate.turn == Turn::Now).map(line).collect()
}

fn steps(run: &RunView) -> Vec<Fact> {
    let step = |step: &engine::run::StepView| {
        let why = match (step.exposed, step.why_failed()) {
            (Some(since), _) if step.cleans_up() => format!("EXPOSED for {}, until its cleanup is done", short(since)),
            (Some(since), _) => format!("EXPOSED for {}: its cleanup is not finished", short(since)),
            (None, Some(why)) => why,
            (None, None) => step.title.clone(),
        };
        let word = if step.exposed.is_some() { format!("{} EXPOSED", step.word) } else { step.word.to_owned() };
        fact(Kind::Step, &step.id, word, why)
    };
    run.steps.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(second: i64, facts: Vec<Fact>) -> Standing {
        let at = Timestamp::from_second(1_000_000 + second).expect("a time");
        // The machine's clock may be set during the run.
        let boot = Duration::from_secs(u64::try_from(second).expect("a time"));
        Standing { at, boot, facts, notice: None, journal: Vec::new() }
    }

    /// The values printed for one tile, a second apart.
    fn lines_of(worse: &[u8]) -> Vec<u8> {
        let (mut steady, mut before, mut out) = (Steady::default(), None, Vec::new());
        for (second, worse) in worse.iter().enumerate() {
            let fact = Fact { worse: *worse, ..fact(Kind::Tile, "Users", worse.to_string(), "") };
            let now = steady.announce(standing(i64::try_from(second).expect("few"), vec![fact]), before.as_ref());
            if before.as_ref().is_none_or(|before: &Standing| before.facts[0].word != now.facts[0].word) {
                out.push(now.facts[0].worse);
            }
            before = Some(now);
        }
        out
    }

    #[test]
    fn what_hovers_at_a_limit_is_told_once_and_what_gets_worse_at_once() {
        let hovers: Vec<u8> = (0..60).map(|second| if second % 4 == 0 { 2 } else { 0 }).collect();
        assert_eq!(lines_of(&hovers), [2], "it is never better for ten seconds");
        assert_eq!(lines_of(&[0, 2, 5, 2, 5]), [0, 2, 5]);
        let lasts: Vec<u8> = [2].into_iter().chain([0; 12]).collect();
        assert_eq!(lines_of(&lasts), [2, 0]);
        assert_eq!(lines_of(&lasts[..10]), [2], "not yet");
    }

    #[test]
    fn an_engine_that_is_silent_is_hold_whatever_it_said_last() {
        let go = standing(0, vec![fact(Kind::Verdict, "", "GO", "all is well"), fact(Kind::Step, "s", "READY", "")]);
        let silent = go.silent(Duration::from_secs(8));
        let [verdict, step] = &silent.facts[..] else { panic!("two facts") };
        assert_eq!(
            (verdict.word.as_str(), &verdict.why[..]),
            ("HOLD", "no update from the engine for 8.0s: the last lines are out of date")
        );
        assert_eq!((step, silent.at), (&go.facts[1], Timestamp::from_second(1_000_008).expect("a time")));
        // A longer silence is not a further change.
        let longer = go.silent(Duration::from_secs(12));
        assert_eq!(longer.facts[0].sense, verdict.sense);
    }

    #[test]
    fn a_figure_is_told_from_a_name_with_a_digit() {
        assert_eq!(without_figures("1\u{202f}204 of ≥ 3m10s, orders-2: +0.4s/s"), "# of ≥ # orders-2: #");
        assert_eq!(without_figures("lag 3.4 s (orders-1)"), without_figures("lag 12 s (orders-1)"));
        assert_ne!(without_figures("next: dns-25"), without_figures("next: dns-50"));
    }
}
