//! The things of the plan that a runbook refers to: sets, pairs, roles, names, queries.
//!
//! They are looked up in the tree, not in the lowered plan: a set with a fault is still a set.

use crate::{
    Catalog,
    diag::{Code, Diagnosis, Faults},
    hint,
    pattern::Pattern,
    scalar::quoted,
    tree::{At, Table},
};

/// The kind of thing that a name refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thing {
    Set,
    Pair,
    Role,
    Dns,
    Query,
}

impl Thing {
    /// The key of its table, the key of its name in that table, and its description.
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Set => ("replica_set", "name", "replica set"),
            Self::Pair => ("kafka", "name", "pair of Kafka clusters"),
            Self::Role => ("fleet", "role", "role"),
            Self::Dns => ("dns", "name", "weighted DNS name"),
            Self::Query => ("health", "name", "health query"),
        }
    }

    fn name_of(self, table: &Table) -> Option<String> {
        let name: String = table.get(self.words().1)?;
        Some(if self == Self::Dns { super::super::dns::qualified(&name) } else { name })
    }
}

/// The plan's other tables.
pub(super) struct Names<'t> {
    pub root: &'t Table,
    pub catalog: &'t Catalog,
}

impl<'t> Names<'t> {
    /// The table of the thing with this name.
    pub fn find(&self, thing: Thing, name: &str) -> Option<&'t Table> {
        let name = if thing == Thing::Dns { super::super::dns::qualified(name) } else { name.to_owned() };
        self.root.tables(thing.words().0).find(|t| thing.name_of(t).as_ref() == Some(&name))
    }

    /// The same; reports if there is none.
    pub fn known(&self, thing: Thing, name: &At<String>, faults: &mut Faults) -> Option<&'t Table> {
        let found = self.find(thing, &name.value);
        let (key, _, word) = thing.words();
        if found.is_none() {
            let names: Option<Vec<String>> = self.root.tables(key).map(|t| thing.name_of(t)).collect();
            // A thing with a faulty name may be the one that is meant.
            let names = names?;
            dangling(name, &format!("the plan has no {word}"), &names, faults);
        }
        found
    }

    /// Whether a pair of clusters, or any pair, watches a group of this name; reports if none does.
    pub fn known_group(&self, pair: Option<&str>, group: &At<String>, faults: &mut Faults) {
        let pairs =
            self.root.tables("kafka").filter(|t| pair.is_none_or(|p| t.get::<String>("name").as_deref() == Some(p)));
        let mut known = Vec::new();
        for table in pairs {
            let Some(groups) = table.get::<Vec<At<Pattern>>>("groups") else { return };
            known.extend(groups.into_iter().map(|g| g.value));
        }
        if !known.iter().any(|p| p.matches(&group.value)) {
            let names: Vec<String> = known.iter().map(ToString::to_string).collect();
            dangling(group, "no pair of clusters there watches the group", &names, faults);
        }
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
