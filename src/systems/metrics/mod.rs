//! Health signals: named queries to CloudWatch and Prometheus-compatible servers, one baseline a query.

mod facts;
#[cfg(feature = "aws")]
mod live;
mod sim;
mod view;

pub use facts::{Ask, Facts, State};
