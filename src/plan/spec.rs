//! The plan's format as data: shapes here, the tables in [`tables`], `replica_set.rs`, [`runbook`] and `action.rs`.
//!
//! It is the only definition of what a plan may contain: the checker, the hints, the JSON Schema and the tests use it.

pub mod action;
mod replica_set;
pub mod runbook;
pub mod tables;

use std::time::Duration;

/// One table of the format.
#[derive(Debug)]
pub struct TableSpec {
    /// Its notation or name: `[[replica_set]]`, `login`.
    pub header: &'static str,
    /// Its purpose.
    pub doc: &'static str,
    /// Its keys, in groups that tables share.
    pub groups: &'static [&'static [Key]],
}

impl TableSpec {
    /// Its keys.
    pub fn keys(&self) -> impl Iterator<Item = &'static Key> {
        self.groups.iter().flat_map(|g| g.iter())
    }

    /// One key.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|k| k.name == name)
    }
}

/// One key of a table.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// The kind of its value.
    pub kind: Kind,
    /// Whether it is required.
    pub need: Need,
    /// Its description.
    pub doc: &'static str,
}

/// Whether a key is required.
#[derive(Debug, Clone, Copy)]
pub enum Need {
    /// It is required.
    Required,
    /// It may be omitted; its doc says what applies then.
    Optional,
    /// It may be omitted; then this TOML value applies.
    Default(&'static str),
}

/// The kind of a value.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// One line of text, with limits to its length in characters.
    Text(usize, usize),
    /// Text of several lines, not empty.
    Block,
    /// Text of a defined form.
    Form(&'static Form),
    /// One of these words.
    Enum(&'static [&'static str]),
    /// A secret by reference: `{ env = "NAME" }` or `{ file = "PATH" }`.
    Secret,
    /// A Kafka client property: text, integer, true/false, or a secret by reference.
    Property,
    /// A duration with its unit, within limits.
    Duration(Duration, Duration),
    /// A point in time with its offset from UTC.
    Timestamp,
    /// An integer within limits.
    Integer(i64, i64),
    /// A finite number above zero.
    Number,
    /// True or false.
    Bool,
    /// A finite number, true or false, or a text that may be a number with its unit.
    Quantity,
    /// A name, glob or `/regular expression/`.
    Pattern,
    /// An IP address, with this port where none is given.
    Address(u16),
    /// An `http` or `https` URL without credentials.
    Url,
    /// A list of at least this many items.
    List(&'static Kind, usize),
    /// One, or a list of at least one.
    OneOrMany(&'static Kind),
    /// A table whose keys the operator chooses.
    Map(&'static Kind),
    /// A table of the format.
    Table(&'static TableSpec),
    /// A list of tables: `[[name]]`.
    Tables(&'static TableSpec),
    /// One of several tables, distinguished by their keys.
    OneOf(&'static [&'static TableSpec]),
    /// A kind that is used in several places, and possibly within itself: the schema defines it once, under this name.
    Shared(&'static str, &'static Kind),
    /// Reserved for later; the text says why it is refused.
    Reserved(&'static str),
}

/// Text of a defined form.
#[derive(Debug)]
pub struct Form {
    /// Its description, with the article.
    pub what: &'static str,
    /// An example.
    pub example: &'static str,
    /// A regular expression that is also valid in JSON Schema.
    pub pattern: &'static str,
}

impl Kind {
    /// The expected value as a text, with an example.
    #[must_use]
    pub fn expects(&self) -> String {
        match self {
            Self::Text(..) | Self::Block => "text in quotes".to_owned(),
            Self::Form(form) => format!("{} such as \"{}\"", form.what, form.example),
            Self::Enum(words) => format!("one of {}", listed(words)),
            Self::Secret => "a reference: { env = \"NAME\" } or { file = \"/path\" }".to_owned(),
            Self::Property => "text, an integer, true or false, or a reference { env = \"NAME\" }".to_owned(),
            Self::Duration(..) => "a duration in quotes such as \"2s\", \"500ms\" or \"1h30m\"".to_owned(),
            Self::Timestamp => "a time such as \"2026-11-21T01:00:00Z\"".to_owned(),
            Self::Integer(min, max) => format!("a whole number from {min} to {max}"),
            Self::Number => "a number above zero".to_owned(),
            Self::Bool => "true or false, without quotes".to_owned(),
            Self::Quantity => "a number, true or false, or text such as \"2s\" or \"1%\"".to_owned(),
            Self::Pattern => "a name, a glob such as \"orders-*\" or a \"/regular expression/\"".to_owned(),
            Self::Address(port) => format!("an IP address, with a port where it is not {port}: \"10.0.0.2:{port}\""),
            Self::Url => "a URL such as \"https://host:9090\"".to_owned(),
            Self::List(item, _) => format!("a list of {}", item.plural()),
            Self::OneOrMany(item) => format!("{}, or a list of them", item.expects()),
            Self::Map(_) => "a table of names and values: { \"name\" = value }".to_owned(),
            Self::Table(spec) => format!("a table: {}", spec.header),
            Self::Tables(spec) => format!("a list of tables: {}", spec.header),
            Self::OneOf(specs) => {
                let forms: Vec<String> = specs.iter().map(|s| shape(s)).collect();
                forms.join(" or ")
            }
            Self::Shared(_, kind) => kind.expects(),
            Self::Reserved(why) => (*why).to_owned(),
        }
    }

    fn plural(&self) -> &'static str {
        match self {
            Self::Pattern => "names, globs or \"/regular expressions/\" in quotes",
            Self::Address(_) => "IP addresses in quotes",
            Self::Quantity => "numbers, or texts in quotes",
            Self::Shared(..) | Self::OneOf(_) => "tables: [{ … }, { … }]",
            _ => "texts in quotes",
        }
    }
}

/// A table's required keys, in the notation of the plan.
#[must_use]
pub fn shape(spec: &TableSpec) -> String {
    let keys: Vec<String> = spec
        .keys()
        .filter(|k| matches!(k.need, Need::Required))
        .map(|k| format!("{} = {}", k.name, if matches!(k.kind, Kind::List(..)) { "[…]" } else { "…" }))
        .collect();
    format!("{{ {} }}", keys.join(", "))
}

/// Words in quotes, with `or` before the last.
#[must_use]
pub fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("\"{w}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.join(""),
    }
}
