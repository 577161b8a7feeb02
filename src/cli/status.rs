//! `landfall status`: one snapshot, printed for people or as a JSON document for programs. The document is described
//! in `docs/status.md` and `schema.json`; a test keeps them consistent.

mod run;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{
    LET_GO, NOT_IN_ORDER, has_clients, load,
    out::{Failed, print},
    refused, runtime,
};
use crate::plain::one_line;
use base::{
    collector::CollectorState,
    observed::Observed,
    signal::Sample,
    text::{Document, Lines},
    view::{Cell, CollectorLine, Key, Panel, Table, Tile},
};
use drive::live;
use engine::snapshot::{Snapshot, Verdict};
use journal::follow::Follower;

/// How long the engine may take for a snapshot with its signals: it waits for no server.
const MEASURED: Duration = Duration::from_secs(10);

/// Version of the JSON document: raised when a field is renamed or removed, not when one is added.
const SCHEMA: u32 = 1;

/// The document's JSON Schema.
pub const DOCUMENT: &str = include_str!("status/schema.json");

#[derive(Debug, Args)]
pub(super) struct Status {
    /// The plan file
    #[arg(required_unless_present = "schema")]
    plan: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
    /// Print the JSON Schema of that document, and nothing else
    #[arg(long, exclusive = true)]
    schema: bool,
    /// The run from this journal; without it, every step counts as not begun
    #[arg(long, value_name = "JOURNAL")]
    follow: Option<PathBuf>,
    /// What determines the exit code: 1 if it is not in order
    #[arg(long, value_enum, default_value_t = Order::Sources, value_name = "WHAT")]
    exit_code: Order,
    /// How long to wait for the first answers of all collectors, in seconds
    #[arg(long, default_value_t = 20, value_name = "SECONDS")]
    wait: u64,
}

/// What has to be in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Order {
    /// Everything in the plan is known, and every collector is live
    Sources,
    /// The verdict is GO or CLEAR; then everything is known as well
    Verdict,
}

impl Order {
    fn holds(self, snapshot: &Snapshot) -> bool {
        match self {
            Self::Sources => {
                snapshot.unknown.is_empty() && snapshot.collectors.iter().all(|s| s.state == CollectorState::Fresh)
            }
            Self::Verdict => matches!(snapshot.verdict(), Verdict::Go(_) | Verdict::Clear(_)),
        }
    }
}

/// Waits until every collector has answered or failed, or until the time is over; prints; the exit code says whether
/// all is in order.
pub(super) fn run(it: &Status) -> Result<ExitCode, Failed> {
    // No plan: print the schema.
    let Some(plan) = it.plan.as_deref().filter(|_| !it.schema) else { return print(Document::block(DOCUMENT)) };
    let plan = load(plan)?;
    has_clients(&plan)?;
    if let Some(journal) = &it.follow {
        // Status prints once, so the journal must exist and belong to this run: a mistyped name must not pass
        // unnoticed.
        let read = Follower::of_run(journal, plan.name.clone()).each(|_: systems::Entry| ());
        read.map_err(|why| refused(journal, &why))?;
    }
    let runtime = runtime()?;
    let snapshot = runtime.block_on(async {
        let mut link = match &it.follow {
            Some(journal) => live::start_following(plan.clone(), Follower::of_run(journal, plan.name.clone())),
            None => live::start(plan),
        };
        link.viewer.want_signals();
        if !it.json {
            link.viewer.without_pages();
        }
        let heard = |s: &Arc<Snapshot>| s.collectors.iter().all(|l| l.answers + l.failures > 0);
        // Discovered collectors (members of a set) appear a moment later: two snapshots in a row must agree. Some
        // signals need two observations: checks that passed twice, a lag that only markers show.
        let twice = |s: &Arc<Snapshot>| s.collectors.iter().all(|l| l.answers != 1);
        let settled = async {
            let mut before = usize::MAX;
            loop {
                let now = match link.snapshots.wait_for(heard).await {
                    Ok(s) => s.collectors.len(),
                    Err(_) => return,
                };
                if now == before {
                    break;
                }
                before = now;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            link.again();
            // The outer time-out ends this wait.
            let _ = link.snapshots.wait_for(twice).await;
        };
        let _ = tokio::time::timeout(Duration::from_secs(it.wait), settled).await;
        // However short the wait was, print evaluated signals, even if all are unknown. The snapshot must be newer
        // than all answers so far and contain the signals, so that it is consistent.
        let heard_by = link.snapshots.borrow().now.boot;
        let whole = |s: &Arc<Snapshot>| s.samples.is_some() && s.now.boot > heard_by;
        let measured = tokio::time::timeout(MEASURED, link.snapshots.wait_for(whole)).await;
        let snapshot = measured.ok().and_then(Result::ok).map(|s| s.clone());
        link.let_go(LET_GO).await;
        snapshot
    });
    runtime.shutdown_timeout(LET_GO);
    let late = || {
        Failed::new(format_args!(
            "the engine produced no snapshot within {} s: no status available",
            MEASURED.as_secs()
        ))
    };
    let snapshot = snapshot.ok_or_else(late)?;
    print(if it.json { Document::json(&document(&snapshot))? } else { text(&snapshot).into() })?;
    Ok(if it.exit_code.holds(&snapshot) { ExitCode::SUCCESS } else { ExitCode::from(NOT_IN_ORDER) })
}

/// The snapshot as JSON. Seconds are numbers, times are RFC 3339, unknown values have no `value`.
pub fn document(s: &Snapshot) -> Value {
    json!({
        "schema": SCHEMA,
        "plan": s.plan.name,
        "at": s.now.wall,
        "pace": s.pace,
        "verdict": s.verdict(),
        "watched": s.watched,
        "unknown": s.unknown,
        "tiles": s.tiles.iter().map(tile).collect::<Vec<_>>(),
        "sources": s.collectors.iter().map(source).collect::<Vec<_>>(),
        "signals": s.samples.iter().flatten().map(sample).collect::<Vec<_>>(),
        "panels": s.panels.iter().map(|p| panel(p)).collect::<Vec<_>>(),
        "run": s.run.as_deref().map(run::document),
    })
}

fn tile(t: &Tile) -> Value {
    let sides: Vec<_> = t.sides.iter().map(|(label, value)| json!({ "label": label, "value": cell(value) })).collect();
    json!({ "id": t.id, "title": t.title, "value": cell(&t.value), "note": t.note, "sides": sides })
}

fn source(s: &CollectorLine) -> Value {
    json!({
        "id": s.id,
        "side": s.side,
        "endpoint": s.endpoint,
        "calls": s.calls,
        "state": s.state,
        "interval_seconds": s.interval.as_secs_f64(),
        "took_seconds": s.took.as_secs_f64(),
        "age_seconds": s.age.map(|a| a.0.as_secs_f64()),
        "answers": s.answers,
        "failures": s.failures,
        "throttled": s.throttled,
        "fault": s.fault,
    })
}

fn sample(s: &Sample) -> Value {
    let labels: serde_json::Map<_, _> =
        s.def.labels.iter().zip(s.labels.iter()).map(|(&k, v)| (k.to_owned(), v.as_str().into())).collect();
    let mut out = json!({ "id": s.def.id, "unit": s.def.unit, "labels": labels });
    let (state, value, age, fault) = match &s.value {
        Observed::Fresh(v, a) => ("live", Some(*v), Some(*a), None),
        Observed::Stale(v, a) => ("stale", Some(*v), Some(*a), None),
        Observed::Unknown(f) => ("blind", None, None, Some(f)),
        Observed::Pending => ("never", None, None, None),
    };
    out["state"] = state.into();
    if let Some(v) = value {
        out["value"] = v.into();
    }
    if let Some(a) = age {
        out["age_seconds"] = a.0.as_secs_f64().into();
    }
    if let Some(f) = fault {
        out["fault"] = json!(f);
    }
    out
}

fn panel(p: &Panel) -> Value {
    let tables: Vec<_> = p.tables.iter().map(|t| json!({ "id": t.id, "title": t.title, "rows": rows(t) })).collect();
    json!({ "id": p.id, "tables": tables, "oldest_seconds": p.oldest.map(|a| a.0.as_secs_f64()) })
}

/// Rows as objects. A column with a group heading is named `heading.column`, so that both sides have distinct names.
fn rows(t: &Table) -> Vec<Value> {
    let names: Vec<String> = t
        .columns
        .iter()
        .map(|c| if c.group.is_empty() { c.id.to_owned() } else { format!("{}.{}", c.group, c.id) })
        .collect();
    t.rows
        .iter()
        .map(|row| {
            // Sparklines are for people.
            let described = names.iter().zip(row.cells.iter()).filter(|(_, c)| !matches!(c.key, Key::Spark(_)));
            let mut out: serde_json::Map<_, _> = described.map(|(name, c)| (name.clone(), cell(c))).collect();
            out.insert("id".into(), row.id.as_str().into());
            Value::Object(out)
        })
        .collect()
}

fn cell(c: &Cell) -> Value {
    json!({ "text": c.text, "key": c.key, "tone": c.tone })
}

/// The snapshot as text: verdict, unknown values, tiles, then every collector that is not fresh.
pub fn text(s: &Snapshot) -> Lines {
    let mut out = Lines::default();
    let verdict = s.verdict();
    let (word, why) = verdict.describe();
    let sites = &s.plan.sites;
    out.put(format_args!("{} · {} → {} · {}", s.plan.name, sites.source.label, sites.target.label, s.now.wall));
    out.put(format_args!("{word}  {}", one_line(why)));
    out.gap();
    for thing in &s.unknown {
        out.put(format_args!("? {}: {}", one_line(&thing.what), one_line(&thing.why)));
    }
    if !s.unknown.is_empty() {
        out.put(format_args!("{} things and gates are unknown; {} are watched", s.unknown.len(), s.watched));
        out.gap();
    }
    for t in &s.tiles {
        let sides: Vec<_> = t.sides.iter().map(|(label, c)| format!("{label} {}", c.text)).collect();
        out.put(format_args!(
            "{} {:<24} {:>16}  {:<32} {}",
            t.value.tone.glyph(false),
            t.title,
            one_line(&t.value.text),
            one_line(&sides.join("  ")),
            one_line(&t.note)
        ));
    }
    for l in s.collectors.iter().filter(|l| l.state != CollectorState::Fresh) {
        let why = l.fault.as_ref().map_or_else(String::new, |fault| one_line(&fault.to_string()));
        out.gap();
        out.put(format_args!("{:?}  {}  {}  {why}", l.state, one_line(&l.id), one_line(&l.endpoint)));
    }
    out
}

/// Every signal, one a line.
pub(super) fn signals() -> String {
    systems::signals()
        .iter()
        .map(|d| format!("{}{{{}}} {:?}: {}\n    {}\n", d.id, d.labels.join(","), d.unit, d.title, d.doc))
        .collect()
}

#[cfg(test)]
mod tests;
