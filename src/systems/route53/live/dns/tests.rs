//! Against a small server on the loopback: loss, truncation, forged answers, codes.

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use hickory_proto::{
    op::{Message, MessageType, OpCode, ResponseCode},
    rr::{
        RData, Record, RecordType,
        rdata::{A, NS, TXT},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
};

use super::{answers, batch, epoch};
use crate::route53::facts::{Batch, Question, Role, Wanted};
use base::observed::{Fault, FaultKind};
use plan;

/// The test server's replies to the `i`th query.
type Answers = fn(usize, Message) -> Vec<Message>;

fn reply(asked: &Message, last: u8) -> Message {
    let mut out = Message::new(asked.metadata.id, MessageType::Response, OpCode::Query);
    out.metadata.authoritative = !asked.metadata.recursion_desired;
    out.add_query(asked.queries[0].clone());
    let name = asked.queries[0].name().clone();
    out.add_answer(Record::from_rdata(name, 60, RData::A(A::new(10, 1, 0, last))));
    out
}

fn code(asked: &Message, code: ResponseCode) -> Message {
    let mut out = reply(asked, 1);
    out.answers.clear();
    out.metadata.response_code = code;
    out
}

/// Both sockets on one port, as a name server has them. A port that is free for one may be in use for the other (by a parallel test): then
/// the next one is tried.
async fn one_port() -> (UdpSocket, TcpListener, SocketAddr) {
    for _ in 0..100 {
        let udp = UdpSocket::bind("127.0.0.1:0").await.expect("socket");
        let address = udp.local_addr().expect("address");
        if let Ok(tcp) = TcpListener::bind(address).await {
            return (udp, tcp, address);
        }
    }
    panic!("no port is free for both");
}

async fn serve(answers: Answers) -> SocketAddr {
    let (udp, tcp, address) = one_port().await;
    tokio::spawn(async move {
        let mut buffer = [0; 1500];
        for i in 0.. {
            let (n, from) = udp.recv_from(&mut buffer).await.expect("question");
            let asked = Message::from_vec(&buffer[..n]).expect("a message");
            for answer in answers(i, asked) {
                udp.send_to(&answer.to_vec().expect("bytes"), from).await.expect("sent");
            }
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            let mut bytes = vec![0; stream.read_u16().await.expect("length").into()];
            stream.read_exact(&mut bytes).await.expect("question");
            let out = reply(&Message::from_vec(&bytes).expect("a message"), 7).to_vec().expect("bytes");
            stream.write_u16(out.len() as u16).await.expect("sent");
            stream.write_all(&out).await.expect("sent");
        }
    });
    address
}

fn question(server: SocketAddr, role: Role) -> Question {
    let wanted = Wanted { name: "api.example.test.".to_owned(), record_type: plan::RecordType::A };
    Question { index: 0, wanted, server, role, rate: NonZeroU32::MIN }
}

async fn ask(server: SocketAddr, role: Role, n: u32) -> Result<Batch, Fault> {
    answers(&question(server, role), n, Duration::from_millis(50)).await
}

fn counts(batch: &Batch) -> Vec<(&str, u32)> {
    batch.answers.iter().map(|a| (a.values[0].as_str(), a.n)).collect()
}

#[tokio::test]
async fn equal_answers_are_counted_together_and_the_authority_is_reported() {
    let server = serve(|i, m| vec![reply(&m, if i % 4 == 0 { 2 } else { 1 })]).await;
    let batch = ask(server, Role::Authoritative, 20).await.expect("answers");
    assert_eq!((batch.asked, counts(&batch)), (20, vec![("10.1.0.1", 15), ("10.1.0.2", 5)]));
    assert!(batch.answers.iter().all(|a| a.authority && a.ttl == 60));
    // The test server claims authority where recursion is not desired: a resolver is asked for recursion.
    let batch = ask(server, Role::Resolver, 4).await.expect("answers");
    assert!(batch.asked == 4 && !batch.answers.is_empty() && batch.answers.iter().all(|a| !a.authority));
}

#[tokio::test]
async fn what_is_not_answered_is_lost_and_what_is_reported_twice_counts_once() {
    let server = serve(|i, m| match i % 4 {
        0 => vec![],
        1 => vec![reply(&m, 1), reply(&m, 1)],
        // A forged answer with a guessed id, and an answer to another query.
        2 => {
            let mut wrong = reply(&m, 9);
            wrong.metadata.id ^= 1;
            let mut other = reply(&m, 9);
            other.queries[0].name = "evil.example.test.".parse().expect("name");
            vec![wrong, other, reply(&m, 1)]
        }
        _ => vec![code(&m, ResponseCode::ServFail)],
    })
    .await;
    let batch = ask(server, Role::Authoritative, 8).await.expect("answers");
    assert_eq!((batch.asked, batch.answered(), counts(&batch)), (8, 4, vec![("10.1.0.1", 4)]));
    assert_eq!(batch.trouble.as_deref(), Some("SERVFAIL"));
}

#[tokio::test]
async fn a_truncated_answer_is_asked_for_over_tcp() {
    let server = serve(|_, m| {
        let mut cut = code(&m, ResponseCode::NoError);
        cut.metadata.truncation = true;
        vec![cut]
    })
    .await;
    let batch = ask(server, Role::Authoritative, 3).await.expect("answers");
    assert_eq!((batch.asked, counts(&batch)), (3, vec![("10.1.0.7", 3)]));
}

#[tokio::test]
async fn no_usable_answer_at_all_is_a_fault_of_its_kind() {
    let kind =
        async |answers: Answers| ask(serve(answers).await, Role::Authoritative, 2).await.expect_err("fault").kind;
    assert_eq!(kind(|_, m| vec![code(&m, ResponseCode::NXDomain)]).await, FaultKind::NotFound);
    assert_eq!(kind(|_, m| vec![code(&m, ResponseCode::NoError)]).await, FaultKind::Empty);
    assert_eq!(kind(|_, m| vec![code(&m, ResponseCode::Refused)]).await, FaultKind::Refused);
    assert_eq!(kind(|_, m| vec![code(&m, ResponseCode::ServFail)]).await, FaultKind::Malformed);
    assert_eq!(kind(|_, _| vec![]).await, FaultKind::TimedOut);
    // Not a port that was bound and released: a parallel test may use it by now.
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    assert_eq!(ask(nobody, Role::Authoritative, 2).await.expect_err("fault").kind, FaultKind::Unreachable);
}

#[tokio::test]
async fn a_referral_is_reported_as_one_with_the_zone_and_its_servers() {
    let server = serve(|_, m| {
        let mut out = code(&m, ResponseCode::NoError);
        out.metadata.authoritative = false;
        for server in ["ns-1.other.test.", "ns-2.other.test."] {
            let ns = RData::NS(NS(server.parse().expect("name")));
            out.authorities.push(Record::from_rdata("api.example.test.".parse().expect("name"), 300, ns));
        }
        vec![out]
    })
    .await;
    let fault = ask(server, Role::Authoritative, 2).await.expect_err("no answer");
    assert_eq!(fault.kind, FaultKind::NotFound, "{fault}");
    for part in ["a referral", "api.example.test. is delegated to ns-1.other.test., ns-2.other.test."] {
        assert!(fault.text.raw().contains(part), "{fault}");
    }
    assert_eq!(
        epoch::answered(server, "api.example.test.").await,
        None,
        "who refers does not say that there is no epoch"
    );
}

#[tokio::test]
async fn an_authority_is_asked_for_the_epoch_meanwhile() {
    let server = serve(|_, m| {
        let mut out = reply(&m, 1);
        if m.queries[0].query_type() == RecordType::TXT {
            assert_eq!(m.queries[0].name().to_ascii(), "_landfall.api.example.test.");
            let text = TXT::new(vec!["landfall epoch=7 by=catalog#1".to_owned()]);
            out.answers = vec![Record::from_rdata(m.queries[0].name().clone(), 60, RData::TXT(text))];
        }
        vec![out]
    })
    .await;
    let ask = async |role| batch(&question(server, role), 3, Duration::from_millis(50)).await.expect("answers");
    let authority = ask(Role::Authoritative).await;
    assert_eq!((authority.epoch, counts(&authority)), (Some(7), vec![("10.1.0.1", 3)]));
    assert_eq!(ask(Role::Resolver).await.epoch, None, "a cache may have one that is older than its answers");

    let none = serve(|_, m| {
        let text = m.queries[0].query_type() == RecordType::TXT;
        vec![if text { code(&m, ResponseCode::NXDomain) } else { reply(&m, 1) }]
    });
    let none = batch(&question(none.await, Role::Authoritative), 1, Duration::ZERO).await.expect("answers");
    assert_eq!(none.epoch, Some(0), "never changed by landfall");
    let silent = serve(|_, m| vec![code(&m, ResponseCode::ServFail)]).await;
    assert_eq!(epoch::answered(silent, "api.example.test.").await, None);
}
