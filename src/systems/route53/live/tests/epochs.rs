//! A change whose id is lost: the epoch that the names' own servers give says whether it is there.

use std::net::SocketAddr;

use hickory_proto::{
    op::{Message, MessageType, OpCode},
    rr::{RData, Record as DnsRecord, rdata::TXT},
};
use tokio::net::UdpSocket;

use super::{Way, weights};
use crate::route53::ops::Version;
use base::step::Truth;

/// A name server with this epoch.
async fn name_server(epoch: Option<u64>) -> SocketAddr {
    let udp = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = udp.local_addr().expect("address");
    tokio::spawn(async move {
        let mut buffer = [0; 1500];
        while let Ok((n, from)) = udp.recv_from(&mut buffer).await {
            let asked = Message::from_vec(&buffer[..n]).expect("a message");
            let mut out = Message::new(asked.metadata.id, MessageType::Response, OpCode::Query);
            out.add_query(asked.queries[0].clone());
            let name = asked.queries[0].name().clone();
            assert_eq!(name.to_ascii(), "_landfall.api.example.test.");
            if let Some(epoch) = epoch {
                let text = vec![format!("landfall epoch={epoch} by=somebody")];
                out.add_answer(DnsRecord::from_rdata(name, 60, RData::TXT(TXT::new(text))));
            }
            udp.send_to(&out.to_vec().expect("bytes"), from).await.expect("sent");
        }
    });
    address
}

#[tokio::test]
async fn a_change_whose_id_is_lost_is_waited_for_at_the_names_own_servers() {
    for (epochs, truth) in [
        (vec![Some(1), Some(2)], Truth::Applied),
        (vec![Some(1), Some(0)], Truth::NotApplied),
        (vec![Some(1), None], Truth::NotApplied),
    ] {
        let mut servers = Vec::new();
        for epoch in &epochs {
            servers.push(name_server(*epoch).await);
        }
        let way = Way::with(&servers).await;
        let wait = way.draft(&weights(90, 10)).ops.remove(1);
        let looked = way.look("t/2", &wait, None).await;
        assert_eq!(looked.truth, truth, "{epochs:?}: {}", looked.detail);
        // An id that Route 53 does not know gives no result: the servers do.
        let unknown = Version::Change("C9999".to_owned());
        assert_eq!(way.look("t/2", &wait, Some(&unknown)).await.truth, truth);
    }
    let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let way = Way::with(&[name_server(Some(1)).await, silent.local_addr().expect("address")]).await;
    let wait = way.draft(&weights(90, 10)).ops.remove(1);
    let looked = way.look("t/2", &wait, None).await;
    assert_eq!(looked.truth, Truth::Unobservable, "{}", looked.detail);
    assert!(looked.detail.contains("TXT at 127.0.0.1"), "{}", looked.detail);
}
