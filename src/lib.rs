//! landfall: a terminal cockpit for moving a whole platform from one AWS region to another without downtime.
//!
//! # The map of the house
//!
//! | room | what lives there |
//! | --- | --- |
//! | [`plan`] | what the operator wrote: parsed with spans, all faults diagnosed at once, lowered to plain data |
//! | [`core`] | pure: the estate with readings whose age cannot be ignored, signals, snapshots |
//! | [`journal`] | what was meant, done and seen, on disk before it happens; the only maker of permits |
//! | [`systems`] | one folder a system, all of the same shape: facts, view, simulation, live side |
//! | [`drive`] | the only users of time and I/O: the live driver and the simulation's |
//! | [`report`] | the story of a run, told from its journal as Markdown or one page |
//! | [`scenario`] | a simulated estate, what happens to it, what is pressed, and what must come of it |
//! | [`view`] | what is shown, as plain data |
//! | [`console`] | the only user of the terminal |
//! | [`plain`] | the same as lines of text, one a change |
//! | [`openmetrics`] | the same as numbers, over HTTP |
//! | [`text`] | what others wrote, and the forms in which it may be shown |
//! | [`cli`] | the commands |
//!
//! Sources read the estate, the core turns facts into signals and pictures, the console only ever draws a picture.

// Standard output and error are written to by `cli::out` alone: `println!` panics where nobody reads.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod cli;
pub mod console;
pub mod core;
pub mod drive;
pub mod journal;
pub mod openmetrics;
pub mod plain;
pub mod plan;
pub mod report;
pub mod scenario;
pub mod systems;
pub mod text;
pub mod view;
