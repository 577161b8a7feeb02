//! The ten answers of the overview. All ten are always shown, in a fixed order. If the plan cannot answer a question,
//! its tile says what the plan must name.

use std::{borrow::Cow, time::Duration};

use super::pages::{RUNBOOK, SOURCES, STEPS};
use base::{
    collector::CollectorState,
    now::short,
    view::{Cell, Tile, Tone},
};
use engine::snapshot::{Snapshot, Verdict};

/// One question.
#[derive(Debug)]
pub struct Question {
    /// Id of the tile that answers it.
    pub id: &'static str,
    /// Short title.
    pub title: &'static str,
    /// A second tile that belongs to the same answer, its word, and whether its note is shown.
    pub with: Option<(&'static str, &'static str, bool)>,
    /// What the plan must name, if no tile answers the question.
    pub missing: &'static str,
}

const fn ask(id: &'static str, title: &'static str, missing: &'static str) -> Question {
    Question { id, title, with: None, missing }
}

/// The questions, in display order.
pub const QUESTIONS: [Question; 10] = [
    ask(VERDICT, "Verdict", ""),
    ask("users", "Users hurt?", "not in the plan: [[health]] with kind = \"errors\" or \"latency\""),
    ask("write_downtime", "Write downtime", "not in the plan: [[replica_set]]"),
    Question {
        with: Some(("requests", "received", false)),
        ..ask("traffic", "Traffic in target", "not in the plan: [[dns]], or [[health]] with kind = \"requests\"")
    },
    ask("primaries", "Primaries", "not in the plan: [[replica_set]]"),
    Question {
        with: Some(("replication_lag", "replication", true)),
        ..ask("lag", "Worst lag", "not in the plan: [[kafka]] or [[replica_set]]")
    },
    ask("fleet", "Fleet ready", "not in the plan: [[fleet]]"),
    ask("way_back", "Rollback", "not in the plan: [[phase]] with steps that can be rolled back"),
    ask("time", "Time since start", ""),
    ask("blind", "Oldest reading", ""),
];

/// Sort key of a tile: the number of its question, then its position within the answer. Tiles that answer no question
/// come before the last two, which are the console's own.
#[must_use]
pub fn place(tile: &str) -> (usize, usize) {
    let of = |q: &Question| match q.with {
        _ if q.id == tile => Some(1),
        Some((with, ..)) if with == tile => Some(2),
        _ => None,
    };
    QUESTIONS.iter().enumerate().find_map(|(i, q)| Some((i, of(q)?))).unwrap_or((QUESTIONS.len() - 2, 0))
}

/// Id of the first question.
pub const VERDICT: &str = "verdict";

/// One answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The question that is answered.
    pub question: &'static Question,
    /// The answer; `None` if the plan names nothing that gives it.
    pub main: Option<Tile>,
    /// The second tile, with its word.
    pub with: Option<(&'static str, Tile)>,
    /// Age of the last known value, if the value is not known now.
    pub lost: Option<String>,
}

impl Answer {
    /// The worst part. It gives the answer its sign, and its page is the one that opens.
    #[must_use]
    pub fn worst(&self) -> Option<&Tile> {
        let parts = self.main.iter().chain(self.with.iter().map(|(_, tile)| tile));
        // If several are equally bad, the first.
        parts.rev().max_by_key(|tile| tile.value.tone.gravity())
    }

    /// The same after this long without a snapshot: every value is then stale.
    #[must_use]
    pub fn aged(&self, silent: Duration) -> Self {
        let mut out = self.clone();
        for tile in out.main.iter_mut().chain(out.with.iter_mut().map(|(_, tile)| tile)) {
            for cell in std::iter::once(&mut tile.value).chain(tile.sides.iter_mut().map(|(_, cell)| cell)) {
                let kept = matches!(cell.tone, Tone::Stale | Tone::Blind | Tone::Muted);
                cell.tone = if kept { cell.tone } else { Tone::Stale };
            }
        }
        out.lost = out.lost.or_else(|| Some(format!("no data for {}", short(silent))));
        out
    }

    /// Tone of the worst part.
    #[must_use]
    pub fn tone(&self) -> Tone {
        self.worst().map_or(Tone::Muted, |tile| tile.value.tone)
    }
}

/// All ten answers.
#[must_use]
pub fn answers(snapshot: &Snapshot, tiles: &[Tile]) -> Vec<Answer> {
    let tile = |id: &str| worst(tiles, id).cloned();
    let answer = |question: &'static Question| {
        let with = question.with.and_then(|(id, word, noted)| {
            let tile = tile(id)?;
            Some((word, if noted { tile } else { Tile { note: Cow::Borrowed(""), ..tile } }))
        });
        let (main, with) = match (tile(question.id), with) {
            // The main tile is missing: the second tile takes its place.
            (None, Some((_, with))) => (Some(with), None),
            (main, with) => (main, with),
        };
        let main = if question.id == VERDICT { Some(verdict(snapshot)) } else { main };
        let lost = main.as_ref().and_then(|tile| lost(snapshot, tile));
        Answer { question, main, with, lost }
    };
    QUESTIONS.iter().map(answer).collect()
}

/// The tile with this id. If several systems answer the question, the worst; of several that are equally bad, the first.
fn worst<'t>(tiles: &'t [Tile], id: &str) -> Option<&'t Tile> {
    tiles.iter().filter(|tile| tile.id == id).rev().max_by_key(|tile| tile.value.tone.gravity())
}

/// How long a value has been unknown.
fn lost(snapshot: &Snapshot, tile: &Tile) -> Option<String> {
    match (tile.value.tone, tile.age) {
        (Tone::Stale, Some(age)) => Some(format!("{age} old")),
        (Tone::Stale | Tone::Blind, _) => {
            // The text of the collectors' own tile contains the age.
            let silent =
                snapshot.collectors.iter().filter(|s| s.state != CollectorState::Fresh && s.system == tile.panel);
            let oldest = silent.max_by_key(|s| (s.state, s.age.map_or((1, None), |age| (0, Some(age)))))?;
            Some(oldest.age.map_or_else(|| "no data yet".to_owned(), |age| format!("last data {age} ago")))
        }
        _ => None,
    }
}

/// The verdict as an answer. It opens what the verdict refers to.
fn verdict(snapshot: &Snapshot) -> Tile {
    let verdict = snapshot.verdict();
    let (word, why) = verdict.describe();
    let run = snapshot.run.as_ref();
    let lost = snapshot.most_blind().filter(|s| s.state != CollectorState::Fresh);
    let next = || run.and_then(|run| Some((STEPS, run.next()?.id.clone())));
    let (panel, row) = match (&verdict, lost) {
        (Verdict::Hold(_), None) if let Some(first) = snapshot.unknown.first() => (first.page, None),
        (Verdict::Hold(_) | Verdict::Clear(_), Some(source)) => (SOURCES, Some((SOURCES, source.id.clone()))),
        _ if run.is_some() => (RUNBOOK, next()),
        _ => (SOURCES, None),
    };
    let tone = match &verdict {
        Verdict::Hold(_) => Tone::Warn,
        Verdict::Running(_) | Verdict::RollingBack(_) => Tone::Busy,
        Verdict::Clear(_) | Verdict::Go(_) => Tone::Good,
        Verdict::RollBack(_) | Verdict::Overspent(_) | Verdict::Outage(_) => Tone::Bad,
    };
    Tile {
        id: VERDICT,
        title: QUESTIONS[0].title.into(),
        value: Cell::text(word).tone(tone),
        note: Cow::Owned(why.to_owned()),
        sides: Vec::new(),
        spark: Vec::new(),
        age: None,
        panel,
        row,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_answers_to_one_question_the_worse_is_shown_and_of_equals_the_first() {
        let tile = |panel: &'static str, tone: Tone| Tile {
            id: "lag",
            title: "Worst lag".into(),
            value: Cell::text("1 s").tone(tone),
            note: Cow::Borrowed(""),
            sides: Vec::new(),
            spark: Vec::new(),
            age: None,
            panel,
            row: None,
        };
        let of = |tones: [Tone; 2]| {
            let tiles = [tile("one", tones[0]), tile("other", tones[1])];
            worst(&tiles, "lag").map(|tile| tile.panel)
        };
        assert_eq!(of([Tone::Good, Tone::Bad]), Some("other"));
        assert_eq!(of([Tone::Bad, Tone::Good]), Some("one"));
        assert_eq!(of([Tone::Good, Tone::Blind]), Some("other"), "what is not known is worse than good");
        assert_eq!(of([Tone::Good, Tone::Good]), Some("one"));
        assert!(worst(&[], "lag").is_none());
    }
}
