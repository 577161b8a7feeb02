//! The plan: what the operator wrote.

pub mod pattern;
pub mod secret;
mod types;

pub use pattern::Pattern;
pub use secret::{Secret, SecretError};
pub use types::*;
