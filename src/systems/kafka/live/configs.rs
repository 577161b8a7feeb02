//! The configuration of the watched topics.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use super::{
    admin::{Answer, c_string},
    client::{Client, halfway, request, silence},
};
use crate::kafka::{facts::Config, parity};
use base::{observed::Fault, side::Side};
use plan::KafkaPair;

const CALL: &str = "DescribeConfigs";

/// Topics per request.
const CHUNK: usize = 200;

/// Reads it. A topic that is denied or deleted is omitted: unknown values are not compared.
///
/// # Errors
/// If a request failed as a whole, or nothing could be read.
pub(super) fn take(
    client: &Client,
    plan: &KafkaPair,
    side: Side,
    deadline: Instant,
) -> Result<BTreeMap<Arc<str>, Config>, Fault> {
    // No blocking call before it is known that a broker answers.
    let until = halfway(deadline);
    let batch = client.batch()?;
    batch.groups(request(until), 0).map_err(|f| client.fault("ListGroups", &f))?;
    all(client, "connect", client.collect(&batch, 1, until, |_, _| {}, |_, _| {})?)?;
    let metadata = client.metadata(deadline)?;
    let names = metadata.topics().iter().map(|t| t.name()).filter(|n| parity::watched(plan, side, n));
    let names = names.map(c_string).collect::<Result<Vec<_>, _>>().map_err(|f| client.fault(CALL, &f))?;
    let batch = client.batch()?;
    let chunks = names.chunks(CHUNK);
    let n = chunks.len();
    for (tag, chunk) in chunks.enumerate() {
        batch.configs(chunk, request(deadline), tag).map_err(|f| client.fault(CALL, &f))?;
    }
    let mut out: BTreeMap<Arc<str>, Config> = BTreeMap::new();
    let mut partly = None;
    let each = |_, answer: Answer<'_>| match answer {
        Answer::Config(topic, key, value) => {
            if let Some(key) = Config::KEYS.into_iter().find(|k| *k == key) {
                out.entry(topic.into()).or_default().0.insert(key, value.to_owned());
            }
        }
        Answer::Partly(failure) => partly = Some(failure),
        _ => {}
    };
    let mut failed = None;
    let missing = client.collect(&batch, n, deadline, each, |_, result| {
        if let Err(failure) = result {
            failed = Some(failure);
        }
    })?;
    all(client, CALL, missing)?;
    match (failed, partly) {
        (Some(failure), _) => Err(client.fault(CALL, &failure)),
        (None, Some(failure)) if out.is_empty() => Err(client.fault(CALL, &failure)),
        _ => Ok(out),
    }
}

/// An error if any reply is missing.
fn all(client: &Client, call: &str, missing: usize) -> Result<(), Fault> {
    if missing == 0 { Ok(()) } else { Err(client.fault(call, &silence())) }
}
