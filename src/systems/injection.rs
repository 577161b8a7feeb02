//! What a scenario lets happen to the imitated estate, past the program: a member that falls behind, a slow consumer, a name server that
//! takes no change over. Plain data; each system's imitation knows what of it is its own ([`crate::steer::Obeys::happen`]).

use std::{net::IpAddr, time::Duration};

use base::side::Side;

/// Something that happens. All of it lasts until it is said otherwise.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultInjection {
    /// A secondary falls behind, a second each second, until it is this far behind its primary, and stays there; zero: it catches up.
    FallBehind {
        /// The member, as its set's configuration has it.
        host: String,
        /// How far.
        by: Duration,
    },
    /// A member's process is gone, or is started again.
    Process {
        /// The member.
        host: String,
        /// It runs.
        up: bool,
    },
    /// A member's process hangs: it is there, keeps what it holds in memory, and answers nobody; or it goes on.
    Hang {
        /// The member.
        host: String,
        /// It hangs.
        on: bool,
    },
    /// A write that began this long ago goes on until the primary steps down; zero: it is over.
    LongWrite {
        /// The replica set.
        set: String,
        /// How long it has been running.
        running: Duration,
    },
    /// Somebody with a shell makes the primary step down without pinning anything: whoever is asked first wins.
    StepDown {
        /// The replica set.
        set: String,
    },
    /// A group consumes this multiple of what is produced; 0: it stands still, 1: it keeps its distance.
    Pace {
        /// The pair of clusters.
        pair: String,
        /// The group.
        group: String,
        /// The multiple.
        of_produced: f64,
    },
    /// The producers of a pair write to this side. Those of `stragglers` stay where they are.
    Producers {
        /// The pair of clusters.
        pair: String,
        /// Where to.
        on: Side,
        /// Topics whose producers nobody moved.
        stragglers: Vec<String>,
    },
    /// The mirror writes down offsets so seldom: what is handed over is read again from further back.
    SyncEvery {
        /// The pair of clusters.
        pair: String,
        /// How often it does.
        every: Duration,
    },
    /// Retention deletes the oldest records of a topic, on one side.
    Retention {
        /// The pair of clusters.
        pair: String,
        /// On which of them.
        side: Side,
        /// The topic, as it is called there.
        topic: String,
        /// Records that are left of each partition.
        keeps: u32,
    },
    /// A producer begins a transaction on a topic and leaves it open, or ends it. Records go on being written.
    Transaction {
        /// The pair of clusters.
        pair: String,
        /// The topic, as it is called on the source.
        topic: String,
        /// It begins.
        open: bool,
    },
    /// A name server takes no change over any more, or does again.
    Stuck {
        /// Its address.
        server: IpAddr,
        /// It does not.
        on: bool,
    },
    /// Route 53's health checks of a side's records fail, or pass again.
    HealthChecks {
        /// The name.
        name: String,
        /// Whose records.
        side: Side,
        /// They pass.
        pass: bool,
    },
    /// Somebody sets the weight of a side's records, and knows nothing of epochs.
    Weigh {
        /// The name.
        name: String,
        /// Whose records.
        side: Side,
        /// What each of them weighs then.
        to: u8,
    },
    /// What boots of a role from now on never gets healthy, or does again.
    NeverWell {
        /// The role.
        role: String,
        /// Which side's.
        side: Side,
        /// It never does.
        on: bool,
    },
    /// The autoscaler sets the capacity of a role, past everybody.
    Scale {
        /// The role.
        role: String,
        /// Which side's.
        side: Side,
        /// Instances wanted, of all its groups together.
        to: u32,
    },
    /// A health query gives this value, whatever else happens; none: it follows what happens again.
    Reads {
        /// The query, as `[[health]]` has it.
        query: String,
        /// Which side's.
        side: Side,
        /// The value, in the query's unit.
        value: Option<f64>,
    },
}
