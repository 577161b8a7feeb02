//! Kafka: consumer lag on both clusters, what is mirrored, who still produces.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `facts.rs` | what is asked and answered: one cluster's groups, commits and ends, as columns |
//! | `memory.rs` | what is kept between answers: slopes, rates, rings |
//! | `cluster.rs` | one cluster as it is known: the last answer |
//! | `figures.rs` | what a group's commits and its topics' ends come to |
//! | `parity.rs` | source against target: by name and by count, never by offset |
//! | `state.rs` | the pairs of the plan; the [`System`](crate::System) |
//! | `handover.rs` | how far a hand-over is, by the mirror's own word |
//! | `gates.rs` | the ten gates of a hand-over, as they stand |
//! | `times.rs` | ends against time: a lag in messages becomes one in seconds |
//! | `syncs.rs` | what mirrors say of offsets: how a commit is led to the other cluster |
//! | `ops.rs` | what may be changed: a group's offsets on the other cluster |
//! | `sim.rs`, `sim/` | how clusters behave in a simulated estate |
//! | `signals.rs` | the signals |
//! | `view/` | panel, tiles, details |

mod cluster;
mod facts;
mod figures;
mod gates;
mod handover;
#[cfg(feature = "kafka")]
mod live;
mod memory;
mod ops;
mod parity;
mod signals;
mod sim;
mod state;
mod syncs;
mod times;
mod view;

pub use facts::{Broker, Commit, Config, Group, GroupState, Observation, Offset, Query, Snapshot, Topic};
#[cfg(feature = "kafka")]
pub use live::Readers;
pub use ops::{Call, TopicOffsets, Version};
pub use signals::NEVER;
pub use state::State;
pub use syncs::{Sync, Syncs};

#[cfg(test)]
mod tests;
