//! The story as sections of text, tables and figures: built once, written as Markdown or HTML.

use super::{Attempt, Decision, Downtime, Panel, Step, Story, words};
use base::step::OpState;
use journal::way_back::{CARE, Known};

/// Lines of a cell.
pub(super) type Cell = Vec<String>;

/// A table.
pub(super) struct Table {
    pub head: Vec<&'static str>,
    pub rows: Vec<Vec<Cell>>,
}

/// The figure above a table; Markdown has only the table.
#[derive(Clone, Copy)]
pub(super) enum Figure<'a> {
    Steps,
    Lost,
    /// The flag marks the first panel, which has the legend.
    Panel(&'a Panel, bool),
}

/// A section of the story.
pub(super) struct Section<'a> {
    pub title: &'static str,
    pub text: Vec<String>,
    /// Separate sentences, one for each item.
    pub list: Vec<String>,
    pub figure: Option<Figure<'a>>,
    pub table: Option<Table>,
}

impl<'a> Section<'a> {
    const fn of(title: &'static str) -> Self {
        Self { title, text: Vec::new(), list: Vec::new(), figure: None, table: None }
    }

    /// Adds a table, without empty columns.
    fn table(mut self, head: &[&'static str], mut rows: Vec<Vec<Cell>>) -> Self {
        let described =
            |place: &usize| rows.iter().any(|row| row.get(*place).is_some_and(|c| c.iter().any(|l| !l.is_empty())));
        let kept: Vec<usize> = (0..head.len()).filter(described).collect();
        for row in &mut rows {
            *row = kept.iter().filter_map(|place| row.get_mut(*place).map(std::mem::take)).collect();
        }
        let head = kept.iter().map(|place| head[*place]).collect();
        self.table = (!rows.is_empty()).then_some(Table { head, rows });
        self
    }

    const fn figure(mut self, figure: Figure<'a>) -> Self {
        self.figure = Some(figure);
        self
    }

    fn text(mut self, text: impl Into<String>) -> Self {
        self.text.push(text.into());
        self
    }
}

fn cell(text: impl Into<String>) -> Cell {
    vec![text.into()]
}

/// An empty cell.
const NONE: &str = "–";

/// The summary of the run, at the beginning.
pub(super) fn standing(story: &Story) -> String {
    let open = match story.head.open {
        Some(true) => "A console has the journal open. ",
        _ => "",
    };
    let under_way: Vec<&str> = story.under_way().map(|step| step.id.as_str()).collect();
    match under_way.as_slice() {
        [] if story.goes_on() => {
            format!("This run is not finished. {open}No step was running at the last record; more may follow.")
        }
        [] => "No step was running at the last record. The journal does not show whether the runbook is complete."
            .to_owned(),
        ids => format!("This run is not finished. {open}Running at the last record: {}.", ids.join(", ")),
    }
}

/// All sections.
pub(super) fn sections(story: &Story) -> Vec<Section<'_>> {
    let clock = words::Clock::of(&story.head);
    let mut out = vec![head(story)];
    let mut unknown = Section::of("Unknown");
    unknown.list.clone_from(&story.unknown);
    out.push(unknown);
    if !story.steps.is_empty() {
        let rows = story.steps.iter().flat_map(|step| step_rows(step, clock)).collect();
        let head = &["step", "attempt", "way", "begun", "ended", "took", "result", "begun by", "approved by"];
        out.push(Section::of("Steps").figure(Figure::Steps).table(head, rows));
    }
    if !story.way_back.is_empty() {
        let line = |known: &Known| vec![cell(&known.step), cell(known.heading()), known.commands.clone()];
        let rows = story.way_back.iter().map(line).collect();
        out.push(Section::of("Rollback").text(format!("The {CARE}.")).table(&["step", "as of", "commands"], rows));
    }
    out.extend(downtime(story, clock));
    for (place, panel) in story.panels.iter().enumerate() {
        let head = &["of", "curve", "lowest", "highest", "last", "readings", "unknown"];
        out.push(Section::of(panel.title).figure(Figure::Panel(panel, place == 0)).table(head, panel_rows(panel)));
    }
    let rows = story.decisions.iter().map(|it| decision(it, clock)).collect();
    let head =
        &["#", "time (UTC)", "who", "step", "what", "gates at that time, and the last readings of their signals"];
    out.push(Section::of("Decisions").table(head, rows));
    let rows = story.holds.iter().map(|hold| {
        let (to, by, took) =
            hold.to.as_ref().map_or((NONE.to_owned(), NONE.to_owned(), NONE.to_owned()), |(to, by)| {
                (clock.time(to.wall), by.clone(), words::length(hold.from.until(*to)))
            });
        [clock.time(hold.from.wall), hold.by.clone(), hold.why.clone(), to, by, took].map(cell).to_vec()
    });
    out.push(
        Section::of("Holds").table(&["from (UTC)", "by", "why", "until", "released by", "lasted"], rows.collect()),
    );
    let rows = story.words.iter().map(|w| [clock.time(w.at.wall), w.by.clone(), w.text.clone()].map(cell).to_vec());
    out.push(Section::of("Notes").table(&["time (UTC)", "who", "text"], rows.collect()));
    let fault = |f: &super::Fault| [f.at.seq.to_string(), clock.time(f.at.wall), f.step.clone(), f.what.clone()];
    let rows = story.faults.iter().map(|f| fault(f).map(cell).to_vec());
    let head = &["#", "time (UTC)", "step", "what"];
    out.push(Section::of("Faults and deviations").table(head, rows.collect()));
    let rows = story.steps.iter().flat_map(|s| s.attempts.iter().flat_map(move |a| op_rows(s, a, clock))).collect();
    let head =
        &["step", "attempt", "operation", "what", "sent (UTC)", "result", "at (UTC)", "after", "reply or observation"];
    out.push(Section::of("Operations").table(head, rows));
    out.retain(|s| s.table.is_some() || !s.text.is_empty() || !s.list.is_empty());
    out
}

fn head(story: &Story) -> Section<'_> {
    let head = &story.head;
    let consoles = head.consoles.iter().map(|(who, host)| format!("{who} on {host}")).collect();
    let plans = head.plans.iter().map(|(seq, plan)| match seq {
        1 => plan.to_string(),
        _ => format!("{plan}, from record {seq}"),
    });
    let row = |name: &str, lines: Cell| vec![cell(name), lines];
    let time = |at: super::Moment| at.wall.strftime("%F %H:%M:%S").to_string();
    let people = head.records - head.readings;
    let mut rows = vec![
        row("run", cell(&head.run)),
        row(
            "from, to (UTC)",
            cell(format!("{} to {}, {}", time(head.from), time(head.to), words::length(head.from.until(head.to)))),
        ),
        row("operator", consoles),
        row("program", head.programs.iter().map(|v| format!("landfall {v}")).collect()),
        row("plan (SHA-256)", plans.collect()),
        row(
            "journal",
            vec![
                format!("{}: {people} of actions, {} of readings", words::many(head.records, "record"), head.readings),
                "none altered or missing: the chain verifies".to_owned(),
            ],
        ),
        row("head", cell(format!("{} {}", head.to.seq, head.hash))),
    ];
    if !head.resumed.is_empty() {
        rows.insert(3, row("resumed (UTC)", head.resumed.iter().map(|at| time(*at)).collect()));
    }
    Section::of("").text(standing(story)).table(&["", ""], rows)
}

fn step_rows(step: &Step, clock: words::Clock) -> Vec<Vec<Cell>> {
    let none = || cell(NONE);
    let attempt = |it: &Attempt| {
        let (ended, took) = it
            .ended
            .map_or((none(), none()), |(at, _)| (cell(clock.time(at.wall)), cell(words::length(it.started.until(at)))));
        // The attempt's own outcome; later outcomes of the step belong to other attempts.
        let outcome = it.outcome();
        let approved = if it.approved_by.is_empty() { none() } else { cell(it.approved_by.join(", ")) };
        vec![
            cell(&step.id),
            cell(it.n.to_string()),
            cell(words::way(it.way)),
            cell(clock.time(it.started.wall)),
            ended,
            took,
            cell(words::outcome(outcome, it.way)),
            cell(&it.by),
            approved,
        ]
    };
    let mut rows: Vec<Vec<Cell>> = step.attempts.iter().map(attempt).collect();
    // Marked done, skipped or adopted without an attempt, or after the last one was over.
    if step.attempts.last().map(Attempt::outcome) != Some(step.outcome) {
        let since = cell(clock.time(step.since.wall));
        let outcome = cell(words::outcome(step.outcome, step.way()));
        rows.push(vec![cell(&step.id), none(), none(), none(), since, none(), outcome, none(), none()]);
    }
    rows
}

fn downtime(story: &Story, clock: words::Clock) -> Option<Section<'_>> {
    if story.downtime.is_empty() {
        return None;
    }
    let head = &["set", "measured by", "write downtime", "longest outage", "unknown"];
    let rows = story.downtime.iter().flat_map(|it| downtime_rows(it, clock)).collect();
    let section = Section::of("Write downtime").figure(Figure::Lost).table(head, rows);
    let section = section.text(
        "As watched: time without a writable member, from polling: an upper bound, \
         accurate to the polling interval. The canary writes continuously and measures every gap while it runs. By the records: from a step-down's \
         intent until a member was verified as writable; the outage lies within this time.",
    );
    let quiet = |it: &&Downtime| !it.lost.is_empty() && it.lost.iter().all(|lost| lost.gaps.is_empty());
    let quiet: Vec<&str> = story.downtime.iter().filter(quiet).map(|it| it.set.as_str()).collect();
    Some(if quiet.is_empty() { section } else { section.text(format!("None observed for: {}.", quiet.join(", "))) })
}

fn downtime_rows(it: &Downtime, clock: words::Clock) -> Vec<Vec<Cell>> {
    let lost = it.lost.iter().map(|lost| {
        let longest = lost.longest.map_or_else(|| NONE.to_owned(), words::seconds);
        [it.set.clone(), lost.by.clone(), lost.describe(lost.secs), longest, not_known(lost.missed)].map(cell).to_vec()
    });
    let handovers = it.handovers.iter().map(|h| {
        let how = format!("by the records: {}, attempt {}, from {}", h.step, h.attempt, clock.time(h.from.wall));
        let most = h.to.map_or_else(
            || "unknown: no member was verified as writable".to_owned(),
            |to| format!("within {}", words::length(h.from.until(to))),
        );
        [it.set.clone(), how, most, NONE.to_owned(), String::new()].map(cell).to_vec()
    });
    lost.chain(handovers).collect()
}

fn not_known(missed: usize) -> String {
    if missed == 0 { String::new() } else { words::many(missed, "time") }
}

fn panel_rows(panel: &Panel) -> Vec<Vec<Cell>> {
    let row = |row: &super::Row, curve: &super::Curve| {
        let value = |v: Option<f64>| v.map_or_else(|| NONE.to_owned(), |v| words::value(v, row.unit));
        let (low, high) = curve.range().unzip();
        let count = curve.all().count().to_string();
        let cells = [row.name.clone(), curve.name.clone(), value(low), value(high), value(curve.last()), count];
        cells.into_iter().chain([not_known(curve.missed)]).map(cell).collect()
    };
    panel.rows.iter().flat_map(|it| it.curves.iter().map(move |curve| row(it, curve))).collect()
}

fn decision(it: &Decision, clock: words::Clock) -> Vec<Cell> {
    let mut on = it.gates.clone();
    if let Some(at) = it.read_at {
        on.push(format!("readings of {}:", clock.time(at.wall)));
    }
    on.extend(it.readings.iter().map(|read| format!("{} {}", read.series, words::value(read.value, read.unit))));
    let who = it.who.join(", ");
    let mut cells =
        [it.at.seq.to_string(), clock.time(it.at.wall), who, it.step.clone(), it.what.clone()].map(cell).to_vec();
    cells.push(on);
    cells
}

fn op_rows(step: &Step, attempt: &Attempt, clock: words::Clock) -> Vec<Vec<Cell>> {
    let row = |(place, op): (usize, &super::Op)| {
        let sent = match op.asked.as_slice() {
            [] if op.wait => "only waits".to_owned(),
            [] => NONE.to_owned(),
            all => all.iter().map(|at| clock.time(at.wall)).collect::<Vec<_>>().join(", "),
        };
        let state = match op.state() {
            OpState::Waiting => NONE.to_owned(),
            _ => words::op_state(op),
        };
        let last = op.transitions.last().map(|(at, _)| *at);
        let at = last.map_or_else(|| NONE.to_owned(), |at| clock.time(at.wall));
        let took =
            last.zip(op.asked.first()).map_or_else(|| NONE.to_owned(), |(at, from)| words::length(from.until(at)));
        let what = if op.cleanup { format!("{} (cleanup)", op.what) } else { op.what.clone() };
        let n = (place + 1).to_string();
        [step.id.clone(), attempt.n.to_string(), n, what, sent, state, at, took, op.detail.clone()].map(cell).to_vec()
    };
    attempt.ops.iter().enumerate().map(row).collect()
}
