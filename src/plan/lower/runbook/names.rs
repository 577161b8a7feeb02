//! The things of the plan that a runbook refers to, and whether a name is of its [`Domain`].
//!
//! They are looked up in the checked tree, not in the lowered plan: a reference to a set that has a fault elsewhere is not a second fault.

use crate::{
    Catalog,
    diag::{Code, Diagnosis, Faults},
    hint,
    pattern::Pattern,
    scalar::quoted,
    tree::{At, Table},
};
use base::{
    domain::{Domain, Named, Switch, Things},
    side::{Side, Sides},
};

fn name_of(of: &Things, table: &Table) -> Option<String> {
    Some(notation(of, &table.get::<String>(of.key)?))
}

/// A name as labels have it.
fn notation(of: &Things, name: &str) -> String {
    if of.qualified { super::super::dns::qualified(name) } else { name.to_owned() }
}

/// The values beside a value: of the other labels of a gate, or of the other parameters of an action.
pub(super) type Beside<'b> = &'b dyn Fn(&str) -> Option<At<String>>;

/// The plan's other tables.
pub(super) struct Names<'t> {
    pub root: &'t Table,
    pub catalog: &'t Catalog,
}

impl<'t> Names<'t> {
    /// The table of the thing with this name.
    pub fn find(&self, of: &Things, name: &str) -> Option<&'t Table> {
        let name = notation(of, name);
        self.root.tables(of.table).find(|t| name_of(of, t).as_ref() == Some(&name))
    }

    /// What the sites are called: their labels, or, where one is faulty, the sides' own words.
    pub fn sites(&self) -> Sides<String> {
        let label = |side: Side| self.root.table("sites")?.table(side.word())?.get::<String>("label");
        Sides::from_fn(|side| label(side).unwrap_or_else(|| side.word().to_owned()))
    }

    /// The table of the thing that the last of these refers to.
    pub fn subject(&self, refers: &[Named], about: &[(&str, &str)]) -> Option<(&'static Things, &'t Table)> {
        refers.iter().rev().find_map(|(name, domain)| {
            let Domain::Of(of) = domain else { return None };
            let (_, value) = about.iter().find(|(label, _)| label == name)?;
            Some((*of, self.find(of, value)?))
        })
    }

    /// A value in the notation of labels; reports one that its domain does not have.
    pub fn meant(&self, domain: Domain, value: &At<String>, beside: Beside<'_>, faults: &mut Faults) -> String {
        match domain {
            Domain::Free => {}
            Domain::Of(of) => {
                let Some(table) = self.known(of, value, faults) else { return value.value.clone() };
                if of.sided {
                    on_its_side(of, table, value, beside, faults);
                }
                return notation(of, &value.value);
            }
            Domain::Matched { of, within, patterns, missing } => {
                let thing = beside(within).map(|at| at.value);
                if thing.as_deref().is_none_or(|thing| self.find(of, thing).is_some()) {
                    self.matched((of, thing.as_deref()), patterns, value, missing, faults);
                }
            }
            Domain::Words { missing, words, switch } => {
                let off = switch.filter(|switch| self.is_off(switch, beside));
                let words = off.map_or(words, |switch| switch.off);
                if !words.contains(&value.value.as_str()) {
                    dangling(value, missing, &words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>(), faults);
                }
            }
        }
        value.value.clone()
    }

    /// The table of the thing with this name; reports if there is none.
    fn known(&self, of: &Things, name: &At<String>, faults: &mut Faults) -> Option<&'t Table> {
        let found = self.find(of, &name.value);
        if found.is_none() {
            let names: Option<Vec<String>> = self.root.tables(of.table).map(|t| name_of(of, t)).collect();
            // A thing with a faulty name may be the one that is meant.
            dangling(name, &format!("the plan has no {}", of.what), &names?, faults);
        }
        found
    }

    /// Reports a name that no pattern of the thing, or of any thing, matches.
    fn matched(
        &self,
        (of, thing): (&Things, Option<&str>),
        patterns: &str,
        name: &At<String>,
        missing: &str,
        faults: &mut Faults,
    ) {
        let mut known = Vec::new();
        for table in self.root.tables(of.table).filter(|t| thing.is_none_or(|p| name_of(of, t).as_deref() == Some(p))) {
            let Some(list) = table.get::<Vec<At<Pattern>>>(patterns) else { return };
            known.extend(list.into_iter().map(|at| at.value));
        }
        if !known.iter().any(|p| p.matches(&name.value)) {
            let names: Vec<String> = known.iter().map(ToString::to_string).collect();
            dangling(name, missing, &names, faults);
        }
    }

    fn is_off(&self, switch: &Switch, beside: Beside<'_>) -> bool {
        let (table, key) = switch.key;
        let thing = beside(switch.label).and_then(|at| self.find(switch.of, &at.value));
        thing.and_then(|thing| thing.table(table)?.get::<bool>(key)) == Some(false)
    }
}

/// Reports a thing that does not exist on the side that stands beside its name.
fn on_its_side(of: &Things, table: &Table, name: &At<String>, beside: Beside<'_>, faults: &mut Faults) {
    let Some(at) = beside("side") else { return };
    let Some(side) = Side::BOTH.into_iter().find(|side| side.word() == at.value) else { return };
    if table.written(side.word()).is_none() {
        let message = format!("the {} {} is not configured for the {side}", of.what, quoted(&name.value));
        let fault = Diagnosis::error(Code::Dangling, &at.span, message);
        faults.push(fault.hint(format!("give the {} a `{side}`, or name the other side", of.short())));
    }
}

/// Reports a name that does not exist.
pub fn dangling(name: &At<String>, what: &str, known: &[String], faults: &mut Faults) {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let fault = Diagnosis::error(Code::Dangling, &name.span, format!("{what} {}", quoted(&name.value)));
    faults.push(match hint::nearest(&name.value, &known) {
        Some(near) => fault.hint(format!("did you mean \"{near}\"?")),
        None if known.is_empty() => fault.hint("it has none at all"),
        None => {
            let some: Vec<String> = known.iter().take(12).map(|k| quoted(k)).collect();
            fault.hint(format!("there are {}{}", some.join(", "), if known.len() > 12 { " …" } else { "" }))
        }
    });
}
