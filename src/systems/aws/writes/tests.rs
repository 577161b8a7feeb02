//! The table compared with the policy, and the outcome of a request that does not arrive.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use tokio::{io::AsyncReadExt, net::TcpListener};

use super::{Writing, permissions};
use crate::Call;
use crate::{Intent, Journal};
use base::{
    digest::Digest,
    now::Now,
    operation::SendOutcome,
    step::{Reply, Ticket},
};
use journal::{Author, Permit, store::MemStore};
use plan::{Access, AwsCredentials, Secret};

fn now() -> Now {
    Now { boot: Duration::from_secs(1), wall: jiff::Timestamp::UNIX_EPOCH }
}

/// A journal in memory.
pub(crate) fn journal() -> Journal {
    let author = Author { run: "t".to_owned(), actor: "a".to_owned(), host: "h".to_owned(), plan: Digest::default() };
    crate::open_journal(Box::new(MemStore::default()), author, now()).expect("a journal").0
}

/// The permit to send this, under this tag.
pub(crate) fn intended(journal: &mut Journal, tag: &str, call: Call) -> Permit {
    let intent = Intent {
        step: "s".to_owned(),
        ticket: Ticket { attempt: 1, op: 0, turn: 1 },
        what: "w".to_owned(),
        call,
        precondition: None,
        request: Digest::default(),
        tag: tag.to_owned(),
        deadline: Duration::from_secs(30),
    };
    journal.commit(intent, now()).expect("written").0
}

#[test]
fn the_policy_grants_exactly_the_calls_that_a_writer_can_make() {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/iam-operate.json")).unwrap();
    let policy: serde_json::Value = serde_json::from_str(&text).unwrap();
    let actions = policy["Statement"][0]["Action"].as_array().unwrap();
    let granted: BTreeSet<String> = actions.iter().map(|a| a.as_str().unwrap().to_owned()).collect();
    assert_eq!(granted, permissions());
    assert_eq!(policy["Statement"].as_array().map(Vec::len), Some(1), "nothing else is granted");
    assert!(!granted.iter().any(|g| g.contains("RunInstances") || g.contains("CopyImage") || g.contains('*')));
}

fn access(url: &str) -> Access {
    let keys = || Some(Secret::Env("PATH".into()));
    Access {
        write: Some(AwsCredentials { access_key: keys(), secret_key: keys(), ..AwsCredentials::default() }),
        endpoints: [("all".to_owned(), url.to_owned())].into_iter().collect(),
        ..Access::default()
    }
}

async fn start(access: &Access) -> SendOutcome<()> {
    let writer = Writing::new(access, "eu-west-1", &journal()).expect("may write").ec2();
    let request = writer.start_instances().instance_ids("i-1").send();
    writer.call("StartInstances", request).await.map(|_| SendOutcome::accepted("ok")).unwrap_or_else(|sent| sent)
}

#[test]
fn without_writing_credentials_there_is_no_writer() {
    let access = Access { write: None, ..access("http://127.0.0.1:9") };
    assert!(Writing::new(&access, "eu-west-1", &journal()).is_none(), "reading credentials are not taken instead");
}

#[tokio::test]
async fn a_connection_that_was_never_made_is_a_no_and_one_that_broke_is_not() {
    // Port 9 of the loopback has no listener. `.invalid`: never a host (RFC 6761).
    for url in ["http://127.0.0.1:9", "http://nobody.invalid:80"] {
        let sent = start(&access(url)).await;
        assert_eq!(sent.reply, Reply::Refused, "{}", sent.detail);
        assert!(
            sent.detail.contains(&format!("ec2:StartInstances at {url}")) && sent.detail.ends_with("nothing was sent"),
            "{}",
            sent.detail
        );
    }
    // The server takes the request, sends nothing, and closes the connection; then an intermediary answers in its place.
    for answer in [
        "",
        "HTTP/1.1 404 Not Found\r\ncontent-length: 3\r\n\r\nno\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n<half>",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let taken = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let count = taken.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut buffer = [0; 4096];
                if stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {
                    count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, answer.as_bytes()).await;
                }
            }
        });
        let sent = start(&access(&url)).await;
        assert_eq!(sent.reply, Reply::Indeterminate, "{answer:?}: {}", sent.detail);
        assert_eq!(taken.load(std::sync::atomic::Ordering::SeqCst), 1, "sent once and never again");
    }
}

#[tokio::test]
async fn credentials_that_are_not_there_are_a_no() {
    let mut access = access("http://127.0.0.1:9");
    let missing = || Some(Secret::Env("LANDFALL_TEST_NOT_SET".into()));
    access.write = Some(AwsCredentials { access_key: missing(), secret_key: missing(), ..AwsCredentials::default() });
    let sent = start(&access).await;
    assert_eq!(sent.reply, Reply::Refused, "{}", sent.detail);
    assert!(
        sent.detail.contains("LANDFALL_TEST_NOT_SET") && sent.detail.ends_with("nothing was sent"),
        "{}",
        sent.detail
    );
}
