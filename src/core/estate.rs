//! The estate: what is known of both sites, and how well.

pub mod history;
pub mod seen;
pub mod signal;
pub mod source;
pub mod watched;
