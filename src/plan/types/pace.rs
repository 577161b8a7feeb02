//! The intervals of the systems' queries, and the budgets of the move.

use std::time::Duration;

use serde::Serialize;

/// One row of the table of intervals: a key of `[intervals]`.
#[derive(Debug)]
pub struct IntervalSpec {
    /// The key.
    pub key: &'static str,
    /// The id of the system whose queries are sent at this interval.
    pub system: &'static str,
    /// The default, as it is written in a plan.
    pub default: &'static str,
    /// What is queried.
    pub doc: &'static str,
}

macro_rules! intervals {
    ($($key:ident = $seconds:literal of $system:literal, $doc:literal;)+) => {
        /// The interval of each system's queries.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        pub struct Intervals { $(
            #[doc = $doc]
            pub $key: Duration,
        )+ }

        impl Intervals {
            /// Every key, in order. Of a system with several, the first is the interval of its signals.
            pub const SPECS: &[IntervalSpec] = &[$(IntervalSpec {
                key: stringify!($key),
                system: $system,
                default: concat!("\"", $seconds, "s\""),
                doc: $doc,
            }),+];

            /// From the values of the keys; none if one is missing.
            pub(crate) fn read(value: impl Fn(&str) -> Option<Duration>) -> Option<Self> {
                Some(Self { $($key: value(stringify!($key))?),+ })
            }

            /// In the order of [`Self::SPECS`].
            fn values(&self) -> impl Iterator<Item = Duration> {
                [$(self.$key),+].into_iter()
            }
        }

        impl Default for Intervals {
            fn default() -> Self {
                Self { $($key: Duration::from_secs($seconds)),+ }
            }
        }
    };
}

intervals! {
    mongo = 2 of "mongo", "Each member of each replica set.";
    kafka = 5 of "kafka", "Each cluster.";
    ec2 = 15 of "ec2", "Each region.";
    route53 = 30 of "route53", "Record sets.";
    dns = 10 of "route53", "Window over which served shares are sampled.";
    health = 15 of "metrics", "Health queries.";
}

impl Intervals {
    /// The interval of the system with this id. For a system that is not in the table it is the shortest of all, so that an old value does
    /// not count as fresh.
    #[must_use]
    pub fn of(&self, system: &str) -> Duration {
        let own = Self::SPECS.iter().zip(self.values()).find(|(spec, _)| spec.system == system);
        own.map(|(_, interval)| interval).or_else(|| self.values().min()).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_has_the_first_of_its_intervals_and_an_unknown_one_the_shortest_of_all() {
        let intervals = Intervals { mongo: Duration::from_secs(3), ..Intervals::default() };
        assert_eq!(intervals.of("route53"), intervals.route53);
        assert_eq!(intervals.of("metrics"), intervals.health);
        assert_eq!(intervals.of("unknown"), intervals.mongo);
    }
}
