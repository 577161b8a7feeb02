//! A cached value.

use std::sync::{Mutex, PoisonError};

/// The last value, and its key. For values that take milliseconds to compute and are needed every second.
#[derive(Debug)]
pub struct Memo<K, V>(Mutex<Option<(K, V)>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<K: PartialEq, V: Clone> Memo<K, V> {
    /// The value for this key; computed if the last key was another. The key contains everything that the value depends on.
    pub fn get(&self, key: K, make: impl FnOnce() -> V) -> V {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((of, value)) if *of == key => value.clone(),
            _ => {
                let value = make();
                *last = Some((key, value.clone()));
                value
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_anew_where_its_key_is_another() {
        let memo = Memo::default();
        assert_eq!(
            [(1, "a"), (1, "b"), (2, "c"), (1, "d")].map(|(key, value)| memo.get(key, || value)),
            ["a", "a", "c", "d"]
        );
    }
}
