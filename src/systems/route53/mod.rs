//! Route 53 weighted DNS: what is planned, configured and really served.

mod facts;
#[cfg(feature = "aws")]
mod live;
mod sim;
mod view;

pub use facts::{Ask, Facts, State};
