//! What a scenario can inject into the simulation of this system: instances that never become healthy, an autoscaler.

use crate::injection::{OF_SIDE, injections};
use base::side::Side;
use plan::spec::{
    Key,
    Kind::{Bool, Integer},
    tables::{NAME, must},
};
use plan::things;

/// One injected fault. Each lasts until another one changes it.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultInjection {
    /// Instances of a role that boot from now on never become healthy, or do again.
    NeverWell {
        /// The role.
        role: String,
        /// The side.
        side: Side,
        /// Whether they stay unhealthy.
        on: bool,
    },
    /// The autoscaler sets the capacity of a role.
    Scale {
        /// The role.
        role: String,
        /// The side.
        side: Side,
        /// Desired instances, all groups of the role together.
        to: u32,
    },
}

const ROLE: Key = must("role", NAME, "The role.");

injections! { FaultInjection:
    "never_well", "Instances that boot from now on never become healthy, or do again.",
        [ROLE, OF_SIDE, must("on", Bool, "It never does.")],
        |it| {
            let role = it.thing("role", &things::ROLES)?;
            Some(FaultInjection::NeverWell { role, side: it.side("side")?, on: it.get("on")? })
        };
    "scale", "The autoscaler sets a role's capacity.",
        [ROLE, OF_SIDE, must("to", Integer(0, 100_000), "Instances wanted, of all groups together.")],
        |it| {
            let role = it.thing("role", &things::ROLES)?;
            Some(FaultInjection::Scale { role, side: it.side("side")?, to: it.number("to")? })
        };
}
