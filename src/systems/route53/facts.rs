//! What is asked, what is answered, what is known, and the signals that gives.

use std::sync::Arc;

use crate::{
    core::{
        estate::{
            seen::{Fault, Stamp},
            signal::{Samples, SignalDef},
            source::SourceSpec,
        },
        now::Now,
    },
    plan::Plan,
    systems::System,
    view::{Detail, Panel, Tile},
};

/// One endpoint × one question.
#[derive(Debug, Clone)]
pub enum Ask {}

/// An answer.
#[derive(Debug)]
pub enum Facts {}

/// What is known.
#[derive(Debug)]
pub struct State {
    #[expect(dead_code, reason = "stub")]
    pub(super) plan: Arc<Plan>,
}

impl System for State {
    const ID: &'static str = "route53";
    const TITLE: &'static str = "DNS";
    const SIGNALS: &'static [&'static SignalDef] = &[];
    type Ask = Ask;
    type Facts = Facts;

    fn new(plan: &Arc<Plan>) -> (Self, Vec<SourceSpec<Ask>>) {
        (Self { plan: plan.clone() }, Vec::new())
    }

    fn apply(&mut self, ask: &Ask, _: Facts, _: Stamp) -> Vec<SourceSpec<Ask>> {
        match *ask {}
    }

    fn fail(&mut self, ask: &Ask, _: &Fault, _: Now) {
        match *ask {}
    }

    fn measure(&self, _: Now, _: &mut Samples) {}

    fn panel(&self, now: Now) -> Panel {
        super::view::panel(self, now)
    }

    fn tiles(&self, now: Now) -> Vec<Tile> {
        super::view::tiles(self, now)
    }

    fn detail(&self, table: &str, row: &str, now: Now) -> Option<Detail> {
        super::view::detail(self, table, row, now)
    }
}
