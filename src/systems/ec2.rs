//! EC2: the fleet by role and zone on both sides, compared with the plan.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `facts.rs` | queries and observations, plain rows |
//! | `site.rs` | the readings of one side, and what is derived from them together |
//! | `counts.rs` | instance counts by state |
//! | `serving.rs` | the criterion by which an instance serves |
//! | `life.rs` | the phase of each instance, and when it changed |
//! | `state.rs` | both sides; the collectors that the plan needs |
//! | `signals.rs` | the signals, and the lineage of images |
//! | `ops.rs`, `ops/` | what can be changed: capacity, processes, whether instances run and are in their target groups |
//! | `judge.rs` | the verification of a request, by the values that are there now |
//! | `view/` | panel, tile and details as data |
//! | `sim.rs`, `sim/` | the simulated fleet |
//! | `live.rs`, `live/` | the real regions |

mod counts;
pub mod facts;
mod injection;
mod judge;
mod life;
#[cfg(feature = "aws")]
mod live;
mod ops;
mod serving;
mod signals;
mod sim;
mod site;
mod standing;
mod state;
mod view;

pub use facts::{Observation, Query, Question};
pub use injection::FaultInjection;
pub use ops::{Call, Place, Version};
pub use state::State;

#[cfg(test)]
mod tests;
