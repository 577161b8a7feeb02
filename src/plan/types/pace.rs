//! The intervals of the systems' queries, and the budgets of the move.

use std::time::Duration;

use serde::Serialize;

/// The interval of each system's queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Intervals {
    /// Each member's status.
    pub mongo: Duration,
    /// Each cluster.
    pub kafka: Duration,
    /// Each region.
    pub ec2: Duration,
    /// Record sets.
    pub route53: Duration,
    /// The window over which served shares are sampled and reported.
    pub dns: Duration,
    /// Health queries.
    pub health: Duration,
}

impl Default for Intervals {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self { mongo: s(2), kafka: s(5), ec2: s(15), route53: s(30), dns: s(10), health: s(15) }
    }
}

impl Intervals {
    /// The interval of the system with this id. For a system that is not in the table it is the shortest of all, so that an old value does
    /// not count as fresh.
    #[must_use]
    pub fn of(&self, system: &str) -> Duration {
        let Self { mongo, kafka, ec2, route53, dns, health } = *self;
        match system {
            "mongo" => mongo,
            "kafka" => kafka,
            "ec2" => ec2,
            "route53" => route53,
            "metrics" => health,
            _ => [mongo, kafka, ec2, route53, dns, health].into_iter().min().unwrap_or_default(),
        }
    }
}

/// The budgets of the move.
#[derive(Debug, Clone, Serialize)]
pub struct Budgets {
    /// Seconds without a writable primary that one replica set may use up in the whole run.
    pub write_downtime: Duration,
    /// When the work may start and end: outside it nothing goes forward.
    pub window: Option<Window>,
}

/// A time window.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Window {
    /// The earliest time.
    pub start: jiff::Timestamp,
    /// The latest time.
    pub end: jiff::Timestamp,
}
