//! The timeline: what was done, when, by whom, for the review afterwards.

use std::fmt::Write as _;

use super::{Body, Entry};
use crate::{
    core::step::{Note, Record, Way},
    text,
};

/// As Markdown: one table, a line a record of what people did; what was read meanwhile is in [`json`].
#[must_use]
pub fn markdown(entries: &[Entry]) -> String {
    let mut out = String::new();
    let Some((first, last)) = entries.first().zip(entries.last()) else {
        return "The journal is empty.\n".to_owned();
    };
    let _ = writeln!(out, "# {}\n", text::markdown(&first.run));
    let _ = writeln!(
        out,
        "{} to {} (UTC), {} records, head {} {}\n",
        first.wall.strftime("%Y-%m-%d %H:%M:%S"),
        last.wall.strftime("%Y-%m-%d %H:%M:%S"),
        entries.len(),
        last.seq,
        last.hash,
    );
    out.push_str("| # | time (UTC) | who | step | what |\n| ---: | --- | --- | --- | --- |\n");
    for entry in entries.iter().filter(|e| !matches!(e.body, Body::Readings { .. })) {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            entry.seq,
            entry.wall.strftime("%H:%M:%S%.3f"),
            text::markdown(&entry.actor),
            text::markdown(entry.body.step().unwrap_or("")),
            text::markdown(&told(&entry.body)),
        );
    }
    out
}

/// As one JSON document.
#[must_use]
pub fn json(entries: &[Entry]) -> serde_json::Value {
    let list = entries.iter().filter_map(|entry| {
        let mut value = serde_json::to_value(entry).ok()?;
        value.as_object_mut()?.insert("hash".to_owned(), entry.hash.to_string().into());
        Some(value)
    });
    serde_json::Value::Array(list.collect())
}

/// A record in one sentence.
#[must_use]
pub fn told(body: &Body) -> String {
    match body {
        Body::Opened { program } => format!("begun with landfall {program}"),
        Body::Resumed { cut, plan_changed } => {
            let mut text = "taken up again".to_owned();
            if *cut > 0 {
                let _ = write!(text, "; a torn last line of {cut} bytes was cut off");
            }
            if *plan_changed {
                text.push_str("; the plan is not what it was");
            }
            text
        }
        Body::Previewed { digest, way, diff, .. } => {
            let way = if *way == Way::Back { "way back previewed" } else { "previewed" };
            let diff: Vec<String> = diff.iter().map(|c| format!("{}: {} → {}", c.thing, c.from, c.to)).collect();
            format!("{way}, {}: {}", digest.short(), diff.join("; "))
        }
        Body::Begun(begun) => {
            let way = match &begun.record {
                Record::Begun { way: Way::Back, attempt, .. } => format!("way back begun (attempt {attempt})"),
                Record::Begun { attempt, .. } => format!("begun (attempt {attempt})"),
                _ => "begun".to_owned(),
            };
            let by = match begun.approved_by.as_slice() {
                [] => String::new(),
                names => format!(", approved by {}", names.join(", ")),
            };
            let diff: Vec<String> =
                begun.draft.diff.iter().map(|c| format!("{}: {} → {}", c.thing, c.from, c.to)).collect();
            format!("{way}{by}: {}", diff.join("; "))
        }
        Body::Intent(intent) => format!("about to: {}", intent.what),
        Body::Came(came) => {
            let what = match came.note {
                Note::Op(ticket, state) => format!("operation {}: {}", u32::from(ticket.op) + 1, word(&state)),
                Note::Phase(phase) => word(&phase),
                Note::Abandoned => "given up: nothing but its safe tail is begun any more".to_owned(),
                Note::Stands => "the way back is given up, nothing of it was applied: it stands as before".to_owned(),
                Note::Adopted(_) => "done by somebody else, taken over".to_owned(),
            };
            if came.said.is_empty() { what } else { format!("{what}: {}", came.said) }
        }
        Body::Approved { digest, by, key, .. } => {
            let how = key.as_ref().map_or_else(|| "unauthenticated".to_owned(), |key| format!("signed with {key}"));
            format!("approved by {by} ({how}): {}", digest.short())
        }
        Body::Proposed { digest, by, what, .. } => format!("proposed by {by}, {}: {what}", digest.short()),
        Body::Waived { gate, attempt, reason, by, until, .. } => {
            format!("gate {gate} waived for attempt {attempt}, until {until:.0}, by {}: {reason}", by.join(" and "))
        }
        Body::Attested { there, looked_at, by, ticket, .. } => {
            let what = ticket.map_or_else(String::new, |t| format!("operation {}: ", u32::from(t.op) + 1));
            let said = if *there { "done" } else { "not done" };
            format!("{what}{said}, by the word of {}: {looked_at}", by.join(" and "))
        }
        Body::Hold { on, by, why } => {
            let what = if *on { "held" } else { "released" };
            if why.is_empty() { format!("{what} by {by}") } else { format!("{what} by {by}: {why}") }
        }
        Body::Remark { by, text } => format!("{by}: {text}"),
        Body::Readings { samples } => format!("{} readings", samples.len()),
    }
}

/// The word that a value has in the journal, as people write states.
pub fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_uppercase)).unwrap_or_default()
}
