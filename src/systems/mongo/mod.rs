//! MongoDB replica sets: who leads, who follows how far behind, what a set survives.

mod facts;
#[cfg(feature = "mongo")]
mod live;
mod sim;
mod view;

pub use facts::{Ask, Facts, State};
