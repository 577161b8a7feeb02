//! Gates, and combinations of them.

use std::{collections::HashMap, time::Duration};

use super::{
    names::Names,
    quantity,
    signal::{self, Chosen},
};
use crate::{
    diag::{Code, Diagnosis, Faults, Span},
    scalar::{friendly, quoted},
    tree::{At, FromValue, Quantity, Table},
    types::{Agg, Compare, Condition, Gate, Intervals, Volume, WINDOW},
};
use base::signal::{MAX, Unit};

#[derive(Clone)]
struct Id {
    at: At<String>,
    /// Written by the operator; else derived from its step's id.
    written: bool,
}

/// Reads gates and remembers their ids.
pub(super) struct Gates<'t> {
    names: &'t Names<'t>,
    ids: Vec<Id>,
}

impl<'t> Gates<'t> {
    pub fn new(names: &'t Names<'t>) -> Self {
        Self { names, ids: Vec::new() }
    }

    /// Reports duplicate ids, and ids that have another meaning in a waiver: one of these abort triggers, or the window. To be called once
    /// all have been read.
    ///
    /// Default ids are derived from their step's: where two of them are equal, the steps' ids are, which is already reported.
    pub fn unique(&self, aborts: &[At<String>], faults: &mut Faults) {
        let mut seen: HashMap<&str, &Id> = HashMap::new();
        for abort in aborts.iter().filter(|abort| abort.value == WINDOW) {
            let message = format!(
                "a waiver of the abort trigger {} would leave out the plan's window as well",
                quoted(&abort.value)
            );
            let fault = Diagnosis::error(Code::Duplicate, &abort.span, message);
            faults.push(fault.hint("a waiver names it: give the trigger another id"));
        }
        for id in &self.ids {
            let abort = aborts.iter().find(|abort| abort.value == id.at.value);
            if id.at.value == WINDOW || abort.is_some() {
                let is = if abort.is_some() { "an abort trigger" } else { "the plan's window" };
                let message = format!("a waiver of the gate {} would leave out {is} as well", quoted(&id.at.value));
                let fault = Diagnosis::error(Code::Duplicate, &id.at.span, message);
                let fault = if let Some(abort) = abort { fault.first(&abort.span) } else { fault };
                faults.push(fault.hint("a waiver names it: give the gate another id"));
            }
            match seen.get(id.at.value.as_str()) {
                Some(first) if first.written || id.written => {
                    let message = format!("the gate {} is given twice", quoted(&id.at.value));
                    let fault = Diagnosis::error(Code::Duplicate, &id.at.span, message).first(&first.at.span);
                    faults.push(fault.hint("a waiver names a gate: give each an id of its own"));
                }
                Some(_) => {}
                None => drop(seen.insert(&id.at.value, id)),
            }
        }
    }

    /// All conditions of a list. `prefix` is the beginning of the ids of gates without an id.
    pub fn conditions(&mut self, table: &Table, key: &str, prefix: &str, faults: &mut Faults) -> Option<Condition> {
        let mut n = 0;
        self.list(table, key, prefix, &mut n, faults).map(Condition::All)
    }

    fn list(
        &mut self,
        table: &Table,
        key: &str,
        prefix: &str,
        n: &mut u32,
        faults: &mut Faults,
    ) -> Option<Vec<Condition>> {
        let list: Vec<_> = table.tables(key).map(|t| self.condition(t, prefix, n, faults)).collect();
        table.values.get(key)?;
        list.into_iter().collect()
    }

    fn condition(&mut self, table: &Table, prefix: &str, n: &mut u32, faults: &mut Faults) -> Option<Condition> {
        if table.written("any").is_some() {
            return self.list(table, "any", prefix, n, faults).map(Condition::Any);
        }
        if table.written("all").is_some() {
            return self.list(table, "all", prefix, n, faults).map(Condition::All);
        }
        if table.written("n_of").is_some() {
            let t = table.table("n_of")?;
            let list = self.list(t, "gates", prefix, n, faults);
            let least: At<i64> = t.at("n")?;
            let (list, least_n) = (list?, u32::try_from(least.value).ok()?);
            if least_n as usize > list.len() {
                let message = format!("{least_n} of {} gates can never be true", list.len());
                let fault = Diagnosis::error(Code::Conflict, &least.span, message);
                faults.push(fault.hint("lower `n`, or add gates"));
            }
            return Some(Condition::NOf(least_n, list));
        }
        *n += 1;
        self.gate(table, format!("{prefix}{n}"), faults).map(|gate| Condition::Gate(Box::new(gate)))
    }

    fn gate(&mut self, table: &Table, default_id: String, faults: &mut Faults) -> Option<Gate> {
        let written: Option<At<String>> = table.at("id");
        let default = || At { value: default_id, span: table.span.clone() };
        let id = Id { written: written.is_some(), at: written.unwrap_or_else(default) };
        self.ids.push(id.clone());
        let chosen = signal::choose(table, self.names, faults);
        let volume = table.table("min_volume").map(|t| volume(t, self.names, faults));
        let (sustain, min_samples, max_age) =
            (self.value(table, "for"), self.value(table, "min_samples"), self.max_age(table));
        let chosen = chosen?;
        let agg = agg(table, &chosen, faults);
        let op: At<String> = table.at("op")?;
        let op = At { value: word(&op.value, Compare::WORDS, Compare::ALL)?, span: op.span };
        let value: At<Quantity> = table.at("value")?;
        let limit = limit(&chosen, agg?, &op, &value, faults);
        let gate = Gate {
            id: id.at.value,
            metric: chosen.def,
            labels: chosen.labels,
            agg: agg?,
            op: op.value,
            limit: limit?,
            sustain: sustain?,
            min_samples: min_samples.and_then(|n: i64| u32::try_from(n).ok())?,
            series: table.get::<i64>("series").and_then(|n| u32::try_from(n).ok())?,
            max_age: max_age?,
            min_volume: volume.map_or(Some(None), |v| v.map(Some))?,
            unit: chosen.unit,
            sites: self.names.sites(),
        };
        self.in_time(table, &gate, faults);
        Some(gate)
    }

    /// A gate's own value, or the default for all gates.
    fn value<T: FromValue>(&self, table: &Table, key: &str) -> Option<T> {
        if table.written(key).is_some() { table.get(key) } else { self.names.root.table("gate_defaults")?.get(key) }
    }

    fn max_age(&self, table: &Table) -> Option<Option<Duration>> {
        let defaults = self.names.root.table("gate_defaults");
        let detail = [Some(table), defaults].into_iter().flatten().find(|t| t.written("max_age").is_some());
        detail.map_or(Some(None), |t| t.get("max_age").map(Some))
    }

    /// Readings come at the interval of their system: a gate that requires more is never green.
    fn in_time(&self, table: &Table, gate: &Gate, faults: &mut Faults) {
        let Some(interval) = self.interval(gate.metric.cadence) else { return };
        let place = |key: &str| table.written(key).unwrap_or_else(|| table.span.clone());
        let needed = interval.saturating_mul(gate.min_samples - 1);
        if needed > gate.sustain {
            let message = format!(
                "{} readings of `{}` do not come within {}: one comes every {}",
                gate.min_samples,
                gate.metric.id,
                friendly(gate.sustain),
                friendly(interval),
            );
            let fault = Diagnosis::error(Code::Conflict, &place("min_samples"), message);
            faults.push(fault.hint(format!("give it for = \"{}\" or more, or fewer samples", friendly(needed))));
        }
        if let Some(max_age) = gate.max_age.filter(|age| *age < interval) {
            let message = format!(
                "readings of `{}` may be {} old, but one comes every {}",
                gate.metric.id,
                friendly(max_age),
                friendly(interval),
            );
            let fault = Diagnosis::error(Code::Conflict, &place("max_age"), message);
            faults.push(fault.hint("raise `max_age`, or shorten the system's interval in [intervals]"));
        }
    }

    /// The interval of a system; of several the shortest.
    fn interval(&self, system: &str) -> Option<Duration> {
        let intervals = self.names.root.table("intervals")?;
        let own = Intervals::SPECS.iter().filter(|spec| spec.system == system).map(|spec| intervals.get(spec.key));
        own.collect::<Option<Vec<Duration>>>()?.into_iter().min()
    }
}

fn word<T: Copy>(text: &str, words: &[&str], all: &[T]) -> Option<T> {
    words.iter().position(|w| *w == text).and_then(|at| all.get(at)).copied()
}

/// The aggregation of several series. It may be omitted only where one series remains.
fn agg(table: &Table, chosen: &Chosen, faults: &mut Faults) -> Option<Agg> {
    let free = chosen.free();
    let place = |key: &str| table.written(key).unwrap_or_else(|| table.span.clone());
    let agg = match table.written("agg") {
        Some(_) => word(&table.get::<String>("agg")?, Agg::WORDS, Agg::ALL)?,
        None if free.is_empty() => Agg::Only,
        None => {
            let message =
                format!("`{}` may have several series here: `where` does not name {}", chosen.def.id, free.join(", "));
            let fault = Diagnosis::error(Code::MissingKey, &place("metric"), message);
            faults.push(
                fault.hint("say how they become one value: agg = \"max\" or another, or name the rest in `where`"),
            );
            return None;
        }
    };
    if table.get::<i64>("series").is_some_and(|n| n > 1) && (free.is_empty() || agg == Agg::Only) {
        let fault = Diagnosis::error(
            Code::Conflict,
            &place("series"),
            "more than one series is asked for where there can be one only",
        );
        faults.push(
            fault.hint("take `series` out, or name fewer labels in `where` and say how they become one with `agg`"),
        );
    }
    Some(agg)
}

/// The limit, in the unit of the compared value.
fn limit(chosen: &Chosen, agg: Agg, op: &At<Compare>, value: &At<Quantity>, faults: &mut Faults) -> Option<f64> {
    let (unit, range) = compared(chosen, agg);
    let limit = quantity::read(value, unit, range, chosen.def.id, faults)?;
    let of_order = matches!(op.value, Compare::Less | Compare::AtMost | Compare::Greater | Compare::AtLeast);
    if !of_order {
        return Some(limit);
    }
    let fault =
        |span: &Span, message: String, hint: &str| Some(Diagnosis::error(Code::Conflict, span, message).hint(hint));
    let ends = (op.value.holds(range.0, limit), op.value.holds(range.1, limit));
    let found = if unit == Unit::Bool {
        let message = format!("`{}` is true or false: one is not more than the other", chosen.def.id);
        fault(&op.span, message, "compare it with == or !=")
    } else if ends == (true, true) {
        fault(
            &value.span,
            format!("`{}` always satisfies this: the gate has no effect", chosen.def.id),
            "correct the value",
        )
    } else if ends == (false, false) {
        fault(
            &value.span,
            format!("`{}` never satisfies this: the gate is never green", chosen.def.id),
            "correct the value",
        )
    } else {
        None
    };
    faults.list.extend(found);
    Some(limit)
}

/// Unit and range of the aggregated value.
fn compared(chosen: &Chosen, agg: Agg) -> (Unit, (f64, f64)) {
    let (low, high) = chosen.def.range;
    match agg {
        Agg::Ratio => (Unit::Ratio, (0.0, 1.0)),
        Agg::Count => (Unit::Count, (0.0, MAX)),
        Agg::Sum => {
            let unit = if chosen.unit == Unit::Bool { Unit::Count } else { chosen.unit };
            (unit, (if low < 0.0 { -MAX } else { low }, MAX))
        }
        Agg::Avg if chosen.unit == Unit::Bool => (Unit::Ratio, (0.0, 1.0)),
        Agg::Max | Agg::Min | Agg::Avg | Agg::Only => (chosen.unit, (low, high)),
    }
}

fn volume(table: &Table, names: &Names<'_>, faults: &mut Faults) -> Option<Volume> {
    let chosen = signal::choose(table, names, faults)?;
    let value: At<Quantity> = table.at("value")?;
    let least = quantity::read(&value, chosen.unit, chosen.def.range, chosen.def.id, faults)?;
    Some(Volume { metric: chosen.def, labels: chosen.labels, least, unit: chosen.unit })
}
