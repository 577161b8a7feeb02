//! A CloudWatch that answers GetMetricData in AWS's protocol: Smithy's RPC v2 over CBOR, which moto does not support.
//!
//! It has the metrics of one load balancer for each region, from [`traffic`], and knows the plan's two access keys:
//! any other is refused as by AWS.

use std::time::Duration;

use aws_smithy_cbor::{Decoder, Encoder, data::Type, decode::DeserializeError};
use aws_smithy_types::DateTime;
use axum::{
    body::Bytes,
    http::{HeaderMap, StatusCode, header::HeaderName},
    response::IntoResponse,
};
use landfall::base::side::Side;
use serde_json::{Map, Value};

use crate::{estate::REGIONS, metrics::traffic};

/// Path of the operation, by the protocol's rule `/service/{service}/operation/{operation}`.
pub const PATH: &str = "/service/GraniteServiceVersion20100801/operation/GetMetricData";

/// The period that queries should use.
pub const PERIOD: Duration = Duration::from_secs(30);

/// Value of the dimension `LoadBalancer`.
pub const BALANCER: &str = "app/edge/lab";

/// Answers one request.
pub async fn answer(headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let (status, body) = match respond(&headers, &body) {
        Ok(body) => (StatusCode::OK, body),
        Err((status, kind, words)) => (status, error(kind, &words)),
    };
    let protocol = (HeaderName::from_static("smithy-protocol"), "rpc-v2-cbor");
    (status, [protocol, (axum::http::header::CONTENT_TYPE, "application/cbor")], body)
}

type Refusal = (StatusCode, &'static str, String);

fn respond(headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let malformed = |why: &dyn std::fmt::Display| {
        (StatusCode::BAD_REQUEST, "InvalidParameterValueException", format!("not to be read: {why}"))
    };
    // `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let scope: Vec<_> = authorization
        .split("Credential=")
        .nth(1)
        .unwrap_or_default()
        .split(',')
        .next()
        .unwrap_or_default()
        .split('/')
        .collect();
    let ["watch" | "operate", _, region, ..] = *scope else {
        let words = "The security token included in the request is invalid.";
        return Err((StatusCode::FORBIDDEN, "InvalidClientTokenId", words.to_owned()));
    };
    let side = Side::BOTH.into_iter().find(|side| *REGIONS.get(*side) == region);
    let request = value(&mut Decoder::new(body)).map_err(|why| malformed(&why))?;
    let time = |name: &str| request[name].as_f64().ok_or_else(|| malformed(&format!("no {name}")));
    let (start, end) = (time("StartTime")?, time("EndTime")?);
    let queries = request["MetricDataQueries"].as_array().ok_or_else(|| malformed(&"no MetricDataQueries"))?;

    let mut out = Encoder::new(Vec::new());
    out.begin_map().str("MetricDataResults").array(queries.len());
    for query in queries {
        let points = side.map_or_else(Vec::new, |side| points(side, &query["MetricStat"], start, end));
        out.begin_map().str("Id").str(query["Id"].as_str().unwrap_or_default());
        out.str("StatusCode").str("Complete");
        out.str("Timestamps").array(points.len());
        for (at, _) in &points {
            out.timestamp(&DateTime::from_secs(*at));
        }
        out.str("Values").array(points.len());
        for (_, value) in &points {
            out.double(*value);
        }
        out.end();
    }
    out.end();
    Ok(out.into_writer())
}

fn error(kind: &str, words: &str) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    let kind = format!("com.amazonaws.cloudwatch#{kind}");
    out.begin_map().str("__type").str(&kind).str("message").str(words).end();
    out.into_writer()
}

/// Whole periods within [start, end), newest first. As in CloudWatch, a missing metric has no values and is not an
/// error.
fn points(side: Side, stat: &Value, start: f64, end: f64) -> Vec<(i64, f64)> {
    let metric = &stat["Metric"];
    let ours = metric["Namespace"] == "AWS/ApplicationELB"
        && metric["Dimensions"] == serde_json::json!([{ "Name": "LoadBalancer", "Value": BALANCER }]);
    let period = stat["Period"].as_i64().filter(|period| ours && *period > 0);
    let Some(period) = period else { return Vec::new() };
    let seconds = f64::from(u32::try_from(period).unwrap_or(u32::MAX));
    let value = |at| {
        let traffic = traffic(side, at);
        match (metric["MetricName"].as_str()?, stat["Stat"].as_str()?) {
            ("RequestCount", "Sum") => Some(traffic.requests * seconds),
            ("HTTPCode_Target_5XX_Count", "Sum") => Some(traffic.requests * traffic.errors * seconds),
            ("TargetResponseTime", "p99") => Some(traffic.p99),
            _ => None,
        }
    };
    #[expect(clippy::cast_possible_truncation, reason = "seconds of this century")]
    let (start, end) = (start as i64, end as i64);
    let first = start.div_euclid(period);
    // CloudWatch's maximum number of points in one answer.
    let count = (end.div_euclid(period) - first).clamp(0, 500);
    (0..count).rev().filter_map(|n| Some(((first + n) * period, value((first + n) * period)?))).collect()
}

/// Any CBOR value as JSON; times as seconds. Sufficient for requests of this API.
fn value(from: &mut Decoder<'_>) -> Result<Value, DeserializeError> {
    Ok(match from.datatype()? {
        Type::String | Type::StringIndef => from.string()?.into(),
        Type::Bool => from.boolean()?.into(),
        Type::Tag => from.timestamp()?.as_secs_f64().into(),
        Type::F16 | Type::F32 | Type::F64 => from.double()?.into(),
        Type::Array | Type::ArrayIndef => {
            let (mut left, mut out) = (from.list()?, Vec::new());
            while more(from, &mut left)? {
                out.push(value(from)?);
            }
            out.into()
        }
        Type::Map | Type::MapIndef => {
            let (mut left, mut out) = (from.map()?, Map::new());
            while more(from, &mut left)? {
                out.insert(from.string()?, value(from)?);
            }
            out.into()
        }
        Type::Null | Type::Undefined => {
            from.skip()?;
            Value::Null
        }
        _ => from.long()?.into(),
    })
}

/// Whether a list or a map has more items: by its length, or until its break.
fn more(from: &mut Decoder<'_>, left: &mut Option<u64>) -> Result<bool, DeserializeError> {
    match left {
        Some(0) => Ok(false),
        Some(n) => {
            *n -= 1;
            Ok(true)
        }
        None if matches!(from.datatype()?, Type::Break) => from.skip().map(|()| false),
        None => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(metric: &str) -> Vec<u8> {
        let mut out = Encoder::new(Vec::new());
        out.begin_map().str("StartTime").timestamp(&DateTime::from_secs(600));
        out.str("EndTime").timestamp(&DateTime::from_secs(660)).str("MetricDataQueries").array(1);
        out.begin_map()
            .str("Id")
            .str("q0")
            .str("MetricStat")
            .begin_map()
            .str("Stat")
            .str("Sum")
            .str("Period")
            .integer(30);
        out.str("Metric").begin_map().str("Namespace").str("AWS/ApplicationELB").str("MetricName").str(metric);
        out.str("Dimensions").array(1).begin_map().str("Name").str("LoadBalancer").str("Value").str(BALANCER).end();
        out.end().end().end().end();
        out.into_writer()
    }

    fn answer(key: &str, metric: &str) -> Result<Value, Refusal> {
        let mut headers = HeaderMap::new();
        let scope =
            format!("AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/monitoring/aws4_request, Signature=0");
        headers.insert("authorization", scope.parse().unwrap());
        respond(&headers, &request(metric)).map(|body| value(&mut Decoder::new(&body)).unwrap())
    }

    #[test]
    fn a_known_metric_has_one_value_a_whole_period_and_an_unknown_one_has_none() {
        let known = answer("watch", "RequestCount").unwrap();
        let result = &known["MetricDataResults"][0];
        assert_eq!(result["Timestamps"], serde_json::json!([630.0, 600.0]));
        assert_eq!(result["Values"][1], traffic(Side::Source, 600).requests * 30.0);
        let unknown = answer("watch", "Elsewhere").unwrap();
        assert_eq!(unknown["MetricDataResults"][0]["Values"], serde_json::json!([]));
    }

    #[test]
    fn another_access_key_is_refused() {
        let (status, kind, _) = answer("unknown", "RequestCount").unwrap_err();
        assert_eq!((status, kind), (StatusCode::FORBIDDEN, "InvalidClientTokenId"));
    }
}
