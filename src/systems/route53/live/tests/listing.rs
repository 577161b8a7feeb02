//! The result of reading a zone, page by page, whatever the order of its names.

use std::time::Duration;

use super::{
    super::{
        super::facts::{Observation, RecordsQuestion, Wanted},
        api::Pace,
    },
    Way,
};
use crate::{
    Live,
    route53::{State, facts::Query},
};
use plan::RecordType;

fn wanted(name: &str) -> Wanted {
    Wanted { name: name.to_owned(), record_type: RecordType::A }
}

/// Names with their set identifiers, as read in pages of this size; and the number of pages.
async fn read(names: &[&str], others: &[&str], page: usize) -> (Vec<(String, String)>, Vec<String>, usize) {
    let way = Way::new().await;
    {
        let mut server = way.server.lock().expect("no panic");
        server.sets.clear();
        server.page = page;
        let mut put = |name: &str, set_id: &str, weight: u8| {
            server.put(&format!(
                "<Name>{name}</Name><Type>A</Type><SetIdentifier>{set_id}</SetIdentifier><Weight>{weight}</Weight><TTL>60</TTL>\
                 <Value>192.0.2.1</Value>"
            ));
        };
        for name in names.iter().chain(others) {
            for set_id in ["ore", "vir"] {
                put(name, set_id, 1);
            }
        }
        for name in names.iter().take(1) {
            server.put(&format!(
                "<Name>_landfall.{name}</Name><Type>TXT</Type><TTL>60</TTL><Value>\"landfall epoch=4\"</Value>"
            ));
        }
    }
    let question = RecordsQuestion { zone: "Z1".into(), wanted: names.iter().map(|n| wanted(n)).collect() };
    let facts = State::ask(&way.readers, &Query::Records(question)).await.expect("an answer");
    let Observation::Records(listing) = facts else { panic!("{facts:?}") };
    let mut sets: Vec<_> = listing.records.into_iter().map(|r| (r.name, r.set_id.unwrap_or_default())).collect();
    sets.sort();
    let epochs = listing.epochs.into_iter().map(|e| e.name).collect();
    let listed = way.server.lock().expect("no panic").listed - 1;
    (sets, epochs, listed)
}

#[tokio::test]
async fn every_name_is_read_whatever_sorts_before_it_and_however_small_the_pages_are() {
    const NAMES: [&str; 6] = [
        "api.example.test.",
        "api-eu.example.test.",
        "a.api.example.test.",
        "example.test.",
        "*.example.test.",
        "api_1.example.test.",
    ];
    let mut all: Vec<(String, String)> =
        NAMES.iter().flat_map(|name| ["ore", "vir"].map(|id| ((*name).to_owned(), id.to_owned()))).collect();
    all.sort();
    let others: Vec<String> = (0..20).map(|n| format!("host-{n}.example.test.")).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    for page in [0, 1, 2, 3, 4, 7, 13] {
        for first in 0..NAMES.len() {
            let mut names = NAMES;
            names.rotate_left(first);
            let (sets, epochs, _) = read(&names, &others, page).await;
            assert_eq!(
                (&sets, epochs),
                (&all, vec![format!("_landfall.{}", names[0])]),
                "pages of {page}, {} first",
                names[0]
            );
        }
    }
}

#[tokio::test]
async fn a_small_zone_is_one_request_and_a_large_one_about_one_a_name() {
    let (_, _, listed) = read(&["api.example.test.", "api-eu.example.test."], &[], 0).await;
    assert_eq!(listed, 1);
    let others: Vec<String> = (0..400).map(|n| format!("host-{n}.example.test.")).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    let (sets, _, listed) = read(&["www.example.test.", "xyz.example.test."], &others, 100).await;
    assert_eq!(sets.len(), 4);
    assert!(listed <= 5, "the first page, two names and two epochs, not all nine pages: {listed}");
}

#[tokio::test]
async fn the_names_of_a_large_zone_are_asked_for_one_after_another_and_not_faster_than_route_53_takes() {
    const PACE: Duration = Duration::from_millis(60);
    let mut way = Way::new().await;
    {
        let mut server = way.server.lock().expect("no panic");
        server.page = 2;
        for n in 0..20 {
            let record = "<TTL>60</TTL><Value>192.0.2.1</Value>";
            server.put(&format!("<Name>host-{n}.example.test.</Name><Type>A</Type><SetIdentifier>a</SetIdentifier><Weight>1</Weight>{record}"));
        }
        (server.listed, server.apart, server.asked) = (0, None, None);
    }
    way.readers.pace = Pace::of(PACE);
    let ask = |name: &str| Query::Records(RecordsQuestion { zone: "Z1".into(), wanted: [wanted(name)].into() });
    // Two zones at once share the account's limit.
    let (first, second) = (ask("host-17.example.test."), ask("host-18.example.test."));
    let (a, b) = tokio::join!(State::ask(&way.readers, &first), State::ask(&way.readers, &second));
    assert!(a.is_ok() && b.is_ok());
    let server = way.server.lock().expect("no panic");
    assert!(server.listed >= 4, "{}", server.listed);
    // Network delay may bring two requests closer together.
    assert!(server.apart.is_some_and(|apart| apart >= PACE / 2), "{:?}", server.apart);
}
