//! A step's gates as they decide: in the plan's order, arms under the fork where they meet, what does not matter dim.

use base::{
    now::short,
    step::{Level, StepState},
    view::{Cell, Column, Row, Table, Tone},
};
use engine::{
    gate::{Fork, Reason},
    run::{ForkLine, GateLine, StepView, Turn},
};

/// The id of the table of gates in a step's detail.
pub const TABLE: &str = "gates";

/// One line: a fork, or a gate under as many forks as `depth` says.
#[derive(Debug)]
pub struct Branch<'s> {
    /// The number of forks above it that are shown.
    pub depth: usize,
    /// Whether it is judged now.
    pub turn: Turn,
    /// What it is.
    pub is: Is<'s>,
}

/// A fork or a gate.
#[derive(Debug)]
pub enum Is<'s> {
    /// Here arms meet.
    Fork(&'s Fork),
    /// A gate; of one that is unknown for several reasons, all of them.
    Gate(Vec<&'s Reason>),
}

/// The step's gates `of` one kind, in the plan's order. The outermost `all of` is the rule and is not shown.
#[must_use]
pub fn branches<'s>(step: &'s StepView, of: &str) -> Vec<Branch<'s>> {
    let shown = |line: &&ForkLine| line.of == of && !(line.fork.path.is_empty() && line.fork.wanted == line.fork.arms);
    let forks: Vec<&ForkLine> = step.forks.iter().filter(shown).collect();
    let depth = |path: &[u16]| {
        forks.iter().filter(|it| it.fork.path.len() < path.len() && path.starts_with(&it.fork.path)).count()
    };
    let mut out: Vec<(&[u16], Branch<'s>)> = Vec::new();
    for line in &forks {
        let path = line.fork.path.as_slice();
        out.push((path, Branch { depth: depth(path), turn: line.turn, is: Is::Fork(&line.fork) }));
    }
    let mut gates: Vec<&GateLine> = step.gates.iter().filter(|line| line.of == of).collect();
    gates.sort_by(|a, b| a.reason.path.cmp(&b.reason.path));
    for group in gates.chunk_by(|a, b| a.reason.gate == b.reason.gate) {
        let path = group[0].reason.path.as_slice();
        let reasons = group.iter().map(|line| &line.reason).collect();
        out.push((path, Branch { depth: depth(path), turn: group[0].turn, is: Is::Gate(reasons) }));
    }
    out.sort_by(|a, b| a.0.cmp(b.0));
    out.into_iter().map(|(_, branch)| branch).collect()
}

/// Whether a row of the table is a gate of this step.
#[must_use]
pub fn is_gate(step: &StepView, row: &str) -> bool {
    step.gates.iter().any(|line| line.reason.gate == row)
}

/// Whether a result changes nothing: the arm beside it is enough.
fn is_idle(reason: &Reason) -> bool {
    reason.moot && !reason.waived && reason.level != Level::Green
}

/// The tone of a fork: dim if its result changes nothing.
#[must_use]
pub fn tone_of(fork: &Fork) -> Tone {
    if fork.moot && fork.level != Level::Green { Tone::Muted } else { Tone::of(fork.level) }
}

/// The tone of a gate: dim if its result changes nothing.
#[must_use]
pub fn tone(reason: &Reason) -> Tone {
    match () {
        () if is_idle(reason) => Tone::Muted,
        () if reason.waived => Tone::Warn,
        () if reason.only_waits() => Tone::Busy,
        () => Tone::of(reason.level),
    }
}

/// The table of a step's gates. `far`: other steps come first, so that no result matters yet.
#[must_use]
pub fn table(step: &StepView, far: bool) -> Table {
    let rows = ["gate", "verify", "back"].into_iter().flat_map(|of| {
        let row = move |branch: Branch<'_>| match branch.is {
            Is::Fork(fork) => fork_row(of, fork, &branch, far),
            Is::Gate(ref reasons) => gate_row(of, reasons, &branch, far),
        };
        branches(step, of).into_iter().map(move |branch| {
            row(if failed(step, of, &branch) { Branch { turn: Turn::Now, ..branch } } else { branch })
        })
    });
    Table {
        id: TABLE,
        title: "Gates".into(),
        columns: vec![
            Column::text("gate", "gate", 24).grow(2),
            Column::text("level", "result", 7),
            Column::number("value", "value", 7),
            Column::text("limit", "limit", 6),
            Column::text("lasts", "for", 12).grow(1).drop(2),
            Column::number("green", "green in", 8),
            Column::text("of", "decides", 7).drop(3),
            Column::text("why", "reason", 12).grow(2).drop(1),
        ],
        rows: rows.collect(),
        empty: "this step has no gate",
    }
}

/// What a kind of gates decides.
fn decides(of: &str) -> &'static str {
    match of {
        "gate" => "start",
        "verify" => "done",
        _ => "rollback",
    }
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

/// The word of what is not judged now.
fn at_its_time(turn: Turn, far: bool) -> Option<Cell> {
    match turn {
        Turn::Past => Some(Cell::text("past").tone(Tone::Muted)),
        Turn::Later => Some(Cell::text("later").tone(Tone::Muted)),
        Turn::Now if far => Some(Cell::text("later").tone(Tone::Muted)),
        Turn::Now => None,
    }
}

/// Whether it is what the step failed by: its result is as much in force as on the moment it was judged.
fn failed(step: &StepView, of: &str, branch: &Branch<'_>) -> bool {
    let red = match &branch.is {
        Is::Fork(fork) => fork.level == Level::Red,
        Is::Gate(reasons) => reasons[0].level == Level::Red,
    };
    of == "verify" && branch.turn == Turn::Past && step.state == StepState::Failed && red
}

fn fork_row(of: &str, fork: &Fork, branch: &Branch<'_>, far: bool) -> Row {
    let level = at_its_time(branch.turn, far).unwrap_or_else(|| Cell::text(fork.level.word()).tone(tone_of(fork)));
    let mut cells = vec![Cell::text(format!("{}{}", indent(branch.depth), fork.word())), level];
    cells.extend((0..4).map(|_| Cell::none()));
    cells.extend([Cell::text(decides(of)).tone(Tone::Muted), Cell::none()]);
    Row::new(format!("{of} {:?}", fork.path), cells)
}

fn gate_row(of: &str, reasons: &[&Reason], branch: &Branch<'_>, far: bool) -> Row {
    let reason = reasons[0];
    let later = at_its_time(branch.turn, far);
    let dim = later.is_some() || is_idle(reason);
    let shade = |cell: Cell| if dim && cell.tone != Tone::Blind { cell.tone(Tone::Muted) } else { cell };
    let green = match (reason.level, reason.to_green) {
        _ if branch.turn != Turn::Now => Cell::none(),
        (Level::Green, _) => Cell::none(),
        (_, Some(left)) => Cell::number(left.as_secs_f64(), short(left)),
        (_, None) => Cell::text("not known"),
    };
    let value = match (&reason.value_text, reason.value) {
        (Some(text), Some(value)) => Cell::number(value, text.clone()),
        _ if branch.turn == Turn::Later => Cell::none(),
        _ => Cell::text("unknown").tone(Tone::Blind),
    };
    let why = match () {
        () if branch.turn == Turn::Later => String::new(),
        () if is_idle(reason) => "not needed".to_owned(),
        () if reason.value.is_some() && !reason.waived && reasons.len() == 1 && !reason.lasts.is_empty() => {
            String::new()
        }
        () => reasons.iter().map(|reason| reason.what.as_str()).collect::<Vec<_>>().join("; "),
    };
    let text = |text: String| if text.is_empty() { Cell::none() } else { Cell::text(text) };
    let cells = vec![
        Cell::text(format!("{}{}", indent(branch.depth), reason.subject)),
        later.unwrap_or_else(|| Cell::text(reason.word()).tone(tone(reason))),
        value,
        Cell::text(reason.limit_text.clone()),
        text(reason.lasts.clone()),
        green,
        Cell::text(decides(of)).tone(Tone::Muted),
        text(why),
    ];
    Row::new(reason.gate.clone(), cells.into_iter().map(shade).collect::<Vec<_>>())
}
