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
        self.remake(key, |_| make())
    }

    /// The same, computed from the last value, so that parts that are the same can be shared with it.
    pub fn remake(&self, key: K, make: impl FnOnce(Option<&V>) -> V) -> V {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((of, value)) if *of == key => value.clone(),
            before => {
                let value = make(before.as_ref().map(|(_, value)| value));
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
        assert_eq!(memo.remake(3, |before| before.copied().unwrap_or("none")), "d", "made from the last one");
    }
}
