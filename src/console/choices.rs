//! What the operator has chosen on screen and the next start shows again: the theme, wide columns, and of each table its order and its hidden
//! columns.
//!
//! Pure; [`super::state_file`] reads and writes the file. The settings are the defaults: only what was changed on screen is in the file.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use indexmap::IndexMap;

use plan::{
    Faulty, read,
    spec::{
        Kind::{Bool, Integer, List, Map, Table as OfTable},
        TableSpec,
        tables::{NAME, TEXT, may, or},
    },
    tree::{At, Table},
};

/// The version of the format that this program reads and writes.
pub(super) const SCHEMA: i64 = 1;

static TABLE: TableSpec = TableSpec {
    header: "a table",
    doc: "The order and the columns of one table.",
    groups: &[&[
        may("sort", TEXT, "The column by which it is sorted; default: the table's own order."),
        or("descending", Bool, "false", "Largest first."),
        or("hidden", List(&TEXT, 0), "[]", "Columns that are not shown."),
    ]],
};

static ROOT: TableSpec = TableSpec {
    header: "the file's top level",
    doc: "Written by landfall: what was chosen on screen. Delete it to forget that.",
    groups: &[&[
        or("schema", Integer(SCHEMA, SCHEMA), "1", "Version of this format."),
        may("theme", NAME, "The theme."),
        may("wide", Bool, "All columns in full."),
        may("tables", Map(&OfTable(&TABLE)), "Order and columns of tables, by page and table."),
    ]],
};

/// The order and the columns of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableChoice {
    /// The column's id, and whether the largest is first; none: the table's own order.
    pub sort: Option<(String, bool)>,
    /// Ids of the columns that are not shown.
    pub hidden: Vec<String>,
}

/// What was chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// The theme's name, if it is not the configured one.
    pub theme: Option<String>,
    /// All columns in full.
    pub wide: bool,
    /// By the table's name.
    pub tables: BTreeMap<String, TableChoice>,
}

impl Choices {
    /// Reads the text of a file; messages name `path`.
    ///
    /// # Errors
    /// With all its faults.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Faulty> {
        read(&ROOT, path, text, |root, _| Some(lower(root))).map(|(choices, _)| choices)
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!("# {}\nschema = {SCHEMA}\n", ROOT.doc);
        // Writing to a string cannot fail.
        if let Some(theme) = &self.theme {
            let _ = writeln!(out, "theme = {}", quoted(theme));
        }
        if self.wide {
            out.push_str("wide = true\n");
        }
        for (name, table) in &self.tables {
            let _ = writeln!(out, "\n[tables.{}]", quoted(name));
            if let Some((column, descending)) = &table.sort {
                let _ = writeln!(out, "sort = {}\ndescending = {descending}", quoted(column));
            }
            if !table.hidden.is_empty() {
                let hidden: Vec<String> = table.hidden.iter().map(|column| quoted(column)).collect();
                let _ = writeln!(out, "hidden = [{}]", hidden.join(", "));
            }
        }
        out
    }
}

/// A JSON string is a TOML string, too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn lower(root: &Table) -> Choices {
    let tables: IndexMap<String, At<Table>> = root.get("tables").unwrap_or_default();
    let choice = |table: &Table| TableChoice {
        sort: table.get("sort").map(|column| (column, table.get("descending").unwrap_or_default())),
        hidden: table.list::<String>("hidden").into_iter().map(|at| at.value).collect(),
    };
    Choices {
        theme: root.get("theme"),
        wide: root.get("wide").unwrap_or_default(),
        tables: tables.into_iter().map(|(name, at)| (name, choice(&at.value))).collect(),
    }
}

/// What was changed since it was last written. Another console may have written the file meanwhile: only this is changed in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Another theme, or again the configured one.
    pub theme: Option<Option<String>>,
    /// Wide columns or not.
    pub wide: Option<bool>,
    /// Tables, by their names.
    pub tables: BTreeMap<String, TableChoice>,
}

impl Changes {
    /// Whether nothing was changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Makes these changes. A table as it is without a choice is removed.
    pub fn apply(self, to: &mut Choices) {
        to.theme = self.theme.unwrap_or_else(|| to.theme.take());
        to.wide = self.wide.unwrap_or(to.wide);
        to.tables.extend(self.tables);
        to.tables.retain(|_, table| *table != TableChoice::default());
    }
}

/// The choices of this console: those that were read, with its own.
#[derive(Debug, Default)]
pub struct Chosen {
    now: Choices,
    changes: Changes,
}

impl Chosen {
    /// With the choices that were read.
    #[must_use]
    pub fn of(read: Choices) -> Self {
        Self { now: read, changes: Changes::default() }
    }

    /// The choice for a table.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&TableChoice> {
        self.now.tables.get(name)
    }

    /// Adds changes.
    pub fn change(&mut self, changes: Changes) {
        changes.clone().apply(&mut self.now);
        let all = &mut self.changes;
        all.theme = changes.theme.or_else(|| all.theme.take());
        all.wide = changes.wide.or(all.wide);
        all.tables.extend(changes.tables);
    }

    /// Takes the changes that are not written yet.
    pub fn take_changes(&mut self) -> Option<Changes> {
        (!self.changes.is_empty()).then(|| std::mem::take(&mut self.changes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Choices, Faulty> {
        Choices::parse(Path::new("console.toml"), text)
    }

    fn choices() -> Choices {
        let sorted = TableChoice { sort: Some(("source_lag".to_owned(), true)), hidden: Vec::new() };
        let hidden = TableChoice { sort: None, hidden: vec!["age".to_owned(), "a \"b\"".to_owned()] };
        let tables = [("kafka/groups".to_owned(), sorted), ("kafka/detail/slots".to_owned(), hidden)];
        Choices { theme: Some("d\u{e9}j\u{e0} \\ vu".to_owned()), wide: true, tables: tables.into() }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for choices in [Choices::default(), choices()] {
            assert_eq!(parse(&choices.text()).unwrap_or_else(|why| panic!("{why}\n{}", choices.text())), choices);
        }
        assert_eq!(parse("").ok(), Some(Choices::default()));
    }

    #[test]
    fn a_file_of_another_version_or_another_form_is_refused() {
        for wrong in ["schema = 2", "theme = 7", "[tables.t]\nsort = [1]", "no toml"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_what_was_changed_is_changed_in_the_file() {
        let mut chosen = Chosen::of(choices());
        assert!(chosen.take_changes().is_none());
        let own = |name: &str, table| Changes { tables: [(name.to_owned(), table)].into(), ..Changes::default() };
        chosen.change(own("kafka/groups", TableChoice::default()));
        chosen.change(Changes { theme: Some(None), ..Changes::default() });
        assert_eq!(chosen.table("kafka/groups"), None);
        // Another console has written its own choices meanwhile.
        let mut file = choices();
        file.wide = false;
        file.tables.insert(
            "dns/names".to_owned(),
            TableChoice { sort: Some(("ttl".to_owned(), false)), ..TableChoice::default() },
        );
        chosen.take_changes().expect("changes").apply(&mut file);
        assert_eq!((&file.theme, file.wide), (&None, false));
        assert_eq!(file.tables.keys().collect::<Vec<_>>(), ["dns/names", "kafka/detail/slots"]);
        assert!(chosen.take_changes().is_none(), "they are taken");
    }
}
