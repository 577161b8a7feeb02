//! What can be changed: the weights of a name and its time to live, each change with a new epoch, followed by a wait until all of Route
//! 53's servers have it.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `ops/change.rs` | a change whose precondition is the observed state |
//! | `ops/emergency.rs` | the change without a precondition |

mod change;
mod emergency;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{
    batch::{self, Edit, Weighted},
    facts::{Epoch, normal},
    state::{Name, State},
};
use crate::planner::{self, Planner, SIGNED, quoted};
use base::{
    now::Now,
    observed::{Fault, FaultKind, Observed},
    operation::{Draft, Operation, Precondition},
    side::{Side, Sides},
    step::Kind,
};
use plan::{Action, DnsName, RecordType};

/// A request or a wait.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// One batch: the observed record sets out, the same with these weights in, the epoch advanced.
    Weigh {
        /// Hosted zone id.
        zone: String,
        /// The name, normalised.
        name: String,
        /// The weight of each record set of both sides.
        sets: Vec<SetWeight>,
    },
    /// One batch: the observed record sets out, the same with these times to live in, the epoch advanced.
    Ttl {
        /// Hosted zone id.
        zone: String,
        /// The name, normalised.
        name: String,
        /// The time to live of each record set that has one of its own.
        sets: Vec<SetTtl>,
    },
    /// The emergency: one batch that writes these record sets and this epoch, whatever is there. It has no precondition.
    Force {
        /// Hosted zone id.
        zone: String,
        /// The name, normalised.
        name: String,
        /// The complete record sets to be written.
        records: Vec<Weighted>,
        /// The epoch's number.
        epoch: u64,
    },
    /// A wait until all of Route 53's servers have the change. By the change's id, where the answer with the id arrived; else until each of
    /// the name's authoritative servers answers with this epoch or a later one.
    InSync {
        /// Hosted zone id.
        zone: String,
        /// The name, normalised.
        name: String,
        /// The epoch of the change.
        epoch: u64,
    },
}

/// The weight of one record set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SetWeight {
    /// Type.
    pub record_type: RecordType,
    /// Set identifier.
    pub set_id: String,
    /// Weight, 0–255.
    pub weight: u8,
}

/// The time to live of one record set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SetTtl {
    /// Type.
    pub record_type: RecordType,
    /// Set identifier.
    pub set_id: String,
    /// Seconds.
    pub ttl: u32,
}

/// The version that a call compares with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// The observed record sets and epoch.
    Set(RecordsSeen),
    /// The id of a change.
    Change(String),
}

/// The record sets of a name's both sides, and its epoch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordsSeen {
    /// By type and set identifier.
    pub records: Vec<Weighted>,
    /// None where landfall has never changed the name.
    pub epoch: Option<Epoch>,
}

impl Call {
    /// Its hosted zone and name.
    pub(super) fn of(&self) -> (&str, &str) {
        match self {
            Self::Weigh { zone, name, .. }
            | Self::Ttl { zone, name, .. }
            | Self::Force { zone, name, .. }
            | Self::InSync { zone, name, .. } => (zone, name),
        }
    }
}

/// The desired state of record sets.
#[derive(Debug, Clone, PartialEq)]
enum Wish {
    Weights(Vec<SetWeight>),
    Ttl(Vec<SetTtl>),
}

/// The part of a goal in one zone: the name's record sets there.
struct Goal {
    zone: String,
    wish: Wish,
}

impl Goal {
    fn call(&self, name: &str) -> Call {
        let (zone, name) = (self.zone.clone(), name.to_owned());
        match &self.wish {
            Wish::Weights(sets) => Call::Weigh { zone, name, sets: sets.clone() },
            Wish::Ttl(sets) => Call::Ttl { zone, name, sets: sets.clone() },
        }
    }
}

type Op = Operation<Call, Version>;
type Drafted = base::operation::Drafted<Call, Version>;

impl Planner for State {
    type Call = Call;
    type Version = Version;
    type Probe = planner::Never;

    fn decides(query: &Self::Query) -> bool {
        matches!(query, super::facts::Query::Records(_))
    }

    fn draft(&self, action: &Action, now: Now) -> Option<Drafted> {
        Some(match action {
            Action::SetWeights { name, weights } => {
                self.weights(name, *weights, now).and_then(|goals| self.assemble(&normal(name), &goals, now))
            }
            Action::SetTtl { name, ttl } => {
                self.times(name, *ttl, now).and_then(|goals| self.assemble(&normal(name), &goals, now))
            }
            Action::EmergencyWeights { name, weights } => self.emergency(name, *weights, now),
            _ => return None,
        })
    }

    fn inverse(&self, ops: &[Op], now: Now) -> Drafted {
        let mut names = IndexMap::<&str, Vec<Goal>>::new();
        for op in ops {
            let (zone, name, wish) = match &op.call {
                Call::Weigh { zone, name, sets } => (zone, name, Wish::Weights(sets.clone())),
                Call::Ttl { zone, name, sets } => (zone, name, Wish::Ttl(sets.clone())),
                // An inverse has a precondition; these calls have none.
                Call::Force { .. } | Call::InSync { .. } => continue,
            };
            names.entry(name).or_default().push(Goal { zone: zone.clone(), wish });
        }
        // A step has one name, so its inverse has one too.
        match names.into_iter().collect::<Vec<_>>().as_slice() {
            [(name, goals)] => self.assemble(name, goals, now),
            [] => Ok(Draft::nothing()),
            _ => Err(vec![Fault::new(FaultKind::Malformed, "a rollback of more than one name")]),
        }
    }

    fn is_satisfied(&self, action: &Action, now: Now) -> Option<Observed<bool>> {
        let (name, all) = match action {
            Action::SetWeights { name, weights } | Action::EmergencyWeights { name, weights } => {
                let satisfied = |plan: &DnsName, known: &Name| {
                    let weighs = |s| u32::from(*weights.get(s));
                    known.configured(plan, now).map(|c| Side::BOTH.iter().all(|&s| *c.weight.get(s) == weighs(s)))
                };
                (name, Observed::all(self.named(name).map(|(plan, known)| satisfied(plan, known))))
            }
            Action::SetTtl { name, ttl } => {
                let satisfied = |known: &Name| {
                    let own = |r: &super::Record| r.ttl.is_none_or(|t| t == *ttl);
                    known.set.at(now).map(|records| records.iter().all(own))
                };
                (name, Observed::all(self.named(name).map(|(_, known)| satisfied(known))))
            }
            _ => return None,
        };
        Some(match all {
            Observed::Pending if self.named(name).next().is_none() => Observed::Unknown(unknown(name)),
            seen => seen.map(|each| each.into_iter().all(|satisfied| satisfied)),
        })
    }
}

fn unknown(name: &str) -> Fault {
    Fault::new(FaultKind::NotFound, format!("the plan has no DNS name {name}"))
}

impl State {
    fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a DnsName, &'a Name)> {
        let name = normal(name);
        self.each().filter(move |(plan, _)| normal(&plan.name) == name)
    }
}

/// Both weights 0 define no share.
fn both_zero(name: &str, weights: Sides<u8>) -> Option<Fault> {
    let text = || format!("{name}: both weights 0 would be an equal split of all record sets");
    (weights.source == 0 && weights.target == 0).then(|| Fault::new(FaultKind::Malformed, text()))
}

/// The tag of a batch that a person sends.
const HAND: &str = "hand";

/// The comment of a change, as long as Route 53 accepts it: 256 characters.
fn comment(what: &str) -> String {
    format!("landfall: {what}").chars().take(256).collect()
}

/// A change and the wait for it, which is bound to the operation at `at`. `edits` are what a person would send instead.
///
/// `account` holds the flags for the identity with which a person sends them.
fn ops(
    account: &str,
    call: Call,
    what: String,
    kind: Kind,
    observed: &RecordsSeen,
    edits: &[Edit],
    at: u16,
) -> [Op; 2] {
    let (zone, name) = call.of();
    let (zone, name) = (zone.to_owned(), name.to_owned());
    let epoch = batch::epoch(&call, observed);
    let edits = batch::json(edits, &comment(&what));
    let change = Operation {
        what,
        kind,
        cleanup: false,
        precondition: Precondition::Observed(Version::Set(observed.clone())),
        quarantine: SIGNED,
        command: format!(
            "CHANGE_ID=$(aws route53 change-resource-record-sets{account} --hosted-zone-id {} --change-batch {} \
             --query ChangeInfo.Id --output text)",
            quoted(&zone),
            quoted(&edits.to_string())
        ),
        call,
    };
    let wait = Operation {
        what: format!("until all of Route 53's servers have epoch {epoch} of {name}"),
        call: Call::InSync { zone, name, epoch },
        kind: Kind::Wait,
        cleanup: false,
        precondition: Precondition::After(at),
        quarantine: SIGNED,
        command: format!("aws route53 wait resource-record-sets-changed{account} --id \"$CHANGE_ID\""),
    };
    [change, wait]
}

#[cfg(test)]
pub(super) mod tests;
