//! The step machine: one pure function from a state and an event to the next state and the effects.
//!
//! It never claims more than it knows. A server's reply makes an operation *accepted*, a read makes it *applied*, and every state between
//! an intent and that is UNKNOWN: neither success nor failure, and only an observation can end it. It has no clock (time comes as
//! [`StepEvent::Fired`]), no floats and no servers, so that the code that ships is the code that the model check and the property tests
//! explore.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `state.rs` | the names of the states, and the direction |
//! | `machine.rs` | [`Machine`]: a step in full, and what can be asked of it |
//! | `attempt.rs` | attempts: the last one, forward or a rollback, and what is left of earlier ones |
//! | `recipe.rs` | the operations of an attempt: kind and state of each |
//! | `event.rs` | the events of a step, and its effects |
//! | `transitions.rs` | [`step`]: the transitions |
//! | `run.rs` | the operations of an attempt: one at a time or fanned out, with a cleanup that is always finished |
//! | `replay.rs` | the state from the records |
//!
//! Differences from the first design, and why:
//!
//! * A ladder, the sub-steps of a primary's move and a fan-out over a thousand instances are one [`Recipe`]: a sequence is a fan of width 1
//!   that tolerates no failure.
//! * A refusal counts as definite only after one verification: where an intermediary repeats messages it can be the answer to the second
//!   copy of our own request. The model check finds that in a few thousand states.
//! * Rollback is the same machine with [`Way::Back`]: its own preview, its own intents.

mod attempt;
mod event;
mod machine;
mod recipe;
mod replay;
mod run;
mod state;
mod transitions;

pub use self::{
    event::{Clearance, Level, Note, Reply, StepEffect, StepEvent, Ticket, Timer, Truth},
    machine::Machine,
    recipe::{Kind, Limits, Op, OpState, Recipe},
    replay::Record,
    state::{StepState, Way},
    transitions::step,
};
