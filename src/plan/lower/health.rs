//! Health queries: what they measure, in which unit, and which of them gives the traffic.

use std::time::Duration;

use indexmap::IndexMap;

use super::unique_names;
use crate::{
    diag::{Code, Diagnosis, Faults},
    hint,
    scalar::quoted,
    tree::{At, Table},
    types::{HealthKind, HealthQuery, MetricQuery},
};
use base::{
    side::{Side, Sides},
    signal::Unit,
};

pub(super) fn all(root: &Table, faults: &mut Faults) -> Option<Vec<HealthQuery>> {
    unique_names(root.tables("health"), "name", "health query", faults);
    let queries: Vec<_> = root.tables("health").map(|t| query(t, root, faults)).collect();
    queries.into_iter().collect()
}

fn query(table: &Table, root: &Table, faults: &mut Faults) -> Option<HealthQuery> {
    let (kind, unit) = (kind(table), unit(table, "unit"));
    if let (Some(kind), Some(unit)) = (kind, &unit) {
        fitting(kind, unit, faults);
    }
    volume(table, kind, root, faults);
    let queries = Sides::from_fn(|side| table.table(side.word()).map(|t| (t, asked(t, faults))));
    if Side::BOTH.iter().all(|side| table.written(side.word()).is_none()) {
        let message = "this health query has neither `source` nor `target`";
        faults.push(Diagnosis::error(Code::MissingKey, &table.span, message).hint("add one of them, better both"));
    }
    let sound = |side: Option<(&Table, Option<MetricQuery>)>| match side {
        Some((_, query)) => query.map(Some),
        None => Some(None),
    };
    Some(HealthQuery {
        name: table.get("name")?,
        kind: kind?,
        unit: unit?.value,
        volume: table.get("volume"),
        queries: Sides { source: sound(queries.source)?, target: sound(queries.target)? },
    })
}

fn kind(table: &Table) -> Option<HealthKind> {
    Some(match table.get::<String>("kind")?.as_str() {
        "requests" => HealthKind::Requests,
        "errors" => HealthKind::Errors,
        "latency" => HealthKind::Latency,
        _ => HealthKind::Other,
    })
}

/// The unit that a query's table names.
pub(super) fn unit(table: &Table, key: &str) -> Option<At<Unit>> {
    let at: At<String> = table.at(key)?;
    let value = match at.value.as_str() {
        "ratio" => Unit::Ratio,
        "seconds" => Unit::Seconds,
        "per_second" => Unit::PerSecond,
        "bytes" => Unit::Bytes,
        _ => Unit::Count,
    };
    Some(At { value, span: at.span })
}

/// The overview reads requests as a rate, errors as a share and latency as a duration.
fn fitting(kind: HealthKind, unit: &At<Unit>, faults: &mut Faults) {
    let (fits, hint) = match kind {
        HealthKind::Requests => (
            matches!(unit.value, Unit::PerSecond | Unit::Count),
            "requests are counted \"per_second\"; a CloudWatch Sum over 60s becomes that with scale = 0.01667",
        ),
        HealthKind::Errors => {
            (unit.value == Unit::Ratio, "errors are a \"ratio\" from 0 to 1: failed requests divided by all requests")
        }
        HealthKind::Latency => (
            unit.value == Unit::Seconds,
            "latency is in \"seconds\"; milliseconds become that with scale = 0.001 or / 1000",
        ),
        HealthKind::Other => (true, ""),
    };
    if !fits {
        faults.push(
            Diagnosis::error(Code::Unit, &unit.span, "this unit does not go with what the query measures").hint(hint),
        );
    }
}

/// The query that `volume` names must exist, and must count requests.
fn volume(table: &Table, kind: Option<HealthKind>, root: &Table, faults: &mut Faults) {
    let Some(volume) = table.at::<String>("volume") else {
        if kind == Some(HealthKind::Errors) && table.written("volume").is_none() {
            let span = table.at::<String>("kind").map_or_else(|| table.span.clone(), |k| k.span);
            let message = "without a `volume` it is unknown whether there were requests at all";
            faults.push(Diagnosis::warning(Code::MissingKey, &span, message).hint(
                "add volume = \"NAME\" with the name of a query of kind \"requests\"; without traffic this query then has no value, instead of 0",
            ));
        }
        return;
    };
    let others: Vec<At<String>> = root.tables("health").filter_map(|t| t.at("name")).collect();
    match root.tables("health").find(|t| t.get::<String>("name").as_ref() == Some(&volume.value)) {
        None => {
            let names: Vec<&str> = others.iter().map(|n| n.value.as_str()).collect();
            let message = format!("`volume` names no health query: {}", quoted(&volume.value));
            let hint = hint::nearest(&volume.value, &names)
                .map_or_else(|| format!("there are {}", names.join(", ")), |near| format!("did you mean \"{near}\"?"));
            faults.push(Diagnosis::error(Code::Dangling, &volume.span, message).hint(hint));
        }
        Some(t) if self::kind(t).is_some_and(|k| k != HealthKind::Requests) => {
            let message = format!("`volume` names {}, which does not count requests", quoted(&volume.value));
            faults.push(
                Diagnosis::error(Code::Dangling, &volume.span, message).hint("name a query of kind \"requests\""),
            );
        }
        Some(_) => {}
    }
}

/// The query of one side.
fn asked(table: &Table, faults: &mut Faults) -> Option<MetricQuery> {
    if let Some(url) = table.get("prometheus") {
        return Some(MetricQuery::Prometheus { url, expr: table.get("expr")?, bearer: table.get("bearer") });
    }
    let period: At<Duration> = table.at("period")?;
    let seconds = period.value.as_secs();
    // GetMetricData: 1, 5, 10, 20, 30 or a multiple of 60 seconds.
    if period.value.subsec_nanos() != 0 || !(matches!(seconds, 1 | 5 | 10 | 20 | 30) || seconds.is_multiple_of(60)) {
        let message = format!("CloudWatch has no period of {:?}", period.value);
        faults.push(
            Diagnosis::error(Code::OutOfRange, &period.span, message).hint("1s, 5s, 10s, 20s, 30s or whole minutes"),
        );
    }
    let dimensions: IndexMap<String, At<String>> = table.get("dimensions").unwrap_or_default();
    Some(MetricQuery::CloudWatch {
        namespace: table.get("namespace")?,
        metric: table.get("metric")?,
        stat: table.get("stat")?,
        dimensions: dimensions.into_iter().map(|(name, at)| (name, at.value)).collect(),
        period: period.value,
        scale: table.get("scale")?,
    })
}
