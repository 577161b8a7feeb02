//! Health signals: named queries to CloudWatch and Prometheus-compatible servers, asked alike on both sides.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `facts.rs` | questions and answers as plain data |
//! | `state.rs` | what is known, what it is worth, and the signals |
//! | `baseline.rs` | what was usual a while ago |
//! | `view.rs` | panel, tiles and details as data |
//! | `ops.rs` | that nothing can be done to them |
//! | `sim.rs` | how it behaves in a simulated estate |
//! | `live.rs`, `live/` | CloudWatch and Prometheus |

mod baseline;
mod facts;
#[cfg(feature = "aws")]
mod live;
mod ops;
mod sim;
mod state;
mod view;

pub use facts::{CloudWatchQuery, Observation, Query, Value};
pub use state::State;
