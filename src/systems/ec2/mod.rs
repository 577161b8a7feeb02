//! EC2: the fleet by role and zone on both sides, against what is wanted.

mod facts;
#[cfg(feature = "aws")]
mod live;
mod sim;
mod view;

pub use facts::{Ask, Facts, State};
