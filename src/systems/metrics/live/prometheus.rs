//! Instant queries over the HTTP API of Prometheus and compatible servers.
//!
//! Source of the format: Prometheus documentation, "HTTP API", "Instant queries" and "Expression query result formats".

use std::time::Duration;

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::Value as Json;

use super::super::{Value, facts::Period};
use base::observed::{Fault, FaultKind};
use plan::Secret;

/// The longest answer. An endless answer must not use up the memory of the caller.
const LONGEST: usize = 8 << 20;

/// Sends one query.
pub(super) async fn query(
    http: &reqwest::Client,
    url: &str,
    expr: &str,
    bearer: Option<&Secret>,
) -> Result<Value, Fault> {
    let fault = |kind, words: &str| Fault::new(kind, format!("query `{expr}` at {url}: {words}"));
    let mut request = http.get(format!("{}/api/v1/query", url.trim_end_matches('/'))).query(&[("query", expr)]);
    if let Some(secret) = bearer {
        let token = secret.read().map_err(|e| fault(FaultKind::Refused, &e.to_string()))?;
        request = request.bearer_auth(token.expose_secret());
    }
    let mut answer = request.send().await.map_err(|e| fault(kind_of(&e), &words(e)))?;
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|e| fault(kind_of(&e), &words(e)))? {
        if body.len() + part.len() > LONGEST {
            let text = format!("an answer of more than {} MB: one number was asked for", LONGEST >> 20);
            return Err(fault(FaultKind::Malformed, &text));
        }
        body.extend_from_slice(&part);
    }
    read(status, &body).map_err(|(kind, words)| fault(kind, &words))
}

fn kind_of(error: &reqwest::Error) -> FaultKind {
    if error.is_timeout() { FaultKind::TimedOut } else { FaultKind::Unreachable }
}

/// All causes, without the URL, which contains the whole query.
pub(super) fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The one number in an answer, with the time that the server gives.
fn read(status: u16, body: &[u8]) -> Result<Value, (FaultKind, String)> {
    let json: Option<Json> = serde_json::from_slice(body).ok();
    if status != 200 {
        let detail = json.as_ref().and_then(|j| j["error"].as_str()).unwrap_or("no reason given");
        let kind = match status {
            401 | 403 => FaultKind::Refused,
            404 => FaultKind::NotFound,
            429 => FaultKind::Throttled,
            408 | 504 => FaultKind::TimedOut,
            500.. => FaultKind::Unreachable,
            // 400 and 422: the expression is wrong; a redirect: another server than the plan's.
            _ => FaultKind::Unsupported,
        };
        return Err((kind, format!("HTTP {status}: {detail}")));
    }
    let malformed = |words: &str| (FaultKind::Malformed, words.to_owned());
    let json = json.ok_or_else(|| malformed("the answer is not JSON: is this a Prometheus-compatible server?"))?;
    if json["status"] != "success" {
        return Err(malformed(json["error"].as_str().unwrap_or("the answer is not of an instant query")));
    }
    // Thanos, Mimir and others answer "success" for the part that they could reach, and Prometheus for an expression that it doubts.
    // Source: Prometheus documentation, "HTTP API", "Format overview": `warnings` beside data. Up to 2.53 these include notes on style,
    // which do not affect the value; later versions use `infos` for those (prometheus#14327).
    let warnings = json["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_note = |warning: &Json| warning.as_str().is_some_and(|text| text.starts_with("PromQL info:"));
    let warnings: Vec<&Json> = warnings.iter().filter(|warning| !is_note(warning)).collect();
    if let Some(first) = warnings.first() {
        let (first, more) = (first.as_str().unwrap_or("no words"), warnings.len() - 1);
        let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
        return Err((FaultKind::Malformed, format!("the result may be partial: the server warns: {first}{more}")));
    }
    let (data, result) = (&json["data"], &json["data"]["result"]);
    let pair = match data["resultType"].as_str() {
        Some("scalar") => result,
        Some("vector") => match result.as_array().map(Vec::as_slice) {
            Some([]) => return Err((FaultKind::Empty, "no series: nothing is measured".to_owned())),
            Some([one]) => &one["value"],
            Some(many) => {
                let names: Vec<_> = many.iter().take(3).map(|s| s["metric"].to_string()).collect();
                let text = format!("{} series instead of one, {} …: aggregate them", many.len(), names.join(", "));
                return Err((FaultKind::Malformed, text));
            }
            None => return Err(malformed("a vector without a list")),
        },
        other => return Err(malformed(&format!("a {} instead of one number", other.unwrap_or("thing without type")))),
    };
    let value = pair[1].as_str().and_then(|v| v.parse::<f64>().ok());
    let of = pair[0].as_f64().and_then(|at| Timestamp::from_second(at.floor() as i64).ok());
    let of = of.ok_or_else(|| malformed(&format!("{} is not a time", pair[0])))?;
    match value {
        Some(value) if value.is_nan() => Err((FaultKind::Empty, "NaN: a ratio of zero requests".to_owned())),
        // An instant value: a cached answer, or one of a server whose clock has stopped, has the age of its time stamp.
        Some(value) if value.is_finite() => Ok(Value { value, of: Some(Period { end: of, length: Duration::ZERO }) }),
        _ => Err(malformed(&format!("{} is not a number", pair[1]))),
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use base::observed::FaultKind::{self, Empty, Malformed, NotFound, Refused, Throttled, Unreachable, Unsupported};

    fn vector(result: &str) -> Result<f64, (FaultKind, String)> {
        let body = format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{result}]}}}}"#);
        read(200, body.as_bytes()).map(|v| v.value)
    }

    fn kind<T: std::fmt::Debug>(read: Result<T, (FaultKind, String)>) -> FaultKind {
        read.expect_err("a fault").0
    }

    #[test]
    fn one_number_is_a_value() {
        assert_eq!(vector(r#"{"metric":{},"value":[1700000000.1,"12.5"]}"#), Ok(12.5));
        assert_eq!(vector(r#"{"metric":{},"value":[1700000000,"0"]}"#), Ok(0.0), "a measured 0 is a value");
        let scalar = br#"{"status":"success","data":{"resultType":"scalar","result":[1,"1e3"]}}"#;
        assert_eq!(read(200, scalar).map(|v| v.value), Ok(1000.0));
    }

    #[test]
    fn a_value_is_as_old_as_the_server_says() {
        let old = read(200, br#"{"status":"success","data":{"resultType":"scalar","result":[1700000000.7,"1"]}}"#);
        let of = old.expect("a value").of.expect("a time");
        assert_eq!((of.end.as_second(), of.length), (1_700_000_000, std::time::Duration::ZERO));
        let none = read(200, br#"{"status":"success","data":{"resultType":"scalar","result":["now","1"]}}"#);
        assert_eq!(kind(none), Malformed);
    }

    #[test]
    fn a_part_is_no_value() {
        let part = read(
            200,
            br#"{"status":"success","warnings":["store b: timeout","x"],"data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0"]}]}}"#,
        );
        let (kind, words) = part.expect_err("a part");
        assert_eq!(kind, Malformed);
        assert!(words.contains("store b: timeout (and 1 more)"), "{words}");
    }

    /// The answer of Prometheus 2.53 to `sum(rate(latency_bucket[1m]))` and the like.
    #[test]
    fn a_note_on_style_takes_nothing_away_and_hides_no_warning() {
        let note = r#""PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"requests\" (1:10)""#;
        let described = |warnings: &str| {
            let data = r#"{"resultType":"vector","result":[{"metric":{},"value":[1,"0.5"]}]}"#;
            read(200, format!(r#"{{"status":"success","warnings":[{warnings}],"data":{data}}}"#).as_bytes())
                .map(|v| v.value)
        };
        assert_eq!(described(note), Ok(0.5));
        let (of, words) = described(&format!(r#"{note},"store b: timeout""#)).expect_err("a part");
        assert_eq!(of, Malformed);
        assert!(words.ends_with("the server warns: store b: timeout"), "{words}");
        let doubted = r#""PromQL warning: bucket label \"le\" is missing or has a malformed value""#;
        assert_eq!(kind(described(doubted)), Malformed);
    }

    #[test]
    fn nothing_is_empty_and_never_zero() {
        assert_eq!(kind(vector("")), Empty);
        assert_eq!(kind(vector(r#"{"metric":{},"value":[1,"NaN"]}"#)), Empty);
    }

    #[test]
    fn what_is_not_one_number_is_malformed() {
        let two = r#"{"metric":{"zone":"a"},"value":[1,"1"]},{"metric":{"zone":"b"},"value":[1,"2"]}"#;
        let (kind_of, words) = vector(two).expect_err("two series");
        assert_eq!(kind_of, Malformed);
        assert!(words.contains(r#"2 series instead of one, {"zone":"a"}"#), "{words}");
        assert_eq!(kind(vector(r#"{"metric":{},"value":[1,"+Inf"]}"#)), Malformed);
        assert_eq!(kind(vector(r#"{"metric":{},"value":[1,2]}"#)), Malformed);
        assert_eq!(kind(read(200, br#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#)), Malformed);
        assert_eq!(kind(read(200, b"<html>")), Malformed);
    }

    #[test]
    fn a_server_that_will_not_is_distinguished_from_one_that_cannot() {
        for (status, expected) in [
            (401, Refused),
            (403, Refused),
            (404, NotFound),
            (429, Throttled),
            (503, Unreachable),
            (400, Unsupported),
            (302, Unsupported),
        ] {
            assert_eq!(kind(read(status, b"")), expected, "{status}");
        }
        let detail = read(400, br#"{"status":"error","errorType":"bad_data","error":"parse error: x"}"#);
        assert!(detail.expect_err("fault").1.contains("parse error: x"));
    }
}
