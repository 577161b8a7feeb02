//! Without certificate authorities nothing panics and nothing waits for ever: queries over HTTPS report why they fail,
//! queries over plain HTTP work.
#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "shared/patience.rs"]
mod patience;

use std::{
    io::{Read, Write},
    net::TcpListener,
    process::{Command, Stdio},
};

use crate::patience::to_its_end;

/// A Prometheus-compatible server that answers 7 to every query.
fn prometheus() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 65536]);
            let now = jiff::Timestamp::now().as_second();
            let body = format!(r#"{{"status":"success","data":{{"resultType":"scalar","result":[{now},"7"]}}}}"#);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    url
}

fn plan(plain: &str) -> String {
    format!(
        r#"schema = 1
name = "trust"
[sites.source]
label = "VIR"
region = "us-east-1"
access_key = {{ env = "KEY" }}
secret_key = {{ env = "KEY" }}
endpoints = {{ all = "https://127.0.0.1:9" }}
[sites.target]
label = "ORE"
region = "us-west-2"
access_key = {{ env = "KEY" }}
secret_key = {{ env = "KEY" }}
endpoints = {{ all = "https://127.0.0.1:9" }}
[[fleet]]
role = "web"
wanted = {{ source = 1, target = 1 }}
[[health]]
name = "load"
kind = "other"
unit = "count"
source = {{ prometheus = "{plain}", expr = "a" }}
target = {{ prometheus = "https://127.0.0.1:9", expr = "a" }}
"#
    )
}

/// Output of `check` on a machine with these variables.
fn check(variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.toml");
    std::fs::write(&path, plan(&prometheus())).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
    command.arg("check").arg(&path).env("KEY", "key").env_remove("AWS_CA_BUNDLE").envs(variables.iter().copied());
    let out = to_its_end(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let detail = String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(1), "{detail}");
    assert!(!detail.contains("panicked") && !detail.contains("defect"), "{detail}");
    detail
}

fn of<'a>(detail: &'a str, source: &str) -> &'a str {
    detail.lines().find(|line| line.contains(source)).unwrap_or_else(|| panic!("{source} is not in: {detail}"))
}

#[test]
fn a_machine_without_authorities_asks_what_it_can_and_says_what_it_cannot() {
    let detail = check(&[("SSL_CERT_FILE", "/nowhere/ca.pem"), ("SSL_CERT_DIR", "/nowhere")]);
    for source in ["ec2/source/instances", "ec2/target/instances", "metrics/load/target"] {
        let line = of(&detail, source);
        assert!(line.starts_with("FAIL") && line.contains("no certificate authorities"), "{line}");
    }
    assert!(of(&detail, "metrics/load/source").starts_with("ok"), "{detail}");
}

#[test]
fn a_bundle_that_is_not_there_is_named() {
    let detail = check(&[("AWS_CA_BUNDLE", "/nowhere/bundle.pem")]);
    assert!(of(&detail, "ec2/source/instances").contains("AWS_CA_BUNDLE=/nowhere/bundle.pem"), "{detail}");
}
