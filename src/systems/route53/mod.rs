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
//! | `signals.rs` | the signals |
//! | `view/` | panel, tile and details as data |
//! | `sim.rs` | how it behaves in a simulated estate |
//! | `live.rs`, `live/` | Route 53's API and the name servers themselves |

mod classify;
mod facts;
#[cfg(feature = "aws")]
mod live;
mod signals;
mod sim;
mod state;
mod view;
mod weighted;
mod wilson;
mod window;

pub use facts::{
    Alias, Answer, Ask, Batch, ChangeFacts, Facts, Question, Record, RecordsQuestion, Role, Routing, Wanted, ZoneFacts,
};
pub use state::State;
pub use wilson::{Interval, needed};
