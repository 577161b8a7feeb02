//! Route 53 weighted DNS: planned, configured and actually served.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `facts.rs` | queries and observations as plain data |
//! | `state.rs` | the state, and how observations change it |
//! | `weighted.rs` | the meaning of a set of records: shares, and irregularities |
//! | `classify.rs` | the side of an answer |
//! | `window.rs` | the sliding window of one server's answers |
//! | `wilson.rs` | the confidence interval of a share |
//! | `ops.rs`, `ops/` | what can be changed: weights and times to live, each change with a new epoch |
//! | `judge.rs` | the verification of a change, by the values that are there now |
//! | `batch.rs` | the contents of such a change: exact values out, new values in |
//! | `signals.rs` | the signals |
//! | `view/` | panel, tile and details as data |
//! | `sim.rs`, `sim/` | the simulated zones, servers with propagation delay, and caches |
//! | `live.rs`, `live/` | Route 53's API and the name servers |

mod batch;
mod classify;
mod facts;
mod injection;
mod judge;
#[cfg(feature = "aws")]
mod live;
mod ops;
mod signals;
mod sim;
mod state;
mod view;
mod weighted;
mod wilson;
mod window;

pub use batch::{Edit, Item, Weighted};
pub use facts::{
    Alias, Answer, Batch, ChangeObservation, Epoch, Listing, Observation, Query, Question, Record, RecordsQuestion,
    Role, Routing, Wanted, ZoneObservation,
};
pub use injection::FaultInjection;
pub use ops::{Call, RecordsSeen, SetTtl, SetWeight, Version};
pub use state::State;
pub use wilson::{Interval, needed};
