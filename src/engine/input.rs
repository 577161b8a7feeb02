//! What goes into the engine, and what comes out of it.

use std::time::Duration;

use super::{
    run::{RunEffect, RunInput},
    systems::{EntryOf, Systems},
};
use base::{
    collector::{CollectorIx, CollectorSpec},
    observed::Fault,
};

/// An input of the engine.
#[derive(Debug)]
pub enum EngineInput<S: Systems> {
    /// A collector answered.
    Observation {
        /// Which.
        collector: CollectorIx,
        /// What.
        observation: S::Observation,
        /// How long it took.
        took: Duration,
    },
    /// A collector failed.
    Failed {
        /// Which.
        collector: CollectorIx,
        /// Why.
        fault: Fault,
        /// How long it took.
        took: Duration,
    },
    /// Somebody at the console wants something.
    Command(EngineCommand),
    /// Something about the run: an order, or what came of one.
    Run(RunInput<S>),
    /// A line of the journal that somebody else writes.
    Follow(Box<EntryOf<S>>),
    /// Time has passed: once a second, and whenever [`super::Engine::next_due`] says so.
    Tick,
}

/// What a console can ask of the engine, for all who look. Nothing here changes a server.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineCommand {
    /// Poll every collector once more, now.
    Again,
    /// Poll all collectors this many times as often as the plan says.
    Pace(f64),
    /// Watch something that the plan does not name, by the id its server gave it: a change on its way.
    Follow(String),
}

/// What the engine wants done.
#[derive(Debug)]
pub enum EngineEffect<S: Systems> {
    /// Poll this from now on.
    Start(CollectorIx, CollectorSpec<S::Query>),
    /// Probe this from now on: wanted only after [`super::Engine::take_control`].
    Probe(CollectorIx, CollectorSpec<S::Probe>),
    /// Poll this many times as often as the plan says.
    Pace(f64),
    /// Poll these now, and then as before.
    Poll(Vec<CollectorIx>),
    /// What the run wants: to be carried out in order; what cannot be put on record stops all that follows.
    Run(RunEffect<S>),
}
