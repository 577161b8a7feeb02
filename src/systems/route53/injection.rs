//! What a scenario can inject into the simulation of this system: a name server that takes over no change, health checks that fail, a person in the console.

use std::net::{IpAddr, SocketAddr};

use crate::injection::{OF_SIDE, injections};
use base::side::Side;
use plan::spec::{
    Key,
    Kind::{Address, Bool, Integer, Text},
    tables::must,
};
use plan::things;

/// One injected fault. Each lasts until another one changes it.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultInjection {
    /// A name server stops taking over changes, or resumes.
    Stuck {
        /// Its address.
        server: IpAddr,
        /// Whether it stops.
        on: bool,
    },
    /// Route 53's health checks of a side's records fail, or pass again.
    HealthChecks {
        /// The name.
        name: String,
        /// The side of the records.
        side: Side,
        /// Whether they pass.
        pass: bool,
    },
    /// Another operator sets the weight of a side's records without changing the epoch.
    Weigh {
        /// The name.
        name: String,
        /// The side of the records.
        side: Side,
        /// The new weight of each record.
        to: u8,
    },
}

const DNS: Key = must("name", Text(1, 255), "The name.");

injections! { FaultInjection:
    "stuck", "A name server takes no change over any more, or does again.",
        [must("server", Address(53), "Its address."), must("on", Bool, "It does not.")],
        |it| Some(FaultInjection::Stuck { server: it.get::<SocketAddr>("server")?.ip(), on: it.get("on")? });
    "health_checks", "Route 53's health checks of a side's records fail, or pass again.",
        [DNS, OF_SIDE, must("pass", Bool, "They pass.")],
        |it| {
            let name = it.thing("name", &things::DNS_NAMES)?;
            Some(FaultInjection::HealthChecks { name, side: it.side("side")?, pass: it.get("pass")? })
        };
    "weigh", "Somebody sets the weight of a side's records in the console of Route 53, and knows nothing of epochs.",
        [DNS, OF_SIDE, must("to", Integer(0, 255), "What each of them weighs then.")],
        |it| {
            let name = it.thing("name", &things::DNS_NAMES)?;
            Some(FaultInjection::Weigh { name, side: it.side("side")?, to: it.number("to")? })
        };
}
