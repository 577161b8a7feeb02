//! The right to send cannot be made.

use landfall::journal::Permit;

/// Out of thin air.
pub fn by_making_a_permit() -> Permit {
    Permit { tag: String::new() }
}
