//! The things that a plan lists by name, as data: steps, gates and scenarios refer to them. One for each table of the plan with a name.

use crate::types::Plan;
use base::domain::Things;

macro_rules! things {
    ($($(#[$doc:meta])+ $NAME:ident = $table:literal, $key:literal, $what:literal, $names:expr $(, $more:ident: $value:expr)*;)+) => {
        $(
            $(#[$doc])+
            pub static $NAME: Things = Things {
                $($more: $value,)*
                ..Things { table: $table, key: $key, what: $what, unit: None, qualified: false, sided: false }
            };
        )+

        /// All of them.
        pub const ALL: &[&Things] = &[$(&$NAME),+];

        impl Plan {
            /// The names of all things of one kind, in the plan's order.
            #[must_use]
            pub fn names(&self, of: &Things) -> Vec<&str> {
                const NAMES: &[(&Things, fn(&Plan) -> Vec<&str>)] = &[$((&$NAME, $names)),+];
                NAMES.iter().find(|(things, _)| *things == of).map(|(_, names)| names(self)).unwrap_or_default()
            }
        }
    };
}

things! {
    /// Replica sets.
    SETS = "replica_set", "name", "replica set", |plan| plan.replica_sets.iter().map(|it| it.name.as_str()).collect();
    /// Pairs of Kafka clusters.
    PAIRS = "kafka", "name", "pair of Kafka clusters", |plan| plan.kafka.iter().map(|it| it.name.as_str()).collect();
    /// Roles of the fleet.
    ROLES = "fleet", "role", "role", |plan| plan.fleet.iter().map(|it| it.name.as_str()).collect();
    /// Weighted DNS names.
    DNS_NAMES = "dns", "name", "weighted DNS name", |plan| plan.dns.iter().map(|it| it.name.as_str()).collect(), qualified: true;
    /// Health queries.
    QUERIES = "health", "name", "health query", |plan| plan.health.iter().map(|it| it.name.as_str()).collect(),
        unit: Some("unit"), sided: true;
}
