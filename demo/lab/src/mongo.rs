//! The replica sets: `orders` of three source and two target members, `catalog` of three source members with two
//! target hosts outside of the set; and a small steady writer to each.

use std::time::Duration;

use landfall::base::side::Side;
use mongodb::{
    Client,
    bson::{Bson, doc},
    options::{ClientOptions, UpdateModifications},
};
use tokio::time::{Instant, sleep};

use crate::{
    error::{Doing, Error, Result},
    estate::{CANARY, MEMBERS, MONGO_LOGINS, MONGO_PASSWORD, Ports, REGIONS, member_side},
};

/// Name of a member, for `break`, `mend` and the ports.
#[must_use]
pub fn member(set: &str, number: u8) -> String {
    format!("mongo/{set}/{number}")
}

/// Initiates both sets and waits until each has a writable primary.
///
/// # Errors
/// If a member refuses, or there is no primary.
pub async fn initiate(ports: &Ports) -> Result<()> {
    let sets = MEMBERS.map(|(set, members)| one(ports, set, members));
    futures_util::future::try_join_all(sets).await.map(drop)
}

async fn one(ports: &Ports, set: &str, members: u8) -> Result<()> {
    let first = client(&format!("mongodb://127.0.0.1:{}/?directConnection=true", ports[&member(set, 1)])).await?;
    let config = doc! {
        "_id": set,
        // A fail-over within two seconds, but none without a cause on a busy machine.
        "settings": { "electionTimeoutMillis": 2000, "heartbeatIntervalMillis": 500 },
        "members": (1..=members).map(|n| Bson::from(doc! {
            "_id": i32::from(n),
            "host": format!("127.0.0.1:{}", ports[&member(set, n)]),
            // The source's first member leads; the target's members can lead, with the lowest priority.
            "priority": match (member_side(n), n) { (_, 1) => 3.0, (Side::Source, _) => 2.0, (Side::Target, _) => 1.0 },
            "tags": { "region": *REGIONS.get(member_side(n)) },
        })).collect::<Vec<_>>(),
    };
    let admin = first.database("admin");
    admin
        .run_command(doc! { "replSetInitiate": config })
        .await
        .doing(|| format!("initiating the replica set {set}"))?;
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let hello = admin.run_command(doc! { "hello": 1 }).await.doing(|| format!("asking mongo/{set}/1 hello"))?;
        if hello.get_bool("isWritablePrimary").unwrap_or(false) {
            return logins(&format!("127.0.0.1:{}", ports[&member(set, 1)])).await;
        }
        if Instant::now() > end {
            return Err(Error::new(format!("initiating the replica set {set}"), "no primary after 30 s"));
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Creates the first logins of a set on its primary: the lab's own with all privileges, and the plan's with the least
/// privileges that they need.
///
/// # Errors
/// If the server refuses.
pub async fn logins(host: &str) -> Result<()> {
    let doing = |what: &str| format!("making the login {what} on {host}");
    let user = |name: &str, role: &str| doc! { "createUser": name, "pwd": MONGO_PASSWORD, "roles": [role] };
    // As long as there is no user, a client on the same machine may create the first one.
    let first = client(&format!("mongodb://{host}/?directConnection=true")).await?;
    first.database("admin").run_command(user(OWN, "root")).await.doing(|| doing(OWN))?;
    let admin = client(&direct(host)).await?.database("admin");
    for (name, actions) in MONGO_LOGINS {
        let resource = match name {
            "landfall-canary" => doc! { "db": CANARY.0, "collection": CANARY.1 },
            _ => doc! { "cluster": true },
        };
        let privileges = vec![doc! { "resource": resource, "actions": actions.to_vec() }];
        let role = doc! { "createRole": name, "privileges": privileges, "roles": [] };
        admin.run_command(role).await.doing(|| doing(name))?;
        admin.run_command(user(name, name)).await.doing(|| doing(name))?;
    }
    Ok(())
}

/// The lab's own login.
const OWN: &str = "landfall-lab";

/// Connection string of one member with the lab's own login: for tests that do what no login of the plan may do.
#[must_use]
pub fn direct(host: &str) -> String {
    format!("mongodb://{OWN}:{MONGO_PASSWORD}@{host}/?directConnection=true")
}

async fn client(uri: &str) -> Result<Client> {
    let mut options = ClientOptions::parse(uri).await.doing(|| format!("reading {uri}"))?;
    options.server_selection_timeout = Some(Duration::from_secs(5));
    options.connect_timeout = Some(Duration::from_secs(2));
    options.app_name = Some("landfall-lab".to_owned());
    Client::with_options(options).doing(|| format!("connecting to {uri}"))
}

/// Connection string of a set, with the lab's own login.
#[must_use]
pub fn uri(ports: &Ports, set: &str) -> String {
    let members = MEMBERS.iter().find(|(name, _)| *name == set).map_or(0, |(_, n)| *n);
    let hosts: Vec<_> = (1..=members).map(|n| format!("127.0.0.1:{}", ports[&member(set, n)])).collect();
    format!("mongodb://{OWN}:{MONGO_PASSWORD}@{}/?replicaSet={set}", hosts.join(","))
}

/// Writes a little all the time, so that optimes advance. Continues after any failure.
pub async fn write(uri: String) {
    let Ok(client) = client(&uri).await else { return };
    let documents = client.database("shop").collection::<mongodb::bson::Document>("orders");
    for n in 0_i64.. {
        // The same hundred documents again and again: the data do not grow.
        let change = UpdateModifications::from(doc! { "$set": { "seq": n }, "$currentDate": { "at": true } });
        if documents.update_one(doc! { "_id": n % 100 }, change).upsert(true).await.is_err() {
            sleep(Duration::from_millis(500)).await;
        }
        sleep(Duration::from_millis(200)).await;
    }
}
