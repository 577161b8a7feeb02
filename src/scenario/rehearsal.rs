//! A rehearsal: a team's own plan on a simulated estate that is initialised from a snapshot of the real one (`landfall
//! status --json`).
//!
//! What the snapshot does not contain (an unknown collector, a query without a value) stays as in the plan, and is
//! reported.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use super::{Injection, Scenario, ScenarioEvent};
use base::digest::Digest;
use plan::Plan;
use systems::rehearsal::{Found, NotASnapshot, Rehearsed};

/// Why an estate cannot be initialised from a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotLike {
    /// It is not a snapshot that this program reads: why not.
    #[error(transparent)]
    Document(#[from] NotASnapshot),
    /// It is a snapshot of another plan.
    #[error("it is of the plan {theirs}, not of \"{ours}\"")]
    Plan {
        /// The name in the snapshot, as JSON.
        theirs: String,
        /// The name of the plan that is rehearsed.
        ours: String,
    },
}

impl Scenario {
    /// A plan's estate without events.
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

    /// Initialises the estate from a snapshot. Returns what the snapshot does not contain.
    ///
    /// # Errors
    /// If it is not a snapshot, or one of another plan.
    pub fn like(&mut self, document: &Value) -> Result<Vec<String>, NotLike> {
        let found = Found::of(document)?;
        if document["plan"].as_str() != Some(self.plan.name.as_str()) {
            return Err(NotLike::Plan { theirs: document["plan"].to_string(), ours: self.plan.name.clone() });
        }
        let mut plan = (*self.plan).clone();
        let Rehearsed { unknown, events } = systems::rehearse(&mut plan, &found);
        self.events.extend(events.into_iter().map(|happens| ScenarioEvent {
            when: Vec::new(),
            after: Duration::ZERO,
            happens: Injection::Happens(happens),
        }));
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
        let unknown = scenario.like(&document).expect("a snapshot");
        let described = [
            "members of catalog",
            "members of ledger",
            "instances of api",
            "weights of api.example.net.",
            "weights of login.example.net.",
        ];
        assert_eq!(unknown, described);
        let started = Now { boot: Duration::from_secs(1000), wall: begins };
        let mut drive = SimDrive::new(scenario.plan.clone(), 1, started);
        let mut timeline = Timeline::new(&scenario);
        timeline.pass(&mut drive, &mut |_| panic!("no console dies")).expect("it passes");
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
        let why = scenario.like(&other).expect_err("of another plan");
        assert!(matches!(&why, NotLike::Plan { theirs, .. } if theirs == "\"another\""), "{why}");
        let why = scenario.like(&json!({ "schema": 9 })).expect_err("newer");
        assert!(why.to_string().contains("schema 9"), "{why}");
    }
}
