//! The step machine: one pure function from a state and an event to the next state and what is to be done.
//!
//! It never claims more than it knows. What it was told by a server's reply is *accepted*, what was read back is *applied*, and
//! everything between an intent and that is UNKNOWN: neither success nor failure, moved by an observation and by nothing else.
//! It has no clock (time comes as [`Event::Fired`]), no floats and no servers, so that the code that ships is the code that the
//! model check and the property tests explore.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `state.rs` | where a step stands: phase, way, what of it is there |
//! | `recipe.rs` | the operations of an attempt: what they are, how far each is |
//! | `event.rs` | what can happen to it, and what it wants done |
//! | `machine.rs` | [`step`]: the phases |
//! | `run.rs` | the operations of an attempt: one at a time or fanned out, with a tail that is always finished |
//! | `replay.rs` | from what is on record back to a state |
//!
//! Differences from the first design, and why:
//!
//! * A ladder, the sub-steps of a primary's move and a fan-out over a thousand instances are one [`Recipe`]: a sequence is a
//!   fan of width 1 that tolerates nothing.
//! * A reply that says no is not taken for a definite no before one look at the server: where something on the way repeats messages
//!   it can be the answer to the second copy of our own request. The model check finds that in a few thousand states.
//! * Rolling back is the same machine with [`Way::Back`]: its own preview, its own intents.

mod event;
mod machine;
mod recipe;
mod replay;
mod run;
mod state;

pub use self::{
    event::{Clearance, Level, Note, Reply, StepEffect, StepEvent, Ticket, Timer, Truth},
    machine::step,
    recipe::{Kind, Limits, Op, OpState, Recipe},
    replay::Record,
    state::{Machine, StepState, Way},
};
