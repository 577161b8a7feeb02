//! Named health queries.

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::Secret;
use base::{side::Sides, signal::Unit};

/// One named health query, sent to both sides.
#[derive(Debug, Clone, Serialize)]
pub struct HealthQuery {
    /// Name, unique in the plan.
    pub name: String,
    /// The quantity that it measures: the overview shows the first of each kind.
    pub kind: HealthKind,
    /// Unit of its value: one that a plan can name.
    pub unit: Unit,
    /// Name of the request-count query that gives the traffic: an error ratio without requests is no reading.
    pub volume: Option<String>,
    /// The query of each side; none: that side is not queried.
    pub queries: Sides<Option<MetricQuery>>,
}

/// The quantity that a health query measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthKind {
    /// Requests per second.
    Requests,
    /// Share of requests that fail, 0 to 1.
    Errors,
    /// A latency quantile.
    Latency,
    /// Anything else.
    Other,
}

/// How a health value is queried.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricQuery {
    /// Prometheus-compatible HTTP API, instant query.
    Prometheus {
        /// Base URL, without `/api/v1/query`.
        url: String,
        /// PromQL that returns one number.
        expr: String,
        /// Bearer token.
        bearer: Option<Secret>,
    },
    /// CloudWatch GetMetricData, with the site's access.
    CloudWatch {
        /// Namespace.
        namespace: String,
        /// Metric name.
        metric: String,
        /// Statistic (`Sum`, `Average`, `p99` …).
        stat: String,
        /// Dimensions.
        dimensions: IndexMap<String, String>,
        /// Period.
        period: Duration,
        /// The factor that converts the value to the query's unit.
        scale: f64,
    },
}
