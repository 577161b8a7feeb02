//! What is asked and what is answered: plain data.

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
        /// Which side it is asked for.
        side: Side,
        /// Base URL.
        url: Arc<str>,
        /// PromQL.
        expr: Arc<str>,
        /// Where the bearer token is.
        bearer: Option<Secret>,
    },
    /// All CloudWatch queries of one side together: GetMetricData takes 500 in one request.
    CloudWatch {
        /// Whose site's access is used.
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
    /// What the value is multiplied with.
    pub scale: f64,
}

/// A value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    /// In the query's unit.
    pub value: f64,
    /// The period that it is of; none where it is of the moment of asking.
    pub of: Option<Period>,
}

/// A period that a value is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// When it ended.
    pub end: jiff::Timestamp,
    /// How long it is.
    pub length: Duration,
}

/// An answer.
#[derive(Debug)]
pub enum Observation {
    /// To [`Query::Prometheus`].
    One(Value),
    /// To [`Query::CloudWatch`], and to [`Query::Prometheus`] where nothing is measured: by index of the query, a value or why there is none.
    Many(Vec<(usize, Result<Value, Fault>)>),
}
