//! landfall: a terminal cockpit for moving a whole platform from one AWS region to another without downtime.
//!
//! # The layers
//!
//! Each layer is a crate of the workspace and may import those above it in this table, never those below.
//!
//! | layer | what lives there |
//! | --- | --- |
//! | [`base`] | the words that everybody uses: moments, observed values, signals, the step machine, operations, texts, views as data |
//! | [`plan`] | what the operator wrote: parsed with spans, all faults diagnosed at once, lowered to plain data |
//! | [`journal`] | what was meant, done and observed, on disk before it happens; the only maker of permits |
//! | [`engine`] | pure: signals, gates, steps, the run, snapshots; generic over the systems |
//! | [`systems`] | one folder a system, all of the same shape: facts, operations, view, simulation, live side |
//! | [`drive`] | the live and the simulated host of the engine |
//! | [`console`] | the only user of the terminal |
//! | [`plain`], [`openmetrics`], [`report`], [`scenario`], [`cli`] | the other ways in and out |

// Standard output and error are written to by `cli::out` alone: `println!` panics where nobody reads.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub use {base, console, drive, engine, journal, plan, systems};

pub mod cli;
pub mod openmetrics;
pub mod plain;
pub mod report;
pub mod scenario;
