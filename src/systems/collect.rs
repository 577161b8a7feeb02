//! What all collectors share: polling, the queue for answers, handling of panics, and the machine's clocks.

pub mod clock;
pub mod guard;
pub mod poll;
pub mod sink;
