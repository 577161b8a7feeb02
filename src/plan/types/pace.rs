//! How often systems are asked, and what the move may cost.

use std::time::Duration;

use serde::Serialize;

/// How often each system is asked.
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
    /// The window over which served shares are sampled and given.
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
    /// How often the system with this id is asked. Of one that is not in the table the shortest of all, so that what is old is not taken for
    /// fresh.
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

/// What the move may cost.
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
    /// Not before.
    pub start: jiff::Timestamp,
    /// Not after.
    pub end: jiff::Timestamp,
}
