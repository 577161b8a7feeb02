//! The signal of a gate, and its series.

use indexmap::IndexMap;

use super::{
    super::health,
    names::{Names, Thing, dangling},
};
use crate::{
    diag::{Code, Diagnosis, Faults},
    hint,
    scalar::quoted,
    tree::{At, Table},
};
use base::signal::{SignalDef, Unit};

/// Signals that only a set with a canary provides.
const CANARY: &str = "mongo.canary.";

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
            labels.insert(label.clone(), meant(def, label, value, &wanted, names, faults));
        } else {
            let message = format!("{} is no label of `{}`", quoted(label).replace('"', "`"), def.id);
            let fault = Diagnosis::error(Code::UnknownKey, &value.span, message);
            faults.push(fault.hint(match hint::nearest(label, def.labels) {
                Some(near) => format!("did you mean `{near}`?"),
                None if def.labels.is_empty() => "it has none: take `where` out".to_owned(),
                None => format!("its labels are {}", def.labels.join(", ")),
            }));
        }
    }
    if !wanted.contains_key("set") {
        without_canary(def, &metric, names, faults);
    }
    let unit = if def.unit == Unit::AsNamed { named_unit(def, &metric, &wanted, names, faults)? } else { def.unit };
    Some(Chosen { def, unit, labels })
}

/// Reports a canary's signal where no set has one: its gate would always be unknown.
fn without_canary(def: &SignalDef, metric: &At<String>, names: &Names<'_>, faults: &mut Faults) {
    if def.id.starts_with(CANARY) && !names.root.tables("replica_set").any(|set| set.written("canary").is_some()) {
        let message = format!("no replica set has a canary: `{}` is never known", def.id);
        let fault = Diagnosis::error(Code::Dangling, &metric.span, message);
        faults.push(fault.hint("give a set a `canary`, or take `mongo.set.write_downtime`"));
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

/// The unit of the named health query: all series must have the same unit.
fn named_unit(
    def: &SignalDef,
    metric: &At<String>,
    wanted: &IndexMap<String, At<String>>,
    names: &Names<'_>,
    faults: &mut Faults,
) -> Option<Unit> {
    let Some(query) = wanted.get("query") else {
        let message = format!("`{}` is in the unit of its query, and `where` names none", def.id);
        faults.push(Diagnosis::error(Code::MissingKey, &metric.span, message).hint("add where = { query = \"…\" }"));
        return None;
    };
    health::unit(names.find(Thing::Query, &query.value)?).map(|unit| unit.value)
}

/// A label's value in the signal's notation; reports a name that the plan does not have.
fn meant(
    def: &SignalDef,
    label: &str,
    value: &At<String>,
    wanted: &IndexMap<String, At<String>>,
    names: &Names<'_>,
    faults: &mut Faults,
) -> String {
    let words = |what: &str, words: &[&str], faults: &mut Faults| {
        if !words.contains(&value.value.as_str()) {
            dangling(value, what, &words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>(), faults);
        }
    };
    match label {
        "set" => {
            let set = names.known(Thing::Set, value, faults);
            if def.id.starts_with(CANARY) && set.is_some_and(|set| set.written("canary").is_none()) {
                let message =
                    format!("the replica set {} has no canary: `{}` is never known", quoted(&value.value), def.id);
                let fault = Diagnosis::error(Code::Dangling, &value.span, message);
                faults.push(fault.hint("give the set a `canary`, or take `mongo.set.write_downtime`"));
            }
        }
        // The set's canary always writes with w:1.
        "w" => {
            let majority = |set: &Table| set.table("canary").is_none_or(|c| c.get::<bool>("majority") != Some(false));
            let set = wanted.get("set").and_then(|set| names.find(Thing::Set, &set.value));
            let known: &[&str] = if set.is_none_or(majority) { &["1", "majority"] } else { &["1"] };
            words("the canary does not write with w", known, faults);
        }
        "pair" => drop(names.known(Thing::Pair, value, faults)),
        "group" => {
            let pair = wanted.get("pair").map(|p| p.value.as_str());
            if pair.is_none_or(|p| names.find(Thing::Pair, p).is_some()) {
                names.known_group(pair, value, faults);
            }
        }
        // Servers have a role as well: authoritative for the zone, or not.
        "role" if def.id.starts_with("dns.") => {
            words("there is no role of servers", &["authoritative", "resolver"], faults)
        }
        "role" => drop(names.known(Thing::Role, value, faults)),
        "name" => {
            return match names.known(Thing::Dns, value, faults) {
                Some(_) => super::super::dns::qualified(&value.value),
                None => value.value.clone(),
            };
        }
        "type" => words("there is no weighted record of type", &["A", "AAAA", "CNAME"], faults),
        "query" => {
            if let Some(query) = names.known(Thing::Query, value, faults)
                && let Some(side) = wanted.get("side")
                && matches!(side.value.as_str(), "source" | "target")
                && query.written(&side.value).is_none()
            {
                let message =
                    format!("the health query {} is not configured for the {}", quoted(&value.value), side.value);
                let fault = Diagnosis::error(Code::Dangling, &side.span, message);
                faults.push(fault.hint(format!("give the query a `{}`, or name the other side", side.value)));
            }
        }
        // Members of a third site belong to neither side.
        "side" if def.id.starts_with("mongo.member.") => {
            words("there is no side", &["source", "target", "other"], faults)
        }
        "side" => words("there is no side", &["source", "target"], faults),
        _ => {}
    }
    value.value.clone()
}
