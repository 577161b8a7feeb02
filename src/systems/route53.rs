//! Route 53 weighted DNS: what is planned, configured and really served.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `facts.rs` | questions and answers as plain data |
//! | `state.rs` | what is known, and how answers get there |
//! | `weighted.rs` | what a set of records means: shares, and what is odd about it |
//! | `classify.rs` | which side an answer is of |
//! | `window.rs` | the sliding window of what one server answered |
//! | `wilson.rs` | how much a number of samples says |
//! | `ops.rs`, `ops/` | what may be changed: weights and times to live, each change with a new epoch |
//! | `judge.rs` | what has become of a change, by what is there now |
//! | `batch.rs` | what such a change consists of: exact values out, new values in |
//! | `signals.rs` | the signals |
//! | `view/` | panel, tile and details as data |
//! | `sim.rs`, `sim/` | how it behaves in a simulated estate: strict zones, late servers, caches |
//! | `live.rs`, `live/` | Route 53's API and the name servers themselves |

mod batch;
mod classify;
mod facts;
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
pub use ops::{Call, RecordsSeen, SetTtl, SetWeight, Version};
pub use state::State;
pub use wilson::{Interval, needed};
