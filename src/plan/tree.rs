//! A plan after the format has been checked: typed values, each with its place in the text.
//!
//! What is absent here was either not written or has been diagnosed already, so that the lowering only has to go on.

use std::{net::SocketAddr, time::Duration};

use indexmap::IndexMap;

use super::{diag::Span, pattern::Pattern, secret::Secret, types::Property};

/// A value and its place.
#[derive(Debug, Clone)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands in the text.
    pub span: Span,
}

/// A value of one of the format's kinds.
#[derive(Debug, Clone)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// A number, with its unit perhaps.
    Quantity(Quantity),
    /// A length of time.
    Duration(Duration),
    /// An instant.
    Timestamp(jiff::Timestamp),
    /// A name or a pattern of names.
    Pattern(Pattern),
    /// An address with its port.
    Address(SocketAddr),
    /// Where a secret is.
    Secret(Secret),
    /// A property of a Kafka client.
    Property(Property),
    /// Several values.
    List(Vec<At<Value>>),
    /// Names and values of the operator's own.
    Map(IndexMap<String, At<Value>>),
    /// A table of the format.
    Table(Table),
}

/// A number as it was written: what it means depends on what it is of.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantity {
    /// A bare number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// A number with a unit, as text.
    Text(String),
}

/// A table of the format: its keys are the format's.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Its header, or its braces.
    pub span: Span,
    /// The keys that were written, sound or not, and where.
    pub keys: IndexMap<&'static str, Span>,
    /// What is sound, defaults included.
    pub values: IndexMap<&'static str, At<Value>>,
}

impl Table {
    /// A value, if it is there and sound.
    pub fn get<T: FromValue>(&self, key: &str) -> Option<T> {
        T::from_value(&self.values.get(key)?.value)
    }

    /// A value with its place.
    pub fn at<T: FromValue>(&self, key: &str) -> Option<At<T>> {
        let at = self.values.get(key)?;
        Some(At { value: T::from_value(&at.value)?, span: at.span.clone() })
    }

    /// The items of a list; none where it is absent.
    pub fn list<T: FromValue>(&self, key: &str) -> Vec<At<T>> {
        self.get(key).unwrap_or_default()
    }

    /// A table within.
    pub fn table(&self, key: &str) -> Option<&Self> {
        match &self.values.get(key)?.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The tables of a list.
    pub fn tables(&self, key: &str) -> impl Iterator<Item = &Self> {
        let list = match self.values.get(key).map(|at| &at.value) {
            Some(Value::List(list)) => list.as_slice(),
            _ => &[],
        };
        list.iter().filter_map(|item| match &item.value {
            Value::Table(table) => Some(table),
            _ => None,
        })
    }

    /// Where the operator wrote a key, sound or not.
    pub fn written(&self, key: &str) -> Option<Span> {
        self.keys.get(key).cloned()
    }
}

/// The values alone.
pub fn without_spans<T>(list: Vec<At<T>>) -> Vec<T> {
    list.into_iter().map(|at| at.value).collect()
}

/// What can be taken out of a [`Value`].
pub trait FromValue: Sized {
    /// The value, if it is of this kind.
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! from_value {
    ($($type:ty: $variant:ident),* $(,)?) => {$(
        impl FromValue for $type {
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::$variant(it) => Some(it.clone()),
                    _ => None,
                }
            }
        }
    )*};
}

from_value!(
    String: Text,
    i64: Integer,
    f64: Number,
    bool: Bool,
    Quantity: Quantity,
    Duration: Duration,
    jiff::Timestamp: Timestamp,
    Pattern: Pattern,
    SocketAddr: Address,
    Secret: Secret,
    Property: Property,
);

impl<T: FromValue> FromValue for Vec<At<T>> {
    fn from_value(value: &Value) -> Option<Self> {
        let Value::List(list) = value else { return None };
        list.iter().map(|at| Some(At { value: T::from_value(&at.value)?, span: at.span.clone() })).collect()
    }
}

impl<T: FromValue> FromValue for IndexMap<String, At<T>> {
    fn from_value(value: &Value) -> Option<Self> {
        let Value::Map(map) = value else { return None };
        let item = |at: &At<Value>| Some(At { value: T::from_value(&at.value)?, span: at.span.clone() });
        map.iter().map(|(name, at)| Some((name.clone(), item(at)?))).collect()
    }
}
