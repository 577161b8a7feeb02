//! The signal of a gate, and its series.

use indexmap::IndexMap;

use super::{super::health, names::Names};
use crate::{
    diag::{Code, Diagnosis, Faults},
    hint,
    scalar::quoted,
    tree::{At, Table},
};
use base::{
    domain::{Domain, Things},
    signal::{SignalDef, Unit},
};

/// A signal with the given labels.
pub(super) struct Chosen {
    pub def: &'static SignalDef,
    /// Its own unit, or that of the health query that it names.
    pub unit: Unit,
    pub labels: IndexMap<String, String>,
}

impl Chosen {
    /// The labels without a value, which match anything.
    pub fn free(&self) -> Vec<&'static str> {
        self.def.labels.iter().copied().filter(|l| !self.labels.contains_key(*l)).collect()
    }
}

/// Reads `metric` and `where`; reports everything that does not exist.
pub(super) fn choose(table: &Table, names: &Names<'_>, faults: &mut Faults) -> Option<Chosen> {
    let metric: At<String> = table.at("metric")?;
    let Some(def) = names.catalog.signals.iter().find(|def| def.id == metric.value) else {
        unknown(&metric, &names.catalog.signals, faults);
        return None;
    };
    let wanted: IndexMap<String, At<String>> = table.get("where")?;
    let mut labels = IndexMap::new();
    for (label, value) in &wanted {
        if def.labels.contains(&label.as_str()) {
            let beside = |label: &str| wanted.get(label).cloned();
            labels.insert(label.clone(), names.meant(def.domain(label), value, &beside, faults));
        } else {
            let message = format!("{} is not a label of `{}`", quoted(label).replace('"', "`"), def.id);
            let fault = Diagnosis::error(Code::UnknownKey, &value.span, message);
            faults.push(fault.hint(match hint::nearest(label, def.labels) {
                Some(near) => format!("did you mean `{near}`?"),
                None if def.labels.is_empty() => "it has none: take `where` out".to_owned(),
                None => format!("its labels are {}", def.labels.join(", ")),
            }));
        }
    }
    needed(def, &metric, &wanted, names, faults);
    let unit = if def.unit == Unit::AsNamed { named_unit(def, &metric, &wanted, names, faults)? } else { def.unit };
    Some(Chosen { def, unit, labels })
}

/// Reports a signal of what the named thing, or every thing, does not have: its gate would always be unknown.
fn needed(
    def: &SignalDef,
    metric: &At<String>,
    wanted: &IndexMap<String, At<String>>,
    names: &Names<'_>,
    faults: &mut Faults,
) {
    let Some(needs) = def.needs else { return };
    let Domain::Of(of) = def.domain(needs.label) else { return };
    let named = wanted.get(needs.label);
    let (has, subject, span) = match named {
        Some(name) => {
            let Some(thing) = names.find(of, &name.value) else { return };
            (thing.written(needs.key).is_some(), format!("the {} {}", of.what, quoted(&name.value)), &name.span)
        }
        None => {
            let any = names.root.tables(of.table).any(|thing| thing.written(needs.key).is_some());
            (any, format!("no {}", of.what), &metric.span)
        }
    };
    if !has {
        let no = if named.is_some() { "no " } else { "a " };
        let message = format!("{subject} has {no}{}: `{}` is never known", needs.key, def.id);
        let article = if named.is_some() { "the" } else { "a" };
        let hint = format!("give {article} {} a `{}`, or take `{}`", of.short(), needs.key, needs.instead);
        faults.push(Diagnosis::error(Code::Dangling, span, message).hint(hint));
    }
}

fn unknown(metric: &At<String>, all: &[&SignalDef], faults: &mut Faults) {
    let ids: Vec<&str> = all.iter().map(|def| def.id).collect();
    let fault = Diagnosis::error(Code::Dangling, &metric.span, format!("there is no signal {}", quoted(&metric.value)));
    let system = metric.value.split('.').next().unwrap_or_default();
    let same: Vec<&str> = ids.iter().copied().filter(|id| id.split('.').next() == Some(system)).collect();
    faults.push(fault.hint(match hint::nearest(&metric.value, &ids) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None if same.is_empty() => {
            let mut systems: Vec<&str> = ids.iter().filter_map(|id| id.split('.').next()).collect();
            systems.dedup();
            format!("their names begin with {}", systems.join(", "))
        }
        None => format!("there are {}", same.join(", ")),
    }));
}

/// The unit of the named thing: all series must have the same unit.
fn named_unit(
    def: &SignalDef,
    metric: &At<String>,
    wanted: &IndexMap<String, At<String>>,
    names: &Names<'_>,
    faults: &mut Faults,
) -> Option<Unit> {
    let (label, of, key) = unit_of(def)?;
    let Some(thing) = wanted.get(label) else {
        let message = format!("`{}` is in the unit of its {label}, and `where` names none", def.id);
        let hint = format!("add where = {{ {label} = \"…\" }}");
        faults.push(Diagnosis::error(Code::MissingKey, &metric.span, message).hint(hint));
        return None;
    };
    health::unit(names.find(of, &thing.value)?, key).map(|unit| unit.value)
}

/// The label whose thing has the unit, and the key of the unit.
fn unit_of(def: &SignalDef) -> Option<(&'static str, &'static Things, &'static str)> {
    def.labels.iter().find_map(|label| match def.domain(label) {
        Domain::Of(of) => Some((*label, of, of.unit?)),
        _ => None,
    })
}
