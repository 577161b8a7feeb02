//! Kafka: consumer lag on both clusters, what is mirrored, which producers still write.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `facts.rs` | queries and observations: one cluster's groups, commits and ends, as columns |
//! | `memory.rs` | what is kept between observations: slopes, rates, rings |
//! | `cluster.rs` | the state of one cluster: the last observation |
//! | `figures.rs` | a group's lag, from its commits and its topics' ends |
//! | `parity.rs` | source against target: by name and by count, never by offset |
//! | `state.rs` | the pairs of the plan; the [`System`](crate::System) |
//! | `handover.rs` | the progress of a hand-over, by the mirror's own records |
//! | `gates.rs` | the ten gates of a hand-over |
//! | `times.rs` | ends against time: a lag in messages becomes one in seconds |
//! | `syncs.rs` | the mirrors' offset syncs: how a commit is translated to the other cluster |
//! | `ops.rs`, `ops/` | what can be changed: a group's offsets on the other cluster |
//! | `sim.rs`, `sim/` | the simulated clusters |
//! | `signals.rs` | the signals |
//! | `view/` | panel, tiles, details |

mod cluster;
mod facts;
mod figures;
mod gates;
mod handover;
mod injection;
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
pub use injection::FaultInjection;
#[cfg(feature = "kafka")]
pub use live::Readers;
pub use ops::{Call, TopicOffsets, Version};
pub use signals::NEVER;
pub use state::State;
pub use syncs::{Sync, Syncs};

#[cfg(test)]
mod tests;
