//! CloudWatch: all queries of a side in one request per cycle.

use std::{collections::HashMap, time::Duration};

use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode},
};
use jiff::Timestamp;

use super::super::{CloudWatchQuery, Value, facts::Period};
use crate::aws::{Reader, token};
use base::observed::{Fault, FaultKind};

type CloudWatch = Reader<aws_sdk_cloudwatch::Client>;
type Answer = Result<Value, Fault>;

const CALL: &str = "GetMetricData";
/// The most queries in one request.
const BATCH: usize = 500;
/// The time range of a request, in periods: metrics are delayed, and values older than a few periods are stale.
const PERIODS: i64 = 6;

/// One value for each query: that of the newest period that has ended.
pub(super) async fn read(
    cloudwatch: &CloudWatch,
    queries: &[CloudWatchQuery],
    now: Timestamp,
) -> Result<Vec<(usize, Answer)>, Fault> {
    let mut out = Vec::with_capacity(queries.len());
    for chunk in queries.chunks(BATCH) {
        let results = pages(cloudwatch, chunk, now).await?;
        for (i, query) in chunk.iter().enumerate() {
            let answer = newest(query, &results, &id(i), now).map_err(|(kind, words)| {
                cloudwatch.fault(CALL, kind, &format!("{} {}: {words}", query.namespace, query.metric))
            });
            out.push((query.query, answer));
        }
    }
    Ok(out)
}

/// The data of all pages for each query id.
#[derive(Debug, Default)]
struct Series {
    points: Vec<(i64, f64)>,
    status: Option<StatusCode>,
    messages: String,
}

async fn pages(
    cloudwatch: &CloudWatch,
    queries: &[CloudWatchQuery],
    now: Timestamp,
) -> Result<HashMap<String, Series>, Fault> {
    let longest = queries.iter().map(seconds).max().unwrap_or(60);
    // Ends on a whole minute, as CloudWatch's documentation of StartTime advises: another alignment is slower and loses values.
    let end = now.as_second().div_euclid(60) * 60;
    let start = end.div_euclid(longest) * longest - PERIODS * longest;
    let mut built = Vec::with_capacity(queries.len());
    for (i, query) in queries.iter().enumerate() {
        built.push(metric_query(&id(i), query).map_err(|w| cloudwatch.fault(CALL, FaultKind::Unsupported, &w))?);
    }
    let request = cloudwatch
        .get_metric_data()
        .set_metric_data_queries(Some(built))
        .start_time(DateTime::from_secs(start))
        .end_time(DateTime::from_secs(end))
        .scan_by(ScanBy::TimestampDescending);
    let mut out = HashMap::<String, Series>::new();
    let send = |at| request.clone().set_next_token(at).send();
    cloudwatch
        .pages(CALL, send, |page| {
            page.metric_data_results().iter().for_each(|result| collect(&mut out, result));
            Ok(token(page.next_token()))
        })
        .await?;
    Ok(out)
}

fn collect(out: &mut HashMap<String, Series>, result: &MetricDataResult) {
    let series = out.entry(result.id().unwrap_or_default().to_owned()).or_default();
    let times = result.timestamps().iter().map(DateTime::secs);
    series.points.extend(times.zip(result.values().iter().copied()));
    // The last page's status counts: PartialData before it only means that another page follows.
    series.status = result.status_code().cloned().or_else(|| series.status.take());
    for message in result.messages() {
        series.messages.push_str(&format!(" {}", message.value().unwrap_or_default()));
    }
}

/// A query's value: the newest period that has ended. The sum of a current period is incomplete.
fn newest(
    query: &CloudWatchQuery,
    results: &HashMap<String, Series>,
    id: &str,
    now: Timestamp,
) -> Result<Value, (FaultKind, String)> {
    let empty = || (FaultKind::Empty, "no data: nothing is measured".to_owned());
    let Some(series) = results.get(id) else { return Err(empty()) };
    let words = |text: &str| format!("{text}{}", series.messages);
    match &series.status {
        Some(StatusCode::Complete) | None => {}
        Some(StatusCode::PartialData) => return Err((FaultKind::Malformed, words("PartialData: not all of it came"))),
        Some(StatusCode::Forbidden) => return Err((FaultKind::Refused, words("Forbidden"))),
        Some(StatusCode::InternalError) => return Err((FaultKind::Unreachable, words("InternalError"))),
        Some(other) => return Err((FaultKind::Malformed, words(&format!("status {other}")))),
    }
    let length = seconds(query);
    let over = series.points.iter().filter(|(start, _)| start + length <= now.as_second());
    let &(start, value) = over.max_by_key(|p| p.0).ok_or_else(empty)?;
    let end = Timestamp::from_second(start + length).map_err(|e| (FaultKind::Malformed, e.to_string()))?;
    Ok(Value { value: value * query.scale, of: Some(Period { end, length: query.period }) })
}

/// A period in whole seconds, never 0.
fn seconds(query: &CloudWatchQuery) -> i64 {
    i64::try_from(query.period.max(Duration::from_secs(1)).as_secs()).unwrap_or(i64::MAX)
}

/// Ids begin with a lower-case letter.
fn id(i: usize) -> String {
    format!("q{i}")
}

fn metric_query(id: &str, query: &CloudWatchQuery) -> Result<MetricDataQuery, String> {
    let dimensions = query.dimensions.iter().map(|(k, v)| Dimension::builder().name(k).value(v).build()).collect();
    let metric = Metric::builder()
        .namespace(&query.namespace)
        .metric_name(&query.metric)
        .set_dimensions(Some(dimensions))
        .build();
    let period = i32::try_from(seconds(query)).map_err(|_| format!("a period of {} s", seconds(query)))?;
    let stat = MetricStat::builder().metric(metric).period(period).stat(&query.stat).build();
    Ok(MetricDataQuery::builder().id(id).metric_stat(stat).return_data(true).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query() -> CloudWatchQuery {
        CloudWatchQuery {
            query: 0,
            namespace: "AWS/ApplicationELB".to_owned(),
            metric: "RequestCount".to_owned(),
            stat: "Sum".to_owned(),
            dimensions: indexmap::IndexMap::new(),
            period: Duration::from_secs(60),
            scale: 0.5,
        }
    }

    fn answer(points: &[(i64, f64)], status: StatusCode) -> Result<Value, (FaultKind, String)> {
        let mut results = HashMap::new();
        let result = MetricDataResult::builder()
            .id("q0")
            .set_timestamps(Some(points.iter().map(|p| DateTime::from_secs(p.0)).collect()))
            .set_values(Some(points.iter().map(|p| p.1).collect()))
            .status_code(status)
            .build();
        collect(&mut results, &result);
        newest(&query(), &results, "q0", Timestamp::from_second(1_030).expect("time"))
    }

    #[test]
    fn the_newest_period_that_is_over_counts_and_the_one_under_way_does_not() {
        let value = answer(&[(840, 2.0), (1_020, 900.0), (960, 8.0), (900, 4.0)], StatusCode::Complete).expect("value");
        assert_eq!(value.value, 4.0, "960 to 1020 is over at 1030: 8.0 in the query's unit");
        assert_eq!(value.of.map(|p| p.end.as_second()), Some(1_020));
    }

    #[test]
    fn no_data_is_empty_and_parts_of_it_are_no_value() {
        assert_eq!(answer(&[], StatusCode::Complete).expect_err("none").0, FaultKind::Empty);
        assert_eq!(answer(&[(1_020, 1.0)], StatusCode::Complete).expect_err("under way").0, FaultKind::Empty);
        assert_eq!(answer(&[(900, 1.0)], StatusCode::PartialData).expect_err("part").0, FaultKind::Malformed);
        assert_eq!(answer(&[(900, 1.0)], StatusCode::Forbidden).expect_err("no").0, FaultKind::Refused);
        let other = newest(&query(), &HashMap::new(), "q0", Timestamp::UNIX_EPOCH);
        assert_eq!(other.expect_err("not answered").0, FaultKind::Empty);
    }

    #[test]
    fn the_last_page_says_whether_all_has_come() {
        let mut results = HashMap::new();
        for (at, status) in [(900, StatusCode::PartialData), (840, StatusCode::Complete)] {
            let part = MetricDataResult::builder().id("q0").timestamps(DateTime::from_secs(at)).values(1.0);
            collect(&mut results, &part.status_code(status).build());
        }
        assert!(newest(&query(), &results, "q0", Timestamp::from_second(1_030).expect("time")).is_ok());
    }
}
