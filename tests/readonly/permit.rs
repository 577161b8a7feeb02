//! A permit cannot be constructed.

use landfall::journal::Permit;

/// By a struct literal.
pub fn by_making_a_permit() -> Permit {
    Permit { tag: String::new() }
}
