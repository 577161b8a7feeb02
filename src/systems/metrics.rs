//! Health signals: named queries to CloudWatch and Prometheus-compatible servers, the same on both sides.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `facts.rs` | queries and observations as plain data |
//! | `state.rs` | the readings, their freshness, and the signals |
//! | `baseline.rs` | the value some time ago |
//! | `view.rs` | panel, tiles and details as data |
//! | `ops.rs` | states that nothing can be changed |
//! | `sim.rs` | the simulated servers |
//! | `live.rs`, `live/` | CloudWatch and Prometheus |

mod baseline;
mod facts;
mod injection;
#[cfg(feature = "aws")]
mod live;
mod ops;
mod sim;
mod state;
mod view;

pub use facts::{CloudWatchQuery, Observation, Query, Value};
pub use injection::FaultInjection;
pub use state::State;
