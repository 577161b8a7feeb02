//! The timeline: what was done, when, by whom, for the review afterwards.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::Timestamp;

use super::{Body, Entry, Head, Transition};
use base::operation::Data;
use base::{
    step::{Kind, Note, Record, StepState, Way},
    text,
    view::counted,
};

/// The summary of a journal, shown before its records.
#[derive(Debug, Clone, Default)]
pub struct Whole {
    run: String,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    head: Head,
}

impl Whole {
    /// Adds one record.
    pub fn take<C: Data, V: Data>(&mut self, entry: &Entry<C, V>) {
        if self.from.is_none() {
            (self.run, self.from) = (entry.run.clone(), Some(entry.wall));
        }
        (self.to, self.head) = (Some(entry.wall), entry.head());
    }
}

/// The timeline, piece by piece: Markdown, or one JSON document.
#[derive(Debug)]
pub struct Out<'a> {
    whole: &'a Whole,
    json: bool,
    any: bool,
    ways: Ways,
}

impl<'a> Out<'a> {
    /// For a journal with this summary.
    #[must_use]
    pub fn new(whole: &'a Whole, json: bool) -> Self {
        Self { whole, json, any: false, ways: Ways::default() }
    }

    /// The text before the records.
    #[must_use]
    pub fn begin(&self) -> String {
        if self.json {
            return "[".to_owned();
        }
        let Whole { run, from: Some(from), to: Some(to), head } = self.whole else {
            return "The journal is empty.\n".to_owned();
        };
        let time = |at: &Timestamp| at.strftime("%Y-%m-%d %H:%M:%S").to_string();
        format!(
            "# {}\n\n{} to {} (UTC), {} records, head {} {}\n\n| # | time (UTC) | who | step | what |\n| ---: | --- | --- | --- | --- |\n",
            text::markdown(run),
            time(from),
            time(to),
            head.seq,
            head.seq,
            head.hash,
        )
    }

    /// One record. Markdown has a line for what people did; readings are only in JSON.
    #[must_use]
    pub fn record<C: Data, V: Data>(&mut self, entry: &Entry<C, V>) -> String {
        let what = self.ways.describe(&entry.body);
        if self.json {
            let between = if std::mem::replace(&mut self.any, true) { ",\n" } else { "\n" };
            let text = text::json(&value(entry)).unwrap_or_default();
            let text: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
            return format!("{between}{}", text.join("\n"));
        }
        if matches!(entry.body, Body::Readings { .. }) {
            return String::new();
        }
        format!(
            "| {} | {} | {} | {} | {} |\n",
            entry.seq,
            entry.wall.strftime("%H:%M:%S%.3f"),
            text::markdown(&entry.actor),
            text::markdown(entry.body.step().unwrap_or("")),
            text::markdown(&what),
        )
    }

    /// The text after the records.
    #[must_use]
    pub fn end(&self) -> String {
        match (self.json, self.any) {
            (false, _) => String::new(),
            (true, false) => "]\n".to_owned(),
            (true, true) => "\n]\n".to_owned(),
        }
    }
}

/// A record as JSON, with its hash.
fn value<C: Data, V: Data>(entry: &Entry<C, V>) -> serde_json::Value {
    let mut value = serde_json::to_value(entry).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.insert("hash".to_owned(), entry.hash.to_string().into());
    }
    value
}

/// As one JSON document.
#[must_use]
pub fn json<C: Data, V: Data>(entries: &[Entry<C, V>]) -> serde_json::Value {
    entries.iter().map(value).collect()
}

/// As Markdown: one table, with a line for each record of what people did.
#[must_use]
pub fn markdown<C: Data, V: Data>(entries: &[Entry<C, V>]) -> String {
    let mut whole = Whole::default();
    entries.iter().for_each(|entry| whole.take(entry));
    let mut out = Out::new(&whole, false);
    let begin = out.begin();
    std::iter::once(begin).chain(entries.iter().map(|entry| out.record(entry))).collect()
}

/// The direction and operations of each step's last attempt, from the records so far: the name of a state depends on them.
#[derive(Debug, Default)]
pub struct Ways(BTreeMap<String, Last>);

/// A step's last attempt: its direction, and which of its operations only wait.
#[derive(Debug, Default)]
struct Last {
    way: Way,
    waits: Vec<bool>,
    /// The same for the last attempt forward: a cancelled rollback returns to it.
    forward: Vec<bool>,
}

impl Ways {
    /// The next record, in one sentence.
    pub fn describe<C, V>(&mut self, body: &Body<C, V>) -> String {
        if let Body::AttemptStarted(started) = body
            && let Record::Started { way, .. } = started.record
        {
            let waits: Vec<bool> = started.draft.ops.iter().map(|op| op.kind == Kind::Wait).collect();
            let last = self.0.entry(started.step.clone()).or_default();
            if way == Way::Forward {
                last.forward.clone_from(&waits);
            }
            (last.way, last.waits) = (way, waits);
        }
        let Body::Transition(transition) = body else { return describe(body) };
        let text = self.transition(transition);
        if let (Note::Stands | Note::Adopted(_) | Note::State(StepState::Pending), Some(last)) =
            (transition.note, self.0.get_mut(&transition.step))
        {
            (last.way, last.waits) = (Way::Forward, last.forward.clone());
        }
        text
    }

    fn transition<V>(&self, transition: &Transition<V>) -> String {
        let none = Last::default();
        let last = self.0.get(&transition.step).unwrap_or(&none);
        let what = match transition.note {
            Note::Op(ticket, state) => {
                let wait = last.waits.get(usize::from(ticket.op)).copied().unwrap_or_default();
                format!("operation {}: {}", u32::from(ticket.op) + 1, state.word(wait))
            }
            Note::State(phase) => phase.word(last.way).to_owned(),
            Note::Abandoned => "aborted: only its cleanup still runs".to_owned(),
            Note::Stands => "rollback cancelled, nothing of it was applied: the step is unchanged".to_owned(),
            Note::Adopted(_) => "done outside landfall, adopted".to_owned(),
        };
        if transition.detail.is_empty() { what } else { format!("{what}: {}", transition.detail) }
    }
}

/// A single record in one sentence: a state has its name in the forward direction.
#[must_use]
pub fn describe<C, V>(body: &Body<C, V>) -> String {
    match body {
        Body::Opened { program } => format!("opened with landfall {program}"),
        Body::Resumed { cut, plan_changed } => {
            let mut text = "resumed".to_owned();
            if *cut > 0 {
                let _ = write!(text, "; an incomplete last line of {cut} bytes was removed");
            }
            if *plan_changed {
                text.push_str("; the plan has changed");
            }
            text
        }
        Body::Previewed { digest, way, diff, .. } => {
            let way = if *way == Way::Back { "rollback previewed" } else { "previewed" };
            let diff: Vec<String> = diff.iter().map(|c| format!("{}: {} → {}", c.thing, c.from, c.to)).collect();
            format!("{way}, {}: {}", digest.short(), diff.join("; "))
        }
        Body::AttemptStarted(started) => {
            let way = match &started.record {
                Record::Started { way: Way::Back, attempt, .. } => format!("rollback begun (attempt {attempt})"),
                Record::Started { attempt, .. } => format!("begun (attempt {attempt})"),
                _ => "begun".to_owned(),
            };
            let by = match started.approved_by.as_slice() {
                [] => String::new(),
                names => format!(", approved by {}", names.join(", ")),
            };
            let diff: Vec<String> =
                started.draft.diff.iter().map(|c| format!("{}: {} → {}", c.thing, c.from, c.to)).collect();
            format!("{way}{by}: {}", diff.join("; "))
        }
        Body::Intent(intent) => format!("about to: {}", intent.what),
        Body::Transition(transition) => Ways::default().transition(transition),
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
            let message = if *there { "done" } else { "not done" };
            format!("{what}{message}, marked by {}: {looked_at}", by.join(" and "))
        }
        Body::Hold { on, by, why } => {
            let what = if *on { "held" } else { "released" };
            if why.is_empty() { format!("{what} by {by}") } else { format!("{what} by {by}: {why}") }
        }
        Body::Remark { by, text, .. } => format!("{by}: {text}"),
        Body::Readings { samples } => counted(samples.len(), "reading"),
    }
}
