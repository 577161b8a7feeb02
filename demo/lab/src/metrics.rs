//! A small server of the Prometheus HTTP API: enough of `/api/v1/query` for health queries with one number for each
//! side; and of CloudWatch (see [`cloudwatch`]), with the same traffic.

use std::net::Ipv4Addr;

use axum::{
    Form, Json, Router,
    extract::Query,
    http::StatusCode,
    routing::{get, post},
};
use landfall::base::side::Side;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    aws::cloudwatch,
    error::{Doing, Result},
};

/// The traffic of a side's users.
#[derive(Debug, Clone, Copy)]
pub struct Traffic {
    /// Requests a second.
    pub requests: f64,
    /// Share of requests that fail, 0 to 1.
    pub errors: f64,
    /// Median latency, seconds.
    pub p50: f64,
    /// 99th percentile, seconds.
    pub p99: f64,
}

/// A side's traffic at a time (seconds since 1970): a slow wave, the same in CloudWatch and here.
#[must_use]
pub fn traffic(side: Side, at: i64) -> Traffic {
    // A period of five minutes, so that a demonstration shows movement; a precision of seconds is sufficient.
    #[expect(clippy::cast_precision_loss, reason = "a second within five minutes")]
    let wave = (at.rem_euclid(300) as f64 / 300.0 * std::f64::consts::TAU).sin();
    let base = match side {
        Side::Source => Traffic { requests: 1840.0, errors: 0.0012, p50: 0.021, p99: 0.180 },
        Side::Target => Traffic { requests: 190.0, errors: 0.0015, p50: 0.024, p99: 0.210 },
    };
    Traffic {
        requests: base.requests * (1.0 + 0.08 * wave),
        errors: base.errors * (1.0 - 0.15 * wave),
        p50: base.p50 * (1.0 + 0.05 * wave),
        p99: base.p99 * (1.0 + 0.10 * wave),
    }
}

/// Serves the API on `port` until the process ends.
///
/// # Errors
/// If the port cannot be bound.
pub async fn serve(port: u16) -> Result<()> {
    let doing = || format!("serving metrics on port {port}");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.doing(doing)?;
    let app = Router::new()
        .route("/api/v1/query", get(by_query).post(by_form))
        .route(cloudwatch::PATH, post(cloudwatch::answer));
    axum::serve(listener, app).await.doing(doing)
}

#[derive(Debug, Deserialize)]
struct Question {
    query: String,
}

async fn by_query(Query(question): Query<Question>) -> (StatusCode, Json<Value>) {
    answer(&question.query, jiff::Timestamp::now().as_second())
}

async fn by_form(Form(question): Form<Question>) -> (StatusCode, Json<Value>) {
    answer(&question.query, jiff::Timestamp::now().as_second())
}

/// The instant vector for the expressions of the lab's plan. An unknown series is an empty vector, as with Prometheus.
fn answer(expr: &str, now: i64) -> (StatusCode, Json<Value>) {
    let side = Side::BOTH.into_iter().find(|side| expr.contains(&format!("site=\"{side}\"")));
    if expr.matches('(').count() != expr.matches(')').count() {
        let error = json!({ "status": "error", "errorType": "bad_data", "error": "unclosed left parenthesis" });
        return (StatusCode::BAD_REQUEST, Json(error));
    }
    let value = side.map(|side| traffic(side, now)).and_then(|traffic| {
        [
            ("http_requests_total", traffic.requests),
            ("http_error_ratio", traffic.errors),
            ("histogram_quantile(0.5,", traffic.p50),
            ("histogram_quantile(0.99,", traffic.p99),
        ]
        .into_iter()
        .find_map(|(series, value)| expr.contains(series).then_some(value))
    });
    let result: Vec<_> =
        value.map(|value| json!({ "metric": {}, "value": [now, value.to_string()] })).into_iter().collect();
    (StatusCode::OK, Json(json!({ "status": "success", "data": { "resultType": "vector", "result": result } })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(expr: &str) -> Value {
        answer(expr, 0).1["data"]["result"].clone()
    }

    #[test]
    fn a_series_of_a_side_is_one_number_and_an_unknown_one_is_empty() {
        assert_eq!(result("http_error_ratio{site=\"target\"}")[0]["value"][1], "0.0015");
        assert_eq!(result("http_error_ratio{site=\"elsewhere\"}"), json!([]));
        assert_eq!(result("queue_age{site=\"source\"}"), json!([]));
        assert_eq!(answer("sum(", 0).0, StatusCode::BAD_REQUEST);
    }
}
