//! MongoDB replica sets: who leads, who follows how far behind, what a set survives.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `facts.rs` | what is asked and answered, as plain data |
//! | `set.rs` | one set and its members: what is known of them |
//! | `state.rs` | how that changes: answers, faults, and which sources are wanted |
//! | `leader.rs` | who leads a set, and for how long nobody did |
//! | `outage.rs` | what that has cost, as one figure, and whether it is an outage |
//! | `lag.rs` | how far a member is behind the primary |
//! | `quorum.rs` | what a set survives |
//! | `canary.rs`, `canary/` | for how long writes did not get through, felt by a canary |
//! | `operations.rs` | what a step down would kill |
//! | `signals.rs` | the signals |
//! | `view.rs`, `tiles.rs`, `detail.rs` | the panel, the overview's tiles, what opens behind a row |
//! | `ops/` | what can be changed: the primary moved |
//! | `sim/` | a simulated estate |
//! | `live.rs`, `live/` | the real servers |

mod canary;
mod detail;
mod facts;
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

pub use canary::{Concern, Felt, Probe};
pub use facts::{ConfigMember, Observation, Query};
pub use operations::{Kind, Operation, Operations};
pub use ops::{Call, Reconfig, Unless, Until, Version};
pub use sim::Sim;
pub use state::State;
