//! Feeds CloudWatch with what a load balancer would report, so that health queries have something to read.

use std::time::Duration;

use landfall::plan::Side;

use super::{Endpoint, Form, form};
use crate::{error::Result, metrics};

/// How often a value is put, and the period that queries should use at least.
pub const PERIOD: Duration = Duration::from_secs(30);

/// Value of the dimension `LoadBalancer`.
pub const BALANCER: &str = "app/edge/lab";

/// Puts one value of each metric, as of `at`.
///
/// # Errors
/// CloudWatch refuses it or is out of reach.
pub async fn put(endpoint: &Endpoint, side: Side, at: jiff::Timestamp) -> Result<()> {
    let period = PERIOD.as_secs_f64();
    let traffic = metrics::traffic(side, at.as_second());
    let values = [
        ("RequestCount", "Count", traffic.requests * period),
        ("HTTPCode_Target_5XX_Count", "Count", traffic.requests * traffic.errors * period),
        ("TargetResponseTime", "Seconds", traffic.p99),
    ];
    let mut request: Form = form([("Namespace", "AWS/ApplicationELB".to_owned())]);
    for (n, (metric, unit, value)) in values.into_iter().enumerate() {
        let field = |name: &str, value: String| (format!("MetricData.member.{}.{name}", n + 1), value);
        request.extend([
            field("MetricName", metric.to_owned()),
            field("Unit", unit.to_owned()),
            field("Value", format!("{value:.6}")),
            field("Timestamp", at.to_string()),
            field("Dimensions.member.1.Name", "LoadBalancer".to_owned()),
            field("Dimensions.member.1.Value", BALANCER.to_owned()),
        ]);
    }
    endpoint.call("monitoring", "2010-08-01", "PutMetricData", request).await.map(drop)
}

/// Puts the last ten minutes, so that a query finds values at once.
///
/// # Errors
/// As [`put`].
pub async fn fill(endpoint: &Endpoint, side: Side, now: jiff::Timestamp) -> Result<()> {
    for ago in (1..=20_u32).rev() {
        put(endpoint, side, now - PERIOD * ago).await?;
    }
    Ok(())
}
