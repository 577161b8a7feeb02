//! Every figure of a story against the raw records.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use landfall::{
    base::step::{Note, OpState, StepState},
    report::{self, Outcome},
    systems::Body,
};
use serde_json::Value;

use super::{PLAYED, journals, raw, story};

#[test]
fn the_head_is_the_journals() {
    for (name, entries) in journals() {
        let (story, raw) = (story(&entries), raw(&entries));
        let (first, last) = (&raw[0], raw.last().expect("a record"));
        assert_eq!(story.head.run, first["run"]);
        assert_eq!(story.head.records, raw.len(), "{name}");
        assert_eq!(story.head.readings, raw.iter().filter(|e| e["kind"] == "readings").count(), "{name}");
        assert_eq!(
            (story.head.to.seq, story.head.hash.to_string()),
            (raw.len() as u64, last["hash"].as_str().expect("a hash").to_owned())
        );
        assert_eq!(story.head.from.wall.to_string(), first["wall"].as_str().expect("a time"));
        let plans: BTreeSet<String> = raw.iter().map(|e| e["plan"].to_string()).collect();
        assert_eq!(story.head.plans.len(), plans.len(), "{name}");
        let resumed = raw.iter().filter(|e| e["kind"] == "resumed").filter_map(|e| e["seq"].as_u64());
        assert_eq!(
            story.head.resumed.iter().map(|at| at.seq).collect::<Vec<_>>(),
            resumed.collect::<Vec<_>>(),
            "{name}"
        );
        let page = report::html(&story);
        for text in [&story.head.hash.to_string(), &story.head.plans[0].1.to_string(), &story.head.run] {
            assert!(page.contains(text.as_str()), "{name}: {text}");
        }
    }
}

/// Milliseconds between two records of one session.
fn millis(raw: &[Value], from: u64, to: u64) -> u128 {
    let mono = |seq: u64| raw[usize::try_from(seq).expect("small") - 1]["mono"].as_u64().expect("a number");
    u128::from(mono(to) - mono(from))
}

#[test]
fn steps_and_attempts_are_those_of_the_records() {
    for (name, entries) in journals() {
        let (story, raw) = (story(&entries), raw(&entries));
        // The last state of each step, and its attempts, from the raw records.
        let mut last: BTreeMap<String, String> = BTreeMap::new();
        let mut started: Vec<(String, u64, u64)> = Vec::new();
        let mut sent: BTreeMap<(String, u64, u64), Vec<u64>> = BTreeMap::new();
        let mut transitions: BTreeMap<(String, u64, u64), (String, String)> = BTreeMap::new();
        for e in &raw {
            let (step, seq) =
                (e["body"]["step"].as_str().unwrap_or_default().to_owned(), e["seq"].as_u64().expect("a number"));
            let op = |t: &Value| (step.clone(), t["attempt"].as_u64().expect("one"), t["op"].as_u64().expect("one"));
            match e["kind"].as_str().expect("a kind") {
                "begun" => started.push((step, e["body"]["record"]["begun"]["attempt"].as_u64().expect("one"), seq)),
                "intent" => sent.entry(op(&e["body"]["ticket"])).or_default().push(seq),
                "came" => {
                    let note = &e["body"]["note"];
                    if let Some(phase) = note["phase"].as_str() {
                        last.insert(step, phase.to_owned());
                    } else if let Some(list) = note["op"].as_array() {
                        let state = list[1].as_str().expect("a state").to_owned();
                        let notice = e["body"]["said"].as_str().unwrap_or_default().to_owned();
                        transitions.insert(op(&list[0]), (state, notice));
                    }
                }
                _ => {}
            }
        }
        let described: Vec<(String, u64, u64)> = {
            let of = |s: &report::Step| -> Vec<_> {
                s.attempts.iter().map(|a| (s.id.clone(), u64::from(a.n), a.started.seq)).collect()
            };
            let mut all: Vec<_> = story.steps.iter().flat_map(of).collect();
            all.sort_by_key(|(.., seq)| *seq);
            all
        };
        assert_eq!(described, started, "{name}");
        for step in &story.steps {
            let Outcome::Over(phase) = step.outcome else { panic!("{name}: {step:?}") };
            let word = serde_json::to_value(phase).expect("a word");
            assert_eq!(word.as_str(), last.get(&step.id).map(String::as_str), "{name}: {}", step.id);
            for attempt in &step.attempts {
                let (ended, _) = attempt.ended.expect("it is over");
                assert_eq!(
                    attempt.started.until(ended).as_millis(),
                    millis(&raw, attempt.started.seq, ended.seq),
                    "{name}"
                );
                let record = &raw[usize::try_from(attempt.started.seq).expect("small") - 1]["body"];
                let texts = |v: &Value| -> Vec<String> { serde_json::from_value(v.clone()).expect("texts") };
                assert_eq!(attempt.gates, texts(&record["gates"]));
                assert_eq!(attempt.approved_by, texts(&record["approved_by"]));
                for (place, op) in attempt.ops.iter().enumerate() {
                    let key = (step.id.clone(), u64::from(attempt.n), place as u64);
                    let seqs: Vec<u64> = op.asked.iter().map(|at| at.seq).collect();
                    assert_eq!(seqs, sent.get(&key).cloned().unwrap_or_default(), "{name}: {key:?}");
                    if let Some((state, notice)) = transitions.get(&key) {
                        assert_eq!(serde_json::to_value(op.state()).expect("a word").as_str(), Some(state.as_str()));
                        assert!(notice.is_empty() || op.detail == *notice, "{name}: {key:?}");
                    } else {
                        assert!(op.transitions.is_empty());
                    }
                }
            }
        }
        assert_eq!(story.steps.iter().map(|s| s.attempts.len()).sum::<usize>(), started.len());
    }
}

#[test]
fn every_point_of_every_curve_is_a_reading_and_every_reading_drawn_is_there() {
    for (name, entries) in journals() {
        let (story, raw) = (story(&entries), raw(&entries));
        let records: Vec<&Value> = raw.iter().filter(|e| e["kind"] == "readings").collect();
        // Every value in the records, by the time it was written.
        let mut points: Vec<(u64, String)> = Vec::new();
        for e in &records {
            for sample in e["body"]["samples"].as_array().expect("a list") {
                let labels = sample[1].as_array().expect("labels");
                let side_of_target = labels.iter().all(|l| l != "source");
                let id = sample[0].as_str().expect("an id");
                // Downtime is not drawn as a curve.
                if !id.contains("downtime")
                    && !id.contains("longest_gap")
                    && (side_of_target || !id.starts_with("dns."))
                {
                    points.push((
                        e["seq"].as_u64().expect("one"),
                        format!("{:?}", sample[2].as_f64().expect("a number")),
                    ));
                }
            }
        }
        let mut drawn: Vec<(u64, String)> = Vec::new();
        for curve in story.panels.iter().flat_map(|p| &p.rows).flat_map(|r| &r.curves) {
            drawn.extend(curve.all().map(|(at, v)| (at.seq, format!("{v:?}"))));
            assert_eq!(curve.missed, records.len() - curve.all().count(), "{name}: {}", curve.name);
            for run in &curve.runs {
                let between = |a: u64, b: u64| {
                    records.iter().filter(|e| (a + 1..b).contains(&e["seq"].as_u64().expect("one"))).count()
                };
                assert!(run.windows(2).all(|w| between(w[0].0.seq, w[1].0.seq) == 0), "{name}: drawn across a gap");
                assert!(run.windows(2).all(|w| w[0].0.sitting == w[1].0.sitting), "{name}: drawn across a restart");
                assert!(run.windows(2).all(|w| w[1].0.boot - w[0].0.boot < Duration::from_secs(331)), "{name}");
            }
        }
        points.sort();
        drawn.sort();
        assert_eq!(drawn, points, "{name}");
        assert_eq!(points.is_empty(), name == "v1");
    }
    // A silent collector and a restart are gaps.
    let story = story(&PLAYED);
    let lag = story.panels.iter().find(|p| p.title == "Lag").expect("lag");
    let orders = &lag.rows.iter().find(|r| r.name == "orders").expect("the set").curves[0];
    assert!(orders.runs.len() >= 3 && orders.missed > 0, "{} runs, {} missed", orders.runs.len(), orders.missed);
}

#[test]
fn write_downtime_is_what_the_readings_and_the_step_down_say() {
    for (name, entries) in journals() {
        let (story, raw) = (story(&entries), raw(&entries));
        // By set and way of measurement: the lost time, and the counter's value.
        let mut lost: BTreeMap<(String, String), (f64, f64)> = BTreeMap::new();
        let mut longest: BTreeMap<String, f64> = BTreeMap::new();
        let mut down: Vec<(u64, Option<u64>)> = Vec::new();
        for e in &raw {
            match e["kind"].as_str().expect("a kind") {
                "resumed" => lost.values_mut().for_each(|(_, before)| *before = 0.0),
                "readings" => {
                    for s in e["body"]["samples"].as_array().expect("a list") {
                        let (id, now) = (s[0].as_str().expect("an id"), s[2].as_f64().expect("a number"));
                        let by = s[1][1].as_str().map_or_else(|| "as watched".to_owned(), |w| format!("canary, w:{w}"));
                        if id == "mongo.canary.longest_gap" {
                            let most: &mut f64 = longest.entry(by.clone()).or_default();
                            *most = most.max(now);
                        }
                        if id.ends_with("write_downtime") {
                            let key = (s[1][0].as_str().expect("a set").to_owned(), by);
                            let (sum, before) = lost.entry(key).or_default();
                            *sum += if now >= *before { now - *before } else { now };
                            *before = now;
                        }
                    }
                }
                "intent" if e["body"]["call"]["mongo"]["step_down"].is_object() => {
                    down.push((e["seq"].as_u64().expect("one"), None))
                }
                "came" if e["body"]["said"].as_str().is_some_and(|s| s.contains("accepts writes")) => {
                    if let Some((_, to @ None)) = down.last_mut() {
                        *to = e["seq"].as_u64();
                    }
                }
                _ => {}
            }
        }
        let mut described: Vec<_> =
            story.downtime.iter().flat_map(|d| &d.handovers).map(|h| (h.from.seq, h.to.map(|to| to.seq))).collect();
        described.sort_unstable();
        assert_eq!(described, down, "{name}");
        assert_eq!(down.len(), if name == "demo" { 2 } else { 1 }, "{name}");
        let all = || story.downtime.iter().flat_map(|d| d.lost.iter().map(move |l| ((d.set.clone(), l.by.clone()), l)));
        assert_eq!(all().map(|(key, _)| key).collect::<BTreeSet<_>>(), lost.keys().cloned().collect(), "{name}");
        for (key, it) in all() {
            let sum = lost[&key].0;
            assert!((it.secs - sum).abs() < 1e-9, "{name}: {key:?} {} and {sum}", it.secs);
            assert!((it.gaps.iter().map(|gap| gap.secs).sum::<f64>() - sum).abs() < 1e-9, "{name}: {key:?}");
            assert_eq!(it.longest, longest.get(&key.1).copied(), "{name}: {key:?}");
        }
        assert_eq!(lost.values().any(|(sum, _)| *sum > 0.0), name != "v1", "{name}: a primary moved");
        assert_eq!(longest.values().filter(|most| **most > 0.0).count(), if name == "demo" { 2 } else { 0 }, "{name}");
    }
}

#[test]
fn decisions_holds_words_and_faults_are_those_of_the_records() {
    for (name, entries) in journals() {
        let (story, raw) = (story(&entries), raw(&entries));
        let seqs = |kinds: &[&str]| -> Vec<u64> {
            let is = |e: &&Value| kinds.contains(&e["kind"].as_str().expect("a kind"));
            raw.iter().filter(is).map(|e| e["seq"].as_u64().expect("one")).collect()
        };
        let described: Vec<u64> = story.decisions.iter().map(|d| d.at.seq).collect();
        assert_eq!(described, seqs(&["begun", "approved", "proposed", "waived", "attested", "hold"]), "{name}");
        let words: Vec<u64> = story.words.iter().map(|w| w.at.seq).collect();
        assert_eq!(words, seqs(&["remark"]), "{name}");
        let holds: Vec<u64> = story
            .holds
            .iter()
            .flat_map(|h| [Some(h.from.seq), h.to.as_ref().map(|(at, _)| at.seq)])
            .flatten()
            .collect();
        assert_eq!(holds, seqs(&["hold"]), "{name}");
        let mut faults = Vec::new();
        for entry in &entries {
            if let Body::Transition(transitions) = &entry.body
                && matches!(
                    transitions.note,
                    Note::Op(_, OpState::Unknown | OpState::Quarantine | OpState::NotApplied | OpState::Conflict)
                        | Note::State(StepState::Failed | StepState::NotApplied)
                )
            {
                faults.push(entry.seq);
            }
        }
        assert_eq!(story.faults.iter().map(|f| f.at.seq).collect::<Vec<_>>(), faults, "{name}");
        for decision in story.decisions.iter().filter(|d| d.read_at.is_some()) {
            let at = decision.read_at.expect("read").seq;
            let last = raw.iter().rfind(|e| e["kind"] == "readings" && e["seq"].as_u64() < Some(decision.at.seq));
            assert_eq!(last.and_then(|e| e["seq"].as_u64()), Some(at), "{name}: the last before it");
        }
    }
    let story = story(&PLAYED);
    let on = |step: &str| -> Vec<String> {
        let started =
            story.decisions.iter().find(|d| d.step == step && d.kind == report::Kind::Started).expect("begun");
        started.readings.iter().map(|r| r.series.clone()).collect()
    };
    assert_eq!(on("dns-1"), ["mongo.set.worst_target_lag of set=orders"]);
    assert_eq!(
        on("orders"),
        ["mongo.set.worst_target_lag of set=orders", "fleet.role.ready_ratio of role=web, side=target"]
    );
    assert_eq!(on("dns-50"), [""; 0], "it has no gates");
    assert_eq!(story.unknown.iter().filter(|s| s.contains("unauthenticated")).count(), 1);
}
