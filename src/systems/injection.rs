//! The faults that a scenario injects into the simulated estate from outside the program, for example a member that lags, a slow consumer,
//! a name server that takes over no change. Plain data; each system's simulation picks its own ([`crate::steer::SimulateWrites::inject`]).

use std::{net::IpAddr, time::Duration};

use base::side::Side;

/// One injected fault. Each lasts until another one changes it.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultInjection {
    /// A secondary lags one more second per second, until it is this far behind its primary, and then keeps that lag; zero: it catches up.
    FallBehind {
        /// The member, as named in the set's configuration.
        host: String,
        /// The lag.
        by: Duration,
    },
    /// A member's process stops, or is started again.
    Process {
        /// The member.
        host: String,
        /// Whether it runs.
        up: bool,
    },
    /// A member's process hangs: it keeps its memory and answers nobody; or it continues.
    Hang {
        /// The member.
        host: String,
        /// Whether it hangs.
        on: bool,
    },
    /// A write that began this long ago continues until the primary steps down; zero: it has ended.
    LongWrite {
        /// The replica set.
        set: String,
        /// How long it has been running.
        running: Duration,
    },
    /// Another operator makes the primary step down without controlling the election: the first candidate wins.
    StepDown {
        /// The replica set.
        set: String,
    },
    /// A group consumes at this multiple of the produce rate; 0: it stops, 1: its lag stays constant.
    Pace {
        /// The pair of clusters.
        pair: String,
        /// The group.
        group: String,
        /// The multiple.
        of_produced: f64,
    },
    /// The producers of a pair write to this side. The producers of the topics in `stragglers` do not move.
    Producers {
        /// The pair of clusters.
        pair: String,
        /// The side they write to.
        on: Side,
        /// Topics whose producers are not moved.
        stragglers: Vec<String>,
    },
    /// The mirror syncs offsets at this interval: the longer it is, the more records are read again after a hand-over.
    SyncEvery {
        /// The pair of clusters.
        pair: String,
        /// The interval.
        every: Duration,
    },
    /// Retention deletes the oldest records of a topic, on one side.
    Retention {
        /// The pair of clusters.
        pair: String,
        /// The cluster's side.
        side: Side,
        /// The topic's name on that side.
        topic: String,
        /// Records that remain in each partition.
        keeps: u32,
    },
    /// A producer begins a transaction on a topic and leaves it open, or ends it. Records continue to be written.
    Transaction {
        /// The pair of clusters.
        pair: String,
        /// The topic's name on the source.
        topic: String,
        /// Whether it begins; else it ends.
        open: bool,
    },
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
    /// A health query gives this value regardless of other conditions; none: it follows the conditions again.
    Reads {
        /// The query, as named in `[[health]]`.
        query: String,
        /// The side.
        side: Side,
        /// The value, in the query's unit.
        value: Option<f64>,
    },
}
