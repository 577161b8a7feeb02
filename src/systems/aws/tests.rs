//! How servers are reached, and answers that AWS never gives: pages of proxies, empty answers, redirects, endless answers.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use plan::Secret;

/// A server that answers every request with this head, and with the body repeated for as long as the client reads.
async fn answering(head: &'static str, body: &'static [u8], endless: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 65536];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(body).await;
                while endless && stream.write_all(body).await.is_ok() {}
            });
        }
    });
    url
}

fn aws(url: &str) -> Aws {
    let mut access = Access { endpoints: [("all".to_owned(), url.to_owned())].into(), ..Access::default() };
    access.read.access_key = Some(Secret::Env("PATH".into()));
    access.read.secret_key = Some(Secret::Env("PATH".into()));
    Aws::reading(&access, "eu-west-1")
}

/// One call of every service, each with its own protocol: ec2, query, rest-xml, and CloudWatch's.
async fn asked(url: &str) -> Vec<Fault> {
    let aws = aws(url);
    let (ec2, elb, asg) = (aws.ec2(), aws.elasticloadbalancing(), aws.autoscaling());
    let (dns, watch) = (aws.route53(), aws.cloudwatch());
    let at = aws_sdk_cloudwatch::primitives::DateTime::from_secs(0);
    let zone = dns.list_resource_record_sets().hosted_zone_id("Z1");
    let data = watch.get_metric_data().start_time(at).end_time(at).set_metric_data_queries(Some(Vec::new()));
    vec![
        ec2.call("DescribeInstances", ec2.describe_instances().send()).await.map(|a| format!("{a:?}")),
        elb.call("DescribeTargetGroups", elb.describe_target_groups().send()).await.map(|a| format!("{a:?}")),
        asg.call("DescribeAutoScalingGroups", asg.describe_auto_scaling_groups().send())
            .await
            .map(|a| format!("{a:?}")),
        dns.call("ListResourceRecordSets", zone.send()).await.map(|a| format!("{a:?}")),
        watch.call("GetMetricData", data.send()).await.map(|a| format!("{a:?}")),
    ]
    .into_iter()
    .map(|answer| answer.expect_err("taken for an answer of AWS"))
    .collect()
}

#[tokio::test]
async fn what_is_not_of_aws_is_reported_as_such() {
    for (head, body, kind, words) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n",
            "<html><body>Sign in</body></html>",
            FaultKind::Malformed,
            "a page of text/html",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            "",
            FaultKind::Malformed,
            "nothing in it",
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: https://login.example/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            "",
            FaultKind::Malformed,
            "a redirect to https://login.example/",
        ),
        (
            "HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n",
            "<html>blocked by policy</html>",
            FaultKind::Malformed,
            "a page of text/html",
        ),
        (
            "HTTP/1.1 407 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            "",
            FaultKind::Malformed,
            "a proxy that wants a login",
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n",
            "<html>502</html>",
            FaultKind::Unreachable,
            "a page of text/html",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n",
            "{\"status\":\"success\"}",
            FaultKind::Malformed,
            "a page of application/json",
        ),
    ] {
        let url = answering(head, body.as_bytes(), false).await;
        for fault in asked(&url).await {
            assert_eq!(fault.kind, kind, "{head}: {fault}");
            assert!(
                fault.text.raw().contains(words) && fault.text.raw().contains("not an answer of AWS"),
                "{head}: {fault}"
            );
            assert!(!fault.text.raw().contains("grant"), "{fault}");
        }
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_cut_off() {
    static PART: [u8; 1 << 20] = [b' '; 1 << 20];
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nconnection: close\r\n\r\n";
    let aws = aws(&answering(head, &PART, true).await);
    let ec2 = aws.ec2();
    let fault = ec2.call("DescribeInstances", ec2.describe_instances().send()).await.expect_err("no answer");
    // If it were read until the time-out, the fault would be a time-out.
    assert_eq!(fault.kind, FaultKind::Malformed, "{fault}");
    assert!(fault.text.raw().contains("length limit exceeded"), "{fault}");
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_reported_by_the_answers_own_date() {
    let head = "HTTP/1.1 403 Forbidden\r\ndate: Thu, 01 Jan 2015 00:00:00 GMT\r\ncontent-type: text/xml\r\nconnection: close\r\n\r\n";
    let body = "<Response><Errors><Error><Code>AuthFailure</Code><Message>no</Message></Error></Errors></Response>";
    let aws = aws(&answering(head, body.as_bytes(), false).await);
    let ec2 = aws.ec2();
    let fault = ec2.call("DescribeInstances", ec2.describe_instances().send()).await.expect_err("refused");
    assert_eq!(fault.kind, FaultKind::Unauthenticated, "{fault}");
    assert!(fault.text.raw().contains("this machine's clock is") && fault.text.raw().contains("ahead of"), "{fault}");
}

#[test]
fn a_bundle_that_cannot_be_used_is_reported_by_name_and_place() {
    let fault = trust::bundle_of(std::path::Path::new("/nowhere/ca.pem")).expect_err("no such file");
    assert_eq!(fault.kind, FaultKind::NotFound);
    assert!(fault.text.raw().contains("AWS_CA_BUNDLE=/nowhere/ca.pem"), "{fault}");
    let file = tempfile::NamedTempFile::new().expect("a file");
    let of = |text: &str| {
        std::fs::write(file.path(), text).expect("written");
        trust::bundle_of(file.path()).expect_err("no bundle")
    };
    let broken = of("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert!(broken.kind == FaultKind::Malformed && broken.text.raw().contains("certificate 1: "), "{broken}");
    assert!(of("nothing").text.raw().contains("no certificate in it"));
}

fn at(endpoints: &[(&str, &str)]) -> Access {
    Access {
        endpoints: endpoints.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..Access::default()
    }
}

#[test]
fn a_service_is_reached_by_its_own_endpoint_then_by_all_then_by_region() {
    let own = Aws::reading(&at(&[("all", "http://a"), ("ec2", "http://b")]), "eu-west-1");
    assert_eq!(own.endpoint("ec2"), Some("http://b"));
    assert_eq!(own.endpoint("autoscaling"), Some("http://a"));
    let none = Aws::reading(&at(&[]), "eu-west-1");
    assert_eq!(none.endpoint("ec2"), None);
    assert_eq!(none.place("ec2"), "eu-west-1");
}

#[test]
fn the_sdk_never_retries_and_never_waits_for_ever() {
    let config = Aws::reading(&at(&[]), "eu-west-1").config("ec2");
    assert!(!config.retry_config().is_some_and(RetryConfig::has_retry), "retries hide throttling");
    assert_eq!(config.timeout_config().and_then(TimeoutConfig::operation_timeout), Some(REQUEST));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable_and_is_named() {
    // Port 9 of the loopback has no listener.
    let mut access = at(&[("all", "http://127.0.0.1:9")]);
    access.read.access_key = Some(plan::Secret::Env("PATH".into()));
    access.read.secret_key = Some(plan::Secret::Env("PATH".into()));
    let reader = Aws::reading(&access, "eu-west-1").ec2();
    let fault =
        reader.call("DescribeInstances", reader.describe_instances().send()).await.expect_err("nobody is there");
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    assert!(fault.text.raw().starts_with("ec2:DescribeInstances at http://127.0.0.1:9: "), "{fault}");
}

#[tokio::test]
async fn a_secret_that_is_missing_is_named_and_nothing_is_sent() {
    let mut access = at(&[("all", "http://127.0.0.1:9")]);
    access.read.access_key = Some(plan::Secret::Env("LANDFALL_TEST_NOT_SET".into()));
    access.read.secret_key = Some(plan::Secret::Env("LANDFALL_TEST_NOT_SET".into()));
    let reader = Aws::reading(&access, "eu-west-1").ec2();
    let fault = reader.call("DescribeInstances", reader.describe_instances().send()).await.expect_err("no secret");
    assert_eq!(fault.kind, FaultKind::Unauthenticated, "{fault}");
    assert!(fault.text.raw().contains("LANDFALL_TEST_NOT_SET"), "{fault}");
}
