//! What all collectors share: asking again and again, where an answer goes, what is made of one that breaks down, and the machine's clocks.

pub mod clock;
pub mod guard;
pub mod poll;
pub mod sink;
