//! Scenarios: a simulated estate, what happens to it, what is pressed, and what must come of it.

mod happening;

pub use happening::Happening;
