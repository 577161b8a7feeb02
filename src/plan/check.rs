//! Checks the TOML tree against the format: unknown keys, missing keys, wrong types, values that cannot be parsed.
//!
//! What statements mean together is not checked here but in [`super::lower`].

use indexmap::IndexMap;
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{
    diag::{Code, Diagnosis, Faults, Span},
    hint, ladder,
    parse::type_word,
    properties,
    scalar::{self, Wrong, quoted},
    secret::Secret,
    sensitive,
    spec::{Key, Kind, Need, TableSpec, runbook::is_ladder, shape},
    tree::{At, Quantity, Table, Value},
    types::Property,
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
    let found = match (kind, node.get_ref()) {
        (Kind::Reserved(why), _) => {
            let message = format!("`{name}` is reserved");
            faults.push(Diagnosis::error(Code::Reserved, &key, message).hint(format!("take it out: {why}")));
            return None;
        }
        (Kind::Table(spec), DeValue::Table(toml)) => return Some(Value::Table(table(spec, toml, node.span(), faults))),
        (Kind::OneOf(specs), DeValue::Table(toml)) => return one_of(specs, name, toml, node.span(), faults),
        (Kind::Shared(_, kind), _) => return value(kind, name, key, node, faults),
        (Kind::Map(item), DeValue::Table(toml)) => return Some(map(item, toml, faults)),
        (Kind::Secret, DeValue::Table(toml)) => secret(toml).map(Value::Secret),
        (Kind::Property, _) => property(name, node.get_ref()).map(Value::Property),
        (Kind::Tables(spec), DeValue::Array(items)) => {
            let mut list = Vec::new();
            for item in items {
                match item.get_ref() {
                    DeValue::Table(toml) => {
                        for table in tables(spec, toml, item.span(), faults) {
                            list.push(At { value: Value::Table(table), span: item.span() });
                        }
                    }
                    other => faults.push(diagnose(name, item.span(), mistyped(kind, name, other))),
                }
            }
            return Some(Value::List(list));
        }
        (Kind::List(item, least), DeValue::Array(items)) if items.len() >= *least => {
            return Some(Value::List(list(item, name, items, faults)));
        }
        (Kind::OneOrMany(item), DeValue::Array(items)) if !items.is_empty() => {
            return Some(Value::List(list(item, name, items, faults)));
        }
        (Kind::OneOrMany(item), _) if !node.get_ref().is_array() => {
            let value = value(item, name, key, node, faults)?;
            return Some(Value::List(vec![At { value, span: node.span() }]));
        }
        (Kind::Timestamp, DeValue::Datetime(time)) => scalar::timestamp(&time.to_string()),
        (Kind::Integer(min, max), DeValue::Integer(_)) => integer(*min, *max, node.get_ref()).map(Value::Integer),
        (Kind::Number, DeValue::Integer(_) | DeValue::Float(_)) => number(node.get_ref()).map(Value::Number),
        (Kind::Bool, DeValue::Boolean(yes)) => Ok(Value::Bool(*yes)),
        (Kind::Quantity, DeValue::Boolean(yes)) => Ok(Value::Quantity(Quantity::Flag(*yes))),
        (Kind::Quantity, DeValue::Integer(_) | DeValue::Float(_)) => match finite(node.get_ref()) {
            Some(n) => Ok(Value::Quantity(Quantity::Number(n))),
            None => Err(Wrong::new(Code::OutOfRange, "must be a finite number")),
        },
        (kind, DeValue::String(text)) => match scalar::text(kind, text) {
            Some(read) => read,
            None => Err(mistyped(kind, name, node.get_ref())),
        },
        (kind, other) => Err(mistyped(kind, name, other)),
    };
    found
        .map_err(|wrong| {
            // A value in the place of a secret may be the secret itself.
            // So may the value of an unknown property, whatever it was meant to be.
            let unknown = matches!(kind, Kind::Property) && wrong.code == Code::UnknownKey;
            let may_hold = match (kind, node.get_ref()) {
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
        })
        .ok()
}

fn diagnose(name: &str, span: Span, wrong: Wrong) -> Diagnosis {
    let diagnosis = Diagnosis::error(wrong.code, &span, format!("`{name}` {}", wrong.what));
    Diagnosis { hint: wrong.hint, ..diagnosis }
}

/// The fault of a value of the wrong type.
fn mistyped(kind: &Kind, name: &str, found: &DeValue<'_>) -> Wrong {
    let wrong = |code| Wrong::new(code, format!("must be {}; this is {}", kind.expects(), type_word(found)));
    match (kind, found) {
        (Kind::Secret, _) => Wrong::new(Code::SecretInClear, "is a secret and must not stand in a plan").hint(format!(
            "put it into the environment or a file, and write {name} = {{ env = \"NAME\" }} or {{ file = \"/path\" }}"
        )),
        (Kind::Duration(..), DeValue::Integer(n)) => {
            wrong(Code::Unit).hint(format!("seconds? then write {name} = \"{n}s\""))
        }
        (Kind::Duration(..), DeValue::Float(n)) => {
            wrong(Code::Unit).hint(format!("seconds? then write {name} = \"{}s\"", n.as_str()))
        }
        (Kind::Integer(min, max), _) if min == max => {
            Wrong::new(Code::Schema, format!("must be {min}, without quotes")).hint(format!("write {name} = {min}"))
        }
        (Kind::Bool, DeValue::String(_)) => wrong(Code::WrongType).hint("take the quotes away"),
        (Kind::Integer(..), DeValue::String(_)) => wrong(Code::WrongType).hint("write the number without quotes"),
        (Kind::Tables(spec), DeValue::Table(_)) => wrong(Code::WrongType)
            .hint(format!("write {} with two brackets each side, once for every one", spec.header)),
        (Kind::Table(spec), DeValue::Array(_)) if spec.header.starts_with('[') => {
            wrong(Code::WrongType).hint("write the header with one bracket each side: there is only one of it")
        }
        (Kind::List(..), DeValue::String(_)) => {
            wrong(Code::WrongType).hint(format!("put it in brackets: {name} = [\"…\"]"))
        }
        (Kind::List(..) | Kind::OneOrMany(_), DeValue::Array(_)) => {
            Wrong::new(Code::BadValue, "is an empty list").hint("name at least one")
        }
        (
            Kind::Text(..) | Kind::Form(_) | Kind::Enum(_) | Kind::Pattern | Kind::Address(_),
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_),
        ) => wrong(Code::WrongType).hint("put it in quotes"),
        _ => wrong(Code::WrongType),
    }
}

fn list(item: &Kind, name: &str, items: &[Node<'_>], faults: &mut Faults) -> Vec<At<Value>> {
    let mut list = Vec::new();
    for node in items {
        if let Some(value) = value(item, name, node.span(), node, faults) {
            list.push(At { value, span: node.span() });
        }
    }
    list
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

fn secret(toml: &DeTable<'_>) -> Result<Secret, Wrong> {
    let hint = "write { env = \"NAME\" } or { file = \"/path\" }";
    let mut keys = toml.iter();
    match (keys.next(), keys.next()) {
        (Some((key, node)), None) => match (&**key.get_ref(), node.get_ref()) {
            ("env", DeValue::String(name)) if variable(name) => Ok(Secret::Env(name.to_string())),
            ("env", DeValue::String(_)) => Err(Wrong::new(Code::BadValue, "does not name an environment variable")
                .hint(
                    "the variable's name goes there, not the secret: letters, digits and _, not beginning with a digit",
                )),
            ("file", DeValue::String(path)) if !path.trim().is_empty() => Ok(Secret::File(path.to_string().into())),
            _ => Err(Wrong::new(Code::BadValue, "must be a reference to a secret").hint(hint)),
        },
        _ => Err(Wrong::new(Code::BadValue, "must be one reference to a secret").hint(hint)),
    }
}

/// The names that a shell can set.
fn variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn property(name: &str, node: &DeValue<'_>) -> Result<Property, Wrong> {
    let refers = |toml: &DeTable<'_>| toml.keys().any(|k| matches!(&**k.get_ref(), "env" | "file"));
    let plain = match node {
        // A table is another mistake: a name with dots but without quotes.
        node if !properties::is_known(name) && !matches!(node, DeValue::Table(toml) if !refers(toml)) => {
            return Err(Wrong::new(Code::UnknownKey, "is no client property").hint(properties::hint(name)));
        }
        DeValue::Table(toml) if refers(toml) => return secret(toml).map(Property::Secret),
        DeValue::Table(toml) => {
            let rest = toml.keys().next().map_or("…", |k| k.get_ref());
            let wrong = Wrong::new(Code::WrongType, "is a table, not a client property");
            return Err(wrong.hint(format!("names with dots need quotes: \"{name}.{rest}\" = …")));
        }
        _ if sensitive::secret_property(name) => return Err(mistyped(&Kind::Secret, &format!("\"{name}\""), node)),
        DeValue::String(text) if sensitive::secret_shape(text) => {
            return Err(
                Wrong::new(Code::SecretInClear, "holds a secret in clear").hint("write { env = \"NAME\" } instead")
            );
        }
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(n) if n.radix() == 10 => n.as_str().to_owned(),
        DeValue::Boolean(yes) => yes.to_string(),
        other => return Err(mistyped(&Kind::Property, name, other)),
    };
    Ok(Property::Plain(plain))
}

fn integer(min: i64, max: i64, node: &DeValue<'_>) -> Result<i64, Wrong> {
    let DeValue::Integer(n) = node else { return Err(Wrong::new(Code::WrongType, "is no whole number")) };
    match i64::from_str_radix(n.as_str(), n.radix()) {
        Ok(n) if (min..=max).contains(&n) => Ok(n),
        _ if min == max => Err(Wrong::new(Code::Schema, format!("is {n}; this version reads {min} only"))
            .hint("use the landfall version that the plan was written for, or write the plan anew for this one")),
        _ => Err(Wrong::new(Code::OutOfRange, format!("must be from {min} to {max}; {n} is not"))),
    }
}

fn number(node: &DeValue<'_>) -> Result<f64, Wrong> {
    finite(node).filter(|n| *n > 0.0).ok_or_else(|| Wrong::new(Code::OutOfRange, "must be a finite number above zero"))
}

fn finite(node: &DeValue<'_>) -> Option<f64> {
    let read = match node {
        DeValue::Float(n) => n.as_str().parse::<f64>().ok(),
        DeValue::Integer(n) if n.radix() == 10 => n.as_str().parse::<f64>().ok(),
        _ => None,
    };
    read.filter(|n| n.is_finite())
}
