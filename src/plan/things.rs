//! The things that a plan lists by name, as data: steps, gates and scenarios refer to them. One for each table of the plan with a name.

use crate::types::Plan;
use base::domain::Things;

/// The things of one table, with the texts for them in the plan's own commands.
#[derive(Debug)]
pub struct Listed {
    /// The things.
    pub things: &'static Things,
    /// What several of them are called in the summary of a plan.
    pub plural: &'static str,
    /// The option of `landfall init` that asks for them, and the word of their sections in `init/`.
    pub option: &'static str,
    /// The help of that option.
    pub help: &'static str,
    names: fn(&Plan) -> Vec<&str>,
}

macro_rules! things {
    ($($(#[$doc:meta])+ $NAME:ident = $table:literal, $key:literal, $what:literal, $names:expr $(, $more:ident: $value:expr)*;
        $plural:literal, $option:literal, $help:literal;)+) => {
        $(
            $(#[$doc])+
            pub static $NAME: Things = Things {
                $($more: $value,)*
                ..Things { table: $table, key: $key, what: $what, unit: None, qualified: false, sided: false }
            };
        )+

        /// All of them.
        pub const LISTED: &[Listed] = &[$(
            Listed { things: &$NAME, plural: $plural, option: $option, help: $help, names: $names }
        ),+];
    };
}

things! {
    /// Replica sets.
    SETS = "replica_set", "name", "replica set", |plan| plan.replica_sets.iter().map(|it| it.name.as_str()).collect();
        "replica sets", "mongodb", "With MongoDB replica sets";
    /// Pairs of Kafka clusters.
    PAIRS = "kafka", "name", "pair of Kafka clusters", |plan| plan.kafka.iter().map(|it| it.name.as_str()).collect();
        "pairs of Kafka clusters", "kafka", "With a pair of Kafka clusters";
    /// Roles of the fleet.
    ROLES = "fleet", "role", "role", |plan| plan.fleet.iter().map(|it| it.name.as_str()).collect();
        "roles", "fleet", "With roles of EC2 instances";
    /// Weighted DNS names.
    DNS_NAMES = "dns", "name", "weighted DNS name", |plan| plan.dns.iter().map(|it| it.name.as_str()).collect(), qualified: true;
        "DNS names", "dns", "With weighted DNS names of Route 53";
    /// Health queries.
    QUERIES = "health", "name", "health query", |plan| plan.health.iter().map(|it| it.name.as_str()).collect(),
        unit: Some("unit"), sided: true;
        "health queries", "health", "With health queries to Prometheus or CloudWatch";
}

impl Listed {
    /// Their names, in the plan's order.
    #[must_use]
    pub fn names<'p>(&self, plan: &'p Plan) -> Vec<&'p str> {
        (self.names)(plan)
    }
}

impl Plan {
    /// The names of all things of one kind, in the plan's order.
    #[must_use]
    pub fn names(&self, of: &Things) -> Vec<&str> {
        LISTED.iter().find(|it| it.things == of).map(|it| it.names(self)).unwrap_or_default()
    }
}
