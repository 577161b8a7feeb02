//! Values that hold no others: texts, numbers, secrets, client properties.

use toml::de::{DeTable, DeValue};

use crate::{
    diag::Code,
    parse::type_word,
    properties,
    scalar::{self, Wrong},
    secret::Secret,
    sensitive,
    spec::Kind,
    tree::{Quantity, Value},
    types::Property,
};

/// The value, if its kind takes it.
pub(super) fn single(kind: &Kind, name: &str, node: &DeValue<'_>) -> Result<Value, Wrong> {
    match (kind, node) {
        (Kind::Secret, DeValue::Table(toml)) => secret(toml).map(Value::Secret),
        (Kind::Property, _) => property(name, node).map(Value::Property),
        (Kind::Timestamp, DeValue::Datetime(time)) => scalar::timestamp(&time.to_string()),
        (Kind::Integer(min, max), DeValue::Integer(_)) => integer(*min, *max, node).map(Value::Integer),
        (Kind::Number, DeValue::Integer(_) | DeValue::Float(_)) => number(node).map(Value::Number),
        (Kind::Bool, DeValue::Boolean(yes)) => Ok(Value::Bool(*yes)),
        (Kind::Quantity, DeValue::Boolean(yes)) => Ok(Value::Quantity(Quantity::Flag(*yes))),
        (Kind::Quantity, DeValue::Integer(_) | DeValue::Float(_)) => match finite(node) {
            Some(n) => Ok(Value::Quantity(Quantity::Number(n))),
            None => Err(Wrong::new(Code::OutOfRange, "must be a finite number")),
        },
        (kind, DeValue::String(text)) => scalar::text(kind, text).unwrap_or_else(|| Err(mistyped(kind, name, node))),
        (kind, other) => Err(mistyped(kind, name, other)),
    }
}

/// The fault of a value of the wrong type.
pub(super) fn mistyped(kind: &Kind, name: &str, found: &DeValue<'_>) -> Wrong {
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
            return Err(Wrong::new(Code::UnknownKey, "is not a client property").hint(properties::hint(name)));
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
    let DeValue::Integer(n) = node else { return Err(Wrong::new(Code::WrongType, "is not a whole number")) };
    match i64::from_str_radix(n.as_str(), n.radix()) {
        Ok(n) if (min..=max).contains(&n) => Ok(n),
        _ if min == max => Err(Wrong::new(Code::Schema, format!("is {n}; this version reads {min} only"))
            .hint("use the landfall version that the plan was written for, or rewrite the plan for this version")),
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
