//! Changes record sets: one call, one batch, sent once.
//!
//! Route 53 checks the precondition: a batch that does not match is refused as a whole (see `batch.rs`). Nothing is read again before it is
//! sent.

use std::sync::Arc;

use aws_sdk_route53::{
    Client,
    error::BuildError,
    types::{AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType},
};

use super::REGION;
use crate::Journal;
use crate::{
    aws::{Writer, Writing},
    route53::{
        batch::{self, Edit, Item},
        ops::{Call, Version},
    },
};
use base::operation::SendOutcome;
use journal::Permit;
use plan::{Plan, RecordType};

/// The writing credentials of the plan; none where it has none.
pub struct Writers(Option<Writer<Client>>);

impl Writers {
    pub(super) fn new(plan: &Arc<Plan>, journal: &Journal) -> Self {
        Self(Writing::new(&plan.route53, REGION, journal).map(|writing| writing.route53()))
    }

    pub(super) async fn send(
        &self,
        permit: Permit,
        call: &Call,
        precondition: Option<&Version>,
    ) -> SendOutcome<Version> {
        let Some(writer) = &self.0 else {
            return SendOutcome::refused(
                "the plan has no write credentials: add `write` to [route53]; nothing was sent",
            );
        };
        let Some(Version::Set(observed)) = precondition else {
            return SendOutcome::refused("the previous state is unknown; nothing was sent");
        };
        let tag = permit.spend();
        let (zone, _) = call.of();
        let Some(edits) = batch::edits(call, observed, &tag) else {
            return SendOutcome::refused("nothing to send: this operation only waits");
        };
        let batch = match request(&edits, &tag) {
            Ok(batch) => batch,
            Err(error) => {
                return SendOutcome::refused(format!("the request could not be made: {error}; nothing was sent"));
            }
        };
        let request = writer.change_resource_record_sets().hosted_zone_id(zone).change_batch(batch);
        match writer.call("ChangeResourceRecordSets", request.send()).await {
            Err(sent) => sent,
            Ok(answer) => {
                let info = answer.change_info();
                let id = info.map(|info| info.id().trim_start_matches("/change/").to_owned());
                let word = info.map_or("taken", |info| info.status().as_str());
                let detail = format!("change {} {word}", id.as_deref().unwrap_or("without an id"));
                SendOutcome { version: id.map(Version::Change), ..SendOutcome::accepted(detail) }
            }
        }
    }
}

fn request(edits: &[Edit], tag: &str) -> Result<ChangeBatch, BuildError> {
    // Route 53 accepts 256 characters.
    let comment: String = format!("landfall {tag}").chars().take(256).collect();
    let changes = edits.iter().map(change).collect::<Result<Vec<_>, _>>()?;
    ChangeBatch::builder().comment(comment).set_changes(Some(changes)).build()
}

fn change(edit: &Edit) -> Result<Change, BuildError> {
    let (action, item) = match edit {
        Edit::Delete(item) => (ChangeAction::Delete, item),
        Edit::Create(item) => (ChangeAction::Create, item),
        Edit::Upsert(item) => (ChangeAction::Upsert, item),
    };
    Change::builder().action(action).resource_record_set(set(item)?).build()
}

fn values(all: &[String]) -> Result<Option<Vec<ResourceRecord>>, BuildError> {
    all.iter().map(|v| ResourceRecord::builder().value(v).build()).collect::<Result<Vec<_>, _>>().map(Some)
}

/// A complete record set. An alias has a target, no values and no time to live: Route 53 accepts nothing else.
fn set(item: &Item) -> Result<ResourceRecordSet, BuildError> {
    match item {
        Item::Epoch(epoch) => ResourceRecordSet::builder()
            .name(&epoch.name)
            .r#type(RrType::Txt)
            .ttl(epoch.ttl.into())
            .set_resource_records(values(&epoch.values)?)
            .build(),
        Item::Weighted(w) => {
            let out = ResourceRecordSet::builder()
                .name(&w.name)
                .r#type(match w.record_type {
                    RecordType::A => RrType::A,
                    RecordType::Aaaa => RrType::Aaaa,
                    RecordType::Cname => RrType::Cname,
                })
                .set_identifier(&w.set_id)
                .weight(w.weight.into())
                .set_health_check_id(w.health_check.clone());
            match &w.alias {
                Some(alias) => {
                    let target = AliasTarget::builder()
                        .hosted_zone_id(&alias.zone)
                        .dns_name(&alias.target)
                        .evaluate_target_health(alias.evaluate_health)
                        .build()?;
                    out.alias_target(target).build()
                }
                None => out.set_ttl(w.ttl.map(i64::from)).set_resource_records(values(&w.values)?).build(),
            }
        }
    }
}
