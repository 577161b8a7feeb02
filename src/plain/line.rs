//! From the previous and the current state to lines. Pure.

use std::collections::HashMap;

use jiff::{Timestamp, tz::TimeZone};

use super::standing::{Fact, Kind, Standing};
use base::{text::line, view::counted};
use console::clock::stamp;

/// If more collectors than this of one system change in the same way, they share one line.
const ALIKE: usize = 3;
/// If more records than this come at once, only their number is printed: they are in the journal.
const RECORDS: usize = 20;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Time of the change.
    pub at: Timestamp,
    /// The thing: `verdict`, `tile Worst lag`, `source mongo/…`.
    pub what: String,
    /// Its previous state; `None` if it is printed for the first time.
    pub from: Option<String>,
    /// Its new state.
    pub to: String,
    /// The reason.
    pub why: String,
}

impl Line {
    /// As printed, without the line end: no control character, no two spaces within a part.
    #[must_use]
    pub fn text(&self, zone: &TimeZone) -> String {
        let at = stamp(self.at, zone);
        let became = self.from.as_ref().map_or_else(|| self.to.clone(), |from| format!("{from} → {}", self.to));
        let parts = [at, one_line(&self.what), one_line(&became), one_line(&self.why)];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
    }
}

/// Removes what could end a line or control a terminal, and repeated spaces: such texts come from servers.
#[must_use]
pub fn one_line(text: &str) -> String {
    line(text).split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The lines to print when the state changes from `before` (`None`: nothing printed yet) to `now`.
#[must_use]
pub fn lines(before: Option<&Standing>, now: &Standing) -> Vec<Line> {
    let stood: HashMap<(Kind, &str), &Fact> =
        before.iter().flat_map(|s| &s.facts).map(|f| ((f.kind, f.name.as_str()), f)).collect();
    let line = |fact: &Fact| {
        let from = stood.get(&(fact.kind, fact.name.as_str())).map(|was| was.word.clone());
        // If only the reason of the verdict changed, `from` is omitted.
        let from = from.filter(|from| *from != fact.word);
        let what = format!("{} {}", fact.kind.word(), fact.name).trim_end().to_owned();
        Line { at: now.at, what, from, to: fact.word.clone(), why: fact.why.clone() }
    };
    let changed = |fact: &&Fact| match stood.get(&(fact.kind, fact.name.as_str())) {
        None => true,
        Some(was) if was.word != fact.word => true,
        Some(was) => was.sense != fact.sense,
    };
    let (collectors, others): (Vec<&Fact>, Vec<&Fact>) =
        now.facts.iter().filter(changed).partition(|fact| fact.kind == Kind::Source);
    let place = others.iter().position(|fact| fact.kind > Kind::Source).unwrap_or(others.len());
    let mut out: Vec<Line> = others[..place].iter().map(|fact| line(fact)).collect();
    out.extend(alike_together(&collectors, line));
    out.extend(gone(before, now));
    // At first, pending steps are only counted: a runbook has dozens of steps.
    let idle = |fact: &&&Fact| before.is_none() && fact.kind == Kind::Step && fact.word == "PENDING";
    let (idle, others): (Vec<&Fact>, Vec<&Fact>) = others[place..].iter().partition(idle);
    out.extend(others.iter().map(|fact| line(fact)));
    if let Some(first) = idle.first() {
        let why = format!("{} of them", idle.len());
        out.push(Line { what: "steps".to_owned(), why, ..line(first) });
    }
    out.extend(describe(before, now));
    out.extend(records(before, now));
    out
}

/// Collectors, one a line; many of one system that change in the same way share a line.
fn alike_together(collectors: &[&Fact], line: impl Fn(&Fact) -> Line) -> Vec<Line> {
    let mut alike: Vec<((&str, String), Vec<Line>)> = Vec::new();
    for fact in collectors {
        let line = line(fact);
        let key = (fact.system, format!("{:?} {}", line.from, line.to));
        match alike.iter_mut().find(|(other, _)| *other == key) {
            Some((_, lines)) => lines.push(line),
            None => alike.push((key, vec![line])),
        }
    }
    let together = |((system, _), mut lines): ((&str, String), Vec<Line>)| {
        if lines.len() <= ALIKE {
            return lines;
        }
        let n = lines.len();
        let first = lines.swap_remove(0);
        let id = first.what.split_once(' ').map_or("", |(_, id)| id);
        let why = if first.why.is_empty() { String::new() } else { format!(", the first {id}: {}", first.why) };
        vec![Line { what: format!("sources {system}"), why: format!("{n} of them{why}"), ..first }]
    };
    alike.into_iter().flat_map(together).collect()
}

/// Collectors that no longer exist.
fn gone(before: Option<&Standing>, now: &Standing) -> Vec<Line> {
    let collectors = |standing: &Standing| -> Vec<Fact> {
        standing.facts.iter().filter(|fact| fact.kind == Kind::Source).cloned().collect()
    };
    let Some(before) = before else { return Vec::new() };
    let here: std::collections::HashSet<String> = collectors(now).into_iter().map(|fact| fact.name).collect();
    let gone = collectors(before).into_iter().filter(|fact| !here.contains(&fact.name));
    gone.map(|fact| Line {
        at: now.at,
        what: format!("source {}", fact.name),
        from: Some(fact.word),
        to: "gone".to_owned(),
        why: "no longer polled".to_owned(),
    })
    .collect()
}

fn describe(before: Option<&Standing>, now: &Standing) -> Option<Line> {
    let notice = now.notice.as_ref().filter(|notice| before.and_then(|b| b.notice.as_ref()) != Some(notice))?;
    Some(Line { at: now.at, what: "said".to_owned(), from: None, to: notice.clone(), why: String::new() })
}

/// New records, with their own times.
fn records(before: Option<&Standing>, now: &Standing) -> Vec<Line> {
    let known = before.and_then(|b| b.journal.last()).map(|record| record.seq);
    let fresh: Vec<_> = now.journal.iter().filter(|record| known.is_none_or(|seq| record.seq > seq)).collect();
    let more = fresh.len().saturating_sub(RECORDS);
    let counted = (more > 0).then(|| Line {
        at: now.at,
        what: "journal".to_owned(),
        from: None,
        to: format!("{} before these", counted(more, "record")),
        why: "landfall journal export prints them all".to_owned(),
    });
    let record = |record: &&engine::run::JournalLine| Line {
        at: record.wall,
        what: format!("journal #{} {} {}", record.seq, record.actor, record.step),
        from: None,
        to: record.what.clone(),
        why: String::new(),
    };
    counted.into_iter().chain(fresh.iter().skip(more).map(record)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_230_000 + second).expect("a time")
    }

    /// Ids of collectors begin with the id of their system here.
    fn standing(facts: &[(Kind, &'static str, &str, &str)]) -> Standing {
        let fact = |(kind, name, word, why): &(Kind, &'static str, &str, &str)| Fact {
            kind: *kind,
            name: (*name).to_owned(),
            word: (*word).to_owned(),
            why: (*why).to_owned(),
            sense: String::new(),
            worse: 0,
            system: name.split('/').next().unwrap_or_default(),
        };
        Standing {
            at: at(5),
            boot: std::time::Duration::ZERO,
            facts: facts.iter().map(fact).collect(),
            notice: None,
            journal: Vec::new(),
        }
    }

    fn lines_of(before: Option<&Standing>, now: &Standing) -> Vec<String> {
        lines(before, now).iter().map(|line| line.text(&TimeZone::UTC)[22..].to_owned()).collect()
    }

    #[test]
    fn figures_that_move_are_no_line_and_words_that_change_are() {
        let before = standing(&[(Kind::Tile, "Worst lag", "good", "0.4s")]);
        let moved = standing(&[(Kind::Tile, "Worst lag", "good", "0.9s")]);
        assert_eq!(lines_of(Some(&before), &moved), Vec::<String>::new());
        let changed = standing(&[(Kind::Tile, "Worst lag", "WARN", "2.9s")]);
        assert_eq!(lines_of(Some(&moved), &changed), ["tile Worst lag  good → WARN  2.9s"]);
    }

    #[test]
    fn a_verdict_is_told_again_for_another_reason_and_not_for_another_figure() {
        let of = |sense: &str, why: &str| {
            let mut it = standing(&[(Kind::Verdict, "", "HOLD", why)]);
            it.facts[0].sense = sense.to_owned();
            it
        };
        assert_eq!(lines_of(Some(&of("lag #", "lag 3 s")), &of("lag #", "lag 9 s")), Vec::<String>::new());
        assert_eq!(lines_of(Some(&of("lag #", "lag 3 s")), &of("STALE", "2 stale")), ["verdict  HOLD  2 stale"]);
    }

    #[test]
    fn what_stands_is_told_once_and_what_goes_is_told() {
        let first = standing(&[(Kind::Verdict, "", "GO", "next: a"), (Kind::Source, "dns/x", "live", "")]);
        assert_eq!(lines_of(None, &first), ["verdict  GO  next: a", "source dns/x  live"]);
        assert_eq!(lines_of(Some(&first), &first), Vec::<String>::new());
        let less = standing(&[(Kind::Verdict, "", "GO", "next: a")]);
        assert_eq!(lines_of(Some(&first), &less), ["source dns/x  live → gone  no longer polled"]);
    }

    #[test]
    fn many_sources_that_change_alike_are_one_line_a_system() {
        let of = |word: &'static str, why: &'static str| {
            let names = ["mongo/a", "mongo/b", "mongo/c", "mongo/d", "kafka/a"];
            standing(&names.map(|name| (Kind::Source, name, word, why)))
        };
        assert_eq!(
            lines_of(Some(&of("live", "")), &of("STALE", "TIMED OUT: x")),
            [
                "sources mongo  live → STALE  4 of them, the first mongo/a: TIMED OUT: x",
                "source kafka/a  live → STALE  TIMED OUT: x"
            ]
        );
    }

    #[test]
    fn steps_that_cannot_begin_are_counted_at_first_and_told_when_they_change() {
        let of = |word: &'static str| {
            standing(&[
                (Kind::Step, "a", word, "A"),
                (Kind::Step, "b", "READY", "B"),
                (Kind::Step, "c", "PENDING", "C"),
            ])
        };
        assert_eq!(lines_of(None, &of("PENDING")), ["step b  READY  B", "steps  PENDING  2 of them"]);
        assert_eq!(lines_of(Some(&of("READY")), &of("PENDING")), ["step a  READY → PENDING  A"]);
    }

    #[test]
    fn nothing_from_a_server_ends_a_line_or_steers_a_terminal() {
        let nasty = standing(&[(Kind::Source, "a\nb", "BLIND", "x\u{1b}[2Jy\r\n  z\u{9b}0m")]);
        assert_eq!(lines_of(None, &nasty), ["source a b  BLIND  x\\u{1b}[2Jy z\\u{9b}0m"]);
    }

    #[test]
    fn times_are_local_with_their_offset_or_utc() {
        let line = Line { at: at(0), what: "said".into(), from: None, to: "x".into(), why: String::new() };
        assert_eq!(line.text(&TimeZone::UTC), "2026-11-21T03:00:00Z  said  x");
        let zone = TimeZone::fixed(jiff::tz::offset(-8));
        assert_eq!(line.text(&zone), "2026-11-20T19:00:00-08:00  said  x");
    }
}
