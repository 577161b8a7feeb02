//! A plan after the format has been checked: typed values, each with its place in the text.
//!
//! A missing value was either not written or has already been diagnosed, so that the lowering can simply continue.

use std::{net::SocketAddr, time::Duration};

use indexmap::IndexMap;

use super::{diag::Span, pattern::Pattern, secret::Secret, types::Property};

/// A value and its place.
#[derive(Debug, Clone)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its place in the text.
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
    /// A number, possibly with a unit.
    Quantity(Quantity),
    /// A duration.
    Duration(Duration),
    /// An instant.
    Timestamp(jiff::Timestamp),
    /// A name or a pattern of names.
    Pattern(Pattern),
    /// An address with its port.
    Address(SocketAddr),
    /// The place of a secret.
    Secret(Secret),
    /// A property of a Kafka client.
    Property(Property),
    /// Several values.
    List(Vec<At<Value>>),
    /// Names and values that the operator chooses.
    Map(IndexMap<String, At<Value>>),
    /// A table of the format.
    Table(Table),
}

/// A number as it was written: its meaning depends on its use.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantity {
    /// A number without unit.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// A number with a unit, as text.
    Text(String),
}

/// A table of the format: its keys are those of the format.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// The place of its header, or of its braces.
    pub span: Span,
    /// The keys that were written, valid or not, with their places.
    pub keys: IndexMap<&'static str, Span>,
    /// The valid values, including defaults.
    pub values: IndexMap<&'static str, At<Value>>,
}

impl Table {
    /// A value, if it exists and is valid.
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

    /// A nested table.
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

    /// The place where the operator wrote a key, valid or not.
    pub fn written(&self, key: &str) -> Option<Span> {
        self.keys.get(key).cloned()
    }
}

/// The values alone.
pub fn without_spans<T>(list: Vec<At<T>>) -> Vec<T> {
    list.into_iter().map(|at| at.value).collect()
}

/// A type that can be extracted from a [`Value`].
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
    Table: Table,
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
