//! Queries and observations: plain data.

use std::{sync::Arc, time::Duration};

use indexmap::IndexMap;

use base::{observed::Fault, side::Side};
use plan::Secret;

/// One endpoint × one question.
#[derive(Debug, Clone)]
pub enum Query {
    /// An instant query to a Prometheus-compatible server.
    Prometheus {
        /// Index of the query in the plan.
        query: usize,
        /// The side that it is for.
        side: Side,
        /// Base URL.
        url: Arc<str>,
        /// PromQL.
        expr: Arc<str>,
        /// The reference of the bearer token.
        bearer: Option<Secret>,
    },
    /// All CloudWatch queries of one side together: GetMetricData accepts 500 in one request.
    CloudWatch {
        /// The side whose site's access is used.
        side: Side,
        /// The queries.
        queries: Arc<[CloudWatchQuery]>,
    },
}

/// One metric of CloudWatch.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudWatchQuery {
    /// Index of the query in the plan.
    pub query: usize,
    /// Namespace.
    pub namespace: String,
    /// Metric name.
    pub metric: String,
    /// Statistic.
    pub stat: String,
    /// Dimensions.
    pub dimensions: IndexMap<String, String>,
    /// Period.
    pub period: Duration,
    /// The factor on the value.
    pub scale: f64,
}

/// A value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    /// In the query's unit.
    pub value: f64,
    /// The period of the value; none where it is an instant value of the time of the query.
    pub of: Option<Period>,
}

/// The period of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// When it ended.
    pub end: jiff::Timestamp,
    /// Its length.
    pub length: Duration,
}

/// The observation of a query.
#[derive(Debug)]
pub enum Observation {
    /// To [`Query::Prometheus`].
    One(Value),
    /// To [`Query::CloudWatch`], and to [`Query::Prometheus`] where nothing is measured: by index of the query, a value or the fault.
    Many(Vec<(usize, Result<Value, Fault>)>),
}
