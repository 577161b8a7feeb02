//! The Runbook and Journal pages, built from the run's view as plain tables, so that they can be sorted, filtered and
//! opened like all others.

use std::borrow::Cow;

use super::{
    clock::Clock,
    gates,
    pages::{JOURNAL, RUNBOOK, STEPS},
    way_back,
};
use base::{
    now::short,
    step::{Level, OpState, StepState, Way},
    view::{Cell, Column, Detail, Group, Panel, Row, Table, Tone},
};
use engine::{
    gate::word_of,
    run::{OpLine, RunView, StepView},
};

/// Tone of a step's state.
#[must_use]
pub fn tone(step: &StepView) -> Tone {
    match step.state {
        StepState::Done | StepState::Attested => Tone::Good,
        // What an emergency has replaced, or people have stopped, is not to be rolled back.
        StepState::Failed if step.replaced_by.is_some() || step.stopped => Tone::Warn,
        StepState::Failed => Tone::Bad,
        StepState::Running if matches!(step.word, "UNKNOWN" | "RB_UNKNOWN" | "QUARANTINE" | "RB_QUARANTINE") => {
            Tone::Blind
        }
        // A preview that is shown or armed is in progress; nothing is wrong with it.
        StepState::Previewed
        | StepState::Armed
        | StepState::Running
        | StepState::Settling
        | StepState::Verifying
        | StepState::Baking => Tone::Busy,
        StepState::Blocked if step.level == Level::Red => Tone::Bad,
        StepState::Blocked => Tone::Warn,
        StepState::Ready => Tone::Good,
        StepState::NotApplied => Tone::Warn,
        StepState::Pending | StepState::RolledBack | StepState::Skipped | StepState::Cancelled => Tone::Muted,
    }
}

/// Progress of the run.
#[must_use]
pub fn done(run: &RunView) -> String {
    let done = run
        .steps
        .iter()
        .filter(|s| matches!(s.state, StepState::Done | StepState::Attested | StepState::Skipped))
        .count();
    format!("{done} of {} steps", run.steps.len())
}

/// The Runbook page.
#[must_use]
pub fn panel(run: &RunView) -> Panel {
    let mut summary = vec![Cell::text(done(run))];
    summary.extend(run.halted.iter().map(|why| Cell::text(why.clone()).tone(Tone::Bad)));
    summary.extend(run.held.iter().map(|why| Cell::text(why.clone()).tone(Tone::Warn)));
    let count = |phase| run.steps.iter().filter(|s| s.state == phase).count();
    for (phase, word, tone) in
        [(StepState::Failed, "failed", Tone::Bad), (StepState::RolledBack, "rolled back", Tone::Warn)]
    {
        if count(phase) > 0 {
            summary.push(Cell::text(format!("{} {word}", count(phase))).tone(tone));
        }
    }
    summary.extend(way_back::cell(&run.way_back));
    let waived: usize = run.steps.iter().map(|s| s.waivers.len()).sum();
    if waived > 0 {
        let gates = if waived == 1 { "gate" } else { "gates" };
        summary.push(Cell::text(format!("{waived} {gates} waived")).tone(Tone::Warn));
    }
    summary.extend(
        run.proposal
            .iter()
            .map(|it| Cell::text(format!("proposal for {}: :second approves", it.step)).tone(Tone::Warn)),
    );
    for (title, level, _) in run.invariants.iter().filter(|(_, level, _)| *level != Level::Green) {
        summary.push(Cell::text(format!("{title}: {}", level.word())).tone(Tone::of(*level)));
    }
    let columns = vec![
        Column::text("step", "step", 12).grow(1),
        Column::text("phase", "phase", 10).drop(9),
        Column::text("title", "what", 30).grow(2).drop(2),
        Column::text("state", "state", 13),
        Column::text("gates", "gates", 8),
        Column::number("ops", "applied", 7).drop(1),
        Column::number("waits", "left", 6).drop(1),
        Column::text("why", "blocked by", 16).grow(4),
    ];
    Panel {
        id: RUNBOOK,
        title: "Runbook",
        group: Group::Console,
        summary,
        tables: vec![Table {
            id: STEPS,
            title: "Steps".into(),
            columns,
            rows: run.steps.iter().map(|step| row(run, step)).collect(),
            empty: "the plan has no steps: add [[phase]] and [[phase.step]]",
        }],
        oldest: None,
    }
}

/// Level of the gates that apply now; `None` if none apply.
fn judged(step: &StepView) -> Option<&'static str> {
    let of = match step.state {
        StepState::Verifying | StepState::Baking if step.way == Way::Forward => "verify",
        StepState::Pending | StepState::Blocked | StepState::Ready | StepState::Previewed | StepState::Armed => {
            if step.way == Way::Back { "back" } else { "gate" }
        }
        _ => return None,
    };
    let gates = || step.gates.iter().filter(|g| g.of == of).map(|g| &g.reason);
    gates().next().map(|_| word_of(step.level, gates()))
}

/// Whether other steps have to begin before this one: what its gates say now decides nothing yet.
#[must_use]
pub fn is_far(run: &RunView, step: &StepView) -> bool {
    let is_ahead = |id: &String| run.steps.iter().any(|other| other.id == *id && other.state < StepState::Running);
    step.way == Way::Forward && step.lacks.iter().any(is_ahead)
}

fn row(run: &RunView, step: &StepView) -> Row {
    let why = proposed(run, step).unwrap_or_else(|| why(step));
    let level = match judged(step) {
        None => Cell::none(),
        Some(_) if is_far(run, step) => Cell::text("later").tone(Tone::Muted),
        Some(word) => Cell::text(word).tone(Tone::of(step.level)),
    };
    let ops = if step.progress.1 == 0 {
        Cell::none()
    } else {
        Cell::text(format!("{}/{}", step.progress.0, step.progress.1))
    };
    let title = if step.irreversible { format!("{} (irreversible)", step.title) } else { step.title.clone() };
    Row::new(
        step.id.clone(),
        [
            Cell::text(step.id.clone()),
            Cell::text(step.phase.clone()).tone(Tone::Muted),
            Cell::text(title),
            Cell::text(step.word).tone(tone(step)),
            level,
            ops,
            step.waits.map_or_else(Cell::none, |d| Cell::number(d.as_secs_f64(), short(d))),
            why,
        ],
    )
}

/// A proposal about a step that waits for approval, and what approves it.
fn proposed(run: &RunView, step: &StepView) -> Option<Cell> {
    let it = run.proposal.as_ref().filter(|it| it.step == step.id)?;
    let text = format!("proposal: :second approves ({} of {})", it.people.len(), it.needs);
    Some(Cell::text(text).tone(Tone::Warn))
}

/// The first thing that blocks a step, or what it is doing.
fn why(step: &StepView) -> Cell {
    if let Some(by) = &step.replaced_by {
        return Cell::text(format!("replaced by {by}")).tone(Tone::Warn);
    }
    if matches!(step.state, StepState::Done | StepState::Attested | StepState::Skipped | StepState::Cancelled) {
        return if step.adopted { Cell::text("done outside landfall, adopted") } else { Cell::none() };
    }
    if let Some(since) = step.exposed {
        return if step.cleans_up() {
            Cell::text(format!("EXPOSED for {}, until its cleanup is done", short(since))).tone(Tone::Busy)
        } else {
            Cell::text(format!("EXPOSED for {}: its cleanup is not finished", short(since))).tone(Tone::Bad)
        };
    }
    if let Some(op) = step.ops.iter().find(|op| op.state.in_flight()).filter(|_| step.state == StepState::Running) {
        return Cell::text(op.what.clone());
    }
    if let Some(why) = step.why_held() {
        return Cell::text(why).tone(Tone::Warn);
    }
    if !step.lacks.is_empty() && step.way == Way::Forward {
        return Cell::text(format!("needs {}", step.lacks.join(", "))).tone(Tone::Muted);
    }
    match step.obstacles.first().filter(|_| matches!(step.state, StepState::Blocked | StepState::Pending)) {
        Some(it) => Cell::text(it.why.clone()).tone(Tone::of(it.level)),
        None => Cell::none(),
    }
}

/// The Journal page, newest records first.
#[must_use]
pub fn journal(run: &RunView, clock: &Clock) -> Panel {
    let head = run.head.as_ref().map_or_else(
        || Cell::text("no journal yet").tone(Tone::Muted),
        |(seq, hash)| Cell::text(format!("last record {seq}, hash {hash}")),
    );
    let rows = run.journal.iter().rev().map(|line| {
        Row::new(
            line.seq.to_string(),
            [
                Cell::number(line.seq_number(), line.seq.to_string()),
                clock.cell(line.wall),
                Cell::text(line.actor.clone()).tone(Tone::Muted),
                Cell::text(line.step.clone()),
                Cell::text(line.what.clone()),
            ],
        )
    });
    Panel {
        id: JOURNAL,
        title: "Journal",
        group: Group::Console,
        summary: vec![head],
        tables: vec![Table {
            id: "records",
            title: "Records but those of readings, newest first".into(),
            columns: vec![
                Column::number("seq", "#", 4),
                Column::text("time", "time", 8),
                Column::text("who", "who", 6).drop(2),
                Column::text("step", "step", 10).drop(1),
                Column::text("what", "what", 20).grow(1),
            ],
            rows: rows.collect(),
            empty: "the journal has no records yet",
        }],
        oldest: None,
    }
}

/// The detail of a record: the row without truncation.
#[must_use]
pub fn record_detail(run: &RunView, id: &str, clock: &Clock) -> Option<Detail> {
    let line = run.journal.iter().find(|line| line.seq.to_string() == id)?;
    let field = |name: &'static str, text: String| (Cow::from(name), Cell::text(text));
    Some(Detail {
        title: format!("record {}", line.seq),
        fields: vec![
            field("time", clock.exact(line.wall)),
            field("who", line.actor.clone()),
            field("step", line.step.clone()),
            field("what", line.what.clone()),
        ],
        curves: Vec::new(),
        tables: Vec::new(),
    })
}

/// The detail of a step.
#[must_use]
pub fn step_detail(run: &RunView, id: &str) -> Option<Detail> {
    let step = run.steps.iter().find(|s| s.id == id)?;
    let mut fields: Vec<(Cow<'static, str>, Cell)> =
        vec![("what".into(), Cell::text(step.title.clone())), ("state".into(), Cell::text(step.word).tone(tone(step)))];
    if let Some(it) = run.proposal.as_ref().filter(|it| it.step == step.id) {
        let text = format!(
            "{}; by {}, {} of {} people: :second approves, or landfall approve … {} {}",
            it.what,
            it.by,
            it.people.len(),
            it.needs,
            it.step,
            it.digest.short()
        );
        fields.push(("proposed".into(), Cell::text(text).tone(Tone::Warn)));
    }
    if step.attempt > 0 {
        fields.push(("attempt".into(), Cell::count(step.attempt.into())));
    }
    if step.aborted {
        fields.push(("aborted".into(), Cell::text("by the operator").tone(Tone::Warn)));
    }
    fields
        .extend(step.replaced_by.iter().map(|by| (Cow::from("replaced by"), Cell::text(by.clone()).tone(Tone::Warn))));
    fields.extend(step.manual.iter().map(|what| (Cow::from("manual"), Cell::text(what.clone()))));
    if step.irreversible {
        fields.push(("rollback".into(), Cell::text("none: a point of no return").tone(Tone::Warn)));
    }
    fields.extend(step.lacks.iter().map(|id| (Cow::from("needs"), Cell::text(id.clone()).tone(Tone::Warn))));
    let obstacles =
        step.obstacles.iter().map(|it| (Cow::from("blocked by"), Cell::text(it.why.clone()).tone(Tone::of(it.level))));
    fields.extend(obstacles);
    fields.extend(step.waivers.iter().map(|w| (Cow::from("waived"), Cell::text(w.clone()).tone(Tone::Warn))));
    Some(Detail {
        title: step.id.clone(),
        fields,
        curves: Vec::new(),
        tables: vec![gates::table(step, is_far(run, step)), operations(step)],
    })
}

fn operations(step: &StepView) -> Table {
    let rows = step.ops.iter().enumerate().map(|(i, op)| {
        let (word, tone) = op_word(op);
        Row::new(
            i.to_string(),
            [
                Cell::text(word).tone(tone),
                Cell::text(op.what.clone()),
                Cell::text(op.detail.clone()).tone(Tone::Muted),
                Cell::text(op.command.clone()).tone(Tone::Muted),
            ],
        )
    });
    Table {
        id: "operations",
        title: "Operations of the last attempt".into(),
        columns: vec![
            Column::text("state", "state", 11),
            Column::text("what", "what", 16).grow(2),
            Column::text("said", "last reply", 10).grow(1).drop(1),
            Column::text("command", "manual command", 10).grow(1).drop(2),
        ],
        rows: rows.collect(),
        empty: "not started yet",
    }
}

/// An operation's state in words.
#[must_use]
pub fn op_word(op: &OpLine) -> (&'static str, Tone) {
    let tone = match op.state {
        OpState::Waiting | OpState::Spared => Tone::Muted,
        OpState::Unknown if op.wait => Tone::Busy,
        OpState::Intent | OpState::Sent | OpState::Accepted => Tone::Busy,
        OpState::Unknown | OpState::Quarantine => Tone::Blind,
        OpState::Applied => Tone::Good,
        OpState::NotApplied if op.wait => Tone::Warn,
        OpState::NotApplied | OpState::Conflict => Tone::Bad,
        OpState::Attested => Tone::Warn,
    };
    (op.state.word(op.wait), tone)
}
