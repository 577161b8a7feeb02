//! MongoDB replica sets: the primary, the lag of the others, the failures that a set survives.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `facts.rs` | queries and observations, as plain data |
//! | `set.rs` | the state of one set and its members |
//! | `state.rs` | the changes of that state: observations, faults, and the collectors that are needed |
//! | `leader.rs` | the primary of a set, and for how long there was none |
//! | `outage.rs` | the duration without writes, as one figure, and whether it is an outage |
//! | `lag.rs` | how far a member is behind the primary |
//! | `quorum.rs` | the failures that a set survives |
//! | `canary.rs`, `canary/` | for how long writes failed, measured by a canary |
//! | `operations.rs` | the operations that a step down would kill |
//! | `signals.rs` | the signals |
//! | `view.rs`, `tiles.rs`, `detail.rs` | the panel, the overview's tiles, the detail view of a row |
//! | `ops.rs`, `ops/` | what can be changed: the primary is moved |
//! | `sim.rs`, `sim/` | the simulated estate |
//! | `live.rs`, `live/` | the real servers |

mod canary;
mod detail;
mod facts;
mod injection;
mod lag;
mod leader;
#[cfg(feature = "mongo")]
mod live;
mod operations;
mod ops;
mod outage;
mod quorum;
mod set;
mod signals;
mod sim;
mod state;
#[cfg(test)]
mod tests;
mod tiles;
mod view;

pub use canary::{CanaryReading, Concern, Probe};
pub use facts::{ConfigMember, Observation, Query};
pub use injection::FaultInjection;
pub use operations::{Kind, Operation, Operations};
pub use ops::{Call, Reconfig, Unless, Until, Version};
pub use sim::Sim;
pub use state::State;
