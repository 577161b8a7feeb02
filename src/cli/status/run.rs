//! The run in the document: the content of the Runbook and Journal pages. Durations are seconds, as numbers.

use std::time::Duration;

use serde_json::{Value, json};

use base::step::Level;
use engine::run::{GateLine, JournalLine, RunView, StepView, WayBack};

pub(super) fn document(run: &RunView) -> Value {
    let watched = |list: &[(String, Level, String)]| -> Vec<Value> {
        list.iter().map(|(title, level, why)| json!({ "title": title, "level": level, "why": why })).collect()
    };
    let proposed = run.proposal.as_ref().map(|it| {
        json!({ "step": it.step, "what": it.what, "digest": it.digest, "by": it.by, "people": it.people, "needs": it.needs })
    });
    json!({
        "operator": run.operator,
        "head": run.head.as_ref().map(|(seq, hash)| json!({ "seq": seq, "hash": hash })),
        "held": run.held,
        "halted": run.halted,
        "said": run.notice,
        "next": run.next().map(|step| step.id.as_str()),
        "way_back": way_back(&run.way_back),
        "invariants": watched(&run.invariants),
        "aborts": watched(&run.aborts),
        "steps": run.steps.iter().map(step).collect::<Vec<_>>(),
        "proposed": proposed,
        "journal": run.journal.iter().map(record).collect::<Vec<_>>(),
    })
}

fn way_back(way: &WayBack) -> Value {
    let stays = way.stays.as_ref().map(|stays| {
        json!({ "step": stays.step, "what": stays.what, "left_seconds": stays.left.map(seconds), "why": stays.why })
    });
    json!({
        "steps": way.steps,
        "closed": way.closed,
        "without": way.without,
        "takes_seconds": seconds(way.takes),
        "stays": stays,
    })
}

fn step(step: &StepView) -> Value {
    let obstacles: Vec<_> = step.obstacles.iter().map(|it| json!({ "level": it.level, "why": it.why })).collect();
    json!({
        "id": step.id,
        "title": step.title,
        "phase": step.phase,
        "state": step.state,
        "word": step.word,
        "way": step.way,
        "level": step.level,
        "needs": step.lacks,
        "obstacles": obstacles,
        "gates": step.gates.iter().map(gate).collect::<Vec<_>>(),
        "attempt": step.attempt,
        "there": step.progress.0,
        "operations": step.progress.1,
        "waits_seconds": step.waits.map(seconds),
        "irreversible": step.irreversible,
        "exposed_seconds": step.exposed.map(seconds),
        "replaced_by": step.replaced_by,
        "held": step.held,
        "manual": step.manual,
        "adopted": step.adopted,
        "has_back": step.has_back,
        "waivers": step.waivers,
        "why_failed": step.why_failed(),
    })
}

fn gate(line: &GateLine) -> Value {
    let reason = &line.reason;
    json!({
        "of": line.of,
        "turn": line.turn,
        "gate": reason.gate,
        "path": reason.path,
        "level": reason.level,
        "what": reason.what,
        "value": reason.value,
        "limit": reason.limit,
        "limit_text": reason.limit_text,
        "to_green_seconds": reason.to_green.map(seconds),
        "waived": reason.waived,
        "moot": reason.moot,
        "decides": reason.decides,
        "blind": reason.blind.is_some(),
    })
}

fn record(line: &JournalLine) -> Value {
    json!({ "seq": line.seq, "at": line.wall, "actor": line.actor, "step": line.step, "what": line.what })
}

const fn seconds(d: Duration) -> f64 {
    d.as_secs_f64()
}
