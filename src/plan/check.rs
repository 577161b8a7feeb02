//! Checks the TOML tree against the format: unknown keys, missing keys, wrong types, values that cannot be parsed.
//!
//! What statements mean together is not checked here but in [`super::lower`].

mod single;

use indexmap::IndexMap;
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use self::single::{mistyped, single};
use super::{
    diag::{Code, Diagnosis, Faults, Span},
    hint, ladder,
    scalar::{Wrong, quoted},
    sensitive,
    spec::{Key, Kind, Need, TableSpec, runbook::is_ladder, shape},
    tree::{At, Table, Value},
};

type Node<'t> = Spanned<DeValue<'t>>;

/// Checks a table and everything in it; returns the valid part.
pub fn table(spec: &'static TableSpec, toml: &DeTable<'_>, span: Span, faults: &mut Faults) -> Table {
    let mut table = Table { span, ..Table::default() };
    let absent = |k: &&Key| matches!(k.need, Need::Required) && !toml.contains_key(k.name);
    let mut missing: Vec<&str> = spec.keys().filter(absent).map(|k| k.name).collect();
    for (key, node) in toml {
        let name: &str = key.get_ref();
        match spec.key(name) {
            Some(known) => {
                table.keys.insert(known.name, key.span());
                if let Some(value) = value(&known.kind, known.name, key.span(), node, faults) {
                    table.values.insert(known.name, At { value, span: node.span() });
                }
            }
            None => {
                // An unknown key may be a misspelt key of a secret: its value is not shown.
                hide_texts(node, faults);
                let fault = unknown(spec, key);
                faults.push(match hint::stands_for(name, &missing) {
                    Some(meant) => {
                        missing.retain(|m| *m != meant);
                        fault.hint(format!("did you mean `{meant}`?"))
                    }
                    // Hundreds of unknown keys are not misspellings, and each look-up takes time.
                    None if faults.list.len() >= MANY => fault,
                    None => fault.hint(hint::unknown_key(name, spec)),
                });
            }
        }
    }
    for key in spec.keys().filter(|k| !toml.contains_key(k.name)) {
        match key.need {
            Need::Required if !missing.contains(&key.name) => {}
            Need::Required => {
                let message = format!("`{}` is missing in {}", key.name, spec.header);
                let (code, hint) = match key.kind {
                    Kind::Integer(min, max) if min == max => {
                        (Code::Schema, format!("begin the file with {} = {min}", key.name))
                    }
                    _ => (Code::MissingKey, format!("{} Add {}", key.doc, example(key.name, &key.kind))),
                };
                faults.push(Diagnosis::error(code, &table.span, message).hint(hint));
            }
            Need::Default(text) => {
                let Ok(node) = DeValue::parse(text) else { continue };
                if let Some(value) = value(&key.kind, key.name, table.span.clone(), &node, faults) {
                    table.values.insert(key.name, At { value, span: table.span.clone() });
                }
            }
            Need::Optional => {}
        }
    }
    table
}

/// After this many faults no more suggestions are made.
const MANY: usize = 100;

/// Hides every text in the node.
fn hide_texts(node: &Node<'_>, faults: &mut Faults) {
    match node.get_ref() {
        DeValue::Array(items) => items.iter().for_each(|item| hide_texts(item, faults)),
        DeValue::Table(toml) => toml.values().for_each(|node| hide_texts(node, faults)),
        DeValue::String(_) => faults.hide(node.span()),
        _ => {}
    }
}

/// One table, or one for each rung of its ladder. For an invalid ladder an empty table is returned, because the table exists.
fn tables(spec: &'static TableSpec, toml: &DeTable<'_>, span: Span, faults: &mut Faults) -> Vec<Table> {
    if !is_ladder(spec) {
        return vec![table(spec, toml, span, faults)];
    }
    let sound = spec.key("foreach").zip(toml.get_key_value("foreach")).is_none_or(|(known, (key, node))| {
        let before = faults.list.len();
        value(&known.kind, known.name, key.span(), node, faults);
        before == faults.list.len()
    });
    match if sound { ladder::rungs(spec, toml, faults) } else { None } {
        Some(rungs) => rungs.iter().map(|toml| table(spec, toml, span.clone(), faults)).collect(),
        None => vec![Table { span, ..Table::default() }],
    }
}

/// How a missing key would be written.
fn example(name: &str, kind: &Kind) -> String {
    match kind {
        Kind::Table(spec) | Kind::Tables(spec) if spec.header.starts_with('[') => spec.header.to_owned(),
        Kind::Form(form) => format!("{name} = \"{}\"", form.example),
        kind => format!("`{name}`: {}", kind.expects()),
    }
}

fn unknown(spec: &TableSpec, key: &Spanned<DeString<'_>>) -> Diagnosis {
    let name: &str = key.get_ref();
    let message = format!("unknown key {} in {}", quoted(name).replace('"', "`"), spec.header);
    Diagnosis::error(Code::UnknownKey, &key.span(), message)
}

/// Checks one value against its kind; a fault is reported, and then none is returned.
fn value(kind: &Kind, name: &str, key: Span, node: &Node<'_>, faults: &mut Faults) -> Option<Value> {
    match (kind, node.get_ref()) {
        (Kind::Reserved(why), _) => {
            let message = format!("`{name}` is reserved");
            faults.push(Diagnosis::error(Code::Reserved, &key, message).hint(format!("take it out: {why}")));
            None
        }
        (Kind::Shared(_, kind), _) => value(kind, name, key, node, faults),
        (Kind::Table(spec), DeValue::Table(toml)) => Some(Value::Table(table(spec, toml, node.span(), faults))),
        (Kind::OneOf(specs), DeValue::Table(toml)) => one_of(specs, name, toml, node.span(), faults),
        (Kind::Map(item), DeValue::Table(toml)) => Some(map(item, toml, faults)),
        (Kind::Tables(spec), DeValue::Array(items)) => Some(tables_of(kind, spec, name, items, faults)),
        (Kind::List(item, least), DeValue::Array(items)) if items.len() >= *least => {
            Some(list(item, name, items, faults))
        }
        (Kind::OneOrMany(item), DeValue::Array(items)) if !items.is_empty() => Some(list(item, name, items, faults)),
        (Kind::OneOrMany(item), found) if !found.is_array() => {
            let value = value(item, name, key, node, faults)?;
            Some(Value::List(vec![At { value, span: node.span() }]))
        }
        (kind, found) => single(kind, name, found).map_err(|wrong| refuse(kind, name, node, wrong, faults)).ok(),
    }
}

/// Reports a value that its kind does not take. Its text is hidden if it may be, or contain, a secret.
fn refuse(kind: &Kind, name: &str, node: &Node<'_>, wrong: Wrong, faults: &mut Faults) {
    // The value of an unknown property may be a secret, whatever it was meant to be.
    let unknown = matches!(kind, Kind::Property) && wrong.code == Code::UnknownKey;
    let may_hold = match (kind, node.get_ref()) {
        // A value in the place of a secret may be the secret itself.
        (Kind::Secret, _) => true,
        (Kind::Form(_) | Kind::Url, DeValue::String(text)) => text.contains('@'),
        // `login = "joe:…"`: the contents of the table in one text.
        (Kind::Table(_) | Kind::Tables(_) | Kind::OneOf(_) | Kind::Map(_), DeValue::String(_)) => true,
        _ => unknown || wrong.code == Code::SecretInClear || sensitive::secret_property(name),
    };
    if may_hold {
        faults.hide(node.span());
    }
    faults.push(diagnose(name, node.span(), wrong));
}

fn diagnose(name: &str, span: Span, wrong: Wrong) -> Diagnosis {
    let diagnosis = Diagnosis::error(wrong.code, &span, format!("`{name}` {}", wrong.what));
    Diagnosis { hint: wrong.hint, ..diagnosis }
}

fn list(item: &Kind, name: &str, items: &[Node<'_>], faults: &mut Faults) -> Value {
    let mut list = Vec::new();
    for node in items {
        if let Some(value) = value(item, name, node.span(), node, faults) {
            list.push(At { value, span: node.span() });
        }
    }
    Value::List(list)
}

/// The tables of a list; an item that is none is reported.
fn tables_of(kind: &Kind, spec: &'static TableSpec, name: &str, items: &[Node<'_>], faults: &mut Faults) -> Value {
    let mut list = Vec::new();
    for item in items {
        match item.get_ref() {
            DeValue::Table(toml) => {
                let tables = tables(spec, toml, item.span(), faults).into_iter();
                list.extend(tables.map(|table| At { value: Value::Table(table), span: item.span() }));
            }
            other => faults.push(diagnose(name, item.span(), mistyped(kind, name, other))),
        }
    }
    Value::List(list)
}

fn map(item: &Kind, toml: &DeTable<'_>, faults: &mut Faults) -> Value {
    let mut map = IndexMap::new();
    for (key, node) in toml {
        let name: &str = key.get_ref();
        if let Some(value) = value(item, name, key.span(), node, faults) {
            map.insert(name.to_owned(), At { value, span: node.span() });
        }
    }
    Value::Map(map)
}

/// The table to which most of the keys belong; keys of another one are then reported as unknown and exclusive.
fn one_of(
    specs: &[&'static TableSpec],
    name: &str,
    toml: &DeTable<'_>,
    span: Span,
    faults: &mut Faults,
) -> Option<Value> {
    let hits = |spec: &TableSpec| toml.keys().filter(|k| spec.key(k.get_ref()).is_some()).count();
    let best = specs.iter().copied().rev().max_by_key(|s| hits(s))?;
    if hits(best) == 0 {
        let message = format!("`{name}` must be {}", forms(specs));
        let known: Vec<&str> = specs.iter().flat_map(|s| s.keys()).map(|k| k.name).collect();
        let fault = Diagnosis::error(Code::MissingKey, &span, message);
        faults.push(match toml.keys().find_map(|key| hint::nearest(key.get_ref(), &known)) {
            Some(near) => fault.hint(format!("did you mean `{near}`?")),
            None => fault,
        });
        return None;
    }
    let foreign =
        toml.keys().find(|k| best.key(k.get_ref()).is_none() && specs.iter().any(|s| s.key(k.get_ref()).is_some()));
    if let Some(key) = foreign {
        let other = specs.iter().find(|s| s.key(key.get_ref()).is_some())?;
        let message = format!("`{}` is of {}, the rest is of {}", key.get_ref(), other.header, best.header);
        faults.push(Diagnosis::error(Code::Conflict, &key.span(), message).hint("keep one of the two forms"));
        return None;
    }
    Some(Value::Table(table(best, toml, span, faults)))
}

fn forms(specs: &[&'static TableSpec]) -> String {
    specs.iter().map(|s| shape(s)).collect::<Vec<_>>().join(" or ")
}
