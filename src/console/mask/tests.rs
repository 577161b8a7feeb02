use std::{path::Path, time::Duration};

use super::*;
use base::now::Now;
use drive::sim::SimDrive;
use engine::run::{Order, Proposal};

fn mask() -> Mask {
    let text = include_str!("../../../demo/small.toml");
    Mask::of(&systems::parse_plan(Path::new("small.toml"), text).unwrap_or_else(|faulty| panic!("{faulty}")).0)
}

#[test]
fn one_name_has_one_pseudonym_wherever_and_however_it_is_written() {
    let mut mask = mask();
    for (text, masked) in [
        ("orders-1.vir.example.net:27017", "host-1:27017"),
        ("ORDERS-1.vir.example.net: REFUSED", "host-1: REFUSED"),
        (
            "partition orders-1 (mongo/orders/orders-2.vir.example.net:27017/hello)",
            "partition orders-1 (mongo/orders/host-2:27017/hello)",
        ),
        ("www.example.net. A vir: weight 100", "name-1. A vir: weight 100"),
        ("https://metrics.vir.example.net/api", "https://host-17/api"),
        ("db9.other.intranet:27017 and db9.other.intranet:27018", "host-18:27017 and host-18:27018"),
        ("i-0003a1d55a1a3a3e2, i-0003a1d55a1a3a3e3", "i-1, i-2"),
        ("ami-0000b220000050005 of 111111111111", "ami-1 of acct-1"),
        ("role arn:aws:iam::222222222222:role/landfall-read, that", "role arn-1, that"),
        ("192.0.2.53:53 answered 2001:db8::1.", "ip-1:53 answered ip-2."),
        ("[2001:db8::1]:53", "[ip-2]:53"),
        ("zone Z0EXAMPLE0LANDFALL", "zone zone-1"),
        ("another Z1D633PJN98FT9", "another zone-2"),
    ] {
        assert_eq!(mask.text(text).as_deref(), Some(masked), "{text}");
    }
}

#[test]
fn a_host_of_one_word_is_told_from_the_word() {
    let text = include_str!("../../../demo/small.toml");
    let mut plan = systems::parse_plan(Path::new("small.toml"), text).unwrap_or_else(|faulty| panic!("{faulty}")).0;
    plan.replica_sets[0].seeds = ["mongo:27017", "mongo:27018", "db7:27017"].map(Into::into).into();
    let mut mask = Mask::of(&plan);
    assert_eq!(mask.text("mongo/orders/mongo:27018/hello").as_deref(), Some("mongo/orders/host-1:27018/hello"));
    assert_eq!(mask.text("no address of db7: db7:27017").as_deref(), Some("no address of host-2: host-2:27017"));
    assert_eq!(mask.real_names().unmask("host-1:27018"), "mongo:27018");
}

#[test]
fn what_is_no_name_stays() {
    let mut mask = mask();
    for text in [
        "max kafka.group.lag_seconds of pair=events 3.4 s, limit ≤ 2 s",
        "mongo.set.primaries 1 (set=orders)",
        "0.21 % · 116 ms · 2h05m · 2026-11-21T03:14:05Z +01:00 12:30",
        "us-east-1 us-west-2a m7g.xlarge r7g.large web-vir",
        "rs.stepDown(10)  db.adminCommand({ replSetGetStatus: 1 })",
        "step www-50: 1 204 records, 12 of 40",
        "landfall.canary",
    ] {
        assert_eq!(mask.text(text), None, "{text}");
    }
}

#[test]
fn what_is_typed_after_the_screen_means_the_real_name() {
    let mut mask = mask();
    assert_eq!(mask.text("www.example.net.").as_deref(), Some("name-1."));
    assert_eq!(mask.real_names().unmask("name-1."), "www.example.net.");
    assert_eq!(
        mask.real_names().unmask("host-1:27017 is slow, name-99 is not"),
        "orders-1.vir.example.net:27017 is slow, name-99 is not"
    );
    let order = Order::Execute { step: "www-50".into(), digest: Default::default(), typed: "name-1.".into() };
    assert!(matches!(mask.real_names().meant(order), Order::Execute { typed, .. } if typed == "www.example.net."));
    // Journaled text of proposals has the real names, too.
    let detail = || "yes, name-1 answers".to_owned();
    let motions = [
        Proposal::Skip { step: "s".into(), reason: detail() },
        Proposal::Waive { step: "s".into(), gate: "g".into(), reason: detail(), minutes: 5 },
        Proposal::MarkDone { step: "s".into(), looked_at: detail() },
    ];
    for proposal in motions {
        let Order::Propose(meant) = mask.real_names().meant(Order::Propose(proposal)) else { panic!("another order") };
        assert!(format!("{meant:?}").contains("yes, www.example.net answers"), "{meant:?}");
    }
}

#[test]
fn what_is_found_and_what_has_an_address_before_it_is_masked() {
    let mut mask = mask();
    let masked = |mask: &mut Mask, text: &str| mask.text(text).unwrap_or_else(|| text.to_owned());
    assert_eq!(masked(&mut mask, "tcp:10.0.0.1:27017 refused"), "tcp:ip-1:27017 refused");
    assert_eq!(masked(&mut mask, "ip-10-0-1-5 is down, ip-a-b is not"), "host-17 is down, ip-a-b is not");
    mask.host("orders7:27017");
    assert_eq!(masked(&mut mask, "mongo/orders/orders7:27017/status"), "mongo/orders/host-18:27017/status");
}

#[test]
fn every_host_that_is_asked_is_masked_whatever_its_name_and_nothing_else_is_taken_for_one() {
    let mut mask = mask();
    let start = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T01:00:00Z".parse().expect("a time") };
    let mut snapshot = SimDrive::new(mask.plan.clone(), 7, start).snapshot();
    let mut asks = |endpoint: &str| {
        let mut source = snapshot.collectors[0].clone();
        source.endpoint = endpoint.to_owned();
        snapshot.collectors.push(source);
    };
    let shown = ["found7 is down", "kafka7 and others", "others and kafka8"];
    assert_eq!(shown.map(|text| mask.text(text)), [None, None, None], "by its looks none of them is a host");
    for hosts in ["found7:27017", "[2001:db8::7]:53", "kafka7:9092, kafka8:9092"] {
        asks(hosts);
    }
    for none in ["orders (primary)", "ec2 us-east-1 http://nowhere:1", "orders:x"] {
        asks(none);
    }
    mask.learn(&snapshot);
    for (text, name) in shown.into_iter().zip(["found7", "kafka7", "kafka8"]) {
        let masked = mask.text(text).unwrap_or_default();
        assert!(masked.contains("host-") && !masked.contains(name), "{text}: {masked}");
    }
    let address = mask.text("[2001:db8::7]:53").unwrap_or_default();
    assert!(address.starts_with("[ip-") && address.ends_with("]:53"), "it is an address, no host: {address}");
    assert_eq!(mask.text("orders is (primary)"), None);
    assert_eq!(mask.text("nowhere - orders"), None);
}
