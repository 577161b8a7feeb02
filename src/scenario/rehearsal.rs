//! A rehearsal: a team's own plan on an imitated estate, made like the real one by one picture of it (`landfall status --json`).
//!
//! What the picture does not know (a source that was blind, a query without a value) stays as the plan names it, and is told.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use super::{Injection, Scenario, ScenarioEvent};
use base::{digest::Digest, side::Side};
use plan::{MemberRule, Pattern, Plan};
use systems::injection::FaultInjection;

/// The version of the document that is read.
const SCHEMA: u64 = 1;

/// One signal's value in a picture.
struct Reading<'p> {
    labels: &'p serde_json::Map<String, Value>,
    value: Option<f64>,
}

impl Reading<'_> {
    fn is(&self, label: &str, value: &str) -> bool {
        self.label(label) == Some(value)
    }

    fn label(&self, label: &str) -> Option<&str> {
        self.labels.get(label)?.as_str()
    }
}

/// A picture of a real estate.
struct Found<'p>(&'p [Value]);

impl<'p> Found<'p> {
    fn of(document: &'p Value) -> Result<Self, String> {
        match document["schema"].as_u64() {
            Some(SCHEMA) => {}
            Some(other) => return Err(format!("it is of schema {other}; this program reads {SCHEMA}")),
            None => return Err("it is not output of `landfall status PLAN --json`: it has no schema".to_owned()),
        }
        let signals = document["signals"].as_array().ok_or("it has no signals")?;
        Ok(Self(signals))
    }

    /// A signal's series. Only what is live has a value: what is stale may be long over.
    fn all(&self, id: &'p str) -> impl Iterator<Item = Reading<'p>> {
        self.0.iter().filter(move |s| s["id"] == id).filter_map(|s| {
            let live = s["state"] == "live";
            Some(Reading { labels: s["labels"].as_object()?, value: s["value"].as_f64().filter(|_| live) })
        })
    }

    /// The values of a label among a signal's series with these labels.
    fn names(&self, id: &'p str, of: &[(&str, &str)], label: &str) -> BTreeSet<String> {
        let own = self.all(id).filter(|r| of.iter().all(|(label, value)| r.is(label, value)));
        own.filter_map(|r| r.label(label).map(str::to_owned)).collect()
    }
}

impl Scenario {
    /// A plan's estate, in which nothing happens by itself.
    #[must_use]
    pub fn rehearsal(plan: Arc<Plan>, plan_digest: Digest, begins: Timestamp) -> Self {
        Self {
            name: plan.name.clone(),
            doc: String::new(),
            plan,
            plan_digest,
            seed: 1,
            begins,
            speed: 1.0,
            events: Vec::new(),
            cues: Vec::new(),
            never: Vec::new(),
        }
    }

    /// Makes the estate like the one in a picture. Gives what the picture does not know.
    ///
    /// # Errors
    /// If it is no picture, or of another plan.
    pub fn like(&mut self, document: &Value) -> Result<Vec<String>, String> {
        let picture = Found::of(document)?;
        if document["plan"].as_str() != Some(self.plan.name.as_str()) {
            return Err(format!("it is of the plan {}, not of \"{}\"", document["plan"], self.plan.name));
        }
        let mut plan = (*self.plan).clone();
        let mut unknown = Vec::new();
        for set in &mut plan.replica_sets {
            let sided = |side: Side| -> Vec<String> {
                let of = picture.all("mongo.member.oplog_window").filter(|r| r.is("set", &set.name));
                of.filter(|r| r.is("side", side.word())).filter_map(|r| r.label("member").map(str::to_owned)).collect()
            };
            let hosts = picture.names("mongo.member.oplog_window", &[("set", &set.name)], "member");
            if hosts.is_empty() {
                unknown.push(format!("members of {}", set.name));
                continue;
            }
            let sides = Side::BOTH.map(|side| (side, sided(side)));
            for (side, own) in sides {
                // By their names: what tags they have is not in the picture.
                let rule = own.iter().filter_map(|host| Pattern::parse(host).ok()).collect();
                *set.sites.get_mut(side) = MemberRule::Hosts(rule);
            }
            set.seeds = hosts.into_iter().collect();
        }
        for pair in &mut plan.kafka {
            let name = pair.name.clone();
            let mut named = |id, label, what: &str| {
                let found = picture.names(id, &[("pair", &name), ("side", "source")], label);
                if found.is_empty() {
                    unknown.push(format!("{what} of {name}"));
                }
                found.iter().filter_map(|name| Pattern::parse(name).ok()).collect::<Vec<_>>()
            };
            let groups = named("kafka.group.lag", "group", "groups");
            let topics = named("kafka.topic.partitions", "topic", "topics");
            if !groups.is_empty() && !topics.is_empty() {
                (pair.groups, pair.topics) = (groups.into(), topics.into());
            }
        }
        for role in &mut plan.fleet {
            let running =
                picture.all("fleet.role.running").find(|r| r.is("role", &role.name) && r.is("side", "source"));
            match running.and_then(|r| r.value) {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "instances are few")]
                Some(n) if n >= 0.0 => role.wanted.source = n as u32,
                _ => unknown.push(format!("instances of {}", role.name)),
            }
        }
        for name in &plan.dns {
            let share =
                picture.all("dns.name.configured_share").find(|r| r.is("name", &name.name) && r.is("side", "target"));
            let Some(share) = share.and_then(|r| r.value) else {
                unknown.push(format!("weights of {}", name.name));
                continue;
            };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 100")]
            let target = (share.clamp(0.0, 1.0) * 100.0).round() as u8;
            for (side, to) in [(Side::Target, target), (Side::Source, 100 - target)] {
                let happens = Injection::Happens(FaultInjection::Weigh { name: name.name.clone(), side, to });
                self.events.push(ScenarioEvent { when: Vec::new(), after: Duration::ZERO, happens });
            }
        }
        self.plan = Arc::new(plan);
        Ok(unknown)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scenario::timeline::Timeline;
    use base::now::Now;
    use drive::sim::SimDrive;

    fn plan() -> Arc<Plan> {
        let text = include_str!("../../demo/small.toml");
        Arc::new(
            systems::parse_plan(std::path::Path::new("small.toml"), text).unwrap_or_else(|faulty| panic!("{faulty}")).0,
        )
    }

    fn signal(id: &str, labels: Value, value: f64) -> Value {
        json!({ "id": id, "labels": labels, "state": "live", "value": value })
    }

    #[test]
    fn the_estate_is_like_the_picture_and_what_is_not_known_is_told() {
        let member = |host: &str, side: &str| {
            signal("mongo.member.oplog_window", json!({ "set": "orders", "member": host, "side": side }), 9e4)
        };
        let document = json!({ "schema": 1, "plan": "small move", "signals": [
            member("a.vir:1", "source"), member("b.vir:1", "source"), member("a.ore:1", "target"),
            signal("fleet.role.running", json!({ "role": "web", "side": "source" }), 17.0),
            { "id": "fleet.role.running", "labels": { "role": "api", "side": "source" }, "state": "blind" },
            signal("dns.name.configured_share", json!({ "name": "www.example.net.", "type": "A", "side": "target" }), 0.25),
            signal("kafka.group.lag", json!({ "pair": "events", "side": "source", "group": "billing" }), 3.0),
            signal("kafka.topic.partitions", json!({ "pair": "events", "side": "source", "topic": "payments" }), 6.0),
        ]});
        let begins: Timestamp = "2026-11-21T01:00:00Z".parse().expect("a time");
        let mut scenario = Scenario::rehearsal(plan(), Digest::of(b"plan"), begins);
        let unknown = scenario.like(&document).expect("a picture");
        let told = [
            "members of catalog",
            "members of ledger",
            "instances of api",
            "weights of api.example.net.",
            "weights of login.example.net.",
        ];
        assert_eq!(unknown, told);
        let begun = Now { boot: Duration::from_secs(1000), wall: begins };
        let mut drive = SimDrive::new(scenario.plan.clone(), 1, begun);
        let mut timeline = Timeline::new(&scenario);
        timeline.pass(&mut drive, &mut |_| Err("nobody dies".to_owned())).expect("it passes");
        drive.run_for(Duration::from_secs(60));
        let samples = drive.signals();
        let value = |id: &str, labels: &[&str]| {
            let found =
                samples.iter().find(|s| s.def.id == id && labels.iter().all(|l| s.labels.iter().any(|own| own == l)));
            found.and_then(|s| s.value.clone().fresh())
        };
        assert_eq!(value("fleet.role.running", &["web", "source"]), Some(17.0));
        assert_eq!(value("dns.name.configured_share", &["www.example.net.", "target"]), Some(0.25));
        assert!(value("mongo.member.oplog_window", &["a.ore:1", "target"]).is_some());
        assert!(
            value("kafka.group.lag", &["billing", "source"]).is_some()
                && value("kafka.group.lag", &["checkout"]).is_none()
        );
        let other = json!({ "schema": 1, "plan": "another", "signals": [] });
        assert!(scenario.like(&other).expect_err("of another plan").contains("another"));
        assert!(scenario.like(&json!({ "schema": 9 })).expect_err("newer").contains("schema 9"));
    }
}
