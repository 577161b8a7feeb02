//! The contents of a change: the observed values out, the new values in, all or nothing.
//!
//! Route 53 carries out a batch completely or not at all, and refuses a DELETE whose values are not exactly those that are there
//! (`InvalidChangeBatch`; API reference, "ChangeResourceRecordSets"). So DELETE + CREATE of the same record sets is a compare-and-set of
//! their values. The epoch's TXT record in the same batch makes it a compare-and-set of the *history*: values can recur, epochs cannot.
//! Only the emergency is an UPSERT, which has no precondition.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    facts::{Alias, Epoch, Record, Routing},
    ops::{Call, RecordsSeen},
};
use plan::RecordType;

/// A weighted record set, with everything that a DELETE has to name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Weighted {
    /// Normalised name.
    pub name: String,
    /// Type.
    pub record_type: RecordType,
    /// Set identifier.
    pub set_id: String,
    /// Weight, 0–255.
    pub weight: u8,
    /// Time to live, in seconds; none on an alias.
    pub ttl: Option<u32>,
    /// Values as Route 53 has them, sorted; empty on an alias. A DELETE has to name exactly these.
    pub values: Vec<String>,
    /// The target of an alias.
    pub alias: Option<Alias>,
    /// Id of its health check.
    pub health_check: Option<String>,
}

impl Weighted {
    /// A record set, if it is a weighted one.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        let (Routing::Weighted(weight), Some(set_id)) = (record.routing, record.set_id.clone()) else { return None };
        Some(Self {
            name: record.name.clone(),
            record_type: record.record_type,
            set_id,
            weight,
            ttl: record.ttl,
            values: record.values.clone(),
            alias: record.alias.clone(),
            health_check: record.health_check.clone(),
        })
    }

    /// The record as it is listed.
    #[must_use]
    pub fn record(&self) -> Record {
        Record {
            name: self.name.clone(),
            record_type: self.record_type,
            set_id: Some(self.set_id.clone()),
            routing: Routing::Weighted(self.weight),
            ttl: self.ttl,
            values: self.values.clone(),
            alias: self.alias.clone(),
            health_check: self.health_check.clone(),
        }
    }

    /// Whether it is answered depends on a health: that of its own health check, or of its alias target.
    #[must_use]
    pub fn checked(&self) -> bool {
        self.health_check.is_some() || self.alias.as_ref().is_some_and(|a| a.evaluate_health)
    }

    /// Whether both are the same record set, regardless of their values.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.name == other.name && self.record_type == other.record_type && self.set_id == other.set_id
    }
}

/// A record set that is deleted or created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// One of a weighted name's record sets.
    Weighted(Weighted),
    /// An epoch.
    Epoch(Epoch),
}

/// One change of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Refused if exactly this record set does not exist.
    Delete(Item),
    /// Refused if a record set of its name, type and identifier exists.
    Create(Item),
    /// Created or overwritten.
    Upsert(Item),
}

/// By type and set identifier.
pub(super) fn sort(records: &mut [Weighted]) {
    records.sort_by(|a, b| (a.record_type, &a.set_id).cmp(&(b.record_type, &b.set_id)));
}

/// The records after the change.
pub(super) fn after(call: &Call, observed: &RecordsSeen) -> Vec<Weighted> {
    let each = |new: &dyn Fn(&Weighted) -> Weighted| observed.records.iter().map(new).collect();
    match call {
        Call::Weigh { sets, .. } => each(&|record| {
            let set = sets.iter().find(|s| s.record_type == record.record_type && s.set_id == record.set_id);
            Weighted { weight: set.map_or(record.weight, |s| s.weight), ..record.clone() }
        }),
        Call::Ttl { sets, .. } => each(&|record| {
            let set = sets.iter().find(|s| s.record_type == record.record_type && s.set_id == record.set_id);
            // An alias has no TTL of its own, even if the call names it.
            Weighted { ttl: record.ttl.map(|old| set.map_or(old, |s| s.ttl)), ..record.clone() }
        }),
        Call::Force { records, .. } => records.clone(),
        Call::InSync { .. } => observed.records.clone(),
    }
}

/// The number of the next epoch.
pub(super) fn next_epoch(observed: &RecordsSeen) -> u64 {
    observed.epoch.as_ref().and_then(|e| e.read().map(|(n, _)| n)).unwrap_or(0).saturating_add(1)
}

/// The number of the epoch after the change.
pub(super) fn epoch(call: &Call, observed: &RecordsSeen) -> u64 {
    match call {
        Call::Force { epoch, .. } | Call::InSync { epoch, .. } => *epoch,
        Call::Weigh { .. } | Call::Ttl { .. } => next_epoch(observed),
    }
}

/// The state after the change is carried out under this tag.
pub(super) fn made(call: &Call, observed: &RecordsSeen, tag: &str) -> RecordsSeen {
    let (_, name) = call.of();
    RecordsSeen { records: after(call, observed), epoch: Some(Epoch::written(name, epoch(call, observed), tag)) }
}

/// The batch, under a tag; none for a call that only waits. It contains all record sets of both sides, including unchanged ones: they are
/// the precondition.
pub(super) fn edits(call: &Call, observed: &RecordsSeen, tag: &str) -> Option<Vec<Edit>> {
    let items = |of: &RecordsSeen| {
        let records = of.records.iter().cloned().map(Item::Weighted);
        records.chain(of.epoch.clone().map(Item::Epoch)).collect::<Vec<_>>()
    };
    let new = items(&made(call, observed, tag)).into_iter();
    match call {
        Call::Weigh { .. } | Call::Ttl { .. } => {
            Some(items(observed).into_iter().map(Edit::Delete).chain(new.map(Edit::Create)).collect())
        }
        Call::Force { .. } => Some(new.map(Edit::Upsert).collect()),
        Call::InSync { .. } => None,
    }
}

/// The same batch for an epoch whose text is not known: the epoch is advanced without a precondition. The record sets keep theirs.
pub(super) fn whoever_sent_it(edits: Vec<Edit>) -> Vec<Edit> {
    let each = |edit| match edit {
        Edit::Delete(Item::Epoch(_)) => None,
        Edit::Create(Item::Epoch(new)) => Some(Edit::Upsert(Item::Epoch(new))),
        edit => Some(edit),
    };
    edits.into_iter().filter_map(each).collect()
}

/// A record set in one line, for display.
pub(super) fn describe(record: &Weighted) -> String {
    let mut parts = vec![format!("weight {}", record.weight)];
    parts.extend(record.ttl.map(|ttl| format!("TTL {ttl} s")));
    parts.extend(record.alias.as_ref().map(|a| format!("alias of {}", a.target)));
    parts.extend((!record.values.is_empty()).then(|| record.values.join(" ")));
    parts.extend(record.health_check.as_ref().map(|h| format!("health check {h}")));
    format!("{} {} {}: {}", record.name, record.record_type.word(), record.set_id, parts.join(", "))
}

/// The batch as the API's JSON, as `aws route53 change-resource-record-sets --change-batch` takes it.
pub(super) fn json(edits: &[Edit], comment: &str) -> Value {
    let changes: Vec<Value> = edits
        .iter()
        .map(|edit| match edit {
            Edit::Delete(item) => json!({ "Action": "DELETE", "ResourceRecordSet": set(item) }),
            Edit::Create(item) => json!({ "Action": "CREATE", "ResourceRecordSet": set(item) }),
            Edit::Upsert(item) => json!({ "Action": "UPSERT", "ResourceRecordSet": set(item) }),
        })
        .collect();
    json!({ "Comment": comment, "Changes": changes })
}

fn set(item: &Item) -> Value {
    let values = |list: &[String]| list.iter().map(|v| json!({ "Value": v })).collect::<Vec<_>>();
    match item {
        Item::Epoch(e) => json!({ "Name": e.name, "Type": "TXT", "TTL": e.ttl, "ResourceRecords": values(&e.values) }),
        Item::Weighted(w) => {
            let mut out = json!({
                "Name": w.name,
                "Type": w.record_type.word(),
                "SetIdentifier": w.set_id,
                "Weight": w.weight,
            });
            if let Some(ttl) = w.ttl {
                out["TTL"] = ttl.into();
            }
            match &w.alias {
                Some(alias) => {
                    out["AliasTarget"] = json!({
                        "HostedZoneId": alias.zone,
                        "DNSName": alias.target,
                        "EvaluateTargetHealth": alias.evaluate_health,
                    });
                }
                None => out["ResourceRecords"] = values(&w.values).into(),
            }
            if let Some(check) = &w.health_check {
                out["HealthCheckId"] = check.as_str().into();
            }
            out
        }
    }
}
