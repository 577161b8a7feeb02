//! EC2: the fleet by role and zone on both sides, against what is wanted.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `facts.rs` | questions and answers, plain rows |
//! | `site.rs` | one side's readings and what follows from them together |
//! | `counts.rs` | how many instances are how far |
//! | `serving.rs` | what tells that an instance serves |
//! | `life.rs` | how far each instance has come, and when it changed |
//! | `state.rs` | both sides; the sources that the plan asks for |
//! | `signals.rs` | the signals, and the lineage of images |
//! | `ops.rs`, `ops/` | what may be changed: capacity, processes, whether instances run and are in their target groups |
//! | `judge.rs` | what has become of a request, by what is there now |
//! | `view/` | panel, tile and details as data |
//! | `sim.rs`, `sim/` | how a fleet behaves in a simulated estate |
//! | `live/` | the real regions |

mod counts;
pub mod facts;
mod judge;
mod life;
#[cfg(feature = "aws")]
mod live;
mod ops;
mod serving;
mod signals;
mod sim;
mod site;
mod state;
mod view;

pub use facts::{Observation, Query, Question};
pub use ops::{Call, Place, Version};
pub use state::State;

#[cfg(test)]
mod tests;
